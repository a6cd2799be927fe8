/* One topic: its ring, the pages of its log that are needed, its signals, and who follows it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "live/hub_internal.h"

enum {
    RETRY_FIRST_US = 50 * 1000,
    RETRY_MOST_US = 2 * 1000 * 1000,
    PAGE_WAITS_US = 1000 * 1000, /* a page waits so long for those who asked for it */
    PAGES_STRETCH = 4,           /* times the usual number of pages, while they wait */
};

static int64_t now_of(const struct live_topic *topic) {
    return live_loop_now_us(topic->hub->options.loop);
}

static void on_timer(struct rpc_timer *timer);

/* ---- life ---- */

struct live_topic *live_topic_find(struct live_hub *hub, const struct live_key *key) {
    struct live_topic *topic = NULL;
    HASH_FIND(hh, hub->topics, key, sizeof *key, topic);
    return topic;
}

struct live_topic *live_topic_get(struct live_hub *hub, const struct live_key *key) {
    struct live_topic *topic = live_topic_find(hub, key);
    if (topic != NULL)
        return topic;
    topic = calloc(1, sizeof *topic);
    if (topic == NULL)
        return NULL;
    topic->key = *key;
    topic->hub = hub;
    HASH_ADD(hh, hub->topics, key, sizeof topic->key, topic);
    if (topic->hh.tbl == NULL) {
        free(topic);
        return NULL;
    }
    live_ring_init(&topic->ring, hub->options.ring_entries, hub->options.ring_bytes);
    topic->timer.fire = on_timer;
    topic->retry_wait_us = RETRY_FIRST_US;
    live_hub_count(hub, LIVE_FIGURE_TOPICS, 1);
    return topic;
}

static void drop_pages(struct live_topic *topic) {
    while (topic->pages != NULL) {
        struct live_read *page = topic->pages;
        topic->pages = page->next;
        topic->page_count--;
        live_read_free(page);
    }
}

void live_topic_free(struct live_topic *topic) {
    struct live_hub *hub = topic->hub;
    live_loop_disarm(hub->options.loop, &topic->timer);
    HASH_DEL(hub->topics, topic);
    drop_pages(topic);
    live_topic_drop_rewrites(topic);
    free(topic->rewrites);
    live_topic_drop_signals(topic);
    live_ring_done(&topic->ring);
    live_hub_count(hub, LIVE_FIGURE_TOPICS, (uint64_t)-1);
    free(topic);
}

/* ---- waking ---- */

void live_topic_wake(struct live_topic *topic) {
    for (struct live_follow *follow = topic->followers; follow != NULL; follow = follow->next)
        live_subscriber_wake(follow->subscriber);
}

static void wake_waiting(struct live_topic *topic) {
    for (struct live_follow *follow = topic->followers; follow != NULL; follow = follow->next)
        if (follow->waiting)
            live_subscriber_wake(follow->subscriber);
}

/* ---- time ---- */

static void sooner(int64_t *due_us, int64_t at_us) {
    if (at_us < *due_us)
        *due_us = at_us;
}

static bool has_hole(const struct live_topic *topic) {
    return topic->ring.hole_since_us != 0 && !topic->filling && status_is_ok(topic->broken);
}

static int64_t hole_due(const struct live_topic *topic) {
    int64_t due_us = topic->ring.hole_since_us + topic->hub->options.hole_wait_ms * 1000;
    return due_us > topic->retry_at_us ? due_us : topic->retry_at_us;
}

static void schedule(struct live_topic *topic) {
    int64_t due_us = INT64_MAX;
    if (topic->followers != NULL) {
        due_us = topic->look_at_us;
        if (has_hole(topic))
            sooner(&due_us, hole_due(topic));
        if (topic->retry_at_us != 0)
            sooner(&due_us, topic->retry_at_us);
        if (topic->starved_until_us != 0)
            sooner(&due_us, topic->starved_until_us);
    } else if (topic->reads == 0) {
        due_us = topic->idle_at_us;
    }
    if (due_us == INT64_MAX)
        live_loop_disarm(topic->hub->options.loop, &topic->timer);
    else if (!topic->timer.armed || topic->timer.due_us != due_us)
        live_loop_arm(topic->hub->options.loop, &topic->timer, due_us);
}

