/*
 * The recent entries of one topic, in order and without holes.
 *
 * Publishing accepts any order. The ring appends only what follows its head; what comes too early
 * waits beside it. A hole that does not close by itself is read from the log by the owner
 * (live/hub.h). An entry that is published again with a newer version is replaced in place, also
 * while it waits.
 *
 * Before it is anchored the ring does not know where the log ends, and everything waits.
 *
 * Thread-safety: none; the owner's thread.
 */
#ifndef LIVE_RING_H
#define LIVE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Embedded in its topic; fields are ring.c's own but for reading. */
struct live_ring {
    struct live_event *slots; /* circular; `capacity` of them, allocated when first needed */
    size_t capacity;
    size_t max_entries; /* that `capacity` may grow to */
    size_t max_bytes;
    size_t bytes;   /* of the entries held */
    uint64_t first; /* sequence of the oldest entry; head + 1 when empty */
    uint64_t head;
    uint64_t known_head; /* the highest sequence that was heard of */
    bool anchored;
    uint64_t distrust;     /* up to here only the log's texts are taken: newer may have been lost */
    uint64_t distrusts;    /* times that it rose: what was asked for before is not the last word */
    int64_t hole_since_us; /* when known_head went above head; 0: it has not */
    struct live_event *early; /* sorted by sequence, one per sequence */
    size_t early_count;
    size_t early_capacity;
};

/* Allocates nothing. */
void live_ring_init(struct live_ring *ring, size_t capacity, size_t max_bytes);
void live_ring_done(struct live_ring *ring);

/* The log's head is known: the ring begins behind it. What waited is appended or dropped. */
void live_ring_anchor(struct live_ring *ring, uint64_t head, int64_t now_us);
/* Lets go of texts that are older than `version`, and of the entries before them; those who need
 * them read the log. Of what waits only the older ones go. */
void live_ring_drop_older(struct live_ring *ring, uint64_t version);
/* Forgets everything: another epoch, or too far behind to catch up. */
void live_ring_reset(struct live_ring *ring);

/*
 * Takes an event, in any order, once or again; shares its entry. Answers true when the head moved.
 * One that cannot be kept (out of memory, too many early ones) is forgotten: its sequence stays
 * known, so that it is read from the log.
 */
bool live_ring_publish(struct live_ring *ring, const struct live_event *event, int64_t now_us);
/* The same for an event that was read from the log, after the last live_ring_distrust(). */
bool live_ring_fill(struct live_ring *ring, const struct live_event *event, int64_t now_us);
/* Rewrites of events up to `sequence` may have been missed: what is published there as it was first
 * written is not taken, but read from the log. */
void live_ring_distrust(struct live_ring *ring, uint64_t sequence);
/* Only that the log reaches up to `head`. */
void live_ring_hear(struct live_ring *ring, uint64_t head, int64_t now_us);

/* The entry at that place, or NULL. Valid until the ring changes. */
const struct live_event *live_ring_at(const struct live_ring *ring, uint64_t sequence);
/* True when every entry above `sequence` up to the head is here. */
bool live_ring_reaches(const struct live_ring *ring, uint64_t sequence);

#ifdef __cplusplus
}
#endif

#endif
