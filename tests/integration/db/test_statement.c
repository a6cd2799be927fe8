/* Statements against a real server: every type, both ways, in bulk, and what goes wrong. */
#include "support/cmocka.h"

#include "base/arena.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/mariadb.h"

#include <stdio.h>
#include <stdlib.h>

static const struct db_sql create_things = {
    "CREATE TABLE IF NOT EXISTS things ("
    " id BIGINT PRIMARY KEY, big BIGINT UNSIGNED, small INT, flag BOOLEAN, ratio DOUBLE,"
    " title VARCHAR(255) UNIQUE, body LONGTEXT, raw LONGBLOB, uid UUID, at DATETIME(6), doc JSON)"
    " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"};
static const struct db_sql clear_things = {"DELETE FROM things"};
static const struct db_sql insert_thing = {
    "INSERT INTO things (id, big, small, flag, ratio, title, body, raw, uid, at, doc)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql select_thing = {
    "SELECT id, big, small, flag, ratio, title, body, raw, uid, at, doc FROM things WHERE id = ?"};
static const struct db_sql insert_title = {"INSERT INTO things (id, title) VALUES (?, ?)"};
static const struct db_sql insert_some = {
    "INSERT INTO things (id, title, uid, at, flag) VALUES (?, ?, ?, ?, ?)"};
static const struct db_sql insert_returning = {
    "INSERT INTO things (id, title) VALUES (?, ?) RETURNING id, title"};
static const struct db_sql count_things = {"SELECT COUNT(*) FROM things"};
static const struct db_sql list_things = {"SELECT id, title FROM things ORDER BY id LIMIT 1000"};
static const struct db_sql find_by_uid = {"SELECT id FROM things WHERE uid = ?"};
static const struct db_sql rename_thing = {"UPDATE things SET title = ? WHERE id = ?"};
static const struct db_sql read_big = {"SELECT big FROM things WHERE id = 1"};
static const struct db_sql sum_things = {"SELECT SUM(id), AVG(id), MAX(at) FROM things"};

struct fixture {
    struct test_mariadb *server;
    struct db_pool *pool;
    struct arena arena;
};

static int start(void **state) {
    static struct fixture f;
    f.server = test_mariadb_start();
    test_mariadb_create_database(f.server, "statements");
    struct db_options options;
    test_mariadb_options(f.server, "statements", &options);
    f.pool = db_pool_new(&options);
    *state = &f;
    return f.pool == NULL;
}

static int stop(void **state) {
    struct fixture *f = *state;
    db_pool_free(&f->pool);
    test_mariadb_stop(&f->server);
    return 0;
}

static struct status empty_run(struct db_tx *tx, void *context) {
    (void)context;
    TRY(db_exec(tx, &create_things, DB_NO_ARGS, NULL));
    return db_exec(tx, &clear_things, DB_NO_ARGS, NULL);
}

static int empty(void **state) {
    struct fixture *f = *state;
    arena_init(&f->arena, 8 << 20);
    struct db_report report;
    struct status s = db_read(f->pool, INT64_MAX, empty_run, NULL, &report);
    if (!status_is_ok(s))
        print_error("%u %s\n", report.cause.number, report.cause.text);
    return !status_is_ok(s);
}

static int release(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    return 0;
}

/* Runs `run` with the fixture and shows the cause when it fails. */
static struct status run(struct fixture *f, db_run_fn *fn) {
    struct db_report report;
    struct status s = db_transaction(f->pool, INT64_MAX, fn, f, &report);
    if (!status_is_ok(s) && report.cause.number != 0)
        print_message("cause: %u %s\n", report.cause.number, report.cause.text);
    return s;
}

static int32_t code(struct status s) {
    return s.code;
}

struct thing {
    int64_t id;
    uint64_t big;
    int32_t small;
    bool flag;
    double ratio;
    const char *title;
    const char *body;
    struct db_bytes raw;
    struct uuid uid;
    int64_t at_us;
    const char *doc;
    bool present[11];
};

