/* Scheduled work against a real database, with the services beside it. */
#include "support/cmocka.h"

#include "app/jobs.h"
#include "auth/revocation.h"
#include "base/clock.h"
#include "support/liveconv_server.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define HOST "00000000-0000-7000-8000-000000000001"
#define STUDENT "00000000-0000-7000-8000-000000000002"

static struct liveconv_server *lc;

static int start_group(void **state) {
    (void)state;
    lc = liveconv_server_start(NULL);
    liveconv_sql(lc, "INSERT INTO users (tenant_id, id, subject, displayName, roles) VALUES"
                     " ('school', '" HOST "', '" HOST "', 'Host', 'instructor'),"
                     " ('school', '" STUDENT "', '" STUDENT "', 'Student', 'student')");
    return 0;
}

static int end_group(void **state) {
    (void)state;
    liveconv_server_stop(&lc);
    return 0;
}

static struct jobs new_jobs(void) {
    return (struct jobs){.context = lc->context, .revocations = lc->revocations, .batch = 10};
}

static const char *session_id(int number, char ret_id[UUID_TEXT_BYTES]) {
    (void)snprintf(ret_id, UUID_TEXT_BYTES, "00000000-0000-7000-9000-%012d", number);
    return ret_id;
}

/* A session that starts so many minutes from now, for an hour. */
static void add_session(int number, int start_in_minutes, int64_t price, int present) {
    char id[UUID_TEXT_BYTES];
    liveconv_sql(lc,
                 "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language,"
                 " level, startTime, endTime, price, currency, hostId, currentParticipants,"
                 " eventEpoch) VALUES ('school', '%s', 'A session', 'GROUP', 'es', 'A2',"
                 " UTC_TIMESTAMP(6) + INTERVAL %d MINUTE, UTC_TIMESTAMP(6) + INTERVAL %d MINUTE,"
                 " %lld, 'EUR', '" HOST "', %d, 7)",
                 session_id(number, id), start_in_minutes, start_in_minutes + 60, (long long)price,
                 present);
}

static void add_booking(int number) {
    char id[UUID_TEXT_BYTES];
    liveconv_sql(lc,
                 "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId,"
                 " status, startTime) SELECT 'school', UUID(), id, '" STUDENT "', 'CONFIRMED',"
                 " startTime FROM live_conversations WHERE id = '%s'",
                 session_id(number, id));
    liveconv_sql(lc,
                 "INSERT INTO booking_attempts (tenant_id, bookingId, number, payer, payerReason,"
                 " paymentStatus, cancellationPolicy) SELECT 'school', id, 1, 'NOBODY',"
                 " 'FREE_CONVERSATION', 'NOT_REQUIRED', '[]' FROM live_conversation_bookings"
                 " WHERE conversationId = '%s'",
                 session_id(number, id));
    liveconv_sql(lc, "UPDATE live_conversations SET seatsTaken = 1 WHERE id = '%s'",
                 session_id(number, id));
}

static void assert_status(int number, const char *status) {
    char id[UUID_TEXT_BYTES];
    assert_int_equal(liveconv_sql_number(lc,
                                         "SELECT COUNT(*) FROM live_conversations WHERE id = '%s'"
                                         " AND status = '%s'",
                                         session_id(number, id), status),
                     1);
}

static int64_t events_of(int number) {
    char id[UUID_TEXT_BYTES];
    return liveconv_sql_number(lc, "SELECT eventSequence FROM live_conversations WHERE id = '%s'",
                               session_id(number, id));
}

static int64_t bookings_of(int number, const char *status) {
    char id[UUID_TEXT_BYTES];
    return liveconv_sql_number(lc,
                               "SELECT COUNT(*) FROM live_conversation_bookings WHERE"
                               " conversationId = '%s' AND status = '%s'",
                               session_id(number, id), status);
}

static void a_free_session_goes_live_when_two_are_there_at_its_start(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    add_session(1, -1, 0, 2);
    add_session(2, -1, 0, 1);
    add_session(3, 5, 0, 2);
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    assert_status(1, "LIVE");
    assert_status(2, "SCHEDULED");
    assert_status(3, "SCHEDULED");
    assert_int_equal(events_of(1), 1);
    assert_int_equal(events_of(2), 0);
}

