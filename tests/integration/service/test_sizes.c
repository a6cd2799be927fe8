/* Conversations about which a lot was written, and those that many have booked. */
#include "live_test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

enum {
    HUGE_CHARACTERS = 600000, /* of learning material, as there could be before it had a limit */
    SMILE_BYTES = 4,
};

/* So many characters of four bytes. */
static char *smiles(size_t count) {
    char *text = arena_alloc(&t.arena, count * SMILE_BYTES + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * SMILE_BYTES, "\xF0\x9F\x98\x80", SMILE_BYTES);
    return text;
}

static void make_huge(const char *id, int characters) {
    liveconv_sql(t.lc,
                 "UPDATE live_conversations SET grammarPoints = CONCAT('[\"', REPEAT('x', %d),"
                 " '\"]') WHERE id = '%s'",
                 characters, id);
}

static lc_conversation_draft *starting_in(lc_conversation_draft *draft, int64_t seconds) {
    draft->start_time = in_seconds(seconds);
    draft->end_time = in_seconds(seconds + 1800);
    return draft;
}

static lc_learning_material *prompts(size_t count, size_t characters) {
    lc_learning_material *material = lc_learning_material_new(&t.arena);
    material->conversation_prompts =
        arena_alloc_array(&t.arena, count, sizeof *material->conversation_prompts);
    for (size_t i = 0; i < count; i++)
        material->conversation_prompts[i] = smiles(characters);
    material->n_conversation_prompts = count;
    return material;
}

/* ---- the limit ---- */

static struct status try_update(const char *token, const char *id, const char *path,
                                lc_conversation_patch *patch) {
    struct rpc_call_options options = liveconv_as(token);
    lc_update_conversation_request request = LC_UPDATE_CONVERSATION_REQUEST_INIT;
    lc_update_conversation_response *response = NULL;
    Google__Protobuf__FieldMask mask;
    char *paths[] = {text("%s", path)};
    google__protobuf__field_mask__init(&mask);
    mask.paths = paths;
    mask.n_paths = 1;
    request.conversation_id = text("%s", id);
    request.update_mask = &mask;
    request.conversation = patch;
    return lc_conversation_service_update_conversation(t.lc->channel, &options, &request, &t.arena,
                                                       &response, &t.result);
}

static void a_conversation_that_is_too_large_is_refused(void **state) {
    const char *host = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Much to read");
    lc_conversation_patch *patch = lc_conversation_patch_new(&t.arena);
    (void)state;
    draft->material = prompts(40, 500);
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT,
                   "CONVERSATION_TOO_LARGE");
    assert_true(violates("conversation.material"));
    assert_string_equal(error_metadata("max_bytes"), "65536");
    draft->material = prompts(30, 500);
    const char *id = created(host, draft)->id;
    assert_int_equal(got(host, id)->conversation->material->n_conversation_prompts, 30);
    patch->description = smiles(5000);
    assert_refused(try_update(host, id, "description", patch), STATUS_INVALID_ARGUMENT,
                   "CONVERSATION_TOO_LARGE");
}

static void one_that_was_too_large_before_may_change_and_shrink(void **state) {
    const char *host = new_student(NULL);
    const char *id = created(host, new_draft("Old"))->id;
    lc_conversation_patch *patch = lc_conversation_patch_new(&t.arena);
    (void)state;
    make_huge(id, HUGE_CHARACTERS);
    patch->title = text("New");
    patch->description = smiles(10);
    assert_ok(try_update(host, id, "title", patch));
    assert_refused(try_update(host, id, "description", patch), STATUS_INVALID_ARGUMENT,
                   "CONVERSATION_TOO_LARGE");
    patch->material = prompts(1, 10);
    assert_ok(try_update(host, id, "material", patch));
    assert_ok(try_update(host, id, "description", patch));
}

/* ---- lists ---- */

static void large_conversations_are_listed_without_their_material(void **state) {
    enum { COUNT = 16 };
    const char *host = new_student(NULL);
    struct rpc_call_options options = liveconv_as(new_student(NULL));
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    (void)state;
    for (int i = 0; i < COUNT; i++)
        make_huge(created(host, later(new_draft("Huge"), i))->id, HUGE_CHARACTERS);
    assert_ok(lc_conversation_service_list_conversations(t.lc->channel, &options, &request,
                                                         &t.arena, &response, &t.result));
    assert_true(response->n_conversations >= COUNT);
    for (size_t i = 0; i < response->n_conversations; i++)
        assert_null(response->conversations[i]->conversation->material);

    /* Watchers are shown the same, and what has changed. */
    struct rpc_client_call *call = NULL;
    lc_watch_conversations_request watch = LC_WATCH_CONVERSATIONS_REQUEST_INIT;
    lc_watch_conversations_response *told = NULL;
    const char *id = response->conversations[0]->conversation->id;
    assert_ok(
        lc_conversation_service_watch_conversations_open(t.lc->channel, &options, &watch, &call));
    assert_ok(lc_conversation_service_watch_conversations_receive(call, &t.arena, &told));
    assert_int_equal(told->kind_case, LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_SNAPSHOT);
    assert_true(told->snapshot->n_conversations >= COUNT);
    assert_null(told->snapshot->conversations[0]->material);
    booked(new_student(NULL), id);
    assert_ok(lc_conversation_service_watch_conversations_receive(call, &t.arena, &told));
    assert_int_equal(told->kind_case, LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_CHANGES);
    assert_null(told->changes->changed[0]->material);
    rpc_client_call_free(&call);
}

