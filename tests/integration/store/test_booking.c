#include "support/store_world.h"

#include "domain/reason.h"
#include "store/booking.h"
#include "store/participant.h"

static struct store_booking booking_of(struct world *w, struct uuid conversation,
                                       struct uuid user) {
    return (struct store_booking){
        .id = world_uuid(w),
        .conversation_id = conversation,
        .user.id = user,
        .status = DOMAIN_BOOKING_CONFIRMED,
        .payment = DOMAIN_PAYMENT_NOT_REQUIRED,
        .booked_at_us = WORLD_NOW_US,
        .start_us = WORLD_NOW_US + DOMAIN_HOUR_US,
        .has_attempt = true,
        .attempt = {.number = 1,
                    .payer = DOMAIN_PAYER_NOBODY,
                    .payer_reason = DOMAIN_PAYER_REASON_FREE_CONVERSATION,
                    .payment = DOMAIN_PAYMENT_NOT_REQUIRED,
                    .policy = domain_default_cancel_policy,
                    .usage_month = 202603,
                    .usage_kind = DOMAIN_KIND_FREE},
    };
}

static struct store_booking book(struct world *w, struct db_tx *tx, struct uuid conversation,
                                 struct uuid user) {
    struct store_booking booking = booking_of(w, conversation, user);
    MUST(store_booking_insert(tx, w->tenant, &booking));
    return booking;
}

static struct store_booking get(struct world *w, struct db_tx *tx, struct uuid id) {
    struct store_booking booking;
    MUST(store_booking_get(tx, &w->arena, w->tenant, &id, &booking));
    return booking;
}

STORE_TEST(a_booking_is_read_with_its_attempt_and_user) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking made = booking_of(w, c, w->student);
    made.status = DOMAIN_BOOKING_PENDING_PAYMENT;
    made.payment = made.attempt.payment = DOMAIN_PAYMENT_PENDING;
    made.amount = made.attempt.amount = (struct store_money){1250, "EUR"};
    made.attempt.payer = DOMAIN_PAYER_USER;
    made.attempt.payer_reason = DOMAIN_PAYER_REASON_ALLOWANCE_USED;
    made.hold_expires_at_us = WORLD_NOW_US + 5;
    MUST(store_booking_insert(tx, w->tenant, &made));
    struct store_booking b = get(w, tx, made.id);
    assert_true(world_same(b.conversation_id, c));
    assert_string_equal(b.user.display_name, "student");
    assert_int_equal(b.status, DOMAIN_BOOKING_PENDING_PAYMENT);
    assert_true(b.amount.amount_minor == 1250 && b.hold_expires_at_us == WORLD_NOW_US + 5);
    assert_string_equal(b.amount.currency, "EUR");
    assert_true(b.has_attempt && b.attempt.number == 1);
    assert_int_equal(b.attempt.payer, DOMAIN_PAYER_USER);
    assert_int_equal(b.attempt.payer_reason, DOMAIN_PAYER_REASON_ALLOWANCE_USED);
    assert_int_equal(b.attempt.usage_month, 202603);
    assert_memory_equal(&b.attempt.policy, &domain_default_cancel_policy, sizeof b.attempt.policy);
    return status_ok();
}

STORE_TEST(a_user_books_a_conversation_once) {
    struct uuid c = world_conversation(w, tx, w->host);
    (void)book(w, tx, c, w->student);
    struct store_booking again = booking_of(w, c, w->student);
    REFUSED(store_booking_insert(tx, w->tenant, &again), STATUS_ALREADY_EXISTS,
            DOMAIN_REASON_ALREADY_BOOKED);
    return status_ok();
}

STORE_TEST(booking_again_is_a_new_attempt_and_the_old_one_stays) {
    static const struct db_sql attempts = {
        "SELECT COUNT(*) FROM booking_attempts WHERE tenant_id = ?"};
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking b = book(w, tx, c, w->student);
    b.status = DOMAIN_BOOKING_CANCELLED;
    b.cancelled_at_us = WORLD_NOW_US + 1;
    MUST(store_booking_update(tx, w->tenant, &b, WORLD_NOW_US + 1));
    b.status = DOMAIN_BOOKING_CONFIRMED;
    b.cancelled_at_us = 0;
    b.attempt.number = 2;
    b.attempt.policy.step_count = 0;
    MUST(store_booking_update(tx, w->tenant, &b, WORLD_NOW_US + 2));
    struct store_booking now = get(w, tx, b.id);
    assert_int_equal(now.attempt.number, 2);
    assert_int_equal(now.attempt.policy.step_count, 0);
    assert_true(now.version == 3 && now.cancelled_at_us == 0);
    assert_true(now.updated_at_us == WORLD_NOW_US + 2);
    assert_int_equal(world_number(tx, &attempts, DB_ARGS(db_text(w->tenant))), 2);
    return status_ok();
}

