#include "domain_test.h"

#include "domain/booking.h"
#include "domain/permission.h"

#define WHY(name) DOMAIN_REASON_##name

static const struct domain_entitlement small_tier = {
    .tier = "SMALL",
    .a_month = {3, 2, 0},
    .horizon_days = 14,
};

/* A free conversation tomorrow with seats left, seen by a student. */
static struct domain_booking_facts base_facts(void) {
    return (struct domain_booking_facts){
        .type = DOMAIN_TYPE_GROUP,
        .status = DOMAIN_STATUS_SCHEDULED,
        .start_us = TEST_NOW_US + DOMAIN_DAY_US,
        .max_participants = 8,
        .seats_taken = 2,
        .currency = "",
        .relations = DOMAIN_RELATION_MEMBER,
        .has_tier = true,
        .entitlement = &small_tier,
    };
}

static struct domain_booking_facts paid_facts(void) {
    struct domain_booking_facts facts = base_facts();
    facts.price_amount_minor = 1500;
    facts.currency = "EUR";
    return facts;
}

static void a_free_session_costs_nobody(void **state) {
    (void)state;
    struct domain_booking_facts facts = base_facts();
    struct domain_booking_decision decision;
    assert_refused("free", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK, 0);
    assert_int_equal(decision.payer, DOMAIN_PAYER_NOBODY);
    assert_int_equal(decision.payer_reason, DOMAIN_PAYER_REASON_FREE_CONVERSATION);
    assert_int_equal(decision.step.state, DOMAIN_BOOKING_CONFIRMED);
    assert_int_equal(decision.step.payment, DOMAIN_PAYMENT_NOT_REQUIRED);
    assert_int_equal(decision.step.effects, DOMAIN_EFFECT_TAKE_SEAT | DOMAIN_EFFECT_USE_QUOTA);
    assert_int_equal(decision.seats_left, 6);
    assert_int_equal(decision.allowance_left, 3);
}

static void the_tier_pays_while_it_includes_some(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int32_t used;
        bool has_tier;
        enum domain_type type;
        enum domain_payer payer;
        enum domain_payer_reason reason;
        enum domain_payment_state payment;
        int64_t amount;
    } rows[] = {
        {"first", 0, true, DOMAIN_TYPE_GROUP, DOMAIN_PAYER_TIER,
         DOMAIN_PAYER_REASON_INCLUDED_IN_TIER, DOMAIN_PAYMENT_INCLUDED, 0},
        {"last included", 1, true, DOMAIN_TYPE_GROUP, DOMAIN_PAYER_TIER,
         DOMAIN_PAYER_REASON_INCLUDED_IN_TIER, DOMAIN_PAYMENT_INCLUDED, 0},
        {"used up", 2, true, DOMAIN_TYPE_GROUP, DOMAIN_PAYER_USER,
         DOMAIN_PAYER_REASON_ALLOWANCE_USED, DOMAIN_PAYMENT_PENDING, 1500},
        {"none of this kind", 0, true, DOMAIN_TYPE_PRIVATE, DOMAIN_PAYER_USER,
         DOMAIN_PAYER_REASON_NOT_IN_TIER, DOMAIN_PAYMENT_PENDING, 1500},
        {"no tier", 0, false, DOMAIN_TYPE_PRIVATE, DOMAIN_PAYER_USER, DOMAIN_PAYER_REASON_NO_TIER,
         DOMAIN_PAYMENT_PENDING, 1500},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_booking_facts facts = paid_facts();
        struct domain_booking_decision decision;
        facts.type = rows[i].type;
        facts.has_tier = rows[i].has_tier;
        facts.usage.used[DOMAIN_KIND_GROUP] = rows[i].used;
        assert_refused(rows[i].name, domain_booking_decide(&facts, TEST_NOW_US, &decision),
                       STATUS_OK, 0);
        assert_int_equal(decision.payer, rows[i].payer);
        assert_int_equal(decision.payer_reason, rows[i].reason);
        assert_int_equal(decision.step.payment, rows[i].payment);
        assert_int_equal(decision.amount_minor, rows[i].amount);
        assert_string_equal(decision.currency, "EUR");
    }
}

/* Offers are made to whoever waits: whether there is time for it is asked when one is taken. */
static void an_offer_is_not_taken_by_one_who_is_busy(void **state) {
    (void)state;
    struct domain_booking_facts facts = base_facts();
    struct domain_booking_decision decision;
    facts.booking = DOMAIN_BOOKING_HELD;
    facts.offer_expires_at_us = TEST_NOW_US + 1;
    facts.accepts_offer = true;
    facts.is_busy = true;
    assert_refused("busy", domain_booking_decide(&facts, TEST_NOW_US, &decision),
                   STATUS_FAILED_PRECONDITION, WHY(SCHEDULE_CONFLICT));
}

