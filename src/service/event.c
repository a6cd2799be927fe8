#include "service/event.h"

#include "live/hub.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/live.h"
#include "service/transaction.h"

#include <stdlib.h>
#include <string.h>

enum publication_kind {
    PUBLISH_EVENT,
    PUBLISH_HEAD,     /* only that the log reaches up to `sequence` */
    PUBLISH_OUTDATED, /* texts that are older than `version` are not the last */
};

/* Something to be told after the commit. */
struct publication {
    struct publication *next;
    enum publication_kind what;
    enum store_topic_kind kind;
    struct uuid topic;
    uint64_t epoch;
    uint64_t sequence;
    uint64_t version;
    uint8_t *bytes;        /* with the number; NULL: `event` is to be encoded */
    const lc_event *event; /* of an inbox */
    size_t len_bytes;
    bool is_private;
    bool is_seen_in_lists; /* those who browse see the conversation change */
    bool changes_unread;   /* a message came or went */
    struct service_audience audience;
};

/* An inbox event that waits for its turn. Hundreds of users are told nearly the same, and what they
 * share is there once, as messages: each is encoded into the same buffer when its turn comes. */
struct inbox_event {
    struct uuid user;
    size_t order; /* of being told: kept for one user */
    const lc_event *event;
    size_t len_bytes;
};

enum { INBOX_STEP = 32 };

struct service_events {
    struct publication *first;
    struct publication **last;
    struct inbox_event *inbox;
    size_t inbox_count;
    size_t inbox_capacity;
    uint8_t *buffer; /* for one inbox event at a time, at flush and at publish */
};

lc_event *service_event_new(struct arena *arena, int64_t now_us) {
    struct convert c = convert_into(arena);
    lc_event *event = lc_event_new(arena);
    if (event == NULL)
        return NULL;
    event->time = convert_time(&c, now_us);
    return c.failed ? NULL : event;
}

/* Zero is not encoded; any other number keeps the place that the store writes into. */
static lc_event numbered(const lc_event *event) {
    lc_event copy = *event;
    copy.sequence = 1;
    return copy;
}

static struct status measure(const lc_event *event, size_t *ret_len_bytes) {
    if (event == NULL)
        return service_no_room();
    if (event->kind_case == LIVECONV__V1__EVENT__KIND__NOT_SET)
        return status_error(STATUS_INTERNAL, 0, NULL);
    lc_event copy = numbered(event);
    size_t len_bytes = liveconv__v1__event__get_packed_size(&copy);
    if (len_bytes > STORE_EVENT_BYTES_MAX)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The event is too large.");
    *ret_len_bytes = len_bytes;
    return status_ok();
}

static void encode(const lc_event *event, uint8_t *bytes) {
    lc_event copy = numbered(event);
    liveconv__v1__event__pack(&copy, bytes);
}

struct status service_event_encode(struct arena *arena, const lc_event *event, uint8_t **ret_bytes,
                                   size_t *ret_len_bytes) {
    size_t len_bytes = 0;
    TRY(measure(event, &len_bytes));
    uint8_t *bytes = arena_alloc_raw(arena, len_bytes);
    if (bytes == NULL)
        return service_no_room();
    encode(event, bytes);
    *ret_bytes = bytes;
    *ret_len_bytes = len_bytes;
    return status_ok();
}

struct status service_events_new(struct arena *arena, struct service_events **ret_events) {
    struct service_events *events = arena_alloc(arena, sizeof *events);
    if (events == NULL)
        return service_no_room();
    service_events_clear(events);
    *ret_events = events;
    return status_ok();
}

void service_events_clear(struct service_events *events) {
    events->first = NULL;
    events->last = &events->first;
    events->inbox_count = 0;
}

static struct status note(struct service_work *work, const struct publication *publication) {
    struct service_events *events = work->events;
    struct publication *copy = arena_memdup(work->arena, publication, sizeof *publication);
    if (copy == NULL)
        return service_no_room();
    copy->next = NULL;
    *events->last = copy;
    events->last = &copy->next;
    return status_ok();
}

/* Messages, mutes and connections come and go; title, time, seats and who is there are listed. */
static bool is_seen_in_lists(const lc_event *event) {
    switch (event->kind_case) {
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_JOINED:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_LEFT:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_REMOVED:
    case LIVECONV__V1__EVENT__KIND_COUNTS_CHANGED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_CREATED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_UPDATED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_STARTED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_ENDED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_CANCELLED:
    case LIVECONV__V1__EVENT__KIND_CONVERSATION_LOCKED:
        return true;
    default:
        return false;
    }
}

static bool changes_unread(const lc_event *event) {
    return event->kind_case == LIVECONV__V1__EVENT__KIND_MESSAGE_CORRECTED ||
           event->kind_case == LIVECONV__V1__EVENT__KIND_MESSAGE_DELETED;
}

