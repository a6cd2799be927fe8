/*
 * The settings of tenants, kept for a few seconds so that a call does not ask for them.
 *
 * Thread-safety: service_tenant_get() from any thread; one lock, not held across the database.
 */
#ifndef SERVICE_TENANT_H
#define SERVICE_TENANT_H

#include "base/status.h"
#include "store/tenant.h"

struct arena;
struct rpc_call;
struct service_context;
struct service_tenants;

/* NULL when out of memory. `keep_us`: how old settings may be. */
struct service_tenants *service_tenants_new(size_t capacity, int64_t keep_us);
void service_tenants_free(struct service_tenants **tenants);

/* A copy in the call's arena. UNAUTHENTICATED TOKEN_TENANT_REFUSED when the tenant is unknown. */
struct status service_tenant_get(struct service_context *context, struct rpc_call *call,
                                 const char *tenant,
                                 const struct store_tenant **ret_tenant) STATUS_MUST_USE;

/* The same without a call: into `arena`. NOT_FOUND when the tenant is unknown. */
struct status service_tenant_look(struct service_context *context, struct arena *arena,
                                  const char *tenant, int64_t deadline_us,
                                  struct store_tenant *ret_tenant) STATUS_MUST_USE;

#endif
