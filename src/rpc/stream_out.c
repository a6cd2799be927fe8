/* Streaming calls: what is going out. */
#include <stdlib.h>

#include "rpc/stream_internal.h"
#include "rpc/writer.h"

/* What a waiting message takes beside its bytes, about: empty ones must fill the outbox, too. */
enum { OUTGOING_COST_BYTES = 256 };

/* A message of rpc_stream_send(), waiting. */
struct outgoing {
    struct outgoing *next;
    grpc_byte_buffer *bytes;
    size_t len_bytes; /* with its cost */
    uint32_t flags;
};

void rpc_stream_on_sent(struct rpc_op *op, bool ok) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)op - offsetof(struct rpc_stream, send_op));
    stream->send_outstanding = false;
    if (stream->sending) {
        grpc_byte_buffer_destroy(stream->sending);
        stream->sending = NULL;
        if (ok)
            atomic_fetch_add_explicit(&stream->call->served->messages_sent, 1,
                                      memory_order_relaxed);
        atomic_fetch_sub_explicit(&stream->outbox_bytes, stream->sending_len, memory_order_relaxed);
    }
    if (stream->call->closed)
        rpc_stream_end_if_over(stream);
    else if (ok && !stream->status_sent)
        rpc_stream_ask_for_turn(stream);
}

void rpc_stream_cut(struct rpc_stream *stream) {
    stream->status_sent = true; /* nothing more can be */
    grpc_call_cancel_with_status(stream->call->core, GRPC_STATUS_INTERNAL, "the call cannot go on",
                                 NULL);
}

static void start_send(struct rpc_stream *stream, const grpc_op *ops, size_t count) {
    stream->send_outstanding = true;
    if (rpc_op_start(&stream->send_op, stream->call->core, ops, count) == GRPC_CALL_OK)
        return;
    stream->send_outstanding = false;
    rpc_stream_cut(stream);
}

static size_t begin_ops(struct rpc_stream *stream, grpc_op *ops) {
    if (stream->headers_sent)
        return 0;
    stream->headers_sent = true;
    rpc_call_fill_initial_metadata_op(stream->call, &ops[0]);
    return 1;
}

static void send_message(struct rpc_stream *stream, grpc_byte_buffer *bytes, size_t outbox_len,
                         uint32_t flags) {
    grpc_op ops[2];
    size_t n = begin_ops(stream, ops);
    ops[n] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .flags = flags};
    ops[n++].data.send_message.send_message = bytes;
    stream->sending = bytes;
    stream->sending_len = outbox_len;
    start_send(stream, ops, n);
}

void rpc_stream_send_headers(struct rpc_stream *stream) {
    grpc_op ops[1];
    if (begin_ops(stream, ops) > 0)
        start_send(stream, ops, 1);
}

void rpc_stream_send_status(struct rpc_stream *stream) {
    grpc_op ops[2];
    size_t n = begin_ops(stream, ops);
    rpc_call_seal(stream->call, stream->end);
    rpc_call_fill_status_op(stream->call, &ops[n++]);
    stream->status_sent = true;
    atomic_store_explicit(&stream->call->ended, true, memory_order_release);
    start_send(stream, ops, n);
}

/* What the handler or the source has said about the message at hand. */
static uint32_t take_flags(struct rpc_call *call) {
    if (!atomic_load_explicit(&call->skip_compression, memory_order_relaxed))
        return 0;
    atomic_store_explicit(&call->skip_compression, false, memory_order_relaxed);
    return GRPC_WRITE_NO_COMPRESS;
}

void rpc_stream_pull(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    struct rpc_writer writer;
    struct status status = status_ok();
    rpc_writer_init(&writer, call->server->options.max_send_message_bytes);
    enum rpc_pull answer = stream->source_ops->pull(stream->source, &writer, &status);
    if (writer.failed)
        rpc_stream_finish(call, status_error(STATUS_INTERNAL, RPC_REASON_MESSAGE_TOO_LARGE,
                                             "the response is larger than the server may send"));
    else if (answer == RPC_PULL_READY)
        send_message(stream, rpc_writer_bytes(&writer), 0, take_flags(call));
    else if (answer == RPC_PULL_END)
        rpc_stream_finish(call, status);
    else
        rpc_stream_send_headers(stream); /* the caller learns that the stream is open */
    rpc_writer_done(&writer);
}

/* ---- the outbox ---- */

void rpc_stream_free_outgoing(struct outgoing *list) {
    while (list) {
        struct outgoing *next = list->next;
        grpc_byte_buffer_destroy(list->bytes);
        free(list);
        list = next;
    }
}

static struct outgoing *reverse(struct outgoing *newest) {
    struct outgoing *oldest = NULL;
    while (newest) {
        struct outgoing *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void rpc_stream_take_posted(struct rpc_stream *stream) {
    if (!atomic_load_explicit(&stream->posted, memory_order_relaxed))
        return;
    struct outgoing *list =
        reverse(atomic_exchange_explicit(&stream->posted, NULL, memory_order_acquire));
    *(stream->waiting ? stream->waiting_end : &stream->waiting) = list;
    while (list->next)
        list = list->next;
    stream->waiting_end = &list->next;
}

void rpc_stream_send_waiting(struct rpc_stream *stream) {
    struct outgoing *first = stream->waiting;
    stream->waiting = first->next;
    /* More follows at once: the transport may put them into one write. Not with the headers: that
     * batch would wait for a write that nothing starts. */
    bool may_wait = stream->waiting && stream->headers_sent;
    uint32_t flags = first->flags | (may_wait ? GRPC_WRITE_BUFFER_HINT : 0);
    send_message(stream, first->bytes, first->len_bytes, flags);
    free(first);
}

/* Queues bytes, which are the stream's from now on, also on failure. Any thread. */
static struct status enqueue(struct rpc_stream *stream, grpc_byte_buffer *bytes, uint32_t flags) {
    struct outgoing *item = malloc(sizeof *item);
    if (!item) {
        grpc_byte_buffer_destroy(bytes);
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED, "out of memory");
    }
    size_t len = grpc_byte_buffer_length(bytes) + OUTGOING_COST_BYTES;
    *item = (struct outgoing){.bytes = bytes, .len_bytes = len, .flags = flags};
    atomic_fetch_add_explicit(&stream->outbox_bytes, len, memory_order_relaxed);
    item->next = atomic_load_explicit(&stream->posted, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&stream->posted, &item->next, item,
                                                  memory_order_release, memory_order_relaxed))
        ;
    rpc_stream_ask_for_turn(stream);
    return status_ok();
}

struct status rpc_stream_send(struct rpc_call *call, const ProtobufCMessage *message) {
    struct rpc_stream *stream = call->stream;
    if (atomic_load_explicit(&call->ended, memory_order_acquire) ||
        atomic_load_explicit(&call->cancelled, memory_order_acquire))
        return status_error(STATUS_CANCELLED, STATUS_NO_REASON, "the call is over");
    size_t waiting = atomic_load_explicit(&stream->outbox_bytes, memory_order_relaxed);
    if (waiting >= call->server->options.stream_outbox_bytes)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_SLOW_READER,
                            "the reader does not keep up");
    grpc_byte_buffer *bytes = NULL;
    TRY(rpc_call_encode(call, message, &bytes));
    return enqueue(stream, bytes, take_flags(call));
}

size_t rpc_stream_outbox_bytes(const struct rpc_call *call) {
    return atomic_load_explicit(&call->stream->outbox_bytes, memory_order_relaxed);
}
