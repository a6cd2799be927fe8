/*
 * Streaming calls of the client.
 *
 * Each direction has at most one operation outstanding. A call is released when its owner has freed
 * it and the core has nothing of it left; every outstanding operation holds a reference.
 */
#include <stdlib.h>

#include "rpc/client_internal.h"

struct rpc_client_call {
    struct rpc_channel *channel;
    struct rpc_channel_entry entry;
    const struct rpc_method *method;
    struct rpc_request_headers headers;
    struct rpc_received received;
    struct arena arena; /* what rpc_client_call_wait_headers() hands out */

    struct rpc_op send_op;
    struct rpc_op close_op;
    struct rpc_op receive_op;
    struct rpc_op headers_op;
    struct rpc_op status_op;
    grpc_byte_buffer *sending;
    grpc_byte_buffer *payload; /* received */

    pthread_mutex_t lock; /* guards what follows; never held across a callback */
    pthread_cond_t changed;
    unsigned refs;
    bool send_outstanding;
    bool send_failed;
    bool receive_outstanding;
    bool headers_done;
    bool status_done;
    bool send_closed;
    bool freed; /* by its owner: no callback any more */
    bool end_delivered;
    unsigned in_callback;

    rpc_message_deliver_thunk *deliver; /* set once, by listen */
    rpc_any_function *on_message;
    void (*on_end)(void *context, const struct rpc_result *result);
    void *context;
};

/* ---- life ---- */

