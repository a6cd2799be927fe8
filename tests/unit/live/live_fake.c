#include "live_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "liveconv/v1/live_service.grpc-c.h"
#include "support/cmocka.h"

struct uuid fake_uuid(uint8_t n) {
    struct uuid uuid = {{0}};
    uuid.bytes[0] = 1;
    uuid.bytes[15] = n;
    return uuid;
}

struct live_user fake_user(uint8_t n) {
    struct uuid id = fake_uuid(n);
    struct live_user user;
    assert_true(live_user_make("school", &id, &user));
    return user;
}

/* ---- the log ---- */

uint64_t fake_commit(struct fake_log *log) {
    assert_true(log->head < FAKE_LOG_MAX);
    uint64_t sequence = ++log->head;
    log->events[sequence] = (struct fake_event){.version = sequence};
    return sequence;
}

uint64_t fake_commit_private(struct fake_log *log, uint8_t from, uint8_t to) {
    uint64_t sequence = fake_commit(log);
    log->events[sequence].is_private = true;
    log->events[sequence].from = fake_uuid(from);
    log->events[sequence].to = fake_uuid(to);
    return sequence;
}

uint64_t fake_rewrite(struct fake_log *log, uint64_t sequence) {
    uint64_t by = fake_commit(log);
    log->events[sequence].version = by;
    log->events[by].brings_rewrites = true;
    return by;
}

/* An Event whose time tells the version of its text. */
struct rpc_buffer *fake_entry(uint64_t sequence, uint64_t version) {
    lc_event event;
    lc_event_init(&event);
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = (int64_t)version;
    event.time = &time;
    event.sequence = sequence;
    uint8_t bytes[64];
    size_t len = protobuf_c_message_pack(&event.base, bytes);
    struct rpc_buffer *entry = live_entry_new(bytes, len);
    assert_non_null(entry);
    return entry;
}

static struct live_event event_of(const struct fake_log *log, uint64_t sequence, uint64_t version) {
    const struct fake_event *event = &log->events[sequence];
    return (struct live_event){
        .sequence = sequence,
        .version = version,
        .entry = fake_entry(sequence, version),
        .is_private = event->is_private,
        .visible_to = event->to,
        .visible_from = event->from,
    };
}

void fake_publish(struct fake_db *db, struct fake_log *log, uint64_t sequence, uint64_t version) {
    struct live_event event = event_of(log, sequence, version);
    live_hub_publish(db->hub, &log->key, log->epoch, &event, 1);
    rpc_buffer_unref(&event.entry);
    if (log->events[sequence].told_version < version)
        log->events[sequence].told_version = version;
}

void fake_tell(struct fake_db *db, struct fake_log *log, uint64_t sequence) {
    fake_publish(db, log, sequence, sequence);
}

/* ---- the reader ---- */

static struct fake_log *log_of(struct fake_db *db, const struct live_key *key) {
    for (size_t i = 0; i < db->log_count; i++)
        if (live_key_equal(&db->logs[i]->key, key))
            return db->logs[i];
    return NULL;
}

static void add_request(struct fake_db *db, struct fake_request request) {
    assert_true(db->request_count < FAKE_REQUESTS);
    db->requests[db->request_count++] = request;
}

static void read_log(void *context, struct live_read *read) {
    struct fake_db *db = context;
    db->reads++;
    add_request(db, (struct fake_request){.read = read});
}

static void make_snapshot(void *context, struct live_snapshot *snapshot) {
    struct fake_db *db = context;
    db->snapshots++;
    add_request(db, (struct fake_request){.snapshot = snapshot});
}

static void see_page(struct fake_log *log, struct live_read *read) {
    const struct live_read_request *request = live_read_request(read);
    uint64_t first = (request->after > log->floor ? request->after : log->floor) + 1;
    for (uint64_t at = first; at <= log->head && at - request->after <= request->limit; at++) {
        struct live_event event = event_of(log, at, log->events[at].version);
        event.brings_rewrites = log->events[at].brings_rewrites;
        assert_true(live_read_add(read, &event));
        rpc_buffer_unref(&event.entry);
    }
}

