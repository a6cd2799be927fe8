#include "store/participant.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/participant_row.h"

static const struct db_sql find_participant = {
    "SELECT" STORE_PARTICIPANT_COLUMNS "0" STORE_PARTICIPANT_FROM
    " WHERE p.tenant_id = ? AND p.conversationId = ? AND p.userId = ?"};
static const struct db_sql insert_participant = {
    "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId, joinedAt,"
    " isInstructor, isHost, status, generation, stayStartedAt, subscribeBy, updatedAt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 'JOINED', 1, ?, ?, ?)"};
static const struct db_sql rejoin = {
    "UPDATE live_conversation_participants SET status = 'JOINED', generation = generation + 1,"
    " leftAt = NULL, awayAt = NULL, stayStartedAt = ?, subscribeBy = ?, isHost = ?,"
    " isInstructor = ?, updatedAt = ? WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
static const struct db_sql renew = {
    "UPDATE live_conversation_participants SET awayAt = IF(status = 'AWAY', ?, awayAt),"
    " subscribeBy = IF(EXISTS (SELECT 1 FROM participant_streams s"
    " WHERE s.tenant_id = ? AND s.conversationId = ? AND s.userId = ?), NULL, ?), updatedAt = ?"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
#define END_STAY                                                                                   \
    " leftAt = ?, duration = duration + GREATEST(0, TIMESTAMPDIFF(SECOND, stayStartedAt, ?)),"     \
    " stayStartedAt = NULL, awayAt = NULL, subscribeBy = NULL, updatedAt = ?"
static const struct db_sql leave = {
    "UPDATE live_conversation_participants SET status = 'LEFT'," END_STAY
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ? AND (? OR generation = ?)"
    " AND status IN ('JOINED', 'AWAY')"};
static const struct db_sql go_away = {
    "UPDATE live_conversation_participants SET status = 'AWAY', awayAt = ?, subscribeBy = NULL,"
    " updatedAt = ? WHERE tenant_id = ? AND conversationId = ? AND userId = ?"
    " AND status = 'JOINED'"};
static const struct db_sql come_back = {
    "UPDATE live_conversation_participants SET status = 'JOINED', awayAt = NULL,"
    " updatedAt = ? WHERE tenant_id = ? AND conversationId = ? AND userId = ?"
    " AND status = 'AWAY'"};
static const struct db_sql mute = {
    "UPDATE live_conversation_participants SET isMuted = ?, updatedAt = ?"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ? AND isMuted <> ?"};
static const struct db_sql end_stay_and_remove = {
    "UPDATE live_conversation_participants SET status = 'REMOVED', removedAt = ?, removedBy = ?,"
    " leftAt = IF(stayStartedAt IS NULL, leftAt, ?),"
    " duration = duration + IF(stayStartedAt IS NULL, 0,"
    " GREATEST(0, TIMESTAMPDIFF(SECOND, stayStartedAt, ?))),"
    " stayStartedAt = NULL, awayAt = NULL, subscribeBy = NULL, updatedAt = ?"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ? AND status <> 'REMOVED'"};
static const struct db_sql leave_all = {
    "UPDATE live_conversation_participants SET status = 'LEFT'," END_STAY
    " WHERE tenant_id = ? AND conversationId = ? AND status IN ('JOINED', 'AWAY')"};
static const struct db_sql write_message_counts = {
    "UPDATE live_conversation_participants p SET p.messageCount ="
    " (SELECT COUNT(*) FROM live_conversation_messages m WHERE m.tenant_id = p.tenant_id"
    " AND m.conversationId = p.conversationId AND m.senderId = p.userId"
    " AND m.recipientId IS NULL AND m.deletedAt IS NULL)"
    " WHERE p.tenant_id = ? AND p.conversationId = ?"};
static const struct db_sql empty_room = {
    "UPDATE live_conversations SET currentParticipants = 0 WHERE tenant_id = ? AND id = ?"};
static const struct db_sql add_to_room = {
    "UPDATE live_conversations SET currentParticipants = currentParticipants + ?"
    " WHERE tenant_id = ? AND id = ?"};
static const struct db_sql leader_was_present = {
    "SELECT EXISTS (SELECT 1 FROM live_conversation_participants p"
    " JOIN live_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversationId"
    " WHERE p.tenant_id = ? AND p.conversationId = ? AND " STORE_PARTICIPANT_LED ")"};
static const struct db_sql spoke = {
    "UPDATE live_conversation_participants SET speakingTime = speakingTime + ?"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};

static struct status no_such_participant(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND,
                        "No such participant.");
}

struct status store_room_add(struct db_tx *tx, const char *tenant, const struct uuid *conversation,
                             int32_t count) {
    return db_exec(tx, &add_to_room,
                   DB_ARGS(db_int64(count), db_text(tenant), db_uuid(conversation)), NULL);
}

/* ---- reading ---- */

struct status store_participant_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_seat *seat,
                                     struct store_participant *ret_participant, bool *ret_found) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, &find_participant,
                 DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)),
                 &rows));
    if (db_rows_next(rows)) {
        TRY(store_participant_read(rows, arena, ret_participant));
        *ret_found = true;
        return status_ok();
    }
    TRY(db_rows_status(rows));
    *ret_found = false;
    return status_ok();
}

