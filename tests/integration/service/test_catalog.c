/* Bad input of the business and of texts, as a client sees it: tests/catalog.tsv names each case.
 */
#include "service_test.h"

#include <string.h>

static void assert_field(struct status status, const char *field) {
    assert_refused(status, STATUS_INVALID_ARGUMENT, NULL);
    if (!violates(field))
        fail_msg("%s is not named", field);
}

/* ---- business ---- */

static struct status try_seats(const char *host, int32_t count) {
    lc_conversation_draft *draft = new_draft("Seats");
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = count;
    return try_create(host, draft, NULL);
}

static void no_seats(void **state) {
    (void)state;
    assert_field(try_seats(new_student(NULL), 0), "conversation.max_participants.count");
}

static void fewer_than_no_seats(void **state) {
    (void)state;
    assert_field(try_seats(new_student(NULL), -1), "conversation.max_participants.count");
}

static void more_seats_than_there_are_people(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    assert_field(try_seats(host, INT32_MAX), "conversation.max_participants.count");
    /* What the contract allows and the tenant does not. */
    assert_refused(try_seats(host, 501), STATUS_INVALID_ARGUMENT, "CAPACITY_OUT_OF_RANGE");
    assert_string_equal(error_metadata("max"), "500");
    assert_ok(try_seats(host, 500));
}

static void a_start_in_the_past(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("Yesterday");
    draft->start_time = in_seconds(-60);
    draft->end_time = in_seconds(3600);
    assert_field(try_create(new_student(NULL), draft, NULL), "conversation.start_time");
}

static void an_end_before_the_start(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("Backwards");
    draft->end_time = in_seconds(3000);
    assert_refused(try_create(new_student(NULL), draft, NULL), STATUS_INVALID_ARGUMENT,
                   "END_BEFORE_START");
    assert_true(violates("conversation.end_time"));
}

static void a_session_without_end(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Marathon");
    draft->end_time->seconds = draft->start_time->seconds + 240 * 60 + 1;
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "DURATION_OUT_OF_RANGE");
    assert_string_equal(error_metadata("max_minutes"), "240");
    draft->end_time->seconds -= 1;
    assert_ok(try_create(host, draft, NULL));
}

static struct status try_price(const char *currency, int64_t amount_minor) {
    lc_conversation_draft *draft = new_draft("Priced");
    draft->price = new_money(currency, amount_minor);
    return try_create(new_instructor(NULL), draft, NULL);
}

static void a_price_below_nothing(void **state) {
    (void)state;
    assert_field(try_price("USD", -1), "conversation.price.amount_minor");
    assert_field(try_price("USD", INT64_MIN), "conversation.price.amount_minor");
}

static void a_price_without_a_currency(void **state) {
    (void)state;
    assert_field(try_price("", 500), "conversation.price.currency_code");
    assert_field(try_price("US", 500), "conversation.price.currency_code");
}

static void another_currency(void **state) {
    (void)state;
    assert_refused(try_price("JPY", 500), STATUS_INVALID_ARGUMENT, "CURRENCY_NOT_SUPPORTED");
    assert_string_equal(error_metadata("currency"), "USD");
    assert_true(violates("conversation.price.currency_code"));
}

static void an_amount_that_overflows(void **state) {
    (void)state;
    assert_field(try_price("USD", INT64_MAX), "conversation.price.amount_minor");
    assert_refused(try_price("USD", INT64_C(1000000000000)), STATUS_INVALID_ARGUMENT,
                   "PRICE_OUT_OF_RANGE");
    assert_string_equal(error_metadata("max_amount_minor"), "1000000");
}

static void a_student_with_a_price(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("Lesson");
    draft->price = new_money("USD", 500);
    assert_refused(try_create(new_student(NULL), draft, NULL), STATUS_PERMISSION_DENIED,
                   "INSTRUCTOR_ROLE_REQUIRED");
}

static void a_student_with_an_instructor(void **state) {
    (void)state;
    const char *instructor_id;
    created(new_instructor(&instructor_id), later(new_draft("Known"), 5));
    lc_conversation_draft *draft = new_draft("Led");
    draft->instructor_id = text("%s", instructor_id);
    assert_refused(try_create(new_student(NULL), draft, NULL), STATUS_PERMISSION_DENIED,
                   "INSTRUCTOR_ROLE_REQUIRED");
}

