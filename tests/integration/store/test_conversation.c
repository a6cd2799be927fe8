#include "support/store_world.h"

#include "domain/reason.h"
#include "store/event.h"
#include "store/tenant.h"

static struct store_conversation_view get(struct world *w, struct db_tx *tx, struct uuid id,
                                          const struct uuid *viewer) {
    struct store_conversation_view view;
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &id, viewer, &view));
    return view;
}

STORE_TEST(a_tenant_has_the_documented_defaults) {
    struct store_tenant tenant;
    struct domain_settings defaults;
    MUST(store_tenant_get(tx, &w->arena, w->tenant, &tenant));
    domain_settings_init(&defaults);
    assert_string_equal(tenant.time_zone, "Europe/Paris");
    assert_true(tenant.settings.doors_open_before_us == defaults.doors_open_before_us);
    assert_true(tenant.settings.complete_after_us == defaults.complete_after_us);
    assert_int_equal(tenant.settings.message_max_bytes, defaults.message_max_bytes);
    assert_int_equal(tenant.entitlement_count, 3);
    assert_string_equal(tenant.entitlements[0].tier, "FREE");
    assert_memory_equal(&tenant.cancel_policy, &domain_default_cancel_policy,
                        sizeof tenant.cancel_policy);
    assert_int_equal(tenant.currency_count, 1);
    assert_string_equal(tenant.settings.currency, "USD");
    REFUSED(store_tenant_get(tx, &w->arena, "nobody", &tenant), STATUS_NOT_FOUND, 0);
    return status_ok();
}

STORE_TEST(what_is_inserted_is_read) {
    static const struct store_vocabulary words[] = {{"a bient\xC3\xB4t", "see you", "informal"},
                                                    {"merci", "", ""}};
    static const char *const points[] = {"subjonctif"};
    static const char *const prompts[] = {"\"Why?\"", "And then?"};
    struct store_conversation draft = world_draft(w, w->host);
    draft.title = "Caf\xC3\xA9 ' OR 1=1-- \xF0\x9F\x98\x80";
    draft.description = "Two\nlines";
    draft.type = DOMAIN_TYPE_CULTURAL;
    draft.language = "fr-CA";
    draft.price = (struct store_money){1250, "EUR"};
    draft.visibility = DOMAIN_VISIBILITY_UNLISTED;
    draft.invite_code = "secret";
    draft.has_instructor = true;
    draft.instructor.id = w->other;
    draft.topic = "Food";
    draft.material = (struct store_material){words, 2, points, 1, prompts, 2, "Notes"};
    struct uuid id = world_insert(w, tx, &draft);

    struct store_conversation c = get(w, tx, id, NULL).conversation;
    assert_string_equal(c.title, draft.title);
    assert_string_equal(c.description, "Two\nlines");
    assert_int_equal(c.type, DOMAIN_TYPE_CULTURAL);
    assert_string_equal(c.language, "fr-CA");
    assert_int_equal(c.level, DOMAIN_LEVEL_B1);
    assert_true(c.start_us == draft.start_us && c.end_us == draft.end_us);
    assert_int_equal(c.max_participants, 8);
    assert_true(c.price.amount_minor == 1250);
    assert_string_equal(c.price.currency, "EUR");
    assert_string_equal(c.invite_code, "secret");
    assert_int_equal(c.status, DOMAIN_STATUS_SCHEDULED);
    assert_string_equal(c.host.display_name, "host");
    assert_string_equal(c.host.picture_url, "https://example.org/p.png");
    assert_true(c.has_instructor);
    assert_string_equal(c.instructor.display_name, "other");
    assert_string_equal(c.topic, "Food");
    assert_int_equal(c.material.vocabulary_count, 2);
    assert_string_equal(c.material.vocabulary[0].term, words[0].term);
    assert_string_equal(c.material.vocabulary[0].note, "informal");
    assert_string_equal(c.material.grammar_points[0], "subjonctif");
    assert_int_equal(c.material.prompt_count, 2);
    assert_string_equal(c.material.prompts[0], "\"Why?\"");
    assert_string_equal(c.material.cultural_notes, "Notes");
    assert_true(c.version == 1 && c.created_at_us == WORLD_NOW_US);
    assert_true(c.log.epoch != 0 && c.log.sequence == 0);
    assert_true(world_same(c.log.id, id));
    return status_ok();
}

