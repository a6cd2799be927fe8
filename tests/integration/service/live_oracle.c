#include "live_oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/statement.h"
#include "db/tx.h"

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

enum { TRIM_TRIES = 3000, TRIM_LOOK_MS = 20, PAYLOAD_BYTES = 64 * 1024 };

/* ---- the log ---- */

static void append(struct oracle *oracle, const struct oracle_event *event) {
    if (oracle->count == oracle->capacity) {
        oracle->capacity = oracle->capacity ? oracle->capacity * 2 : 1024;
        oracle->events = realloc(oracle->events, oracle->capacity * sizeof *oracle->events);
        if (oracle->events == NULL)
            abort();
    }
    oracle->events[oracle->count++] = *event;
}

static struct status read_event(struct db_rows *rows, struct arena *arena,
                                struct oracle_event *ret_event) {
    struct oracle_event event = {.is_private = false};
    struct uuid to;
    struct uuid from;
    struct db_bytes payload;
    uint64_t sequence = 0;
    bool has_from;
    TRY(db_rows_read(
        rows, arena,
        DB_INTO(db_into_uint64(&sequence), db_nullable(db_into_uuid(&to), &event.is_private),
                db_nullable(db_into_uuid(&from), &has_from), db_into_bytes(&payload))));
    lc_event *stored = liveconv__v1__event__unpack(NULL, payload.len_bytes, payload.bytes);
    if (stored == NULL || stored->sequence != sequence)
        fail_msg("event %llu is not what it says", (unsigned long long)sequence);
    seen_read(stored, &event.seen);
    liveconv__v1__event__free_unpacked(stored, NULL);
    if (event.is_private) {
        uuid_format(&to, event.to);
        uuid_format(&from, event.from);
    }
    *ret_event = event;
    return status_ok();
}

/* What is not known yet. */
static struct status read_log(struct db_tx *tx, struct oracle *oracle) {
    static const struct db_sql list = {
        "SELECT sequence, visibleTo, visibleFrom, payload FROM events"
        " WHERE tenant_id = '" LIVECONV_TENANT "' AND topicId = ? AND sequence > ?"
        " ORDER BY sequence"};
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    struct uuid topic;
    struct arena arena;
    uuid_parse(oracle->crowd->conversation, strlen(oracle->crowd->conversation), &topic);
    TRY(db_query(tx, &list, DB_ARGS(db_uuid(&topic), db_uint64(oracle->count)), &rows));
    arena_init(&arena, PAYLOAD_BYTES);
    while (db_rows_next(rows)) {
        struct oracle_event event;
        struct status status = read_event(rows, &arena, &event);
        arena_reset(&arena);
        if (!status_is_ok(status)) {
            arena_done(&arena);
            return status;
        }
        append(oracle, &event);
        if (event.seen.sequence != oracle->count)
            fail_msg("the log has %llu where %zu belongs", (unsigned long long)event.seen.sequence,
                     oracle->count);
    }
    arena_done(&arena);
    return db_rows_status(rows);
}

/* May run again after a conflict: what was read before is read again. */
static struct status read_and_age(struct db_tx *tx, void *context) {
    static const struct db_sql lock = {
        "SELECT eventSequence FROM live_conversations WHERE tenant_id = '" LIVECONV_TENANT
        "' AND id = ? FOR UPDATE"};
    static const struct db_sql age = {"UPDATE events SET createdAt = createdAt - INTERVAL 3650 DAY"
                                      " WHERE tenant_id = '" LIVECONV_TENANT "' AND topicId = ?"};
    struct oracle *oracle = context;
    struct uuid topic;
    uint64_t head;
    bool found;
    oracle->count = (size_t)oracle->trimmed;
    uuid_parse(oracle->crowd->conversation, strlen(oracle->crowd->conversation), &topic);
    TRY(db_query_row(tx, &lock, DB_ARGS(db_uuid(&topic)), NULL, DB_INTO(db_into_uint64(&head)),
                     &found));
    TRY(read_log(tx, oracle));
    if (oracle->count != head)
        fail_msg("the log ends at %zu instead of %llu", oracle->count, (unsigned long long)head);
    return db_exec(tx, &age, DB_ARGS(db_uuid(&topic)), NULL);
}

