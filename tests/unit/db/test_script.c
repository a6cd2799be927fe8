#include "support/cmocka.h"

#include "db/script.h"

#include <string.h>

/* The statements of `text`, each followed by '|'; "!" at an open quote or comment. */
static const char *split(const char *text) {
    static char out[512];
    struct db_script script;
    struct db_script_step step;
    enum db_script_result result;
    size_t len = 0;

    db_script_init(&script, text, strlen(text));
    while ((result = db_script_next(&script, &step)) == DB_SCRIPT_STEP) {
        assert_true(len + step.len_bytes + 2 < sizeof out);
        memcpy(out + len, step.text, step.len_bytes);
        len += step.len_bytes;
        out[len++] = '|';
    }
    if (result == DB_SCRIPT_UNTERMINATED)
        out[len++] = '!';
    out[len] = '\0';
    return out;
}

static void statements_end_at_semicolons(void **state) {
    (void)state;
    assert_string_equal(split("A;B ;\n C\n;"), "A|B|C|");
    assert_string_equal(split("A; B"), "A|B|");
    assert_string_equal(split(""), "");
    assert_string_equal(split(" \n;;; \t;"), "");
}

static void semicolons_in_quotes_do_not_count(void **state) {
    (void)state;
    assert_string_equal(split("a ';' b; c \";\" d; e `;` f"), "a ';' b|c \";\" d|e `;` f|");
    assert_string_equal(split("a 'it''s; one'; b"), "a 'it''s; one'|b|");
    assert_string_equal(split("a '\\';' ; b"), "a '\\';'|b|");
    assert_string_equal(split("a `\\`; b"), "a `\\`|b|");
    assert_string_equal(split("a '-- no comment'; b"), "a '-- no comment'|b|");
}

static void semicolons_in_comments_do_not_count(void **state) {
    (void)state;
    assert_string_equal(split("a -- ; '\n b; c # ; \"\n d; e /* ; ' */ f"),
                        "a -- ; '\n b|c # ; \"\n d|e /* ; ' */ f|");
    assert_string_equal(split("a 1--2; b"), "a 1--2|b|");
    assert_string_equal(split("a / b; c * d"), "a / b|c * d|");
}

static void comments_before_a_statement_do_not_belong_to_it(void **state) {
    (void)state;
    assert_string_equal(split("-- one; two\n/* three; */ # four;\nA;\n--\nB;\n-- the end"), "A|B|");
    assert_string_equal(split("-- nothing"), "");
}

static void a_marker_line_separates_bodies_with_semicolons(void **state) {
    (void)state;
    assert_string_equal(split("A;\n-- step\nBEGIN x; y; END;\n-- step\nC;\n-- step \n"),
                        "A|BEGIN x; y; END|C|");
    assert_string_equal(split("-- step\nA; B\n-- steps\nC\n-- step"), "A; B\n-- steps\nC|");
}

static void open_quotes_and_comments_are_refused(void **state) {
    (void)state;
    assert_string_equal(split("A; B 'x"), "A|!");
    assert_string_equal(split("A; `x"), "A|!");
    assert_string_equal(split("A; /* x *"), "A|!");
    assert_string_equal(split("A; B /*/"), "A|!");
    assert_string_equal(split("B '\\"), "!");
    size_t count = 77;
    assert_false(db_script_count("A; 'x", 5, &count));
    assert_int_equal(count, 77);
}

static void statements_are_counted(void **state) {
    (void)state;
    size_t count;
    assert_true(db_script_count("A; B; C", 7, &count));
    assert_int_equal(count, 3);
}

static void definitions_are_told_from_changes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_definition;
    } table[] = {
        {"CREATE TABLE x", true}, {"alter\ntable x", true}, {"Drop INDEX x", true},
        {"INSERT INTO x", false}, {"UPDATE x", false},      {"CREATED", false},
        {"RENAME TABLE x", true}, {"TRUNCATE x", true},     {"DROP", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct db_script_step step = {table[i].text, strlen(table[i].text)};
        assert_int_equal(db_script_is_definition(&step), table[i].is_definition);
    }
}

static void a_checksum_changes_with_any_byte(void **state) {
    (void)state;
    char text[] = "CREATE TABLE x (id INT)";
    struct db_script_step step = {text, sizeof text - 1};
    uint64_t before = db_script_checksum(&step);
    assert_true(before == db_script_checksum(&step));
    for (size_t i = 0; i < sizeof text - 1; i++) {
        text[i] ^= 1;
        assert_true(db_script_checksum(&step) != before);
        text[i] ^= 1;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons),
        cmocka_unit_test(semicolons_in_quotes_do_not_count),
        cmocka_unit_test(semicolons_in_comments_do_not_count),
        cmocka_unit_test(comments_before_a_statement_do_not_belong_to_it),
        cmocka_unit_test(a_marker_line_separates_bodies_with_semicolons),
        cmocka_unit_test(open_quotes_and_comments_are_refused),
        cmocka_unit_test(statements_are_counted),
        cmocka_unit_test(definitions_are_told_from_changes),
        cmocka_unit_test(a_checksum_changes_with_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
