#include "support/store_world.h"

#include "domain/reason.h"
#include "store/booking.h"
#include "store/message.h"
#include "store/participant.h"

/* A conversation with host, student and other in the room. */
static struct uuid room(struct world *w, struct db_tx *tx) {
    struct uuid c = world_conversation(w, tx, w->host);
    const struct uuid users[] = {w->host, w->student, w->other};
    for (size_t i = 0; i < 3; i++) {
        struct store_join join = {
            .new_id = world_uuid(w), .seat = {c, users[i]}, .now_us = WORLD_NOW_US};
        struct store_participant p;
        enum store_join_result result;
        MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    }
    return c;
}

static struct store_message message_of(struct world *w, struct uuid c, struct uuid sender,
                                       uint64_t sequence) {
    return (struct store_message){
        .id = world_uuid(w),
        .conversation_id = c,
        .sender.id = sender,
        .content = "Bonjour",
        .kind = DOMAIN_MESSAGE_TEXT,
        .language = "fr",
        .sent_at_us = WORLD_NOW_US,
        .has_client_message_id = true,
        .client_message_id = world_uuid(w),
        .sequence = sequence,
    };
}

/* Messages are numbered by their events; here without any. */
static void move_log(struct world *w, struct db_tx *tx, struct uuid c, uint64_t sequence) {
    static const struct db_sql sql = {
        "UPDATE live_conversations SET eventSequence = ? WHERE tenant_id = ? AND id = ?"};
    MUST(db_exec(tx, &sql, DB_ARGS(db_uint64(sequence), db_text(w->tenant), db_uuid(&c)), NULL));
}

static struct uuid say(struct world *w, struct db_tx *tx, struct uuid c, struct uuid sender,
                       uint64_t sequence, const struct uuid *recipient) {
    struct store_message m = message_of(w, c, sender, sequence);
    if (recipient != NULL) {
        m.has_recipient = true;
        m.recipient.id = *recipient;
    }
    MUST(store_message_insert(tx, w->tenant, &m));
    move_log(w, tx, c, sequence);
    return m.id;
}

static struct store_message get(struct world *w, struct db_tx *tx, struct uuid id) {
    struct store_message m;
    MUST(store_message_get(tx, &w->arena, w->tenant, &id, &m));
    return m;
}

static size_t count_for(struct world *w, struct db_tx *tx, struct uuid c, struct uuid viewer) {
    struct store_message_query q = {.conversation_id = c, .viewer = viewer, .page = {.size = 50}};
    struct store_message_list list;
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    return list.count;
}

STORE_TEST(a_message_is_read_with_its_people) {
    struct uuid c = room(w, tx);
    struct store_message original = get(w, tx, say(w, tx, c, w->host, 1, &w->student));
    assert_string_equal(original.sender.display_name, "host");
    assert_true(original.has_recipient);
    assert_string_equal(original.recipient.display_name, "student");
    assert_string_equal(original.content, "Bonjour");
    assert_int_equal(original.kind, DOMAIN_MESSAGE_TEXT);
    assert_true(original.sequence == 1 && original.has_client_message_id);
    assert_false(original.has_original || original.is_read);

    struct store_message m = message_of(w, c, w->student, 2);
    m.kind = DOMAIN_MESSAGE_CORRECTION;
    m.has_client_message_id = false;
    m.has_original = true;
    m.original_id = original.id;
    m.correction = DOMAIN_CORRECTION_SPELLING;
    m.correction_start = 3;
    m.correction_length = 2;
    m.correction_explanation = "one n";
    MUST(store_message_insert(tx, w->tenant, &m));
    m = get(w, tx, m.id);
    assert_int_equal(m.kind, DOMAIN_MESSAGE_CORRECTION);
    assert_int_equal(m.correction, DOMAIN_CORRECTION_SPELLING);
    assert_true(m.correction_start == 3 && m.correction_length == 2);
    assert_string_equal(m.correction_explanation, "one n");
    assert_true(m.has_original && world_same(m.original_id, original.id));
    return status_ok();
}

