/*
 * Retention of messages.
 *
 * Messages of conversations that are over go, oldest first, with the part of the log that tells of
 * them: what is deleted is delivered to nobody who resumes either, and a position below is answered
 * by a snapshot, as after any trimming. An original stays until its translations and corrections
 * are gone.
 */
#include "store/message.h"

#include "base/arena.h"
#include "store/event.h"
#include "store/statements.h"

enum { CANDIDATES = 64 };

#define NO_ANSWERS                                                                                 \
    " AND NOT EXISTS (SELECT 1 FROM live_conversation_messages a"                                  \
    " WHERE a.tenant_id = m.tenant_id AND a.originalMessage = m.id)"

/* Ids of version 7 follow the time, so the primary key leads to the oldest: no index of its own
 * for a table that is written so often. */
static const struct db_sql oldest_conversations = {
    "SELECT DISTINCT conversationId FROM (SELECT m.conversationId"
    " FROM live_conversation_messages m STRAIGHT_JOIN live_conversations c"
    " ON c.tenant_id = m.tenant_id AND c.id = m.conversationId AND c.isOpen = 0"
    " WHERE m.tenant_id = ? AND m.id < ? AND m.timestamp < ?" NO_ANSWERS
    " ORDER BY m.id LIMIT ?) AS oldest LIMIT 64"};
static const struct db_sql lock_conversation = {
    "SELECT eventEpoch FROM live_conversations WHERE tenant_id = ? AND id = ? AND isOpen = 0"
    " FOR UPDATE SKIP LOCKED"};
/* With the last event that holds its text: edits are told in full. */
static const struct db_sql oldest_messages = {
    "SELECT m.id, GREATEST(m.sequence, COALESCE((SELECT MAX(k.sequence) FROM message_copies k"
    " WHERE k.tenant_id = m.tenant_id AND k.messageId = m.id), 0))"
    " FROM live_conversation_messages m WHERE m.tenant_id = ? AND m.conversationId = ?"
    " AND m.timestamp < ?" NO_ANSWERS " ORDER BY m.sequence LIMIT ?"};
static const struct db_sql delete_messages = {
    "DELETE m FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) PATH '$')) AS wanted"
    " STRAIGHT_JOIN live_conversation_messages m"
    " ON m.tenant_id = ? AND m.id = CAST(wanted.id AS UUID)"};

struct old_messages {
    struct uuid *ids;
    size_t count;
    uint64_t last; /* sequence of the last event that tells of one of them */
};

/* The smallest id of version 7 that can be made at that time. */
static struct uuid first_id_at(int64_t time_us) {
    struct uuid id = {{0}};
    uint64_t ms = (uint64_t)(time_us < 0 ? 0 : time_us) / 1000;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    return id;
}

const struct db_sql *store_message_oldest_statement(const char *tenant, int64_t before_us,
                                                    int32_t limit, struct store_args *ret_args) {
    ret_args->count = 0;
    store_arg(ret_args, db_text(tenant));
    struct uuid bound = first_id_at(before_us);
    store_arg(ret_args, db_uuid(&bound));
    store_arg(ret_args, db_time_us(before_us));
    store_arg(ret_args, db_int64(limit));
    return &oldest_conversations;
}

static struct status find_old(struct db_tx *tx, struct arena *arena, const char *tenant,
                              const struct uuid *conversation, int64_t before_us, int32_t limit,
                              struct old_messages *ret_old) {
    struct old_messages old = {.count = 0};
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(
        tx, &oldest_messages,
        DB_ARGS(db_text(tenant), db_uuid(conversation), db_time_us(before_us), db_int64(limit)),
        &rows));
    while (db_rows_next(rows)) {
        uint64_t last = 0;
        TRY(store_list_grow(arena, &old.ids, sizeof *old.ids, old.count, &capacity));
        TRY(db_rows_read(rows, NULL,
                         DB_INTO(db_into_uuid(&old.ids[old.count]), db_into_uint64(&last))));
        old.count++;
        if (last > old.last)
            old.last = last;
    }
    TRY(db_rows_status(rows));
    *ret_old = old;
    return status_ok();
}

static struct status delete_these(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct old_messages *old, uint64_t *ret_deleted) {
    const char *json;
    TRY(store_uuids_json(arena, old->ids, old->count, &json));
    return db_exec(tx, &delete_messages, DB_ARGS(db_text(json), db_text(tenant)), ret_deleted);
}

static struct status trim_conversation(struct db_tx *tx, struct arena *arena, const char *tenant,
                                       const struct uuid *conversation, int64_t before_us,
                                       int32_t limit, struct store_message_trimmed *ret_trimmed) {
    struct old_messages old;
    uint64_t epoch = 0;
    uint64_t events = 0;
    uint64_t deleted = 0;
    bool is_free = false;

    TRY(db_query_row(tx, &lock_conversation, DB_ARGS(db_text(tenant), db_uuid(conversation)), NULL,
                     DB_INTO(db_into_uint64(&epoch)), &is_free));
    if (!is_free)
        return status_ok();
    TRY(find_old(tx, arena, tenant, conversation, before_us, limit, &old));
    if (old.count == 0)
        return status_ok();
    /* The log first: while some of it is left, the next batch goes on. */
    TRY(store_event_trim_through(tx, tenant, conversation, old.last, limit, &events));
    if (events < (uint64_t)limit)
        TRY(delete_these(tx, arena, tenant, &old, &deleted));
    *ret_trimmed = (struct store_message_trimmed){.count = events + deleted,
                                                  .conversation_id = *conversation,
                                                  .epoch = epoch,
                                                  .through = old.last};
    return status_ok();
}

struct status store_message_trim(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 int64_t before_us, int32_t limit,
                                 struct store_message_trimmed *ret_trimmed) {
    struct store_message_trimmed trimmed = {.count = 0};
    struct uuid candidates[CANDIDATES];
    struct store_args args;
    size_t count = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    const struct db_sql *sql = store_message_oldest_statement(tenant, before_us, limit, &args);
    TRY(db_query(tx, sql, args.values, args.count, &rows));
    while (count < CANDIDATES && db_rows_next(rows)) {
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uuid(&candidates[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    for (size_t i = 0; i < count && trimmed.count == 0; i++)
        TRY(trim_conversation(tx, arena, tenant, &candidates[i], before_us, limit, &trimmed));
    *ret_trimmed = trimmed;
    return status_ok();
}