static void a_paid_session_whose_host_stays_away_is_called_off(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    add_session(10, -16, 1200, 1);
    add_booking(10);
    add_session(11, -14, 1200, 1);
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    assert_status(10, "CANCELLED");
    assert_int_equal(bookings_of(10, "CANCELLED"), 1);
    assert_status(11, "SCHEDULED");
}

/* The host was in from ten minutes before the start until `left_at` (SQL, of the conversation). */
static void add_host(int number, const char *left_at) {
    char id[UUID_TEXT_BYTES];
    liveconv_sql(lc,
                 "INSERT INTO live_conversation_participants (tenant_id, id, conversationId,"
                 " userId, isHost, status, joinedAt, leftAt) SELECT 'school', UUID(), id, hostId,"
                 " TRUE, 'LEFT', startTime - INTERVAL 10 MINUTE, %s FROM live_conversations"
                 " WHERE id = '%s'",
                 left_at, session_id(number, id));
}

static void a_host_who_looked_in_before_the_start_stayed_away(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    add_session(12, -16, 1200, 1);
    add_booking(12);
    add_host(12, "startTime - INTERVAL 9 MINUTE");
    add_session(13, -16, 1200, 1);
    add_host(13, "startTime + INTERVAL 1 MINUTE");
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    assert_status(12, "CANCELLED");
    assert_int_equal(bookings_of(12, "CANCELLED"), 1);
    assert_status(13, "SCHEDULED");
}

static void a_session_is_completed_a_while_after_its_end(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    add_session(20, -76, 0, 0);
    add_booking(20);
    add_session(21, -74, 0, 0);
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    assert_status(20, "COMPLETED");
    assert_int_equal(bookings_of(20, "NO_SHOW"), 1);
    assert_status(21, "SCHEDULED");
}

/* A log that cannot go on: its next number is taken. */
static void spoil(int number) {
    char id[UUID_TEXT_BYTES];
    liveconv_sql(lc,
                 "INSERT INTO events (tenant_id, topicId, sequence, payload, checksum)"
                 " VALUES ('school', '%s', 1, 'x', 0)",
                 session_id(number, id));
}

static void mend(int number) {
    char id[UUID_TEXT_BYTES];
    liveconv_sql(lc, "DELETE FROM events WHERE topicId = '%s'", session_id(number, id));
}

static void a_session_that_fails_does_not_hold_the_next(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    add_session(90, -300, 0, 0);
    add_session(91, -100, 0, 0);
    spoil(90);
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_FAILED);
    assert_status(90, "SCHEDULED");
    assert_status(91, "COMPLETED");
    /* It is put off, so it does not fill the next batch either. */
    jobs.batch = 1;
    add_session(92, -100, 0, 0);
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_MORE);
    assert_status(92, "COMPLETED");
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    mend(90);
    jobs = new_jobs();
    assert_int_equal(jobs_sessions(&jobs), SCHEDULE_DONE);
    assert_status(90, "COMPLETED");
}

static void *run_until_done(void *context) {
    struct jobs *jobs = context;
    while (jobs_sessions(jobs) == SCHEDULE_MORE)
        continue;
    return NULL;
}

