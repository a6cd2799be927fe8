/*
 * Who is calling: the outcome of authentication, as the runtime and the handlers see it.
 *
 * Immutable after creation and reference-counted, so that one verified token serves many calls and
 * outlives the cache it came from while a stream still uses it.
 *
 * Thread-safety: all functions may be called from any thread.
 */
#ifndef RPC_PRINCIPAL_H
#define RPC_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_principal;

/* What a principal is made of; every string is copied, NULL becomes "". */
struct rpc_principal_fields {
    const char *subject; /* unique within the tenant */
    const char *tenant;
    const char *name; /* display name */
    const char *picture_url;
    const char *locale;
    const char *tier;
    const char *issuer;
    const char *const *roles;
    size_t role_count;
    const char *const *scopes;
    size_t scope_count;
    int64_t expires_at_us; /* wall clock; INT64_MAX: never */
};

/* One reference, the caller's. NULL when out of memory. */
struct rpc_principal *rpc_principal_new(const struct rpc_principal_fields *fields);
struct rpc_principal *rpc_principal_ref(struct rpc_principal *principal);
/* Drops a reference and nulls the caller's pointer; accepts NULL. */
void rpc_principal_unref(struct rpc_principal **principal);

/* The strings live as long as the principal; never NULL. */
const struct rpc_principal_fields *rpc_principal_get(const struct rpc_principal *principal);
bool rpc_principal_has_role(const struct rpc_principal *principal, const char *role);
bool rpc_principal_has_scope(const struct rpc_principal *principal, const char *scope);

#ifdef __cplusplus
}
#endif

#endif
