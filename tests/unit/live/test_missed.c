/* What was committed and never published: removed text is not told from memory all the same. */
#include <stdlib.h>

#include "live_fake.h"
#include "support/cmocka.h"

struct fixture {
    struct fake_db db;
    struct fake_log *log;
    struct fake_client client; /* follows from the beginning */
    struct fake_client late;   /* resumes before what is held */
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fake_db_init(&f->db);
    f->log = fake_db_log(&f->db, 100, 7);
    fake_db_start(&f->db);
    fake_client_init(&f->client, &f->db, 1);
    fake_client_init(&f->late, &f->db, 2);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    fake_client_cut(&f->client);
    fake_client_cut(&f->late);
    fake_db_stop(&f->db);
    free(f);
    return 0;
}

static void commit(struct fixture *f, size_t count) {
    for (size_t i = 0; i < count; i++)
        fake_tell(&f->db, f->log, fake_commit(f->log));
}

/* The ring begins at 1. */
static void open_at_head(struct fixture *f) {
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
}

/* From `after` on; the texts of the first batch with events stay. */
static void resume(struct fixture *f, uint64_t after) {
    f->late.places[0] = (struct fake_place){.known = true, .position = {7, after}};
    fake_client_open(&f->late, "phone");
    fake_client_read(&f->late, FAKE_BATCH);
}

static void a_hole_takes_what_is_below_it_along(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 3);
    fake_client_read(&f->client, FAKE_BATCH);
    uint64_t by = fake_rewrite(f->log, 2); /* neither the text nor the event that tells of it */
    commit(f, 1);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 25);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 2);
    resume(f, 1);
    assert_int_equal(f->late.delivered, 4);
    assert_int_equal(f->late.sequences[0], 2);
    assert_true(f->late.versions[0] >= by);
}

static void a_hole_without_new_texts_leaves_the_ring_alone(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 2);
    fake_client_read(&f->client, FAKE_BATCH);
    for (size_t i = 0; i < 3; i++)
        fake_commit(f->log);
    commit(f, 1);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 25);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    size_t reads = f->db.reads;
    resume(f, 1);
    assert_int_equal(f->late.delivered, 5);
    assert_int_equal(f->db.reads, reads);
}

static void a_jump_takes_pages_along(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    open_at_head(f); /* reads pages: they are kept */
    uint64_t by = fake_rewrite(f->log, 3);
    for (size_t i = 0; i < 40; i++)
        fake_commit(f->log);
    fake_advance(&f->db, 10000); /* the look at the head */
    fake_settle(&f->db);
    resume(f, 0);
    assert_int_equal(f->late.delivered, by + 40);
    assert_int_equal(f->late.places[0].position.sequence, by + 40);
}

static void a_page_that_is_being_read_meanwhile_is_not_told(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 40}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
    f->late.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&f->late, "phone");
    assert_int_equal(fake_client_next(&f->late), FAKE_WELCOME);
    fake_client_next(&f->late); /* asks for the first page */
    assert_int_equal(f->db.request_count, 1);
    fake_see(&f->db, 0);
    uint64_t by = fake_rewrite(f->log, 3);
    commit(f, 1);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 25);
    assert_int_equal(f->db.request_count, 2); /* the hole */
    fake_see(&f->db, 1);
    fake_answer(&f->db, 1);
    fake_settle(&f->db);
    assert_int_equal(fake_client_next(&f->late), FAKE_NONE);
    fake_settle(&f->db);
    assert_int_equal(fake_client_next(&f->late), FAKE_BATCH);
    assert_true(f->late.versions[2] >= by);
}

static void a_snapshot_of_before_is_made_again(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 3);
    fake_client_read(&f->client, FAKE_BATCH);
    fake_client_open(&f->late, "phone");
    assert_int_equal(fake_client_next(&f->late), FAKE_WELCOME);
    fake_client_next(&f->late);
    assert_int_equal(f->db.snapshots, 1);
    fake_see(&f->db, 0);
    uint64_t by = fake_rewrite(f->log, 2);
    commit(f, 1);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 25);
    fake_see(&f->db, 1);
    fake_answer(&f->db, 1);
    fake_settle(&f->db);
    assert_int_equal(fake_client_read(&f->late, FAKE_SNAPSHOT), 1);
    assert_true(f->late.places[0].position.sequence >= by);
    assert_int_equal(f->db.snapshots, 2);
}

static void outdated_texts_are_read_again(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 3);
    fake_client_read(&f->client, FAKE_BATCH);
    uint64_t by = fake_rewrite(f->log, 2);
    fake_tell(&f->db, f->log, by);
    live_hub_outdate(f->db.hub, &f->log->key, f->log->epoch, by);
    resume(f, 1);
    assert_int_equal(f->late.sequences[0], 2);
    assert_true(f->late.versions[0] >= by);
    assert_int_equal(f->late.delivered, 3);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1); /* the one that tells */
}