static struct status read_the_rest(struct db_tx *tx, void *context) {
    struct oracle *oracle = context;
    oracle->count = (size_t)oracle->trimmed;
    return read_log(tx, oracle);
}

void oracle_trim(struct oracle *oracle) {
    assert_ok(db_transaction(t.lc->pool, INT64_MAX, read_and_age, oracle, NULL));
    oracle->trimmed = oracle->count;
    for (size_t i = 0; i < oracle->count; i++)
        oracle->events[i].was_trimmed = true;
}

void oracle_await_floor(const struct oracle *oracle, uint64_t sequence) {
    for (int tries = 0; tries < TRIM_TRIES; tries++) {
        if (liveconv_sql_number(t.lc, "SELECT eventFloor FROM live_conversations WHERE id = '%s'",
                                oracle->crowd->conversation) >= (int64_t)sequence)
            return;
        nanosleep(&(struct timespec){.tv_nsec = TRIM_LOOK_MS * 1000000L}, NULL);
    }
    fail_msg("the log is not trimmed");
}

/* ---- what people did ---- */

static int compare_said(const void *a, const void *b) {
    const struct said *const *left = a;
    const struct said *const *right = b;
    return strcmp((*left)->id, (*right)->id);
}

static int compare_id(const void *id, const void *said) {
    const struct said *const *message = said;
    return strcmp(id, (*message)->id);
}

static const struct said *find_said(const struct oracle *oracle, const char *id) {
    const struct said **found =
        bsearch(id, oracle->said, oracle->said_count, sizeof(struct said *), compare_id);
    return found == NULL ? NULL : *found;
}

void oracle_begin(struct oracle *oracle, const struct crowd *crowd) {
    *oracle = (struct oracle){.crowd = crowd};
}

void oracle_read(struct oracle *oracle) {
    size_t total = 0;
    assert_ok(db_read(t.lc->pool, INT64_MAX, read_the_rest, oracle, NULL));
    for (int i = 0; i < CROWD_PEOPLE; i++)
        total += oracle->crowd->people[i].said_count;
    oracle->said = calloc(total, sizeof *oracle->said);
    if (oracle->said == NULL)
        abort();
    for (int i = 0; i < CROWD_PEOPLE; i++)
        for (size_t j = 0; j < oracle->crowd->people[i].said_count; j++)
            oracle->said[oracle->said_count++] = &oracle->crowd->people[i].said[j];
    qsort(oracle->said, oracle->said_count, sizeof *oracle->said, compare_said);
}

void oracle_done(struct oracle *oracle) {
    free(oracle->events);
    free(oracle->said);
}

/* ---- the log against what people did ---- */

static void expected_text(const struct said *said, char ret_text[SEEN_TEXT_BYTES]) {
    ret_text[0] = '\0';
    if (!said->is_deleted)
        crowd_text(said->sender, said->number, said->version, ret_text);
}

static bool is_of_message(const struct oracle_event *event) {
    return event->seen.kind == KIND(MESSAGE_SENT) || event->seen.kind == KIND(MESSAGE_EDITED) ||
           event->seen.kind == KIND(MESSAGE_DELETED);
}

