/* Every allocation of ours fails once: nothing leaks, nothing half-done is committed. */
#include "support/cmocka.h"

#include "base/arena.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/alloc_fault.h"
#include "support/mariadb.h"

static const struct db_sql create_notes = {
    "CREATE TABLE notes (id INT PRIMARY KEY, body TEXT, uid UUID) ENGINE = InnoDB"};
static const struct db_sql clear_notes = {"DELETE FROM notes"};
static const struct db_sql insert_note = {"INSERT INTO notes VALUES (?, ?, ?)"};
static const struct db_sql read_notes = {"SELECT id, body, uid FROM notes ORDER BY id LIMIT 10"};
static const struct db_sql count_notes = {"SELECT COUNT(*) FROM notes"};

struct fixture {
    struct test_mariadb *server;
    struct db_options options;
    struct arena arena;
    int64_t count;
};

static struct status create(struct db_tx *tx, void *context) {
    (void)context;
    return db_exec(tx, &create_notes, DB_NO_ARGS, NULL);
}

static struct status clear(struct db_tx *tx, void *context) {
    (void)context;
    return db_exec(tx, &clear_notes, DB_NO_ARGS, NULL);
}

static struct status count(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    bool found;
    return db_query_row(tx, &count_notes, DB_NO_ARGS, NULL, DB_INTO(db_into_int64(&f->count)),
                        &found);
}

static struct status on_a_pool_of_its_own(struct fixture *f, db_run_fn *run,
                                          struct db_report *ret_report) {
    struct db_pool *pool = db_pool_new(&f->options);
    if (pool == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no pool");
    struct status s = db_transaction(pool, INT64_MAX, run, f, ret_report);
    db_pool_free(&pool);
    return s;
}

static int start(void **state) {
    static struct fixture f;
    f.server = test_mariadb_start();
    test_mariadb_create_database(f.server, "memory");
    test_mariadb_options(f.server, "memory", &f.options);
    f.options.connection_count = 1;
    *state = &f;
    return !status_is_ok(on_a_pool_of_its_own(&f, create, NULL));
}

static int stop(void **state) {
    struct fixture *f = *state;
    test_mariadb_stop(&f->server);
    return 0;
}

/* One of everything: a row, a bulk, rows read into the arena. */
static struct status everything(struct db_tx *tx, void *context) {
    static const struct uuid uid = {{1, 2, 3}};
    struct fixture *f = context;
    const struct db_value rows[] = {db_int64(2), db_text("two"), db_uuid(&uid),
                                    db_int64(3), db_null(),      db_null()};
    DB_ROWS_AUTO struct db_rows *result = NULL;
    TRY(db_exec(tx, &insert_note, DB_ARGS(db_int64(1), db_text("one"), db_uuid(&uid)), NULL));
    TRY(db_exec_bulk(tx, &insert_note, rows, 3, 2, NULL));
    TRY(db_query(tx, &read_notes, DB_NO_ARGS, &result));
    while (db_rows_next(result)) {
        int64_t id;
        const char *body;
        struct uuid got;
        TRY(db_rows_read(result, &f->arena,
                         DB_INTO(db_into_int64(&id), db_nullable(db_into_text(&body), NULL),
                                 db_nullable(db_into_uuid(&got), NULL))));
    }
    return db_rows_status(result);
}

static void every_allocation_may_fail(void **state) {
    struct fixture *f = *state;
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct db_report report = {.fate = DB_FATE_NOTHING};
        arena_init(&f->arena, 64 * 1024);
        alloc_fault_fail_at(n);
        struct status s = on_a_pool_of_its_own(f, everything, &report);
        size_t asked = alloc_fault_end();
        arena_done(&f->arena);
        assert_int_equal(status_is_ok(s), report.fate == DB_FATE_COMMITTED);
        assert_int_not_equal(report.fate, DB_FATE_UNCERTAIN);
        assert_true(status_is_ok(on_a_pool_of_its_own(f, count, NULL)));
        assert_int_equal(f->count, status_is_ok(s) ? 3 : 0);
        assert_true(status_is_ok(on_a_pool_of_its_own(f, clear, NULL)));
        if (asked < n) {
            assert_true(status_is_ok(s));
            break;
        }
        /* An arena that gets no ordinary block makes do with a small one: that is no failure. */
        if (status_is_ok(s))
            continue;
        if (s.code != STATUS_RESOURCE_EXHAUSTED && s.code != STATUS_UNAVAILABLE)
            fail_msg("allocation %zu of %zu: %d, %u %s", n, asked, s.code, report.cause.number,
                     report.cause.text);
        failures++;
    }
    assert_true(failures >= 10);
    print_message("%zu allocations failed in turn\n", failures);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, start, stop);
}
