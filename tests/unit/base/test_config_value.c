#include "base/config_value.h"

#include "support/alloc_fault.h"
#include "support/cmocka.h"
#include "support/temp_dir.h"

#include <stdlib.h>
#include <string.h>

static struct config_value accept(const struct config_setting *setting, const char *text) {
    struct config_value value = {0};
    struct str problem;
    str_init(&problem);
    if (!config_value_parse(setting, text, &value, &problem))
        fail_msg("'%s' was refused: %s", text, problem.bytes);
    assert_string_equal(problem.bytes, "");
    str_done(&problem);
    return value;
}

static void refuse(const struct config_setting *setting, const char *text, const char *expected) {
    struct config_value value = {.number = 7};
    struct str problem;
    str_init(&problem);
    if (config_value_parse(setting, text, &value, &problem))
        fail_msg("'%s' was accepted", text);
    assert_int_equal(value.number, 7);
    assert_null(value.text);
    if (expected)
        assert_string_equal(problem.bytes, expected);
    assert_true(problem.len_bytes > 0);
    str_done(&problem);
}

static int64_t number(const struct config_setting *setting, const char *text) {
    struct config_value value = accept(setting, text);
    int64_t number = value.number;
    config_value_done(&value);
    return number;
}

static void int_is_a_number_within_its_bounds(void **state) {
    (void)state;
    const struct config_setting port = {
        .kind = CONFIG_INT, .least = 1, .most = 65535, .unit = "ports"};
    assert_int_equal(number(&port, "1"), 1);
    assert_int_equal(number(&port, "65535"), 65535);
    refuse(&port, "0", "found \"0\", allowed: a number of ports from 1 to 65535");
    refuse(&port, "65536", NULL);
    refuse(&port, "", "found \"\", allowed: a number of ports from 1 to 65535");
    refuse(&port, "80a", NULL);
    refuse(&port, "99999999999999999999", NULL);
    const struct config_setting any = {.kind = CONFIG_INT};
    assert_int_equal(number(&any, "-5"), -5);
    refuse(&any, "five", "found \"five\", allowed: a number");
    const struct config_setting open = {.kind = CONFIG_INT, .least = 2, .most = INT64_MAX};
    refuse(&open, "1", "found \"1\", allowed: a number, at least 2");
}

static void bool_is_one_of_six_words(void **state) {
    (void)state;
    const struct config_setting flag = {.kind = CONFIG_BOOL};
    static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < 3; i++) {
        struct config_value value = accept(&flag, yes[i]);
        assert_true(value.flag);
        config_value_done(&value);
        value = accept(&flag, no[i]);
        assert_false(value.flag);
        config_value_done(&value);
    }
    refuse(&flag, "1", "found \"1\", allowed: true, false, yes, no, on or off");
    refuse(&flag, "TRUE", NULL);
    refuse(&flag, "", NULL);
}