/* The state of a snapshot: all that is visible, as entries of a fake inbox's text. */
static struct rpc_buffer *see_state(struct fake_log *log, struct live_snapshot *snapshot) {
    const struct live_snapshot_request *request = live_snapshot_request(snapshot);
    lc_inbox_snapshot state;
    lc_inbox_snapshot_init(&state);
    lc_read_state *texts = calloc(log->head + 1, sizeof *texts);
    lc_read_state **pointers = calloc(log->head + 1, sizeof(void *));
    for (uint64_t at = log->floor + 1; at <= log->head; at++) {
        struct live_event event = {.is_private = log->events[at].is_private,
                                   .visible_to = log->events[at].to,
                                   .visible_from = log->events[at].from};
        if (!live_event_visible(&event, &request->user.id, request->sees_private))
            continue;
        lc_read_state *text = &texts[state.n_unread];
        lc_read_state_init(text);
        text->read_through_sequence = at;
        text->unread_count = (int32_t)log->events[at].version;
        pointers[state.n_unread++] = text;
    }
    state.unread = pointers;
    lc_snapshot whole;
    lc_snapshot_init(&whole);
    whole.state_case = LIVECONV__V1__SNAPSHOT__STATE_INBOX;
    whole.inbox = &state;
    struct rpc_buffer *bytes = rpc_buffer_new_message(&whole.base);
    free(texts);
    free(pointers);
    return bytes;
}

void fake_see(struct fake_db *db, size_t request_index) {
    struct fake_request *request = &db->requests[request_index];
    if (request->seen)
        return;
    request->seen = true;
    request->status = db->failure;
    struct fake_log *log =
        log_of(db, request->read ? &live_read_request(request->read)->key
                                 : &live_snapshot_request(request->snapshot)->key);
    if (log == NULL && status_is_ok(request->status))
        request->status = status_error(STATUS_NOT_FOUND, STATUS_NO_REASON, "no such topic");
    if (!status_is_ok(request->status))
        return;
    request->state = (struct live_log_state){log->epoch, log->floor, log->head};
    if (request->read)
        see_page(log, request->read);
    else
        request->bytes = see_state(log, request->snapshot);
}

void fake_answer(struct fake_db *db, size_t request_index) {
    fake_see(db, request_index);
    struct fake_request request = db->requests[request_index];
    db->requests[request_index] = db->requests[--db->request_count];
    if (request.read) {
        live_read_done(request.read, request.status, &request.state);
    } else {
        struct live_position position = {request.state.epoch, request.state.head};
        live_snapshot_done(request.snapshot, request.status, &position, request.bytes);
    }
    rpc_buffer_unref(&request.bytes);
}

void fake_settle(struct fake_db *db) {
    live_loop_run(db->loop);
    while (db->request_count > 0) {
        fake_answer(db, 0);
        live_loop_run(db->loop);
    }
}

void fake_advance(struct fake_db *db, int64_t by_ms) {
    fake_clock_advance(&db->clock, by_ms * 1000);
    live_loop_run(db->loop);
}

/* ---- the database ---- */

void fake_db_init(struct fake_db *db) {
    memset(db, 0, sizeof *db);
    fake_clock_init(&db->clock, 1700000000000000);
    fake_clock_advance(&db->clock, 1000000);
    db->loop = live_loop_new(&db->clock.base, NULL, NULL);
    assert_non_null(db->loop);
    live_hub_options_init(&db->options);
    db->options.loop = db->loop;
    db->options.reader = (struct live_reader){db, read_log, make_snapshot};
    db->options.ring_entries = 16;
    db->options.page_entries = 8;
    db->options.pages_per_topic = 2;
    db->options.max_behind = 500;
}

void fake_db_start(struct fake_db *db) {
    db->hub = live_hub_new(&db->options);
    assert_non_null(db->hub);
}

void fake_db_stop(struct fake_db *db) {
    fake_settle(db);
    struct live_hub_figures figures;
    live_hub_figures(db->hub, &figures);
    assert_int_equal(figures.subscribers, 0);
    live_hub_free(&db->hub);
    live_loop_free(&db->loop);
    for (size_t i = 0; i < db->log_count; i++)
        free(db->logs[i]);
}

struct fake_log *fake_db_log(struct fake_db *db, uint8_t id, uint64_t epoch) {
    struct fake_log *log = calloc(1, sizeof *log);
    assert_non_null(log);
    struct uuid uuid = fake_uuid(id);
    assert_true(live_key_make("school", LIVE_CONVERSATION, &uuid, &log->key));
    log->epoch = epoch;
    db->logs[db->log_count++] = log;
    return log;
}

