/*
 * liveconvd as a process of its own under the calls and devices of a test: it can be killed and
 * started again while they go on.
 *
 *     struct live_process *process = live_process_new();     and t.lc with a channel to it
 *     live_process_kill(process);
 *     live_process_start(process);
 *     live_process_end(process);
 *     live_process_free(&process);
 *
 * It listens on a unix socket in a directory of its own, so that it comes back under the same
 * address whatever else the machine does.
 *
 * Failures end the test program, or fail the test, with the server's log.
 *
 * Thread-safety: the thread that made it.
 */
#ifndef LIVE_PROCESS_H
#define LIVE_PROCESS_H

struct live_process;

/* Makes t.lc, starts the server over its database and waits until it is ready. `settings`:
 * "LIVECONVD_...=...", ended by NULL; lives as long. */
struct live_process *live_process_new(const char *const *settings);
/* Kills what still runs and ends t.lc; accepts NULL. */
void live_process_free(struct live_process **process);

/* SIGKILL, whatever it is doing. Fails the test when it had ended by itself, or found a fault in
 * itself before (a sanitizer's report). */
void live_process_kill(struct live_process *process);
/* SIGTERM, and waits until it has ended well. The same. */
void live_process_end(struct live_process *process);
/* After either: another process over the same data. */
void live_process_start(struct live_process *process);

#endif
