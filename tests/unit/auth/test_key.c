#include "auth_test.h"

static void what_is_no_key_is_refused(void **state) {
    (void)state;
    struct auth_key *key = NULL;
    const char *private_pem = test_keys()->private_pems[BY_RSA];
    char long_kid[AUTH_KID_MAX_BYTES + 2];
    memset(long_kid, 'k', sizeof long_kid - 1);
    long_kid[sizeof long_kid - 1] = '\0';

    assert_status("empty secret", auth_key_from_secret("k", "", 0, &key), STATUS_INVALID_ARGUMENT,
                  0);
    assert_status("short secret", auth_key_from_secret("k", TEST_SECRET, 31, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_status("long kid", auth_key_from_secret(long_kid, TEST_SECRET, 32, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_status("empty PEM", auth_key_from_pem("k", "", 0, &key), STATUS_INVALID_ARGUMENT, 0);
    assert_status("no PEM", auth_key_from_pem("k", "hello", 5, &key), STATUS_INVALID_ARGUMENT, 0);
    assert_status("private key", auth_key_from_pem("k", private_pem, strlen(private_pem), &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_null(key);
}

static void weak_or_foreign_keys_are_refused(void **state) {
    (void)state;
    /* Ed25519. */
    static const char *const rows[] = {
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key *key = NULL;
        assert_status("foreign", auth_key_from_pem("k", rows[i], strlen(rows[i]), &key),
                      STATUS_INVALID_ARGUMENT, 0);
    }
    uint8_t n[128];
    const uint8_t e[] = {1, 0, 1};
    struct auth_key *key = NULL;
    memset(n, 0xC5, sizeof n);
    assert_status("1024 bits", auth_key_from_rsa("k", n, sizeof n, e, sizeof e, &key),
                  STATUS_INVALID_ARGUMENT, 0);
}

static void degenerate_rsa_numbers_are_refused(void **state) {
    (void)state;
    uint8_t n[256];
    const uint8_t three[] = {3}, one[] = {1}, even[] = {4}, zero[] = {0};
    struct auth_key *key = NULL;
    memset(n, 0xC5, sizeof n);
    assert_status("good", auth_key_from_rsa("k", n, sizeof n, three, 1, &key), STATUS_OK, 0);
    auth_key_unref(&key);
    assert_status("e = 1", auth_key_from_rsa("k", n, sizeof n, one, 1, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_status("e = 4", auth_key_from_rsa("k", n, sizeof n, even, 1, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_status("e = 0", auth_key_from_rsa("k", n, sizeof n, zero, 1, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_status("no e", auth_key_from_rsa("k", n, sizeof n, zero, 0, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    n[255] = 0;
    assert_status("even n", auth_key_from_rsa("k", n, sizeof n, three, 1, &key),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_null(key);
}

static void points_off_the_curve_are_refused(void **state) {
    (void)state;
    uint8_t x[32] = {1};
    uint8_t y[32] = {2};
    struct auth_key *key = NULL;
    assert_status("off", auth_key_from_p256("k", x, y, &key), STATUS_INVALID_ARGUMENT, 0);
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    assert_status("infinity", auth_key_from_p256("k", x, y, &key), STATUS_INVALID_ARGUMENT, 0);
    assert_null(key);
}

static void a_key_knows_itself(void **state) {
    (void)state;
    const char *rsa = test_keys()->public_pems[BY_RSA];
    const char *ec = test_keys()->public_pems[BY_EC];
    struct auth_key *a = NULL, *b = NULL, *c = NULL;
    assert_status("a", auth_key_from_pem("k", rsa, strlen(rsa), &a), STATUS_OK, 0);
    assert_status("b", auth_key_from_pem("k", rsa, strlen(rsa), &b), STATUS_OK, 0);
    assert_status("c", auth_key_from_pem("k", ec, strlen(ec), &c), STATUS_OK, 0);
    assert_int_equal(auth_key_alg(a), AUTH_RS256);
    assert_int_equal(auth_key_alg(c), AUTH_ES256);
    assert_string_equal(auth_key_kid(a), "k");
    assert_int_equal(auth_key_expires_at_us(a), INT64_MAX);
    assert_true(auth_key_same(a, b));
    assert_false(auth_key_same(a, c));
    auth_key_unref(&b);
    assert_status("b", auth_key_from_pem("other", rsa, strlen(rsa), &b), STATUS_OK, 0);
    assert_false(auth_key_same(a, b));
    auth_key_unref(&a);
    auth_key_unref(&b);
    auth_key_unref(&c);
    assert_null(a);
    auth_key_unref(&a);
}

static void secrets_are_compared_whole(void **state) {
    (void)state;
    struct auth_key *a = NULL, *b = NULL;
    assert_status("a", auth_key_from_secret("k", TEST_SECRET, 32, &a), STATUS_OK, 0);
    assert_status("b", auth_key_from_secret("k", TEST_SECRET "x", 33, &b), STATUS_OK, 0);
    assert_false(auth_key_same(a, b));
    auth_key_unref(&a);
    auth_key_unref(&b);
}

static void signatures_of_any_length_are_refused(void **state) {
    (void)state;
    uint8_t bytes[1100] = {0};
    for (int signer = BY_SECRET; signer < TEST_SIGNERS; signer += 2) {
        struct auth_key *key = NULL;
        const char *pem = test_keys()->public_pems[signer];
        struct status status = signer == BY_SECRET
                                   ? auth_key_from_secret("k", TEST_SECRET, 32, &key)
                                   : auth_key_from_pem("k", pem, strlen(pem), &key);
        assert_status("key", status, STATUS_OK, 0);
        for (size_t len = 0; len <= sizeof bytes; len += len < 300 ? 1 : 100)
            assert_false(auth_key_verify(key, "text", 4, bytes, len));
        auth_key_unref(&key);
    }
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
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(weak_or_foreign_keys_are_refused),
        cmocka_unit_test(degenerate_rsa_numbers_are_refused),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(a_key_knows_itself),
        cmocka_unit_test(secrets_are_compared_whole),
        cmocka_unit_test(signatures_of_any_length_are_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
