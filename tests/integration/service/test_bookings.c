/* Quoting, booking, reading and cancelling, one caller at a time. */
#include "service_test.h"

#include <string.h>

static lc_booking_quote *quoted(const char *token, const char *id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_quote_booking_request request = LC_QUOTE_BOOKING_REQUEST_INIT;
    lc_quote_booking_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_booking_service_quote_booking(t.lc->channel, &options, &request, &t.arena,
                                               &response, &t.result));
    return response->quote;
}

static void a_free_seat_is_confirmed_at_once(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(new_student(NULL), new_draft("Free"));
    lc_booking_quote *quote = quoted(guest, made->id);
    assert_true(quote->can_book);
    assert_int_equal(quote->payer, LC_PAYER_NOBODY);
    assert_string_equal(quote->allowance->kind, "sessions.free");
    assert_int_equal(quote->allowance->per_month, 30);
    assert_null(quote->amount_due);
    lc_book_conversation_response *response = NULL;
    assert_ok(try_book(guest, made->id, NULL, &response));
    assert_int_equal(response->booking->status, LC_BOOKING_STATUS_CONFIRMED);
    assert_int_equal(response->booking->payment_status, LC_PAYMENT_STATUS_NOT_REQUIRED);
    assert_string_equal(response->booking->user->user_id, guest_id);
    assert_int_equal(response->booking->attempt, 1);
    assert_int_equal(response->conversation->seats_taken, 1);
    assert_int_equal(response->conversation->seats_left, 7);
    quote = quoted(guest, made->id);
    assert_false(quote->can_book);
    assert_int_equal(quote->refusal, LC_REASON_ALREADY_BOOKED);
    assert_int_equal(quote->allowance->used, 1);
}

static void one_does_not_book_twice(void **state) {
    (void)state;
    const char *guest = new_student(NULL);
    lc_conversation *made = created(new_student(NULL), new_draft("Twice"));
    lc_booking *booking = booked(guest, made->id);
    assert_refused(try_book(guest, made->id, new_uuid(), NULL), STATUS_ALREADY_EXISTS,
                   "ALREADY_BOOKED");
    assert_string_equal(error_metadata("booking_id"), booking->id);
}

