/* What keeps participants in the room over all nodes: streams, and the leases of the nodes. */
#include "base/arena.h"
#include "store/participant_row.h"

#include <string.h>

static const struct db_sql open_stream = {
    "INSERT INTO participant_streams (tenant_id, conversationId, userId, nodeId, incarnation)"
    " VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE incarnation = VALUES(incarnation)"};
static const struct db_sql stream_has_come = {
    "UPDATE live_conversation_participants SET subscribeBy = NULL"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
static const struct db_sql close_stream = {
    "DELETE FROM participant_streams WHERE tenant_id = ? AND conversationId = ? AND userId = ?"
    " AND nodeId = ? AND incarnation = ?"};
static const struct db_sql count_streams = {
    "SELECT COUNT(*) FROM participant_streams"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};

static const struct db_sql renew_node = {
    "INSERT INTO node_leases (nodeId, incarnation, startedAt, expiresAt) VALUES (?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE"
    " startedAt = IF(VALUES(incarnation) > incarnation, VALUES(startedAt), startedAt),"
    " expiresAt = IF(VALUES(incarnation) >= incarnation, VALUES(expiresAt), expiresAt),"
    " incarnation = GREATEST(incarnation, VALUES(incarnation))"};
static const struct db_sql node_incarnation = {
    "SELECT incarnation FROM node_leases WHERE nodeId = ?"};
static const struct db_sql release_node = {
    "DELETE FROM node_leases WHERE nodeId = ? AND incarnation = ?"};

/* Who is next after a time and an id: what cannot be put right does not stand in the way of the
 * rest. */
#define ABSENT(status, since)                                                                      \
    "SELECT tenant_id, conversationId, userId, " since ", id FROM live_conversation_participants"  \
    " WHERE status = '" status "' AND " since " <= ? AND (" since " > ? OR (" since                \
    " = ? AND id > ?)) ORDER BY " since ", id LIMIT ?"
static const struct db_sql streamless = {ABSENT("JOINED", "subscribeBy")};
static const struct db_sql gone = {ABSENT("AWAY", "awayAt")};
/* A node is dead when its lease has run out, is missing, or is of a later start. These have no time
 * of their own: one for all. */
#define ALWAYS "TIMESTAMP'1970-01-01 00:00:00'"
static const struct db_sql orphaned = {
    "SELECT DISTINCT s.tenant_id, s.conversationId, s.userId, " ALWAYS ", p.id"
    " FROM participant_streams s"
    " JOIN live_conversation_participants p ON p.tenant_id = s.tenant_id"
    " AND p.conversationId = s.conversationId AND p.userId = s.userId"
    " WHERE NOT EXISTS (SELECT 1 FROM node_leases n WHERE n.nodeId = s.nodeId"
    " AND n.incarnation = s.incarnation AND n.expiresAt > ?)"
    " AND (" ALWAYS " > ? OR (" ALWAYS " = ? AND p.id > ?)) ORDER BY p.id LIMIT ?"};
static const struct db_sql delete_orphans = {
    "DELETE FROM participant_streams WHERE tenant_id = ? AND conversationId = ? AND userId = ?"
    " AND NOT EXISTS (SELECT 1 FROM node_leases n WHERE n.nodeId = participant_streams.nodeId"
    " AND n.incarnation = participant_streams.incarnation AND n.expiresAt > ?)"};
static const struct db_sql lock_conversation = {
    "SELECT 1 FROM live_conversations WHERE tenant_id = ? AND id = ? FOR UPDATE SKIP LOCKED"};
static const struct db_sql still_absent = {
    "SELECT generation FROM live_conversation_participants"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"
    " AND ((? AND status = 'JOINED' AND subscribeBy <= ?) OR (? AND status = 'AWAY' AND awayAt <= "
    "?)"
    " OR ?)"};

/* ---- streams ---- */

struct status store_stream_open(struct db_tx *tx, const char *tenant, const struct store_seat *seat,
                                const struct store_node *node) {
    TRY(db_exec(tx, &open_stream,
                DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user),
                        db_text(node->id), db_uint64(node->incarnation)),
                NULL));
    return db_exec(tx, &stream_has_come,
                   DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)),
                   NULL);
}

static struct status streams_left(struct db_tx *tx, const char *tenant,
                                  const struct store_seat *seat, int32_t *ret_left) {
    bool found = false;
    return db_query_row(
        tx, &count_streams,
        DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)), NULL,
        DB_INTO(db_into_int32(ret_left)), &found);
}

struct status store_stream_close(struct db_tx *tx, const char *tenant,
                                 const struct store_seat *seat, const struct store_node *node,
                                 int32_t *ret_left) {
    TRY(db_exec(tx, &close_stream,
                DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user),
                        db_text(node->id), db_uint64(node->incarnation)),
                NULL));
    return streams_left(tx, tenant, seat, ret_left);
}

