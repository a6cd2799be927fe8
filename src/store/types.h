/*
 * What the aggregates share.
 *
 * A store function takes the transaction (or the read) of db/tx.h, an arena where it returns text
 * or lists, the tenant, its inputs, its outs. Everything a result points to is in that arena.
 * Outs are untouched on failure. A row of another tenant is NOT_FOUND like one that is not there.
 *
 * Locks, in this order everywhere: request record (store/request.h), conversation, month's usage
 * (store/booking.h), bookings, participants, inbox topics by ascending user id (store/event.h).
 * Functions that must run under the conversation's lock say "locked:" first.
 *
 * Statuses of all functions, not repeated there: those of db/cause.h.
 *
 * Thread-safety: as the transaction, which belongs to one thread.
 */
#ifndef STORE_TYPES_H
#define STORE_TYPES_H

#include "base/uuid.h"
#include "db/value.h"
#include "domain/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Another user as everybody sees it, always read by a join. */
struct store_user_summary {
    struct uuid id;
    const char *display_name; /* "" when unknown */
    const char *picture_url;
};

struct store_money {
    int64_t amount_minor;
    const char *currency; /* "" when the amount is 0 */
};

/* Which part of a list. */
struct store_page {
    int32_t size; /* rows at most; 1 to 200 */
    bool has_after;
    int64_t after_key; /* with has_after: the `key` and id of the last row seen, as the list says */
    struct uuid after_id;
};

/* A page ends early when its texts have come to so much: the answer must stay far below what a
 * message may have. */
enum { STORE_PAGE_BYTES_MAX = 1024 * 1024 };

/* Sets of enumeration values: bit 1 << value; 0 is "any". */
#define STORE_BIT(value) (1u << (unsigned)(value))

/* Wall-clock microseconds; 0 stands for "not set" in every `_us` field that may be unset. */

#endif