static void duration_is_a_number_with_a_unit(void **state) {
    (void)state;
    const struct config_setting any = {.kind = CONFIG_DURATION};
    assert_int_equal(number(&any, "0"), 0);
    assert_int_equal(number(&any, "250ms"), 250);
    assert_int_equal(number(&any, "30s"), 30000);
    assert_int_equal(number(&any, "5m"), 300000);
    assert_int_equal(number(&any, "2h"), 7200000);
    assert_int_equal(number(&any, "7d"), 604800000);
    static const char *const bad[] = {"30",
                                      "s",
                                      "-1s",
                                      "1.5s",
                                      "1 s",
                                      "1S",
                                      "1sec",
                                      "",
                                      "1s ",
                                      "9999999999999999d",
                                      "99999999999999999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(&any, bad[i], NULL);
    const struct config_setting bound = {.kind = CONFIG_DURATION, .least = 100, .most = 90000};
    refuse(&bound, "99ms",
           "found \"99ms\", allowed: a duration (ms, s, m, h, d) from 100ms to 90s");
    refuse(&bound, "2m", NULL);
    assert_int_equal(number(&bound, "90s"), 90000);
}

static void size_is_a_number_with_a_unit(void **state) {
    (void)state;
    const struct config_setting any = {.kind = CONFIG_SIZE};
    assert_int_equal(number(&any, "0"), 0);
    assert_int_equal(number(&any, "12B"), 12);
    assert_int_equal(number(&any, "64KiB"), 65536);
    assert_int_equal(number(&any, "4MiB"), 4194304);
    assert_int_equal(number(&any, "2GiB"), INT64_C(2147483648));
    refuse(&any, "64", "found \"64\", allowed: a size (B, KiB, MiB, GiB)");
    refuse(&any, "64KB", NULL);
    refuse(&any, "9999999999999GiB", NULL);
    const struct config_setting bound = {.kind = CONFIG_SIZE, .least = 0, .most = 1048576};
    refuse(&bound, "2MiB", "found \"2MiB\", allowed: a size (B, KiB, MiB, GiB) from 0B to 1MiB");
}

static void string_is_any_text_within_its_bounds(void **state) {
    (void)state;
    const struct config_setting any = {.kind = CONFIG_STRING};
    struct config_value value = accept(&any, "");
    config_value_done(&value);
    value = accept(&any, "a text; with = signs");
    assert_string_equal(value.text, "a text; with = signs");
    config_value_done(&value);
    const struct config_setting name = {.kind = CONFIG_STRING, .least = 1, .most = 3};
    refuse(&name, "", "found \"\", allowed: a text of 1 to 3 bytes");
    refuse(&name, "abcd", NULL);
}

static void string_with_choices_is_one_of_them(void **state) {
    (void)state;
    const struct config_setting level = {.kind = CONFIG_STRING, .choices = "debug|info|error"};
    static const char *const good[] = {"debug", "info", "error"};
    for (size_t i = 0; i < 3; i++) {
        struct config_value value = accept(&level, good[i]);
        config_value_done(&value);
    }
    refuse(&level, "inf", "found \"inf\", allowed: one of debug, info, error");
    refuse(&level, "info|error", NULL);
    refuse(&level, "infos", NULL);
    refuse(&level, "", NULL);
}

static void list_is_items_between_commas(void **state) {
    (void)state;
    const struct config_setting any = {.kind = CONFIG_LIST};
    struct config_value value = accept(&any, " a ,b c,\td");
    assert_int_equal(value.item_count, 3);
    assert_string_equal(value.items[0], "a");
    assert_string_equal(value.items[1], "b c");
    assert_string_equal(value.items[2], "d");
    config_value_done(&value);
    value = accept(&any, "  ");
    assert_int_equal(value.item_count, 0);
    config_value_done(&value);
    refuse(&any, "a,,b", "found \"a,,b\", allowed: items between commas");
    refuse(&any, "a,", NULL);
    refuse(&any, ",a", NULL);
    refuse(&any, ",", NULL);
    const struct config_setting few = {.kind = CONFIG_LIST, .least = 1, .most = 2};
    refuse(&few, "", "found \"\", allowed: items between commas, 1 to 2 of them");
    refuse(&few, "a,b,c", NULL);
}

static void problem_shows_hostile_text_escaped_and_cut(void **state) {
    (void)state;
    const struct config_setting flag = {.kind = CONFIG_BOOL};
    refuse(&flag, "\x1b[31m\n",
           "found \"\\u001b[31m\\n\", allowed: true, false, yes, no, on or off");
    char big[1000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    struct config_value value;
    struct str problem;
    str_init(&problem);
    assert_false(config_value_parse(&flag, big, &value, &problem));
    assert_in_range(problem.len_bytes, 200, 300);
    str_done(&problem);
}

static int setup(void **state) {
    *state = temp_dir_new();
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    temp_dir_free((struct temp_dir **)state);
    return 0;
}

static bool read_secret(const char *path, struct config_value *value, struct str *problem) {
    const struct config_setting secret = {.kind = CONFIG_SECRET};
    *value = accept(&secret, path);
    str_init(problem);
    return config_value_read_secret(value, problem);
}

static void secret_is_the_contents_of_its_file(void **state) {
    static const char *const contents[] = {"hush", "hush\n", "hush\r\n"};
    for (size_t i = 0; i < 3; i++) {
        struct config_value value;
        struct str problem;
        const char *path = temp_dir_write(*state, "secret", contents[i], strlen(contents[i]));
        assert_true(read_secret(path, &value, &problem));
        assert_string_equal(value.secret, "hush");
        assert_int_equal(value.secret_len, 4);
        str_done(&problem);
        config_value_done(&value);
        assert_null(value.secret);
    }
}

static void secret_may_be_left_out(void **state) {
    (void)state;
    struct config_value value;
    struct str problem;
    assert_true(read_secret("", &value, &problem));
    assert_null(value.secret);
    str_done(&problem);
    config_value_done(&value);
}

static void refuse_secret(const char *path, const char *part) {
    struct config_value value;
    struct str problem;
    assert_false(read_secret(path, &value, &problem));
    assert_null(value.secret);
    if (!strstr(problem.bytes, part))
        fail_msg("'%s' does not say '%s'", problem.bytes, part);
    str_done(&problem);
    config_value_done(&value);
}

static void secret_that_cannot_be_read_is_a_problem(void **state) {
    refuse_secret(temp_dir_join(*state, "absent"), "No such file");
    refuse_secret(temp_dir_path(*state), "Is a directory");
    refuse_secret(temp_dir_write(*state, "empty", "", 0), "the file is empty");
    char *big = calloc(1, 64 * 1024 + 1);
    refuse_secret(temp_dir_write(*state, "big", big, 64 * 1024 + 1), "File too large");
    free(big);
}

static void value_parse_survives_failing_allocations(void **state) {
    (void)state;
    const struct config_setting list = {.kind = CONFIG_LIST};
    for (size_t n = 1;; n++) {
        struct config_value value = {0};
        struct str problem;
        str_init(&problem);
        alloc_fault_fail_at(n);
        bool parsed = config_value_parse(&list, "a,b", &value, &problem);
        bool all_tried = alloc_fault_end() < n;
        assert_true(parsed == all_tried);
        if (!parsed)
            assert_string_equal(problem.bytes, "out of memory");
        str_done(&problem);
        config_value_done(&value);
        if (all_tried)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int_is_a_number_within_its_bounds),
        cmocka_unit_test(bool_is_one_of_six_words),
        cmocka_unit_test(duration_is_a_number_with_a_unit),
        cmocka_unit_test(size_is_a_number_with_a_unit),
        cmocka_unit_test(string_is_any_text_within_its_bounds),
        cmocka_unit_test(string_with_choices_is_one_of_them),
        cmocka_unit_test(list_is_items_between_commas),
        cmocka_unit_test(problem_shows_hostile_text_escaped_and_cut),
        cmocka_unit_test_setup_teardown(secret_is_the_contents_of_its_file, setup, teardown),
        cmocka_unit_test(secret_may_be_left_out),
        cmocka_unit_test_setup_teardown(secret_that_cannot_be_read_is_a_problem, setup, teardown),
        cmocka_unit_test(value_parse_survives_failing_allocations),
    };
    return cmocka_run_group_tests_name("config_value", tests, NULL, NULL);
}
