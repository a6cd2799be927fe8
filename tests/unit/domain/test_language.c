#include "domain_test.h"

#include "domain/language.h"

static void tags_get_their_canonical_case(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"en", "en"},
        {"EN", "en"},
        {"pt-br", "pt-BR"},
        {"ZH-hant-tw", "zh-Hant-TW"},
        {"es-419", "es-419"},
        {"yue", "yue"},
        {"zh-CMN-hans-cn", "zh-cmn-Hans-CN"},
        {"sl-IT-NEDIS", "sl-IT-nedis"},
        {"de-CH-1901", "de-CH-1901"},
        {"de-de-u-CO-phonebk", "de-DE-u-co-phonebk"},
        {"en-x-Twain", "en-x-twain"},
        {"en-a-bbb-x-a-ccc", "en-a-bbb-x-a-ccc"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char canonical[DOMAIN_LANGUAGE_BYTES] = "untouched";
        if (!domain_language_canonical(rows[i][0], canonical))
            fail_msg("%s was refused", rows[i][0]);
        assert_string_equal(canonical, rows[i][1]);
    }
}

static void what_is_no_tag_is_refused(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "e",
        "english-language",
        "en_US",
        "en-",
        "-en",
        "en--US",
        "en US",
        "1a",
        "en-US-US",
        "en-u",
        "en-x",
        "x-private",
        "i-klingon",
        "de-1901-1901",
        "en-a-b",
        "日本語",
        "e\xC3\xA9",
        "' OR 1=1--",
        "en-abcdefghi",
        "aaa-bbb-ccc-ddd-eee",
        "en-aaaaaaaa-bbbbbbbb-cccccccc-ddddddd",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char canonical[DOMAIN_LANGUAGE_BYTES] = "untouched";
        if (domain_language_canonical(rows[i], canonical))
            fail_msg("%s was accepted as %s", rows[i], canonical);
        assert_string_equal(canonical, "untouched");
    }
    char canonical[DOMAIN_LANGUAGE_BYTES];
    assert_false(domain_language_canonical(NULL, canonical));
}

static void the_longest_tag_has_35_characters(void **state) {
    (void)state;
    char canonical[DOMAIN_LANGUAGE_BYTES];
    assert_true(domain_language_canonical("en-x-abcdefgh-abcdefgh-abcdefgh-abc", canonical));
    assert_int_equal(strlen(canonical), 35);
    assert_false(domain_language_canonical("en-x-abcdefgh-abcdefgh-abcdefgh-abcd", canonical));
}

static void time_zones_are_checked_by_form(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool expected;
    } rows[] = {
        {"UTC", true},
        {"Europe/Paris", true},
        {"America/Argentina/Buenos_Aires", true},
        {"America/Port-au-Prince", true},
        {"Etc/GMT+5", true},
        {"", false},
        {"/etc/passwd", false},
        {"../etc/passwd", false},
        {"Europe/../secret", false},
        {"Europe//Paris", false},
        {"Europe/", false},
        {"A/B/C/D", false},
        {"Europe/Paris\n", false},
        {"+02:00", false},
        {"Europe/Par is", false},
        {"A23456789012345678901234567890123456789012345678901234567890123456", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (domain_time_zone_valid(rows[i].name) != rows[i].expected)
            fail_msg("%s", rows[i].name);
    assert_false(domain_time_zone_valid(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_get_their_canonical_case),
        cmocka_unit_test(what_is_no_tag_is_refused),
        cmocka_unit_test(the_longest_tag_has_35_characters),
        cmocka_unit_test(time_zones_are_checked_by_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
