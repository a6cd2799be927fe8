#include "auth_test.h"

#include "base/str.h"
#include "domain/types.h"
#include "rpc/principal.h"

#include <stdio.h>

#define WHY(name) DOMAIN_REASON_##name
#define LEEWAY_US INT64_C(60000000)

static const char *const tenants[] = {"t1", "t2"};

static struct auth_authority authority_of(void) {
    return (struct auth_authority){
        .issuer = "https://id.example",
        .audience = "liveconv",
        .tenants = tenants,
        .tenant_count = 2,
        .roles = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_SERVICE,
        .claims = auth_default_claim_names,
    };
}

static struct auth_key *key_of(enum test_signer signer, const char *kid) {
    struct auth_key *key = NULL;
    const char *pem = test_keys()->public_pems[signer];
    struct status status = signer == BY_SECRET
                               ? auth_key_from_secret(kid, TEST_SECRET, strlen(TEST_SECRET), &key)
                               : auth_key_from_pem(kid, pem, strlen(pem), &key);
    assert_status("key", status, STATUS_OK, 0);
    return key;
}

/* Parses and verifies against one key; what the authenticator does. */
static struct status check_at(const char *text, struct auth_key *key, int64_t now_us,
                              const char **ret_claim, struct auth_verified *ret_verified) {
    struct auth_authority authority = authority_of();
    struct auth_candidate candidate = {key, &authority};
    struct auth_token token;
    TRY(auth_token_parse(text, strlen(text), &token));
    size_t count = strcmp(token.kid, auth_key_kid(key)) == 0;
    return auth_token_verify(&token, &candidate, count, LEEWAY_US, now_us, ret_claim, ret_verified);
}

static struct status check(const char *text, struct auth_key *key) {
    struct auth_verified verified = {0};
    struct status status = check_at(text, key, TEST_NOW_US, NULL, &verified);
    auth_verified_done(&verified);
    return status;
}

/* Good claims, with `more` (", \"x\": 1") behind them; `exp` in five minutes. */
static char *claims_with(const char *more) {
    struct str text;
    str_init(&text);
    str_printf(&text,
               "{\"iss\":\"https://id.example\",\"aud\":\"liveconv\",\"sub\":\"ann\","
               "\"tenant\":\"t1\",\"exp\":%lld%s}",
               (long long)(TEST_NOW_S + 300), more);
    return str_take(&text);
}

static void each_algorithm_verifies_with_its_key(void **state) {
    (void)state;
    static const struct {
        enum test_signer signer;
        const char *header;
    } rows[] = {
        {BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}"},
        {BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\"}"},
        {BY_EC, "{\"kid\":\"k\",\"alg\":\"ES256\"}"},
    };
    char *claims = claims_with("");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key *key = key_of(rows[i].signer, "k");
        char *token = test_token(rows[i].signer, rows[i].header, claims);
        assert_status(rows[i].header, check(token, key), STATUS_OK, 0);
        free(token);
        auth_key_unref(&key);
    }
    free(claims);
}

/* Every header that is not the key's: the algorithm comes from the key. */
static void headers_that_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *header;
        enum domain_reason reason;
    } rows[] = {
        {"{\"alg\":\"none\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"None\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"NONE\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"nOnE\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":null,\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":[\"RS256\"],\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"HS256\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"rs256\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS384\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"PS256\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"k\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[\"b64\"],\"b64\":false}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\",\"kid\":\"other\"}", WHY(TOKEN_KEY_UNKNOWN)},
        {"{\"alg\":\"RS256\",\"kid\":\"../../etc/passwd\"}", WHY(TOKEN_KEY_UNKNOWN)},
        {"{\"alg\":\"RS256\",\"kid\":\"k' OR '1'='1\"}", WHY(TOKEN_KEY_UNKNOWN)},
        {"{\"alg\":\"RS256\",\"kid\":\"k\\u0000\"}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\",\"kid\":7}", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\"}", WHY(TOKEN_KEY_UNKNOWN)},
        {"[\"RS256\"]", WHY(TOKEN_INVALID)},
        {"\"RS256\"", WHY(TOKEN_INVALID)},
        {"{\"alg\":\"RS256\",\"kid\":\"k\"} trailing", WHY(TOKEN_INVALID)},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", WHY(TOKEN_INVALID)},
    };
    struct auth_key *key = key_of(BY_RSA, "k");
    char *claims = claims_with("");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *token = test_token(BY_RSA, rows[i].header, claims);
        assert_status(rows[i].header, check(token, key), STATUS_UNAUTHENTICATED, rows[i].reason);
        free(token);
    }
    free(claims);
    auth_key_unref(&key);
}

