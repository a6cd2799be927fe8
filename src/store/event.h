/*
 * The event log: what happened in a topic, numbered without holes.
 *
 *     store_conversation_lock(tx, ..., &view);              // its topic is the same row
 *     ... change ...
 *     struct store_event_new event = {.bytes = encoded, .len_bytes = n, .now_us = now};
 *     store_event_append(tx, tenant, &view.conversation.log, &event, 1);
 *     // event.sequence is known and written into the last eight bytes of `encoded`
 *
 * An event's bytes are an encoded liveconv.v1.Event whose last field is `fixed64 sequence`. The
 * store knows no more of them.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

enum store_topic_kind { STORE_TOPIC_CONVERSATION, STORE_TOPIC_INBOX };

struct store_topic {
    enum store_topic_kind kind;
    struct uuid id; /* of the conversation or the user */
    uint64_t epoch;
    uint64_t sequence; /* of the newest event; 0: none yet */
    uint64_t floor;    /* events up to here were trimmed */
};

enum {
    STORE_EVENT_PAGE_MAX = 64,
    STORE_EVENT_PAGE_BYTES_MAX = 2 << 20, /* a page that has come to so much ends */
    STORE_EVENT_BYTES_MAX = 1 << 20,
    STORE_EVENT_SEQUENCE_BYTES = 8, /* at the end of an encoded event, little endian */
};

struct store_event_new {
    uint8_t *bytes; /* encoded, with any sequence; the number is written into it */
    size_t len_bytes;
    bool is_private;
    struct uuid visible_to;   /* recipient, with is_private */
    struct uuid visible_from; /* sender, with is_private */
    int64_t now_us;
    uint64_t sequence; /* out */
};

struct store_event {
    uint64_t sequence;
    bool is_private;
    struct uuid visible_to;
    struct uuid visible_from;
    const uint8_t *bytes;
    size_t len_bytes;
    int64_t created_at_us;
};

/* Writes the number into the last eight bytes. INTERNAL when the bytes cannot hold it. */
struct status store_event_number(uint8_t *bytes, size_t len_bytes,
                                 uint64_t sequence) STATUS_MUST_USE;

/* Locks a topic and reads where it stands. An inbox is created when it is not there. NOT_FOUND
 * CONVERSATION_NOT_FOUND, USER_NOT_FOUND. Inboxes: ascending ids, after everything else. */
struct status store_topic_lock(struct db_tx *tx, const char *tenant, enum store_topic_kind kind,
                               const struct uuid *id,
                               struct store_topic *ret_topic) STATUS_MUST_USE;

/* Without the lock. An inbox that has no row yet has epoch 0. NOT_FOUND CONVERSATION_NOT_FOUND. */
struct status store_topic_get(struct db_tx *tx, const char *tenant, enum store_topic_kind kind,
                              const struct uuid *id, struct store_topic *ret_topic) STATUS_MUST_USE;

/*
 * locked: (the topic) Appends events in their order: numbers them from topic->sequence + 1, writes
 * the numbers into their bytes, moves topic->sequence.
 */
struct status store_event_append(struct db_tx *tx, const char *tenant, struct store_topic *topic,
                                 struct store_event_new *events, size_t count) STATUS_MUST_USE;

/* Locks the inbox of a user, appends, and says where it stands then; `ret_topic` may be NULL. */
struct status store_inbox_append(struct db_tx *tx, const char *tenant, const struct uuid *user,
                                 struct store_event_new *event,
                                 struct store_topic *ret_topic) STATUS_MUST_USE;

/*
 * Events after `after`, in order, at most `limit` (up to STORE_EVENT_PAGE_MAX), fewer when they are
 * large; none only when there is none. DATA_LOSS
 * DATA_CORRUPTED when one is damaged or missing: nothing is skipped. Whether `after` lies below the
 * floor or above the head is for the caller to see from store_topic_get(), asked first;
 * OUT_OF_RANGE when the log was trimmed beyond `after` since.
 */
struct status store_event_page(struct db_tx *tx, struct arena *arena, const char *tenant,
                               const struct uuid *topic, uint64_t after, int32_t limit,
                               struct store_event **ret_events, size_t *ret_count) STATUS_MUST_USE;

/* One event. NOT_FOUND when it was trimmed. */
struct status store_event_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                              const struct uuid *topic, uint64_t sequence,
                              struct store_event *ret_event) STATUS_MUST_USE;

/* locked: Replaces the bytes of an event: edits, tombstones. The number is written into them.
 * *ret_found is false when it was trimmed. */
struct status store_event_rewrite(struct db_tx *tx, const char *tenant, const struct uuid *topic,
                                  uint64_t sequence, uint8_t *bytes, size_t len_bytes,
                                  bool *ret_found) STATUS_MUST_USE;

/*
 * Trims up to `limit` events of one topic that are older than `before_us`, raising its floor;
 * *ret_trimmed 0: nothing was there to do. Topics locked by others are left out.
 */
struct status store_event_trim(struct db_tx *tx, const char *tenant, int64_t before_us,
                               int32_t limit, uint64_t *ret_trimmed) STATUS_MUST_USE;

/* locked: Trims up to `limit` events of a conversation up to `through`, raising its floor.
 * *ret_trimmed less than `limit`: nothing up to there is left. */
struct status store_event_trim_through(struct db_tx *tx, const char *tenant,
                                       const struct uuid *conversation, uint64_t through,
                                       int32_t limit, uint64_t *ret_trimmed) STATUS_MUST_USE;

#endif
