#include "domain/lifecycle.h"

#include "domain/reason.h"

#include <stddef.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct transition {
    enum domain_status from;
    enum domain_event event;
    enum domain_status to;
};

static const struct transition transitions[] = {
    {DOMAIN_STATUS_SCHEDULED, DOMAIN_EVENT_START, DOMAIN_STATUS_LIVE},
    {DOMAIN_STATUS_SCHEDULED, DOMAIN_EVENT_AUTO_START, DOMAIN_STATUS_LIVE},
    {DOMAIN_STATUS_SCHEDULED, DOMAIN_EVENT_CANCEL, DOMAIN_STATUS_CANCELLED},
    {DOMAIN_STATUS_SCHEDULED, DOMAIN_EVENT_HOST_NO_SHOW, DOMAIN_STATUS_CANCELLED},
    {DOMAIN_STATUS_SCHEDULED, DOMAIN_EVENT_AUTO_COMPLETE, DOMAIN_STATUS_COMPLETED},
    {DOMAIN_STATUS_LIVE, DOMAIN_EVENT_END, DOMAIN_STATUS_COMPLETED},
    {DOMAIN_STATUS_LIVE, DOMAIN_EVENT_AUTO_COMPLETE, DOMAIN_STATUS_COMPLETED},
    {DOMAIN_STATUS_LIVE, DOMAIN_EVENT_CANCEL, DOMAIN_STATUS_CANCELLED},
    {DOMAIN_STATUS_LIVE, DOMAIN_EVENT_HOST_NO_SHOW, DOMAIN_STATUS_CANCELLED},
    /* Asked for again: answered as it is. */
    {DOMAIN_STATUS_LIVE, DOMAIN_EVENT_START, DOMAIN_STATUS_LIVE},
    {DOMAIN_STATUS_COMPLETED, DOMAIN_EVENT_END, DOMAIN_STATUS_COMPLETED},
    {DOMAIN_STATUS_CANCELLED, DOMAIN_EVENT_CANCEL, DOMAIN_STATUS_CANCELLED},
};

const char *domain_event_name(enum domain_event event) {
    static const char *const names[] = {
        [DOMAIN_EVENT_NONE] = "NONE",
        [DOMAIN_EVENT_START] = "START",
        [DOMAIN_EVENT_AUTO_START] = "AUTO_START",
        [DOMAIN_EVENT_END] = "END",
        [DOMAIN_EVENT_AUTO_COMPLETE] = "AUTO_COMPLETE",
        [DOMAIN_EVENT_CANCEL] = "CANCEL",
        [DOMAIN_EVENT_HOST_NO_SHOW] = "HOST_NO_SHOW",
    };
    return (size_t)event < COUNT_OF(names) ? names[event] : "NONE";
}

static struct status refuse_transition(enum domain_status from) {
    const char *detail = "the conversation is not in a state that allows this";
    if (from == DOMAIN_STATUS_COMPLETED)
        detail = "the conversation is over";
    if (from == DOMAIN_STATUS_CANCELLED)
        detail = "the conversation was cancelled";
    if (from == DOMAIN_STATUS_SCHEDULED)
        detail = "the conversation is not live";
    return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_CONVERSATION_STATUS, detail);
}

struct status domain_lifecycle_apply(enum domain_status from, enum domain_event event,
                                     enum domain_status *ret_to) {
    for (size_t i = 0; i < COUNT_OF(transitions); i++) {
        if (transitions[i].from == from && transitions[i].event == event) {
            *ret_to = transitions[i].to;
            return status_ok();
        }
    }
    return refuse_transition(from);
}

int64_t domain_doors_open_at(int64_t start_us, const struct domain_settings *settings) {
    return start_us - settings->doors_open_before_us;
}

enum domain_event domain_lifecycle_due(const struct domain_schedule *schedule,
                                       const struct domain_settings *settings, int64_t now_us) {
    bool over = now_us >= schedule->end_us + settings->complete_after_us;
    bool leaderless = schedule->is_paid && !schedule->leader_was_present &&
                      now_us >= schedule->start_us + settings->host_no_show_after_us;

    if (schedule->status != DOMAIN_STATUS_SCHEDULED && schedule->status != DOMAIN_STATUS_LIVE)
        return DOMAIN_EVENT_NONE;
    /* Before the end: a short session without its host is still refunded. */
    if (leaderless)
        return DOMAIN_EVENT_HOST_NO_SHOW;
    if (over)
        return DOMAIN_EVENT_AUTO_COMPLETE;
    if (schedule->status == DOMAIN_STATUS_SCHEDULED && !schedule->is_paid &&
        now_us >= schedule->start_us &&
        schedule->participants_count >= settings->auto_live_participants)
        return DOMAIN_EVENT_AUTO_START;
    return DOMAIN_EVENT_NONE;
}

