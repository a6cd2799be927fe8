#include "domain/entitlement.h"

#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct domain_entitlement default_entitlements[] = {
    {.tier = "FREE", .a_month = {30, 0, 0}, .horizon_days = 30},
    {.tier = "PREMIUM", .a_month = {DOMAIN_UNLIMITED, 8, 0}, .horizon_days = 60},
    {.tier = "PRO", .a_month = {DOMAIN_UNLIMITED, DOMAIN_UNLIMITED, 4}, .horizon_days = 180},
};

enum domain_kind domain_kind_of(enum domain_type type, int64_t price_amount_minor) {
    if (price_amount_minor <= 0)
        return DOMAIN_KIND_FREE;
    return type == DOMAIN_TYPE_PRIVATE ? DOMAIN_KIND_PRIVATE : DOMAIN_KIND_GROUP;
}

const char *domain_kind_name(enum domain_kind kind) {
    static const char *const names[] = {"sessions.free", "sessions.paid", "sessions.private"};
    return (size_t)kind < COUNT_OF(names) ? names[kind] : NULL;
}

const struct domain_entitlement *domain_default_entitlements(size_t *ret_count) {
    *ret_count = COUNT_OF(default_entitlements);
    return default_entitlements;
}

const struct domain_entitlement *
domain_entitlement_of(const struct domain_entitlement *entitlements, size_t count,
                      const char *tier) {
    if (count == 0)
        return NULL;
    for (size_t i = 0; i < count && tier != NULL; i++)
        if (strcasecmp(entitlements[i].tier, tier) == 0)
            return &entitlements[i];
    return &entitlements[0];
}

int32_t domain_left_of(int32_t limit, int32_t used) {
    if (limit == DOMAIN_UNLIMITED)
        return DOMAIN_UNLIMITED;
    return used < limit ? limit - used : 0;
}

int32_t domain_month_key(int year, int month) {
    if (year < 1970 || year > 9999 || month < 1 || month > 12)
        return 0;
    return year * 100 + month;
}
