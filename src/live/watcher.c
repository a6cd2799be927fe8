/* One stream of WatchConversations: a number in the history of its group. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "domain/reason.h"
#include "live/watch_internal.h"
#include "live/wire.h"

/* Fields of WatchConversationsResponse and its messages. */
enum {
    RESPONSE_SNAPSHOT = 1,
    RESPONSE_CHANGES = 2,
    RESPONSE_PROGRESS = 3,
    RESPONSE_GOODBYE = 4,
    SNAPSHOT_TRUNCATED = 2,
    SNAPSHOT_TIME = 3,
    CHANGES_REMOVED = 2,
    PROGRESS_TIME = 1,
};

static int64_t now_of(const struct live_watcher *watcher) {
    return live_loop_now_us(watcher->watch->options.loop);
}

static void watch_write(struct live_watcher *watcher);

static int64_t wall_of(const struct live_watcher *watcher) {
    return clock_wall_us(live_loop_clock(watcher->watch->options.loop));
}

/* ---- the streams of a user ---- */

static struct live_watch_user *user_of(struct live_watch *watch, const struct live_user *user) {
    struct live_watch_user *found = NULL;
    HASH_FIND(hh, watch->users, user, sizeof *user, found);
    if (found != NULL)
        return found;
    found = calloc(1, sizeof *found);
    if (found == NULL)
        return NULL;
    found->user = *user;
    HASH_ADD(hh, watch->users, user, sizeof found->user, found);
    if (found->hh.tbl != NULL)
        return found;
    free(found);
    return NULL;
}

static struct status take_place(struct live_watcher *watcher) {
    if (watcher->max_streams <= 0 || watcher->place != NULL)
        return status_ok();
    struct live_watch_user *user = user_of(watcher->watch, &watcher->user);
    if (user == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    if (user->streams >= (size_t)watcher->max_streams)
        return status_error(STATUS_RESOURCE_EXHAUSTED, DOMAIN_REASON_DEVICE_LIMIT,
                            "too many devices of this user are connected");
    user->streams++;
    watcher->place = user;
    return status_ok();
}

static void give_place_back(struct live_watcher *watcher) {
    struct live_watch_user *user = watcher->place;
    watcher->place = NULL;
    if (user == NULL || --user->streams > 0)
        return;
    HASH_DEL(watcher->watch->users, user);
    free(user);
}

/* ---- life ---- */

static void register_watcher(struct live_task *task) {
    struct live_watcher *watcher =
        (struct live_watcher *)((char *)task - offsetof(struct live_watcher, task));
    watcher->registered = true;
    watcher->next = watcher->watch->watchers;
    if (watcher->next != NULL)
        watcher->next->previous = watcher;
    watcher->watch->watchers = watcher;
}

static void free_filter(struct live_watch *watch, void *filter) {
    if (filter != NULL && watch->options.free_filter != NULL)
        watch->options.free_filter(watch->options.context, filter);
}

static void end_watcher(struct live_task *task) {
    struct live_watcher *watcher =
        (struct live_watcher *)((char *)task - offsetof(struct live_watcher, end_task));
    struct live_watch *watch = watcher->watch;
    live_loop_disarm(watch->options.loop, &watcher->timer);
    give_place_back(watcher);
    if (watcher->group != NULL)
        live_group_part(watcher->group, watcher);
    *(watcher->previous ? &watcher->previous->next : &watch->watchers) = watcher->next;
    if (watcher->next != NULL)
        watcher->next->previous = watcher->previous;
    free_filter(watch, watcher->filter);
    live_watch_count(watch, LIVE_WATCH_WATCHERS, (uint64_t)-1);
    free(watcher);
}

static void on_timer(struct rpc_timer *timer) {
    struct live_watcher *watcher =
        (struct live_watcher *)((char *)timer - offsetof(struct live_watcher, timer));
    watch_write(watcher);
    live_watcher_wake(watcher);
}

struct status live_watcher_new(struct live_watch *watch, const struct live_watcher_options *options,
                               struct live_watcher **ret_watcher) {
    struct live_watcher *watcher = NULL;
    size_t tenant_len = strlen(options->tenant);
    size_t key_len = strlen(options->filter_key);
    if (tenant_len < LIVE_TENANT_BYTES && key_len < LIVE_FILTER_KEY_BYTES)
        watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL) {
        free_filter(watch, options->filter);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON,
                            "the filter is too large, or out of memory");
    }
    memcpy(watcher->key.tenant, options->tenant, tenant_len);
    memcpy(watcher->key.filter, options->filter_key, key_len);
    watcher->watch = watch;
    watcher->filter = options->filter;
    watcher->user = options->user;
    watcher->goodbye_retry_ms = options->goodbye_retry_ms;
    watcher->max_streams = options->max_streams;
    watcher->task.run = register_watcher;
    watcher->end_task.run = end_watcher;
    watcher->timer.fire = on_timer;
    live_watch_count(watch, LIVE_WATCH_WATCHERS, 1);
    live_loop_post(watch->options.loop, &watcher->task);
    *ret_watcher = watcher;
    return status_ok();
}

