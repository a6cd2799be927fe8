#include "live/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rpc/timers.h"

struct live_loop {
    const struct clock *clock;
    void (*wake)(void *context);
    void *context;
    pthread_mutex_t lock; /* guards the queue; nothing else is taken under it */
    struct live_task *first;
    struct live_task **last;
    atomic_bool waiting; /* the queue is not empty; spares the lock on the way to every frame */
    bool draining;
    bool running; /* live_loop_run() will look at the timers */
    struct rpc_timers timers;
};

struct live_loop *live_loop_new(const struct clock *clock, void (*wake)(void *context),
                                void *context) {
    struct live_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->clock = clock;
    loop->wake = wake;
    loop->context = context;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    return loop;
}

void live_loop_free(struct live_loop **loop_address) {
    struct live_loop *loop = *loop_address;
    if (loop == NULL)
        return;
    live_loop_drain_all(loop);
    while (rpc_timers_take_due(&loop->timers, INT64_MAX) != NULL)
        ;
    pthread_mutex_destroy(&loop->lock);
    free(loop);
    *loop_address = NULL;
}

void live_loop_post(struct live_loop *loop, struct live_task *task) {
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool was_empty = loop->first == NULL;
    *loop->last = task;
    loop->last = &task->next;
    atomic_store_explicit(&loop->waiting, true, memory_order_release);
    pthread_mutex_unlock(&loop->lock);
    if (was_empty && loop->wake != NULL)
        loop->wake(loop->context);
}

static struct live_task *take_tasks(struct live_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    struct live_task *tasks = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    atomic_store_explicit(&loop->waiting, false, memory_order_relaxed);
    pthread_mutex_unlock(&loop->lock);
    return tasks;
}

void live_loop_drain(struct live_loop *loop) {
    if (loop->draining || !atomic_load_explicit(&loop->waiting, memory_order_acquire))
        return;
    loop->draining = true;
    struct live_task *tasks = take_tasks(loop);
    while (tasks != NULL) {
        struct live_task *task = tasks;
        tasks = task->next;
        task->run(task);
    }
    loop->draining = false;
}

void live_loop_drain_all(struct live_loop *loop) {
    while (atomic_load_explicit(&loop->waiting, memory_order_acquire))
        live_loop_drain(loop);
}

int64_t live_loop_run(struct live_loop *loop) {
    loop->running = true;
    live_loop_drain(loop);
    int64_t now_us = live_loop_now_us(loop);
    struct rpc_timer *timer;
    while ((timer = rpc_timers_take_due(&loop->timers, now_us)) != NULL)
        timer->fire(timer);
    loop->running = false;
    return rpc_timers_next_due_us(&loop->timers);
}

int64_t live_loop_now_us(const struct live_loop *loop) {
    return clock_monotonic_us(loop->clock);
}

const struct clock *live_loop_clock(const struct live_loop *loop) {
    return loop->clock;
}

void live_loop_arm(struct live_loop *loop, struct rpc_timer *timer, int64_t due_us) {
    bool earlier = due_us < rpc_timers_next_due_us(&loop->timers);
    rpc_timers_arm(&loop->timers, timer, due_us);
    if (earlier && !loop->running && loop->wake != NULL)
        loop->wake(loop->context);
}

void live_loop_disarm(struct live_loop *loop, struct rpc_timer *timer) {
    rpc_timers_disarm(&loop->timers, timer);
}