struct status service_event_append(struct service_work *work, struct store_topic *topic,
                                   const lc_event *event, const struct service_audience *audience,
                                   uint64_t *ret_sequence) {
    struct store_event_new new_event = {.is_private = audience != NULL, .now_us = work->now_us};
    if (audience != NULL) {
        new_event.visible_to = audience->to;
        new_event.visible_from = audience->from;
    }
    TRY(service_event_encode(work->arena, event, &new_event.bytes, &new_event.len_bytes));
    TRY(store_event_append(work->tx, work->tenant, topic, &new_event, 1));
    struct publication publication = {.kind = topic->kind,
                                      .topic = topic->id,
                                      .epoch = topic->epoch,
                                      .sequence = new_event.sequence,
                                      .version = new_event.sequence,
                                      .bytes = new_event.bytes,
                                      .len_bytes = new_event.len_bytes,
                                      .is_private = audience != NULL,
                                      .is_seen_in_lists = is_seen_in_lists(event),
                                      .changes_unread = changes_unread(event)};
    if (audience != NULL)
        publication.audience = *audience;
    TRY(note(work, &publication));
    if (ret_sequence != NULL)
        *ret_sequence = new_event.sequence;
    return status_ok();
}

struct status service_event_rewrite(struct service_work *work, const struct store_topic *topic,
                                    uint64_t sequence, uint64_t told_by, const lc_event *event,
                                    const struct service_audience *audience) {
    uint8_t *bytes = NULL;
    size_t len_bytes = 0;
    bool found = false;
    TRY(service_event_encode(work->arena, event, &bytes, &len_bytes));
    TRY(store_event_rewrite(work->tx, work->tenant, &topic->id, sequence, bytes, len_bytes,
                            &found));
    /* What was trimmed from the log may still stand in a ring. */
    if (!found)
        TRY(store_event_number(bytes, len_bytes, sequence));
    struct publication publication = {.kind = topic->kind,
                                      .topic = topic->id,
                                      .epoch = topic->epoch,
                                      .sequence = sequence,
                                      .version = told_by,
                                      .bytes = bytes,
                                      .len_bytes = len_bytes,
                                      .is_private = audience != NULL};
    if (audience != NULL)
        publication.audience = *audience;
    return note(work, &publication);
}

struct status service_event_rewrite_copies(struct service_work *work,
                                           const struct store_topic *topic,
                                           const uint64_t *sequences, size_t count,
                                           uint64_t told_by, const lc_event *event) {
    uint8_t *bytes = NULL;
    size_t len_bytes = 0;
    bool found = false;
    TRY(service_event_encode(work->arena, event, &bytes, &len_bytes));
    for (size_t i = 0; i < count; i++)
        TRY(store_event_rewrite(work->tx, work->tenant, &topic->id, sequences[i], bytes, len_bytes,
                                &found));
    return note(work, &(struct publication){.what = PUBLISH_OUTDATED,
                                            .kind = topic->kind,
                                            .topic = topic->id,
                                            .epoch = topic->epoch,
                                            .sequence = told_by,
                                            .version = told_by});
}

struct status service_event_hear(struct service_work *work, const struct store_topic *topic) {
    return note(work, &(struct publication){.what = PUBLISH_HEAD,
                                            .kind = topic->kind,
                                            .topic = topic->id,
                                            .epoch = topic->epoch,
                                            .sequence = topic->sequence,
                                            .version = topic->sequence});
}

static struct status grow_inbox(struct service_events *events, struct arena *arena) {
    if (events->inbox_count < events->inbox_capacity)
        return status_ok();
    size_t capacity = events->inbox_capacity == 0 ? INBOX_STEP : events->inbox_capacity * 2;
    struct inbox_event *grown = arena_alloc_array(arena, capacity, sizeof *grown);
    if (grown == NULL)
        return service_no_room();
    if (events->inbox_count > 0)
        memcpy(grown, events->inbox, events->inbox_count * sizeof *grown);
    events->inbox = grown;
    events->inbox_capacity = capacity;
    return status_ok();
}

struct status service_event_inbox(struct service_work *work, const struct uuid *user,
                                  const lc_event *event) {
    struct service_events *events = work->events;
    struct inbox_event item = {.user = *user, .order = events->inbox_count, .event = event};
    TRY(measure(event, &item.len_bytes));
    TRY(grow_inbox(events, work->arena));
    events->inbox[events->inbox_count++] = item;
    return status_ok();
}

static int by_user(const void *a, const void *b) {
    const struct inbox_event *left = a;
    const struct inbox_event *right = b;
    int order = memcmp(left->user.bytes, right->user.bytes, sizeof left->user.bytes);
    if (order != 0)
        return order;
    return left->order < right->order ? -1 : left->order > right->order;
}

