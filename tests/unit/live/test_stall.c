/* Readers that do not read: how long a frame may take to be written. */
#include <stdlib.h>

#include "domain/reason.h"
#include "live_fake.h"
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

static void commit(struct fixture *f, size_t count) {
    for (size_t i = 0; i < count; i++)
        fake_tell(&f->db, f->log, fake_commit(f->log));
}

static void open_at_head(struct fixture *f) {
    f->client.places[0] =
        (struct fake_place){.known = true, .position = {f->log->epoch, f->log->head}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
}

static void a_slow_reader_is_sent_away(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 1);
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH);
    fake_advance(&f->db, 60001); /* the write takes so long */
    assert_int_equal(fake_client_next(&f->client), FAKE_GOODBYE);
    assert_int_equal(f->client.reason, LIVE_GOODBYE_SLOW);
}

static void a_reader_that_stalls_is_cut_off(void **state) {
    struct fixture *f = *state;
    struct live_hub_figures figures;
    open_at_head(f);
    commit(f, 1);
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH); /* is never written */
    fake_advance(&f->db, 59999);
    live_hub_figures(f->db.hub, &figures);
    assert_int_equal(figures.slow, 0);
    fake_advance(&f->db, 1);
    live_hub_figures(f->db.hub, &figures);
    assert_int_equal(figures.slow, 1);
    assert_int_equal(f->client.cuts, 0);
    fake_advance(&f->db, 500);
    assert_int_equal(f->client.cuts, 1);
    assert_int_equal(f->client.end.code, STATUS_RESOURCE_EXHAUSTED);
    fake_advance(&f->db, 100000);
    assert_int_equal(f->client.cuts, 1);
}

/* A device that keeps coming back without reading holds one stream, not many. */
static void a_stream_that_stalls_and_is_replaced_is_cut_off(void **state) {
    struct fixture *f = *state;
    struct fake_client again;
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME); /* is never written */
    fake_client_init(&again, &f->db, 1);
    fake_client_open(&again, "phone");
    assert_int_equal(fake_client_next(&again), FAKE_WELCOME);
    fake_advance(&f->db, 500);
    assert_int_equal(f->client.cuts, 1);
    assert_int_equal(f->client.end.code, STATUS_ABORTED);
    assert_int_equal(again.cuts, 0);
    fake_client_cut(&again);
}

static void a_goodbye_that_is_not_read_is_cut_off(void **state) {
    struct fixture *f = *state;
    struct live_user user = fake_user(1);
    open_at_head(f);
    live_hub_suspend_user(f->db.hub, &user);
    live_loop_run(f->db.loop);
    assert_int_equal(fake_client_next(&f->client), FAKE_GOODBYE); /* is never written */
    fake_advance(&f->db, 499);
    assert_int_equal(f->client.cuts, 0);
    fake_advance(&f->db, 1);
    assert_int_equal(f->client.cuts, 1);
    assert_int_equal(f->client.end.reason, DOMAIN_REASON_USER_SUSPENDED);
}

/* The server's own end has a grace of the runtime's. */
static void the_runtime_cuts_off_what_it_ends(void **state) {
    struct fixture *f = *state;
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    live_subscriber_leave(f->client.subscriber, LIVE_GOODBYE_DRAIN);
    fake_advance(&f->db, 100000);
    assert_int_equal(f->client.cuts, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_slow_reader_is_sent_away),
        TEST(a_reader_that_stalls_is_cut_off),
        TEST(a_stream_that_stalls_and_is_replaced_is_cut_off),
        TEST(a_goodbye_that_is_not_read_is_cut_off),
        TEST(the_runtime_cuts_off_what_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
