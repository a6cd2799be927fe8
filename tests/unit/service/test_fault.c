/* What a client is told when the database fails. */
#include "service/fault.h"

#include "domain/reason.h"
#include "rpc/testing.h"
#include "support/cmocka.h"

#include <string.h>

static struct rpc_call *call;

static int begin(void **state) {
    (void)state;
    call = rpc_testing_call_new(NULL);
    return call != NULL ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    rpc_testing_call_free(&call);
    return 0;
}

static struct status fault_of(unsigned int number, enum db_fate fate) {
    struct db_report report = {.fate = fate, .attempts = 6};
    db_cause_set(&report.cause, number, "HY000", "INSERT INTO secrets", "the key is %d", 42);
    return service_fault(call, db_cause_status(&report.cause), &report);
}

static void conflicts_ask_to_try_again(void **state) {
    (void)state;
    struct status status = fault_of(DB_ERROR_DEADLOCK, DB_FATE_NOTHING);
    assert_int_equal(status.code, STATUS_ABORTED);
    assert_int_equal(status.reason, DOMAIN_REASON_TRY_AGAIN);
    assert_true(rpc_testing_details(call)->retry_after_ms > 0);
}

static void a_lost_server_is_unavailable(void **state) {
    (void)state;
    struct status status = fault_of(DB_ERROR_SERVER_LOST, DB_FATE_NOTHING);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(status.reason, DOMAIN_REASON_STORAGE_UNAVAILABLE);
    assert_true(rpc_testing_details(call)->retry_after_ms > 0);
}

static void an_uncertain_commit_says_so(void **state) {
    (void)state;
    struct status status = fault_of(DB_ERROR_SERVER_LOST, DB_FATE_UNCERTAIN);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(status.reason, DOMAIN_REASON_OUTCOME_UNKNOWN);
}

static void a_key_that_nobody_foresaw_is_internal(void **state) {
    (void)state;
    assert_int_equal(fault_of(1062, DB_FATE_NOTHING).code, STATUS_INTERNAL);
    assert_int_equal(fault_of(1452, DB_FATE_NOTHING).code, STATUS_INTERNAL);
}

static void nothing_of_the_cause_is_told(void **state) {
    (void)state;
    const unsigned int numbers[] = {1062, 1064, DB_ERROR_DEADLOCK, DB_ERROR_SERVER_LOST};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct status status = fault_of(numbers[i], DB_FATE_NOTHING);
        const char *detail = status.detail != NULL ? status.detail : "";
        assert_null(strstr(detail, "secrets"));
        assert_null(strstr(detail, "42"));
    }
}

static void a_refusal_stays_what_it_is_after_a_conflict_that_was_mended(void **state) {
    (void)state;
    struct db_report report = {.fate = DB_FATE_NOTHING, .attempts = 2};
    db_cause_set(&report.cause, DB_ERROR_DEADLOCK, "40001", NULL, "deadlock");
    struct status status = service_fault(
        call, status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_CONVERSATION_FULL, "full"),
        &report);
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_int_equal(status.reason, DOMAIN_REASON_CONVERSATION_FULL);
    assert_true(rpc_testing_details(call)->retry_after_ms < 0);
}

static void data_that_cannot_be_read_is_told_as_such(void **state) {
    (void)state;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status = service_fault(call, status_error(STATUS_DATA_LOSS, 0, NULL), &report);
    assert_int_equal(status.reason, DOMAIN_REASON_DATA_CORRUPTED);
}

static void an_invalid_field_is_named(void **state) {
    (void)state;
    struct status status =
        service_invalid(call, "user_id", DOMAIN_REASON_FIELD_MALFORMED, "This is not a UUID.");
    const struct rpc_details *details = rpc_testing_details(call);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_int_equal(details->violation_count, 1);
    assert_string_equal(details->violations[0].field, "user_id");
    assert_string_equal(details->metadata[0].key, "field");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(conflicts_ask_to_try_again),
        TEST(a_lost_server_is_unavailable),
        TEST(an_uncertain_commit_says_so),
        TEST(a_key_that_nobody_foresaw_is_internal),
        TEST(nothing_of_the_cause_is_told),
        TEST(a_refusal_stays_what_it_is_after_a_conflict_that_was_mended),
        TEST(data_that_cannot_be_read_is_told_as_such),
        TEST(an_invalid_field_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
