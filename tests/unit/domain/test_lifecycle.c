#include "domain_test.h"

#include "domain/lifecycle.h"

#define MIN DOMAIN_MINUTE_US
#define STATUS(name) DOMAIN_STATUS_##name

/* Every pair of state and event, written by hand. */
static void conversations_move_as_the_design_says(void **state) {
    (void)state;
    /* 0: refused. */
    static const struct {
        enum domain_event event;
        enum domain_status from[4]; /* SCHEDULED LIVE COMPLETED CANCELLED */
    } rows[] = {
        {DOMAIN_EVENT_START, {STATUS(LIVE), STATUS(LIVE), 0, 0}},
        {DOMAIN_EVENT_AUTO_START, {STATUS(LIVE), 0, 0, 0}},
        {DOMAIN_EVENT_END, {0, STATUS(COMPLETED), STATUS(COMPLETED), 0}},
        {DOMAIN_EVENT_AUTO_COMPLETE, {STATUS(COMPLETED), STATUS(COMPLETED), 0, 0}},
        {DOMAIN_EVENT_CANCEL, {STATUS(CANCELLED), STATUS(CANCELLED), 0, STATUS(CANCELLED)}},
        {DOMAIN_EVENT_HOST_NO_SHOW, {STATUS(CANCELLED), STATUS(CANCELLED), 0, 0}},
        {DOMAIN_EVENT_NONE, {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int from = 0; from < 4; from++) {
            enum domain_status expected = rows[i].from[from];
            enum domain_status to = STATUS(UNSPECIFIED);
            struct status got =
                domain_lifecycle_apply((enum domain_status)(from + 1), rows[i].event, &to);
            assert_refused(domain_event_name(rows[i].event), got,
                           expected ? STATUS_OK : STATUS_FAILED_PRECONDITION,
                           expected ? DOMAIN_REASON_NONE : DOMAIN_REASON_CONVERSATION_STATUS);
            assert_int_equal(to, expected);
        }
    }
}

static void the_clock_decides(void **state) {
    (void)state;
    /* The session lasts an hour from TEST_NOW_US; `at` is minutes from its start. */
    static const struct {
        const char *name;
        enum domain_status status;
        bool is_paid, leader;
        int32_t present;
        int64_t at;
        enum domain_event expected;
    } rows[] = {
        {"before", STATUS(SCHEDULED), false, true, 5, -1, DOMAIN_EVENT_NONE},
        {"two at the start", STATUS(SCHEDULED), false, false, 2, 0, DOMAIN_EVENT_AUTO_START},
        {"one at the start", STATUS(SCHEDULED), false, true, 1, 0, DOMAIN_EVENT_NONE},
        {"paid waits for its host", STATUS(SCHEDULED), true, true, 9, 0, DOMAIN_EVENT_NONE},
        {"paid, host late", STATUS(SCHEDULED), true, false, 9, 14, DOMAIN_EVENT_NONE},
        {"paid, host absent", STATUS(SCHEDULED), true, false, 9, 15, DOMAIN_EVENT_HOST_NO_SHOW},
        {"paid, live, host absent", STATUS(LIVE), true, false, 9, 15, DOMAIN_EVENT_HOST_NO_SHOW},
        {"paid, host present", STATUS(SCHEDULED), true, true, 9, 15, DOMAIN_EVENT_NONE},
        {"free, host absent", STATUS(SCHEDULED), false, false, 1, 15, DOMAIN_EVENT_NONE},
        {"live at the end", STATUS(LIVE), false, true, 3, 60, DOMAIN_EVENT_NONE},
        {"live long after", STATUS(LIVE), false, true, 3, 75, DOMAIN_EVENT_AUTO_COMPLETE},
        {"never started", STATUS(SCHEDULED), false, true, 0, 75, DOMAIN_EVENT_AUTO_COMPLETE},
        {"paid, nobody led, server was down", STATUS(SCHEDULED), true, false, 0, 900,
         DOMAIN_EVENT_HOST_NO_SHOW},
        {"completed", STATUS(COMPLETED), true, false, 3, 900, DOMAIN_EVENT_NONE},
        {"cancelled", STATUS(CANCELLED), true, false, 3, 900, DOMAIN_EVENT_NONE},
    };
    struct domain_settings settings;
    domain_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_schedule schedule = {
            .status = rows[i].status,
            .start_us = TEST_NOW_US,
            .end_us = TEST_NOW_US + 60 * MIN,
            .is_paid = rows[i].is_paid,
            .leader_was_present = rows[i].leader,
            .participants_count = rows[i].present,
        };
        int64_t now_us = TEST_NOW_US + rows[i].at * MIN;
        enum domain_event got = domain_lifecycle_due(&schedule, &settings, now_us);
        if (got != rows[i].expected)
            fail_msg("%s: %s", rows[i].name, domain_event_name(got));
        /* What is due was announced: nothing is due before, and something is due then. */
        int64_t due_us = domain_lifecycle_next_due_at(&schedule, &settings);
        assert_int_equal(got != DOMAIN_EVENT_NONE, now_us >= due_us);
        if (due_us != INT64_MAX) {
            assert_int_equal(domain_lifecycle_due(&schedule, &settings, due_us - 1),
                             DOMAIN_EVENT_NONE);
            assert_int_not_equal(domain_lifecycle_due(&schedule, &settings, due_us),
                                 DOMAIN_EVENT_NONE);
        }
    }
}