int64_t domain_lifecycle_next_due_at(const struct domain_schedule *schedule,
                                     const struct domain_settings *settings) {
    int64_t due_us = schedule->end_us + settings->complete_after_us;

    if (schedule->status != DOMAIN_STATUS_SCHEDULED && schedule->status != DOMAIN_STATUS_LIVE)
        return INT64_MAX;
    if (schedule->is_paid && !schedule->leader_was_present) {
        int64_t no_show_us = schedule->start_us + settings->host_no_show_after_us;
        due_us = no_show_us < due_us ? no_show_us : due_us;
    }
    if (schedule->status == DOMAIN_STATUS_SCHEDULED && !schedule->is_paid &&
        schedule->participants_count >= settings->auto_live_participants &&
        schedule->start_us < due_us)
        due_us = schedule->start_us;
    return due_us;
}

/* ---- bookings ---- */

/* Matches any state of payment; the payment is then left as it is unless the row says otherwise. */
enum { ANY = -1, SAME = -1 };

struct booking_transition {
    int from;
    int payment; /* or ANY */
    enum domain_booking_event event;
    int to;
    int to_payment; /* or SAME */
    unsigned effects;
};

#define STATE(name) DOMAIN_BOOKING_##name
#define PAYMENT(name) DOMAIN_PAYMENT_##name
#define ON(name) DOMAIN_BOOKING_EVENT_##name
#define TAKE DOMAIN_EFFECT_TAKE_SEAT
#define GIVE DOMAIN_EFFECT_FREE_SEAT
#define USE DOMAIN_EFFECT_USE_QUOTA
#define RETURN DOMAIN_EFFECT_RETURN_QUOTA
#define REFUND DOMAIN_EFFECT_REFUND_ALL
#define POLICY DOMAIN_EFFECT_REFUND_BY_POLICY

