#include "domain_test.h"

#include <stdio.h>

#include "domain/conversation.h"

#define WHY(name) DOMAIN_REASON_##name

static struct domain_draft good_draft(void) {
    return (struct domain_draft){
        .type = DOMAIN_TYPE_GROUP,
        .level = DOMAIN_LEVEL_B1,
        .visibility = DOMAIN_VISIBILITY_PUBLIC,
        .title = "Cooking in Spanish",
        .language = "es",
        .time_zone = "Europe/Madrid",
        .start_us = TEST_NOW_US + DOMAIN_DAY_US,
        .end_us = TEST_NOW_US + DOMAIN_DAY_US + DOMAIN_HOUR_US,
        .max_participants = 8,
        .price_amount_minor = 1500,
        .currency = "EUR",
    };
}

static struct domain_draft_before before_of(const struct domain_draft *draft) {
    return (struct domain_draft_before){
        .type = draft->type,
        .language = draft->language,
        .start_us = draft->start_us,
        .end_us = draft->end_us,
        .price_amount_minor = draft->price_amount_minor,
        .currency = draft->currency,
        .seats_taken = 3,
    };
}

static void a_good_draft_passes(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    struct domain_draft draft = good_draft();
    assert_refused("paid", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_OK, 0);
    assert_int_equal(violations.count, 0);
    draft.price_amount_minor = 0;
    draft.currency = "";
    draft.time_zone = "";
    assert_refused("free", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_OK, 0);
}

/* Each row changes one thing of a good draft and expects exactly one violation. */
static void one_thing_wrong(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct {
        const char *name;
        struct domain_draft draft;
        const char *field;
        enum domain_reason reason;
    } rows[40];
    size_t n = 0;
#define ROW(row_name, change, row_field, row_reason)                                               \
    do {                                                                                           \
        rows[n].name = (row_name);                                                                 \
        rows[n].field = (row_field);                                                               \
        rows[n].reason = (row_reason);                                                             \
        struct domain_draft d = good_draft();                                                      \
        change;                                                                                    \
        rows[n++].draft = d;                                                                       \
    } while (0)
    ROW("blank title", d.title = " \t", "title", WHY(FIELDS_INCONSISTENT));
    ROW("no type", d.type = DOMAIN_TYPE_UNSPECIFIED, "type", WHY(FIELDS_INCONSISTENT));
    ROW("no level", d.level = DOMAIN_LEVEL_UNSPECIFIED, "level", WHY(FIELDS_INCONSISTENT));
    ROW("language", d.language = "spanish!", "language", WHY(FIELD_MALFORMED));
    ROW("zone", d.time_zone = "../etc", "time_zone", WHY(FIELD_MALFORMED));
    ROW("start now", d.start_us = TEST_NOW_US;
        d.end_us = d.start_us + DOMAIN_HOUR_US, "start_time", WHY(START_IN_PAST));
    ROW("start in 1970", d.start_us = 0;
        d.end_us = DOMAIN_HOUR_US, "start_time", WHY(START_IN_PAST));
    ROW("too far", d.start_us = TEST_NOW_US + 365 * DOMAIN_DAY_US + 1;
        d.end_us = d.start_us + DOMAIN_HOUR_US, "start_time", WHY(START_TOO_FAR));
    ROW("end is start", d.end_us = d.start_us, "end_time", WHY(END_BEFORE_START));
    ROW("end before start", d.end_us = d.start_us - 1, "end_time", WHY(END_BEFORE_START));
    ROW("too short", d.end_us = d.start_us + 10 * DOMAIN_MINUTE_US - 1, "end_time",
        WHY(DURATION_OUT_OF_RANGE));
    ROW("too long", d.end_us = d.start_us + 4 * DOMAIN_HOUR_US + 1, "end_time",
        WHY(DURATION_OUT_OF_RANGE));
    ROW("endless", d.end_us = INT64_MAX, "end_time", WHY(DURATION_OUT_OF_RANGE));
    ROW("no seats", d.max_participants = 0, "max_participants", WHY(CAPACITY_OUT_OF_RANGE));
    ROW("negative seats", d.max_participants = -1, "max_participants", WHY(CAPACITY_OUT_OF_RANGE));
    ROW("all seats", d.max_participants = INT32_MAX, "max_participants",
        WHY(CAPACITY_OUT_OF_RANGE));
    ROW("private for two", d.type = DOMAIN_TYPE_PRIVATE;
        d.max_participants = 2, "max_participants", WHY(CAPACITY_OUT_OF_RANGE));
    ROW("negative price", d.price_amount_minor = -1, "price.amount_minor", WHY(PRICE_OUT_OF_RANGE));
    ROW("most negative price", d.price_amount_minor = INT64_MIN, "price.amount_minor",
        WHY(PRICE_OUT_OF_RANGE));
    ROW("price overflow", d.price_amount_minor = INT64_MAX, "price.amount_minor",
        WHY(PRICE_OUT_OF_RANGE));
    ROW("price too high", d.price_amount_minor = 1000001, "price.amount_minor",
        WHY(PRICE_OUT_OF_RANGE));
    ROW("price without currency", d.currency = "", "price.currency_code",
        WHY(CURRENCY_NOT_SUPPORTED));
    ROW("no such currency", d.currency = "EUX", "price.currency_code", WHY(CURRENCY_NOT_SUPPORTED));
#undef ROW
    for (size_t i = 0; i < n; i++) {
        struct domain_violations violations;
        assert_refused(
            rows[i].name,
            domain_draft_check(&rows[i].draft, NULL, &settings, TEST_NOW_US, &violations),
            STATUS_INVALID_ARGUMENT, rows[i].reason);
        if (violations.count != 1)
            fail_msg("%s: %zu violations", rows[i].name, violations.count);
        assert_string_equal(violations.items[0].field, rows[i].field);
    }
}

