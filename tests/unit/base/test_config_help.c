#include "base/config.h"

#include "config_example.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <string.h>

static void help_shows_each_setting(void **state) {
    (void)state;
    struct str help;
    str_init(&help);
    assert_true(config_print_help(example_settings, 2, "LIVECONV", &help));
    assert_string_equal(help.bytes, "[server]\n"
                                    "\n"
                                    "# Where clients connect.\n"
                                    "# Value: a number from 1 to 65535.\n"
                                    "# Variable: LIVECONV_SERVER_PORT\n"
                                    "port = 8443\n"
                                    "\n"
                                    "# Who signs tokens.\n"
                                    "# A URL.\n"
                                    "# Value: a text. It must be set.\n"
                                    "# Variable: LIVECONV_SERVER_ISSUER\n"
                                    ";issuer =\n"
                                    "\n");
    str_done(&help);
}

static void help_is_a_file_with_the_defaults(void **state) {
    (void)state;
    struct str help;
    str_init(&help);
    assert_true(config_print_help(example_settings, EXAMPLE_COUNT, "LIVECONV", &help));
    struct config *config = config_new(example_settings, EXAMPLE_COUNT);
    config_read_text(config, "help", help.bytes, help.len_bytes);
    assert_int_equal(config_problem_count(config), 0);
    assert_int_equal(config_int(config, "server.port"), 8443);
    assert_int_equal(config_duration_ms(config, "server.drain-grace"), 30000);
    assert_int_equal(strncmp(config_source(config, "log.level"), "help:", 5), 0);
    config_free(&config);
    str_done(&help);
}

static void help_reports_missing_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct str help;
        str_init(&help);
        alloc_fault_fail_at(n);
        bool printed = config_print_help(example_settings, 2, "LIVECONV", &help);
        bool all_tried = alloc_fault_end() < n;
        str_done(&help);
        assert_true(printed == all_tried);
        if (all_tried)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_shows_each_setting),
        cmocka_unit_test(help_is_a_file_with_the_defaults),
        cmocka_unit_test(help_reports_missing_memory),
    };
    return cmocka_run_group_tests_name("config_help", tests, NULL, NULL);
}
