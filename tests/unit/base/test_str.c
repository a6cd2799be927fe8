#include "base/str.h"

#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void str_is_empty_text_before_the_first_append(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    assert_string_equal(s.bytes, "");
    str_clear(&s);
    str_done(&s);
    assert_string_equal(s.bytes, "");
}

static void str_appends_and_stays_terminated(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    for (size_t i = 0; i < 1000; i++) {
        assert_true(str_append_char(&s, (char)('a' + i % 26)));
        assert_int_equal(s.len_bytes, i + 1);
        assert_int_equal(strlen(s.bytes), i + 1);
    }
    assert_true(str_append(&s, "end"));
    assert_true(str_append_bytes(&s, NULL, 0));
    assert_string_equal(s.bytes + 1000, "end");
    str_clear(&s);
    assert_string_equal(s.bytes, "");
    str_done(&s);
}

static void str_printf_formats_at_any_fill(void **state) {
    (void)state;
    for (int fill = 0; fill < 140; fill++) {
        struct str s;
        str_init(&s);
        for (int i = 0; i < fill; i++)
            str_append_char(&s, '.');
        assert_true(str_printf(&s, "%d:%s", 12345, "text"));
        assert_string_equal(s.bytes + fill, "12345:text");
        assert_int_equal(s.len_bytes, fill + 10);
        str_done(&s);
    }
}

static void str_remembers_a_failed_allocation(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    assert_true(str_append(&s, "kept"));
    char big[200];
    memset(big, 'x', sizeof big);
    alloc_fault_fail_at(1);
    bool appended = str_append_bytes(&s, big, sizeof big);
    alloc_fault_end();
    assert_false(appended);
    assert_true(s.failed);
    assert_string_equal(s.bytes, "kept");
    assert_false(str_append(&s, "more"));
    assert_false(str_printf(&s, "%d", 1));
    assert_false(str_append_json(&s, "x", 1));
    assert_string_equal(s.bytes, "kept");
    assert_null(str_take(&s));
    str_clear(&s);
    assert_true(str_append(&s, "again"));
    str_done(&s);
}

static void str_refuses_lengths_that_overflow(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    assert_true(str_append(&s, "x"));
    assert_false(str_append_bytes(&s, "", SIZE_MAX));
    assert_true(s.failed);
    str_done(&s);
}

static void str_take_hands_over_the_bytes(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    str_append(&s, "mine");
    char *mine = str_take(&s);
    assert_string_equal(mine, "mine");
    assert_string_equal(s.bytes, "");
    free(mine);
    char *nothing = str_take(&s);
    assert_string_equal(nothing, "");
    free(nothing);
    str_done(&s);
}

static void assert_json(const char *text, size_t len, const char *expected) {
    struct str s;
    str_init(&s);
    assert_true(str_append_json(&s, text, len));
    assert_string_equal(s.bytes, expected);
    str_done(&s);
}

static void str_append_json_escapes_what_json_reserves(void **state) {
    (void)state;
    assert_json("", 0, "");
    assert_json("plain 'text' /", 14, "plain 'text' /");
    assert_json("a\"b\\c", 5, "a\\\"b\\\\c");
    assert_json("\n\r\t\b\x1f\x7f", 6, "\\n\\r\\t\\u0008\\u001f\x7f");
    assert_json("a\0b", 3, "a\\u0000b");
}

static void str_append_json_keeps_good_utf8_and_replaces_bad(void **state) {
    (void)state;
    assert_json("h\xC3\xA9 \xF0\x9F\x98\x80", 8, "h\xC3\xA9 \xF0\x9F\x98\x80");
    assert_json("\xC3", 1, "\xEF\xBF\xBD");
    assert_json("a\xFFz", 3, "a\xEF\xBF\xBDz");
    assert_json("\xED\xA0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* a surrogate */
    assert_json("\xC3\"", 2, "\xEF\xBF\xBD\\\"");
}

static void secret_equal_compares_length_and_bytes(void **state) {
    (void)state;
    assert_true(secret_equal("", 0, "", 0));
    assert_true(secret_equal("a\0b", 3, "a\0b", 3));
    assert_false(secret_equal("a\0b", 3, "a\0c", 3));
    assert_false(secret_equal("abc", 3, "abcd", 4));
    assert_false(secret_equal("xbc", 3, "abc", 3));
}

static void parse_int64_reads_the_whole_range(void **state) {
    (void)state;
    int64_t n = 7;
    assert_true(parse_int64("0", &n) && n == 0);
    assert_true(parse_int64("-0", &n) && n == 0);
    assert_true(parse_int64("-17", &n) && n == -17);
    assert_true(parse_int64("9223372036854775807", &n) && n == INT64_MAX);
    assert_true(parse_int64("-9223372036854775808", &n) && n == INT64_MIN);
}

static void parse_int64_refuses_everything_else(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "-",
        " 1",
        "1 ",
        "+1",
        "1a",
        "0x10",
        "--1",
        "1.0",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t n = 7;
        assert_false(parse_int64(bad[i], &n));
        assert_int_equal(n, 7);
    }
    assert_false(parse_int64(NULL, &(int64_t){0}));
}

static void parse_uint64_reads_unsigned_numbers_alone(void **state) {
    (void)state;
    uint64_t n = 7;
    assert_true(parse_uint64("18446744073709551615", &n) && n == UINT64_MAX);
    n = 7;
    assert_false(parse_uint64("18446744073709551616", &n));
    assert_false(parse_uint64("-1", &n));
    assert_false(parse_uint64("", &n));
    assert_false(parse_uint64(NULL, &n));
    assert_int_equal(n, 7);
}

static void str_starts_and_ends_with(void **state) {
    (void)state;
    assert_true(str_starts_with("liveconv.v1", "liveconv"));
    assert_true(str_starts_with("x", ""));
    assert_false(str_starts_with("live", "liveconv"));
    assert_true(str_ends_with("a.proto", ".proto"));
    assert_true(str_ends_with("x", ""));
    assert_false(str_ends_with("proto", ".proto"));
    assert_false(str_ends_with("a.prota", ".proto"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_is_empty_text_before_the_first_append),
        cmocka_unit_test(str_appends_and_stays_terminated),
        cmocka_unit_test(str_printf_formats_at_any_fill),
        cmocka_unit_test(str_remembers_a_failed_allocation),
        cmocka_unit_test(str_refuses_lengths_that_overflow),
        cmocka_unit_test(str_take_hands_over_the_bytes),
        cmocka_unit_test(str_append_json_escapes_what_json_reserves),
        cmocka_unit_test(str_append_json_keeps_good_utf8_and_replaces_bad),
        cmocka_unit_test(secret_equal_compares_length_and_bytes),
        cmocka_unit_test(parse_int64_reads_the_whole_range),
        cmocka_unit_test(parse_int64_refuses_everything_else),
        cmocka_unit_test(parse_uint64_reads_unsigned_numbers_alone),
        cmocka_unit_test(str_starts_and_ends_with),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
