/*
 * Streaming calls: what is going out, what is coming in, and the end.
 *
 * Everything but the outbox's entrance, rpc_stream_ready() and rpc_stream_finish() happens on the
 * poller, so a stream needs no lock. At most one operation of each direction is outstanding; a
 * stream is over when its close has been seen, nothing is outstanding and no handler is running.
 */
#include "rpc/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/server_internal.h"
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

struct rpc_stream {
    struct rpc_call *call;
    struct rpc_stream *next; /* of the server's open streams */
    struct rpc_stream *previous;

    struct rpc_op send_op;
    struct rpc_op receive_op;
    struct rpc_task turn; /* asks for a turn of advance(); holds a reference to the call */
    _Atomic bool turn_asked;

    const struct rpc_source_ops *source_ops;
    void *source;

    _Atomic(struct outgoing *) posted; /* newest first */
    struct outgoing *waiting;          /* oldest first */
    struct outgoing **waiting_end;
    _Atomic size_t outbox_bytes;

    grpc_byte_buffer *sending;
    size_t sending_len; /* of the outbox */
    grpc_byte_buffer *received;
    struct status handler_status;
    struct status end; /* how it ends, once call->finishing is set and a turn was asked for */
    char *end_detail;  /* owned copy */

    bool send_outstanding;
    bool receive_outstanding;
    bool headers_sent;
    bool status_sent;
    bool started;      /* the start handler has returned */
    bool handler_busy; /* it is running, or one for a message */
    bool end_of_input; /* no message came; why is not known before the close would have come */
    bool half_closed;  /* the client has sent its last message */
    bool complete;     /* the handlers have said all: end when the outbox is empty */
    bool said_goodbye;
    bool must_end; /* the status has a grace to be sent in; then the call is cut */
    bool over;
    _Atomic bool end_known; /* `end` is valid */
    bool goodbye_wanted;    /* before it had started */
    enum rpc_goodbye goodbye_reason;
};

static void advance(struct rpc_stream *stream);

static bool client_streams(const struct rpc_stream *stream) {
    enum rpc_kind kind = rpc_served_method(stream->call)->kind;
    return kind == RPC_CLIENT_STREAMING || kind == RPC_BIDI_STREAMING;
}

/* ---- turns ---- */

static void take_turn(struct rpc_task *task) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)task - offsetof(struct rpc_stream, turn));
    struct rpc_call *call = stream->call;
    /* An exchange, not a store: it acquires what was written before the last request. */
    atomic_exchange_explicit(&stream->turn_asked, false, memory_order_acq_rel);
    if (!stream->over)
        advance(stream);
    rpc_call_unref(&call);
}

static void join_crowd(struct rpc_task *task) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)task - offsetof(struct rpc_stream, turn));
    task->run = take_turn;
    rpc_poller_post_crowd(stream->call->server->poller, task);
}

static void ask_for_turn(struct rpc_stream *stream) {
    if (atomic_exchange_explicit(&stream->turn_asked, true, memory_order_acq_rel))
        return;
    struct rpc_poller *poller = stream->call->server->poller;
    rpc_call_ref(stream->call);
    stream->turn.run = join_crowd;
    if (rpc_poller_is_current(poller))
        join_crowd(&stream->turn);
    else
        rpc_poller_post(poller, &stream->turn);
}

void rpc_stream_ready(struct rpc_call *call) {
    if (!atomic_load_explicit(&call->ended, memory_order_acquire))
        ask_for_turn(call->stream);
}

/* ---- the end ---- */

static void unlink_stream(struct rpc_stream *stream) {
    struct rpc_stream_list *list = &stream->call->server->streams;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        list->first = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
}

/* True when it was: the stream may be gone, and must not be touched. */
static bool end_if_over(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    if (stream->over || !call->closed || stream->send_outstanding || stream->receive_outstanding ||
        stream->handler_busy)
        return false;
    stream->over = true;
    unlink_stream(stream);
    atomic_fetch_sub_explicit(&call->server->open_streams, 1, memory_order_relaxed);
    atomic_store_explicit(&call->ended, true, memory_order_release);
    if (stream->source_ops && stream->source_ops->on_done)
        stream->source_ops->on_done(stream->source);
    rpc_call_end(call);
    return true;
}

