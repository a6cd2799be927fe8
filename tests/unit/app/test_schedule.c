#include "app/schedule.h"

#include "base/clock.h"
#include "support/cmocka.h"

struct fixture {
    struct fake_clock clock;
    struct schedule *schedule;
    enum schedule_verdict verdict;
    int runs;
};

static enum schedule_verdict count_run(void *context) {
    struct fixture *f = context;
    f->runs++;
    return f->verdict;
}

static struct fixture fixture;

static int setup(void **state) {
    fixture = (struct fixture){.verdict = SCHEDULE_DONE};
    fake_clock_init(&fixture.clock, 0);
    const struct schedule_job job = {
        .name = "count", .period_ms = 1000, .run = count_run, .context = &fixture};
    fixture.schedule = schedule_new(&job, 1, &fixture.clock.base, 7);
    *state = &fixture;
    return fixture.schedule == NULL ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    schedule_free(&fixture.schedule);
    return 0;
}

static int64_t now_us(const struct fixture *f) {
    return clock_monotonic_us(&f->clock.base);
}

static int64_t step(struct fixture *f) {
    return schedule_step(f->schedule, now_us(f));
}

/* To the time that the last step named. */
static int64_t step_at(struct fixture *f, int64_t due_us) {
    fake_clock_advance(&f->clock, due_us - now_us(f));
    return step(f);
}

static void schedule_runs_first_within_a_period(void **state) {
    struct fixture *f = *state;
    fake_clock_advance(&f->clock, 1000000);
    (void)step(f);
    assert_int_equal(f->runs, 1);
}

static void schedule_waits_a_period_give_or_take_a_tenth(void **state) {
    struct fixture *f = *state;
    fake_clock_advance(&f->clock, 1000000);
    for (int i = 0; i < 50; i++) {
        int64_t wait_us = step(f) - now_us(f);
        assert_in_range(wait_us, 900000, 1100000);
        fake_clock_advance(&f->clock, wait_us);
    }
    assert_int_equal(f->runs, 50);
}

static void schedule_runs_again_at_once_when_there_is_more(void **state) {
    struct fixture *f = *state;
    f->verdict = SCHEDULE_MORE;
    fake_clock_advance(&f->clock, 1000000);
    assert_int_equal(step(f), now_us(f));
    assert_int_equal(f->runs, 1);
    (void)step(f);
    assert_int_equal(f->runs, 2);
}

static void schedule_waits_longer_after_each_failure_up_to_sixteen_periods(void **state) {
    struct fixture *f = *state;
    int64_t due_us;
    f->verdict = SCHEDULE_FAILED;
    fake_clock_advance(&f->clock, 1000000);
    due_us = step(f);
    assert_in_range(due_us - now_us(f), 900000, 1100000);
    due_us = step_at(f, due_us);
    assert_in_range(due_us - now_us(f), 1800000, 2200000);
    for (int i = 0; i < 10; i++)
        due_us = step_at(f, due_us);
    assert_in_range(due_us - now_us(f), 14400000, 17600000);
    f->verdict = SCHEDULE_DONE;
    due_us = step_at(f, due_us);
    assert_in_range(due_us - now_us(f), 900000, 1100000);
}

static void schedule_counts_runs_and_failures(void **state) {
    struct fixture *f = *state;
    struct schedule_figures figures;
    f->verdict = SCHEDULE_FAILED;
    fake_clock_advance(&f->clock, 1000000);
    (void)step(f);
    assert_int_equal(schedule_count(f->schedule), 1);
    schedule_figures(f->schedule, 0, &figures);
    assert_string_equal(figures.name, "count");
    assert_int_equal(figures.runs, 1);
    assert_int_equal(figures.failures, 1);
}

static void schedule_runs_nothing_once_it_is_stopped(void **state) {
    struct fixture *f = *state;
    schedule_stop(f->schedule);
    fake_clock_advance(&f->clock, 1000000);
    (void)step(f);
    assert_int_equal(f->runs, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(schedule_runs_first_within_a_period, setup, teardown),
        cmocka_unit_test_setup_teardown(schedule_waits_a_period_give_or_take_a_tenth, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(schedule_runs_again_at_once_when_there_is_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            schedule_waits_longer_after_each_failure_up_to_sixteen_periods, setup, teardown),
        cmocka_unit_test_setup_teardown(schedule_counts_runs_and_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(schedule_runs_nothing_once_it_is_stopped, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
