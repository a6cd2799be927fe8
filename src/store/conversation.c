#include "store/conversation.h"

#include "domain/reason.h"
#include "store/conversation_row.h"
#include "store/material.h"
#include "store/terms.h"

#include <string.h>

static const struct db_sql insert_conversation = {
    "INSERT INTO live_conversations (tenant_id, id, title, description, conversationType, language,"
    " level, startTime, endTime, timeZone, maxParticipants, price, currency, visibility,"
    " inviteCode, hostId, instructorId, topic, culturalNotes, vocabularyList, grammarPoints,"
    " conversationPrompts, eventEpoch, createdAt, updatedAt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_conversation = {
    "SELECT" STORE_CONVERSATION_COLUMNS "," STORE_VIEWER_COLUMNS
    " FROM live_conversations c" STORE_CONVERSATION_JOINS STORE_VIEWER_JOINS
    " WHERE c.tenant_id = ? AND c.id = ?"};
static const struct db_sql get_listed = {
    "SELECT" STORE_LISTED_COLUMNS "," STORE_VIEWER_COLUMNS
    " FROM live_conversations c" STORE_CONVERSATION_JOINS STORE_VIEWER_JOINS
    " WHERE c.tenant_id = ? AND c.id = ?"};
static const struct db_sql lock_room = {
    "SELECT conversationType, status, visibility, startTime, endTime, maxParticipants,"
    " currentParticipants, seatsTaken, waiting, hostId, instructorId, isLocked, eventEpoch,"
    " eventSequence, eventFloor FROM live_conversations WHERE tenant_id = ? AND id = ? FOR UPDATE"};
static const struct db_sql get_viewer = {"SELECT" STORE_VIEWER_COLUMNS_UNCOUNTED
                                         " FROM live_conversations c" STORE_VIEWER_JOINS
                                         " WHERE c.tenant_id = ? AND c.id = ?"};
static const struct db_sql lock_conversation = {
    "SELECT version, isOpen FROM live_conversations WHERE tenant_id = ? AND id = ? FOR UPDATE"};
static const struct db_sql try_lock_conversation = {
    "SELECT version, isOpen FROM live_conversations WHERE tenant_id = ? AND id = ?"
    " FOR UPDATE SKIP LOCKED"};
static const struct db_sql look_conversation = {
    "SELECT version, isOpen FROM live_conversations WHERE tenant_id = ? AND id = ?"};
static const struct db_sql find_by_code = {
    "SELECT id FROM live_conversations WHERE tenant_id = ? AND inviteCode = ?"};
static const struct db_sql update_conversation = {
    "UPDATE live_conversations SET title = ?, description = ?, conversationType = ?, language = ?,"
    " level = ?, startTime = ?, endTime = ?, timeZone = ?, maxParticipants = ?, price = ?,"
    " currency = ?, visibility = ?, inviteCode = ?, instructorId = ?, topic = ?,"
    " culturalNotes = ?, vocabularyList = ?, grammarPoints = ?, conversationPrompts = ?,"
    " version = version + 1, updatedAt = ? WHERE tenant_id = ? AND id = ?"};
static const struct db_sql move_bookings = {
    "UPDATE live_conversation_bookings SET startTime = ?"
    " WHERE tenant_id = ? AND conversationId = ? AND startTime <> ?"};
static const struct db_sql set_status = {
    "UPDATE live_conversations SET status = ?,"
    " actualStartTime = IF(? AND actualStartTime IS NULL, ?, actualStartTime),"
    " actualEndTime = IF(? AND actualEndTime IS NULL, ?, actualEndTime),"
    " cancelledAt = ?, cancelReason = ?, cancelNote = ?,"
    " version = version + 1, updatedAt = ? WHERE tenant_id = ? AND id = ?"};
static const struct db_sql set_locked = {
    "UPDATE live_conversations SET isLocked = ?, version = version + 1, updatedAt = ?"
    " WHERE tenant_id = ? AND id = ?"};
static const struct db_sql add_seats = {
    "UPDATE live_conversations SET seatsTaken = seatsTaken + ?, waiting = waiting + ?"
    " WHERE tenant_id = ? AND id = ?"};
