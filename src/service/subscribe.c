/* Subscribe: who may follow what, asked once; then the hub serves the stream. */
#include "domain/reason.h"
#include "live/stream.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/live_internal.h"
#include "service/live_service.h"
#include "service/service.h"
#include "service/transaction.h"

struct subscribing {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    struct live_subscription *topics;
    size_t count;
    enum live_closed *denied; /* out, one per topic; 0: may follow */
};

static struct status read_topic(struct rpc_call *call, const struct live_user *user,
                                const lc_topic_subscription *from,
                                struct live_subscription *ret_topic) {
    struct live_subscription topic = {.live_only = from->live_only,
                                      .snapshot_messages = from->snapshot_messages};
    if (!live_key_parse(from->topic, user, &topic.key)) {
        rpc_call_add_error_metadata(call, "topic", from->topic);
        return service_invalid(call, "topics", DOMAIN_REASON_TOPIC_INVALID,
                               "A topic is \"inbox\" or \"conversations/\" and an id.");
    }
    if (from->after != NULL) {
        if (from->live_only)
            return service_invalid(call, "topics", DOMAIN_REASON_FIELDS_INCONSISTENT,
                                   "live_only does not go together with after.");
        topic.has_position = true;
        topic.after =
            (struct live_position){.epoch = from->after->epoch, .sequence = from->after->sequence};
    }
    *ret_topic = topic;
    return status_ok();
}

static struct status read_topics(struct subscribing *subscribing, const struct live_user *user,
                                 const lc_subscribe_request *request) {
    struct arena *arena = rpc_call_arena(subscribing->call);
    subscribing->topics = arena_alloc_array(arena, request->n_topics, sizeof *subscribing->topics);
    subscribing->denied = arena_alloc_array(arena, request->n_topics, sizeof *subscribing->denied);
    if (subscribing->topics == NULL || subscribing->denied == NULL)
        return service_no_room();
    for (size_t i = 0; i < request->n_topics; i++)
        TRY(read_topic(subscribing->call, user, request->topics[i], &subscribing->topics[i]));
    subscribing->count = request->n_topics;
    return status_ok();
}

static enum live_closed why_closed(struct status refusal) {
    if (refusal.code == STATUS_NOT_FOUND)
        return LIVE_CLOSED_MISSING;
    return refusal.reason == DOMAIN_REASON_PARTICIPANT_REMOVED ? LIVE_CLOSED_REMOVED
                                                               : LIVE_CLOSED_FORBIDDEN;
}

static struct status judge_topics(struct db_tx *tx, void *argument) {
    struct subscribing *subscribing = argument;
    const struct service_caller *caller = subscribing->caller;
    struct arena *arena = rpc_call_arena(subscribing->call);

    for (size_t i = 0; i < subscribing->count; i++) {
        const struct live_key *key = &subscribing->topics[i].key;
        struct store_conversation_view view;
        subscribing->denied[i] = (enum live_closed)0;
        if (key->kind == LIVE_INBOX)
            continue;
        struct status status =
            store_conversation_get(tx, arena, caller->tenant, &key->id, &caller->person.id, &view);
        if (status_is_ok(status))
            status = service_permit(subscribing->context, subscribing->call, caller,
                                    &caller->person, DOMAIN_ACTION_READ_HISTORY, &view, NULL);
        else if (status.code != STATUS_NOT_FOUND)
            return status;
        if (!status_is_ok(status))
            subscribing->denied[i] = why_closed(status);
    }
    return status_ok();
}

static struct status make_subscriber(struct subscribing *subscribing,
                                     const lc_subscribe_request *request,
                                     const struct live_user *user,
                                     struct live_subscriber **ret_subscriber) {
    const struct service_live_options *settings = &subscribing->context->live->options;
    const struct rpc_principal *principal = rpc_call_principal(subscribing->call);
    char stream_id[UUID_TEXT_BYTES];
    struct uuid id;

    TRY(service_new_id(subscribing->context, &id));
    uuid_format(&id, stream_id);
    struct live_subscriber_options options = {
        .user = *user,
        .device_id = request->device_id,
        .stream_id = stream_id,
        .arrived_at_us = rpc_call_arrived_at_us(subscribing->call),
        .topics = subscribing->topics,
        .topic_count = subscribing->count,
        .heartbeat_seconds = request->heartbeat_seconds,
        .max_age_seconds = settings->max_age_seconds,
        .token_expires_at_us = rpc_principal_get(principal)->expires_at_us,
        .goodbye_retry_ms = settings->retry_after_ms,
        .max_devices = subscribing->caller->settings->max_devices_per_user,
    };
    return live_subscriber_new(service_live_hub(subscribing->context->live), &options,
                               ret_subscriber);
}

struct status live_subscribe(void *self, struct rpc_call *call,
                             const lc_subscribe_request *request) {
    struct service_context *context = self;
    struct subscribing subscribing = {.context = context, .call = call};
    struct live_subscriber *subscriber = NULL;
    struct live_user user;

    if (context->live == NULL)
        return status_error(STATUS_UNIMPLEMENTED, 0, "this server has no live part");
    TRY(service_caller_get(context, call, &subscribing.caller));
    if (!live_user_make(subscribing.caller->tenant, &subscribing.caller->person.id, &user))
        return status_error(STATUS_INTERNAL, 0, NULL);
    TRY(read_topics(&subscribing, &user, request));

    /* Known to the hub first, asked about then: a removal in between is not missed. */
    TRY(make_subscriber(&subscribing, request, &user, &subscriber));
    struct status status = service_read(context, call, judge_topics, &subscribing);
    if (!status_is_ok(status)) {
        live_subscriber_free(&subscriber);
        return status;
    }
    for (size_t i = 0; i < subscribing.count; i++)
        if (subscribing.denied[i] != 0)
            live_subscriber_deny(subscriber, i, subscribing.denied[i]);
    return live_stream_start(&subscriber, call);
}
