/*
 * Streaming calls: their life.
 *
 * Everything but the outbox's entrance, rpc_stream_ready() and rpc_stream_finish() happens on the
 * poller, so a stream needs no lock. At most one operation of each direction is outstanding; a
 * stream is over when its close has been seen, nothing is outstanding and no handler is running.
 */
#include "rpc/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/stream_internal.h"

/* ---- turns ---- */

static void take_turn(struct rpc_task *task) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)task - offsetof(struct rpc_stream, turn));
    struct rpc_call *call = stream->call;
    /* An exchange, not a store: it acquires what was written before the last request. */
    atomic_exchange_explicit(&stream->turn_asked, false, memory_order_acq_rel);
    if (!stream->over)
        rpc_stream_advance(stream);
    rpc_call_unref(&call);
}

static void join_crowd(struct rpc_task *task) {
    struct rpc_stream *stream =
        (struct rpc_stream *)((char *)task - offsetof(struct rpc_stream, turn));
    task->run = take_turn;
    rpc_poller_post_crowd(stream->call->server->poller, task);
}

void rpc_stream_ask_for_turn(struct rpc_stream *stream) {
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
        rpc_stream_ask_for_turn(call->stream);
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

bool rpc_stream_end_if_over(struct rpc_stream *stream) {
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
    rpc_stream_end_if_over(call->stream);
}

void rpc_stream_free(struct rpc_stream **stream_address) {
    struct rpc_stream *stream = *stream_address;
    if (!stream)
        return;
    rpc_stream_free_outgoing(stream->waiting);
    rpc_stream_free_outgoing(atomic_load(&stream->posted));
    grpc_byte_buffer_destroy(stream->sending);
    grpc_byte_buffer_destroy(stream->received);
    free(stream->end_detail);
    free(stream);
    *stream_address = NULL;
}

/* ---- the engine ---- */

void rpc_stream_release_arena(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    bool last_handler =
        stream->half_closed || rpc_served_method(call)->kind == RPC_SERVER_STREAMING;
    bool needed = atomic_load_explicit(&call->finishing, memory_order_acquire) ||
                  (call->deferred && last_handler);
    if (!needed)
        rpc_call_release_arena(call);
}

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

void rpc_stream_advance(struct rpc_stream *stream) {
    struct rpc_call *call = stream->call;
    if (!stream->started || call->closed)
        return;
    rpc_stream_take_posted(stream);
    bool finishing = atomic_load_explicit(&call->finishing, memory_order_acquire);
    if (!stream->send_outstanding && !stream->status_sent) {
        if (stream->waiting)
            rpc_stream_send_waiting(stream);
        else if (finishing && can_end(stream))
            rpc_stream_send_status(stream);
        else if (!finishing && stream->complete)
            rpc_stream_finish(call, status_ok());
        else if (!finishing && stream->source_ops)
            rpc_stream_pull(stream);
        else if (!finishing && rpc_served_method(call)->kind != RPC_CLIENT_STREAMING)
            rpc_stream_send_headers(stream);
    }
    rpc_stream_receive_next(stream);
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
    rpc_stream_ask_for_turn(stream);
}

/* The core sends the code beside the window that the reader keeps shut. */
void rpc_stream_cut_off(struct rpc_call *call, struct status status) {
    struct rpc_stream *stream = call->stream;
    if (stream->over || call->closed)
        return;
    rpc_stream_finish(call, status);
    grpc_call_cancel_with_status(call->core, (grpc_status_code)status.code,
                                 status.detail ? status.detail : "", NULL);
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
    rpc_stream_ask_for_turn(stream);
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
    rpc_op_init(&stream->send_op, server->poller, rpc_stream_on_sent);
    rpc_op_init(&stream->receive_op, server->poller, rpc_stream_on_received);
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
    rpc_stream_release_arena(stream);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_metadata_array_init(&call->metadata);
    if (rpc_stream_end_if_over(stream))
        return;
    arm_age(stream);
    if (stream->goodbye_wanted || atomic_load(&call->server->draining))
        say_goodbye(stream, RPC_GOODBYE_DRAIN);
    rpc_stream_advance(stream);
}

void rpc_stream_set_source(struct rpc_call *call, const struct rpc_source_ops *ops, void *source) {
    call->stream->source_ops = ops;
    call->stream->source = source;
}