STORE_TEST(a_client_message_id_is_used_once) {
    struct uuid c = room(w, tx);
    struct store_message m = message_of(w, c, w->host, 1);
    struct store_message found;
    bool is_there = false;
    MUST(store_message_insert(tx, w->tenant, &m));
    MUST(store_message_find_sent(tx, &w->arena, w->tenant, &c, &w->host, &m.client_message_id,
                                 &found, &is_there));
    assert_true(is_there && world_same(found.id, m.id));
    MUST(store_message_find_sent(tx, &w->arena, w->tenant, &c, &w->student, &m.client_message_id,
                                 &found, &is_there));
    assert_false(is_there);
    m.id = world_uuid(w);
    m.sequence = 2;
    REFUSED(store_message_insert(tx, w->tenant, &m), STATUS_ALREADY_EXISTS, 0);
    return status_ok();
}

STORE_TEST(only_participants_send_and_receive) {
    struct uuid c = world_conversation(w, tx, w->host);
    struct store_message m = message_of(w, c, w->host, 1);
    REFUSED(store_message_insert(tx, w->tenant, &m), STATUS_FAILED_PRECONDITION,
            DOMAIN_REASON_NOT_PARTICIPANT);
    return status_ok();
}

STORE_TEST(private_messages_are_listed_for_their_two_alone) {
    struct uuid c = room(w, tx);
    (void)say(w, tx, c, w->host, 1, NULL);
    (void)say(w, tx, c, w->host, 2, &w->student);
    assert_int_equal(count_for(w, tx, c, w->host), 2);
    assert_int_equal(count_for(w, tx, c, w->student), 2);
    assert_int_equal(count_for(w, tx, c, w->other), 1);
    struct store_message_query q = {
        .conversation_id = c, .viewer = w->other, .sees_all = true, .page = {.size = 50}};
    struct store_message_list list;
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    assert_int_equal(list.count, 2);
    q = (struct store_message_query){.conversation_id = c,
                                     .viewer = w->student,
                                     .has_private_with = true,
                                     .private_with = w->host,
                                     .page = {.size = 50}};
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    assert_int_equal(list.count, 1);
    assert_true(list.items[0].has_recipient);
    MUST(store_message_list(tx, &w->arena, w->stranger, &q, &list));
    assert_int_equal(list.count, 0);
    return status_ok();
}

STORE_TEST(history_pages_both_ways) {
    struct uuid c = room(w, tx);
    struct store_message_query q = {.conversation_id = c, .viewer = w->other, .page = {.size = 2}};
    struct store_message_list list;
    for (uint64_t i = 1; i <= 5; i++)
        (void)say(w, tx, c, w->host, i, NULL);
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    assert_true(list.count == 2 && list.has_more);
    assert_true(list.items[0].sequence == 5 && list.items[1].sequence == 4);
    q.page.has_after = true;
    q.page.after_key = 2;
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    assert_true(list.count == 1 && !list.has_more && list.items[0].sequence == 1);
    q.oldest_first = true;
    MUST(store_message_list(tx, &w->arena, w->tenant, &q, &list));
    assert_true(list.count == 2 && list.has_more && list.items[0].sequence == 3);
    return status_ok();
}

STORE_TEST(a_deleted_message_is_a_tombstone) {
    struct uuid c = room(w, tx);
    struct uuid id = say(w, tx, c, w->host, 1, NULL);
    MUST(store_message_edit(tx, w->tenant, &id, "Salut", "", WORLD_NOW_US + 1));
    struct store_message m = get(w, tx, id);
    assert_string_equal(m.content, "Salut");
    assert_string_equal(m.language, "fr");
    assert_true(m.edited_at_us == WORLD_NOW_US + 1);
    REFUSED(store_message_delete(tx, w->stranger, &id, STORE_DELETED_BY_SENDER, WORLD_NOW_US),
            STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND);
    MUST(store_message_delete(tx, w->tenant, &id, STORE_DELETED_BY_MODERATOR, WORLD_NOW_US + 2));
    m = get(w, tx, id);
    assert_string_equal(m.content, "");
    assert_int_equal(m.deleted_by, STORE_DELETED_BY_MODERATOR);
    assert_true(m.deleted_at_us == WORLD_NOW_US + 2);
    REFUSED(store_message_edit(tx, w->tenant, &id, "No", "", WORLD_NOW_US), STATUS_NOT_FOUND,
            DOMAIN_REASON_MESSAGE_NOT_FOUND);
    return status_ok();
}

