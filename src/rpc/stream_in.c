/* Streaming calls: what is coming in. */
#include "rpc/stream_internal.h"

static bool client_streams(const struct rpc_stream *stream) {
    enum rpc_kind kind = rpc_served_method(stream->call)->kind;
    return kind == RPC_CLIENT_STREAMING || kind == RPC_BIDI_STREAMING;
}

static void handler_returned(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    stream->handler_busy = false;
    if (!status_is_ok(stream->handler_status))
        rpc_stream_finish(call, stream->handler_status);
    else if (stream->half_closed && !call->deferred && !stream->source_ops)
        stream->complete = true;
    rpc_stream_release_arena(stream);
    if (!rpc_stream_end_if_over(stream))
        rpc_stream_advance(stream);
}

static struct status run_message(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    ProtobufCMessage *message = NULL;
    struct status status = rpc_chain_decode(call, stream->received, &message);
    grpc_byte_buffer_destroy(stream->received);
    stream->received = NULL;
    TRY(status);
    return rpc_served_method(call)->message(call->served->handlers, call, message);
}

static struct status run_half_close(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    const struct rpc_method *method = rpc_served_method(call);
    if (atomic_load_explicit(&call->cancelled, memory_order_acquire))
        return status_error(STATUS_CANCELLED, STATUS_NO_REASON, "the caller has gone");
    if (method->kind != RPC_CLIENT_STREAMING)
        return method->half_close(call->served->handlers, call, NULL);
    call->response = rpc_message_new(&call->arena, method->output);
    if (!call->response)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED, "out of memory");
    TRY(method->half_close(call->served->handlers, call, call->response));
    return call->deferred ? status_ok() : rpc_stream_send(call, call->response);
}

static void run_inbound(struct rpc_stream *stream) {
    stream->handler_status = stream->received ? run_message(stream) : run_half_close(stream);
}

static void inbound_done(struct rpc_task *task) {
    struct rpc_call *call = (struct rpc_call *)((char *)task - offsetof(struct rpc_call, task));
    handler_returned(call->stream);
}

static void inbound_on_worker(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct rpc_call *call = (struct rpc_call *)((char *)work - offsetof(struct rpc_call, work));
    run_inbound(call->stream);
    call->task.run = inbound_done;
    rpc_poller_post(call->server->poller, &call->task);
}

/* Hands a message, or the news that there will be no more, to the handler. */
static void deliver_inbound(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    stream->handler_busy = true;
    if (rpc_served_method(call)->dispatch == RPC_ON_POLLER) {
        run_inbound(stream);
        handler_returned(stream);
        return;
    }
    call->work.run = inbound_on_worker;
    struct status status = rpc_chain_submit(call);
    if (status_is_ok(status))
        return; /* the worker may be done by now: the stream is not ours until it says so */
    stream->handler_status = status;
    handler_returned(stream);
}

static void start_receive(struct rpc_stream *stream) {
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &stream->received;
    if (rpc_op_start(&stream->receive_op, stream->call->core, &op, 1) == GRPC_CALL_OK)
        stream->receive_outstanding = true;
    else
        rpc_stream_cut(stream);
}

/*
 * The core reports a stream that was reset like one that was closed in order: no message. Only its
 * close tells them apart, and that may still be on its way here, by a thread of the core's. So we
 * receive once more: that takes a turn through the transport, behind the close, and the close's
 * outcome is written before it is reported.
 */
void rpc_stream_on_received(struct rpc_op *op, bool ok) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)op - offsetof(struct rpc_stream, receive_op));
    stream->receive_outstanding = false;
    if (stream->call->closed ||
        atomic_load_explicit(&stream->call->finishing, memory_order_acquire)) {
        rpc_stream_end_if_over(stream);
        return;
    }
    if (!ok) {
        rpc_stream_cut(
            stream); /* a message too large, or no message at all: the core has given it up */
    } else if (!stream->received && !stream->end_of_input) {
        stream->end_of_input = true;
        start_receive(stream);
    } else if (stream->received || !stream->call->close_cancelled) {
        stream->half_closed = !stream->received;
        deliver_inbound(stream);
    }
}

void rpc_stream_receive_next(struct rpc_stream *stream) {
    const struct rpc_server_options *options = &stream->call->server->options;
    if (!client_streams(stream) || stream->half_closed || stream->receive_outstanding ||
        stream->handler_busy || stream->call->closed ||
        atomic_load_explicit(&stream->call->finishing, memory_order_acquire) ||
        rpc_stream_outbox_bytes(stream->call) > options->stream_outbox_bytes / 2)
        return;
    start_receive(stream);
}
