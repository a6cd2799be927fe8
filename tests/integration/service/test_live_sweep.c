/* What a dead node, or a join without a stream, leaves behind is put right. */
#include "live_test.h"

#include "app/jobs.h"
#include "base/clock.h"
#include "service/live.h"

#include <time.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

struct room {
    const char *host;
    const char *guest_id;
    const char *conversation;
    struct device *device;
};

static struct room new_room(void) {
    struct room room;
    const char *guest = new_student(&room.guest_id);
    room.host = new_student(NULL);
    room.conversation = open_conversation(room.host)->id;
    booked(guest, room.conversation);
    joined(room.host, room.conversation);
    joined(guest, room.conversation);
    room.device = device_start(room.host, "host", &room.conversation, 1);
    device_await_ready(room.device);
    return room;
}

static void end(struct room *room) {
    device_stop(room->device);
    device_assert_sound(room->device);
    device_free(&room->device);
}

static void set_guest(const struct room *room, const char *what) {
    liveconv_sql(t.lc,
                 "UPDATE live_conversation_participants SET %s"
                 " WHERE conversationId = '%s' AND userId = '%s'",
                 what, room->conversation, room->guest_id);
}

/* A conversation that somebody has locked is left to the next sweep. */
static void sweep_until(const struct room *room, int kind) {
    for (int i = 0; i < 200 && device_count(room->device, 0, kind, room->guest_id) == 0; i++) {
        assert_ok(service_presence_sweep(t.lc->context));
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    assert_int_equal(device_count(room->device, 0, kind, room->guest_id), 1);
}

static void streams_of_a_dead_node_do_not_hold_anybody(void **state) {
    struct room room = new_room();
    (void)state;
    set_guest(&room, "subscribeBy = NULL");
    liveconv_sql(t.lc,
                 "INSERT INTO participant_streams (tenant_id, conversationId, userId, nodeId,"
                 " incarnation) VALUES ('%s', '%s', '%s', 'dead', 7)",
                 LIVECONV_TENANT, room.conversation, room.guest_id);
    sweep_until(&room, KIND(PARTICIPANT_AWAY));
    end(&room);
}

static void a_join_without_a_stream_is_away_and_then_over(void **state) {
    struct room room = new_room();
    (void)state;
    set_guest(&room, "subscribeBy = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE");
    sweep_until(&room, KIND(PARTICIPANT_AWAY));
    set_guest(&room, "awayAt = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE");
    sweep_until(&room, KIND(PARTICIPANT_LEFT));
    assert_int_equal(liveconv_sql_number(
                         t.lc, "SELECT currentParticipants FROM live_conversations WHERE id = '%s'",
                         room.conversation),
                     1);
    /* Once is enough. */
    uint64_t head = head_of(room.conversation);
    assert_ok(service_presence_sweep(t.lc->context));
    assert_int_equal(head_of(room.conversation), head);
    end(&room);
}

/* A log that cannot go on: its next number is taken. */
static void spoil(const char *conversation) {
    liveconv_sql(t.lc,
                 "INSERT INTO events (tenant_id, topicId, sequence, payload, checksum)"
                 " SELECT tenant_id, id, eventSequence + 1, 'x', 0 FROM live_conversations"
                 " WHERE id = '%s'",
                 conversation);
}

static void one_that_cannot_be_put_right_does_not_hold_the_others(void **state) {
    struct room damaged = new_room();
    struct room room = new_room();
    (void)state;
    spoil(damaged.conversation);
    set_guest(&damaged, "subscribeBy = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR");
    set_guest(&room, "subscribeBy = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE");
    sweep_until(&room, KIND(PARTICIPANT_AWAY));
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM live_conversation_participants"
                                         " WHERE conversationId = '%s' AND status = 'AWAY'",
                                         damaged.conversation),
                     0);
    set_guest(&damaged, "subscribeBy = NULL");
    device_free(&damaged.device);
    end(&room);
}

static void who_is_connected_is_left_alone(void **state) {
    struct room room = new_room();
    (void)state;
    uint64_t head = head_of(room.conversation);
    assert_ok(service_presence_sweep(t.lc->context));
    assert_int_equal(head_of(room.conversation), head);
    end(&room);
}

/* Scheduled work comes back after `away_s` seconds without the database. */
static void a_suspension_on_another_node_ends_streams_here_after(int away_s) {
    struct jobs jobs = {.context = t.lc->context, .revocations = t.lc->revocations, .batch = 5};
    const char *id;
    const char *user = new_student(&id);
    const char *topics[] = {"inbox"};
    struct device *device = device_start(user, "phone", topics, 1);
    device_await_ready(device);
    device_stay_ended(device);
    jobs.suspensions_from = clock_wall_us(clock_system()) - (away_s + 1) * INT64_C(1000000);
    liveconv_sql(t.lc,
                 "UPDATE users SET suspendedAt = UTC_TIMESTAMP(6),"
                 " accessChangedAt = UTC_TIMESTAMP(6) - INTERVAL %d SECOND WHERE id = '%s'",
                 away_s, id);
    assert_int_equal(jobs_suspensions(&jobs), SCHEDULE_DONE);
    device_await_goodbye(device, LC_GOODBYE_REASON_SUSPENDED);
    device_stop(device);
    device_free(&device);
}

static void a_suspension_on_another_node_ends_streams_here(void **state) {
    (void)state;
    a_suspension_on_another_node_ends_streams_here_after(0);
}

static void so_does_one_of_a_time_without_the_database(void **state) {
    (void)state;
    a_suspension_on_another_node_ends_streams_here_after(60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
        TEST(streams_of_a_dead_node_do_not_hold_anybody),
        TEST(a_join_without_a_stream_is_away_and_then_over),
        TEST(one_that_cannot_be_put_right_does_not_hold_the_others),
        TEST(who_is_connected_is_left_alone),
        TEST(a_suspension_on_another_node_ends_streams_here),
        TEST(so_does_one_of_a_time_without_the_database),
#undef TEST
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
