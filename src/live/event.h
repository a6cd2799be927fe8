/*
 * What a topic's log holds, as the live layer sees it: encoded bytes, a place, and who may see
 * them.
 */
#ifndef LIVE_EVENT_H
#define LIVE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "rpc/buffer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A place in a topic's log. */
struct live_position {
    uint64_t epoch; /* random, never 0; changed by a restore */
    uint64_t sequence;
};

/*
 * An event, or a new text of one.
 *
 * `version` orders the texts that one place in the log has had: of an event as it was first written
 * it is its own sequence; of a rewrite (edit, deletion, moderation) it is the sequence of the event
 * that tells of the rewrite, which was written in the same transaction. The newest version wins,
 * whatever order they arrive in.
 */
struct live_event {
    uint64_t sequence;        /* from 1, without holes */
    uint64_t version;         /* >= sequence */
    struct rpc_buffer *entry; /* from live_entry_new() */
    bool brings_rewrites;     /* read from the log: earlier ones got new texts with it */
    bool removes;             /* read from the log: `visible_to` may not follow any more */
    bool is_private;          /* only the two below, and who sees everything, may see it */
    struct uuid visible_to;   /* recipient */
    struct uuid visible_from; /* sender */
};

/* One entry of EventBatch.events: tag, length and the encoded event. NULL when out of memory. The
 * caller's reference. Any thread. */
struct rpc_buffer *live_entry_new(const void *event, size_t len_bytes);

static inline bool live_event_visible(const struct live_event *event, const struct uuid *user,
                                      bool sees_private) {
    return !event->is_private || sees_private ||
           __builtin_memcmp(event->visible_to.bytes, user->bytes, sizeof user->bytes) == 0 ||
           __builtin_memcmp(event->visible_from.bytes, user->bytes, sizeof user->bytes) == 0;
}

#ifdef __cplusplus
}
#endif

#endif
