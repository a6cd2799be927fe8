#include "service/booking_rules.h"

#include "domain/reason.h"
#include "rpc/call.h"
#include "service/convert.h"
#include "service/fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void booking_find_month(struct booking_case *c) {
    c->month = service_month_of(c->context->zone_directory, c->caller->settings->time_zone,
                                c->view.conversation.start_us);
}

static const struct domain_entitlement *entitlement_of(const struct booking_case *c) {
    const struct store_tenant *tenant = c->caller->settings;
    return domain_entitlement_of(tenant->entitlements, tenant->entitlement_count, c->person->tier);
}

struct status booking_decide(struct booking_case *c, int64_t now_us) {
    const struct store_conversation *conversation = &c->view.conversation;
    const struct store_viewer *viewer = &c->view.viewer;
    const struct domain_booking_facts facts = {
        .type = conversation->type,
        .status = conversation->status,
        .start_us = conversation->start_us,
        .max_participants = conversation->max_participants,
        .seats_taken = conversation->seats_taken,
        .waiting = conversation->waiting,
        .price_amount_minor = conversation->price.amount_minor,
        .currency = conversation->price.currency,
        .relations = service_relations(c->person, &c->view, c->invite_code),
        .is_suspended = c->person->is_suspended,
        .booking = viewer->has_booking ? viewer->booking : DOMAIN_BOOKING_UNSPECIFIED,
        .payment = viewer->has_booking ? viewer->payment : DOMAIN_PAYMENT_UNSPECIFIED,
        .offer_expires_at_us = viewer->offer_expires_at_us,
        .has_tier = c->person->tier[0] != '\0',
        .entitlement = entitlement_of(c),
        .usage = c->usage,
        .is_busy = c->other.found};
    TRY(domain_booking_decide(&facts, now_us, &c->decision));
    if (c->decision.payer == DOMAIN_PAYER_USER)
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_PAYMENT_REQUIRED,
                            "The seat has to be paid, and payments are not available.");
    return status_ok();
}

struct status booking_check_price(const struct booking_case *c, const lc_money *expected) {
    if (expected == NULL)
        return status_ok();
    bool same_currency = c->decision.amount_minor == 0 || c->decision.currency == NULL ||
                         strcmp(c->decision.currency, expected->currency_code) == 0;
    if (expected->amount_minor == c->decision.amount_minor && same_currency)
        return status_ok();
    return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_PRICE_CHANGED,
                        "The seat costs something else than was expected.");
}

/* ---- refusals ---- */

static void tell_number(const struct booking_case *c, const char *key, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    rpc_call_add_error_metadata(c->call, key, text);
}

static void tell_time(const struct booking_case *c, const char *key, int64_t time_us) {
    struct convert to = convert_into(rpc_call_arena(c->call));
    rpc_call_add_error_metadata(c->call, key, convert_rfc3339(&to, time_us));
}

static void tell_booking(const struct booking_case *c) {
    char id[UUID_TEXT_BYTES];
    if (!c->view.viewer.has_booking)
        return;
    uuid_format(&c->view.viewer.booking_id, id);
    rpc_call_add_error_metadata(c->call, "booking_id", id);
}

static void tell_allowance(const struct booking_case *c) {
    const char *kind = domain_kind_name(c->decision.kind);
    rpc_call_add_quota_violation(c->call, kind, "This month's sessions are used up.");
    rpc_call_add_error_metadata(c->call, "kind", kind);
    tell_number(c, "limit", c->decision.allowance);
    tell_time(c, "renew_time", c->month.end_us);
}

void booking_explain(const struct booking_case *c, struct status refusal) {
    const struct store_conversation *conversation = &c->view.conversation;
    const struct domain_entitlement *entitlement = entitlement_of(c);
    switch ((enum domain_reason)refusal.reason) {
    case DOMAIN_REASON_CONVERSATION_FULL:
        tell_number(c, "seats_taken", conversation->seats_taken);
        tell_number(c, "max_participants", conversation->max_participants);
        rpc_call_add_error_metadata(c->call, "waitlist_open", "false");
        break;
    case DOMAIN_REASON_ALREADY_BOOKED:
        tell_booking(c);
        break;
    case DOMAIN_REASON_SCHEDULE_CONFLICT:
        schedule_explain(c->call, c->caller, &c->person->id, &c->other);
        break;
    case DOMAIN_REASON_BOOKING_HORIZON:
        tell_number(c, "horizon_days", entitlement->horizon_days);
        tell_time(c, "opens_time",
                  conversation->start_us - entitlement->horizon_days * DOMAIN_DAY_US);
        break;
    case DOMAIN_REASON_ALLOWANCE_EXHAUSTED:
        tell_allowance(c);
        break;
    case DOMAIN_REASON_PAYMENT_REQUIRED:
    case DOMAIN_REASON_PRICE_CHANGED:
        tell_number(c, "amount_minor", c->decision.amount_minor);
        rpc_call_add_error_metadata(c->call, "currency_code", conversation->price.currency);
        break;
    default:
        service_explain(c->call, c->caller, conversation, refusal.reason);
        break;
    }
}

/* ---- quotes ---- */

static lc_allowance *allowance(struct convert *to, const struct booking_case *c) {
    lc_allowance *allowance = lc_allowance_new(to->arena);
    if (allowance == NULL) {
        to->failed = true;
        return NULL;
    }
    allowance->kind = convert_text(domain_kind_name(c->decision.kind));
    allowance->per_month = c->decision.allowance;
    allowance->used = c->usage.used[c->decision.kind];
    allowance->renew_time = convert_time(to, c->month.end_us);
    return allowance;
}

struct status booking_quote(const struct booking_case *c, struct status refusal,
                            lc_booking_quote **ret_quote) {
    struct convert to = convert_into(rpc_call_arena(c->call));
    const struct store_conversation *conversation = &c->view.conversation;
    const struct store_money due = {.amount_minor = c->decision.amount_minor,
                                    .currency = conversation->price.currency};
    lc_booking_quote *quote = lc_booking_quote_new(to.arena);
    if (quote == NULL)
        return service_no_room();
    quote->payer = (lc_payer)c->decision.payer;
    quote->reason = (lc_payer_reason)c->decision.payer_reason;
    quote->price = convert_money(&to, &conversation->price);
    quote->amount_due = convert_money(&to, &due);
    quote->allowance = allowance(&to, c);
    quote->cancellation_policy = convert_policy(&to, &c->caller->settings->cancel_policy, false);
    quote->book_until = convert_time(&to, conversation->start_us);
    quote->can_book = status_is_ok(refusal);
    quote->refusal = (lc_reason)refusal.reason;
    TRY(convert_status(&to));
    *ret_quote = quote;
    return status_ok();
}