static struct status read_thing(struct fixture *f, struct db_tx *tx, int64_t id, struct thing *t) {
    bool found = false;
    TRY(db_query_row(tx, &select_thing, DB_ARGS(db_int64(id)), &f->arena,
                     DB_INTO(db_into_int64(&t->id),
                             db_nullable(db_into_uint64(&t->big), &t->present[1]),
                             db_nullable(db_into_int32(&t->small), &t->present[2]),
                             db_nullable(db_into_bool(&t->flag), &t->present[3]),
                             db_nullable(db_into_double(&t->ratio), &t->present[4]),
                             db_nullable(db_into_text(&t->title), &t->present[5]),
                             db_nullable(db_into_text(&t->body), &t->present[6]),
                             db_nullable(db_into_bytes(&t->raw), &t->present[7]),
                             db_nullable(db_into_uuid(&t->uid), &t->present[8]),
                             db_nullable(db_into_time_us(&t->at_us), &t->present[9]),
                             db_nullable(db_into_text(&t->doc), &t->present[10])),
                     &found));
    assert_true(found);
    return status_ok();
}

static const struct uuid some_uuid = {{0x01, 0x8f, 0x5e, 0x2a, 0x11, 0x22, 0x73, 0x44, 0x95, 0x66,
                                       0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc}};
static const char emoji[] = "caf\xC3\xA9 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xAC '\\%_ \"--";

static struct status every_type(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    static const unsigned char raw[] = {0, 1, 255, '\'', '\\', 0};
    const int64_t at = INT64_C(1767225599999999); /* 2025-12-31 23:59:59.999999 */
    TRY(db_exec(tx, &insert_thing,
                DB_ARGS(db_int64(INT64_MIN), db_uint64(UINT64_MAX), db_int64(-7), db_bool(true),
                        db_double(0.1), db_text(emoji), db_text(""), db_bytes(raw, sizeof raw),
                        db_uuid(&some_uuid), db_time_us(at), db_text("{\"a\": [1, null]}")),
                NULL));
    struct thing t;
    TRY(read_thing(f, tx, INT64_MIN, &t));
    assert_true(t.id == INT64_MIN);
    assert_true(t.big == UINT64_MAX);
    assert_int_equal(t.small, -7);
    assert_true(t.flag);
    assert_true(t.ratio == 0.1);
    assert_string_equal(t.title, emoji);
    assert_string_equal(t.body, "");
    assert_int_equal(t.raw.len_bytes, sizeof raw);
    assert_memory_equal(t.raw.bytes, raw, sizeof raw);
    assert_memory_equal(&t.uid, &some_uuid, sizeof some_uuid);
    assert_true(t.at_us == at);
    assert_string_equal(t.doc, "{\"a\": [1, null]}");
    for (int i = 1; i < 11; i++)
        assert_true(t.present[i]);
    return status_ok();
}

static void every_type_comes_back_as_it_went_in(void **state) {
    assert_int_equal(code(run(*state, every_type)), STATUS_OK);
}

static struct status nulls(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    TRY(db_exec(tx, &insert_thing,
                DB_ARGS(db_int64(1), db_null(), db_null(), db_null(), db_null(), db_text(NULL),
                        db_text(NULL), db_bytes(NULL, 0), db_uuid(NULL), db_when(false, db_bool(1)),
                        db_null()),
                NULL));
    struct thing t;
    memset(&t, 0x55, sizeof t);
    TRY(read_thing(f, tx, 1, &t));
    for (int i = 1; i < 11; i++)
        assert_false(t.present[i]);
    assert_null(t.title);
    assert_null(t.raw.bytes);
    assert_true(t.big == 0 && t.small == 0 && !t.flag && t.at_us == 0);
    return status_ok();
}

static void nulls_become_zero_and_absent(void **state) {
    assert_int_equal(code(run(*state, nulls)), STATUS_OK);
}

