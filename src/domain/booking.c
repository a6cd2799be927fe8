#include "domain/booking.h"

#include "domain/permission.h"
#include "domain/reason.h"

#include <stddef.h>

const struct domain_cancel_policy domain_default_cancel_policy = {
    .steps = {{.notice_minutes = 24 * 60, .refund_percent = 100},
              {.notice_minutes = 2 * 60, .refund_percent = 50}},
    .step_count = 2,
};

static struct status precondition(enum domain_reason reason, const char *detail) {
    return status_error(STATUS_FAILED_PRECONDITION, (int32_t)reason, detail);
}

static enum domain_payer_reason why_the_user_pays(const struct domain_booking_facts *facts,
                                                  enum domain_kind kind) {
    if (!facts->has_tier)
        return DOMAIN_PAYER_REASON_NO_TIER;
    return facts->entitlement->a_month[kind] == 0 ? DOMAIN_PAYER_REASON_NOT_IN_TIER
                                                  : DOMAIN_PAYER_REASON_ALLOWANCE_USED;
}

/* What it would cost, whatever speaks against it. */
static void fill_terms(const struct domain_booking_facts *facts,
                       struct domain_booking_decision *decision) {
    enum domain_kind kind = domain_kind_of(facts->type, facts->price_amount_minor);

    decision->kind = kind;
    decision->currency = facts->currency;
    decision->seats_left = facts->max_participants > facts->seats_taken
                               ? facts->max_participants - facts->seats_taken
                               : 0;
    decision->allowance = facts->entitlement->a_month[kind];
    decision->allowance_left = domain_left_of(decision->allowance, facts->usage.used[kind]);
    if (kind == DOMAIN_KIND_FREE) {
        decision->payer = DOMAIN_PAYER_NOBODY;
        decision->payer_reason = DOMAIN_PAYER_REASON_FREE_CONVERSATION;
        decision->event = DOMAIN_BOOKING_EVENT_BOOK_FREE;
    } else if (decision->allowance_left != 0) {
        decision->payer = DOMAIN_PAYER_TIER;
        decision->payer_reason = DOMAIN_PAYER_REASON_INCLUDED_IN_TIER;
        decision->event = DOMAIN_BOOKING_EVENT_BOOK_INCLUDED;
    } else {
        decision->payer = DOMAIN_PAYER_USER;
        decision->payer_reason = why_the_user_pays(facts, kind);
        decision->event = DOMAIN_BOOKING_EVENT_BOOK_PRICED;
        decision->amount_minor = facts->price_amount_minor;
    }
}

static struct status check_caller(const struct domain_booking_facts *facts) {
    if (facts->is_suspended)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                            "the user is suspended");
    if (!(facts->relations & DOMAIN_RELATION_MEMBER))
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_PARTICIPANT,
                            "only a person has a seat");
    if (facts->relations & DOMAIN_RELATION_REMOVED)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_PARTICIPANT_REMOVED,
                            "the caller was removed from the conversation");
    if (facts->relations & (DOMAIN_RELATION_HOST | DOMAIN_RELATION_INSTRUCTOR))
        return precondition(DOMAIN_REASON_OWN_CONVERSATION,
                            "host and instructor take part without a booking");
    return status_ok();
}

static struct status check_existing(const struct domain_booking_facts *facts, int64_t now_us) {
    if (facts->accepts_offer) {
        if (facts->booking != DOMAIN_BOOKING_HELD)
            return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_OFFER_NOT_FOUND,
                                "there is no offer to accept");
        if (now_us >= facts->offer_expires_at_us)
            return precondition(DOMAIN_REASON_OFFER_EXPIRED, "the offer has expired");
        return status_ok();
    }
    if (domain_booking_takes_seat(facts->booking))
        return status_error(STATUS_ALREADY_EXISTS, DOMAIN_REASON_ALREADY_BOOKED,
                            "the conversation is booked already");
    return status_ok();
}

static struct status check_state(const struct domain_booking_facts *facts, int64_t now_us) {
    if (facts->status == DOMAIN_STATUS_CANCELLED)
        return precondition(DOMAIN_REASON_CONVERSATION_STATUS, "the conversation was cancelled");
    if (facts->status == DOMAIN_STATUS_COMPLETED)
        return precondition(DOMAIN_REASON_CONVERSATION_STATUS, "the conversation is over");
    if (facts->status != DOMAIN_STATUS_SCHEDULED || now_us >= facts->start_us)
        return precondition(DOMAIN_REASON_BOOKING_CLOSED, "the conversation has started");
    return status_ok();
}

