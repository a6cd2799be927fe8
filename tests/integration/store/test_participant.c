#include "support/store_world.h"

#include "domain/reason.h"
#include "store/participant.h"

#include <stdio.h>

static struct store_join join_of(struct world *w, struct uuid conversation, struct uuid user,
                                 int64_t now_us) {
    return (struct store_join){.new_id = world_uuid(w),
                               .seat = {conversation, user},
                               .is_host = world_same(user, w->host),
                               .now_us = now_us,
                               .subscribe_by_us = now_us + 30 * DOMAIN_SECOND_US};
}

static struct store_participant join(struct world *w, struct db_tx *tx, struct uuid conversation,
                                     struct uuid user, int64_t now_us,
                                     enum store_join_result expected) {
    struct store_join request = join_of(w, conversation, user, now_us);
    struct store_participant p;
    enum store_join_result result;
    MUST(store_participant_join(tx, &w->arena, w->tenant, &request, &p, &result));
    assert_int_equal(result, expected);
    return p;
}

static struct store_participant get(struct world *w, struct db_tx *tx,
                                    const struct store_seat *seat) {
    struct store_participant p;
    MUST(store_participant_get(tx, &w->arena, w->tenant, seat, &p));
    return p;
}

static int64_t in_room(struct world *w, struct db_tx *tx, struct uuid conversation) {
    static const struct db_sql sql = {
        "SELECT currentParticipants FROM live_conversations WHERE tenant_id = ? AND id = ?"};
    return world_number(tx, &sql, DB_ARGS(db_text(w->tenant), db_uuid(&conversation)));
}

STORE_TEST(joining_again_while_there_keeps_the_generation) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_participant p = join(w, tx, c, w->host, WORLD_NOW_US, STORE_JOIN_ENTERED);
    assert_true(p.generation == 1 && p.is_host && p.status == DOMAIN_PARTICIPANT_JOINED);
    assert_string_equal(p.user.display_name, "host");
    assert_true(p.subscribe_by_us == WORLD_NOW_US + 30 * DOMAIN_SECOND_US);
    p = join(w, tx, c, w->host, WORLD_NOW_US + 9, STORE_JOIN_PRESENT);
    assert_true(p.generation == 1 && p.joined_at_us == WORLD_NOW_US);
    assert_int_equal(in_room(w, tx, c), 1);
    return status_ok();
}

STORE_TEST(a_stay_ends_once_and_its_time_is_kept) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->student};
    bool changed = false;
    (void)join(w, tx, c, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    MUST(store_participant_leave(tx, w->tenant, &seat, 1, WORLD_NOW_US + 90 * DOMAIN_SECOND_US,
                                 &changed));
    assert_true(changed);
    struct store_participant p = get(w, tx, &seat);
    assert_int_equal(p.status, DOMAIN_PARTICIPANT_LEFT);
    assert_int_equal(p.duration_s, 90);
    assert_int_equal(in_room(w, tx, c), 0);
    MUST(store_participant_leave(tx, w->tenant, &seat, 0, WORLD_NOW_US, &changed));
    assert_false(changed);
    int64_t again_us = WORLD_NOW_US + 100 * DOMAIN_SECOND_US;
    p = join(w, tx, c, w->student, again_us, STORE_JOIN_ENTERED);
    assert_true(p.generation == 2 && p.left_at_us == 0 && p.joined_at_us == WORLD_NOW_US);
    MUST(store_participant_leave(tx, w->tenant, &seat, 1, again_us, &changed));
    assert_false(changed);
    assert_int_equal(in_room(w, tx, c), 1);
    MUST(store_participant_leave(tx, w->tenant, &seat, 2, again_us + 10 * DOMAIN_SECOND_US,
                                 &changed));
    assert_int_equal(get(w, tx, &seat).duration_s, 100);
    return status_ok();
}