STORE_TEST(another_tenants_conversation_is_not_found) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct store_conversation_view view;
    REFUSED(store_conversation_get(tx, &w->arena, w->stranger, &id, NULL, &view), STATUS_NOT_FOUND,
            DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    REFUSED(store_conversation_lock(tx, &w->arena, w->stranger, &id, NULL, &view), STATUS_NOT_FOUND,
            DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    REFUSED(store_conversation_add_seats(tx, w->stranger, &id, 1, 0), STATUS_NOT_FOUND,
            DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    REFUSED(store_conversation_set_locked(tx, w->stranger, &id, true, WORLD_NOW_US),
            STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    return status_ok();
}

STORE_TEST(an_unknown_host_or_instructor_is_refused) {
    struct store_conversation draft = world_draft(w, world_uuid(w));
    struct store_topic log;
    REFUSED(store_conversation_insert(tx, w->tenant, &draft, &log), STATUS_FAILED_PRECONDITION,
            DOMAIN_REASON_USER_NOT_FOUND);
    draft = world_draft(w, w->host);
    draft.has_instructor = true;
    draft.instructor.id = world_uuid(w);
    REFUSED(store_conversation_insert(tx, w->tenant, &draft, &log), STATUS_FAILED_PRECONDITION,
            DOMAIN_REASON_USER_NOT_FOUND);
    return status_ok();
}

STORE_TEST(an_update_needs_the_version_that_was_read) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct store_conversation c = get(w, tx, id, NULL).conversation;
    uint64_t version = 0;
    c.title = "Other";
    MUST(store_conversation_update(tx, w->tenant, &c, c.version, WORLD_NOW_US + 5, &version));
    assert_true(version == 2);
    REFUSED(store_conversation_update(tx, w->tenant, &c, c.version, WORLD_NOW_US + 6, &version),
            STATUS_ABORTED, DOMAIN_REASON_ETAG_MISMATCH);
    MUST(store_conversation_update(tx, w->tenant, &c, 0, WORLD_NOW_US + 6, &version));
    c = get(w, tx, id, NULL).conversation;
    assert_true(c.version == 3 && version == 3);
    assert_string_equal(c.title, "Other");
    assert_true(c.updated_at_us == WORLD_NOW_US + 6);
    return status_ok();
}

STORE_TEST(states_keep_their_times) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct store_status_change live = {.to = DOMAIN_STATUS_LIVE, .at_us = WORLD_NOW_US + 1};
    struct store_status_change over = {.to = DOMAIN_STATUS_COMPLETED, .at_us = WORLD_NOW_US + 2};
    MUST(store_conversation_set_status(tx, w->tenant, &id, &live));
    MUST(store_conversation_set_status(tx, w->tenant, &id, &over));
    struct store_conversation c = get(w, tx, id, NULL).conversation;
    assert_int_equal(c.status, DOMAIN_STATUS_COMPLETED);
    assert_true(c.actual_start_us == WORLD_NOW_US + 1 && c.actual_end_us == WORLD_NOW_US + 2);
    assert_true(c.version == 3);

    id = world_conversation(w, tx, w->host);
    struct store_status_change off = {DOMAIN_STATUS_CANCELLED, WORLD_NOW_US + 3, DOMAIN_CANCEL_HOST,
                                      "ill"};
    MUST(store_conversation_set_status(tx, w->tenant, &id, &off));
    c = get(w, tx, id, NULL).conversation;
    assert_int_equal(c.cancel_reason, DOMAIN_CANCEL_HOST);
    assert_string_equal(c.cancel_note, "ill");
    assert_true(c.cancelled_at_us == WORLD_NOW_US + 3 && c.actual_start_us == 0);
    return status_ok();
}

/* How many terms of it are in the lists of open ones, under this start. */
static int64_t open_terms(struct world *w, struct db_tx *tx, struct uuid id, int64_t start_us) {
    static const struct db_sql count = {"SELECT COUNT(*) FROM conversation_terms WHERE"
                                        " tenant_id = ? AND conversationId = ? AND openStart = ?"};
    return world_number(tx, &count,
                        DB_ARGS(db_text(w->tenant), db_uuid(&id), db_time_us(start_us)));
}

STORE_TEST(terms_keep_the_start_while_it_is_open) {
    struct store_conversation draft = world_draft(w, w->host);
    draft.title = "Two words";
    struct uuid id = world_insert(w, tx, &draft);
    uint64_t version = 0;
    assert_int_equal(open_terms(w, tx, id, draft.start_us), 2);
    draft.start_us += DOMAIN_MINUTE_US;
    MUST(store_conversation_update(tx, w->tenant, &draft, 0, WORLD_NOW_US, &version));
    assert_int_equal(open_terms(w, tx, id, draft.start_us), 2);
    struct store_status_change change = {.to = DOMAIN_STATUS_LIVE, .at_us = WORLD_NOW_US};
    MUST(store_conversation_set_status(tx, w->tenant, &id, &change));
    assert_int_equal(open_terms(w, tx, id, draft.start_us), 2);
    change.to = DOMAIN_STATUS_COMPLETED;
    MUST(store_conversation_set_status(tx, w->tenant, &id, &change));
    assert_int_equal(open_terms(w, tx, id, draft.start_us), 0);
    MUST(store_conversation_update(tx, w->tenant, &draft, 0, WORLD_NOW_US, &version));
    assert_int_equal(open_terms(w, tx, id, draft.start_us), 0);
    return status_ok();
}

STORE_TEST(a_room_is_read_without_what_was_written_about_it) {
    struct store_conversation draft = world_draft(w, w->host);
    const char *prompt = "What did you do?";
    draft.description = "Long";
    draft.material.prompts = &prompt;
    draft.material.prompt_count = 1;
    struct uuid id = world_insert(w, tx, &draft);
    struct store_conversation_view whole;
    struct store_conversation_view room;
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, &w->student, 1,
                                  &(struct uuid *){NULL}, &(size_t){0}));
    MUST(store_conversation_get(tx, &w->arena, w->tenant, &id, &w->student, &whole));
    MUST(store_conversation_lock_room(tx, &w->arena, w->tenant, &id, &w->student, &room));
    assert_int_equal(room.conversation.status, whole.conversation.status);
    assert_int_equal(room.conversation.visibility, whole.conversation.visibility);
    assert_int_equal(room.conversation.max_participants, whole.conversation.max_participants);
    assert_true(room.conversation.start_us == whole.conversation.start_us);
    assert_true(room.conversation.end_us == whole.conversation.end_us);
    assert_true(world_same(room.conversation.host.id, w->host));
    assert_true(room.conversation.log.epoch == whole.conversation.log.epoch);
    assert_true(world_same(room.conversation.log.id, id));
    assert_true(room.viewer.is_invited);
    assert_string_equal(room.conversation.description, "");
    assert_string_equal(room.conversation.host.display_name, "");
    assert_int_equal(room.conversation.material.prompt_count, 0);
    REFUSED(store_conversation_lock_room(tx, &w->arena, w->stranger, &id, NULL, &room),
            STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    MUST(store_conversation_get_listed(tx, &w->arena, w->tenant, &id, NULL, &room));
    assert_string_equal(room.conversation.description, "Long");
    assert_int_equal(room.conversation.material.prompt_count, 0);
    return status_ok();
}

