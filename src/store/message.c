#include "store/message.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/internal.h"

#include <string.h>

#define MESSAGE_COLUMNS                                                                            \
    " m.id, m.conversationId, m.senderId, s.displayName, s.pictureUrl, m.recipientId,"             \
    " r.displayName, r.pictureUrl, m.content, m.messageType, m.language, m.originalMessage,"       \
    " m.correctionKind, m.correctionStart, m.correctionLength, m.correctionExplanation,"           \
    " m.timestamp, m.editedAt, m.deletedAt, m.deletedBy, m.clientMessageId, m.sequence, m.isRead"
#define MESSAGE_FROM                                                                               \
    " FROM live_conversation_messages m"                                                           \
    " LEFT JOIN users s ON s.tenant_id = m.tenant_id AND s.id = m.senderId"                        \
    " LEFT JOIN users r ON r.tenant_id = m.tenant_id AND r.id = m.recipientId"
#define SELECT_MESSAGE "SELECT" MESSAGE_COLUMNS MESSAGE_FROM

static const struct db_sql insert_message = {
    "INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId, recipientId,"
    " content, messageType, language, originalMessage, timestamp, sequence, clientMessageId,"
    " correctionStart, correctionLength, correctionKind, correctionExplanation)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_message = {SELECT_MESSAGE " WHERE m.tenant_id = ? AND m.id = ?"};
static const struct db_sql find_sent = {
    SELECT_MESSAGE " WHERE m.tenant_id = ? AND m.conversationId = ? AND m.senderId = ?"
                   " AND m.clientMessageId = ?"};

/* Whose eyes: everything; public ones, own ones and those to the viewer. */
#define WHERE                                                                                      \
    " WHERE m.tenant_id = ? AND m.conversationId = ?"                                              \
    " AND (? OR m.recipientId IS NULL OR m.recipientId = ? OR m.senderId = ?)"                     \
    " AND (? OR m.originalMessage = ?)"                                                            \
    " AND (? OR (m.senderId = ? AND m.recipientId = ?) OR (m.senderId = ? AND m.recipientId = ?))"
static const struct db_sql newest_first = {
    SELECT_MESSAGE WHERE " AND (? OR m.sequence < ?) ORDER BY m.sequence DESC LIMIT ?"};
static const struct db_sql oldest_first = {
    SELECT_MESSAGE WHERE " AND (? OR m.sequence > ?) ORDER BY m.sequence LIMIT ?"};

static const struct db_sql edit_message = {
    "UPDATE live_conversation_messages SET content = ?, language = COALESCE(?, language),"
    " editedAt = ? WHERE tenant_id = ? AND id = ? AND deletedAt IS NULL"};
static const struct db_sql delete_message = {
    "UPDATE live_conversation_messages SET content = '', correctionStart = NULL,"
    " correctionLength = NULL, correctionKind = NULL, correctionExplanation = NULL,"
    " deletedAt = ?, deletedBy = ? WHERE tenant_id = ? AND id = ? AND deletedAt IS NULL"};
static const struct db_sql remember_copy = {
    "INSERT INTO message_copies (tenant_id, messageId, sequence) VALUES (?, ?, ?)"};
static const struct db_sql list_copies = {
    "SELECT sequence FROM message_copies WHERE tenant_id = ? AND messageId = ?"
    " AND sequence > ? ORDER BY sequence LIMIT 500"};
static const struct db_sql count_copies = {
    "SELECT COUNT(*) FROM message_copies WHERE tenant_id = ? AND messageId = ?"};

#define ANSWERS_FROM                                                                               \
    " FROM live_conversation_messages WHERE tenant_id = ? AND originalMessage = ?"                 \
    " AND deletedAt IS NULL"
static const struct db_sql list_answers = {"SELECT id" ANSWERS_FROM " LIMIT 100"};
static const struct db_sql count_answers = {"SELECT COUNT(*)" ANSWERS_FROM};

#define UNREAD_FROM                                                                                \
    " FROM live_conversation_messages m WHERE m.tenant_id = ? AND m.conversationId = ?"            \
    " AND m.sequence > ? AND m.senderId <> ? AND (m.recipientId IS NULL OR m.recipientId = ?)"     \
    " AND m.deletedAt IS NULL"
static const struct db_sql count_unread = {"SELECT COUNT(*) FROM (SELECT m.sequence" UNREAD_FROM
                                           " LIMIT 100) AS unread"};

static struct status no_such_message(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND, "No such message.");
}

/* ---- reading ---- */

struct message_row {
    struct store_message message;
    const char *kind;
    const char *correction;
    const char *deleted_by;
};

