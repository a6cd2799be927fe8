/*
 * New tokens and other topics while the stream is in use: no gap, and nobody sees a thing. Once as
 * fast as it goes, and once every five seconds with tokens that live hardly longer, so that what
 * waits for the end of an old token or an old stream has its time to do harm.
 */
#include "live_test.h"

#include <time.h>

#include "base/clock.h"

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

enum {
    ROTATIONS = 30,
    MESSAGES_BETWEEN = 5,
    TOPICS = 3,
    CALM_ROTATIONS = 3,
    CALM_SECONDS = 5,
    CALM_TOKEN_SECONDS = 8,
    CALM_PAUSE_MS = 50,
};

/* Ana on a phone that follows her conversation always, and others by turns; the host watches. */
struct room {
    const char *host;
    const char *ana;
    const char *ana_id;
    const char *conversation;
    struct device *watcher;
    struct device *phone;
    size_t sent;
    size_t read;
};

static void enter(struct room *room, int64_t token_lives_s) {
    *room = (struct room){.host = new_student(NULL)};
    (void)new_student(&room->ana_id);
    room->ana = liveconv_token(t.lc, &(struct liveconv_who){.subject = room->ana_id});
    room->conversation = open_conversation(room->host)->id;
    const char *other = open_conversation(new_student(NULL))->id;
    const char *topics[TOPICS] = {room->conversation, "inbox", other};
    booked(room->ana, room->conversation);
    booked(room->ana, other);
    joined(room->host, room->conversation);
    joined(room->ana, room->conversation);
    joined(room->ana, other);
    room->watcher = device_start(room->host, "host", topics, 1);
    const char *first = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = room->ana_id, .lives_s = token_lives_s});
    room->phone = device_start(first, "phone", topics, TOPICS);
    device_await_ready(room->watcher);
    device_await_ready(room->phone);
}

/* Something for the conversation, and sometimes for her inbox. */
static void chat(struct room *room) {
    size_t number = room->sent++;
    lc_message *message =
        sent(number % 2 ? room->host : room->ana, room->conversation, text("%zu", number));
    if (number % MESSAGES_BETWEEN != 2)
        return;
    assert_ok(try_mark_read(room->ana, room->conversation, message->sequence, NULL));
    room->read++;
}

static void rotate(struct room *room, int64_t token_lives_s, size_t topic_count) {
    const char *fresh = liveconv_token(t.lc, &(struct liveconv_who){.subject = room->ana_id,
                                                                    .roles = "student",
                                                                    .lives_s = token_lives_s});
    device_rotate(room->phone, fresh, topic_count);
}

/* Each message and each change of the inbox, once; and for the host nothing but messages. */
static void check_and_leave(struct room *room, size_t rotations) {
    rotate(room, 3600, TOPICS);
    sent(room->host, room->conversation, "The end");
    device_await_text(room->phone, "The end");
    device_await_text(room->watcher, "The end");
    uint64_t inbox = (uint64_t)liveconv_sql_number(
        t.lc, "SELECT eventSequence FROM inbox_topics WHERE userId = '%s'", room->ana_id);
    device_await_sequence(room->phone, 1, inbox);
    device_stop(room->watcher); /* before it can see that she goes */
    device_stop(room->phone);
    device_assert_sound(room->phone);
    device_assert_sound(room->watcher);
    assert_int_equal(device_count(room->phone, 0, KIND(MESSAGE_SENT), NULL), room->sent + 1);
    assert_int_equal(device_count(room->phone, 1, KIND(READ_STATE_CHANGED), NULL), room->read);
    for (size_t i = 0; i < TOPICS; i++)
        assert_int_equal(room->phone->topics[i].segment, 1);
    assert_int_equal(room->phone->streams, rotations + 2);
    assert_int_equal(device_count(room->watcher, 0, KIND(MESSAGE_SENT), NULL), room->sent + 1);
    assert_int_equal(room->watcher->seen.count, room->sent + 1);
    device_free(&room->phone);
    device_free(&room->watcher);
}

static void tokens_and_topics_change_without_gap_or_flicker(void **state) {
    struct room room;
    (void)state;
    enter(&room, 3600);
    for (int i = 0; i < ROTATIONS; i++) {
        for (int j = 0; j < MESSAGES_BETWEEN; j++)
            chat(&room);
        rotate(&room, 5 + i, 1 + (size_t)i % TOPICS);
    }
    check_and_leave(&room, ROTATIONS);
}

static void a_token_every_five_seconds(void **state) {
    struct room room;
    (void)state;
    enter(&room, CALM_TOKEN_SECONDS);
    int64_t due_us = clock_monotonic_us(clock_system());
    for (size_t i = 0; i < CALM_ROTATIONS; i++) {
        due_us += CALM_SECONDS * INT64_C(1000000);
        while (clock_monotonic_us(clock_system()) < due_us) {
            chat(&room);
            nanosleep(&(struct timespec){.tv_nsec = CALM_PAUSE_MS * 1000000L}, NULL);
        }
        rotate(&room, CALM_TOKEN_SECONDS, 1 + i % TOPICS);
    }
    assert_int_equal(room.phone->goodbye, 0);
    check_and_leave(&room, CALM_ROTATIONS);
}

/* Ana is in two rooms at once. */
static int start_where_sessions_overlap(void **state) {
    int failed = start_server(state);
    if (failed == 0)
        liveconv_sql(t.lc, "UPDATE tenants SET forbidsOverlaps = FALSE");
    return failed;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_and_topics_change_without_gap_or_flicker, begin_test,
                                        end_test),
        cmocka_unit_test_setup_teardown(a_token_every_five_seconds, begin_test, end_test),
    };
    return cmocka_run_group_tests(tests, start_where_sessions_overlap, stop_server);
}