static void an_rsa_public_key_is_no_secret(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_RSA, "k");
    const char *pem = test_keys()->public_pems[BY_RSA];
    char *claims = claims_with("");
    char *token = test_token_hmac(pem, strlen(pem), "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    assert_status("HS256", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    free(token);
    token = test_token_hmac(pem, strlen(pem), "{\"alg\":\"RS256\",\"kid\":\"k\"}", claims);
    assert_status("RS256", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    free(token);
    free(claims);
    auth_key_unref(&key);
}

static void another_key_of_the_same_kind_is_refused(void **state) {
    (void)state;
    static const struct {
        enum test_signer key, signer;
        const char *header;
    } rows[] = {
        {BY_RSA, BY_RSA_2, "{\"alg\":\"RS256\",\"kid\":\"k\"}"},
        {BY_EC, BY_EC_2, "{\"alg\":\"ES256\",\"kid\":\"k\"}"},
        {BY_EC, BY_RSA, "{\"alg\":\"ES256\",\"kid\":\"k\"}"},
        {BY_SECRET, BY_EC, "{\"alg\":\"HS256\",\"kid\":\"k\"}"},
    };
    char *claims = claims_with("");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_key *key = key_of(rows[i].key, "k");
        char *token = test_token(rows[i].signer, rows[i].header, claims);
        assert_status("other", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
        free(token);
        auth_key_unref(&key);
    }
    free(claims);
}

static void every_tampered_character_is_noticed(void **state) {
    (void)state;
    static const struct {
        enum test_signer signer;
        const char *header;
    } rows[] = {
        {BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}"},
        {BY_EC, "{\"alg\":\"ES256\",\"kid\":\"k\"}"},
    };
    char *claims = claims_with("");
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        struct auth_key *key = key_of(rows[r].signer, "k");
        char *token = test_token(rows[r].signer, rows[r].header, claims);
        for (size_t i = 0; token[i] != '\0'; i++) {
            char was = token[i];
            token[i] = was == 'A' ? 'B' : 'A';
            struct status status = check(token, key);
            if (status.code != STATUS_UNAUTHENTICATED)
                fail_msg("character %zu", i);
            token[i] = was;
        }
        assert_status("whole again", check(token, key), STATUS_OK, 0);
        free(token);
        auth_key_unref(&key);
    }
    free(claims);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_SECRET, "k");
    char *claims = claims_with("");
    char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    for (size_t len = strlen(token); len-- > 0;) {
        token[len] = '\0';
        assert_status("truncated", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    }
    free(token);
    free(claims);
    auth_key_unref(&key);
}

static void texts_that_are_no_tokens(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln ",
        " eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
        "eyJhbGciOiJIUzI1NiJ9..c2ln",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln=",
        "null",
        "\xF0\x9F\x8C\x8D",
        "eyJhbGciOiJIUzI1NiJ9.e+0.c2ln",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_token token;
        struct status status = auth_token_parse(rows[i], strlen(rows[i]), &token);
        if (status_is_ok(status)) {
            struct auth_key *key = key_of(BY_SECRET, "");
            status = check(rows[i], key);
            auth_key_unref(&key);
        }
        assert_status(rows[i], status, STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    }
}

static void a_token_is_at_most_8_kib(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_SECRET, "k");
    char padding[13000];
    memset(padding, 'x', sizeof padding - 1);
    padding[sizeof padding - 1] = '\0';
    struct str more;
    str_init(&more);
    str_printf(&more, ",\"pad\":\"%s\"", padding);
    char *claims = claims_with(more.bytes);
    char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    assert_true(strlen(token) > 16 * 1024);
    assert_status("16 KiB", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    free(token);
    free(claims);
    more.bytes[5900] = '"';
    more.bytes[5901] = '\0';
    claims = claims_with(more.bytes);
    token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    assert_true(strlen(token) <= AUTH_TOKEN_MAX_BYTES);
    assert_status("less", check(token, key), STATUS_OK, 0);
    free(token);
    free(claims);
    str_done(&more);
    auth_key_unref(&key);
}