static struct status finish(struct message_row *row, struct store_message *ret_message) {
    struct store_message *m = &row->message;
    if (!domain_message_kind_parse(row->kind, &m->kind))
        return store_row_damaged();
    if (row->correction != NULL && !domain_correction_kind_parse(row->correction, &m->correction))
        return store_row_damaged();
    if (row->deleted_by != NULL)
        m->deleted_by = strcmp(row->deleted_by, "SENDER") == 0 ? STORE_DELETED_BY_SENDER
                                                               : STORE_DELETED_BY_MODERATOR;
    m->sender.display_name = store_text_or_empty(m->sender.display_name);
    m->sender.picture_url = store_text_or_empty(m->sender.picture_url);
    m->recipient.display_name = store_text_or_empty(m->recipient.display_name);
    m->recipient.picture_url = store_text_or_empty(m->recipient.picture_url);
    m->correction_explanation = store_text_or_empty(m->correction_explanation);
    *ret_message = *m;
    return status_ok();
}

static struct status read_message(struct db_rows *rows, struct arena *arena,
                                  struct store_message *ret_message) {
    struct message_row row = {.kind = NULL};
    struct store_message *m = &row.message;
    TRY(db_rows_read(
        rows, arena,
        DB_INTO(
            db_into_uuid(&m->id), db_into_uuid(&m->conversation_id), db_into_uuid(&m->sender.id),
            store_into_text(&m->sender.display_name), store_into_text(&m->sender.picture_url),
            db_nullable(db_into_uuid(&m->recipient.id), &m->has_recipient),
            store_into_text(&m->recipient.display_name), store_into_text(&m->recipient.picture_url),
            db_into_text(&m->content), db_into_text(&row.kind), db_into_text(&m->language),
            db_nullable(db_into_uuid(&m->original_id), &m->has_original),
            store_into_text(&row.correction),
            db_nullable(db_into_int32(&m->correction_start), NULL),
            db_nullable(db_into_int32(&m->correction_length), NULL),
            store_into_text(&m->correction_explanation), db_into_time_us(&m->sent_at_us),
            store_into_time(&m->edited_at_us), store_into_time(&m->deleted_at_us),
            store_into_text(&row.deleted_by),
            db_nullable(db_into_uuid(&m->client_message_id), &m->has_client_message_id),
            db_into_uint64(&m->sequence), db_into_bool(&m->is_read))));
    return finish(&row, ret_message);
}

static struct status read_one(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                              const struct db_value *values, size_t value_count,
                              struct store_message *ret_message, bool *ret_found) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, sql, values, value_count, &rows));
    if (db_rows_next(rows)) {
        TRY(read_message(rows, arena, ret_message));
        *ret_found = true;
        return status_ok();
    }
    TRY(db_rows_status(rows));
    *ret_found = false;
    return status_ok();
}

struct status store_message_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct uuid *id, struct store_message *ret_message) {
    bool found = false;
    TRY(read_one(tx, arena, &get_message, DB_ARGS(db_text(tenant), db_uuid(id)), ret_message,
                 &found));
    return found ? status_ok() : no_such_message();
}

struct status store_message_find_sent(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *sender,
                                      const struct uuid *client_message_id,
                                      struct store_message *ret_message, bool *ret_found) {
    return read_one(tx, arena, &find_sent,
                    DB_ARGS(db_text(tenant), db_uuid(conversation), db_uuid(sender),
                            db_uuid(client_message_id)),
                    ret_message, ret_found);
}

static void add_query(struct store_args *args, const char *tenant,
                      const struct store_message_query *query) {
    const struct uuid *viewer = &query->viewer;
    const struct uuid *other = &query->private_with;
    store_arg(args, db_text(tenant));
    store_arg(args, db_uuid(&query->conversation_id));
    store_arg(args, db_bool(query->sees_all));
    store_arg(args, db_uuid(viewer));
    store_arg(args, db_uuid(viewer));
    store_arg(args, db_bool(!query->has_original));
    store_arg(args, db_uuid(&query->original_id));
    store_arg(args, db_bool(!query->has_private_with));
    store_arg(args, db_uuid(viewer));
    store_arg(args, db_uuid(other));
    store_arg(args, db_uuid(other));
    store_arg(args, db_uuid(viewer));
    store_arg(args, db_bool(!query->page.has_after));
    store_arg(args, db_int64(query->page.after_key));
    store_arg(args, db_int64(store_page_rows(&query->page)));
}

