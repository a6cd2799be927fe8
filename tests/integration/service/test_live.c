/* Rooms and streams: two people who see each other, and what ends a stream. */
#include "live_test.h"

#include <stdio.h>
#include <string.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

/* A host with a conversation whose doors are open, and a guest who has booked. */
struct pair {
    const char *host_id;
    const char *host;
    const char *guest_id;
    const char *guest;
    char *conversation;
};

static struct pair new_pair(void) {
    struct pair pair;
    pair.host = new_student(&pair.host_id);
    pair.guest = new_student(&pair.guest_id);
    pair.conversation = open_conversation(pair.host)->id;
    booked(pair.guest, pair.conversation);
    return pair;
}

static struct device *follow(const char *token, const char *device_id, const char *conversation) {
    const char *topics[] = {conversation};
    struct device *device = device_start(token, device_id, topics, 1);
    device_await_ready(device);
    return device;
}

static void finish(struct device *device) {
    device_stop(device);
    device_assert_sound(device);
    device_free(&device);
}

static void two_people_see_each_other_both_ways(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    struct device *host = follow(p.host, "host", p.conversation);
    joined(p.guest, p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);

    device_await_event(host, 0, KIND(PARTICIPANT_JOINED), p.guest_id);
    sent(p.host, p.conversation, "Hello");
    sent(p.guest, p.conversation, "Good evening");
    device_await_text(guest, "Hello");
    device_await_text(host, "Good evening");
    assert_ok(try_leave(p.guest, p.conversation, 0));
    device_await_event(host, 0, KIND(PARTICIPANT_LEFT), p.guest_id);
    device_await_event(guest, 0, KIND(PARTICIPANT_LEFT), p.guest_id);
    finish(host);
    finish(guest);
}

static void joining_again_gives_the_same_generation(void **state) {
    struct pair p = new_pair();
    (void)state;
    int64_t first = joined(p.guest, p.conversation)->participant->generation;
    assert_int_equal(joined(p.guest, p.conversation)->participant->generation, first);
    assert_ok(try_leave(p.guest, p.conversation, first));
    int64_t second = joined(p.guest, p.conversation)->participant->generation;
    assert_true(second > first);
    /* A leave of the earlier stay comes late. */
    assert_ok(try_leave(p.guest, p.conversation, first));
    lc_list_participants_response *list = NULL;
    assert_ok(try_list_participants(p.guest, p.conversation, &list));
    assert_int_equal(list->n_participants, 1);
    assert_int_equal(list->participants[0]->status, LC_PARTICIPANT_STATUS_JOINED);
}

