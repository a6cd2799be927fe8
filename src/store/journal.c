/* The journal that commits every message by itself. */
#include "store/journal.h"

#include "base/arena.h"
#include "base/clock.h"
#include "db/pool.h"
#include "domain/message.h"
#include "domain/permission.h"
#include "domain/reason.h"
#include "store/event.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

static const struct db_sql lock_conversation = {
    "SELECT status, visibility, startTime, endTime, language, hostId, instructorId, isLocked,"
    " eventEpoch, eventSequence, eventFloor FROM live_conversations"
    " WHERE tenant_id = ? AND id = ? FOR UPDATE"};
static const struct db_sql read_member = {
    "SELECT u.displayName, u.pictureUrl, u.suspendedAt, u.suspendedUntil, p.status, p.isMuted,"
    " b.status, v.userId FROM users u"
    " LEFT JOIN live_conversation_participants p ON p.tenant_id = u.tenant_id"
    " AND p.conversationId = ? AND p.userId = u.id"
    " LEFT JOIN live_conversation_bookings b ON b.tenant_id = u.tenant_id"
    " AND b.conversationId = ? AND b.userId = u.id"
    " LEFT JOIN conversation_invitations v ON v.tenant_id = u.tenant_id"
    " AND v.conversationId = ? AND v.userId = u.id WHERE u.tenant_id = ? AND u.id = ?"};

struct store_journal {
    struct db_pool *pool;
    const struct clock *clock;
};

/* What the lock shows. */
struct room {
    struct domain_permission_facts facts;
    struct store_topic topic;
    const char *language;
    char host[UUID_TEXT_BYTES];
    char instructor[UUID_TEXT_BYTES]; /* "": none */
};

struct member {
    bool is_known;
    struct store_user_summary user;
    bool is_suspended;
    enum domain_participant_status participant;
    bool is_muted;
    enum domain_booking_state booking;
    bool is_invited;
};

struct submission {
    struct store_journal *journal;
    struct store_journal_entry *entry;
    struct store_message asked; /* as it was handed in: every run starts from it */
};

struct store_journal *store_journal_new(struct db_pool *pool, const struct clock *clock) {
    struct store_journal *journal = calloc(1, sizeof *journal);
    if (journal != NULL)
        *journal = (struct store_journal){.pool = pool, .clock = clock};
    return journal;
}

void store_journal_free(struct store_journal **journal) {
    free(*journal);
    *journal = NULL;
}

/* ---- reading ---- */

static struct status lock_room(struct db_tx *tx, struct arena *arena, const char *tenant,
                               const struct uuid *id, struct room *ret_room) {
    struct room room = {.topic = {.kind = STORE_TOPIC_CONVERSATION, .id = *id}};
    const char *status = NULL;
    const char *visibility = NULL;
    struct uuid host;
    struct uuid instructor;
    bool has_instructor = false;
    bool found = false;

    TRY(db_query_row(
        tx, &lock_conversation, DB_ARGS(db_text(tenant), db_uuid(id)), arena,
        DB_INTO(db_into_text(&status), db_into_text(&visibility),
                db_into_time_us(&room.facts.start_us), db_into_time_us(&room.facts.end_us),
                db_into_text(&room.language), db_into_uuid(&host),
                db_nullable(db_into_uuid(&instructor), &has_instructor),
                db_into_bool(&room.facts.is_locked), db_into_uint64(&room.topic.epoch),
                db_into_uint64(&room.topic.sequence), db_into_uint64(&room.topic.floor)),
        &found));
    if (!found)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND,
                            "No such conversation.");
    if (!domain_status_parse(status, &room.facts.status) ||
        !domain_visibility_parse(visibility, &room.facts.visibility))
        return store_row_damaged();
    uuid_format(&host, room.host);
    if (has_instructor)
        uuid_format(&instructor, room.instructor);
    *ret_room = room;
    return status_ok();
}

