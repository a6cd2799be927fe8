#include "base/clock.h"

#include "support/cmocka.h"

static void system_clock_reads_a_plausible_time(void **state) {
    (void)state;
    const struct clock *clock = clock_system();
    assert_true(clock_wall_us(clock) > INT64_C(1700000000) * 1000000); /* after 2023 */
}

static void system_clock_never_steps_back(void **state) {
    (void)state;
    const struct clock *clock = clock_system();
    int64_t last = clock_monotonic_us(clock);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us(clock);
        assert_true(now >= last);
        last = now;
    }
}

static void fake_clock_stands_still_until_moved(void **state) {
    (void)state;
    struct fake_clock fake;
    fake_clock_init(&fake, 1000);
    int64_t monotonic = clock_monotonic_us(&fake.base);
    assert_int_equal(clock_wall_us(&fake.base), 1000);
    assert_int_equal(clock_wall_us(&fake.base), 1000);
    fake_clock_advance(&fake, 250);
    assert_int_equal(clock_wall_us(&fake.base), 1250);
    assert_int_equal(clock_monotonic_us(&fake.base), monotonic + 250);
}

static void fake_clock_sets_the_wall_alone(void **state) {
    (void)state;
    struct fake_clock fake;
    fake_clock_init(&fake, 1000);
    int64_t monotonic = clock_monotonic_us(&fake.base);
    fake_clock_set_wall(&fake, 10);
    assert_int_equal(clock_wall_us(&fake.base), 10);
    assert_int_equal(clock_monotonic_us(&fake.base), monotonic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_clock_reads_a_plausible_time),
        cmocka_unit_test(system_clock_never_steps_back),
        cmocka_unit_test(fake_clock_stands_still_until_moved),
        cmocka_unit_test(fake_clock_sets_the_wall_alone),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
