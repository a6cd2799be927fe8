/* The way in: what other threads post, and who is known. */
#include "live/hub.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "live/hub_internal.h"

/* ---- life ---- */

void live_hub_options_init(struct live_hub_options *options) {
    *options = (struct live_hub_options){
        .bus = live_bus_local(),
        .ring_entries = 1024,
        .ring_bytes = (size_t)1024 * 1024,
        .page_entries = 128,
        .pages_per_topic = 4,
        .max_behind = 5000,
        .hole_wait_ms = 20,
        .look_every_ms = 10000,
        .topic_idle_ms = 30000,
        .slow_after_ms = 60000,
        .leave_ms = 500,
    };
}

struct live_hub *live_hub_new(const struct live_hub_options *options) {
    struct live_hub *hub = calloc(1, sizeof *hub);
    if (hub != NULL)
        hub->options = *options;
    return hub;
}

void live_hub_free(struct live_hub **hub_address) {
    struct live_hub *hub = *hub_address;
    if (hub == NULL)
        return;
    live_loop_drain_all(hub->options.loop); /* a task may ask for a read, which then fails */
    struct live_topic *topic;
    struct live_topic *next_topic;
    HASH_ITER(hh, hub->topics, topic, next_topic)
    live_topic_free(topic);
    struct live_hub_user *user = hub->users;
    HASH_CLEAR(hh, hub->users); /* the table; its members are still in their order */
    while (user != NULL) {
        struct live_hub_user *next_user = user->hh.next;
        free(user);
        user = next_user;
    }
    free(hub);
    *hub_address = NULL;
}

/* ---- users ---- */

struct live_hub_user *live_hub_find_user(struct live_hub *hub, const struct live_user *user) {
    struct live_hub_user *found = NULL;
    HASH_FIND(hh, hub->users, user, sizeof *user, found);
    return found;
}

struct live_hub_user *live_hub_get_user(struct live_hub *hub, const struct live_user *user) {
    struct live_hub_user *found = live_hub_find_user(hub, user);
    if (found != NULL)
        return found;
    found = calloc(1, sizeof *found);
    if (found == NULL)
        return NULL;
    found->user = *user;
    HASH_ADD(hh, hub->users, user, sizeof found->user, found);
    if (found->hh.tbl != NULL)
        return found;
    free(found);
    return NULL;
}

void live_hub_put_user(struct live_hub *hub, struct live_hub_user *user) {
    if (user->first != NULL)
        return;
    HASH_DEL(hub->users, user);
    free(user);
}

/* ---- what is posted ---- */

enum letter_kind {
    LETTER_EVENTS,
    LETTER_SIGNAL,
    LETTER_CLOSE,
    LETTER_REMOVE,
    LETTER_SUSPEND,
    LETTER_HEAR,
    LETTER_OUTDATE,
    LETTER_DOUBT,
};

struct letter {
    struct live_task task;
    struct live_hub *hub;
    enum letter_kind kind;
    struct live_key key;
    struct live_user user;
    enum live_closed reason;
    uint64_t epoch;
    uint64_t head;
    uint64_t rewritten;
    char device_id[LIVE_DEVICE_BYTES]; /* HEAR: replaced by another node's; else "" */
    struct live_signal signal;
    size_t count;
    struct live_event events[]; /* references to their entries */
};

static void remove_user(struct letter *letter) {
    struct live_hub_user *user = live_hub_find_user(letter->hub, &letter->user);
    for (struct live_subscriber *s = user ? user->first : NULL; s != NULL; s = s->next)
        for (size_t i = 0; i < s->topic_count; i++)
            if (live_key_equal(&s->topics[i].wanted.key, &letter->key))
                live_follow_close(&s->topics[i], letter->reason);
}

static void leave_all(struct letter *letter, enum live_goodbye reason) {
    struct live_hub_user *user = live_hub_find_user(letter->hub, &letter->user);
    for (struct live_subscriber *s = user ? user->first : NULL; s != NULL; s = s->next)
        if (letter->device_id[0] == '\0' || strcmp(s->device_id, letter->device_id) == 0)
            live_subscriber_leave(s, reason);
}