/* The first row that fits decides. */
static const struct booking_transition booking_transitions[] = {
    /* A new attempt: none before, or an old one that holds no seat. */
    {STATE(UNSPECIFIED), ANY, ON(BOOK_FREE), STATE(CONFIRMED), PAYMENT(NOT_REQUIRED), TAKE | USE},
    {STATE(UNSPECIFIED), ANY, ON(BOOK_INCLUDED), STATE(CONFIRMED), PAYMENT(INCLUDED), TAKE | USE},
    {STATE(UNSPECIFIED), ANY, ON(BOOK_PRICED), STATE(PENDING_PAYMENT), PAYMENT(PENDING), TAKE},
    {STATE(UNSPECIFIED), ANY, ON(OFFER), STATE(HELD), PAYMENT(NOT_REQUIRED), TAKE},
    {STATE(CANCELLED), ANY, ON(BOOK_FREE), STATE(CONFIRMED), PAYMENT(NOT_REQUIRED), TAKE | USE},
    {STATE(CANCELLED), ANY, ON(BOOK_INCLUDED), STATE(CONFIRMED), PAYMENT(INCLUDED), TAKE | USE},
    {STATE(CANCELLED), ANY, ON(BOOK_PRICED), STATE(PENDING_PAYMENT), PAYMENT(PENDING), TAKE},
    {STATE(CANCELLED), ANY, ON(OFFER), STATE(HELD), PAYMENT(NOT_REQUIRED), TAKE},
    {STATE(EXPIRED), ANY, ON(BOOK_FREE), STATE(CONFIRMED), PAYMENT(NOT_REQUIRED), TAKE | USE},
    {STATE(EXPIRED), ANY, ON(BOOK_INCLUDED), STATE(CONFIRMED), PAYMENT(INCLUDED), TAKE | USE},
    {STATE(EXPIRED), ANY, ON(BOOK_PRICED), STATE(PENDING_PAYMENT), PAYMENT(PENDING), TAKE},
    {STATE(EXPIRED), ANY, ON(OFFER), STATE(HELD), PAYMENT(NOT_REQUIRED), TAKE},

    /* An offer has its seat already. */
    {STATE(HELD), ANY, ON(BOOK_FREE), STATE(CONFIRMED), PAYMENT(NOT_REQUIRED), USE},
    {STATE(HELD), ANY, ON(BOOK_INCLUDED), STATE(CONFIRMED), PAYMENT(INCLUDED), USE},
    {STATE(HELD), ANY, ON(BOOK_PRICED), STATE(PENDING_PAYMENT), PAYMENT(PENDING), 0},
    {STATE(HELD), ANY, ON(EXPIRE), STATE(EXPIRED), SAME, GIVE},
    {STATE(HELD), ANY, ON(CANCEL), STATE(CANCELLED), SAME, GIVE},
    {STATE(HELD), ANY, ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE},

    {STATE(PENDING_PAYMENT), PAYMENT(PENDING), ON(PAID), STATE(CONFIRMED), PAYMENT(PAID), 0},
    {STATE(PENDING_PAYMENT), PAYMENT(PENDING), ON(PAY_FAILED), STATE(EXPIRED), PAYMENT(FAILED),
     GIVE},
    /* The attempt stays PENDING: its provider may still say that it was paid. */
    {STATE(PENDING_PAYMENT), ANY, ON(EXPIRE), STATE(EXPIRED), SAME, GIVE},
    {STATE(PENDING_PAYMENT), ANY, ON(CANCEL), STATE(CANCELLED), SAME, GIVE},
    {STATE(PENDING_PAYMENT), ANY, ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE},

    {STATE(EXPIRED), PAYMENT(PENDING), ON(PAID_LATE), STATE(CONFIRMED), PAYMENT(PAID), TAKE},
    {STATE(EXPIRED), PAYMENT(PENDING), ON(PAID_VOID), STATE(EXPIRED), PAYMENT(PAID), REFUND},
    {STATE(EXPIRED), PAYMENT(PENDING), ON(PAY_FAILED), STATE(EXPIRED), PAYMENT(FAILED), 0},
    /* Who cancelled does not want the seat again: a late payment is only given back. */
    {STATE(CANCELLED), PAYMENT(PENDING), ON(PAID_VOID), STATE(CANCELLED), PAYMENT(PAID), REFUND},
    {STATE(CANCELLED), PAYMENT(PENDING), ON(PAY_FAILED), STATE(CANCELLED), PAYMENT(FAILED), 0},

    {STATE(CONFIRMED), PAYMENT(PAID), ON(CANCEL), STATE(CANCELLED), SAME, GIVE | POLICY},
    {STATE(CONFIRMED), ANY, ON(CANCEL), STATE(CANCELLED), SAME, GIVE | RETURN},
    {STATE(CONFIRMED), PAYMENT(PAID), ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE | REFUND},
    {STATE(CONFIRMED), ANY, ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE | RETURN},
    {STATE(CONFIRMED), ANY, ON(ATTEND), STATE(ATTENDED), SAME, 0},
    {STATE(CONFIRMED), ANY, ON(MISS), STATE(NO_SHOW), SAME, 0},
    /* Attendance may be known before a live conversation is called off. */
    {STATE(ATTENDED), PAYMENT(PAID), ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE | REFUND},
    {STATE(ATTENDED), ANY, ON(CALL_OFF), STATE(CANCELLED), SAME, GIVE | RETURN},

    {STATE(CANCELLED), PAYMENT(PAID), ON(REFUNDED), STATE(CANCELLED), PAYMENT(REFUNDED), 0},
    {STATE(EXPIRED), PAYMENT(PAID), ON(REFUNDED), STATE(EXPIRED), PAYMENT(REFUNDED), 0},
};

static struct status refuse_booking(enum domain_booking_event event) {
    switch (event) {
    case DOMAIN_BOOKING_EVENT_CANCEL:
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_BOOKING_STATUS,
                            "the booking cannot be cancelled any more");
    case DOMAIN_BOOKING_EVENT_BOOK_FREE:
    case DOMAIN_BOOKING_EVENT_BOOK_INCLUDED:
    case DOMAIN_BOOKING_EVENT_BOOK_PRICED:
        return status_error(STATUS_ALREADY_EXISTS, DOMAIN_REASON_ALREADY_BOOKED,
                            "the conversation is booked already");
    default:
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_BOOKING_STATUS,
                            "the booking is not in a state that allows this");
    }
}

struct status domain_booking_apply(enum domain_booking_state state,
                                   enum domain_payment_state payment,
                                   enum domain_booking_event event,
                                   struct domain_booking_step *ret_step) {
    for (size_t i = 0; i < COUNT_OF(booking_transitions); i++) {
        const struct booking_transition *row = &booking_transitions[i];
        if (row->from != (int)state || row->event != event ||
            (row->payment != ANY && row->payment != (int)payment))
            continue;
        ret_step->state = (enum domain_booking_state)row->to;
        ret_step->payment =
            row->to_payment == SAME ? payment : (enum domain_payment_state)row->to_payment;
        ret_step->effects = row->effects;
        return status_ok();
    }
    return refuse_booking(event);
}
