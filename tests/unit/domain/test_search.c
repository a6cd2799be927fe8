#include "domain_test.h"

#include "base/str.h"
#include "domain/search.h"
#include "support/alloc_fault.h"

static struct domain_terms terms_of_text(const char *text) {
    struct domain_terms terms;
    domain_terms_init(&terms);
    assert_refused(text, domain_terms_of_text(text, strlen(text), &terms), STATUS_OK, 0);
    return terms;
}

static struct domain_terms terms_of_query(const char *text) {
    struct domain_terms terms;
    domain_terms_init(&terms);
    assert_refused(text, domain_terms_of_query(text, strlen(text), &terms), STATUS_OK, 0);
    return terms;
}

/* The terms, joined by "|", a prefix with a "*" behind it. */
static void assert_terms(const struct domain_terms *terms, const char *expected) {
    struct str joined;
    str_init(&joined);
    for (size_t i = 0; i < terms->count; i++)
        str_printf(&joined, "%s%s%s", i > 0 ? "|" : "", terms->items[i].text,
                   terms->items[i].is_prefix ? "*" : "");
    assert_string_equal(joined.bytes, expected);
    str_done(&joined);
}

static void texts_are_cut_into_terms(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"Hello, world!", "hello|world"},
        {"A1 Go C++ C#", "a1|go|c|+|#"},
        {"100% _x_ \\ a", "100|%|_|x|\\|a"},
        {"don't l'avion", "don|t|l|avion"},
        {"STRASSE Straße", "strasse"},
        {"\xEF\xBC\xA1\xEF\xBC\x91", "a1"},         /* full width */
        {"\xF0\x9D\x90\x87\xF0\x9D\x90\xA2", "hi"}, /* mathematical letters */
        {"\xE3\x8E\x92", "mhz"},                    /* one character that is three */
        {"日本語", "日本|本語|語"},
        {"会話 クラブ", "会話|話|クラ|ラブ|ブ"},
        {"ラーメン", "ラー|ーメ|メン|ン"},
        {"JLPT対策N3", "jlpt|対策|策|n3"},
        {"한국어 회화", "한국어|회화"},
        {"ภาษา", "ภา|าษ|ษา|า"},
        {"العَرَبِيَّة", "العربية"},
        {"مـــرحبا", "مرحبا"},
        {"Привет МИР", "привет|мир"},
        {"café cafe\xCC\x81", "café"}, /* composed and not */
        {"hi 🌍🎉!", "hi|🌍|🎉"},
        {"👩\xE2\x80\x8D👩", "👩"},
        {"", ""},
        {" \t\n…—", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_terms terms = terms_of_text(rows[i][0]);
        assert_terms(&terms, rows[i][1]);
        domain_terms_done(&terms);
    }
}

static void queries_end_in_a_prefix(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"conv", "conv*"}, {"spanish conv", "spanish|conv*"},
        {"conv ", "conv"}, {"日本語", "日本|本語"},
        {"語", "語*"},     {"go go", "go"},
        {"%", "%"},        {"100%", "100|%"},
        {"🌍", "🌍"},        {"", ""},
        {"...", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_terms terms = terms_of_query(rows[i][0]);
        assert_terms(&terms, rows[i][1]);
        domain_terms_done(&terms);
    }
}

