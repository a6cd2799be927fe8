/*
 * What watch.c, watch_group.c and watcher.c share: all of it lives on the loop's thread. Internal
 * to live.
 */
#ifndef LIVE_WATCH_INTERNAL_H
#define LIVE_WATCH_INTERNAL_H

#include <stdatomic.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "live/stall.h"
#include "live/watch.h"

enum { LIVE_FILTER_KEY_BYTES = 1024 };

enum live_watch_figure {
    LIVE_WATCH_GROUPS,
    LIVE_WATCH_WATCHERS,
    LIVE_WATCH_CHANGES,
    LIVE_WATCH_MATCHES,
    LIVE_WATCH_LOADS,
    LIVE_WATCH_FRAMES,
    LIVE_WATCH_FIGURES
};

struct live_watch {
    struct live_watch_options options;
    struct live_group *groups;
    struct live_watcher *watchers;
    struct live_watch_user *users;
    struct live_seen *seen; /* the versions of what changed lately, oldest first */
    _Atomic uint64_t figures[LIVE_WATCH_FIGURES];
};

static inline void live_watch_count(struct live_watch *watch, enum live_watch_figure figure,
                                    uint64_t by) {
    atomic_fetch_add_explicit(&watch->figures[figure], by, memory_order_relaxed);
}

/* A user with streams that count against the limit. */
struct live_watch_user {
    struct live_user user;
    size_t streams;
    UT_hash_handle hh;
};

/* A row of a group's page; one that was removed stays until every watcher knows. */
struct live_slot {
    struct live_row row;     /* a reference to its entry; NULL: removed */
    UT_hash_handle hh;       /* by id */
    struct live_slot *newer; /* of the history */
    struct live_slot *older;
    uint64_t number; /* of its last change in the history; rises */
    uint64_t heard;  /* of its last change that came in, held back or not */
    int64_t free_at_us;
    bool pends;               /* the next change is held back until then */
    struct live_row pending;  /* without entry: a removal */
    struct live_slot *sooner; /* of those that pend, by free_at_us */
    struct live_slot *later;
};

/* Equal bytes are equal groups. */
struct live_group_key {
    char tenant[LIVE_TENANT_BYTES];
    char filter[LIVE_FILTER_KEY_BYTES];
};

struct live_group {
    struct live_group_key key;
    UT_hash_handle hh;
    struct live_watch *watch;
    void *filter;
    struct live_watcher *watchers;
    struct live_slot *slots;
    struct live_slot *oldest;
    struct live_slot *newest;
    struct live_slot *first_pending; /* by free_at_us */
    struct live_slot *last_pending;
    uint64_t number;       /* of the last change */
    uint64_t heard;        /* of the last change that came in */
    uint64_t forgotten;    /* removals up to here are not known any more */
    size_t showing;        /* rows on the page, once what is held back has come */
    size_t showing_bytes;  /* of those rows */
    size_t removed;        /* slots whose row is gone */
    int64_t last_start_us; /* no row that is shown starts later */
    bool loaded;
    bool loading;
    bool reload; /* what was read is not the last word */
    bool truncated;
    int64_t load_at_us; /* not before */
    bool wakes;         /* watchers are to be woken at: */
    int64_t wake_at_us;
    int64_t idle_at_us;
    struct rpc_timer timer;
    struct rpc_buffer *rows; /* the entries of the page, as of `rows_number`; or NULL */
    uint64_t rows_number;
};

struct live_watcher {
    struct live_watch *watch;
    struct live_task task; /* registration */
    struct live_task end_task;
    struct live_group_key key;
    void *filter; /* until it is the group's */
    struct live_user user;
    int32_t goodbye_retry_ms;
    int32_t max_streams;
    struct live_watch_user *place; /* among the user's streams; NULL: not counted */
    struct live_watcher *next;     /* of all */
    struct live_watcher *previous;
    struct live_group *group;
    struct live_watcher *next_in_group;
    struct live_watcher *previous_in_group;
    struct live_outlet outlet;
    bool registered;
    bool started;
    bool idle;
    bool has_page;
    bool goodbye_told;
    enum live_goodbye leaving;
    struct live_write write;
    uint64_t cursor;
    int64_t progress_at_us;
    struct rpc_timer timer;
};

void live_watcher_wake(struct live_watcher *watcher);

/* watch_group.c. Takes the filter if it makes a new group. RESOURCE_EXHAUSTED when out of memory,
 * or with SERVER_OVERLOADED beyond live_watch_options.max_groups. */
struct status live_group_get(struct live_watch *watch, const struct live_group_key *key,
                             void **filter, struct live_group **ret_group) STATUS_MUST_USE;
void live_group_join(struct live_group *group, struct live_watcher *watcher);
void live_group_part(struct live_group *group, struct live_watcher *watcher);
void live_group_free(struct live_group *group);
/* The row has changed; `matches` tells whether it belongs to the page. */
void live_group_change(struct live_group *group, const struct live_row *row, bool matches);
/* False while there is no page, or for a moment more rows than a page has: some are about to go. */
bool live_group_has_page(const struct live_group *group);
/* The page's entries as one buffer, the group's; NULL when out of memory. */
struct rpc_buffer *live_group_rows(struct live_group *group);

#endif
