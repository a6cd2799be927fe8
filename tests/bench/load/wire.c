#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "measure.h"

static const char *const paths[WIRE_METHODS] = {
    "/bench.v1.BenchService/Echo",
    "/bench.v1.BenchService/Subscribe",
    "/bench.v1.BenchService/Publish",
};

static gpr_timespec deadline_of(int64_t at_ns) {
    gpr_timespec deadline = {at_ns / 1000000000, (int32_t)(at_ns % 1000000000),
                             GPR_CLOCK_MONOTONIC};
    return deadline;
}

static void connect_one(const char *target, struct wire_connection *connection) {
    grpc_arg arguments[] = {
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, {.integer = 1}},
        {GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_RETRIES, {.integer = 0}},
    };
    grpc_channel_args channel_args = {sizeof arguments / sizeof *arguments, arguments};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    connection->channel = grpc_channel_create(target, credentials, &channel_args);
    grpc_channel_credentials_release(credentials);
    for (size_t i = 0; i < WIRE_METHODS; i++)
        connection->methods[i] =
            grpc_channel_register_call(connection->channel, paths[i], NULL, NULL);
}

void wire_init(struct wire *wire, const char *target, size_t capacity) {
    wire->queue = grpc_completion_queue_create_for_next(NULL);
    wire->target = target;
    wire->count = 0;
    wire->capacity = capacity;
    wire->connections = calloc(capacity, sizeof *wire->connections);
    if (wire->connections == NULL)
        measure_fail("out of memory");
}

static void watch_run(struct wire_tag *tag, bool ok) {
    (void)tag;
    (void)ok;
}

void wire_connect(struct wire *wire, size_t count) {
    int64_t give_up_ns = measure_now_ns() + 20 * (int64_t)1000000000;
    struct wire_tag watch = {watch_run};
    for (; wire->count < count; wire->count++) {
        struct wire_connection *connection = &wire->connections[wire->count];
        connect_one(wire->target, connection);
        grpc_connectivity_state state;
        while ((state = grpc_channel_check_connectivity_state(connection->channel, 1)) !=
               GRPC_CHANNEL_READY) {
            grpc_channel_watch_connectivity_state(connection->channel, state,
                                                  deadline_of(give_up_ns), wire->queue, &watch);
            (void)wire_step(wire, give_up_ns + 1000000000);
            if (measure_now_ns() > give_up_ns)
                measure_fail("%s: not connected within 20 s", wire->target);
        }
    }
}

grpc_call *wire_call_new(struct wire *wire, size_t connection, enum wire_method method) {
    return grpc_channel_create_registered_call(
        wire->connections[connection].channel, NULL, GRPC_PROPAGATE_DEFAULTS, wire->queue,
        wire->connections[connection].methods[method], gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

void wire_start(grpc_call *call, const grpc_op *ops, size_t count, struct wire_tag *tag) {
    grpc_call_error error = grpc_call_start_batch(call, ops, count, tag, NULL);
    if (error != GRPC_CALL_OK)
        measure_fail("%s", grpc_call_error_to_string(error));
}

bool wire_step(struct wire *wire, int64_t until_ns) {
    grpc_event event = grpc_completion_queue_next(wire->queue, deadline_of(until_ns), NULL);
    if (event.type != GRPC_OP_COMPLETE)
        return false;
    struct wire_tag *tag = event.tag;
    tag->run(tag, event.success != 0);
    return true;
}

static size_t varint_len(uint64_t value) {
    size_t len = 1;
    while (value >= 0x80) {
        value >>= 7;
        len++;
    }
    return len;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static grpc_byte_buffer *message_of(grpc_slice slice) {
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return message;
}

grpc_byte_buffer *wire_echo_request(size_t payload_bytes) {
    grpc_slice slice = grpc_slice_malloc(1 + varint_len(payload_bytes) + payload_bytes);
    uint8_t *at = GRPC_SLICE_START_PTR(slice);
    *at++ = 0x0a;
    at = put_varint(at, payload_bytes);
    memset(at, 'x', payload_bytes);
    return message_of(slice);
}

/* Fields 1, 2, ... of varint type; a zero is left out, as proto3 does. */
static grpc_byte_buffer *varint_message(const uint32_t *values, size_t count) {
    uint8_t bytes[64];
    uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        *at++ = (uint8_t)((i + 1) << 3);
        at = put_varint(at, values[i]);
    }
    return message_of(grpc_slice_from_copied_buffer((const char *)bytes, (size_t)(at - bytes)));
}

grpc_byte_buffer *wire_subscribe_request(uint32_t topic) {
    return varint_message(&topic, 1);
}

grpc_byte_buffer *wire_publish_request(uint32_t topic, uint32_t count, uint32_t payload_bytes) {
    uint32_t values[] = {topic, count, payload_bytes};
    return varint_message(values, 3);
}

static size_t event_len(size_t payload_bytes) {
    return 9 + 9 + 1 + varint_len(payload_bytes) + payload_bytes;
}

size_t wire_entry_len(size_t payload_bytes) {
    size_t len = event_len(payload_bytes);
    return 1 + varint_len(len) + len;
}

/* Copies the first bytes of a message, wherever its slices end. */
static size_t peek(const grpc_byte_buffer *message, uint8_t *bytes, size_t want) {
    const grpc_slice_buffer *slices = &message->data.raw.slice_buffer;
    size_t have = 0;
    for (size_t i = 0; i < slices->count && have < want; i++) {
        size_t len = GRPC_SLICE_LENGTH(slices->slices[i]);
        if (len > want - have)
            len = want - have;
        memcpy(bytes + have, GRPC_SLICE_START_PTR(slices->slices[i]), len);
        have += len;
    }
    return have;
}

size_t wire_events(const grpc_byte_buffer *message, size_t entry_len, int64_t *ret_published_ns) {
    size_t len = message->data.raw.slice_buffer.length;
    if (len == 0)
        return 0;
    uint8_t head[32];
    if (len % entry_len != 0 || peek(message, head, sizeof head) != sizeof head || head[0] != 0x0a)
        measure_fail("a response of %zu bytes does not hold entries of %zu", len, entry_len);
    size_t at = 2;
    while (at < 5 && (head[at - 1] & 0x80) != 0)
        at++;
    if (head[at] != 0x09 || head[at + 9] != 0x11)
        measure_fail("an event does not begin with sequence and time");
    uint64_t published = 0;
    for (size_t i = 0; i < 8; i++)
        published |= (uint64_t)head[at + 10 + i] << (8 * i);
    *ret_published_ns = (int64_t)published;
    return len / entry_len;
}