static void times_follow_the_settings(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    settings.doors_open_before_us = 3 * MIN;
    settings.complete_after_us = 0;
    struct domain_schedule schedule = {
        .status = STATUS(LIVE), .start_us = TEST_NOW_US, .end_us = TEST_NOW_US + 60 * MIN};
    assert_int_equal(domain_doors_open_at(TEST_NOW_US, &settings), TEST_NOW_US - 3 * MIN);
    assert_int_equal(domain_lifecycle_due(&schedule, &settings, schedule.end_us),
                     DOMAIN_EVENT_AUTO_COMPLETE);
}

#define B(name) DOMAIN_BOOKING_##name
#define P(name) DOMAIN_PAYMENT_##name
#define ON(name) DOMAIN_BOOKING_EVENT_##name

static void bookings_move_as_the_design_says(void **state) {
    (void)state;
    enum {
        TAKE = DOMAIN_EFFECT_TAKE_SEAT,
        GIVE = DOMAIN_EFFECT_FREE_SEAT,
        ALL = DOMAIN_EFFECT_REFUND_ALL,
        SOME = DOMAIN_EFFECT_REFUND_BY_POLICY,
        USE = DOMAIN_EFFECT_USE_QUOTA,
        BACK = DOMAIN_EFFECT_RETURN_QUOTA
    };
    static const struct {
        const char *name;
        enum domain_booking_state from;
        enum domain_payment_state payment;
        enum domain_booking_event event;
        enum domain_booking_state to;
        enum domain_payment_state to_payment;
        unsigned effects;
    } rows[] = {
        {"free", B(UNSPECIFIED), P(UNSPECIFIED), ON(BOOK_FREE), B(CONFIRMED), P(NOT_REQUIRED),
         TAKE | USE},
        {"included", B(UNSPECIFIED), P(UNSPECIFIED), ON(BOOK_INCLUDED), B(CONFIRMED), P(INCLUDED),
         TAKE | USE},
        {"priced", B(UNSPECIFIED), P(UNSPECIFIED), ON(BOOK_PRICED), B(PENDING_PAYMENT), P(PENDING),
         TAKE},
        {"again", B(CANCELLED), P(REFUNDED), ON(BOOK_PRICED), B(PENDING_PAYMENT), P(PENDING), TAKE},
        {"offer", B(UNSPECIFIED), P(UNSPECIFIED), ON(OFFER), B(HELD), P(NOT_REQUIRED), TAKE},
        {"accepted offer", B(HELD), P(NOT_REQUIRED), ON(BOOK_FREE), B(CONFIRMED), P(NOT_REQUIRED),
         USE},
        {"expired offer", B(HELD), P(NOT_REQUIRED), ON(EXPIRE), B(EXPIRED), P(NOT_REQUIRED), GIVE},
        {"paid", B(PENDING_PAYMENT), P(PENDING), ON(PAID), B(CONFIRMED), P(PAID), 0},
        {"not paid", B(PENDING_PAYMENT), P(PENDING), ON(PAY_FAILED), B(EXPIRED), P(FAILED), GIVE},
        {"paid too late", B(PENDING_PAYMENT), P(PENDING), ON(EXPIRE), B(EXPIRED), P(PENDING), GIVE},
        {"late, seat left", B(EXPIRED), P(PENDING), ON(PAID_LATE), B(CONFIRMED), P(PAID), TAKE},
        {"late, no seat", B(EXPIRED), P(PENDING), ON(PAID_VOID), B(EXPIRED), P(PAID), ALL},
        {"late, cancelled", B(CANCELLED), P(PENDING), ON(PAID_VOID), B(CANCELLED), P(PAID), ALL},
        {"cancel free", B(CONFIRMED), P(NOT_REQUIRED), ON(CANCEL), B(CANCELLED), P(NOT_REQUIRED),
         GIVE | BACK},
        {"cancel paid", B(CONFIRMED), P(PAID), ON(CANCEL), B(CANCELLED), P(PAID), GIVE | SOME},
        {"called off", B(CONFIRMED), P(PAID), ON(CALL_OFF), B(CANCELLED), P(PAID), GIVE | ALL},
        {"refund done", B(CANCELLED), P(PAID), ON(REFUNDED), B(CANCELLED), P(REFUNDED), 0},
        {"attended", B(CONFIRMED), P(PAID), ON(ATTEND), B(ATTENDED), P(PAID), 0},
        {"missed", B(CONFIRMED), P(INCLUDED), ON(MISS), B(NO_SHOW), P(INCLUDED), 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_booking_step step = {0};
        struct status got =
            domain_booking_apply(rows[i].from, rows[i].payment, rows[i].event, &step);
        assert_refused(rows[i].name, got, STATUS_OK, 0);
        if (step.state != rows[i].to || step.payment != rows[i].to_payment ||
            step.effects != rows[i].effects)
            fail_msg("%s: %d %d %u", rows[i].name, (int)step.state, (int)step.payment,
                     step.effects);
    }
}

static void bookings_refuse_the_rest(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum domain_booking_state from;
        enum domain_payment_state payment;
        enum domain_booking_event event;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"booked twice", B(CONFIRMED), P(PAID), ON(BOOK_FREE), STATUS_ALREADY_EXISTS,
         DOMAIN_REASON_ALREADY_BOOKED},
        {"booked while paying", B(PENDING_PAYMENT), P(PENDING), ON(BOOK_PRICED),
         STATUS_ALREADY_EXISTS, DOMAIN_REASON_ALREADY_BOOKED},
        {"cancel what was attended", B(ATTENDED), P(PAID), ON(CANCEL), STATUS_FAILED_PRECONDITION,
         DOMAIN_REASON_BOOKING_STATUS},
        {"paid twice", B(CONFIRMED), P(PAID), ON(PAID), STATUS_FAILED_PRECONDITION,
         DOMAIN_REASON_BOOKING_STATUS},
        {"a late payment does not revive a cancelled booking", B(CANCELLED), P(PENDING),
         ON(PAID_LATE), STATUS_FAILED_PRECONDITION, DOMAIN_REASON_BOOKING_STATUS},
        {"refund of what was not paid", B(CANCELLED), P(NOT_REQUIRED), ON(REFUNDED),
         STATUS_FAILED_PRECONDITION, DOMAIN_REASON_BOOKING_STATUS},
        {"refund twice", B(CANCELLED), P(REFUNDED), ON(REFUNDED), STATUS_FAILED_PRECONDITION,
         DOMAIN_REASON_BOOKING_STATUS},
        {"attendance without a seat", B(CANCELLED), P(PAID), ON(ATTEND), STATUS_FAILED_PRECONDITION,
         DOMAIN_REASON_BOOKING_STATUS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_booking_step step = {.effects = 77};
        assert_refused(rows[i].name,
                       domain_booking_apply(rows[i].from, rows[i].payment, rows[i].event, &step),
                       rows[i].code, rows[i].reason);
        assert_int_equal(step.effects, 77);
    }
}

