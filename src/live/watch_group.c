/* One page to browse, its history, and how it is read. */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "live/watch_internal.h"
#include "rpc/details.h"

enum { REMOVALS_LOOK = 64, REMOVALS_KEPT = 512, FAILED_LOAD_WAITS = 5 /* times the usual wait */ };

struct live_page {
    struct live_task task;
    struct live_group *group;
    uint64_t heard; /* of the group, when it was asked for */
    struct live_row rows[LIVE_PAGE_ROWS];
    size_t count;
    bool truncated;
    struct status status;
};

static int64_t now_of(const struct live_group *group) {
    return live_loop_now_us(group->watch->options.loop);
}

static void on_timer(struct rpc_timer *timer);
static void schedule(struct live_group *group);

/* ---- what is held back ---- */

/* Rows come here about in the order in which they may change: it is found from the end. */
static void link_pending(struct live_group *group, struct live_slot *slot) {
    struct live_slot *before = group->last_pending;
    while (before != NULL && before->free_at_us > slot->free_at_us)
        before = before->sooner;
    slot->pends = true;
    slot->sooner = before;
    slot->later = before != NULL ? before->later : group->first_pending;
    *(slot->sooner ? &slot->sooner->later : &group->first_pending) = slot;
    *(slot->later ? &slot->later->sooner : &group->last_pending) = slot;
}

static void unlink_pending(struct live_group *group, struct live_slot *slot) {
    slot->pends = false;
    *(slot->sooner ? &slot->sooner->later : &group->first_pending) = slot->later;
    *(slot->later ? &slot->later->sooner : &group->last_pending) = slot->sooner;
}

/* ---- the history ---- */

static void unlink_slot(struct live_group *group, struct live_slot *slot) {
    *(slot->older ? &slot->older->newer : &group->oldest) = slot->newer;
    *(slot->newer ? &slot->newer->older : &group->newest) = slot->older;
}

static void append_slot(struct live_group *group, struct live_slot *slot) {
    slot->older = group->newest;
    slot->newer = NULL;
    *(slot->older ? &slot->older->newer : &group->oldest) = slot;
    group->newest = slot;
    slot->number = ++group->number;
}

/* One that nothing refers to any more. */
static void free_slot(struct live_slot *slot) {
    rpc_buffer_unref(&slot->row.entry);
    rpc_buffer_unref(&slot->pending.entry);
    free(slot);
}

static void free_slots(struct live_group *group) {
    struct live_slot *slot = group->oldest;
    HASH_CLEAR(hh, group->slots);
    while (slot != NULL) {
        struct live_slot *newer = slot->newer;
        free_slot(slot);
        slot = newer;
    }
}

static struct live_slot *find_slot(struct live_group *group, const struct uuid *id) {
    struct live_slot *slot = NULL;
    HASH_FIND(hh, group->slots, id, sizeof *id, slot);
    return slot;
}

static struct live_slot *new_slot(struct live_group *group, const struct uuid *id) {
    struct live_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->row.id = *id;
    HASH_ADD(hh, group->slots, row.id, sizeof slot->row.id, slot);
    if (slot->hh.tbl == NULL) {
        free(slot);
        return NULL;
    }
    append_slot(group, slot);
    group->removed++; /* until it gets its row */
    return slot;
}

/* Removals that every watcher knows are forgotten; and the oldest, when there are too many. */
static void forget_removals(struct live_group *group) {
    if (group->removed == 0)
        return;
    uint64_t known = group->number;
    for (struct live_watcher *w = group->watchers; w != NULL; w = w->next_in_group)
        if (w->has_page && w->cursor < known)
            known = w->cursor;
    struct live_slot *next;
    for (struct live_slot *slot = group->oldest; slot != NULL; slot = next) {
        next = slot->newer;
        if (slot->row.entry != NULL || slot->pends)
            continue;
        if (slot->number > known && group->removed <= REMOVALS_KEPT)
            return;
        if (slot->number > known)
            group->forgotten = slot->number;
        group->removed--;
        unlink_slot(group, slot);
        assert(group->slots != NULL); /* the history's slots are those of the table */
        HASH_DEL(group->slots, slot);
        free_slot(slot);
    }
}

static size_t row_bytes(const struct live_row *row) {
    return row->entry != NULL ? rpc_buffer_len(row->entry) : 0;
}

static void wake_all(struct live_group *group) {
    group->wakes = false;
    group->wake_at_us = now_of(group) + group->watch->options.gather_ms * 1000;
    for (struct live_watcher *w = group->watchers; w != NULL; w = w->next_in_group)
        live_watcher_wake(w);
}

/* At once, or with what came shortly before and may come yet. */
static void wake_soon(struct live_group *group) {
    if (now_of(group) >= group->wake_at_us)
        wake_all(group);
    else
        group->wakes = true;
}