STORE_TEST(who_never_came_is_not_found) {
    struct store_seat seat = {world_conversation(w, tx, w->host), w->student};
    struct store_participant p;
    bool changed = true;
    REFUSED(store_participant_get(tx, &w->arena, w->tenant, &seat, &p), STATUS_NOT_FOUND,
            DOMAIN_REASON_PARTICIPANT_NOT_FOUND);
    REFUSED(store_participant_leave(tx, w->tenant, &seat, 0, WORLD_NOW_US, &changed),
            STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND);
    REFUSED(store_participant_mute(tx, w->tenant, &seat, true, WORLD_NOW_US, &changed),
            STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND);
    REFUSED(store_participant_remove(tx, w->tenant, &seat, NULL, WORLD_NOW_US, &changed),
            STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND);
    (void)join(w, tx, seat.conversation, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    REFUSED(store_participant_mute(tx, w->stranger, &seat, true, WORLD_NOW_US, &changed),
            STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND);
    return status_ok();
}

STORE_TEST(who_was_removed_cannot_come_back) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->student};
    struct store_join again = join_of(w, c, w->student, WORLD_NOW_US);
    struct store_participant p;
    enum store_join_result result;
    bool changed = false;
    (void)join(w, tx, c, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    MUST(store_participant_remove(tx, w->tenant, &seat, &w->host, WORLD_NOW_US + 1, &changed));
    assert_true(changed);
    assert_int_equal(in_room(w, tx, c), 0);
    MUST(store_participant_remove(tx, w->tenant, &seat, &w->host, WORLD_NOW_US + 2, &changed));
    assert_false(changed);
    assert_int_equal(in_room(w, tx, c), 0);
    assert_true(get(w, tx, &seat).removed_at_us == WORLD_NOW_US + 1);
    REFUSED(store_participant_join(tx, &w->arena, w->tenant, &again, &p, &result),
            STATUS_PERMISSION_DENIED, DOMAIN_REASON_PARTICIPANT_REMOVED);
    return status_ok();
}

STORE_TEST(muting_twice_changes_once) {
    struct store_seat seat = {world_conversation(w, tx, w->host), w->student};
    bool changed = false;
    (void)join(w, tx, seat.conversation, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    MUST(store_participant_mute(tx, w->tenant, &seat, true, WORLD_NOW_US, &changed));
    assert_true(changed && get(w, tx, &seat).is_muted);
    MUST(store_participant_mute(tx, w->tenant, &seat, true, WORLD_NOW_US, &changed));
    assert_false(changed);
    MUST(store_participant_mute(tx, w->tenant, &seat, false, WORLD_NOW_US, &changed));
    assert_true(changed && !get(w, tx, &seat).is_muted);
    return status_ok();
}

STORE_TEST(the_end_empties_the_room) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->student};
    (void)join(w, tx, c, w->host, WORLD_NOW_US, STORE_JOIN_ENTERED);
    (void)join(w, tx, c, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    MUST(store_participant_spoke(tx, w->tenant, &seat, 7));
    MUST(store_participant_spoke(tx, w->tenant, &seat, 5));
    MUST(store_participant_leave_all(tx, w->tenant, &c, WORLD_NOW_US + 60 * DOMAIN_SECOND_US));
    assert_int_equal(in_room(w, tx, c), 0);
    assert_int_equal(get(w, tx, &seat).duration_s, 60);
    assert_int_equal(get(w, tx, &seat).speaking_s, 12);
    return status_ok();
}

static bool is_led(struct world *w, struct db_tx *tx, struct uuid conversation) {
    bool present = false;
    MUST(store_participant_leader_was_present(tx, w->tenant, &conversation, &present));
    return present;
}

STORE_TEST(a_leader_who_looked_in_before_the_start_was_not_there) {
    struct store_conversation draft = world_draft(w, w->host);
    struct uuid c = world_insert(w, tx, &draft);
    struct store_seat seat = {c, w->host};
    bool changed = false;
    assert_false(is_led(w, tx, c));
    (void)join(w, tx, c, w->student, draft.start_us, STORE_JOIN_ENTERED);
    assert_false(is_led(w, tx, c));
    (void)join(w, tx, c, w->host, draft.start_us - 10 * DOMAIN_MINUTE_US, STORE_JOIN_ENTERED);
    assert_true(is_led(w, tx, c)); /* is in */
    MUST(store_participant_leave(tx, w->tenant, &seat, 0, draft.start_us, &changed));
    assert_false(is_led(w, tx, c));
    (void)join(w, tx, c, w->host, draft.start_us - 1, STORE_JOIN_ENTERED);
    MUST(store_participant_leave(tx, w->tenant, &seat, 0, draft.start_us + 1, &changed));
    assert_true(is_led(w, tx, c)); /* was there */
    return status_ok();
}

