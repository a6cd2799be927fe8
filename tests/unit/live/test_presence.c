#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/presence.h"
#include "live_fake.h"
#include "support/cmocka.h"

struct fixture {
    struct fake_clock clock;
    struct live_presence *presence;
    struct live_key key;
    struct uuid user;
    struct live_presence_action actions[32];
    size_t count;
};

static void on_act(void *context, const struct live_presence_action *action) {
    struct fixture *f = context;
    assert_true(f->count < 32);
    f->actions[f->count++] = *action;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->clock, 1700000000000000);
    fake_clock_advance(&f->clock, 1000000);
    struct live_presence_options options;
    live_presence_options_init(&options);
    options.clock = &f->clock.base;
    options.act = on_act;
    options.context = f;
    f->presence = live_presence_new(&options);
    assert_non_null(f->presence);
    f->user = fake_uuid(1);
    struct uuid id = fake_uuid(100);
    assert_true(live_key_make("school", LIVE_CONVERSATION, &id, &f->key));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    live_presence_free(&f->presence);
    free(f);
    return 0;
}

static void pass(struct fixture *f, int64_t ms) {
    fake_clock_advance(&f->clock, ms * 1000);
    live_presence_tick(f->presence);
}

static void join(struct fixture *f, uint64_t generation) {
    assert_true(status_is_ok(live_presence_join(f->presence, &f->key, &f->user, generation)));
}

static void open_stream(struct fixture *f) {
    live_presence_open(f->presence, &f->key, &f->user);
}

static void close_stream(struct fixture *f) {
    live_presence_close(f->presence, &f->key, &f->user);
}

static void expect(struct fixture *f, size_t index, enum live_presence_act act) {
    assert_true(index < f->count);
    assert_int_equal(f->actions[index].act, act);
}

static int64_t act(struct fixture *f, bool typing, bool speaking, bool hand) {
    struct live_activity activity = {.typing = typing, .speaking = speaking, .hand_raised = hand};
    int64_t renew_within_ms = -1;
    assert_true(status_is_ok(
        live_presence_activity(f->presence, &f->key, &f->user, &activity, &renew_within_ms)));
    return renew_within_ms;
}

static void a_join_without_a_stream_ends_after_30_s(void **state) {
    struct fixture *f = *state;
    join(f, 3);
    pass(f, 29999);
    assert_int_equal(f->count, 0);
    pass(f, 1);
    expect(f, 0, LIVE_ACT_LEFT);
    assert_int_equal(f->actions[0].generation, 3);
    assert_int_equal(f->actions[0].stayed_ms, 0);
    assert_int_equal(live_presence_count(f->presence, &f->key), 0);
}

static void a_stream_in_time_keeps_the_place(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    expect(f, 0, LIVE_ACT_CONNECTED);
    pass(f, 3600000);
    assert_int_equal(f->count, 1);
    assert_int_equal(live_presence_count(f->presence, &f->key), 1);
}

static void the_last_of_two_streams_makes_away_then_left(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    open_stream(f);
    close_stream(f);
    assert_int_equal(f->count, 1);
    pass(f, 5000);
    close_stream(f);
    expect(f, 1, LIVE_ACT_AWAY);
    pass(f, 59999);
    assert_int_equal(f->count, 2);
    pass(f, 1);
    expect(f, 2, LIVE_ACT_LEFT);
    assert_int_equal(f->actions[2].stayed_ms, 5000);
}

static void a_stream_within_a_minute_brings_back(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    close_stream(f);
    pass(f, 59000);
    open_stream(f);
    expect(f, 2, LIVE_ACT_BACK);
    pass(f, 60000);
    assert_int_equal(f->count, 3);
}

/* The answer of the second join promises 30 s from then. */
static void joining_again_begins_the_lease_anew(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    pass(f, 20000);
    join(f, 1); /* JOINING */
    pass(f, 29999);
    assert_int_equal(f->count, 0);
    open_stream(f);
    close_stream(f);
    pass(f, 59000);
    join(f, 1); /* AWAY */
    pass(f, 29999);
    assert_int_equal(f->count, 2);
    pass(f, 1);
    expect(f, 2, LIVE_ACT_LEFT);
}

static void joining_again_takes_no_time_away(void **state) {
    struct fixture *f = *state;
    join(f, 2);
    open_stream(f);
    join(f, 2);
    pass(f, 3600000); /* connected: no lease */
    close_stream(f);
    join(f, 2);
    pass(f, 29000);
    join(f, 1); /* an older one, late */
    pass(f, 30999);
    assert_int_equal(f->count, 2);
    pass(f, 1);
    expect(f, 2, LIVE_ACT_LEFT);
}

static void a_replaced_stream_does_not_flicker(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    open_stream(f); /* the new one, before the old one goes */
    close_stream(f);
    assert_int_equal(f->count, 1);
}

static void a_stream_after_left_arrives_and_may_join_again(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    close_stream(f);
    pass(f, 60000);
    open_stream(f);
    expect(f, 3, LIVE_ACT_ARRIVED);
    join(f, 2);
    expect(f, 4, LIVE_ACT_CONNECTED);
    assert_int_equal(f->actions[4].generation, 2);
}

