/* The reply to a COMMIT is lost: what was removed is removed for those who follow, too. */
#include "live_test.h"

#include "liveconv/v1/user_service.grpc-c.h"
#include "service/convert.h"
#include "service/live_internal.h"
#include "service/message_service.h"
#include "service/transaction.h"
#include "store/conversation.h"
#include "support/db_fault.h"

#include <time.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

static struct db_fault fault;

struct trio {
    const char *host, *ana, *ben;
    const char *ben_id;
    char *conversation;
};

static struct trio new_trio(void) {
    struct trio trio;
    trio.host = new_student(NULL);
    trio.ana = new_student(NULL);
    trio.ben = new_student(&trio.ben_id);
    trio.conversation = open_conversation(trio.host)->id;
    booked(trio.ana, trio.conversation);
    booked(trio.ben, trio.conversation);
    joined(trio.host, trio.conversation);
    joined(trio.ana, trio.conversation);
    joined(trio.ben, trio.conversation);
    return trio;
}

static struct device *follow(const char *token, const char *device_id, const char *conversation) {
    const char *topics[] = {conversation};
    struct device *device = device_start(token, device_id, topics, 1);
    device_await_ready(device);
    return device;
}

/* Presence has written what it had to: the next COMMIT is the test's own. */
static void await_streams(const char *conversation, int64_t count) {
    int64_t now = -1;
    for (int i = 0; i < 1000 && now != count; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        now = liveconv_sql_number(
            t.lc, "SELECT COUNT(*) FROM participant_streams WHERE conversationId = '%s'",
            conversation);
    }
    assert_int_equal(now, count);
}

static void finish(struct device *device) {
    device_stop(device);
    device_assert_sound(device);
    device_free(&device);
}

static void lose_reply_to_commit(void) {
    db_fault_clear(&fault);
    db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_AFTER, .match = "COMMIT"});
}

/* So that nothing is found out from the request's record either. */
static void lose_look_up(void) {
    db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_BEFORE,
                                                .match = "SELECT fingerprint",
                                                .times = 2});
}

/* Ben is away, Ana keeps the ring with the text in it. */
struct scene {
    struct trio trio;
    struct device *ana;
    struct device *ben;
    lc_message *message;
};

static struct scene new_scene(void) {
    struct scene scene = {.trio = new_trio()};
    scene.ana = follow(scene.trio.ana, "ana", scene.trio.conversation);
    scene.ben = follow(scene.trio.ben, "ben", scene.trio.conversation);
    await_streams(scene.trio.conversation, 2);
    device_stop(scene.ben);
    scene.message = sent(scene.trio.ana, scene.trio.conversation, "Regretted");
    device_await_text(scene.ana, "Regretted");
    await_streams(scene.trio.conversation, 1);
    return scene;
}

static void ben_gets_no_removed_text(struct scene *scene, int kind) {
    device_resume(scene->ben);
    device_await_event(scene->ben, 0, kind, scene->message->id);
    assert_int_equal(count_of_text(scene->ben, "Regretted"), 0);
    finish(scene->ben);
    finish(scene->ana);
}

static void a_deletion_nobody_knows_of_removes_the_text_from_the_ring(void **state) {
    struct scene scene = new_scene();
    (void)state;
    lose_reply_to_commit();
    assert_refused(try_delete(scene.trio.ana, scene.message->id, NULL, NULL), STATUS_UNAVAILABLE,
                   "OUTCOME_UNKNOWN");
    db_fault_clear(&fault);
    ben_gets_no_removed_text(&scene, KIND(MESSAGE_DELETED));
}

static void an_edit_nobody_knows_of_does_so_too(void **state) {
    struct scene scene = new_scene();
    char *id = new_uuid();
    (void)state;
    lose_reply_to_commit();
    lose_look_up();
    assert_refused(try_edit(scene.trio.ana, scene.message->id, "Better", id, NULL),
                   STATUS_UNAVAILABLE, "OUTCOME_UNKNOWN");
    db_fault_clear(&fault);
    ben_gets_no_removed_text(&scene, KIND(MESSAGE_EDITED));
}

