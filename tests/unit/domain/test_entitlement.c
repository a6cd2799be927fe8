#include "domain_test.h"

#include "domain/entitlement.h"

static void the_kind_follows_price_and_type(void **state) {
    (void)state;
    assert_int_equal(domain_kind_of(DOMAIN_TYPE_PRIVATE, 0), DOMAIN_KIND_FREE);
    assert_int_equal(domain_kind_of(DOMAIN_TYPE_PRIVATE, 1), DOMAIN_KIND_PRIVATE);
    assert_int_equal(domain_kind_of(DOMAIN_TYPE_GROUP, 1), DOMAIN_KIND_GROUP);
    assert_int_equal(domain_kind_of(DOMAIN_TYPE_CULTURAL, 900), DOMAIN_KIND_GROUP);
    assert_string_equal(domain_kind_name(DOMAIN_KIND_PRIVATE), "sessions.private");
}

static void an_unknown_tier_gets_the_smallest(void **state) {
    (void)state;
    size_t count = 0;
    const struct domain_entitlement *all = domain_default_entitlements(&count);
    assert_string_equal(domain_entitlement_of(all, count, "premium")->tier, "PREMIUM");
    assert_string_equal(domain_entitlement_of(all, count, "PRO")->tier, "PRO");
    assert_ptr_equal(domain_entitlement_of(all, count, "GOLD"), &all[0]);
    assert_ptr_equal(domain_entitlement_of(all, count, ""), &all[0]);
    assert_ptr_equal(domain_entitlement_of(all, count, NULL), &all[0]);
    assert_null(domain_entitlement_of(all, 0, "PRO"));
}

static void what_is_left_is_never_negative(void **state) {
    (void)state;
    assert_int_equal(domain_left_of(3, 1), 2);
    assert_int_equal(domain_left_of(3, 3), 0);
    assert_int_equal(domain_left_of(3, 5), 0);
    assert_int_equal(domain_left_of(0, 0), 0);
    assert_int_equal(domain_left_of(DOMAIN_UNLIMITED, INT32_MAX), DOMAIN_UNLIMITED);
}

static void months_sort_by_their_key(void **state) {
    (void)state;
    assert_int_equal(domain_month_key(2026, 1), 202601);
    assert_true(domain_month_key(2025, 12) < domain_month_key(2026, 1));
    assert_int_equal(domain_month_key(2026, 0), 0);
    assert_int_equal(domain_month_key(2026, 13), 0);
    assert_int_equal(domain_month_key(99999, 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_follows_price_and_type),
        cmocka_unit_test(an_unknown_tier_gets_the_smallest),
        cmocka_unit_test(what_is_left_is_never_negative),
        cmocka_unit_test(months_sort_by_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
