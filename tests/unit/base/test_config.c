#include "base/config.h"

#include "config_example.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static struct config *with_text(const char *text) {
    struct config *config = config_new(example_settings, EXAMPLE_COUNT);
    assert_non_null(config);
    config_read_text(config, "x.ini", text, strlen(text));
    return config;
}

static void config_begins_with_the_defaults(void **state) {
    (void)state;
    struct config *config = config_new(example_settings, EXAMPLE_COUNT);
    size_t count = 9;
    assert_int_equal(config_int(config, "server.port"), 8443);
    assert_string_equal(config_string(config, "server.issuer"), "");
    assert_true(config_bool(config, "server.tls"));
    assert_int_equal(config_duration_ms(config, "server.drain-grace"), 30000);
    assert_int_equal(config_size_bytes(config, "server.message-max"), 65536);
    assert_null(config_list(config, "database.hosts", &count));
    assert_int_equal(count, 0);
    assert_string_equal(config_string(config, "database.socket"), "/run/db.sock");
    assert_null(config_secret(config, "database.password-file", &count));
    assert_int_equal(count, 0);
    assert_string_equal(config_source(config, "server.port"), "default");
    assert_int_equal(config_problem_count(config), 0);
    config_free(&config);
    assert_null(config);
    config_free(&config);
}

static void config_finish_misses_required_settings(void **state) {
    (void)state;
    struct config *config = with_text("");
    assert_false(config_finish(config));
    assert_int_equal(config_problem_count(config), 1);
    assert_string_equal(config_problem(config, 0), "server.issuer: is not set, and has no default");
    config_free(&config);
    config = with_text("[server]\nissuer = https://id.example\n");
    assert_true(config_finish(config));
    assert_string_equal(config_string(config, "server.issuer"), "https://id.example");
    config_free(&config);
}

static void config_finish_reports_a_secret_it_cannot_read(void **state) {
    (void)state;
    struct config *config =
        with_text("[server]\nissuer=x\n[database]\npassword-file = /absent/file\n");
    assert_false(config_finish(config));
    assert_string_equal(config_problem(config, 0),
                        "x.ini:4: database.password-file: cannot read \"/absent/file\": "
                        "No such file or directory");
    config_free(&config);
}

static void config_source_names_file_and_line(void **state) {
    (void)state;
    struct config *config = with_text("[server]\n\nport = 1\n");
    assert_string_equal(config_source(config, "server.port"), "x.ini:3");
    config_free(&config);
}

static void config_reports_a_default_that_is_not_allowed(void **state) {
    (void)state;
    static const struct config_setting bad[] = {
        {.section = "a", .key = "b", .kind = CONFIG_BOOL, .default_text = "maybe"}};
    struct config *config = config_new(bad, 1);
    assert_false(config_finish(config));
    assert_non_null(strstr(config_problem(config, 0), "default: a.b: found \"maybe\""));
    config_free(&config);
}

static bool says_out_of_memory(const struct config *config) {
    for (size_t i = 0; i < config_problem_count(config); i++) {
        if (strstr(config_problem(config, i), "out of memory"))
            return true;
    }
    return false;
}

static void config_survives_every_failing_allocation(void **state) {
    (void)state;
    static const char text[] = "[server]\nport = 0\nissuer = x\nprot = 1\n[nix]\na = 1\n"
                               "[database]\nhosts = a, b\n";
    char variable[] = "X_SERVER_PORT=8", unknown[] = "X_SERVER_PROT=8";
    char *environment[] = {variable, unknown, NULL};
    for (size_t n = 1;; n++) {
        alloc_fault_fail_at(n);
        struct config *config = config_new(example_settings, EXAMPLE_COUNT);
        if (config) {
            config_read_text(config, "x.ini", text, sizeof text - 1);
            config_read_environment(config, "X", environment);
            config_finish(config);
        }
        bool all_tried = alloc_fault_end() < n;
        if (config && !all_tried) /* whatever was lost is not passed over in silence */
            assert_true(says_out_of_memory(config));
        if (all_tried) {
            assert_int_equal(config_problem_count(config), 4);
            assert_int_equal(config_int(config, "server.port"), 8);
        }
        config_free(&config);
        if (all_tried)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_begins_with_the_defaults),
        cmocka_unit_test(config_finish_misses_required_settings),
        cmocka_unit_test(config_finish_reports_a_secret_it_cannot_read),
        cmocka_unit_test(config_source_names_file_and_line),
        cmocka_unit_test(config_reports_a_default_that_is_not_allowed),
        cmocka_unit_test(config_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