STORE_TEST(those_in_the_room_are_listed_first_in_pages) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->host};
    struct store_page page = {.size = 2};
    struct store_participant_list found;
    bool changed = false;
    (void)join(w, tx, c, w->host, WORLD_NOW_US, STORE_JOIN_ENTERED);
    (void)join(w, tx, c, w->student, WORLD_NOW_US + 1, STORE_JOIN_ENTERED);
    (void)join(w, tx, c, w->other, WORLD_NOW_US + 1, STORE_JOIN_ENTERED);
    MUST(store_participant_leave(tx, w->tenant, &seat, 0, WORLD_NOW_US + 2, &changed));
    MUST(store_participant_list(tx, &w->arena, w->tenant, &c, 0, &page, &found));
    assert_int_equal(found.count, 2);
    assert_true(found.has_more);
    assert_false(world_same(found.items[0].user.id, w->host));
    page.has_after = true;
    page.after_key = found.last_key;
    page.after_id = found.items[1].id;
    MUST(store_participant_list(tx, &w->arena, w->tenant, &c, 0, &page, &found));
    assert_int_equal(found.count, 1);
    assert_false(found.has_more);
    assert_true(world_same(found.items[0].user.id, w->host));
    page.has_after = false;
    MUST(store_participant_list(tx, &w->arena, w->tenant, &c, STORE_BIT(DOMAIN_PARTICIPANT_LEFT),
                                &page, &found));
    assert_int_equal(found.count, 1);
    MUST(store_participant_list(tx, &w->arena, w->stranger, &c, 0, &page, &found));
    assert_int_equal(found.count, 0);
    return status_ok();
}

/* ---- presence ---- */

/* Claims those of this test's tenant; *ret_claim is that of the last. */
static size_t absent(struct world *w, struct db_tx *tx, enum store_absence absence, int64_t now_us,
                     struct store_absence_claim *ret_claim) {
    struct store_absence_query query = {
        .absence = absence, .now_us = now_us, .away_before_us = now_us};
    struct store_absent *items = NULL;
    size_t count = 0;
    size_t own = 0;
    MUST(store_participant_find_absent(tx, &w->arena, &query, NULL, 100, &items, &count));
    for (size_t i = 0; i < count; i++) {
        struct store_absence_claim claim;
        if (strcmp(items[i].tenant, w->tenant) != 0)
            continue;
        MUST(store_participant_claim_absent(tx, &query, &items[i], &claim));
        if (!claim.is_claimed)
            continue;
        own++;
        *ret_claim = claim;
    }
    return own;
}

STORE_TEST(streams_keep_a_participant_and_their_absence_is_found) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->student};
    struct store_node node = {"node-a", (uint64_t)w->number};
    struct store_absence_claim claim = {0};
    int64_t late_us = WORLD_NOW_US + 30 * DOMAIN_SECOND_US;
    int32_t left = 9;
    bool changed = false;

    (void)join(w, tx, c, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_STREAMLESS, late_us - 1, &claim), 0);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_STREAMLESS, late_us, &claim), 1);
    assert_true(claim.generation == 1);

    MUST(store_node_renew(tx, &node, WORLD_NOW_US, WORLD_NOW_US + DOMAIN_HOUR_US));
    MUST(store_stream_open(tx, w->tenant, &seat, &node));
    assert_int_equal(absent(w, tx, STORE_ABSENCE_STREAMLESS, late_us, &claim), 0);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_ORPHANED, late_us, &claim), 0);

    MUST(store_stream_close(tx, w->tenant, &seat, &node, &left));
    assert_int_equal(left, 0);
    MUST(store_participant_away(tx, w->tenant, &seat, late_us, &changed));
    assert_true(changed);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_GONE, late_us - 1, &claim), 0);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_GONE, late_us, &claim), 1);
    MUST(store_participant_back(tx, w->tenant, &seat, late_us, &changed));
    assert_true(changed);
    MUST(store_participant_back(tx, w->tenant, &seat, late_us, &changed));
    assert_false(changed);
    return status_ok();
}

