#include "base/workers.h"

#include "base/clock.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A piece of work that says when it runs and waits to be let go. */
struct gate {
    struct work work;
    sem_t entered, leave;
    struct fake_clock *clock;
    int64_t takes_us;
    size_t worker_index;
};

static void gate_run(struct work *work, size_t worker_index) {
    struct gate *gate = (struct gate *)work;
    gate->worker_index = worker_index;
    sem_post(&gate->entered);
    sem_wait(&gate->leave);
    fake_clock_advance(gate->clock, gate->takes_us);
}

static void gate_init(struct gate *gate, struct fake_clock *clock, int64_t takes_us) {
    *gate = (struct gate){.work.run = gate_run, .clock = clock, .takes_us = takes_us};
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->leave, 0, 0);
}

static void gate_done(struct gate *gate) {
    sem_destroy(&gate->entered);
    sem_destroy(&gate->leave);
}

struct fixture {
    struct fake_clock clock;
    struct workers *workers;
};

static void setup(struct fixture *f, size_t count, size_t capacity) {
    fake_clock_init(&f->clock, 0);
    f->workers = workers_new(&(struct workers_options){
        .name = "test", .count = count, .queue_capacity = capacity, .clock = &f->clock.base});
    assert_non_null(f->workers);
}

static struct workers_figures figures(const struct fixture *f) {
    struct workers_figures figures;
    workers_figures(f->workers, &figures);
    return figures;
}

struct counted {
    struct work work;
    atomic_int *count;
};

static void count_and_free(struct work *work, size_t worker_index) {
    (void)worker_index;
    atomic_fetch_add(((struct counted *)work)->count, 1);
    free(work);
}

static enum workers_verdict submit_counted(struct workers *workers, atomic_int *count) {
    struct counted *counted = malloc(sizeof *counted);
    *counted = (struct counted){.work.run = count_and_free, .count = count};
    enum workers_verdict verdict = workers_submit(workers, &counted->work, INT64_MAX);
    if (verdict != WORKERS_ACCEPTED)
        free(counted);
    return verdict;
}

static void workers_run_all_that_was_accepted(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    struct fixture f;
    setup(&f, 3, COUNT);
    atomic_int count = 0;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(submit_counted(f.workers, &count), WORKERS_ACCEPTED);
    workers_stop(f.workers);
    assert_int_equal(count, COUNT);
    assert_int_equal(figures(&f).accepted, COUNT);
    assert_int_equal(figures(&f).waiting, 0);
    assert_int_equal(figures(&f).running, 0);
    workers_free(&f.workers);
    assert_null(f.workers);
}

struct ordered {
    struct work work;
    int number;
    int *last;
    bool *in_order;
};

static void check_order(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct ordered *ordered = (struct ordered *)work;
    *ordered->in_order = *ordered->in_order && ordered->number == *ordered->last + 1;
    *ordered->last = ordered->number;
}

static void workers_take_work_in_the_order_it_came(void **state) {
    (void)state;
    enum { COUNT = 100 };
    struct fixture f;
    setup(&f, 1, COUNT);
    struct ordered ordered[COUNT];
    int last = -1;
    bool in_order = true;
    for (int i = 0; i < COUNT; i++) {
        ordered[i] = (struct ordered){{check_order, NULL}, i, &last, &in_order};
        assert_int_equal(workers_submit(f.workers, &ordered[i].work, INT64_MAX), WORKERS_ACCEPTED);
    }
    workers_free(&f.workers);
    assert_true(in_order);
    assert_int_equal(last, COUNT - 1);
}

