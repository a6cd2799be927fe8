#include "db/conn.h"

#include "db/rows.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

bool db_conn_open(struct db_conn *conn, struct db_cause *cause) {
    if (conn->link != NULL)
        return true;
    if (!db_pool_may_connect(conn->pool, cause))
        return false;

    const struct db_options *options = db_pool_options(conn->pool);
    struct db_link *link = options->driver->connect(options->driver, options, cause);
    db_pool_connected(conn->pool, link == NULL ? cause : NULL);
    conn->link = link;
    return link != NULL;
}

void db_conn_drop_rows(struct db_conn *conn) {
    for (size_t i = 0; i < conn->prepared_capacity; i++) {
        if (conn->prepared[i].rows != NULL)
            db_rows_detach(conn->prepared[i].rows);
    }
}

void db_conn_close(struct db_conn *conn) {
    db_conn_drop_rows(conn);
    free(conn->prepared);
    conn->prepared = NULL;
    conn->prepared_count = 0;
    conn->prepared_capacity = 0;
    if (conn->link != NULL)
        conn->link->ops->close(conn->link);
    conn->link = NULL;
}

static size_t slot_of(const struct db_prepared *table, size_t capacity, const struct db_sql *sql) {
    /* Statements are at least 8 bytes apart; the multiplier spreads their addresses. */
    uint64_t hash = ((uint64_t)(uintptr_t)sql >> 3) * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(hash >> 32) & (capacity - 1);
    while (table[slot].sql != NULL && table[slot].sql != sql)
        slot = (slot + 1) & (capacity - 1);
    return slot;
}

/* Keeps the table at most half full. Results being read point to handles, not to places. */
static bool grow(struct db_conn *conn) {
    if (conn->prepared_count * 2 < conn->prepared_capacity)
        return true;
    size_t capacity = conn->prepared_capacity == 0 ? FIRST_CAPACITY : conn->prepared_capacity * 2;
    struct db_prepared *table = calloc(capacity, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < conn->prepared_capacity; i++) {
        const struct db_prepared *old = &conn->prepared[i];
        if (old->sql != NULL)
            table[slot_of(table, capacity, old->sql)] = *old;
    }
    free(conn->prepared);
    conn->prepared = table;
    conn->prepared_capacity = capacity;
    return true;
}

struct db_prepared *db_conn_prepare(struct db_conn *conn, const struct db_sql *sql,
                                    struct db_cause *cause) {
    if (!grow(conn)) {
        db_cause_set(cause, DB_ERROR_NO_ROOM, NULL, sql->text, "no memory for a statement");
        return NULL;
    }
    struct db_prepared *place =
        &conn->prepared[slot_of(conn->prepared, conn->prepared_capacity, sql)];
    if (place->sql == sql)
        return place;

    struct db_handle *handle = conn->link->ops->prepare(conn->link, sql, cause);
    if (handle == NULL)
        return NULL;
    *place = (struct db_prepared){.sql = sql, .handle = handle};
    conn->prepared_count++;
    return place;
}