static struct status look_at(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct uuid *conversation, const struct uuid *user,
                             int64_t now_us, struct member *ret_member) {
    struct member member = {.user.id = *user};
    const char *participant = NULL;
    const char *booking = NULL;
    int64_t suspended_us = 0;
    int64_t until_us = 0;
    struct uuid invited;

    TRY(db_query_row(
        tx, &read_member,
        DB_ARGS(db_uuid(conversation), db_uuid(conversation), db_uuid(conversation),
                db_text(tenant), db_uuid(user)),
        arena,
        DB_INTO(db_into_text(&member.user.display_name), db_into_text(&member.user.picture_url),
                store_into_time(&suspended_us), store_into_time(&until_us),
                store_into_text(&participant), db_nullable(db_into_bool(&member.is_muted), NULL),
                store_into_text(&booking), db_nullable(db_into_uuid(&invited), &member.is_invited)),
        &member.is_known));
    if (participant != NULL && !domain_participant_status_parse(participant, &member.participant))
        return store_row_damaged();
    if (booking != NULL && !domain_booking_state_parse(booking, &member.booking))
        return store_row_damaged();
    member.is_suspended = suspended_us != 0 && (until_us == 0 || until_us > now_us);
    *ret_member = member;
    return status_ok();
}

/* ---- deciding ---- */

static struct status may_send(const struct store_journal_entry *entry, const struct room *room,
                              const struct member *sender, int64_t now_us) {
    char id[UUID_TEXT_BYTES];
    uuid_format(&entry->message.sender.id, id);
    const struct domain_relation_facts facts = {
        .roles = entry->sender_roles,
        .caller_id = id,
        .host_id = room->host,
        .instructor_id = room->instructor,
        .booking = sender->booking,
        .participant = sender->participant,
        .is_invited = sender->is_invited,
    };
    return domain_permission_check(DOMAIN_ACTION_SEND_MESSAGE, domain_relations(&facts),
                                   sender->is_suspended, &room->facts, entry->settings, now_us);
}

static bool same(const struct uuid *a, const struct uuid *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* What is said of a private message stays between the same two. */
static void keep_private(struct store_message *message, const struct store_message *original) {
    if (!original->has_recipient || message->has_recipient)
        return;
    bool is_own = same(&original->sender.id, &message->sender.id);
    message->has_recipient = true;
    message->recipient = is_own ? original->recipient : original->sender;
}

static struct status read_original(struct db_tx *tx, const struct store_journal_entry *entry,
                                   struct store_message *message,
                                   struct store_message *ret_original) {
    struct store_message original;
    TRY(store_message_get(tx, entry->arena, entry->tenant, &message->original_id, &original));
    if (!same(&original.conversation_id, &message->conversation_id))
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND, "No such message.");
    keep_private(message, &original);
    *ret_original = original;
    return status_ok();
}

/* Who has left for good reads nothing any more. */
static bool is_there(const struct member *recipient) {
    bool gave_seat_up = recipient->booking == DOMAIN_BOOKING_CANCELLED ||
                        recipient->booking == DOMAIN_BOOKING_EXPIRED;
    switch (recipient->participant) {
    case DOMAIN_PARTICIPANT_JOINED:
    case DOMAIN_PARTICIPANT_AWAY:
        return true;
    case DOMAIN_PARTICIPANT_LEFT:
        return !gave_seat_up;
    default:
        return false;
    }
}

static struct status check_message(struct db_tx *tx, const struct store_journal_entry *entry,
                                   const struct member *sender, struct store_message *message,
                                   int64_t now_us) {
    char ids[4][UUID_TEXT_BYTES] = {"", "", "", ""};
    struct store_message original;
    struct domain_original facts;
    struct domain_outgoing outgoing = {
        .sender_is_muted = sender->is_muted,
        .content = message->content,
        .content_len = strlen(message->content),
    };

    if (message->has_original) {
        TRY(read_original(tx, entry, message, &original));
        uuid_format(&original.sender.id, ids[0]);
        if (original.has_recipient)
            uuid_format(&original.recipient.id, ids[1]);
        facts = (struct domain_original){
            .sender_id = ids[0],
            .recipient_id = ids[1],
            .kind = original.kind,
            .is_deleted = original.deleted_at_us != 0,
            .content = original.content,
            .content_len = strlen(original.content),
        };
        TRY(store_message_count_answers(tx, entry->tenant, &original.id, &facts.answers));
        outgoing.original = &facts;
    }
    uuid_format(&message->sender.id, ids[2]);
    if (message->has_recipient) {
        struct member recipient = {0};
        TRY(look_at(tx, entry->arena, entry->tenant, &message->conversation_id,
                    &message->recipient.id, now_us, &recipient));
        uuid_format(&message->recipient.id, ids[3]);
        outgoing.recipient_is_there = is_there(&recipient);
        message->recipient = recipient.user;
    }
    outgoing.sender_id = ids[2];
    outgoing.recipient_id = ids[3];
    return domain_message_send(&outgoing, entry->settings);
}