int32_t live_watcher_max_streams(const struct live_watcher *watcher) {
    return watcher->max_streams;
}

int32_t live_watcher_retry_ms(const struct live_watcher *watcher) {
    return watcher->goodbye_retry_ms;
}

void live_watcher_start(struct live_watcher *watcher, const struct live_outlet *outlet) {
    watcher->outlet = *outlet;
    watcher->started = true;
}

void live_watcher_free(struct live_watcher **watcher_address) {
    struct live_watcher *watcher = *watcher_address;
    if (watcher == NULL)
        return;
    *watcher_address = NULL;
    watcher->idle = false; /* nobody is to be woken any more, or cut off */
    if (watcher->started)
        watcher->write.begun_at_us = 0;
    live_loop_post(watcher->watch->options.loop, &watcher->end_task);
}

void live_watcher_wake(struct live_watcher *watcher) {
    if (!watcher->idle)
        return;
    watcher->idle = false;
    watcher->outlet.ready(watcher->outlet.context);
}

void live_watcher_leave(struct live_watcher *watcher, enum live_goodbye reason) {
    if (watcher->leaving != 0)
        return;
    watcher->leaving = reason;
    watcher->write.left_at_us = now_of(watcher);
    give_place_back(watcher);
    watch_write(watcher);
    live_watcher_wake(watcher);
}

/* ---- frames ---- */

/* Puts `field` { body, tail }, with the message's other bytes between them as parts. */
static bool put_head(struct live_frame *frame, uint32_t field, size_t len_bytes) {
    struct live_wire wire;
    live_wire_init(&wire);
    live_wire_head(&wire, field, len_bytes);
    return live_frame_give(frame, rpc_buffer_new_copy(wire.bytes, wire.len));
}

static bool put_tail(struct live_frame *frame, const struct live_wire *tail) {
    return !tail->failed && live_frame_give(frame, rpc_buffer_new_copy(tail->bytes, tail->len));
}

static bool tell_page(struct live_watcher *watcher, struct live_frame *frame) {
    struct live_group *group = watcher->group;
    struct rpc_buffer *rows = live_group_rows(group);
    if (rows == NULL)
        return false;
    struct live_wire tail;
    live_wire_init(&tail);
    live_wire_uint(&tail, SNAPSHOT_TRUNCATED, group->truncated);
    live_wire_time(&tail, SNAPSHOT_TIME, wall_of(watcher));
    watcher->has_page = true;
    watcher->cursor = group->number;
    return put_head(frame, RESPONSE_SNAPSHOT, rpc_buffer_len(rows) + tail.len) &&
           live_frame_share(frame, rows) && put_tail(frame, &tail);
}

/* The oldest change that the watcher does not know. */
static struct live_slot *first_change(const struct live_watcher *watcher) {
    struct live_slot *slot = watcher->group->newest;
    if (slot == NULL || slot->number <= watcher->cursor)
        return NULL;
    while (slot->older != NULL && slot->older->number > watcher->cursor)
        slot = slot->older;
    return slot;
}

static bool tell_changes(struct live_watcher *watcher, struct live_frame *frame,
                         struct live_slot *slot) {
    struct rpc_buffer *entries[LIVE_BATCH_EVENTS];
    size_t count = 0;
    size_t len = 0;
    struct live_wire removed;
    live_wire_init(&removed);
    for (; slot != NULL && count < LIVE_BATCH_EVENTS; slot = slot->newer) {
        size_t row_len = slot->row.entry ? rpc_buffer_len(slot->row.entry) : 0;
        if ((len > 0 && len + row_len > LIVE_BATCH_BYTES) ||
            removed.len + (size_t)2 * UUID_TEXT_BYTES > LIVE_WIRE_BYTES)
            break;
        if (slot->row.entry != NULL) {
            entries[count++] = slot->row.entry;
        } else {
            char id[UUID_TEXT_BYTES];
            uuid_format(&slot->row.id, id);
            live_wire_text(&removed, CHANGES_REMOVED, id);
        }
        len += row_len;
        watcher->cursor = slot->number;
    }
    bool made = put_head(frame, RESPONSE_CHANGES, len + removed.len);
    for (size_t i = 0; made && i < count; i++)
        made = live_frame_share(frame, entries[i]);
    return made && (removed.len == 0 || put_tail(frame, &removed));
}

static bool tell_progress(struct live_watcher *watcher, struct live_frame *frame) {
    struct live_wire body;
    live_wire_init(&body);
    live_wire_time(&body, PROGRESS_TIME, wall_of(watcher));
    return put_head(frame, RESPONSE_PROGRESS, body.len) && put_tail(frame, &body);
}

