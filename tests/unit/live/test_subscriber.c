/* Subscribe, without a network: streams against a fake log. */
#include <stdlib.h>
#include <string.h>

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

static void first_frame_is_the_welcome(void **state) {
    struct fixture *f = *state;
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    assert_string_equal(f->client.text, "a-stream");
    assert_int_equal(f->client.reason, 30);
}

static void without_a_position_a_snapshot_then_what_comes(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_read(&f->client, FAKE_SNAPSHOT), 1);
    assert_int_equal(f->client.reason, LIVE_SNAPSHOT_INITIAL);
    assert_int_equal(f->client.places[0].position.sequence, 3);
    commit(f, 2);
    live_loop_run(f->db.loop);
    assert_true(f->client.ready);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 2);
    assert_true(f->client.places[0].caught_up);
}

static void resuming_at_the_head_says_that_nothing_was_missed(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 3}};
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 0);
    assert_true(f->client.places[0].caught_up);
    assert_int_equal(f->db.snapshots, 0);
}

static void resuming_behind_the_ring_reads_the_log(void **state) {
    struct fixture *f = *state;
    commit(f, 100);
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 5}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
    assert_int_equal(f->client.delivered, 95);
    assert_int_equal(f->client.places[0].position.sequence, 100);
    assert_int_equal(f->db.snapshots, 0);
}

static void those_who_are_behind_share_the_pages(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    struct fake_client others[5];
    for (size_t i = 0; i < 5; i++) {
        fake_client_init(&others[i], &f->db, (uint8_t)(2 + i));
        others[i].places[0] = (struct fake_place){.known = true, .position = {7, i}};
        fake_client_open(&others[i], "phone");
        assert_int_equal(fake_client_next(&others[i]), FAKE_WELCOME);
    }
    fake_settle(&f->db); /* the head */
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < 5; i++)
            while (fake_client_next(&others[i]) != FAKE_NONE)
                ;
        fake_settle(&f->db);
    }
    assert_int_equal(f->db.reads, 1 + 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(others[i].delivered, 40 - i);
        fake_client_cut(&others[i]);
    }
}

static void snapshot_for(struct fixture *f, struct live_position position,
                         enum live_snapshot_reason reason) {
    f->client.places[0] = (struct fake_place){.known = true, .position = position};
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_read(&f->client, FAKE_SNAPSHOT), 1);
    assert_int_equal(f->client.reason, reason);
    assert_int_equal(f->client.places[0].position.epoch, f->log->epoch);
    assert_int_equal(f->client.places[0].position.sequence, f->log->head);
}

static void a_trimmed_position_is_answered_by_a_snapshot(void **state) {
    struct fixture *f = *state;
    commit(f, 100);
    f->log->floor = 50;
    snapshot_for(f, (struct live_position){7, 49}, LIVE_SNAPSHOT_TRIMMED);
}

static void the_position_at_the_floor_is_not_trimmed(void **state) {
    struct fixture *f = *state;
    commit(f, 100);
    f->log->floor = 50;
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 50}};
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_read(&f->client, FAKE_SNAPSHOT), 0);
    assert_int_equal(f->client.delivered, 50);
}

static void a_position_above_the_head_is_answered_by_a_snapshot(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    snapshot_for(f, (struct live_position){7, 4}, LIVE_SNAPSHOT_TOO_FAR_BEHIND);
}

static void the_greatest_position_is_answered_by_a_snapshot(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    snapshot_for(f, (struct live_position){7, UINT64_MAX}, LIVE_SNAPSHOT_TOO_FAR_BEHIND);
}

static void a_position_of_another_epoch_is_answered_by_a_snapshot(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    snapshot_for(f, (struct live_position){8, 2}, LIVE_SNAPSHOT_EPOCH_CHANGED);
}

static void a_position_too_far_behind_is_answered_by_a_snapshot(void **state) {
    struct fixture *f = *state;
    commit(f, 600);
    snapshot_for(f, (struct live_position){7, 99}, LIVE_SNAPSHOT_TOO_FAR_BEHIND);
}

static void a_position_that_only_the_log_knows_is_not_above_the_head(void **state) {
    struct fixture *f = *state;
    struct fake_client other;
    fake_client_init(&other, &f->db, 2);
    commit(f, 3);
    fake_client_open(&other, "phone");
    fake_client_read(&other, FAKE_BATCH); /* the topic is open */
    fake_commit(f->log);                  /* its publish is late */
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 4}};
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_read(&f->client, FAKE_SNAPSHOT), 0);
    fake_advance(&f->db, 25);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 0);
    fake_client_cut(&other);
}