static struct status unexpected_null(struct db_tx *tx, void *context) {
    const char *title = "untouched";
    int64_t id = 42;
    bool found = true;
    struct fixture *f = context;
    TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(1), db_null()), NULL));
    struct status s = db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                                   DB_INTO(db_into_int64(&id), db_into_text(&title)), &found);
    assert_string_equal(title, "untouched");
    assert_true(id == 42);
    assert_non_null(strstr(db_tx_cause(tx)->text, "'title'"));
    return s;
}

static void an_unexpected_null_is_internal_and_leaves_the_destinations(void **state) {
    assert_int_equal(code(run(*state, unexpected_null)), STATUS_INTERNAL);
}

static struct status wrong_types(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    int64_t number;
    struct uuid uid;
    const char *text;
    int32_t small;
    bool found;
    TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(INT64_C(1) << 40), db_text("x")), NULL));
    assert_int_equal(
        code(db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                          DB_INTO(db_into_int64(&number), db_into_int64(&number)), &found)),
        STATUS_INTERNAL);
    assert_int_equal(
        code(db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                          DB_INTO(db_into_int64(&number), db_into_uuid(&uid)), &found)),
        STATUS_INTERNAL);
    assert_int_equal(
        code(db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                          DB_INTO(db_into_int32(&small), db_into_text(&text)), &found)),
        STATUS_INTERNAL);
    assert_int_equal(code(db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                                       DB_INTO(db_into_int64(&number)), &found)),
                     STATUS_INTERNAL);
    assert_int_equal(code(db_exec(tx, &insert_title, DB_ARGS(db_int64(1)), NULL)), STATUS_INTERNAL);
    assert_int_equal(code(db_exec(tx, &list_things, DB_NO_ARGS, NULL)), STATUS_INTERNAL);
    struct db_rows *rows = NULL;
    assert_int_equal(code(db_query(tx, &clear_things, DB_NO_ARGS, &rows)), STATUS_INTERNAL);
    /* None of it hurts the statement: it works afterwards. */
    return db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                        DB_INTO(db_into_int64(&number), db_into_text(&text)), &found);
}

static void misuse_is_internal_and_the_statement_stays_usable(void **state) {
    assert_int_equal(code(run(*state, wrong_types)), STATUS_OK);
}

static struct status ranges(struct db_tx *tx, void *context) {
    (void)context;
    static const struct db_sql set_big = {"INSERT INTO things (id, big) VALUES (1, ?)"};
    int64_t number = 5;
    int32_t small = 5;
    bool flag = false;
    uint64_t big;
    bool found;
    TRY(db_exec(tx, &set_big, DB_ARGS(db_uint64(UINT64_MAX)), NULL));
    assert_int_equal(code(db_query_row(tx, &read_big, DB_NO_ARGS, NULL,
                                       DB_INTO(db_into_int64(&number)), &found)),
                     STATUS_INTERNAL);
    assert_int_equal(
        code(db_query_row(tx, &read_big, DB_NO_ARGS, NULL, DB_INTO(db_into_int32(&small)), &found)),
        STATUS_INTERNAL);
    assert_int_equal(
        code(db_query_row(tx, &read_big, DB_NO_ARGS, NULL, DB_INTO(db_into_bool(&flag)), &found)),
        STATUS_INTERNAL);
    assert_true(number == 5 && small == 5 && !flag);
    TRY(db_query_row(tx, &read_big, DB_NO_ARGS, NULL, DB_INTO(db_into_uint64(&big)), &found));
    assert_true(big == UINT64_MAX);
    return status_ok();
}

static void numbers_out_of_range_are_refused(void **state) {
    assert_int_equal(code(run(*state, ranges)), STATUS_OK);
}

enum { LONG_BYTES = 3 << 20 };

