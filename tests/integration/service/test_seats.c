/* Many at once for few seats, and one user for more than the allowance. */
#include "service_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLIENTS = 200, SEATS = 8, ROUNDS = 20, CONVERSATIONS = 50, QUOTA = 3, CHANNELS = 8 };

static struct rpc_channel *channels[CHANNELS];

/* One call under way. */
struct outcome {
    int32_t code;
    char reason[48];
    char booking_id[UUID_TEXT_BYTES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_done = PTHREAD_COND_INITIALIZER;
static size_t under_way;

static void note_result(struct outcome *outcome, const struct rpc_result *result) {
    outcome->code = result->status.code;
    snprintf(outcome->reason, sizeof outcome->reason, "%s",
             result->details.reason != NULL ? result->details.reason : "");
    pthread_mutex_lock(&lock);
    if (--under_way == 0)
        pthread_cond_signal(&all_done);
    pthread_mutex_unlock(&lock);
}

static void on_booked(void *context, const struct rpc_result *result,
                      const lc_book_conversation_response *response) {
    struct outcome *outcome = context;
    if (response != NULL)
        snprintf(outcome->booking_id, sizeof outcome->booking_id, "%s", response->booking->id);
    note_result(outcome, result);
}

static void on_cancelled(void *context, const struct rpc_result *result,
                         const lc_cancel_booking_response *response) {
    (void)response;
    note_result(context, result);
}

static void wait_for_all(void) {
    pthread_mutex_lock(&lock);
    while (under_way > 0)
        pthread_cond_wait(&all_done, &lock);
    pthread_mutex_unlock(&lock);
}

static void expect(size_t count) {
    pthread_mutex_lock(&lock);
    under_way = count;
    pthread_mutex_unlock(&lock);
}

static void book_async(size_t number, const char *token, const char *id, struct outcome *outcome) {
    struct rpc_call_options options = liveconv_as(token);
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    request.conversation_id = text("%s", id);
    request.request_id = new_uuid();
    assert_ok(lc_booking_service_book_conversation_async(channels[number % CHANNELS], &options,
                                                         &request, on_booked, outcome));
}

static size_t count_outcomes(const struct outcome *outcomes, size_t count, int32_t code,
                             const char *reason) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += outcomes[i].code == code && strcmp(outcomes[i].reason, reason) == 0;
    return found;
}

/* The first moment of a month by UTC, days ahead: of a zone that the tenant is in. */
static int64_t turn_of_month(void) {
    time_t soon = time(NULL) + 3 * 86400;
    struct tm date;
    gmtime_r(&soon, &date);
    struct tm first = {.tm_year = date.tm_year, .tm_mon = date.tm_mon + 1, .tm_mday = 1};
    return timegm(&first);
}

/* For an hour from then. */
static lc_conversation_draft *draft_at(const char *title, int64_t start_s) {
    lc_conversation_draft *draft = new_draft(title);
    draft->start_time->seconds = start_s;
    draft->end_time->seconds = start_s + 3600;
    return draft;
}

static void assert_seats(const char *id, int64_t seats) {
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT seatsTaken FROM live_conversations WHERE id = '%s'", id),
        seats);
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM live_conversation_bookings"
                                         " WHERE conversationId = '%s' AND takesSeat",
                                         id),
                     seats);
}

static void cancel_all(char *const tokens[], struct outcome *outcomes) {
    expect(SEATS);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (outcomes[i].code != STATUS_OK)
            continue;
        struct rpc_call_options options = liveconv_as(tokens[i]);
        lc_cancel_booking_request request = LC_CANCEL_BOOKING_REQUEST_INIT;
        request.booking_id = outcomes[i].booking_id;
        assert_ok(lc_booking_service_cancel_booking_async(channels[i % CHANNELS], &options,
                                                          &request, on_cancelled, &outcomes[i]));
    }
    wait_for_all();
}

