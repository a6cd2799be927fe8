/*
 * A result from inside. Private to src/db.
 *
 * Thread-safety: as the transaction it was asked in.
 */
#ifndef DB_ROWS_H
#define DB_ROWS_H

struct db_rows;

/* The connection is gone or the transaction over: the result becomes a failed one without rows. */
void db_rows_detach(struct db_rows *rows);

#endif
