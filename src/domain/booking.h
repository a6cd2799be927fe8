/*
 * The booking decision: who pays and why, or why not.
 *
 * One pure function serves QuoteBooking, with what was read, and BookConversation, with what was
 * read under the locks (DESIGN section 7). So a quote never promises by other rules than booking.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_BOOKING_H
#define DOMAIN_BOOKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "domain/entitlement.h"
#include "domain/lifecycle.h"
#include "domain/types.h"

struct domain_booking_facts {
    /* The conversation. Visibility is decided before (domain/permission.h). */
    enum domain_type type;
    enum domain_status status;
    int64_t start_us;
    int32_t max_participants;
    int32_t seats_taken;
    int32_t waiting; /* on the waitlist: a freed seat is offered to them first */
    int64_t price_amount_minor;
    const char *currency; /* "" when free */

    /* Whoever is to have the seat: the caller, or the user a service books for. */
    unsigned relations; /* domain_relations() */
    bool is_suspended;
    enum domain_booking_state booking;
    enum domain_payment_state payment;
    int64_t offer_expires_at_us; /* of a HELD booking */
    bool accepts_offer;          /* AcceptOffer: turns a HELD booking into a confirmed one */
    bool has_tier;               /* the token names one */
    const struct domain_entitlement *entitlement; /* of the caller's tier; not NULL */
    struct domain_usage usage;                    /* in the month of the start */
    bool is_busy; /* has another session at that time, where the tenant forbids it */
};

/* Both as the contract numbers them. */
enum domain_payer {
    DOMAIN_PAYER_UNSPECIFIED,
    DOMAIN_PAYER_NOBODY, /* the session is free */
    DOMAIN_PAYER_TIER,   /* included */
    DOMAIN_PAYER_USER,   /* the price */
};

enum domain_payer_reason {
    DOMAIN_PAYER_REASON_UNSPECIFIED,
    DOMAIN_PAYER_REASON_FREE_CONVERSATION,
    DOMAIN_PAYER_REASON_INCLUDED_IN_TIER,
    DOMAIN_PAYER_REASON_NOT_IN_TIER,    /* the tier includes none of this kind */
    DOMAIN_PAYER_REASON_ALLOWANCE_USED, /* the month's are used up */
    DOMAIN_PAYER_REASON_NO_TIER,        /* the token names no tier */
};

struct domain_booking_decision {
    enum domain_payer payer;
    enum domain_payer_reason payer_reason;
    enum domain_kind kind;
    int64_t amount_minor; /* what the user pays; 0 unless payer is USER */
    const char *currency; /* of the facts */
    enum domain_booking_event event;
    struct domain_booking_step step; /* what the booking becomes, and its effects */
    int32_t seats_left;              /* before this booking */
    int32_t allowance_left;          /* of the month and kind, before this booking; or UNLIMITED */
    int32_t allowance;               /* of the tier, the month and the kind; or UNLIMITED */
};

/*
 * The refusal is the status; *ret_decision is filled in both cases, so that a quote can show price
 * and allowance beside the reason. In this order:
 *   PERMISSION_DENIED   USER_SUSPENDED, NOT_PARTICIPANT (not a person), PARTICIPANT_REMOVED
 *   FAILED_PRECONDITION OWN_CONVERSATION
 *   ALREADY_EXISTS      ALREADY_BOOKED
 *   NOT_FOUND           OFFER_NOT_FOUND; FAILED_PRECONDITION OFFER_EXPIRED (accepts_offer)
 *   FAILED_PRECONDITION CONVERSATION_STATUS, BOOKING_CLOSED, SCHEDULE_CONFLICT, BOOKING_HORIZON,
 *                       CONVERSATION_FULL
 *   RESOURCE_EXHAUSTED  ALLOWANCE_EXHAUSTED
 */
struct status domain_booking_decide(const struct domain_booking_facts *facts, int64_t now_us,
                                    struct domain_booking_decision *ret_decision) STATUS_MUST_USE;

/* ---- cancelling ---- */

enum { DOMAIN_CANCEL_STEPS_MAX = 4 };

/* Cancelled with at least this notice, this much comes back. */
struct domain_cancel_step {
    int32_t notice_minutes;
    int32_t refund_percent; /* 0 to 100 */
};

/* What a booking's attempt froze when it was made: steps by falling notice; below the last one
 * nothing comes back. */
struct domain_cancel_policy {
    struct domain_cancel_step steps[DOMAIN_CANCEL_STEPS_MAX];
    int32_t step_count;
};

/* A day: all; two hours: half. */
extern const struct domain_cancel_policy domain_default_cancel_policy;

struct domain_cancellation {
    enum domain_status conversation_status;
    int64_t start_us;
    enum domain_booking_state booking;
    enum domain_payment_state payment;
    int64_t paid_amount_minor; /* of the attempt; not negative */
    struct domain_cancel_policy policy;
    bool time_changed; /* the host moved the session after the booking: always free */
};

struct domain_cancel_decision {
    bool changes; /* false: it was cancelled before, the answer is the same */
    struct domain_booking_step step;
    int64_t refund_amount_minor;
};

/* True when steps are in range and in order. */
bool domain_cancel_policy_valid(const struct domain_cancel_policy *policy);

/*
 * NOT_FOUND BOOKING_NOT_FOUND, FAILED_PRECONDITION CANCELLATION_CLOSED (now is not before the
 * start, or it is live or over), BOOKING_STATUS.
 */
struct status domain_cancel_decide(const struct domain_cancellation *facts, int64_t now_us,
                                   struct domain_cancel_decision *ret_decision) STATUS_MUST_USE;

#endif