static void open_letter_of_topic(struct letter *letter) {
    struct live_topic *topic = live_topic_find(letter->hub, &letter->key);
    if (topic == NULL)
        return;
    switch (letter->kind) {
    case LETTER_EVENTS:
        for (size_t i = 0; i < letter->count; i++)
            live_topic_publish(topic, letter->epoch, &letter->events[i]);
        break;
    case LETTER_SIGNAL:
        live_topic_signal(topic, &letter->signal);
        break;
    case LETTER_CLOSE:
        live_topic_close(topic, letter->reason);
        break;
    case LETTER_HEAR:
        if (letter->rewritten > 0)
            live_topic_forget(topic, letter->rewritten);
        live_topic_hear(topic, letter->epoch, letter->head);
        break;
    case LETTER_OUTDATE:
        live_topic_outdate(topic, letter->epoch, letter->rewritten);
        break;
    case LETTER_DOUBT:
        live_topic_doubt(topic);
        break;
    default:
        break;
    }
}

static void open_letter(struct live_task *task) {
    struct letter *letter = (struct letter *)((char *)task - offsetof(struct letter, task));
    if (letter->kind == LETTER_REMOVE)
        remove_user(letter);
    else if (letter->kind == LETTER_SUSPEND)
        leave_all(letter, LIVE_GOODBYE_SUSPENDED);
    else if (letter->kind == LETTER_HEAR && letter->device_id[0] != '\0')
        leave_all(letter, LIVE_GOODBYE_REPLACED);
    else
        open_letter_of_topic(letter);
    live_hub_count(letter->hub, LIVE_FIGURE_PUBLISHED, letter->count);
    for (size_t i = 0; i < letter->count; i++)
        rpc_buffer_unref(&letter->events[i].entry);
    rpc_buffer_unref(&letter->signal.bytes);
    free(letter);
}

/* NULL when out of memory: the hub then distrusts what it holds. */
static struct letter *letter_new(struct live_hub *hub, enum letter_kind kind,
                                 const struct live_key *key, size_t count) {
    struct letter *letter = NULL;
    if (count <= (SIZE_MAX - sizeof *letter) / sizeof letter->events[0])
        letter = calloc(1, sizeof *letter + count * sizeof letter->events[0]);
    if (letter == NULL) {
        atomic_store_explicit(&hub->lost, true, memory_order_release);
        return NULL;
    }
    letter->task.run = open_letter;
    letter->hub = hub;
    letter->kind = kind;
    letter->count = count;
    if (key != NULL)
        letter->key = *key;
    return letter;
}

static void post(struct letter *letter) {
    live_loop_post(letter->hub->options.loop, &letter->task);
}

/* Forgetting makes every topic read again what it needs, removals and suspensions apart: those are
 * found when the client comes back, and by the service's own look at open streams. */
void live_hub_settle(struct live_hub *hub) {
    live_loop_drain(hub->options.loop);
    if (!atomic_load_explicit(&hub->lost, memory_order_acquire))
        return;
    atomic_store_explicit(&hub->lost, false, memory_order_relaxed);
    struct live_topic *topic;
    struct live_topic *next;
    HASH_ITER(hh, hub->topics, topic, next) {
        live_topic_forget(topic, topic->ring.known_head);
        topic->look_at_us = 0;
    }
}

/* ---- any thread ---- */

static void tell(struct live_hub *hub, const struct live_notice *notice) {
    hub->options.bus->tell(hub->options.bus->context, notice);
}

static void tell_events(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                        const struct live_event *events, size_t count) {
    struct live_notice notice = {.kind = LIVE_NOTICE_EVENTS, .key = *key, .epoch = epoch};
    for (size_t i = 0; i < count; i++) {
        if (events[i].version > events[i].sequence) {
            struct live_notice rewrite = notice;
            rewrite.kind = LIVE_NOTICE_REWRITE;
            rewrite.sequence = events[i].sequence;
            rewrite.head = events[i].version;
            tell(hub, &rewrite);
        }
        if (events[i].sequence > notice.head)
            notice.head = events[i].sequence;
    }
    tell(hub, &notice);
}

void live_hub_publish(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                      const struct live_event *events, size_t count) {
    struct letter *letter = letter_new(hub, LETTER_EVENTS, key, count);
    if (letter != NULL) {
        letter->epoch = epoch;
        for (size_t i = 0; i < count; i++) {
            letter->events[i] = events[i];
            rpc_buffer_ref(events[i].entry);
        }
        post(letter);
    }
    tell_events(hub, key, epoch, events, count);
}

static struct live_notice rewrite_notice(const struct live_key *key, uint64_t epoch,
                                         uint64_t version) {
    return (struct live_notice){.kind = LIVE_NOTICE_REWRITE,
                                .key = *key,
                                .epoch = epoch,
                                .sequence = version,
                                .head = version};
}

void live_hub_forget(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                     uint64_t through) {
    struct live_notice notice = rewrite_notice(key, epoch, through);
    live_hub_hear(hub, &notice);
    tell(hub, &notice);
}