static struct status append_inbox(struct service_work *work, const struct inbox_event *item) {
    struct store_event_new new_event = {
        .bytes = work->events->buffer, .len_bytes = item->len_bytes, .now_us = work->now_us};
    struct store_topic topic;
    encode(item->event, new_event.bytes);
    TRY(store_inbox_append(work->tx, work->tenant, &item->user, &new_event, &topic));
    return note(work, &(struct publication){.kind = STORE_TOPIC_INBOX,
                                            .topic = item->user,
                                            .epoch = topic.epoch,
                                            .sequence = new_event.sequence,
                                            .version = new_event.sequence,
                                            .event = item->event,
                                            .len_bytes = item->len_bytes});
}

struct status service_events_flush(struct service_work *work) {
    struct service_events *events = work->events;
    size_t longest = 0;
    if (events->inbox_count == 0)
        return status_ok();
    for (size_t i = 0; i < events->inbox_count; i++)
        if (events->inbox[i].len_bytes > longest)
            longest = events->inbox[i].len_bytes;
    events->buffer = arena_alloc_raw(work->arena, longest);
    if (events->buffer == NULL)
        return service_no_room();
    qsort(events->inbox, events->inbox_count, sizeof *events->inbox, by_user);
    for (size_t i = 0; i < events->inbox_count; i++)
        TRY(append_inbox(work, &events->inbox[i]));
    return status_ok();
}

/* What is told of it, with its number; NULL when it cannot be made. */
static const uint8_t *bytes_of(const struct publication *p, uint8_t *buffer) {
    if (p->bytes != NULL)
        return p->bytes;
    encode(p->event, buffer);
    return status_is_ok(store_event_number(buffer, p->len_bytes, p->sequence)) ? buffer : NULL;
}

static bool key_of(const char *tenant, const struct publication *p, struct live_key *ret_key) {
    enum live_kind kind = p->kind == STORE_TOPIC_CONVERSATION ? LIVE_CONVERSATION : LIVE_INBOX;
    return live_key_make(tenant, kind, &p->topic, ret_key);
}

static void publish_event(struct live_hub *hub, const struct live_key *key,
                          const struct publication *p, uint8_t *buffer) {
    const uint8_t *bytes = bytes_of(p, buffer);
    struct rpc_buffer *entry = bytes != NULL ? live_entry_new(bytes, p->len_bytes) : NULL;
    if (entry == NULL) { /* the log has it, and what is held of it may be older */
        live_hub_outdate(hub, key, p->epoch, p->version);
        return;
    }
    const struct live_event event = {.sequence = p->sequence,
                                     .version = p->version,
                                     .entry = entry,
                                     .is_private = p->is_private,
                                     .visible_to = p->audience.to,
                                     .visible_from = p->audience.from};
    live_hub_publish(hub, key, p->epoch, &event, 1);
    rpc_buffer_unref(&entry);
}

static void publish_one(struct live_hub *hub, const char *tenant, const struct publication *p,
                        uint8_t *buffer) {
    struct live_key key;
    if (!key_of(tenant, p, &key))
        return;
    switch (p->what) {
    case PUBLISH_EVENT:
        publish_event(hub, &key, p, buffer);
        break;
    case PUBLISH_HEAD:
        live_hub_hear(hub, &(struct live_notice){.kind = LIVE_NOTICE_EVENTS,
                                                 .key = key,
                                                 .epoch = p->epoch,
                                                 .head = p->sequence});
        break;
    case PUBLISH_OUTDATED:
        live_hub_outdate(hub, &key, p->epoch, p->version);
        break;
    }
}

/* Both read anew what holds. */
static void tell_readers(struct service_context *context, const char *tenant,
                         const struct publication *p) {
    if (p->is_seen_in_lists)
        service_live_changed(context->live, tenant, &p->topic);
    if (p->changes_unread)
        service_live_unread(context->live, tenant, &p->topic);
}

void service_events_publish(struct service_context *context, const char *tenant,
                            const struct service_events *events) {
    for (const struct publication *p = events->first; p != NULL; p = p->next) {
        if (context->hub != NULL)
            publish_one(context->hub, tenant, p, events->buffer);
        tell_readers(context, tenant, p);
    }
}

void service_events_doubt(struct service_context *context, const char *tenant,
                          const struct service_events *events) {
    struct live_key key;
    for (const struct publication *p = events->first; p != NULL; p = p->next) {
        if (context->hub != NULL && p->version == p->sequence && key_of(tenant, p, &key))
            live_hub_doubt(context->hub, &key);
        tell_readers(context, tenant, p);
    }
}