static void outdated_texts_that_wait_or_come_late_are_read(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    uint64_t hole = fake_commit(f->log);
    uint64_t waits = fake_commit(f->log);
    uint64_t late = fake_commit(f->log);
    fake_tell(&f->db, f->log, waits);
    uint64_t by = fake_rewrite(f->log, waits);
    f->log->events[late].version = by;
    fake_tell(&f->db, f->log, by);
    live_hub_outdate(f->db.hub, &f->log->key, f->log->epoch, by);
    live_loop_run(f->db.loop);
    struct rpc_buffer *entry = fake_entry(late, late);
    struct live_event old = {.sequence = late, .version = late, .entry = entry};
    live_hub_publish(f->db.hub, &f->log->key, f->log->epoch, &old, 1);
    rpc_buffer_unref(&entry);
    fake_tell(&f->db, f->log, hole);
    fake_advance(&f->db, 25);
    fake_settle(&f->db);
    fake_advance(&f->db, 25);
    fake_client_read(&f->client, FAKE_BATCH);
    resume(f, hole);
    assert_int_equal(f->late.sequences[0], waits);
    assert_true(f->late.versions[0] >= by);
    assert_true(f->late.versions[1] >= by);
}

static void a_hole_that_was_read_before_is_read_again(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    uint64_t old = fake_commit(f->log);
    commit(f, 1);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 25);
    assert_int_equal(f->db.request_count, 1);
    fake_see(&f->db, 0);
    uint64_t by = fake_rewrite(f->log, old);
    fake_tell(&f->db, f->log, by);
    live_hub_outdate(f->db.hub, &f->log->key, f->log->epoch, by);
    fake_answer(&f->db, 0);
    fake_settle(&f->db);
    fake_advance(&f->db, 25);
    fake_client_read(&f->client, FAKE_BATCH);
    assert_int_equal(f->client.sequences[0], old);
    assert_true(f->client.versions[0] >= by);
}

static void doubt_drops_what_is_held_and_asks_the_log(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 3);
    fake_client_read(&f->client, FAKE_BATCH);
    uint64_t by = fake_rewrite(f->log, 2);
    live_hub_doubt(f->db.hub, &f->log->key);
    resume(f, 1); /* before the log was asked */
    assert_int_equal(f->late.sequences[0], 2);
    assert_true(f->late.versions[0] >= by);
    fake_advance(&f->db, 1);
    fake_settle(&f->db);
    fake_advance(&f->db, 25);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1); /* long before the look */
    assert_int_equal(f->client.sequences[0], by);
}

static void doubt_holds_until_the_log_has_answered(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    f->db.failure = status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "away");
    uint64_t by = fake_commit(f->log);
    live_hub_doubt(f->db.hub, &f->log->key);
    for (size_t i = 0; i < 30; i++) {
        fake_advance(&f->db, 100);
        fake_settle(&f->db);
    }
    f->db.failure = status_ok();
    for (size_t i = 0; i < 25; i++) {
        fake_advance(&f->db, 100);
        fake_settle(&f->db);
    }
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.sequences[0], by);
}

static void a_hole_that_nobody_looked_at_is_not_resumed_over(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 2);
    fake_client_read(&f->client, FAKE_BATCH);
    fake_client_cut(&f->client);
    fake_advance(&f->db, 1);
    uint64_t by = fake_rewrite(f->log, 2);
    commit(f, 1);
    live_loop_run(f->db.loop);
    resume(f, 1);
    assert_int_equal(f->late.sequences[0], 2);
    assert_true(f->late.versions[0] >= by);
}

static void doubt_without_followers_waits_for_the_next(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 2);
    fake_client_read(&f->client, FAKE_BATCH);
    fake_client_cut(&f->client);
    fake_advance(&f->db, 1);
    uint64_t by = fake_rewrite(f->log, 2);
    live_hub_doubt(f->db.hub, &f->log->key);
    live_loop_run(f->db.loop);
    resume(f, 1);
    assert_int_equal(f->late.sequences[0], 2);
    assert_true(f->late.versions[0] >= by);
    fake_advance(&f->db, 1);
    fake_settle(&f->db);
    fake_advance(&f->db, 25);
    fake_client_read(&f->late, FAKE_BATCH);
    assert_int_equal(f->late.places[0].position.sequence, by);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_hole_takes_what_is_below_it_along),
        TEST(a_hole_without_new_texts_leaves_the_ring_alone),
        TEST(a_jump_takes_pages_along),
        TEST(a_page_that_is_being_read_meanwhile_is_not_told),
        TEST(a_snapshot_of_before_is_made_again),
        TEST(outdated_texts_are_read_again),
        TEST(outdated_texts_that_wait_or_come_late_are_read),
        TEST(a_hole_that_was_read_before_is_read_again),
        TEST(doubt_drops_what_is_held_and_asks_the_log),
        TEST(doubt_holds_until_the_log_has_answered),
        TEST(a_hole_that_nobody_looked_at_is_not_resumed_over),
        TEST(doubt_without_followers_waits_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
