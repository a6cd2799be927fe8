#include "base/config.h"

#include "config_example.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"
#include "support/temp_dir.h"

#include <stdlib.h>
#include <string.h>

static struct config *with_bytes(const char *text, size_t len) {
    struct config *config = config_new(example_settings, EXAMPLE_COUNT);
    assert_non_null(config);
    config_read_text(config, "x.ini", text, len);
    return config;
}

static struct config *with_text(const char *text) {
    return with_bytes(text, strlen(text));
}

/* The text has this one problem, and no other. NULL: none. */
static void assert_problem(const char *text, const char *problem) {
    struct config *config = with_text(text);
    if (config_problem_count(config) > 0 && (!problem || config_problem_count(config) > 1))
        fail_msg("%s", config_problem(config, config_problem_count(config) - 1));
    if (problem) {
        assert_int_equal(config_problem_count(config), 1);
        assert_string_equal(config_problem(config, 0), problem);
    }
    config_free(&config);
}

static void file_sets_values_over_the_defaults(void **state) {
    (void)state;
    struct config *config = with_text("\xEF\xBB\xBF; a comment\n"
                                      "[server]\r\n"
                                      "port=9000\r\n"
                                      "  tls : no   ; a remark\n"
                                      "# another comment\n"
                                      "\tdrain-grace = 5m\n"
                                      "[database]\n"
                                      "hosts = a.example, b.example\n"
                                      "[server]\n"
                                      "message-max = 1MiB");
    size_t count;
    assert_int_equal(config_problem_count(config), 0);
    assert_int_equal(config_int(config, "server.port"), 9000);
    assert_false(config_bool(config, "server.tls"));
    assert_int_equal(config_duration_ms(config, "server.drain-grace"), 300000);
    assert_int_equal(config_size_bytes(config, "server.message-max"), 1048576);
    const char *const *hosts = config_list(config, "database.hosts", &count);
    assert_int_equal(count, 2);
    assert_string_equal(hosts[1], "b.example");
    config_free(&config);
}

static void file_may_have_long_lines(void **state) {
    (void)state;
    char text[CONFIG_LINE_MAX_BYTES + 100] = "[server]\nissuer = ";
    size_t begin = strlen(text), line = strlen("issuer = ");
    memset(text + begin, 'x', CONFIG_LINE_MAX_BYTES - line);
    struct config *config = with_text(text);
    assert_int_equal(config_problem_count(config), 0);
    assert_int_equal(strlen(config_string(config, "server.issuer")), CONFIG_LINE_MAX_BYTES - line);
    config_free(&config);
    text[begin + CONFIG_LINE_MAX_BYTES - line] = 'x';
    assert_problem(text, "x.ini:2: the line is too long");
}

static void file_with_an_unknown_key_names_the_nearest(void **state) {
    (void)state;
    assert_problem("[server]\nprot = 1\n",
                   "x.ini:2: unknown key \"prot\" in [server]; the nearest is \"port\"");
    assert_problem("[server]\nPort = 1\n",
                   "x.ini:2: unknown key \"Port\" in [server]; the nearest is \"port\"");
    assert_problem("[database]\nport = 1\n",
                   "x.ini:2: unknown key \"port\" in [database]; the nearest is \"hosts\"");
}

static void file_with_an_unknown_section_names_the_nearest_once(void **state) {
    (void)state;
    assert_problem("[sever]\nport = 1\ntls = no\n",
                   "x.ini:2: unknown section [sever]; the nearest is [server]");
    assert_problem("port = 1\n", "x.ini:1: the key \"port\" stands before any [section]");
}

static void file_with_odd_names_is_reported_in_plain_text(void **state) {
    (void)state;
    assert_problem("[a\x1b[1m\xC3\xA9]\nkey = 1\n",
                   "x.ini:2: unknown section [a?[1m\xC3\xA9]; the nearest is [server]");
    assert_problem("[bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\xC3\xA9]\nkey = 1\n",
                   "x.ini:2: unknown section [bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb?]; "
                   "the nearest is [database]");
}

static void file_with_a_bad_value_says_what_is_allowed(void **state) {
    (void)state;
    assert_problem("[server]\nport = 70000\n",
                   "x.ini:2: server.port: found \"70000\", allowed: a number from 1 to 65535");
    assert_problem("[log]\nlevel = loud\n", "x.ini:2: log.level: found \"loud\", allowed: one of "
                                            "debug, info, warning, error");
}

static void file_that_sets_a_key_twice_is_a_problem(void **state) {
    (void)state;
    assert_problem("[server]\nport = 1\ntls = no\nport = 2\n",
                   "x.ini:4: server.port is set a second time; first in line 2");
}

static void file_with_a_line_nobody_understands_is_a_problem(void **state) {
    (void)state;
    assert_problem("[server\n", "x.ini:1: the section's name is not ended by ]");
    assert_problem("[server]\njust words\n",
                   "x.ini:2: the line is neither [section], key = value, nor a comment");
    assert_problem("[server]\n= 5\n", "x.ini:2: there is no key before the value");
    assert_problem("[server]\nissuer = \xFF\n", "x.ini:2: the line is not UTF-8 text");
    struct config *config = with_bytes("[server]\nissuer = a\0b\n", 23);
    assert_string_equal(config_problem(config, 0), "x.ini:2: the line is not UTF-8 text");
    config_free(&config);
}