static void ask_head(struct live_topic *topic) {
    if (!topic->asking_head)
        live_topic_read(topic, LIVE_READ_HEAD, 0, 0);
}

static void on_timer(struct rpc_timer *timer) {
    struct live_topic *topic =
        (struct live_topic *)((char *)timer - offsetof(struct live_topic, timer));
    const struct live_hub_options *options = &topic->hub->options;
    int64_t now_us = now_of(topic);
    if (topic->followers == NULL) {
        if (topic->reads == 0 && now_us >= topic->idle_at_us)
            live_topic_free(topic);
        return;
    }
    bool retry = topic->retry_at_us != 0 && now_us >= topic->retry_at_us;
    bool starved = topic->starved_until_us != 0 && now_us >= topic->starved_until_us;
    if (retry)
        topic->retry_at_us = 0;
    if (starved)
        topic->starved_until_us = 0;
    if (has_hole(topic) && now_us >= hole_due(topic)) {
        live_hub_count(topic->hub, LIVE_FIGURE_HOLES, 1);
        live_topic_read(topic, LIVE_READ_FILL, topic->ring.head, options->page_entries);
    }
    if (now_us >= topic->look_at_us || (retry && (topic->epoch == 0 || topic->doubted))) {
        topic->look_at_us = now_us + options->look_every_ms * 1000;
        ask_head(topic);
    }
    if (retry || starved)
        wake_waiting(topic);
    schedule(topic);
}

static void fail_for_now(struct live_topic *topic) {
    topic->retry_at_us = now_of(topic) + topic->retry_wait_us;
    topic->retry_wait_us *= 2;
    if (topic->retry_wait_us > RETRY_MOST_US)
        topic->retry_wait_us = RETRY_MOST_US;
}

/* ---- followers ---- */

void live_topic_join(struct live_topic *topic, struct live_follow *follow) {
    if (topic->followers == NULL) {
        topic->look_at_us = now_of(topic);
        if (!topic->doubted)
            topic->look_at_us += topic->hub->options.look_every_ms * 1000;
        if (!status_is_ok(topic->broken)) { /* perhaps it was repaired: begin anew */
            topic->broken = status_ok();
            topic->epoch = 0;
            topic->generation++;
            drop_pages(topic);
            live_ring_reset(&topic->ring);
        } else if (topic->ring.hole_since_us != 0) { /* nobody has looked at it yet */
            live_topic_forget(topic, topic->ring.known_head);
        }
    }
    follow->topic = topic;
    follow->previous = NULL;
    follow->next = topic->followers;
    if (follow->next != NULL)
        follow->next->previous = follow;
    topic->followers = follow;
    follow->head_number = topic->heads_asked;
    follow->signal_joined = topic->signals_told;
    schedule(topic);
}

void live_topic_part(struct live_topic *topic, struct live_follow *follow) {
    if (follow->previous != NULL)
        follow->previous->next = follow->next;
    else
        topic->followers = follow->next;
    if (follow->next != NULL)
        follow->next->previous = follow->previous;
    follow->topic = NULL;
    if (topic->followers == NULL) {
        topic->idle_at_us = now_of(topic) + topic->hub->options.topic_idle_ms * 1000;
        drop_pages(topic);
    }
    schedule(topic);
}

void live_topic_close(struct live_topic *topic, enum live_closed reason) {
    while (topic->followers != NULL)
        live_follow_close(topic->followers, reason);
}

/* ---- what was published ---- */

static void ignore(struct live_topic *topic, uint64_t version) {
    if (version > topic->ignored)
        topic->ignored = version;
}

/* False when it belongs to another log than the topic's: only the log can say which is right. */
static bool same_log(struct live_topic *topic, uint64_t epoch, uint64_t version) {
    if (topic->epoch == epoch)
        return true;
    if (topic->epoch != 0) {
        ignore(topic, version);
        ask_head(topic);
        return false;
    }
    if (topic->heard_epoch != 0 && topic->heard_epoch != epoch) {
        ignore(topic, topic->ring.known_head);
        live_ring_reset(&topic->ring);
        topic->missed = 0;
    }
    topic->heard_epoch = epoch;
    return true;
}

