#include "base/status.h"

#include "support/cmocka.h"

static void status_ok_is_ok_and_carries_nothing(void **state) {
    (void)state;
    struct status status = status_ok();
    assert_true(status_is_ok(status));
    assert_int_equal(status.reason, STATUS_NO_REASON);
    assert_null(status.detail);
}

static void status_error_carries_code_reason_and_detail(void **state) {
    (void)state;
    struct status status = status_error(STATUS_NOT_FOUND, 7, "no such conversation");
    assert_false(status_is_ok(status));
    assert_int_equal(status.code, STATUS_NOT_FOUND);
    assert_int_equal(status.reason, 7);
    assert_string_equal(status.detail, "no such conversation");
}

static struct status go_through(struct status status, int *ret_passed) {
    TRY(status);
    (*ret_passed)++;
    return status_ok();
}

static void try_returns_early_with_errors_alone(void **state) {
    (void)state;
    int passed = 0;
    struct status refused = go_through(status_error(STATUS_ABORTED, 3, "stale"), &passed);
    assert_int_equal(refused.code, STATUS_ABORTED);
    assert_int_equal(refused.reason, 3);
    assert_int_equal(passed, 0);
    assert_true(status_is_ok(go_through(status_ok(), &passed)));
    assert_int_equal(passed, 1);
}

static void status_code_name_knows_the_canonical_codes(void **state) {
    (void)state;
    assert_string_equal(status_code_name(STATUS_OK), "OK");
    assert_string_equal(status_code_name(STATUS_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(status_code_name(STATUS_UNAUTHENTICATED), "UNAUTHENTICATED");
    for (int32_t code = STATUS_OK; code <= STATUS_UNAUTHENTICATED; code++)
        assert_non_null(status_code_name(code));
    assert_string_equal(status_code_name(-1), "UNKNOWN");
    assert_string_equal(status_code_name(17), "UNKNOWN");
    assert_string_equal(status_code_name(INT32_MAX), "UNKNOWN");
    assert_string_equal(status_code_name(INT32_MIN), "UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_ok_is_ok_and_carries_nothing),
        cmocka_unit_test(status_error_carries_code_reason_and_detail),
        cmocka_unit_test(try_returns_early_with_errors_alone),
        cmocka_unit_test(status_code_name_knows_the_canonical_codes),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
