/* Lists and streams asked for what they cannot give: tests/catalog.tsv names each case. */
#include "live_test.h"

#include <string.h>

/* ---- lists ---- */

static lc_list_conversations_request *of_host(const char *host_id) {
    lc_list_conversations_request *request = lc_list_conversations_request_new(&t.arena);
    request->filter = lc_conversation_filter_new(&t.arena);
    request->filter->host_id = text("%s", host_id);
    return request;
}

static struct status try_list(const char *token, const lc_list_conversations_request *request,
                              lc_list_conversations_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    return lc_conversation_service_list_conversations(t.lc->channel, &options, request, &t.arena,
                                                      ret_response, &t.result);
}

/* A request for the second page of a list of two; its owner may go on. */
static lc_list_conversations_request *second_page(const char *host, const char *host_id) {
    lc_list_conversations_request *request = of_host(host_id);
    lc_list_conversations_response *response = NULL;
    created(host, new_draft("First"));
    created(host, later(new_draft("Second"), 1));
    request->page_size = 1;
    assert_ok(try_list(host, request, &response));
    assert_string_not_equal(response->next_page_token, "");
    request->page_token = text("%s", response->next_page_token);
    assert_ok(try_list(host, request, &response));
    assert_string_equal(response->conversations[0]->conversation->title, "Second");
    return request;
}

static void a_tampered_token(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_list_conversations_response *response = NULL;
    lc_list_conversations_request *request = second_page(host, host_id);
    const char *token = request->page_token;
    for (size_t i = 0; i < strlen(token); i++) {
        request->page_token = text("%s", token);
        request->page_token[i] = token[i] == 'A' ? 'E' : 'A';
        assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT,
                       "PAGE_TOKEN_INVALID");
    }
    request->page_token = text("%.10s", token);
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
}

static void a_token_of_another_tenant(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_list_conversations_response *response = NULL;
    lc_list_conversations_request *request = second_page(host, host_id);
    /* The same user id, roles and filter: the tenant alone tells the two apart. */
    const char *twin = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = host_id, .tenant = LIVECONV_OTHER_TENANT});
    assert_refused(try_list(twin, request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
}

static void a_token_of_another_filter(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_list_conversations_response *response = NULL;
    lc_list_conversations_request *request = second_page(host, host_id);
    request->filter->pricing = LC_PRICING_FREE;
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
}

static void a_page_of_less_than_nothing(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_list_conversations_response *response = NULL;
    lc_list_conversations_request *request = of_host(host_id);
    request->page_size = -1;
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT, NULL);
    assert_true(violates("page_size"));
}

static void a_page_of_everything_is_capped(void **state) {
    enum { ROWS = 205, CAP = 200 };
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_list_conversations_response *response = NULL;
    lc_list_conversations_request *request = of_host(host_id);
    created(host, new_draft("The host is known"));
    liveconv_sql(t.lc,
                 "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language,"
                 " level, startTime, endTime, hostId, eventEpoch)"
                 " SELECT '" LIVECONV_TENANT "', UUID(), 'Row', 'GROUP', 'en', 'B1',"
                 " UTC_TIMESTAMP(6) + INTERVAL seq HOUR, UTC_TIMESTAMP(6) + INTERVAL seq + 1 HOUR,"
                 " '%s', 7 FROM seq_2_to_%d",
                 host_id, ROWS);
    request->page_size = 1000000000;
    assert_ok(try_list(host, request, &response));
    assert_int_equal(response->n_conversations, CAP);
    request->page_token = response->next_page_token;
    assert_ok(try_list(host, request, &response));
    assert_int_equal(response->n_conversations, ROWS - CAP);
    assert_string_equal(response->next_page_token, "");
}

/* ---- texts ---- */

static char *repeated(const char *unit, size_t count) {
    size_t len = strlen(unit);
    char *all = arena_alloc(&t.arena, len * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, unit, len);
    return all;
}