/* ---- the client ---- */

void fake_client_init(struct fake_client *client, struct fake_db *db, uint8_t user) {
    memset(client, 0, sizeof *client);
    client->db = db;
    client->user = user;
}

static void on_ready(void *context) {
    struct fake_client *client = context;
    client->ready = true;
}

static void on_cut(void *context, struct status status) {
    struct fake_client *client = context;
    client->cuts++;
    client->end = status;
}

struct live_subscriber_options fake_client_options(struct fake_client *client, const char *device,
                                                   struct live_subscription topics[4]) {
    for (size_t i = 0; i < client->db->log_count; i++)
        topics[i] = (struct live_subscription){
            .key = client->db->logs[i]->key,
            .has_position = client->places[i].known,
            .after = client->places[i].position,
        };
    return (struct live_subscriber_options){
        .user = fake_user(client->user),
        .device_id = device,
        .stream_id = "a-stream",
        .arrived_at_us = client->arrived_at_us,
        .topics = topics,
        .topic_count = client->db->log_count,
        .token_expires_at_us = INT64_MAX,
        .max_devices = 8,
    };
}

void fake_client_open_with(struct fake_client *client,
                           const struct live_subscriber_options *options) {
    assert_null(client->subscriber);
    assert_true(status_is_ok(live_subscriber_new(client->db->hub, options, &client->subscriber)));
    for (size_t i = 0; client->sees_private && i < options->topic_count; i++)
        live_subscriber_see_private(client->subscriber, i);
    live_subscriber_start(client->subscriber, &(struct live_outlet){on_ready, on_cut, client});
    client->ready = true;
    for (size_t i = 0; i < 4; i++)
        client->places[i].closed = 0;
}

void fake_client_open(struct fake_client *client, const char *device) {
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(client, device, topics);
    fake_client_open_with(client, &options);
}

void fake_client_cut(struct fake_client *client) {
    live_subscriber_free(&client->subscriber);
    client->ready = false;
}

static size_t index_of(const struct fake_client *client, const char *topic) {
    for (size_t i = 0; i < client->db->log_count; i++) {
        char name[LIVE_NAME_BYTES];
        live_key_name(&client->db->logs[i]->key, name);
        if (strcmp(name, topic) == 0)
            return i;
    }
    fail_msg("no such topic: %s", topic);
    return 0;
}

static bool sees(const struct fake_client *client, const struct fake_event *event) {
    struct uuid me = fake_uuid(client->user);
    return !event->is_private || client->sees_private || live_uuid_equal(&event->to, &me) ||
           live_uuid_equal(&event->from, &me);
}

/* Every visible event of (after, through], once, in order, with a text that may be told. */
static void check_batch(struct fake_client *client, const lc_event_batch *batch) {
    struct fake_log *log = client->db->logs[index_of(client, batch->topic)];
    struct fake_place *place = &client->places[index_of(client, batch->topic)];
    if (place->known)
        assert_int_equal(batch->after_sequence, place->position.sequence);
    assert_true(batch->through_sequence >= batch->after_sequence);
    client->after = batch->after_sequence;
    client->through = batch->through_sequence;
    client->event_count = batch->n_events;
    if (batch->epoch == log->epoch) { /* of an older log nothing is known any more */
        if (place->known)
            assert_int_equal(place->position.epoch, batch->epoch);
        assert_true(batch->through_sequence <= log->head);
        size_t at = 0;
        for (uint64_t s = batch->after_sequence + 1; s <= batch->through_sequence; s++) {
            if (!sees(client, &log->events[s]))
                continue;
            assert_true(at < batch->n_events);
            assert_int_equal(batch->events[at]->sequence, s);
            uint64_t version = (uint64_t)batch->events[at]->time->seconds;
            assert_true(version >= log->events[s].told_version);
            assert_true(version <= log->events[s].version);
            client->sequences[at] = s;
            client->versions[at++] = version;
        }
        assert_int_equal(at, batch->n_events);
    }
    client->delivered += batch->n_events;
    place->known = true;
    place->caught_up = batch->caught_up;
    place->position = (struct live_position){batch->epoch, batch->through_sequence};
}