/* What another node does, of which this one hears nothing. */
static struct status delete_elsewhere(struct service_work *work, void *argument) {
    const struct scene *scene = argument;
    struct store_conversation_view view;
    struct store_message message;
    struct uuid conversation;
    struct uuid id;
    uint64_t told_by;
    lc_event *event;
    convert_id(scene->trio.conversation, &conversation);
    convert_id(scene->message->id, &id);
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &conversation, NULL, &view));
    TRY(store_message_delete(work->tx, work->tenant, &id, STORE_DELETED_BY_SENDER, work->now_us));
    TRY(store_message_get(work->tx, work->arena, work->tenant, &id, &message));
    TRY(message_event(work->arena, &message, KIND(MESSAGE_DELETED), work->now_us, &event));
    TRY(service_event_append(work, &view.conversation.log, event, NULL, &told_by));
    TRY(message_event(work->arena, &message, KIND(MESSAGE_SENT), message.sent_at_us, &event));
    return service_event_rewrite(work, &view.conversation.log, message.sequence, told_by, event,
                                 NULL);
}

static void a_deletion_found_in_the_log_removes_the_text_from_the_ring(void **state) {
    struct scene scene = new_scene();
    struct service_context elsewhere = *t.lc->context;
    (void)state;
    elsewhere.hub = NULL;
    elsewhere.live = NULL;
    assert_ok(service_transact(&elsewhere, &t.arena, LIVECONV_TENANT,
                               service_live_deadline_us(&elsewhere), delete_elsewhere, &scene,
                               NULL));
    /* Whoever deletes it again changes nothing, but is heard. */
    assert_ok(try_delete(scene.trio.ana, scene.message->id, NULL, NULL));
    device_await_event(scene.ana, 0, KIND(MESSAGE_DELETED), scene.message->id);
    ben_gets_no_removed_text(&scene, KIND(MESSAGE_DELETED));
}

/* ---- users ---- */

static struct status try_suspend(const char *service, const char *user, const char *request_id) {
    struct rpc_call_options options = liveconv_as(service);
    lc_suspend_user_request request = LC_SUSPEND_USER_REQUEST_INIT;
    lc_suspend_user_response *response = NULL;
    request.user_id = text("%s", user);
    request.request_id = text("%s", request_id);
    request.suspended = 1;
    return lc_user_service_suspend_user(t.lc->channel, &options, &request, &t.arena, &response,
                                        &t.result);
}

static void a_suspension_is_felt_by_the_retry(void **state) {
    struct trio trio = new_trio();
    const char *service = new_service("users.write");
    char *id = new_uuid();
    (void)state;
    struct device *ben = follow(trio.ben, "ben", trio.conversation);
    device_stay_ended(ben);
    await_streams(trio.conversation, 1);
    lose_reply_to_commit();
    lose_look_up();
    assert_refused(try_suspend(service, trio.ben_id, id), STATUS_UNAVAILABLE, "OUTCOME_UNKNOWN");
    db_fault_clear(&fault);
    assert_ok(try_suspend(service, trio.ben_id, id));
    device_await_goodbye(ben, LC_GOODBYE_REASON_SUSPENDED);
    device_free(&ben);
}

static void a_removal_nobody_knows_of_closes_the_topic(void **state) {
    struct trio trio = new_trio();
    (void)state;
    struct device *ben = follow(trio.ben, "ben", trio.conversation);
    struct device *ana = follow(trio.ana, "ana", trio.conversation);
    await_streams(trio.conversation, 2);
    lose_reply_to_commit();
    assert_refused(try_remove(trio.host, trio.conversation, trio.ben_id), STATUS_UNAVAILABLE,
                   "OUTCOME_UNKNOWN");
    db_fault_clear(&fault);
    device_await_closed(ben, 0, LC_TOPIC_CLOSED_REASON_REMOVED);
    lc_message *later = sent(trio.ana, trio.conversation, "Not for Ben");
    device_await_event(ana, 0, KIND(MESSAGE_SENT), later->id);
    assert_int_equal(count_of_text(ben, "Not for Ben"), 0);
    device_free(&ben);
    finish(ana);
}

