/* Transactions against a real server: conflicts, lost connections, lost replies. */
#include "support/cmocka.h"

#include "base/clock.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/db_fault.h"
#include "support/mariadb.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const struct db_sql create_accounts = {
    "CREATE TABLE IF NOT EXISTS accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL,"
    " CONSTRAINT not_negative CHECK (balance >= 0)) ENGINE = InnoDB"};
static const struct db_sql create_moves = {
    "CREATE TABLE IF NOT EXISTS moves (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL)"
    " ENGINE = InnoDB"};
static const struct db_sql clear_accounts = {"DELETE FROM accounts"};
static const struct db_sql clear_moves = {"DELETE FROM moves"};
static const struct db_sql fill_accounts = {"INSERT INTO accounts VALUES (1, 1000), (2, 1000)"};
static const struct db_sql take = {"UPDATE accounts SET balance = balance - ? WHERE id = ?"};
static const struct db_sql give = {"UPDATE accounts SET balance = balance + ? WHERE id = ?"};
static const struct db_sql note_move = {"INSERT INTO moves VALUES (?, ?)"};
static const struct db_sql read_sums = {
    "SELECT (SELECT SUM(balance) FROM accounts), (SELECT balance FROM accounts WHERE id = 2),"
    " (SELECT COUNT(*) FROM moves)"};
static const struct db_sql lock_one = {"SELECT balance FROM accounts WHERE id = ? FOR UPDATE"};

struct fixture {
    struct test_mariadb *server;
    struct db_fault fault;
    struct db_options options;
    struct db_pool *pool;
    bool pool_pinged;
};

static struct status reset(struct db_tx *tx, void *context) {
    (void)context;
    TRY(db_exec(tx, &create_accounts, DB_NO_ARGS, NULL));
    TRY(db_exec(tx, &create_moves, DB_NO_ARGS, NULL));
    TRY(db_exec(tx, &clear_moves, DB_NO_ARGS, NULL));
    TRY(db_exec(tx, &clear_accounts, DB_NO_ARGS, NULL));
    return db_exec(tx, &fill_accounts, DB_NO_ARGS, NULL);
}

static int start(void **state) {
    static struct fixture f;
    f.server = test_mariadb_start();
    test_mariadb_create_database(f.server, "transactions");
    test_mariadb_options(f.server, "transactions", &f.options);
    db_fault_init(&f.fault, f.options.driver);
    f.options.driver = &f.fault.base;
    f.options.connection_count = 4;
    f.options.lock_wait_timeout_s = 1;
    f.options.attempts = 20; /* the rivals are many, and the machine may be slow */
    f.pool = db_pool_new(&f.options);
    *state = &f;
    return f.pool == NULL;
}

static int stop(void **state) {
    struct fixture *f = *state;
    db_pool_free(&f->pool);
    db_fault_done(&f->fault);
    test_mariadb_stop(&f->server);
    return 0;
}

static int fresh(void **state) {
    struct fixture *f = *state;
    db_fault_clear(&f->fault);
    return !status_is_ok(db_read(f->pool, INT64_MAX, reset, NULL, NULL));
}

struct sums {
    int64_t total;
    int64_t second;
    int64_t moves;
};

static struct status read_all(struct db_tx *tx, void *context) {
    struct sums *sums = context;
    bool found;
    return db_query_row(tx, &read_sums, DB_NO_ARGS, NULL,
                        DB_INTO(db_into_int64(&sums->total), db_into_int64(&sums->second),
                                db_into_int64(&sums->moves)),
                        &found);
}

/* Money is neither made nor lost, and every move is noted. */
static struct sums check_books(struct fixture *f) {
    struct sums sums = {0};
    assert_int_equal(db_read(f->pool, INT64_MAX, read_all, &sums, NULL).code, STATUS_OK);
    assert_int_equal(sums.total, 2000);
    assert_int_equal(sums.second, 1000 + sums.moves);
    return sums;
}

/* Moves one from 1 to 2 under the given id. */
struct move {
    int64_t id;
    int runs;
    uint64_t connection;
    void (*midway)(struct db_tx *tx, void *context);
    void *context;
};

