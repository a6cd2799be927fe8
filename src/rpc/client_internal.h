/*
 * What the files of the client share. Internal to rpc.
 *
 * channel.c makes channels; client_result.c turns what the core answers into results;
 * client_unary.c and client_stream.c make calls. Batches are started on the caller's thread; what
 * comes of them is handled on the channel's poller.
 */
#ifndef RPC_CLIENT_INTERNAL_H
#define RPC_CLIENT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

#include "rpc/client.h"
#include "rpc/codec.h"
#include "rpc/poller.h"

/* A call that runs on a channel, so that the channel can cancel it. */
struct rpc_channel_entry {
    struct rpc_channel_entry *next;
    struct rpc_channel_entry *previous;
    grpc_call *core;
};

struct rpc_channel {
    struct rpc_channel_options options; /* numbers; its pointers are not used after _new */
    struct rpc_poller *poller;
    grpc_channel *core;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;
    struct rpc_channel_entry *calls;
    bool closing;
};

/* Makes the core's call and lists it. UNAVAILABLE while the channel is being freed. */
struct status rpc_channel_begin(struct rpc_channel *channel, const struct rpc_method *method,
                                const struct rpc_call_options *options,
                                struct rpc_channel_entry *entry) STATUS_MUST_USE;
/* Unlists and releases it. */
void rpc_channel_end(struct rpc_channel *channel, struct rpc_channel_entry *entry);

/* ---- what is sent first ---- */

enum { RPC_REQUEST_HEADERS_MAX = 64 };

struct rpc_request_headers {
    grpc_metadata items[RPC_REQUEST_HEADERS_MAX];
    size_t count;
    uint32_t flags;
};

/* The headers hold references; INVALID_ARGUMENT for one that HTTP/2 cannot carry. */
struct status rpc_request_headers_init(const struct rpc_call_options *options,
                                       struct rpc_request_headers *ret_headers) STATUS_MUST_USE;
void rpc_request_headers_done(struct rpc_request_headers *headers);
void rpc_request_headers_op(struct rpc_request_headers *headers, grpc_op *op);

grpc_byte_buffer *rpc_client_encode(const ProtobufCMessage *message);

/* ---- what is received ---- */

/* What the core fills in about the end of a call. */
struct rpc_received {
    grpc_metadata_array initial_metadata;
    grpc_metadata_array trailing_metadata;
    grpc_status_code code;
    grpc_slice message;
    const char *error; /* the core's; to be released with gpr_free */
};

void rpc_received_init(struct rpc_received *received);
void rpc_received_done(struct rpc_received *received);
void rpc_received_status_op(struct rpc_received *received, grpc_op *op);
/* Copies everything into the arena. */
void rpc_received_result(const struct rpc_received *received, struct arena *arena,
                         struct rpc_result *ret_result);
void rpc_copy_headers(const grpc_metadata_array *metadata, struct arena *arena,
                      const struct rpc_header **ret_headers, size_t *ret_count);

/* Inflates and decodes a received message. */
struct status rpc_client_decode(const struct rpc_channel *channel,
                                const ProtobufCMessageDescriptor *type,
                                const grpc_byte_buffer *payload, struct arena *arena,
                                ProtobufCMessage **ret_message,
                                bool *ret_was_compressed) STATUS_MUST_USE;

#endif
