/*
 * A bounded queue of work, and the threads that take from it.
 *
 * The queue is the place where overload is decided: work that does not fit, or that would still be
 * waiting when its deadline passes, is refused at once instead of piling up.
 *
 * Thread-safety: submit and the figures from any thread; _new, _stop and _free from the owner.
 */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct workers;
struct clock;

/* One piece of work, embedded in what it is about. Owned by the submitter until `run` is called. */
struct work {
    /* `worker_index` is 0 .. count-1: for what is kept per worker, such as a connection. */
    void (*run)(struct work *work, size_t worker_index);
    struct work *next;
};

struct workers_options {
    const char *name;      /* thread name, at most 12 bytes */
    size_t count;          /* threads; at least 1 */
    size_t queue_capacity; /* pieces of work that may wait */
    const struct clock *clock;
    /* Called on each worker thread when it starts and ends; either may be NULL. */
    void (*on_start)(void *context, size_t worker_index);
    void (*on_stop)(void *context, size_t worker_index);
    void *context;
};

enum workers_verdict {
    WORKERS_ACCEPTED,
    WORKERS_FULL,       /* the queue holds queue_capacity pieces */
    WORKERS_WOULD_MISS, /* the expected wait is longer than the time left */
    WORKERS_STOPPED,
};

/* NULL when out of memory or threads. */
struct workers *workers_new(const struct workers_options *options);

/*
 * Queues `work` to be run once. `time_left_us` is what remains of its deadline (INT64_MAX: none).
 * Anything but WORKERS_ACCEPTED leaves the work with the caller. The expected wait is the queue's
 * length times the moving average of the run time, shared by the threads.
 */
enum workers_verdict workers_submit(struct workers *workers, struct work *work,
                                    int64_t time_left_us);

/* Refuses new work, runs what is queued, joins the threads. Idempotent. */
void workers_stop(struct workers *workers);
/* Stops first if that was not done. */
void workers_free(struct workers **workers);

struct workers_figures {
    size_t waiting;
    size_t running;
    uint64_t accepted;
    uint64_t refused;
    int64_t average_run_us;
    int64_t expected_wait_us;
};
void workers_figures(const struct workers *workers, struct workers_figures *ret_figures);

#ifdef __cplusplus
}
#endif

#endif