static void two_hundred_clients_get_eight_seats(void **state) {
    (void)state;
    static struct outcome outcomes[CLIENTS];
    char *tokens[CLIENTS];
    lc_conversation *made = created(new_student(NULL), new_draft("Popular"));
    for (size_t i = 0; i < CLIENTS; i++)
        tokens[i] = text("%s", new_student(NULL));
    for (int round = 0; round < ROUNDS; round++) {
        memset(outcomes, 0, sizeof outcomes);
        expect(CLIENTS);
        for (size_t i = 0; i < CLIENTS; i++)
            book_async(i, tokens[i], made->id, &outcomes[i]);
        wait_for_all();
        for (size_t i = 0; i < CLIENTS; i++)
            if (outcomes[i].code != STATUS_OK &&
                strcmp(outcomes[i].reason, "CONVERSATION_FULL") != 0)
                print_message("round %d: %s %s\n", round, status_code_name(outcomes[i].code),
                              outcomes[i].reason);
        assert_int_equal(count_outcomes(outcomes, CLIENTS, STATUS_OK, ""), SEATS);
        assert_int_equal(
            count_outcomes(outcomes, CLIENTS, STATUS_FAILED_PRECONDITION, "CONVERSATION_FULL"),
            CLIENTS - SEATS);
        assert_seats(made->id, SEATS);
        cancel_all(tokens, outcomes);
        assert_int_equal(count_outcomes(outcomes, CLIENTS, STATUS_OK, ""), SEATS);
        assert_seats(made->id, 0);
    }
    /* What was cancelled was given back. */
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT SUM(u.usedFree) FROM user_month_usage u"
                                         " JOIN live_conversation_bookings b"
                                         " ON b.tenant_id = u.tenant_id AND b.userId = u.userId"
                                         " WHERE b.conversationId = '%s'",
                                         made->id),
                     0);
}

static void one_user_books_no_more_than_the_allowance(void **state) {
    (void)state;
    static struct outcome outcomes[CONVERSATIONS];
    char *ids[CONVERSATIONS];
    const char *host = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "host", .tenant = LIVECONV_OTHER_TENANT});
    const char *guest = liveconv_token(
        t.lc,
        &(struct liveconv_who){.subject = "keen", .tenant = LIVECONV_OTHER_TENANT, .tier = "TEST"});
    int64_t start_s = turn_of_month() + INT64_C(10) * 86400; /* all within one month */
    for (size_t i = 0; i < CONVERSATIONS; i++)
        ids[i] = created(host, later(draft_at("One of many", start_s), (int)i))->id;
    expect(CONVERSATIONS);
    for (size_t i = 0; i < CONVERSATIONS; i++)
        book_async(i, guest, ids[i], &outcomes[i]);
    wait_for_all();
    for (size_t i = 0; i < CONVERSATIONS; i++)
        if (outcomes[i].code != STATUS_OK && strcmp(outcomes[i].reason, "ALLOWANCE_EXHAUSTED") != 0)
            print_message("%s %s\n", status_code_name(outcomes[i].code), outcomes[i].reason);
    assert_int_equal(count_outcomes(outcomes, CONVERSATIONS, STATUS_OK, ""), QUOTA);
    assert_int_equal(
        count_outcomes(outcomes, CONVERSATIONS, STATUS_RESOURCE_EXHAUSTED, "ALLOWANCE_EXHAUSTED"),
        CONVERSATIONS - QUOTA);
    assert_int_equal(liveconv_sql_number(t.lc, "SELECT SUM(seatsTaken) FROM live_conversations"
                                               " WHERE tenant_id = '" LIVECONV_OTHER_TENANT "'"),
                     QUOTA);
}

/* The one that won, cancelled again for the next round. */
static void cancel_winner(const char *token, struct outcome *outcomes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].code == STATUS_OK)
            assert_ok(try_cancel_booking(token, outcomes[i].booking_id, NULL, NULL));
}

/* Some start before the turn of the month and some with it, so that they count for two months; all
 * of them overlap. */