static void live_only_tells_only_what_comes(void **state) {
    struct fixture *f = *state;
    commit(f, 3);
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(&f->client, "tool", topics);
    topics[0].live_only = true;
    fake_client_open_with(&f->client, &options);
    fake_client_read(&f->client, FAKE_BATCH);
    assert_int_equal(f->client.delivered, 0);
    assert_int_equal(f->client.places[0].position.sequence, 3);
    commit(f, 1);
    fake_client_read(&f->client, FAKE_BATCH);
    assert_int_equal(f->client.delivered, 1);
    assert_int_equal(f->db.snapshots, 0);
}

static void open_at_head(struct fixture *f) {
    f->client.places[0] =
        (struct fake_place){.known = true, .position = {f->log->epoch, f->log->head}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
}

static void a_batch_holds_at_most_64_events(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 150);
    assert_true(fake_client_read(&f->client, FAKE_BATCH) > 2);
    assert_int_equal(f->client.delivered, 150);
}

static void a_hole_is_read_from_the_log_after_a_while(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    size_t reads = f->db.reads;
    fake_commit(f->log); /* its publish is lost */
    commit(f, 2);
    live_loop_run(f->db.loop);
    fake_advance(&f->db, 19);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 0);
    assert_int_equal(f->db.reads, reads);
    fake_advance(&f->db, 2);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 3);
    assert_int_equal(f->db.reads, reads + 1);
}

static void a_lost_wake_up_is_found_by_the_periodic_look(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    fake_commit(f->log);
    fake_advance(&f->db, 10000);
    fake_settle(&f->db);
    fake_advance(&f->db, 25);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.event_count, 1);
}

static void private_events_of_others_move_the_position_before_progress(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    fake_tell(&f->db, f->log, fake_commit_private(f->log, 2, 3));
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 0);
    fake_advance(&f->db, 30000);
    assert_true(f->client.ready);
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH);
    assert_int_equal(f->client.event_count, 0);
    assert_int_equal(f->client.through, 1);
    assert_int_equal(fake_client_next(&f->client), FAKE_PROGRESS);
    assert_int_equal(f->client.position_count, 1);
}

static void sender_recipient_and_overseer_see_a_private_event(void **state) {
    struct fixture *f = *state;
    struct fake_client others[3];
    for (size_t i = 0; i < 3; i++) {
        fake_client_init(&others[i], &f->db, (uint8_t)(2 + i));
        others[i].sees_private = i == 2;
        fake_client_open(&others[i], "phone");
        fake_client_read(&others[i], FAKE_BATCH);
    }
    fake_tell(&f->db, f->log, fake_commit_private(f->log, 2, 3));
    for (size_t i = 0; i < 3; i++) {
        fake_client_read(&others[i], FAKE_BATCH);
        assert_int_equal(others[i].delivered, 1);
        fake_client_cut(&others[i]);
    }
}

static void a_rewritten_text_replaces_the_old_one_in_the_ring(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    commit(f, 1);
    uint64_t by = fake_rewrite(f->log, 1);
    fake_publish(&f->db, f->log, 1, by);
    fake_tell(&f->db, f->log, by);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.versions[0], by);
}

static void a_rewrite_that_overtakes_its_event_wins(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    fake_commit(f->log);
    uint64_t by = fake_rewrite(f->log, 1);
    fake_publish(&f->db, f->log, 1, by);
    fake_tell(&f->db, f->log, by);
    fake_tell(&f->db, f->log, 1);
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 1);
    assert_int_equal(f->client.versions[0], by);
}

static void a_page_that_saw_the_old_text_is_not_told(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    fake_client_next(&f->client);
    fake_settle(&f->db);
    fake_client_next(&f->client); /* asks for the first page */
    assert_int_equal(f->db.request_count, 1);
    fake_see(&f->db, 0);
    uint64_t by = fake_rewrite(f->log, 3);
    fake_publish(&f->db, f->log, 3, by);
    fake_tell(&f->db, f->log, by);
    fake_settle(&f->db);
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH);
    assert_int_equal(f->client.versions[2], by);
}

