/* What is unread, for those who have their inbox open and no more. */
#include "live_test.h"

#include <string.h>

struct trio {
    const char *host, *ana, *ben;
    const char *ana_id, *ben_id;
    char *conversation;
};

static struct trio new_trio(void) {
    struct trio trio;
    trio.host = new_student(NULL);
    trio.ana = new_student(&trio.ana_id);
    trio.ben = new_student(&trio.ben_id);
    trio.conversation = open_conversation(trio.host)->id;
    booked(trio.ana, trio.conversation);
    booked(trio.ben, trio.conversation);
    joined(trio.host, trio.conversation);
    joined(trio.ana, trio.conversation);
    joined(trio.ben, trio.conversation);
    return trio;
}

static struct device *open_inbox(const char *token, const char *device_id) {
    const char *topics[] = {"inbox"};
    struct device *device = device_start(token, device_id, topics, 1);
    device_await_ready(device);
    return device;
}

static void finish(struct device *device) {
    device_stop(device);
    device_assert_sound(device);
    device_free(&device);
}

static void a_message_is_told_to_an_open_inbox(void **state) {
    struct trio r = new_trio();
    (void)state;
    struct device *phone = open_inbox(r.ben, "phone");
    struct device *tablet = open_inbox(r.ben, "tablet");
    uint64_t head = head_of_inbox(r.ben_id);
    sent(r.ana, r.conversation, "One");
    device_await_unread(phone, r.conversation, 1);
    device_await_unread(tablet, r.conversation, 1);
    lc_message *two = sent(r.host, r.conversation, "Two");
    device_await_unread(phone, r.conversation, 2);
    assert_int_equal(unread_of(r.ben), 2);
    /* Own words are read; what is private to others is not there. */
    sent(r.ben, r.conversation, "Three");
    assert_ok(try_send(r.host, r.conversation, "For Ana", r.ana_id, NULL, NULL));
    assert_ok(try_send(r.host, r.conversation, "For Ben", r.ben_id, NULL, NULL));
    device_await_unread(phone, r.conversation, 3);
    assert_int_equal(unread_of(r.ben), 3);
    assert_ok(try_delete(r.host, two->id, NULL, NULL));
    device_await_unread(phone, r.conversation, 2);
    device_await_unread(tablet, r.conversation, 2);
    /* Nothing was written for it. */
    assert_int_equal(head_of_inbox(r.ben_id), head);
    finish(phone);
    finish(tablet);
}

static void a_correction_is_something_unread(void **state) {
    struct trio r = new_trio();
    lc_message *correction = NULL;
    (void)state;
    lc_message *said = sent(r.ben, r.conversation, "I has tea");
    struct device *ben = open_inbox(r.ben, "phone");
    assert_ok(try_correct(r.ana, said->id, 2, 3, "have", &correction));
    device_await_unread(ben, r.conversation, 1);
    finish(ben);
}

static void many_messages_are_told_as_few(void **state) {
    enum { MESSAGES = 60 };
    struct trio r = new_trio();
    (void)state;
    struct device *ben = open_inbox(r.ben, "phone");
    for (int i = 0; i < MESSAGES; i++)
        sent(r.ana, r.conversation, "Again");
    device_await_unread(ben, r.conversation, MESSAGES);
    assert_true(device_hints(ben) < MESSAGES);
    finish(ben);
}

/* Without a snapshot there is nothing that tells of what came meanwhile. */
static void who_goes_on_from_a_position_is_told_what_was_missed(void **state) {
    struct trio r = new_trio();
    (void)state;
    struct device *ben = open_inbox(r.ben, "phone");
    device_stop(ben);
    sent(r.ana, r.conversation, "Missed");
    sent(r.ana, r.conversation, "Missed, too");
    device_resume(ben);
    device_await_unread(ben, r.conversation, 2);
    finish(ben);
}

/* Ana's inbox is the witness that the message was counted. */
static void who_was_removed_is_told_nothing(void **state) {
    struct trio r = new_trio();
    (void)state;
    struct device *ben = open_inbox(r.ben, "phone");
    struct device *ana = open_inbox(r.ana, "phone");
    assert_ok(try_remove(r.host, r.conversation, r.ben_id));
    sent(r.host, r.conversation, "Among us");
    device_await_unread(ana, r.conversation, 1);
    sent(r.host, r.conversation, "Still among us");
    device_await_unread(ana, r.conversation, 2);
    assert_int_equal(device_hints(ben), 0);
    assert_int_equal(unread_of(r.ben), 0);
    finish(ben);
    finish(ana);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_told_to_an_open_inbox),
        TEST(a_correction_is_something_unread),
        TEST(many_messages_are_told_as_few),
        TEST(who_goes_on_from_a_position_is_told_what_was_missed),
        TEST(who_was_removed_is_told_nothing),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
