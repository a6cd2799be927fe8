/*
 * Tenants and what they have set.
 *
 * Settings change rarely: the service layer caches what store_tenant_get() returns.
 */
#ifndef STORE_TENANT_H
#define STORE_TENANT_H

#include "base/status.h"
#include "domain/booking.h"
#include "domain/entitlement.h"
#include "domain/settings.h"
#include "store/types.h"

struct arena;
struct db_tx;

struct store_tenant {
    const char *id;
    const char *display_name;
    const char *time_zone; /* IANA */
    const char *default_currency;
    const char *const *currencies; /* that a price may have */
    size_t currency_count;
    struct domain_settings settings;
    struct domain_cancel_policy cancel_policy;
    const struct domain_entitlement *entitlements; /* smallest first; the built-in ones if none */
    size_t entitlement_count;
    int32_t max_devices_per_user;
    int32_t max_open_conversations_per_host;
    bool forbids_overlaps; /* nobody is in two sessions at once: SCHEDULE_CONFLICT */
    int32_t event_retention_days;
    int32_t request_retention_days;
    int32_t message_retention_days; /* 0: for ever */
};

/* NOT_FOUND. */
struct status store_tenant_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                               struct store_tenant *ret_tenant) STATUS_MUST_USE;

/* Creates it with default settings; one that is there stays as it is. */
struct status store_tenant_ensure(struct db_tx *tx, const char *tenant, const char *display_name,
                                  const char *time_zone) STATUS_MUST_USE;

/* All ids in order, at most 1,000 after `after` ("" for the first): for scheduled work. */
struct status store_tenant_list(struct db_tx *tx, struct arena *arena, const char *after,
                                const char *const **ret_ids, size_t *ret_count) STATUS_MUST_USE;

#endif