static void nodes_share_the_work_and_nothing_is_done_twice(void **state) {
    (void)state;
    enum { NODES = 3, FIRST = 100, SESSIONS = 60 };
    pthread_t threads[NODES];
    struct jobs jobs[NODES];
    for (int i = 0; i < SESSIONS; i++)
        add_session(FIRST + i, -100, 0, 0);
    for (int i = 0; i < NODES; i++) {
        jobs[i] = new_jobs();
        assert_int_equal(pthread_create(&threads[i], NULL, run_until_done, &jobs[i]), 0);
    }
    for (int i = 0; i < NODES; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    /* What was locked by another node at the last look. */
    (void)run_until_done(&jobs[0]);
    for (int i = 0; i < SESSIONS; i++) {
        assert_status(FIRST + i, "COMPLETED");
        assert_int_equal(events_of(FIRST + i), 1);
    }
}

static void learn_suspensions(struct jobs *jobs) {
    enum schedule_verdict verdict = SCHEDULE_MORE;
    for (int i = 0; i < 20 && verdict == SCHEDULE_MORE; i++)
        verdict = jobs_suspensions(jobs);
    assert_int_equal(verdict, SCHEDULE_DONE);
}

static bool student_is_revoked(void) {
    return auth_is_revoked(lc->revocations, "school", STUDENT, clock_wall_us(clock_system()), NULL);
}

static void a_suspension_is_learned_from_the_database_and_ends(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    assert_int_equal(jobs_suspensions(&jobs), SCHEDULE_DONE);
    assert_false(student_is_revoked());
    liveconv_sql(lc, "UPDATE users SET suspendedAt = UTC_TIMESTAMP(6),"
                     " suspendedUntil = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR,"
                     " accessChangedAt = UTC_TIMESTAMP(6) WHERE id = '" STUDENT "'");
    assert_int_equal(jobs_suspensions(&jobs), SCHEDULE_DONE);
    assert_true(student_is_revoked());
    assert_false(auth_is_revoked(lc->revocations, "school", STUDENT,
                                 clock_wall_us(clock_system()) + INT64_C(3660) * 1000000, NULL));
    liveconv_sql(lc, "UPDATE users SET suspendedAt = NULL, suspendedUntil = NULL,"
                     " accessChangedAt = UTC_TIMESTAMP(6) WHERE id = '" STUDENT "'");
    assert_int_equal(jobs_suspensions(&jobs), SCHEDULE_DONE);
    assert_false(student_is_revoked());
}

static void a_suspension_is_found_among_many_users_of_one_moment(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    liveconv_sql(lc, "INSERT INTO users (tenant_id, id, subject, roles)"
                     " SELECT 'elsewhere', UUID(), CONCAT('bulk-', seq), 'student'"
                     " FROM seq_1_to_2500");
    liveconv_sql(lc, "UPDATE users SET suspendedAt = UTC_TIMESTAMP(6),"
                     " accessChangedAt = UTC_TIMESTAMP(6) + INTERVAL 1 SECOND"
                     " WHERE subject = '" STUDENT "'");
    learn_suspensions(&jobs);
    assert_true(student_is_revoked());
    liveconv_sql(lc, "UPDATE users SET suspendedAt = NULL, accessChangedAt = UTC_TIMESTAMP(6)"
                     " WHERE subject = '" STUDENT "'");
    learn_suspensions(&jobs);
    assert_false(student_is_revoked());
}

static void old_events_and_request_records_are_trimmed(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    int64_t before = liveconv_sql_number(lc, "SELECT COUNT(*) FROM events");
    assert_true(before > 0);
    liveconv_sql(lc, "UPDATE events SET createdAt = UTC_TIMESTAMP(6) - INTERVAL 31 DAY"
                     " WHERE topicId = '00000000-0000-7000-9000-000000000001'");
    for (int i = 0; i < 20 && jobs_trim(&jobs) == SCHEDULE_MORE; i++)
        continue;
    assert_int_equal(liveconv_sql_number(lc, "SELECT COUNT(*) FROM events"), before - 1);
    assert_int_equal(liveconv_sql_number(lc, "SELECT eventFloor FROM live_conversations WHERE id ="
                                             " '00000000-0000-7000-9000-000000000001'"),
                     1);
}

/* A message of so many days ago in a session that is over, with its event. */
static void add_message(int session, int number, int days) {
    char id[UUID_TEXT_BYTES];
    long long ms = (long long)(clock_wall_us(clock_system()) / 1000) - days * 86400000LL;
    session_id(session, id);
    liveconv_sql(lc,
                 "INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId,"
                 " content, language, timestamp, sequence) VALUES ('school',"
                 " '%08llx-%04llx-7000-8000-%012d', '%s', '" STUDENT "', 'Hola', 'es',"
                 " UTC_TIMESTAMP(6) - INTERVAL %d DAY, %d)",
                 (unsigned long long)ms >> 16, (unsigned long long)ms & 0xffff, number, id, days,
                 number);
    liveconv_sql(lc,
                 "INSERT INTO events (tenant_id, topicId, sequence, payload, checksum)"
                 " VALUES ('school', '%s', %d, '', 0)",
                 id, number);
    liveconv_sql(lc, "UPDATE live_conversations SET eventSequence = %d WHERE id = '%s'", number,
                 id);
}

static int64_t messages_of(int number) {
    char id[UUID_TEXT_BYTES];
    return liveconv_sql_number(lc,
                               "SELECT COUNT(*) FROM live_conversation_messages"
                               " WHERE conversationId = '%s'",
                               session_id(number, id));
}

static void trim_everything(struct jobs *jobs) {
    enum schedule_verdict verdict = SCHEDULE_MORE;
    for (int i = 0; i < 20 && verdict == SCHEDULE_MORE; i++)
        verdict = jobs_trim(jobs);
    assert_int_equal(verdict, SCHEDULE_DONE);
}

static void messages_are_kept_as_long_as_the_tenant_says(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    char id[UUID_TEXT_BYTES];
    add_session(30, -100, 0, 0);
    session_id(30, id);
    liveconv_sql(
        lc,
        "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId,"
        " status) VALUES ('school', UUID(), '%s', '" STUDENT "', 'LEFT')",
        id);
    liveconv_sql(lc, "UPDATE live_conversations SET status = 'COMPLETED' WHERE id = '%s'", id);
    for (int i = 1; i <= 25; i++)
        add_message(30, i, i <= 20 ? 40 : 10);
    trim_everything(&jobs);
    assert_int_equal(messages_of(30), 25); /* for ever, unless it says otherwise */
    liveconv_sql(lc, "UPDATE tenants SET messageRetentionDays = 30 WHERE id = 'school'");
    trim_everything(&jobs);
    liveconv_sql(lc, "UPDATE tenants SET messageRetentionDays = NULL WHERE id = 'school'");
    assert_int_equal(messages_of(30), 5);
    assert_int_equal(
        liveconv_sql_number(lc, "SELECT eventFloor FROM live_conversations WHERE id = '%s'", id),
        20);
    assert_int_equal(
        liveconv_sql_number(lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", id), 5);
}

static void the_lease_is_renewed_and_another_of_this_name_is_noticed(void **state) {
    (void)state;
    struct jobs jobs = new_jobs();
    assert_int_equal(jobs_presence(&jobs), SCHEDULE_DONE);
    assert_false(jobs.was_replaced);
    liveconv_sql(lc, "UPDATE node_leases SET incarnation = incarnation + 1");
    assert_int_equal(jobs_presence(&jobs), SCHEDULE_FAILED);
    assert_true(jobs.was_replaced);
    liveconv_sql(lc, "UPDATE node_leases SET incarnation = incarnation - 1");
    jobs_release_node(&jobs);
    assert_int_equal(liveconv_sql_number(lc, "SELECT COUNT(*) FROM node_leases"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_session_goes_live_when_two_are_there_at_its_start),
        cmocka_unit_test(a_paid_session_whose_host_stays_away_is_called_off),
        cmocka_unit_test(a_host_who_looked_in_before_the_start_stayed_away),
        cmocka_unit_test(a_session_is_completed_a_while_after_its_end),
        cmocka_unit_test(a_session_that_fails_does_not_hold_the_next),
        cmocka_unit_test(nodes_share_the_work_and_nothing_is_done_twice),
        cmocka_unit_test(a_suspension_is_learned_from_the_database_and_ends),
        cmocka_unit_test(a_suspension_is_found_among_many_users_of_one_moment),
        cmocka_unit_test(old_events_and_request_records_are_trimmed),
        cmocka_unit_test(messages_are_kept_as_long_as_the_tenant_says),
        cmocka_unit_test(the_lease_is_renewed_and_another_of_this_name_is_noticed),
    };
    return cmocka_run_group_tests(tests, start_group, end_group);
}