STORE_TEST(a_strangers_booking_is_not_found) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking b = book(w, tx, c, w->student);
    struct store_booking found;
    bool is_there = true;
    REFUSED(store_booking_get(tx, &w->arena, w->stranger, &b.id, &found), STATUS_NOT_FOUND,
            DOMAIN_REASON_BOOKING_NOT_FOUND);
    REFUSED(store_booking_update(tx, w->stranger, &b, WORLD_NOW_US), STATUS_NOT_FOUND,
            DOMAIN_REASON_BOOKING_NOT_FOUND);
    MUST(store_booking_find(tx, &w->arena, w->stranger, &c, &w->student, &found, &is_there));
    assert_false(is_there);
    return status_ok();
}

STORE_TEST(the_list_shows_the_viewers_booking) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking b = book(w, tx, c, w->student);
    struct store_conversation_query q = {.has_viewer = true,
                                         .viewer = w->student,
                                         .relation = STORE_RELATION_BOOKED,
                                         .page = {.size = 10}};
    struct store_conversation_list found;
    (void)world_conversation(w, tx, w->host);
    MUST(store_conversation_list(tx, &w->arena, w->tenant, &q, &found));
    assert_int_equal(found.count, 1);
    assert_true(found.items[0].viewer.has_booking);
    assert_true(world_same(found.items[0].viewer.booking_id, b.id));
    assert_int_equal(found.items[0].viewer.booking, DOMAIN_BOOKING_CONFIRMED);
    q.viewer = w->other;
    MUST(store_conversation_list(tx, &w->arena, w->tenant, &q, &found));
    assert_int_equal(found.count, 0);
    return status_ok();
}

STORE_TEST(bookings_are_listed_latest_start_first_in_pages) {
    struct store_booking_query q = {.has_user = true, .user_id = w->student, .page = {.size = 2}};
    struct store_booking_list page;
    size_t count = 0;
    int64_t last_us = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct store_conversation draft = world_draft(w, w->host);
        draft.start_us += i / 2 * DOMAIN_MINUTE_US;
        struct store_booking b = booking_of(w, world_insert(w, tx, &draft), w->student);
        b.start_us = draft.start_us;
        MUST(store_booking_insert(tx, w->tenant, &b));
    }
    do {
        MUST(store_booking_list(tx, &w->arena, w->tenant, &q, &page));
        for (size_t i = 0; i < page.count; i++) {
            const struct store_booking_view *view = &page.items[i];
            assert_true(view->booking.start_us <= last_us);
            assert_true(world_same(view->booking.conversation_id, view->conversation.id));
            assert_string_equal(view->conversation.host.display_name, "host");
            last_us = view->booking.start_us;
            q.page.has_after = true;
            q.page.after_key = last_us;
            q.page.after_id = view->booking.id;
        }
        count += page.count;
    } while (page.has_more);
    assert_int_equal(count, 5);

    q.page = (struct store_page){.size = 10};
    q.statuses = STORE_BIT(DOMAIN_BOOKING_CANCELLED);
    MUST(store_booking_list(tx, &w->arena, w->tenant, &q, &page));
    assert_int_equal(page.count, 0);
    q.statuses = 0;
    q.start_from_us = WORLD_NOW_US + DOMAIN_HOUR_US + 2 * DOMAIN_MINUTE_US;
    MUST(store_booking_list(tx, &w->arena, w->tenant, &q, &page));
    assert_int_equal(page.count, 1);
    return status_ok();
}

