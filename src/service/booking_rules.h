/*
 * Who pays for a seat, or why it cannot be booked: what the domain decides from, gathered from what
 * was read; one way for quotes and bookings.
 *
 * Thread-safety: as the call.
 */
#ifndef SERVICE_BOOKING_RULES_H
#define SERVICE_BOOKING_RULES_H

#include "base/status.h"
#include "domain/booking.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "service/caller.h"
#include "service/schedule.h"
#include "service/service.h"
#include "service/zone.h"
#include "store/conversation.h"

/* What a seat would mean for a person. */
struct booking_case {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    const struct service_person *person;
    const char *invite_code;
    struct store_conversation_view view; /* with the person as viewer */
    struct service_month month;          /* of the conversation's start */
    struct domain_usage usage;
    struct schedule_other other; /* another session of the person at that time */
    struct domain_booking_decision decision;
};

/* After `view` was read: the month that usage is looked up under. */
void booking_find_month(struct booking_case *c);

/*
 * With view, usage and other: domain_booking_decide(). On top of it: a seat that has to be paid is
 * refused with PAYMENT_REQUIRED while there are no payments. The decision is filled in whatever it
 * answers.
 */
struct status booking_decide(struct booking_case *c, int64_t now_us) STATUS_MUST_USE;

/* PRICE_CHANGED unless the decision is what the client expected; NULL expects nothing. */
struct status booking_check_price(const struct booking_case *c,
                                  const lc_money *expected) STATUS_MUST_USE;

/* The metadata and quota violation that belong to a refusal. */
void booking_explain(const struct booking_case *c, struct status refusal);

/* The quote, in the call's arena. */
struct status booking_quote(const struct booking_case *c, struct status refusal,
                            lc_booking_quote **ret_quote) STATUS_MUST_USE;

#endif
