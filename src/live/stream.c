#include "live/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/reason.h"
#include "rpc/call.h"
#include "rpc/details.h"

/* A call and the one who knows what to say on it. */
struct stream {
    struct rpc_call *call;
    struct live_subscriber *subscriber; /* one of the two */
    struct live_watcher *watcher;
};

static void on_ready(void *context) {
    rpc_stream_ready(((struct stream *)context)->call);
}

static void on_cut(void *context, struct status status) {
    rpc_stream_cut_off(((struct stream *)context)->call, status);
}

static enum live_next next_of(struct stream *stream, struct live_frame *frame,
                              struct status *ret_status) {
    if (stream->subscriber != NULL)
        return live_subscriber_next(stream->subscriber, frame, ret_status);
    return live_watcher_next(stream->watcher, frame, ret_status);
}

/* The contract names the limit that was reached, or says when to try again. */
static void explain(const struct stream *stream, struct status status) {
    if (status.reason == RPC_REASON_OVERLOADED && stream->watcher != NULL)
        rpc_call_set_retry_after(stream->call, live_watcher_retry_ms(stream->watcher));
    if (status.reason != DOMAIN_REASON_DEVICE_LIMIT)
        return;
    char limit[16];
    (void)snprintf(limit, sizeof limit, "%" PRId32,
                   stream->subscriber != NULL ? live_subscriber_max_devices(stream->subscriber)
                                              : live_watcher_max_streams(stream->watcher));
    rpc_call_add_quota_violation(stream->call, "devices",
                                 "As many devices of this user are connected as are allowed.");
    rpc_call_add_error_metadata(stream->call, "limit", limit);
}

static enum rpc_pull pull(void *source, struct rpc_writer *writer, struct status *ret_status) {
    struct live_frame frame = {.count = 0};
    enum live_next next = next_of(source, &frame, ret_status);
    if (next == LIVE_PENDING)
        return RPC_PULL_PENDING;
    if (next == LIVE_END) {
        explain(source, *ret_status);
        return RPC_PULL_END;
    }
    for (size_t i = 0; i < frame.count; i++)
        rpc_writer_put_buffer(writer, frame.parts[i]); /* too large: the runtime ends the stream */
    live_frame_done(&frame);
    return RPC_PULL_READY;
}

static enum live_goodbye reason_of(enum rpc_goodbye reason) {
    switch (reason) {
    case RPC_GOODBYE_MAX_AGE:
        return LIVE_GOODBYE_MAX_AGE;
    case RPC_GOODBYE_EXPIRED:
        return LIVE_GOODBYE_TOKEN_EXPIRED;
    case RPC_GOODBYE_DRAIN:
        break;
    }
    return LIVE_GOODBYE_DRAIN;
}

static void goodbye(void *source, enum rpc_goodbye reason) {
    struct stream *stream = source;
    if (stream->subscriber != NULL)
        live_subscriber_leave(stream->subscriber, reason_of(reason));
    else
        live_watcher_leave(stream->watcher, reason_of(reason));
}

static void on_done(void *source) {
    struct stream *stream = source;
    live_subscriber_free(&stream->subscriber);
    live_watcher_free(&stream->watcher);
    rpc_call_unref(&stream->call);
    free(stream);
}

static const struct rpc_source_ops source_ops = {pull, goodbye, on_done};

static struct stream *stream_new(struct rpc_call *call) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->call = rpc_call_ref(call);
    rpc_stream_set_source(call, &source_ops, stream);
    return stream;
}

static struct status out_of_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

struct status live_stream_start(struct live_subscriber **subscriber, struct rpc_call *call) {
    struct stream *stream = stream_new(call);
    if (stream == NULL) {
        live_subscriber_free(subscriber);
        return out_of_memory();
    }
    stream->subscriber = *subscriber;
    *subscriber = NULL;
    live_subscriber_start(stream->subscriber, &(struct live_outlet){on_ready, on_cut, stream});
    return status_ok();
}

struct status live_stream_watch(struct live_watcher **watcher, struct rpc_call *call) {
    struct stream *stream = stream_new(call);
    if (stream == NULL) {
        live_watcher_free(watcher);
        return out_of_memory();
    }
    stream->watcher = *watcher;
    *watcher = NULL;
    live_watcher_start(stream->watcher, &(struct live_outlet){on_ready, on_cut, stream});
    return status_ok();
}
