/* The transaction loop, without a server: a null driver behind a faulty one, and a fake clock. */
#include "support/cmocka.h"

#include "base/clock.h"
#include "db/pool.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/db_fault.h"

#include <string.h>

static const struct db_sql insert = {"INSERT"};
static const struct db_sql update = {"UPDATE"};
static const struct db_sql select = {"SELECT"};

struct fixture {
    struct fake_clock clock;
    struct db_null null;
    struct db_fault fault;
    struct db_options options;
    struct db_pool *pool;
    struct db_report report;
    int runs;
    struct status answer; /* of the function under test */
    bool swallow;         /* it goes on after a failure */
};

/* The pool's pause has no context; the fixture of the running test. */
static struct fixture *current;

static void advance(int64_t length_us) {
    fake_clock_advance(&current->clock, length_us);
}

static int setup(void **state) {
    static struct fixture f;
    f = (struct fixture){.answer = status_ok()};
    current = &f;
    fake_clock_init(&f.clock, INT64_C(1700000000000000));
    db_null_init(&f.null);
    db_fault_init(&f.fault, &f.null.base);
    db_options_init(&f.options);
    f.options.driver = &f.fault.base;
    f.options.clock = &f.clock.base;
    f.options.pause = advance;
    f.options.connection_count = 1;
    f.options.attempts = 4;
    f.pool = db_pool_new(&f.options);
    *state = &f;
    return f.pool == NULL;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    db_pool_free(&f->pool);
    db_fault_done(&f->fault);
    return f->null.open != 0;
}

static struct status two_writes(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    f->runs++;
    assert_true(db_tx_is_transaction(tx));
    struct status first = db_exec(tx, &insert, DB_NO_ARGS, NULL);
    if (!status_is_ok(first) && !f->swallow)
        return first;
    struct status second = db_exec(tx, &update, DB_NO_ARGS, NULL);
    if (!status_is_ok(second) && !f->swallow)
        return second;
    return f->answer;
}

static int32_t transact(struct fixture *f) {
    return db_transaction(f->pool, INT64_MAX, two_writes, f, &f->report).code;
}

static void a_transaction_begins_runs_and_commits(void **state) {
    struct fixture *f = *state;
    assert_int_equal(transact(f), STATUS_OK);
    assert_string_equal(f->null.log, "START TRANSACTION;INSERT;UPDATE;COMMIT;");
    assert_int_equal(f->report.fate, DB_FATE_COMMITTED);
    assert_int_equal(f->report.attempts, 1);
    assert_int_equal(f->report.cause.number, 0);
}

static void a_refusal_rolls_back_and_is_passed_on(void **state) {
    struct fixture *f = *state;
    f->answer = status_error(STATUS_FAILED_PRECONDITION, 7, "full");
    assert_int_equal(transact(f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f->null.log, "START TRANSACTION;INSERT;UPDATE;ROLLBACK;");
    assert_int_equal(f->report.fate, DB_FATE_NOTHING);
    assert_int_equal(f->runs, 1);
}

static void conflicts_roll_back_and_run_again(void **state) {
    static const unsigned int numbers[] = {1213, 1205, 1020};
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        f->null.log_len = 0;
        db_fault_clear(&f->fault);
        db_fault_add(&f->fault, (struct db_fault_rule){.match = "UPDATE", .number = numbers[i]});
        assert_int_equal(transact(f), STATUS_OK);
        /* A deadlock's victim is rolled back by the server, and by us all the same. */
        assert_string_equal(f->null.log, numbers[i] == 1213
                                             ? "START TRANSACTION;INSERT;ROLLBACK;ROLLBACK;"
                                               "START TRANSACTION;INSERT;UPDATE;COMMIT;"
                                             : "START TRANSACTION;INSERT;ROLLBACK;"
                                               "START TRANSACTION;INSERT;UPDATE;COMMIT;");
        assert_int_equal(f->report.attempts, 2);
        assert_int_equal(f->report.fate, DB_FATE_COMMITTED);
    }
}