/* ---- nodes ---- */

struct status store_node_renew(struct db_tx *tx, const struct store_node *node, int64_t now_us,
                               int64_t expires_at_us) {
    uint64_t incarnation = 0;
    bool found = false;
    TRY(db_exec(tx, &renew_node,
                DB_ARGS(db_text(node->id), db_uint64(node->incarnation), db_time_us(now_us),
                        db_time_us(expires_at_us)),
                NULL));
    TRY(db_query_row(tx, &node_incarnation, DB_ARGS(db_text(node->id)), NULL,
                     DB_INTO(db_into_uint64(&incarnation)), &found));
    if (incarnation != node->incarnation)
        return status_error(STATUS_FAILED_PRECONDITION, 0, "The node was started again.");
    return status_ok();
}

struct status store_node_release(struct db_tx *tx, const struct store_node *node) {
    return db_exec(tx, &release_node, DB_ARGS(db_text(node->id), db_uint64(node->incarnation)),
                   NULL);
}

/* ---- absence ---- */

/* Of STREAMLESS and GONE: since when; of ORPHANED: what a living lease outlasts. */
static int64_t limit_of(const struct store_absence_query *query) {
    return query->absence == STORE_ABSENCE_GONE ? query->away_before_us : query->now_us;
}

struct status store_participant_find_absent(struct db_tx *tx, struct arena *arena,
                                            const struct store_absence_query *query,
                                            const struct store_absent *after, int32_t limit,
                                            struct store_absent **ret_items, size_t *ret_count) {
    static const struct db_sql *const statements[] = {
        [STORE_ABSENCE_STREAMLESS] = &streamless,
        [STORE_ABSENCE_ORPHANED] = &orphaned,
        [STORE_ABSENCE_GONE] = &gone,
    };
    static const struct store_absent start = {.since_us = 0};
    struct store_absent *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    if (after == NULL)
        after = &start;
    TRY(db_query(tx, statements[query->absence],
                 DB_ARGS(db_time_us(limit_of(query)), db_time_us(after->since_us),
                         db_time_us(after->since_us), db_uuid(&after->id), db_int64(limit)),
                 &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &items, sizeof *items, count, &capacity));
        struct store_absent *item = &items[count++];
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&item->tenant),
                                 db_into_uuid(&item->seat.conversation),
                                 db_into_uuid(&item->seat.user), db_into_time_us(&item->since_us),
                                 db_into_uuid(&item->id))));
    }
    TRY(db_rows_status(rows));
    *ret_items = items;
    *ret_count = count;
    return status_ok();
}

static struct status look_again(struct db_tx *tx, const struct store_absence_query *query,
                                const struct store_absent *item, int64_t *ret_generation,
                                bool *ret_found) {
    return db_query_row(
        tx, &still_absent,
        DB_ARGS(db_text(item->tenant), db_uuid(&item->seat.conversation), db_uuid(&item->seat.user),
                db_bool(query->absence == STORE_ABSENCE_STREAMLESS), db_time_us(query->now_us),
                db_bool(query->absence == STORE_ABSENCE_GONE), db_time_us(query->away_before_us),
                db_bool(query->absence == STORE_ABSENCE_ORPHANED)),
        NULL, DB_INTO(db_into_int64(ret_generation)), ret_found);
}

static struct status drop_orphans(struct db_tx *tx, const struct store_absence_query *query,
                                  const struct store_absent *item, bool *ret_found) {
    uint64_t deleted = 0;
    TRY(db_exec(tx, &delete_orphans,
                DB_ARGS(db_text(item->tenant), db_uuid(&item->seat.conversation),
                        db_uuid(&item->seat.user), db_time_us(query->now_us)),
                &deleted));
    *ret_found = deleted > 0;
    return status_ok();
}

struct status store_participant_claim_absent(struct db_tx *tx,
                                             const struct store_absence_query *query,
                                             const struct store_absent *item,
                                             struct store_absence_claim *ret_claim) {
    struct store_absence_claim claim = {.is_claimed = false};
    int64_t one = 0;
    bool found = false;
    TRY(db_query_row(tx, &lock_conversation,
                     DB_ARGS(db_text(item->tenant), db_uuid(&item->seat.conversation)), NULL,
                     DB_INTO(db_into_int64(&one)), &found));
    if (found)
        TRY(look_again(tx, query, item, &claim.generation, &found));
    if (found && query->absence == STORE_ABSENCE_ORPHANED)
        TRY(drop_orphans(tx, query, item, &found));
    if (found)
        TRY(streams_left(tx, item->tenant, &item->seat, &claim.streams_left));
    claim.is_claimed = found;
    *ret_claim = claim;
    return status_ok();
}
