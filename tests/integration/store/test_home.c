/* The first screen, feedback and the audit log. */
#include "support/store_world.h"

#include "domain/reason.h"
#include "store/audit.h"
#include "store/feedback.h"
#include "store/home.h"
#include "store/participant.h"

static void join(struct world *w, struct db_tx *tx, struct uuid conversation, struct uuid user) {
    struct store_join request = {
        .new_id = world_uuid(w), .seat = {conversation, user}, .now_us = WORLD_NOW_US};
    struct store_participant p;
    enum store_join_result result;
    MUST(store_participant_join(tx, &w->arena, w->tenant, &request, &p, &result));
}

static struct uuid starting(struct world *w, struct db_tx *tx, struct uuid host, int64_t start_us) {
    struct store_conversation draft = world_draft(w, host);
    draft.start_us = start_us;
    draft.end_us = start_us + DOMAIN_HOUR_US;
    return world_insert(w, tx, &draft);
}

static void book(struct world *w, struct db_tx *tx, struct uuid conversation, int64_t start_us) {
    struct store_booking b = {.id = world_uuid(w),
                              .conversation_id = conversation,
                              .user.id = w->student,
                              .status = DOMAIN_BOOKING_CONFIRMED,
                              .payment = DOMAIN_PAYMENT_NOT_REQUIRED,
                              .booked_at_us = WORLD_NOW_US,
                              .start_us = start_us};
    MUST(store_booking_insert(tx, w->tenant, &b));
}

STORE_TEST(home_tells_what_comes_and_what_is_on) {
    const int64_t soon_us = WORLD_NOW_US + 10 * DOMAIN_MINUTE_US;
    const int64_t later_us = WORLD_NOW_US + DOMAIN_DAY_US;
    struct uuid now_on = starting(w, tx, w->host, soon_us);
    struct uuid later = starting(w, tx, w->host, later_us);
    struct uuid own = starting(w, tx, w->student, later_us);
    struct store_status_change off = {DOMAIN_STATUS_CANCELLED, WORLD_NOW_US, DOMAIN_CANCEL_HOST,
                                      ""};
    struct uuid cancelled = starting(w, tx, w->host, later_us);
    struct domain_usage usage;
    book(w, tx, later, later_us);
    book(w, tx, now_on, soon_us);
    book(w, tx, cancelled, later_us);
    MUST(store_conversation_set_status(tx, w->tenant, &cancelled, &off));
    MUST(store_usage_lock(tx, w->tenant, &w->student, 202603, &usage));
    MUST(store_usage_add(tx, w->tenant, &w->student, 202603, DOMAIN_KIND_FREE, 2));

    struct store_home_query q = {.user = w->student,
                                 .now_us = WORLD_NOW_US,
                                 .doors_open_before_us = 10 * DOMAIN_MINUTE_US,
                                 .month = 202603};
    struct store_home home;
    MUST(store_home_get(tx, &w->arena, w->tenant, &q, &home));
    assert_string_equal(home.user.subject, "student");
    assert_int_equal(home.usage.used[DOMAIN_KIND_FREE], 2);
    assert_int_equal(home.next_bookings.count, 2);
    assert_true(world_same(home.next_bookings.items[0].conversation.id, now_on));
    assert_true(world_same(home.next_bookings.items[1].conversation.id, later));
    assert_int_equal(home.next_hosted.count, 1);
    assert_true(world_same(home.next_hosted.items[0].conversation.id, own));
    assert_int_equal(home.live_now.count, 1);
    assert_true(world_same(home.live_now.items[0].conversation.id, now_on));
    assert_true(home.live_now.items[0].viewer.has_booking);
    assert_int_equal(home.unread_total, 0);
    q.now_us -= 1;
    MUST(store_home_get(tx, &w->arena, w->tenant, &q, &home));
    assert_int_equal(home.live_now.count, 0);
    REFUSED(store_home_get(tx, &w->arena, w->stranger, &q, &home), STATUS_NOT_FOUND,
            DOMAIN_REASON_USER_NOT_FOUND);
    return status_ok();
}

/* ---- feedback ---- */

static struct store_feedback feedback_of(struct world *w, struct uuid conversation,
                                         struct uuid author) {
    static const char *const tags[] = {"patient", "\"fast\""};
    return (struct store_feedback){.id = world_uuid(w),
                                   .conversation_id = conversation,
                                   .author.id = author,
                                   .rating = 4,
                                   .comment = "Good",
                                   .tags = tags,
                                   .tag_count = 2,
                                   .updated_at_us = WORLD_NOW_US};
}

