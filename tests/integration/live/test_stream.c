/* Subscribe over a real server and connection: several threads publish, clients come and go. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "live/hub.h"
#include "live/poller.h"
#include "live/stream.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "support/cmocka.h"

enum { PUBLISHERS = 4, EVENTS_EACH = 500, EVENTS = PUBLISHERS * EVENTS_EACH };
static const char topic_name[] = "conversations/01000000-0000-0000-0000-000000000001";

struct fixture {
    struct rpc_server *server;
    struct live_poller *poller;
    struct live_hub *hub;
    struct live_key key;
    struct lc_live_service_handlers handlers;
    struct rpc_channel *channel;
    pthread_mutex_t lock;
    uint64_t head; /* guarded: the log, whose events hold nothing but their sequence */
};

/* ---- the database ---- */

static struct rpc_buffer *entry_of(uint64_t sequence) {
    lc_event event;
    lc_event_init(&event);
    event.sequence = sequence;
    uint8_t bytes[32];
    return live_entry_new(bytes, protobuf_c_message_pack(&event.base, bytes));
}

struct job {
    struct work work;
    struct fixture *fixture;
    struct live_read *read;
    struct live_snapshot *snapshot;
};

static uint64_t head_of(struct fixture *f) {
    pthread_mutex_lock(&f->lock);
    uint64_t head = f->head;
    pthread_mutex_unlock(&f->lock);
    return head;
}

static void run_job(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct job *job = (struct job *)((char *)work - offsetof(struct job, work));
    struct live_log_state state = {.epoch = 7, .head = head_of(job->fixture)};
    if (job->read != NULL) {
        const struct live_read_request *request = live_read_request(job->read);
        for (uint64_t s = request->after + 1;
             s <= state.head && s - request->after <= request->limit; s++) {
            struct live_event event = {.sequence = s, .version = s, .entry = entry_of(s)};
            live_read_add(job->read, &event);
            rpc_buffer_unref(&event.entry);
        }
        live_read_done(job->read, status_ok(), &state);
    } else {
        struct rpc_buffer *nothing = rpc_buffer_new(0);
        struct live_position position = {state.epoch, state.head};
        live_snapshot_done(job->snapshot, status_ok(), &position, nothing);
        rpc_buffer_unref(&nothing);
    }
    free(job);
}

static void submit(struct fixture *f, struct live_read *read, struct live_snapshot *snapshot) {
    struct job *job = calloc(1, sizeof *job);
    job->work.run = run_job;
    job->fixture = f;
    job->read = read;
    job->snapshot = snapshot;
    if (workers_submit(rpc_server_workers(f->server), &job->work, INT64_MAX) != WORKERS_ACCEPTED)
        run_job(&job->work, 0);
}

static void read_log(void *context, struct live_read *read) {
    submit(context, read, NULL);
}

static void make_snapshot(void *context, struct live_snapshot *snapshot) {
    submit(context, NULL, snapshot);
}

/* ---- the server ---- */

static enum rpc_auth_verdict authenticate(void *context, struct rpc_call *call,
                                          const char *authorization, bool may_block,
                                          struct rpc_principal **ret_principal,
                                          struct status *ret_status) {
    (void)context;
    (void)call;
    (void)authorization;
    (void)may_block;
    const char *role = "student";
    *ret_principal = rpc_principal_new(&(struct rpc_principal_fields){.subject = "u",
                                                                      .tenant = "school",
                                                                      .roles = &role,
                                                                      .role_count = 1,
                                                                      .expires_at_us = INT64_MAX});
    *ret_status = status_ok();
    return RPC_AUTH_DONE;
}

