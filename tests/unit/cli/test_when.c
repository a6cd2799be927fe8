#include "clients/cli/when.h"

#include <stdlib.h>
#include <time.h>

#include "support/cmocka.h"

enum { NOW = 1764050400 }; /* 2025-11-25T06:00:00Z */

static int64_t parsed(const char *text) {
    int64_t time_s = -1;
    return when_parse(text, NOW, &time_s) ? time_s : -1;
}

static void distances_count_from_now(void **state) {
    (void)state;
    assert_int_equal(parsed("now"), NOW);
    assert_int_equal(parsed("in 30m"), NOW + 1800);
    assert_int_equal(parsed("in 1h30m"), NOW + 5400);
    assert_int_equal(parsed("in 1h 30m"), NOW + 5400);
    assert_int_equal(parsed("+2d"), NOW + 172800);
    assert_int_equal(parsed("+1w"), NOW + 604800);
}

static void rfc3339_heeds_its_zone(void **state) {
    (void)state;
    assert_int_equal(parsed("2025-11-25T06:00:00Z"), NOW);
    assert_int_equal(parsed("2025-11-25T15:00:00+09:00"), NOW);
    assert_int_equal(parsed("2025-11-25T02:30:00.250-03:30"), NOW);
    assert_int_equal(parsed("2025-11-25T06:00Z"), NOW);
}

static void a_time_without_zone_is_local(void **state) {
    (void)state;
    assert_int_equal(parsed("2025-11-25 07:00"), NOW);
    assert_int_equal(parsed("2025-11-25 07:00:00"), NOW);
    assert_int_equal(parsed("2025-11-25"), NOW - 25200);
}

static void nonsense_is_refused(void **state) {
    static const char *const texts[] = {
        "",
        "yesterday",
        "in",
        "in ",
        "in 5",
        "in m",
        "in -5m",
        "in 1000000000m",
        "+",
        "2025-11",
        "2025-11-25x",
        "2025-11-25T",
        "2025-11-25T06:00:00+25:00",
        "2025-11-25T06:00:00Zx",
        "2025-11-25T06:00:00+",
        "2025-11-25 06",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (parsed(texts[i]) != -1)
            fail_msg("\"%s\" was taken", texts[i]);
    }
}

static void rfc3339_is_written_with_milliseconds_where_there_are_any(void **state) {
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char text[WHEN_RFC3339_BYTES];
    (void)state;
    time.seconds = NOW;
    when_format_rfc3339(&time, text);
    assert_string_equal(text, "2025-11-25T06:00:00Z");
    time.nanos = 7000000;
    when_format_rfc3339(&time, text);
    assert_string_equal(text, "2025-11-25T06:00:00.007Z");
    time.nanos = -1;
    time.seconds = INT64_MAX;
    when_format_rfc3339(&time, text);
    assert_string_equal(text, "");
}

static void distances_are_told_in_the_unit_that_fits(void **state) {
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 16);
    time.seconds = NOW + 300;
    assert_string_equal(when_format_distance(&arena, &time, NOW), "in 5 min");
    time.seconds = NOW - 3 * 3600;
    assert_string_equal(when_format_distance(&arena, &time, NOW), "3 h ago");
    time.seconds = NOW + 3 * 86400;
    assert_string_equal(when_format_distance(&arena, &time, NOW), "in 3 days");
    time.seconds = NOW + 30;
    assert_string_equal(when_format_distance(&arena, &time, NOW), "now");
    assert_string_equal(when_format_distance(&arena, NULL, NOW), "-");
    assert_string_equal(when_format(&arena, NULL), "-");
    arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_count_from_now),
        cmocka_unit_test(rfc3339_heeds_its_zone),
        cmocka_unit_test(a_time_without_zone_is_local),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(rfc3339_is_written_with_milliseconds_where_there_are_any),
        cmocka_unit_test(distances_are_told_in_the_unit_that_fits),
    };
    setenv("TZ", "UTC-1", 1); /* one hour east of Greenwich */
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
