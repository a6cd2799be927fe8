#include "base/str.h"

#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void utf8_round_trips_every_code_point(void **state) {
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        size_t len = utf8_encode(code_point, bytes);
        if (code_point >= 0xD800 && code_point <= 0xDFFF) {
            assert_int_equal(len, 0);
            continue;
        }
        uint32_t back = 0;
        if (len == 0 || utf8_decode(bytes, len, &back) != len || back != code_point ||
            utf8_decode(bytes, len - 1, &back) != 0 || !utf8_is_valid(bytes, len))
            fail_msg("U+%04X does not survive", (unsigned)code_point);
    }
}

static void utf8_encode_refuses_what_unicode_has_not(void **state) {
    (void)state;
    char bytes[4];
    assert_int_equal(utf8_encode(0x110000, bytes), 0);
    assert_int_equal(utf8_encode(UINT32_MAX, bytes), 0);
}

static void utf8_refuses_malformed_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a continuation byte alone */
        "\xC0\x80",         /* overlong NUL */
        "\xC1\xBF",         /* overlong */
        "\xE0\x80\x80",     /* overlong */
        "\xE0\x9F\xBF",     /* overlong */
        "\xF0\x80\x80\x80", /* overlong */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xED\xBF\xBF",     /* surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF5\x80\x80\x80", /* above U+10FFFF */
        "\xFF",
        "\xFE",
        "\xC3",         /* cut off */
        "\xE2\x82",     /* cut off */
        "\xF0\x9F\x98", /* cut off */
        "\xC3\x28",     /* not a continuation */
        "\xE2\x28\xA1", /* not a continuation */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t code_point = 7;
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &code_point), 0);
        assert_int_equal(code_point, 7);
        for (size_t before = 0; before < 20; before++) { /* at every place in a word of eight */
            char text[40];
            memset(text, 'a', sizeof text);
            memcpy(text + before, bad[i], strlen(bad[i]));
            assert_false(utf8_is_valid(text, before + strlen(bad[i])));
            assert_false(utf8_is_valid(text, sizeof text));
        }
    }
}

static void utf8_decode_stops_at_the_end(void **state) {
    (void)state;
    uint32_t code_point = 7;
    assert_int_equal(utf8_decode("x", 0, &code_point), 0);
    assert_int_equal(code_point, 7);
}

static void utf8_accepts_mixed_text(void **state) {
    (void)state;
    const char *text = "plain words, \xE4\xBC\x9A\xE8\xA9\xB1, \xF0\x9F\x98\x80\xC3\xA9 and more";
    assert_true(utf8_is_valid(text, strlen(text)));
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid("a\0b", 3));
}

static void utf8_length_counts_code_points(void **state) {
    (void)state;
    assert_int_equal(utf8_length("", 0), 0);
    assert_int_equal(utf8_length("abc", 3), 3);
    assert_int_equal(utf8_length("\xE4\xBC\x9A\xE8\xA9\xB1", 6), 2);
    assert_int_equal(utf8_length("\xF0\x9F\x98\x80", 4), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_round_trips_every_code_point),
        cmocka_unit_test(utf8_encode_refuses_what_unicode_has_not),
        cmocka_unit_test(utf8_refuses_malformed_text),
        cmocka_unit_test(utf8_decode_stops_at_the_end),
        cmocka_unit_test(utf8_accepts_mixed_text),
        cmocka_unit_test(utf8_length_counts_code_points),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
