/*
 * The poller: one thread that drives one completion queue, and everything that must happen on it.
 *
 * Streams are spread over many callback queues, because this core looks through all outstanding
 * operations of a queue at each completion. The functors of those queues may run inside any call
 * into the core and on the core's own threads, so they do nothing but queue themselves here: on a
 * list of the poller's when they run on its thread, otherwise on a lock-free list, with one wake-up
 * when that was empty. What is to happen happens between two events of the queue.
 *
 * Internal to rpc. Server and client channel own one each.
 *
 * Thread-safety: rpc_poller_post() from any thread; everything else on the poller's thread, except
 * _new, _start, _stop and _free, which are the owner's.
 */
#ifndef RPC_POLLER_H
#define RPC_POLLER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grpc/grpc.h>

#include "rpc/server.h"

struct rpc_poller;

/*
 * One outstanding operation: the tag of a batch. Embedded in what it is about, which must stay
 * alive until `run` has been called. One operation at a time.
 */
struct rpc_op {
    grpc_completion_queue_functor functor; /* first: the core sees only this */
    struct rpc_task task;
    struct rpc_poller *poller;
    void (*run)(struct rpc_op *op, bool ok); /* on the poller */
    bool ok;
};

/* Prepares an operation for either kind of queue. */
void rpc_op_init(struct rpc_op *op, struct rpc_poller *poller,
                 void (*run)(struct rpc_op *op, bool ok));

/*
 * Starts a batch whose completion runs the operation. This, and rpc_op_hand_over() before any other
 * call that takes an operation as its tag, tells ThreadSanitizer what it cannot see in a library
 * that is not instrumented: what was written before is visible where the completion runs.
 */
grpc_call_error rpc_op_start(struct rpc_op *op, grpc_call *call, const grpc_op *ops, size_t count);
void rpc_op_hand_over(struct rpc_op *op);

/* NULL when out of memory. `stream_queues` callback queues are made; 0 for a client. */
struct rpc_poller *rpc_poller_new(size_t stream_queues);
/*
 * Before the start: the least time between two wake-ups, 0 for none. Under load the poller then
 * lets calls gather and serves several a wake-up, for less processor time and up to so much
 * latency; what comes after a longer silence is served at once.
 */
void rpc_poller_space_wakeups(struct rpc_poller *poller, int64_t interval_us);
/* Starts the thread; false when there is none to be had. */
bool rpc_poller_start(struct rpc_poller *poller, const char *thread_name);
/*
 * Runs what was posted, shuts the queues down, drains them and joins the thread. No call may be
 * open any more and nothing may be posted from here on. The queues stay until _free.
 */
void rpc_poller_stop(struct rpc_poller *poller);
void rpc_poller_free(struct rpc_poller **poller);

/* The polling queue: for unary calls and notifications. */
grpc_completion_queue *rpc_poller_queue(struct rpc_poller *poller);
/* One of the callback queues, in turn. */
grpc_completion_queue *rpc_poller_stream_queue(struct rpc_poller *poller);

bool rpc_poller_is_current(const struct rpc_poller *poller);

/* Runs a task on the poller, after what is being done there now. Any thread. */
void rpc_poller_post(struct rpc_poller *poller, struct rpc_task *task);
/*
 * As post, on the poller only, for work that comes in crowds: such tasks are run a few at a time,
 * and other events are served in between.
 */
void rpc_poller_post_crowd(struct rpc_poller *poller, struct rpc_task *task);

/* Arms or re-arms; a timer fires once. On the poller. */
void rpc_poller_arm(struct rpc_poller *poller, struct rpc_timer *timer, int64_t due_us);
void rpc_poller_disarm(struct rpc_poller *poller, struct rpc_timer *timer);

/* Wake-ups that were ours: by another thread, or by a timer. Any thread. */
uint64_t rpc_poller_wakeups(const struct rpc_poller *poller);

/* Microseconds of the system's monotonic clock, which deadlines and timers are on. */
int64_t rpc_now_us(void);
gpr_timespec rpc_timespec(int64_t monotonic_us);
/* INT64_MAX for a time beyond what the clock can hold. */
int64_t rpc_timespec_us(gpr_timespec t);

#endif