static struct status long_text(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    char *text = malloc(LONG_BYTES + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LONG_BYTES; i++)
        text[i] = (char)('a' + i % 26);
    text[LONG_BYTES] = '\0';
    struct status s =
        db_exec(tx, &insert_thing,
                DB_ARGS(db_int64(1), db_null(), db_null(), db_null(), db_null(), db_null(),
                        db_text(text), db_bytes(text, LONG_BYTES), db_null(), db_null(), db_null()),
                NULL);
    assert_int_equal(code(s), STATUS_OK);
    struct thing t;
    assert_int_equal(code(read_thing(f, tx, 1, &t)), STATUS_OK);
    assert_string_equal(t.body, text);
    assert_int_equal(t.raw.len_bytes, LONG_BYTES);
    free(text);
    /* Small again, and then too much for the arena. */
    struct arena tiny;
    arena_init(&tiny, 4096);
    struct arena keep = f->arena;
    f->arena = tiny;
    assert_int_equal(code(read_thing(f, tx, 1, &t)), STATUS_RESOURCE_EXHAUSTED);
    arena_done(&f->arena);
    f->arena = keep;
    return s;
}

static void long_text_is_never_cut_off(void **state) {
    assert_int_equal(code(run(*state, long_text)), STATUS_OK);
}

static struct status times(struct db_tx *tx, void *context) {
    static const int64_t moments[] = {
        0,
        -1,
        1,
        INT64_C(951782400000001),
        INT64_C(-30610224000000000),
        INT64_C(253402300799999999),
    };
    for (int i = 0; i < 6; i++) {
        struct thing t;
        TRY(db_exec(tx, &insert_some,
                    DB_ARGS(db_int64(i), db_null(), db_null(), db_time_us(moments[i]), db_null()),
                    NULL));
        TRY(read_thing(context, tx, i, &t));
        assert_true(t.at_us == moments[i]);
    }
    return db_exec(tx, &insert_some,
                   DB_ARGS(db_int64(7), db_null(), db_null(), db_time_us(INT64_MAX), db_null()),
                   NULL);
}

static void times_keep_their_microseconds_and_refuse_other_millennia(void **state) {
    assert_int_equal(code(run(*state, times)), STATUS_INTERNAL);
}

enum { BULK_ROWS = 300 };

static struct status bulk(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    struct db_value values[BULK_ROWS * 5];
    char titles[BULK_ROWS][24];
    struct uuid uids[BULK_ROWS];
    for (int i = 0; i < BULK_ROWS; i++) {
        (void)snprintf(titles[i], sizeof titles[i], "title %d", i);
        uids[i] = some_uuid;
        uids[i].bytes[15] = (uint8_t)i;
        struct db_value row[5] = {
            db_int64(i), db_text(titles[i]), db_when(i % 2 == 1, db_uuid(&uids[i])),
            db_when(i % 3 != 0, db_time_us(i * INT64_C(1000001))), db_bool(i % 2)};
        memcpy(&values[i * 5], row, sizeof row);
    }
    uint64_t affected = 0;
    TRY(db_exec_bulk(tx, &insert_some, values, 5, BULK_ROWS, &affected));
    assert_int_equal(affected, BULK_ROWS);
    for (int i = 0; i < BULK_ROWS; i++) {
        struct thing t;
        TRY(read_thing(f, tx, i, &t));
        assert_string_equal(t.title, titles[i]);
        assert_true(t.present[8] == (i % 2 == 1));
        assert_true(t.present[9] == (i % 3 != 0));
        if (t.present[8])
            assert_memory_equal(&t.uid, &uids[i], sizeof t.uid);
        if (t.present[9])
            assert_true(t.at_us == i * INT64_C(1000001));
        assert_true(t.flag == (i % 2 == 1));
    }
    /* The same statement, one row, then no row. */
    TRY(db_exec(tx, &insert_some,
                DB_ARGS(db_int64(1000), db_text("one"), db_null(), db_null(), db_bool(false)),
                &affected));
    assert_int_equal(affected, 1);
    TRY(db_exec_bulk(tx, &insert_some, NULL, 5, 0, &affected));
    assert_int_equal(affected, 0);
    return status_ok();
}

static void bulk_rows_arrive_with_nulls_texts_uuids_and_times(void **state) {
    assert_int_equal(code(run(*state, bulk)), STATUS_OK);
}

