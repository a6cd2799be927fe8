#include "auth_test.h"

#include "auth/authenticator.h"
#include "base/clock.h"
#include "base/str.h"
#include "domain/types.h"

#include <stdio.h>

#define WHY(name) DOMAIN_REASON_##name

struct fixture {
    struct fake_clock clock;
    const char *jwks; /* what the provider publishes; NULL: unreachable */
    struct auth_keys *keys;
    struct auth_revocations *revocations;
    struct authenticator *authenticator;
    int seen;
    struct status seen_answer;
    char *jwk_a, *jwk_b;
    char *only_a, *both, *only_b;
};

static struct status read_jwks(void *context, const struct auth_source *source,
                               struct str *ret_body) {
    struct fixture *fixture = context;
    (void)source;
    if (fixture->jwks == NULL)
        return status_error(STATUS_UNAVAILABLE, 0, "unreachable");
    str_append(ret_body, fixture->jwks);
    return status_ok();
}

static struct status note(void *context, const struct rpc_principal *principal) {
    struct fixture *fixture = context;
    assert_string_equal(rpc_principal_get(principal)->subject, "ann");
    fixture->seen++;
    return fixture->seen_answer;
}

static int set_up(void **state) {
    static const char *const tenants[] = {"t1"};
    static const struct auth_source sources[] = {
        {AUTH_SOURCE_JWKS_URL, "https://id.example/jwks", NULL}};
    struct fixture *f = calloc(1, sizeof *f);
    const struct auth_key_set_options set = {.name = "test",
                                             .issuer = "iss",
                                             .audience = "aud",
                                             .tenants = tenants,
                                             .tenant_count = 1,
                                             .roles = DOMAIN_ROLE_STUDENT,
                                             .sources = sources,
                                             .source_count = 1};
    struct auth_keys_options keys;
    struct authenticator_options options;
    f->jwk_a = test_jwk(BY_EC, "a", "");
    f->jwk_b = test_jwk(BY_EC_2, "b", "");
    f->only_a = test_jwks(f->jwk_a, NULL, NULL);
    f->both = test_jwks(f->jwk_a, f->jwk_b, NULL);
    f->only_b = test_jwks(f->jwk_b, NULL, NULL);
    f->jwks = f->only_a;
    f->seen_answer = status_ok();
    fake_clock_init(&f->clock, TEST_NOW_US);
    auth_keys_options_init(&keys);
    keys.sets = &set;
    keys.set_count = 1;
    keys.read = read_jwks;
    keys.read_context = f;
    keys.clock = &f->clock.base;
    assert_status("keys", auth_keys_new(&keys, NULL, &f->keys), STATUS_OK, 0);
    f->revocations = auth_revocations_new();
    authenticator_options_init(&options);
    options.keys = f->keys;
    options.revocations = f->revocations;
    options.seen = note;
    options.seen_context = f;
    options.clock = &f->clock.base;
    assert_status("new", authenticator_new(&options, &f->authenticator), STATUS_OK, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    authenticator_free(&f->authenticator);
    auth_revocations_free(&f->revocations);
    auth_keys_free(&f->keys);
    free(f->jwk_a);
    free(f->jwk_b);
    free(f->only_a);
    free(f->both);
    free(f->only_b);
    free(f);
    return 0;
}

/* "Bearer TOKEN", by key "a" or "b", that ends in so many seconds. */
static char *header_of(enum test_signer signer, int64_t seconds) {
    char header[64];
    char claims[256];
    struct str text;
    snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
             signer == BY_EC ? "a" : "b");
    snprintf(claims, sizeof claims,
             "{\"iss\":\"iss\",\"aud\":\"aud\",\"sub\":\"ann\",\"tenant\":\"t1\","
             "\"roles\":[\"student\"],\"exp\":%lld}",
             (long long)(TEST_NOW_S + seconds));
    char *token = test_token(signer, header, claims);
    str_init(&text);
    str_printf(&text, "Bearer %s", token);
    free(token);
    return str_take(&text);
}

