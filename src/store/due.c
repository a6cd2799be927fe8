/*
 * What falls due by the clock, over all tenants, for scheduled work on every node at once: rows
 * that another node holds are left out, and what is handed out is locked until the transaction
 * ends.
 */
#include "base/arena.h"
#include "store/booking.h"
#include "store/conversation.h"
#include "store/internal.h"
#include "store/participant_row.h"

#include <string.h>

/* A tenant's minutes; a plain read within the locking statement. */
#define SETTING(column) "(SELECT t." column " FROM tenants t WHERE t.id = c.tenant_id)"
#define LEADER_CAME                                                                                \
    "EXISTS (SELECT 1 FROM live_conversation_participants p WHERE p.tenant_id = c.tenant_id"       \
    " AND p.conversationId = c.id AND " STORE_PARTICIPANT_LED ")"
#define CLAIM(condition)                                                                           \
    "SELECT c.tenant_id, c.id, " LEADER_CAME " FROM live_conversations c WHERE " condition         \
    " AND NOT EXISTS (SELECT 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) PATH '$'))"          \
    " AS skipped WHERE skipped.id = c.id) LIMIT ? FOR UPDATE SKIP LOCKED"

/* Each takes `now` twice, then what is left out and the limit. */
static const struct db_sql claims[] = {
    [STORE_DUE_START] = {CLAIM(
        "c.status = 'SCHEDULED' AND c.startTime <= ? AND c.price = 0"
        " AND c.endTime + INTERVAL " SETTING(
            "completionGraceMinutes") " MINUTE > ?"
                                      " AND c.currentParticipants >= " SETTING(
                                          "autoLiveParticipants"))},
    [STORE_DUE_NO_SHOW] = {CLAIM(
        "c.status IN ('SCHEDULED', 'LIVE') AND c.startTime <= ? AND c.price > 0"
        " AND c.startTime + INTERVAL " SETTING("hostNoShowMinutes") " MINUTE <= ?"
                                                                    " AND NOT " LEADER_CAME)},
    [STORE_DUE_COMPLETE] = {CLAIM(
        "c.status IN ('SCHEDULED', 'LIVE') AND c.endTime <= ?"
        " AND c.endTime + INTERVAL " SETTING("completionGraceMinutes") " MINUTE <= ?")},
};
static const struct db_sql expired_bookings[] = {
    {"SELECT tenant_id, id, conversationId FROM live_conversation_bookings"
     " WHERE status = 'PENDING_PAYMENT' AND holdExpiresAt <= ? ORDER BY holdExpiresAt LIMIT ?"},
    {"SELECT tenant_id, id, conversationId FROM live_conversation_bookings"
     " WHERE status = 'HELD' AND holdExpiresAt <= ? ORDER BY holdExpiresAt LIMIT ?"},
    {"SELECT tenant_id, id, conversationId FROM live_conversation_bookings"
     " WHERE status = 'HELD' AND offerExpiresAt <= ? ORDER BY offerExpiresAt LIMIT ?"},
};
static const struct db_sql lock_conversation = {
    "SELECT 1 FROM live_conversations WHERE tenant_id = ? AND id = ? FOR UPDATE SKIP LOCKED"};
static const struct db_sql still_expired = {
    "SELECT 1 FROM live_conversation_bookings WHERE tenant_id = ? AND id = ?"
    " AND ((status = 'PENDING_PAYMENT' AND holdExpiresAt <= ?)"
    " OR (status = 'HELD' AND (holdExpiresAt <= ? OR offerExpiresAt <= ?)))"};

struct status store_conversation_claim_due(struct db_tx *tx, struct arena *arena,
                                           const struct store_due_query *query,
                                           struct store_due_conversation **ret_items,
                                           size_t *ret_count) {
    const char *skipped = NULL;
    struct store_due_conversation *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(store_uuids_json(arena, query->skipped, query->skipped_count, &skipped));
    TRY(db_query(tx, &claims[query->due],
                 DB_ARGS(db_time_us(query->now_us), db_time_us(query->now_us), db_text(skipped),
                         db_int64(query->limit)),
                 &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &items, sizeof *items, count, &capacity));
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&items[count].tenant), db_into_uuid(&items[count].id),
                                 db_into_bool(&items[count].leader_was_present))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_items = items;
    *ret_count = count;
    return status_ok();
}

/* ---- bookings ---- */

struct due_list {
    struct store_due_booking *items;
    size_t count;
    size_t capacity;
};

static struct status collect(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                             int64_t now_us, int32_t limit, struct due_list *list) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, sql, DB_ARGS(db_time_us(now_us), db_int64(limit)), &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &list->items, sizeof *list->items, list->count,
                            &list->capacity));
        struct store_due_booking *item = &list->items[list->count++];
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&item->tenant), db_into_uuid(&item->id),
                                 db_into_uuid(&item->conversation_id))));
    }
    return db_rows_status(rows);
}

/* Locks the conversation, then looks whether the booking still waits. */
static struct status claim(struct db_tx *tx, const struct store_due_booking *item, int64_t now_us,
                           bool *ret_claimed) {
    int64_t one = 0;
    bool found = false;
    TRY(db_query_row(tx, &lock_conversation,
                     DB_ARGS(db_text(item->tenant), db_uuid(&item->conversation_id)), NULL,
                     DB_INTO(db_into_int64(&one)), &found));
    if (found)
        TRY(db_query_row(tx, &still_expired,
                         DB_ARGS(db_text(item->tenant), db_uuid(&item->id), db_time_us(now_us),
                                 db_time_us(now_us), db_time_us(now_us)),
                         NULL, DB_INTO(db_into_int64(&one)), &found));
    *ret_claimed = found;
    return status_ok();
}

/* A hold and an offer may run out together. */
static bool contains(const struct store_due_booking *items, size_t count, const struct uuid *id) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&items[i].id, id, sizeof *id) == 0)
            return true;
    }
    return false;
}

struct status store_booking_claim_expired(struct db_tx *tx, struct arena *arena, int64_t now_us,
                                          int32_t limit, struct store_due_booking **ret_items,
                                          size_t *ret_count) {
    struct due_list list = {.count = 0};
    size_t kept = 0;
    for (size_t i = 0; i < sizeof expired_bookings / sizeof expired_bookings[0]; i++)
        TRY(collect(tx, arena, &expired_bookings[i], now_us, limit, &list));
    for (size_t i = 0; i < list.count && kept < (size_t)limit; i++) {
        bool claimed = false;
        if (contains(list.items, kept, &list.items[i].id))
            continue;
        TRY(claim(tx, &list.items[i], now_us, &claimed));
        if (claimed)
            list.items[kept++] = list.items[i];
    }
    *ret_items = list.items;
    *ret_count = kept;
    return status_ok();
}
