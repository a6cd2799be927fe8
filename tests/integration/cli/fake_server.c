/*
 * A server of the generated skeletons with made-up, unchanging data, for tests of the client.
 *
 * Prints its port and serves until its input ends. What is said:
 *   "cut"     every stream breaks without a word, once the message is stored
 *   "goodbye" every stream ends with a goodbye that asks to come back
 *   "trim"    the log forgets positions: who comes back gets a snapshot
 * Conversation ids end in a digit that says what happens to a call: 1 is fine, 4 is not found, 5 is
 * full, 7 is unavailable twice and then answers, telling which request_ids it saw. Booking tells
 * those who watch: of a conversation in 1 that it has changed, in 6 that it is gone; 8 sends them
 * away to come again, 9 breaks their streams, and 0 sends them away for good.
 * Booking ids: 1 is fine, 4 is not found, 5 has begun.
 *
 * With a directory: in TLS, as "localhost"; the authority is written there as ca.pem, and another
 * one, which has signed nothing, as other.pem.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_watch.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "support/certificates.h"

enum { MAX_STREAMS = 16, MAX_LOG = 512, NOON = 1893499200 /* 2030-01-01T12:00:00Z */ };
static const uint64_t EPOCH = UINT64_C(18446744073709551557);

enum reason {
    CONVERSATION_NOT_FOUND = 1,
    CONVERSATION_FULL,
    BOOKING_NOT_FOUND,
    CANCELLATION_CLOSED,
};

static const char *reason_name(int32_t reason) {
    static const char *const names[] = {NULL, "CONVERSATION_NOT_FOUND", "CONVERSATION_FULL",
                                        "BOOKING_NOT_FOUND", "CANCELLATION_CLOSED"};
    return names[reason];
}

struct said {
    char *sender;
    char *content;
    char *id;
};

/* One process, one test: the state of the room. */
struct fake {
    pthread_mutex_t lock;
    struct rpc_call *streams[MAX_STREAMS];
    size_t stream_count;
    struct said log[MAX_LOG]; /* sequence is the index and one */
    size_t log_count;
    uint64_t kept_from; /* positions before it are not known any more */
    int attempts;
    char seen[3][64];
    struct fake_watch *watch;
};

static char *who(struct rpc_call *call) {
    const char *token = rpc_call_metadata(call, "authorization", NULL);
    return arena_strdup(rpc_call_arena(call), token != NULL ? token + strlen("Bearer ") : "nobody");
}

static lc_user_summary *user(struct arena *arena, const char *name) {
    lc_user_summary *summary = lc_user_summary_new(arena);
    summary->user_id = arena_printf(arena, "00000000-0000-7000-8000-%012zx", strlen(name));
    summary->display_name = arena_strdup(arena, name);
    return summary;
}

static Google__Protobuf__Timestamp *at(struct arena *arena, int64_t seconds) {
    Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
    google__protobuf__timestamp__init(time);
    time->seconds = seconds;
    return time;
}

static lc_conversation *conversation(struct arena *arena, const char *id, const char *title) {
    lc_conversation *made = lc_conversation_new(arena);
    made->id = arena_strdup(arena, id);
    made->title = arena_strdup(arena, title);
    made->description = arena_strdup(arena, "Two lines:\nthis is the second.");
    made->type = LC_CONVERSATION_TYPE_GROUP;
    made->language = arena_strdup(arena, "ja");
    made->level = LC_CEFR_LEVEL_A2;
    made->start_time = at(arena, NOON);
    made->end_time = at(arena, NOON + 2700);
    made->doors_open_time = at(arena, NOON - 600);
    made->duration_minutes = 45;
    made->time_zone = arena_strdup(arena, "Asia/Tokyo");
    made->max_participants = 8;
    made->seats_taken = 3;
    made->seats_left = 5;
    made->is_free = true;
    made->visibility = LC_CONVERSATION_VISIBILITY_PUBLIC;
    made->status = LC_CONVERSATION_STATUS_SCHEDULED;
    made->host = user(arena, "Yuki");
    made->etag = arena_strdup(arena, "e1");
    return made;
}

/* What there is to find. */
static lc_conversation *found(struct arena *arena, size_t number) {
    static const char *const titles[] = {"Japanese over lunch", "日本語でランチ",
                                         "Escape \033[31mred\033[0m and more"};
    char id[] = "00000000-0000-7000-8000-000000000001";
    id[sizeof id - 2] = (char)('1' + number);
    lc_conversation *made = conversation(arena, id, titles[number]);
    if (number == 2) {
        made->status = LC_CONVERSATION_STATUS_LIVE;
        made->price = lc_money_new(arena);
        made->price->currency_code = arena_strdup(arena, "EUR");
        made->price->amount_minor = 1205;
    }
    return made;
}