static void want_reload(struct live_group *group) {
    group->reload = true;
}

/* ---- changes ---- */

/* Makes the change; one without entry is a removal. */
static void commit(struct live_group *group, struct live_slot *slot, const struct live_row *row) {
    bool was_shown = slot->row.entry != NULL;
    bool is_shown = row->entry != NULL;
    if (is_shown)
        rpc_buffer_ref(row->entry);
    rpc_buffer_unref(&slot->row.entry);
    slot->row.version = row->version;
    slot->row.start_us = row->start_us;
    slot->row.entry = row->entry;
    if (!was_shown && is_shown)
        group->removed--;
    if (was_shown && !is_shown)
        group->removed++;
    unlink_slot(group, slot);
    append_slot(group, slot);
    slot->free_at_us = now_of(group) + group->watch->options.row_interval_ms * 1000;
    wake_soon(group);
}

static void commit_pending(struct live_group *group, struct live_slot *slot) {
    struct live_row row = slot->pending;
    unlink_pending(group, slot);
    slot->pending.entry = NULL;
    if (row.entry != NULL || slot->row.entry != NULL)
        commit(group, slot, &row);
    rpc_buffer_unref(&row.entry);
}

static bool will_show(const struct live_slot *slot) {
    return (slot->pends ? slot->pending.entry : slot->row.entry) != NULL;
}

/* What is on the page will not be. */
static void count_out(struct live_group *group, const struct live_slot *slot) {
    group->showing--;
    group->showing_bytes -= row_bytes(slot->pends ? &slot->pending : &slot->row);
}

static void set(struct live_group *group, struct live_slot *slot, const struct live_row *row) {
    if (will_show(slot))
        count_out(group, slot);
    if (row->entry != NULL) {
        group->showing++;
        group->showing_bytes += row_bytes(row);
        if (group->showing_bytes > LIVE_PAGE_BYTES)
            want_reload(group); /* rows have grown: the page that is read ends sooner */
        if (row->start_us > group->last_start_us)
            group->last_start_us = row->start_us;
    }
    slot->heard = ++group->heard;
    if (now_of(group) >= slot->free_at_us && !slot->pends) {
        commit(group, slot, row);
        return;
    }
    if (row->entry != NULL)
        rpc_buffer_ref(row->entry);
    rpc_buffer_unref(&slot->pending.entry);
    slot->pending = *row;
    if (!slot->pends)
        link_pending(group, slot);
}

static uint64_t version_of(const struct live_slot *slot) {
    return slot->pends ? slot->pending.version : slot->row.version;
}

static void show(struct live_group *group, struct live_slot *slot, const struct live_row *row) {
    bool is_new = slot == NULL || !will_show(slot);
    if (is_new && (group->showing >= LIVE_PAGE_ROWS ||
                   group->showing_bytes + row_bytes(row) > LIVE_PAGE_BYTES)) {
        group->truncated = true;
        if (row->start_us <= group->last_start_us)
            want_reload(group); /* it may start before others of the page */
        return;
    }
    if (group->truncated && !is_new && row->start_us > slot->row.start_us)
        want_reload(group); /* another may come before it now */
    if (slot == NULL)
        slot = new_slot(group, &row->id);
    if (slot == NULL)
        want_reload(group);
    else
        set(group, slot, row);
}

void live_group_change(struct live_group *group, const struct live_row *row, bool matches) {
    if (group->loading)
        want_reload(group); /* the page may have been read before */
    struct live_slot *slot = find_slot(group, &row->id);
    if (!group->loaded || (slot != NULL && row->version <= version_of(slot)))
        return;
    if (matches) {
        show(group, slot, row);
    } else if (slot != NULL && will_show(slot)) {
        struct live_row removal = *row;
        removal.entry = NULL;
        set(group, slot, &removal);
        if (group->truncated)
            want_reload(group);
    }
    if (group->removed > REMOVALS_LOOK)
        forget_removals(group);
    schedule(group);
}

/* ---- reading the page ---- */

bool live_page_add(struct live_page *page, const struct live_row *row) {
    if (page->count == LIVE_PAGE_ROWS)
        return false;
    page->rows[page->count] = *row;
    rpc_buffer_ref(page->rows[page->count++].entry);
    return true;
}

static bool page_has(const struct live_page *page, const struct uuid *id) {
    for (size_t i = 0; i < page->count; i++)
        if (live_uuid_equal(&page->rows[i].id, id))
            return true;
    return false;
}

/* Removes what is not on the page, unless it changed since the page was asked for. A change that is
 * held back came before that, too, if it did not come since. */