static void destroy(struct rpc_client_call *call) {
    rpc_channel_end(call->channel, &call->entry);
    grpc_byte_buffer_destroy(call->sending);
    grpc_byte_buffer_destroy(call->payload);
    rpc_request_headers_done(&call->headers);
    rpc_received_done(&call->received);
    arena_done(&call->arena);
    pthread_cond_destroy(&call->changed);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

/* With the lock held; releases it. */
static void unref_and_unlock(struct rpc_client_call *call) {
    bool last = --call->refs == 0;
    pthread_mutex_unlock(&call->lock);
    if (last)
        destroy(call);
}

/* With the lock held: an operation is outstanding from here to its completion. */
static void begin_op(struct rpc_client_call *call, const grpc_op *ops, size_t count,
                     struct rpc_op *op) {
    call->refs++;
    if (rpc_op_start(op, call->entry.core, ops, count) != GRPC_CALL_OK)
        abort(); /* one operation of a kind at a time, headers checked: the runtime is wrong */
}

void rpc_client_call_cancel(struct rpc_client_call *call) {
    grpc_call_cancel(call->entry.core, NULL);
}

void rpc_client_call_free(struct rpc_client_call **call_address) {
    struct rpc_client_call *call = *call_address;
    if (!call)
        return;
    *call_address = NULL;
    bool on_poller = rpc_poller_is_current(call->channel->poller);
    grpc_call_cancel(call->entry.core, NULL);
    pthread_mutex_lock(&call->lock);
    call->freed = true;
    while (!on_poller && (call->in_callback > 0 || !call->status_done))
        pthread_cond_wait(&call->changed, &call->lock);
    unref_and_unlock(call);
}

/* ---- completions; on the poller ---- */

static void maybe_deliver_end(struct rpc_client_call *call);
static void receive_for_listener(struct rpc_client_call *call);

static void on_sent(struct rpc_op *op, bool ok) {
    struct rpc_client_call *call =
        (struct rpc_client_call *)((char *)op - offsetof(struct rpc_client_call, send_op));
    pthread_mutex_lock(&call->lock);
    grpc_byte_buffer_destroy(call->sending);
    call->sending = NULL;
    call->send_outstanding = false;
    call->send_failed = call->send_failed || !ok;
    pthread_cond_broadcast(&call->changed);
    unref_and_unlock(call);
}

static void on_send_closed(struct rpc_op *op, bool ok) {
    (void)ok;
    struct rpc_client_call *call =
        (struct rpc_client_call *)((char *)op - offsetof(struct rpc_client_call, close_op));
    pthread_mutex_lock(&call->lock);
    unref_and_unlock(call);
}

static void on_headers(struct rpc_op *op, bool ok) {
    (void)ok; /* without headers the array stays empty */
    struct rpc_client_call *call =
        (struct rpc_client_call *)((char *)op - offsetof(struct rpc_client_call, headers_op));
    pthread_mutex_lock(&call->lock);
    call->headers_done = true;
    pthread_cond_broadcast(&call->changed);
    maybe_deliver_end(call);
    unref_and_unlock(call);
}

static void on_status(struct rpc_op *op, bool ok) {
    (void)ok;
    struct rpc_client_call *call =
        (struct rpc_client_call *)((char *)op - offsetof(struct rpc_client_call, status_op));
    pthread_mutex_lock(&call->lock);
    call->status_done = true;
    pthread_cond_broadcast(&call->changed);
    maybe_deliver_end(call);
    unref_and_unlock(call);
}

static void deliver_message(struct rpc_client_call *call, grpc_byte_buffer *payload) {
    struct arena arena;
    ProtobufCMessage *message = NULL;
    arena_init(&arena, call->channel->options.call_budget_bytes);
    struct status status =
        rpc_client_decode(call->channel, call->method->output, payload, &arena, &message, NULL);
    if (status_is_ok(status))
        call->deliver(call->on_message, call->context, message);
    else
        grpc_call_cancel_with_status(call->entry.core, GRPC_STATUS_INTERNAL, status.detail, NULL);
    arena_done(&arena);
}

static void on_received(struct rpc_op *op, bool ok) {
    (void)ok;
    struct rpc_client_call *call =
        (struct rpc_client_call *)((char *)op - offsetof(struct rpc_client_call, receive_op));
    pthread_mutex_lock(&call->lock);
    call->receive_outstanding = false;
    if (call->deliver && call->payload && !call->freed) {
        grpc_byte_buffer *payload = call->payload;
        call->payload = NULL;
        call->in_callback++;
        pthread_mutex_unlock(&call->lock);
        deliver_message(call, payload);
        grpc_byte_buffer_destroy(payload);
        pthread_mutex_lock(&call->lock);
        call->in_callback--;
        receive_for_listener(call);
    }
    pthread_cond_broadcast(&call->changed);
    maybe_deliver_end(call);
    unref_and_unlock(call);
}

/* With the lock held. */
static void start_receive(struct rpc_client_call *call) {
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->payload;
    call->receive_outstanding = true;
    begin_op(call, &op, 1, &call->receive_op);
}

static void receive_for_listener(struct rpc_client_call *call) {
    if (!call->freed)
        start_receive(call);
}

/* With the lock held, which is released during the callback: the listener hears of the end when all
 * messages before it were delivered. */
static void maybe_deliver_end(struct rpc_client_call *call) {
    if (!call->deliver || call->freed || call->end_delivered || !call->status_done ||
        !call->headers_done || call->receive_outstanding || call->payload)
        return;
    call->end_delivered = true;
    call->in_callback++;
    pthread_mutex_unlock(&call->lock);
    struct arena arena;
    struct rpc_result result;
    arena_init(&arena, call->channel->options.call_budget_bytes);
    rpc_received_result(&call->received, &arena, &result);
    if (call->on_end)
        call->on_end(call->context, &result);
    arena_done(&arena);
    pthread_mutex_lock(&call->lock);
    call->in_callback--;
    pthread_cond_broadcast(&call->changed);
}

/* ---- opening ---- */

static void start(struct rpc_client_call *call, const ProtobufCMessage *request) {
    grpc_op ops[3];
    size_t n = 0;
    pthread_mutex_lock(&call->lock);
    rpc_received_status_op(&call->received, &ops[0]);
    begin_op(call, ops, 1, &call->status_op);
    ops[0] = (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA};
    ops[0].data.recv_initial_metadata.recv_initial_metadata = &call->received.initial_metadata;
    begin_op(call, ops, 1, &call->headers_op);
    rpc_request_headers_op(&call->headers, &ops[n++]);
    if (request) {
        call->sending = rpc_client_encode(request);
        ops[n] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
        ops[n++].data.send_message.send_message = call->sending;
        ops[n++] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
        call->send_closed = true;
    }
    call->send_outstanding = true;
    begin_op(call, ops, n, &call->send_op);
    pthread_mutex_unlock(&call->lock);
}

struct status rpc_client_call_open(struct rpc_channel *channel, const struct rpc_method *method,
                                   const struct rpc_call_options *options,
                                   const ProtobufCMessage *request,
                                   struct rpc_client_call **ret_call) {
    struct rpc_client_call *call = calloc(1, sizeof *call);
    if (!call)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    call->channel = channel;
    call->method = method;
    call->refs = 1;
    struct status status = rpc_request_headers_init(options, &call->headers);
    if (status_is_ok(status)) {
        status = rpc_channel_begin(channel, method, options, &call->entry);
        if (!status_is_ok(status))
            rpc_request_headers_done(&call->headers);
    }
    if (!status_is_ok(status)) {
        free(call);
        return status;
    }
    rpc_received_init(&call->received);
    arena_init(&call->arena, channel->options.call_budget_bytes);
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, NULL);
    rpc_op_init(&call->send_op, channel->poller, on_sent);
    rpc_op_init(&call->close_op, channel->poller, on_send_closed);
    rpc_op_init(&call->receive_op, channel->poller, on_received);
    rpc_op_init(&call->headers_op, channel->poller, on_headers);
    rpc_op_init(&call->status_op, channel->poller, on_status);
    start(call, request);
    *ret_call = call;
    return status_ok();
}

/* ---- sending ---- */

static struct status call_is_over(void) {
    return status_error(STATUS_CANCELLED, STATUS_NO_REASON, "the call has ended");
}

