#include "auth_test.h"

#include "auth/jwks.h"
#include "base/str.h"

static struct status parse(const char *json, struct auth_key_list *ret_list) {
    return auth_jwks_parse(json, strlen(json), ret_list);
}

static void rsa_and_p256_keys_are_taken(void **state) {
    (void)state;
    struct auth_key_list list;
    char *rsa = test_jwk(BY_RSA, "r", ",\"use\":\"sig\",\"alg\":\"RS256\"");
    char *ec = test_jwk(BY_EC, "e", ",\"key_ops\":[\"verify\"]");
    char *json = test_jwks(rsa, ec, NULL);
    assert_status("jwks", parse(json, &list), STATUS_OK, 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(auth_key_kid(list.items[0]), "r");
    assert_int_equal(auth_key_alg(list.items[0]), AUTH_RS256);
    assert_string_equal(auth_key_kid(list.items[1]), "e");
    assert_int_equal(auth_key_alg(list.items[1]), AUTH_ES256);

    /* They are the keys that the PEM files hold. */
    for (int i = 0; i < 2; i++) {
        struct auth_key *key = NULL;
        const char *pem = test_keys()->public_pems[i == 0 ? BY_RSA : BY_EC];
        assert_status("pem", auth_key_from_pem(i == 0 ? "r" : "e", pem, strlen(pem), &key),
                      STATUS_OK, 0);
        assert_true(auth_key_same(list.items[i], key));
        auth_key_unref(&key);
    }
    auth_key_list_done(&list);
    free(json);
    free(rsa);
    free(ec);
}

static void keys_for_something_else_are_skipped(void **state) {
    (void)state;
    static const char *const rows[] = {
        ",\"use\":\"enc\"",   ",\"use\":7",
        ",\"alg\":\"RS512\"", ",\"alg\":\"HS256\"",
        ",\"alg\":\"none\"",  ",\"key_ops\":[\"sign\"]",
        ",\"key_ops\":[]",    ",\"key_ops\":\"verify\"",
    };
    char *good = test_jwk(BY_EC, "good", "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key_list list;
        char *other = test_jwk(BY_RSA, "other", rows[i]);
        char *json = test_jwks(other, good, NULL);
        assert_status(rows[i], parse(json, &list), STATUS_OK, 0);
        if (list.count != 1)
            fail_msg("%s: %zu keys", rows[i], list.count);
        assert_string_equal(auth_key_kid(list.items[0]), "good");
        auth_key_list_done(&list);
        free(json);
        free(other);
    }
    free(good);
}

static void broken_keys_do_not_take_the_others_with_them(void **state) {
    (void)state;
    static const char *const rows[] = {
        "null",
        "7",
        "[]",
        "{}",
        "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"!!\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AQ\",\"y\":\"AQ\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}",
    };
    char *good = test_jwk(BY_EC, "good", "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key_list list;
        char *json = test_jwks(rows[i], good, NULL);
        assert_status(rows[i], parse(json, &list), STATUS_OK, 0);
        if (list.count != 1)
            fail_msg("%s: %zu keys", rows[i], list.count);
        auth_key_list_done(&list);
        free(json);
    }
    free(good);
}

static void documents_without_a_usable_key_are_refused(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"keys\":null}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}",
        "<html>not found</html>",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[",
        "\xFF\xFE",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key_list list = {.count = 77};
        assert_status(rows[i], parse(rows[i], &list), STATUS_INVALID_ARGUMENT, 0);
        assert_int_equal(list.count, 77);
    }
}

static void the_first_of_two_with_one_kid_is_taken(void **state) {
    (void)state;
    struct auth_key_list list;
    char *first = test_jwk(BY_RSA, "k", "");
    char *second = test_jwk(BY_RSA_2, "k", "");
    char *third = test_jwk(BY_EC, "k", "");
    char *json = test_jwks(first, second, third);
    assert_status("jwks", parse(json, &list), STATUS_OK, 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(auth_key_alg(list.items[0]), AUTH_RS256);
    assert_int_equal(auth_key_alg(list.items[1]), AUTH_ES256);
    auth_key_list_done(&list);
    free(json);
    free(first);
    free(second);
    free(third);
}

static void the_number_of_keys_is_bounded(void **state) {
    (void)state;
    struct auth_key_list list;
    struct str json;
    str_init(&json);
    str_append(&json, "{\"keys\":[");
    for (int i = 0; i < AUTH_JWKS_MAX_KEYS + 10; i++) {
        char kid[16] = {(char)('a' + i % 26), (char)('a' + i / 26)};
        char *jwk = test_jwk(BY_EC, kid, "");
        str_printf(&json, "%s%s", i > 0 ? "," : "", jwk);
        free(jwk);
    }
    str_append(&json, "]}");
    assert_status("jwks", parse(json.bytes, &list), STATUS_OK, 0);
    assert_int_equal(list.count, AUTH_JWKS_MAX_KEYS);
    auth_key_list_done(&list);
    str_done(&json);
}

static void depth_is_counted_outside_of_strings(void **state) {
    (void)state;
    static const struct {
        const char *json;
        bool expected;
    } rows[] = {
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", true},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", false},
        {"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", true},
        {"\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", true},
        {"\"\\\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[", false},
        {"]]]]]]]]]]]]]]]]]]]]]]]][[", true},
        {"[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (auth_json_depth_is_ok(rows[i].json, strlen(rows[i].json)) != rows[i].expected)
            fail_msg("%s", rows[i].json);
}

static int make_keys(void **state) {
    (void)state;
    test_keys();
    return 0;
}

static int drop_keys(void **state) {
    (void)state;
    test_keys_free();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_and_p256_keys_are_taken),
        cmocka_unit_test(keys_for_something_else_are_skipped),
        cmocka_unit_test(broken_keys_do_not_take_the_others_with_them),
        cmocka_unit_test(documents_without_a_usable_key_are_refused),
        cmocka_unit_test(the_first_of_two_with_one_kid_is_taken),
        cmocka_unit_test(the_number_of_keys_is_bounded),
        cmocka_unit_test(depth_is_counted_outside_of_strings),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