static struct status bulk_all_null(struct db_tx *tx, void *context) {
    const struct db_value values[] = {db_int64(1), db_null(), db_int64(2), db_null()};
    struct thing t;
    TRY(db_exec_bulk(tx, &insert_title, values, 2, 2, NULL));
    TRY(read_thing(context, tx, 2, &t));
    assert_false(t.present[5]);
    const struct db_value mixed[] = {db_int64(3), db_text("x"), db_text("4"), db_text("y")};
    return db_exec_bulk(tx, &insert_title, mixed, 2, 2, NULL);
}

static void bulk_takes_a_column_of_nulls_and_refuses_mixed_types(void **state) {
    assert_int_equal(code(run(*state, bulk_all_null)), STATUS_INTERNAL);
}

static struct status bulk_duplicate(struct db_tx *tx, void *context) {
    (void)context;
    const struct db_value values[] = {db_int64(1),  db_text("a"), db_int64(2),
                                      db_text("a"), db_int64(3),  db_text("c")};
    int64_t count = -1;
    bool found;
    assert_int_equal(code(db_exec_bulk(tx, &insert_title, values, 2, 3, NULL)),
                     STATUS_ALREADY_EXISTS);
    assert_true(db_cause_names(db_tx_cause(tx), "title"));
    TRY(db_query_row(tx, &count_things, DB_NO_ARGS, NULL, DB_INTO(db_into_int64(&count)), &found));
    assert_int_equal(count, 0);
    return status_ok();
}

static void one_bad_row_fails_the_whole_bulk(void **state) {
    assert_int_equal(code(run(*state, bulk_duplicate)), STATUS_OK);
}

static struct status returning(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    const struct db_value values[] = {db_int64(5), db_text("five"), db_int64(6), db_text("six")};
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    int64_t id;
    const char *title;
    bool found;
    TRY(db_query_bulk(tx, &insert_returning, values, 2, 2, &rows));
    for (int i = 0; i < 2; i++) {
        assert_true(db_rows_next(rows));
        TRY(db_rows_read(rows, &f->arena, DB_INTO(db_into_int64(&id), db_into_text(&title))));
        assert_int_equal(id, 5 + i);
        assert_string_equal(title, i == 0 ? "five" : "six");
    }
    assert_false(db_rows_next(rows));
    TRY(db_rows_status(rows));
    db_rows_free(&rows);
    TRY(db_query_row(tx, &insert_returning, DB_ARGS(db_int64(7), db_text("seven")), &f->arena,
                     DB_INTO(db_into_int64(&id), db_into_text(&title)), &found));
    assert_true(found);
    assert_string_equal(title, "seven");
    return status_ok();
}

static void insert_returning_works_for_one_row_and_in_bulk(void **state) {
    assert_int_equal(code(run(*state, returning)), STATUS_OK);
}

static struct status affected(struct db_tx *tx, void *context) {
    (void)context;
    uint64_t n;
    TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(1), db_text("same")), NULL));
    TRY(db_exec(tx, &rename_thing, DB_ARGS(db_text("same"), db_int64(1)), &n));
    assert_int_equal(n, 1);
    TRY(db_exec(tx, &rename_thing, DB_ARGS(db_text("same"), db_int64(2)), &n));
    assert_int_equal(n, 0);
    return status_ok();
}

static void affected_counts_rows_matched(void **state) {
    assert_int_equal(code(run(*state, affected)), STATUS_OK);
}

static struct status duplicate(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    const char *text;
    bool found;
    int64_t id;
    TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(1), db_text("' for key 'other'")), NULL));
    assert_int_equal(
        code(db_exec(tx, &insert_title, DB_ARGS(db_int64(2), db_text("' for key 'other'")), NULL)),
        STATUS_ALREADY_EXISTS);
    assert_int_equal(db_tx_cause(tx)->number, 1062);
    assert_true(db_cause_names(db_tx_cause(tx), "title"));
    assert_false(db_cause_names(db_tx_cause(tx), "other"));
    assert_int_equal(code(db_exec(tx, &insert_title, DB_ARGS(db_int64(1), db_text("b")), NULL)),
                     STATUS_ALREADY_EXISTS);
    assert_true(db_cause_names(db_tx_cause(tx), "PRIMARY"));
    /* The transaction goes on: only the statement was undone. */
    TRY(db_query_row(tx, &list_things, DB_NO_ARGS, &f->arena,
                     DB_INTO(db_into_int64(&id), db_into_text(&text)), &found));
    assert_int_equal(db_tx_cause(tx)->number, 0);
    return db_exec(tx, &insert_title, DB_ARGS(db_int64(2), db_text("b")), NULL);
}

