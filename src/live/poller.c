#include "live/poller.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"

/* What the server's poller holds on to, which runs until rpc_server_free(): it outlives the rest,
 * and is freed there. */
struct seat {
    struct rpc_task task;
    struct rpc_timer timer;
    struct rpc_server *server;
    pthread_mutex_t lock;       /* held while the loop runs; waited for at the end alone */
    struct live_poller *poller; /* guarded; NULL: stopped */
};

struct live_poller {
    struct rpc_server *server;
    struct live_loop *loop;
    struct seat *seat;  /* NULL: stopped */
    atomic_bool posted; /* the seat's task waits: it must not be posted again */
};

static void step(struct live_poller *poller) {
    int64_t due_us = live_loop_run(poller->loop);
    if (due_us == INT64_MAX)
        rpc_server_cancel_timer(poller->server, &poller->seat->timer);
    else
        rpc_server_arm_timer(poller->server, &poller->seat->timer, due_us);
}

static void on_task(struct rpc_task *task) {
    struct seat *seat = (struct seat *)((char *)task - offsetof(struct seat, task));
    pthread_mutex_lock(&seat->lock);
    struct live_poller *poller = seat->poller;
    if (poller != NULL) {
        /* Before the step: what is posted from here on asks again. */
        atomic_exchange_explicit(&poller->posted, false, memory_order_acq_rel);
        step(poller);
    }
    pthread_mutex_unlock(&seat->lock);
    if (poller != NULL)
        return;
    rpc_server_cancel_timer(seat->server, &seat->timer);
    pthread_mutex_destroy(&seat->lock);
    free(seat);
}

static void on_timer(struct rpc_timer *timer) {
    struct seat *seat = (struct seat *)((char *)timer - offsetof(struct seat, timer));
    pthread_mutex_lock(&seat->lock);
    if (seat->poller != NULL)
        step(seat->poller);
    pthread_mutex_unlock(&seat->lock);
}

static void wake(void *context) {
    struct live_poller *poller = context;
    if (!atomic_exchange_explicit(&poller->posted, true, memory_order_acq_rel))
        rpc_server_post(poller->server, &poller->seat->task);
}

struct status live_poller_new(struct rpc_server *server, const struct clock *clock,
                              struct live_poller **ret_poller) {
    struct live_poller *poller = calloc(1, sizeof *poller);
    struct seat *seat = calloc(1, sizeof *seat);
    if (poller != NULL && seat != NULL)
        poller->loop = live_loop_new(clock ? clock : clock_system(), wake, poller);
    if (poller == NULL || poller->loop == NULL) {
        free(poller);
        free(seat);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    }
    *seat = (struct seat){
        .task.run = on_task, .timer.fire = on_timer, .server = server, .poller = poller};
    pthread_mutex_init(&seat->lock, NULL);
    poller->server = server;
    poller->seat = seat;
    *ret_poller = poller;
    return status_ok();
}

struct live_loop *live_poller_loop(struct live_poller *poller) {
    return poller->loop;
}

void live_poller_stop(struct live_poller *poller) {
    struct seat *seat = poller->seat;
    if (seat == NULL)
        return;
    pthread_mutex_lock(&seat->lock);
    poller->seat = NULL;
    seat->poller = NULL;
    /* Stays true: nobody posts any more. The last run frees the seat. */
    bool waits = atomic_exchange_explicit(&poller->posted, true, memory_order_acq_rel);
    pthread_mutex_unlock(&seat->lock);
    if (!waits)
        rpc_server_post(poller->server, &seat->task);
}

void live_poller_free(struct live_poller **poller_address) {
    struct live_poller *poller = *poller_address;
    if (poller == NULL)
        return;
    live_poller_stop(poller);
    live_loop_free(&poller->loop);
    free(poller);
    *poller_address = NULL;
}
