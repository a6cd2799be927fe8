#include "db/statement.h"

#include "base/clock.h"
#include "db/conn.h"
#include "db/rows.h"

#include <assert.h>
#include <stdlib.h>

struct db_rows {
    struct db_tx *tx;
    const struct db_sql *sql;
    struct db_handle *handle; /* NULL: detached, or a result without rows */
    uint64_t count;
    bool detached;
    bool on_row;
    struct status failure;
};

/* Remembers a failure and what it means for the transaction. */
static struct status fail(struct db_tx *tx, const struct db_cause *cause) {
    tx->last = *cause;
    enum db_cause_class class = db_cause_class(cause);
    if ((class == DB_CAUSE_CONFLICT || class == DB_CAUSE_LOST) && tx->fatal.number == 0)
        tx->fatal = *cause;
    return db_cause_status(cause);
}

static struct status misuse(struct db_tx *tx, const struct db_sql *sql, const char *text) {
    struct db_cause cause;
    db_cause_set(&cause, DB_ERROR_MISUSE, NULL, sql->text, "%s", text);
    return fail(tx, &cause);
}

/* A statement after a fatal failure would run outside of the transaction it belongs to. */
static struct status check_usable(struct db_tx *tx, const struct db_sql *sql) {
    assert(tx->mode != DB_TX_CLOSED);
    if (tx->fatal.number != 0)
        return db_cause_status(&tx->fatal);
    if (tx->deadline_us != INT64_MAX &&
        clock_monotonic_us(db_pool_clock(tx->conn->pool)) >= tx->deadline_us) {
        struct db_cause cause;
        db_cause_set(&cause, DB_ERROR_TIMEOUT, NULL, sql->text, "the deadline has passed");
        return fail(tx, &cause);
    }
    return status_ok();
}

static struct status execute(struct db_tx *tx, const struct db_sql *sql,
                             const struct db_value *values, size_t columns, size_t rows,
                             struct db_effect *ret_effect, struct db_handle **ret_handle) {
    TRY(check_usable(tx, sql));
    struct db_conn *conn = tx->conn;
    struct db_cause cause;

    struct db_prepared *prepared = db_conn_prepare(conn, sql, &cause);
    if (prepared == NULL)
        return fail(tx, &cause);
    if (prepared->rows != NULL)
        return misuse(tx, sql, "the statement's last result is still being read");
    struct db_handle *handle = prepared->handle;
    if (!conn->link->ops->execute(conn->link, handle, values, columns, rows, ret_effect, &cause))
        return fail(tx, &cause);
    db_cause_clear(&tx->last);
    *ret_handle = handle;
    return status_ok();
}

struct status db_exec_bulk(struct db_tx *tx, const struct db_sql *sql,
                           const struct db_value *values, size_t columns, size_t rows,
                           uint64_t *ret_affected) {
    struct db_effect effect = {.affected = 0};
    struct db_handle *handle = NULL;

    if (rows > 0)
        TRY(execute(tx, sql, values, columns, rows, &effect, &handle));
    if (effect.has_rows) {
        tx->conn->link->ops->finish(tx->conn->link, handle);
        return misuse(tx, sql, "a statement that returns rows was run by db_exec");
    }
    if (ret_affected != NULL)
        *ret_affected = effect.affected;
    return status_ok();
}

struct status db_exec(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                      size_t value_count, uint64_t *ret_affected) {
    return db_exec_bulk(tx, sql, values, value_count, 1, ret_affected);
}

struct status db_query_bulk(struct db_tx *tx, const struct db_sql *sql,
                            const struct db_value *values, size_t columns, size_t rows,
                            struct db_rows **ret_rows) {
    struct db_effect effect = {.affected = 0};
    struct db_handle *handle = NULL;

    if (rows > 0) {
        TRY(execute(tx, sql, values, columns, rows, &effect, &handle));
        if (!effect.has_rows)
            return misuse(tx, sql, "a statement without rows was run by db_query");
    }
    struct db_rows *result = malloc(sizeof *result);
    if (result == NULL) {
        if (handle != NULL)
            tx->conn->link->ops->finish(tx->conn->link, handle);
        struct db_cause cause;
        db_cause_set(&cause, DB_ERROR_NO_ROOM, NULL, sql->text, "no memory for a result");
        return fail(tx, &cause);
    }
    *result = (struct db_rows){
        .tx = tx, .sql = sql, .handle = handle, .count = effect.rows, .failure = status_ok()};
    if (handle != NULL) {
        struct db_cause cause; /* cannot fail: the statement was prepared just now */
        db_conn_prepare(tx->conn, sql, &cause)->rows = result;
    }
    *ret_rows = result;
    return status_ok();
}

struct status db_query(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                       size_t value_count, struct db_rows **ret_rows) {
    return db_query_bulk(tx, sql, values, value_count, 1, ret_rows);
}

bool db_rows_next(struct db_rows *rows) {
    rows->on_row = false;
    if (rows->handle == NULL || !status_is_ok(rows->failure))
        return false;
    struct db_link *link = rows->tx->conn->link;
    struct db_cause cause;
    int got = link->ops->next(link, rows->handle, &cause);
    if (got < 0)
        rows->failure = fail(rows->tx, &cause);
    rows->on_row = got > 0;
    return rows->on_row;
}

struct status db_rows_read(struct db_rows *rows, struct arena *arena, const struct db_into *into,
                           size_t into_count) {
    TRY(rows->failure);
    if (!rows->on_row)
        return misuse(rows->tx, rows->sql, "read without a row");
    struct db_link *link = rows->tx->conn->link;
    struct db_cause cause;
    if (!link->ops->read(link, rows->handle, arena, into, into_count, &cause)) {
        rows->failure = fail(rows->tx, &cause);
        return rows->failure;
    }
    return status_ok();
}

struct status db_rows_status(const struct db_rows *rows) {
    return rows->failure;
}

void db_rows_detach(struct db_rows *rows) {
    struct db_tx *tx = rows->tx;
    if (rows->handle != NULL) {
        struct db_cause cause; /* cannot fail: prepared */
        db_conn_prepare(tx->conn, rows->sql, &cause)->rows = NULL;
        tx->conn->link->ops->finish(tx->conn->link, rows->handle);
    }
    rows->handle = NULL;
    rows->on_row = false;
    rows->detached = true;
    if (status_is_ok(rows->failure))
        rows->failure = status_error(STATUS_INTERNAL, 0, "The result is no longer there.");
}

void db_rows_free(struct db_rows **rows) {
    struct db_rows *gone = *rows;
    if (gone == NULL)
        return;
    if (!gone->detached)
        db_rows_detach(gone);
    free(gone);
    *rows = NULL;
}

struct status db_query_row(struct db_tx *tx, const struct db_sql *sql,
                           const struct db_value *values, size_t value_count, struct arena *arena,
                           const struct db_into *into, size_t into_count, bool *ret_found) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, sql, values, value_count, &rows));
    assert(rows != NULL);
    if (rows->count > 1)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): DB_ROWS_AUTO frees it */
        return misuse(tx, sql, "a query for one row found more");
    bool found = db_rows_next(rows);
    if (found)
        TRY(db_rows_read(rows, arena, into, into_count));
    TRY(db_rows_status(rows));
    *ret_found = found;
    return status_ok();
}