static void remove_absent(struct live_group *group, const struct live_page *page) {
    struct live_slot *newer;
    for (struct live_slot *slot = group->oldest; slot != NULL; slot = newer) {
        newer = slot->newer;
        if (!will_show(slot) || slot->heard > page->heard || page_has(page, &slot->row.id))
            continue;
        struct live_row removal = slot->pends ? slot->pending : slot->row;
        removal.entry = NULL;
        if (slot->pends) {
            set(group, slot, &removal);
        } else {
            count_out(group, slot);
            commit(group, slot, &removal);
        }
    }
}

/* Removals leave it where it is, which is not wrong; a page tells it anew. */
static void find_last_start(struct live_group *group) {
    group->last_start_us = INT64_MIN;
    for (const struct live_slot *slot = group->newest; slot != NULL; slot = slot->older) {
        if (slot->row.entry != NULL && slot->row.start_us > group->last_start_us)
            group->last_start_us = slot->row.start_us;
        if (slot->pends && slot->pending.start_us > group->last_start_us)
            group->last_start_us = slot->pending.start_us;
    }
}

static void take_page(struct live_group *group, const struct live_page *page) {
    remove_absent(group, page);
    for (size_t i = 0; i < page->count; i++) {
        const struct live_row *row = &page->rows[i];
        struct live_slot *slot = find_slot(group, &row->id);
        if (slot != NULL && (row->version < version_of(slot) ||
                             (row->version == version_of(slot) && will_show(slot))))
            continue;
        if (slot == NULL)
            slot = new_slot(group, &row->id);
        if (slot != NULL)
            set(group, slot, row);
        else
            want_reload(group);
    }
    group->truncated = page->truncated;
    group->loaded = true;
    find_last_start(group);
}

static void on_page(struct live_task *task) {
    struct live_page *page = (struct live_page *)((char *)task - offsetof(struct live_page, task));
    struct live_group *group = page->group;
    int64_t wait_us = group->watch->options.reload_wait_ms * 1000;
    group->loading = false;
    if (status_is_ok(page->status)) {
        take_page(group, page);
    } else {
        want_reload(group);
        wait_us *= FAILED_LOAD_WAITS;
    }
    group->load_at_us = now_of(group) + wait_us;
    for (size_t i = 0; i < page->count; i++)
        rpc_buffer_unref(&page->rows[i].entry);
    free(page);
    wake_all(group);
    schedule(group);
}

void live_page_done(struct live_page *page, struct status status, bool truncated) {
    page->status = status;
    page->truncated = truncated;
    live_loop_post(page->group->watch->options.loop, &page->task);
}

static void load(struct live_group *group) {
    const struct live_watch_options *options = &group->watch->options;
    struct live_page *page = calloc(1, sizeof *page);
    group->load_at_us = now_of(group) + options->reload_wait_ms * 1000;
    if (page == NULL)
        return;
    page->task.run = on_page;
    page->group = group;
    page->heard = group->heard;
    group->loading = true;
    group->reload = false;
    live_watch_count(group->watch, LIVE_WATCH_LOADS, 1);
    options->load(options->context, group->filter, page);
}

/* ---- time ---- */

static bool is_idle(const struct live_group *group) {
    return group->watchers == NULL && !group->loading;
}

static void sooner(int64_t *due_us, int64_t at_us) {
    if (at_us < *due_us)
        *due_us = at_us;
}

static void schedule(struct live_group *group) {
    int64_t due_us = INT64_MAX;
    if (is_idle(group))
        due_us = group->idle_at_us;
    if (group->watchers != NULL && !group->loading && (group->reload || !group->loaded))
        sooner(&due_us, group->load_at_us);
    if (group->wakes)
        sooner(&due_us, group->wake_at_us);
    if (group->first_pending != NULL)
        sooner(&due_us, group->first_pending->free_at_us);
    if (due_us == INT64_MAX)
        live_loop_disarm(group->watch->options.loop, &group->timer);
    else if (!group->timer.armed || group->timer.due_us != due_us)
        live_loop_arm(group->watch->options.loop, &group->timer, due_us);
}

static void on_timer(struct rpc_timer *timer) {
    struct live_group *group =
        (struct live_group *)((char *)timer - offsetof(struct live_group, timer));
    int64_t now_us = now_of(group);
    if (is_idle(group) && now_us >= group->idle_at_us) {
        live_group_free(group);
        return;
    }
    while (group->first_pending != NULL && now_us >= group->first_pending->free_at_us)
        commit_pending(group, group->first_pending);
    if (group->wakes && now_us >= group->wake_at_us)
        wake_all(group);
    forget_removals(group);
    if (group->watchers != NULL && !group->loading && (group->reload || !group->loaded) &&
        now_us >= group->load_at_us)
        load(group);
    schedule(group);
}

/* ---- life ---- */

/* A group that is only kept for those who come back makes room for one that is wanted now. */
static bool make_room(struct live_watch *watch) {
    if (HASH_COUNT(watch->groups) < watch->options.max_groups)
        return true;
    struct live_group *group;
    struct live_group *next;
    HASH_ITER(hh, watch->groups, group, next) {
        if (is_idle(group)) {
            live_group_free(group);
            return true;
        }
    }
    return false;
}

