/*
 * One message of a stream, put together from shared buffers, and the fixed messages of Subscribe.
 *
 * The layer above owns the protobuf types. What has to be made for every subscriber and every write
 * is so small that it is written here by hand, after api/liveconv/v1/live_service.proto; a test of
 * the service layer decodes each kind with the generated code.
 *
 * Thread-safety: one thread at a time.
 */
#ifndef LIVE_FRAME_H
#define LIVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/event.h"
#include "live/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LIVE_BATCH_EVENTS = 64,        /* most events in one batch */
    LIVE_BATCH_BYTES = 512 * 1024, /* a batch that is larger holds one event */
    LIVE_FRAME_PARTS = LIVE_BATCH_EVENTS + 2,
};

/* The message is the concatenation of the parts. Zero-initialise; live_frame_done() releases. */
struct live_frame {
    struct rpc_buffer *parts[LIVE_FRAME_PARTS]; /* one reference each */
    size_t count;
};

/* Takes a reference of its own. False when full. */
bool live_frame_share(struct live_frame *frame, struct rpc_buffer *buffer);
/* Takes the caller's reference, also on failure; NULL (out of memory) is a failure. */
bool live_frame_give(struct live_frame *frame, struct rpc_buffer *buffer);
void live_frame_done(struct live_frame *frame);
size_t live_frame_bytes(const struct live_frame *frame);

/* Why a topic is closed, and why a stream ends; the numbers of the contract. */
enum live_closed {
    LIVE_CLOSED_MISSING = 1,
    LIVE_CLOSED_FORBIDDEN = 2,
    LIVE_CLOSED_REMOVED = 3,
};
enum live_goodbye {
    LIVE_GOODBYE_REPLACED = 1,
    LIVE_GOODBYE_TOKEN_EXPIRED = 2,
    LIVE_GOODBYE_DRAIN = 3,
    LIVE_GOODBYE_MAX_AGE = 4,
    LIVE_GOODBYE_SLOW = 5,
    LIVE_GOODBYE_SUSPENDED = 6,
};

struct live_welcome {
    const char *stream_id;
    int64_t server_time_us;
    int64_t token_seconds_left;
    int32_t heartbeat_seconds;
    int32_t max_age_seconds;
};

struct live_batch {
    const char *topic;
    uint64_t epoch;
    uint64_t after_sequence;
    uint64_t through_sequence;
    bool caught_up;
};

struct live_topic_position {
    const char *topic;
    struct live_position position;
};

/* Each makes one whole SubscribeResponse in an empty frame; false when out of memory, the frame
 * then holds nothing. */
bool live_frame_welcome(struct live_frame *frame, const struct live_welcome *welcome);
bool live_frame_snapshot(struct live_frame *frame, const char *topic,
                         const struct live_position *position, enum live_snapshot_reason reason,
                         struct rpc_buffer *state);
/* Takes the caller's references to the entries, also on failure. */
bool live_frame_batch(struct live_frame *frame, const struct live_batch *batch,
                      struct rpc_buffer *const *entries, size_t count);
/* `kind` is the encoded field of Signal.kind: tag (3 to 6), length and message. */
bool live_frame_signal(struct live_frame *frame, const char *topic, int32_t time_to_live_ms,
                       struct rpc_buffer *kind);
bool live_frame_progress(struct live_frame *frame, const struct live_topic_position *positions,
                         size_t count, int64_t server_time_us);
bool live_frame_closed(struct live_frame *frame, const char *topic, enum live_closed reason);

/* The Goodbye message is shared by Subscribe (field 7) and WatchConversations (field 4). */
struct live_goodbye_message {
    enum live_goodbye reason;
    bool reconnect;
    int32_t retry_after_ms;
    const struct live_topic_position *positions;
    size_t position_count;
};
bool live_frame_goodbye(struct live_frame *frame, uint32_t field,
                        const struct live_goodbye_message *goodbye);

#ifdef __cplusplus
}
#endif

#endif