static struct status subscribe(void *self, struct rpc_call *call,
                               const lc_subscribe_request *request) {
    struct fixture *f = self;
    struct uuid user = {{9}};
    struct live_subscription topic = {.key = f->key};
    if (request->topics[0]->after != NULL) {
        topic.has_position = true;
        topic.after = (struct live_position){request->topics[0]->after->epoch,
                                             request->topics[0]->after->sequence};
    }
    struct live_subscriber_options options = {
        .device_id = request->device_id,
        .stream_id = "s",
        .topics = &topic,
        .topic_count = 1,
        .token_expires_at_us = INT64_MAX,
    };
    live_user_make("school", &user, &options.user);
    struct live_subscriber *subscriber = NULL;
    TRY(live_subscriber_new(f->hub, &options, &subscriber));
    return live_stream_start(&subscriber, call);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    struct uuid id = {{1}};
    id.bytes[15] = 1;
    live_key_make("school", LIVE_CONVERSATION, &id, &f->key);
    struct rpc_server_options options;
    rpc_server_options_init(&options);
    options.address = "127.0.0.1:0";
    options.worker_count = 2;
    options.stream_queues = 4;
    options.authenticate = authenticate;
    assert_int_equal(rpc_server_new(&options, &f->server).code, STATUS_OK);
    assert_int_equal(live_poller_new(f->server, NULL, &f->poller).code, STATUS_OK);
    struct live_hub_options hub_options;
    live_hub_options_init(&hub_options);
    hub_options.loop = live_poller_loop(f->poller);
    hub_options.reader = (struct live_reader){f, read_log, make_snapshot};
    hub_options.ring_entries = 64;
    hub_options.page_entries = 32;
    f->hub = live_hub_new(&hub_options);
    f->handlers = (struct lc_live_service_handlers){.self = f, .subscribe = subscribe};
    assert_int_equal(lc_live_service_register(f->server, &f->handlers).code, STATUS_OK);
    assert_int_equal(rpc_server_start(f->server).code, STATUS_OK);
    char target[64];
    snprintf(target, sizeof target, "127.0.0.1:%d", rpc_server_port(f->server));
    struct rpc_channel_options channel_options;
    rpc_channel_options_init(&channel_options);
    channel_options.dedicated_connection = true;
    assert_int_equal(rpc_channel_new(target, &channel_options, &f->channel).code, STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rpc_channel_free(&f->channel);
    rpc_server_shutdown(f->server, 1000);
    live_poller_stop(f->poller);
    live_hub_free(&f->hub);
    live_poller_free(&f->poller);
    rpc_server_free(&f->server);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return 0;
}

/* ---- clients ---- */

struct client {
    struct fixture *fixture;
    const char *device;
    struct live_position position;
    bool known;
    uint64_t next; /* the sequence that must come */
    size_t streams;
    int goodbye;
};

static struct rpc_client_call *open_stream(struct client *client) {
    lc_position after;
    lc_position_init(&after);
    after.epoch = client->position.epoch;
    after.sequence = client->position.sequence;
    lc_topic_subscription topic;
    lc_topic_subscription_init(&topic);
    topic.topic = (char *)(uintptr_t)topic_name;
    topic.after = client->known ? &after : NULL;
    lc_topic_subscription *topics[] = {&topic};
    lc_subscribe_request request;
    lc_subscribe_request_init(&request);
    request.device_id = (char *)(uintptr_t)client->device;
    request.topics = topics;
    request.n_topics = 1;
    struct rpc_client_call *call = NULL;
    assert_int_equal(
        lc_live_service_subscribe_open(client->fixture->channel, NULL, &request, &call).code,
        STATUS_OK);
    client->streams++;
    return call;
}

static void take_batch(struct client *client, const lc_event_batch *batch) {
    assert_int_equal(batch->after_sequence, client->position.sequence);
    for (size_t i = 0; i < batch->n_events; i++)
        assert_int_equal(batch->events[i]->sequence, batch->after_sequence + 1 + i);
    assert_int_equal(batch->after_sequence + batch->n_events, batch->through_sequence);
    client->position.sequence = batch->through_sequence;
}

/* Takes one message; false at the end of the stream. */
static bool take_one(struct client *client, struct rpc_client_call *call) {
    struct arena arena;
    arena_init(&arena, 4u << 20);
    lc_subscribe_response *response = NULL;
    struct status status = lc_live_service_subscribe_receive(call, &arena, &response);
    if (status_is_ok(status) && response != NULL) {
        if (response->kind_case == LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_BATCH)
            take_batch(client, response->batch);
        if (response->kind_case == LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT) {
            client->known = true;
            client->position = (struct live_position){response->snapshot->position->epoch,
                                                      response->snapshot->position->sequence};
        }
        if (response->kind_case == LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_GOODBYE)
            client->goodbye = (int)response->goodbye->reason;
    }
    bool more = status_is_ok(status) && response != NULL;
    arena_done(&arena);
    return more;
}

/* Reads to the end of the log; cuts its stream now and then. */
static void *run_client(void *context) {
    struct client *client = context;
    client->known = true;
    client->position = (struct live_position){7, 0};
    while (client->position.sequence < EVENTS) {
        struct rpc_client_call *call = open_stream(client);
        for (size_t i = 0; i < 10 + client->streams && client->position.sequence < EVENTS; i++)
            assert_true(take_one(client, call));
        rpc_client_call_cancel(call);
        rpc_client_call_free(&call);
    }
    return NULL;
}

static void *run_publisher(void *context) {
    struct fixture *f = context;
    for (size_t i = 0; i < EVENTS_EACH; i++) {
        pthread_mutex_lock(&f->lock);
        uint64_t sequence = ++f->head;
        pthread_mutex_unlock(&f->lock);
        struct live_event event = {
            .sequence = sequence, .version = sequence, .entry = entry_of(sequence)};
        live_hub_publish(f->hub, &f->key, 7, &event, 1);
        rpc_buffer_unref(&event.entry);
    }
    return NULL;
}

static void all_events_arrive_while_threads_publish_and_streams_are_cut(void **state) {
    struct fixture *f = *state;
    struct client clients[3] = {{.fixture = f, .device = "a"},
                                {.fixture = f, .device = "b"},
                                {.fixture = f, .device = "c"}};
    pthread_t threads[3 + PUBLISHERS];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    for (size_t i = 0; i < PUBLISHERS; i++)
        assert_int_equal(pthread_create(&threads[3 + i], NULL, run_publisher, f), 0);
    for (size_t i = 0; i < 3 + PUBLISHERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(clients[i].position.sequence, EVENTS);
}

static void a_drain_says_goodbye(void **state) {
    struct fixture *f = *state;
    struct client client = {.fixture = f, .device = "a"};
    struct rpc_client_call *call = open_stream(&client);
    while (!client.known)
        assert_true(take_one(&client, call));
    rpc_server_shutdown(f->server, 2000);
    while (take_one(&client, call))
        ;
    assert_int_equal(client.goodbye, LIVECONV__V1__GOODBYE_REASON__GOODBYE_REASON_DRAIN);
    rpc_client_call_free(&call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_events_arrive_while_threads_publish_and_streams_are_cut,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_drain_says_goodbye, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