struct status store_message_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_message_query *query,
                                 struct store_message_list *ret_list) {
    size_t most = (size_t)store_page_rows(&query->page) - 1;
    struct store_message_list list = {.count = 0};
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    add_query(&args, tenant, query);
    TRY(db_query(tx, query->oldest_first ? &oldest_first : &newest_first, args.values, args.count,
                 &rows));
    while (db_rows_next(rows)) {
        if (list.count == most) {
            list.has_more = true;
            break;
        }
        TRY(read_message(rows, arena, &list.items[list.count]));
        list.count++;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}

struct status store_message_unread(struct db_tx *tx, const char *tenant,
                                   const struct uuid *conversation, const struct uuid *user,
                                   uint64_t read_through, int32_t *ret_count) {
    bool found = false;
    return db_query_row(tx, &count_unread,
                        DB_ARGS(db_text(tenant), db_uuid(conversation), db_uint64(read_through),
                                db_uuid(user), db_uuid(user)),
                        NULL, DB_INTO(db_into_int32(ret_count)), &found);
}

/* ---- writing ---- */

/* A failed insert: which rule did it meet? */
static struct status name_failure(struct db_tx *tx, struct status s) {
    const struct db_cause *cause = db_tx_cause(tx);
    if (s.code == STATUS_ALREADY_EXISTS)
        return status_error(STATUS_ALREADY_EXISTS, 0, "The message was sent before.");
    if (db_cause_names(cause, "message_sender"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_NOT_PARTICIPANT,
                            "The sender never took part.");
    if (db_cause_names(cause, "message_recipient_known"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_RECIPIENT_NOT_PRESENT,
                            "The recipient never took part.");
    return s;
}

struct status store_message_insert(struct db_tx *tx, const char *tenant,
                                   const struct store_message *message) {
    const struct store_message *m = message;
    bool corrects = m->correction != DOMAIN_CORRECTION_UNSPECIFIED;
    struct status s = db_exec(
        tx, &insert_message,
        DB_ARGS(db_text(tenant), db_uuid(&m->id), db_uuid(&m->conversation_id),
                db_uuid(&m->sender.id), db_when(m->has_recipient, db_uuid(&m->recipient.id)),
                db_text(m->content), db_text(domain_message_kind_name(m->kind)),
                db_text(m->language), db_when(m->has_original, db_uuid(&m->original_id)),
                db_time_us(m->sent_at_us), db_uint64(m->sequence),
                db_when(m->has_client_message_id, db_uuid(&m->client_message_id)),
                db_when(corrects, db_int64(m->correction_start)),
                db_when(corrects, db_int64(m->correction_length)),
                db_text(domain_correction_kind_name(m->correction)),
                db_text(corrects ? store_text_or_null(m->correction_explanation) : NULL)),
        NULL);
    return status_is_ok(s) ? s : name_failure(tx, s);
}

struct status store_message_edit(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                 const char *content, const char *language, int64_t now_us) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &edit_message,
                DB_ARGS(db_text(content), db_text(store_text_or_null(language)), db_time_us(now_us),
                        db_text(tenant), db_uuid(id)),
                &affected));
    return affected > 0 ? status_ok() : no_such_message();
}

struct status store_message_delete(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                   enum store_deleted_by by, int64_t now_us) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &delete_message,
                DB_ARGS(db_time_us(now_us),
                        db_text(by == STORE_DELETED_BY_SENDER ? "SENDER" : "MODERATOR"),
                        db_text(tenant), db_uuid(id)),
                &affected));
    return affected > 0 ? status_ok() : no_such_message();
}

struct status store_message_remember_copy(struct db_tx *tx, const char *tenant,
                                          const struct uuid *id, uint64_t sequence) {
    return db_exec(tx, &remember_copy, DB_ARGS(db_text(tenant), db_uuid(id), db_uint64(sequence)),
                   NULL);
}

struct status store_message_copies(struct db_tx *tx, struct arena *arena, const char *tenant,
                                   const struct uuid *id, uint64_t after, uint64_t **ret_sequences,
                                   size_t *ret_count) {
    uint64_t *sequences = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &list_copies, DB_ARGS(db_text(tenant), db_uuid(id), db_uint64(after)), &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &sequences, sizeof *sequences, count, &capacity));
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uint64(&sequences[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_sequences = sequences;
    *ret_count = count;
    return status_ok();
}

struct status store_message_count_copies(struct db_tx *tx, const char *tenant,
                                         const struct uuid *id, int32_t *ret_count) {
    bool found = false;
    return db_query_row(tx, &count_copies, DB_ARGS(db_text(tenant), db_uuid(id)), NULL,
                        DB_INTO(db_into_int32(ret_count)), &found);
}

/* ---- translations and corrections ---- */

struct status store_message_answers(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct uuid *original, struct uuid **ret_ids,
                                    size_t *ret_count) {
    struct uuid *ids = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &list_answers, DB_ARGS(db_text(tenant), db_uuid(original)), &rows));
    while (db_rows_next(rows)) {
        TRY(store_list_grow(arena, &ids, sizeof *ids, count, &capacity));
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uuid(&ids[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_ids = ids;
    *ret_count = count;
    return status_ok();
}

struct status store_message_count_answers(struct db_tx *tx, const char *tenant,
                                          const struct uuid *original, int32_t *ret_count) {
    bool found = false;
    return db_query_row(tx, &count_answers, DB_ARGS(db_text(tenant), db_uuid(original)), NULL,
                        DB_INTO(db_into_int32(ret_count)), &found);
}