static void a_snapshot_that_saw_the_old_text_is_made_again(void **state) {
    struct fixture *f = *state;
    commit(f, 4);
    fake_client_open(&f->client, "phone");
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    fake_client_next(&f->client);
    fake_settle(&f->db);
    fake_client_next(&f->client);
    assert_int_equal(f->db.snapshots, 1);
    fake_see(&f->db, 0);
    uint64_t by = fake_rewrite(f->log, 3);
    fake_publish(&f->db, f->log, 3, by);
    fake_tell(&f->db, f->log, by);
    assert_int_equal(fake_client_read(&f->client, FAKE_SNAPSHOT), 1);
    assert_int_equal(f->db.snapshots, 2);
}

static void a_missing_topic_is_closed_and_the_others_go_on(void **state) {
    struct fixture *f = *state;
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(&f->client, "phone", topics);
    struct fake_log *missing = fake_db_log(&f->db, 101, 9);
    topics[1] = (struct live_subscription){.key = missing->key};
    options.topic_count = 2;
    f->db.log_count = 1; /* the database does not know it */
    fake_client_open_with(&f->client, &options);
    size_t snapshots = 0;
    bool closed = false;
    for (size_t i = 0; i < 20; i++) {
        enum fake_frame next;
        f->db.log_count = 1;
        fake_settle(&f->db);
        f->db.log_count = 2; /* the client does */
        next = fake_client_next(&f->client);
        snapshots += next == FAKE_SNAPSHOT;
        closed = closed || next == FAKE_CLOSED;
    }
    assert_true(closed);
    assert_int_equal(f->client.places[1].closed, LIVE_CLOSED_MISSING);
    assert_int_equal(snapshots, 1);
    f->db.log_count = 2;
}

static void a_denied_topic_is_closed(void **state) {
    struct fixture *f = *state;
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(&f->client, "phone", topics);
    fake_client_open_with(&f->client, &options);
    live_subscriber_deny(f->client.subscriber, 0, LIVE_CLOSED_FORBIDDEN);
    assert_int_equal(fake_client_read(&f->client, FAKE_CLOSED), 1);
    assert_int_equal(f->client.reason, LIVE_CLOSED_FORBIDDEN);
    assert_int_equal(f->db.reads, 0);
}

static void a_removed_user_gets_nothing_more(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    struct uuid me = fake_uuid(1);
    commit(f, 1);
    live_hub_remove_user(f->db.hub, &f->log->key, &me, LIVE_CLOSED_REMOVED);
    assert_int_equal(fake_client_next(&f->client), FAKE_CLOSED);
    assert_int_equal(f->client.reason, LIVE_CLOSED_REMOVED);
    assert_int_equal(fake_client_next(&f->client), FAKE_NONE);
}

static void a_removal_between_registration_and_start_is_not_missed(void **state) {
    struct fixture *f = *state;
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(&f->client, "phone", topics);
    struct uuid me = fake_uuid(1);
    struct live_subscriber *subscriber = NULL;
    assert_true(status_is_ok(live_subscriber_new(f->db.hub, &options, &subscriber)));
    live_hub_remove_user(f->db.hub, &f->log->key, &me, LIVE_CLOSED_REMOVED);
    live_loop_run(f->db.loop);
    live_subscriber_free(&subscriber);
    fake_client_open_with(&f->client, &options);
    live_hub_remove_user(f->db.hub, &f->log->key, &me, LIVE_CLOSED_REMOVED);
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    assert_int_equal(fake_client_next(&f->client), FAKE_CLOSED);
}

static void a_suspended_user_is_sent_away(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    struct live_user me = fake_user(1);
    live_hub_suspend_user(f->db.hub, &me);
    live_loop_run(f->db.loop);
    assert_true(f->client.ready);
    assert_int_equal(fake_client_next(&f->client), FAKE_GOODBYE);
    assert_int_equal(f->client.reason, LIVE_GOODBYE_SUSPENDED);
    assert_int_equal(f->client.position_count, 1);
    assert_int_equal(fake_client_next(&f->client), FAKE_END);
    assert_int_equal(f->client.end.reason, DOMAIN_REASON_USER_SUSPENDED);
}

static void a_new_stream_of_the_device_replaces_the_old_one(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    struct fake_client fresh;
    fake_client_init(&fresh, &f->db, 1);
    fake_client_open(&fresh, "phone");
    assert_int_equal(fake_client_next(&fresh), FAKE_WELCOME);
    assert_int_equal(fake_client_next(&f->client), FAKE_GOODBYE);
    assert_int_equal(f->client.reason, LIVE_GOODBYE_REPLACED);
    assert_int_equal(fake_client_next(&f->client), FAKE_END);
    assert_int_equal(f->client.end.code, STATUS_ABORTED);
    fake_client_cut(&fresh);
}

