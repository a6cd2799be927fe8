#include "store/event.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/internal.h"

#include <string.h>
#include <zlib.h>

#define TOPIC_COLUMNS " eventEpoch, eventSequence, eventFloor"

static const struct db_sql get_conversation_topic = {
    "SELECT" TOPIC_COLUMNS " FROM live_conversations WHERE tenant_id = ? AND id = ?"};
static const struct db_sql lock_conversation_topic = {
    "SELECT" TOPIC_COLUMNS " FROM live_conversations WHERE tenant_id = ? AND id = ? FOR UPDATE"};
static const struct db_sql get_inbox_topic = {
    "SELECT" TOPIC_COLUMNS " FROM inbox_topics WHERE tenant_id = ? AND userId = ?"};
static const struct db_sql lock_inbox_topic = {
    "SELECT" TOPIC_COLUMNS " FROM inbox_topics WHERE tenant_id = ? AND userId = ? FOR UPDATE"};
static const struct db_sql move_conversation_topic = {
    "UPDATE live_conversations SET eventSequence = ? WHERE tenant_id = ? AND id = ?"};
static const struct db_sql move_inbox_topic = {
    "UPDATE inbox_topics SET eventSequence = ? WHERE tenant_id = ? AND userId = ?"};
/* Nothing for a user that is not known. */
static const struct db_sql create_inbox_topic = {
    "INSERT IGNORE INTO inbox_topics (tenant_id, userId, eventEpoch)"
    " SELECT u.tenant_id, u.id, ? FROM users u WHERE u.tenant_id = ? AND u.id = ?"};

static const struct db_sql insert_event = {
    "INSERT INTO events (tenant_id, topicId, sequence, visibleTo, visibleFrom, payload, checksum,"
    " createdAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
#define EVENT_COLUMNS " sequence, visibleTo, visibleFrom, payload, checksum, createdAt"
static const struct db_sql page_events = {
    "SELECT" EVENT_COLUMNS " FROM events"
    " WHERE tenant_id = ? AND topicId = ? AND sequence > ? ORDER BY sequence LIMIT ?"};
static const struct db_sql get_event = {
    "SELECT" EVENT_COLUMNS " FROM events WHERE tenant_id = ? AND topicId = ? AND sequence = ?"};
static const struct db_sql rewrite_event = {
    "UPDATE events SET payload = ?, checksum = ?"
    " WHERE tenant_id = ? AND topicId = ? AND sequence = ?"};

enum { EVENT_VALUES = 8, APPEND_MAX = 1024 };

static struct status no_such_topic(enum store_topic_kind kind) {
    if (kind == STORE_TOPIC_INBOX)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND, "No such user.");
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND,
                        "No such conversation.");
}

static struct status corrupted(void) {
    return status_error(STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED,
                        "A stored event is damaged.");
}

static uint32_t checksum_of(const uint8_t *bytes, size_t len_bytes) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, len_bytes);
}

/* ---- topics ---- */

static struct status read_topic(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                                struct store_topic *topic, bool *ret_found) {
    return db_query_row(tx, sql, DB_ARGS(db_text(tenant), db_uuid(&topic->id)), NULL,
                        DB_INTO(db_into_uint64(&topic->epoch), db_into_uint64(&topic->sequence),
                                db_into_uint64(&topic->floor)),
                        ret_found);
}

struct status store_inbox_create(struct db_tx *tx, const char *tenant, const struct uuid *user) {
    uint64_t epoch = 0;
    TRY(store_epoch_new(&epoch));
    return db_exec(tx, &create_inbox_topic,
                   DB_ARGS(db_uint64(epoch), db_text(tenant), db_uuid(user)), NULL);
}

struct status store_topic_lock(struct db_tx *tx, const char *tenant, enum store_topic_kind kind,
                               const struct uuid *id, struct store_topic *ret_topic) {
    struct store_topic topic = {.kind = kind, .id = *id};
    const struct db_sql *sql =
        kind == STORE_TOPIC_INBOX ? &lock_inbox_topic : &lock_conversation_topic;
    bool found = false;

    TRY(read_topic(tx, sql, tenant, &topic, &found));
    if (!found && kind == STORE_TOPIC_INBOX) {
        TRY(store_inbox_create(tx, tenant, id));
        TRY(read_topic(tx, sql, tenant, &topic, &found));
    }
    if (!found)
        return no_such_topic(kind);
    *ret_topic = topic;
    return status_ok();
}

