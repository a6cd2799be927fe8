#include "store/booking.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/booking_row.h"
#include "store/material.h"

#include <stdlib.h>

static const struct db_sql get_booking = {"SELECT" STORE_BOOKING_COLUMNS
                                          " FROM live_conversation_bookings b" STORE_BOOKING_JOINS
                                          " WHERE b.tenant_id = ? AND b.id = ?"};
static const struct db_sql find_booking = {
    "SELECT" STORE_BOOKING_COLUMNS " FROM live_conversation_bookings b" STORE_BOOKING_JOINS
    " WHERE b.tenant_id = ? AND b.conversationId = ? AND b.userId = ?"};
static const struct db_sql insert_booking = {
    "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId, status,"
    " bookedAt, paymentStatus, amount, currency, attempt, holdExpiresAt, offerExpiresAt,"
    " startTime, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql update_booking = {
    "UPDATE live_conversation_bookings SET status = ?, bookedAt = ?, cancelledAt = ?,"
    " paymentStatus = ?, amount = ?, currency = ?, refunded = ?, attempt = ?, holdExpiresAt = ?,"
    " offerExpiresAt = ?, updatedAt = ?, version = version + 1 WHERE tenant_id = ? AND id = ?"};
static const struct db_sql write_attempt = {
    "INSERT INTO booking_attempts (tenant_id, bookingId, number, payer, payerReason, amount,"
    " currency, paymentStatus, cancellationPolicy, freeCancellation, usageMonth, usageKind,"
    " provider, providerPaymentId, refunded, createdAt, updatedAt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE paymentStatus = VALUES(paymentStatus),"
    " freeCancellation = VALUES(freeCancellation), provider = VALUES(provider),"
    " providerPaymentId = VALUES(providerPaymentId), refunded = VALUES(refunded),"
    " updatedAt = VALUES(updatedAt)"};
static const struct db_sql free_cancellation = {
    "UPDATE live_conversation_bookings b JOIN booking_attempts a ON a.tenant_id = b.tenant_id"
    " AND a.bookingId = b.id AND a.number = b.attempt"
    " SET a.freeCancellation = TRUE, a.updatedAt = ?"
    " WHERE b.tenant_id = ? AND b.conversationId = ? AND b.takesSeat = 1"};
static const struct db_sql settle = {
    "UPDATE live_conversation_bookings b LEFT JOIN live_conversation_participants p"
    " ON p.tenant_id = b.tenant_id AND p.conversationId = b.conversationId AND p.userId = b.userId"
    " SET b.status = IF(p.id IS NULL, 'NO_SHOW', 'ATTENDED'), b.updatedAt = ?,"
    " b.version = b.version + 1"
    " WHERE b.tenant_id = ? AND b.conversationId = ? AND b.status = 'CONFIRMED'"};
static const struct db_sql list_seats = {
    "SELECT" STORE_BOOKING_COLUMNS " FROM live_conversation_bookings b" STORE_BOOKING_JOINS
    " WHERE b.tenant_id = ? AND b.conversationId = ? AND b.takesSeat = 1"
    " AND (? OR b.userId > ?) ORDER BY b.userId LIMIT 200"};

enum { MOST_SEATS = 200 };

static struct status no_such_booking(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_BOOKING_NOT_FOUND, "No such booking.");
}

/* ---- reading ---- */

static struct status read_booking(struct db_rows *rows, struct arena *arena,
                                  struct store_booking *ret_booking) {
    struct store_booking_row row = {.status = NULL};
    struct db_into into[STORE_BOOKING_COLUMN_COUNT];
    size_t count = store_booking_into(&row, into);
    TRY(db_rows_read(rows, arena, into, count));
    return store_booking_finish(&row, ret_booking);
}

static struct status read_one(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                              const struct db_value *values, size_t value_count,
                              struct store_booking *ret_booking, bool *ret_found) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, sql, values, value_count, &rows));
    if (db_rows_next(rows)) {
        TRY(read_booking(rows, arena, ret_booking));
        *ret_found = true;
        return status_ok();
    }
    TRY(db_rows_status(rows));
    *ret_found = false;
    return status_ok();
}

struct status store_booking_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct uuid *id, struct store_booking *ret_booking) {
    bool found = false;
    TRY(read_one(tx, arena, &get_booking, DB_ARGS(db_text(tenant), db_uuid(id)), ret_booking,
                 &found));
    return found ? status_ok() : no_such_booking();
}

struct status store_booking_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct uuid *conversation, const struct uuid *user,
                                 struct store_booking *ret_booking, bool *ret_found) {
    return read_one(tx, arena, &find_booking,
                    DB_ARGS(db_text(tenant), db_uuid(conversation), db_uuid(user)), ret_booking,
                    ret_found);
}