static struct status check_seats_and_quota(const struct domain_booking_facts *facts, int64_t now_us,
                                           const struct domain_booking_decision *decision) {
    int64_t horizon_us = (int64_t)facts->entitlement->horizon_days * DOMAIN_DAY_US;

    /* An offer has its seat, and its time was chosen when it was made. */
    if (!facts->accepts_offer) {
        if (facts->start_us - now_us > horizon_us)
            return precondition(DOMAIN_REASON_BOOKING_HORIZON,
                                "the tier does not book this far ahead");
        if (decision->seats_left == 0 || facts->waiting > 0)
            return precondition(DOMAIN_REASON_CONVERSATION_FULL, "the conversation is full");
    }
    /* Of kinds with a price, the price takes the allowance's place. */
    if (decision->kind == DOMAIN_KIND_FREE && decision->allowance_left == 0)
        return status_error(STATUS_RESOURCE_EXHAUSTED, DOMAIN_REASON_ALLOWANCE_EXHAUSTED,
                            "the sessions of this month are used up");
    return status_ok();
}

struct status domain_booking_decide(const struct domain_booking_facts *facts, int64_t now_us,
                                    struct domain_booking_decision *ret_decision) {
    struct domain_booking_decision decision = {0};

    fill_terms(facts, &decision);
    struct status refusal = check_caller(facts);
    if (status_is_ok(refusal))
        refusal = check_existing(facts, now_us);
    if (status_is_ok(refusal))
        refusal = check_state(facts, now_us);
    if (status_is_ok(refusal) && facts->is_busy)
        refusal = precondition(DOMAIN_REASON_SCHEDULE_CONFLICT,
                               "the user has another session at that time");
    if (status_is_ok(refusal))
        refusal = check_seats_and_quota(facts, now_us, &decision);
    if (status_is_ok(refusal))
        refusal =
            domain_booking_apply(facts->booking, facts->payment, decision.event, &decision.step);
    *ret_decision = decision;
    return refusal;
}

/* ---- cancelling ---- */

bool domain_cancel_policy_valid(const struct domain_cancel_policy *policy) {
    if (policy->step_count < 0 || policy->step_count > DOMAIN_CANCEL_STEPS_MAX)
        return false;
    for (int32_t i = 0; i < policy->step_count; i++) {
        const struct domain_cancel_step *step = &policy->steps[i];
        if (step->notice_minutes < 0 || step->refund_percent < 0 || step->refund_percent > 100)
            return false;
        if (i > 0 && (step->notice_minutes >= step[-1].notice_minutes ||
                      step->refund_percent > step[-1].refund_percent))
            return false;
    }
    return true;
}

static int32_t refund_percent(const struct domain_cancel_policy *policy, int64_t notice_us) {
    for (int32_t i = 0; i < policy->step_count; i++)
        if (notice_us >= policy->steps[i].notice_minutes * DOMAIN_MINUTE_US)
            return policy->steps[i].refund_percent;
    return 0;
}

static int64_t refund_of(const struct domain_cancellation *facts, unsigned effects,
                         int64_t now_us) {
    int64_t paid = facts->paid_amount_minor;

    if (effects & DOMAIN_EFFECT_REFUND_ALL)
        return paid;
    if (!(effects & DOMAIN_EFFECT_REFUND_BY_POLICY))
        return 0;
    if (facts->time_changed)
        return paid;
    /* In two steps, so that no amount overflows; a fraction of a unit is rounded down. */
    int64_t percent = refund_percent(&facts->policy, facts->start_us - now_us);
    return paid / 100 * percent + paid % 100 * percent / 100;
}

struct status domain_cancel_decide(const struct domain_cancellation *facts, int64_t now_us,
                                   struct domain_cancel_decision *ret_decision) {
    struct domain_cancel_decision decision = {0};

    if (facts->booking == DOMAIN_BOOKING_UNSPECIFIED)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_BOOKING_NOT_FOUND,
                            "there is no such booking");
    if (facts->booking == DOMAIN_BOOKING_CANCELLED) {
        decision.step.state = facts->booking;
        decision.step.payment = facts->payment;
        *ret_decision = decision;
        return status_ok();
    }
    if (facts->conversation_status == DOMAIN_STATUS_LIVE ||
        facts->conversation_status == DOMAIN_STATUS_COMPLETED || now_us >= facts->start_us)
        return precondition(DOMAIN_REASON_CANCELLATION_CLOSED, "the conversation has started");
    TRY(domain_booking_apply(facts->booking, facts->payment, DOMAIN_BOOKING_EVENT_CANCEL,
                             &decision.step));
    decision.changes = true;
    decision.refund_amount_minor = refund_of(facts, decision.step.effects, now_us);
    *ret_decision = decision;
    return status_ok();
}