struct status store_topic_get(struct db_tx *tx, const char *tenant, enum store_topic_kind kind,
                              const struct uuid *id, struct store_topic *ret_topic) {
    struct store_topic topic = {.kind = kind, .id = *id};
    const struct db_sql *sql =
        kind == STORE_TOPIC_INBOX ? &get_inbox_topic : &get_conversation_topic;
    bool found = false;

    TRY(read_topic(tx, sql, tenant, &topic, &found));
    if (!found && kind == STORE_TOPIC_CONVERSATION)
        return no_such_topic(kind);
    *ret_topic = topic;
    return status_ok();
}

/* ---- events ---- */

struct status store_event_number(uint8_t *bytes, size_t len_bytes, uint64_t sequence) {
    if (len_bytes <= STORE_EVENT_SEQUENCE_BYTES || len_bytes > STORE_EVENT_BYTES_MAX)
        return status_error(STATUS_INTERNAL, 0, "The event cannot be numbered.");
    uint8_t *end = bytes + len_bytes - STORE_EVENT_SEQUENCE_BYTES;
    for (int i = 0; i < STORE_EVENT_SEQUENCE_BYTES; i++)
        end[i] = (uint8_t)(sequence >> (8 * i));
    return status_ok();
}

static void event_values(const char *tenant, const struct uuid *topic,
                         const struct store_event_new *event, struct db_value *values) {
    struct db_value row[EVENT_VALUES] = {
        db_text(tenant),
        db_uuid(topic),
        db_uint64(event->sequence),
        db_when(event->is_private, db_uuid(&event->visible_to)),
        db_when(event->is_private, db_uuid(&event->visible_from)),
        db_bytes(event->bytes, event->len_bytes),
        db_uint64(checksum_of(event->bytes, event->len_bytes)),
        db_time_us(event->now_us),
    };
    memcpy(values, row, sizeof row);
}

static struct status insert_many(struct db_tx *tx, const char *tenant, const struct uuid *topic,
                                 const struct store_event_new *events, size_t count) {
    enum { CHUNK = 64 };
    struct db_value values[CHUNK * EVENT_VALUES];
    for (size_t done = 0; done < count;) {
        size_t rows = count - done < CHUNK ? count - done : CHUNK;
        for (size_t i = 0; i < rows; i++)
            event_values(tenant, topic, &events[done + i], &values[i * EVENT_VALUES]);
        TRY(db_exec_bulk(tx, &insert_event, values, EVENT_VALUES, rows, NULL));
        done += rows;
    }
    return status_ok();
}

struct status store_event_append(struct db_tx *tx, const char *tenant, struct store_topic *topic,
                                 struct store_event_new *events, size_t count) {
    uint64_t sequence = topic->sequence;
    uint64_t moved = 0;

    if (count == 0)
        return status_ok();
    if (count > APPEND_MAX || sequence > UINT64_MAX - count)
        return status_error(STATUS_INTERNAL, 0, "Too many events at once.");
    for (size_t i = 0; i < count; i++) {
        events[i].sequence = ++sequence;
        TRY(store_event_number(events[i].bytes, events[i].len_bytes, sequence));
    }
    TRY(insert_many(tx, tenant, &topic->id, events, count));
    TRY(db_exec(tx, topic->kind == STORE_TOPIC_INBOX ? &move_inbox_topic : &move_conversation_topic,
                DB_ARGS(db_uint64(sequence), db_text(tenant), db_uuid(&topic->id)), &moved));
    if (moved != 1)
        return no_such_topic(topic->kind);
    topic->sequence = sequence;
    return status_ok();
}

