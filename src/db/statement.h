/*
 * Statements: prepared once per connection, bound and read with types.
 *
 * A statement is a static constant; its address is the key under which each connection keeps the
 * prepared form. A store file therefore begins with its SQL:
 *
 *     static const struct db_sql find_title = {
 *         "SELECT title, startTime FROM live_conversations WHERE tenant_id = ? AND id = ?"};
 *
 * Results arrive completely before a function returns, so lists carry a LIMIT, and another
 * statement may run while rows are being read; only the same statement may not.
 *
 * Lists follow an index of the table they list (db/migrations names them). Join users with LEFT
 * JOIN, though they always exist: in a small tenant the optimizer would begin with them and sort
 * the rest.
 *
 * Failures: the status says what a client may know, db_tx_cause() the rest. See db/cause.h.
 *
 * Thread-safety: as the transaction, which belongs to one thread.
 */
#ifndef DB_STATEMENT_H
#define DB_STATEMENT_H

#include "base/status.h"
#include "db/value.h"

struct arena;
struct db_rows;
struct db_tx;

/* Make it `static const`: the address is what counts. */
struct db_sql {
    const char *text;
};

/*
 * Begins the text of a statement that is to be prepared anew for each execution. MariaDB 10.11
 * knows only at the first one that an index holds all columns of a statement; when another
 * statement has read more of the table in between, later ones read the rows. Worth it where that
 * costs more than preparing does.
 */
#define DB_PREPARED_ANEW "/* anew */ "

/* INSERT, UPDATE, DELETE. `ret_affected`, which may be NULL, counts the rows that were matched:
 * an UPDATE that changes nothing still counts. */
struct status db_exec(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                      size_t value_count, uint64_t *ret_affected) STATUS_MUST_USE;

/*
 * The same for many rows in one exchange: `rows` times `columns` values, row after row. A column
 * has one type over all rows, or NULL. Zero rows do nothing. One bad row fails them all.
 */
struct status db_exec_bulk(struct db_tx *tx, const struct db_sql *sql,
                           const struct db_value *values, size_t columns, size_t rows,
                           uint64_t *ret_affected) STATUS_MUST_USE;

/*
 * SELECT, or anything with RETURNING.
 *
 *     DB_ROWS_AUTO struct db_rows *rows = NULL;
 *     TRY(db_query(tx, &list_titles, DB_ARGS(db_text(tenant)), &rows));
 *     while (db_rows_next(rows))
 *         TRY(db_rows_read(rows, arena, DB_INTO(db_into_text(&titles[n++]))));
 *     return db_rows_status(rows);
 */
struct status db_query(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                       size_t value_count, struct db_rows **ret_rows) STATUS_MUST_USE;

/* As db_query for a bulk INSERT ... RETURNING. Zero rows are a result without rows. */
struct status db_query_bulk(struct db_tx *tx, const struct db_sql *sql,
                            const struct db_value *values, size_t columns, size_t rows,
                            struct db_rows **ret_rows) STATUS_MUST_USE;

/* Steps to the next row; false at the end or after a failure. */
bool db_rows_next(struct db_rows *rows);

/*
 * Reads all columns of the current row, in order. A wrong number of columns, a type that does not
 * fit, an unexpected NULL or a number out of range are INTERNAL and leave every destination as it
 * was. A full arena is RESOURCE_EXHAUSTED. `arena` may be NULL where there is no text.
 */
struct status db_rows_read(struct db_rows *rows, struct arena *arena, const struct db_into *into,
                           size_t into_count) STATUS_MUST_USE;

/* Whether every step went well. */
struct status db_rows_status(const struct db_rows *rows) STATUS_MUST_USE;

/* Releases the result and nulls the caller's pointer; accepts NULL. */
void db_rows_free(struct db_rows **rows);
#define DB_ROWS_AUTO __attribute__((cleanup(db_rows_free)))

/*
 * The row of a query that yields at most one: *ret_found says whether there was one. More than one
 * is INTERNAL.
 */
struct status db_query_row(struct db_tx *tx, const struct db_sql *sql,
                           const struct db_value *values, size_t value_count, struct arena *arena,
                           const struct db_into *into, size_t into_count,
                           bool *ret_found) STATUS_MUST_USE;

#endif