void rpc_stream_on_closed(struct rpc_call *call) {
    end_if_over(call->stream);
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

static void free_outgoing(struct outgoing *list) {
    while (list) {
        struct outgoing *next = list->next;
        grpc_byte_buffer_destroy(list->bytes);
        free(list);
        list = next;
    }
}

void rpc_stream_free(struct rpc_stream **stream_address) {
    struct rpc_stream *stream = *stream_address;
    if (!stream)
        return;
    free_outgoing(stream->waiting);
    free_outgoing(atomic_load(&stream->posted));
    grpc_byte_buffer_destroy(stream->sending);
    grpc_byte_buffer_destroy(stream->received);
    free(stream->end_detail);
    free(stream);
    *stream_address = NULL;
}

/* ---- going out ---- */

static void on_sent(struct rpc_op *op, bool ok) {
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
        end_if_over(stream);
    else if (ok && !stream->status_sent)
        ask_for_turn(stream);
}

/* A batch that cannot be started leaves the peer hanging: the call is cut, its close ends it. */
static void cut(struct rpc_stream *stream) {
    stream->status_sent = true; /* nothing more can be */
    grpc_call_cancel_with_status(stream->call->core, GRPC_STATUS_INTERNAL, "the call cannot go on",
                                 NULL);
}

static void start_send(struct rpc_stream *stream, const grpc_op *ops, size_t count) {
    stream->send_outstanding = true;
    if (rpc_op_start(&stream->send_op, stream->call->core, ops, count) == GRPC_CALL_OK)
        return;
    stream->send_outstanding = false;
    cut(stream);
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

static void send_headers(struct rpc_stream *stream) {
    grpc_op ops[1];
    if (begin_ops(stream, ops) > 0)
        start_send(stream, ops, 1);
}

static void send_status(struct rpc_stream *stream) {
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

static void pull(struct rpc_stream *stream) {
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
        send_headers(stream); /* the caller learns that the stream is open */
    rpc_writer_done(&writer);
}

/* ---- the outbox ---- */

static void take_posted(struct rpc_stream *stream) {
    if (!atomic_load_explicit(&stream->posted, memory_order_relaxed))
        return;
    struct outgoing *list =
        reverse(atomic_exchange_explicit(&stream->posted, NULL, memory_order_acquire));
    *(stream->waiting ? stream->waiting_end : &stream->waiting) = list;
    while (list->next)
        list = list->next;
    stream->waiting_end = &list->next;
}

static void send_waiting(struct rpc_stream *stream) {
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
    ask_for_turn(stream);
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

/* ---- coming in ---- */

/* Between handlers a stream holds no memory of its arena, unless its end needs it: the details of
 * an error, or a call that will be finished later, by somebody who may be using it now. */
static void release_arena(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    bool last_handler =
        stream->half_closed || rpc_served_method(call)->kind == RPC_SERVER_STREAMING;
    bool needed = atomic_load_explicit(&call->finishing, memory_order_acquire) ||
                  (call->deferred && last_handler);
    if (!needed)
        rpc_call_release_arena(call);
}

static void handler_returned(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    stream->handler_busy = false;
    if (!status_is_ok(stream->handler_status))
        rpc_stream_finish(call, stream->handler_status);
    else if (stream->half_closed && !call->deferred && !stream->source_ops)
        stream->complete = true;
    release_arena(stream);
    if (!end_if_over(stream))
        advance(stream);
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
        cut(stream);
}

/*
 * The core reports a stream that was reset like one that was closed in order: no message. Only its
 * close tells them apart, and that may still be on its way here, by a thread of the core's. So we
 * receive once more: that takes a turn through the transport, behind the close, and the close's
 * outcome is written before it is reported.
 */
static void on_received(struct rpc_op *op, bool ok) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)op - offsetof(struct rpc_stream, receive_op));
    stream->receive_outstanding = false;
    if (stream->call->closed ||
        atomic_load_explicit(&stream->call->finishing, memory_order_acquire)) {
        end_if_over(stream);
        return;
    }
    if (!ok) {
        cut(stream); /* a message too large, or no message at all: the core has given it up */
    } else if (!stream->received && !stream->end_of_input) {
        stream->end_of_input = true;
        start_receive(stream);
    } else if (stream->received || !stream->call->close_cancelled) {
        stream->half_closed = !stream->received;
        deliver_inbound(stream);
    }
}

/* The next message, unless answers are piling up: a client that does not read is not read. */
static void receive_next(struct rpc_stream *stream) {
    const struct rpc_server_options *options = &stream->call->server->options;
    if (!client_streams(stream) || stream->half_closed || stream->receive_outstanding ||
        stream->handler_busy || stream->call->closed ||
        atomic_load_explicit(&stream->call->finishing, memory_order_acquire) ||
        rpc_stream_outbox_bytes(stream->call) > options->stream_outbox_bytes / 2)
        return;
    start_receive(stream);
}

/* ---- the engine ---- */

/* From here on the stream has a grace to get rid of what it holds; a reader that has stalled does
 * not keep it beyond that. */
static void begin_grace(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    rpc_poller_arm(call->server->poller, &call->timer,
                   rpc_now_us() + call->server->options.goodbye_grace_ms * 1000);
}

/* What ended it is known in full, and no handler is using the arena. */
static bool can_end(const struct rpc_stream *stream) {
    return !stream->handler_busy && atomic_load_explicit(&stream->end_known, memory_order_acquire);
}

/* Takes the next step that is possible; called after everything that may have made one so. */
static void advance(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    if (!stream->started || call->closed)
        return;
    take_posted(stream);
    bool finishing = atomic_load_explicit(&call->finishing, memory_order_acquire);
    if (!stream->send_outstanding && !stream->status_sent) {
        if (stream->waiting)
            send_waiting(stream);
        else if (finishing && can_end(stream))
            send_status(stream);
        else if (!finishing && stream->complete)
            rpc_stream_finish(call, status_ok());
        else if (!finishing && stream->source_ops)
            pull(stream);
        else if (!finishing && rpc_served_method(call)->kind != RPC_CLIENT_STREAMING)
            send_headers(stream);
    }
    receive_next(stream);
    if (!stream->must_end && atomic_load_explicit(&stream->end_known, memory_order_acquire) &&
        !status_is_ok(stream->end)) {
        stream->must_end = true;
        begin_grace(stream);
    }
}

void rpc_stream_finish(struct rpc_call *call, struct status status) {
    struct rpc_stream *stream = call->stream;
    if (status_is_ok(status) && call->response && call->deferred)
        status = rpc_stream_send(call, call->response);
    if (!rpc_call_claim_end(call))
        return;
    stream->end = status;
    if (status.detail) {
        stream->end_detail = strdup(status.detail);
        stream->end.detail = stream->end_detail;
    }
    atomic_store_explicit(&stream->end_known, true, memory_order_release);
    ask_for_turn(stream);
}

/* ---- goodbye ---- */

static struct status goodbye_status(enum rpc_goodbye reason) {
    switch (reason) {
    case RPC_GOODBYE_EXPIRED:
        return status_error(STATUS_UNAUTHENTICATED, RPC_REASON_TOKEN_EXPIRED,
                            "the token has expired");
    case RPC_GOODBYE_MAX_AGE:
        return status_error(STATUS_UNAVAILABLE, RPC_REASON_STREAM_MAX_AGE,
                            "the stream has reached its maximum age: open it again");
    case RPC_GOODBYE_DRAIN:
        break;
    }
    return status_error(STATUS_UNAVAILABLE, RPC_REASON_SHUTTING_DOWN,
                        "the server is shutting down: connect again");
}

static void say_goodbye(struct rpc_stream *stream, enum rpc_goodbye reason) {
    struct rpc_call *call = stream->call;
    if (stream->said_goodbye || stream->over)
        return;
    stream->goodbye_reason = reason;
    if (!stream->started) {
        stream->goodbye_wanted = true;
        return;
    }
    stream->said_goodbye = true;
    if (stream->must_end)
        return;
    begin_grace(stream);
    if (atomic_load_explicit(&call->finishing, memory_order_acquire))
        return; /* it has said all that it has to say */
    if (!stream->source_ops || !stream->source_ops->goodbye) {
        rpc_stream_finish(call, goodbye_status(reason));
        return;
    }
    stream->source_ops->goodbye(stream->source, reason);
    ask_for_turn(stream);
}

void rpc_stream_goodbye_all(struct rpc_server *server) {
    struct rpc_stream *next;
    for (struct rpc_stream *stream = server->streams.first; stream; stream = next) {
        next = stream->next;
        say_goodbye(stream, RPC_GOODBYE_DRAIN);
    }
}

/* First the stream's age or its token's end; then, if it has not ended, the end of its grace; then
 * the end of the status's own, which a reader that has stalled does not take. */
static void on_timer(struct rpc_timer *timer) {
    struct rpc_call *call = (struct rpc_call *)((char *)timer - offsetof(struct rpc_call, timer));
    struct rpc_stream *stream = call->stream;
    if (stream->must_end) {
        grpc_call_cancel_with_status(call->core, GRPC_STATUS_UNAVAILABLE,
                                     "the end of the stream could not be sent in time", NULL);
    } else if (stream->said_goodbye) {
        stream->must_end = true;
        begin_grace(stream);
        rpc_stream_finish(call, goodbye_status(stream->goodbye_reason));
    } else {
        say_goodbye(stream, stream->goodbye_reason);
    }
}

/* Up to a tenth earlier, so that streams opened together do not come back together. */
static int64_t jittered(int64_t age_us) {
    uint64_t mixed = (uint64_t)rpc_now_us() * 0x9e3779b97f4a7c15u;
    return age_us - (int64_t)(mixed >> 32) % (age_us / 10 + 1);
}

static void arm_age(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    const struct rpc_server_options *options = &call->server->options;
    int64_t due_us = INT64_MAX;
    if (options->stream_max_age_ms > 0)
        due_us = call->started_us + jittered(options->stream_max_age_ms * 1000);
    stream->goodbye_reason = RPC_GOODBYE_MAX_AGE;
    if (call->principal && rpc_principal_get(call->principal)->expires_at_us != INT64_MAX) {
        int64_t left_us =
            rpc_principal_get(call->principal)->expires_at_us - clock_wall_us(options->clock);
        if (rpc_now_us() + left_us < due_us) {
            due_us = rpc_now_us() + left_us;
            stream->goodbye_reason = RPC_GOODBYE_EXPIRED;
        }
    }
    call->timer.fire = on_timer;
    if (due_us != INT64_MAX)
        rpc_poller_arm(call->server->poller, &call->timer, due_us);
}

/* ---- the beginning ---- */

bool rpc_stream_open(struct rpc_call *call) {
    struct rpc_server *server = call->server;
    struct rpc_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return false;
    stream->call = call;
    stream->handler_busy = true;
    rpc_op_init(&stream->send_op, server->poller, on_sent);
    rpc_op_init(&stream->receive_op, server->poller, on_received);
    stream->next = server->streams.first;
    if (stream->next)
        stream->next->previous = stream;
    server->streams.first = stream;
    call->stream = stream;
    atomic_fetch_add_explicit(&server->open_streams, 1, memory_order_relaxed);
    rpc_call_watch_close(call);
    return true;
}

void rpc_stream_started(struct rpc_call *call) {
    struct rpc_stream *stream = call->stream;
    stream->started = true;
    stream->handler_busy = false;
    if (rpc_served_method(call)->kind == RPC_SERVER_STREAMING && !call->deferred &&
        !stream->source_ops)
        stream->complete = true;
    release_arena(stream);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_metadata_array_init(&call->metadata);
    if (end_if_over(stream))
        return;
    arm_age(stream);
    if (stream->goodbye_wanted || atomic_load(&call->server->draining))
        say_goodbye(stream, RPC_GOODBYE_DRAIN);
    advance(stream);
}

void rpc_stream_set_source(struct rpc_call *call, const struct rpc_source_ops *ops, void *source) {
    call->stream->source_ops = ops;
    call->stream->source = source;
}