static struct status list(void *self, struct rpc_call *call,
                          const lc_list_conversations_request *request,
                          lc_list_conversations_response *ret_response) {
    struct arena *arena = rpc_call_arena(call);
    (void)self;
    (void)request;
    ret_response->conversations = arena_alloc_array(arena, 3, sizeof(lc_conversation_view *));
    for (size_t i = 0; i < 3; i++) {
        lc_conversation_view *view = lc_conversation_view_new(arena);
        view->conversation = found(arena, i);
        view->viewer = lc_conversation_viewer_new(arena);
        view->viewer->booking_state = i == 1 ? LC_BOOKING_STATE_CONFIRMED : LC_BOOKING_STATE_NONE;
        ret_response->conversations[i] = view;
    }
    ret_response->n_conversations = 3;
    return status_ok();
}

static struct status watch(void *self, struct rpc_call *call,
                           const lc_watch_conversations_request *request) {
    struct fake *fake = self;
    struct arena *arena = rpc_call_arena(call);
    lc_conversation *page[] = {found(arena, 0), found(arena, 1), found(arena, 2)};
    /* One language is one row: the filter has arrived. */
    bool is_narrow = request->filter != NULL && request->filter->n_languages > 0;
    return fake_watch_open(fake->watch, call, page, is_narrow ? 1 : 3);
}

static void tell_watchers(struct fake *fake, struct arena *arena, const char *id) {
    lc_conversation *changed = found(arena, 0);
    changed->seats_taken = 4;
    changed->seats_left = 4;
    switch (id[35]) {
    case '0':
        fake_watch_goodbye(fake->watch, false);
        break;
    case '1':
        fake_watch_changed(fake->watch, changed);
        break;
    case '6':
        fake_watch_removed(fake->watch, id);
        break;
    case '8':
        fake_watch_goodbye(fake->watch, true);
        break;
    case '9':
        fake_watch_cut(fake->watch);
        break;
    default:
        break;
    }
}

static struct status get(void *self, struct rpc_call *call,
                         const lc_get_conversation_request *request,
                         lc_get_conversation_response *ret_response) {
    (void)self;
    if (request->conversation_id[35] == '4')
        return status_error(STATUS_NOT_FOUND, CONVERSATION_NOT_FOUND, "no such conversation");
    ret_response->conversation =
        conversation(rpc_call_arena(call), request->conversation_id, "Japanese over lunch");
    ret_response->viewer = lc_conversation_viewer_new(rpc_call_arena(call));
    ret_response->viewer->is_host = true;
    return status_ok();
}

static lc_booking *booking(struct arena *arena, const char *id, lc_booking_status status) {
    lc_booking *made = lc_booking_new(arena);
    made->id = arena_strdup(arena, id);
    made->conversation_id = arena_strdup(arena, "00000000-0000-7000-8000-000000000001");
    made->status = status;
    made->payment_status = LC_PAYMENT_STATUS_NOT_REQUIRED;
    made->user = user(arena, "Alice");
    return made;
}

static struct status book(void *self, struct rpc_call *call,
                          const lc_book_conversation_request *request,
                          lc_book_conversation_response *ret_response) {
    struct fake *fake = self;
    struct arena *arena = rpc_call_arena(call);
    if (request->conversation_id[35] == '5') {
        rpc_call_add_error_metadata(call, "seats_taken", "8");
        return status_error(STATUS_FAILED_PRECONDITION, CONVERSATION_FULL, "no seat is left");
    }
    if (request->conversation_id[35] == '7' && fake->attempts < 3) {
        snprintf(fake->seen[fake->attempts], sizeof fake->seen[0], "%s", request->request_id);
        if (++fake->attempts < 3) /* the second: as gRPC's core does when it goes down */
            return status_error(fake->attempts == 1 ? STATUS_UNAVAILABLE : STATUS_CANCELLED,
                                STATUS_NO_REASON, "come again");
        if (strcmp(fake->seen[0], fake->seen[1]) != 0 || strcmp(fake->seen[0], fake->seen[2]) != 0)
            return status_error(STATUS_INTERNAL, STATUS_NO_REASON, "another request_id");
    }
    tell_watchers(fake, arena, request->conversation_id);
    ret_response->booking =
        booking(arena, "00000000-0000-7000-8000-0000000000b1", LC_BOOKING_STATUS_CONFIRMED);
    ret_response->booking->conversation_id = request->conversation_id;
    return status_ok();
}

