/* Our schema: what it refuses, how it finds, and that the demo data fits it. */
#include "support/cmocka.h"

#include "base/arena.h"
#include "db/migrate.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/mariadb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct test_mariadb *server;
    struct db_options options;
    struct db_pool *pool;
    struct arena arena;
};

static char *read_demo(size_t *ret_len) {
    FILE *file = fopen(TEST_DEMO_FILE, "rbe");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    *ret_len = fread(text, 1, 1 << 20, file);
    (void)fclose(file);
    return text;
}

static int32_t load(struct fixture *f, const char *text, size_t len) {
    struct db_schema_report report;
    int32_t code = db_load(&f->options, text, len, &report).code;
    if (code != STATUS_OK)
        print_message("%s\n", report.message);
    return code;
}

static int start(void **state) {
    static struct fixture f;
    struct db_schema_report report;
    size_t count;
    const struct db_migration *list = db_schema_migrations(&count);
    f.server = test_mariadb_start();
    test_mariadb_create_database(f.server, "schema");
    test_mariadb_options(f.server, "schema", &f.options);
    f.pool = db_pool_new(&f.options);
    *state = &f;
    if (f.pool == NULL || !status_is_ok(db_migrate(&f.options, list, count, &report)))
        return 1;
    size_t len;
    char *demo = read_demo(&len);
    int32_t code = load(&f, demo, len);
    free(demo);
    return code != STATUS_OK;
}

static int stop(void **state) {
    struct fixture *f = *state;
    db_pool_free(&f->pool);
    test_mariadb_stop(&f->server);
    return 0;
}

struct question {
    const struct db_sql *sql;
    int64_t answer;
};

static struct status ask(struct db_tx *tx, void *context) {
    struct question *q = context;
    bool found;
    return db_query_row(tx, q->sql, DB_NO_ARGS, NULL, DB_INTO(db_into_int64(&q->answer)), &found);
}

static int64_t answer(struct fixture *f, const struct db_sql *sql) {
    struct question q = {.sql = sql};
    assert_int_equal(db_read(f->pool, INT64_MAX, ask, &q, NULL).code, STATUS_OK);
    return q.answer;
}

static void demo_data_loads_twice_and_its_counts_are_true(void **state) {
    struct fixture *f = *state;
    static const struct db_sql rows = {
        "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM live_conversations)"
        " + (SELECT COUNT(*) FROM live_conversation_bookings)"
        " + (SELECT COUNT(*) FROM conversation_terms)"};
    static const struct db_sql wrong_seats = {
        "SELECT COUNT(*) FROM live_conversations c WHERE seatsTaken <> (SELECT COUNT(*)"
        " FROM live_conversation_bookings b WHERE b.tenant_id = c.tenant_id"
        " AND b.conversationId = c.id AND b.takesSeat)"};
    int64_t before = answer(f, &rows);
    size_t len;
    char *demo = read_demo(&len);
    assert_int_equal(load(f, demo, len), STATUS_OK);
    free(demo);
    assert_int_equal(answer(f, &rows), before);
    assert_int_equal(answer(f, &wrong_seats), 0);
}

static void a_script_is_loaded_wholly_or_not_at_all(void **state) {
    struct fixture *f = *state;
    static const struct db_sql names = {
        "SELECT COUNT(*) FROM tenants WHERE displayName = 'changed'"};
    static const char half[] = "UPDATE tenants SET displayName = 'changed'; INSERT INTO nowhere"
                               " VALUES (1);";
    static const char definition[] = "UPDATE tenants SET displayName = 'changed';"
                                     " CREATE TABLE x (id INT);";
    static const char open_quote[] = "UPDATE tenants SET displayName = 'changed'; SELECT 'x";
    assert_int_equal(load(f, half, sizeof half - 1), STATUS_INTERNAL);
    assert_int_equal(load(f, definition, sizeof definition - 1), STATUS_INVALID_ARGUMENT);
    assert_int_equal(load(f, open_quote, sizeof open_quote - 1), STATUS_INVALID_ARGUMENT);
    assert_int_equal(answer(f, &names), 0);
}

#define ALICE "'01900000-0000-7000-8000-00000000a001'"
#define BOB "'01900000-0000-7000-8000-00000000a002'"
#define CAFE "'01900000-0000-7000-8000-00000000c001'"
#define ZOE "'01900000-0000-7000-8000-00000000b001'"