struct status store_inbox_append(struct db_tx *tx, const char *tenant, const struct uuid *user,
                                 struct store_event_new *event, struct store_topic *ret_topic) {
    struct store_topic topic;
    TRY(store_topic_lock(tx, tenant, STORE_TOPIC_INBOX, user, &topic));
    TRY(store_event_append(tx, tenant, &topic, event, 1));
    if (ret_topic != NULL)
        *ret_topic = topic;
    return status_ok();
}

static struct status read_event(struct db_rows *rows, struct arena *arena,
                                struct store_event *ret_event) {
    struct store_event event = {.sequence = 0};
    struct db_bytes payload = {NULL, 0};
    uint64_t checksum = 0;
    TRY(db_rows_read(rows, arena,
                     DB_INTO(db_into_uint64(&event.sequence),
                             db_nullable(db_into_uuid(&event.visible_to), &event.is_private),
                             db_nullable(db_into_uuid(&event.visible_from), NULL),
                             db_into_bytes(&payload), db_into_uint64(&checksum),
                             db_into_time_us(&event.created_at_us))));
    event.bytes = payload.bytes;
    event.len_bytes = payload.len_bytes;
    if (checksum_of(event.bytes, event.len_bytes) != checksum)
        return corrupted();
    *ret_event = event;
    return status_ok();
}

/* The first event is missing: was the log trimmed since the caller looked? */
static struct status trimmed_or_corrupted(struct db_tx *tx, const char *tenant,
                                          const struct uuid *id, uint64_t after) {
    struct store_topic topic = {.id = *id};
    bool found = false;
    TRY(read_topic(tx, &get_conversation_topic, tenant, &topic, &found));
    if (!found)
        TRY(read_topic(tx, &get_inbox_topic, tenant, &topic, &found));
    if (found && topic.floor > after)
        return status_error(STATUS_OUT_OF_RANGE, 0, "The events are not kept any more.");
    return corrupted();
}

struct status store_event_page(struct db_tx *tx, struct arena *arena, const char *tenant,
                               const struct uuid *topic, uint64_t after, int32_t limit,
                               struct store_event **ret_events, size_t *ret_count) {
    size_t most = limit < 1 || limit > STORE_EVENT_PAGE_MAX ? STORE_EVENT_PAGE_MAX : (size_t)limit;
    size_t count = 0;
    size_t bytes = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    struct store_event *events = arena_alloc_array(arena, most, sizeof *events);
    if (events == NULL)
        return store_no_room();
    TRY(db_query(
        tx, &page_events,
        DB_ARGS(db_text(tenant), db_uuid(topic), db_uint64(after), db_int64((int64_t)most)),
        &rows));
    while (count < most && bytes < STORE_EVENT_PAGE_BYTES_MAX && db_rows_next(rows)) {
        TRY(read_event(rows, arena, &events[count]));
        bytes += events[count].len_bytes;
        if (events[count].sequence != after + 1 + count)
            return count == 0 ? trimmed_or_corrupted(tx, tenant, topic, after) : corrupted();
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_events = events;
    *ret_count = count;
    return status_ok();
}

struct status store_event_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                              const struct uuid *topic, uint64_t sequence,
                              struct store_event *ret_event) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, &get_event, DB_ARGS(db_text(tenant), db_uuid(topic), db_uint64(sequence)),
                 &rows));
    if (db_rows_next(rows))
        return read_event(rows, arena, ret_event);
    TRY(db_rows_status(rows));
    return status_error(STATUS_NOT_FOUND, 0, "The event is not kept any more.");
}

struct status store_event_rewrite(struct db_tx *tx, const char *tenant, const struct uuid *topic,
                                  uint64_t sequence, uint8_t *bytes, size_t len_bytes,
                                  bool *ret_found) {
    uint64_t affected = 0;
    TRY(store_event_number(bytes, len_bytes, sequence));
    TRY(db_exec(tx, &rewrite_event,
                DB_ARGS(db_bytes(bytes, len_bytes), db_uint64(checksum_of(bytes, len_bytes)),
                        db_text(tenant), db_uuid(topic), db_uint64(sequence)),
                &affected));
    *ret_found = affected > 0;
    return status_ok();
}