/* ---- two calls with one request_id ---- */

struct creation {
    struct liveconv_server *lc;
    const char *token;
    const char *guest;
    const char *request_id;
    struct arena arena;
    struct status status;
    lc_conversation *made;
};

static void create(struct creation *creation) {
    struct rpc_call_options options = liveconv_as(creation->token);
    struct rpc_result result;
    char *guests[] = {(char *)creation->guest};
    lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
    lc_create_conversation_response *response = NULL;
    lc_conversation_draft draft = *new_draft("Only one of two");
    draft.visibility = LC_CONVERSATION_VISIBILITY_INVITED;
    draft.n_invited_user_ids = 1;
    draft.invited_user_ids = guests;
    draft.start_time = in_seconds(7200);
    draft.end_time = in_seconds(10800);
    request.conversation = &draft;
    request.request_id = (char *)creation->request_id;
    creation->status = lc_conversation_service_create_conversation(
        creation->lc->channel, &options, &request, &creation->arena, &response, &result);
    if (status_is_ok(creation->status))
        creation->made = response->conversation;
}

static void *create_elsewhere(void *argument) {
    struct creation *creation = argument;
    arena_init(&t.arena, 1 << 20);
    create(creation);
    arena_done(&t.arena);
    return NULL;
}

static void await_hits(unsigned int count) {
    for (int i = 0; i < 1000 && db_fault_hits(&fault) < count; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_true(db_fault_hits(&fault) >= count);
}

/*
 * The first one's COMMIT never arrives. Until it looks for its record, the second has committed;
 * the reply to that is lost, too, so that the first is answered while nothing is published yet.
 */
static void what_was_rolled_back_is_not_told(void **state) {
    enum { LOOK_UP_US = 2000000 };
    const char *ben_id;
    const char *ben = new_student(&ben_id);
    const char *inbox[] = {"inbox"};
    struct creation first = {.lc = t.lc, .token = new_student(NULL), .guest = ben_id};
    (void)state;
    created(first.token, new_draft("So that the host is known"));
    struct device *device = device_start(ben, "ben", inbox, 1);
    device_await_ready(device);
    first.request_id = new_uuid();
    struct creation second = first;
    arena_init(&first.arena, 1 << 20);
    arena_init(&second.arena, 1 << 20);
    db_fault_clear(&fault);
    db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_BEFORE, .match = "COMMIT"});
    db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_AFTER, .match = "COMMIT"});
    db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DELAY,
                                                .match = "SELECT fingerprint",
                                                .times = 2,
                                                .delay_us = LOOK_UP_US});
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, create_elsewhere, &first), 0);
    await_hits(2);
    create(&second);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(db_fault_hits(&fault), 4);
    db_fault_clear(&fault);
    assert_ok(first.status);
    assert_ok(second.status);
    assert_string_equal(first.made->id, second.made->id);
    device_await_event(device, 0, KIND(INVITED), first.made->id);
    assert_int_equal(device_count(device, 0, KIND(INVITED), NULL), 1);
    arena_done(&first.arena);
    arena_done(&second.arena);
    finish(device);
}

static int start(void **state) {
    (void)state;
    db_fault_init(&fault, db_driver_mariadb());
    t.lc = liveconv_server_start(&(struct liveconv_server_options){.driver = &fault.base});
    return 0;
}

static int stop(void **state) {
    stop_server(state);
    db_fault_done(&fault);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
        TEST(a_deletion_nobody_knows_of_removes_the_text_from_the_ring),
        TEST(an_edit_nobody_knows_of_does_so_too),
        TEST(a_deletion_found_in_the_log_removes_the_text_from_the_ring),
        TEST(a_suspension_is_felt_by_the_retry),
        TEST(a_removal_nobody_knows_of_closes_the_topic),
        TEST(what_was_rolled_back_is_not_told),
#undef TEST
    };
    return cmocka_run_group_tests(tests, start, stop);
}
