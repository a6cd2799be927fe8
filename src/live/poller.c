#include "live/poller.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"

struct live_poller {
    struct rpc_server *server;
    struct live_loop *loop;
    struct rpc_task task;
    struct rpc_timer timer;
    atomic_bool posted; /* the task waits: it must not be posted again */
};

static void step(struct live_poller *poller) {
    int64_t due_us = live_loop_run(poller->loop);
    if (due_us == INT64_MAX)
        rpc_server_cancel_timer(poller->server, &poller->timer);
    else
        rpc_server_arm_timer(poller->server, &poller->timer, due_us);
}

static void on_task(struct rpc_task *task) {
    struct live_poller *poller =
        (struct live_poller *)((char *)task - offsetof(struct live_poller, task));
    /* Before the step: what is posted from here on asks again. */
    atomic_exchange_explicit(&poller->posted, false, memory_order_acq_rel);
    step(poller);
}

static void on_timer(struct rpc_timer *timer) {
    step((struct live_poller *)((char *)timer - offsetof(struct live_poller, timer)));
}

static void wake(void *context) {
    struct live_poller *poller = context;
    if (!atomic_exchange_explicit(&poller->posted, true, memory_order_acq_rel))
        rpc_server_post(poller->server, &poller->task);
}

struct status live_poller_new(struct rpc_server *server, const struct clock *clock,
                              struct live_poller **ret_poller) {
    struct live_poller *poller = calloc(1, sizeof *poller);
    if (poller != NULL)
        poller->loop = live_loop_new(clock ? clock : clock_system(), wake, poller);
    if (poller == NULL || poller->loop == NULL) {
        free(poller);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    }
    poller->server = server;
    poller->task.run = on_task;
    poller->timer.fire = on_timer;
    *ret_poller = poller;
    return status_ok();
}

struct live_loop *live_poller_loop(struct live_poller *poller) {
    return poller->loop;
}

void live_poller_free(struct live_poller **poller_address) {
    struct live_poller *poller = *poller_address;
    if (poller == NULL)
        return;
    /* The poller has ended: nobody is left to wake. */
    atomic_store(&poller->posted, true);
    live_loop_free(&poller->loop);
    free(poller);
    *poller_address = NULL;
}
