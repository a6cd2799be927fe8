/*
 * The MariaDB driver from inside, shared by its two halves: the connection (mariadb_link.c) and the
 * prepared statements (mariadb_statement.c).
 *
 * Thread-safety: as db/driver.h.
 */
#ifndef DB_MARIADB_LINK_H
#define DB_MARIADB_LINK_H

#include "db/driver.h"

#include <mysql.h>

struct mariadb_link {
    struct db_link base;
    MYSQL *mysql;
    struct db_handle *handles; /* all that were prepared */
};

struct db_handle *mariadb_prepare(struct db_link *link, const struct db_sql *sql,
                                  struct db_cause *cause);
bool mariadb_execute(struct db_link *link, struct db_handle *handle, const struct db_value *values,
                     size_t columns, size_t rows, struct db_effect *ret_effect,
                     struct db_cause *cause);
int mariadb_next(struct db_link *link, struct db_handle *handle, struct db_cause *cause);
bool mariadb_read(struct db_link *link, struct db_handle *handle, struct arena *arena,
                  const struct db_into *into, size_t count, struct db_cause *cause);
void mariadb_finish(struct db_link *link, struct db_handle *handle);
void mariadb_free_handles(struct mariadb_link *self);

/* One column of the row being read, on its way into the caller's variable. */
struct mariadb_cell {
    bool is_null;
    union {
        int64_t number;
        uint64_t count;
        double real;
        struct uuid uuid;
        struct db_bytes bytes; /* in the arena */
    } as;
};

struct db_handle {
    const struct db_sql *sql;
    MYSQL_STMT *stmt;
    size_t parameters;
    struct mariadb_cell *cells; /* room for one row */
    size_t cell_count;
    unsigned int array_size; /* as the statement was last told */
    bool is_prepared_anew;   /* for each execution: DB_PREPARED_ANEW */
    bool was_executed;
    struct db_handle *next;
};

/* Parameters in the form that the library wants them, and the memory behind them. */
struct mariadb_binding {
    MYSQL_BIND *binds; /* one a column */
    char *memory;      /* everything, `binds` too. Owned. */
    size_t used_bytes;
    size_t size_bytes;
};

bool mariadb_binding_init(struct mariadb_binding *binding, const struct db_value *values,
                          size_t columns, size_t rows, const struct db_sql *sql,
                          struct db_cause *cause);
void mariadb_binding_done(struct mariadb_binding *binding);

#endif