void live_topic_publish(struct live_topic *topic, uint64_t epoch, const struct live_event *event) {
    if (event->version > event->sequence)
        live_topic_note_version(topic, epoch, event->version);
    if (!same_log(topic, epoch, event->version))
        return;
    if (event->version > event->sequence)
        live_topic_note_rewrite(topic, event);
    if (live_ring_publish(&topic->ring, event, now_of(topic)))
        live_topic_wake(topic);
    schedule(topic);
}

void live_topic_hear(struct live_topic *topic, uint64_t epoch, uint64_t head) {
    if (!same_log(topic, epoch, head))
        return;
    live_ring_hear(&topic->ring, head, now_of(topic));
    schedule(topic);
}

void live_topic_outdate(struct live_topic *topic, uint64_t epoch, uint64_t version) {
    live_topic_note_version(topic, epoch, version);
    if (!same_log(topic, epoch, version))
        return;
    live_topic_miss_rewrites(topic, version);
    live_ring_distrust(&topic->ring, version - 1);
    live_ring_hear(&topic->ring, version, now_of(topic));
    schedule(topic);
}

void live_topic_doubt(struct live_topic *topic) {
    topic->doubted = true;
    topic->doubted_after = topic->heads_asked;
    topic->look_at_us = 0;
    live_topic_forget(topic, topic->ring.known_head);
}

void live_topic_forget(struct live_topic *topic, uint64_t version) {
    live_topic_note_version(topic, topic->epoch, version);
    topic->generation++;
    drop_pages(topic);
    live_topic_drop_rewrites(topic);
    uint64_t known_head = topic->ring.known_head;
    uint64_t head = topic->ring.head;
    bool anchored = topic->ring.anchored;
    live_ring_reset(&topic->ring);
    if (anchored)
        live_ring_anchor(&topic->ring, head, now_of(topic));
    live_ring_hear(&topic->ring, known_head, now_of(topic));
    live_ring_distrust(&topic->ring, version > known_head ? version : known_head);
    schedule(topic);
}

/* ---- what was read ---- */

/* The ring goes on behind the log's head; who is before it reads pages. */
static void jump(struct live_topic *topic, uint64_t head) {
    live_ring_anchor(&topic->ring, head, now_of(topic));
}

/* The same over events that nobody looks at: any may have brought new texts. */
static void jump_over(struct live_topic *topic, uint64_t head) {
    live_topic_miss_rewrites(topic, head);
    jump(topic, head);
}

static void take_epoch(struct live_topic *topic, const struct live_log_state *state) {
    if (topic->epoch == state->epoch)
        return;
    if (topic->epoch != 0 || topic->heard_epoch != state->epoch) {
        if (topic->epoch == 0)
            ignore(topic, topic->ring.known_head);
        live_ring_reset(&topic->ring);
        topic->missed = 0;
    }
    if (topic->epoch != 0) {
        topic->generation++;
        topic->floor = 0;
        topic->rewrites_lost = 0;
        drop_pages(topic);
        live_topic_drop_rewrites(topic);
    }
    topic->epoch = state->epoch;
    topic->heard_epoch = state->epoch;
    jump(topic, state->head);
    live_ring_distrust(&topic->ring, topic->ignored);
    topic->ignored = 0;
}

static bool is_too_far(const struct live_topic *topic, uint64_t head) {
    return head > topic->ring.head && head - topic->ring.head > topic->ring.max_entries;
}

static bool on_head(struct live_topic *topic, struct live_read *read) {
    topic->head_answered = read->number;
    if (read->number > topic->doubted_after)
        topic->doubted = false;
    else if (topic->doubted)
        topic->look_at_us = 0; /* it may have looked too early */
    live_ring_hear(&topic->ring, read->state.head, now_of(topic));
    if (is_too_far(topic, read->state.head))
        jump_over(topic, read->state.head);
    return true;
}