static void a_duplicate_names_its_key_and_leaves_the_transaction_alive(void **state) {
    assert_int_equal(code(run(*state, duplicate)), STATUS_OK);
}

static struct status nested(struct db_tx *tx, void *context) {
    struct fixture *f = context;
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    DB_ROWS_AUTO struct db_rows *again = NULL;
    int64_t id;
    int seen = 0;
    for (int i = 0; i < 5; i++)
        TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(i), db_null()), NULL));
    TRY(db_query(tx, &list_things, DB_NO_ARGS, &rows));
    while (db_rows_next(rows)) {
        const char *title;
        struct thing t;
        TRY(db_rows_read(rows, &f->arena,
                         DB_INTO(db_into_int64(&id), db_nullable(db_into_text(&title), NULL))));
        TRY(read_thing(f, tx, id, &t));
        assert_true(t.id == id);
        seen++;
    }
    TRY(db_rows_status(rows));
    assert_int_equal(seen, 5);
    assert_int_equal(code(db_query(tx, &list_things, DB_NO_ARGS, &again)), STATUS_INTERNAL);
    db_rows_free(&rows);
    return db_query(tx, &list_things, DB_NO_ARGS, &again);
}

static void other_statements_run_while_rows_are_read_but_not_the_same(void **state) {
    assert_int_equal(code(run(*state, nested)), STATUS_OK);
}

static struct status by_uuid(struct db_tx *tx, void *context) {
    (void)context;
    int64_t id;
    bool found = false;
    TRY(db_exec(tx, &insert_some,
                DB_ARGS(db_int64(9), db_null(), db_uuid(&some_uuid), db_null(), db_null()), NULL));
    TRY(db_query_row(tx, &find_by_uid, DB_ARGS(db_uuid(&some_uuid)), NULL,
                     DB_INTO(db_into_int64(&id)), &found));
    assert_true(found);
    assert_int_equal(id, 9);
    struct uuid other = some_uuid;
    other.bytes[0] ^= 1;
    TRY(db_query_row(tx, &find_by_uid, DB_ARGS(db_uuid(&other)), NULL, DB_INTO(db_into_int64(&id)),
                     &found));
    assert_false(found);
    return status_ok();
}

static void rows_are_found_by_uuid(void **state) {
    assert_int_equal(code(run(*state, by_uuid)), STATUS_OK);
}

static struct status sums(struct db_tx *tx, void *context) {
    (void)context;
    int64_t sum = -1;
    double average;
    int64_t newest;
    bool found;
    bool any = true;
    TRY(db_query_row(tx, &sum_things, DB_NO_ARGS, NULL,
                     DB_INTO(db_nullable(db_into_int64(&sum), &any),
                             db_nullable(db_into_double(&average), NULL),
                             db_nullable(db_into_time_us(&newest), NULL)),
                     &found));
    assert_true(found && !any && sum == 0);
    for (int i = 1; i <= 4; i++)
        TRY(db_exec(tx, &insert_title, DB_ARGS(db_int64(i), db_null()), NULL));
    TRY(db_query_row(tx, &sum_things, DB_NO_ARGS, NULL,
                     DB_INTO(db_into_int64(&sum), db_into_double(&average),
                             db_nullable(db_into_time_us(&newest), NULL)),
                     &found));
    assert_int_equal(sum, 10);
    assert_true(average == 2.5);
    return status_ok();
}

