#include "domain_test.h"

#include "domain/types.h"

static void names_are_the_stored_ones(void **state) {
    (void)state;
    assert_string_equal(domain_type_name(DOMAIN_TYPE_CULTURAL), "CULTURAL");
    assert_string_equal(domain_status_name(DOMAIN_STATUS_SCHEDULED), "SCHEDULED");
    assert_string_equal(domain_visibility_name(DOMAIN_VISIBILITY_UNLISTED), "UNLISTED");
    assert_string_equal(domain_level_name(DOMAIN_LEVEL_C2), "C2");
    assert_string_equal(domain_booking_state_name(DOMAIN_BOOKING_NO_SHOW), "NO_SHOW");
    assert_string_equal(domain_payment_state_name(DOMAIN_PAYMENT_NOT_REQUIRED), "NOT_REQUIRED");
    assert_string_equal(domain_participant_status_name(DOMAIN_PARTICIPANT_JOINED), "JOINED");
    assert_string_equal(domain_message_kind_name(DOMAIN_MESSAGE_TEXT), "TEXT");
    assert_string_equal(domain_correction_kind_name(DOMAIN_CORRECTION_STYLE), "STYLE");
    assert_string_equal(domain_cancel_reason_name(DOMAIN_CANCEL_HOST_NO_SHOW), "HOST_NO_SHOW");
}

#define ROUND_TRIP(function, type, last)                                                           \
    for (int i = 1; i <= (int)(last); i++) {                                                       \
        type parsed = 0;                                                                           \
        assert_true(function##_parse(function##_name((type)i), &parsed));                          \
        assert_int_equal(parsed, i);                                                               \
    }                                                                                              \
    assert_null(function##_name((type)((last) + 1)))

static void every_name_parses_back(void **state) {
    (void)state;
    ROUND_TRIP(domain_type, enum domain_type, DOMAIN_TYPE_CULTURAL);
    ROUND_TRIP(domain_status, enum domain_status, DOMAIN_STATUS_CANCELLED);
    ROUND_TRIP(domain_visibility, enum domain_visibility, DOMAIN_VISIBILITY_INVITED);
    ROUND_TRIP(domain_level, enum domain_level, DOMAIN_LEVEL_C2);
    ROUND_TRIP(domain_booking_state, enum domain_booking_state, DOMAIN_BOOKING_NO_SHOW);
    ROUND_TRIP(domain_payment_state, enum domain_payment_state, DOMAIN_PAYMENT_FAILED);
    ROUND_TRIP(domain_participant_status, enum domain_participant_status,
               DOMAIN_PARTICIPANT_REMOVED);
    ROUND_TRIP(domain_message_kind, enum domain_message_kind, DOMAIN_MESSAGE_CORRECTION);
    ROUND_TRIP(domain_correction_kind, enum domain_correction_kind, DOMAIN_CORRECTION_STYLE);
    ROUND_TRIP(domain_cancel_reason, enum domain_cancel_reason, DOMAIN_CANCEL_HOST_NO_SHOW);
}

static void unknown_names_leave_the_result_alone(void **state) {
    (void)state;
    enum domain_status status = DOMAIN_STATUS_LIVE;
    assert_false(domain_status_parse("scheduled", &status));
    assert_false(domain_status_parse("", &status));
    assert_false(domain_status_parse(NULL, &status));
    assert_int_equal(status, DOMAIN_STATUS_LIVE);
    assert_null(domain_status_name(DOMAIN_STATUS_UNSPECIFIED));
    assert_null(domain_status_name((enum domain_status) - 1));
}

static void roles_are_bits(void **state) {
    (void)state;
    const char *const names[] = {"student", "admin", "emperor", "Admin"};
    assert_int_equal(domain_roles_parse(names, COUNT_OF(names)),
                     DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_ADMIN);
    assert_string_equal(domain_role_name(DOMAIN_ROLE_SERVICE), "service");
    assert_null(domain_role_name(DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_ADMIN));
    assert_int_equal(domain_role_parse(NULL), 0);
}

static void seats_are_held_from_the_offer_to_the_end(void **state) {
    (void)state;
    const bool expected[] = {false, true, true, true, false, false, true, true};
    for (int i = 0; i <= (int)DOMAIN_BOOKING_NO_SHOW; i++)
        assert_int_equal(domain_booking_takes_seat((enum domain_booking_state)i), expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_stored_ones),
        cmocka_unit_test(every_name_parses_back),
        cmocka_unit_test(unknown_names_leave_the_result_alone),
        cmocka_unit_test(roles_are_bits),
        cmocka_unit_test(seats_are_held_from_the_offer_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
