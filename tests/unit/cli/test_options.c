#include "clients/cli/options.h"

#include "support/cmocka.h"

struct values {
    bool flag;
    char *text;
    struct option_list list;
    struct option_list each;
};

static const struct option options[] = {
    {"flag", 'f', OPTION_FLAG, offsetof(struct values, flag), NULL, ""},
    {"text", 't', OPTION_TEXT, offsetof(struct values, text), "TEXT", ""},
    {"list", 0, OPTION_LIST, offsetof(struct values, list), "A,B", ""},
    {"each", 0, OPTION_EACH, offsetof(struct values, each), "A", ""},
};

static struct arena arena;
static struct values values;
static struct str problem;

static int set_up(void **state) {
    (void)state;
    arena_init(&arena, 1 << 16);
    values = (struct values){0};
    str_init(&problem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_done(&arena);
    str_done(&problem);
    return 0;
}

static bool read_all(char **arguments, size_t count) {
    struct option_set set = {options, 4, &values};
    for (size_t i = 0; i < count; i++) {
        if (!options_read(&set, 1, arguments, count, &i, &arena, &problem))
            return false;
    }
    return true;
}

#define READ(...)                                                                                  \
    read_all((char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *))

static void values_may_follow_or_be_attached(void **state) {
    (void)state;
    assert_true(READ("-f", "--text", "--a"));
    assert_true(values.flag);
    assert_string_equal(values.text, "--a");
    assert_true(READ("--text=b=c"));
    assert_string_equal(values.text, "b=c");
    assert_true(READ("-t=", "-t", "d"));
    assert_string_equal(values.text, "d");
}

static void lists_take_commas_and_repetition(void **state) {
    (void)state;
    assert_true(READ("--list", "a,b,,", "--list=c"));
    assert_int_equal(values.list.count, 3);
    assert_string_equal(values.list.items[1], "b");
    assert_string_equal(values.list.items[2], "c");
    assert_true(READ("--each", "a,b", "--each", "c"));
    assert_int_equal(values.each.count, 2);
    assert_string_equal(values.each.items[0], "a,b");
}

static void what_is_wrong_is_said(void **state) {
    (void)state;
    assert_false(READ("--colour"));
    assert_string_equal(problem.bytes, "there is no option --colour");
    str_clear(&problem);
    assert_false(READ("--text"));
    assert_string_equal(problem.bytes, "--text needs a value: TEXT");
    str_clear(&problem);
    assert_false(READ("--flag=1"));
    assert_string_equal(problem.bytes, "--flag takes no value");
    assert_false(READ("-flag"));
    assert_false(READ("--f"));
    assert_false(READ("-x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_may_follow_or_be_attached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_take_commas_and_repetition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
