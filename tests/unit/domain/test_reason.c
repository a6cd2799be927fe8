#include "domain_test.h"

static void every_reason_has_a_name_of_its_own(void **state) {
    (void)state;
    int count = 0;
    for (int32_t i = 1; i < domain_reason_end(); i++) {
        if (domain_reason_name(i) == NULL)
            continue;
        count++;
        for (int32_t j = 1; j < i; j++)
            if (domain_reason_name(j) != NULL)
                assert_string_not_equal(domain_reason_name(i), domain_reason_name(j));
    }
    assert_true(count > 70);
}

static void other_numbers_have_none(void **state) {
    (void)state;
    assert_null(domain_reason_name(0));
    assert_null(domain_reason_name(29)); /* between two groups */
    assert_null(domain_reason_name(-1));
    assert_null(domain_reason_name(INT32_MIN));
    assert_null(domain_reason_name(domain_reason_end()));
    assert_null(domain_reason_name(INT32_MAX));
}

static void names_are_those_of_the_contract(void **state) {
    (void)state;
    assert_string_equal(domain_reason_name(DOMAIN_REASON_CONVERSATION_FULL), "CONVERSATION_FULL");
    assert_string_equal(domain_reason_name(DOMAIN_REASON_NOT_HOST), "NOT_HOST");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
        cmocka_unit_test(other_numbers_have_none),
        cmocka_unit_test(names_are_those_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
