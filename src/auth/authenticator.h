/*
 * From the `authorization` header to a principal: what the runtime asks on every call.
 *
 * On the poller only the cache is asked; a token that is not in it is verified on a worker. Neither
 * ever fetches a key.
 *
 * Thread-safety: auth_authenticate from any thread; _new and _free from the owner.
 */
#ifndef AUTH_AUTHENTICATOR_H
#define AUTH_AUTHENTICATOR_H

#include <stdint.h>

#include "auth/cache.h"
#include "auth/keys.h"
#include "auth/revocation.h"
#include "base/status.h"
#include "rpc/server.h"

struct authenticator;

/*
 * Called on a worker when a token was verified that is not in the cache: the place to note the user
 * (name, roles, tier) and to look whether the tenant is known. An error refuses the call and keeps
 * the token out of the cache.
 */
typedef struct status auth_seen_fn(void *context, const struct rpc_principal *principal);

struct authenticator_options {
    struct auth_keys *keys;               /* referenced; outlives the authenticator */
    struct auth_revocations *revocations; /* likewise; NULL: nobody is ever suspended */
    size_t cache_capacity;                /* tokens; default 8,192 */
    int64_t leeway_us;                    /* for exp, nbf and iat; default 60 s */
    auth_seen_fn *seen;                   /* may be NULL */
    void *seen_context;
    const struct clock *clock; /* default: the system's */
};
void authenticator_options_init(struct authenticator_options *options);

/* RESOURCE_EXHAUSTED without memory. */
struct status authenticator_new(const struct authenticator_options *options,
                                struct authenticator **ret_authenticator) STATUS_MUST_USE;
void authenticator_free(struct authenticator **authenticator);

/*
 * rpc_server_options.authenticate, with the authenticator as context. "" is an anonymous caller.
 * UNAUTHENTICATED with the reasons of auth_token_verify(), PERMISSION_DENIED USER_SUSPENDED, or
 * what `seen` answers. `call` (may be NULL, in tests) gets the error's metadata.
 */
enum rpc_auth_verdict auth_authenticate(void *authenticator, struct rpc_call *call,
                                        const char *authorization, bool may_block,
                                        struct rpc_principal **ret_principal,
                                        struct status *ret_status);

/* The same for a token alone: for streams that take a new one, and for tools. May block as a worker
 * may. */
struct status auth_verify(struct authenticator *authenticator, const char *token,
                          struct rpc_principal **ret_principal) STATUS_MUST_USE;

struct authenticator_figures {
    struct auth_cache_figures cache;
    uint64_t verified;
    uint64_t refused;
};
void authenticator_figures(struct authenticator *authenticator,
                           struct authenticator_figures *ret_figures);

#endif
