#include "store/booking_row.h"

#include "store/material.h"

#include <assert.h>
#include <string.h>

static const char *const payers[] = {
    [DOMAIN_PAYER_NOBODY] = "NOBODY", [DOMAIN_PAYER_TIER] = "TIER", [DOMAIN_PAYER_USER] = "USER"};
static const char *const payer_reasons[] = {
    [DOMAIN_PAYER_REASON_FREE_CONVERSATION] = "FREE_CONVERSATION",
    [DOMAIN_PAYER_REASON_INCLUDED_IN_TIER] = "INCLUDED_IN_TIER",
    [DOMAIN_PAYER_REASON_NOT_IN_TIER] = "NOT_IN_TIER",
    [DOMAIN_PAYER_REASON_ALLOWANCE_USED] = "ALLOWANCE_USED",
    [DOMAIN_PAYER_REASON_NO_TIER] = "NO_TIER",
};
static const char *const kinds[] = {
    [DOMAIN_KIND_FREE] = "FREE", [DOMAIN_KIND_GROUP] = "GROUP", [DOMAIN_KIND_PRIVATE] = "PRIVATE"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *name_at(const char *const *names, size_t count, size_t value) {
    return value < count ? names[value] : NULL;
}

static bool find(const char *const *names, size_t count, const char *name, size_t *ret_value) {
    for (size_t i = 0; i < count; i++) {
        if (names[i] != NULL && strcmp(names[i], name) == 0) {
            *ret_value = i;
            return true;
        }
    }
    return false;
}

const char *store_payer_name(enum domain_payer payer) {
    return name_at(payers, COUNT(payers), (size_t)payer);
}

const char *store_payer_reason_name(enum domain_payer_reason reason) {
    return name_at(payer_reasons, COUNT(payer_reasons), (size_t)reason);
}

const char *store_kind_name(enum domain_kind kind) {
    return name_at(kinds, COUNT(kinds), (size_t)kind);
}

size_t store_booking_into(struct store_booking_row *row, struct db_into *into) {
    struct store_booking *b = &row->booking;
    struct store_attempt *a = &b->attempt;
    const struct db_into list[] = {
        db_into_uuid(&b->id),
        db_into_uuid(&b->conversation_id),
        db_into_uuid(&b->user.id),
        store_into_text(&b->user.display_name),
        store_into_text(&b->user.picture_url),
        db_into_text(&row->status),
        db_into_text(&row->payment),
        db_into_time_us(&b->booked_at_us),
        store_into_time(&b->cancelled_at_us),
        db_into_int64(&b->amount.amount_minor),
        store_into_text(&b->amount.currency),
        db_into_int64(&b->refunded_minor),
        store_into_time(&b->hold_expires_at_us),
        store_into_time(&b->offer_expires_at_us),
        db_into_time_us(&b->start_us),
        db_into_time_us(&b->created_at_us),
        db_into_time_us(&b->updated_at_us),
        db_into_uint64(&b->version),
        db_nullable(db_into_int32(&a->number), &b->has_attempt),
        store_into_text(&row->payer),
        store_into_text(&row->payer_reason),
        db_nullable(db_into_int64(&a->amount.amount_minor), NULL),
        store_into_text(&a->amount.currency),
        store_into_text(&row->attempt_payment),
        store_into_text(&row->policy),
        db_nullable(db_into_bool(&a->free_cancellation), NULL),
        db_nullable(db_into_int32(&a->usage_month), NULL),
        store_into_text(&row->usage_kind),
        store_into_text(&a->provider),
        store_into_text(&a->provider_payment_id),
        db_nullable(db_into_int64(&a->refunded_minor), NULL),
    };
    static_assert(COUNT(list) == STORE_BOOKING_COLUMN_COUNT, "columns");
    memcpy(into, list, sizeof list);
    return COUNT(list);
}

static struct status finish_attempt(const struct store_booking_row *row,
                                    struct store_attempt *attempt) {
    size_t payer = 0;
    size_t reason = 0;
    size_t kind = 0;
    if (!find(payers, COUNT(payers), row->payer, &payer) ||
        !find(payer_reasons, COUNT(payer_reasons), row->payer_reason, &reason) ||
        !domain_payment_state_parse(row->attempt_payment, &attempt->payment))
        return store_row_damaged();
    if (row->usage_kind != NULL && !find(kinds, COUNT(kinds), row->usage_kind, &kind))
        return store_row_damaged();
    attempt->payer = (enum domain_payer)payer;
    attempt->payer_reason = (enum domain_payer_reason)reason;
    attempt->usage_kind = (enum domain_kind)kind;
    return store_policy_read(row->policy, &attempt->policy);
}

struct status store_booking_finish(struct store_booking_row *row,
                                   struct store_booking *ret_booking) {
    struct store_booking *b = &row->booking;
    struct store_attempt *a = &b->attempt;
    if (!domain_booking_state_parse(row->status, &b->status) ||
        !domain_payment_state_parse(row->payment, &b->payment))
        return store_row_damaged();
    if (b->has_attempt)
        TRY(finish_attempt(row, a));
    b->user.display_name = store_text_or_empty(b->user.display_name);
    b->user.picture_url = store_text_or_empty(b->user.picture_url);
    b->amount.currency = store_text_or_empty(b->amount.currency);
    a->amount.currency = store_text_or_empty(a->amount.currency);
    a->provider = store_text_or_empty(a->provider);
    a->provider_payment_id = store_text_or_empty(a->provider_payment_id);
    *ret_booking = *b;
    return status_ok();
}
