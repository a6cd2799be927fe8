/*
 * One stream of Subscribe: a cursor per topic, and what to say next.
 *
 * No I/O happens here: the owner asks for the next frame when the last one is written. In the
 * server that is live/stream.h; a test does it by hand. A subscriber has no queue: what it says
 * next is decided when it is asked, from the rings, the log's pages, and what is due.
 *
 * The handler's part, on a worker, is
 *
 *     TRY(live_subscriber_new(hub, &options, &subscriber));      it is known from here on
 *     ... one look into the database: who may follow what ...
 *     live_subscriber_deny(subscriber, i, LIVE_CLOSED_FORBIDDEN);
 *     return live_stream_start(&subscriber, call);
 *
 * Permission is looked up after _new, so that whoever loses it meanwhile is found by
 * live_hub_remove_user(), or by the look.
 *
 * Order of frames: welcome; then, per topic, closed, or a snapshot if one is needed, then batches.
 * The first batch of a topic says where it stands, even if it holds no event. Batches without
 * events come otherwise only before `progress`, so that positions move although all is private to
 * others. In each topic a batch's after_sequence is the position of the snapshot, batch or progress
 * before it.
 *
 * Thread-safety: _new, _deny, _free from one thread, until it is started; then the loop's thread.
 */
#ifndef LIVE_SUBSCRIBER_H
#define LIVE_SUBSCRIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "live/frame.h"
#include "live/hub.h"
#include "live/key.h"

#ifdef __cplusplus
extern "C" {
#endif

struct live_subscriber;

enum {
    LIVE_MAX_TOPICS = 32,
    LIVE_DEVICE_BYTES = 257, /* 64 characters of UTF-8 and the terminator */
};

struct live_subscription {
    struct live_key key;
    bool has_position;
    bool live_only;             /* not with has_position */
    int32_t snapshot_messages;  /* as in the contract: 0 is 50, -1 none */
    struct live_position after; /* with has_position */
};

struct live_subscriber_options {
    struct live_user user;
    const char *device_id; /* 1 to LIVE_DEVICE_BYTES - 1 bytes; copied */
    const char *stream_id; /* for `welcome`; copied, cut at 63 bytes */
    int64_t arrived_at_us; /* monotonic: of two of one device the later one stays */
    const struct live_subscription *topics; /* 1 to LIVE_MAX_TOPICS, none twice */
    size_t topic_count;
    int32_t heartbeat_seconds;   /* 0 is 30; less than 5 is 5 */
    int32_t max_age_seconds;     /* for `welcome` */
    int64_t token_expires_at_us; /* wall clock, for `welcome`; INT64_MAX: never */
    int32_t goodbye_retry_ms;    /* for DRAIN, MAX_AGE and SLOW; spread by the server */
    int32_t max_devices;         /* of the user, with a stream open; one more ends at once with
                                    RESOURCE_EXHAUSTED DEVICE_LIMIT; 0: no limit */
};

/* INVALID_ARGUMENT with TOPIC_INVALID for the same topic twice, none or too many;
 * RESOURCE_EXHAUSTED when out of memory. Any thread. */
struct status live_subscriber_new(struct live_hub *hub,
                                  const struct live_subscriber_options *options,
                                  struct live_subscriber **ret_subscriber) STATUS_MUST_USE;

int32_t live_subscriber_max_devices(const struct live_subscriber *subscriber);

/* The topic will be closed, before anything of it was sent. Before the start. */
void live_subscriber_deny(struct live_subscriber *subscriber, size_t topic,
                          enum live_closed reason);
/* Private messages of the topic are shown, although they are between others. Before the start. */
void live_subscriber_see_private(struct live_subscriber *subscriber, size_t topic);

/* What the frames are written to. Both are called on the loop's thread. */
struct live_outlet {
    void (*ready)(void *context); /* something may be there after LIVE_PENDING; must only queue */
    /* The write takes too long: the stream must end with `status` although it is not done. Once;
     * must not free the subscriber or watcher itself. */
    void (*cut)(void *context, struct status status);
    void *context;
};

/* Begins to follow the topics that were not denied. */
void live_subscriber_start(struct live_subscriber *subscriber, const struct live_outlet *outlet);

enum live_next {
    LIVE_READY,   /* the frame holds one message */
    LIVE_PENDING, /* nothing now */
    LIVE_END,     /* no more: *ret_status ends the call */
};

/*
 * What to write next; also says that the last frame was written. `frame` is empty and is filled
 * with LIVE_READY. Loop's thread.
 *
 * Statuses of the end: ABORTED (REPLACED), UNAUTHENTICATED (TOKEN_EXPIRED), UNAVAILABLE (DRAIN,
 * MAX_AGE), RESOURCE_EXHAUSTED (SLOW; DEVICE_LIMIT, without any frame), PERMISSION_DENIED
 * (USER_SUSPENDED), DATA_LOSS (DATA_CORRUPTED: the log is damaged), INTERNAL.
 *
 * A write may take as long as live_hub_options.slow_after_ms, and leave_ms once the stream is to
 * end; then it is cut off with the same status (live/stall.h).
 */
enum live_next live_subscriber_next(struct live_subscriber *subscriber, struct live_frame *frame,
                                    struct status *ret_status);

/* The next frame is a goodbye, and then comes the end. The first reason counts. Loop's thread. */
void live_subscriber_leave(struct live_subscriber *subscriber, enum live_goodbye reason);

/* Of one that was not started: from its thread. Of one that was: on the loop's thread. */
void live_subscriber_free(struct live_subscriber **subscriber);

#ifdef __cplusplus
}
#endif

#endif
