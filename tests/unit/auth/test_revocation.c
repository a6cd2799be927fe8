#include "auth_test.h"

#include "auth/revocation.h"

static int set_up(void **state) {
    *state = auth_revocations_new();
    return *state == NULL;
}

static int tear_down(void **state) {
    struct auth_revocations *revocations = *state;
    auth_revocations_free(&revocations);
    return 0;
}

static void a_user_is_suspended_and_restored(void **state) {
    struct auth_revocations *r = *state;
    assert_false(auth_is_revoked(r, "t1", "ann", 0, NULL));
    assert_true(auth_revoke_user(r, "t1", "ann", INT64_MAX));
    assert_true(auth_is_revoked(r, "t1", "ann", 0, NULL));
    assert_int_equal(auth_revocations_count(r), 1);
    auth_restore_user(r, "t1", "ann");
    assert_false(auth_is_revoked(r, "t1", "ann", 0, NULL));
    auth_restore_user(r, "t1", "ann");
    assert_int_equal(auth_revocations_count(r), 0);
}

static void others_are_not(void **state) {
    struct auth_revocations *r = *state;
    assert_true(auth_revoke_user(r, "t1", "ann", INT64_MAX));
    assert_false(auth_is_revoked(r, "t2", "ann", 0, NULL));
    assert_false(auth_is_revoked(r, "t1", "an", 0, NULL));
    assert_false(auth_is_revoked(r, "t1", "ann2", 0, NULL));
    assert_false(auth_is_revoked(r, "t1ann", "", 0, NULL));
    assert_false(auth_is_revoked(r, "", "t1ann", 0, NULL));
}

static void a_suspension_may_end_by_itself(void **state) {
    struct auth_revocations *r = *state;
    int64_t until_us = 0;
    assert_true(auth_revoke_user(r, "t1", "ann", 100));
    assert_true(auth_is_revoked(r, "t1", "ann", 99, &until_us));
    assert_int_equal(until_us, 100);
    assert_false(auth_is_revoked(r, "t1", "ann", 100, NULL));
    assert_true(auth_revoke_user(r, "t1", "ann", 200));
    assert_true(auth_is_revoked(r, "t1", "ann", 150, NULL));
    assert_int_equal(auth_revocations_count(r), 1);
}

static void the_epoch_follows_changes(void **state) {
    struct auth_revocations *r = *state;
    const struct auth_revoked_user users[] = {
        {"t1", "ann", 100}, {"t1", "bob", 100}, {"t1", "bob", 100}};
    uint64_t epoch = auth_revocations_epoch(r);
    auth_restore_user(r, "t1", "nobody");
    assert_int_equal(auth_revocations_epoch(r), epoch);
    assert_true(auth_revocations_replace(r, users, COUNT_OF(users)));
    assert_int_not_equal(auth_revocations_epoch(r), epoch);
    epoch = auth_revocations_epoch(r);
    /* The same list again: nobody has to look. */
    assert_true(auth_revocations_replace(r, users, COUNT_OF(users)));
    assert_int_equal(auth_revocations_epoch(r), epoch);
    assert_true(auth_revocations_replace(r, users, 1));
    assert_int_not_equal(auth_revocations_epoch(r), epoch);
}

static void a_list_replaces_the_set(void **state) {
    struct auth_revocations *r = *state;
    const struct auth_revoked_user users[] = {{"t1", "bob", INT64_MAX}};
    assert_true(auth_revoke_user(r, "t1", "ann", INT64_MAX));
    assert_true(auth_revocations_replace(r, users, 1));
    assert_false(auth_is_revoked(r, "t1", "ann", 0, NULL));
    assert_true(auth_is_revoked(r, "t1", "bob", 0, NULL));
    assert_true(auth_revocations_replace(r, NULL, 0));
    assert_int_equal(auth_revocations_count(r), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_user_is_suspended_and_restored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_are_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_suspension_may_end_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_epoch_follows_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_replaces_the_set, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