STORE_TEST(a_moved_session_moves_its_bookings_and_frees_their_cancellation) {
    struct store_conversation draft = world_draft(w, w->host);
    uint64_t version = 0;
    struct store_booking b = book(w, tx, world_insert(w, tx, &draft), w->student);
    draft.start_us += DOMAIN_MINUTE_US;
    MUST(store_conversation_update(tx, w->tenant, &draft, 0, WORLD_NOW_US, &version));
    MUST(store_booking_free_cancellation(tx, w->tenant, &draft.id, WORLD_NOW_US));
    struct store_booking now = get(w, tx, b.id);
    assert_true(now.start_us == draft.start_us);
    assert_true(now.attempt.free_cancellation);
    return status_ok();
}

STORE_TEST(who_took_part_attended_and_the_others_did_not_show) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking came = book(w, tx, c, w->student);
    struct store_booking missed = book(w, tx, c, w->other);
    struct store_join join = {
        .new_id = world_uuid(w), .seat = {c, w->student}, .now_us = WORLD_NOW_US};
    struct store_participant p;
    enum store_join_result result;
    MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    MUST(store_booking_settle(tx, w->tenant, &c, WORLD_NOW_US));
    assert_int_equal(get(w, tx, came.id).status, DOMAIN_BOOKING_ATTENDED);
    assert_int_equal(get(w, tx, missed.id).status, DOMAIN_BOOKING_NO_SHOW);
    return status_ok();
}

STORE_TEST(seats_come_in_the_order_of_the_inbox_locks) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking *seats = NULL;
    size_t count = 0;
    (void)book(w, tx, c, w->other);
    (void)book(w, tx, c, w->student);
    MUST(store_booking_seats(tx, &w->arena, w->tenant, &c, NULL, &seats, &count));
    assert_int_equal(count, 2);
    assert_true(memcmp(&seats[0].user.id, &seats[1].user.id, sizeof(struct uuid)) < 0);
    MUST(store_booking_seats(tx, &w->arena, w->tenant, &c, &seats[0].user.id, &seats, &count));
    assert_int_equal(count, 1);
    return status_ok();
}

STORE_TEST(a_months_usage_is_counted_and_never_below_zero) {
    struct domain_usage usage;
    MUST(store_usage_get(tx, w->tenant, &w->student, 202603, &usage));
    assert_int_equal(usage.used[DOMAIN_KIND_FREE], 0);
    MUST(store_usage_lock(tx, w->tenant, &w->student, 202603, &usage));
    MUST(store_usage_add(tx, w->tenant, &w->student, 202603, DOMAIN_KIND_PRIVATE, 2));
    MUST(store_usage_add(tx, w->tenant, &w->student, 202603, DOMAIN_KIND_FREE, -1));
    MUST(store_usage_lock(tx, w->tenant, &w->student, 202603, &usage));
    assert_int_equal(usage.used[DOMAIN_KIND_FREE], 0);
    assert_int_equal(usage.used[DOMAIN_KIND_PRIVATE], 2);
    MUST(store_usage_get(tx, w->tenant, &w->student, 202604, &usage));
    assert_int_equal(usage.used[DOMAIN_KIND_PRIVATE], 0);
    REFUSED(store_usage_lock(tx, w->stranger, &w->student, 202603, &usage),
            STATUS_FAILED_PRECONDITION, 0);
    return status_ok();
}

/* ---- by the clock ---- */

