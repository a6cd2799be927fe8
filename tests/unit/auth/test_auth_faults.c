/* From the configuration to a verified token, with each allocation of ours failing in turn. */
#include "auth_test.h"

#include "auth/authenticator.h"
#include "domain/types.h"
#include "support/alloc_fault.h"

struct run {
    const char *jwks;
    const char *token;
    const char *other_token;
};

static struct status read_jwks(void *context, const struct auth_source *source,
                               struct str *ret_body) {
    const struct run *run = context;
    (void)source;
    str_append(ret_body, run->jwks);
    return status_ok();
}

static struct status use(struct authenticator *authenticator, struct auth_revocations *revocations,
                         const struct run *run) {
    const struct auth_revoked_user users[] = {{"t1", "bob", INT64_MAX}, {"t1", "eve", 5}};
    struct rpc_principal *principal = NULL;
    bool done = auth_revoke_user(revocations, "t1", "bob", INT64_MAX);
    done = auth_revocations_replace(revocations, users, COUNT_OF(users)) && done;
    auth_restore_user(revocations, "t1", "eve");
    struct status status = auth_verify(authenticator, run->token, &principal);
    rpc_principal_unref(&principal);
    /* Nobody slips through: a wrong token stays refused whatever fails. */
    struct status other = auth_verify(authenticator, run->other_token, &principal);
    assert_false(status_is_ok(other));
    assert_null(principal);
    if (status_is_ok(status) && !done)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "revocations");
    return status;
}

static struct status run_all(const struct run *run) {
    static const char *const tenants[] = {"t1"};
    static const struct auth_source sources[] = {{AUTH_SOURCE_JWKS_FILE, "jwks", NULL}};
    const struct auth_key_set_options set = {.name = "test",
                                             .issuer = "iss",
                                             .audience = "aud",
                                             .tenants = tenants,
                                             .tenant_count = 1,
                                             .roles = DOMAIN_ROLE_STUDENT,
                                             .sources = sources,
                                             .source_count = 1};
    struct auth_keys_options keys_options;
    struct authenticator_options options;
    struct auth_keys *keys = NULL;
    struct authenticator *authenticator = NULL;
    struct auth_revocations *revocations = NULL;

    auth_keys_options_init(&keys_options);
    keys_options.sets = &set;
    keys_options.set_count = 1;
    keys_options.read = read_jwks;
    keys_options.read_context = (void *)(uintptr_t)run;
    struct status status = auth_keys_new(&keys_options, NULL, &keys);
    if (status_is_ok(status)) {
        status = auth_keys_refresh(keys);
        revocations = auth_revocations_new();
        authenticator_options_init(&options);
        options.keys = keys;
        options.revocations = revocations;
        if (status_is_ok(status))
            status = revocations == NULL ? status_error(STATUS_RESOURCE_EXHAUSTED, 0, "")
                                         : authenticator_new(&options, &authenticator);
        if (status_is_ok(status))
            status = use(authenticator, revocations, run);
    }
    authenticator_free(&authenticator);
    auth_revocations_free(&revocations);
    auth_keys_free(&keys);
    return status;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    const char *claims = "{\"iss\":\"iss\",\"aud\":\"aud\",\"sub\":\"ann\",\"tenant\":\"t1\","
                         "\"roles\":[\"student\"],\"exp\":253402300000}";
    char *jwk = test_jwk(BY_EC, "k", "");
    char *jwks = test_jwks(jwk, NULL, NULL);
    char *token = test_token(BY_EC, "{\"alg\":\"ES256\",\"kid\":\"k\"}", claims);
    char *other = test_token(BY_EC_2, "{\"alg\":\"ES256\",\"kid\":\"k\"}", claims);
    const struct run run = {jwks, token, other};
    size_t n = 1;
    for (;; n++) {
        alloc_fault_fail_at(n);
        struct status status = run_all(&run);
        if (alloc_fault_end() < n) {
            assert_status("nothing failed", status, STATUS_OK, 0);
            break;
        }
        /* Some failures are survived; none turns into another answer. */
        assert_true(status_is_ok(status) || status.code == STATUS_RESOURCE_EXHAUSTED);
    }
    assert_true(n > 20);
    free(jwk);
    free(jwks);
    free(token);
    free(other);
}

static int drop_keys(void **state) {
    (void)state;
    test_keys_free();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, drop_keys);
}
