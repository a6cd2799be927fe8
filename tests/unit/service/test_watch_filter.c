/* Filters of watchers decide as the list's SQL does. */
#include "service/convert.h"
#include "service/watch.h"
#include "support/cmocka.h"

#include <string.h>

static struct store_conversation some_conversation(void) {
    return (struct store_conversation){
        .type = DOMAIN_TYPE_GROUP,
        .language = "pt-BR",
        .level = DOMAIN_LEVEL_B1,
        .start_us = 1000,
        .max_participants = 8,
        .seats_taken = 7,
        .visibility = DOMAIN_VISIBILITY_PUBLIC,
        .status = DOMAIN_STATUS_SCHEDULED,
        .host.id.bytes = {1},
        .has_instructor = true,
        .instructor.id.bytes = {2},
    };
}

static void without_a_filter_open_public_ones_match(void **state) {
    struct store_conversation_query all = {.has_viewer = false};
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(&all, &it));
    it.status = DOMAIN_STATUS_LIVE;
    assert_true(watch_matches(&all, &it));
    it.status = DOMAIN_STATUS_COMPLETED;
    assert_false(watch_matches(&all, &it));
    it.status = DOMAIN_STATUS_LIVE;
    it.visibility = DOMAIN_VISIBILITY_UNLISTED;
    assert_false(watch_matches(&all, &it));
}

static void languages_match_whole_and_in_any_case(void **state) {
    struct store_conversation_query query = {.languages = {"en", "pt-br"}, .language_count = 2};
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(&query, &it));
    it.language = "pt";
    assert_false(watch_matches(&query, &it));
}

static void sets_hold_what_was_asked(void **state) {
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(
        &(struct store_conversation_query){.levels = STORE_BIT(DOMAIN_LEVEL_B1)}, &it));
    assert_false(watch_matches(
        &(struct store_conversation_query){.levels = STORE_BIT(DOMAIN_LEVEL_B2)}, &it));
    assert_false(watch_matches(
        &(struct store_conversation_query){.types = STORE_BIT(DOMAIN_TYPE_PRIVATE)}, &it));
    assert_false(watch_matches(
        &(struct store_conversation_query){.statuses = STORE_BIT(DOMAIN_STATUS_LIVE)}, &it));
}

static void free_and_paid_are_told_apart(void **state) {
    struct store_conversation_query is_free = {.pricing = STORE_PRICING_FREE};
    struct store_conversation_query paid = {.pricing = STORE_PRICING_PAID};
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(&is_free, &it));
    assert_false(watch_matches(&paid, &it));
    it.price.amount_minor = 100;
    assert_false(watch_matches(&is_free, &it));
    assert_true(watch_matches(&paid, &it));
}

static void the_start_lies_in_a_half_open_range(void **state) {
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(
        &(struct store_conversation_query){.start_from_us = 1000, .start_before_us = 1001}, &it));
    assert_false(watch_matches(&(struct store_conversation_query){.start_before_us = 1000}, &it));
    assert_false(watch_matches(&(struct store_conversation_query){.start_from_us = 1001}, &it));
}

static void host_and_instructor_are_compared(void **state) {
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(
        &(struct store_conversation_query){.has_host = true, .host_id.bytes = {1}}, &it));
    assert_false(watch_matches(
        &(struct store_conversation_query){.has_host = true, .host_id.bytes = {2}}, &it));
    struct store_conversation_query led = {.has_instructor = true, .instructor_id.bytes = {2}};
    assert_true(watch_matches(&led, &it));
    it.has_instructor = false;
    assert_false(watch_matches(&led, &it));
}

static void no_seat_is_left_while_somebody_waits(void **state) {
    struct store_conversation_query query = {.with_seats_left = true};
    struct store_conversation it = some_conversation();
    (void)state;
    assert_true(watch_matches(&query, &it));
    it.waiting = 1;
    assert_false(watch_matches(&query, &it));
    it.waiting = 0;
    it.seats_taken = 8;
    assert_false(watch_matches(&query, &it));
}

static void equal_filters_have_equal_keys(void **state) {
    struct store_conversation_query one = {.languages = {"en", "ja"}, .language_count = 2};
    struct store_conversation_query two = {.languages = {"ja", "en"}, .language_count = 2};
    struct store_conversation_query other = {.languages = {"en"}, .language_count = 1};
    char a[1024];
    char b[1024];
    char c[1024];
    (void)state;
    watch_filter_key(&one, a, sizeof a);
    watch_filter_key(&two, b, sizeof b);
    watch_filter_key(&other, c, sizeof c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    other.with_seats_left = true;
    watch_filter_key(&other, b, sizeof b);
    assert_string_not_equal(b, c);
}

static struct store_conversation_query rounded(int64_t from_us, int64_t before_us) {
    struct store_conversation_query query = {.start_from_us = from_us,
                                             .start_before_us = before_us};
    watch_round_times(&query);
    return query;
}

static void times_are_rounded_to_minutes_outwards(void **state) {
    const int64_t minute = DOMAIN_MINUTE_US;
    (void)state;
    struct store_conversation_query query = rounded(5 * minute + 1, 7 * minute + 1);
    assert_int_equal(query.start_from_us, 5 * minute);
    assert_int_equal(query.start_before_us, 8 * minute);
    query = rounded(6 * minute - 1, 8 * minute - 1);
    assert_int_equal(query.start_from_us, 5 * minute);
    assert_int_equal(query.start_before_us, 8 * minute);
    query = rounded(5 * minute, 8 * minute);
    assert_int_equal(query.start_from_us, 5 * minute);
    assert_int_equal(query.start_before_us, 8 * minute);
    query = rounded(0, 0); /* no bounds */
    assert_int_equal(query.start_from_us, 0);
    assert_int_equal(query.start_before_us, 0);
    query = rounded(1, CONVERT_LAST_TIME_US); /* as early and as late as can be */
    assert_int_equal(query.start_from_us, 0);
    assert_int_equal(query.start_before_us, CONVERT_LAST_TIME_US);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_filter_open_public_ones_match),
        cmocka_unit_test(languages_match_whole_and_in_any_case),
        cmocka_unit_test(sets_hold_what_was_asked),
        cmocka_unit_test(free_and_paid_are_told_apart),
        cmocka_unit_test(the_start_lies_in_a_half_open_range),
        cmocka_unit_test(host_and_instructor_are_compared),
        cmocka_unit_test(no_seat_is_left_while_somebody_waits),
        cmocka_unit_test(equal_filters_have_equal_keys),
        cmocka_unit_test(times_are_rounded_to_minutes_outwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