/* Whole payloads, for what is missing or of the wrong type. */
static void claims_that_are_refused(void **state) {
    (void)state;
#define ID "\"iss\":\"https://id.example\",\"aud\":\"liveconv\""
#define WHO "\"sub\":\"ann\",\"tenant\":\"t1\""
#define EXP "\"exp\":1772000300"
    static const struct {
        const char *payload;
        enum domain_reason reason;
        const char *claim; /* NULL: none is told */
    } rows[] = {
        {"{" ID "," WHO "}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":\"1772000300\"}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":1772000300.5}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":1.772e9}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":null}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":true}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":-1}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":9223372036854775807}", WHY(TOKEN_CLAIM_INVALID), "exp"},
        {"{" ID "," WHO ",\"exp\":99999999999999999999}", WHY(TOKEN_INVALID), NULL},
        {"{" ID "," WHO ",\"exp\":1771999939}", WHY(TOKEN_EXPIRED), NULL},
        {"{" ID "," WHO ",\"exp\":0}", WHY(TOKEN_EXPIRED), NULL},
        {"{" ID "," WHO "," EXP ",\"nbf\":1772000061}", WHY(TOKEN_NOT_YET_VALID), NULL},
        {"{" ID "," WHO "," EXP ",\"iat\":1772000061}", WHY(TOKEN_NOT_YET_VALID), NULL},
        {"{" ID "," WHO "," EXP ",\"nbf\":\"now\"}", WHY(TOKEN_CLAIM_INVALID), "nbf"},
        {"{" ID "," WHO "," EXP ",\"iat\":1.5}", WHY(TOKEN_CLAIM_INVALID), "iat"},
        {"{\"aud\":\"liveconv\"," WHO "," EXP "}", WHY(TOKEN_ISSUER_UNKNOWN), NULL},
        {"{\"iss\":\"https://evil.example\",\"aud\":\"liveconv\"," WHO "," EXP "}",
         WHY(TOKEN_ISSUER_UNKNOWN), NULL},
        {"{\"iss\":[\"https://id.example\"],\"aud\":\"liveconv\"," WHO "," EXP "}",
         WHY(TOKEN_ISSUER_UNKNOWN), NULL},
        {"{\"iss\":\"https://id.example\"," WHO "," EXP "}", WHY(TOKEN_AUDIENCE_WRONG), NULL},
        {"{\"iss\":\"https://id.example\",\"aud\":\"other\"," WHO "," EXP "}",
         WHY(TOKEN_AUDIENCE_WRONG), NULL},
        {"{\"iss\":\"https://id.example\",\"aud\":[\"a\",\"b\"]," WHO "," EXP "}",
         WHY(TOKEN_AUDIENCE_WRONG), NULL},
        {"{\"iss\":\"https://id.example\",\"aud\":[]," WHO "," EXP "}", WHY(TOKEN_AUDIENCE_WRONG),
         NULL},
        {"{\"iss\":\"https://id.example\",\"aud\":7," WHO "," EXP "}", WHY(TOKEN_AUDIENCE_WRONG),
         NULL},
        {"{" ID "," EXP ",\"tenant\":\"t1\"}", WHY(TOKEN_CLAIM_INVALID), "sub"},
        {"{" ID "," EXP ",\"sub\":\"\",\"tenant\":\"t1\"}", WHY(TOKEN_CLAIM_INVALID), "sub"},
        {"{" ID "," EXP ",\"sub\":7,\"tenant\":\"t1\"}", WHY(TOKEN_CLAIM_INVALID), "sub"},
        {"{" ID "," EXP ",\"sub\":\"a b\",\"tenant\":\"t1\"}", WHY(TOKEN_CLAIM_INVALID), "sub"},
        {"{" ID "," EXP ",\"sub\":\"a\\u0000b\",\"tenant\":\"t1\"}", WHY(TOKEN_INVALID), NULL},
        {"{" ID "," EXP ",\"sub\":\"ann\"}", WHY(TOKEN_CLAIM_INVALID), "tenant"},
        {"{" ID "," EXP ",\"sub\":\"ann\",\"tenant\":\"\"}", WHY(TOKEN_CLAIM_INVALID), "tenant"},
        {"{" ID "," EXP ",\"sub\":\"ann\",\"tenant\":[\"t1\"]}", WHY(TOKEN_CLAIM_INVALID),
         "tenant"},
        {"{" ID "," EXP ",\"sub\":\"ann\",\"tenant\":\"t3\"}", WHY(TOKEN_TENANT_REFUSED), NULL},
        {"{" ID "," EXP ",\"sub\":\"ann\",\"tenant\":\"*\"}", WHY(TOKEN_TENANT_REFUSED), NULL},
        {"{" ID "," WHO "," EXP ",\"roles\":[\"admin\"]}", WHY(TOKEN_ROLE_REFUSED), NULL},
        {"{" ID "," WHO "," EXP ",\"roles\":[\"student\",\"admin\"]}", WHY(TOKEN_ROLE_REFUSED),
         NULL},
        {"{" ID "," WHO "," EXP ",\"roles\":\"admin\"}", WHY(TOKEN_ROLE_REFUSED), NULL},
        {"{" ID "," WHO "," EXP ",\"roles\":{\"admin\":true}}", WHY(TOKEN_CLAIM_INVALID), "roles"},
        {"{" ID "," WHO "," EXP ",\"roles\":[7]}", WHY(TOKEN_CLAIM_INVALID), "roles"},
        {"{" ID "," WHO "," EXP ",\"roles\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7]}",
         WHY(TOKEN_CLAIM_INVALID), "roles"},
        {"{" ID "," WHO "," EXP ",\"sub\":\"bob\"}", WHY(TOKEN_INVALID), NULL},
        {"{" ID "," WHO "," EXP ",\"x\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", WHY(TOKEN_INVALID),
         NULL},
        {"[]", WHY(TOKEN_INVALID), NULL},
        {"7", WHY(TOKEN_INVALID), NULL},
        {"{", WHY(TOKEN_INVALID), NULL},
        {"{} {}", WHY(TOKEN_INVALID), NULL},
        {"{\"a\":\"\xFF\"}", WHY(TOKEN_INVALID), NULL},
    };
    struct auth_key *key = key_of(BY_SECRET, "k");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_verified verified = {0};
        const char *claim = NULL;
        char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", rows[i].payload);
        assert_status(rows[i].payload, check_at(token, key, TEST_NOW_US, &claim, &verified),
                      STATUS_UNAUTHENTICATED, rows[i].reason);
        if ((claim == NULL) != (rows[i].claim == NULL) ||
            (claim != NULL && strcmp(claim, rows[i].claim) != 0))
            fail_msg("%s: claim %s", rows[i].payload, claim ? claim : "none");
        assert_null(verified.principal);
        free(token);
    }
    auth_key_unref(&key);
}

