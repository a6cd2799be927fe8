/*
 * What hub.c, topic.c, rewrites.c, log_read.c, follow.c and subscriber.c share: all of it lives on
 * the loop's thread. Internal to live.
 */
#ifndef LIVE_HUB_INTERNAL_H
#define LIVE_HUB_INTERNAL_H

#include <stdatomic.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "live/hub.h"
#include "live/ring.h"
#include "live/stall.h"
#include "live/subscriber.h"

/* ---- the hub ---- */

enum live_figure {
    LIVE_FIGURE_TOPICS,
    LIVE_FIGURE_SUBSCRIBERS,
    LIVE_FIGURE_PUBLISHED,
    LIVE_FIGURE_DELIVERED,
    LIVE_FIGURE_BATCHES,
    LIVE_FIGURE_SNAPSHOTS,
    LIVE_FIGURE_SIGNALS,
    LIVE_FIGURE_LOG_READS,
    LIVE_FIGURE_LOG_FAILURES,
    LIVE_FIGURE_HOLES,
    LIVE_FIGURE_REPLACED,
    LIVE_FIGURE_SLOW,
    LIVE_FIGURES
};

struct live_hub {
    struct live_hub_options options;
    struct live_topic *topics;
    struct live_hub_user *users;
    atomic_bool lost; /* a publish could not be queued: nothing that is held may be trusted */
    _Atomic uint64_t figures[LIVE_FIGURES];
};

static inline void live_hub_count(struct live_hub *hub, enum live_figure figure, uint64_t by) {
    atomic_fetch_add_explicit(&hub->figures[figure], by, memory_order_relaxed);
}

/* Brings everything that was posted into force; before anything is sent. */
void live_hub_settle(struct live_hub *hub);

/* The streams of one user, from live_subscriber_new() on. */
struct live_hub_user {
    struct live_user user;
    struct live_subscriber *first;
    UT_hash_handle hh;
};

/* NULL when unknown. */
struct live_hub_user *live_hub_find_user(struct live_hub *hub, const struct live_user *user);
/* Makes it if need be; NULL when out of memory. */
struct live_hub_user *live_hub_get_user(struct live_hub *hub, const struct live_user *user);
/* Forgets it if it has no streams. */
void live_hub_put_user(struct live_hub *hub, struct live_hub_user *user);

/* ---- reads of the log ---- */

enum live_read_kind {
    LIVE_READ_HEAD, /* where the log ends */
    LIVE_READ_FILL, /* what the ring misses */
    LIVE_READ_PAGE, /* for those who are behind the ring */
};

struct live_read {
    struct live_task task;
    struct live_read *next; /* of the topic's pages, under way or read */
    struct live_topic *topic;
    struct live_read_request request;
    enum live_read_kind kind;
    uint64_t generation; /* of the topic, when it was asked */
    uint64_t number;     /* HEAD */
    uint64_t distrusts;  /* FILL: of the ring, when it was asked */
    struct live_event *events;
    size_t count;
    size_t capacity;
    struct status status;
    struct live_log_state state;
    int64_t used_us; /* a page: when it was last taken from, or came */
    bool used;       /* a page: something was taken from it */
};

/* ---- topics ---- */

enum { LIVE_TOPIC_SIGNALS = 256 };

struct live_signal_slot {
    struct live_signal signal; /* a reference to its bytes */
    uint64_t number;           /* rises; a follower knows what it has seen */
    int64_t expires_at_us;
};

struct live_topic {
    struct live_key key;
    UT_hash_handle hh;
    struct live_hub *hub;
    struct live_ring ring;
    uint64_t epoch;       /* 0: not opened yet */
    uint64_t heard_epoch; /* of what waits in a ring that is not opened yet */
    uint64_t ignored;     /* newest version of what was published and not taken, for its epoch */
    uint64_t floor;
    uint64_t generation;               /* reads that were asked under another are not used */
    struct live_position rewritten[2]; /* newest version of any rewrite that was heard of, for the
                                          topic's epoch and for another that may become it */
    struct status broken;              /* the log is damaged */

