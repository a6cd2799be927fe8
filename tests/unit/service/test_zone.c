/* Months by a tenant's zone. */
#include "service/zone.h"
#include "support/cmocka.h"

#include <string.h>

static const char directory[] = "/usr/share/zoneinfo";

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR_S INT64_C(1767225600)
#define SECOND_US INT64_C(1000000)

static void utc_needs_no_file(void **state) {
    (void)state;
    struct service_month month = service_month_of("/nowhere", "UTC", NEW_YEAR_S * SECOND_US);
    assert_int_equal(month.key, 202601);
    assert_true(month.end_us == (NEW_YEAR_S + 31 * 86400) * SECOND_US);
    month = service_month_of("/nowhere", "UTC", NEW_YEAR_S * SECOND_US - 1);
    assert_int_equal(month.key, 202512);
    assert_true(month.end_us == NEW_YEAR_S * SECOND_US);
}

static void east_of_utc_the_month_begins_earlier(void **state) {
    (void)state;
    struct service_month month =
        service_month_of(directory, "Asia/Tokyo", (NEW_YEAR_S - 9 * 3600) * SECOND_US);
    assert_int_equal(month.key, 202601);
    assert_true(month.end_us == (NEW_YEAR_S + 31 * 86400 - 9 * 3600) * SECOND_US);
    month = service_month_of(directory, "Asia/Tokyo", (NEW_YEAR_S - 9 * 3600) * SECOND_US - 1);
    assert_int_equal(month.key, 202512);
}

static void the_end_of_a_month_follows_summer_time(void **state) {
    (void)state;
    /* 2026-03-15T12:00:00Z: an hour ahead then, two hours when the month ends. */
    struct service_month month =
        service_month_of(directory, "Europe/Paris", INT64_C(1773576000) * SECOND_US);
    assert_int_equal(month.key, 202603);
    assert_true(month.end_us == INT64_C(1774994400) * SECOND_US); /* 2026-03-31T22:00:00Z */
}

static void an_unknown_zone_counts_as_utc(void **state) {
    (void)state;
    assert_int_equal(service_month_of(directory, "Mars/Olympus", NEW_YEAR_S * SECOND_US).key,
                     202601);
    assert_int_equal(service_month_of(directory, "../../etc/passwd", 0).key, 197001);
}

static void a_zone_exists_when_its_file_is_one(void **state) {
    (void)state;
    assert_true(service_zone_exists(directory, "UTC"));
    assert_true(service_zone_exists(directory, "America/Argentina/Buenos_Aires"));
    assert_false(service_zone_exists(directory, "Europe"));
    assert_false(service_zone_exists(directory, "Mars/Olympus"));
    assert_false(service_zone_exists("/etc", "passwd"));
}

static void bytes_that_are_no_zone_have_no_offset(void **state) {
    (void)state;
    uint8_t bytes[64] = "TZif2";
    assert_int_equal(service_zone_offset(bytes, 4, 0), 0);
    assert_int_equal(service_zone_offset(bytes, sizeof bytes, 0), 0);
    memset(bytes + 20, 0xff, 24);
    assert_int_equal(service_zone_offset(bytes, sizeof bytes, 0), 0);
}

static void leap_years_are_counted(void **state) {
    (void)state;
    /* 2028-02-29T23:59:59Z and a second later */
    assert_int_equal(service_month_of(directory, "UTC", INT64_C(1835481599) * SECOND_US).key,
                     202802);
    assert_int_equal(service_month_of(directory, "UTC", INT64_C(1835481600) * SECOND_US).key,
                     202803);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utc_needs_no_file),
        cmocka_unit_test(east_of_utc_the_month_begins_earlier),
        cmocka_unit_test(the_end_of_a_month_follows_summer_time),
        cmocka_unit_test(an_unknown_zone_counts_as_utc),
        cmocka_unit_test(a_zone_exists_when_its_file_is_one),
        cmocka_unit_test(bytes_that_are_no_zone_have_no_offset),
        cmocka_unit_test(leap_years_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
