#include <stdint.h>
#include <string.h>

#include "rpc/principal.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

static void principal_copies_every_field(void **state) {
    (void)state;
    char subject[] = "user-1";
    const char *roles[] = {"student", "admin"};
    const char *scopes[] = {"users.write"};
    struct rpc_principal_fields fields = {
        .subject = subject,
        .tenant = "t",
        .name = "Ada",
        .picture_url = "https://example.com/a.png",
        .locale = "de-CH",
        .tier = "gold",
        .issuer = "https://id.example.com",
        .roles = roles,
        .role_count = 2,
        .scopes = scopes,
        .scope_count = 1,
        .expires_at_us = 42,
    };
    struct rpc_principal *principal = rpc_principal_new(&fields);
    subject[0] = 'X';
    roles[0] = "gone";
    const struct rpc_principal_fields *copy = rpc_principal_get(principal);
    assert_string_equal(copy->subject, "user-1");
    assert_string_equal(copy->tenant, "t");
    assert_string_equal(copy->name, "Ada");
    assert_string_equal(copy->picture_url, "https://example.com/a.png");
    assert_string_equal(copy->locale, "de-CH");
    assert_string_equal(copy->tier, "gold");
    assert_string_equal(copy->issuer, "https://id.example.com");
    assert_int_equal(copy->role_count, 2);
    assert_string_equal(copy->roles[0], "student");
    assert_string_equal(copy->roles[1], "admin");
    assert_int_equal(copy->scope_count, 1);
    assert_string_equal(copy->scopes[0], "users.write");
    assert_int_equal(copy->expires_at_us, 42);
    rpc_principal_unref(&principal);
    assert_null(principal);
}

static void null_text_becomes_empty(void **state) {
    (void)state;
    struct rpc_principal_fields fields = {.expires_at_us = INT64_MAX};
    struct rpc_principal *principal = rpc_principal_new(&fields);
    const struct rpc_principal_fields *copy = rpc_principal_get(principal);
    assert_string_equal(copy->subject, "");
    assert_string_equal(copy->issuer, "");
    assert_false(rpc_principal_has_role(principal, ""));
    rpc_principal_unref(&principal);
}

static void roles_and_scopes_are_not_confused(void **state) {
    (void)state;
    const char *roles[] = {"admin"};
    const char *scopes[] = {"users.write"};
    struct rpc_principal_fields fields = {
        .roles = roles, .role_count = 1, .scopes = scopes, .scope_count = 1};
    struct rpc_principal *principal = rpc_principal_new(&fields);
    assert_true(rpc_principal_has_role(principal, "admin"));
    assert_false(rpc_principal_has_role(principal, "users.write"));
    assert_false(rpc_principal_has_role(principal, "adm"));
    assert_true(rpc_principal_has_scope(principal, "users.write"));
    assert_false(rpc_principal_has_scope(principal, "admin"));
    rpc_principal_unref(&principal);
}

static void principal_lives_until_its_last_reference(void **state) {
    (void)state;
    struct rpc_principal_fields fields = {.subject = "u"};
    struct rpc_principal *principal = rpc_principal_new(&fields);
    struct rpc_principal *second = rpc_principal_ref(principal);
    rpc_principal_unref(&principal);
    assert_string_equal(rpc_principal_get(second)->subject, "u");
    rpc_principal_unref(&second);
    rpc_principal_unref(&second);
}

static void list_sizes_that_overflow_are_refused(void **state) {
    (void)state;
    struct rpc_principal_fields fields = {.role_count = SIZE_MAX, .scope_count = 1};
    assert_null(rpc_principal_new(&fields));
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    struct rpc_principal_fields fields = {.subject = "u"};
    alloc_fault_fail_from(1);
    struct rpc_principal *principal = rpc_principal_new(&fields);
    alloc_fault_end();
    assert_null(principal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal_copies_every_field),
        cmocka_unit_test(null_text_becomes_empty),
        cmocka_unit_test(roles_and_scopes_are_not_confused),
        cmocka_unit_test(principal_lives_until_its_last_reference),
        cmocka_unit_test(list_sizes_that_overflow_are_refused),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