static void check_event(const struct oracle *oracle, const struct oracle_event *event,
                        const struct said *said) {
    const struct person *people = oracle->crowd->people;
    char text[SEEN_TEXT_BYTES];
    unsigned long long sequence = event->seen.sequence;
    if (said == NULL) {
        fail_msg("event %llu tells of a message that nobody was told is stored", sequence);
        return;
    }
    if (event->is_private != (said->recipient != NOBODY) ||
        (event->is_private && (strcmp(event->to, people[said->recipient].id) != 0 ||
                               strcmp(event->from, people[said->sender].id) != 0)))
        fail_msg("event %llu is for others than its message", sequence);
    if ((event->seen.kind == KIND(MESSAGE_SENT)) != (sequence == said->sequence))
        fail_msg("message %s was acknowledged at %llu, and event %llu is of kind %d", said->id,
                 (unsigned long long)said->sequence, sequence, event->seen.kind);
    expected_text(said, text);
    if (!event->was_trimmed && strcmp(event->seen.text, text) != 0)
        fail_msg("event %llu still says \"%s\" instead of \"%s\"", sequence, event->seen.text,
                 text);
}

/* That a message is as it should be, as a query of the database. */
static void check_row(const struct oracle *oracle, const struct said *said) {
    const struct person *people = oracle->crowd->people;
    char text[SEEN_TEXT_BYTES];
    expected_text(said, text);
    int64_t found = liveconv_sql_number(
        t.lc,
        "SELECT COUNT(*) FROM live_conversation_messages"
        " WHERE tenant_id = '" LIVECONV_TENANT "' AND id = '%s' AND clientMessageId = '%s'"
        " AND senderId = '%s' AND COALESCE(recipientId, '%s') = '%s'"
        " AND content = '%s' AND sequence = %llu AND (deletedAt IS NOT NULL) = %d",
        said->id, said->client_id, people[said->sender].id,
        said->recipient == NOBODY ? said->id : people[said->recipient].id,
        said->recipient == NOBODY ? said->id : people[said->recipient].id, text,
        (unsigned long long)said->sequence, said->is_deleted);
    if (found != 1)
        fail_msg("the database does not have \"%s\" (%s) as it was acknowledged", text, said->id);
}

void oracle_check_log(const struct oracle *oracle) {
    const struct crowd_figures *figures = &oracle->crowd->figures;
    size_t sent = 0;
    size_t edited = 0;
    size_t deleted = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct oracle_event *event = &oracle->events[i];
        if (!is_of_message(event))
            continue;
        check_event(oracle, event, find_said(oracle, event->seen.id));
        sent += event->seen.kind == KIND(MESSAGE_SENT);
        edited += event->seen.kind == KIND(MESSAGE_EDITED);
        deleted += event->seen.kind == KIND(MESSAGE_DELETED);
    }
    assert_int_equal(sent, figures->written);
    assert_int_equal(edited, figures->edits);
    assert_int_equal(deleted, figures->deletions);
    assert_int_equal(oracle->said_count, figures->written);
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM live_conversation_messages"
                                         " WHERE conversationId = '%s'",
                                         oracle->crowd->conversation),
                     figures->written);
    for (size_t i = 0; i < oracle->said_count; i++)
        check_row(oracle, oracle->said[i]);
}

/* ---- what a device saw ---- */

/* What stands behind the last dot; -1: nothing does. */
static long version_of(const char *text) {
    const char *dot = strrchr(text, '.');
    return dot == NULL ? -1 : strtol(dot + 1, NULL, 10);
}

/* The text is of this message, and was not gone before its stream was opened. */
static void check_text(const struct oracle *oracle, const struct device *device,
                       const struct seen *seen) {
    const struct said *said = find_said(oracle, seen->id);
    char text[SEEN_TEXT_BYTES] = "";
    long version = version_of(seen->text);
    if (said == NULL) {
        fail_msg("%s saw message %s, which nobody wrote", device->device_id, seen->id);
        return;
    }
    if (seen->text[0] == '\0' && said->is_deleted)
        return;
    if (version >= 0 && version <= said->version)
        crowd_text(said->sender, said->number, (int)version, text);
    if (text[0] == '\0' || strcmp(seen->text, text) != 0)
        fail_msg("%s saw \"%s\" in message %zu of %d", device->device_id, seen->text, said->number,
                 said->sender);
    bool is_gone = version < said->version || said->is_deleted;
    if (is_gone && seen->opened_at_us > said->taken_back_at_us[version])
        fail_msg("%s was told \"%s\", which was taken back before", device->device_id, seen->text);
}