/* A quote says that there is no time before it says that there is no room. */
static void who_is_busy_need_not_wait_for_a_seat(void **state) {
    (void)state;
    struct domain_booking_facts facts = base_facts();
    struct domain_booking_decision decision;
    facts.is_busy = true;
    facts.seats_taken = facts.max_participants;
    assert_refused("busy", domain_booking_decide(&facts, TEST_NOW_US, &decision),
                   STATUS_FAILED_PRECONDITION, WHY(SCHEDULE_CONFLICT));
    assert_int_equal(decision.payer, DOMAIN_PAYER_NOBODY);
}

/* Each row changes one thing of a booking that would be accepted. */
static void refusals(void **state) {
    (void)state;
    struct row {
        const char *name;
        struct domain_booking_facts facts;
        enum status_code code;
        enum domain_reason reason;
    } rows[20];
    size_t n = 0;
#define ROW(row_name, change, row_code, row_reason)                                                \
    do {                                                                                           \
        rows[n] = (struct row){row_name, base_facts(), row_code, row_reason};                      \
        rows[n].facts.change;                                                                      \
        n++;                                                                                       \
    } while (0)
    ROW("suspended", is_suspended = true, STATUS_PERMISSION_DENIED, WHY(USER_SUSPENDED));
    ROW("service", relations = DOMAIN_RELATION_SERVICE, STATUS_PERMISSION_DENIED,
        WHY(NOT_PARTICIPANT));
    ROW("removed", relations |= DOMAIN_RELATION_REMOVED, STATUS_PERMISSION_DENIED,
        WHY(PARTICIPANT_REMOVED));
    ROW("host", relations |= DOMAIN_RELATION_HOST, STATUS_FAILED_PRECONDITION,
        WHY(OWN_CONVERSATION));
    ROW("instructor", relations |= DOMAIN_RELATION_INSTRUCTOR, STATUS_FAILED_PRECONDITION,
        WHY(OWN_CONVERSATION));
    ROW("booked", booking = DOMAIN_BOOKING_CONFIRMED, STATUS_ALREADY_EXISTS, WHY(ALREADY_BOOKED));
    ROW("paying", booking = DOMAIN_BOOKING_PENDING_PAYMENT, STATUS_ALREADY_EXISTS,
        WHY(ALREADY_BOOKED));
    ROW("live", status = DOMAIN_STATUS_LIVE, STATUS_FAILED_PRECONDITION, WHY(BOOKING_CLOSED));
    ROW("started", start_us = TEST_NOW_US, STATUS_FAILED_PRECONDITION, WHY(BOOKING_CLOSED));
    ROW("over", status = DOMAIN_STATUS_COMPLETED, STATUS_FAILED_PRECONDITION,
        WHY(CONVERSATION_STATUS));
    ROW("called off", status = DOMAIN_STATUS_CANCELLED, STATUS_FAILED_PRECONDITION,
        WHY(CONVERSATION_STATUS));
    ROW("busy", is_busy = true, STATUS_FAILED_PRECONDITION, WHY(SCHEDULE_CONFLICT));
    ROW("beyond the horizon", start_us = TEST_NOW_US + 14 * DOMAIN_DAY_US + 1,
        STATUS_FAILED_PRECONDITION, WHY(BOOKING_HORIZON));
    ROW("full", seats_taken = 8, STATUS_FAILED_PRECONDITION, WHY(CONVERSATION_FULL));
    ROW("more than full", seats_taken = 9, STATUS_FAILED_PRECONDITION, WHY(CONVERSATION_FULL));
    ROW("others wait", waiting = 1, STATUS_FAILED_PRECONDITION, WHY(CONVERSATION_FULL));
    ROW("quota", usage.used[DOMAIN_KIND_FREE] = 3, STATUS_RESOURCE_EXHAUSTED,
        WHY(ALLOWANCE_EXHAUSTED));
    ROW("no offer", accepts_offer = true, STATUS_NOT_FOUND, WHY(OFFER_NOT_FOUND));
#undef ROW
    for (size_t i = 0; i < n; i++) {
        struct domain_booking_decision decision;
        assert_refused(rows[i].name, domain_booking_decide(&rows[i].facts, TEST_NOW_US, &decision),
                       rows[i].code, rows[i].reason);
        /* A quote shows the terms beside the refusal. */
        assert_int_equal(decision.payer, DOMAIN_PAYER_NOBODY);
    }
}

