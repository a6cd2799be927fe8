/* The database fails in the middle of a mutation: nothing is lost, nothing happens twice. */
#include "service_test.h"

#include "support/db_fault.h"

#include <string.h>

static struct db_fault fault;

static int64_t seats_of(const char *id) {
    int64_t seats =
        liveconv_sql_number(t.lc, "SELECT seatsTaken FROM live_conversations WHERE id = '%s'", id);
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM live_conversation_bookings"
                                         " WHERE conversationId = '%s' AND takesSeat",
                                         id),
                     seats);
    return seats;
}

static int64_t events_of(const char *topic) {
    return liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", topic);
}

/* A guest whom the server knows, so that only the booking meets the fault. */
static const char *known_guest(const char *id) {
    const char *guest = new_student(NULL);
    got(guest, id);
    return guest;
}

static void add(enum db_fault_kind kind, const char *match, unsigned int skip, unsigned int number,
                unsigned int times) {
    db_fault_clear(&fault);
    db_fault_add(&fault,
                 (struct db_fault_rule){
                     .kind = kind, .match = match, .skip = skip, .times = times, .number = number});
}

static void a_lost_reply_to_commit_is_found_out_by_the_request_id(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Lost reply"));
    const char *guest = known_guest(made->id);
    const char *id = new_uuid();
    lc_book_conversation_response *response = NULL;
    add(DB_FAULT_DROP_AFTER, "COMMIT", 0, 0, 1);
    assert_ok(try_book(guest, made->id, id, &response));
    assert_int_equal(db_fault_hits(&fault), 1);
    assert_int_equal(response->booking->status, LC_BOOKING_STATUS_CONFIRMED);
    const char *booking_id = response->booking->id;
    db_fault_clear(&fault);
    assert_ok(try_book(guest, made->id, id, &response));
    assert_string_equal(response->booking->id, booking_id);
    assert_int_equal(seats_of(made->id), 1);
}

static void without_an_id_the_outcome_is_unknown(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Unknown"));
    const char *guest = known_guest(made->id);
    add(DB_FAULT_DROP_AFTER, "COMMIT", 0, 0, 1);
    assert_refused(try_book(guest, made->id, NULL, NULL), STATUS_UNAVAILABLE, "OUTCOME_UNKNOWN");
    assert_true(t.result.details.retry_after_ms > 0);
    db_fault_clear(&fault);
    assert_int_equal(seats_of(made->id), 1);
}

static void a_commit_that_never_arrived_can_be_repeated(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Never arrived"));
    const char *guest = known_guest(made->id);
    const char *id = new_uuid();
    add(DB_FAULT_DROP_BEFORE, "COMMIT", 0, 0, 1);
    assert_refused(try_book(guest, made->id, id, NULL), STATUS_UNAVAILABLE, "OUTCOME_UNKNOWN");
    db_fault_clear(&fault);
    assert_int_equal(seats_of(made->id), 0);
    assert_ok(try_book(guest, made->id, id, NULL));
    assert_int_equal(seats_of(made->id), 1);
}

/* Statement by statement: whatever breaks, the same request_id ends with one seat and one event. */
static void break_every_statement(enum db_fault_kind kind, unsigned int number) {
    const char *host = new_student(NULL);
    unsigned int broken = 0;
    for (unsigned int n = 0; n < 60; n++) {
        lc_conversation *made = created(host, later(new_draft("Broken"), (int)n));
        const char *guest = known_guest(made->id);
        const char *id = new_uuid();
        lc_book_conversation_response *response = NULL;
        add(kind, NULL, n, number, 1);
        struct status first = try_book(guest, made->id, id, &response);
        unsigned int hits = db_fault_hits(&fault);
        db_fault_clear(&fault);
        if (!status_is_ok(first) && first.code != STATUS_UNAVAILABLE &&
            first.code != STATUS_ABORTED)
            fail_msg("statement %u: %s", n, status_code_name(first.code));
        assert_ok(try_book(guest, made->id, id, &response));
        assert_int_equal(seats_of(made->id), 1);
        assert_int_equal(events_of(made->id), 2); /* created, counts */
        assert_int_equal(events_of(response->booking->user->user_id), 1);
        broken += hits;
        if (hits == 0)
            break;
    }
    assert_true(broken >= 10);
}

static void a_deadlock_at_any_statement_is_run_again(void **state) {
    (void)state;
    break_every_statement(DB_FAULT_ERROR, DB_ERROR_DEADLOCK);
}

static void a_connection_lost_at_any_statement_loses_nothing(void **state) {
    (void)state;
    break_every_statement(DB_FAULT_DROP_BEFORE, 0);
}

static void a_reply_lost_at_any_statement_does_nothing_twice(void **state) {
    (void)state;
    break_every_statement(DB_FAULT_DROP_AFTER, 0);
}

static void conflicts_to_the_end_ask_to_try_again(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Conflicts"));
    const char *guest = known_guest(made->id);
    add(DB_FAULT_ERROR, "INSERT INTO live_conversation_bookings", 0, DB_ERROR_DEADLOCK, 1000);
    assert_refused(try_book(guest, made->id, new_uuid(), NULL), STATUS_ABORTED, "TRY_AGAIN");
    assert_true(t.result.details.retry_after_ms > 0);
    db_fault_clear(&fault);
    assert_int_equal(seats_of(made->id), 0);
}

static void what_the_database_says_never_reaches_the_client(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Secret"));
    const char *guest = known_guest(made->id);
    add(DB_FAULT_ERROR, "INSERT INTO live_conversation_bookings", 0, 1064, 1);
    struct status status = try_book(guest, made->id, new_uuid(), NULL);
    db_fault_clear(&fault);
    assert_refused(status, STATUS_INTERNAL, NULL);
    assert_null(strstr(status.detail, "live_conversation"));
    assert_null(strstr(status.detail, "INSERT"));
    assert_int_equal(seats_of(made->id), 0);
}

static int start_with_faults(void **state) {
    (void)state;
    db_fault_init(&fault, db_driver_mariadb());
    t.lc = liveconv_server_start(&(struct liveconv_server_options){.driver = &fault.base});
    return 0;
}

static int stop_with_faults(void **state) {
    stop_server(state);
    db_fault_done(&fault);
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(a_lost_reply_to_commit_is_found_out_by_the_request_id),
        TEST(without_an_id_the_outcome_is_unknown),
        TEST(a_commit_that_never_arrived_can_be_repeated),
        TEST(a_deadlock_at_any_statement_is_run_again),
        TEST(a_connection_lost_at_any_statement_loses_nothing),
        TEST(a_reply_lost_at_any_statement_does_nothing_twice),
        TEST(conflicts_to_the_end_ask_to_try_again),
        TEST(what_the_database_says_never_reaches_the_client),
    };
    return cmocka_run_group_tests(tests, start_with_faults, stop_with_faults);
}