/* ---- writing ---- */

static struct status write(struct db_tx *tx, struct store_journal_entry *entry, struct room *room) {
    struct store_message *message = &entry->message;
    uint8_t *bytes = NULL;
    size_t len_bytes = 0;

    message->sequence = room->topic.sequence + 1;
    TRY(store_message_insert(tx, entry->tenant, message));
    TRY(entry->encode(entry, entry->arena, &bytes, &len_bytes));
    struct store_event_new event = {
        .bytes = bytes,
        .len_bytes = len_bytes,
        .is_private = message->has_recipient,
        .visible_to = message->recipient.id,
        .visible_from = message->sender.id,
        .now_us = message->sent_at_us,
    };
    TRY(store_event_append(tx, entry->tenant, &room->topic, &event, 1));
    entry->event_bytes = bytes;
    entry->event_len_bytes = len_bytes;
    return status_ok();
}

static struct status find_first(struct db_tx *tx, struct store_journal_entry *entry,
                                bool *ret_found) {
    return store_message_find_sent(tx, entry->arena, entry->tenant, &entry->message.conversation_id,
                                   &entry->message.sender.id, &entry->message.client_message_id,
                                   &entry->message, ret_found);
}

static struct status send_once(struct db_tx *tx, void *context) {
    struct submission *submission = context;
    struct store_journal_entry *entry = submission->entry;
    struct store_message *message = &entry->message;
    int64_t now_us = clock_wall_us(submission->journal->clock);
    struct room room = {0};
    struct member sender = {0};

    *message = submission->asked;
    entry->is_duplicate = false;
    TRY(lock_room(tx, entry->arena, entry->tenant, &message->conversation_id, &room));
    entry->epoch = room.topic.epoch;
    TRY(find_first(tx, entry, &entry->is_duplicate));
    if (entry->is_duplicate)
        return status_ok();
    TRY(look_at(tx, entry->arena, entry->tenant, &message->conversation_id, &message->sender.id,
                now_us, &sender));
    TRY(may_send(entry, &room, &sender, now_us));
    message->sender = sender.user;
    message->sent_at_us = now_us;
    if (store_text_or_null(message->language) == NULL)
        message->language = room.language;
    TRY(check_message(tx, entry, &sender, message, now_us));
    return write(tx, entry, &room);
}

/* Was it committed, although the answer was lost? */
static struct status look_after(struct db_tx *tx, void *context) {
    struct submission *submission = context;
    struct store_journal_entry *entry = submission->entry;
    bool found = false;
    entry->message = submission->asked;
    TRY(find_first(tx, entry, &found));
    if (!found)
        return status_error(STATUS_UNAVAILABLE, DOMAIN_REASON_OUTCOME_UNKNOWN,
                            "The message was not stored. Send it again.");
    entry->is_duplicate = !same(&entry->message.id, &submission->asked.id);
    return status_ok();
}

void store_journal_submit(struct store_journal *journal, struct store_journal_entry *entry) {
    struct submission submission = {journal, entry, entry->message};
    entry->event_bytes = NULL;
    entry->event_len_bytes = 0;
    entry->status =
        db_transaction(journal->pool, entry->deadline_us, send_once, &submission, &entry->report);
    if (entry->report.fate == DB_FATE_UNCERTAIN)
        entry->status = db_read(journal->pool, entry->deadline_us, look_after, &submission, NULL);
    if (!status_is_ok(entry->status) || entry->is_duplicate) {
        entry->event_bytes = NULL;
        entry->event_len_bytes = 0;
    }
    entry->done(entry);
}
