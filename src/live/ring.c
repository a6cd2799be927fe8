#include "live/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

void live_ring_init(struct live_ring *ring, size_t capacity, size_t max_bytes) {
    *ring = (struct live_ring){
        .max_entries = capacity > 0 ? capacity : 1, .max_bytes = max_bytes, .first = 1};
}

/* ---- what is in order ---- */

static struct live_event *slot(const struct live_ring *ring, uint64_t sequence) {
    assert(ring->capacity > 0); /* without room it is empty */
    return &ring->slots[sequence % ring->capacity];
}

static size_t count(const struct live_ring *ring) {
    return (size_t)(ring->head + 1 - ring->first);
}

static void drop_first(struct live_ring *ring) {
    struct live_event *oldest = slot(ring, ring->first++);
    ring->bytes -= rpc_buffer_len(oldest->entry);
    rpc_buffer_unref(&oldest->entry);
}

static bool grow(struct live_ring *ring) {
    size_t capacity = ring->capacity == 0 ? FIRST_CAPACITY : ring->capacity * 2;
    if (capacity > ring->max_entries)
        capacity = ring->max_entries;
    if (capacity == ring->capacity)
        return false;
    struct live_event *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint64_t at = ring->first; at <= ring->head; at++)
        slots[at % capacity] = *slot(ring, at);
    free(ring->slots);
    ring->slots = slots;
    ring->capacity = capacity;
    return true;
}

/* Takes a reference to the entry. */
static void append(struct live_ring *ring, const struct live_event *event) {
    size_t len = rpc_buffer_len(event->entry);
    if (count(ring) == ring->capacity && !grow(ring) && ring->capacity > 0)
        drop_first(ring);
    while (count(ring) > 0 && ring->bytes + len > ring->max_bytes)
        drop_first(ring);
    ring->head++;
    if (ring->capacity == 0) { /* out of memory: the log has it */
        ring->first = ring->head + 1;
        return;
    }
    rpc_buffer_ref(event->entry);
    *slot(ring, ring->head) = *event;
    ring->bytes += len;
}

static void rewrite(struct live_ring *ring, const struct live_event *event) {
    if (event->sequence < ring->first)
        return;
    struct live_event *old = slot(ring, event->sequence);
    if (event->version <= old->version)
        return;
    ring->bytes += rpc_buffer_len(event->entry);
    ring->bytes -= rpc_buffer_len(old->entry);
    rpc_buffer_unref(&old->entry);
    *old = *event;
    rpc_buffer_ref(old->entry);
}

/* ---- what came too early ---- */

static bool reserve_early(struct live_ring *ring) {
    if (ring->early_count >= ring->max_entries)
        return false;
    if (ring->early_count < ring->early_capacity)
        return true;
    size_t capacity = ring->early_capacity == 0 ? FIRST_CAPACITY : ring->early_capacity * 2;
    struct live_event *early = reallocarray(ring->early, capacity, sizeof *early);
    if (early == NULL)
        return false;
    ring->early = early;
    ring->early_capacity = capacity;
    return true;
}

static void keep_early(struct live_ring *ring, const struct live_event *event) {
    size_t at = ring->early_count;
    while (at > 0 && ring->early[at - 1].sequence > event->sequence)
        at--;
    if (at > 0 && ring->early[at - 1].sequence == event->sequence) {
        struct live_event *old = &ring->early[at - 1];
        if (event->version <= old->version)
            return;
        rpc_buffer_unref(&old->entry);
        *old = *event;
        rpc_buffer_ref(old->entry);
        return;
    }
    if (!reserve_early(ring)) {
        if (event->version > event->sequence)
            live_ring_distrust(ring, event->sequence);
        return;
    }
    memmove(&ring->early[at + 1], &ring->early[at], (ring->early_count - at) * sizeof *ring->early);
    ring->early[at] = *event;
    rpc_buffer_ref(event->entry);
    ring->early_count++;
}