    struct live_follow *followers;
    struct live_read *reading; /* pages that are being read */
    struct live_read *pages;   /* that were read */
    size_t page_count;         /* of both */
    size_t reads;              /* under way, of all kinds */
    bool asking_head;
    bool filling;
    uint64_t heads_asked;
    uint64_t head_answered; /* number of the last read of the head that was done */
    bool doubted;           /* until a read of the head is done that was begun after ... */
    uint64_t doubted_after; /* ... so many had been: something may have been written */

    /* Rewrites heard of while pages were being read: the pages may be older. */
    struct live_event *rewrites;
    size_t rewrite_count;
    size_t rewrite_capacity;
    uint64_t rewrites_lost; /* newest version that could not be kept there */
    uint64_t missed;        /* newest version of what was never published: found in the log */

    struct live_signal_slot *signals;
    size_t signal_count;
    size_t signal_capacity;
    uint64_t signals_told;

    struct rpc_timer timer;
    int64_t look_at_us;
    int64_t idle_at_us;
    int64_t retry_at_us; /* no reads before; 0: at any time */
    int64_t retry_wait_us;
    int64_t starved_until_us; /* somebody found no room for a page; 0: nobody */
};

/* Makes it if need be; NULL when out of memory. */
struct live_topic *live_topic_get(struct live_hub *hub, const struct live_key *key);
struct live_topic *live_topic_find(struct live_hub *hub, const struct live_key *key);
void live_topic_free(struct live_topic *topic);

/* rewrites.c: the newest version of a rewrite that was heard of in the log of that epoch; 0: none.
 */
uint64_t live_topic_rewritten(const struct live_topic *topic, uint64_t epoch);
void live_topic_note_version(struct live_topic *topic, uint64_t epoch, uint64_t version);
/* Replaces the old text in pages, and keeps the new one for those that are being read. */
void live_topic_note_rewrite(struct live_topic *topic, const struct live_event *event);
/* Brings what was kept into a page that was read. */
void live_topic_rewrite_page(const struct live_topic *topic, struct live_read *page);
void live_topic_drop_rewrites(struct live_topic *topic);
/* New texts came with the event at `sequence`, and were not published one by one: what is held or
 * being read may be older. */
void live_topic_miss_rewrites(struct live_topic *topic, uint64_t sequence);

/* Wakes all who follow. */
void live_topic_wake(struct live_topic *topic);

void live_topic_join(struct live_topic *topic, struct live_follow *follow);
void live_topic_part(struct live_topic *topic, struct live_follow *follow);

/* From the inbox. */
void live_topic_publish(struct live_topic *topic, uint64_t epoch, const struct live_event *event);
void live_topic_hear(struct live_topic *topic, uint64_t epoch, uint64_t head);
/* Drops every text that is held, and those that are being read: they may be older than `version`.
 */
void live_topic_forget(struct live_topic *topic, uint64_t version);
/* Drops the texts that are older than `version`, which the log has reached. */
void live_topic_outdate(struct live_topic *topic, uint64_t epoch, uint64_t version);
/* Something may have been committed that is not published: drops the same, and reads the head. */
void live_topic_doubt(struct live_topic *topic);
void live_topic_signal(struct live_topic *topic, const struct live_signal *signal);
void live_topic_close(struct live_topic *topic, enum live_closed reason);

enum live_reach {
    LIVE_REACH_HERE,    /* live_topic_at() has the next event */
    LIVE_REACH_HEAD,    /* there is none */
    LIVE_REACH_WAIT,    /* it is being read, or will be: the follower is woken */
    LIVE_REACH_TRIMMED, /* it is gone */
    LIVE_REACH_FAR,     /* too many to tell */
    LIVE_REACH_BROKEN,  /* topic->broken says why */
};
/* What is there after `cursor`; asks for what is not. */
enum live_reach live_topic_reach(struct live_topic *topic, uint64_t cursor);
/* The event, from ring or pages, or NULL. */
const struct live_event *live_topic_at(struct live_topic *topic, uint64_t sequence);
/* True once a read of the head that was begun after `number` reads had been is done; else asks. */
bool live_topic_knows_head(struct live_topic *topic, uint64_t number);
/* signals.c */
void live_topic_drop_signals(struct live_topic *topic);
/* The oldest signal above `seen` that the user may see; NULL when there is none. */
const struct live_signal_slot *live_topic_signal_after(struct live_topic *topic, uint64_t seen,
                                                       const struct uuid *user);

