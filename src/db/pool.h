/*
 * Connections to MariaDB.
 *
 *     struct db_options options;
 *     db_options_init(&options);
 *     options.unix_socket = "/run/mysqld/mysqld.sock";
 *     options.database = "liveconv";
 *     struct db_pool *pool = db_pool_new(&options);
 *     ... db_transaction(pool, deadline_us, run, context, &report) ...
 *     db_pool_free(&pool);
 *
 * A pool has a fixed number of connections, opened when first used and again after they were lost;
 * the one used last is handed out first, so its prepared statements are warm. With as many
 * connections as workers nobody ever waits. While the server is unreachable, attempts to connect
 * are spaced out and calls in between fail at once with UNAVAILABLE.
 *
 * Every session is set up alike: utf8mb4, UTC, READ COMMITTED, strict SQL mode, the lock wait and
 * statement limits below. Automatic reconnection of the client library is off: it would lose all
 * that in silence.
 *
 * Thread-safety: a pool is used from any thread; a connection belongs to whoever acquired it.
 */
#ifndef DB_POOL_H
#define DB_POOL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock;
struct db_cause;
struct db_conn;
struct db_driver;
struct db_pool;
struct db_tx;

/* Strings are borrowed for as long as the pool lives. */
struct db_options {
    const char *unix_socket; /* wins over host */
    const char *host;
    uint16_t port; /* default 3306 */
    const char *user;
    const char *password; /* never logged */
    const char *database;

    /* TLS for host; a CA turns it on and the server's name is then checked. */
    const char *tls_ca_file;
    const char *tls_certificate_file;
    const char *tls_key_file;

    size_t connection_count;      /* default 8 */
    uint32_t connect_timeout_s;   /* default 3 */
    uint32_t io_timeout_s;        /* of one read or write; default 15 */
    uint32_t lock_wait_timeout_s; /* innodb_lock_wait_timeout; default 3 */
    uint32_t statement_timeout_s; /* max_statement_time; default 10, 0: none */
    uint32_t attempts;            /* of a transaction that meets conflicts; default 6 */

    const struct clock *clock;        /* default: the system's */
    const struct db_driver *driver;   /* default: MariaDB */
    void (*pause)(int64_t length_us); /* between attempts; default: sleeps */
};

void db_options_init(struct db_options *options);

/* Opens nothing yet. The options are copied, their strings are not. NULL when out of memory. */
struct db_pool *db_pool_new(const struct db_options *options);

/* Closes every connection. All must have been released. */
void db_pool_free(struct db_pool **pool);

/*
 * Takes a connection, waiting for one until the deadline (monotonic clock of the pool).
 * RESOURCE_EXHAUSTED when none came free. It may not be connected yet: that happens with its first
 * statement.
 */
struct status db_pool_acquire(struct db_pool *pool, int64_t deadline_us,
                              struct db_conn **ret_conn) STATUS_MUST_USE;

/* Gives it back and nulls the caller's pointer; accepts NULL. */
void db_pool_release(struct db_pool *pool, struct db_conn **conn);

/* One round trip to the server on a connection of the pool: for readiness checks. */
struct status db_pool_ping(struct db_pool *pool, int64_t deadline_us) STATUS_MUST_USE;

/* What the last failed attempt to connect said; false when the last one succeeded. */
bool db_pool_last_failure(struct db_pool *pool, struct db_cause *ret_cause);

struct db_pool_figures {
    size_t connections; /* open now */
    size_t busy;        /* acquired now */
    uint64_t connects;  /* since the start */
    uint64_t connect_failures;
    uint64_t lost;         /* connections that broke in use */
    uint64_t transactions; /* committed */
    uint64_t retries;      /* attempts after the first */
    uint64_t uncertain;    /* commits whose outcome is not known */
};
void db_pool_figures(struct db_pool *pool, struct db_pool_figures *ret_figures);

const struct clock *db_pool_clock(const struct db_pool *pool);

#endif