static void file_problems_are_all_reported_at_once(void **state) {
    (void)state;
    struct config *config =
        with_text("[server]\nport = 0\nprot = 1\nwords\n[nix]\na = 1\n[log]\nlevel = x\n");
    assert_int_equal(config_problem_count(config), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(strncmp(config_problem(config, i), "x.ini:", 6), 0);
    config_free(&config);
}

static void file_may_be_overridden_by_another(void **state) {
    (void)state;
    struct config *config = with_text("[server]\nport = 1\n");
    config_read_text(config, "y.ini", "[server]\nport = 2\n", 18);
    assert_int_equal(config_problem_count(config), 0);
    assert_int_equal(config_int(config, "server.port"), 2);
    assert_string_equal(config_source(config, "server.port"), "y.ini:2");
    config_free(&config);
}

static void environment_wins_over_the_file(void **state) {
    (void)state;
    struct config *config = with_text("[server]\nport = 1\ndrain-grace = 1s\n");
    char *environment[] = {(char[]){"LIVECONV_SERVER_PORT=2"},
                           (char[]){"LIVECONV_SERVER_DRAIN_GRACE=2s"},
                           (char[]){"LIVECONV_SERVER_ISSUER=a=b;c"}, NULL};
    config_read_environment(config, "LIVECONV", environment);
    assert_true(config_finish(config));
    assert_int_equal(config_int(config, "server.port"), 2);
    assert_int_equal(config_duration_ms(config, "server.drain-grace"), 2000);
    assert_string_equal(config_string(config, "server.issuer"), "a=b;c");
    assert_string_equal(config_source(config, "server.port"), "LIVECONV_SERVER_PORT");
    config_free(&config);
}

static void environment_reports_bad_values_and_unknown_keys(void **state) {
    (void)state;
    struct config *config = with_text("");
    char *environment[] = {(char[]){"LIVECONV_SERVER_PORT=0"}, (char[]){"LIVECONV_SERVER_PROT=2"},
                           NULL};
    config_read_environment(config, "LIVECONV", environment);
    assert_int_equal(config_problem_count(config), 2);
    assert_string_equal(config_problem(config, 0), "LIVECONV_SERVER_PORT: server.port: found "
                                                   "\"0\", allowed: a number from 1 to 65535");
    assert_string_equal(config_problem(config, 1), "LIVECONV_SERVER_PROT: unknown variable; the "
                                                   "nearest is LIVECONV_SERVER_PORT");
    config_free(&config);
}

static void environment_leaves_variables_of_others_alone(void **state) {
    (void)state;
    struct config *config = with_text("");
    char *environment[] = {(char[]){"LIVECONV_SERVICE_HOST=10.0.0.1"},
                           (char[]){"LIVECONVX_SERVER_PROT=1"},
                           (char[]){"SERVER_PROT=1"},
                           (char[]){"LIVECONV=1"},
                           (char[]){"LIVECONV_"},
                           (char[]){"PATH=/bin"},
                           NULL};
    config_read_environment(config, "LIVECONV", environment);
    assert_int_equal(config_problem_count(config), 0);
    config_free(&config);
}

static int setup(void **state) {
    *state = temp_dir_new();
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    temp_dir_free((struct temp_dir **)state);
    return 0;
}

static void file_is_read_from_disk(void **state) {
    static const char text[] = "[server]\nport = 12\n";
    struct config *config = with_text("");
    config_read_file(config, temp_dir_write(*state, "a.ini", text, sizeof text - 1));
    assert_int_equal(config_problem_count(config), 0);
    assert_int_equal(config_int(config, "server.port"), 12);
    config_free(&config);
}

static void file_that_cannot_be_read_is_a_problem(void **state) {
    struct config *config = with_text("");
    config_read_file(config, temp_dir_join(*state, "absent.ini"));
    config_read_file(config, temp_dir_path(*state));
    char *big = calloc(1, CONFIG_FILE_MAX_BYTES + 1);
    memset(big, '\n', CONFIG_FILE_MAX_BYTES + 1);
    config_read_file(config, temp_dir_write(*state, "big.ini", big, CONFIG_FILE_MAX_BYTES + 1));
    free(big);
    assert_int_equal(config_problem_count(config), 3);
    assert_non_null(strstr(config_problem(config, 0), "absent.ini: cannot be read: No such file"));
    assert_non_null(strstr(config_problem(config, 1), "cannot be read: Is a directory"));
    assert_non_null(strstr(config_problem(config, 2), "big.ini: is longer than"));
    config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_sets_values_over_the_defaults),
        cmocka_unit_test(file_may_have_long_lines),
        cmocka_unit_test(file_with_an_unknown_key_names_the_nearest),
        cmocka_unit_test(file_with_an_unknown_section_names_the_nearest_once),
        cmocka_unit_test(file_with_odd_names_is_reported_in_plain_text),
        cmocka_unit_test(file_with_a_bad_value_says_what_is_allowed),
        cmocka_unit_test(file_that_sets_a_key_twice_is_a_problem),
        cmocka_unit_test(file_with_a_line_nobody_understands_is_a_problem),
        cmocka_unit_test(file_problems_are_all_reported_at_once),
        cmocka_unit_test(file_may_be_overridden_by_another),
        cmocka_unit_test(environment_wins_over_the_file),
        cmocka_unit_test(environment_reports_bad_values_and_unknown_keys),
        cmocka_unit_test(environment_leaves_variables_of_others_alone),
        cmocka_unit_test_setup_teardown(file_is_read_from_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(file_that_cannot_be_read_is_a_problem, setup, teardown),
    };
    return cmocka_run_group_tests_name("config_read", tests, NULL, NULL);
}