struct status store_booking_seats(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct uuid *conversation, const struct uuid *after,
                                  struct store_booking **ret_bookings, size_t *ret_count) {
    size_t count = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    struct store_booking *bookings = arena_alloc_array(arena, MOST_SEATS, sizeof *bookings);
    if (bookings == NULL)
        return store_no_room();
    TRY(db_query(
        tx, &list_seats,
        DB_ARGS(db_text(tenant), db_uuid(conversation), db_bool(after == NULL), db_uuid(after)),
        &rows));
    while (count < MOST_SEATS && db_rows_next(rows)) {
        TRY(read_booking(rows, arena, &bookings[count]));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_bookings = bookings;
    *ret_count = count;
    return status_ok();
}

/* ---- writing ---- */

static struct status put_attempt(struct db_tx *tx, const char *tenant,
                                 const struct store_booking *booking, int64_t now_us) {
    const struct store_attempt *a = &booking->attempt;
    char *policy = NULL;
    TRY(store_policy_write(&a->policy, &policy));
    bool uses = a->usage_month != 0;
    struct status s = db_exec(
        tx, &write_attempt,
        DB_ARGS(db_text(tenant), db_uuid(&booking->id), db_int64(a->number),
                db_text(store_payer_name(a->payer)),
                db_text(store_payer_reason_name(a->payer_reason)), db_int64(a->amount.amount_minor),
                db_text(a->amount.amount_minor != 0 ? a->amount.currency : NULL),
                db_text(domain_payment_state_name(a->payment)), db_text(policy),
                db_bool(a->free_cancellation), db_when(uses, db_int64(a->usage_month)),
                db_text(uses ? store_kind_name(a->usage_kind) : NULL),
                db_text(store_text_or_null(a->provider)),
                db_text(store_text_or_null(a->provider_payment_id)), db_int64(a->refunded_minor),
                db_time_us(now_us), db_time_us(now_us)),
        NULL);
    free(policy);
    return s;
}

static struct db_value currency_of(const struct store_booking *booking) {
    return db_text(booking->amount.amount_minor != 0 ? booking->amount.currency : NULL);
}

static int32_t attempt_of(const struct store_booking *booking) {
    return booking->has_attempt ? booking->attempt.number : 1;
}

struct status store_booking_insert(struct db_tx *tx, const char *tenant,
                                   const struct store_booking *booking) {
    const struct store_booking *b = booking;
    struct status s =
        db_exec(tx, &insert_booking,
                DB_ARGS(db_text(tenant), db_uuid(&b->id), db_uuid(&b->conversation_id),
                        db_uuid(&b->user.id), db_text(domain_booking_state_name(b->status)),
                        db_time_us(b->booked_at_us), db_text(domain_payment_state_name(b->payment)),
                        db_int64(b->amount.amount_minor), currency_of(b), db_int64(attempt_of(b)),
                        store_time_or_null(b->hold_expires_at_us),
                        store_time_or_null(b->offer_expires_at_us), db_time_us(b->start_us),
                        db_time_us(b->booked_at_us), db_time_us(b->booked_at_us)),
                NULL);
    if (s.code == STATUS_ALREADY_EXISTS)
        return status_error(STATUS_ALREADY_EXISTS, DOMAIN_REASON_ALREADY_BOOKED,
                            "The conversation is booked already.");
    TRY(s);
    return b->has_attempt ? put_attempt(tx, tenant, b, b->booked_at_us) : status_ok();
}

struct status store_booking_update(struct db_tx *tx, const char *tenant,
                                   const struct store_booking *booking, int64_t now_us) {
    const struct store_booking *b = booking;
    uint64_t affected = 0;
    TRY(db_exec(tx, &update_booking,
                DB_ARGS(db_text(domain_booking_state_name(b->status)), db_time_us(b->booked_at_us),
                        store_time_or_null(b->cancelled_at_us),
                        db_text(domain_payment_state_name(b->payment)),
                        db_int64(b->amount.amount_minor), currency_of(b),
                        db_int64(b->refunded_minor), db_int64(attempt_of(b)),
                        store_time_or_null(b->hold_expires_at_us),
                        store_time_or_null(b->offer_expires_at_us), db_time_us(now_us),
                        db_text(tenant), db_uuid(&b->id)),
                &affected));
    if (affected == 0)
        return no_such_booking();
    return b->has_attempt ? put_attempt(tx, tenant, b, now_us) : status_ok();
}

struct status store_booking_free_cancellation(struct db_tx *tx, const char *tenant,
                                              const struct uuid *conversation, int64_t now_us) {
    return db_exec(tx, &free_cancellation,
                   DB_ARGS(db_time_us(now_us), db_text(tenant), db_uuid(conversation)), NULL);
}

struct status store_booking_settle(struct db_tx *tx, const char *tenant,
                                   const struct uuid *conversation, int64_t now_us) {
    return db_exec(tx, &settle, DB_ARGS(db_time_us(now_us), db_text(tenant), db_uuid(conversation)),
                   NULL);
}