static void host_and_instructor_do_not_book_their_own(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Own"));
    assert_refused(try_book(host, made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "OWN_CONVERSATION");
}

static void a_full_conversation_says_how_full(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("Private");
    draft->type = LC_CONVERSATION_TYPE_PRIVATE;
    lc_conversation *made = created(new_student(NULL), draft);
    assert_int_equal(made->max_participants, 1);
    booked(new_student(NULL), made->id);
    assert_refused(try_book(new_student(NULL), made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_FULL");
    assert_string_equal(error_metadata("seats_taken"), "1");
    assert_string_equal(error_metadata("max_participants"), "1");
}

static void a_cancelled_seat_can_be_booked_again(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(new_student(NULL), new_draft("Again"));
    lc_booking *first = booked(guest, made->id);
    lc_cancel_booking_response *response = NULL;
    assert_ok(try_cancel_booking(guest, first->id, NULL, &response));
    assert_int_equal(response->booking->status, LC_BOOKING_STATUS_CANCELLED);
    assert_non_null(response->booking->cancelled_time);
    assert_ok(try_cancel_booking(guest, first->id, NULL, &response));
    assert_int_equal(response->booking->status, LC_BOOKING_STATUS_CANCELLED);
    assert_int_equal(got(guest, made->id)->conversation->seats_taken, 0);
    lc_booking *second = booked(guest, made->id);
    assert_string_equal(second->id, first->id);
    assert_int_equal(second->attempt, 2);
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT usedFree FROM user_month_usage WHERE userId = '%s'",
                            guest_id),
        1);
    /* Booked, cancelled, booked: what changed nothing told nothing. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", guest_id), 3);
}

static void a_price_that_nobody_covers_is_refused_for_now(void **state) {
    (void)state;
    const char *host = new_instructor(NULL);
    lc_conversation_draft *draft = new_draft("Paid");
    draft->price = new_money("USD", 1500);
    lc_conversation *made = created(host, draft);
    const char *guest = new_student(NULL);
    lc_booking_quote *quote = quoted(guest, made->id);
    assert_int_equal(quote->payer, LC_PAYER_USER);
    assert_int_equal(quote->amount_due->amount_minor, 1500);
    assert_false(quote->can_book);
    assert_refused(try_book(guest, made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "PAYMENT_REQUIRED");
    assert_string_equal(error_metadata("amount_minor"), "1500");
    const char *premium =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "premium", .tier = "PREMIUM"});
    quote = quoted(premium, made->id);
    assert_int_equal(quote->payer, LC_PAYER_TIER);
    assert_true(quote->can_book);
    lc_booking *booking = booked(premium, made->id);
    assert_int_equal(booking->payment_status, LC_PAYMENT_STATUS_INCLUDED);
    assert_int_equal(booking->payer, LC_PAYER_TIER);
}

static void what_was_not_expected_is_not_paid(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Expected"));
    struct rpc_call_options options = liveconv_as(new_student(NULL));
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *response = NULL;
    request.conversation_id = made->id;
    request.expected_amount = new_money("USD", 100);
    assert_refused(lc_booking_service_book_conversation(t.lc->channel, &options, &request, &t.arena,
                                                        &response, &t.result),
                   STATUS_FAILED_PRECONDITION, "PRICE_CHANGED");
}

static void booking_and_cancelling_close_with_the_start(void **state) {
    (void)state;
    const char *guest = new_student(NULL);
    lc_conversation *made = created(new_student(NULL), new_draft("Begun"));
    lc_booking *booking = booked(guest, made->id);
    liveconv_sql(t.lc,
                 "UPDATE live_conversations SET startTime = startTime - INTERVAL 2 HOUR"
                 " WHERE id = '%s'",
                 made->id);
    assert_refused(try_book(new_student(NULL), made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "BOOKING_CLOSED");
    assert_refused(try_cancel_booking(guest, booking->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "CANCELLATION_CLOSED");
}

static void only_so_far_ahead(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("Far");
    draft->start_time = in_seconds(86400 * 31);
    draft->end_time = in_seconds(86400 * 31 + 3600);
    lc_conversation *made = created(new_student(NULL), draft);
    assert_refused(try_book(new_student(NULL), made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "BOOKING_HORIZON");
    assert_string_equal(error_metadata("horizon_days"), "30");
}

static struct status try_get_booking(const char *token, const char *id,
                                     lc_get_booking_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_get_booking_request request = LC_GET_BOOKING_REQUEST_INIT;
    request.booking_id = text("%s", id);
    return lc_booking_service_get_booking(t.lc->channel, &options, &request, &t.arena, ret_response,
                                          &t.result);
}

static void a_booking_is_seen_by_those_it_concerns(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Seen"));
    lc_booking *booking = booked(guest, made->id);
    lc_get_booking_response *response = NULL;
    assert_ok(try_get_booking(guest, booking->id, &response));
    assert_int_equal(response->booking->payer, LC_PAYER_NOBODY);
    assert_string_equal(response->conversation->id, made->id);
    assert_ok(try_get_booking(host, booking->id, &response));
    assert_int_equal(response->booking->payment_status, LC_PAYMENT_STATUS_UNSPECIFIED);
    assert_ok(try_get_booking(new_admin(NULL), booking->id, &response));
    assert_refused(try_get_booking(new_student(NULL), booking->id, &response), STATUS_NOT_FOUND,
                   "BOOKING_NOT_FOUND");
    assert_refused(try_cancel_booking(host, booking->id, NULL, NULL), STATUS_NOT_FOUND,
                   "BOOKING_NOT_FOUND");
}

static struct status try_list(const char *token, const lc_booking_filter *filter, int32_t size,
                              const char *page_token, lc_list_bookings_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_bookings_request request = LC_LIST_BOOKINGS_REQUEST_INIT;
    request.filter = (lc_booking_filter *)(uintptr_t)filter;
    request.page_size = size;
    request.page_token = text("%s", page_token);
    return lc_booking_service_list_bookings(t.lc->channel, &options, &request, &t.arena,
                                            ret_response, &t.result);
}

static void bookings_are_listed_by_page(void **state) {
    (void)state;
    const char *guest = new_student(NULL);
    const char *host = new_student(NULL);
    lc_list_bookings_response *response = NULL;
    const char *token = "";
    size_t total = 0;
    for (int i = 0; i < 5; i++)
        booked(guest, created(host, later(new_draft("Listed"), i))->id);
    do {
        assert_ok(try_list(guest, NULL, 2, token, &response));
        total += response->n_bookings;
        token = response->next_page_token;
    } while (token[0] != '\0');
    assert_int_equal(total, 5);
}

static void a_host_lists_the_bookings_of_its_conversation(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(host, new_draft("Hosted"));
    lc_list_bookings_response *response = NULL;
    lc_booking_filter filter = LC_BOOKING_FILTER_INIT;
    booked(guest, made->id);
    booked(new_student(NULL), made->id);
    filter.conversation_id = made->id;
    assert_ok(try_list(host, &filter, 0, "", &response));
    assert_int_equal(response->n_bookings, 2);
    assert_int_equal(response->bookings[0]->booking->payment_status, LC_PAYMENT_STATUS_UNSPECIFIED);
    assert_refused(try_list(guest, &filter, 0, "", &response), STATUS_PERMISSION_DENIED,
                   "NOT_HOST");
    filter.user_id = text("%s", guest_id);
    assert_ok(try_list(guest, &filter, 0, "", &response));
    assert_int_equal(response->n_bookings, 1);
    filter.conversation_id = text("%s", "");
    assert_refused(try_list(host, &filter, 0, "", &response), STATUS_PERMISSION_DENIED, "NOT_HOST");
    assert_ok(try_list(new_service("bookings.read"), &filter, 0, "", &response));
    assert_int_equal(response->n_bookings, 1);
}

static void a_backend_books_for_somebody(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(new_student(NULL), new_draft("For others"));
    created(guest, later(new_draft("Known"), 1));
    struct rpc_call_options options = liveconv_as(new_service("bookings.write"));
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *response = NULL;
    request.conversation_id = made->id;
    request.user_id = text("%s", guest_id);
    assert_ok(lc_booking_service_book_conversation(t.lc->channel, &options, &request, &t.arena,
                                                   &response, &t.result));
    assert_string_equal(response->booking->user->user_id, guest_id);
    assert_int_equal(got(guest, made->id)->viewer->booking_state, LC_BOOKING_STATE_CONFIRMED);
    options = liveconv_as(new_student(NULL));
    assert_refused(lc_booking_service_book_conversation(t.lc->channel, &options, &request, &t.arena,
                                                        &response, &t.result),
                   STATUS_PERMISSION_DENIED, NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(a_free_seat_is_confirmed_at_once),
        TEST(one_does_not_book_twice),
        TEST(host_and_instructor_do_not_book_their_own),
        TEST(a_full_conversation_says_how_full),
        TEST(a_cancelled_seat_can_be_booked_again),
        TEST(a_price_that_nobody_covers_is_refused_for_now),
        TEST(what_was_not_expected_is_not_paid),
        TEST(booking_and_cancelling_close_with_the_start),
        TEST(only_so_far_ahead),
        TEST(a_booking_is_seen_by_those_it_concerns),
        TEST(bookings_are_listed_by_page),
        TEST(a_host_lists_the_bookings_of_its_conversation),
        TEST(a_backend_books_for_somebody),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
