#include "codegen/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"

/* What was printed; to be freed by close_output(). */
struct output {
    FILE *stream;
    char *text;
    size_t len;
};

static void open_output(struct output *output) {
    *output = (struct output){0};
    output->stream = open_memstream(&output->text, &output->len);
    assert_non_null(output->stream);
}

static void expect(struct output *output, const char *text) {
    fclose(output->stream);
    assert_string_equal(output->text, text);
    free(output->text);
}

static void expect_comment(const char *leading, const char *trailing, const char *text) {
    struct output output;
    open_output(&output);
    print_comment(output.stream, 2,
                  &(struct source_comment){.leading = leading, .trailing = trailing});
    expect(&output, text);
}

static void no_comment_prints_nothing(void **state) {
    (void)state;
    expect_comment(NULL, NULL, "");
}

static void a_short_comment_takes_one_line(void **state) {
    (void)state;
    expect_comment(" Says it.\n", NULL, "  /* Says it. */\n");
    expect_comment(NULL, " After.\n", "  /* After. */\n");
}

static void paragraphs_and_indentation_are_kept(void **state) {
    (void)state;
    expect_comment(" One.\n\n   two\nthree\n", " After.\n",
                   "  /*\n   * One.\n   *\n   *   two\n   * three\n   *\n   * After.\n   */\n");
}

static void comments_cannot_end_or_nest_comments(void **state) {
    (void)state;
    expect_comment(" a */ b /* c **/\n", NULL, "  /* a * / b / * c ** / */\n");
    expect_comment("/x\n/y\n", NULL, "  /*\n   * /x\n   * /y\n   */\n");
}

static void functions_that_fit_take_one_line(void **state) {
    (void)state;
    struct output output;
    open_output(&output);
    print_function(output.stream, "int f", ";\n", "int a", "", "int b", NULL);
    expect(&output, "int f(int a, int b);\n");
}

static void parameters_are_aligned_behind_the_parenthesis(void **state) {
    (void)state;
    struct output output;
    open_output(&output);
    print_function(output.stream, "struct status a_name", ";\n",
                   "const struct a_type_with_a_rather_long_name *parameter",
                   "const struct a_type_with_a_rather_long_name *another", NULL);
    expect(&output,
           "struct status a_name(const struct a_type_with_a_rather_long_name *parameter,\n"
           "                     const struct a_type_with_a_rather_long_name *another);\n");
}

static void parameters_that_cannot_be_aligned_are_indented(void **state) {
    (void)state;
    struct output output;
    open_output(&output);
    print_function(output.stream,
                   "struct status a_function_whose_name_alone_leaves_little_room_on_its_line",
                   " STATUS_MUST_USE;\n", "const struct a_type *parameter", "void *context", NULL);
    expect(&output, "struct status a_function_whose_name_alone_leaves_little_room_on_its_line(\n"
                    "    const struct a_type *parameter, void *context) STATUS_MUST_USE;\n");
}

static void literals_escape_what_c_reads_otherwise(void **state) {
    (void)state;
    struct output output;
    open_output(&output);
    print_literal(output.stream, "a\"b\\c\n\xc3\xa4?1");
    expect(&output, "\"a\\\"b\\\\c\\012\\303\\244\\0771\"");
}

static void bytes_come_sixteen_a_line(void **state) {
    (void)state;
    struct output output;
    open_output(&output);
    uint8_t bytes[17] = {0};
    bytes[16] = 0xff;
    print_bytes(output.stream, bytes, sizeof(bytes));
    expect(&output, "    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, "
                    "0x00, 0x00, 0x00, 0x00,\n    0xff,\n");
}

static void reals_are_short_and_read_back(void **state) {
    (void)state;
    static const double numbers[] = {0.1, 1.0 / 3, 1e300, -2, 5e-324, 1.7976931348623157e308};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct output output;
        open_output(&output);
        print_real(output.stream, numbers[i]);
        fclose(output.stream);
        double back = strtod(output.text, NULL);
        assert_memory_equal(&back, &numbers[i], sizeof(back));
        assert_non_null(strpbrk(output.text, ".e"));
        free(output.text);
    }
    struct output output;
    open_output(&output);
    print_real(output.stream, 0.1);
    fputs(" ", output.stream);
    print_real(output.stream, -INFINITY);
    expect(&output, "0.1 -INFINITY");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_comment_prints_nothing),
        cmocka_unit_test(a_short_comment_takes_one_line),
        cmocka_unit_test(paragraphs_and_indentation_are_kept),
        cmocka_unit_test(comments_cannot_end_or_nest_comments),
        cmocka_unit_test(functions_that_fit_take_one_line),
        cmocka_unit_test(parameters_are_aligned_behind_the_parenthesis),
        cmocka_unit_test(parameters_that_cannot_be_aligned_are_indented),
        cmocka_unit_test(literals_escape_what_c_reads_otherwise),
        cmocka_unit_test(bytes_come_sixteen_a_line),
        cmocka_unit_test(reals_are_short_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