/* The verdict; the principal is dropped. */
static enum rpc_auth_verdict ask(struct fixture *f, const char *authorization, bool may_block,
                                 struct status *ret_status) {
    struct rpc_principal *principal = NULL;
    enum rpc_auth_verdict verdict =
        auth_authenticate(f->authenticator, NULL, authorization, may_block, &principal, ret_status);
    if (verdict == RPC_AUTH_DONE && status_is_ok(*ret_status) && authorization[0] != '\0')
        assert_non_null(principal);
    else
        assert_null(principal);
    rpc_principal_unref(&principal);
    return verdict;
}

static void assert_answer(struct fixture *f, const char *name, const char *authorization,
                          enum status_code code, enum domain_reason reason) {
    struct status status = status_ok();
    assert_int_equal(ask(f, authorization, true, &status), RPC_AUTH_DONE);
    assert_status(name, status, code, reason);
}

static void the_poller_never_verifies(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 300);
    struct status status = status_ok();
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_BLOCKS);
    assert_int_equal(f->seen, 0);
    assert_answer(f, "worker", header, STATUS_OK, WHY(NONE));
    /* From then on it is known. */
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_DONE);
    assert_status("poller", status, STATUS_OK, 0);
    assert_int_equal(f->seen, 1);
    struct authenticator_figures figures;
    authenticator_figures(f->authenticator, &figures);
    assert_int_equal(figures.verified, 1);
    assert_int_equal(figures.cache.hits, 1);
    free(header);
}

static void no_header_is_an_anonymous_caller(void **state) {
    struct fixture *f = *state;
    struct status status = status_error(STATUS_INTERNAL, 0, "untouched");
    assert_int_equal(ask(f, "", false, &status), RPC_AUTH_DONE);
    assert_status("anonymous", status, STATUS_OK, 0);
}

static void other_schemes_are_refused_at_once(void **state) {
    struct fixture *f = *state;
    static const char *const rows[] = {"Basic YTpi", "Bearer",    "Bearertoken",
                                       "token",      " Bearer x", "\tBearer x"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct status status = status_ok();
        assert_int_equal(ask(f, rows[i], false, &status), RPC_AUTH_DONE);
        assert_status(rows[i], status, STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    }
    assert_answer(f, "empty", "Bearer ", STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    assert_answer(f, "two", "Bearer a.b.c d", STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
}

static void the_scheme_has_any_case(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 300);
    memcpy(header, "bEARER", 6);
    assert_answer(f, "case", header, STATUS_OK, WHY(NONE));
    free(header);
}

static void an_endless_token_is_refused_on_the_poller(void **state) {
    struct fixture *f = *state;
    struct str header;
    struct status status = status_ok();
    str_init(&header);
    str_append(&header, "Bearer ");
    for (int i = 0; i < 16 * 1024; i++)
        str_append_char(&header, 'a');
    assert_int_equal(ask(f, header.bytes, false, &status), RPC_AUTH_DONE);
    assert_status("16 KiB", status, STATUS_UNAUTHENTICATED, WHY(TOKEN_INVALID));
    str_done(&header);
}

static void a_cached_token_ends_with_its_time(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 10);
    struct status status = status_ok();
    assert_answer(f, "fresh", header, STATUS_OK, WHY(NONE));
    fake_clock_advance(&f->clock, 69999999);
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_DONE);
    fake_clock_advance(&f->clock, 1);
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_BLOCKS);
    assert_answer(f, "over", header, STATUS_UNAUTHENTICATED, WHY(TOKEN_EXPIRED));
    free(header);
}

static void refusals_are_not_cached(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC_2, 300);
    struct status status = status_ok();
    assert_answer(f, "unknown key", header, STATUS_UNAUTHENTICATED, WHY(TOKEN_KEY_UNKNOWN));
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_BLOCKS);
    f->jwks = f->both;
    assert_status("refresh", auth_keys_refresh(f->keys), STATUS_OK, 0);
    assert_answer(f, "known key", header, STATUS_OK, WHY(NONE));
    free(header);
}