static struct status move_one(struct db_tx *tx, void *context) {
    struct move *move = context;
    move->runs++;
    move->connection = db_tx_connection_id(tx);
    TRY(db_exec(tx, &take, DB_ARGS(db_int64(1), db_int64(1)), NULL));
    if (move->midway != NULL)
        move->midway(tx, move->context);
    TRY(db_exec(tx, &give, DB_ARGS(db_int64(1), db_int64(2)), NULL));
    return db_exec(tx, &note_move, DB_ARGS(db_int64(move->id), db_int64(1)), NULL);
}

static void every_statement_may_fail_in_every_way(void **state) {
    struct fixture *f = *state;
    static const struct db_fault_rule faults[] = {
        {.kind = DB_FAULT_ERROR, .number = 1213}, {.kind = DB_FAULT_ERROR, .number = 1205},
        {.kind = DB_FAULT_ERROR, .number = 1114}, {.kind = DB_FAULT_ERROR, .number = 2013},
        {.kind = DB_FAULT_DROP_BEFORE},           {.kind = DB_FAULT_DROP_AFTER},
        {.kind = DB_FAULT_DELAY, .delay_us = 1},
    };
    int64_t id = 0;
    int64_t sure = 0;
    int64_t unsure = 0;
    for (size_t kind = 0; kind < sizeof faults / sizeof faults[0]; kind++) {
        /* START TRANSACTION, three statements, COMMIT. */
        for (unsigned int n = 0; n < 5; n++) {
            struct move move = {.id = ++id};
            struct db_report report;
            struct db_fault_rule rule = faults[kind];
            rule.skip = n;
            db_fault_clear(&f->fault);
            db_fault_add(&f->fault, rule);
            struct status s = db_transaction(f->pool, INT64_MAX, move_one, &move, &report);
            assert_int_equal(db_fault_hits(&f->fault), 1);
            assert_int_equal(status_is_ok(s), report.fate == DB_FATE_COMMITTED);
            if (n < 4)
                assert_int_not_equal(report.fate, DB_FATE_UNCERTAIN);
            sure += report.fate == DB_FATE_COMMITTED;
            unsure += report.fate == DB_FATE_UNCERTAIN;
            db_fault_clear(&f->fault);
            struct sums sums = check_books(f);
            assert_in_range(sums.moves, sure, sure + unsure);
        }
    }
    assert_true(unsure == 4); /* COMMIT: full disk, lost, cut before, cut after */
}

static void a_commit_whose_reply_is_lost_has_happened_and_is_uncertain(void **state) {
    struct fixture *f = *state;
    struct move move = {.id = 1};
    struct db_report report;
    db_fault_add(&f->fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_AFTER, .match = "COMMIT"});
    struct status s = db_transaction(f->pool, INT64_MAX, move_one, &move, &report);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_int_equal(report.fate, DB_FATE_UNCERTAIN);
    assert_int_equal(check_books(f).moves, 1);
}

static void a_commit_that_never_arrived_is_uncertain_too(void **state) {
    struct fixture *f = *state;
    struct move move = {.id = 1};
    struct db_report report;
    db_fault_add(&f->fault,
                 (struct db_fault_rule){.kind = DB_FAULT_DROP_BEFORE, .match = "COMMIT"});
    struct status s = db_transaction(f->pool, INT64_MAX, move_one, &move, &report);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_int_equal(report.fate, DB_FATE_UNCERTAIN);
    assert_int_equal(check_books(f).moves, 0);
}

/* Two transactions that take two rows in opposite order. They meet in the middle, once. */
struct meeting {
    struct fixture *fixture;
    pthread_barrier_t *both;
    int64_t first;
    int64_t id;
    int runs;
    struct db_report report;
    struct status status;
};

static struct status cross(struct db_tx *tx, void *context) {
    struct meeting *m = context;
    TRY(db_exec(tx, m->first == 1 ? &take : &give, DB_ARGS(db_int64(1), db_int64(m->first)), NULL));
    if (m->runs++ == 0)
        (void)pthread_barrier_wait(m->both);
    TRY(db_exec(tx, m->first == 1 ? &give : &take, DB_ARGS(db_int64(1), db_int64(3 - m->first)),
                NULL));
    return db_exec(tx, &note_move, DB_ARGS(db_int64(m->id), db_int64(1)), NULL);
}

static void *cross_thread(void *argument) {
    struct meeting *m = argument;
    m->status = db_transaction(m->fixture->pool, INT64_MAX, cross, m, &m->report);
    return NULL;
}

