#include "domain_test.h"

#include "domain/settings.h"

static void defaults_are_those_of_the_design(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    assert_true(domain_settings_valid(&settings));
    assert_int_equal(settings.doors_open_before_us, 600000000);
    assert_int_equal(settings.host_no_show_after_us, 900000000);
    assert_int_equal(settings.complete_after_us, 900000000);
    assert_int_equal(settings.auto_live_participants, 2);
}

static void contradictions_are_refused(void **state) {
    (void)state;
    struct domain_settings settings;

    domain_settings_init(&settings);
    settings.min_duration_us = settings.max_duration_us + 1;
    assert_false(domain_settings_valid(&settings));
    domain_settings_init(&settings);
    settings.doors_open_before_us = -1;
    assert_false(domain_settings_valid(&settings));
    domain_settings_init(&settings);
    settings.complete_after_us = INT64_MAX;
    assert_false(domain_settings_valid(&settings));
    domain_settings_init(&settings);
    settings.max_participants = 0;
    assert_false(domain_settings_valid(&settings));
    domain_settings_init(&settings);
    settings.message_max_bytes = 10;
    assert_false(domain_settings_valid(&settings));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_design),
        cmocka_unit_test(contradictions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
