/*
 * What a conversation may be, beyond what each field may hold by itself (the contract's rules).
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_CONVERSATION_H
#define DOMAIN_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "domain/settings.h"
#include "domain/types.h"

/* A conversation as it is to become: of a create, or the old one with an update applied. */
struct domain_draft {
    enum domain_type type;
    enum domain_level level;
    enum domain_visibility visibility;
    const char *title;
    const char *language;  /* BCP 47 */
    const char *time_zone; /* IANA; "" is the tenant's */
    int64_t start_us;
    int64_t end_us;
    int32_t max_participants;
    int64_t price_amount_minor; /* 0: free */
    const char *currency;       /* "" when no price was said */
};

/* What an update starts from. */
struct domain_draft_before {
    enum domain_type type;
    const char *language;
    int64_t start_us;
    int64_t end_us;
    int64_t price_amount_minor;
    const char *currency;
    int32_t seats_taken;
};

/* One thing that is wrong. Both strings are literals. */
struct domain_violation {
    const char *field; /* of ConversationDraft: "start_time", "price.currency_code" */
    const char *description;
    int32_t reason; /* enum domain_reason */
    int32_t code;   /* enum status_code */
};

enum { DOMAIN_VIOLATIONS_MAX = 16 };

struct domain_violations {
    struct domain_violation items[DOMAIN_VIOLATIONS_MAX];
    size_t count;
};

/* Seats when a request names none: 1 for PRIVATE, else 8. */
int32_t domain_default_seats(enum domain_type type);

/*
 * Looks for everything that is wrong, so that a form shows it at once. `before` is NULL for a
 * create; with it, a time that stays as it was is not held against the clock.
 *
 * The status is that of the first violation, INVALID_ARGUMENT before FAILED_PRECONDITION:
 *   INVALID_ARGUMENT    FIELDS_INCONSISTENT, FIELD_MALFORMED, START_IN_PAST, END_BEFORE_START,
 *                       DURATION_OUT_OF_RANGE, START_TOO_FAR, CAPACITY_OUT_OF_RANGE,
 *                       PRICE_OUT_OF_RANGE, CURRENCY_NOT_SUPPORTED
 *   FAILED_PRECONDITION CAPACITY_BELOW_BOOKINGS, HAS_BOOKINGS (price, type, language)
 */
struct status domain_draft_check(const struct domain_draft *draft,
                                 const struct domain_draft_before *before,
                                 const struct domain_settings *settings, int64_t now_us,
                                 struct domain_violations *ret_violations) STATUS_MUST_USE;

#endif
