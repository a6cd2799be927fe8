#include "auth/authenticator.h"

#include "base/clock.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "rpc/principal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct authenticator {
    struct auth_keys *keys;
    struct auth_revocations *revocations;
    struct auth_cache *cache;
    int64_t leeway_us;
    auth_seen_fn *seen;
    void *seen_context;
    const struct clock *clock;
    _Atomic uint64_t verified;
    _Atomic uint64_t refused;
};

void authenticator_options_init(struct authenticator_options *options) {
    *options = (struct authenticator_options){
        .cache_capacity = 8192,
        .leeway_us = INT64_C(60000000),
        .clock = clock_system(),
    };
}

struct status authenticator_new(const struct authenticator_options *options,
                                struct authenticator **ret_authenticator) {
    struct authenticator *a = calloc(1, sizeof *a);
    struct auth_cache *cache = auth_cache_new(options->cache_capacity);
    if (a == NULL || cache == NULL) {
        free(a);
        auth_cache_free(&cache);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    }
    a->keys = options->keys;
    a->revocations = options->revocations;
    a->cache = cache;
    a->leeway_us = options->leeway_us;
    a->seen = options->seen;
    a->seen_context = options->seen_context;
    a->clock = options->clock;
    *ret_authenticator = a;
    return status_ok();
}

void authenticator_free(struct authenticator **authenticator) {
    struct authenticator *a = *authenticator;
    *authenticator = NULL;
    if (a == NULL)
        return;
    auth_cache_free(&a->cache);
    free(a);
}

/* The token of "Bearer TOKEN" (RFC 6750: one space, any case of the scheme); NULL for others. */
static const char *bearer_token(const char *authorization) {
    static const char scheme[] = "bearer ";
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    return authorization + sizeof scheme - 1;
}

static void tell(struct rpc_call *call, const char *key, const char *value) {
    if (call != NULL && value != NULL)
        rpc_call_add_error_metadata(call, key, value);
}

static void tell_until(struct rpc_call *call, int64_t until_us) {
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)(until_us / 1000000);

    if (until_us != INT64_MAX && gmtime_r(&seconds, &parts) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
        tell(call, "suspended_until", text);
}

static struct status check_suspension(const struct authenticator *a, struct rpc_call *call,
                                      const struct rpc_principal *principal, int64_t now_us) {
    const struct rpc_principal_fields *fields = rpc_principal_get(principal);
    int64_t until_us = INT64_MAX;

    if (a->revocations == NULL ||
        !auth_is_revoked(a->revocations, fields->tenant, fields->subject, now_us, &until_us))
        return status_ok();
    tell_until(call, until_us);
    return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                        "the user is suspended");
}

/* Signature, claims, and whether the product knows the caller. */
static struct status verify(struct authenticator *a, struct rpc_call *call,
                            const struct auth_token *token, const struct auth_digest *digest,
                            int64_t now_us, struct rpc_principal **ret_principal) {
    struct auth_candidate candidates[AUTH_CANDIDATES_MAX];
    struct auth_verified verified = {0};
    const char *claim = NULL;

    size_t count = auth_keys_find(a->keys, token->kid, candidates);
    if (count == 0)
        auth_keys_request_refresh(a->keys);
    struct status status =
        auth_token_verify(token, candidates, count, a->leeway_us, now_us, &claim, &verified);
    auth_candidates_done(candidates, count);
    tell(call, "claim", claim);
    if (status_is_ok(status) && a->seen != NULL)
        status = a->seen(a->seen_context, verified.principal);
    if (status_is_ok(status)) {
        auth_cache_put(a->cache, digest, &verified, now_us);
        *ret_principal = rpc_principal_ref(verified.principal);
    }
    auth_verified_done(&verified);
    return status;
}

static enum rpc_auth_verdict decide(struct authenticator *a, struct rpc_call *call,
                                    const char *text, bool may_block,
                                    struct rpc_principal **ret_principal,
                                    struct status *ret_status) {
    size_t len = strnlen(text, AUTH_TOKEN_MAX_BYTES + 1);
    int64_t now_us = clock_wall_us(a->clock);
    struct rpc_principal *principal = NULL;
    struct auth_digest digest;
    struct auth_token token;

    if (len > AUTH_TOKEN_MAX_BYTES || !auth_digest_of(text, len, &digest)) {
        *ret_status = status_error(STATUS_UNAUTHENTICATED, DOMAIN_REASON_TOKEN_INVALID,
                                   "the token is too long");
        return RPC_AUTH_DONE;
    }
    struct status status = status_ok();
    principal = auth_cache_find(a->cache, &digest, now_us);
    if (principal == NULL) {
        if (!may_block)
            return RPC_AUTH_BLOCKS;
        status = auth_token_parse(text, len, &token);
        if (status_is_ok(status))
            status = verify(a, call, &token, &digest, now_us, &principal);
        if (status_is_ok(status))
            atomic_fetch_add_explicit(&a->verified, 1, memory_order_relaxed);
    }
    if (status_is_ok(status))
        status = check_suspension(a, call, principal, now_us);
    if (status_is_ok(status))
        *ret_principal = principal;
    else
        rpc_principal_unref(&principal);
    *ret_status = status;
    return RPC_AUTH_DONE;
}

enum rpc_auth_verdict auth_authenticate(void *authenticator, struct rpc_call *call,
                                        const char *authorization, bool may_block,
                                        struct rpc_principal **ret_principal,
                                        struct status *ret_status) {
    struct authenticator *a = authenticator;
    enum rpc_auth_verdict verdict = RPC_AUTH_DONE;

    if (authorization[0] == '\0') {
        *ret_principal = NULL;
        *ret_status = status_ok();
        return RPC_AUTH_DONE;
    }
    const char *token = bearer_token(authorization);
    if (token == NULL)
        *ret_status = status_error(STATUS_UNAUTHENTICATED, DOMAIN_REASON_TOKEN_INVALID,
                                   "the authorization header is not a bearer token");
    else
        verdict = decide(a, call, token, may_block, ret_principal, ret_status);
    if (verdict == RPC_AUTH_DONE && !status_is_ok(*ret_status))
        atomic_fetch_add_explicit(&a->refused, 1, memory_order_relaxed);
    return verdict;
}

struct status auth_verify(struct authenticator *authenticator, const char *token,
                          struct rpc_principal **ret_principal) {
    struct status status = status_ok();
    decide(authenticator, NULL, token, true, ret_principal, &status);
    return status;
}

void authenticator_figures(struct authenticator *authenticator,
                           struct authenticator_figures *ret_figures) {
    auth_cache_figures(authenticator->cache, &ret_figures->cache);
    ret_figures->verified = atomic_load(&authenticator->verified);
    ret_figures->refused = atomic_load(&authenticator->refused);
}