struct status store_participant_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct store_seat *seat,
                                    struct store_participant *ret_participant) {
    bool found = false;
    TRY(store_participant_find(tx, arena, tenant, seat, ret_participant, &found));
    return found ? status_ok() : no_such_participant();
}

struct status store_participant_leader_was_present(struct db_tx *tx, const char *tenant,
                                                   const struct uuid *conversation,
                                                   bool *ret_present) {
    bool found = false;
    return db_query_row(tx, &leader_was_present, DB_ARGS(db_text(tenant), db_uuid(conversation)),
                        NULL, DB_INTO(db_into_bool(ret_present)), &found);
}

/* ---- in and out ---- */

static struct status enter_first(struct db_tx *tx, const char *tenant,
                                 const struct store_join *join) {
    struct status s = db_exec(
        tx, &insert_participant,
        DB_ARGS(db_text(tenant), db_uuid(&join->new_id), db_uuid(&join->seat.conversation),
                db_uuid(&join->seat.user), db_time_us(join->now_us), db_bool(join->is_instructor),
                db_bool(join->is_host), db_time_us(join->now_us),
                store_time_or_null(join->subscribe_by_us), db_time_us(join->now_us)),
        NULL);
    if (!status_is_ok(s) && db_cause_names(db_tx_cause(tx), "participant_user_known"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_USER_NOT_FOUND,
                            "The user is not known.");
    return s;
}

static struct status enter_again(struct db_tx *tx, const char *tenant,
                                 const struct store_join *join) {
    return db_exec(tx, &rejoin,
                   DB_ARGS(db_time_us(join->now_us), store_time_or_null(join->subscribe_by_us),
                           db_bool(join->is_host), db_bool(join->is_instructor),
                           db_time_us(join->now_us), db_text(tenant),
                           db_uuid(&join->seat.conversation), db_uuid(&join->seat.user)),
                   NULL);
}

/* It was there: it has new time to open a stream unless one is open. */
static struct status stay(struct db_tx *tx, const char *tenant, const struct store_join *join) {
    const struct store_seat *seat = &join->seat;
    return db_exec(tx, &renew,
                   DB_ARGS(db_time_us(join->now_us), db_text(tenant), db_uuid(&seat->conversation),
                           db_uuid(&seat->user), store_time_or_null(join->subscribe_by_us),
                           db_time_us(join->now_us), db_text(tenant), db_uuid(&seat->conversation),
                           db_uuid(&seat->user)),
                   NULL);
}

static bool is_in_room(enum domain_participant_status status) {
    return status == DOMAIN_PARTICIPANT_JOINED || status == DOMAIN_PARTICIPANT_AWAY;
}

struct status store_participant_join(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_join *join,
                                     struct store_participant *ret_participant,
                                     enum store_join_result *ret_result) {
    struct store_participant before = {.status = DOMAIN_PARTICIPANT_UNSPECIFIED};
    bool found = false;

    TRY(store_participant_find(tx, arena, tenant, &join->seat, &before, &found));
    if (before.status == DOMAIN_PARTICIPANT_REMOVED)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_PARTICIPANT_REMOVED,
                            "You were removed from this conversation.");
    bool present = is_in_room(before.status);
    if (!found)
        TRY(enter_first(tx, tenant, join));
    else if (!present)
        TRY(enter_again(tx, tenant, join));
    else
        TRY(stay(tx, tenant, join));
    if (!present)
        TRY(store_room_add(tx, tenant, &join->seat.conversation, 1));
    TRY(store_participant_get(tx, arena, tenant, &join->seat, ret_participant));
    *ret_result = present ? STORE_JOIN_PRESENT : STORE_JOIN_ENTERED;
    return status_ok();
}