static void sums_and_averages_are_read_as_numbers(void **state) {
    assert_int_equal(code(run(*state, sums)), STATUS_OK);
}

static struct status bad_sql(struct db_tx *tx, void *context) {
    (void)context;
    static const struct db_sql nonsense = {"SELEKT secret FROM nowhere"};
    static const struct db_sql session = {
        "SELECT @@time_zone, @@tx_isolation, @@character_set_client,"
        " @@innodb_lock_wait_timeout, @@sql_mode LIKE '%STRICT_ALL_TABLES%'"};
    struct fixture *f = context;
    const char *zone;
    const char *isolation;
    const char *charset;
    int64_t wait;
    bool strict;
    bool found;
    struct status s = db_exec(tx, &nonsense, DB_NO_ARGS, NULL);
    assert_int_equal(s.code, STATUS_INTERNAL);
    assert_null(strstr(s.detail, "secret"));
    assert_int_equal(db_tx_cause(tx)->number, 1064);
    TRY(db_query_row(tx, &session, DB_NO_ARGS, &f->arena,
                     DB_INTO(db_into_text(&zone), db_into_text(&isolation), db_into_text(&charset),
                             db_into_int64(&wait), db_into_bool(&strict)),
                     &found));
    assert_string_equal(zone, "+00:00");
    assert_string_equal(isolation, "READ-COMMITTED");
    assert_string_equal(charset, "utf8mb4");
    assert_int_equal(wait, 3);
    assert_true(strict);
    return status_ok();
}

static void bad_sql_is_internal_without_its_text_and_sessions_are_set_up(void **state) {
    assert_int_equal(code(run(*state, bad_sql)), STATUS_OK);
}

static struct status strict(struct db_tx *tx, void *context) {
    (void)context;
    char title[300];
    memset(title, 'x', sizeof title);
    return db_exec(tx, &insert_title, DB_ARGS(db_int64(1), db_text_n(title, sizeof title)), NULL);
}

static void text_that_does_not_fit_is_refused_never_cut(void **state) {
    assert_int_equal(code(run(*state, strict)), STATUS_INTERNAL);
}

static struct status anew(struct db_tx *tx, void *context) {
    static const struct db_sql echo = {DB_PREPARED_ANEW "SELECT ? + 1"};
    (void)context;
    for (int64_t i = 0; i < 5; i++) {
        int64_t number = 0;
        bool found = false;
        TRY(db_query_row(tx, &echo, DB_ARGS(db_int64(i)), NULL, DB_INTO(db_into_int64(&number)),
                         &found));
        assert_true(found && number == i + 1);
    }
    return status_ok();
}

static void a_statement_prepared_anew_runs_again_and_again(void **state) {
    assert_int_equal(code(run(*state, anew)), STATUS_OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, empty, release)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(every_type_comes_back_as_it_went_in),
        CASE(nulls_become_zero_and_absent),
        CASE(an_unexpected_null_is_internal_and_leaves_the_destinations),
        CASE(misuse_is_internal_and_the_statement_stays_usable),
        CASE(numbers_out_of_range_are_refused),
        CASE(long_text_is_never_cut_off),
        CASE(times_keep_their_microseconds_and_refuse_other_millennia),
        CASE(bulk_rows_arrive_with_nulls_texts_uuids_and_times),
        CASE(bulk_takes_a_column_of_nulls_and_refuses_mixed_types),
        CASE(one_bad_row_fails_the_whole_bulk),
        CASE(insert_returning_works_for_one_row_and_in_bulk),
        CASE(affected_counts_rows_matched),
        CASE(a_duplicate_names_its_key_and_leaves_the_transaction_alive),
        CASE(other_statements_run_while_rows_are_read_but_not_the_same),
        CASE(rows_are_found_by_uuid),
        CASE(sums_and_averages_are_read_as_numbers),
        CASE(bad_sql_is_internal_without_its_text_and_sessions_are_set_up),
        CASE(text_that_does_not_fit_is_refused_never_cut),
        CASE(a_statement_prepared_anew_runs_again_and_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
