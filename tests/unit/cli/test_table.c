#include "clients/cli/table.h"

#include <stdlib.h>

#include "support/cmocka.h"

static char *printed(const struct table *table, size_t columns) {
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    struct style style = {.columns = columns};
    assert_non_null(file);
    table_print(table, &style, file);
    fclose(file);
    return text;
}

static void columns_are_aligned_by_width_and_cut_to_the_terminal(void **state) {
    static const char *const titles[] = {"TITLE", "N"};
    struct arena arena;
    struct table table;
    (void)state;
    arena_init(&arena, 1 << 16);
    table_init(&table, &arena, titles, 2, 0);
    struct table_row *row = table_add(&table);
    row->cells[0] = "日本語で話そう日本語で話そう";
    row->cells[1] = "1";
    table_add(&table)->cells[1] = "2";
    char *text = printed(&table, 0);
    assert_string_equal(text, "TITLE                         N\n"
                              "日本語で話そう日本語で話そう  1\n"
                              "                              2\n");
    free(text);
    text = printed(&table, 16);
    assert_string_equal(text, "TITLE          N\n"
                              "日本語で話そ…  1\n"
                              "               2\n");
    free(text);
    arena_done(&arena);
}

static void texts_cannot_command_the_terminal(void **state) {
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 16);
    assert_string_equal(text_clean(&arena, "a\033[31mb\x7f\xc2\x9b", " "),
                        "a\xef\xbf\xbd[31mb\xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(text_clean(&arena, "\xe2\x80\xae", " "), "\xef\xbf\xbd");
    assert_string_equal(text_clean(&arena, "bad \xff\xc3", " "), "bad \xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(text_clean(&arena, "a\nb\tc", " | "), "a | b c");
    assert_string_equal(text_clean(&arena, "👩‍👩‍👧 ok", " "), "👩‍👩‍👧 ok");
    assert_string_equal(text_clean(&arena, NULL, " "), "");
    arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_width_and_cut_to_the_terminal),
        cmocka_unit_test(texts_cannot_command_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
