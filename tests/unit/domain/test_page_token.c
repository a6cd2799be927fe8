#include "domain_test.h"

#include "domain/page_token.h"

static const uint8_t key[DOMAIN_PAGE_KEY_BYTES] = {1, 2, 3, 4};
static const uint8_t other_key[DOMAIN_PAGE_KEY_BYTES] = {4, 3, 2, 1};

static struct domain_page_scope base_scope(void) {
    return (struct domain_page_scope){
        .key = key, .list = "conversations", .tenant = "t1", .filter = "level=B1", .filter_len = 8};
}

static const struct domain_page_position somewhere = {
    .key = -1234567890123, .id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}};

static void a_token_leads_back_to_its_position(void **state) {
    (void)state;
    const int64_t keys[] = {0, 1, -1, INT64_MAX, INT64_MIN, TEST_NOW_US};
    struct domain_page_scope scope = base_scope();
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct domain_page_position in = somewhere;
        struct domain_page_position out = {0};
        char token[DOMAIN_PAGE_TOKEN_BYTES];
        in.key = keys[i];
        assert_refused("write", domain_page_token_write(&scope, &in, token), STATUS_OK, 0);
        assert_int_equal(strlen(token), DOMAIN_PAGE_TOKEN_BYTES - 1);
        assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_"),
                         strlen(token));
        assert_refused("read", domain_page_token_read(&scope, token, &out), STATUS_OK, 0);
        assert_int_equal(out.key, in.key);
        assert_memory_equal(out.id, in.id, sizeof in.id);
    }
}

static void every_altered_character_is_noticed(void **state) {
    (void)state;
    struct domain_page_scope scope = base_scope();
    char token[DOMAIN_PAGE_TOKEN_BYTES];
    assert_refused("write", domain_page_token_write(&scope, &somewhere, token), STATUS_OK, 0);
    for (size_t i = 0; i < DOMAIN_PAGE_TOKEN_BYTES - 1; i++) {
        struct domain_page_position out = {.key = 77};
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_refused("altered", domain_page_token_read(&scope, token, &out),
                       STATUS_INVALID_ARGUMENT, DOMAIN_REASON_PAGE_TOKEN_INVALID);
        assert_int_equal(out.key, 77);
        token[i] = was;
    }
}

static void a_token_is_bound_to_its_scope(void **state) {
    (void)state;
    struct domain_page_scope scope = base_scope();
    struct domain_page_position out;
    char token[DOMAIN_PAGE_TOKEN_BYTES];
    assert_refused("write", domain_page_token_write(&scope, &somewhere, token), STATUS_OK, 0);

    struct domain_page_scope others[6];
    for (size_t i = 0; i < COUNT_OF(others); i++)
        others[i] = base_scope();
    others[0].key = other_key;
    others[1].tenant = "t2";
    others[2].filter = "level=B2";
    others[3].filter_len = 0;
    others[4].list = "bookings";
    /* What moves from one part to its neighbour makes another scope. */
    others[5].list = "conversation";
    others[5].tenant = "st1";
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_refused("other scope", domain_page_token_read(&others[i], token, &out),
                       STATUS_INVALID_ARGUMENT, DOMAIN_REASON_PAGE_TOKEN_INVALID);
}

static void other_texts_are_no_tokens(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "A",
        "=",
        "null",
        "' OR 1=1--",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "++++++++++++++++++++++++++++++++++++++++++++++++++++++/",
        "\xF0\x9F\x8C\x8D",
    };
    struct domain_page_scope scope = base_scope();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_page_position out;
        assert_refused(rows[i], domain_page_token_read(&scope, rows[i], &out),
                       STATUS_INVALID_ARGUMENT, DOMAIN_REASON_PAGE_TOKEN_INVALID);
    }
}

static void sizes_have_a_default_and_a_cap(void **state) {
    (void)state;
    assert_int_equal(domain_page_size(0), 50);
    assert_int_equal(domain_page_size(1), 1);
    assert_int_equal(domain_page_size(200), 200);
    assert_int_equal(domain_page_size(1000000000), 200);
    assert_int_equal(domain_page_size(-1), 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_leads_back_to_its_position),
        cmocka_unit_test(every_altered_character_is_noticed),
        cmocka_unit_test(a_token_is_bound_to_its_scope),
        cmocka_unit_test(other_texts_are_no_tokens),
        cmocka_unit_test(sizes_have_a_default_and_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