/* Over every state, payment and event: the effects are exactly the change of what is held. */
static void seats_balance_over_the_whole_table(void **state) {
    (void)state;
    for (int s = 0; s <= (int)B(NO_SHOW); s++)
        for (int p = 0; p <= (int)P(FAILED); p++)
            for (int e = 0; e <= (int)ON(MISS); e++) {
                struct domain_booking_step step;
                if (!status_is_ok(domain_booking_apply((enum domain_booking_state)s,
                                                       (enum domain_payment_state)p,
                                                       (enum domain_booking_event)e, &step)))
                    continue;
                int before = domain_booking_takes_seat((enum domain_booking_state)s);
                int after = domain_booking_takes_seat(step.state);
                assert_int_equal(after - before, !!(step.effects & DOMAIN_EFFECT_TAKE_SEAT) -
                                                     !!(step.effects & DOMAIN_EFFECT_FREE_SEAT));
                if (step.effects & (DOMAIN_EFFECT_REFUND_ALL | DOMAIN_EFFECT_REFUND_BY_POLICY))
                    assert_int_equal(step.payment, P(PAID));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_move_as_the_design_says),
        cmocka_unit_test(the_clock_decides),
        cmocka_unit_test(times_follow_the_settings),
        cmocka_unit_test(bookings_move_as_the_design_says),
        cmocka_unit_test(bookings_refuse_the_rest),
        cmocka_unit_test(seats_balance_over_the_whole_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
