/*
 * WatchConversations: pages to browse that stay up to date.
 *
 * Watchers with the same filter form a group. A change of a conversation is matched once per group,
 * and its bytes, encoded once by the service, are shared by all. A group keeps what its page holds
 * and when each row changed last; a watcher is a number in that history. So changes that a watcher
 * has not taken yet are conflated to the latest, and a row changes at most once a second. The first
 * change of a page is told at once, those that follow closely together: a message costs more than
 * what is in it.
 *
 * A page holds at most 200, those that start first, and fewer when they are large. When one beyond
 * that may have moved up, the group reads its page again and tells the difference; one that starts
 * after all of a full page changes nothing. A watcher that is so slow that removals were forgotten
 * is sent away with SLOW, and starts anew.
 *
 * Thread-safety: _change and _watcher_new from any thread; the rest on the loop's thread.
 */
#ifndef LIVE_WATCH_H
#define LIVE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "live/frame.h"
#include "live/key.h"
#include "live/loop.h"
#include "live/subscriber.h" /* enum live_next */

#ifdef __cplusplus
extern "C" {
#endif

struct live_watch;
struct live_watcher;
struct live_page;

enum {
    LIVE_PAGE_ROWS = 200,
    LIVE_PAGE_BYTES = 2 * 1024 * 1024, /* of its rows: one message must hold them */
};

/* A conversation as it is now. */
struct live_row {
    struct uuid id;
    uint64_t version;         /* rises with each change: the sequence of its topic */
    int64_t start_us;         /* the page's order, then the id */
    struct rpc_buffer *entry; /* tag 1, length, encoded Conversation: live_row_entry_new() */
};
struct rpc_buffer *live_row_entry_new(const void *conversation, size_t len_bytes);

struct live_watch_options {
    struct live_loop *loop;
    int64_t row_interval_ms; /* a row changes at most once in so long; default 1,000 */
    int64_t gather_ms;       /* changes of a page that come closer together are told together;
                              * default 200 */
    int64_t progress_ms;     /* a sign of life; default 30,000 */
    int64_t reload_wait_ms;  /* between two reads of a page; default 1,000 */
    int64_t group_idle_ms;   /* a group without watchers is kept so long; default 10,000 */
    size_t max_groups;       /* with watchers, at once; a watcher that would need one more ends at
                                once with RESOURCE_EXHAUSTED SERVER_OVERLOADED; default 512 */
    int64_t slow_after_ms;   /* as in live/hub.h; default 60,000 */
    int64_t leave_ms;        /* the same; default 500 */

    /* Whether the conversation that `subject` describes belongs to the page. Loop's thread: pure.
     */
    bool (*match)(void *context, const void *filter, const void *subject);
    /* Reads the page of `filter` on a worker, in order of start, and completes it exactly once from
     * any thread. Loop's thread: must not block. The filter lives until then. */
    void (*load)(void *context, const void *filter, struct live_page *page);
    void (*free_filter)(void *context, void *filter);
    void *context;
};

void live_watch_options_init(struct live_watch_options *options);
/* NULL when out of memory. */
struct live_watch *live_watch_new(const struct live_watch_options *options);
/* No watcher may be left and no page be under way. */
void live_watch_free(struct live_watch **watch);

/* Completing a page; see `load`. False when out of memory or beyond LIVE_PAGE_ROWS rows. */
bool live_page_add(struct live_page *page, const struct live_row *row);
/* `truncated`: more match than were added. */
void live_page_done(struct live_page *page, struct status status, bool truncated);

/*
 * A conversation of `tenant` has changed, after the commit. `subject` is what `match` looks at, and
 * is released with `free_subject` on the loop's thread when it was matched; it may be NULL for one
 * that is gone and matches nothing. The row's entry is shared.
 */
void live_watch_change(struct live_watch *watch, const char *tenant, const struct live_row *row,
                       void *subject, void (*free_subject)(void *subject));

struct live_watcher_options {
    const char *tenant;
    const char *filter_key;   /* canonical text of the filter, at most 1023 bytes; copied */
    void *filter;             /* for `match` and `load`; taken, also on failure */
    struct live_user user;    /* whom live_watch_suspend_user() ends */
    int32_t goodbye_retry_ms; /* also when there is no room for a group */
    int32_t max_streams; /* that the user may have open, one a device; one more ends at once with
                            RESOURCE_EXHAUSTED DEVICE_LIMIT; 0: no limit */
};

struct status live_watcher_new(struct live_watch *watch, const struct live_watcher_options *options,
                               struct live_watcher **ret_watcher) STATUS_MUST_USE;
int32_t live_watcher_max_streams(const struct live_watcher *watcher);
int32_t live_watcher_retry_ms(const struct live_watcher *watcher);
/* As those of live/subscriber.h. */
void live_watcher_start(struct live_watcher *watcher, const struct live_outlet *outlet);
enum live_next live_watcher_next(struct live_watcher *watcher, struct live_frame *frame,
                                 struct status *ret_status);
void live_watcher_leave(struct live_watcher *watcher, enum live_goodbye reason);
void live_watcher_free(struct live_watcher **watcher);

/* Ends the watchers of a user with goodbye SUSPENDED. Any thread. */
void live_watch_suspend_user(struct live_watch *watch, const struct live_user *user);

struct live_watch_figures {
    uint64_t groups;
    uint64_t watchers;
    uint64_t changes; /* that came in */
    uint64_t matches; /* calls of `match` */
    uint64_t loads;
    uint64_t frames;
};
void live_watch_figures(const struct live_watch *watch, struct live_watch_figures *ret_figures);

#ifdef __cplusplus
}
#endif

#endif