STORE_TEST(seats_are_counted_and_never_beyond_the_room) {
    struct uuid id = world_conversation(w, tx, w->host);
    MUST(store_conversation_add_seats(tx, w->tenant, &id, 8, 2));
    struct store_conversation c = get(w, tx, id, NULL).conversation;
    assert_int_equal(c.seats_taken, 8);
    assert_int_equal(c.waiting, 2);
    assert_true(c.version == 1);
    REFUSED(store_conversation_add_seats(tx, w->tenant, &id, 1, 0), STATUS_FAILED_PRECONDITION, 0);
    REFUSED(store_conversation_add_seats(tx, w->tenant, &id, -9, 0), STATUS_FAILED_PRECONDITION, 0);
    MUST(store_conversation_add_seats(tx, w->tenant, &id, -8, -2));
    return status_ok();
}

STORE_TEST(an_invite_code_finds_its_conversation) {
    struct store_conversation draft = world_draft(w, w->host);
    struct uuid found;
    draft.visibility = DOMAIN_VISIBILITY_UNLISTED;
    draft.invite_code = "code-1";
    struct uuid id = world_insert(w, tx, &draft);
    MUST(store_conversation_find_by_code(tx, w->tenant, "code-1", &found));
    assert_true(world_same(found, id));
    REFUSED(store_conversation_find_by_code(tx, w->tenant, "CODE-1", &found), STATUS_NOT_FOUND,
            DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    REFUSED(store_conversation_find_by_code(tx, w->stranger, "code-1", &found), STATUS_NOT_FOUND,
            DOMAIN_REASON_CONVERSATION_NOT_FOUND);
    return status_ok();
}

STORE_TEST(invitations_are_replaced_as_a_whole) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct uuid *added = NULL;
    struct uuid *listed = NULL;
    size_t count = 0;
    const struct uuid first[] = {w->student, w->student};
    const struct uuid second[] = {w->other, w->student};
    const struct uuid unknown[] = {world_uuid(w)};
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, first, 2, &added, &count));
    assert_int_equal(count, 1);
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, second, 2, &added, &count));
    assert_int_equal(count, 1);
    assert_true(world_same(added[0], w->other));
    assert_true(get(w, tx, id, &w->other).viewer.is_invited);
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, &w->other, 1, &added, &count));
    MUST(store_invitation_list(tx, &w->arena, w->tenant, &id, &listed, &count));
    assert_int_equal(count, 1);
    assert_true(world_same(listed[0], w->other));
    assert_false(get(w, tx, id, &w->student).viewer.is_invited);
    REFUSED(store_invitation_replace(tx, &w->arena, w->tenant, &id, unknown, 1, &added, &count),
            STATUS_FAILED_PRECONDITION, DOMAIN_REASON_USER_NOT_FOUND);
    return status_ok();
}

