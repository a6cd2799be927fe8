#include "live/frame.h"

#include <string.h>

#include "live/wire.h"

/* Fields of SubscribeResponse, and others of api/liveconv/v1/live_service.proto. */
enum {
    RESPONSE_WELCOME = 1,
    RESPONSE_SNAPSHOT = 2,
    RESPONSE_BATCH = 3,
    RESPONSE_SIGNAL = 4,
    RESPONSE_PROGRESS = 5,
    RESPONSE_CLOSED = 6,
    BATCH_EVENTS = 15,
};

/* ---- parts ---- */

bool live_frame_give(struct live_frame *frame, struct rpc_buffer *buffer) {
    if (buffer == NULL)
        return false;
    if (frame->count == LIVE_FRAME_PARTS) {
        rpc_buffer_unref(&buffer);
        return false;
    }
    frame->parts[frame->count++] = buffer;
    return true;
}

bool live_frame_share(struct live_frame *frame, struct rpc_buffer *buffer) {
    return live_frame_give(frame, rpc_buffer_ref(buffer));
}

void live_frame_done(struct live_frame *frame) {
    for (size_t i = 0; i < frame->count; i++)
        rpc_buffer_unref(&frame->parts[i]);
    frame->count = 0;
}

size_t live_frame_bytes(const struct live_frame *frame) {
    size_t len = 0;
    for (size_t i = 0; i < frame->count; i++)
        len += rpc_buffer_len(frame->parts[i]);
    return len;
}

struct rpc_buffer *live_entry_new(const void *event, size_t len_bytes) {
    struct live_wire head;
    live_wire_init(&head);
    live_wire_head(&head, BATCH_EVENTS, len_bytes);
    struct rpc_buffer *entry = rpc_buffer_new(head.len + len_bytes);
    if (entry == NULL)
        return NULL;
    memcpy(rpc_buffer_bytes(entry), head.bytes, head.len);
    memcpy(rpc_buffer_bytes(entry) + head.len, event, len_bytes);
    return entry;
}

/* ---- messages ---- */

/* Puts `field` { message, and `tail_len` bytes that the caller adds as parts }. */
static bool begin(struct live_frame *frame, uint32_t field, const struct live_wire *message,
                  size_t tail_len) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_head(&wire, field, message->len + tail_len);
    live_wire_raw(&wire, message->bytes, message->len);
    if (message->failed || wire.failed)
        return false;
    return live_frame_give(frame, rpc_buffer_new_copy(wire.bytes, wire.len));
}

static void put_position(struct live_wire *wire, uint32_t field,
                         const struct live_position *position) {
    struct live_wire message;
    live_wire_init(&message);
    live_wire_fixed64(&message, 1, position->epoch);
    live_wire_uint(&message, 2, position->sequence);
    live_wire_message(wire, field, &message);
}

static void put_topic_positions(struct live_wire *wire, uint32_t field,
                                const struct live_topic_position *positions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct live_wire message;
        live_wire_init(&message);
        live_wire_text(&message, 1, positions[i].topic);
        put_position(&message, 2, &positions[i].position);
        live_wire_message(wire, field, &message);
    }
}

bool live_frame_welcome(struct live_frame *frame, const struct live_welcome *welcome) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_text(&wire, 1, welcome->stream_id);
    live_wire_time(&wire, 2, welcome->server_time_us);
    live_wire_uint(&wire, 3, (uint64_t)welcome->token_seconds_left);
    live_wire_uint(&wire, 4, (uint64_t)welcome->heartbeat_seconds);
    live_wire_uint(&wire, 5, (uint64_t)welcome->max_age_seconds);
    return begin(frame, RESPONSE_WELCOME, &wire, 0);
}

bool live_frame_snapshot(struct live_frame *frame, const char *topic,
                         const struct live_position *position, enum live_snapshot_reason reason,
                         struct rpc_buffer *state) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_text(&wire, 1, topic);
    put_position(&wire, 2, position);
    live_wire_uint(&wire, 3, (uint64_t)reason);
    return begin(frame, RESPONSE_SNAPSHOT, &wire, rpc_buffer_len(state)) &&
           live_frame_share(frame, state);
}

bool live_frame_batch(struct live_frame *frame, const struct live_batch *batch,
                      struct rpc_buffer *const *entries, size_t count) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_text(&wire, 1, batch->topic);
    live_wire_fixed64(&wire, 2, batch->epoch);
    live_wire_uint(&wire, 3, batch->after_sequence);
    live_wire_uint(&wire, 4, batch->through_sequence);
    live_wire_uint(&wire, 5, batch->caught_up);
    size_t tail_len = 0;
    for (size_t i = 0; i < count; i++)
        tail_len += rpc_buffer_len(entries[i]);
    bool made = begin(frame, RESPONSE_BATCH, &wire, tail_len);
    for (size_t i = 0; i < count; i++)
        made = live_frame_give(frame, entries[i]) && made;
    return made;
}

bool live_frame_signal(struct live_frame *frame, const char *topic, int32_t time_to_live_ms,
                       struct rpc_buffer *kind) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_text(&wire, 1, topic);
    live_wire_uint(&wire, 2, (uint64_t)time_to_live_ms);
    return begin(frame, RESPONSE_SIGNAL, &wire, rpc_buffer_len(kind)) &&
           live_frame_share(frame, kind);
}

bool live_frame_progress(struct live_frame *frame, const struct live_topic_position *positions,
                         size_t count, int64_t server_time_us) {
    struct live_wire wire;
    live_wire_init(&wire);
    put_topic_positions(&wire, 1, positions, count);
    live_wire_time(&wire, 2, server_time_us);
    return begin(frame, RESPONSE_PROGRESS, &wire, 0);
}

bool live_frame_closed(struct live_frame *frame, const char *topic, enum live_closed reason) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_text(&wire, 1, topic);
    live_wire_uint(&wire, 2, (uint64_t)reason);
    return begin(frame, RESPONSE_CLOSED, &wire, 0);
}

bool live_frame_goodbye(struct live_frame *frame, uint32_t field,
                        const struct live_goodbye_message *goodbye) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_uint(&wire, 1, (uint64_t)goodbye->reason);
    live_wire_uint(&wire, 2, goodbye->reconnect);
    live_wire_uint(&wire, 3, (uint64_t)goodbye->retry_after_ms);
    put_topic_positions(&wire, 4, goodbye->positions, goodbye->position_count);
    return begin(frame, field, &wire, 0);
}
