#include "support/store_world.h"

#include "domain/reason.h"
#include "store/event.h"

enum { EVENT_BYTES = 20 };

struct written {
    uint8_t bytes[EVENT_BYTES];
    struct store_event_new event;
};

static void prepare(struct written *e, char mark) {
    memset(e->bytes, mark, sizeof e->bytes);
    e->event = (struct store_event_new){
        .bytes = e->bytes, .len_bytes = sizeof e->bytes, .now_us = WORLD_NOW_US};
}

static uint64_t number_in(const uint8_t *bytes, size_t len) {
    uint64_t number = 0;
    for (int i = 7; i >= 0; i--)
        number = number << 8 | bytes[len - 8 + (size_t)i];
    return number;
}

/* A conversation with `count` events marked 'a', 'b', ... */
static struct store_topic topic_with(struct world *w, struct db_tx *tx, int count) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct store_topic topic;
    MUST(store_topic_lock(tx, w->tenant, STORE_TOPIC_CONVERSATION, &id, &topic));
    for (int i = 0; i < count; i++) {
        struct written e;
        prepare(&e, (char)('a' + i));
        MUST(store_event_append(tx, w->tenant, &topic, &e.event, 1));
    }
    return topic;
}

STORE_TEST(events_are_numbered_without_holes) {
    struct store_topic topic = topic_with(w, tx, 0);
    struct written three[3];
    struct store_event_new events[3];
    assert_true(topic.epoch != 0);
    assert_true(topic.sequence == 0);
    for (int i = 0; i < 3; i++) {
        prepare(&three[i], 'x');
        events[i] = three[i].event;
    }
    MUST(store_event_append(tx, w->tenant, &topic, events, 2));
    MUST(store_event_append(tx, w->tenant, &topic, &events[2], 1));
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(events[i].sequence == i + 1);
        assert_true(number_in(three[i].bytes, EVENT_BYTES) == i + 1);
        assert_int_equal(three[i].bytes[EVENT_BYTES - 9], 'x');
    }
    struct store_topic again;
    MUST(store_topic_get(tx, w->tenant, STORE_TOPIC_CONVERSATION, &topic.id, &again));
    assert_true(again.sequence == 3 && topic.sequence == 3);
    assert_true(again.epoch == topic.epoch);
    return status_ok();
}

STORE_TEST(a_page_follows_on_a_position) {
    struct store_topic topic = topic_with(w, tx, 5);
    struct store_event *events = NULL;
    size_t count = 0;
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 1, 3, &events, &count));
    assert_int_equal(count, 3);
    assert_true(events[0].sequence == 2 && events[2].sequence == 4);
    assert_int_equal(events[0].bytes[0], 'b');
    assert_int_equal(events[0].len_bytes, EVENT_BYTES);
    assert_true(number_in(events[2].bytes, EVENT_BYTES) == 4);
    assert_true(events[0].created_at_us == WORLD_NOW_US);
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 5, 64, &events, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

STORE_TEST(a_page_of_large_events_ends_early) {
    static uint8_t bytes[STORE_EVENT_PAGE_BYTES_MAX / 4];
    struct store_topic topic = topic_with(w, tx, 0);
    struct store_event_new event = {
        .bytes = bytes, .len_bytes = sizeof bytes, .now_us = WORLD_NOW_US};
    struct store_event *events = NULL;
    size_t count = 0;
    for (int i = 0; i < 6; i++)
        MUST(store_event_append(tx, w->tenant, &topic, &event, 1));
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 0, 64, &events, &count));
    assert_int_equal(count, 4);
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 4, 64, &events, &count));
    assert_int_equal(count, 2);
    return status_ok();
}

STORE_TEST(an_event_tells_to_whom_it_is_private) {
    struct store_topic topic = topic_with(w, tx, 1);
    struct written secret;
    struct store_event *events = NULL;
    size_t count = 0;
    prepare(&secret, 's');
    secret.event.is_private = true;
    secret.event.visible_to = w->student;
    secret.event.visible_from = w->host;
    MUST(store_event_append(tx, w->tenant, &topic, &secret.event, 1));
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 0, 64, &events, &count));
    assert_int_equal(count, 2);
    assert_false(events[0].is_private);
    assert_true(events[1].is_private);
    assert_true(world_same(events[1].visible_to, w->student));
    assert_true(world_same(events[1].visible_from, w->host));
    return status_ok();
}

