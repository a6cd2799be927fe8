/* The heap of timers, against the simplest thing that could be right. */
#include <stdlib.h>

#include "rpc/timers.h"
#include "support/cmocka.h"

enum { MANY = 500 };

static void the_earliest_comes_first(void **state) {
    (void)state;
    struct rpc_timers timers = {0};
    struct rpc_timer a = {0};
    struct rpc_timer b = {0};
    struct rpc_timer c = {0};
    rpc_timers_arm(&timers, &a, 30);
    rpc_timers_arm(&timers, &b, 10);
    rpc_timers_arm(&timers, &c, 20);
    assert_int_equal(rpc_timers_next_due_us(&timers), 10);
    assert_ptr_equal(rpc_timers_take_due(&timers, 100), &b);
    assert_ptr_equal(rpc_timers_take_due(&timers, 100), &c);
    assert_ptr_equal(rpc_timers_take_due(&timers, 100), &a);
    assert_null(rpc_timers_take_due(&timers, 100));
}

static void what_is_not_due_stays(void **state) {
    (void)state;
    struct rpc_timers timers = {0};
    struct rpc_timer a = {0};
    rpc_timers_arm(&timers, &a, 30);
    assert_null(rpc_timers_take_due(&timers, 29));
    assert_true(a.armed);
    assert_ptr_equal(rpc_timers_take_due(&timers, 30), &a);
    assert_false(a.armed);
}

static void none_is_never_due(void **state) {
    (void)state;
    struct rpc_timers timers = {0};
    struct rpc_timer a = {0};
    assert_int_equal(rpc_timers_next_due_us(&timers), INT64_MAX);
    rpc_timers_disarm(&timers, &a); /* not armed: nothing happens */
    assert_null(rpc_timers_take_due(&timers, INT64_MAX));
}

static void arming_again_moves(void **state) {
    (void)state;
    struct rpc_timers timers = {0};
    struct rpc_timer a = {0};
    struct rpc_timer b = {0};
    rpc_timers_arm(&timers, &a, 10);
    rpc_timers_arm(&timers, &b, 20);
    rpc_timers_arm(&timers, &a, 30);
    assert_ptr_equal(rpc_timers_take_due(&timers, 100), &b);
    assert_ptr_equal(rpc_timers_take_due(&timers, 100), &a);
}

/* The least due time of those that are armed, looked for one by one. */
static int64_t earliest(const struct rpc_timer *timers) {
    int64_t due_us = INT64_MAX;
    for (int i = 0; i < MANY; i++)
        if (timers[i].armed && timers[i].due_us < due_us)
            due_us = timers[i].due_us;
    return due_us;
}

static void random_use_agrees_with_a_plain_search(void **state) {
    (void)state;
    struct rpc_timers heap = {0};
    struct rpc_timer *timers = calloc(MANY, sizeof *timers);
    unsigned seed = 42;
    for (int step = 0; step < 20000; step++) {
        struct rpc_timer *timer = &timers[rand_r(&seed) % MANY];
        switch (rand_r(&seed) % 4) {
        case 0:
        case 1:
            rpc_timers_arm(&heap, timer, rand_r(&seed) % 1000);
            break;
        case 2:
            rpc_timers_disarm(&heap, timer);
            break;
        default: {
            int64_t due_us = earliest(timers);
            struct rpc_timer *taken = rpc_timers_take_due(&heap, 500);
            assert_int_equal(taken != NULL, due_us <= 500);
            if (taken)
                assert_int_equal(taken->due_us, due_us);
        }
        }
        assert_int_equal(rpc_timers_next_due_us(&heap), earliest(timers));
    }
    free(timers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_comes_first),
        cmocka_unit_test(what_is_not_due_stays),
        cmocka_unit_test(none_is_never_due),
        cmocka_unit_test(arming_again_moves),
        cmocka_unit_test(random_use_agrees_with_a_plain_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
