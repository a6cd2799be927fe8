/* Who is busy when. */
#include "support/store_world.h"

#include "store/booking.h"
#include "store/schedule.h"

/* A conversation of the world starts in an hour and lasts one. */
#define START_US (WORLD_NOW_US + DOMAIN_HOUR_US)
#define END_US (WORLD_NOW_US + 2 * DOMAIN_HOUR_US)

static struct store_booking book(struct world *w, struct db_tx *tx, struct uuid conversation,
                                 struct uuid user, enum domain_booking_state state) {
    struct store_booking booking = {
        .id = world_uuid(w),
        .conversation_id = conversation,
        .user.id = user,
        .status = state,
        .payment = DOMAIN_PAYMENT_NOT_REQUIRED,
        .booked_at_us = WORLD_NOW_US,
        .hold_expires_at_us = state == DOMAIN_BOOKING_PENDING_PAYMENT ? START_US : 0,
        .start_us = START_US,
    };
    MUST(store_booking_insert(tx, w->tenant, &booking));
    return booking;
}

/* Whether the user is busy with `expected` (NULL: free) when asked about another session. */
static void expect(struct world *w, struct db_tx *tx, const struct uuid *user, int64_t start_us,
                   int64_t end_us, const struct uuid *expected) {
    struct uuid next = world_uuid(w);
    struct uuid other;
    bool found = false;
    MUST(store_schedule_find(tx, w->tenant, user, &next, start_us, end_us, &other, &found));
    assert_int_equal(found, expected != NULL);
    if (expected != NULL)
        assert_true(world_same(other, *expected));
}

STORE_TEST(sessions_at_the_same_time_overlap) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct uuid other;
    bool found = true;
    (void)book(w, tx, c, w->student, DOMAIN_BOOKING_CONFIRMED);
    expect(w, tx, &w->student, START_US + 1, START_US + 2, &c);
    expect(w, tx, &w->host, START_US, START_US + 1, &c);
    expect(w, tx, &w->other, START_US, END_US, NULL);
    /* Not with itself. */
    MUST(store_schedule_find(tx, w->tenant, &w->student, &c, START_US + 1, START_US + 2, &other,
                             &found));
    assert_false(found);
    return status_ok();
}

STORE_TEST(sessions_one_after_the_other_do_not_overlap) {
    struct uuid c = world_conversation(w, tx, w->host);
    (void)book(w, tx, c, w->student, DOMAIN_BOOKING_CONFIRMED);
    expect(w, tx, &w->student, END_US, END_US + DOMAIN_HOUR_US, NULL);
    expect(w, tx, &w->student, START_US - DOMAIN_HOUR_US, START_US, NULL);
    expect(w, tx, &w->student, START_US - DOMAIN_HOUR_US, START_US + 1, &c);
    expect(w, tx, &w->student, END_US - 1, END_US + DOMAIN_HOUR_US, &c);
    expect(w, tx, &w->student, START_US - DOMAIN_HOUR_US, END_US + DOMAIN_HOUR_US, &c);
    return status_ok();
}

STORE_TEST(who_leads_a_session_is_busy) {
    struct store_conversation draft = world_draft(w, w->host);
    draft.has_instructor = true;
    draft.instructor.id = w->other;
    struct uuid c = world_insert(w, tx, &draft);
    expect(w, tx, &w->other, START_US, END_US, &c);
    expect(w, tx, &w->host, START_US, END_US, &c);
    return status_ok();
}

STORE_TEST(what_was_given_up_or_only_offered_binds_nobody) {
    static const enum domain_booking_state states[] = {
        DOMAIN_BOOKING_HELD, DOMAIN_BOOKING_PENDING_PAYMENT, DOMAIN_BOOKING_EXPIRED};
    struct uuid paying = {{0}};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct uuid c = world_conversation(w, tx, w->host);
        (void)book(w, tx, c, i == 1 ? w->other : w->student, states[i]);
        if (i == 1)
            paying = c;
    }
    expect(w, tx, &w->student, START_US, END_US, NULL);
    expect(w, tx, &w->other, START_US, END_US, &paying);
    return status_ok();
}

STORE_TEST(a_session_that_was_called_off_leaves_the_time_free) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_status_change change = {
        .to = DOMAIN_STATUS_CANCELLED, .at_us = WORLD_NOW_US, .cancel_reason = DOMAIN_CANCEL_HOST};
    (void)book(w, tx, c, w->student, DOMAIN_BOOKING_CONFIRMED);
    MUST(store_conversation_set_status(tx, w->tenant, &c, &change));
    expect(w, tx, &w->student, START_US, END_US, NULL);
    expect(w, tx, &w->host, START_US, END_US, NULL);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_at_the_same_time_overlap),
        cmocka_unit_test(sessions_one_after_the_other_do_not_overlap),
        cmocka_unit_test(who_leads_a_session_is_busy),
        cmocka_unit_test(what_was_given_up_or_only_offered_binds_nobody),
        cmocka_unit_test(a_session_that_was_called_off_leaves_the_time_free),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