static struct status cancel_booking(void *self, struct rpc_call *call,
                                    const lc_cancel_booking_request *request,
                                    lc_cancel_booking_response *ret_response) {
    (void)self;
    if (request->booking_id[35] == '4')
        return status_error(STATUS_NOT_FOUND, BOOKING_NOT_FOUND, "there is no such booking");
    if (request->booking_id[35] == '5')
        return status_error(STATUS_FAILED_PRECONDITION, CANCELLATION_CLOSED,
                            "the conversation has started");
    ret_response->booking =
        booking(rpc_call_arena(call), request->booking_id, LC_BOOKING_STATUS_CANCELLED);
    return status_ok();
}

static struct status join(void *self, struct rpc_call *call,
                          const lc_join_conversation_request *request,
                          lc_join_conversation_response *ret_response) {
    struct arena *arena = rpc_call_arena(call);
    (void)self;
    ret_response->participant = lc_participant_new(arena);
    ret_response->participant->user = user(arena, who(call));
    ret_response->participant->generation = 7;
    ret_response->conversation = conversation(arena, request->conversation_id, "Lunch");
    return status_ok();
}

static struct status leave(void *self, struct rpc_call *call,
                           const lc_leave_conversation_request *request,
                           lc_leave_conversation_response *ret_response) {
    (void)self;
    (void)ret_response;
    fprintf(stderr, "left: %s %lld\n", who(call), (long long)request->generation);
    return status_ok();
}

static struct status mark_read(void *self, struct rpc_call *call,
                               const lc_mark_read_request *request,
                               lc_mark_read_response *ret_response) {
    (void)self;
    (void)call;
    (void)request;
    (void)ret_response;
    return status_ok();
}

static lc_message *message(struct arena *arena, const struct said *said, uint64_t sequence) {
    lc_message *made = lc_message_new(arena);
    made->id = arena_strdup(arena, "00000000-0000-7000-8000-0000000000a1");
    made->sender = user(arena, said->sender);
    made->content = arena_strdup(arena, said->content);
    made->type = LC_MESSAGE_TYPE_TEXT;
    made->send_time = at(arena, NOON + (int64_t)sequence);
    made->client_message_id = arena_strdup(arena, said->id);
    made->sequence = sequence;
    return made;
}

/* One event in a batch. */
static void send_event(struct rpc_call *call, const struct fake *fake, const char *topic,
                       size_t index) {
    struct arena arena;
    arena_init(&arena, 1 << 20);
    lc_subscribe_response response = LC_SUBSCRIBE_RESPONSE_INIT;
    lc_event_batch batch = LC_EVENT_BATCH_INIT;
    lc_event event = LC_EVENT_INIT;
    lc_event *events[] = {&event};
    event.kind_case = LC_EVENT_KIND_MESSAGE_SENT;
    event.message_sent = message(&arena, &fake->log[index], 0);
    event.message_sent->send_time->seconds += (int64_t)index + 1;
    event.sequence = index + 1;
    batch.topic = arena_strdup(&arena, topic);
    batch.epoch = EPOCH;
    batch.after_sequence = index;
    batch.through_sequence = index + 1;
    batch.n_events = 1;
    batch.events = events;
    response.kind_case = LC_SUBSCRIBE_RESPONSE_KIND_BATCH;
    response.batch = &batch;
    if (!status_is_ok(lc_live_service_subscribe_send(call, &response)))
        fputs("a stream is gone\n", stderr);
    arena_done(&arena);
}

static void send_snapshot(struct rpc_call *call, const struct fake *fake, const char *topic,
                          bool is_first) {
    struct arena *arena = rpc_call_arena(call);
    lc_subscribe_response response = LC_SUBSCRIBE_RESPONSE_INIT;
    lc_snapshot *snapshot = lc_snapshot_new(arena);
    lc_conversation_snapshot *state = lc_conversation_snapshot_new(arena);
    lc_participant *yuki = lc_participant_new(arena);
    snapshot->topic = arena_strdup(arena, topic);
    snapshot->position = lc_position_new(arena);
    snapshot->position->epoch = EPOCH;
    snapshot->position->sequence = fake->log_count;
    snapshot->reason = is_first ? LC_SNAPSHOT_REASON_INITIAL : LC_SNAPSHOT_REASON_TRIMMED;
    snapshot->state_case = LC_SNAPSHOT_STATE_CONVERSATION;
    snapshot->conversation = state;
    state->conversation = conversation(arena, topic + strlen("conversations/"), "Lunch");
    yuki->user = user(arena, "Yuki");
    yuki->status = LC_PARTICIPANT_STATUS_JOINED;
    yuki->is_host = true;
    state->participants = arena_alloc_array(arena, 1, sizeof(lc_participant *));
    state->participants[0] = yuki;
    state->n_participants = 1;
    state->messages = arena_alloc_array(arena, fake->log_count + 1, sizeof(lc_message *));
    for (size_t i = 0; i < fake->log_count; i++)
        state->messages[state->n_messages++] = message(arena, &fake->log[i], i + 1);
    response.kind_case = LC_SUBSCRIBE_RESPONSE_KIND_SNAPSHOT;
    response.snapshot = snapshot;
    if (!status_is_ok(lc_live_service_subscribe_send(call, &response)))
        fputs("a stream is gone\n", stderr);
}