static void a_real_deadlock_is_run_again_and_both_commit(void **state) {
    struct fixture *f = *state;
    pthread_barrier_t both;
    pthread_t thread;
    (void)pthread_barrier_init(&both, NULL, 2);
    struct meeting a = {.fixture = f, .both = &both, .first = 1, .id = 1};
    struct meeting b = {.fixture = f, .both = &both, .first = 2, .id = 2};
    assert_int_equal(pthread_create(&thread, NULL, cross_thread, &a), 0);
    (void)cross_thread(&b);
    (void)pthread_join(thread, NULL);
    (void)pthread_barrier_destroy(&both);
    assert_int_equal(a.status.code, STATUS_OK);
    assert_int_equal(b.status.code, STATUS_OK);
    assert_int_equal(a.report.attempts + b.report.attempts, 3);
    assert_int_equal(check_books(f).moves, 2);
}

/* Holds row 1 until told to let go. */
struct holder {
    struct fixture *fixture;
    pthread_barrier_t held;
    pthread_barrier_t let_go;
};

static struct status hold(struct db_tx *tx, void *context) {
    struct holder *h = context;
    int64_t balance;
    bool found;
    TRY(db_query_row(tx, &lock_one, DB_ARGS(db_int64(1)), NULL, DB_INTO(db_into_int64(&balance)),
                     &found));
    (void)pthread_barrier_wait(&h->held);
    (void)pthread_barrier_wait(&h->let_go);
    return status_ok();
}

static void *hold_thread(void *argument) {
    struct holder *h = argument;
    struct status s = db_transaction(h->fixture->pool, INT64_MAX, hold, h, NULL);
    return status_is_ok(s) ? h : NULL;
}

static void a_lock_that_is_never_freed_ends_before_the_deadline(void **state) {
    struct fixture *f = *state;
    struct holder holder = {.fixture = f};
    struct move move = {.id = 1};
    struct db_report report;
    pthread_t thread;
    void *result = NULL;
    (void)pthread_barrier_init(&holder.held, NULL, 2);
    (void)pthread_barrier_init(&holder.let_go, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, hold_thread, &holder), 0);
    (void)pthread_barrier_wait(&holder.held);
    /* One lock wait of a second; the time left is not enough for a second one to begin. */
    int64_t deadline = clock_monotonic_us(clock_system()) + 1001000;
    struct status s = db_transaction(f->pool, deadline, move_one, &move, &report);
    (void)pthread_barrier_wait(&holder.let_go);
    (void)pthread_join(thread, &result);
    assert_non_null(result);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_int_equal(report.cause.number, 1205);
    assert_int_equal(report.fate, DB_FATE_NOTHING);
    assert_int_equal(check_books(f).moves, 0);
    /* The row is free again. */
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &move, NULL).code, STATUS_OK);
    (void)pthread_barrier_destroy(&holder.held);
    (void)pthread_barrier_destroy(&holder.let_go);
}

static void kill_connection(struct db_tx *tx, void *context) {
    char text[64];
    (void)snprintf(text, sizeof text, "KILL CONNECTION %llu",
                   (unsigned long long)db_tx_connection_id(tx));
    test_mariadb_run(context, NULL, text);
}

static void a_killed_connection_rolls_back_and_the_pool_recovers(void **state) {
    struct fixture *f = *state;
    struct move move = {.id = 1, .midway = kill_connection, .context = f->server};
    struct db_report report;
    struct status s = db_transaction(f->pool, INT64_MAX, move_one, &move, &report);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_int_equal(report.fate, DB_FATE_NOTHING);
    assert_int_equal(move.runs, 1);
    assert_int_equal(check_books(f).moves, 0);
    move.midway = NULL;
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &move, NULL).code, STATUS_OK);
    assert_int_equal(check_books(f).moves, 1);
}

static void kill_server(struct db_tx *tx, void *context) {
    (void)tx;
    test_mariadb_kill(context);
}