static void workers_refuse_when_the_queue_is_full(void **state) {
    (void)state;
    struct fixture f;
    setup(&f, 1, 2);
    struct gate running, first, second, third;
    gate_init(&running, &f.clock, 0);
    gate_init(&first, &f.clock, 0);
    gate_init(&second, &f.clock, 0);
    gate_init(&third, &f.clock, 0);
    assert_int_equal(workers_submit(f.workers, &running.work, INT64_MAX), WORKERS_ACCEPTED);
    sem_wait(&running.entered); /* it left the queue */
    assert_int_equal(workers_submit(f.workers, &first.work, INT64_MAX), WORKERS_ACCEPTED);
    assert_int_equal(workers_submit(f.workers, &second.work, INT64_MAX), WORKERS_ACCEPTED);
    assert_int_equal(workers_submit(f.workers, &third.work, INT64_MAX), WORKERS_FULL);
    struct workers_figures now = figures(&f);
    assert_int_equal(now.waiting, 2);
    assert_int_equal(now.running, 1);
    assert_int_equal(now.accepted, 3);
    assert_int_equal(now.refused, 1);
    sem_post(&running.leave);
    sem_post(&first.leave);
    sem_post(&second.leave);
    workers_free(&f.workers);
    gate_done(&running);
    gate_done(&first);
    gate_done(&second);
    gate_done(&third);
}

/* Runs one piece that takes `takes_us` on the fake clock. The next one is inside when it returns,
 * so that the first is known to be accounted for. */
static void run_one(struct fixture *f, int64_t takes_us, struct gate *next) {
    struct gate gate;
    gate_init(&gate, &f->clock, takes_us);
    assert_int_equal(workers_submit(f->workers, &gate.work, INT64_MAX), WORKERS_ACCEPTED);
    sem_wait(&gate.entered);
    assert_int_equal(workers_submit(f->workers, &next->work, INT64_MAX), WORKERS_ACCEPTED);
    sem_post(&gate.leave);
    sem_wait(&next->entered);
    gate_done(&gate);
}

static void workers_refuse_what_would_miss_its_deadline(void **state) {
    (void)state;
    struct fixture f;
    setup(&f, 1, 10);
    struct gate running, waiting, late;
    gate_init(&running, &f.clock, 0);
    gate_init(&waiting, &f.clock, 0);
    gate_init(&late, &f.clock, 0);
    run_one(&f, 1000, &running);
    assert_int_equal(figures(&f).average_run_us, 1000);
    assert_int_equal(figures(&f).expected_wait_us, 0);

    assert_int_equal(workers_submit(f.workers, &waiting.work, 5), WORKERS_ACCEPTED);
    assert_int_equal(figures(&f).expected_wait_us, 1000);
    assert_int_equal(workers_submit(f.workers, &late.work, 999), WORKERS_WOULD_MISS);
    assert_int_equal(workers_submit(f.workers, &late.work, -1), WORKERS_WOULD_MISS);
    assert_int_equal(workers_submit(f.workers, &late.work, 1000), WORKERS_ACCEPTED);
    assert_int_equal(figures(&f).expected_wait_us, 2000);
    sem_post(&running.leave);
    sem_post(&waiting.leave);
    sem_post(&late.leave);
    workers_free(&f.workers);
    gate_done(&running);
    gate_done(&waiting);
    gate_done(&late);
}

static void workers_average_follows_the_run_time(void **state) {
    (void)state;
    struct fixture f;
    setup(&f, 1, 10);
    struct gate blocker;
    int64_t last = 0;
    for (int i = 0; i < 60; i++) {
        gate_init(&blocker, &f.clock, 800);
        run_one(&f, i == 0 ? 80 : 800, &blocker);
        int64_t average = figures(&f).average_run_us;
        assert_true(average >= last);
        last = average;
        sem_post(&blocker.leave);
        while (figures(&f).running > 0)
            sched_yield();
        gate_done(&blocker);
    }
    assert_in_range(last, 790, 800);
    workers_free(&f.workers);
}

static void workers_refuse_after_stop(void **state) {
    (void)state;
    struct fixture f;
    setup(&f, 2, 10);
    workers_stop(f.workers);
    workers_stop(f.workers);
    atomic_int count = 0;
    assert_int_equal(submit_counted(f.workers, &count), WORKERS_STOPPED);
    workers_free(&f.workers);
    assert_int_equal(count, 0);
    workers_free(&f.workers); /* of NULL */
}