static const struct db_sql count_open = {
    "SELECT COUNT(*) FROM (SELECT id FROM live_conversations"
    " WHERE tenant_id = ? AND hostId = ? AND isOpen = 1 LIMIT ?) AS open_ones"};

static struct status no_such_conversation(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND,
                        "No such conversation.");
}

/* What a draft has, in the order that both INSERT and UPDATE want. */
static void draft_values(struct store_args *args, const struct store_conversation *c,
                         const struct store_material_json *json, const struct uuid *host) {
    bool is_priced = c->price.amount_minor != 0;
    store_arg(args, db_text(c->title));
    store_arg(args, db_text(store_text_or_null(c->description)));
    store_arg(args, db_text(domain_type_name(c->type)));
    store_arg(args, db_text(c->language));
    store_arg(args, db_text(domain_level_name(c->level)));
    store_arg(args, db_time_us(c->start_us));
    store_arg(args, db_time_us(c->end_us));
    store_arg(args, db_text(c->time_zone));
    store_arg(args, db_int64(c->max_participants));
    store_arg(args, db_int64(c->price.amount_minor));
    store_arg(args, db_text(is_priced ? store_text_or_null(c->price.currency) : NULL));
    store_arg(args, db_text(domain_visibility_name(c->visibility)));
    store_arg(args, db_text(store_text_or_null(c->invite_code)));
    if (host != NULL)
        store_arg(args, db_uuid(host));
    store_arg(args, db_when(c->has_instructor, db_uuid(&c->instructor.id)));
    store_arg(args, db_text(store_text_or_null(c->topic)));
    store_arg(args, db_text(store_text_or_null(c->material.cultural_notes)));
    store_arg(args, db_text(json->vocabulary));
    store_arg(args, db_text(json->grammar_points));
    store_arg(args, db_text(json->prompts));
}

/* A failed write: was it a user that is not there? */
static struct status name_reference(struct db_tx *tx, struct status s) {
    const struct db_cause *cause = db_tx_cause(tx);
    if (db_cause_names(cause, "conversation_host_user") ||
        db_cause_names(cause, "conversation_instructor_user"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_USER_NOT_FOUND,
                            "Host or instructor is not known.");
    return s;
}

struct status store_conversation_insert(struct db_tx *tx, const char *tenant,
                                        const struct store_conversation *conversation,
                                        struct store_topic *ret_log) {
    STORE_MATERIAL_JSON_AUTO struct store_material_json json = {.vocabulary = NULL};
    struct store_args args = {.count = 0};
    struct store_topic log = {.kind = STORE_TOPIC_CONVERSATION, .id = conversation->id};

    TRY(store_epoch_new(&log.epoch));
    TRY(store_material_write(&conversation->material, &json));
    store_arg(&args, db_text(tenant));
    store_arg(&args, db_uuid(&conversation->id));
    draft_values(&args, conversation, &json, &conversation->host.id);
    store_arg(&args, db_uint64(log.epoch));
    store_arg(&args, db_time_us(conversation->created_at_us));
    store_arg(&args, db_time_us(conversation->created_at_us));
    struct status s = db_exec(tx, &insert_conversation, args.values, args.count, NULL);
    if (!status_is_ok(s))
        return name_reference(tx, s);
    TRY(store_terms_write(tx, tenant, conversation, true, true));
    *ret_log = log;
    return status_ok();
}

static struct status read_view(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                               const char *tenant, const struct uuid *id, const struct uuid *viewer,
                               struct store_conversation_view *ret_view) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(
        tx, sql,
        DB_ARGS(db_uuid(viewer), db_uuid(viewer), db_uuid(viewer), db_text(tenant), db_uuid(id)),
        &rows));
    if (db_rows_next(rows))
        return store_view_read(rows, arena, ret_view);
    TRY(db_rows_status(rows));
    return no_such_conversation();
}

struct status store_conversation_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct uuid *id, const struct uuid *viewer,
                                     struct store_conversation_view *ret_view) {
    return read_view(tx, arena, &get_conversation, tenant, id, viewer, ret_view);
}

struct status store_conversation_get_listed(struct db_tx *tx, struct arena *arena,
                                            const char *tenant, const struct uuid *id,
                                            const struct uuid *viewer,
                                            struct store_conversation_view *ret_view) {
    return read_view(tx, arena, &get_listed, tenant, id, viewer, ret_view);
}

