/*
 * Signals as events: a thread of its own waits for them, nothing runs in a handler.
 *
 *     app_signals_block();                        // first of all, before any other thread
 *     struct app_signals *signals = app_signals_new();
 *     switch (app_signals_wait(signals)) ...
 *
 * SIGTERM and SIGINT ask to stop; a second one ends the process at once, whatever it is doing
 * (within 0.2 s of the first it counts as the same).
 * SIGHUP asks to reload. SIGPIPE is ignored: a peer that is gone is an error of its write.
 *
 * Thread-safety: request and wait from any thread; the rest from the owner.
 */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

struct app_signals;

enum app_signal {
    APP_SIGNAL_STOP,
    APP_SIGNAL_RELOAD,
};

/* Blocks what app_signals_new() waits for, in this thread and those it creates. */
void app_signals_block(void);

/* NULL when there is no thread or memory to be had. */
struct app_signals *app_signals_new(void);
void app_signals_free(struct app_signals **signals);

/* The next event; stop comes before reload, and again and again once it was asked for. */
enum app_signal app_signals_wait(struct app_signals *signals);

/* As if the signal had come: for what must end the program from within. */
void app_signals_stop(struct app_signals *signals);

#endif