static void a_conflict_that_was_swallowed_does_not_commit(void **state) {
    struct fixture *f = *state;
    f->swallow = true;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "INSERT", .number = 1213});
    assert_int_equal(transact(f), STATUS_OK);
    /* The UPDATE of the first run never reached the server: it would have stood alone. */
    assert_string_equal(f->null.log, "START TRANSACTION;ROLLBACK;ROLLBACK;"
                                     "START TRANSACTION;INSERT;UPDATE;COMMIT;");
    assert_int_equal(f->runs, 2);
}

static void conflicts_without_end_are_given_up(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault,
                 (struct db_fault_rule){.match = "INSERT", .times = 100, .number = 1213});
    assert_int_equal(transact(f), STATUS_UNAVAILABLE);
    assert_int_equal(f->runs, 4);
    assert_int_equal(f->report.fate, DB_FATE_NOTHING);
    assert_int_equal(f->report.cause.number, 1213);
    struct db_pool_figures figures;
    db_pool_figures(f->pool, &figures);
    assert_int_equal(figures.retries, 3);
    assert_int_equal(figures.busy, 0);
}

static void retries_end_before_the_deadline(void **state) {
    struct fixture *f = *state;
    int64_t deadline = clock_monotonic_us(&f->clock.base) + 5000;
    db_fault_add(&f->fault,
                 (struct db_fault_rule){.match = "INSERT", .times = 100, .number = 1205});
    struct status s = db_transaction(f->pool, deadline, two_writes, f, &f->report);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_true(f->runs < 4);
    assert_true(clock_monotonic_us(&f->clock.base) < deadline);
}

static void a_statement_after_the_deadline_does_not_run(void **state) {
    struct fixture *f = *state;
    int64_t deadline = clock_monotonic_us(&f->clock.base);
    struct status s = db_transaction(f->pool, deadline, two_writes, f, &f->report);
    assert_int_equal(s.code, STATUS_DEADLINE_EXCEEDED);
    assert_string_equal(f->null.log, "START TRANSACTION;ROLLBACK;");
}

static void a_lost_connection_is_unavailable_and_not_run_again(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "UPDATE", .number = 2013});
    assert_int_equal(transact(f), STATUS_UNAVAILABLE);
    assert_int_equal(f->runs, 1);
    assert_int_equal(f->report.fate, DB_FATE_NOTHING);
    assert_int_equal(f->null.open, 0);
    assert_int_equal(transact(f), STATUS_OK);
    assert_int_equal(f->null.connects, 2);
}

static void a_stale_connection_is_replaced_at_begin(void **state) {
    struct fixture *f = *state;
    assert_int_equal(transact(f), STATUS_OK);
    f->null.log_len = 0;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "START", .number = 2006});
    assert_int_equal(transact(f), STATUS_OK);
    assert_string_equal(f->null.log, "START TRANSACTION;INSERT;UPDATE;COMMIT;");
    assert_int_equal(f->null.connects, 2);
    assert_int_equal(f->null.open, 1);
}

static void a_lost_reply_to_commit_is_uncertain(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_AFTER, .match = "COMMIT"});
    assert_int_equal(transact(f), STATUS_UNAVAILABLE);
    assert_int_equal(f->report.fate, DB_FATE_UNCERTAIN);
    assert_int_equal(f->runs, 1);
    assert_string_equal(f->null.log, "START TRANSACTION;INSERT;UPDATE;COMMIT;");
    struct db_pool_figures figures;
    db_pool_figures(f->pool, &figures);
    assert_int_equal(figures.uncertain, 1);
    assert_int_equal(figures.transactions, 0);
    assert_int_equal(figures.connections, 0);
}

static void any_other_failure_of_commit_is_uncertain_too(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "COMMIT", .number = 1180});
    assert_int_equal(transact(f), STATUS_UNAVAILABLE);
    assert_int_equal(f->report.fate, DB_FATE_UNCERTAIN);
    assert_int_equal(f->null.open, 0);
}

static void a_conflict_at_commit_runs_again(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "COMMIT", .number = 1213});
    assert_int_equal(transact(f), STATUS_OK);
    assert_int_equal(f->runs, 2);
    assert_int_equal(f->report.fate, DB_FATE_COMMITTED);
}

