/* Nobody is in two sessions at once, unless the tenant allows it. */
#include "service_test.h"

#include <string.h>

#define EASYGOING "easygoing"

static lc_booking_quote *quoted(const char *token, const char *id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_quote_booking_request request = LC_QUOTE_BOOKING_REQUEST_INIT;
    lc_quote_booking_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_booking_service_quote_booking(t.lc->channel, &options, &request, &t.arena,
                                               &response, &t.result));
    return response->quote;
}

static struct status try_move(const char *token, const char *id, int hours) {
    struct rpc_call_options options = liveconv_as(token);
    lc_update_conversation_request request = LC_UPDATE_CONVERSATION_REQUEST_INIT;
    lc_update_conversation_response *response = NULL;
    lc_conversation_patch patch = LC_CONVERSATION_PATCH_INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *paths[] = {text("start_time"), text("end_time")};
    patch.start_time = in_seconds(3600 + INT64_C(3600) * hours);
    patch.end_time = in_seconds(7200 + INT64_C(3600) * hours);
    mask.paths = paths;
    mask.n_paths = 2;
    request.conversation_id = text("%s", id);
    request.conversation = &patch;
    request.update_mask = &mask;
    return lc_conversation_service_update_conversation(t.lc->channel, &options, &request, &t.arena,
                                                       &response, &t.result);
}

static void a_second_booking_at_the_time_is_refused(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *first = created(new_student(NULL), new_draft("First"));
    lc_conversation *second = created(new_student(NULL), new_draft("Second"));
    lc_conversation *next = created(new_student(NULL), later(new_draft("Next"), 2));
    lc_booking *booking = booked(guest, first->id);
    assert_false(quoted(guest, second->id)->can_book);
    assert_int_equal(quoted(guest, second->id)->refusal, LC_REASON_SCHEDULE_CONFLICT);
    assert_refused(try_book(guest, second->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("conversation_id"), first->id);
    assert_string_equal(error_metadata("user_id"), guest_id);
    assert_true(quoted(guest, next->id)->can_book);
    booked(guest, next->id);
    /* Another booking of the same is told as that. */
    assert_refused(try_book(guest, first->id, NULL, NULL), STATUS_ALREADY_EXISTS, "ALREADY_BOOKED");
    assert_ok(try_cancel_booking(guest, booking->id, NULL, NULL));
    assert_true(quoted(guest, second->id)->can_book);
    booked(guest, second->id);
}

static void a_host_does_not_book_another_session_at_the_time(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *other = created(new_student(NULL), new_draft("Other"));
    lc_conversation *own = created(host, new_draft("Own"));
    assert_refused(try_book(host, other->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("conversation_id"), own->id);
}

static void a_host_creates_nothing_at_a_time_that_is_taken(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *other = created(new_student(NULL), new_draft("Other"));
    booked(host, other->id);
    assert_refused(try_create(host, new_draft("Own"), NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("conversation_id"), other->id);
    created(host, later(new_draft("Own"), 1));
    assert_refused(try_create(host, later(new_draft("Own"), 1), NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
}

/* Who names somebody learns that there is no time, and not what for. */
static void an_instructor_leads_one_session_at_a_time(void **state) {
    (void)state;
    const char *instructor_id;
    const char *instructor = new_instructor(&instructor_id);
    lc_conversation *own = created(instructor, new_draft("Own"));
    lc_conversation_draft *draft = new_draft("Led");
    draft->instructor_id = text("%s", instructor_id);
    assert_refused(try_create(new_instructor(NULL), draft, NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("user_id"), instructor_id);
    assert_string_equal(error_metadata("conversation_id"), "");
    assert_refused(try_create(new_admin(NULL), draft, NULL), STATUS_FAILED_PRECONDITION,
                   "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("conversation_id"), own->id);
}

static void a_session_is_not_moved_onto_another_of_its_host(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest = new_student(NULL);
    lc_conversation *first = created(host, new_draft("First"));
    lc_conversation *second = created(host, later(new_draft("Second"), 3));
    lc_conversation *third = created(new_student(NULL), later(new_draft("Third"), 1));
    booked(guest, third->id);
    booked(guest, second->id);
    assert_refused(try_move(host, second->id, 0), STATUS_FAILED_PRECONDITION, "SCHEDULE_CONFLICT");
    assert_string_equal(error_metadata("conversation_id"), first->id);
    /* Onto its own old time, and onto something of a guest, who may cancel for free. */
    assert_ok(try_move(host, second->id, 4));
    assert_ok(try_move(host, second->id, 1));
}

static void a_tenant_may_allow_it(void **state) {
    (void)state;
    const char *host =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "school", .tenant = EASYGOING});
    const char *guest =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "juggler", .tenant = EASYGOING});
    for (int i = 0; i < 3; i++)
        booked(guest, created(host, new_draft("At once"))->id);
}

static int start_with_tenant(void **state) {
    start_server(state);
    liveconv_sql(t.lc, "INSERT INTO tenants (id, forbidsOverlaps) VALUES ('" EASYGOING "', FALSE)");
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(a_second_booking_at_the_time_is_refused),
        TEST(a_host_does_not_book_another_session_at_the_time),
        TEST(a_host_creates_nothing_at_a_time_that_is_taken),
        TEST(an_instructor_leads_one_session_at_a_time),
        TEST(a_session_is_not_moved_onto_another_of_its_host),
        TEST(a_tenant_may_allow_it),
    };
    return cmocka_run_group_tests(tests, start_with_tenant, stop_server);
}