static struct live_group *new_group(struct live_watch *watch, const struct live_group_key *key,
                                    void **filter) {
    struct live_group *group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->key = *key;
    group->watch = watch;
    group->timer.fire = on_timer;
    HASH_ADD(hh, watch->groups, key, sizeof group->key, group);
    if (group->hh.tbl == NULL) {
        free(group);
        return NULL;
    }
    group->filter = *filter;
    *filter = NULL;
    live_watch_count(watch, LIVE_WATCH_GROUPS, 1);
    return group;
}

struct status live_group_get(struct live_watch *watch, const struct live_group_key *key,
                             void **filter, struct live_group **ret_group) {
    struct live_group *group = NULL;
    HASH_FIND(hh, watch->groups, key, sizeof *key, group);
    if (group == NULL && !make_room(watch))
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED,
                            "too many different filters are watched: retry later");
    if (group == NULL)
        group = new_group(watch, key, filter);
    if (group == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    *ret_group = group;
    return status_ok();
}

void live_group_free(struct live_group *group) {
    struct live_watch *watch = group->watch;
    live_loop_disarm(watch->options.loop, &group->timer);
    free_slots(group);
    rpc_buffer_unref(&group->rows);
    HASH_DEL(watch->groups, group);
    if (watch->options.free_filter != NULL)
        watch->options.free_filter(watch->options.context, group->filter);
    live_watch_count(watch, LIVE_WATCH_GROUPS, (uint64_t)-1);
    free(group);
}

void live_group_join(struct live_group *group, struct live_watcher *watcher) {
    watcher->group = group;
    watcher->previous_in_group = NULL;
    watcher->next_in_group = group->watchers;
    if (watcher->next_in_group != NULL)
        watcher->next_in_group->previous_in_group = watcher;
    group->watchers = watcher;
    if (!group->loaded && !group->loading && now_of(group) >= group->load_at_us)
        load(group);
    schedule(group);
}

void live_group_part(struct live_group *group, struct live_watcher *watcher) {
    *(watcher->previous_in_group ? &watcher->previous_in_group->next_in_group : &group->watchers) =
        watcher->next_in_group;
    if (watcher->next_in_group != NULL)
        watcher->next_in_group->previous_in_group = watcher->previous_in_group;
    watcher->group = NULL;
    if (group->watchers == NULL)
        group->idle_at_us = now_of(group) + group->watch->options.group_idle_ms * 1000;
    schedule(group);
}

/* ---- the page as bytes ---- */

static int by_start(const void *a, const void *b) {
    const struct live_row *first = &(*(struct live_slot *const *)a)->row;
    const struct live_row *second = &(*(struct live_slot *const *)b)->row;
    if (first->start_us != second->start_us)
        return first->start_us < second->start_us ? -1 : 1;
    return memcmp(first->id.bytes, second->id.bytes, sizeof first->id.bytes);
}

bool live_group_has_page(const struct live_group *group) {
    return group->loaded && HASH_COUNT(group->slots) - group->removed <= LIVE_PAGE_ROWS;
}

/* How many of the first fit: all, unless rows grew and the page was not read again since. */
static size_t fit_rows(struct live_slot *const *slots, size_t count, size_t *ret_len) {
    size_t len = 0;
    size_t fit = 0;
    while (fit < count && len + row_bytes(&slots[fit]->row) <= LIVE_PAGE_BYTES)
        len += row_bytes(&slots[fit++]->row);
    *ret_len = len;
    return fit;
}

struct rpc_buffer *live_group_rows(struct live_group *group) {
    if (group->rows != NULL && group->rows_number == group->number)
        return group->rows;
    struct live_slot *slots[LIVE_PAGE_ROWS];
    size_t count = 0;
    size_t len = 0;
    for (struct live_slot *slot = group->newest; slot != NULL; slot = slot->older)
        if (slot->row.entry != NULL && count < LIVE_PAGE_ROWS)
            slots[count++] = slot;
    qsort(slots, count, sizeof slots[0], by_start);
    size_t fit = fit_rows(slots, count, &len);
    group->truncated = group->truncated || fit < count;
    count = fit;
    struct rpc_buffer *rows = rpc_buffer_new(len);
    if (rows == NULL)
        return NULL;
    uint8_t *at = rpc_buffer_bytes(rows);
    for (size_t i = 0; i < count; i++) {
        size_t row_len = rpc_buffer_len(slots[i]->row.entry);
        memcpy(at, rpc_buffer_bytes(slots[i]->row.entry), row_len);
        at += row_len;
    }
    rpc_buffer_unref(&group->rows);
    group->rows = rows;
    group->rows_number = group->number;
    return rows;
}