STORE_TEST(copies_of_a_text_are_remembered) {
    struct uuid id = say(w, tx, room(w, tx), w->host, 1, NULL);
    uint64_t *sequences = NULL;
    size_t count = 9;
    MUST(store_message_copies(tx, &w->arena, w->tenant, &id, 0, &sequences, &count));
    assert_int_equal(count, 0);
    MUST(store_message_remember_copy(tx, w->tenant, &id, 9));
    MUST(store_message_remember_copy(tx, w->tenant, &id, 4));
    MUST(store_message_copies(tx, &w->arena, w->tenant, &id, 0, &sequences, &count));
    assert_true(count == 2 && sequences[0] == 4 && sequences[1] == 9);
    MUST(store_message_copies(tx, &w->arena, w->tenant, &id, 4, &sequences, &count));
    assert_true(count == 1 && sequences[0] == 9);
    MUST(store_message_copies(tx, &w->arena, w->tenant, &id, 9, &sequences, &count));
    assert_int_equal(count, 0);
    int32_t edits = -1;
    MUST(store_message_count_copies(tx, w->tenant, &id, &edits));
    assert_int_equal(edits, 2);
    return status_ok();
}

static int32_t unread(struct world *w, struct db_tx *tx, struct uuid c, struct uuid user,
                      uint64_t through) {
    int32_t count = -1;
    MUST(store_message_unread(tx, w->tenant, &c, &user, through, &count));
    return count;
}

