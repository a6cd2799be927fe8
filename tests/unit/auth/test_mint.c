#include "auth_test.h"

#include "auth/mint.h"
#include "domain/types.h"
#include "rpc/principal.h"

#include <jwt.h>

static const char *const roles[] = {"student", "instructor"};
static const char *const tenants[] = {"t1"};

static struct auth_mint mint_of(enum test_signer signer) {
    return (struct auth_mint){
        .alg = signer == BY_SECRET ? "HS256"
               : signer == BY_RSA  ? "RS256"
                                   : "ES256",
        .key = signer == BY_SECRET ? TEST_SECRET : test_keys()->private_pems[signer],
        .key_len = signer == BY_SECRET ? 32 : strlen(test_keys()->private_pems[signer]),
        .kid = "k",
        .issuer = "dev",
        .audience = "liveconv",
        .subject = "ann",
        .tenant = "t1",
        .roles = roles,
        .role_count = 2,
        .tier = "PRO",
        .name = "Ann \"A\" \xC3\xA9",
        .issued_at_s = TEST_NOW_S,
        .expires_at_s = TEST_NOW_S + 60,
    };
}

static struct status verify(const char *text, enum test_signer signer,
                            struct auth_verified *ret_verified) {
    const char *pem = test_keys()->public_pems[signer];
    struct auth_authority authority = {.issuer = "dev",
                                       .audience = "liveconv",
                                       .tenants = tenants,
                                       .tenant_count = 1,
                                       .roles = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR,
                                       .claims = auth_default_claim_names};
    struct auth_candidate candidate = {NULL, &authority};
    struct auth_token token;
    struct status status = signer == BY_SECRET
                               ? auth_key_from_secret("k", TEST_SECRET, 32, &candidate.key)
                               : auth_key_from_pem("k", pem, strlen(pem), &candidate.key);
    if (status_is_ok(status))
        status = auth_token_parse(text, strlen(text), &token);
    if (status_is_ok(status))
        status = auth_token_verify(&token, &candidate, 1, 0, TEST_NOW_US, NULL, ret_verified);
    auth_key_unref(&candidate.key);
    return status;
}

/* What libjwt signs, OpenSSL verifies: two implementations agree. */
static void minted_tokens_verify(void **state) {
    (void)state;
    static const enum test_signer signers[] = {BY_SECRET, BY_RSA, BY_EC};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct auth_mint mint = mint_of(signers[i]);
        struct auth_verified verified = {0};
        char *token = NULL;
        assert_status(mint.alg, auth_mint(&mint, &token), STATUS_OK, 0);
        assert_status(mint.alg, verify(token, signers[i], &verified), STATUS_OK, 0);
        const struct rpc_principal_fields *fields = rpc_principal_get(verified.principal);
        assert_string_equal(fields->subject, "ann");
        assert_string_equal(fields->name, "Ann \"A\" \xC3\xA9");
        assert_string_equal(fields->tier, "PRO");
        assert_int_equal(fields->role_count, 2);
        auth_verified_done(&verified);
        free(token);
    }
}

/* And the other way round: what is accepted here, libjwt accepts. */
static void libjwt_agrees_with_our_signer(void **state) {
    (void)state;
    static const struct {
        enum test_signer signer;
        const char *header;
    } rows[] = {
        {BY_SECRET, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"},
        {BY_RSA, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"},
        {BY_EC, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\"}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *pem = test_keys()->public_pems[rows[i].signer];
        const char *key = rows[i].signer == BY_SECRET ? TEST_SECRET : pem;
        jwt_t *jwt = NULL;
        char *token = test_token(rows[i].signer, rows[i].header, "{\"sub\":\"ann\"}");
        assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)key, (int)strlen(key)), 0);
        assert_string_equal(jwt_get_grant(jwt, "sub"), "ann");
        jwt_free(jwt);
        free(token);
    }
}

static void nothing_is_minted_without_a_key(void **state) {
    (void)state;
    char *token = NULL;
    struct auth_mint mint = mint_of(BY_SECRET);
    mint.key_len = 0;
    assert_status("empty", auth_mint(&mint, &token), STATUS_INVALID_ARGUMENT, 0);
    mint = mint_of(BY_SECRET);
    mint.alg = "none";
    assert_status("none", auth_mint(&mint, &token), STATUS_INVALID_ARGUMENT, 0);
    mint = mint_of(BY_RSA);
    mint.key = "no PEM";
    mint.key_len = 6;
    assert_status("no PEM", auth_mint(&mint, &token), STATUS_INVALID_ARGUMENT, 0);
    mint = mint_of(BY_SECRET);
    mint.name = "\xFF";
    assert_status("bad UTF-8", auth_mint(&mint, &token), STATUS_INVALID_ARGUMENT, 0);
    assert_null(token);
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
        cmocka_unit_test(minted_tokens_verify),
        cmocka_unit_test(libjwt_agrees_with_our_signer),
        cmocka_unit_test(nothing_is_minted_without_a_key),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