static void times_have_sixty_seconds_of_leeway(void **state) {
    (void)state;
    static const struct {
        const char *more;
        int64_t now_s;
        enum domain_reason reason;
    } rows[] = {
        {"", TEST_NOW_S + 359, WHY(NONE)},
        {"", TEST_NOW_S + 360, WHY(TOKEN_EXPIRED)},
        {",\"nbf\":1772000060", TEST_NOW_S, WHY(NONE)},
        {",\"nbf\":1772000061", TEST_NOW_S, WHY(TOKEN_NOT_YET_VALID)},
        {",\"iat\":1772000060", TEST_NOW_S, WHY(NONE)},
    };
    struct auth_key *key = key_of(BY_SECRET, "k");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_verified verified = {0};
        char *claims = claims_with(rows[i].more);
        char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
        assert_status(rows[i].more, check_at(token, key, rows[i].now_s * 1000000, NULL, &verified),
                      rows[i].reason == WHY(NONE) ? STATUS_OK : STATUS_UNAUTHENTICATED,
                      rows[i].reason);
        auth_verified_done(&verified);
        free(token);
        free(claims);
    }
    auth_key_unref(&key);
}

static void a_principal_says_what_the_token_says(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_EC, "k");
    char *claims =
        claims_with(",\"roles\":[\"student\",\"instructor\",\"wizard\"],\"tier\":\"PRO\","
                    "\"name\":\"Ann \\u00e9\\n\",\"picture\":\"https://p.example/a.png\","
                    "\"locale\":\"pt-BR\",\"scope\":\"users.write\"");
    char *token = test_token(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"k\"}", claims);
    struct auth_verified verified = {0};
    assert_status("token", check_at(token, key, TEST_NOW_US, NULL, &verified), STATUS_OK, 0);
    const struct rpc_principal_fields *fields = rpc_principal_get(verified.principal);
    assert_string_equal(fields->subject, "ann");
    assert_string_equal(fields->tenant, "t1");
    assert_string_equal(fields->name, "Ann \xC3\xA9 ");
    assert_string_equal(fields->picture_url, "https://p.example/a.png");
    assert_string_equal(fields->locale, "pt-BR");
    assert_string_equal(fields->tier, "PRO");
    assert_string_equal(fields->issuer, "https://id.example");
    assert_int_equal(fields->role_count, 2);
    assert_true(rpc_principal_has_role(verified.principal, "student"));
    assert_true(rpc_principal_has_role(verified.principal, "instructor"));
    assert_false(rpc_principal_has_role(verified.principal, "wizard"));
    /* A user's client may ask its provider for any scope: it opens nothing here. */
    assert_int_equal(fields->scope_count, 0);
    assert_int_equal(fields->expires_at_us, TEST_NOW_US + 300 * INT64_C(1000000));
    assert_int_equal(verified.valid_until_us, fields->expires_at_us + LEEWAY_US);
    assert_ptr_equal(verified.key, key);
    auth_verified_done(&verified);
    free(token);
    free(claims);
    auth_key_unref(&key);
}