static void a_server_killed_in_a_transaction_keeps_what_was_committed(void **state) {
    struct fixture *f = *state;
    struct move done = {.id = 1};
    struct move cut = {.id = 2, .midway = kill_server, .context = f->server};
    struct db_report report;
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &done, NULL).code, STATUS_OK);
    struct status s = db_transaction(f->pool, INT64_MAX, move_one, &cut, &report);
    assert_int_equal(s.code, STATUS_UNAVAILABLE);
    assert_int_equal(report.fate, DB_FATE_NOTHING);
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &done, NULL).code,
                     STATUS_UNAVAILABLE);
    test_mariadb_resume(f->server);
    /* A pool of its own: the old one still spaces its attempts. */
    struct db_pool *old = f->pool;
    f->pool = db_pool_new(&f->options);
    assert_int_equal(check_books(f).moves, 1);
    db_pool_free(&f->pool);
    f->pool = old;
    struct db_cause cause;
    while (db_pool_last_failure(f->pool, &cause))
        f->pool_pinged = status_is_ok(db_pool_ping(f->pool, INT64_MAX));
    assert_int_equal(check_books(f).moves, 1);
}

static void an_idle_connection_that_the_server_closed_is_replaced(void **state) {
    struct fixture *f = *state;
    struct move move = {.id = 1};
    struct db_report report;
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &move, NULL).code, STATUS_OK);
    char text[64];
    (void)snprintf(text, sizeof text, "KILL CONNECTION %llu", (unsigned long long)move.connection);
    test_mariadb_run(f->server, NULL, text);
    move.id = 2;
    assert_int_equal(db_transaction(f->pool, INT64_MAX, move_one, &move, &report).code, STATUS_OK);
    assert_int_equal(check_books(f).moves, 2);
}

static struct status overdraw(struct db_tx *tx, void *context) {
    (void)context;
    struct status s = db_exec(tx, &take, DB_ARGS(db_int64(5000), db_int64(1)), NULL);
    assert_true(db_cause_names(db_tx_cause(tx), "not_negative"));
    return s;
}

static void a_check_is_a_failed_precondition_with_its_name(void **state) {
    struct fixture *f = *state;
    struct db_report report;
    struct status s = db_transaction(f->pool, INT64_MAX, overdraw, NULL, &report);
    assert_int_equal(s.code, STATUS_FAILED_PRECONDITION);
    assert_int_equal(report.cause.number, 4025);
    (void)check_books(f);
}

enum { MOVERS = 4, MOVES_EACH = 50 };

static void *move_many(void *argument) {
    struct meeting *m = argument;
    for (int i = 0; i < MOVES_EACH; i++) {
        struct meeting one = {.fixture = m->fixture, .first = m->first, .runs = 1};
        one.id = m->id * MOVES_EACH + i;
        one.status = db_transaction(m->fixture->pool, INT64_MAX, cross, &one, &one.report);
        if (!status_is_ok(one.status))
            return NULL;
        m->runs += (int)one.report.attempts;
    }
    return m;
}

static void rivals_in_opposite_order_all_get_through(void **state) {
    struct fixture *f = *state;
    pthread_t threads[MOVERS];
    struct meeting meetings[MOVERS];
    int attempts = 0;
    for (int i = 0; i < MOVERS; i++) {
        meetings[i] = (struct meeting){.fixture = f, .first = 1 + i % 2, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, move_many, &meetings[i]), 0);
    }
    for (int i = 0; i < MOVERS; i++) {
        void *result = NULL;
        (void)pthread_join(threads[i], &result);
        assert_non_null(result);
        attempts += meetings[i].runs;
    }
    assert_int_equal(check_books(f).moves, MOVERS * MOVES_EACH);
    print_message("%d transactions took %d attempts\n", MOVERS * MOVES_EACH, attempts);
}

#define CASE(f) cmocka_unit_test_setup(f, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(every_statement_may_fail_in_every_way),
        CASE(a_commit_whose_reply_is_lost_has_happened_and_is_uncertain),
        CASE(a_commit_that_never_arrived_is_uncertain_too),
        CASE(a_real_deadlock_is_run_again_and_both_commit),
        CASE(a_lock_that_is_never_freed_ends_before_the_deadline),
        CASE(a_killed_connection_rolls_back_and_the_pool_recovers),
        CASE(an_idle_connection_that_the_server_closed_is_replaced),
        CASE(a_check_is_a_failed_precondition_with_its_name),
        CASE(rivals_in_opposite_order_all_get_through),
        CASE(a_server_killed_in_a_transaction_keeps_what_was_committed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
