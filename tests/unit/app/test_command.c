#include "app/command.h"

#include "support/cmocka.h"

static struct app_command parse(bool *ret_good, const char *const *words) {
    struct app_command command = {.action = APP_SERVE};
    struct str problem;
    int count = 0;
    while (words[count] != NULL)
        count++;
    str_init(&problem);
    *ret_good = app_command_parse(count, (char *const *)words, &command, &problem);
    assert_int_equal(*ret_good, problem.len_bytes == 0);
    str_done(&problem);
    return command;
}

#define PARSE(good, ...) parse((good), (const char *const[]){"liveconvd", __VA_ARGS__, NULL})

static void command_serves_when_nothing_is_asked(void **state) {
    (void)state;
    bool good;
    struct app_command command = parse(&good, (const char *const[]){"liveconvd", NULL});
    assert_true(good);
    assert_int_equal(command.action, APP_SERVE);
    assert_null(command.config_file);
}

static void command_takes_the_file_in_both_forms(void **state) {
    (void)state;
    bool good;
    assert_string_equal(PARSE(&good, "--config", "a.ini").config_file, "a.ini");
    assert_true(good);
    assert_string_equal(PARSE(&good, "--config=b.ini", "--check-config").config_file, "b.ini");
    assert_true(good);
}

static void command_loads_only_with_a_migration(void **state) {
    (void)state;
    bool good;
    struct app_command command = PARSE(&good, "--migrate-only", "--load", "demo.sql");
    assert_true(good);
    assert_int_equal(command.action, APP_MIGRATE_ONLY);
    assert_string_equal(command.load_file, "demo.sql");
    (void)PARSE(&good, "--load", "demo.sql");
    assert_false(good);
}

static void command_refuses_what_it_does_not_know(void **state) {
    (void)state;
    bool good;
    (void)PARSE(&good, "--confg");
    assert_false(good);
    (void)PARSE(&good, "extra");
    assert_false(good);
    (void)PARSE(&good, "--config");
    assert_false(good);
}

static void command_refuses_two_actions(void **state) {
    (void)state;
    bool good;
    (void)PARSE(&good, "--check-config", "--migrate-only");
    assert_false(good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_serves_when_nothing_is_asked),
        cmocka_unit_test(command_takes_the_file_in_both_forms),
        cmocka_unit_test(command_loads_only_with_a_migration),
        cmocka_unit_test(command_refuses_what_it_does_not_know),
        cmocka_unit_test(command_refuses_two_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