static struct status look(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                          const struct uuid *id, bool *ret_found) {
    uint64_t version = 0;
    bool is_open = false;
    return db_query_row(tx, sql, DB_ARGS(db_text(tenant), db_uuid(id)), NULL,
                        DB_INTO(db_into_uint64(&version), db_into_bool(&is_open)), ret_found);
}

struct status store_conversation_lock(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *id, const struct uuid *viewer,
                                      struct store_conversation_view *ret_view) {
    bool found = false;
    TRY(look(tx, &lock_conversation, tenant, id, &found));
    if (!found)
        return no_such_conversation();
    /* A statement of its own: with FOR UPDATE the joined rows would be locked, too. */
    return store_conversation_get(tx, arena, tenant, id, viewer, ret_view);
}

static struct status read_viewer(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct uuid *id, const struct uuid *viewer,
                                 struct store_viewer *ret_viewer) {
    struct store_viewer_row row = {.booking = NULL};
    struct db_into into[STORE_VIEWER_COLUMN_COUNT];
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    size_t count = store_viewer_into(&row, into);
    TRY(db_query(
        tx, &get_viewer,
        DB_ARGS(db_uuid(viewer), db_uuid(viewer), db_uuid(viewer), db_text(tenant), db_uuid(id)),
        &rows));
    if (!db_rows_next(rows)) {
        TRY(db_rows_status(rows));
        return no_such_conversation();
    }
    TRY(db_rows_read(rows, arena, into, count));
    return store_viewer_finish(&row, ret_viewer);
}

struct status store_conversation_lock_room(struct db_tx *tx, struct arena *arena,
                                           const char *tenant, const struct uuid *id,
                                           const struct uuid *viewer,
                                           struct store_conversation_view *ret_view) {
    struct store_conversation_row row = {.type = NULL};
    struct store_conversation *c = &row.conversation;
    struct store_conversation_view view = {.key = 0};
    bool found = false;
    TRY(db_query_row(tx, &lock_room, DB_ARGS(db_text(tenant), db_uuid(id)), arena,
                     DB_INTO(db_into_text(&row.type), db_into_text(&row.status),
                             db_into_text(&row.visibility), db_into_time_us(&c->start_us),
                             db_into_time_us(&c->end_us), db_into_int32(&c->max_participants),
                             db_into_int32(&c->current_participants),
                             db_into_int32(&c->seats_taken), db_into_int32(&c->waiting),
                             db_into_uuid(&c->host.id),
                             db_nullable(db_into_uuid(&c->instructor.id), &c->has_instructor),
                             db_into_bool(&c->is_locked), db_into_uint64(&c->log.epoch),
                             db_into_uint64(&c->log.sequence), db_into_uint64(&c->log.floor)),
                     &found));
    if (!found)
        return no_such_conversation();
    c->id = *id;
    TRY(store_conversation_finish_room(&row, &view.conversation));
    TRY(read_viewer(tx, arena, tenant, id, viewer, &view.viewer));
    *ret_view = view;
    return status_ok();
}

struct status store_conversation_try_lock(struct db_tx *tx, struct arena *arena, const char *tenant,
                                          const struct uuid *id, const struct uuid *viewer,
                                          bool *ret_locked,
                                          struct store_conversation_view *ret_view) {
    bool found = false;
    TRY(look(tx, &try_lock_conversation, tenant, id, &found));
    if (found) {
        TRY(store_conversation_get(tx, arena, tenant, id, viewer, ret_view));
        *ret_locked = true;
        return status_ok();
    }
    TRY(look(tx, &look_conversation, tenant, id, &found));
    if (!found)
        return no_such_conversation();
    *ret_locked = false;
    return status_ok();
}

struct status store_conversation_find_by_code(struct db_tx *tx, const char *tenant,
                                              const char *invite_code, struct uuid *ret_id) {
    bool found = false;
    TRY(db_query_row(tx, &find_by_code, DB_ARGS(db_text(tenant), db_text(invite_code)), NULL,
                     DB_INTO(db_into_uuid(ret_id)), &found));
    return found ? status_ok() : no_such_conversation();
}