STORE_TEST(feedback_on_the_same_takes_the_place_of_the_first) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_feedback stored;
    join(w, tx, c, w->student);
    struct store_feedback given = feedback_of(w, c, w->student);
    MUST(store_feedback_put(tx, &w->arena, w->tenant, &given, &stored));
    assert_true(world_same(stored.id, given.id));
    assert_string_equal(stored.tags[1], "\"fast\"");
    assert_string_equal(stored.author.display_name, "student");
    struct store_feedback again = feedback_of(w, c, w->student);
    again.rating = 1;
    again.tag_count = 0;
    again.updated_at_us += 5;
    MUST(store_feedback_put(tx, &w->arena, w->tenant, &again, &stored));
    assert_true(world_same(stored.id, given.id));
    assert_int_equal(stored.rating, 1);
    assert_int_equal(stored.tag_count, 0);
    assert_true(stored.created_at_us == WORLD_NOW_US && stored.updated_at_us == WORLD_NOW_US + 5);
    again.has_subject = true;
    again.subject.id = w->host;
    again.id = world_uuid(w);
    MUST(store_feedback_put(tx, &w->arena, w->tenant, &again, &stored));
    assert_true(world_same(stored.id, again.id));
    assert_string_equal(stored.subject.display_name, "host");
    static const struct db_sql rating = {
        "SELECT CAST(JSON_VALUE(feedback, '$.rating') AS SIGNED)"
        " FROM live_conversation_participants WHERE tenant_id = ? AND conversationId = ?"};
    assert_int_equal(world_number(tx, &rating, DB_ARGS(db_text(w->tenant), db_uuid(&c))), 1);
    return status_ok();
}

STORE_TEST(only_who_took_part_gives_feedback) {
    struct store_feedback given = feedback_of(w, world_conversation(w, tx, w->host), w->student);
    struct store_feedback stored;
    REFUSED(store_feedback_put(tx, &w->arena, w->tenant, &given, &stored),
            STATUS_FAILED_PRECONDITION, DOMAIN_REASON_NOT_PARTICIPANT);
    return status_ok();
}

STORE_TEST(feedback_is_listed_for_those_it_concerns) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_feedback stored;
    join(w, tx, c, w->student);
    struct store_feedback given = feedback_of(w, c, w->student);
    MUST(store_feedback_put(tx, &w->arena, w->tenant, &given, &stored));
    struct store_feedback_query q = {.page = {.size = 10}};
    struct store_feedback_list list;
    const struct {
        struct uuid viewer;
        size_t count;
    } cases[] = {{w->student, 1}, {w->host, 1}, {w->other, 0}};
    for (size_t i = 0; i < 3; i++) {
        q.viewer = cases[i].viewer;
        MUST(store_feedback_list(tx, &w->arena, w->tenant, &q, &list));
        assert_int_equal(list.count, cases[i].count);
    }
    q.sees_all = true;
    MUST(store_feedback_list(tx, &w->arena, w->tenant, &q, &list));
    assert_int_equal(list.count, 1);
    q.has_author = true;
    q.author_id = w->other;
    MUST(store_feedback_list(tx, &w->arena, w->tenant, &q, &list));
    assert_int_equal(list.count, 0);
    q.has_author = false;
    MUST(store_feedback_list(tx, &w->arena, w->stranger, &q, &list));
    assert_int_equal(list.count, 0);
    return status_ok();
}

/* ---- audit ---- */

STORE_TEST(acts_are_written_down) {
    static const struct db_sql count = {
        "SELECT COUNT(*) FROM audit_log WHERE tenant_id = ? AND action = 'conversation.cancel'"};
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_audit audit = {.id = world_uuid(w),
                                .actor = &w->other,
                                .actor_subject = "other",
                                .actor_role = "admin",
                                .action = "conversation.cancel",
                                .conversation = &c,
                                .now_us = WORLD_NOW_US};
    MUST(store_audit_append(tx, w->tenant, &audit));
    assert_int_equal(world_number(tx, &count, DB_ARGS(db_text(w->tenant))), 1);
    audit.actor_role = "king";
    audit.id = world_uuid(w);
    REFUSED(store_audit_append(tx, w->tenant, &audit), STATUS_FAILED_PRECONDITION, 0);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(home_tells_what_comes_and_what_is_on),
        cmocka_unit_test(feedback_on_the_same_takes_the_place_of_the_first),
        cmocka_unit_test(only_who_took_part_gives_feedback),
        cmocka_unit_test(feedback_is_listed_for_those_it_concerns),
        cmocka_unit_test(acts_are_written_down),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
