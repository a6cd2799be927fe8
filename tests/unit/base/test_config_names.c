#include "base/config_private.h"

#include "config_example.h"
#include "support/cmocka.h"

#include <string.h>

static void variable_name_is_in_capitals_with_underscores(void **state) {
    (void)state;
    struct str name;
    str_init(&name);
    assert_true(config_variable_name(&name, "live", "server", "drain-grace"));
    assert_string_equal(name.bytes, "LIVE_SERVER_DRAIN_GRACE");
    assert_true(config_variable_name(&name, "live", "a.b", NULL));
    assert_string_equal(name.bytes, "LIVE_A_B_");
    str_done(&name);
}

static void nearest_takes_the_fewest_edits(void **state) {
    (void)state;
    struct config *config = config_new(example_settings, EXAMPLE_COUNT);
    assert_string_equal(config_nearest_key(config, "server", "prt"), "port");
    assert_string_equal(config_nearest_key(config, "server", "DRAIN_GRACE"), "drain-grace");
    assert_string_equal(config_nearest_key(config, "server", "max-message"), "message-max");
    assert_string_equal(config_nearest_section(config, "databases"), "database");
    assert_null(config_nearest_key(config, "absent", "port"));
    char big[500];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_non_null(config_nearest_section(config, big));
    config_free(&config);
}

static void nearest_of_nothing_is_null(void **state) {
    (void)state;
    struct config *config = config_new(NULL, 0);
    assert_null(config_nearest_section(config, "server"));
    config_read_text(config, "x.ini", "[a]\nb = 1\n", 10);
    assert_int_equal(config_problem_count(config), 1);
    config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variable_name_is_in_capitals_with_underscores),
        cmocka_unit_test(nearest_takes_the_fewest_edits),
        cmocka_unit_test(nearest_of_nothing_is_null),
    };
    return cmocka_run_group_tests_name("config_names", tests, NULL, NULL);
}