static struct status write_update(struct db_tx *tx, const char *tenant,
                                  const struct store_conversation *c, int64_t now_us) {
    STORE_MATERIAL_JSON_AUTO struct store_material_json json = {.vocabulary = NULL};
    struct store_args args = {.count = 0};
    TRY(store_material_write(&c->material, &json));
    draft_values(&args, c, &json, NULL);
    store_arg(&args, db_time_us(now_us));
    store_arg(&args, db_text(tenant));
    store_arg(&args, db_uuid(&c->id));
    struct status s = db_exec(tx, &update_conversation, args.values, args.count, NULL);
    return status_is_ok(s) ? s : name_reference(tx, s);
}

struct status store_conversation_update(struct db_tx *tx, const char *tenant,
                                        const struct store_conversation *conversation,
                                        uint64_t expected_version, int64_t now_us,
                                        uint64_t *ret_version) {
    const struct store_conversation *c = conversation;
    uint64_t version = 0;
    bool is_open = false;
    bool found = false;

    TRY(db_query_row(tx, &lock_conversation, DB_ARGS(db_text(tenant), db_uuid(&c->id)), NULL,
                     DB_INTO(db_into_uint64(&version), db_into_bool(&is_open)), &found));
    if (!found)
        return no_such_conversation();
    if (expected_version != 0 && expected_version != version)
        return status_error(STATUS_ABORTED, DOMAIN_REASON_ETAG_MISMATCH,
                            "The conversation was changed in the meantime.");
    TRY(write_update(tx, tenant, c, now_us));
    TRY(store_terms_write(tx, tenant, c, false, is_open));
    TRY(db_exec(
        tx, &move_bookings,
        DB_ARGS(db_time_us(c->start_us), db_text(tenant), db_uuid(&c->id), db_time_us(c->start_us)),
        NULL));
    *ret_version = version + 1;
    return status_ok();
}

struct status store_conversation_set_status(struct db_tx *tx, const char *tenant,
                                            const struct uuid *id,
                                            const struct store_status_change *change) {
    bool cancels = change->to == DOMAIN_STATUS_CANCELLED;
    uint64_t affected = 0;
    TRY(db_exec(tx, &set_status,
                DB_ARGS(db_text(domain_status_name(change->to)),
                        db_bool(change->to == DOMAIN_STATUS_LIVE), db_time_us(change->at_us),
                        db_bool(change->to == DOMAIN_STATUS_COMPLETED), db_time_us(change->at_us),
                        db_when(cancels, db_time_us(change->at_us)),
                        db_text(cancels ? domain_cancel_reason_name(change->cancel_reason) : NULL),
                        db_text(cancels ? store_text_or_null(change->cancel_note) : NULL),
                        db_time_us(change->at_us), db_text(tenant), db_uuid(id)),
                &affected));
    if (affected == 0)
        return no_such_conversation();
    bool is_open = change->to == DOMAIN_STATUS_SCHEDULED || change->to == DOMAIN_STATUS_LIVE;
    return is_open ? status_ok() : store_terms_close(tx, tenant, id);
}

struct status store_conversation_set_locked(struct db_tx *tx, const char *tenant,
                                            const struct uuid *id, bool locked, int64_t now_us) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &set_locked,
                DB_ARGS(db_bool(locked), db_time_us(now_us), db_text(tenant), db_uuid(id)),
                &affected));
    return affected > 0 ? status_ok() : no_such_conversation();
}

struct status store_conversation_add_seats(struct db_tx *tx, const char *tenant,
                                           const struct uuid *id, int32_t seats, int32_t waiting) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &add_seats,
                DB_ARGS(db_int64(seats), db_int64(waiting), db_text(tenant), db_uuid(id)),
                &affected));
    return affected > 0 ? status_ok() : no_such_conversation();
}

struct status store_conversation_count_open(struct db_tx *tx, const char *tenant,
                                            const struct uuid *host, int32_t limit,
                                            int32_t *ret_count) {
    bool found = false;
    return db_query_row(tx, &count_open, DB_ARGS(db_text(tenant), db_uuid(host), db_int64(limit)),
                        NULL, DB_INTO(db_into_int32(ret_count)), &found);
}
