/*
 * The topics that somebody on this node follows, and the way into them.
 *
 * After a commit, and before it answers its client, a service publishes what it wrote. That only
 * queues: the loop's thread (live/loop.h) puts it into the topic's ring and wakes the topic's
 * subscribers, each of which takes from the ring when its last write is done. A subscriber never
 * sends a text that was rewritten by a publish that had returned before the send began.
 *
 * A topic that nobody follows has no ring; what is published to it is dropped: the log has it.
 *
 * Thread-safety: publish, forget, outdate, doubt, signal, close, remove, suspend, hear and figures
 * from any thread; they never block and never fail: what cannot be queued for lack of memory is
 * found in the log by the periodic look. _new and _free from the owner, with the loop not running.
 */
#ifndef LIVE_HUB_H
#define LIVE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "live/bus.h"
#include "live/event.h"
#include "live/frame.h"
#include "live/key.h"
#include "live/loop.h"
#include "live/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

struct live_hub;

struct live_hub_options {
    struct live_loop *loop;     /* required */
    struct live_reader reader;  /* required */
    const struct live_bus *bus; /* default: live_bus_local() */

    size_t ring_entries;    /* of a topic; default 1024 */
    size_t ring_bytes;      /* of a topic; default 1 MiB */
    size_t page_entries;    /* of one read of the log; default 128 */
    size_t pages_per_topic; /* that are kept for those who are behind; default 4 */
    uint64_t max_behind;    /* events; more is answered by a snapshot; default 5,000 */
    int64_t hole_wait_ms;   /* before a hole is read from the log; default 20 */
    int64_t look_every_ms;  /* at the log's head of each topic that is followed; default 10,000 */
    int64_t topic_idle_ms;  /* a topic without subscribers is kept so long; default 30,000 */
    int64_t slow_after_ms;  /* a write that takes longer ends its stream; default 60,000 */
    int64_t leave_ms;       /* for the write of a stream that is to end; default 500 */

    /*
     * A stream follows a topic, or does not any more (on its end, a new stream of the same device,
     * or when the topic was closed for it): presence. On the loop's thread; must not block. When a
     * stream takes another's place, the new one follows before the old one does not. `goes_on`: not
     * from a snapshot. May be NULL.
     */
    void (*on_follow)(void *context, const struct live_key *key, const struct live_user *user,
                      bool goes_on);
    void (*on_unfollow)(void *context, const struct live_key *key, const struct live_user *user);
    void *context;
};

void live_hub_options_init(struct live_hub_options *options);

/* NULL when out of memory. */
struct live_hub *live_hub_new(const struct live_hub_options *options);
/* No subscriber may be left, and no read or snapshot under way. */
void live_hub_free(struct live_hub **hub);

/*
 * The events are committed; `events` are copied, their entries shared. Rewrites are published like
 * events, with their version (live/event.h), next to the event that tells of them.
 */
void live_hub_publish(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                      const struct live_event *events, size_t count);

/* Events up to `through` were deleted for good: what is held of the topic is dropped, and read
 * again by those who need it. */
void live_hub_forget(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                     uint64_t through);

/* The event at `version`, which is committed, came with new texts of earlier ones that are not
 * published one by one: what is held of those and is older is dropped. */
void live_hub_outdate(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                      uint64_t version);

/* Something may have been committed that nobody can publish, since its COMMIT was not answered: the
 * same for all that is held, and the log is asked until it has said where it ends. */
void live_hub_doubt(struct live_hub *hub, const struct live_key *key);

enum live_signal_kind {
    LIVE_SIGNAL_TYPING,
    LIVE_SIGNAL_SPEAKING,
    LIVE_SIGNAL_HAND,
    LIVE_SIGNAL_COUNTS, /* of the topic; `user` is not read */
    LIVE_SIGNAL_UNREAD, /* of an inbox; `user` is the conversation; not for those who come later */
};

/* The latest of each kind and user is kept while it holds, and told to each subscriber at most
 * once; one that does not keep up sees only the newest. */
struct live_signal {
    enum live_signal_kind kind;
    struct uuid user;        /* whom it is about; typing is not told to them */
    bool active;             /* began; false: is over */
    int64_t time_to_live_ms; /* 0: until it is taken back */
    bool is_private;         /* told to `visible_to` alone */
    struct uuid visible_to;
    struct rpc_buffer *bytes; /* the field of Signal.kind: tag (3 to 7), length, message; shared */
};
void live_hub_signal(struct live_hub *hub, const struct live_key *key,
                     const struct live_signal *signal);

/* Closes the topic for everybody, such as when its conversation was deleted. */
void live_hub_close_topic(struct live_hub *hub, const struct live_key *key,
                          enum live_closed reason);
/* Closes the topic for one user: LIVE_CLOSED_REMOVED, or FORBIDDEN when the booking is gone. */
void live_hub_remove_user(struct live_hub *hub, const struct live_key *key, const struct uuid *user,
                          enum live_closed reason);
/* Ends all streams of a user with goodbye SUSPENDED. */
void live_hub_suspend_user(struct live_hub *hub, const struct live_user *user);

/* Another node tells (live/bus.h). It is not told on. */
void live_hub_hear(struct live_hub *hub, const struct live_notice *notice);

struct live_hub_figures {
    uint64_t topics;
    uint64_t subscribers;
    uint64_t published; /* events, rewrites included */
    uint64_t delivered; /* events put into batches */
    uint64_t batches;
    uint64_t snapshots;
    uint64_t signals;      /* sent */
    uint64_t log_reads;    /* pages and heads */
    uint64_t log_failures; /* that were tried again */
    uint64_t holes;        /* that had to be read */
    uint64_t replaced;     /* streams, by a new one of their device */
    uint64_t slow;         /* streams that were ended for it */
};
void live_hub_figures(const struct live_hub *hub, struct live_hub_figures *ret_figures);

#ifdef __cplusplus
}
#endif

#endif