static bool on_fill(struct live_topic *topic, struct live_read *read) {
    uint64_t before = topic->ring.head;
    if (read->state.head < topic->rewrites_lost)
        return false;
    if (read->distrusts != topic->ring.distrusts || read->state.head < topic->missed)
        return true; /* not used, but asked again at once */
    uint64_t missed = 0;
    for (size_t i = 0; i < read->count; i++)
        if (live_ring_fill(&topic->ring, &read->events[i], now_of(topic)) &&
            read->events[i].brings_rewrites)
            missed = read->events[i].sequence;
    for (size_t i = 0; i < topic->rewrite_count; i++)
        live_ring_publish(&topic->ring, &topic->rewrites[i], now_of(topic));
    if (missed > 0)
        live_topic_miss_rewrites(topic, missed);
    if (read->state.floor > topic->ring.head || is_too_far(topic, read->state.head))
        jump_over(topic, read->state.head);
    return topic->ring.head > before || topic->ring.hole_since_us == 0;
}

static void keep_page(struct live_topic *topic, struct live_read *page) {
    page->used = false;
    page->used_us = now_of(topic);
    page->next = topic->pages;
    topic->pages = page;
    topic->page_count++;
}

static bool on_page(struct live_topic *topic, struct live_read *read) {
    if (read->count == 0 || read->state.head < topic->rewrites_lost)
        return false;
    if (read->state.head < topic->missed)
        return true; /* not used, but asked again at once */
    live_topic_rewrite_page(topic, read);
    keep_page(topic, read);
    return true;
}

static void on_failure(struct live_topic *topic, struct live_read *read) {
    if (read->status.code == STATUS_NOT_FOUND) {
        live_topic_close(topic, LIVE_CLOSED_MISSING);
    } else if (read->status.code == STATUS_DATA_LOSS && read->kind == LIVE_READ_PAGE) {
        keep_page(topic, read); /* only who needs this page is concerned */
    } else if (read->status.code == STATUS_DATA_LOSS) {
        topic->broken = read->status;
    } else {
        live_hub_count(topic->hub, LIVE_FIGURE_LOG_FAILURES, 1);
        fail_for_now(topic);
    }
}

static void end_reading(struct live_topic *topic, struct live_read *read) {
    topic->reads--;
    if (read->kind == LIVE_READ_HEAD)
        topic->asking_head = false;
    if (read->kind == LIVE_READ_FILL)
        topic->filling = false;
    if (read->kind != LIVE_READ_PAGE)
        return;
    struct live_read **at = &topic->reading;
    while (*at != read)
        at = &(*at)->next;
    *at = read->next;
    topic->page_count--;
}

/* True when it brought something; a page is then the topic's. */
static bool take_read(struct live_topic *topic, struct live_read *read) {
    take_epoch(topic, &read->state);
    if (read->generation != topic->generation && read->kind != LIVE_READ_HEAD)
        return true; /* not used, but asked again at once */
    if (read->state.floor > topic->floor)
        topic->floor = read->state.floor;
    if (read->kind == LIVE_READ_HEAD)
        return on_head(topic, read);
    return read->kind == LIVE_READ_FILL ? on_fill(topic, read) : on_page(topic, read);
}

void live_topic_on_read(struct live_topic *topic, struct live_read *read) {
    bool is_page = read->kind == LIVE_READ_PAGE;
    uint64_t generation = topic->generation;
    end_reading(topic, read);
    if (read->generation != topic->generation && status_is_ok(read->status) &&
        read->state.epoch != topic->epoch) {
        ask_head(topic); /* of an old log, or of a newer one: the head decides */
    } else if (!status_is_ok(read->status)) {
        on_failure(topic, read);
    } else if (take_read(topic, read)) {
        topic->retry_wait_us = RETRY_FIRST_US;
    } else {
        fail_for_now(topic); /* what was heard of cannot be read yet */
    }
    if (topic->pages != read)
        live_read_free(read);
    if (topic->reading == NULL && !topic->filling) {
        live_topic_drop_rewrites(topic);
        topic->rewrites_lost = 0;
    }
    if (is_page && topic->generation == generation)
        wake_waiting(topic);
    else
        live_topic_wake(topic);
    if (topic->followers == NULL)
        drop_pages(topic);
    schedule(topic);
}

