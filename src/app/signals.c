#include "app/signals.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Terminals and supervisors tell a process and its group: what comes this close is one signal. */
static const int64_t same_us = 200000;

struct app_signals {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stop;
    int64_t stop_at_us; /* when it was asked for first */
    bool reload;
    bool ending; /* the thread is to end */
};

static void fill(sigset_t *set) {
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
    (void)sigaddset(set, SIGUSR2); /* from app_signals_free() to the thread */
}

void app_signals_block(void) {
    sigset_t set;
    fill(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* False when the thread is to end. */
static bool take(struct app_signals *signals, int number) {
    pthread_mutex_lock(&signals->lock);
    if (number == SIGHUP)
        signals->reload = true;
    else if (number == SIGTERM || number == SIGINT) {
        int64_t now_us = clock_monotonic_us(clock_system());
        /* The second one: no destructors, nothing that could wait. */
        if (signals->stop && now_us - signals->stop_at_us >= same_us)
            _exit(128 + number);
        if (!signals->stop)
            signals->stop_at_us = now_us;
        signals->stop = true;
    }
    bool goes_on = !signals->ending;
    pthread_cond_broadcast(&signals->changed);
    pthread_mutex_unlock(&signals->lock);
    return goes_on;
}

static void *wait_for_signals(void *context) {
    struct app_signals *signals = context;
    sigset_t set;
    fill(&set);
    for (;;) {
        int number = 0;
        if (sigwait(&set, &number) == 0 && !take(signals, number))
            return NULL;
    }
}

struct app_signals *app_signals_new(void) {
    struct app_signals *signals = calloc(1, sizeof *signals);
    if (signals == NULL)
        return NULL;
    (void)pthread_mutex_init(&signals->lock, NULL);
    (void)pthread_cond_init(&signals->changed, NULL);
    if (pthread_create(&signals->thread, NULL, wait_for_signals, signals) != 0) {
        free(signals);
        return NULL;
    }
    (void)pthread_setname_np(signals->thread, "signals");
    return signals;
}

void app_signals_free(struct app_signals **signals) {
    struct app_signals *gone = *signals;
    if (gone == NULL)
        return;
    pthread_mutex_lock(&gone->lock);
    gone->ending = true;
    pthread_mutex_unlock(&gone->lock);
    (void)pthread_kill(gone->thread, SIGUSR2);
    (void)pthread_join(gone->thread, NULL);
    (void)pthread_cond_destroy(&gone->changed);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone);
    *signals = NULL;
}

enum app_signal app_signals_wait(struct app_signals *signals) {
    enum app_signal signal = APP_SIGNAL_STOP;
    pthread_mutex_lock(&signals->lock);
    while (!signals->stop && !signals->reload)
        pthread_cond_wait(&signals->changed, &signals->lock);
    if (!signals->stop) {
        signals->reload = false;
        signal = APP_SIGNAL_RELOAD;
    }
    pthread_mutex_unlock(&signals->lock);
    return signal;
}

void app_signals_stop(struct app_signals *signals) {
    pthread_mutex_lock(&signals->lock);
    signals->stop = true;
    pthread_cond_broadcast(&signals->changed);
    pthread_mutex_unlock(&signals->lock);
}