static void one_user_is_in_one_session_at_a_time(void **state) {
    (void)state;
    enum { OVERLAPPING = 16 };
    static struct outcome outcomes[OVERLAPPING];
    char *ids[OVERLAPPING];
    const char *guest = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "everywhere", .tenant = LIVECONV_OTHER_TENANT});
    int64_t turn_s = turn_of_month();
    for (int i = 0; i < OVERLAPPING; i++) {
        const char *host =
            liveconv_token(t.lc, &(struct liveconv_who){.subject = text("host-%d", i),
                                                        .tenant = LIVECONV_OTHER_TENANT});
        ids[i] = created(host, draft_at("Midnight", i % 2 == 0 ? turn_s - 1800 : turn_s))->id;
    }
    for (int round = 0; round < ROUNDS; round++) {
        memset(outcomes, 0, sizeof outcomes);
        expect(OVERLAPPING);
        for (size_t i = 0; i < OVERLAPPING; i++)
            book_async(i, guest, ids[i], &outcomes[i]);
        wait_for_all();
        assert_int_equal(count_outcomes(outcomes, OVERLAPPING, STATUS_OK, ""), 1);
        assert_int_equal(
            count_outcomes(outcomes, OVERLAPPING, STATUS_FAILED_PRECONDITION, "SCHEDULE_CONFLICT"),
            OVERLAPPING - 1);
        cancel_winner(guest, outcomes, OVERLAPPING);
    }
}

static void on_created(void *context, const struct rpc_result *result,
                       const lc_create_conversation_response *response) {
    (void)response;
    note_result(context, result);
}

/* A host, and the instructor whom several hosts name. */
static void one_instructor_leads_one_session_at_a_time(void **state) {
    (void)state;
    enum { HOSTS = 8 };
    static struct outcome outcomes[HOSTS];
    const char *instructor_id;
    int64_t turn_s = turn_of_month();
    created(new_instructor(&instructor_id), new_draft("Known"));
    expect(HOSTS);
    for (size_t i = 0; i < HOSTS; i++) {
        struct rpc_call_options options = liveconv_as(new_instructor(NULL));
        lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
        request.conversation = draft_at("Led", i % 2 == 0 ? turn_s - 1800 : turn_s);
        request.conversation->instructor_id = text("%s", instructor_id);
        assert_ok(lc_conversation_service_create_conversation_async(
            channels[i % CHANNELS], &options, &request, on_created, &outcomes[i]));
    }
    wait_for_all();
    assert_int_equal(count_outcomes(outcomes, HOSTS, STATUS_OK, ""), 1);
    assert_int_equal(
        count_outcomes(outcomes, HOSTS, STATUS_FAILED_PRECONDITION, "SCHEDULE_CONFLICT"),
        HOSTS - 1);
}

static void an_intention_repeated_at_once_takes_one_seat(void **state) {
    (void)state;
    enum { TIMES = 20 };
    static struct outcome outcomes[TIMES];
    const char *guest = new_student(NULL);
    lc_conversation *made = created(new_student(NULL), new_draft("Impatient"));
    const char *id = new_uuid();
    expect(TIMES);
    for (size_t i = 0; i < TIMES; i++) {
        struct rpc_call_options options = liveconv_as(guest);
        lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
        request.conversation_id = made->id;
        request.request_id = text("%s", id);
        assert_ok(lc_booking_service_book_conversation_async(channels[i % CHANNELS], &options,
                                                             &request, on_booked, &outcomes[i]));
    }
    wait_for_all();
    assert_int_equal(count_outcomes(outcomes, TIMES, STATUS_OK, ""), TIMES);
    for (size_t i = 1; i < TIMES; i++)
        assert_string_equal(outcomes[i].booking_id, outcomes[0].booking_id);
    assert_seats(made->id, 1);
}

static int start_all(void **state) {
    start_server(state);
    liveconv_sql(t.lc,
                 "INSERT INTO tenant_tiers (tenant_id, tier, position, freePerMonth,"
                 " bookingHorizonDays) VALUES ('" LIVECONV_OTHER_TENANT "', 'TEST', 1, %d, 100)",
                 QUOTA);
    for (size_t i = 0; i < CHANNELS; i++) {
        struct rpc_channel_options options;
        rpc_channel_options_init(&options);
        options.dedicated_connection = true;
        if (!status_is_ok(rpc_channel_new(t.lc->target, &options, &channels[i])))
            return -1;
    }
    return 0;
}

static int stop_all(void **state) {
    for (size_t i = 0; i < CHANNELS; i++)
        rpc_channel_free(&channels[i]);
    return stop_server(state);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(two_hundred_clients_get_eight_seats),
        TEST(one_user_books_no_more_than_the_allowance),
        TEST(one_user_is_in_one_session_at_a_time),
        TEST(one_instructor_leads_one_session_at_a_time),
        TEST(an_intention_repeated_at_once_takes_one_seat),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