static void a_list_of_long_descriptions_has_shorter_pages(void **state) {
    enum { COUNT = 80 };
    const char *host = new_student(NULL);
    struct rpc_call_options options = liveconv_as(host);
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    size_t count = 0;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        lc_conversation_draft *draft = later(new_draft("Long"), i);
        draft->description = smiles(5000);
        created(host, draft);
    }
    request.relation = LC_CONVERSATION_RELATION_HOSTING;
    request.page_size = 200;
    do {
        assert_ok(lc_conversation_service_list_conversations(t.lc->channel, &options, &request,
                                                             &t.arena, &response, &t.result));
        assert_in_range(response->n_conversations, 1, COUNT - 1);
        count += response->n_conversations;
        request.page_token = response->next_page_token;
    } while (request.page_token[0] != '\0');
    assert_int_equal(count, COUNT);
}

/* ---- inboxes ---- */

static void large_invitations_leave_the_inbox_open(void **state) {
    enum { COUNT = 8 };
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    const char *host = new_student(NULL);
    const char *topics[] = {"inbox"};
    (void)state;
    got(guest, created(host, new_draft("Known to the server"))->id);
    for (int i = 0; i < COUNT; i++) {
        lc_conversation_draft *draft = later(new_draft("For you"), i + 1);
        draft->visibility = LC_CONVERSATION_VISIBILITY_INVITED;
        draft->invited_user_ids = arena_alloc(&t.arena, sizeof *draft->invited_user_ids);
        draft->invited_user_ids[0] = text("%s", guest_id);
        draft->n_invited_user_ids = 1;
        make_huge(created(host, draft)->id, HUGE_CHARACTERS);
    }
    struct device *device = device_start(guest, "phone", topics, 1);
    device_await_ready(device);
    device_stop(device);
    device_assert_sound(device);
    assert_int_equal(device->streams, 1);
    device_free(&device);
}

/* The log of the inbox against that of the topic. */
static void an_invitation_is_told_without_the_material(void **state) {
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    const char *host = new_student(NULL);
    (void)state;
    lc_conversation_draft *draft = new_draft("For you");
    const char *known = created(host, later(new_draft("Known to the server"), 3))->id;
    got(guest, known);
    draft->material = prompts(30, 500);
    draft->invited_user_ids = arena_alloc(&t.arena, sizeof *draft->invited_user_ids);
    draft->invited_user_ids[0] = text("%s", guest_id);
    draft->n_invited_user_ids = 1;
    const char *id = created(host, draft)->id;
    assert_true(liveconv_sql_number(t.lc, "SELECT LENGTH(payload) FROM events WHERE topicId = '%s'",
                                    guest_id) < 2000);
    assert_true(liveconv_sql_number(t.lc, "SELECT LENGTH(payload) FROM events WHERE topicId = '%s'",
                                    id) > 60000);
}

/* ---- rooms ---- */

