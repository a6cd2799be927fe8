#include "service/convert.h"

lc_cancellation_policy *convert_policy(struct convert *c, const struct domain_cancel_policy *policy,
                                       bool free_cancellation) {
    lc_cancellation_policy *to = lc_cancellation_policy_new(c->arena);
    size_t count = policy->step_count > 0 ? (size_t)policy->step_count : 0;
    lc_cancellation_step **steps = convert_list(c, count);
    if (to == NULL || c->failed) {
        c->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        steps[i] = lc_cancellation_step_new(c->arena);
        if (steps[i] == NULL) {
            c->failed = true;
            return NULL;
        }
        steps[i]->notice_minutes = policy->steps[i].notice_minutes;
        steps[i]->refund_percent = policy->steps[i].refund_percent;
    }
    to->steps = steps;
    to->n_steps = count;
    to->free_cancellation = free_cancellation;
    return to;
}

static void booking_money(struct convert *c, const struct store_booking *from, lc_booking *to) {
    const struct store_money refunded = {.amount_minor = from->refunded_minor,
                                         .currency = from->amount.currency};
    to->payment_status = (lc_payment_status)from->payment;
    to->amount = convert_money(c, &from->amount);
    to->refunded = convert_money(c, &refunded);
    if (!from->has_attempt)
        return;
    to->payer = (lc_payer)from->attempt.payer;
    to->cancellation_policy =
        convert_policy(c, &from->attempt.policy, from->attempt.free_cancellation);
}

lc_booking *convert_booking(struct convert *c, const struct store_booking *from, bool with_money) {
    lc_booking *to = lc_booking_new(c->arena);
    if (to == NULL) {
        c->failed = true;
        return NULL;
    }
    bool is_waiting =
        from->status == DOMAIN_BOOKING_HELD || from->status == DOMAIN_BOOKING_PENDING_PAYMENT;
    to->id = convert_uuid(c, &from->id);
    to->conversation_id = convert_uuid(c, &from->conversation_id);
    to->user = convert_summary(c, &from->user);
    to->status = (lc_booking_status)from->status;
    to->booked_time = convert_time(c, from->booked_at_us);
    to->cancelled_time = convert_time(c, from->cancelled_at_us);
    if (is_waiting) {
        to->hold_expires_at = convert_time(c, from->hold_expires_at_us);
        to->offer_expires_at = convert_time(c, from->offer_expires_at_us);
    }
    to->attempt = from->has_attempt ? from->attempt.number : 0;
    to->update_time = convert_time(c, from->updated_at_us);
    if (with_money)
        booking_money(c, from, to);
    return to;
}

lc_booking_view *convert_booking_view(struct convert *c, const struct store_booking *booking,
                                      const struct store_conversation *conversation,
                                      const struct domain_settings *settings, bool with_money) {
    lc_booking_view *to = lc_booking_view_new(c->arena);
    if (to == NULL) {
        c->failed = true;
        return NULL;
    }
    to->booking = convert_booking(c, booking, with_money);
    to->conversation = convert_listed(c, conversation, settings);
    return to;
}
