#include "codegen/problems.h"

#include <string.h>

#include "support/cmocka.h"

#include "arena_fixture.h"

static void nothing_wrong_is_no_text(void **state) {
    struct problems problems;
    problems_init(&problems, *state);
    assert_null(problems_text(&problems));
}

static void problems_are_ordered_by_file_and_line(void **state) {
    struct problems problems;
    problems_init(&problems, *state);
    problems_add(&problems, "b.proto", 1, "one");
    problems_add(&problems, "a.proto", 10, "two %d", 2);
    problems_add(&problems, "a.proto", 9, "three");
    problems_add(&problems, "a.proto", 9, "four");
    problems_add(&problems, "a.proto", 0, "five");
    problems_add_parameter(&problems, "six");
    assert_string_equal(problems_text(&problems), "parameter: six\n"
                                                  "a.proto: five\n"
                                                  "a.proto:9: three\n"
                                                  "a.proto:9: four\n"
                                                  "a.proto:10: two 2\n"
                                                  "b.proto:1: one");
}

static void any_number_of_problems_is_kept(void **state) {
    struct problems problems;
    problems_init(&problems, *state);
    for (int i = 1; i <= 1000; i++)
        problems_add(&problems, "a.proto", i, "wrong");
    const char *text = problems_text(&problems);
    assert_non_null(strstr(text, "a.proto:1: wrong\n"));
    assert_non_null(strstr(text, "a.proto:1000: wrong"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(nothing_wrong_is_no_text),
        WITH_ARENA(problems_are_ordered_by_file_and_line),
        WITH_ARENA(any_number_of_problems_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
