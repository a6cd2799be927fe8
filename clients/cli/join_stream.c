/* The stream of `liveconv join`: positions, interruptions, and coming back. */
#include <string.h>

#include "clients/cli/failure.h"
#include "clients/cli/join.h"
#include "clients/cli/json.h"
#include "liveconv/v1/live_service.grpc-c.h"

enum {
    SECOND_US = 1000000,
    HEARTBEAT_S = 15,
    FIRST_ANSWER_S = 15,   /* a stream that says nothing for so long is dead */
    TOKEN_MARGIN_S = 20,   /* a new token is looked for so long before the old one ends */
    TOKEN_LOOK_EVERY_S = 2 /* and so often */
};

void join_end(struct join *join, int exit_code) {
    join->is_done = true;
    join->exit_code = exit_code;
}

static void schedule(struct join *join, int64_t now_us, int64_t pause_ms) {
    live_stream_free(&join->stream);
    live_stream_free(&join->replaced);
    join->reconnect_at_us = now_us + pause_ms * 1000;
    join->silent_at_us = INT64_MAX;
    join->renew_at_us = INT64_MAX;
}

static struct status open_stream(struct join *join, struct rpc_client_call **ret_call) {
    lc_position position = LC_POSITION_INIT;
    lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *topics[] = {&topic};
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    struct rpc_call_options options = {.authorization = join->session->authorization};
    position.epoch = join->epoch;
    position.sequence = join->sequence;
    topic.topic = join->topic;
    topic.after = join->has_position ? &position : NULL;
    topic.snapshot_messages = join->snapshot_messages;
    request.device_id = join->device_id;
    request.n_topics = 1;
    request.topics = topics;
    request.heartbeat_seconds = HEARTBEAT_S;
    return lc_live_service_subscribe_open(join->session->channel, &options, &request, ret_call);
}

void join_subscribe(struct join *join, int64_t now_us) {
    struct rpc_client_call *call = NULL;
    struct status status = open_stream(join, &call);
    struct live_stream *stream = NULL;
    if (status_is_ok(status))
        stream = live_stream_new(call, &join->inbox, ++join->stream_number);
    if (stream == NULL) {
        schedule(join, now_us, live_backoff_next_ms(&join->backoff));
        return;
    }
    live_stream_free(&join->replaced);
    join->replaced = join->stream;
    join->stream = stream;
    join->reconnect_at_us = INT64_MAX;
    join->renew_at_us = INT64_MAX;
    join->goodbye_pause_ms = -1;
    join->silent_at_us = now_us + (int64_t)FIRST_ANSWER_S * SECOND_US;
}

static void tell_interruption(struct join *join) {
    if (join->is_interrupted)
        return;
    join->is_interrupted = true;
    if (join->session->settings.json)
        puts("{\"connection\":\"lost\"}");
    else
        room_view_note(&join->room, "the connection is gone; coming back by itself");
}

static void tell_return(struct join *join) {
    if (!join->is_interrupted)
        return;
    join->is_interrupted = false;
    if (join->session->settings.json)
        puts("{\"connection\":\"back\"}");
    else
        room_view_note(&join->room, "back");
}

static void take_welcome(struct join *join, const lc_welcome *welcome, int64_t now_us) {
    live_backoff_reset(&join->backoff);
    tell_return(join);
    join->outbox.not_before_us = 0;
    if (welcome->heartbeat_seconds > 0)
        join->heartbeat_us = (int64_t)welcome->heartbeat_seconds * SECOND_US;
    if (join->session->settings.token_file != NULL && welcome->token_seconds_left > 0) {
        int64_t left_s = welcome->token_seconds_left;
        int64_t wait_s =
            left_s > (int64_t)2 * TOKEN_MARGIN_S ? left_s - TOKEN_MARGIN_S : left_s / 2;
        join->renew_at_us = now_us + wait_s * SECOND_US;
    }
}

static void take_position(struct join *join, uint64_t epoch, uint64_t sequence) {
    join->has_position = true;
    join->epoch = epoch;
    join->sequence = sequence;
}

static void take_snapshot(struct join *join, const lc_snapshot *snapshot) {
    bool is_first = !join->has_position;
    if (snapshot->position != NULL)
        take_position(join, snapshot->position->epoch, snapshot->position->sequence);
    if (join->session->settings.json)
        json_print_as(stdout, "snapshot", &snapshot->base);
    if (snapshot->state_case == LC_SNAPSHOT_STATE_CONVERSATION)
        room_view_snapshot(&join->room, snapshot->conversation, is_first);
}

static void end_if_over(struct join *join) {
    if (join->room.is_removed)
        join_end(join, CLI_DENIED);
    else if (join->room.is_over)
        join_end(join, CLI_OK);
}

static void take_batch(struct join *join, const lc_event_batch *batch, int64_t now_us) {
    /* A batch that does not follow on what was taken would leave a hole: start over from there. */
    if (join->has_position &&
        (batch->epoch != join->epoch || batch->after_sequence != join->sequence)) {
        schedule(join, now_us, live_backoff_next_ms(&join->backoff));
        return;
    }
    for (size_t i = 0; i < batch->n_events; i++) {
        if (join->session->settings.json)
            json_print_as(stdout, "event", &batch->events[i]->base);
        room_view_event(&join->room, batch->events[i]);
    }
    take_position(join, batch->epoch, batch->through_sequence);
    end_if_over(join);
}

static void take_progress(struct join *join, const lc_progress *progress) {
    for (size_t i = 0; i < progress->n_positions; i++) {
        const lc_topic_position *at = progress->positions[i];
        if (strcmp(at->topic, join->topic) == 0 && at->position != NULL)
            take_position(join, at->position->epoch, at->position->sequence);
    }
}