/* log_read.c: starts a read. False when out of memory or while it is too early to try again. */
bool live_topic_read(struct live_topic *topic, enum live_read_kind kind, uint64_t after,
                     size_t limit);
void live_read_free(struct live_read *read);
/* topic.c: a read is done, on the loop's thread; owns it. */
void live_topic_on_read(struct live_topic *topic, struct live_read *read);

/* ---- subscribers ---- */

enum live_follow_state {
    LIVE_FOLLOW_BEGIN,    /* its position is to be judged */
    LIVE_FOLLOW_SNAPSHOT, /* a snapshot is needed */
    LIVE_FOLLOW_FLOWING,
};

/* A subscriber's place in one topic. */
struct live_follow {
    struct live_subscriber *subscriber;
    struct live_topic *topic; /* NULL: not attached */
    struct live_follow *next; /* of the topic */
    struct live_follow *previous;
    struct live_subscription wanted;
    char name[LIVE_NAME_BYTES];
    bool sees_private;
    enum live_closed denied; /* by the handler, before the start; 0: it is not */
    enum live_closed closed; /* 0: it is not */
    bool closed_told;

    enum live_follow_state state;
    bool waiting; /* for something of its topic that is being read */
    bool has_told;
    bool announced;            /* a batch has told where it stands */
    struct live_position told; /* what the client knows */
    uint64_t cursor;           /* above it: what was private to others */
    uint64_t head_number;

    enum live_snapshot_reason reason;
    struct live_snapshot *snapshot; /* under way */
    struct rpc_buffer *snapshot_state;
    struct live_position snapshot_position;
    int64_t retry_at_us;
    int64_t retry_wait_us;

    uint64_t signal_seen;
    uint64_t signal_joined; /* what had ended before is not told */
};

struct live_subscriber {
    struct live_hub *hub;
    struct live_task task; /* registration */
    struct live_task end_task;
    struct live_user user;
    struct live_hub_user *owner;  /* NULL until registered */
    struct live_subscriber *next; /* of its user */
    struct live_subscriber *previous;
    char device_id[LIVE_DEVICE_BYTES];
    char stream_id[64];
    int64_t arrived_at_us;
    int64_t token_expires_at_us;
    int32_t max_age_seconds;
    int32_t goodbye_retry_ms;
    int32_t max_devices;
    int64_t heartbeat_us;

    struct live_outlet outlet;
    bool started;
    bool attached;
    bool welcomed;
    bool idle; /* has answered PENDING and was not woken since */
    bool goodbye_told;
    enum live_goodbye leaving; /* 0: it is not */
    struct status failed;      /* ends it without a goodbye */
    struct live_write write;
    int64_t progress_at_us;
    struct rpc_timer timer;
    size_t turn; /* the topic that is asked first */
    size_t topic_count;
    struct live_follow topics[];
};

/* Something may be there. */
void live_subscriber_wake(struct live_subscriber *subscriber);
/* The topic ends for this follower. */
void live_follow_close(struct live_follow *follow, enum live_closed reason);

/* follow.c: makes the topic's next frame; PENDING when there is none. */
enum live_next live_follow_next(struct live_follow *follow, struct live_frame *frame);
/* Makes a batch without events when the client does not know how far the cursor is. */
enum live_next live_follow_catch_up(struct live_follow *follow, struct live_frame *frame);
enum live_next live_follow_signal(struct live_follow *follow, struct live_frame *frame);
/* Releases what it holds of snapshots. */
void live_follow_done(struct live_follow *follow);

#endif