/* What must not be, and the name of the rule that forbids it. */
static const struct {
    struct db_sql sql;
    const char *rule;
} forbidden[] = {
    {{"UPDATE live_conversations SET seatsTaken = maxParticipants + 1"}, "conversation_seats"},
    {{"UPDATE live_conversations SET seatsTaken = -1"}, "conversation_seats"},
    {{"UPDATE live_conversations SET maxParticipants = 0, seatsTaken = 0"}, "conversation_seats"},
    {{"UPDATE live_conversations SET conversationType = 'PRIVATE'"}, "conversation_one_to_one"},
    {{"UPDATE live_conversations SET conversationType = 'group'"}, "conversation_type_known"},
    {{"UPDATE live_conversations SET level = 'D1'"}, "conversation_level_known"},
    {{"UPDATE live_conversations SET status = 'DONE'"}, "conversation_status_known"},
    {{"UPDATE live_conversations SET status = 'CANCELLED'"}, "conversation_cancel_told"},
    {{"UPDATE live_conversations SET endTime = startTime"}, "conversation_times"},
    {{"UPDATE live_conversations SET price = -1"}, "conversation_price"},
    {{"UPDATE live_conversations SET price = 5, currency = NULL"}, "conversation_price"},
    {{"UPDATE live_conversations SET title = ''"}, "conversation_title_said"},
    {{"UPDATE live_conversations SET visibility = 'UNLISTED', inviteCode = NULL"},
     "conversation_unlisted_has_code"},
    {{"UPDATE live_conversations SET vocabularyList = 'no json' WHERE id = " CAFE},
     "live_conversations.vocabularyList"},
    {{"UPDATE live_conversations SET eventFloor = eventSequence + 1"}, "conversation_positions"},
    {{"UPDATE live_conversations SET hostId = " ZOE " WHERE id = " CAFE}, "conversation_host_user"},
    {{"UPDATE live_conversation_bookings SET status = 'PENDING_PAYMENT'"},
     "booking_pending_expires"},
    {{"UPDATE live_conversation_bookings SET status = 'CANCELLED'"}, "booking_cancel_told"},
    {{"UPDATE live_conversation_bookings SET amount = 5, currency = NULL"}, "booking_money"},
    {{"UPDATE live_conversation_bookings SET refunded = amount + 1"}, "booking_money"},
    {{"UPDATE live_conversation_bookings SET userId = " ZOE}, "booking_user"},
    {{"DELETE FROM live_conversations WHERE id = " CAFE}, "booking_conversation"},
    {{"DELETE FROM live_conversation_bookings"}, "attempt_booking"},
    {{"INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId, status)"
      " VALUES ('demo', UUID(), " CAFE ", " BOB ", 'JOINED')"},
     "participant_stay"},
    {{"INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId, status)"
      " VALUES ('demo', UUID(), " CAFE ", " BOB ", 'REMOVED')"},
     "participant_removal"},
    {{"INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId, content,"
      " language, sequence) VALUES ('demo', UUID(), " CAFE ", " ALICE ", 'x', 'es', 1)"},
     "message_sender"},
    {{"INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId, content,"
      " language, sequence, messageType) VALUES"
      " ('demo', UUID(), " CAFE ", " ALICE ", 'x', 'es', 1, 'TRANSLATION')"},
     "message_original_said"},
    {{"INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId, content,"
      " language, sequence, deletedAt, deletedBy) VALUES"
      " ('demo', UUID(), " CAFE ", " ALICE ", 'still here', 'es', 1, NOW(), 'SENDER')"},
     "message_tombstone"},
    {{"INSERT INTO request_records (tenant_id, principal, method, requestId, fingerprint)"
      " VALUES ('demo', 'alice', 'm', UUID(), REPEAT('x', 32))"},
     "request_answered"},
    {{"INSERT INTO user_month_usage VALUES ('demo', " BOB ", 202613, 0, 0, 0)"}, "usage_month"},
    {{"INSERT INTO users (tenant_id, id, subject) VALUES ('demo', UUID(), 'alice')"},
     "user_subject"},
    {{"INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId, startTime)"
      " VALUES ('demo', UUID(), " CAFE ", " BOB ", NOW())"},
     "booking_once"},
};