static void check_snapshot(struct fake_client *client, const lc_snapshot *snapshot) {
    struct fake_log *log = client->db->logs[index_of(client, snapshot->topic)];
    struct fake_place *place = &client->places[index_of(client, snapshot->topic)];
    client->reason = (int)snapshot->reason;
    assert_int_equal(snapshot->state_case, LIVECONV__V1__SNAPSHOT__STATE_INBOX);
    assert_non_null(snapshot->position);
    if (snapshot->position->epoch == log->epoch) {
        for (size_t i = 0; i < snapshot->inbox->n_unread; i++) {
            const lc_read_state *text = snapshot->inbox->unread[i];
            uint64_t version = (uint64_t)text->unread_count;
            assert_true(version >= log->events[text->read_through_sequence].told_version);
        }
    }
    place->known = true;
    place->caught_up = false;
    place->position =
        (struct live_position){snapshot->position->epoch, snapshot->position->sequence};
}

static void check_positions(struct fake_client *client, lc_topic_position **positions,
                            size_t count) {
    client->position_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct fake_place *place = &client->places[index_of(client, positions[i]->topic)];
        assert_true(place->known);
        assert_int_equal(positions[i]->position->epoch, place->position.epoch);
        assert_int_equal(positions[i]->position->sequence, place->position.sequence);
    }
}

static void check_signal(struct fake_client *client, const lc_signal *signal) {
    client->reason = signal->time_to_live_ms;
    if (signal->kind_case == LIVECONV__V1__SIGNAL__KIND_COUNTS)
        snprintf(client->text, sizeof client->text, "counts");
    else
        snprintf(client->text, sizeof client->text, "%d %s %s", (int)signal->kind_case,
                 signal->typing->user_id, signal->typing->active ? "on" : "off");
}

static enum fake_frame check_response(struct fake_client *client,
                                      const lc_subscribe_response *response) {
    switch (response->kind_case) {
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_WELCOME:
        snprintf(client->text, sizeof client->text, "%s", response->welcome->stream_id);
        client->reason = response->welcome->heartbeat_seconds;
        return FAKE_WELCOME;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT:
        check_snapshot(client, response->snapshot);
        return FAKE_SNAPSHOT;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_BATCH:
        check_batch(client, response->batch);
        return FAKE_BATCH;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SIGNAL:
        check_signal(client, response->signal);
        return FAKE_SIGNAL;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_PROGRESS:
        check_positions(client, response->progress->positions, response->progress->n_positions);
        return FAKE_PROGRESS;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_TOPIC_CLOSED:
        client->reason = (int)response->topic_closed->reason;
        client->places[index_of(client, response->topic_closed->topic)].closed = client->reason;
        return FAKE_CLOSED;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_GOODBYE:
        client->reason = (int)response->goodbye->reason;
        check_positions(client, response->goodbye->positions, response->goodbye->n_positions);
        return FAKE_GOODBYE;
    default:
        fail_msg("a response of no known kind");
        return FAKE_NONE;
    }
}

enum fake_frame fake_client_next(struct fake_client *client) {
    struct live_frame frame = {.count = 0};
    client->ready = false;
    switch (live_subscriber_next(client->subscriber, &frame, &client->end)) {
    case LIVE_PENDING:
        assert_int_equal(frame.count, 0);
        return FAKE_NONE;
    case LIVE_END:
        assert_int_equal(frame.count, 0);
        return FAKE_END;
    case LIVE_READY:
        break;
    }
    client->ready = true; /* it is asked again when this is written */
    size_t len = live_frame_bytes(&frame);
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    size_t at = 0;
    for (size_t i = 0; i < frame.count; i++) {
        memcpy(bytes + at, rpc_buffer_bytes(frame.parts[i]), rpc_buffer_len(frame.parts[i]));
        at += rpc_buffer_len(frame.parts[i]);
    }
    live_frame_done(&frame);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(&liveconv__v1__subscribe_response__descriptor, NULL, len, bytes);
    free(bytes);
    assert_non_null(message);
    enum fake_frame kind = check_response(client, (const lc_subscribe_response *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return kind;
}

size_t fake_client_read(struct fake_client *client, enum fake_frame kind) {
    size_t count = 0;
    for (;;) {
        enum fake_frame next = fake_client_next(client);
        if (next == kind)
            count++;
        if (next == FAKE_NONE) {
            if (client->db->request_count == 0)
                return count;
            fake_settle(client->db);
        } else if (next == FAKE_END) {
            return count;
        }
    }
}