static void a_rotation_has_no_gap(void **state) {
    struct fixture *f = *state;
    char *a = header_of(BY_EC, 300);
    char *b = header_of(BY_EC_2, 300);
    struct status status = status_ok();
    assert_answer(f, "a before", a, STATUS_OK, WHY(NONE));
    f->jwks = f->both;
    assert_status("refresh", auth_keys_refresh(f->keys), STATUS_OK, 0);
    assert_int_equal(ask(f, a, false, &status), RPC_AUTH_DONE);
    assert_answer(f, "b during", b, STATUS_OK, WHY(NONE));
    f->jwks = f->only_b;
    assert_status("refresh", auth_keys_refresh(f->keys), STATUS_OK, 0);
    /* Out of the set is out of the cache. */
    assert_int_equal(ask(f, a, false, &status), RPC_AUTH_BLOCKS);
    assert_answer(f, "a after", a, STATUS_UNAUTHENTICATED, WHY(TOKEN_KEY_UNKNOWN));
    assert_int_equal(ask(f, b, false, &status), RPC_AUTH_DONE);
    f->jwks = NULL;
    assert_int_equal(auth_keys_refresh(f->keys).code, STATUS_UNAVAILABLE);
    assert_int_equal(ask(f, b, false, &status), RPC_AUTH_DONE);
    assert_status("b, unreachable", status, STATUS_OK, 0);
    free(a);
    free(b);
}

static void a_suspension_holds_for_cached_tokens_too(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 300);
    struct status status = status_ok();
    assert_answer(f, "before", header, STATUS_OK, WHY(NONE));
    assert_true(auth_revoke_user(f->revocations, "t1", "ann", INT64_MAX));
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_DONE);
    assert_status("cached", status, STATUS_PERMISSION_DENIED, WHY(USER_SUSPENDED));
    auth_restore_user(f->revocations, "t1", "ann");
    assert_int_equal(ask(f, header, false, &status), RPC_AUTH_DONE);
    assert_status("restored", status, STATUS_OK, 0);
    assert_true(auth_revoke_user(f->revocations, "t2", "ann", INT64_MAX));
    assert_answer(f, "other tenant's", header, STATUS_OK, WHY(NONE));
    free(header);
}

static void who_is_not_admitted_is_asked_again(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 300);
    f->seen_answer = status_error(STATUS_UNAVAILABLE, WHY(STORAGE_UNAVAILABLE), "no database");
    assert_answer(f, "refused", header, STATUS_UNAVAILABLE, WHY(STORAGE_UNAVAILABLE));
    f->seen_answer = status_ok();
    assert_answer(f, "admitted", header, STATUS_OK, WHY(NONE));
    assert_int_equal(f->seen, 2);
    free(header);
}

static void a_token_alone_verifies_too(void **state) {
    struct fixture *f = *state;
    char *header = header_of(BY_EC, 300);
    struct rpc_principal *principal = NULL;
    assert_status("token", auth_verify(f->authenticator, header + 7, &principal), STATUS_OK, 0);
    assert_string_equal(rpc_principal_get(principal)->subject, "ann");
    rpc_principal_unref(&principal);
    assert_status("none", auth_verify(f->authenticator, "", &principal), STATUS_UNAUTHENTICATED,
                  WHY(TOKEN_INVALID));
    free(header);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_poller_never_verifies),
        TEST(no_header_is_an_anonymous_caller),
        TEST(other_schemes_are_refused_at_once),
        TEST(the_scheme_has_any_case),
        TEST(an_endless_token_is_refused_on_the_poller),
        TEST(a_cached_token_ends_with_its_time),
        TEST(refusals_are_not_cached),
        TEST(a_rotation_has_no_gap),
        TEST(a_suspension_holds_for_cached_tokens_too),
        TEST(who_is_not_admitted_is_asked_again),
        TEST(a_token_alone_verifies_too),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