static void take_topic_closed(struct join *join, const lc_topic_closed *closed) {
    if (join->session->settings.json)
        json_print_as(stdout, "topic_closed", &closed->base);
    else
        room_view_note(&join->room, "%s",
                       closed->reason == LC_TOPIC_CLOSED_REASON_REMOVED
                           ? "you were removed"
                           : "this conversation is closed to you");
    join_end(join, closed->reason == LC_TOPIC_CLOSED_REASON_MISSING ? CLI_NOT_FOUND : CLI_DENIED);
}

static void take_goodbye(struct join *join, const lc_goodbye *goodbye) {
    static const char *const reasons[] = {
        [LC_GOODBYE_REASON_REPLACED] = "another session of this device took its place",
        [LC_GOODBYE_REASON_SUSPENDED] = "you are suspended",
    };
    take_progress(
        join, &(lc_progress){.n_positions = goodbye->n_positions, .positions = goodbye->positions});
    if (join->session->settings.json)
        json_print_as(stdout, "goodbye", &goodbye->base);
    join->goodbye_pause_ms = goodbye->retry_after_ms;
    if (goodbye->reason == LC_GOODBYE_REASON_TOKEN_EXPIRED)
        session_renew_token(join->session);
    if (goodbye->reconnect && goodbye->reason != LC_GOODBYE_REASON_REPLACED)
        return;
    size_t reason = (size_t)goodbye->reason;
    const char *text = reason < sizeof reasons / sizeof reasons[0] ? reasons[reason] : NULL;
    if (!join->session->settings.json)
        room_view_note(&join->room, "%s", text != NULL ? text : "the server ended it");
    join_end(join, goodbye->reason == LC_GOODBYE_REASON_SUSPENDED ? CLI_DENIED : CLI_REFUSED);
}

static void take_message(struct join *join, const lc_subscribe_response *response, int64_t now_us) {
    live_stream_free(&join->replaced);
    join->silent_at_us = now_us + 2 * join->heartbeat_us + SECOND_US;
    switch (response->kind_case) {
    case LC_SUBSCRIBE_RESPONSE_KIND_WELCOME:
        take_welcome(join, response->welcome, now_us);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_SNAPSHOT:
        take_snapshot(join, response->snapshot);
        end_if_over(join);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_BATCH:
        take_batch(join, response->batch, now_us);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_SIGNAL:
        if (join->session->settings.json)
            json_print_as(stdout, "signal", &response->signal->base);
        else
            room_view_signal(&join->room, response->signal);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_PROGRESS:
        take_progress(join, response->progress);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_TOPIC_CLOSED:
        take_topic_closed(join, response->topic_closed);
        break;
    case LC_SUBSCRIBE_RESPONSE_KIND_GOODBYE:
        take_goodbye(join, response->goodbye);
        break;
    default:
        break;
    }
}

/* Refusals that coming back would not change. */
static bool is_final(const struct rpc_result *result) {
    switch (result->status.code) {
    case STATUS_INVALID_ARGUMENT:
    case STATUS_NOT_FOUND:
    case STATUS_PERMISSION_DENIED:
    case STATUS_UNIMPLEMENTED:
    case STATUS_FAILED_PRECONDITION:
        return true;
    case STATUS_RESOURCE_EXHAUSTED:
        return result->details.reason != NULL &&
               strcmp(result->details.reason, "DEVICE_LIMIT") == 0;
    default:
        return false;
    }
}

static void take_end(struct join *join, const struct rpc_result *result, int64_t now_us) {
    bool needs_token = result->status.code == STATUS_UNAUTHENTICATED;
    if (is_final(result) ||
        (needs_token && !session_renew_token(join->session) && join->goodbye_pause_ms < 0)) {
        join_end(join, cli_result_failed(join->session, result, NULL));
        return;
    }
    int64_t pause_ms = live_backoff_next_ms(&join->backoff);
    if (join->goodbye_pause_ms >= 0 && join->goodbye_pause_ms < pause_ms)
        pause_ms = join->goodbye_pause_ms;
    if (result->details.retry_after_ms > pause_ms)
        pause_ms = result->details.retry_after_ms;
    if (join->goodbye_pause_ms < 0)
        tell_interruption(join);
    schedule(join, now_us, pause_ms);
}

void join_take_item(struct join *join, const struct live_item *item, int64_t now_us) {
    if (item->number != join->stream_number || join->stream == NULL)
        return; /* of a stream that has been replaced: the new one brings it again */
    if (item->kind == LIVE_MESSAGE)
        take_message(join, (const lc_subscribe_response *)item->message, now_us);
    else
        take_end(join, &item->result, now_us);
}

void join_tick(struct join *join, int64_t now_us) {
    if (now_us >= join->reconnect_at_us) {
        join_subscribe(join, now_us);
    } else if (now_us >= join->silent_at_us) {
        tell_interruption(join);
        schedule(join, now_us, live_backoff_next_ms(&join->backoff));
    } else if (now_us >= join->renew_at_us) {
        join->renew_at_us = now_us + (int64_t)TOKEN_LOOK_EVERY_S * SECOND_US;
        if (session_renew_token(join->session))
            join_subscribe(join, now_us);
    }
}

int64_t join_due_us(const struct join *join) {
    int64_t due = join->reconnect_at_us;
    due = join->silent_at_us < due ? join->silent_at_us : due;
    return join->renew_at_us < due ? join->renew_at_us : due;
}