/* Appends what follows the head now, drops what lies below. True when the head moved. */
static bool take_early(struct live_ring *ring) {
    size_t taken = 0;
    bool moved = false;
    for (; taken < ring->early_count && ring->early[taken].sequence <= ring->head + 1; taken++) {
        if (ring->early[taken].sequence == ring->head + 1) {
            append(ring, &ring->early[taken]);
            moved = true;
        } else {
            rewrite(ring, &ring->early[taken]);
        }
        rpc_buffer_unref(&ring->early[taken].entry);
    }
    if (taken == 0)
        return false;
    ring->early_count -= taken;
    memmove(ring->early, ring->early + taken, ring->early_count * sizeof *ring->early);
    return moved;
}

/* ---- the whole ---- */

static void drop_all(struct live_ring *ring) {
    while (count(ring) > 0)
        drop_first(ring);
    for (size_t i = 0; i < ring->early_count; i++)
        rpc_buffer_unref(&ring->early[i].entry);
    ring->early_count = 0;
}

void live_ring_done(struct live_ring *ring) {
    drop_all(ring);
    free(ring->slots);
    free(ring->early);
    live_ring_init(ring, ring->max_entries, ring->max_bytes);
}

void live_ring_reset(struct live_ring *ring) {
    drop_all(ring);
    ring->first = 1;
    ring->head = 0;
    ring->known_head = 0;
    ring->distrust = 0;
    ring->anchored = false;
    ring->hole_since_us = 0;
}

/* A hole is as old as the last movement of the head, or as the news of it. */
static void date_hole(struct live_ring *ring, bool moved, int64_t now_us) {
    if (!ring->anchored || ring->known_head <= ring->head)
        ring->hole_since_us = 0;
    else if (moved || ring->hole_since_us == 0)
        ring->hole_since_us = now_us;
}

void live_ring_anchor(struct live_ring *ring, uint64_t head, int64_t now_us) {
    while (count(ring) > 0)
        drop_first(ring);
    ring->anchored = true;
    ring->head = head;
    ring->first = head + 1;
    if (ring->known_head < head)
        ring->known_head = head;
    take_early(ring);
    date_hole(ring, true, now_us);
}

void live_ring_drop_older(struct live_ring *ring, uint64_t version) {
    uint64_t last = 0;
    for (uint64_t at = ring->first; at <= ring->head && at < version; at++)
        if (slot(ring, at)->version < version)
            last = at;
    while (ring->first <= last)
        drop_first(ring);
    size_t kept = 0;
    for (size_t i = 0; i < ring->early_count; i++) {
        if (ring->early[i].version < version)
            rpc_buffer_unref(&ring->early[i].entry);
        else
            ring->early[kept++] = ring->early[i];
    }
    ring->early_count = kept;
}

void live_ring_distrust(struct live_ring *ring, uint64_t sequence) {
    if (sequence <= ring->distrust)
        return;
    ring->distrust = sequence;
    ring->distrusts++;
}

void live_ring_hear(struct live_ring *ring, uint64_t head, int64_t now_us) {
    if (head > ring->known_head)
        ring->known_head = head;
    date_hole(ring, false, now_us);
}

bool live_ring_fill(struct live_ring *ring, const struct live_event *event, int64_t now_us) {
    bool moved = false;
    if (event->sequence > ring->known_head)
        ring->known_head = event->sequence;
    if (ring->anchored && event->sequence <= ring->head) {
        rewrite(ring, event);
    } else if (ring->anchored && event->sequence == ring->head + 1) {
        append(ring, event);
        take_early(ring); /* what waited: also a newer text of this one */
        moved = true;
    } else {
        keep_early(ring, event);
    }
    date_hole(ring, moved, now_us);
    return moved;
}

bool live_ring_publish(struct live_ring *ring, const struct live_event *event, int64_t now_us) {
    if (event->version > event->sequence || event->sequence > ring->distrust)
        return live_ring_fill(ring, event, now_us);
    live_ring_hear(ring, event->sequence, now_us);
    return false;
}

const struct live_event *live_ring_at(const struct live_ring *ring, uint64_t sequence) {
    if (sequence < ring->first || sequence > ring->head)
        return NULL;
    return slot(ring, sequence);
}

bool live_ring_reaches(const struct live_ring *ring, uint64_t sequence) {
    return ring->anchored && sequence + 1 >= ring->first && sequence <= ring->head;
}
