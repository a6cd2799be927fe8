/*
 * The seam below the pool: one connection to a server, as a table of functions.
 *
 * There is one real driver (db_driver_mariadb). Tests put others in its place: a script without a
 * server, and one that really breaks things between us and a real server. Nothing above src/db sees
 * this header; use db/tx.h and db/statement.h.
 *
 * A link reports failures through a cause. After a failure of class DB_CAUSE_LOST the link is dead:
 * only close() may follow.
 *
 * Thread-safety: a link belongs to one thread at a time; a driver is used by many.
 */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include "db/cause.h"
#include "db/value.h"

struct arena;
struct db_link;
struct db_options;
struct db_sql;

/* What a statement did. */
struct db_effect {
    uint64_t affected; /* rows matched by UPDATE, changed by the others */
    bool has_rows;     /* there is a result to fetch; finish() releases it */
    uint64_t rows;     /* how many it has */
};

/* A prepared statement of a link; each driver has its own. */
struct db_handle;

struct db_link_ops {
    /* Runs a statement that has neither parameters nor a result. */
    bool (*run)(struct db_link *link, const char *text, struct db_cause *cause);

    /* NULL on failure. Owned by the link; lives until close(). */
    struct db_handle *(*prepare)(struct db_link *link, const struct db_sql *sql,
                                 struct db_cause *cause);

    /*
     * Runs a prepared statement once with `columns` values, or once for each of `rows` rows of
     * values, row after row, in one exchange (rows > 1 only where the server can: INSERT, UPDATE,
     * DELETE). The result has arrived completely when this returns.
     */
    bool (*execute)(struct db_link *link, struct db_handle *handle, const struct db_value *values,
                    size_t columns, size_t rows, struct db_effect *ret_effect,
                    struct db_cause *cause);

    /* 1: there is a row; 0: no more; -1: failure. */
    int (*next)(struct db_link *link, struct db_handle *handle, struct db_cause *cause);

    /* Reads the current row's columns; nothing is written unless all of them can be read. */
    bool (*read)(struct db_link *link, struct db_handle *handle, struct arena *arena,
                 const struct db_into *into, size_t count, struct db_cause *cause);

    void (*finish)(struct db_link *link, struct db_handle *handle);

    bool (*ping)(struct db_link *link, struct db_cause *cause);

    /* The server's id of the connection: for KILL and logs. */
    uint64_t (*id)(const struct db_link *link);

    /* Cuts the connection without saying goodbye, as a lost network would. */
    void (*sever)(struct db_link *link);

    void (*close)(struct db_link *link);
};

/* Drivers put this first in their own struct. */
struct db_link {
    const struct db_link_ops *ops;
};

struct db_driver {
    /* NULL on failure. The session is set up as db/pool.h says. */
    struct db_link *(*connect)(const struct db_driver *driver, const struct db_options *options,
                               struct db_cause *cause);
};

/* MariaDB through Connector/C. Static. */
const struct db_driver *db_driver_mariadb(void);

#endif
