#include "live/watch.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "live/watch_internal.h"
#include "live/wire.h"

enum { SEEN_US = 60 * 1000 * 1000, ROW_FIELD = 1 };

struct change {
    struct live_task task;
    struct live_watch *watch;
    char tenant[LIVE_TENANT_BYTES];
    struct live_row row;
    void *subject;
    void (*free_subject)(void *subject);
};

/* The newest version of a row that was seen: changes may overtake each other on their way here. */
struct live_seen {
    struct uuid id;
    uint64_t version;
    int64_t at_us;
    UT_hash_handle hh; /* also keeps the order of insertion */
};

void live_watch_options_init(struct live_watch_options *options) {
    *options = (struct live_watch_options){
        .row_interval_ms = 1000,
        .gather_ms = 200,
        .progress_ms = 30000,
        .reload_wait_ms = 1000,
        .group_idle_ms = 10000,
        .max_groups = 512,
        .slow_after_ms = 60000,
        .leave_ms = 500,
    };
}

struct live_watch *live_watch_new(const struct live_watch_options *options) {
    struct live_watch *watch = calloc(1, sizeof *watch);
    if (watch != NULL)
        watch->options = *options;
    return watch;
}

static void forget_seen(struct live_watch *watch, int64_t before_us) {
    while (watch->seen != NULL && watch->seen->at_us < before_us) {
        struct live_seen *oldest = watch->seen;
        assert(oldest->hh.prev == NULL); /* so the next becomes the first */
        HASH_DEL(watch->seen, oldest);
        free(oldest);
    }
}

void live_watch_free(struct live_watch **watch_address) {
    struct live_watch *watch = *watch_address;
    if (watch == NULL)
        return;
    live_loop_drain_all(watch->options.loop);
    struct live_group *group;
    struct live_group *next;
    HASH_ITER(hh, watch->groups, group, next)
    live_group_free(group);
    forget_seen(watch, INT64_MAX);
    free(watch);
    *watch_address = NULL;
}

struct rpc_buffer *live_row_entry_new(const void *conversation, size_t len_bytes) {
    struct live_wire head;
    live_wire_init(&head);
    live_wire_head(&head, ROW_FIELD, len_bytes);
    struct rpc_buffer *entry = rpc_buffer_new(head.len + len_bytes);
    if (entry == NULL)
        return NULL;
    memcpy(rpc_buffer_bytes(entry), head.bytes, head.len);
    memcpy(rpc_buffer_bytes(entry) + head.len, conversation, len_bytes);
    return entry;
}

/* ---- changes ---- */

/* False for one that a newer change has overtaken. */
static bool is_news(struct live_watch *watch, const struct live_row *row) {
    int64_t now_us = live_loop_now_us(watch->options.loop);
    forget_seen(watch, now_us - SEEN_US);
    struct live_seen *seen = NULL;
    HASH_FIND(hh, watch->seen, &row->id, sizeof row->id, seen);
    if (seen != NULL && row->version <= seen->version)
        return false;
    if (seen != NULL)
        HASH_DEL(watch->seen, seen); /* to the end */
    else
        seen = calloc(1, sizeof *seen);
    if (seen == NULL)
        return true;
    seen->id = row->id;
    seen->version = row->version;
    seen->at_us = now_us;
    HASH_ADD(hh, watch->seen, id, sizeof seen->id, seen);
    if (seen->hh.tbl == NULL)
        free(seen);
    return true;
}

static void spread(struct live_watch *watch, const struct change *change) {
    const struct live_watch_options *options = &watch->options;
    struct live_group *group;
    struct live_group *next;
    HASH_ITER(hh, watch->groups, group, next) {
        if (strcmp(group->key.tenant, change->tenant) != 0)
            continue;
        bool matches = false;
        if (change->subject != NULL) {
            matches = options->match(options->context, group->filter, change->subject);
            live_watch_count(watch, LIVE_WATCH_MATCHES, 1);
        }
        live_group_change(group, &change->row, matches);
    }
}

static void on_change(struct live_task *task) {
    struct change *change = (struct change *)((char *)task - offsetof(struct change, task));
    live_watch_count(change->watch, LIVE_WATCH_CHANGES, 1);
    if (is_news(change->watch, &change->row))
        spread(change->watch, change);
    if (change->subject != NULL && change->free_subject != NULL)
        change->free_subject(change->subject);
    rpc_buffer_unref(&change->row.entry);
    free(change);
}

void live_watch_change(struct live_watch *watch, const char *tenant, const struct live_row *row,
                       void *subject, void (*free_subject)(void *subject)) {
    struct change *change = calloc(1, sizeof *change);
    if (change == NULL) {
        if (subject != NULL && free_subject != NULL)
            free_subject(subject);
        return;
    }
    change->task.run = on_change;
    change->watch = watch;
    memcpy(change->tenant, tenant, strnlen(tenant, LIVE_TENANT_BYTES - 1));
    change->row = *row;
    if (row->entry != NULL)
        rpc_buffer_ref(row->entry);
    change->subject = subject;
    change->free_subject = free_subject;
    live_loop_post(watch->options.loop, &change->task);
}

/* ---- suspension ---- */

struct suspension {
    struct live_task task;
    struct live_watch *watch;
    struct live_user user;
};

static void on_suspension(struct live_task *task) {
    struct suspension *suspension =
        (struct suspension *)((char *)task - offsetof(struct suspension, task));
    for (struct live_watcher *w = suspension->watch->watchers; w != NULL; w = w->next)
        if (live_user_equal(&w->user, &suspension->user))
            live_watcher_leave(w, LIVE_GOODBYE_SUSPENDED);
    free(suspension);
}

void live_watch_suspend_user(struct live_watch *watch, const struct live_user *user) {
    struct suspension *suspension = calloc(1, sizeof *suspension);
    if (suspension == NULL)
        return;
    suspension->task.run = on_suspension;
    suspension->watch = watch;
    suspension->user = *user;
    live_loop_post(watch->options.loop, &suspension->task);
}

void live_watch_figures(const struct live_watch *watch, struct live_watch_figures *ret_figures) {
    uint64_t now[LIVE_WATCH_FIGURES];
    for (size_t i = 0; i < LIVE_WATCH_FIGURES; i++)
        now[i] = atomic_load_explicit(&watch->figures[i], memory_order_relaxed);
    *ret_figures = (struct live_watch_figures){
        .groups = now[LIVE_WATCH_GROUPS],
        .watchers = now[LIVE_WATCH_WATCHERS],
        .changes = now[LIVE_WATCH_CHANGES],
        .matches = now[LIVE_WATCH_MATCHES],
        .loads = now[LIVE_WATCH_LOADS],
        .frames = now[LIVE_WATCH_FRAMES],
    };
}