static void strangers_do_not_come_in(void **state) {
    struct pair p = new_pair();
    const char *stranger = new_student(NULL);
    (void)state;
    assert_refused(try_join(stranger, p.conversation, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_BOOKED");
    assert_refused(try_join(stranger, new_uuid(), NULL), STATUS_NOT_FOUND,
                   "CONVERSATION_NOT_FOUND");
    assert_refused(try_send(stranger, p.conversation, "Hi", NULL, NULL, NULL),
                   STATUS_PERMISSION_DENIED, "NOT_PARTICIPANT");
    assert_refused(try_list_messages(stranger, p.conversation, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_PARTICIPANT");
}

static void doors_are_closed_before_their_time(void **state) {
    const char *host = new_student(NULL);
    (void)state;
    lc_conversation *later = created(host, new_draft("Later")); /* in an hour */
    assert_refused(try_join(host, later->id, NULL), STATUS_FAILED_PRECONDITION, "DOORS_CLOSED");
    assert_string_not_equal(error_metadata("doors_open_time"), "");
}

static void a_topic_that_may_not_be_followed_is_closed_and_others_go_on(void **state) {
    struct pair p = new_pair();
    const char *stranger_id;
    const char *stranger = new_student(&stranger_id);
    (void)state;
    joined(p.guest, p.conversation);
    char *other = open_conversation(stranger)->id;
    const char *topics[] = {p.conversation, other, new_uuid(), "inbox"};
    struct device *guest = device_start(p.guest, "phone", topics, 4);
    device_await_ready(guest);
    device_await_closed(guest, 1, LC_TOPIC_CLOSED_REASON_FORBIDDEN);
    device_await_closed(guest, 2, LC_TOPIC_CLOSED_REASON_MISSING);
    sent(p.guest, p.conversation, "Still here");
    device_await_text(guest, "Still here");
    finish(guest);
}

static void removal_closes_the_topic_for_good(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);
    struct device *host = follow(p.host, "host", p.conversation);
    assert_ok(try_remove(p.host, p.conversation, p.guest_id));
    device_await_closed(guest, 0, LC_TOPIC_CLOSED_REASON_REMOVED);
    device_await_event(host, 0, KIND(PARTICIPANT_REMOVED), p.guest_id);
    assert_refused(try_join(p.guest, p.conversation, NULL), STATUS_PERMISSION_DENIED,
                   "PARTICIPANT_REMOVED");
    assert_refused(try_send(p.guest, p.conversation, "Hm", NULL, NULL, NULL),
                   STATUS_PERMISSION_DENIED, "PARTICIPANT_REMOVED");
    assert_ok(try_remove(p.host, p.conversation, p.guest_id)); /* answered as it is */
    assert_int_equal(device_count(host, 0, KIND(PARTICIPANT_REMOVED), p.guest_id), 1);
    finish(guest);
    finish(host);
}

/* ListBookings would tell it too: the only booking of the guest. */
static const char *booking_of(const struct pair *p) {
    return text("%s", got(p->guest, p->conversation)->viewer->booking_id);
}

static size_t listed_as(const char *token, const char *conversation, const char *user_id,
                        int status) {
    lc_list_participants_response *list = NULL;
    size_t found = 0;
    assert_ok(try_list_participants(token, conversation, &list));
    for (size_t i = 0; i < list->n_participants; i++)
        found += strcmp(list->participants[i]->user->user_id, user_id) == 0 &&
                 list->participants[i]->status == (lc_participant_status)status;
    return found;
}

static void who_gives_the_seat_up_leaves_the_room_on_every_device(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    const char *topics[] = {p.conversation, "inbox"};
    struct device *host = follow(p.host, "host", p.conversation);
    struct device *phone = device_start(p.guest, "phone", topics, 2);
    struct device *tablet = device_start(p.guest, "tablet", topics, 2);
    device_await_ready(phone);
    device_await_ready(tablet);
    assert_ok(try_cancel_booking(p.guest, booking_of(&p), NULL, NULL));
    device_await_closed(phone, 0, LC_TOPIC_CLOSED_REASON_FORBIDDEN);
    device_await_closed(tablet, 0, LC_TOPIC_CLOSED_REASON_FORBIDDEN);
    device_await_event(host, 0, KIND(PARTICIPANT_LEFT), p.guest_id);
    assert_int_equal(listed_as(p.host, p.conversation, p.guest_id, LC_PARTICIPANT_STATUS_LEFT), 1);
    assert_int_equal(got(p.host, p.conversation)->conversation->current_participants, 1);
    /* The others go on: the inbox tells of the booking, and of what comes after. */
    device_await_event(phone, 1, KIND(BOOKING_CHANGED), NULL);
    device_await_event(tablet, 1, KIND(BOOKING_CHANGED), NULL);
    booked(p.guest, open_conversation(new_student(NULL))->id);
    device_await_sequence(phone, 1, head_of_inbox(p.guest_id));
    finish(phone);
    finish(tablet);
    finish(host);
}

static void who_gave_the_seat_up_reads_nothing_more(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    sent(p.host, p.conversation, "Before");
    assert_ok(try_cancel_booking(p.guest, booking_of(&p), NULL, NULL));
    sent(p.host, p.conversation, "After");
    assert_refused(try_list_messages(p.guest, p.conversation, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_PARTICIPANT");
    assert_refused(try_list_participants(p.guest, p.conversation, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_PARTICIPANT");
    assert_refused(try_join(p.guest, p.conversation, NULL), STATUS_PERMISSION_DENIED, "NOT_BOOKED");
    assert_refused(try_send(p.host, p.conversation, "Psst", p.guest_id, NULL, NULL),
                   STATUS_FAILED_PRECONDITION, "RECIPIENT_NOT_PRESENT");
    assert_int_equal(got(p.guest, p.conversation)->viewer->unread_count, 0);
    assert_int_equal(unread_of(p.guest), 0);
    const char *topics[] = {p.conversation, "inbox"};
    struct device *guest = device_start(p.guest, "phone", topics, 2);
    device_await_closed(guest, 0, LC_TOPIC_CLOSED_REASON_FORBIDDEN);
    finish(guest);
    /* With a seat again, everything. */
    booked(p.guest, p.conversation);
    joined(p.guest, p.conversation);
    guest = follow(p.guest, "phone", p.conversation);
    sent(p.host, p.conversation, "Again");
    device_await_text(guest, "Again");
    finish(guest);
}

static void an_admin_takes_the_seat_away(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.guest, p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);
    assert_ok(try_cancel_booking(new_admin(NULL), booking_of(&p), NULL, NULL));
    device_await_closed(guest, 0, LC_TOPIC_CLOSED_REASON_FORBIDDEN);
    assert_int_equal(listed_as(p.host, p.conversation, p.guest_id, LC_PARTICIPANT_STATUS_LEFT), 1);
    finish(guest);
}

static void an_admin_without_a_seat_stays(void **state) {
    struct pair p = new_pair();
    const char *admin_id;
    (void)state;
    p.guest = new_admin(&admin_id);
    booked(p.guest, p.conversation);
    joined(p.guest, p.conversation);
    joined(p.host, p.conversation);
    struct device *admin = follow(p.guest, "admin", p.conversation);
    assert_ok(try_cancel_booking(p.guest, booking_of(&p), NULL, NULL));
    sent(p.host, p.conversation, "Still here?");
    device_await_text(admin, "Still here?");
    assert_int_equal(listed_as(p.host, p.conversation, admin_id, LC_PARTICIPANT_STATUS_JOINED), 1);
    finish(admin);
}

static void host_and_oneself_cannot_be_removed(void **state) {
    struct pair p = new_pair();
    const char *admin = new_admin(NULL);
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    assert_refused(try_remove(admin, p.conversation, p.host_id), STATUS_FAILED_PRECONDITION,
                   "CANNOT_MODERATE");
    assert_refused(try_remove(p.guest, p.conversation, p.host_id), STATUS_PERMISSION_DENIED,
                   "NOT_HOST");
    assert_refused(try_remove(p.host, p.conversation, new_uuid()), STATUS_NOT_FOUND,
                   "PARTICIPANT_NOT_FOUND");
}

static void the_muted_read_and_do_not_send(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);
    assert_ok(try_mute(p.host, p.conversation, p.guest_id, true, NULL));
    device_await_event(guest, 0, KIND(PARTICIPANT_MUTED), p.guest_id);
    assert_refused(try_send(p.guest, p.conversation, "Hm", NULL, NULL, NULL),
                   STATUS_PERMISSION_DENIED, "PARTICIPANT_MUTED");
    sent(p.host, p.conversation, "Listen");
    device_await_text(guest, "Listen");
    assert_ok(try_mute(p.host, p.conversation, p.guest_id, false, NULL));
    sent(p.guest, p.conversation, "Thanks");
    finish(guest);
}

static void a_locked_room_lets_nobody_new_in(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    assert_ok(try_lock(p.host, p.conversation, true));
    assert_refused(try_join(p.guest, p.conversation, NULL), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_LOCKED");
    assert_ok(try_lock(p.host, p.conversation, false));
    joined(p.guest, p.conversation);
}

static void a_new_stream_of_a_device_replaces_the_old_one_without_a_flicker(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    struct device *host = follow(p.host, "host", p.conversation);
    struct device *first = follow(p.guest, "phone", p.conversation);
    device_stay_ended(first);
    struct device *second = follow(p.guest, "phone", p.conversation);
    device_await_goodbye(first, LC_GOODBYE_REASON_REPLACED);
    sent(p.host, p.conversation, "Hello");
    device_await_text(second, "Hello");
    device_await_text(host, "Hello");
    assert_int_equal(device_count(host, 0, KIND(PARTICIPANT_AWAY), NULL), 0);
    assert_int_equal(device_count(host, 0, KIND(PARTICIPANT_BACK), NULL), 0);
    finish(first);
    finish(second);
    finish(host);
}

static void who_loses_the_last_stream_is_away_and_comes_back(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    struct device *host = follow(p.host, "host", p.conversation);
    struct device *guest = follow(p.guest, "phone", p.conversation);
    device_stop(guest);
    device_await_event(host, 0, KIND(PARTICIPANT_AWAY), p.guest_id);
    device_resume(guest);
    device_await_event(host, 0, KIND(PARTICIPANT_BACK), p.guest_id);
    assert_int_equal(device_count(host, 0, KIND(PARTICIPANT_LEFT), NULL), 0);
    finish(guest);
    finish(host);
}

static void typing_is_told_to_others_and_not_stored(void **state) {
    struct pair p = new_pair();
    lc_update_activity_response *response = NULL;
    (void)state;
    joined(p.host, p.conversation);
    joined(p.guest, p.conversation);
    struct device *host = follow(p.host, "host", p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);
    uint64_t head = head_of(p.conversation);
    assert_ok(try_activity(p.guest, p.conversation, true, false, &response));
    assert_true(response->renew_within_ms > 0);
    device_await_signal(host, LIVECONV__V1__SIGNAL__KIND_TYPING);
    assert_ok(try_activity(p.guest, p.conversation, false, true, &response));
    device_await_signal(host, LIVECONV__V1__SIGNAL__KIND_SPEAKING);
    assert_int_equal(head_of(p.conversation), head);
    finish(host);
    finish(guest);
}

static void suspension_ends_streams_at_once(void **state) {
    struct pair p = new_pair();
    const char *backend = new_service("users.write");
    (void)state;
    joined(p.guest, p.conversation);
    struct device *guest = follow(p.guest, "guest", p.conversation);
    device_stay_ended(guest);
    struct rpc_call_options options = liveconv_as(backend);
    lc_suspend_user_request request = LC_SUSPEND_USER_REQUEST_INIT;
    lc_suspend_user_response *response = NULL;
    request.user_id = text("%s", p.guest_id);
    request.suspended = true;
    assert_ok(lc_user_service_suspend_user(t.lc->channel, &options, &request, &t.arena, &response,
                                           &t.result));
    device_await_goodbye(guest, LC_GOODBYE_REASON_SUSPENDED);
    finish(guest);
}

static void the_stream_ends_with_its_token(void **state) {
    struct pair p = new_pair();
    (void)state;
    joined(p.guest, p.conversation);
    const char *brief = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = p.guest_id, .roles = "student", .lives_s = 2});
    struct device *guest = follow(brief, "guest", p.conversation);
    device_stay_ended(guest);
    device_await_goodbye(guest, LC_GOODBYE_REASON_TOKEN_EXPIRED);
    device_await_code(guest, STATUS_UNAUTHENTICATED);
    finish(guest);
}

static void one_device_too_many_is_refused(void **state) {
    enum { DEVICES = 11 }; /* a tenant allows 10 unless it says otherwise */
    struct pair p = new_pair();
    struct device *devices[DEVICES];
    (void)state;
    joined(p.guest, p.conversation);
    for (int i = 0; i < DEVICES - 1; i++)
        devices[i] = follow(p.guest, text("device %d", i), p.conversation);
    struct rpc_call_options options = liveconv_as(p.guest);
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *list[] = {&topic};
    struct rpc_client_call *call = NULL;
    lc_subscribe_response *response = NULL;
    topic.topic = text("inbox");
    request.device_id = text("one too many");
    request.topics = list;
    request.n_topics = 1;
    assert_ok(lc_live_service_subscribe_open(t.lc->channel, &options, &request, &call));
    (void)!status_is_ok(lc_live_service_subscribe_receive(call, &t.arena, &response));
    assert_refused(rpc_client_call_finish(call, &t.arena, &t.result), STATUS_RESOURCE_EXHAUSTED,
                   "DEVICE_LIMIT");
    rpc_client_call_free(&call);
    for (int i = 0; i < DEVICES - 1; i++)
        finish(devices[i]);
}

static struct status try_subscribe(const char *token, const char *device_id,
                                   struct rpc_client_call **ret_call) {
    struct rpc_call_options options = liveconv_as(token);
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *list[] = {&topic};
    lc_subscribe_response *response = NULL;
    topic.topic = text("inbox");
    request.device_id = text("%s", device_id);
    request.topics = list;
    request.n_topics = 1;
    assert_ok(lc_live_service_subscribe_open(t.lc->channel, &options, &request, ret_call));
    return lc_live_service_subscribe_receive(*ret_call, &t.arena, &response);
}

static void assert_device_limit(struct rpc_client_call **call, const char *limit) {
    assert_refused(rpc_client_call_finish(*call, &t.arena, &t.result), STATUS_RESOURCE_EXHAUSTED,
                   "DEVICE_LIMIT");
    assert_string_equal(error_metadata("limit"), limit);
    assert_int_equal(t.result.details.quota_violation_count, 1);
    rpc_client_call_free(call);
}

static void the_tenant_says_how_many_devices(void **state) {
    struct rpc_client_call *calls[3] = {NULL};
    (void)state;
    liveconv_sql(t.lc, "INSERT INTO tenants (id, maxDevicesPerUser) VALUES ('modest', 2)");
    const char *user =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "two", .tenant = "modest"});
    assert_ok(try_subscribe(user, "phone", &calls[0]));
    assert_ok(try_subscribe(user, "tablet", &calls[1]));
    (void)!status_is_ok(try_subscribe(user, "watch", &calls[2]));
    assert_device_limit(&calls[2], "2");
    assert_ok(try_subscribe(user, "phone", &calls[2])); /* takes the place of the first */
    for (size_t i = 0; i < 3; i++)
        rpc_client_call_free(&calls[i]);
}

static void malformed_topics_are_refused(void **state) {
    const char *names[] = {"conversations/no-uuid", "inboxes", "conversations/"};
    const char *user = new_student(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct rpc_call_options options = liveconv_as(user);
        lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
        lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
        lc_topic_subscription *list[] = {&topic};
        struct rpc_client_call *call = NULL;
        topic.topic = text("%s", names[i]);
        request.device_id = text("phone");
        request.topics = list;
        request.n_topics = 1;
        assert_ok(lc_live_service_subscribe_open(t.lc->channel, &options, &request, &call));
        assert_refused(rpc_client_call_finish(call, &t.arena, &t.result), STATUS_INVALID_ARGUMENT,
                       "TOPIC_INVALID");
        rpc_client_call_free(&call);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
        TEST(two_people_see_each_other_both_ways),
        TEST(joining_again_gives_the_same_generation),
        TEST(strangers_do_not_come_in),
        TEST(doors_are_closed_before_their_time),
        TEST(a_topic_that_may_not_be_followed_is_closed_and_others_go_on),
        TEST(removal_closes_the_topic_for_good),
        TEST(who_gives_the_seat_up_leaves_the_room_on_every_device),
        TEST(who_gave_the_seat_up_reads_nothing_more),
        TEST(an_admin_takes_the_seat_away),
        TEST(an_admin_without_a_seat_stays),
        TEST(host_and_oneself_cannot_be_removed),
        TEST(the_muted_read_and_do_not_send),
        TEST(a_locked_room_lets_nobody_new_in),
        TEST(a_new_stream_of_a_device_replaces_the_old_one_without_a_flicker),
        TEST(who_loses_the_last_stream_is_away_and_comes_back),
        TEST(typing_is_told_to_others_and_not_stored),
        TEST(suspension_ends_streams_at_once),
        TEST(the_stream_ends_with_its_token),
        TEST(one_device_too_many_is_refused),
        TEST(the_tenant_says_how_many_devices),
        TEST(malformed_topics_are_refused),
#undef TEST
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