static struct status send(struct rpc_client_call *call, const ProtobufCMessage *message,
                          uint32_t flags) {
    struct status status = status_ok();
    pthread_mutex_lock(&call->lock);
    while (call->send_outstanding)
        pthread_cond_wait(&call->changed, &call->lock);
    if (call->send_closed) {
        status = status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                              "the sending side was closed");
    } else if (call->send_failed || call->status_done) {
        status = call_is_over();
    } else {
        call->sending = rpc_client_encode(message);
        call->send_outstanding = true;
        grpc_op op = {.op = GRPC_OP_SEND_MESSAGE, .flags = flags};
        op.data.send_message.send_message = call->sending;
        begin_op(call, &op, 1, &call->send_op);
        while (call->send_outstanding)
            pthread_cond_wait(&call->changed, &call->lock);
        if (call->send_failed)
            status = call_is_over();
    }
    pthread_mutex_unlock(&call->lock);
    return status;
}

struct status rpc_client_call_send(struct rpc_client_call *call, const ProtobufCMessage *message) {
    return send(call, message, 0);
}

struct status rpc_client_call_send_uncompressed(struct rpc_client_call *call,
                                                const ProtobufCMessage *message) {
    return send(call, message, GRPC_WRITE_NO_COMPRESS);
}

struct status rpc_client_call_close_send(struct rpc_client_call *call) {
    pthread_mutex_lock(&call->lock);
    if (!call->send_closed) {
        call->send_closed = true;
        grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
        begin_op(call, &op, 1, &call->close_op);
    }
    pthread_mutex_unlock(&call->lock);
    return status_ok();
}

/* ---- receiving ---- */

struct status rpc_client_call_receive(struct rpc_client_call *call, struct arena *arena,
                                      ProtobufCMessage **ret_message, bool *ret_was_compressed) {
    pthread_mutex_lock(&call->lock);
    if (call->deliver) {
        pthread_mutex_unlock(&call->lock);
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                            "messages of this call go to its listener");
    }
    start_receive(call);
    while (call->receive_outstanding)
        pthread_cond_wait(&call->changed, &call->lock);
    grpc_byte_buffer *payload = call->payload;
    call->payload = NULL;
    pthread_mutex_unlock(&call->lock);
    if (!payload) {
        *ret_message = NULL;
        return status_ok();
    }
    struct status status = rpc_client_decode(call->channel, call->method->output, payload, arena,
                                             ret_message, ret_was_compressed);
    grpc_byte_buffer_destroy(payload);
    if (!status_is_ok(status))
        grpc_call_cancel_with_status(call->entry.core, GRPC_STATUS_INTERNAL, status.detail, NULL);
    return status;
}

struct status rpc_client_call_listen(struct rpc_client_call *call,
                                     rpc_message_deliver_thunk *deliver,
                                     rpc_any_function *on_message,
                                     void (*on_end)(void *context, const struct rpc_result *result),
                                     void *context) {
    pthread_mutex_lock(&call->lock);
    if (call->deliver || call->receive_outstanding) {
        pthread_mutex_unlock(&call->lock);
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                            "the call is being received from already");
    }
    call->deliver = deliver;
    call->on_message = on_message;
    call->on_end = on_end;
    call->context = context;
    start_receive(call);
    pthread_mutex_unlock(&call->lock);
    return status_ok();
}

struct status rpc_client_call_wait_headers(struct rpc_client_call *call,
                                           const struct rpc_header **ret_headers,
                                           size_t *ret_count) {
    pthread_mutex_lock(&call->lock);
    while (!call->headers_done)
        pthread_cond_wait(&call->changed, &call->lock);
    rpc_copy_headers(&call->received.initial_metadata, &call->arena, ret_headers, ret_count);
    pthread_mutex_unlock(&call->lock);
    return status_ok();
}

/* The status arrives only when all messages have been taken: what is left is dropped. */
static void drop_messages(struct rpc_client_call *call) {
    while (!call->status_done && !call->deliver) {
        if (!call->receive_outstanding)
            start_receive(call);
        while (call->receive_outstanding)
            pthread_cond_wait(&call->changed, &call->lock);
        bool at_end = call->payload == NULL;
        grpc_byte_buffer_destroy(call->payload);
        call->payload = NULL;
        if (at_end)
            break;
    }
}

struct status rpc_client_call_finish(struct rpc_client_call *call, struct arena *arena,
                                     struct rpc_result *ret_result) {
    struct rpc_result result;
    pthread_mutex_lock(&call->lock);
    drop_messages(call);
    while (!call->status_done || !call->headers_done)
        pthread_cond_wait(&call->changed, &call->lock);
    rpc_received_result(&call->received, arena, &result);
    pthread_mutex_unlock(&call->lock);
    if (ret_result)
        *ret_result = result;
    return result.status;
}