static void services_have_scopes(void **state) {
    (void)state;
    static const char *const rows[] = {
        ",\"roles\":[\"service\"],\"scope\":\"users.write  conversations.read\"",
        ",\"roles\":\"service\",\"scope\":[\"users.write\",\"conversations.read\"]",
        ",\"roles\":[\"service\",\"wizard\"],\"scope\":\"users.write conversations.read\"",
    };
    struct auth_key *key = key_of(BY_SECRET, "k");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_verified verified = {0};
        char *claims = claims_with(rows[i]);
        char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
        assert_status(rows[i], check_at(token, key, TEST_NOW_US, NULL, &verified), STATUS_OK, 0);
        assert_int_equal(rpc_principal_get(verified.principal)->scope_count, 2);
        assert_true(rpc_principal_has_scope(verified.principal, "users.write"));
        assert_true(rpc_principal_has_scope(verified.principal, "conversations.read"));
        assert_false(rpc_principal_has_scope(verified.principal, "users"));
        auth_verified_done(&verified);
        free(token);
        free(claims);
    }
    auth_key_unref(&key);
}

/* A person's roles open methods that a backend needs a scope for. */
static void a_backend_has_no_other_role(void **state) {
    (void)state;
    static const char *const rows[] = {
        ",\"roles\":[\"student\",\"service\"]",
        ",\"roles\":[\"service\",\"instructor\"],\"scope\":\"users.write\"",
    };
    struct auth_key *key = key_of(BY_SECRET, "k");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *claims = claims_with(rows[i]);
        char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
        assert_status(rows[i], check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_ROLE_REFUSED));
        free(token);
        free(claims);
    }
    auth_key_unref(&key);
}

static void what_is_shown_is_harmless(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_SECRET, "k");
    struct str name;
    str_init(&name);
    str_append(&name, ",\"picture\":\"javascript:alert(1)\",\"tier\":7,\"name\":\"a");
    for (int i = 0; i < 200; i++)
        str_append(&name, "\xC3\xA9");
    str_append(&name, "\"");
    char *claims = claims_with(name.bytes);
    char *token = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    struct auth_verified verified = {0};
    assert_status("token", check_at(token, key, TEST_NOW_US, NULL, &verified), STATUS_OK, 0);
    const struct rpc_principal_fields *fields = rpc_principal_get(verified.principal);
    assert_string_equal(fields->picture_url, "");
    assert_string_equal(fields->tier, "");
    assert_int_equal(strlen(fields->name), 255);
    assert_true(utf8_is_valid(fields->name, 255));
    auth_verified_done(&verified);
    free(token);
    free(claims);
    str_done(&name);
    auth_key_unref(&key);
}

