/*
 * Work that is done again and again, by one thread.
 *
 * A job runs when its period, give or take a tenth, has passed since its last end: nodes that were
 * started together drift apart. One that says that there is more runs again at once, after the
 * others that are due; one that failed waits longer each time, up to sixteen periods or a minute,
 * whichever is less (but never less than its period). Jobs must be safe on every node at once.
 *
 * Thread-safety: schedule_figures() from any thread; the rest from the owner.
 */
#ifndef APP_SCHEDULE_H
#define APP_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock;
struct schedule;

enum schedule_verdict {
    SCHEDULE_DONE,
    SCHEDULE_MORE,
    SCHEDULE_FAILED,
};

struct schedule_job {
    const char *name;
    int64_t period_ms;
    enum schedule_verdict (*run)(void *context);
    void *context;
};

/* The jobs are copied, their names are not. The first runs are due within each job's period. NULL
 * when out of memory. */
struct schedule *schedule_new(const struct schedule_job *jobs, size_t count,
                              const struct clock *clock, uint64_t seed);
/* Starts the thread. False when there is none to be had. */
bool schedule_start(struct schedule *schedule, const char *thread_name);
/* Waits for the job that runs. Idempotent. */
void schedule_stop(struct schedule *schedule);
/* Stops first if that was not done. */
void schedule_free(struct schedule **schedule);

/* Runs what is due at this time (monotonic), each job at most once, and returns when the next is
 * due. What the thread does; tests do it by hand. */
int64_t schedule_step(struct schedule *schedule, int64_t now_us);

struct schedule_figures {
    const char *name;
    uint64_t runs;
    uint64_t failures;
    int64_t busy_us; /* time spent in all runs */
};
size_t schedule_count(const struct schedule *schedule);
void schedule_figures(const struct schedule *schedule, size_t index,
                      struct schedule_figures *ret_figures);

#endif
