/*
 * The client's side of the wire: connections of their own and hand-made messages, on the bare C
 * core, so that the client costs as little as it can and favours no server.
 *
 * Thread-safety: calls may be started from any thread; one thread takes from the queue.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

/* What a completion calls. Embedded; `ok` is that of the event. */
struct wire_tag {
    void (*run)(struct wire_tag *tag, bool ok);
};

enum wire_method { WIRE_ECHO, WIRE_SUBSCRIBE, WIRE_PUBLISH, WIRE_METHODS };

struct wire_connection {
    grpc_channel *channel;
    void *methods[WIRE_METHODS];
};

struct wire {
    grpc_completion_queue *queue;
    struct wire_connection *connections;
    size_t count; /* that are connected */
    size_t capacity;
    const char *target;
};

/* Connects nothing yet. `target` is referenced. */
void wire_init(struct wire *wire, const char *target, size_t capacity);
/* Connects until there are `count`; ends the program when that takes longer than 20 s. */
void wire_connect(struct wire *wire, size_t count);

grpc_call *wire_call_new(struct wire *wire, size_t connection, enum wire_method method);
/* Starts a batch; ends the program when the core refuses it. */
void wire_start(grpc_call *call, const grpc_op *ops, size_t count, struct wire_tag *tag);

/* Runs one completion. False when `until_ns` (CLOCK_MONOTONIC) has come first. */
bool wire_step(struct wire *wire, int64_t until_ns);

/* Encoded requests; the caller's to destroy. */
grpc_byte_buffer *wire_echo_request(size_t payload_bytes);
grpc_byte_buffer *wire_subscribe_request(uint32_t topic);
grpc_byte_buffer *wire_publish_request(uint32_t topic, uint32_t count, uint32_t payload_bytes);

/* Length of one entry of SubscribeResponse.events, tag included. */
size_t wire_entry_len(size_t payload_bytes);
/*
 * Events in a SubscribeResponse whose entries all have that length; when it holds any,
 * *ret_published_ns is when the first was published. Ends the program on anything else.
 */
size_t wire_events(const grpc_byte_buffer *message, size_t entry_len, int64_t *ret_published_ns);

#endif