static void workers_use_all_their_threads(void **state) {
    (void)state;
    enum { COUNT = 4 };
    struct fixture f;
    setup(&f, COUNT, COUNT);
    struct gate gates[COUNT];
    for (int i = 0; i < COUNT; i++) {
        gate_init(&gates[i], &f.clock, 0);
        assert_int_equal(workers_submit(f.workers, &gates[i].work, INT64_MAX), WORKERS_ACCEPTED);
    }
    unsigned seen = 0;
    for (int i = 0; i < COUNT; i++) { /* all inside at once, or this waits for ever */
        sem_wait(&gates[i].entered);
        seen |= 1u << gates[i].worker_index;
    }
    assert_int_equal(seen, (1u << COUNT) - 1);
    for (int i = 0; i < COUNT; i++)
        sem_post(&gates[i].leave);
    workers_free(&f.workers);
    for (int i = 0; i < COUNT; i++)
        gate_done(&gates[i]);
}

struct hooks {
    atomic_int starts, stops;
    atomic_int wrong;
};

static void on_start(void *context, size_t worker_index) {
    struct hooks *hooks = context;
    sigset_t blocked;
    char name[16];
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP) ||
        strncmp(name, "longname-tha", 12) != 0 || worker_index > 2)
        atomic_fetch_add(&hooks->wrong, 1);
    atomic_fetch_add(&hooks->starts, 1);
}

static void on_stop(void *context, size_t worker_index) {
    (void)worker_index;
    atomic_fetch_add(&((struct hooks *)context)->stops, 1);
}

static void workers_threads_are_named_block_signals_and_call_the_hooks(void **state) {
    (void)state;
    struct hooks hooks = {0};
    struct workers *workers = workers_new(&(struct workers_options){.name = "longname-that-is-cut",
                                                                    .count = 3,
                                                                    .queue_capacity = 1,
                                                                    .clock = clock_system(),
                                                                    .on_start = on_start,
                                                                    .on_stop = on_stop,
                                                                    .context = &hooks});
    assert_non_null(workers);
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    assert_false(sigismember(&blocked, SIGTERM)); /* the caller's mask is as before */
    workers_free(&workers);
    assert_int_equal(hooks.starts, 3);
    assert_int_equal(hooks.stops, 3);
    assert_int_equal(hooks.wrong, 0);
}

static void workers_new_answers_null_without_memory(void **state) {
    (void)state;
    struct fake_clock clock;
    fake_clock_init(&clock, 0);
    struct workers_options options = {
        .name = "test", .count = 1, .queue_capacity = 1, .clock = &clock.base};
    alloc_fault_fail_at(1);
    struct workers *workers = workers_new(&options);
    alloc_fault_end();
    assert_null(workers);
    options.count = SIZE_MAX;
    assert_null(workers_new(&options));
}

struct submitter {
    struct workers *workers;
    atomic_int *count;
    int accepted;
};

static void *submit_many(void *argument) {
    struct submitter *submitter = argument;
    for (int i = 0; i < 5000; i++)
        submitter->accepted +=
            submit_counted(submitter->workers, submitter->count) == WORKERS_ACCEPTED;
    return NULL;
}

static void workers_lose_nothing_between_many_submitters(void **state) {
    (void)state;
    enum { SUBMITTERS = 4 };
    struct fixture f;
    setup(&f, 3, 64);
    atomic_int count = 0;
    struct submitter submitters[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (struct submitter){f.workers, &count, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &submitters[i]), 0);
    }
    int accepted = 0;
    for (int i = 0; i < SUBMITTERS; i++) {
        pthread_join(threads[i], NULL);
        accepted += submitters[i].accepted;
    }
    workers_free(&f.workers);
    assert_int_equal(count, accepted);
    assert_true(accepted > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_run_all_that_was_accepted),
        cmocka_unit_test(workers_take_work_in_the_order_it_came),
        cmocka_unit_test(workers_refuse_when_the_queue_is_full),
        cmocka_unit_test(workers_refuse_what_would_miss_its_deadline),
        cmocka_unit_test(workers_average_follows_the_run_time),
        cmocka_unit_test(workers_refuse_after_stop),
        cmocka_unit_test(workers_use_all_their_threads),
        cmocka_unit_test(workers_threads_are_named_block_signals_and_call_the_hooks),
        cmocka_unit_test(workers_new_answers_null_without_memory),
        cmocka_unit_test(workers_lose_nothing_between_many_submitters),
    };
    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
