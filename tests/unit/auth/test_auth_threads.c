/* Many threads verify while keys rotate and users are suspended: for ThreadSanitizer. */
#include "auth_test.h"

#include "auth/authenticator.h"
#include "base/str.h"
#include "domain/types.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { VERIFIERS = 3, ROTATIONS = 200, TOKENS = 24 };

struct stage {
    char *documents[3];   /* a, a and b, b */
    atomic_int published; /* which of them */
    char *tokens[TOKENS]; /* even ones by a, odd ones by b */
    struct auth_keys *keys;
    struct auth_revocations *revocations;
    struct authenticator *authenticator;
    atomic_bool is_over;
    atomic_int accepted;
    atomic_int refused;
};

static struct status read_document(void *context, const struct auth_source *source,
                                   struct str *ret_body) {
    struct stage *stage = context;
    (void)source;
    str_append(ret_body, stage->documents[atomic_load(&stage->published)]);
    return status_ok();
}

static void *verify(void *context) {
    struct stage *stage = context;
    for (unsigned i = 0; !atomic_load(&stage->is_over); i++) {
        struct rpc_principal *principal = NULL;
        struct status status =
            auth_verify(stage->authenticator, stage->tokens[i % TOKENS], &principal);
        atomic_fetch_add(status_is_ok(status) ? &stage->accepted : &stage->refused, 1);
        rpc_principal_unref(&principal);
    }
    return NULL;
}

static void *suspend(void *context) {
    struct stage *stage = context;
    const struct auth_revoked_user users[] = {{"t1", "ann", INT64_MAX}};
    while (!atomic_load(&stage->is_over)) {
        auth_revoke_user(stage->revocations, "t1", "ann", INT64_MAX);
        auth_restore_user(stage->revocations, "t1", "ann");
        auth_revocations_replace(stage->revocations, users, 1);
        auth_revocations_replace(stage->revocations, NULL, 0);
        auth_keys_request_refresh(stage->keys);
    }
    return NULL;
}

static void set_stage(struct stage *stage) {
    static const char *const tenants[] = {"t1"};
    static const struct auth_source sources[] = {{AUTH_SOURCE_JWKS_URL, "https://x/", NULL}};
    const struct auth_key_set_options set = {.name = "test",
                                             .issuer = "iss",
                                             .audience = "aud",
                                             .tenants = tenants,
                                             .tenant_count = 1,
                                             .roles = DOMAIN_ROLE_STUDENT,
                                             .sources = sources,
                                             .source_count = 1};
    char *a = test_jwk(BY_EC, "a", "");
    char *b = test_jwk(BY_EC_2, "b", "");
    stage->documents[0] = test_jwks(a, NULL, NULL);
    stage->documents[1] = test_jwks(a, b, NULL);
    stage->documents[2] = test_jwks(b, NULL, NULL);
    free(a);
    free(b);
    for (int i = 0; i < TOKENS; i++) {
        char claims[160];
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"iss\",\"aud\":\"aud\",\"sub\":\"%s\",\"tenant\":\"t1\","
                 "\"exp\":253402300000,\"n\":%d}",
                 i % 3 == 0 ? "ann" : "bob", i);
        stage->tokens[i] = test_token(i % 2 == 0 ? BY_EC : BY_EC_2,
                                      i % 2 == 0 ? "{\"alg\":\"ES256\",\"kid\":\"a\"}"
                                                 : "{\"alg\":\"ES256\",\"kid\":\"b\"}",
                                      claims);
    }
    struct auth_keys_options keys;
    auth_keys_options_init(&keys);
    keys.sets = &set;
    keys.set_count = 1;
    keys.read = read_document;
    keys.read_context = stage;
    keys.min_refresh_ms = 0;
    assert_status("keys", auth_keys_new(&keys, NULL, &stage->keys), STATUS_OK, 0);
    stage->revocations = auth_revocations_new();
    struct authenticator_options options;
    authenticator_options_init(&options);
    options.keys = stage->keys;
    options.revocations = stage->revocations;
    options.cache_capacity = 1;
    assert_status("new", authenticator_new(&options, &stage->authenticator), STATUS_OK, 0);
}

static void verification_goes_on_while_keys_rotate(void **state) {
    (void)state;
    struct stage stage = {.published = 1};
    pthread_t threads[VERIFIERS + 1];
    set_stage(&stage);
    assert_status("start", auth_keys_start(stage.keys), STATUS_OK, 0);
    for (int i = 0; i < VERIFIERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify, &stage), 0);
    assert_int_equal(pthread_create(&threads[VERIFIERS], NULL, suspend, &stage), 0);
    for (int i = 0; i < ROTATIONS; i++) {
        atomic_store(&stage.published, i % 3);
        assert_status("refresh", auth_keys_refresh(stage.keys), STATUS_OK, 0);
    }
    atomic_store(&stage.is_over, true);
    for (int i = 0; i <= VERIFIERS; i++)
        pthread_join(threads[i], NULL);
    auth_keys_stop(stage.keys);
    assert_true(atomic_load(&stage.accepted) > 0);

    authenticator_free(&stage.authenticator);
    auth_revocations_free(&stage.revocations);
    auth_keys_free(&stage.keys);
    for (int i = 0; i < 3; i++)
        free(stage.documents[i]);
    for (int i = 0; i < TOKENS; i++)
        free(stage.tokens[i]);
}

static int drop_keys(void **state) {
    (void)state;
    test_keys_free();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verification_goes_on_while_keys_rotate),
    };
    return cmocka_run_group_tests(tests, NULL, drop_keys);
}
