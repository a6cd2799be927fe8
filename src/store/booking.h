/*
 * Bookings, their attempts, and what a user used of a month's allowance.
 *
 * Seats are counted on the conversation alone: who inserts or updates a booking applies the effects
 * of the domain's step with store_conversation_add_seats() and store_usage_add() in the same
 * transaction.
 */
#ifndef STORE_BOOKING_H
#define STORE_BOOKING_H

#include "base/status.h"
#include "domain/booking.h"
#include "store/conversation.h"
#include "store/types.h"

struct arena;
struct db_tx;

/* What was agreed when the seat was taken: frozen. */
struct store_attempt {
    int32_t number; /* from 1 */
    enum domain_payer payer;
    enum domain_payer_reason payer_reason;
    struct store_money amount; /* what the user pays */
    enum domain_payment_state payment;
    struct domain_cancel_policy policy;
    bool free_cancellation; /* the session was moved after it was booked */
    int32_t usage_month;    /* such as 202601; 0: no allowance was used */
    enum domain_kind usage_kind;
    const char *provider; /* "" without one */
    const char *provider_payment_id;
    int64_t refunded_minor;
};

struct store_booking {
    struct uuid id;
    struct uuid conversation_id;
    struct store_user_summary user;
    enum domain_booking_state status;
    enum domain_payment_state payment;
    int64_t booked_at_us; /* of the current attempt */
    int64_t cancelled_at_us;
    struct store_money amount;
    int64_t refunded_minor;
    int64_t hold_expires_at_us;
    int64_t offer_expires_at_us;
    int64_t start_us; /* of the conversation */
    int64_t created_at_us;
    int64_t updated_at_us;
    uint64_t version;
    bool has_attempt;             /* false for an offer that nobody took yet */
    struct store_attempt attempt; /* the current one */
};

/* NOT_FOUND BOOKING_NOT_FOUND. */
struct status store_booking_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct uuid *id,
                                struct store_booking *ret_booking) STATUS_MUST_USE;

/* The booking of a user for a conversation, if there is one. */
struct status store_booking_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct uuid *conversation, const struct uuid *user,
                                 struct store_booking *ret_booking,
                                 bool *ret_found) STATUS_MUST_USE;

/*
 * locked: A first booking with its first attempt. Of `booking` count: id, conversation_id, user.id,
 * status, payment, booked_at_us, amount, hold_expires_at_us, offer_expires_at_us, start_us,
 * has_attempt and attempt. ALREADY_EXISTS ALREADY_BOOKED.
 */
struct status store_booking_insert(struct db_tx *tx, const char *tenant,
                                   const struct store_booking *booking) STATUS_MUST_USE;

/*
 * locked: Writes status, payment, booked_at_us, cancelled_at_us, amount, refunded, expiries; sets
 * updated_at to now_us. With has_attempt the attempt too: a new row when its number is new, else
 * its payment, refund, provider, and free cancellation.
 */
struct status store_booking_update(struct db_tx *tx, const char *tenant,
                                   const struct store_booking *booking,
                                   int64_t now_us) STATUS_MUST_USE;

/* locked: A moved session may be cancelled for free by all who hold a seat. */
struct status store_booking_free_cancellation(struct db_tx *tx, const char *tenant,
                                              const struct uuid *conversation,
                                              int64_t now_us) STATUS_MUST_USE;

/* locked: The session is over: CONFIRMED becomes ATTENDED for those who took part, else NO_SHOW. */
struct status store_booking_settle(struct db_tx *tx, const char *tenant,
                                   const struct uuid *conversation, int64_t now_us) STATUS_MUST_USE;

struct store_booking_query {
    bool has_conversation;
    struct uuid conversation_id;
    bool has_user;
    struct uuid user_id;
    unsigned statuses; /* STORE_BIT(enum domain_booking_state); 0: all */
    unsigned payments; /* STORE_BIT(enum domain_payment_state); 0: all */
    int64_t start_from_us;
    int64_t start_before_us;
    bool earliest_first;    /* false: latest start first */
    struct store_page page; /* key: start_us; id of the booking */
};

/* A booking with what is booked. */
struct store_booking_view {
    struct store_booking booking;
    struct store_conversation conversation;
};

struct store_booking_list {
    struct store_booking_view *items;
    size_t count;
    bool has_more;
};

/* Conversations come without learning material. Long texts end a page early
 * (STORE_PAGE_BYTES_MAX). */
struct status store_booking_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_booking_query *query,
                                 struct store_booking_list *ret_list) STATUS_MUST_USE;

/* Those that hold a seat of a conversation, in order of user id (that of the inbox locks), after
 * `after` (NULL: from the start), at most 200: to tell or to cancel them. */
struct status store_booking_seats(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct uuid *conversation, const struct uuid *after,
                                  struct store_booking **ret_bookings,
                                  size_t *ret_count) STATUS_MUST_USE;

/* ---- scheduled work ---- */

struct store_due_booking {
    const char *tenant;
    struct uuid id;
    struct uuid conversation_id;
};

/*
 * Over all tenants: up to `limit` HELD or PENDING_PAYMENT bookings whose time is up, oldest first,
 * their conversations locked by this transaction; those whose conversation is locked by others are
 * left out. Read them again.
 */
struct status store_booking_claim_expired(struct db_tx *tx, struct arena *arena, int64_t now_us,
                                          int32_t limit, struct store_due_booking **ret_items,
                                          size_t *ret_count) STATUS_MUST_USE;

/* ---- a month's usage ---- */

/* Locks what the user used in the month, creating the row. `month` as domain_month_key(). */
struct status store_usage_lock(struct db_tx *tx, const char *tenant, const struct uuid *user,
                               int32_t month, struct domain_usage *ret_usage) STATUS_MUST_USE;

/* Without the lock; zeros when there is no row. */
struct status store_usage_get(struct db_tx *tx, const char *tenant, const struct uuid *user,
                              int32_t month, struct domain_usage *ret_usage) STATUS_MUST_USE;

/* After store_usage_lock(): adds `count`, which may be negative; never below 0. */
struct status store_usage_add(struct db_tx *tx, const char *tenant, const struct uuid *user,
                              int32_t month, enum domain_kind kind, int32_t count) STATUS_MUST_USE;

#endif