/* Two that came one after the other are looked up by two workers, and either may be quicker. */
static void a_stream_that_came_before_does_not_replace_the_one_after_it(void **state) {
    struct fixture *f = *state;
    f->client.arrived_at_us = 2;
    open_at_head(f);
    struct fake_client late;
    fake_client_init(&late, &f->db, 1);
    late.arrived_at_us = 1;
    fake_client_open(&late, "phone");
    assert_int_equal(fake_client_next(&late), FAKE_WELCOME);
    assert_int_equal(fake_client_next(&late), FAKE_GOODBYE);
    assert_int_equal(late.reason, LIVE_GOODBYE_REPLACED);
    assert_int_equal(fake_client_next(&late), FAKE_END);
    assert_int_equal(late.end.code, STATUS_ABORTED);
    fake_client_cut(&late);
    commit(f, 1);
    assert_int_equal(fake_client_next(&f->client), FAKE_BATCH);
}

static void another_device_does_not_replace(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    struct fake_client fresh;
    fake_client_init(&fresh, &f->db, 1);
    fake_client_open(&fresh, "tablet");
    assert_int_equal(fake_client_next(&fresh), FAKE_WELCOME);
    assert_int_equal(fake_client_next(&f->client), FAKE_NONE);
    fake_client_cut(&fresh);
}

static void devices_are_counted(void **state) {
    struct fixture *f = *state;
    struct fake_client clients[10];
    for (size_t i = 0; i < 10; i++) {
        char device[] = "device 0";
        device[7] = (char)('0' + (i == 9 ? 8 : i)); /* the last comes again */
        fake_client_init(&clients[i], &f->db, 1);
        fake_client_open(&clients[i], device);
        assert_int_equal(fake_client_next(&clients[i]), i < 8 ? FAKE_WELCOME : FAKE_END);
        if (i >= 8) {
            assert_int_equal(clients[i].end.code, STATUS_RESOURCE_EXHAUSTED);
            assert_int_equal(clients[i].end.reason, DOMAIN_REASON_DEVICE_LIMIT);
        }
    }
    fake_client_open(&f->client, "device 3"); /* takes the place of one */
    assert_int_equal(fake_client_next(&f->client), FAKE_WELCOME);
    for (size_t i = 0; i < 10; i++)
        fake_client_cut(&clients[i]);
}

static void a_damaged_log_ends_the_stream_and_skips_nothing(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&f->client, "phone");
    fake_client_next(&f->client);
    fake_client_next(&f->client);
    fake_settle(&f->db);
    f->db.failure = status_error(STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED, "checksum");
    assert_int_equal(fake_client_read(&f->client, FAKE_BATCH), 0);
    assert_int_equal(f->client.end.code, STATUS_DATA_LOSS);
    f->db.failure = status_ok();
}

static void a_database_that_is_away_is_asked_again(void **state) {
    struct fixture *f = *state;
    commit(f, 40);
    f->db.failure = status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "away");
    f->client.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_BATCH);
    for (size_t i = 0; i < 100; i++) {
        fake_advance(&f->db, 100);
        fake_client_read(&f->client, FAKE_BATCH);
    }
    assert_true(f->db.reads < 20);
    assert_int_equal(f->client.delivered, 0);
    f->db.failure = status_ok();
    for (size_t i = 0; i < 30; i++) {
        fake_advance(&f->db, 100);
        fake_client_read(&f->client, FAKE_BATCH);
    }
    assert_int_equal(f->client.delivered, 40);
}

static void the_same_topic_twice_is_refused(void **state) {
    struct fixture *f = *state;
    struct live_subscription topics[4];
    struct live_subscriber_options options = fake_client_options(&f->client, "phone", topics);
    topics[1] = topics[0];
    options.topic_count = 2;
    struct live_subscriber *subscriber = NULL;
    struct status status = live_subscriber_new(f->db.hub, &options, &subscriber);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_int_equal(status.reason, DOMAIN_REASON_TOPIC_INVALID);
    assert_null(subscriber);
}

