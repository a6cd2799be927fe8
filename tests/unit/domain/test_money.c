#include "domain_test.h"

#include "domain/money.h"

static void currencies_have_their_minor_unit(void **state) {
    (void)state;
    static const struct {
        const char *code;
        int exponent;
    } rows[] = {
        {"EUR", 2},  {"USD", 2},  {"JPY", 0},  {"KWD", 3},  {"AED", 2},  {"ZWG", 2},   {"BIF", 0},
        {"XPF", 0},  {"BHD", 3},  {"TND", 3},  {"eur", -1}, {"EU", -1},  {"EURO", -1}, {"", -1},
        {"XXX", -1}, {"XAU", -1}, {"ABC", -1}, {"R E", -1}, {"UR ", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (domain_currency_exponent(rows[i].code) != rows[i].exponent)
            fail_msg("%s: %d", rows[i].code, domain_currency_exponent(rows[i].code));
    assert_int_equal(domain_currency_exponent(NULL), -1);
}

static void units_become_minor_units(void **state) {
    (void)state;
    int64_t amount = -7;
    assert_true(domain_money_from_units("EUR", 12, &amount));
    assert_int_equal(amount, 1200);
    assert_true(domain_money_from_units("JPY", 12, &amount));
    assert_int_equal(amount, 12);
    assert_false(domain_money_from_units("EUR", INT64_MAX / 10, &amount));
    assert_false(domain_money_from_units("EUR", -1, &amount));
    assert_false(domain_money_from_units("XXX", 1, &amount));
    assert_int_equal(amount, 12);
}

static void amounts_are_written_for_people(void **state) {
    (void)state;
    char text[DOMAIN_MONEY_TEXT_BYTES];
    assert_true(domain_money_format("EUR", 1205, text));
    assert_string_equal(text, "12.05 EUR");
    assert_true(domain_money_format("JPY", 1200, text));
    assert_string_equal(text, "1200 JPY");
    assert_true(domain_money_format("KWD", -5, text));
    assert_string_equal(text, "-0.005 KWD");
    assert_true(domain_money_format("EUR", INT64_MIN, text));
    assert_string_equal(text, "-92233720368547758.08 EUR");
    assert_false(domain_money_format("???", 1, text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies_have_their_minor_unit),
        cmocka_unit_test(units_become_minor_units),
        cmocka_unit_test(amounts_are_written_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
