/*
 * The two state machines, conversations and bookings, each as one table; and what falls due when.
 *
 * Conversations: SCHEDULED -> LIVE -> COMPLETED, CANCELLED from the first two; one that nobody ever
 * started becomes COMPLETED too, a while after its end.
 * Bookings: see the table in lifecycle.c; seats and refunds are effects of a transition.
 *
 * All times are wall-clock microseconds, passed in. Thread-safety: functions without state.
 */
#ifndef DOMAIN_LIFECYCLE_H
#define DOMAIN_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "domain/settings.h"
#include "domain/types.h"

/* ---- conversations ---- */

enum domain_event {
    DOMAIN_EVENT_NONE,
    DOMAIN_EVENT_START,         /* StartConversation */
    DOMAIN_EVENT_AUTO_START,    /* the start has come and enough have joined a free session */
    DOMAIN_EVENT_END,           /* EndConversation */
    DOMAIN_EVENT_AUTO_COMPLETE, /* the end is long past, whether or not it became LIVE */
    DOMAIN_EVENT_CANCEL,        /* CancelConversation */
    DOMAIN_EVENT_HOST_NO_SHOW,  /* nobody came to lead a paid session: all is refunded */
};

/* The name of an event as audit and event log write it, such as "HOST_NO_SHOW". */
const char *domain_event_name(enum domain_event event);

/*
 * Where `event` leads from `from`. START on LIVE, END on COMPLETED and CANCEL on CANCELLED lead
 * nowhere else: such a call is answered as it is. FAILED_PRECONDITION CONVERSATION_STATUS for what
 * the table does not have.
 */
struct status domain_lifecycle_apply(enum domain_status from, enum domain_event event,
                                     enum domain_status *ret_to) STATUS_MUST_USE;

/* What the clock decides about. */
struct domain_schedule {
    enum domain_status status;
    int64_t start_us;
    int64_t end_us;
    bool is_paid;
    bool leader_was_present;    /* host or instructor is in, or was after the start */
    int32_t participants_count; /* present now, host and instructor included */
};

/* From when on the conversation may be entered. */
int64_t domain_doors_open_at(int64_t start_us, const struct domain_settings *settings);

/* The event that is due now, or NONE. At most one; ask again after it was applied. */
enum domain_event domain_lifecycle_due(const struct domain_schedule *schedule,
                                       const struct domain_settings *settings, int64_t now_us);

/* The next time something may fall due although nobody acts; INT64_MAX: never. May have passed. */
int64_t domain_lifecycle_next_due_at(const struct domain_schedule *schedule,
                                     const struct domain_settings *settings);

/* ---- bookings ---- */

enum domain_booking_event {
    DOMAIN_BOOKING_EVENT_BOOK_FREE,
    DOMAIN_BOOKING_EVENT_BOOK_INCLUDED,
    DOMAIN_BOOKING_EVENT_BOOK_PRICED, /* the payment of a new attempt begins */
    DOMAIN_BOOKING_EVENT_OFFER,       /* from the waitlist */
    DOMAIN_BOOKING_EVENT_EXPIRE,      /* offer or payment was not completed in time */
    DOMAIN_BOOKING_EVENT_PAID,        /* of the current attempt */
    DOMAIN_BOOKING_EVENT_PAY_FAILED,  /* of the current attempt */
    DOMAIN_BOOKING_EVENT_PAID_LATE,   /* after EXPIRED or CANCELLED, and there is a seat again */
    DOMAIN_BOOKING_EVENT_PAID_VOID,   /* after EXPIRED or CANCELLED, and there is none: give back */
    DOMAIN_BOOKING_EVENT_CANCEL,      /* by the booker; the policy decides on the refund */
    DOMAIN_BOOKING_EVENT_CALL_OFF,    /* the conversation was cancelled: all is refunded */
    DOMAIN_BOOKING_EVENT_REFUNDED,    /* the provider has given the money back */
    DOMAIN_BOOKING_EVENT_ATTEND,
    DOMAIN_BOOKING_EVENT_MISS,
};

enum domain_booking_effect {
    DOMAIN_EFFECT_TAKE_SEAT = 1 << 0,
    DOMAIN_EFFECT_FREE_SEAT = 1 << 1,
    DOMAIN_EFFECT_REFUND_ALL = 1 << 2,
    DOMAIN_EFFECT_REFUND_BY_POLICY = 1 << 3,
    DOMAIN_EFFECT_USE_QUOTA = 1 << 4,    /* free or included: count it in the month's usage */
    DOMAIN_EFFECT_RETURN_QUOTA = 1 << 5, /* and take it back */
};

struct domain_booking_step {
    enum domain_booking_state state;
    enum domain_payment_state payment;
    unsigned effects; /* enum domain_booking_effect */
};

/*
 * The one transition table of bookings. A state of UNSPECIFIED is "there is none yet". What the
 * table does not have is FAILED_PRECONDITION BOOKING_STATUS, or, for a new booking,
 * ALREADY_EXISTS ALREADY_BOOKED.
 */
struct status domain_booking_apply(enum domain_booking_state state,
                                   enum domain_payment_state payment,
                                   enum domain_booking_event event,
                                   struct domain_booking_step *ret_step) STATUS_MUST_USE;

#endif
