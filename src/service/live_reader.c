/* Pages of the event log, for topics whose subscribers are behind their rings. */
#include <stdlib.h>

#include "db/tx.h"
#include "liveconv/v1/events.grpc-c.h"
#include "rpc/codec.h"
#include "rpc/server.h"
#include "service/convert.h"
#include "service/live_internal.h"
#include "service/service.h"
#include "store/event.h"

struct log_job {
    struct work work;
    struct service_live *live;
    struct live_read *read;
    struct arena arena;
    struct live_log_state state;
    struct live_event *events; /* request.limit of them; each with a reference of its own */
    size_t count;
};

static enum store_topic_kind topic_kind(const struct live_key *key) {
    return key->kind == LIVE_INBOX ? STORE_TOPIC_INBOX : STORE_TOPIC_CONVERSATION;
}

static void forget(struct log_job *job) {
    while (job->count > 0)
        rpc_buffer_unref(&job->events[--job->count].entry);
}

static bool take_varint(const uint8_t *bytes, size_t len_bytes, size_t *at, uint64_t *ret_value) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && *at < len_bytes; shift += 7) {
        uint8_t byte = bytes[(*at)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* The number of the event's kind: of its fields the one between time (1) and sequence (1000). The
 * bytes are our own, and are passed on as they are. */
static uint32_t kind_of(const uint8_t *bytes, size_t len_bytes) {
    enum { TIME = 1, LENGTH_DELIMITED = 2 };
    size_t at = 0;
    while (at < len_bytes) {
        uint64_t tag = 0;
        uint64_t len = 0;
        if (!take_varint(bytes, len_bytes, &at, &tag) || (tag & 7) != LENGTH_DELIMITED)
            break;
        if (tag >> 3 != TIME)
            return (uint32_t)(tag >> 3);
        if (!take_varint(bytes, len_bytes, &at, &len) || len > len_bytes - at)
            break;
        at += len;
    }
    return LIVECONV__V1__EVENT__KIND__NOT_SET;
}

/* Edits and deletions rewrite what the log holds of the message (service/message_change.c). */
static bool brings_rewrites(const struct store_event *event) {
    uint32_t kind = kind_of(event->bytes, event->len_bytes);
    return kind == LIVECONV__V1__EVENT__KIND_MESSAGE_EDITED ||
           kind == LIVECONV__V1__EVENT__KIND_MESSAGE_DELETED;
}

/* False unless it tells that somebody was removed. */
static bool removes(struct arena *arena, const struct store_event *from, struct uuid *ret_user) {
    lc_event *event = NULL;
    ProtobufCMessage *decoded;
    if (kind_of(from->bytes, from->len_bytes) != LIVECONV__V1__EVENT__KIND_PARTICIPANT_REMOVED ||
        !status_is_ok(rpc_codec_decode(&liveconv__v1__event__descriptor, from->bytes,
                                       from->len_bytes, &rpc_codec_default_limits, arena, &decoded,
                                       NULL)))
        return false;
    event = (lc_event *)decoded;
    const lc_participant *who = event->participant_removed->participant;
    return who != NULL && who->user != NULL && convert_id(who->user->user_id, ret_user);
}

static struct status keep(struct log_job *job, const struct store_event *from) {
    struct live_event event = {
        .sequence = from->sequence,
        .version = from->sequence,
        .entry = live_entry_new(from->bytes, from->len_bytes),
        .brings_rewrites = brings_rewrites(from),
        .is_private = from->is_private,
        .visible_to = from->visible_to,
        .visible_from = from->visible_from,
    };
    event.removes = removes(&job->arena, from, &event.visible_to);
    if (event.entry == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a page of the log");
    job->events[job->count++] = event;
    return status_ok();
}

/*
 * The head is read first and nothing above it is taken. A text that is rewritten between the two
 * statements is then newer than the head says, which harms nobody; older it cannot be.
 */
static struct status read_log(struct db_tx *tx, void *context) {
    struct log_job *job = context;
    const struct live_read_request *request = live_read_request(job->read);
    const char *tenant = request->key.tenant;
    struct store_topic topic;

    forget(job); /* of a run before this one */
    TRY(store_topic_get(tx, tenant, topic_kind(&request->key), &request->key.id, &topic));
    job->state =
        (struct live_log_state){.epoch = topic.epoch, .floor = topic.floor, .head = topic.sequence};

    uint64_t after = request->after > topic.floor ? request->after : topic.floor;
    uint64_t end = topic.sequence;
    if (request->after < end && end - request->after > request->limit)
        end = request->after + request->limit;
    while (after < end) {
        uint64_t wanted = end - after;
        struct store_event *events = NULL;
        size_t count = 0;
        arena_reset(&job->arena);
        TRY(store_event_page(tx, &job->arena, tenant, &request->key.id, after,
                             wanted < STORE_EVENT_PAGE_MAX ? (int32_t)wanted : STORE_EVENT_PAGE_MAX,
                             &events, &count));
        if (count == 0)
            return status_error(STATUS_DATA_LOSS, 0, "events are missing from the log");
        for (size_t i = 0; i < count && events[i].sequence <= end; i++)
            TRY(keep(job, &events[i]));
        after = events[count - 1].sequence;
    }
    return status_ok();
}

static void finish(struct log_job *job, struct status status) {
    for (size_t i = 0; i < job->count && status_is_ok(status); i++)
        if (!live_read_add(job->read, &job->events[i]))
            status = status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a page of the log");
    live_read_done(job->read, status, status_is_ok(status) ? &job->state : NULL);
    forget(job);
    free(job->events);
    free(job);
}

static void run(struct work *work, size_t worker_index) {
    struct log_job *job = (struct log_job *)work; /* its first member */
    struct service_context *context = job->live->context;
    size_t limit = live_read_request(job->read)->limit;
    (void)worker_index;

    struct status status = status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory");
    job->events = calloc(limit > 0 ? limit : 1, sizeof *job->events);
    arena_init(&job->arena, LIVE_JOB_BUDGET_BYTES);
    if (job->events != NULL)
        status = db_read(context->pool, service_live_deadline_us(context), read_log, job, NULL);
    arena_done(&job->arena);
    finish(job, status);
}

void service_live_read_log(void *context, struct live_read *read) {
    struct service_live *live = context;
    struct log_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        live_read_done(read, status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory"), NULL);
        return;
    }
    job->work.run = run;
    job->live = live;
    job->read = read;
    if (workers_submit(rpc_server_workers(live->options.server), &job->work, INT64_MAX) !=
        WORKERS_ACCEPTED) {
        free(job);
        live_read_done(read, status_error(STATUS_UNAVAILABLE, 0, "the workers are busy"), NULL);
    }
}