static struct status try_forbidden(struct db_tx *tx, void *context) {
    (void)context;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        struct status s = db_exec(tx, &forbidden[i].sql, DB_NO_ARGS, NULL);
        const struct db_cause *cause = db_tx_cause(tx);
        if (strchr(forbidden[i].rule, '.') != NULL) {
            assert_non_null(strstr(cause->text, forbidden[i].rule));
            continue;
        }
        if (!db_cause_names(cause, forbidden[i].rule))
            fail_msg("%s: %u %s", forbidden[i].rule, cause->number, cause->text);
        assert_true(s.code == STATUS_FAILED_PRECONDITION || s.code == STATUS_ALREADY_EXISTS);
    }
    return status_error(STATUS_ABORTED, 0, "roll back");
}

static void every_rule_is_kept_by_the_schema_and_can_be_told_by_name(void **state) {
    struct fixture *f = *state;
    assert_int_equal(db_transaction(f->pool, INT64_MAX, try_forbidden, f, NULL).code,
                     STATUS_ABORTED);
}

static void roles_read_as_words_and_count_as_bits(void **state) {
    struct fixture *f = *state;
    static const struct db_sql bits = {
        "SELECT roles + 0 FROM users WHERE tenant_id = 'demo' AND subject = 'adam'"};
    static const struct db_sql instructors = {
        "SELECT COUNT(*) FROM users WHERE tenant_id = 'demo' AND roles & 2"};
    assert_int_equal(answer(f, &bits), 4);
    assert_int_equal(answer(f, &instructors), 2);
}

/* 6,000 conversations, most of them over, 12,000 bookings: enough for the optimizer to have a
 * choice. */
static const char many_rows[] =
    "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language, level,"
    " startTime, endTime, status, hostId, eventEpoch, currentParticipants)"
    " SELECT 'demo', UUID(), CONCAT('Talk ', seq), 'GROUP', ELT(1 + seq % 5, 'es', 'pt-BR', 'pt',"
    " 'ja', 'fr'), ELT(1 + seq % 6, 'A1', 'A2', 'B1', 'B2', 'C1', 'C2'),"
    " UTC_TIMESTAMP(6) + INTERVAL (CAST(seq AS SIGNED) - 5400) HOUR, UTC_TIMESTAMP(6) + INTERVAL "
    "(CAST(seq AS SIGNED) - 5399) "
    "HOUR,"
    " IF(seq < 5400, 'COMPLETED', 'SCHEDULED'),"
    " ELT(1 + seq % 2, " ALICE ", " BOB "), seq, 0 FROM seq_1_to_6000;"
    "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId, startTime)"
    " SELECT c.tenant_id, UUID(), c.id, u.id, c.startTime FROM live_conversations c"
    " JOIN users u ON u.tenant_id = c.tenant_id AND u.subject IN ('alice', 'kenji')"
    " WHERE c.tenant_id = 'demo' AND c.title LIKE 'Talk %';"
    "INSERT INTO conversation_terms (tenant_id, term, conversationId, openStart)"
    " SELECT tenant_id, LOWER(title), id, IF(isOpen, startTime, NULL) FROM live_conversations"
    " WHERE tenant_id = 'demo' AND title LIKE 'Talk %'";

/*
 * Lists as stores ask for them: the first access must be by an index, in the list's order. Users
 * are LEFT JOINed although they always exist: in a small tenant the optimizer would otherwise begin
 * with them and sort the rest.
 */
