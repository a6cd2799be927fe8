#include "support/store_world.h"

#include "base/clock.h"
#include "domain/reason.h"
#include "store/booking.h"
#include "store/event.h"
#include "store/journal.h"
#include "store/participant.h"

#include <pthread.h>

/* A live conversation with host and student in the room; what a test sends. */
struct scene {
    struct world *w;
    struct uuid conversation;
    struct domain_settings settings;
    struct fake_clock clock;
    struct store_journal *journal;
};

static struct scene *current; /* for the transaction that furnishes it */

static struct status furnish(struct db_tx *tx, struct world *w) {
    struct store_conversation draft = world_draft(w, w->host);
    struct store_status_change live = {.to = DOMAIN_STATUS_LIVE, .at_us = WORLD_NOW_US};
    const struct uuid users[] = {w->host, w->student};
    current->conversation = world_insert(w, tx, &draft);
    MUST(store_conversation_set_status(tx, w->tenant, &draft.id, &live));
    for (size_t i = 0; i < 2; i++) {
        struct store_join join = {.new_id = world_uuid(w),
                                  .seat = {draft.id, users[i]},
                                  .is_host = i == 0,
                                  .now_us = WORLD_NOW_US};
        struct store_participant p;
        enum store_join_result result;
        MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    }
    return status_ok();
}

static void set_up(struct scene *scene, struct world *w) {
    *scene = (struct scene){.w = w};
    current = scene;
    domain_settings_init(&scene->settings);
    fake_clock_init(&scene->clock, WORLD_NOW_US + DOMAIN_HOUR_US);
    scene->journal = store_journal_new(w->pool, &scene->clock.base);
    assert_non_null(scene->journal);
    world_transaction(w, furnish);
}

static struct status encode(const struct store_journal_entry *entry, struct arena *arena,
                            uint8_t **ret_bytes, size_t *ret_len_bytes) {
    size_t len = strlen(entry->message.content);
    uint8_t *bytes = arena_alloc(arena, len + 9);
    if (bytes == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "");
    memcpy(bytes, entry->message.content, len);
    *ret_bytes = bytes;
    *ret_len_bytes = len + 9;
    return status_ok();
}

static void done(struct store_journal_entry *entry) {
    ++*(int *)entry->context;
}

static struct store_journal_entry send(struct scene *scene, struct arena *arena, struct uuid sender,
                                       struct uuid client_message_id, const char *text,
                                       const struct uuid *recipient) {
    int times = 0;
    struct store_journal_entry entry = {
        .tenant = scene->w->tenant,
        .settings = &scene->settings,
        .sender_roles = DOMAIN_ROLE_STUDENT,
        .message = {.id = world_uuid(scene->w),
                    .conversation_id = scene->conversation,
                    .sender.id = sender,
                    .content = text,
                    .kind = DOMAIN_MESSAGE_TEXT,
                    .language = "",
                    .has_client_message_id = true,
                    .client_message_id = client_message_id},
        .encode = encode,
        .deadline_us = INT64_MAX,
        .arena = arena,
        .done = done,
        .context = &times,
    };
    if (recipient != NULL) {
        entry.message.has_recipient = true;
        entry.message.recipient.id = *recipient;
    }
    store_journal_submit(scene->journal, &entry);
    assert_int_equal(times, 1);
    return entry;
}

STORE_TEST(a_message_and_its_event_are_stored_together) {
    struct scene scene;
    struct store_event event;
    set_up(&scene, w);
    struct store_journal_entry sent =
        send(&scene, &w->arena, w->student, world_uuid(w), "Hello", NULL);
    assert_int_equal(sent.status.code, STATUS_OK);
    assert_true(sent.message.sequence == 1 && !sent.is_duplicate && sent.epoch != 0);
    assert_string_equal(sent.message.language, "en");
    assert_string_equal(sent.message.sender.display_name, "student");
    assert_true(sent.message.sent_at_us == WORLD_NOW_US + DOMAIN_HOUR_US);
    MUST(store_event_get(tx, &w->arena, w->tenant, &scene.conversation, 1, &event));
    assert_int_equal(event.len_bytes, sent.event_len_bytes);
    assert_memory_equal(event.bytes, sent.event_bytes, event.len_bytes);
    struct store_message stored;
    MUST(store_message_get(tx, &w->arena, w->tenant, &sent.message.id, &stored));
    assert_true(stored.sequence == 1);
    store_journal_free(&scene.journal);
    return status_ok();
}

