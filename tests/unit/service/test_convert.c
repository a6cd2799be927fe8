/* Between structs and messages. */
#include "service/caller.h"
#include "service/convert.h"
#include "service/event.h"
#include "support/cmocka.h"

#include <string.h>

static struct arena arena;

static int begin(void **state) {
    (void)state;
    arena_init(&arena, 1u << 20);
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

static struct store_conversation_view some_view(void) {
    struct store_conversation_view view = {0};
    view.conversation.title = "Talk";
    view.conversation.start_us = INT64_C(1767225600123456);
    view.conversation.end_us = view.conversation.start_us + 90 * DOMAIN_MINUTE_US + 1;
    view.conversation.max_participants = 8;
    view.conversation.seats_taken = 3;
    view.conversation.invite_code = "secret";
    view.conversation.host.id.bytes[15] = 1;
    view.conversation.version = 7;
    return view;
}

static void times_are_cut_to_milliseconds(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    const Google__Protobuf__Timestamp *time = convert_time(&c, INT64_C(1767225600123456));
    assert_true(time->seconds == INT64_C(1767225600));
    assert_int_equal(time->nanos, 123000000);
    assert_true(convert_time_us(time) == INT64_C(1767225600123000));
    assert_null(convert_time(&c, 0));
    assert_true(convert_time_us(NULL) == 0);
}

static void times_out_of_bounds_are_kept_inside(void **state) {
    (void)state;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    assert_true(convert_time_us(&time) == 1); /* 1970 is a time, not "unset" */
    time.seconds = INT64_MAX;
    int64_t last = convert_time_us(&time);
    time.seconds = INT64_C(253402300800);
    assert_true(convert_time_us(&time) == last);
    time.seconds = INT64_MIN;
    assert_true(convert_time_us(&time) == 1);
}

static void etags_are_versions_and_nothing_else(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    uint64_t version = 0;
    assert_true(convert_version(convert_etag(&c, 42), &version));
    assert_true(version == 42);
    assert_false(convert_version("", &version));
    assert_false(convert_version("0", &version));
    assert_false(convert_version("42x", &version));
    assert_false(convert_version("-1", &version));
}

static void roles_go_both_ways(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    lc_role *roles;
    size_t count = convert_roles(&c, DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN, &roles);
    assert_int_equal(count, 2);
    assert_int_equal(convert_role_bits(roles, count), DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN);
}

static void a_waitlist_leaves_no_seats(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    struct domain_settings settings;
    struct store_conversation_view view = some_view();
    domain_settings_init(&settings);
    const lc_conversation *made = convert_conversation(&c, &view.conversation, &settings);
    assert_int_equal(made->seats_left, 5);
    assert_int_equal(made->duration_minutes, 90);
    assert_string_equal(made->description, "");
    assert_null(made->material);
    view.conversation.waiting = 1;
    assert_int_equal(convert_conversation(&c, &view.conversation, &settings)->seats_left, 0);
}

static void only_who_manages_sees_the_code(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    struct store_conversation_view view = some_view();
    struct service_caller caller = {.is_user = true};
    assert_string_equal(convert_viewer(&c, &caller, &view)->invite_code, "");
    caller.is_admin = true;
    assert_string_equal(convert_viewer(&c, &caller, &view)->invite_code, "secret");
    caller.is_admin = false;
    caller.person.id = view.conversation.host.id;
    assert_string_equal(convert_viewer(&c, &caller, &view)->invite_code, "secret");
    assert_true(convert_viewer(&c, &caller, &view)->is_host);
    caller.is_user = false; /* a backend, whose id is nobody's */
    memset(&view.conversation.host.id, 0, sizeof view.conversation.host.id);
    caller.person.id = view.conversation.host.id;
    assert_false(convert_viewer(&c, &caller, &view)->is_host);
}

static void an_arena_that_is_full_is_told_once(void **state) {
    (void)state;
    struct arena small;
    struct domain_settings settings;
    struct store_conversation_view view = some_view();
    domain_settings_init(&settings);
    for (size_t budget = 0; budget < 8192; budget += 64) {
        arena_init(&small, budget);
        struct convert c = convert_into(&small);
        const lc_conversation *made = convert_conversation(&c, &view.conversation, &settings);
        assert_int_equal(made == NULL || convert_status(&c).code == STATUS_OK || c.failed, true);
        if (made == NULL)
            assert_int_equal(convert_status(&c).code, STATUS_RESOURCE_EXHAUSTED);
        arena_done(&small);
    }
}

static void an_event_ends_with_its_number(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t len;
    lc_event *event = service_event_new(&arena, INT64_C(1767225600000000));
    assert_int_equal(service_event_encode(&arena, event, &bytes, &len).code, STATUS_INTERNAL);
    event->kind_case = LIVECONV__V1__EVENT__KIND_COUNTS_CHANGED;
    event->counts_changed = lc_conversation_counts_new(&arena);
    assert_int_equal(service_event_encode(&arena, event, &bytes, &len).code, STATUS_OK);
    assert_int_equal(store_event_number(bytes, len, UINT64_C(0x0102030405060708)).code, STATUS_OK);
    Liveconv__V1__Event *again = liveconv__v1__event__unpack(NULL, len, bytes);
    assert_non_null(again);
    assert_true(again->sequence == UINT64_C(0x0102030405060708));
    assert_int_equal(again->kind_case, LIVECONV__V1__EVENT__KIND_COUNTS_CHANGED);
    liveconv__v1__event__free_unpacked(again, NULL);
}

static void empty_points_of_material_are_left_out(void **state) {
    (void)state;
    struct convert c = convert_into(&arena);
    lc_learning_material material = LC_LEARNING_MATERIAL_INIT;
    char empty[] = "";
    char point[] = "past tense";
    char *points[] = {empty, point, empty};
    material.grammar_points = points;
    material.n_grammar_points = 3;
    struct store_material stored = convert_material(&c, &material);
    assert_int_equal(stored.grammar_point_count, 1);
    assert_string_equal(stored.grammar_points[0], "past tense");
    assert_int_equal(convert_material(&c, NULL).vocabulary_count, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(times_are_cut_to_milliseconds),
        TEST(times_out_of_bounds_are_kept_inside),
        TEST(etags_are_versions_and_nothing_else),
        TEST(roles_go_both_ways),
        TEST(a_waitlist_leaves_no_seats),
        TEST(only_who_manages_sees_the_code),
        TEST(an_arena_that_is_full_is_told_once),
        TEST(an_event_ends_with_its_number),
        TEST(empty_points_of_material_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