static void a_failed_rollback_closes_the_connection(void **state) {
    struct fixture *f = *state;
    f->answer = status_error(STATUS_NOT_FOUND, 0, "no");
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "ROLLBACK", .number = 2013});
    assert_int_equal(transact(f), STATUS_NOT_FOUND);
    assert_int_equal(f->null.open, 0);
}

static struct status handled_duplicate(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    f->runs++;
    assert_int_equal(db_exec(tx, &insert, DB_NO_ARGS, NULL).code, STATUS_ALREADY_EXISTS);
    assert_int_equal(db_tx_cause(tx)->number, 1062);
    return db_exec(tx, &update, DB_NO_ARGS, NULL);
}

static void a_duplicate_that_was_handled_commits(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "INSERT", .number = 1062});
    struct status s = db_transaction(f->pool, INT64_MAX, handled_duplicate, f, &f->report);
    assert_int_equal(s.code, STATUS_OK);
    assert_string_equal(f->null.log, "START TRANSACTION;UPDATE;COMMIT;");
    assert_int_equal(f->report.cause.number, 0);
}

static struct status one_read(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    f->runs++;
    assert_false(db_tx_is_transaction(tx));
    TRY(db_query(tx, &select, DB_NO_ARGS, &rows));
    assert_false(db_rows_next(rows));
    return db_rows_status(rows);
}

static void a_read_begins_nothing(void **state) {
    struct fixture *f = *state;
    assert_int_equal(db_read(f->pool, INT64_MAX, one_read, f, &f->report).code, STATUS_OK);
    assert_string_equal(f->null.log, "SELECT;");
    assert_int_equal(f->report.fate, DB_FATE_NOTHING);
}

static void a_read_on_a_broken_connection_is_run_again_once(void **state) {
    struct fixture *f = *state;
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "SELECT", .number = 2006});
    assert_int_equal(db_read(f->pool, INT64_MAX, one_read, f, NULL).code, STATUS_OK);
    assert_int_equal(f->runs, 2);
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "SELECT", .number = 2006, .times = 9});
    f->runs = 0;
    assert_int_equal(db_read(f->pool, INT64_MAX, one_read, f, NULL).code, STATUS_UNAVAILABLE);
    assert_int_equal(f->runs, 2);
}

static struct status leaves_rows(struct db_tx *tx, void *context) {
    struct db_rows **ret_rows = context;
    return db_query(tx, &select, DB_NO_ARGS, ret_rows);
}

static void rows_left_behind_fail_after_the_transaction(void **state) {
    struct fixture *f = *state;
    struct db_rows *rows = NULL;
    assert_int_equal(db_read(f->pool, INT64_MAX, leaves_rows, &rows, NULL).code, STATUS_OK);
    assert_false(db_rows_next(rows));
    assert_int_equal(db_rows_status(rows).code, STATUS_INTERNAL);
    db_rows_free(&rows);
    assert_null(rows);
    assert_int_equal(db_read(f->pool, INT64_MAX, one_read, f, NULL).code, STATUS_OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_transaction_begins_runs_and_commits),
        CASE(a_refusal_rolls_back_and_is_passed_on),
        CASE(conflicts_roll_back_and_run_again),
        CASE(a_conflict_that_was_swallowed_does_not_commit),
        CASE(conflicts_without_end_are_given_up),
        CASE(retries_end_before_the_deadline),
        CASE(a_statement_after_the_deadline_does_not_run),
        CASE(a_lost_connection_is_unavailable_and_not_run_again),
        CASE(a_stale_connection_is_replaced_at_begin),
        CASE(a_lost_reply_to_commit_is_uncertain),
        CASE(any_other_failure_of_commit_is_uncertain_too),
        CASE(a_conflict_at_commit_runs_again),
        CASE(a_failed_rollback_closes_the_connection),
        CASE(a_duplicate_that_was_handled_commits),
        CASE(a_read_begins_nothing),
        CASE(a_read_on_a_broken_connection_is_run_again_once),
        CASE(rows_left_behind_fail_after_the_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
