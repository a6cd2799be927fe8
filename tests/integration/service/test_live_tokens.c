/* New tokens and other topics while the stream is in use: no gap, and nobody sees a thing. */
#include "live_test.h"

#include <time.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

enum { ROTATIONS = 30, MESSAGES_BETWEEN = 5 };

static void tokens_and_topics_change_without_gap_or_flicker(void **state) {
    const char *host_id;
    const char *ana_id;
    const char *host = new_student(&host_id);
    const char *ana = new_student(&ana_id);
    const char *conversation = open_conversation(host)->id;
    const char *topics[] = {conversation, "inbox"};
    (void)state;
    booked(ana, conversation);
    joined(host, conversation);
    joined(ana, conversation);
    struct device *watcher = device_start(host, "host", topics, 1);
    struct device *phone = device_start(ana, "phone", topics, 2);
    device_await_ready(watcher);
    device_await_ready(phone);

    for (int i = 0; i < ROTATIONS; i++) {
        for (int j = 0; j < MESSAGES_BETWEEN; j++) {
            lc_message *message = sent(j % 2 ? host : ana, conversation, text("%d.%d", i, j));
            if (j == 2)
                assert_ok(try_mark_read(ana, conversation, message->sequence, NULL));
        }
        const char *fresh = liveconv_token(
            t.lc, &(struct liveconv_who){.subject = ana_id, .roles = "student", .lives_s = 5 + i});
        device_rotate(phone, fresh, i % 2 ? 2 : 1);
    }
    sent(host, conversation, "The end");
    device_await_text(phone, "The end");
    device_await_text(watcher, "The end");
    device_stop(phone);
    device_assert_sound(phone);
    /* Each message, once. */
    assert_int_equal(device_count(phone, 0, KIND(MESSAGE_SENT), NULL),
                     ROTATIONS * MESSAGES_BETWEEN + 1);
    assert_true(phone->topics[0].sequence > phone->topics[0].starts[1]);
    assert_int_equal(phone->topics[0].segment, 1);
    assert_int_equal(phone->streams, ROTATIONS + 1);
    device_stop(watcher);
    device_assert_sound(watcher);
    assert_int_equal(device_count(watcher, 0, KIND(PARTICIPANT_BACK), NULL), 0);
    assert_int_equal(device_count(watcher, 0, KIND(PARTICIPANT_LEFT), NULL), 0);
    assert_int_equal(device_count(watcher, 0, KIND(PARTICIPANT_JOINED), ana_id), 0);
    device_free(&phone);
    device_free(&watcher);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_and_topics_change_without_gap_or_flicker, begin_test,
                                        end_test),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