static void queries_find_texts(void **state) {
    (void)state;
    static const struct {
        const char *text, *query;
        bool found;
    } rows[] = {
        {"English for beginners A1", "A1", true},
        {"English for beginners A2", "A1", false},
        {"Let's play Go", "go", true},
        {"All about cooking", "ABOUT", true},
        {"毎週の日本語会話クラブ", "会話", true},
        {"毎週の日本語会話クラブ", "日本語", true},
        {"毎週の日本語会話クラブ", "ブ", true},
        {"毎週の日本語会話クラブ", "英語", false},
        {"محادثة عربية للمبتدئين", "عربية", true},
        {"محادثة عربية للمبتدئين", "للمب", true},
        {"Conversation", "conv", true},
        {"Conversation", "vers", false},
        {"Spanish conversation", "conv spanish", false}, /* only the last may be a beginning */
        {"Spanish conversation", "conversation span", true},
        {"50 percent", "%", false},
        {"50% off", "%", true},
        {"snake_case", "_", true},
        {"snake case", "_", false},
        {"a\\b", "\\", true},
        {"a/b", "\\", false},
        {"Party 🎉", "🎉", true},
        {"Party", "🎉", false},
        {"' OR 1=1--", "or 1=1", true},
        {"anything", "", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_terms text = terms_of_text(rows[i].text);
        struct domain_terms query = terms_of_query(rows[i].query);
        if (domain_terms_match(&text, &query) != rows[i].found)
            fail_msg("\"%s\" in \"%s\"", rows[i].query, rows[i].text);
        domain_terms_done(&text);
        domain_terms_done(&query);
    }
}

static void texts_add_up_without_duplicates(void **state) {
    (void)state;
    struct domain_terms terms = terms_of_text("Cooking tapas");
    assert_refused("more", domain_terms_of_text("tapas y vino", 12, &terms), STATUS_OK, 0);
    assert_terms(&terms, "cooking|tapas|y|vino");
    domain_terms_done(&terms);
}

static void long_words_are_cut_alike(void **state) {
    (void)state;
    char word[201];
    memset(word, 'x', 200);
    word[200] = '\0';
    struct domain_terms text = terms_of_text(word);
    assert_int_equal(text.count, 1);
    assert_int_equal(strlen(text.items[0].text), DOMAIN_TERM_MAX_CHARACTERS);
    word[150] = '\0';
    struct domain_terms query = terms_of_query(word);
    assert_true(domain_terms_match(&text, &query));
    domain_terms_done(&text);
    domain_terms_done(&query);
}

static void the_number_of_terms_is_bounded(void **state) {
    (void)state;
    struct str text;
    str_init(&text);
    for (int i = 0; i < 5000; i++)
        str_printf(&text, "w%d ", i);
    struct domain_terms terms = terms_of_text(text.bytes);
    assert_int_equal(terms.count, DOMAIN_TEXT_MAX_TERMS);
    struct domain_terms query = terms_of_query(text.bytes);
    assert_int_equal(query.count, DOMAIN_QUERY_MAX_TERMS);
    assert_false(query.items[DOMAIN_QUERY_MAX_TERMS - 1].is_prefix);
    domain_terms_done(&terms);
    domain_terms_done(&query);
    str_done(&text);
}

static void bad_text_is_refused(void **state) {
    (void)state;
    struct domain_terms terms = terms_of_text("kept");
    assert_refused("bad", domain_terms_of_text("a\xFF", 2, &terms), STATUS_INVALID_ARGUMENT, 0);
    assert_refused("bad", domain_terms_of_query("\xC3", 1, &terms), STATUS_INVALID_ARGUMENT, 0);
    assert_terms(&terms, "kept");
    domain_terms_done(&terms);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct str words;
    str_init(&words);
    for (int i = 0; i < 100; i++)
        str_printf(&words, "w%d ", i);
    for (size_t n = 1;; n++) {
        struct domain_terms text, query;
        domain_terms_init(&text);
        domain_terms_init(&query);
        alloc_fault_fail_at(n);
        struct status of_text = domain_terms_of_text(words.bytes, words.len_bytes, &text);
        struct status of_query = domain_terms_of_query("go go", 5, &query);
        bool all_tried = alloc_fault_end() < n;
        assert_true(status_is_ok(of_text) || of_text.code == STATUS_RESOURCE_EXHAUSTED);
        assert_true(status_is_ok(of_query) || of_query.code == STATUS_RESOURCE_EXHAUSTED);
        assert_int_equal(all_tried, status_is_ok(of_text) && status_is_ok(of_query));
        domain_terms_done(&text);
        domain_terms_done(&query);
        if (all_tried)
            break;
    }
    str_done(&words);
}

static void prefixes_become_ranges(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"conv", "conw"},
        {"z", "{"},
        {"\x7F", "\xC2\x80"},
        {"語", "誟"},
        {"\xED\x9F\xBF", "\xEE\x80\x80"}, /* over the surrogates */
        {"\xEF\xBF\xBF", "\xF0\x90\x80\x80"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char end[DOMAIN_TERM_MAX_BYTES + 1];
        assert_true(domain_prefix_end(rows[i][0], end));
        assert_string_equal(end, rows[i][1]);
        assert_true(strcmp(rows[i][0], end) < 0);
    }
    char end[DOMAIN_TERM_MAX_BYTES + 1];
    assert_false(domain_prefix_end("", end));
    assert_false(domain_prefix_end("\xF4\x8F\xBF\xBF", end));
    assert_false(domain_prefix_end("\xFF", end));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_into_terms),
        cmocka_unit_test(queries_end_in_a_prefix),
        cmocka_unit_test(queries_find_texts),
        cmocka_unit_test(texts_add_up_without_duplicates),
        cmocka_unit_test(long_words_are_cut_alike),
        cmocka_unit_test(the_number_of_terms_is_bounded),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(prefixes_become_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