static void bounds_are_inclusive(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    struct domain_draft draft = good_draft();
    draft.start_us = TEST_NOW_US + 365 * DOMAIN_DAY_US;
    draft.end_us = draft.start_us + 4 * DOMAIN_HOUR_US;
    draft.max_participants = 500;
    draft.price_amount_minor = 1000000;
    assert_refused("most", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_OK, 0);
    draft.start_us = TEST_NOW_US + 1;
    draft.end_us = draft.start_us + 10 * DOMAIN_MINUTE_US;
    draft.type = DOMAIN_TYPE_PRIVATE;
    draft.max_participants = 1;
    draft.price_amount_minor = 1;
    assert_refused("least", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_OK, 0);
}

static void everything_wrong_is_told_at_once(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    struct domain_draft draft = {.start_us = INT64_MIN,
                                 .end_us = INT64_MIN,
                                 .time_zone = "?",
                                 .max_participants = -5,
                                 .price_amount_minor = -5};
    assert_refused("all", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_INVALID_ARGUMENT, WHY(FIELDS_INCONSISTENT));
    assert_int_equal(violations.count, 9);
}

static void the_tenant_takes_one_currency(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    (void)snprintf(settings.currency, sizeof settings.currency, "USD");
    struct domain_draft draft = good_draft();
    assert_refused("mismatch",
                   domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_INVALID_ARGUMENT, WHY(CURRENCY_NOT_SUPPORTED));
    draft.currency = "USD";
    assert_refused("match", domain_draft_check(&draft, NULL, &settings, TEST_NOW_US, &violations),
                   STATUS_OK, 0);
}

static void updates_respect_bookings(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *field;
        enum domain_reason reason;
    } rows[] = {
        {"fewer seats than taken", "max_participants", WHY(CAPACITY_BELOW_BOOKINGS)},
        {"other price", "price", WHY(HAS_BOOKINGS)},
        {"other currency", "price", WHY(HAS_BOOKINGS)},
        {"now free", "price", WHY(HAS_BOOKINGS)},
        {"other type", "type", WHY(HAS_BOOKINGS)},
        {"other language", "language", WHY(HAS_BOOKINGS)},
    };
    struct domain_settings settings;
    domain_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_draft draft = good_draft();
        struct domain_draft_before before = before_of(&draft);
        struct domain_violations violations;
        switch (i) {
        case 0:
            draft.max_participants = 2;
            break;
        case 1:
            draft.price_amount_minor++;
            break;
        case 2:
            draft.currency = "USD";
            break;
        case 3:
            draft.price_amount_minor = 0;
            draft.currency = "";
            break;
        case 4:
            draft.type = DOMAIN_TYPE_CULTURAL;
            break;
        default:
            draft.language = "fr";
            break;
        }
        assert_refused(rows[i].name,
                       domain_draft_check(&draft, &before, &settings, TEST_NOW_US, &violations),
                       STATUS_FAILED_PRECONDITION, rows[i].reason);
        assert_int_equal(violations.count, 1);
        assert_string_equal(violations.items[0].field, rows[i].field);
        /* Without bookings all of it may change. */
        before.seats_taken = 0;
        assert_refused(rows[i].name,
                       domain_draft_check(&draft, &before, &settings, TEST_NOW_US, &violations),
                       STATUS_OK, 0);
    }
}

static void an_update_may_keep_its_time(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    struct domain_draft draft = good_draft();
    draft.title = "Better title";
    draft.language = "ES"; /* the same language, written otherwise */
    struct domain_draft_before before = before_of(&draft);
    before.language = "es";
    int64_t later_us = draft.start_us + DOMAIN_MINUTE_US;
    assert_refused("kept", domain_draft_check(&draft, &before, &settings, later_us, &violations),
                   STATUS_OK, 0);
    draft.start_us++;
    assert_refused("moved", domain_draft_check(&draft, &before, &settings, later_us, &violations),
                   STATUS_INVALID_ARGUMENT, WHY(START_IN_PAST));
}

static void a_wrong_field_outranks_a_booked_one(void **state) {
    (void)state;
    struct domain_settings settings;
    struct domain_violations violations;
    domain_settings_init(&settings);
    struct domain_draft draft = good_draft();
    struct domain_draft_before before = before_of(&draft);
    draft.max_participants = 1;
    draft.price_amount_minor = -1;
    assert_refused("both", domain_draft_check(&draft, &before, &settings, TEST_NOW_US, &violations),
                   STATUS_INVALID_ARGUMENT, WHY(PRICE_OUT_OF_RANGE));
    assert_int_equal(violations.count, 3);
}

static void private_sessions_have_one_seat_by_default(void **state) {
    (void)state;
    assert_int_equal(domain_default_seats(DOMAIN_TYPE_PRIVATE), 1);
    assert_int_equal(domain_default_seats(DOMAIN_TYPE_GROUP), 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_draft_passes),
        cmocka_unit_test(one_thing_wrong),
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(everything_wrong_is_told_at_once),
        cmocka_unit_test(the_tenant_takes_one_currency),
        cmocka_unit_test(updates_respect_bookings),
        cmocka_unit_test(an_update_may_keep_its_time),
        cmocka_unit_test(a_wrong_field_outranks_a_booked_one),
        cmocka_unit_test(private_sessions_have_one_seat_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