static bool may_see(const struct oracle *oracle, const struct oracle_event *event, int owner) {
    const char *viewer = oracle->crowd->people[owner].id;
    return !event->is_private || strcmp(event->to, viewer) == 0 || strcmp(event->from, viewer) == 0;
}

/* The next event that came after the snapshot of this part; NULL: no more. */
static const struct seen *next_of(const struct device *device, unsigned segment, size_t *at) {
    while (*at < device->seen.count) {
        const struct seen *seen = &device->seen.items[(*at)++];
        if (seen->segment == segment)
            return seen;
    }
    return NULL;
}

static size_t check_segment(const struct oracle *oracle, const struct device *device, int owner,
                            unsigned segment) {
    const struct device_topic *topic = &device->topics[0];
    const struct seen *seen = NULL;
    size_t count = 0;
    size_t at = 0;
    if (topic->ends[segment] > oracle->count)
        fail_msg("%s is at %llu of %zu", device->device_id,
                 (unsigned long long)topic->ends[segment], oracle->count);
    for (uint64_t i = topic->starts[segment]; i < topic->ends[segment]; i++) {
        const struct oracle_event *event = &oracle->events[i];
        if (!may_see(oracle, event, owner))
            continue;
        seen = next_of(device, segment, &at);
        if (seen == NULL) {
            fail_msg("%s, part %u: did not see %llu", device->device_id, segment,
                     (unsigned long long)event->seen.sequence);
            break;
        }
        if (seen->sequence != event->seen.sequence || seen->kind != event->seen.kind ||
            strcmp(seen->id, event->seen.id) != 0)
            fail_msg("%s, part %u: saw %llu (kind %d of %s) instead of %llu (kind %d of %s)",
                     device->device_id, segment, (unsigned long long)seen->sequence, seen->kind,
                     seen->id, (unsigned long long)event->seen.sequence, event->seen.kind,
                     event->seen.id);
        if (is_of_message(event))
            check_text(oracle, device, seen);
        count++;
    }
    seen = next_of(device, segment, &at);
    if (seen != NULL)
        fail_msg("%s, part %u: saw %llu, which it may not", device->device_id, segment,
                 (unsigned long long)seen->sequence);
    return count;
}

/* Parts begin where they must: the first with what is there, others because of the trimming. */
static void check_snapshots(const struct oracle *oracle, const struct device *device, int owner) {
    const struct device_topic *topic = &device->topics[0];
    assert_int_equal(topic->snapshots[LC_SNAPSHOT_REASON_INITIAL], 1);
    assert_int_equal(topic->snapshots[LC_SNAPSHOT_REASON_TRIMMED], topic->segment - 1);
    for (unsigned segment = 2; segment <= topic->segment; segment++)
        if (topic->ends[segment - 1] >= oracle->trimmed)
            fail_msg("%s was at %llu and got a snapshot", device->device_id,
                     (unsigned long long)topic->ends[segment - 1]);
    for (size_t i = 0; i < device->shown.count; i++) {
        const struct seen *seen = &device->shown.items[i];
        check_text(oracle, device, seen);
        if (!may_see(oracle, &oracle->events[seen->sequence - 1], owner))
            fail_msg("%s was shown message %s of others", device->device_id, seen->id);
    }
}

size_t oracle_check_device(const struct oracle *oracle, const struct device *device, int owner) {
    size_t count = 0;
    if (device->fault[0] != '\0')
        fail_msg("%s", device->fault);
    for (unsigned segment = 1; segment <= device->topics[0].segment; segment++)
        count += check_segment(oracle, device, owner, segment);
    check_snapshots(oracle, device, owner);
    return count;
}
