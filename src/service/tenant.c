#include "service/tenant.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/fault.h"
#include "service/service.h"
#include "service/transaction.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_BUDGET_BYTES = 256 * 1024 };

struct slot {
    struct arena arena; /* owns what `tenant` points to */
    struct store_tenant tenant;
    int64_t expires_us; /* monotonic; 0: free */
};

struct service_tenants {
    pthread_mutex_t lock; /* protects the slots */
    struct slot *slots;
    size_t capacity;
    int64_t keep_us;
};

struct service_tenants *service_tenants_new(size_t capacity, int64_t keep_us) {
    struct service_tenants *tenants = calloc(1, sizeof *tenants);
    if (tenants == NULL)
        return NULL;
    tenants->slots = calloc(capacity, sizeof *tenants->slots);
    if (tenants->slots == NULL || pthread_mutex_init(&tenants->lock, NULL) != 0) {
        free(tenants->slots);
        free(tenants);
        return NULL;
    }
    tenants->capacity = capacity;
    tenants->keep_us = keep_us;
    for (size_t i = 0; i < capacity; i++)
        arena_init(&tenants->slots[i].arena, SLOT_BUDGET_BYTES);
    return tenants;
}

void service_tenants_free(struct service_tenants **tenants) {
    struct service_tenants *t = *tenants;
    *tenants = NULL;
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->capacity; i++)
        arena_done(&t->slots[i].arena);
    pthread_mutex_destroy(&t->lock);
    free(t->slots);
    free(t);
}

/* A deep copy in `arena`; false without room. */
static bool copy_tenant(struct arena *arena, const struct store_tenant *from,
                        struct store_tenant *ret_to) {
    struct store_tenant to = *from;
    to.id = arena_strdup(arena, from->id);
    to.display_name = arena_strdup(arena, from->display_name);
    to.time_zone = arena_strdup(arena, from->time_zone);
    to.default_currency = arena_strdup(arena, from->default_currency);
    to.entitlements = arena_memdup(arena, from->entitlements,
                                   from->entitlement_count * sizeof *from->entitlements);
    const char **currencies =
        arena_alloc_array(arena, from->currency_count + 1, sizeof *currencies);
    if (to.id == NULL || to.display_name == NULL || to.time_zone == NULL ||
        to.default_currency == NULL || to.entitlements == NULL || currencies == NULL)
        return false;
    for (size_t i = 0; i < from->currency_count; i++)
        if ((currencies[i] = arena_strdup(arena, from->currencies[i])) == NULL)
            return false;
    to.currencies = currencies;
    *ret_to = to;
    return true;
}

static struct slot *find_locked(struct service_tenants *tenants, const char *id) {
    for (size_t i = 0; i < tenants->capacity; i++)
        if (tenants->slots[i].expires_us != 0 && strcmp(tenants->slots[i].tenant.id, id) == 0)
            return &tenants->slots[i];
    return NULL;
}

static bool look(struct service_tenants *tenants, struct arena *arena, const char *id,
                 int64_t now_us, struct store_tenant *ret_tenant) {
    pthread_mutex_lock(&tenants->lock);
    const struct slot *slot = find_locked(tenants, id);
    bool found =
        slot != NULL && now_us < slot->expires_us && copy_tenant(arena, &slot->tenant, ret_tenant);
    pthread_mutex_unlock(&tenants->lock);
    return found;
}

/* The one of that name, else a free one, else the one that ends first. */
static struct slot *choose_locked(struct service_tenants *tenants, const char *id) {
    struct slot *oldest = find_locked(tenants, id);
    if (oldest != NULL)
        return oldest;
    oldest = &tenants->slots[0];
    for (size_t i = 1; i < tenants->capacity; i++)
        if (tenants->slots[i].expires_us < oldest->expires_us)
            oldest = &tenants->slots[i];
    return oldest;
}

static void keep(struct service_tenants *tenants, const struct store_tenant *tenant,
                 int64_t now_us) {
    pthread_mutex_lock(&tenants->lock);
    struct slot *slot = choose_locked(tenants, tenant->id);
    arena_reset(&slot->arena);
    slot->expires_us =
        copy_tenant(&slot->arena, tenant, &slot->tenant) ? now_us + tenants->keep_us : 0;
    pthread_mutex_unlock(&tenants->lock);
}

struct read {
    struct arena *arena;
    const char *id;
    struct store_tenant *tenant;
};

static struct status read_tenant(struct db_tx *tx, void *context) {
    struct read *read = context;
    return store_tenant_get(tx, read->arena, read->id, read->tenant);
}

struct status service_tenant_get(struct service_context *context, struct rpc_call *call,
                                 const char *tenant, const struct store_tenant **ret_tenant) {
    struct arena *arena = rpc_call_arena(call);
    int64_t now_us = clock_monotonic_us(context->clock);
    struct store_tenant *result = arena_alloc(arena, sizeof *result);
    if (result == NULL)
        return service_no_room();
    if (!look(context->tenants, arena, tenant, now_us, result)) {
        struct read read = {.arena = arena, .id = tenant, .tenant = result};
        struct status status = service_read(context, call, read_tenant, &read);
        if (status.code == STATUS_NOT_FOUND)
            return status_error(STATUS_UNAUTHENTICATED, DOMAIN_REASON_TOKEN_TENANT_REFUSED,
                                "The tenant is unknown.");
        TRY(status);
        keep(context->tenants, result, now_us);
    }
    *ret_tenant = result;
    return status_ok();
}

struct status service_tenant_look(struct service_context *context, struct arena *arena,
                                  const char *tenant, int64_t deadline_us,
                                  struct store_tenant *ret_tenant) {
    int64_t now_us = clock_monotonic_us(context->clock);
    if (look(context->tenants, arena, tenant, now_us, ret_tenant))
        return status_ok();
    struct read read = {.arena = arena, .id = tenant, .tenant = ret_tenant};
    TRY(db_read(context->pool, deadline_us, read_tenant, &read, NULL));
    keep(context->tenants, ret_tenant, now_us);
    return status_ok();
}