void live_hub_outdate(struct live_hub *hub, const struct live_key *key, uint64_t epoch,
                      uint64_t version) {
    struct live_notice notice = rewrite_notice(key, epoch, version);
    struct letter *letter = letter_new(hub, LETTER_OUTDATE, key, 0);
    if (letter != NULL) {
        letter->epoch = epoch;
        letter->rewritten = version;
        post(letter);
    }
    tell(hub, &notice);
}

void live_hub_doubt(struct live_hub *hub, const struct live_key *key) {
    struct letter *letter = letter_new(hub, LETTER_DOUBT, key, 0);
    if (letter != NULL)
        post(letter);
}

void live_hub_signal(struct live_hub *hub, const struct live_key *key,
                     const struct live_signal *signal) {
    struct letter *letter = letter_new(hub, LETTER_SIGNAL, key, 0);
    if (letter == NULL)
        return;
    letter->signal = *signal;
    rpc_buffer_ref(signal->bytes);
    post(letter);
}

void live_hub_close_topic(struct live_hub *hub, const struct live_key *key,
                          enum live_closed reason) {
    struct letter *letter = letter_new(hub, LETTER_CLOSE, key, 0);
    if (letter == NULL)
        return;
    letter->reason = reason;
    post(letter);
}

static void post_removal(struct live_hub *hub, const struct live_key *key,
                         const struct live_user *user, enum live_closed reason) {
    struct letter *letter = letter_new(hub, LETTER_REMOVE, key, 0);
    if (letter == NULL)
        return;
    letter->user = *user;
    letter->reason = reason;
    post(letter);
}

void live_hub_remove_user(struct live_hub *hub, const struct live_key *key, const struct uuid *user,
                          enum live_closed reason) {
    struct live_notice notice = {.kind = LIVE_NOTICE_REMOVED, .key = *key, .reason = reason};
    live_user_make(key->tenant, user, &notice.user);
    post_removal(hub, key, &notice.user, reason);
    tell(hub, &notice);
}

static void post_suspension(struct live_hub *hub, const struct live_user *user) {
    struct letter *letter = letter_new(hub, LETTER_SUSPEND, NULL, 0);
    if (letter == NULL)
        return;
    letter->user = *user;
    post(letter);
}

void live_hub_suspend_user(struct live_hub *hub, const struct live_user *user) {
    struct live_notice notice = {.kind = LIVE_NOTICE_SUSPENDED, .user = *user};
    post_suspension(hub, user);
    tell(hub, &notice);
}

void live_hub_hear(struct live_hub *hub, const struct live_notice *notice) {
    if (notice->kind == LIVE_NOTICE_REMOVED) {
        post_removal(hub, &notice->key, &notice->user, notice->reason);
        return;
    }
    if (notice->kind == LIVE_NOTICE_SUSPENDED) {
        post_suspension(hub, &notice->user);
        return;
    }
    struct letter *letter = letter_new(hub, LETTER_HEAR, &notice->key, 0);
    if (letter == NULL)
        return;
    letter->user = notice->user;
    letter->epoch = notice->epoch;
    letter->head = notice->head;
    if (notice->kind == LIVE_NOTICE_REWRITE)
        letter->rewritten = notice->head;
    if (notice->kind == LIVE_NOTICE_REPLACED && notice->text != NULL) {
        size_t len = strnlen(notice->text, LIVE_DEVICE_BYTES - 1);
        memcpy(letter->device_id, notice->text, len);
    }
    post(letter);
}

void live_hub_figures(const struct live_hub *hub, struct live_hub_figures *ret_figures) {
    uint64_t now[LIVE_FIGURES];
    for (size_t i = 0; i < LIVE_FIGURES; i++)
        now[i] = atomic_load_explicit(&hub->figures[i], memory_order_relaxed);
    *ret_figures = (struct live_hub_figures){
        .topics = now[LIVE_FIGURE_TOPICS],
        .subscribers = now[LIVE_FIGURE_SUBSCRIBERS],
        .published = now[LIVE_FIGURE_PUBLISHED],
        .delivered = now[LIVE_FIGURE_DELIVERED],
        .batches = now[LIVE_FIGURE_BATCHES],
        .snapshots = now[LIVE_FIGURE_SNAPSHOTS],
        .signals = now[LIVE_FIGURE_SIGNALS],
        .log_reads = now[LIVE_FIGURE_LOG_READS],
        .log_failures = now[LIVE_FIGURE_LOG_FAILURES],
        .holes = now[LIVE_FIGURE_HOLES],
        .replaced = now[LIVE_FIGURE_REPLACED],
        .slow = now[LIVE_FIGURE_SLOW],
    };
}
