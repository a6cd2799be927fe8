/* The table of users who called lately. */
#include "service/users.h"
#include "support/cmocka.h"

#include <string.h>

static struct service_known_user some_user(uint8_t number) {
    struct service_known_user user = {.tier = "PRO"};
    user.id.bytes[15] = number;
    return user;
}

static void a_user_is_known_for_a_while(void **state) {
    (void)state;
    struct service_users *users = service_users_new(16, 1000);
    struct service_known_user user = some_user(1);
    struct service_known_user found;
    assert_false(service_users_find(users, "t", "ana", 5000, &found));
    service_users_keep(users, "t", "ana", 5000, &user);
    assert_true(service_users_find(users, "t", "ana", 5999, &found));
    assert_int_equal(found.id.bytes[15], 1);
    assert_string_equal(found.tier, "PRO");
    assert_false(service_users_find(users, "t", "ana", 6000, &found));
    service_users_free(&users);
    assert_null(users);
}

static void tenants_do_not_share_subjects(void **state) {
    (void)state;
    struct service_users *users = service_users_new(1, 1000); /* one place for all */
    struct service_known_user user = some_user(1);
    struct service_known_user found;
    service_users_keep(users, "ab", "c", 1, &user);
    assert_false(service_users_find(users, "a", "bc", 1, &found));
    assert_false(service_users_find(users, "other", "c", 1, &found));
    assert_true(service_users_find(users, "ab", "c", 1, &found));
    service_users_free(&users);
}

static void who_comes_later_takes_the_place(void **state) {
    (void)state;
    struct service_users *users = service_users_new(1, 1000);
    struct service_known_user first = some_user(1);
    struct service_known_user second = some_user(2);
    struct service_known_user found;
    service_users_keep(users, "t", "first", 1, &first);
    service_users_keep(users, "t", "second", 1, &second);
    assert_false(service_users_find(users, "t", "first", 1, &found));
    assert_true(service_users_find(users, "t", "second", 1, &found));
    assert_int_equal(found.id.bytes[15], 2);
    service_users_free(&users);
}

static void what_changed_is_forgotten(void **state) {
    (void)state;
    struct service_users *users = service_users_new(1, 1000);
    struct service_known_user user = some_user(1);
    struct service_known_user found;
    service_users_keep(users, "t", "ana", 1, &user);
    service_users_forget(users, "t", "another");
    assert_true(service_users_find(users, "t", "ana", 1, &found));
    service_users_forget(users, "t", "ana");
    assert_false(service_users_find(users, "t", "ana", 1, &found));
    service_users_free(&users);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_known_for_a_while),
        cmocka_unit_test(tenants_do_not_share_subjects),
        cmocka_unit_test(who_comes_later_takes_the_place),
        cmocka_unit_test(what_changed_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