STORE_TEST(holds_expire_when_their_time_is_up) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_booking b = booking_of(w, c, w->student);
    struct store_due_booking *due = NULL;
    size_t count = 9;
    b.status = DOMAIN_BOOKING_HELD;
    b.hold_expires_at_us = b.offer_expires_at_us = WORLD_NOW_US - DOMAIN_DAY_US;
    MUST(store_booking_insert(tx, w->tenant, &b));
    MUST(store_booking_claim_expired(tx, &w->arena, WORLD_NOW_US - DOMAIN_DAY_US - 1, 10, &due,
                                     &count));
    assert_int_equal(count, 0);
    MUST(
        store_booking_claim_expired(tx, &w->arena, WORLD_NOW_US - DOMAIN_DAY_US, 10, &due, &count));
    assert_int_equal(count, 1);
    assert_string_equal(due[0].tenant, w->tenant);
    assert_true(world_same(due[0].id, b.id));
    b.status = DOMAIN_BOOKING_EXPIRED;
    MUST(store_booking_update(tx, w->tenant, &b, WORLD_NOW_US));
    MUST(store_booking_claim_expired(tx, &w->arena, WORLD_NOW_US, 10, &due, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

/* The one of this test among what is due in all tenants. */
static bool is_found(struct world *w, struct db_tx *tx, const struct store_due_query *query,
                     struct uuid id) {
    struct store_due_conversation *items = NULL;
    size_t count = 0;
    MUST(store_conversation_claim_due(tx, &w->arena, query, &items, &count));
    for (size_t i = 0; i < count; i++) {
        if (world_same(items[i].id, id))
            return true;
    }
    return false;
}

static bool is_due(struct world *w, struct db_tx *tx, enum store_due due, int64_t now_us,
                   struct uuid id) {
    const struct uuid skipped[] = {w->host, id};
    struct store_due_query query = {.due = due, .now_us = now_us, .limit = 1000};
    bool found = is_found(w, tx, &query, id);
    query.skipped = skipped;
    query.skipped_count = 2;
    assert_false(is_found(w, tx, &query, id));
    return found;
}

STORE_TEST(conversations_fall_due) {
    struct store_conversation draft = world_draft(w, w->host);
    struct uuid free_one = world_insert(w, tx, &draft);
    draft = world_draft(w, w->host);
    draft.price = (struct store_money){100, "USD"};
    struct uuid paid = world_insert(w, tx, &draft);
    int64_t start_us = draft.start_us;
    struct store_participant p;
    enum store_join_result result;

    assert_false(is_due(w, tx, STORE_DUE_START, start_us, free_one));
    struct store_join join = {.new_id = world_uuid(w),
                              .seat = {free_one, w->host},
                              .is_host = true,
                              .now_us = WORLD_NOW_US};
    MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    join = (struct store_join){
        .new_id = world_uuid(w), .seat = {free_one, w->student}, .now_us = WORLD_NOW_US};
    MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    assert_false(is_due(w, tx, STORE_DUE_START, start_us - 1, free_one));
    assert_true(is_due(w, tx, STORE_DUE_START, start_us, free_one));
    assert_false(is_due(w, tx, STORE_DUE_START, start_us, paid));

    int64_t no_show_us = start_us + 15 * DOMAIN_MINUTE_US;
    assert_false(is_due(w, tx, STORE_DUE_NO_SHOW, no_show_us - 1, paid));
    assert_true(is_due(w, tx, STORE_DUE_NO_SHOW, no_show_us, paid));
    assert_false(is_due(w, tx, STORE_DUE_NO_SHOW, no_show_us, free_one));

    /* Who looks in before the start and leaves again was not there. */
    struct store_seat host = {paid, w->host};
    bool changed = false;
    join = (struct store_join){
        .new_id = world_uuid(w), .seat = host, .is_host = true, .now_us = start_us - 2};
    MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    assert_false(is_due(w, tx, STORE_DUE_NO_SHOW, no_show_us, paid));
    MUST(store_participant_leave(tx, w->tenant, &host, 0, start_us - 1, &changed));
    assert_true(is_due(w, tx, STORE_DUE_NO_SHOW, no_show_us, paid));

    int64_t over_us = draft.end_us + 15 * DOMAIN_MINUTE_US;
    assert_false(is_due(w, tx, STORE_DUE_COMPLETE, over_us - 1, free_one));
    assert_true(is_due(w, tx, STORE_DUE_COMPLETE, over_us, free_one));
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_booking_is_read_with_its_attempt_and_user),
        cmocka_unit_test(a_user_books_a_conversation_once),
        cmocka_unit_test(booking_again_is_a_new_attempt_and_the_old_one_stays),
        cmocka_unit_test(a_strangers_booking_is_not_found),
        cmocka_unit_test(the_list_shows_the_viewers_booking),
        cmocka_unit_test(bookings_are_listed_latest_start_first_in_pages),
        cmocka_unit_test(a_moved_session_moves_its_bookings_and_frees_their_cancellation),
        cmocka_unit_test(who_took_part_attended_and_the_others_did_not_show),
        cmocka_unit_test(seats_come_in_the_order_of_the_inbox_locks),
        cmocka_unit_test(a_months_usage_is_counted_and_never_below_zero),
        cmocka_unit_test(holds_expire_when_their_time_is_up),
        cmocka_unit_test(conversations_fall_due),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