static void a_topic_without_followers_is_dropped(void **state) {
    struct fixture *f = *state;
    open_at_head(f);
    fake_client_cut(&f->client);
    fake_advance(&f->db, 1);
    struct live_hub_figures figures;
    live_hub_figures(f->db.hub, &figures);
    assert_int_equal(figures.topics, 1);
    fake_advance(&f->db, 30000);
    live_hub_figures(f->db.hub, &figures);
    assert_int_equal(figures.topics, 0);
}

struct ending_db {
    struct fake_db db; /* first: the reader's context */
    void (*read_log)(void *context, struct live_read *read);
    bool has_stopped;
};

/* As the server does once its workers have stopped. */
static void read_or_refuse(void *context, struct live_read *read) {
    struct ending_db *ending = context;
    if (!ending->has_stopped) {
        ending->read_log(context, read);
        return;
    }
    ending->db.reads++;
    live_read_done(read, status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "too late"), NULL);
}

/* What came in last may ask for a read: that it is refused is told before the topic is gone. */
static void the_end_takes_in_what_it_leads_to(void **state) {
    struct fixture *f = *state;
    struct rpc_buffer *entry = fake_entry(1, 1);
    struct live_event event = {.sequence = 1, .version = 1, .entry = entry};
    struct ending_db ending = {.has_stopped = false};
    fake_db_init(&ending.db);
    ending.read_log = ending.db.options.reader.read_log;
    ending.db.options.reader.read_log = read_or_refuse;
    fake_db_start(&ending.db);
    struct fake_log *log = fake_db_log(&ending.db, 100, 7);
    fake_client_init(&f->client, &ending.db, 1);
    fake_client_open(&f->client, "phone");
    fake_client_read(&f->client, FAKE_SNAPSHOT);
    fake_client_cut(&f->client);
    live_loop_run(ending.db.loop);
    size_t reads = ending.db.reads;
    ending.has_stopped = true;
    live_hub_publish(ending.db.hub, &log->key, 8, &event, 1); /* after a restore */
    live_hub_free(&ending.db.hub);
    assert_int_equal(ending.db.reads, reads + 1);
    live_loop_free(&ending.db.loop);
    free(log);
    rpc_buffer_unref(&entry);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(first_frame_is_the_welcome),
        TEST(without_a_position_a_snapshot_then_what_comes),
        TEST(resuming_at_the_head_says_that_nothing_was_missed),
        TEST(resuming_behind_the_ring_reads_the_log),
        TEST(those_who_are_behind_share_the_pages),
        TEST(a_trimmed_position_is_answered_by_a_snapshot),
        TEST(the_position_at_the_floor_is_not_trimmed),
        TEST(a_position_above_the_head_is_answered_by_a_snapshot),
        TEST(the_greatest_position_is_answered_by_a_snapshot),
        TEST(a_position_of_another_epoch_is_answered_by_a_snapshot),
        TEST(a_position_too_far_behind_is_answered_by_a_snapshot),
        TEST(a_position_that_only_the_log_knows_is_not_above_the_head),
        TEST(live_only_tells_only_what_comes),
        TEST(a_batch_holds_at_most_64_events),
        TEST(a_hole_is_read_from_the_log_after_a_while),
        TEST(a_lost_wake_up_is_found_by_the_periodic_look),
        TEST(private_events_of_others_move_the_position_before_progress),
        TEST(sender_recipient_and_overseer_see_a_private_event),
        TEST(a_rewritten_text_replaces_the_old_one_in_the_ring),
        TEST(a_rewrite_that_overtakes_its_event_wins),
        TEST(a_page_that_saw_the_old_text_is_not_told),
        TEST(a_snapshot_that_saw_the_old_text_is_made_again),
        TEST(a_missing_topic_is_closed_and_the_others_go_on),
        TEST(a_denied_topic_is_closed),
        TEST(a_removed_user_gets_nothing_more),
        TEST(a_removal_between_registration_and_start_is_not_missed),
        TEST(a_suspended_user_is_sent_away),
        TEST(a_new_stream_of_the_device_replaces_the_old_one),
        TEST(a_stream_that_came_before_does_not_replace_the_one_after_it),
        TEST(another_device_does_not_replace),
        TEST(devices_are_counted),
        TEST(a_damaged_log_ends_the_stream_and_skips_nothing),
        TEST(a_database_that_is_away_is_asked_again),
        TEST(the_same_topic_twice_is_refused),
        TEST(a_topic_without_followers_is_dropped),
        TEST(the_end_takes_in_what_it_leads_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