static void claim_names_are_configurable(void **state) {
    (void)state;
    static const char *const every[] = {"*"};
    struct auth_authority authority = authority_of();
    authority.claims.subject = "uid";
    authority.claims.tenant = "https://example/org";
    authority.tenants = every;
    authority.tenant_count = 1;
    struct auth_key *key = key_of(BY_SECRET, "k");
    struct auth_candidate candidate = {key, &authority};
    struct auth_token token;
    struct auth_verified verified = {0};
    char *claims = claims_with(",\"uid\":\"u-7\",\"https://example/org\":\"anything\"");
    char *text = test_token(BY_SECRET, "{\"alg\":\"HS256\",\"kid\":\"k\"}", claims);
    assert_status("parse", auth_token_parse(text, strlen(text), &token), STATUS_OK, 0);
    assert_status("verify",
                  auth_token_verify(&token, &candidate, 1, LEEWAY_US, TEST_NOW_US, NULL, &verified),
                  STATUS_OK, 0);
    assert_string_equal(rpc_principal_get(verified.principal)->subject, "u-7");
    assert_string_equal(rpc_principal_get(verified.principal)->tenant, "anything");
    auth_verified_done(&verified);
    free(text);
    free(claims);
    auth_key_unref(&key);
}

static void a_key_speaks_for_its_own_set_alone(void **state) {
    (void)state;
    /* Two sets whose keys share a kid: the signature decides which authority holds. */
    struct auth_authority first = authority_of();
    struct auth_authority second = authority_of();
    second.issuer = "https://other.example";
    struct auth_key *rsa = key_of(BY_RSA, "k");
    struct auth_key *ec = key_of(BY_EC, "k");
    struct auth_candidate candidates[] = {{rsa, &first}, {ec, &second}};
    struct auth_token token;
    struct auth_verified verified = {0};
    char *claims = claims_with("");
    char *text = test_token(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"k\"}", claims);
    assert_status("parse", auth_token_parse(text, strlen(text), &token), STATUS_OK, 0);
    assert_status("the second's key in the first's name",
                  auth_token_verify(&token, candidates, 2, LEEWAY_US, TEST_NOW_US, NULL, &verified),
                  STATUS_UNAUTHENTICATED, WHY(TOKEN_ISSUER_UNKNOWN));
    free(text);
    free(claims);
    auth_key_unref(&rsa);
    auth_key_unref(&ec);
}

static void a_retired_or_expired_key_verifies_nothing(void **state) {
    (void)state;
    struct auth_key *key = key_of(BY_RSA, "k");
    char *claims = claims_with("");
    char *token = test_token(BY_RSA, "{\"alg\":\"RS256\",\"kid\":\"k\"}", claims);
    auth_key_retire(key);
    assert_status("retired", check(token, key), STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    auth_key_unref(&key);

    char *pem = test_certificate(TEST_NOW_S + 100);
    assert_status("certificate", auth_key_from_pem("k", pem, strlen(pem), &key), STATUS_OK, 0);
    struct auth_verified verified = {0};
    assert_status("before its end", check_at(token, key, TEST_NOW_US, NULL, &verified), STATUS_OK,
                  0);
    assert_int_equal(verified.valid_until_us, TEST_NOW_US + 100 * INT64_C(1000000));
    auth_verified_done(&verified);
    assert_status("after its end",
                  check_at(token, key, TEST_NOW_US + 100 * INT64_C(1000000), NULL, &verified),
                  STATUS_UNAUTHENTICATED, WHY(TOKEN_KEY_UNKNOWN));
    free(pem);
    free(token);
    free(claims);
    auth_key_unref(&key);
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
        cmocka_unit_test(each_algorithm_verifies_with_its_key),
        cmocka_unit_test(headers_that_are_refused),
        cmocka_unit_test(an_rsa_public_key_is_no_secret),
        cmocka_unit_test(another_key_of_the_same_kind_is_refused),
        cmocka_unit_test(every_tampered_character_is_noticed),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(texts_that_are_no_tokens),
        cmocka_unit_test(a_token_is_at_most_8_kib),
        cmocka_unit_test(claims_that_are_refused),
        cmocka_unit_test(times_have_sixty_seconds_of_leeway),
        cmocka_unit_test(a_principal_says_what_the_token_says),
        cmocka_unit_test(services_have_scopes),
        cmocka_unit_test(a_backend_has_no_other_role),
        cmocka_unit_test(what_is_shown_is_harmless),
        cmocka_unit_test(claim_names_are_configurable),
        cmocka_unit_test(a_key_speaks_for_its_own_set_alone),
        cmocka_unit_test(a_retired_or_expired_key_verifies_nothing),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
