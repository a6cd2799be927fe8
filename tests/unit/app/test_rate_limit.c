#include "app/rate_limit.h"

#include "support/cmocka.h"

#include <stdio.h>

static const int64_t start_us = INT64_C(1000000000);

static int setup(void **state) {
    const struct rate_limit_options options = {.per_second = 10, .burst = 3, .callers = 128};
    *state = rate_limit_new(&options);
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state) {
    rate_limit_free((struct rate_limit **)state);
    return 0;
}

static void burst(struct rate_limit *limit, const char *group, const char *name) {
    int64_t wait_us;
    for (int i = 0; i < 3; i++)
        assert_true(rate_limit_take(limit, group, name, start_us, &wait_us));
}

static void rate_limit_lets_a_burst_through_and_no_more(void **state) {
    int64_t wait_us = 0;
    burst(*state, "t", "alice");
    assert_false(rate_limit_take(*state, "t", "alice", start_us, &wait_us));
    assert_int_equal(wait_us, 100000);
    assert_int_equal(rate_limit_refused(*state), 1);
}

static void rate_limit_gives_one_more_after_the_wait(void **state) {
    int64_t wait_us = 0;
    burst(*state, "t", "alice");
    assert_false(rate_limit_take(*state, "t", "alice", start_us + 99999, &wait_us));
    assert_int_equal(wait_us, 1);
    assert_true(rate_limit_take(*state, "t", "alice", start_us + 100000, &wait_us));
    assert_false(rate_limit_take(*state, "t", "alice", start_us + 100000, &wait_us));
}

static void rate_limit_is_full_again_after_a_pause_but_never_more_than_full(void **state) {
    int64_t wait_us;
    burst(*state, "t", "alice");
    for (int i = 0; i < 3; i++)
        assert_true(rate_limit_take(*state, "t", "alice", start_us + 60000000, &wait_us));
    assert_false(rate_limit_take(*state, "t", "alice", start_us + 60000000, &wait_us));
}

static void rate_limit_keeps_callers_and_tenants_apart(void **state) {
    int64_t wait_us;
    burst(*state, "t", "alice");
    burst(*state, "t", "bob");
    burst(*state, "u", "alice");
    assert_false(rate_limit_take(*state, "t", "bob", start_us, &wait_us));
    /* "tu" + "x" is not "t" + "ux" */
    burst(*state, "tu", "x");
    burst(*state, "t", "ux");
}

static void rate_limit_forgets_the_least_active_when_callers_are_many(void **state) {
    char name[32];
    int64_t wait_us;
    burst(*state, "t", "greedy");
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof name, "caller-%d", i);
        assert_true(rate_limit_take(*state, "t", name, start_us, &wait_us));
    }
    /* Whoever emptied the bucket is the last to be forgotten. */
    assert_false(rate_limit_take(*state, "t", "greedy", start_us, &wait_us));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rate_limit_lets_a_burst_through_and_no_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rate_limit_gives_one_more_after_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(
            rate_limit_is_full_again_after_a_pause_but_never_more_than_full, setup, teardown),
        cmocka_unit_test_setup_teardown(rate_limit_keeps_callers_and_tenants_apart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rate_limit_forgets_the_least_active_when_callers_are_many,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
