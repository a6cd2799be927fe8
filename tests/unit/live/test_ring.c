#include <string.h>

#include "live/ring.h"
#include "live_fake.h"
#include "support/cmocka.h"

static int set_up(void **state) {
    static struct live_ring ring;
    live_ring_init(&ring, 8, 1 << 20);
    *state = &ring;
    return 0;
}

static int tear_down(void **state) {
    live_ring_done(*state);
    return 0;
}

static bool publish(struct live_ring *ring, uint64_t sequence, uint64_t version, int64_t now_us) {
    struct live_event event = {
        .sequence = sequence, .version = version, .entry = fake_entry(sequence, version)};
    bool moved = live_ring_publish(ring, &event, now_us);
    rpc_buffer_unref(&event.entry);
    return moved;
}

static void only_what_follows_the_head_is_appended(void **state) {
    struct live_ring *ring = *state;
    live_ring_anchor(ring, 10, 1);
    assert_false(publish(ring, 13, 13, 1));
    assert_false(publish(ring, 12, 12, 1));
    assert_int_equal(ring->head, 10);
    assert_true(publish(ring, 11, 11, 1));
    assert_int_equal(ring->head, 13);
    for (uint64_t s = 11; s <= 13; s++)
        assert_int_equal(live_ring_at(ring, s)->sequence, s);
}

static void the_oldest_goes_when_it_is_full(void **state) {
    struct live_ring *ring = *state;
    live_ring_anchor(ring, 0, 1);
    for (uint64_t s = 1; s <= 20; s++)
        publish(ring, s, s, 1);
    assert_null(live_ring_at(ring, 12));
    assert_int_equal(live_ring_at(ring, 13)->sequence, 13);
    assert_true(live_ring_reaches(ring, 12));
    assert_false(live_ring_reaches(ring, 11));
}

static void bytes_are_bounded(void **state) {
    struct live_ring *ring = *state;
    ring->max_bytes = 60;
    live_ring_anchor(ring, 0, 1);
    for (uint64_t s = 1; s <= 8; s++) {
        publish(ring, s, s, 1);
        assert_true(ring->bytes <= 60);
    }
    assert_non_null(live_ring_at(ring, 8));
}

static void a_hole_is_dated_from_the_news_of_it(void **state) {
    struct live_ring *ring = *state;
    live_ring_anchor(ring, 0, 1);
    assert_int_equal(ring->hole_since_us, 0);
    publish(ring, 2, 2, 100);
    publish(ring, 3, 3, 200);
    assert_int_equal(ring->hole_since_us, 100);
    publish(ring, 1, 1, 300);
    assert_int_equal(ring->hole_since_us, 0);
    live_ring_hear(ring, 9, 400);
    assert_int_equal(ring->hole_since_us, 400);
}

static void what_came_before_the_anchor_is_taken_after_it(void **state) {
    struct live_ring *ring = *state;
    publish(ring, 4, 4, 1);
    publish(ring, 6, 6, 1);
    publish(ring, 5, 5, 1);
    live_ring_anchor(ring, 4, 1);
    assert_int_equal(ring->head, 6);
    assert_null(live_ring_at(ring, 4));
}

static void the_newest_version_wins_in_any_order(void **state) {
    struct live_ring *ring = *state;
    live_ring_anchor(ring, 0, 1);
    publish(ring, 1, 3, 1);
    publish(ring, 1, 1, 1);
    assert_int_equal(live_ring_at(ring, 1)->version, 3);
    publish(ring, 2, 2, 1);
    publish(ring, 2, 5, 1);
    publish(ring, 2, 4, 1);
    assert_int_equal(live_ring_at(ring, 2)->version, 5);
}

static void an_original_whose_rewrite_found_no_room_is_not_taken(void **state) {
    struct live_ring *ring = *state;
    live_ring_anchor(ring, 0, 1);
    for (uint64_t s = 10; s < 18; s++)
        publish(ring, s, s, 1);
    publish(ring, 1, 1, 1);
    publish(ring, 3, 20, 1); /* no room */
    publish(ring, 2, 2, 1);
    publish(ring, 3, 3, 1);
    assert_null(live_ring_at(ring, 3));
    assert_true(ring->hole_since_us != 0);
    struct live_event event = {.sequence = 2, .version = 20, .entry = fake_entry(2, 2)};
    live_ring_fill(ring, &event, 1);
    event.sequence = 3;
    live_ring_fill(ring, &event, 1);
    rpc_buffer_unref(&event.entry);
    assert_int_equal(ring->head, 3);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_what_follows_the_head_is_appended),
        TEST(the_oldest_goes_when_it_is_full),
        TEST(bytes_are_bounded),
        TEST(a_hole_is_dated_from_the_news_of_it),
        TEST(what_came_before_the_anchor_is_taken_after_it),
        TEST(the_newest_version_wins_in_any_order),
        TEST(an_original_whose_rewrite_found_no_room_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
