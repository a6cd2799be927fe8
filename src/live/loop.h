/*
 * The one thread that owns everything live: topics, rings, subscribers, watchers.
 *
 * Workers never touch those. They post tasks (a publish, a page of the log, a snapshot), and the
 * loop's thread runs them in the order in which they were posted; so nothing live needs a lock but
 * this queue. In the server the thread is the poller (live/poller.h); a test drives the loop by
 * hand with a fake clock.
 *
 * Thread-safety: live_loop_post from any thread; everything else on the loop's thread.
 */
#ifndef LIVE_LOOP_H
#define LIVE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/server.h" /* struct rpc_timer */

#ifdef __cplusplus
extern "C" {
#endif

struct clock;
struct live_loop;

/* Something to run once on the loop's thread; embedded in what it is about. The poster's until
 * `run` is called. */
struct live_task {
    void (*run)(struct live_task *task);
    struct live_task *next;
};

/* `wake` asks for a live_loop_run() soon, on the loop's thread. It is called from any thread,
 * without a lock, when tasks begin to wait, and on the loop's own thread when an earlier timer was
 * armed. It must only queue. NULL: a test that runs the loop anyway. */
struct live_loop *live_loop_new(const struct clock *clock, void (*wake)(void *context),
                                void *context);
/* Runs what was posted, disarms every timer. Nothing may be posted afterwards. */
void live_loop_free(struct live_loop **loop);

/* Any thread. Everything that the poster wrote before is visible to the task. */
void live_loop_post(struct live_loop *loop, struct live_task *task);

/* Runs the tasks that wait; cheap when none does. Within a task: does nothing. */
void live_loop_drain(struct live_loop *loop);
/* Runs the tasks that wait, and those that they post, until none is left: before what they are
 * about is freed. Not within a task. */
void live_loop_drain_all(struct live_loop *loop);
/* Drains, then fires the timers that are due. Returns when the next is due (INT64_MAX: never). */
int64_t live_loop_run(struct live_loop *loop);

int64_t live_loop_now_us(const struct live_loop *loop); /* monotonic */
const struct clock *live_loop_clock(const struct live_loop *loop);

/* Timers of the loop: `fire` runs in live_loop_run(), with the timer disarmed. */
void live_loop_arm(struct live_loop *loop, struct rpc_timer *timer, int64_t due_us);
void live_loop_disarm(struct live_loop *loop, struct rpc_timer *timer);

#ifdef __cplusplus
}
#endif

#endif