static void limits_are_inclusive(void **state) {
    (void)state;
    struct domain_booking_decision decision;
    struct domain_booking_facts facts = base_facts();
    facts.start_us = TEST_NOW_US + 14 * DOMAIN_DAY_US;
    facts.seats_taken = 7;
    facts.usage.used[DOMAIN_KIND_FREE] = 2;
    assert_refused("last of all", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK,
                   0);
    facts.start_us = TEST_NOW_US + 1;
    assert_refused("last moment", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK,
                   0);
}

static void a_cancelled_booking_can_be_made_again(void **state) {
    (void)state;
    struct domain_booking_decision decision;
    struct domain_booking_facts facts = base_facts();
    facts.booking = DOMAIN_BOOKING_CANCELLED;
    facts.payment = DOMAIN_PAYMENT_NOT_REQUIRED;
    assert_refused("again", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK, 0);
    assert_int_equal(decision.step.state, DOMAIN_BOOKING_CONFIRMED);
}

static void an_offer_needs_no_free_seat(void **state) {
    (void)state;
    struct domain_booking_decision decision;
    struct domain_booking_facts facts = base_facts();
    facts.booking = DOMAIN_BOOKING_HELD;
    facts.offer_expires_at_us = TEST_NOW_US + 1;
    facts.seats_taken = 8;
    facts.waiting = 3;
    assert_refused("not accepted", domain_booking_decide(&facts, TEST_NOW_US, &decision),
                   STATUS_ALREADY_EXISTS, WHY(ALREADY_BOOKED));
    facts.accepts_offer = true;
    assert_refused("accepted", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK, 0);
    assert_int_equal(decision.step.effects, DOMAIN_EFFECT_USE_QUOTA);
    assert_refused("late", domain_booking_decide(&facts, TEST_NOW_US + 1, &decision),
                   STATUS_FAILED_PRECONDITION, WHY(OFFER_EXPIRED));
}

static void quota_refusals_name_the_limit(void **state) {
    (void)state;
    struct domain_booking_decision decision;
    struct domain_booking_facts facts = base_facts();
    facts.usage.used[DOMAIN_KIND_FREE] = 9;
    assert_refused("quota", domain_booking_decide(&facts, TEST_NOW_US, &decision),
                   STATUS_RESOURCE_EXHAUSTED, WHY(ALLOWANCE_EXHAUSTED));
    assert_int_equal(decision.allowance, 3);
    assert_int_equal(decision.allowance_left, 0);
    /* Kinds are counted apart. */
    facts.price_amount_minor = 100;
    assert_refused("other kind", domain_booking_decide(&facts, TEST_NOW_US, &decision), STATUS_OK,
                   0);
}

/* ---- cancelling ---- */

static struct domain_cancellation paid_cancellation(void) {
    return (struct domain_cancellation){
        .conversation_status = DOMAIN_STATUS_SCHEDULED,
        .start_us = TEST_NOW_US,
        .booking = DOMAIN_BOOKING_CONFIRMED,
        .payment = DOMAIN_PAYMENT_PAID,
        .paid_amount_minor = 1999,
        .policy = domain_default_cancel_policy,
    };
}

static void refunds_follow_the_frozen_policy(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t notice_us;
        bool time_changed;
        int64_t refund;
    } rows[] = {
        {"a day", DOMAIN_DAY_US, false, 1999},
        {"less than a day", DOMAIN_DAY_US - 1, false, 999},
        {"two hours", 2 * DOMAIN_HOUR_US, false, 999},
        {"less than two hours", 2 * DOMAIN_HOUR_US - 1, false, 0},
        {"moved by the host", 1, true, 1999},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_cancellation facts = paid_cancellation();
        struct domain_cancel_decision decision;
        facts.time_changed = rows[i].time_changed;
        assert_refused(rows[i].name,
                       domain_cancel_decide(&facts, TEST_NOW_US - rows[i].notice_us, &decision),
                       STATUS_OK, 0);
        assert_true(decision.changes);
        assert_int_equal(decision.step.state, DOMAIN_BOOKING_CANCELLED);
        assert_int_equal(decision.refund_amount_minor, rows[i].refund);
    }
}