static void a_seat_too_many(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("One seat");
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = 1;
    lc_conversation *made = created(new_student(NULL), draft);
    booked(new_student(NULL), made->id);
    assert_refused(try_book(new_student(NULL), made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_FULL");
    assert_string_equal(error_metadata("seats_taken"), "1");
}

static void the_own_session(void **state) {
    (void)state;
    const char *instructor_id;
    const char *instructor = new_instructor(&instructor_id);
    const char *host = new_instructor(NULL);
    created(instructor, later(new_draft("Known"), 5));
    lc_conversation_draft *draft = new_draft("Own");
    draft->instructor_id = text("%s", instructor_id);
    lc_conversation *made = created(host, draft);
    assert_refused(try_book(host, made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "OWN_CONVERSATION");
    assert_refused(try_book(instructor, made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "OWN_CONVERSATION");
}

static void booked_twice(void **state) {
    (void)state;
    const char *guest = new_student(NULL);
    lc_conversation *made = created(new_student(NULL), new_draft("Twice"));
    lc_book_conversation_response *first = NULL;
    lc_book_conversation_response *again = NULL;
    const char *id = new_uuid();
    assert_ok(try_book(guest, made->id, id, &first));
    for (int i = 0; i < 3; i++) {
        assert_ok(try_book(guest, made->id, id, &again));
        assert_string_equal(again->booking->id, first->booking->id);
        assert_int_equal(again->conversation->seats_taken, 1);
    }
    assert_refused(try_book(guest, made->id, new_uuid(), NULL), STATUS_ALREADY_EXISTS,
                   "ALREADY_BOOKED");
    assert_string_equal(error_metadata("booking_id"), first->booking->id);
    assert_int_equal(got(guest, made->id)->conversation->seats_taken, 1);
}

static void cancelled_twice(void **state) {
    (void)state;
    const char *guest = new_student(NULL);
    lc_conversation *made = created(new_student(NULL), new_draft("Twice"));
    lc_booking *booking = booked(guest, made->id);
    lc_cancel_booking_response *first = NULL;
    lc_cancel_booking_response *again = NULL;
    assert_ok(try_cancel_booking(guest, booking->id, new_uuid(), &first));
    assert_ok(try_cancel_booking(guest, booking->id, new_uuid(), &again));
    assert_int_equal(again->booking->status, LC_BOOKING_STATUS_CANCELLED);
    assert_int_equal(again->booking->cancelled_time->seconds,
                     first->booking->cancelled_time->seconds);
    assert_int_equal(again->booking->cancelled_time->nanos, first->booking->cancelled_time->nanos);
    assert_int_equal(got(guest, made->id)->conversation->seats_taken, 0);
}

/* ---- texts ---- */

static struct status try_title(const char *title) {
    return try_create(new_student(NULL), new_draft(title), NULL);
}

static void assert_title_kept(const char *title) {
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft(title));
    assert_string_equal(made->title, title);
    assert_string_equal(got(host, made->id)->conversation->title, title);
}

static void sql_is_stored_as_written(void **state) {
    (void)state;
    assert_title_kept("' OR 1=1--");
    assert_title_kept("\"; DROP TABLE users; -- \\' %s %n");
}

static void emoji_survive(void **state) {
    (void)state;
    assert_title_kept("\U0001f600 \U0001f1eb\U0001f1f7 \u65e5\u672c\u8a9e");
}

static void joiners_and_marks_are_kept(void **state) {
    (void)state;
    assert_title_kept("\U0001f468\u200d\U0001f469\u200d\U0001f467"); /* ZWJ */
    assert_title_kept("\u0645\u06cc\u200c\u062e");                   /* ZWNJ */
    assert_title_kept("a\u200eb");                                   /* LRM */
    assert_title_kept("a\u200fb");                                   /* RLM */
    assert_title_kept("a \u2067\u05d0\u2069 b");                     /* a closed isolate */
}

static void bidi_overrides_are_refused(void **state) {
    (void)state;
    assert_field(try_title("a\u202eb\u202c"), "conversation.title"); /* RLO */
    assert_field(try_title("a\u202db\u202c"), "conversation.title"); /* LRO */
}

static void unbalanced_embeddings_are_refused(void **state) {
    (void)state;
    assert_field(try_title("a\u202bb"), "conversation.title");
    assert_field(try_title("a\u2067b"), "conversation.title");
    assert_field(try_title("a\u202cb"), "conversation.title");
}

static void control_characters_are_refused(void **state) {
    (void)state;
    static const char *const titles[] = {"a\x1b[2J",  "bell\x07", "two\nlines",
                                         "tab\there", "del\x7f",  "nel\xc2\x85"};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        assert_field(try_title(titles[i]), "conversation.title");
}

static char *repeated(const char *unit, size_t count) {
    size_t len = strlen(unit);
    char *all = arena_alloc(&t.arena, len * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, unit, len);
    return all;
}

static void a_length_is_of_characters(void **state) {
    (void)state;
    assert_title_kept(repeated("\U0001f600", 255));
    assert_field(try_title(repeated("\U0001f600", 256)), "conversation.title");
    assert_field(try_title(repeated("a", 256)), "conversation.title");
    assert_field(try_title(""), "conversation.title");
}

static size_t finds(const char *token, const char *host_id, const char *search, const char *title) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    request.filter = lc_conversation_filter_new(&t.arena);
    request.filter->host_id = text("%s", host_id);
    request.search = text("%s", search);
    assert_ok(lc_conversation_service_list_conversations(t.lc->channel, &options, &request,
                                                         &t.arena, &response, &t.result));
    for (size_t i = 0; i < response->n_conversations; i++)
        if (strcmp(response->conversations[i]->conversation->title, title) != 0)
            fail_msg("'%s' finds '%s'", search, response->conversations[i]->conversation->title);
    return response->n_conversations;
}

/* None of them stands for anything: not for any word, nor for any letter. */
static void assert_literal(const char *sign) {
    const char *host_id;
    const char *host = new_student(&host_id);
    char *title = text("ab%scd of sailing", sign);
    created(host, new_draft(title));
    created(host, later(new_draft("abxcd of walking"), 1));
    created(host, later(new_draft("abcd of running"), 2));
    assert_int_equal(finds(host, host_id, text("ab%scd sailing", sign), title), 1);
    assert_int_equal(finds(host, host_id, sign, title), 1);
    assert_int_equal(finds(host, host_id, text("sail%s", sign), title), 0);
    assert_int_equal(finds(host, host_id, text("s%sling", sign), title), 0);
    assert_int_equal(finds(host, host_id, text("ab%scd walking", sign), title), 0);
    assert_int_equal(finds(host, host_id, text("%sunning", sign), title), 0);
}

static void a_percent_sign_in_a_search_is_itself(void **state) {
    (void)state;
    assert_literal("%");
}

static void an_underscore_in_a_search_is_itself(void **state) {
    (void)state;
    assert_literal("_");
}

static void a_backslash_in_a_search_is_itself(void **state) {
    (void)state;
    assert_literal("\\");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(no_seats),
        TEST(fewer_than_no_seats),
        TEST(more_seats_than_there_are_people),
        TEST(a_start_in_the_past),
        TEST(an_end_before_the_start),
        TEST(a_session_without_end),
        TEST(a_price_below_nothing),
        TEST(a_price_without_a_currency),
        TEST(another_currency),
        TEST(an_amount_that_overflows),
        TEST(a_student_with_a_price),
        TEST(a_student_with_an_instructor),
        TEST(a_seat_too_many),
        TEST(the_own_session),
        TEST(booked_twice),
        TEST(cancelled_twice),
        TEST(sql_is_stored_as_written),
        TEST(emoji_survive),
        TEST(joiners_and_marks_are_kept),
        TEST(bidi_overrides_are_refused),
        TEST(unbalanced_embeddings_are_refused),
        TEST(control_characters_are_refused),
        TEST(a_length_is_of_characters),
        TEST(a_percent_sign_in_a_search_is_itself),
        TEST(an_underscore_in_a_search_is_itself),
        TEST(a_backslash_in_a_search_is_itself),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
