/*
 * A pool's connection from inside: its link, its prepared statements, its transaction. Private to
 * src/db.
 *
 * Thread-safety: belongs to whoever acquired it.
 */
#ifndef DB_CONN_H
#define DB_CONN_H

#include "db/driver.h"
#include "db/pool.h"
#include "db/statement.h"
#include "db/tx.h"

enum db_tx_mode { DB_TX_CLOSED, DB_TX_AUTOCOMMIT, DB_TX_TRANSACTION };

struct db_tx {
    struct db_conn *conn;
    enum db_tx_mode mode;
    int64_t deadline_us;
    struct db_cause last; /* of the last statement */
    /* The first failure after which the attempt cannot be committed: a conflict or a loss. */
    struct db_cause fatal;
};

/* A prepared statement and whether its result is being read. */
struct db_prepared {
    const struct db_sql *sql; /* NULL: free place of the table */
    struct db_handle *handle;
    struct db_rows *rows; /* not NULL: being read */
};

struct db_conn {
    struct db_pool *pool;
    struct db_link *link;         /* NULL: not connected */
    struct db_prepared *prepared; /* open addressing by address; capacity is a power of two */
    size_t prepared_count;
    size_t prepared_capacity;
    struct db_tx tx;
    uint64_t random; /* for the jitter */
    struct db_conn *next_free;
};

/* Connects if need be. */
bool db_conn_open(struct db_conn *conn, struct db_cause *cause);

/* Closes the link and forgets its statements; results still held become empty. */
void db_conn_close(struct db_conn *conn);

/* The prepared form of `sql`; NULL on failure. Valid until the next call. */
struct db_prepared *db_conn_prepare(struct db_conn *conn, const struct db_sql *sql,
                                    struct db_cause *cause);

/* What the counters of the pool are told. */
enum db_event { DB_EVENT_LOST, DB_EVENT_COMMIT, DB_EVENT_RETRY, DB_EVENT_UNCERTAIN };
void db_pool_count(struct db_pool *pool, enum db_event event);

const struct db_options *db_pool_options(const struct db_pool *pool);

/* Whether a connection may be tried now, and what became of it. */
bool db_pool_may_connect(struct db_pool *pool, struct db_cause *cause);
void db_pool_connected(struct db_pool *pool, const struct db_cause *failure);

/* Lets go of the results that a transaction function left behind. */
void db_conn_drop_rows(struct db_conn *conn);

#endif
