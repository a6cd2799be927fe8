/* What is unread: over all conversations of a user, or of several users in one. */
#include "store/conversation_row.h"
#include "store/internal.h"
#include "store/message.h"

/* Only where the log has moved beyond the read position; capped at 100 conversations before
 * anything is counted. */
static const struct db_sql list_unread = {
    "SELECT p.conversationId, p.userId, p.readThroughSequence, p.unread FROM"
    " (SELECT p.conversationId, p.userId, p.readThroughSequence, p.joinedAt," STORE_UNREAD_COLUMN
    " AS unread FROM live_conversation_participants p"
    " JOIN live_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversationId"
    " AND c.eventSequence > p.readThroughSequence"
    " LEFT JOIN live_conversation_bookings b ON b.tenant_id = p.tenant_id"
    " AND b.conversationId = p.conversationId AND b.userId = p.userId"
    " WHERE p.tenant_id = ? AND p.userId = ? AND p.status <> 'REMOVED'"
    " AND NOT " STORE_GAVE_SEAT_UP " ORDER BY p.joinedAt DESC LIMIT 100) AS p"
    " WHERE p.unread > 0 ORDER BY p.joinedAt DESC LIMIT ?"};

static const struct db_sql list_unread_of = {
    "SELECT p.conversationId, p.userId, p.readThroughSequence," STORE_UNREAD_COLUMN
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) PATH '$')) AS wanted"
    " STRAIGHT_JOIN live_conversation_participants p FORCE INDEX (participant_once)"
    " ON p.tenant_id = ? AND p.conversationId = ? AND p.userId = CAST(wanted.id AS UUID)"
    " STRAIGHT_JOIN live_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversationId"
    " LEFT JOIN live_conversation_bookings b FORCE INDEX (booking_once)"
    " ON b.tenant_id = p.tenant_id AND b.conversationId = p.conversationId AND b.userId = p.userId"
    " WHERE p.status <> 'REMOVED' AND NOT " STORE_GAVE_SEAT_UP " LIMIT 1000"};

static struct status read_items(struct db_rows *rows, struct arena *arena,
                                struct store_unread **ret_items, size_t *ret_count) {
    struct store_unread *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &items, sizeof *items, count, &capacity));
        struct store_unread *item = &items[count++];
        TRY(db_rows_read(rows, NULL,
                         DB_INTO(db_into_uuid(&item->conversation_id), db_into_uuid(&item->user_id),
                                 db_into_uint64(&item->read_through_sequence),
                                 db_into_int32(&item->unread_count))));
    }
    TRY(db_rows_status(rows));
    *ret_items = items;
    *ret_count = count;
    return status_ok();
}

struct status store_message_unread_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct uuid *user, int32_t limit,
                                        struct store_unread **ret_items, size_t *ret_count) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, &list_unread, DB_ARGS(db_text(tenant), db_uuid(user), db_int64(limit)),
                 &rows));
    return read_items(rows, arena, ret_items, ret_count);
}

struct status store_message_unread_of(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *users,
                                      size_t user_count, struct store_unread **ret_items,
                                      size_t *ret_count) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    const char *json;
    TRY(store_uuids_json(arena, users, user_count, &json));
    TRY(db_query(tx, &list_unread_of,
                 DB_ARGS(db_text(json), db_text(tenant), db_uuid(conversation)), &rows));
    return read_items(rows, arena, ret_items, ret_count);
}
