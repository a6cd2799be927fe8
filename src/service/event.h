/*
 * Events: encoded once, appended to their topic's log in the transaction, published after it.
 *
 * An event's number is the last field of its encoding (fixed64), so that it is written in when the
 * store knows it. Conversations' events are appended at once, since their topic is locked by then;
 * those of inboxes wait until the function has run and are then encoded and appended in ascending
 * order of users, which is the order of the locks.
 *
 * Thread-safety: belongs to the transaction.
 */
#ifndef SERVICE_EVENT_H
#define SERVICE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "liveconv/v1/events.grpc-c.h"
#include "store/event.h"

struct service_context;
struct service_events;
struct service_work;

/* An event with its time, to be given a kind; NULL when the arena is full. */
lc_event *service_event_new(struct arena *arena, int64_t now_us);

/* RESOURCE_EXHAUSTED when the arena is full; INTERNAL for an event without a kind. */
struct status service_event_encode(struct arena *arena, const lc_event *event, uint8_t **ret_bytes,
                                   size_t *ret_len_bytes) STATUS_MUST_USE;

/* Who may see a private event. */
struct service_audience {
    struct uuid to;
    struct uuid from;
};

/* locked: Appends to a conversation's log, moving `topic`. `audience` NULL: everybody.
 * `ret_sequence` may be NULL. */
struct status service_event_append(struct service_work *work, struct store_topic *topic,
                                   const lc_event *event, const struct service_audience *audience,
                                   uint64_t *ret_sequence) STATUS_MUST_USE;

/* locked: Replaces the event at `sequence`, in the log and in rings. `told_by` is the sequence of
 * the event that tells of it, appended before. One that was trimmed is replaced in rings alone. */
struct status service_event_rewrite(struct service_work *work, const struct store_topic *topic,
                                    uint64_t sequence, uint64_t told_by, const lc_event *event,
                                    const struct service_audience *audience) STATUS_MUST_USE;

/* locked: The same for any number of places that hold one text, without a publication of each:
 * rings let go of what is older. */
struct status service_event_rewrite_copies(struct service_work *work,
                                           const struct store_topic *topic,
                                           const uint64_t *sequences, size_t count,
                                           uint64_t told_by, const lc_event *event) STATUS_MUST_USE;

/* locked: Nothing is written, but an earlier call may have written without having been able to
 * publish: the hub hears how far the log reaches. */
struct status service_event_hear(struct service_work *work,
                                 const struct store_topic *topic) STATUS_MUST_USE;

/* Tells a user's inbox, when the function has run: the event, and all it points to, stays as it is
 * and where it is until the transaction's events are published. The same event may be told to many,
 * and several may share a message: nothing of it is copied. */
struct status service_event_inbox(struct service_work *work, const struct uuid *user,
                                  const lc_event *event) STATUS_MUST_USE;

/* For service/transaction.c. */
struct status service_events_new(struct arena *arena,
                                 struct service_events **ret_events) STATUS_MUST_USE;
void service_events_clear(struct service_events *events);                      /* before each run */
struct status service_events_flush(struct service_work *work) STATUS_MUST_USE; /* inboxes */
/* After the commit: to those who follow the topics, and to those who browse. */
void service_events_publish(struct service_context *context, const char *tenant,
                            const struct service_events *events);
/* Nobody knows whether they were committed: the hub asks the log. */
void service_events_doubt(struct service_context *context, const char *tenant,
                          const struct service_events *events);

#endif