static void the_greatest_amount_does_not_overflow(void **state) {
    (void)state;
    struct domain_cancellation facts = paid_cancellation();
    struct domain_cancel_decision decision;
    facts.paid_amount_minor = INT64_MAX;
    facts.policy.steps[0].refund_percent = 99;
    assert_refused("99 percent",
                   domain_cancel_decide(&facts, TEST_NOW_US - 2 * DOMAIN_DAY_US, &decision),
                   STATUS_OK, 0);
    assert_true(decision.refund_amount_minor > INT64_MAX / 100 * 98);
}

static void cancelling_twice_answers_the_same(void **state) {
    (void)state;
    struct domain_cancellation facts = paid_cancellation();
    struct domain_cancel_decision decision;
    facts.booking = DOMAIN_BOOKING_CANCELLED;
    /* Also after the start: nothing changes any more. */
    assert_refused("again", domain_cancel_decide(&facts, TEST_NOW_US + 1, &decision), STATUS_OK, 0);
    assert_false(decision.changes);
    assert_int_equal(decision.step.state, DOMAIN_BOOKING_CANCELLED);
    assert_int_equal(decision.step.effects, 0);
    assert_int_equal(decision.refund_amount_minor, 0);
}

static void cancelling_is_refused_after_the_start(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum domain_status status;
        enum domain_booking_state booking;
        int64_t at_us;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"at the start", DOMAIN_STATUS_SCHEDULED, DOMAIN_BOOKING_CONFIRMED, TEST_NOW_US,
         STATUS_FAILED_PRECONDITION, WHY(CANCELLATION_CLOSED)},
        {"started early", DOMAIN_STATUS_LIVE, DOMAIN_BOOKING_CONFIRMED, TEST_NOW_US - 1,
         STATUS_FAILED_PRECONDITION, WHY(CANCELLATION_CLOSED)},
        {"over", DOMAIN_STATUS_COMPLETED, DOMAIN_BOOKING_CONFIRMED, TEST_NOW_US + 1,
         STATUS_FAILED_PRECONDITION, WHY(CANCELLATION_CLOSED)},
        {"expired", DOMAIN_STATUS_SCHEDULED, DOMAIN_BOOKING_EXPIRED, TEST_NOW_US - 1,
         STATUS_FAILED_PRECONDITION, WHY(BOOKING_STATUS)},
        {"never booked", DOMAIN_STATUS_SCHEDULED, DOMAIN_BOOKING_UNSPECIFIED, TEST_NOW_US - 1,
         STATUS_NOT_FOUND, WHY(BOOKING_NOT_FOUND)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_cancellation facts = paid_cancellation();
        struct domain_cancel_decision decision;
        facts.conversation_status = rows[i].status;
        facts.booking = rows[i].booking;
        assert_refused(rows[i].name, domain_cancel_decide(&facts, rows[i].at_us, &decision),
                       rows[i].code, rows[i].reason);
    }
}

static void policies_are_checked(void **state) {
    (void)state;
    struct domain_cancel_policy policy = domain_default_cancel_policy;
    assert_true(domain_cancel_policy_valid(&policy));
    policy.steps[1].notice_minutes = policy.steps[0].notice_minutes;
    assert_false(domain_cancel_policy_valid(&policy));
    policy = domain_default_cancel_policy;
    policy.steps[0].refund_percent = 101;
    assert_false(domain_cancel_policy_valid(&policy));
    policy = domain_default_cancel_policy;
    policy.steps[0].refund_percent = 10;
    assert_false(domain_cancel_policy_valid(&policy));
    policy.step_count = DOMAIN_CANCEL_STEPS_MAX + 1;
    assert_false(domain_cancel_policy_valid(&policy));
    policy.step_count = 0;
    assert_true(domain_cancel_policy_valid(&policy));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_session_costs_nobody),
        cmocka_unit_test(the_tier_pays_while_it_includes_some),
        cmocka_unit_test(refusals),
        cmocka_unit_test(an_offer_is_not_taken_by_one_who_is_busy),
        cmocka_unit_test(who_is_busy_need_not_wait_for_a_seat),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(a_cancelled_booking_can_be_made_again),
        cmocka_unit_test(an_offer_needs_no_free_seat),
        cmocka_unit_test(quota_refusals_name_the_limit),
        cmocka_unit_test(refunds_follow_the_frozen_policy),
        cmocka_unit_test(the_greatest_amount_does_not_overflow),
        cmocka_unit_test(cancelling_twice_answers_the_same),
        cmocka_unit_test(cancelling_is_refused_after_the_start),
        cmocka_unit_test(policies_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