static const struct db_sql plans[] = {
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND isOpen = 1"
     " AND visibility = 'PUBLIC' ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND isOpen = 1"
     " AND (startTime, id) > (UTC_TIMESTAMP(6), " CAFE ") AND startTime >= UTC_TIMESTAMP(6)"
     " ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND isOpen = 1"
     " AND languageBase = 'pt' AND language = 'pt-BR' ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND status = 'COMPLETED'"
     " AND isOpen = 0 ORDER BY startTime DESC, id DESC LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo'"
     " AND startTime >= UTC_TIMESTAMP(6) ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND hostId = " ALICE
     " ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' AND instructorId = " ALICE
     " ORDER BY startTime, id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversations WHERE tenant_id = 'demo' ORDER BY id DESC LIMIT "
     "51"},
    {"EXPLAIN SELECT c.id, h.displayName, b.status FROM live_conversations c"
     " LEFT JOIN users h ON h.tenant_id = c.tenant_id AND h.id = c.hostId"
     " LEFT JOIN live_conversation_bookings b ON b.tenant_id = c.tenant_id"
     " AND b.conversationId = c.id AND b.userId = " BOB
     " WHERE c.tenant_id = 'demo' AND c.isOpen = 1 ORDER BY c.startTime, c.id LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversation_bookings WHERE tenant_id = 'demo' AND userId "
     "= " ALICE " ORDER BY startTime DESC, id DESC LIMIT 51"},
    {"EXPLAIN SELECT id FROM live_conversation_bookings WHERE tenant_id = 'demo' AND userId "
     "= " ALICE " AND startTime >= UTC_TIMESTAMP(6) AND takesSeat ORDER BY startTime, id LIMIT 10"},
    {"EXPLAIN SELECT id FROM live_conversation_messages WHERE tenant_id = 'demo'"
     " AND conversationId = " CAFE " AND sequence < 1000 ORDER BY sequence DESC LIMIT 51"},
    {"EXPLAIN SELECT payload FROM events WHERE tenant_id = 'demo' AND topicId = " CAFE
     " AND sequence > 10 ORDER BY sequence LIMIT 64"},
    {"EXPLAIN SELECT conversationId FROM conversation_terms WHERE tenant_id = 'demo'"
     " AND term = 'talk 7'"},
    {"EXPLAIN SELECT conversationId FROM conversation_terms WHERE tenant_id = 'demo'"
     " AND term >= 'talk 77' AND term < 'talk 78'"},
    {"EXPLAIN SELECT tenant_id, id FROM live_conversations WHERE status = 'SCHEDULED'"
     " AND startTime < UTC_TIMESTAMP(6) ORDER BY startTime LIMIT 50"},
    {"EXPLAIN SELECT id FROM users WHERE tenant_id = 'demo' AND subject = 'alice'"},
};

static struct status check_plans(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        DB_ROWS_AUTO struct db_rows *rows = NULL;
        TRY(db_query(tx, &plans[i], DB_NO_ARGS, &rows));
        while (db_rows_next(rows)) {
            const char *c[9];
            int64_t id;
            TRY(db_rows_read(
                rows, &f->arena,
                DB_INTO(
                    db_nullable(db_into_int64(&id), NULL), db_nullable(db_into_text(&c[0]), NULL),
                    db_nullable(db_into_text(&c[1]), NULL), db_nullable(db_into_text(&c[2]), NULL),
                    db_nullable(db_into_text(&c[3]), NULL), db_nullable(db_into_text(&c[4]), NULL),
                    db_nullable(db_into_text(&c[5]), NULL), db_nullable(db_into_text(&c[6]), NULL),
                    db_nullable(db_into_text(&c[8]), NULL),
                    db_nullable(db_into_text(&c[7]), NULL))));
            const char *type = c[2] == NULL ? "" : c[2];
            const char *extra = c[7] == NULL ? "" : c[7];
            bool good = strcmp(type, "const") == 0 || strcmp(type, "eq_ref") == 0 ||
                        strcmp(type, "ref") == 0 || strcmp(type, "range") == 0;
            if (!good || strstr(extra, "filesort") != NULL || strstr(extra, "temporary") != NULL)
                fail_msg("%s: %s %s by %s: %s", plans[i].text, c[1], type, c[4], extra);
        }
        TRY(db_rows_status(rows));
    }
    return status_ok();
}

static void lists_go_by_indexes_in_their_own_order(void **state) {
    struct fixture *f = *state;
    assert_int_equal(load(f, many_rows, sizeof many_rows - 1), STATUS_OK);
    arena_init(&f->arena, 1 << 20);
    struct db_report report;
    struct status s = db_read(f->pool, INT64_MAX, check_plans, f, &report);
    arena_done(&f->arena);
    if (!status_is_ok(s))
        print_message("%u %s\n", report.cause.number, report.cause.text);
    assert_int_equal(s.code, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demo_data_loads_twice_and_its_counts_are_true),
        cmocka_unit_test(a_script_is_loaded_wholly_or_not_at_all),
        cmocka_unit_test(every_rule_is_kept_by_the_schema_and_can_be_told_by_name),
        cmocka_unit_test(roles_read_as_words_and_count_as_bits),
        cmocka_unit_test(lists_go_by_indexes_in_their_own_order),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