/* Nothing changed: because nobody is there, or because it was so already? */
static struct status must_exist(struct db_tx *tx, const char *tenant,
                                const struct store_seat *seat) {
    static const struct db_sql exists = {
        "SELECT 1 FROM live_conversation_participants"
        " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
    int64_t one = 0;
    bool found = false;
    TRY(db_query_row(tx, &exists,
                     DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)),
                     NULL, DB_INTO(db_into_int64(&one)), &found));
    return found ? status_ok() : no_such_participant();
}

struct status store_participant_leave(struct db_tx *tx, const char *tenant,
                                      const struct store_seat *seat, int64_t generation,
                                      int64_t now_us, bool *ret_changed) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &leave,
                DB_ARGS(db_time_us(now_us), db_time_us(now_us), db_time_us(now_us), db_text(tenant),
                        db_uuid(&seat->conversation), db_uuid(&seat->user),
                        db_bool(generation == 0), db_int64(generation)),
                &affected));
    if (affected > 0)
        TRY(store_room_add(tx, tenant, &seat->conversation, -1));
    else
        TRY(must_exist(tx, tenant, seat));
    *ret_changed = affected > 0;
    return status_ok();
}

struct status store_participant_away(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, int64_t now_us,
                                     bool *ret_changed) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &go_away,
                DB_ARGS(db_time_us(now_us), db_time_us(now_us), db_text(tenant),
                        db_uuid(&seat->conversation), db_uuid(&seat->user)),
                &affected));
    *ret_changed = affected > 0;
    return status_ok();
}

struct status store_participant_back(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, int64_t now_us,
                                     bool *ret_changed) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &come_back,
                DB_ARGS(db_time_us(now_us), db_text(tenant), db_uuid(&seat->conversation),
                        db_uuid(&seat->user)),
                &affected));
    *ret_changed = affected > 0;
    return status_ok();
}

struct status store_participant_mute(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, bool muted, int64_t now_us,
                                     bool *ret_changed) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &mute,
                DB_ARGS(db_bool(muted), db_time_us(now_us), db_text(tenant),
                        db_uuid(&seat->conversation), db_uuid(&seat->user), db_bool(muted)),
                &affected));
    if (affected == 0)
        TRY(must_exist(tx, tenant, seat));
    *ret_changed = affected > 0;
    return status_ok();
}

struct status store_participant_remove(struct db_tx *tx, const char *tenant,
                                       const struct store_seat *seat, const struct uuid *by,
                                       int64_t now_us, bool *ret_changed) {
    static const struct db_sql in_room = {
        "SELECT status IN ('JOINED', 'AWAY') FROM live_conversation_participants"
        " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
    uint64_t affected = 0;
    bool was_in_room = false;
    bool found = false;
    TRY(db_query_row(tx, &in_room,
                     DB_ARGS(db_text(tenant), db_uuid(&seat->conversation), db_uuid(&seat->user)),
                     NULL, DB_INTO(db_into_bool(&was_in_room)), &found));
    if (!found)
        return no_such_participant();
    TRY(db_exec(tx, &end_stay_and_remove,
                DB_ARGS(db_time_us(now_us), db_uuid(by), db_time_us(now_us), db_time_us(now_us),
                        db_time_us(now_us), db_text(tenant), db_uuid(&seat->conversation),
                        db_uuid(&seat->user)),
                &affected));
    if (was_in_room)
        TRY(store_room_add(tx, tenant, &seat->conversation, -1));
    *ret_changed = affected > 0;
    return status_ok();
}

struct status store_participant_leave_all(struct db_tx *tx, const char *tenant,
                                          const struct uuid *conversation, int64_t now_us) {
    TRY(db_exec(tx, &leave_all,
                DB_ARGS(db_time_us(now_us), db_time_us(now_us), db_time_us(now_us), db_text(tenant),
                        db_uuid(conversation)),
                NULL));
    TRY(db_exec(tx, &write_message_counts, DB_ARGS(db_text(tenant), db_uuid(conversation)), NULL));
    return db_exec(tx, &empty_room, DB_ARGS(db_text(tenant), db_uuid(conversation)), NULL);
}

struct status store_participant_spoke(struct db_tx *tx, const char *tenant,
                                      const struct store_seat *seat, int32_t seconds) {
    return db_exec(tx, &spoke,
                   DB_ARGS(db_int64(seconds < 0 ? 0 : seconds), db_text(tenant),
                           db_uuid(&seat->conversation), db_uuid(&seat->user)),
                   NULL);
}