static struct fake *fake_of_call; /* streams report their end without a context of the server */

static void stream_over(void *state) {
    struct rpc_call *call = state;
    struct fake *fake = fake_of_call;
    pthread_mutex_lock(&fake->lock);
    for (size_t i = 0; i < fake->stream_count; i++) {
        if (fake->streams[i] == call) {
            fake->streams[i] = fake->streams[--fake->stream_count];
            rpc_call_unref(&call);
            break;
        }
    }
    pthread_mutex_unlock(&fake->lock);
}

static struct status subscribe(void *self, struct rpc_call *call,
                               const lc_subscribe_request *request) {
    struct fake *fake = self;
    lc_subscribe_response response = LC_SUBSCRIBE_RESPONSE_INIT;
    lc_welcome welcome = LC_WELCOME_INIT;
    const lc_topic_subscription *topic = request->topics[0];
    welcome.heartbeat_seconds = 15;
    welcome.token_seconds_left = 600;
    response.kind_case = LC_SUBSCRIBE_RESPONSE_KIND_WELCOME;
    response.welcome = &welcome;
    struct status status = lc_live_service_subscribe_send(call, &response);
    pthread_mutex_lock(&fake->lock);
    const lc_position *after = topic->after;
    if (after == NULL || after->epoch != EPOCH || after->sequence < fake->kept_from)
        send_snapshot(call, fake, topic->topic, after == NULL);
    else
        for (size_t i = (size_t)after->sequence; i < fake->log_count; i++)
            send_event(call, fake, topic->topic, i);
    if (fake->stream_count < MAX_STREAMS)
        fake->streams[fake->stream_count++] = rpc_call_ref(call);
    rpc_call_set_state(call, call, stream_over);
    rpc_call_defer(call);
    pthread_mutex_unlock(&fake->lock);
    return status;
}

static void end_streams(struct fake *fake, bool with_goodbye) {
    lc_subscribe_response response = LC_SUBSCRIBE_RESPONSE_INIT;
    lc_goodbye goodbye = LC_GOODBYE_INIT;
    goodbye.reason = LC_GOODBYE_REASON_DRAIN;
    goodbye.reconnect = true;
    goodbye.retry_after_ms = 100;
    response.kind_case = LC_SUBSCRIBE_RESPONSE_KIND_GOODBYE;
    response.goodbye = &goodbye;
    for (size_t i = 0; i < fake->stream_count; i++) {
        if (with_goodbye &&
            !status_is_ok(lc_live_service_subscribe_send(fake->streams[i], &response)))
            fputs("a stream is gone\n", stderr);
        rpc_call_finish(fake->streams[i],
                        with_goodbye ? status_ok()
                                     : status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "cut"));
        rpc_call_unref(&fake->streams[i]);
    }
    fake->stream_count = 0;
}

static struct status say(void *self, struct rpc_call *call, const lc_send_message_request *request,
                         lc_send_message_response *ret_response) {
    struct fake *fake = self;
    char topic[64];
    snprintf(topic, sizeof topic, "conversations/%s", request->conversation_id);
    pthread_mutex_lock(&fake->lock);
    size_t index = fake->log_count;
    for (size_t i = 0; i < fake->log_count; i++) {
        if (strcmp(fake->log[i].id, request->client_message_id) == 0)
            index = i;
    }
    if (strcmp(request->content, "turned away") == 0 && fake->attempts++ == 0) {
        pthread_mutex_unlock(&fake->lock);
        return status_error(STATUS_CANCELLED, STATUS_NO_REASON, "CANCELLED");
    }
    if (index == fake->log_count) {
        fake->log[fake->log_count++] = (struct said){strdup(who(call)), strdup(request->content),
                                                     strdup(request->client_message_id)};
        bool cuts = strcmp(request->content, "cut") == 0;
        bool says_goodbye = strcmp(request->content, "goodbye") == 0;
        if (strcmp(request->content, "trim") == 0) {
            fake->kept_from = fake->log_count;
            cuts = true;
        }
        for (size_t i = 0; i < fake->stream_count && !cuts; i++)
            send_event(fake->streams[i], fake, topic, index);
        if (cuts || says_goodbye)
            end_streams(fake, says_goodbye);
    }
    ret_response->message = message(rpc_call_arena(call), &fake->log[index], index + 1);
    pthread_mutex_unlock(&fake->lock);
    return status_ok();
}