STORE_TEST(a_stranger_reads_no_topic) {
    struct store_topic topic = topic_with(w, tx, 2);
    struct store_topic found;
    struct store_event *events = NULL;
    size_t count = 9;
    REFUSED(store_topic_get(tx, w->stranger, STORE_TOPIC_CONVERSATION, &topic.id, &found),
            STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    REFUSED(store_topic_lock(tx, w->stranger, STORE_TOPIC_INBOX, &w->host, &found),
            STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND);
    MUST(store_event_page(tx, &w->arena, w->stranger, &topic.id, 0, 64, &events, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

STORE_TEST(a_rewritten_event_keeps_its_place) {
    struct store_topic topic = topic_with(w, tx, 3);
    struct store_event event;
    uint8_t tombstone[12];
    bool found = false;
    memset(tombstone, 't', sizeof tombstone);
    MUST(store_event_rewrite(tx, w->tenant, &topic.id, 2, tombstone, sizeof tombstone, &found));
    assert_true(found);
    MUST(store_event_get(tx, &w->arena, w->tenant, &topic.id, 2, &event));
    assert_int_equal(event.len_bytes, sizeof tombstone);
    assert_int_equal(event.bytes[0], 't');
    assert_true(number_in(event.bytes, event.len_bytes) == 2);
    MUST(store_event_rewrite(tx, w->tenant, &topic.id, 9, tombstone, sizeof tombstone, &found));
    assert_false(found);
    return status_ok();
}

static const struct db_sql damage = {
    "UPDATE events SET payload = 'damaged12345' WHERE tenant_id = ? AND sequence = 2"};
static const struct db_sql lose = {"DELETE FROM events WHERE tenant_id = ? AND sequence = 2"};

STORE_TEST(a_damaged_event_is_told_not_skipped) {
    struct store_topic topic = topic_with(w, tx, 3);
    struct store_event *events = NULL;
    size_t count = 0;
    MUST(db_exec(tx, &damage, DB_ARGS(db_text(w->tenant)), NULL));
    REFUSED(store_event_page(tx, &w->arena, w->tenant, &topic.id, 0, 64, &events, &count),
            STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED);
    MUST(db_exec(tx, &lose, DB_ARGS(db_text(w->tenant)), NULL));
    REFUSED(store_event_page(tx, &w->arena, w->tenant, &topic.id, 0, 64, &events, &count),
            STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED);
    REFUSED(store_event_page(tx, &w->arena, w->tenant, &topic.id, 1, 64, &events, &count),
            STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED);
    return status_ok();
}

STORE_TEST(trimming_raises_the_floor) {
    struct store_topic topic = topic_with(w, tx, 5);
    struct store_topic now;
    struct store_event *events = NULL;
    size_t count = 0;
    uint64_t trimmed = 9;
    MUST(store_event_trim(tx, w->tenant, WORLD_NOW_US, 3, &trimmed));
    assert_int_equal(trimmed, 0);
    MUST(store_event_trim(tx, w->tenant, WORLD_NOW_US + 1, 3, &trimmed));
    assert_int_equal(trimmed, 3);
    MUST(store_topic_get(tx, w->tenant, STORE_TOPIC_CONVERSATION, &topic.id, &now));
    assert_true(now.floor == 3 && now.sequence == 5);
    MUST(store_event_page(tx, &w->arena, w->tenant, &topic.id, 3, 64, &events, &count));
    assert_int_equal(count, 2);
    REFUSED(store_event_page(tx, &w->arena, w->tenant, &topic.id, 1, 64, &events, &count),
            STATUS_OUT_OF_RANGE, 0);
    MUST(store_event_trim(tx, w->tenant, WORLD_NOW_US + 1, 3, &trimmed));
    assert_int_equal(trimmed, 2);
    return status_ok();
}

STORE_TEST(an_inbox_is_a_topic) {
    struct written e;
    struct store_topic inbox;
    struct store_event event;
    prepare(&e, 'i');
    MUST(store_inbox_append(tx, w->tenant, &w->student, &e.event, &inbox));
    assert_true(inbox.sequence == 1 && inbox.epoch != 0);
    prepare(&e, 'j');
    MUST(store_inbox_append(tx, w->tenant, &w->student, &e.event, NULL));
    MUST(store_event_get(tx, &w->arena, w->tenant, &w->student, 2, &event));
    assert_int_equal(event.bytes[0], 'j');
    uint64_t trimmed = 0;
    MUST(store_event_trim(tx, w->tenant, WORLD_NOW_US + 1, 10, &trimmed));
    assert_int_equal(trimmed, 2);
    MUST(store_topic_get(tx, w->tenant, STORE_TOPIC_INBOX, &w->student, &inbox));
    assert_true(inbox.floor == 2);
    return status_ok();
}

STORE_TEST(an_event_too_short_for_its_number_is_refused) {
    uint8_t bytes[8] = {0};
    struct status s = store_event_number(bytes, sizeof bytes, 1);
    (void)w;
    (void)tx;
    assert_int_equal(s.code, STATUS_INTERNAL);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_numbered_without_holes),
        cmocka_unit_test(a_page_follows_on_a_position),
        cmocka_unit_test(a_page_of_large_events_ends_early),
        cmocka_unit_test(an_event_tells_to_whom_it_is_private),
        cmocka_unit_test(a_stranger_reads_no_topic),
        cmocka_unit_test(a_rewritten_event_keeps_its_place),
        cmocka_unit_test(a_damaged_event_is_told_not_skipped),
        cmocka_unit_test(trimming_raises_the_floor),
        cmocka_unit_test(an_inbox_is_a_topic),
        cmocka_unit_test(an_event_too_short_for_its_number_is_refused),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
