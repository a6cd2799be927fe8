/*
 * What a tier entitles to, as data: sessions a month by kind, and how far ahead one may book.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_ENTITLEMENT_H
#define DOMAIN_ENTITLEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/types.h"

/* Kinds of sessions that are counted separately. */
enum domain_kind {
    DOMAIN_KIND_FREE,    /* no price: peers */
    DOMAIN_KIND_GROUP,   /* with a price, several seats */
    DOMAIN_KIND_PRIVATE, /* with a price, one to one */
    DOMAIN_KIND_COUNT,
};

enum { DOMAIN_UNLIMITED = -1, DOMAIN_TIER_BYTES = 32 };

struct domain_entitlement {
    char tier[DOMAIN_TIER_BYTES]; /* "FREE", as the token's claim, upper case */
    /* Of FREE, at most so many; of the others so many without paying the price. -1: unlimited. */
    int32_t a_month[DOMAIN_KIND_COUNT];
    int32_t horizon_days; /* a session starts at most this far ahead */
};

/* What a user has used of it in one month: bookings that cost nothing and were not cancelled. */
struct domain_usage {
    int32_t used[DOMAIN_KIND_COUNT];
};

enum domain_kind domain_kind_of(enum domain_type type, int64_t price_amount_minor);
/* As the contract's Allowance names it: "sessions.free", "sessions.paid", "sessions.private". */
const char *domain_kind_name(enum domain_kind kind);

/* The built-in tiers FREE, PREMIUM and PRO, for tenants that set none. Static. */
const struct domain_entitlement *domain_default_entitlements(size_t *ret_count);

/*
 * The entitlement of a tier, compared without regard to ASCII case. An unknown or empty tier gets
 * the first of the list: the smallest. NULL only when the list is empty.
 */
const struct domain_entitlement *
domain_entitlement_of(const struct domain_entitlement *entitlements, size_t count,
                      const char *tier);

/* What is left of a limit: UNLIMITED, or at least 0. */
int32_t domain_left_of(int32_t limit, int32_t used);

/*
 * The key of the month that usage is counted under, such as 202601: the month in which the session
 * starts, by the tenant's zone. The caller has turned the start into a local date. 0 when the date
 * is none.
 */
int32_t domain_month_key(int year, int month);

#endif
