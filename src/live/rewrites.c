/* New texts of old events: which are known, and what is held that may be older. */
#include <stdlib.h>

#include "live/hub_internal.h"

enum { REWRITES_KEPT = 256 };

static bool replace(struct live_event *old, const struct live_event *event) {
    if (event->version <= old->version)
        return false;
    rpc_buffer_unref(&old->entry);
    *old = *event;
    rpc_buffer_ref(old->entry);
    return true;
}

static void rewrite_page(struct live_read *page, const struct live_event *event) {
    if (page->count == 0 || event->sequence < page->events[0].sequence)
        return;
    uint64_t at = event->sequence - page->events[0].sequence;
    if (at < page->count)
        replace(&page->events[at], event);
}

void live_topic_rewrite_page(const struct live_topic *topic, struct live_read *page) {
    for (size_t i = 0; i < topic->rewrite_count; i++)
        rewrite_page(page, &topic->rewrites[i]);
}

static void keep_rewrite(struct live_topic *topic, const struct live_event *event) {
    if (topic->rewrite_count == topic->rewrite_capacity) {
        size_t capacity = topic->rewrite_capacity == 0 ? 8 : topic->rewrite_capacity * 2;
        struct live_event *rewrites = NULL;
        if (capacity <= REWRITES_KEPT)
            rewrites = reallocarray(topic->rewrites, capacity, sizeof *rewrites);
        if (rewrites == NULL) {
            if (event->version > topic->rewrites_lost)
                topic->rewrites_lost = event->version;
            return;
        }
        topic->rewrites = rewrites;
        topic->rewrite_capacity = capacity;
    }
    topic->rewrites[topic->rewrite_count++] = *event;
    rpc_buffer_ref(event->entry);
}

uint64_t live_topic_rewritten(const struct live_topic *topic, uint64_t epoch) {
    for (size_t i = 0; i < 2; i++)
        if (topic->rewritten[i].epoch == epoch)
            return topic->rewritten[i].sequence;
    return 0;
}

void live_topic_note_version(struct live_topic *topic, uint64_t epoch, uint64_t version) {
    struct live_position *noted = topic->rewritten;
    if (noted[0].epoch != epoch &&
        (noted[1].epoch == epoch || (noted[0].epoch != 0 && noted[0].epoch == topic->epoch)))
        noted++;
    if (noted->epoch != epoch)
        *noted = (struct live_position){.epoch = epoch};
    if (version > noted->sequence)
        noted->sequence = version;
}

void live_topic_note_rewrite(struct live_topic *topic, const struct live_event *event) {
    for (struct live_read *page = topic->pages; page != NULL; page = page->next)
        rewrite_page(page, event);
    if (topic->reading != NULL || topic->filling)
        keep_rewrite(topic, event);
}

/* Those that were read before the log reached `version`. */
static void drop_older_pages(struct live_topic *topic, uint64_t version) {
    struct live_read **at = &topic->pages;
    while (*at != NULL) {
        struct live_read *page = *at;
        if (page->state.head >= version) {
            at = &page->next;
            continue;
        }
        *at = page->next;
        topic->page_count--;
        live_read_free(page);
    }
}

void live_topic_miss_rewrites(struct live_topic *topic, uint64_t sequence) {
    live_topic_note_version(topic, topic->epoch, sequence);
    if (sequence > topic->missed)
        topic->missed = sequence;
    drop_older_pages(topic, sequence);
    live_ring_drop_older(&topic->ring, sequence);
}

void live_topic_drop_rewrites(struct live_topic *topic) {
    for (size_t i = 0; i < topic->rewrite_count; i++)
        rpc_buffer_unref(&topic->rewrites[i].entry);
    topic->rewrite_count = 0;
}