STORE_TEST(a_retry_gets_the_first_message_even_when_it_could_not_be_sent_now) {
    struct scene scene;
    struct store_topic topic;
    bool changed = false;
    set_up(&scene, w);
    struct uuid client_id = world_uuid(w);
    struct store_journal_entry first =
        send(&scene, &w->arena, w->student, client_id, "Hello", NULL);
    struct store_seat seat = {scene.conversation, w->student};
    MUST(store_participant_mute(tx, w->tenant, &seat, true, WORLD_NOW_US, &changed));
    static const struct db_sql commit = {"COMMIT"};
    MUST(db_exec(tx, &commit, DB_NO_ARGS, NULL));
    struct store_journal_entry again =
        send(&scene, &w->arena, w->student, client_id, "Other text", NULL);
    assert_int_equal(again.status.code, STATUS_OK);
    assert_true(again.is_duplicate);
    assert_null(again.event_bytes);
    assert_true(world_same(again.message.id, first.message.id));
    assert_string_equal(again.message.content, "Hello");
    again = send(&scene, &w->arena, w->student, world_uuid(w), "More", NULL);
    assert_int_equal(again.status.reason, DOMAIN_REASON_PARTICIPANT_MUTED);
    MUST(store_topic_get(tx, w->tenant, STORE_TOPIC_CONVERSATION, &scene.conversation, &topic));
    assert_true(topic.sequence == 1);
    store_journal_free(&scene.journal);
    return status_ok();
}

STORE_TEST(a_private_message_is_private_in_the_log) {
    struct scene scene;
    struct store_event event;
    (void)tx;
    set_up(&scene, w);
    struct store_journal_entry sent =
        send(&scene, &w->arena, w->student, world_uuid(w), "Psst", &w->host);
    assert_int_equal(sent.status.code, STATUS_OK);
    MUST(store_event_get(tx, &w->arena, w->tenant, &scene.conversation, 1, &event));
    assert_true(event.is_private);
    assert_true(world_same(event.visible_to, w->host));
    assert_true(world_same(event.visible_from, w->student));
    sent = send(&scene, &w->arena, w->student, world_uuid(w), "Psst", &w->other);
    assert_int_equal(sent.status.reason, DOMAIN_REASON_RECIPIENT_NOT_PRESENT);
    store_journal_free(&scene.journal);
    return status_ok();
}

STORE_TEST(who_is_not_in_the_room_sends_nothing) {
    struct scene scene;
    (void)tx;
    set_up(&scene, w);
    struct store_journal_entry sent =
        send(&scene, &w->arena, w->other, world_uuid(w), "Hello", NULL);
    assert_int_equal(sent.status.code, STATUS_PERMISSION_DENIED);
    assert_int_equal(sent.status.reason, DOMAIN_REASON_NOT_PARTICIPANT);
    scene.conversation = world_uuid(w);
    sent = send(&scene, &w->arena, w->student, world_uuid(w), "Hello", NULL);
    assert_int_equal(sent.status.reason, DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    store_journal_free(&scene.journal);
    return status_ok();
}

/* ---- many at once ---- */

enum { SENDERS = 8, EACH = 20 };

static void *send_many(void *argument) {
    struct scene *scene = argument;
    struct arena arena;
    intptr_t failures = 0;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < EACH; i++) {
        struct store_journal_entry sent =
            send(scene, &arena, scene->w->student, world_uuid(scene->w), "Hello", NULL);
        failures += !status_is_ok(sent.status);
        arena_reset(&arena);
    }
    arena_done(&arena);
    return (void *)failures;
}

STORE_TEST(parallel_senders_leave_no_hole) {
    struct scene scene;
    pthread_t threads[SENDERS];
    struct store_event *events = NULL;
    uint64_t after = 0;
    size_t count = 0;
    set_up(&scene, w);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &scene), 0);
    for (int i = 0; i < SENDERS; i++) {
        void *failures = NULL;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    do {
        MUST(store_event_page(tx, &w->arena, w->tenant, &scene.conversation, after, 64, &events,
                              &count));
        after += count;
    } while (count > 0);
    assert_true(after == SENDERS * EACH);
    store_journal_free(&scene.journal);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_and_its_event_are_stored_together),
        cmocka_unit_test(a_retry_gets_the_first_message_even_when_it_could_not_be_sent_now),
        cmocka_unit_test(a_private_message_is_private_in_the_log),
        cmocka_unit_test(who_is_not_in_the_room_sends_nothing),
        cmocka_unit_test(parallel_senders_leave_no_hole),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
