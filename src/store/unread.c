/* What is unread over all conversations of a user. */
#include "store/conversation_row.h"
#include "store/message.h"

/* Only where the log has moved beyond the read position; capped at 100 conversations before
 * anything is counted. */
static const struct db_sql list_unread = {
    "SELECT p.conversationId, p.readThroughSequence, p.unread FROM"
    " (SELECT p.conversationId, p.readThroughSequence, p.joinedAt," STORE_UNREAD_COLUMN
    " AS unread FROM live_conversation_participants p"
    " JOIN live_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversationId"
    " AND c.eventSequence > p.readThroughSequence"
    " LEFT JOIN live_conversation_bookings b ON b.tenant_id = p.tenant_id"
    " AND b.conversationId = p.conversationId AND b.userId = p.userId"
    " WHERE p.tenant_id = ? AND p.userId = ? AND p.status <> 'REMOVED'"
    " AND NOT " STORE_GAVE_SEAT_UP " ORDER BY p.joinedAt DESC LIMIT 100) AS p"
    " WHERE p.unread > 0 ORDER BY p.joinedAt DESC LIMIT ?"};

struct status store_message_unread_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct uuid *user, int32_t limit,
                                        struct store_unread **ret_items, size_t *ret_count) {
    struct store_unread *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &list_unread, DB_ARGS(db_text(tenant), db_uuid(user), db_int64(limit)),
                 &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &items, sizeof *items, count, &capacity));
        struct store_unread *item = &items[count++];
        TRY(db_rows_read(rows, NULL,
                         DB_INTO(db_into_uuid(&item->conversation_id),
                                 db_into_uint64(&item->read_through_sequence),
                                 db_into_int32(&item->unread_count))));
    }
    TRY(db_rows_status(rows));
    *ret_items = items;
    *ret_count = count;
    return status_ok();
}