static void await_stream_of(const char *user) {
    int64_t found = 0;
    for (int i = 0; i < 300 && found == 0; i++) {
        found = liveconv_sql_number(
            t.lc, "SELECT COUNT(*) FROM participant_streams WHERE userId = '%s'", user);
        if (found == 0)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(found, 1);
}

static void a_large_room_keeps_nobodys_presence_waiting(void **state) {
    const char *ana_id;
    const char *ben_id;
    const char *ana = new_student(&ana_id);
    const char *ben = new_student(&ben_id);
    const char *huge = open_conversation(ana)->id;
    const char *plain = open_conversation(ben)->id;
    (void)state;
    make_huge(huge, HUGE_CHARACTERS);
    assert_int_equal(strlen(joined(ana, huge)->conversation->material->grammar_points[0]),
                     HUGE_CHARACTERS);
    joined(ben, plain);
    struct device *first = device_start(ana, "ana", &huge, 1);
    device_await_ready(first);
    struct device *second = device_start(ben, "ben", &plain, 1);
    await_stream_of(ben_id);
    await_stream_of(ana_id);
    device_free(&first);
    device_free(&second);
}

static void a_snapshot_that_would_be_too_large_has_fewer_messages(void **state) {
    enum { MESSAGES = 200 };
    const char *host = new_student(NULL);
    char *conversation = open_conversation(host)->id;
    const char *longest = smiles(4000);
    struct rpc_call_options options = liveconv_as(host);
    lc_subscribe_request request;
    lc_topic_subscription topic;
    lc_topic_subscription *topics[] = {&topic};
    lc_subscribe_response *response = NULL;
    struct rpc_client_call *call = NULL;
    (void)state;
    joined(host, conversation);
    for (int i = 0; i < MESSAGES; i++)
        assert_ok(try_send(host, conversation, longest, NULL, NULL, NULL));
    make_huge(conversation, HUGE_CHARACTERS + HUGE_CHARACTERS / 2);

    lc_subscribe_request_init(&request);
    lc_topic_subscription_init(&topic);
    topic.topic = text("conversations/%s", conversation);
    topic.snapshot_messages = MESSAGES;
    request.device_id = text("phone");
    request.topics = topics;
    request.n_topics = 1;
    assert_ok(lc_live_service_subscribe_open(t.lc->channel, &options, &request, &call));
    do
        assert_ok(lc_live_service_subscribe_receive(call, &t.arena, &response));
    while (response->kind_case != LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT);
    const lc_conversation_snapshot *snapshot = response->snapshot->conversation;
    assert_int_equal(snapshot->n_messages, MESSAGES / 2);
    assert_int_equal(snapshot->messages[MESSAGES / 2 - 1]->sequence, head_of(conversation));
    rpc_client_call_free(&call);
}

/* ---- those that are full ---- */

static void fill(const char *id, int count) {
    liveconv_sql(t.lc,
                 "INSERT INTO users (tenant_id, id, subject, displayName, pictureUrl, roles)"
                 " SELECT '" LIVECONV_TENANT "', u, u, 'Somebody', REPEAT('p', 200), 'student'"
                 " FROM (SELECT CONCAT('00000000-0000-7000-b000-', LPAD(seq, 12, '0')) u"
                 " FROM seq_1_to_%d) AS s",
                 count);
    liveconv_sql(t.lc,
                 "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId,"
                 " status, startTime) SELECT u.tenant_id, UUID(), c.id, u.id, 'CONFIRMED',"
                 " c.startTime FROM live_conversations c JOIN users u ON u.tenant_id = c.tenant_id"
                 " AND u.displayName = 'Somebody' WHERE c.id = '%s'",
                 id);
    liveconv_sql(t.lc,
                 "INSERT INTO booking_attempts (tenant_id, bookingId, number, payer, payerReason,"
                 " paymentStatus, cancellationPolicy) SELECT tenant_id, id, 1, 'NOBODY',"
                 " 'FREE_CONVERSATION', 'NOT_REQUIRED', '[]' FROM live_conversation_bookings"
                 " WHERE conversationId = '%s'",
                 id);
    liveconv_sql(t.lc, "UPDATE live_conversations SET seatsTaken = %d WHERE id = '%s'", count, id);
}

static void a_full_conversation_is_called_off_and_everybody_told(void **state) {
    enum { SEATS = 500 };
    const char *host = new_student(NULL);
    lc_conversation_draft *draft = starting_in(new_draft("Full"), 120);
    struct rpc_call_options options = liveconv_as(host);
    lc_cancel_conversation_request request = LC_CANCEL_CONVERSATION_REQUEST_INIT;
    lc_cancel_conversation_response *response = NULL;
    (void)state;
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = SEATS;
    draft->description = smiles(5000);
    char *id = created(host, draft)->id;
    make_huge(id, HUGE_CHARACTERS);
    fill(id, SEATS);
    request.conversation_id = id;
    assert_ok(lc_conversation_service_cancel_conversation(t.lc->channel, &options, &request,
                                                          &t.arena, &response, &t.result));
    assert_int_equal(response->conversation->status, LC_CONVERSATION_STATUS_CANCELLED);
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM live_conversation_bookings"
                                         " WHERE conversationId = '%s' AND status = 'CANCELLED'",
                                         id),
                     SEATS);
    /* Each was told both, numbered in its own inbox. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM inbox_topics i JOIN users u ON"
                                  " u.tenant_id = i.tenant_id AND u.id = i.userId"
                                  " WHERE u.displayName = 'Somebody' AND i.eventSequence = 2"),
        SEATS);
    const char *topics[] = {"inbox"};
    const char *one = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "00000000-0000-7000-b000-000000000007"});
    struct device *device = device_start(one, "phone", topics, 1);
    device_await_ready(device);
    device_stop(device);
    device_assert_sound(device);
    device_free(&device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
        TEST(a_conversation_that_is_too_large_is_refused),
        TEST(one_that_was_too_large_before_may_change_and_shrink),
        TEST(large_conversations_are_listed_without_their_material),
        TEST(a_list_of_long_descriptions_has_shorter_pages),
        TEST(large_invitations_leave_the_inbox_open),
        TEST(an_invitation_is_told_without_the_material),
        TEST(a_large_room_keeps_nobodys_presence_waiting),
        TEST(a_snapshot_that_would_be_too_large_has_fewer_messages),
        TEST(a_full_conversation_is_called_off_and_everybody_told),
#undef TEST
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
