/*
 * What the tests of auth share: keys made anew for each run, and tokens with any header and claims,
 * signed by OpenSSL, so that every wrong token there is can be made.
 */
#ifndef TESTS_UNIT_AUTH_TEST_H
#define TESTS_UNIT_AUTH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/key.h"
#include "auth/token.h"
#include "base/status.h"
#include "domain/reason.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Some moment of 2026. */
#define TEST_NOW_S INT64_C(1772000000)
#define TEST_NOW_US (TEST_NOW_S * 1000000)

#define TEST_SECRET "0123456789abcdef0123456789abcdef"

enum test_signer { BY_SECRET, BY_RSA, BY_RSA_2, BY_EC, BY_EC_2, TEST_SIGNERS };

struct test_keys {
    void *pkeys[TEST_SIGNERS];        /* EVP_PKEY; NULL for the secret */
    char *private_pems[TEST_SIGNERS]; /* terminated */
    char *public_pems[TEST_SIGNERS];
};

/* Made once per program; freed by test_keys_free(). */
const struct test_keys *test_keys(void);
void test_keys_free(void);

/* A JWK with this kid. The caller frees it. */
char *test_jwk(enum test_signer signer, const char *kid, const char *more);
/* A JWKS of up to three such keys; NULL ends the list. The caller frees it. */
char *test_jwks(const char *jwk, const char *second, const char *third);

/* Base64url, no padding. The caller frees it. */
char *test_base64url(const void *bytes, size_t len_bytes);

/* HEADER.PAYLOAD.SIGNATURE of two JSON texts. The caller frees it. */
char *test_token(enum test_signer signer, const char *header, const char *payload);
/* The same, HMAC-SHA256 with any secret. */
char *test_token_hmac(const void *secret, size_t secret_len, const char *header,
                      const char *payload);

/* A self-signed certificate of the RSA key that ends at this time. The caller frees it. */
char *test_certificate(int64_t not_after_s);

#define assert_status(name, answer, expected_code, expected_reason)                                \
    do {                                                                                           \
        struct status answer_ = (answer);                                                          \
        if (answer_.code != (int32_t)(expected_code) ||                                            \
            answer_.reason != (int32_t)(expected_reason))                                          \
            fail_msg("%s: %s/%s (%s), expected %s/%s", (name), status_code_name(answer_.code),     \
                     domain_reason_name(answer_.reason), answer_.detail ? answer_.detail : "",     \
                     status_code_name(expected_code), domain_reason_name(expected_reason));        \
    } while (0)

#endif
