#include "support/cmocka.h"

#include "db/datetime.h"

#include <string.h>
#include <time.h>

static void known_moments_convert_both_ways(void **state) {
    (void)state;
    static const struct {
        int64_t time_us;
        struct db_datetime datetime;
    } table[] = {
        {0, {1970, 1, 1, 0, 0, 0, 0}},
        {-1, {1969, 12, 31, 23, 59, 59, 999999}},
        {INT64_C(951782400000001), {2000, 2, 29, 0, 0, 0, 1}},
        {INT64_C(4107542399999999), {2100, 2, 28, 23, 59, 59, 999999}},
        {INT64_C(4107542400000000), {2100, 3, 1, 0, 0, 0, 0}},
        {INT64_C(-30610224000000000), {1000, 1, 1, 0, 0, 0, 0}},
        {INT64_C(253402300799999999), {9999, 12, 31, 23, 59, 59, 999999}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct db_datetime got;
        int64_t back;
        assert_true(db_datetime_from_us(table[i].time_us, &got));
        assert_memory_equal(&got, &table[i].datetime, sizeof got);
        assert_true(db_datetime_to_us(&got, &back));
        assert_true(back == table[i].time_us);
    }
}

static void every_day_agrees_with_the_c_library(void **state) {
    (void)state;
    for (int64_t day = -354285; day < 2932896; day += 13) {
        time_t seconds = (time_t)(day * 86400 + 3661);
        struct tm tm;
        struct db_datetime got;
        assert_non_null(gmtime_r(&seconds, &tm));
        assert_true(db_datetime_from_us((int64_t)seconds * 1000000, &got));
        assert_int_equal(got.year, tm.tm_year + 1900);
        assert_int_equal(got.month, tm.tm_mon + 1);
        assert_int_equal(got.day, tm.tm_mday);
        assert_int_equal(got.hour, 1);
        int64_t back;
        assert_true(db_datetime_to_us(&got, &back));
        assert_true(back == (int64_t)seconds * 1000000);
    }
}

static void moments_outside_of_the_columns_range_are_refused(void **state) {
    (void)state;
    struct db_datetime untouched = {.year = 7};
    assert_false(db_datetime_from_us(INT64_C(-30610224000000001), &untouched));
    assert_false(db_datetime_from_us(INT64_C(253402300800000000), &untouched));
    assert_false(db_datetime_from_us(INT64_MIN, &untouched));
    assert_false(db_datetime_from_us(INT64_MAX, &untouched));
    assert_int_equal(untouched.year, 7);
}

static void impossible_dates_are_refused(void **state) {
    (void)state;
    static const struct db_datetime bad[] = {
        {0, 0, 0, 0, 0, 0, 0},     {2025, 2, 29, 0, 0, 0, 0}, {2100, 2, 29, 0, 0, 0, 0},
        {2025, 13, 1, 0, 0, 0, 0}, {2025, 4, 31, 0, 0, 0, 0}, {2025, 1, 1, 24, 0, 0, 0},
        {2025, 1, 1, 0, 60, 0, 0}, {2025, 1, 1, 0, 0, 60, 0}, {2025, 1, 1, 0, 0, 0, 1000000},
        {999, 12, 31, 0, 0, 0, 0}, {10000, 1, 1, 0, 0, 0, 0},
    };
    int64_t untouched = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(db_datetime_to_us(&bad[i], &untouched));
    assert_true(untouched == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_convert_both_ways),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(moments_outside_of_the_columns_range_are_refused),
        cmocka_unit_test(impossible_dates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
