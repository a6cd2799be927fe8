/*
 * Reading bookings out of rows. Private to src/store.
 *
 * Thread-safety: as the row.
 */
#ifndef STORE_BOOKING_ROW_H
#define STORE_BOOKING_ROW_H

#include "store/booking.h"
#include "store/internal.h"

/* Of live_conversation_bookings b with its user u and current attempt a. */
#define STORE_BOOKING_COLUMNS                                                                      \
    " b.id, b.conversationId, b.userId, u.displayName, u.pictureUrl, b.status, b.paymentStatus,"   \
    " b.bookedAt, b.cancelledAt, b.amount, b.currency, b.refunded, b.holdExpiresAt,"               \
    " b.offerExpiresAt, b.startTime, b.createdAt, b.updatedAt, b.version, a.number, a.payer,"      \
    " a.payerReason, a.amount, a.currency, a.paymentStatus, a.cancellationPolicy,"                 \
    " a.freeCancellation, a.usageMonth, a.usageKind, a.provider, a.providerPaymentId, a.refunded"
#define STORE_BOOKING_JOINS                                                                        \
    " LEFT JOIN users u ON u.tenant_id = b.tenant_id AND u.id = b.userId"                          \
    " LEFT JOIN booking_attempts a ON a.tenant_id = b.tenant_id AND a.bookingId = b.id"            \
    " AND a.number = b.attempt"

enum { STORE_BOOKING_COLUMN_COUNT = 31 };

struct store_booking_row {
    struct store_booking booking;
    const char *status;
    const char *payment;
    const char *payer;
    const char *payer_reason;
    const char *attempt_payment;
    const char *policy;
    const char *usage_kind;
};

size_t store_booking_into(struct store_booking_row *row, struct db_into *into);
struct status store_booking_finish(struct store_booking_row *row,
                                   struct store_booking *ret_booking) STATUS_MUST_USE;

/* Reads STORE_BOOKING_COLUMNS and then STORE_LISTED_COLUMNS from the current row. */
struct status store_booking_view_read(struct db_rows *rows, struct arena *arena,
                                      struct store_booking_view *ret_view) STATUS_MUST_USE;

/* The words that attempts are stored with; NULL for UNSPECIFIED. */
const char *store_payer_name(enum domain_payer payer);
const char *store_payer_reason_name(enum domain_payer_reason reason);
const char *store_kind_name(enum domain_kind kind);

#endif