static bool tell_goodbye(struct live_watcher *watcher, struct live_frame *frame) {
    enum live_goodbye reason = watcher->leaving;
    bool waits = reason == LIVE_GOODBYE_DRAIN || reason == LIVE_GOODBYE_MAX_AGE ||
                 reason == LIVE_GOODBYE_SLOW;
    watcher->goodbye_told = true;
    return live_frame_goodbye(frame, RESPONSE_GOODBYE,
                              &(struct live_goodbye_message){
                                  .reason = reason,
                                  .reconnect = waits || reason == LIVE_GOODBYE_TOKEN_EXPIRED,
                                  .retry_after_ms = waits ? watcher->goodbye_retry_ms : 0,
                              });
}

static struct status status_of(enum live_goodbye reason) {
    switch (reason) {
    case LIVE_GOODBYE_TOKEN_EXPIRED:
        return status_error(STATUS_UNAUTHENTICATED, DOMAIN_REASON_TOKEN_EXPIRED,
                            "the token has expired");
    case LIVE_GOODBYE_SLOW:
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON,
                            "the reader does not keep up");
    case LIVE_GOODBYE_SUSPENDED:
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                            "the user is suspended");
    default:
        return status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "watch again");
    }
}

static enum live_stall check_write(const struct live_watcher *watcher, int64_t *ret_due_us) {
    const struct live_watch_options *options = &watcher->watch->options;
    return live_write_check(&watcher->write, watcher->leaving, now_of(watcher),
                            options->slow_after_ms, options->leave_ms, ret_due_us);
}

/* Beside the write, which may never end. A timer that is due earlier looks again. */
static void watch_write(struct live_watcher *watcher) {
    int64_t due_us;
    switch (check_write(watcher, &due_us)) {
    case LIVE_STALL_SLOW:
        live_watcher_leave(watcher, LIVE_GOODBYE_SLOW);
        break;
    case LIVE_STALL_CUT:
        watcher->write.cut = true;
        watcher->outlet.cut(watcher->outlet.context, status_of(watcher->leaving));
        break;
    case LIVE_STALL_NONE:
        if (due_us != INT64_MAX && !(watcher->timer.armed && watcher->timer.due_us <= due_us))
            live_loop_arm(watcher->watch->options.loop, &watcher->timer, due_us);
    }
}

/* The write is done. */
static void note_slowness(struct live_watcher *watcher) {
    int64_t due_us;
    enum live_stall stall = check_write(watcher, &due_us);
    watcher->write.begun_at_us = 0;
    if (stall == LIVE_STALL_SLOW)
        live_watcher_leave(watcher, LIVE_GOODBYE_SLOW);
}

/* Takes a place among the streams of its user, and in its group. */
static struct status attach(struct live_watcher *watcher) {
    if (watcher->group != NULL || watcher->leaving != 0)
        return status_ok();
    TRY(take_place(watcher));
    struct live_group *group = NULL;
    TRY(live_group_get(watcher->watch, &watcher->key, &watcher->filter, &group));
    live_group_join(group, watcher);
    return status_ok();
}

/* False when out of memory; *ret_made when the frame holds a message. */
static bool make_frame(struct live_watcher *watcher, struct live_frame *frame, bool *ret_made) {
    *ret_made = true;
    if (watcher->leaving != 0)
        return tell_goodbye(watcher, frame);
    if (!watcher->has_page && live_group_has_page(watcher->group))
        return tell_page(watcher, frame);
    struct live_slot *change = watcher->has_page ? first_change(watcher) : NULL;
    if (change != NULL)
        return tell_changes(watcher, frame, change);
    if (watcher->has_page && now_of(watcher) >= watcher->progress_at_us)
        return tell_progress(watcher, frame);
    *ret_made = false;
    return true;
}

static enum live_next rest(struct live_watcher *watcher) {
    watcher->idle = true;
    if (watcher->has_page)
        live_loop_arm(watcher->watch->options.loop, &watcher->timer, watcher->progress_at_us);
    return LIVE_PENDING;
}

enum live_next live_watcher_next(struct live_watcher *watcher, struct live_frame *frame,
                                 struct status *ret_status) {
    watcher->idle = false;
    live_loop_drain(watcher->watch->options.loop);
    note_slowness(watcher);
    if (watcher->goodbye_told) {
        *ret_status = status_of(watcher->leaving);
        return LIVE_END;
    }
    struct status attached = attach(watcher);
    if (!status_is_ok(attached)) {
        *ret_status = attached;
        return LIVE_END;
    }
    if (watcher->has_page && watcher->cursor < watcher->group->forgotten)
        live_watcher_leave(watcher, LIVE_GOODBYE_SLOW);
    bool made = false;
    if (!make_frame(watcher, frame, &made)) {
        live_frame_done(frame);
        *ret_status = status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
        return LIVE_END;
    }
    if (!made)
        return rest(watcher);
    watcher->write.begun_at_us = now_of(watcher);
    watcher->progress_at_us =
        watcher->write.begun_at_us + watcher->watch->options.progress_ms * 1000;
    watch_write(watcher);
    live_watch_count(watcher->watch, LIVE_WATCH_FRAMES, 1);
    return LIVE_READY;
}
