#include "support/store_world.h"

#include "domain/reason.h"
#include "store/user.h"

static struct store_user_facts facts_of(struct world *w, const char *subject) {
    return (struct store_user_facts){
        .new_id = world_uuid(w),
        .subject = subject,
        .display_name = "Ana",
        .picture_url = "https://example.org/a.png",
        .locale = "pt-BR",
        .tier = "PRO",
        .roles = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR,
        .now_us = WORLD_NOW_US,
    };
}

STORE_TEST(a_token_makes_a_user_known) {
    struct store_user_facts facts = facts_of(w, "ana");
    struct store_user user;
    struct store_user again;
    enum store_user_change change;
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    assert_int_equal(change, STORE_USER_CREATED);
    assert_true(world_same(user.id, facts.new_id));
    MUST(store_user_get(tx, &w->arena, w->tenant, &user.id, WORLD_NOW_US, &again));
    assert_string_equal(again.subject, "ana");
    assert_string_equal(again.display_name, "Ana");
    assert_string_equal(again.locale, "pt-BR");
    assert_string_equal(again.tier, "PRO");
    assert_int_equal(again.roles, DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR);
    assert_true(again.created_at_us == WORLD_NOW_US);
    return status_ok();
}

STORE_TEST(a_subject_that_is_a_uuid_is_the_id) {
    struct uuid id = world_uuid(w);
    char subject[UUID_TEXT_BYTES];
    uuid_format(&id, subject);
    struct uuid made = world_user(w, tx, w->tenant, subject);
    assert_true(world_same(made, id));
    return status_ok();
}

STORE_TEST(the_same_facts_write_nothing) {
    struct store_user_facts facts = facts_of(w, "ana");
    struct store_user user;
    enum store_user_change change;
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    facts.new_id = world_uuid(w);
    facts.now_us += DOMAIN_MINUTE_US;
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    assert_int_equal(change, STORE_USER_SAME);
    assert_true(user.updated_at_us == WORLD_NOW_US);
    return status_ok();
}

STORE_TEST(a_new_name_is_a_change_of_profile_a_new_tier_one_of_account) {
    struct store_user_facts facts = facts_of(w, "ana");
    struct store_user user;
    enum store_user_change change;
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    facts = (struct store_user_facts){
        .subject = "ana", .display_name = "Anna", .now_us = WORLD_NOW_US + 1};
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    assert_int_equal(change, STORE_USER_PROFILE);
    facts = (struct store_user_facts){.subject = "ana", .tier = "", .now_us = WORLD_NOW_US + 2};
    MUST(store_user_upsert(tx, &w->arena, w->tenant, &facts, &user, &change));
    assert_int_equal(change, STORE_USER_ACCOUNT);
    MUST(store_user_get_by_subject(tx, &w->arena, w->tenant, "ana", WORLD_NOW_US, &user));
    assert_string_equal(user.display_name, "Anna");
    assert_string_equal(user.tier, "");
    assert_string_equal(user.picture_url, "https://example.org/a.png");
    assert_int_equal(user.roles, DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR);
    return status_ok();
}

STORE_TEST(a_user_of_another_tenant_is_not_found) {
    struct store_user user;
    REFUSED(store_user_get(tx, &w->arena, w->stranger, &w->host, WORLD_NOW_US, &user),
            STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND);
    REFUSED(store_user_get_by_subject(tx, &w->arena, w->stranger, "host", WORLD_NOW_US, &user),
            STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND);
    REFUSED(store_user_suspend(tx, w->stranger, &w->host, true, 0, "", WORLD_NOW_US),
            STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND);
    return status_ok();
}

STORE_TEST(many_users_are_read_at_once_without_strangers) {
    struct uuid foreign = world_user(w, tx, w->stranger, "foreign");
    const struct uuid ids[] = {w->student, foreign, w->host, world_uuid(w)};
    struct store_user *users = NULL;
    size_t count = 0;
    MUST(store_user_get_many(tx, &w->arena, w->tenant, ids, 4, WORLD_NOW_US, &users, &count));
    assert_int_equal(count, 2);
    assert_true(world_same(users[0].id, w->host));
    assert_true(world_same(users[1].id, w->student));
    MUST(store_user_get_many(tx, &w->arena, w->tenant, ids, 0, WORLD_NOW_US, &users, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

STORE_TEST(a_suspension_ends_when_its_time_is_over) {
    struct store_user user;
    MUST(store_user_suspend(tx, w->tenant, &w->student, true, WORLD_NOW_US + 10, "spam",
                            WORLD_NOW_US));
    MUST(store_user_get(tx, &w->arena, w->tenant, &w->student, WORLD_NOW_US + 9, &user));
    assert_true(user.is_suspended);
    MUST(store_user_get(tx, &w->arena, w->tenant, &w->student, WORLD_NOW_US + 10, &user));
    assert_false(user.is_suspended);
    MUST(store_user_suspend(tx, w->tenant, &w->student, true, 0, NULL, WORLD_NOW_US));
    MUST(store_user_get(tx, &w->arena, w->tenant, &w->student, INT64_MAX / 2, &user));
    assert_true(user.is_suspended);
    MUST(store_user_suspend(tx, w->tenant, &w->student, false, 0, NULL, WORLD_NOW_US));
    MUST(store_user_get(tx, &w->arena, w->tenant, &w->student, WORLD_NOW_US, &user));
    assert_false(user.is_suspended);
    return status_ok();
}

STORE_TEST(nodes_see_whose_access_changed) {
    struct store_access_change *changes = NULL;
    size_t count = 0;
    int64_t later_us = WORLD_NOW_US + w->number * DOMAIN_DAY_US;
    MUST(store_user_suspend(tx, w->tenant, &w->student, true, 0, NULL, later_us));
    MUST(store_user_access_changes(tx, &w->arena, later_us, later_us, &changes, &count));
    assert_int_equal(count, 1);
    assert_string_equal(changes[0].tenant, w->tenant);
    assert_string_equal(changes[0].subject, "student");
    assert_true(changes[0].is_suspended);
    MUST(store_user_access_changes(tx, &w->arena, later_us + 1, later_us, &changes, &count));
    assert_int_equal(count, 0);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_makes_a_user_known),
        cmocka_unit_test(a_subject_that_is_a_uuid_is_the_id),
        cmocka_unit_test(the_same_facts_write_nothing),
        cmocka_unit_test(a_new_name_is_a_change_of_profile_a_new_tier_one_of_account),
        cmocka_unit_test(a_user_of_another_tenant_is_not_found),
        cmocka_unit_test(many_users_are_read_at_once_without_strangers),
        cmocka_unit_test(a_suspension_ends_when_its_time_is_over),
        cmocka_unit_test(nodes_see_whose_access_changed),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