/* ---- what is there ---- */

/* The page that holds `sequence`, or NULL. */
static struct live_read *page_with(const struct live_topic *topic, uint64_t sequence) {
    for (struct live_read *page = topic->pages; page != NULL; page = page->next)
        if (status_is_ok(page->status) && sequence >= page->events[0].sequence &&
            sequence - page->events[0].sequence < page->count)
            return page;
    return NULL;
}

static void drop_page(struct live_topic *topic, struct live_read *dropped) {
    struct live_read **at = &topic->pages;
    while (*at != dropped)
        at = &(*at)->next;
    *at = dropped->next;
    topic->page_count--;
    live_read_free(dropped);
}

/* Somebody has taken from it, or has had the time to. */
static bool may_go(const struct live_read *page, int64_t now_us) {
    return page->used || now_us - page->used_us > PAGE_WAITS_US;
}

/* Room for one more: the page that nobody has used for longest goes. */
static bool make_room(struct live_topic *topic) {
    size_t most = topic->hub->options.pages_per_topic;
    if (topic->page_count < most)
        return true;
    struct live_read *oldest = NULL; /* of equals the one that came first, which is the last */
    for (struct live_read *page = topic->pages; page != NULL; page = page->next)
        if (may_go(page, now_of(topic)) && (oldest == NULL || page->used_us <= oldest->used_us))
            oldest = page;
    if (oldest != NULL) {
        drop_page(topic, oldest);
        return true;
    }
    if (topic->page_count < most * PAGES_STRETCH)
        return true;
    topic->starved_until_us = now_of(topic) + PAGE_WAITS_US / 4;
    schedule(topic);
    return false;
}

/* Pages begin at multiples of their size, so that all who are behind share them. */
static enum live_reach ask_page(struct live_topic *topic, uint64_t cursor) {
    size_t size = topic->hub->options.page_entries;
    uint64_t after = cursor - cursor % size;
    for (struct live_read *read = topic->reading; read != NULL; read = read->next)
        if (read->request.after == after && read->generation == topic->generation)
            return LIVE_REACH_WAIT;
    struct live_read *old = topic->pages;
    while (old != NULL && old->request.after != after)
        old = old->next;
    if (old != NULL) {
        if (!status_is_ok(old->status) && now_of(topic) - old->used_us < PAGE_WAITS_US)
            return LIVE_REACH_BROKEN;
        drop_page(topic, old); /* it ended before what is wanted now */
    }
    if (make_room(topic))
        live_topic_read(topic, LIVE_READ_PAGE, after, size);
    return LIVE_REACH_WAIT;
}

enum live_reach live_topic_reach(struct live_topic *topic, uint64_t cursor) {
    const struct live_ring *ring = &topic->ring;
    if (!status_is_ok(topic->broken))
        return LIVE_REACH_BROKEN;
    if (topic->epoch == 0) {
        ask_head(topic);
        return LIVE_REACH_WAIT;
    }
    if (live_ring_reaches(ring, cursor))
        return cursor == ring->head ? LIVE_REACH_HEAD : LIVE_REACH_HERE;
    if (cursor > ring->head)
        return LIVE_REACH_WAIT;
    if (cursor < topic->floor)
        return LIVE_REACH_TRIMMED;
    if (ring->known_head - cursor > topic->hub->options.max_behind)
        return LIVE_REACH_FAR;
    struct live_read *page = page_with(topic, cursor + 1);
    if (page == NULL)
        return ask_page(topic, cursor);
    page->used = true;
    page->used_us = now_of(topic);
    return LIVE_REACH_HERE;
}

const struct live_event *live_topic_at(struct live_topic *topic, uint64_t sequence) {
    const struct live_event *event = live_ring_at(&topic->ring, sequence);
    if (event != NULL)
        return event;
    struct live_read *page = page_with(topic, sequence);
    return page != NULL ? &page->events[sequence - page->events[0].sequence] : NULL;
}

bool live_topic_knows_head(struct live_topic *topic, uint64_t number) {
    if (topic->head_answered > number)
        return true;
    ask_head(topic);
    return false;
}