STORE_TEST(unread_is_what_others_wrote_visibly_above_the_position) {
    struct uuid c = room(w, tx);
    struct store_seat seat = {c, w->student};
    struct store_unread *items = NULL;
    struct store_conversation_view view;
    size_t count = 0;
    uint64_t through = 0;
    bool changed = false;

    (void)say(w, tx, c, w->host, 1, NULL);
    (void)say(w, tx, c, w->student, 2, NULL);
    struct uuid secret = say(w, tx, c, w->host, 3, &w->student);
    (void)say(w, tx, c, w->host, 4, &w->other);
    struct uuid gone = say(w, tx, c, w->host, 5, NULL);
    MUST(store_message_delete(tx, w->tenant, &gone, STORE_DELETED_BY_SENDER, WORLD_NOW_US));
    assert_int_equal(unread(w, tx, c, w->student, 0), 2);
    assert_int_equal(unread(w, tx, c, w->other, 0), 3);
    assert_int_equal(unread(w, tx, c, w->student, 1), 1);
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &c, &w->student, &view));
    assert_int_equal(view.viewer.unread_count, 2);
    MUST(store_message_unread_list(tx, &w->arena, w->tenant, &w->student, 10, &items, &count));
    assert_true(count == 1 && items[0].unread_count == 2);

    assert_false(get(w, tx, secret).is_read);
    MUST(store_participant_mark_read(tx, w->tenant, &seat, 99, &through, &changed));
    assert_true(through == 5 && changed);
    assert_true(get(w, tx, secret).is_read);
    MUST(store_participant_mark_read(tx, w->tenant, &seat, 1, &through, &changed));
    assert_true(through == 5 && !changed);
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &c, &w->student, &view));
    assert_true(view.viewer.unread_count == 0 && view.viewer.read_through_sequence == 5);
    MUST(store_message_unread_list(tx, &w->arena, w->tenant, &w->student, 10, &items, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

static struct store_booking book(struct world *w, struct db_tx *tx, struct uuid c,
                                 struct uuid user) {
    struct store_booking booking = {.id = world_uuid(w),
                                    .conversation_id = c,
                                    .user.id = user,
                                    .status = DOMAIN_BOOKING_CONFIRMED,
                                    .payment = DOMAIN_PAYMENT_NOT_REQUIRED,
                                    .booked_at_us = WORLD_NOW_US,
                                    .start_us = WORLD_NOW_US + DOMAIN_HOUR_US};
    MUST(store_booking_insert(tx, w->tenant, &booking));
    return booking;
}

STORE_TEST(unread_is_counted_for_many_at_once) {
    struct uuid c = room(w, tx);
    struct uuid stranger = world_user(w, tx, w->tenant, "stranger");
    const struct uuid users[] = {w->student, stranger, w->other, w->host};
    struct store_unread *items = NULL;
    size_t count = 0;
    (void)say(w, tx, c, w->host, 1, NULL);
    (void)say(w, tx, c, w->host, 2, &w->student);
    MUST(store_message_unread_of(tx, &w->arena, w->tenant, &c, users, 4, &items, &count));
    assert_int_equal(count, 3); /* the stranger takes no part */
    for (size_t i = 0; i < count; i++) {
        assert_true(world_same(items[i].conversation_id, c));
        int expected = world_same(items[i].user_id, w->student) ? 2
                       : world_same(items[i].user_id, w->other) ? 1
                                                                : 0;
        assert_int_equal(items[i].unread_count, expected);
    }
    return status_ok();
}

STORE_TEST(who_gave_the_seat_up_has_nothing_unread) {
    struct uuid c = room(w, tx);
    struct store_booking booking = book(w, tx, c, w->student);
    struct store_conversation_view view;
    struct store_unread *items = NULL;
    size_t count = 0;
    (void)say(w, tx, c, w->host, 1, NULL);
    MUST(store_message_unread_list(tx, &w->arena, w->tenant, &w->student, 10, &items, &count));
    assert_int_equal(count, 1);
    booking.status = DOMAIN_BOOKING_CANCELLED;
    booking.cancelled_at_us = WORLD_NOW_US;
    MUST(store_booking_update(tx, w->tenant, &booking, WORLD_NOW_US));
    MUST(store_message_unread_list(tx, &w->arena, w->tenant, &w->student, 10, &items, &count));
    assert_int_equal(count, 0);
    MUST(store_message_unread_of(tx, &w->arena, w->tenant, &c, &w->student, 1, &items, &count));
    assert_int_equal(count, 0);
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &c, &w->student, &view));
    assert_int_equal(view.viewer.unread_count, 0);
    return status_ok();
}

STORE_TEST(unread_is_counted_to_a_hundred) {
    struct uuid c = room(w, tx);
    struct store_conversation_view view;
    for (uint64_t i = 1; i <= 130; i++)
        (void)say(w, tx, c, w->host, i, NULL);
    assert_int_equal(unread(w, tx, c, w->student, 0), 100);
    assert_int_equal(unread(w, tx, c, w->student, 31), 99);
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &c, &w->student, &view));
    assert_int_equal(view.viewer.unread_count, 100);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_with_its_people),
        cmocka_unit_test(a_client_message_id_is_used_once),
        cmocka_unit_test(only_participants_send_and_receive),
        cmocka_unit_test(private_messages_are_listed_for_their_two_alone),
        cmocka_unit_test(history_pages_both_ways),
        cmocka_unit_test(a_deleted_message_is_a_tombstone),
        cmocka_unit_test(copies_of_a_text_are_remembered),
        cmocka_unit_test(unread_is_what_others_wrote_visibly_above_the_position),
        cmocka_unit_test(unread_is_counted_for_many_at_once),
        cmocka_unit_test(who_gave_the_seat_up_has_nothing_unread),
        cmocka_unit_test(unread_is_counted_to_a_hundred),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