static void a_message_is_measured_in_characters_and_bytes(void **state) {
    static const char emoji[] = "\U0001f600"; /* four bytes */
    (void)state;
    liveconv_sql(t.lc, "INSERT INTO tenants (id, messageMaxCharacters, messageMaxBytes)"
                       " VALUES ('terse', 50, 100)");
    const char *host =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "brief", .tenant = "terse"});
    char *conversation = open_conversation(host)->id;
    joined(host, conversation);
    assert_ok(try_send(host, conversation, repeated("a", 50), NULL, NULL, NULL));
    assert_ok(try_send(host, conversation, repeated(emoji, 25), NULL, NULL, NULL));
    assert_refused(try_send(host, conversation, repeated("a", 51), NULL, NULL, NULL),
                   STATUS_INVALID_ARGUMENT, NULL);
    assert_refused(try_send(host, conversation, repeated(emoji, 26), NULL, NULL, NULL),
                   STATUS_INVALID_ARGUMENT, NULL);
}

/* ---- streams ---- */

static lc_topic_subscription *topic_of(const char *conversation) {
    lc_topic_subscription *topic = lc_topic_subscription_new(&t.arena);
    topic->topic = conversation != NULL ? text("conversations/%s", conversation) : text("inbox");
    return topic;
}

static struct rpc_client_call *subscribed(const char *token, lc_topic_subscription **topics,
                                          size_t count) {
    struct rpc_call_options options = liveconv_as(token);
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    struct rpc_client_call *call = NULL;
    request.device_id = text("phone");
    request.topics = topics;
    request.n_topics = count;
    assert_ok(lc_live_service_subscribe_open(t.lc->channel, &options, &request, &call));
    return call;
}

/* The first answer of a kind; others are passed over. */
static lc_subscribe_response *awaited(struct rpc_client_call *call, int kind) {
    lc_subscribe_response *response = NULL;
    do
        assert_ok(lc_live_service_subscribe_receive(call, &t.arena, &response));
    while ((int)response->kind_case != kind);
    return response;
}

/* Two in a room in which something was said. */
static char *talked(const char **ret_host) {
    const char *host = new_student(NULL);
    char *conversation = open_conversation(host)->id;
    joined(host, conversation);
    for (int i = 0; i < 5; i++)
        sent(host, conversation, "Something");
    *ret_host = host;
    return conversation;
}

static uint64_t epoch_of(const char *conversation) {
    return (uint64_t)liveconv_sql_number(
        t.lc, "SELECT CAST(eventEpoch AS SIGNED) FROM live_conversations WHERE id = '%s'",
        conversation);
}

/* Asks to go on after that place, and is answered by a snapshot of the head. */
static void assert_snapshot(const char *token, const char *conversation, uint64_t epoch,
                            uint64_t sequence, int reason) {
    lc_topic_subscription *topic = topic_of(conversation);
    topic->after = lc_position_new(&t.arena);
    topic->after->epoch = epoch;
    topic->after->sequence = sequence;
    uint64_t head = head_of(conversation);
    struct rpc_client_call *call = subscribed(token, &topic, 1);
    lc_subscribe_response *response =
        awaited(call, (int)LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT);
    assert_int_equal(response->snapshot->reason, reason);
    assert_true(response->snapshot->position->epoch == epoch_of(conversation));
    /* That the stream came and went is told, too. */
    assert_true(response->snapshot->position->sequence >= head);
    assert_true(response->snapshot->position->sequence <= head_of(conversation));
    rpc_client_call_free(&call);
}

static void a_position_above_the_head(void **state) {
    (void)state;
    const char *host;
    char *conversation = talked(&host);
    uint64_t epoch = epoch_of(conversation);
    assert_snapshot(host, conversation, epoch, head_of(conversation) + 1,
                    LC_SNAPSHOT_REASON_TOO_FAR_BEHIND);
    assert_snapshot(host, conversation, epoch, UINT64_MAX, LC_SNAPSHOT_REASON_TOO_FAR_BEHIND);
}

static void a_position_below_the_floor(void **state) {
    (void)state;
    const char *host;
    char *conversation = talked(&host);
    liveconv_sql(t.lc, "UPDATE live_conversations SET eventFloor = 3 WHERE id = '%s'",
                 conversation);
    liveconv_sql(t.lc, "DELETE FROM events WHERE topicId = '%s' AND sequence <= 3", conversation);
    assert_snapshot(host, conversation, epoch_of(conversation), 2, LC_SNAPSHOT_REASON_TRIMMED);
}

