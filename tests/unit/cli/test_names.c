#include "clients/cli/names.h"

#include "liveconv/v1/conversation.grpc-c.h"
#include "support/cmocka.h"

static struct arena arena;

static int set_up(void **state) {
    (void)state;
    arena_init(&arena, 1 << 16);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

static const char *formatted(const char *currency, int64_t minor) {
    lc_money money = LC_MONEY_INIT;
    money.currency_code = (char *)currency;
    money.amount_minor = minor;
    return money_format(&arena, &money);
}

static void labels_leave_out_what_all_values_begin_with(void **state) {
    const ProtobufCEnumDescriptor *statuses = &liveconv__v1__conversation_status__descriptor;
    (void)state;
    assert_string_equal(enum_label(statuses, LC_CONVERSATION_STATUS_LIVE), "LIVE");
    assert_string_equal(enum_label(statuses, 0), "-");
    assert_string_equal(enum_label(statuses, 999), "-");
}

static void names_are_read_in_either_case(void **state) {
    int value = -1;
    (void)state;
    assert_true(enum_parse(&liveconv__v1__cefr_level__descriptor, "b2", &value));
    assert_int_equal(value, LC_CEFR_LEVEL_B2);
    assert_true(enum_parse(&liveconv__v1__cancel_reason__descriptor, "host-no_SHOW", &value));
    assert_int_equal(value, LC_CANCEL_REASON_HOST_NO_SHOW);
}

static void what_is_no_name_is_refused(void **state) {
    int value = -1;
    (void)state;
    assert_false(enum_parse(&liveconv__v1__cefr_level__descriptor, "b", &value));
    assert_false(enum_parse(&liveconv__v1__cefr_level__descriptor, "b22", &value));
    assert_false(enum_parse(&liveconv__v1__cefr_level__descriptor, "", &value));
    assert_false(enum_parse(&liveconv__v1__cefr_level__descriptor, "unspecified", &value));
    assert_int_equal(value, -1);
}

static void money_has_the_decimals_of_its_currency(void **state) {
    (void)state;
    assert_string_equal(formatted("EUR", 1250), "12.50 EUR");
    assert_string_equal(formatted("EUR", 5), "0.05 EUR");
    assert_string_equal(formatted("EUR", -5), "-0.05 EUR");
    assert_string_equal(formatted("JPY", 1250), "1250 JPY");
    assert_string_equal(formatted("KWD", 1250), "1.250 KWD");
    assert_string_equal(formatted("EUR", INT64_MIN), "-92233720368547758.08 EUR");
    assert_string_equal(money_format(&arena, NULL), "free");
}

static void money_is_read_exactly(void **state) {
    (void)state;
    assert_int_equal(money_parse(&arena, "12.50 EUR")->amount_minor, 1250);
    assert_int_equal(money_parse(&arena, "eur 12.5")->amount_minor, 1250);
    assert_string_equal(money_parse(&arena, "eur 12.5")->currency_code, "EUR");
    assert_int_equal(money_parse(&arena, "12 EUR")->amount_minor, 1200);
    assert_int_equal(money_parse(&arena, "1250 JPY")->amount_minor, 1250);
    assert_int_equal(money_parse(&arena, "0.001 KWD")->amount_minor, 1);
}

static void what_is_no_amount_is_refused(void **state) {
    static const char *const texts[] = {
        "",
        "12.50",
        "EUR",
        "12.505 EUR",
        "12.5 JPY",
        "-1 EUR",
        "1e3 EUR",
        "1.2.3 EUR",
        "12 EURO",
        " EUR",
        "99999999999999999999 EUR",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (money_parse(&arena, texts[i]) != NULL)
            fail_msg("\"%s\" was taken", texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_leave_out_what_all_values_begin_with),
        cmocka_unit_test(names_are_read_in_either_case),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(money_has_the_decimals_of_its_currency),
        cmocka_unit_test(money_is_read_exactly),
        cmocka_unit_test(what_is_no_amount_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