static void a_late_leave_of_an_old_generation_is_ignored(void **state) {
    struct fixture *f = *state;
    join(f, 5);
    open_stream(f);
    live_presence_leave(f->presence, &f->key, &f->user, 4);
    assert_int_equal(live_presence_count(f->presence, &f->key), 1);
    live_presence_leave(f->presence, &f->key, &f->user, 5);
    assert_int_equal(live_presence_count(f->presence, &f->key), 0);
    close_stream(f);
    expect(f, 1, LIVE_ACT_GONE);
}

static void a_late_join_of_an_old_generation_is_ignored(void **state) {
    struct fixture *f = *state;
    open_stream(f);
    join(f, 5);
    live_presence_leave(f->presence, &f->key, &f->user, 5);
    join(f, 5);
    assert_int_equal(live_presence_count(f->presence, &f->key), 0);
    join(f, 6);
    assert_int_equal(live_presence_count(f->presence, &f->key), 1);
}

static void typing_ends_by_itself_unless_it_is_renewed(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    assert_int_equal(act(f, true, false, false), 4000);
    expect(f, 1, LIVE_ACT_TYPING);
    assert_true(f->actions[1].active);
    pass(f, 4000);
    act(f, true, false, false);
    pass(f, 4999);
    assert_int_equal(f->count, 3);
    pass(f, 1);
    expect(f, 3, LIVE_ACT_TYPING);
    assert_false(f->actions[3].active);
}

static void speaking_counts_from_begin_to_end(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    assert_int_equal(act(f, false, true, false), 8000);
    pass(f, 7000);
    act(f, false, true, false);
    pass(f, 2000);
    assert_int_equal(act(f, false, false, false), 0);
    expect(f, 3, LIVE_ACT_SPEAKING);
    assert_false(f->actions[3].active);
    assert_int_equal(f->actions[3].spoke_ms, 9000);
}

static void a_lost_stop_counts_to_the_last_renewal(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    act(f, false, true, false);
    pass(f, 6000);
    act(f, false, true, false);
    pass(f, 10000);
    expect(f, 3, LIVE_ACT_SPEAKING);
    assert_int_equal(f->actions[3].spoke_ms, 6000);
}

static void a_hand_stays_up_until_its_owner_leaves(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    act(f, false, false, true);
    expect(f, 1, LIVE_ACT_HAND);
    pass(f, 600000);
    assert_int_equal(f->count, 2);
    live_presence_leave(f->presence, &f->key, &f->user, 0);
    expect(f, 2, LIVE_ACT_HAND);
    assert_false(f->actions[2].active);
}

static void activity_needs_a_place_in_the_room(void **state) {
    struct fixture *f = *state;
    open_stream(f);
    struct live_activity activity = {.typing = true};
    int64_t renew_within_ms;
    assert_int_equal(
        live_presence_activity(f->presence, &f->key, &f->user, &activity, &renew_within_ms).code,
        STATUS_FAILED_PRECONDITION);
}

static void the_end_of_a_conversation_forgets_everybody(void **state) {
    struct fixture *f = *state;
    join(f, 1);
    open_stream(f);
    act(f, false, true, false);
    pass(f, 1000);
    live_presence_end(f->presence, &f->key);
    expect(f, 2, LIVE_ACT_SPEAKING);
    assert_int_equal(f->actions[2].spoke_ms, 1000);
    assert_int_equal(live_presence_count(f->presence, &f->key), 0);
    pass(f, 100000);
    assert_int_equal(f->count, 3);
}

static void an_inbox_has_no_presence(void **state) {
    struct fixture *f = *state;
    struct live_key inbox;
    assert_true(live_key_make("school", LIVE_INBOX, &f->user, &inbox));
    live_presence_open(f->presence, &inbox, &f->user);
    live_presence_close(f->presence, &inbox, &f->user);
    assert_int_equal(f->count, 0);
}

static void the_loop_is_told_of_an_earlier_date(void **state) {
    struct fixture *f = *state;
    struct live_loop *loop = live_loop_new(&f->clock.base, NULL, NULL);
    struct live_presence_options options;
    live_presence_options_init(&options);
    options.loop = loop;
    options.act = on_act;
    options.context = f;
    struct live_presence *presence = live_presence_new(&options);
    assert_true(status_is_ok(live_presence_join(presence, &f->key, &f->user, 1)));
    live_loop_run(loop);
    fake_clock_advance(&f->clock, 30000000);
    live_loop_run(loop);
    expect(f, 0, LIVE_ACT_LEFT);
    live_presence_free(&presence);
    live_loop_free(&loop);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_join_without_a_stream_ends_after_30_s),
        TEST(a_stream_in_time_keeps_the_place),
        TEST(the_last_of_two_streams_makes_away_then_left),
        TEST(a_stream_within_a_minute_brings_back),
        TEST(joining_again_begins_the_lease_anew),
        TEST(joining_again_takes_no_time_away),
        TEST(a_replaced_stream_does_not_flicker),
        TEST(a_stream_after_left_arrives_and_may_join_again),
        TEST(a_late_leave_of_an_old_generation_is_ignored),
        TEST(a_late_join_of_an_old_generation_is_ignored),
        TEST(typing_ends_by_itself_unless_it_is_renewed),
        TEST(speaking_counts_from_begin_to_end),
        TEST(a_lost_stop_counts_to_the_last_renewal),
        TEST(a_hand_stays_up_until_its_owner_leaves),
        TEST(activity_needs_a_place_in_the_room),
        TEST(the_end_of_a_conversation_forgets_everybody),
        TEST(an_inbox_has_no_presence),
        TEST(the_loop_is_told_of_an_earlier_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