STORE_TEST(the_streams_of_a_dead_or_restarted_node_are_reaped) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_seat seat = {c, w->student};
    struct store_node old = {"node-b", 1};
    struct store_node new = {"node-b", 2};
    struct store_node other = {"node-c", 1};
    struct store_absence_claim claim = {0};
    int64_t expiry_us = WORLD_NOW_US + DOMAIN_MINUTE_US;

    (void)join(w, tx, c, w->student, WORLD_NOW_US, STORE_JOIN_ENTERED);
    MUST(store_node_renew(tx, &old, WORLD_NOW_US, expiry_us));
    MUST(store_node_renew(tx, &other, WORLD_NOW_US, expiry_us));
    MUST(store_stream_open(tx, w->tenant, &seat, &old));
    MUST(store_stream_open(tx, w->tenant, &seat, &other));
    assert_int_equal(absent(w, tx, STORE_ABSENCE_ORPHANED, WORLD_NOW_US, &claim), 0);
    MUST(store_node_renew(tx, &new, WORLD_NOW_US, expiry_us));
    REFUSED(store_node_renew(tx, &old, WORLD_NOW_US, expiry_us), STATUS_FAILED_PRECONDITION, 0);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_ORPHANED, WORLD_NOW_US, &claim), 1);
    assert_int_equal(claim.streams_left, 1);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_ORPHANED, expiry_us, &claim), 1);
    assert_int_equal(claim.streams_left, 0);
    assert_int_equal(absent(w, tx, STORE_ABSENCE_ORPHANED, expiry_us, &claim), 0);
    MUST(store_node_release(tx, &new));
    MUST(store_node_release(tx, &other));
    return status_ok();
}

STORE_TEST(the_absent_are_found_one_after_another) {
    enum { GUESTS = 5 };
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_absence_query query = {.absence = STORE_ABSENCE_STREAMLESS,
                                        .now_us = WORLD_NOW_US + DOMAIN_DAY_US};
    struct store_absent last = {.since_us = 0};
    const struct store_absent *after = NULL;
    struct store_absent *items = NULL;
    size_t count = 0;
    size_t own = 0;
    for (int i = 0; i < GUESTS; i++) {
        char subject[24];
        (void)snprintf(subject, sizeof subject, "guest-%d", i);
        /* Two each at the same time. */
        (void)join(w, tx, c, world_user(w, tx, w->tenant, subject),
                   WORLD_NOW_US + i / 2 * DOMAIN_SECOND_US, STORE_JOIN_ENTERED);
    }
    do {
        MUST(store_participant_find_absent(tx, &w->arena, &query, after, 2, &items, &count));
        for (size_t i = 0; i < count; i++) {
            own += strcmp(items[i].tenant, w->tenant) == 0;
            assert_true(items[i].since_us >= last.since_us);
            last = items[i];
        }
        after = &last;
    } while (count == 2);
    assert_int_equal(own, GUESTS);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_again_while_there_keeps_the_generation),
        cmocka_unit_test(a_stay_ends_once_and_its_time_is_kept),
        cmocka_unit_test(who_never_came_is_not_found),
        cmocka_unit_test(who_was_removed_cannot_come_back),
        cmocka_unit_test(muting_twice_changes_once),
        cmocka_unit_test(the_end_empties_the_room),
        cmocka_unit_test(a_leader_who_looked_in_before_the_start_was_not_there),
        cmocka_unit_test(those_in_the_room_are_listed_first_in_pages),
        cmocka_unit_test(streams_keep_a_participant_and_their_absence_is_found),
        cmocka_unit_test(the_absent_are_found_one_after_another),
        cmocka_unit_test(the_streams_of_a_dead_or_restarted_node_are_reaped),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
