/* The pool without a server. */
#include "support/cmocka.h"

#include "base/clock.h"
#include "db/pool.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/db_fault.h"

#include <pthread.h>

struct fixture {
    struct fake_clock clock;
    struct db_null null;
    struct db_fault fault;
    struct db_pool *pool;
};

static int setup(void **state) {
    static struct fixture f;
    struct db_options options;
    fake_clock_init(&f.clock, INT64_C(1700000000000000));
    db_null_init(&f.null);
    db_fault_init(&f.fault, &f.null.base);
    db_options_init(&options);
    options.driver = &f.fault.base;
    options.clock = &f.clock.base;
    options.connection_count = 2;
    f.pool = db_pool_new(&options);
    *state = &f;
    return f.pool == NULL;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    db_pool_free(&f->pool);
    db_fault_done(&f->fault);
    return f->null.open != 0;
}

static int64_t now(struct fixture *f) {
    return clock_monotonic_us(&f->clock.base);
}

static void connections_are_opened_when_first_used(void **state) {
    struct fixture *f = *state;
    struct db_conn *conn = NULL;
    assert_int_equal(db_pool_acquire(f->pool, now(f), &conn).code, STATUS_OK);
    assert_int_equal(f->null.connects, 0);
    db_pool_release(f->pool, &conn);
    assert_null(conn);
    assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_OK);
    assert_int_equal(f->null.connects, 1);
}

static void the_connection_used_last_is_handed_out_first(void **state) {
    struct fixture *f = *state;
    struct db_conn *first = NULL;
    struct db_conn *second = NULL;
    assert_int_equal(db_pool_acquire(f->pool, now(f), &first).code, STATUS_OK);
    assert_int_equal(db_pool_acquire(f->pool, now(f), &second).code, STATUS_OK);
    struct db_conn *last = first;
    db_pool_release(f->pool, &second);
    db_pool_release(f->pool, &first);
    assert_int_equal(db_pool_acquire(f->pool, now(f), &first).code, STATUS_OK);
    assert_ptr_equal(first, last);
    db_pool_release(f->pool, &first);
}

static void an_empty_pool_refuses_at_the_deadline(void **state) {
    struct fixture *f = *state;
    struct db_conn *conns[3] = {NULL, NULL, NULL};
    assert_int_equal(db_pool_acquire(f->pool, now(f), &conns[0]).code, STATUS_OK);
    assert_int_equal(db_pool_acquire(f->pool, now(f), &conns[1]).code, STATUS_OK);
    assert_int_equal(db_pool_acquire(f->pool, now(f), &conns[2]).code, STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(db_pool_acquire(f->pool, now(f) - 5, &conns[2]).code,
                     STATUS_RESOURCE_EXHAUSTED);
    assert_null(conns[2]);
    struct db_pool_figures figures;
    db_pool_figures(f->pool, &figures);
    assert_int_equal(figures.busy, 2);
    for (int i = 0; i < 3; i++)
        db_pool_release(f->pool, &conns[i]);
}

struct waiter {
    struct fixture *fixture;
    struct db_conn *conn;
};

static void *wait_for_one(void *argument) {
    struct waiter *w = argument;
    struct status s = db_pool_acquire(w->fixture->pool, INT64_MAX, &w->conn);
    return status_is_ok(s) ? w : NULL;
}

static void a_waiter_gets_the_connection_that_comes_free(void **state) {
    struct fixture *f = *state;
    struct db_conn *first = NULL;
    struct db_conn *second = NULL;
    struct waiter waiter = {.fixture = f};
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(db_pool_acquire(f->pool, now(f), &first).code, STATUS_OK);
    assert_int_equal(db_pool_acquire(f->pool, now(f), &second).code, STATUS_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
    struct db_conn *expected = second;
    db_pool_release(f->pool, &second);
    (void)pthread_join(thread, &result);
    assert_non_null(result);
    assert_ptr_equal(waiter.conn, expected);
    db_pool_release(f->pool, &first);
    db_pool_release(f->pool, &waiter.conn);
}

static void attempts_to_reach_a_lost_server_are_spaced_out(void **state) {
    struct fixture *f = *state;
    struct db_cause cause;
    struct db_pool_figures figures;
    db_fault_refuse_connects(&f->fault, 1000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_UNAVAILABLE);
    db_pool_figures(f->pool, &figures);
    assert_int_equal(figures.connect_failures, 1);
    assert_true(db_pool_last_failure(f->pool, &cause));
    assert_int_equal(cause.number, 2002);
    /* One minute, asked every millisecond: once a second after the first ones. */
    for (int i = 0; i < 60000; i++) {
        fake_clock_advance(&f->clock, 1000);
        assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_UNAVAILABLE);
    }
    db_pool_figures(f->pool, &figures);
    assert_in_range(figures.connect_failures, 55, 70);
    db_fault_refuse_connects(&f->fault, 0);
    fake_clock_advance(&f->clock, 1000000);
    assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_OK);
    assert_false(db_pool_last_failure(f->pool, &cause));
}

static void a_ping_replaces_a_stale_connection(void **state) {
    struct fixture *f = *state;
    assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_OK);
    db_fault_add(&f->fault, (struct db_fault_rule){.match = "ping", .number = 2006});
    assert_int_equal(db_pool_ping(f->pool, now(f)).code, STATUS_OK);
    assert_int_equal(f->null.connects, 2);
    assert_int_equal(f->null.open, 1);
}

/* Two hundred statements on one connection: each is prepared once. */
static struct status many_statements(struct db_tx *tx, void *context) {
    const struct db_sql *list = context;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++)
            TRY(db_exec(tx, &list[i], DB_NO_ARGS, NULL));
    }
    return status_ok();
}

static void a_connection_keeps_as_many_statements_as_there_are(void **state) {
    struct fixture *f = *state;
    struct db_sql list[200];
    for (int i = 0; i < 200; i++)
        list[i].text = i == 77 ? "X" : "Y";
    assert_int_equal(db_read(f->pool, INT64_MAX, many_statements, list, NULL).code, STATUS_OK);
    size_t seen = 0;
    for (size_t i = 0; i < f->null.log_len; i++)
        seen += f->null.log[i] == 'X';
    assert_int_equal(seen, 2);
    assert_int_equal(f->null.log_len, 800);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(connections_are_opened_when_first_used),
        CASE(the_connection_used_last_is_handed_out_first),
        CASE(an_empty_pool_refuses_at_the_deadline),
        CASE(a_waiter_gets_the_connection_that_comes_free),
        CASE(attempts_to_reach_a_lost_server_are_spaced_out),
        CASE(a_ping_replaces_a_stale_connection),
        CASE(a_connection_keeps_as_many_statements_as_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