STORE_TEST(open_conversations_of_a_host_are_counted_to_a_limit) {
    int32_t count = 0;
    for (int i = 0; i < 3; i++)
        (void)world_conversation(w, tx, w->host);
    MUST(store_conversation_count_open(tx, w->tenant, &w->host, 2, &count));
    assert_int_equal(count, 2);
    MUST(store_conversation_count_open(tx, w->tenant, &w->host, 10, &count));
    assert_int_equal(count, 3);
    MUST(store_conversation_count_open(tx, w->tenant, &w->student, 10, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_has_the_documented_defaults),
        cmocka_unit_test(what_is_inserted_is_read),
        cmocka_unit_test(another_tenants_conversation_is_not_found),
        cmocka_unit_test(an_unknown_host_or_instructor_is_refused),
        cmocka_unit_test(an_update_needs_the_version_that_was_read),
        cmocka_unit_test(states_keep_their_times),
        cmocka_unit_test(terms_keep_the_start_while_it_is_open),
        cmocka_unit_test(a_room_is_read_without_what_was_written_about_it),
        cmocka_unit_test(seats_are_counted_and_never_beyond_the_room),
        cmocka_unit_test(an_invite_code_finds_its_conversation),
        cmocka_unit_test(invitations_are_replaced_as_a_whole),
        cmocka_unit_test(open_conversations_of_a_host_are_counted_to_a_limit),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
