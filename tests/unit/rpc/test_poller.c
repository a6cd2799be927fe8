/* The poller alone: tasks, crowds and timers, without a server. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "rpc/poller.h"
#include "support/cmocka.h"

enum { POSTERS = 4, POSTS = 2000 };

struct counted {
    struct rpc_task task;
    _Atomic int *runs;
};

static void count_run(struct rpc_task *task) {
    struct counted *counted = (struct counted *)task;
    atomic_fetch_add(counted->runs, 1);
    free(counted);
}

static void post_counted(struct rpc_poller *poller, _Atomic int *runs) {
    struct counted *counted = calloc(1, sizeof *counted);
    counted->task.run = count_run;
    counted->runs = runs;
    rpc_poller_post(poller, &counted->task);
}

struct poster {
    struct rpc_poller *poller;
    _Atomic int *runs;
};

static void *post_many(void *argument) {
    struct poster *poster = argument;
    for (int i = 0; i < POSTS; i++)
        post_counted(poster->poller, poster->runs);
    return NULL;
}

static void every_task_of_every_thread_is_run_once(void **state) {
    (void)state;
    _Atomic int runs = 0;
    pthread_t threads[POSTERS];
    struct rpc_poller *poller = rpc_poller_new(4);
    struct poster poster = {poller, &runs};
    assert_true(rpc_poller_start(poller, "test"));
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&threads[i], NULL, post_many, &poster);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    rpc_poller_free(&poller);
    assert_null(poller);
    assert_int_equal(runs, POSTERS * POSTS);
}

static void what_was_posted_before_the_start_is_run_at_the_end(void **state) {
    (void)state;
    _Atomic int runs = 0;
    struct rpc_poller *poller = rpc_poller_new(2);
    post_counted(poller, &runs);
    rpc_poller_free(&poller);
    assert_int_equal(runs, 1);
}

/* A timer that says which it is. */
struct ticking {
    struct rpc_timer timer;
    struct order *order;
    int number;
};

struct order {
    struct rpc_poller *poller;
    struct rpc_task begin;
    struct ticking timers[3];
    int fired[3];
    int count;
    sem_t done;
};

static void on_tick(struct rpc_timer *timer) {
    struct ticking *ticking = (struct ticking *)timer;
    struct order *order = ticking->order;
    order->fired[order->count++] = ticking->number;
    if (order->count == 2)
        sem_post(&order->done);
}

static void arm_three(struct rpc_task *task) {
    struct order *order = (struct order *)((char *)task - offsetof(struct order, begin));
    int64_t now_us = rpc_now_us();
    static const int64_t after_us[3] = {20000, 10000, 15000};
    for (int i = 0; i < 3; i++) {
        order->timers[i] = (struct ticking){.timer.fire = on_tick, .order = order, .number = i};
        rpc_poller_arm(order->poller, &order->timers[i].timer, now_us + after_us[i]);
    }
    rpc_poller_disarm(order->poller, &order->timers[2].timer);
}

static void timers_fire_in_order_unless_disarmed(void **state) {
    (void)state;
    struct order order = {.poller = rpc_poller_new(0), .begin.run = arm_three};
    sem_init(&order.done, 0, 0);
    assert_true(rpc_poller_start(order.poller, "test"));
    rpc_poller_post(order.poller, &order.begin);
    sem_wait(&order.done);
    assert_true(rpc_poller_wakeups(order.poller) >= 2);
    rpc_poller_free(&order.poller);
    assert_int_equal(order.count, 2);
    assert_int_equal(order.fired[0], 1);
    assert_int_equal(order.fired[1], 0);
    sem_destroy(&order.done);
}

static void times_convert_and_none_stays_none(void **state) {
    (void)state;
    assert_int_equal(rpc_timespec_us(rpc_timespec(1234567890)), 1234567890);
    assert_int_equal(rpc_timespec_us(rpc_timespec(INT64_MAX)), INT64_MAX);
}

struct awaited {
    struct rpc_task task;
    sem_t done;
};

static void tell(struct rpc_task *task) {
    sem_post(&((struct awaited *)task)->done);
}

/* What comes while the poller is still looking is served at once, so not every distance is kept; of
 * so many, one is. Only a least time can be asserted: a busy machine is slower. */
static void wake_ups_are_spaced_and_nothing_is_lost(void **state) {
    (void)state;
    enum { ROUNDS = 200, INTERVAL_US = 1000 };
    struct awaited awaited = {.task.run = tell};
    struct rpc_poller *poller = rpc_poller_new(1);
    sem_init(&awaited.done, 0, 0);
    rpc_poller_space_wakeups(poller, INTERVAL_US);
    assert_true(rpc_poller_start(poller, "test"));
    int64_t begin_us = rpc_now_us();
    for (int i = 0; i < ROUNDS; i++) {
        rpc_poller_post(poller, &awaited.task);
        sem_wait(&awaited.done);
    }
    assert_true(rpc_now_us() - begin_us >= INTERVAL_US);
    rpc_poller_free(&poller);
    sem_destroy(&awaited.done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_of_every_thread_is_run_once),
        cmocka_unit_test(what_was_posted_before_the_start_is_run_at_the_end),
        cmocka_unit_test(timers_fire_in_order_unless_disarmed),
        cmocka_unit_test(wake_ups_are_spaced_and_nothing_is_lost),
        cmocka_unit_test(times_convert_and_none_stays_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