static void a_position_of_another_epoch(void **state) {
    (void)state;
    const char *host;
    char *conversation = talked(&host);
    assert_snapshot(host, conversation, epoch_of(conversation) ^ 1, 2,
                    LC_SNAPSHOT_REASON_EPOCH_CHANGED);
}

/* The topic is closed, and the inbox beside it goes on. */
static void assert_closed(const char *conversation, int reason) {
    const char *user = new_student(NULL);
    lc_topic_subscription *topics[] = {topic_of(conversation), topic_of(NULL)};
    struct rpc_client_call *call = subscribed(user, topics, 2);
    lc_subscribe_response *response =
        awaited(call, (int)LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_TOPIC_CLOSED);
    assert_string_equal(response->topic_closed->topic, topics[0]->topic);
    assert_int_equal(response->topic_closed->reason, reason);
    booked(user, created(new_student(NULL), new_draft("Goes on"))->id);
    response = awaited(call, (int)LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT);
    assert_string_equal(response->snapshot->topic, "inbox");
    if (response->snapshot->inbox->n_bookings == 0) {
        response = awaited(call, (int)LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_BATCH);
        assert_string_equal(response->batch->topic, "inbox");
    }
    rpc_client_call_free(&call);
}

static void a_topic_that_is_missing(void **state) {
    (void)state;
    assert_closed(new_uuid(), LC_TOPIC_CLOSED_REASON_MISSING);
}

static void a_topic_of_another_tenant(void **state) {
    (void)state;
    const char *stranger = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "stranger", .tenant = LIVECONV_OTHER_TENANT});
    assert_closed(created(stranger, new_draft("Elsewhere"))->id, LC_TOPIC_CLOSED_REASON_MISSING);
}

static void a_topic_that_is_forbidden(void **state) {
    (void)state;
    assert_closed(created(new_student(NULL), new_draft("Theirs"))->id,
                  LC_TOPIC_CLOSED_REASON_FORBIDDEN);
}

static void the_same_topic_twice(void **state) {
    (void)state;
    const char *host;
    char *conversation = talked(&host);
    lc_topic_subscription *topics[] = {topic_of(conversation), topic_of(NULL),
                                       topic_of(conversation)};
    struct rpc_client_call *call = subscribed(host, topics, 3);
    assert_refused(rpc_client_call_finish(call, &t.arena, &t.result), STATUS_INVALID_ARGUMENT,
                   "TOPIC_INVALID");
    rpc_client_call_free(&call);
}

static void a_topic_too_many(void **state) {
    enum { TOPICS = 33 };
    (void)state;
    const char *user = new_student(NULL);
    lc_topic_subscription *topics[TOPICS];
    for (size_t i = 0; i < TOPICS; i++)
        topics[i] = topic_of(new_uuid());
    struct rpc_client_call *call = subscribed(user, topics, TOPICS);
    assert_refused(rpc_client_call_finish(call, &t.arena, &t.result), STATUS_INVALID_ARGUMENT,
                   NULL);
    assert_true(violates("topics"));
    rpc_client_call_free(&call);
    call = subscribed(user, topics, TOPICS - 1);
    awaited(call, (int)LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_TOPIC_CLOSED);
    rpc_client_call_free(&call);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(a_tampered_token),
        TEST(a_token_of_another_tenant),
        TEST(a_token_of_another_filter),
        TEST(a_page_of_less_than_nothing),
        TEST(a_page_of_everything_is_capped),
        TEST(a_message_is_measured_in_characters_and_bytes),
        TEST(a_position_above_the_head),
        TEST(a_position_below_the_floor),
        TEST(a_position_of_another_epoch),
        TEST(a_topic_that_is_missing),
        TEST(a_topic_of_another_tenant),
        TEST(a_topic_that_is_forbidden),
        TEST(the_same_topic_twice),
        TEST(a_topic_too_many),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