static struct status serve(struct fake *fake, struct rpc_server *server) {
    static struct lc_conversation_service_handlers conversations;
    static struct lc_booking_service_handlers bookings;
    static struct lc_live_service_handlers live;
    static struct lc_message_service_handlers messages;
    conversations = (struct lc_conversation_service_handlers){.self = fake,
                                                              .list_conversations = list,
                                                              .get_conversation = get,
                                                              .watch_conversations = watch};
    bookings = (struct lc_booking_service_handlers){
        .self = fake, .book_conversation = book, .cancel_booking = cancel_booking};
    live = (struct lc_live_service_handlers){.self = fake,
                                             .join_conversation = join,
                                             .leave_conversation = leave,
                                             .subscribe = subscribe};
    messages = (struct lc_message_service_handlers){
        .self = fake, .send_message = say, .mark_read = mark_read};
    TRY(lc_conversation_service_register(server, &conversations));
    TRY(lc_booking_service_register(server, &bookings));
    TRY(lc_live_service_register(server, &live));
    TRY(lc_message_service_register(server, &messages));
    return rpc_server_start(server);
}

/* Everybody who has a token may do everything: it is the name. */
static enum rpc_auth_verdict authenticate(void *context, struct rpc_call *call,
                                          const char *authorization, bool may_block,
                                          struct rpc_principal **ret_principal,
                                          struct status *ret_status) {
    static const char *const roles[] = {"student"};
    (void)context;
    (void)call;
    (void)may_block;
    *ret_status = status_ok();
    *ret_principal = NULL;
    if (authorization[0] != '\0')
        *ret_principal = rpc_principal_new(&(struct rpc_principal_fields){
            .subject = authorization, .roles = roles, .role_count = 1, .expires_at_us = INT64_MAX});
    return RPC_AUTH_DONE;
}

/* Files in `directory`; the names live as long as the program. */
static struct rpc_server_tls certify(const char *directory) {
    static char paths[4][512];
    static const char *const names[] = {"ca.pem", "other.pem", "server.pem", "server.key"};
    struct certificate_authority *authority = certificate_authority_new("an authority");
    struct certificate_authority *other = certificate_authority_new("another authority");
    for (size_t i = 0; i < 4; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", directory, names[i]);
    certificate_authority_write(authority, paths[0]);
    certificate_authority_write(other, paths[1]);
    certificate_authority_sign(authority, "localhost", paths[2], paths[3]);
    certificate_authority_free(&authority);
    certificate_authority_free(&other);
    return (struct rpc_server_tls){.certificate_file = paths[2], .key_file = paths[3]};
}

int main(int argc, char **argv) {
    struct fake fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .watch = fake_watch_new()};
    struct rpc_server_options options;
    struct rpc_server_tls tls;
    struct rpc_server *server = NULL;
    fake_of_call = &fake;
    rpc_server_options_init(&options);
    options.address = "127.0.0.1:0";
    options.worker_count = 2;
    if (argc > 1) {
        tls = certify(argv[1]);
        options.tls = &tls;
    }
    options.authenticate = authenticate;
    options.reason_name = reason_name;
    options.error_domain = "liveconv";
    struct status status = rpc_server_new(&options, &server);
    if (status_is_ok(status))
        status = serve(&fake, server);
    if (!status_is_ok(status)) {
        fprintf(stderr, "%s: %s\n", status_code_name(status.code), status.detail);
        return 1;
    }
    printf("%d\n", rpc_server_port(server));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    rpc_server_shutdown(server, 1000);
    rpc_server_free(&server);
    fake_watch_free(&fake.watch);
    for (size_t i = 0; i < fake.log_count; i++) {
        free(fake.log[i].sender);
        free(fake.log[i].content);
        free(fake.log[i].id);
    }
    return 0;
}
