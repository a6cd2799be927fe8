/* Signals: the latest of each kind and user, while it holds. */
#include <stdlib.h>
#include <string.h>

#include "live_fake.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "support/cmocka.h"

struct fixture {
    struct fake_db db;
    struct fake_log *log;
    struct fake_client client;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fake_db_init(&f->db);
    f->log = fake_db_log(&f->db, 100, 7);
    fake_db_start(&f->db);
    fake_client_init(&f->client, &f->db, 1);
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    fake_client_cut(&f->client);
    fake_db_stop(&f->db);
    free(f);
    return 0;
}

/* `to` 0: to everybody. */
static void signal_from(struct fixture *f, enum live_signal_kind kind, uint8_t user, bool active,
                        int64_t time_to_live_ms, uint8_t to) {
    char id[UUID_TEXT_BYTES];
    struct uuid uuid = fake_uuid(user);
    uuid_format(&uuid, id);
    lc_activity_signal activity;
    lc_activity_signal_init(&activity);
    activity.user_id = id;
    activity.active = active;
    lc_signal message;
    lc_signal_init(&message);
    message.kind_case = (Liveconv__V1__Signal__KindCase)(3 + (int)kind);
    message.typing = &activity;
    struct live_signal signal = {
        .kind = kind,
        .user = uuid,
        .active = active,
        .time_to_live_ms = time_to_live_ms,
        .is_private = to != 0,
        .visible_to = fake_uuid(to),
        .bytes = rpc_buffer_new_message(&message.base),
    };
    live_hub_signal(f->db.hub, &f->log->key, &signal);
    rpc_buffer_unref(&signal.bytes);
    live_loop_run(f->db.loop);
}

static void a_signal_is_told_once_with_its_time_to_live(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_SPEAKING, 2, true, 10000, 0);
    assert_true(f->client.ready);
    assert_int_equal(fake_client_next(&f->client), FAKE_SIGNAL);
    assert_int_equal(f->client.reason, 10000);
    assert_int_equal(fake_client_next(&f->client), FAKE_NONE);
}

static void a_slow_reader_sees_only_the_latest(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 9; i++)
        signal_from(f, LIVE_SIGNAL_HAND, 2, i % 2 == 0, 0, 0);
    assert_int_equal(fake_client_read(&f->client, FAKE_SIGNAL), 1);
    assert_non_null(strstr(f->client.text, " on"));
}

static void an_expired_signal_is_not_told(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_TYPING, 2, true, 5000, 0);
    fake_advance(&f->db, 5000);
    assert_int_equal(fake_client_read(&f->client, FAKE_SIGNAL), 0);
}

static void typing_is_not_told_to_who_types(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_TYPING, 1, true, 5000, 0);
    assert_int_equal(fake_client_read(&f->client, FAKE_SIGNAL), 0);
}

static void a_private_signal_is_told_to_one(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_TYPING, 2, true, 5000, 3);
    assert_int_equal(fake_client_read(&f->client, FAKE_SIGNAL), 0);
    signal_from(f, LIVE_SIGNAL_TYPING, 2, true, 5000, 1);
    assert_int_equal(fake_client_read(&f->client, FAKE_SIGNAL), 1);
}

static void who_comes_later_learns_what_holds_but_not_what_ended(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_HAND, 2, true, 0, 0);
    signal_from(f, LIVE_SIGNAL_HAND, 3, true, 0, 0);
    signal_from(f, LIVE_SIGNAL_HAND, 3, false, 0, 0);
    struct fake_client late;
    fake_client_init(&late, &f->db, 4);
    fake_client_open(&late, "phone");
    assert_int_equal(fake_client_read(&late, FAKE_SIGNAL), 1);
    fake_client_cut(&late);
}

static void events_come_before_signals(void **state) {
    struct fixture *f = *state;
    signal_from(f, LIVE_SIGNAL_HAND, 2, true, 0, 0);
    fake_tell(&f->db, f->log, fake_commit(f->log));
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH);
    assert_int_equal(fake_client_next(&f->client), FAKE_SIGNAL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_is_told_once_with_its_time_to_live),
        TEST(a_slow_reader_sees_only_the_latest),
        TEST(an_expired_signal_is_not_told),
        TEST(typing_is_not_told_to_who_types),
        TEST(a_private_signal_is_told_to_one),
        TEST(who_comes_later_learns_what_holds_but_not_what_ended),
        TEST(events_come_before_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
