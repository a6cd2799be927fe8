#include "base/arena.h"
#include "domain/reason.h"
#include "store/participant_row.h"

#include <assert.h>

enum { STATUSES = 4 };

/* Which half of the list a row is in: those in the room come first. */
#define IS_OUT "(p.stayStartedAt IS NULL)"
/* A conversation has at most as many participants as it ever admitted: sorted, not indexed. */
static const struct db_sql list_participants = {
    "SELECT" STORE_PARTICIPANT_COLUMNS
    "(SELECT COUNT(*) FROM live_conversation_messages m WHERE m.tenant_id = p.tenant_id"
    " AND m.conversationId = p.conversationId AND m.senderId = p.userId"
    " AND m.recipientId IS NULL AND m.deletedAt IS NULL)" STORE_PARTICIPANT_FROM
    " WHERE p.tenant_id = ? AND p.conversationId = ? AND (? OR p.status IN (?, ?, ?, ?))"
    " AND (? OR " IS_OUT " > ? OR (" IS_OUT " = ? AND (p.joinedAt > ?"
    " OR (p.joinedAt = ? AND p.id > ?)))) ORDER BY " IS_OUT ", p.joinedAt, p.id LIMIT ?"};
static const struct db_sql list_users = {
    "SELECT userId FROM live_conversation_participants WHERE tenant_id = ? AND conversationId = ?"
    " AND status <> 'REMOVED' AND (? OR userId > ?) ORDER BY userId LIMIT 500"};
static const struct db_sql read_position = {
    "SELECT p.readThroughSequence, c.eventSequence FROM live_conversation_participants p"
    " JOIN live_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversationId"
    " WHERE p.tenant_id = ? AND p.conversationId = ? AND p.userId = ?"};
static const struct db_sql move_position = {
    "UPDATE live_conversation_participants SET readThroughSequence = ?"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ? AND readThroughSequence < ?"};
static const struct db_sql mark_private = {
    "UPDATE live_conversation_messages SET isRead = TRUE WHERE tenant_id = ?"
    " AND conversationId = ? AND recipientId = ? AND sequence > ? AND sequence <= ?"
    " AND isRead = FALSE"};

/* The half of the list in the top bit but one: times need 53. */
#define OUT_OF_ROOM (INT64_C(1) << 62)

static int64_t key_of(const struct store_participant *p) {
    return p->joined_at_us | (p->stay_started_at_us == 0 ? OUT_OF_ROOM : 0);
}

struct status store_participant_read(struct db_rows *rows, struct arena *arena,
                                     struct store_participant *ret_participant) {
    struct store_participant p = {.status = DOMAIN_PARTICIPANT_UNSPECIFIED};
    const char *status = NULL;
    TRY(db_rows_read(
        rows, arena,
        DB_INTO(db_into_uuid(&p.id), db_into_uuid(&p.conversation_id), db_into_uuid(&p.user.id),
                store_into_text(&p.user.display_name), store_into_text(&p.user.picture_url),
                db_into_text(&status), db_into_bool(&p.is_host), db_into_bool(&p.is_instructor),
                db_into_bool(&p.is_muted), db_into_time_us(&p.joined_at_us),
                store_into_time(&p.left_at_us), db_into_int32(&p.duration_s),
                db_into_int32(&p.speaking_s), db_into_int64(&p.generation),
                store_into_time(&p.stay_started_at_us), store_into_time(&p.away_at_us),
                store_into_time(&p.subscribe_by_us), store_into_time(&p.removed_at_us),
                db_into_uint64(&p.read_through_sequence), db_into_int32(&p.message_count))));
    if (!domain_participant_status_parse(status, &p.status))
        return store_row_damaged();
    p.user.display_name = store_text_or_empty(p.user.display_name);
    p.user.picture_url = store_text_or_empty(p.user.picture_url);
    *ret_participant = p;
    return status_ok();
}

static void add_all(struct store_args *args, const char *tenant, const struct uuid *conversation,
                    unsigned statuses, const struct store_page *page) {
    int64_t joined_us = page->after_key & ~OUT_OF_ROOM;
    bool is_out = (page->after_key & OUT_OF_ROOM) != 0;
    store_arg(args, db_text(tenant));
    store_arg(args, db_uuid(conversation));
    store_arg(args, db_bool(statuses == 0));
    for (unsigned value = 1; value <= STATUSES; value++)
        store_arg(args, db_text((statuses & STORE_BIT(value)) != 0
                                    ? domain_participant_status_name(
                                          (enum domain_participant_status)value)
                                    : ""));
    store_arg(args, db_bool(!page->has_after));
    store_arg(args, db_bool(is_out));
    store_arg(args, db_bool(is_out));
    store_arg(args, db_time_us(joined_us));
    store_arg(args, db_time_us(joined_us));
    store_arg(args, db_uuid(&page->after_id));
    store_arg(args, db_int64(store_page_rows(page)));
}

struct status store_participant_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct uuid *conversation, unsigned statuses,
                                     const struct store_page *page,
                                     struct store_participant_list *ret_list) {
    size_t most = (size_t)store_page_rows(page) - 1;
    struct store_participant_list list = {.count = 0};
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    add_all(&args, tenant, conversation, statuses, page);
    TRY(db_query(tx, &list_participants, args.values, args.count, &rows));
    while (db_rows_next(rows)) {
        if (list.count == most) {
            list.has_more = true;
            break;
        }
        TRY(store_participant_read(rows, arena, &list.items[list.count]));
        list.last_key = key_of(&list.items[list.count]);
        list.count++;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}

struct status store_participant_mark_read(struct db_tx *tx, const char *tenant,
                                          const struct store_seat *seat, uint64_t through,
                                          uint64_t *ret_through, bool *ret_changed) {
    uint64_t before = 0;
    uint64_t head = 0;
    uint64_t moved = 0;
    bool found = false;

    TRY(db_query_row(tx, &read_position,
                     DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)),
                     NULL, DB_INTO(db_into_uint64(&before), db_into_uint64(&head)), &found));
    if (!found)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND,
                            "No such participant.");
    uint64_t to = through < head ? through : head;
    if (to > before) {
        TRY(db_exec(tx, &move_position,
                    DB_ARGS(db_uint64(to), db_text(tenant), db_uuid(&seat->conversation),
                            db_uuid(&seat->user), db_uint64(to)),
                    &moved));
        TRY(db_exec(tx, &mark_private,
                    DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user),
                            db_uint64(before), db_uint64(to)),
                    NULL));
    }
    *ret_through = to > before ? to : before;
    *ret_changed = moved > 0;
    return status_ok();
}

struct status store_participant_users(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *after,
                                      struct uuid **ret_users, size_t *ret_count) {
    size_t count = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    struct uuid *users = arena_alloc_array(arena, STORE_PARTICIPANT_USERS_MAX, sizeof *users);
    if (users == NULL)
        return store_no_room();
    TRY(db_query(
        tx, &list_users,
        DB_ARGS(db_text(tenant), db_uuid(conversation), db_bool(after == NULL), db_uuid(after)),
        &rows));
    while (count < STORE_PARTICIPANT_USERS_MAX && db_rows_next(rows)) {
        TRY(db_rows_read(rows, arena, DB_INTO(db_into_uuid(&users[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_users = users;
    *ret_count = count;
    return status_ok();
}
