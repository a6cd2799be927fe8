/* The driver without a server. */
#include "support/db_fault.h"

#include "db/statement.h"

#include <stdio.h>
#include <stdlib.h>

struct null_link {
    struct db_link base;
    struct db_null *null;
};

static void note(struct db_link *link, const char *text) {
    struct db_null *null = ((struct null_link *)link)->null;
    int written =
        snprintf(null->log + null->log_len, sizeof null->log - null->log_len, "%s;", text);
    if (written < 0 || (size_t)written >= sizeof null->log - null->log_len)
        abort();
    null->log_len += (size_t)written;
}

static bool run(struct db_link *link, const char *text, struct db_cause *cause) {
    (void)cause;
    note(link, text);
    return true;
}

/* A handle is the statement itself. */
static struct db_handle *prepare(struct db_link *link, const struct db_sql *sql,
                                 struct db_cause *cause) {
    (void)link;
    (void)cause;
    return (struct db_handle *)(uintptr_t)sql;
}

static bool execute(struct db_link *link, struct db_handle *handle, const struct db_value *values,
                    size_t columns, size_t rows, struct db_effect *ret_effect,
                    struct db_cause *cause) {
    (void)values;
    (void)columns;
    (void)cause;
    const struct db_sql *sql = (const struct db_sql *)handle;
    note(link, sql->text);
    *ret_effect = (struct db_effect){.affected = rows, .has_rows = sql->text[0] == 'S'};
    return true;
}

static int next(struct db_link *link, struct db_handle *handle, struct db_cause *cause) {
    (void)link;
    (void)handle;
    (void)cause;
    return 0;
}

static bool read_row(struct db_link *link, struct db_handle *handle, struct arena *arena,
                     const struct db_into *into, size_t count, struct db_cause *cause) {
    (void)link;
    (void)handle;
    (void)arena;
    (void)into;
    (void)count;
    (void)cause;
    return true;
}

static void finish(struct db_link *link, struct db_handle *handle) {
    (void)link;
    (void)handle;
}

static bool ping(struct db_link *link, struct db_cause *cause) {
    (void)link;
    (void)cause;
    return true;
}

static uint64_t id(const struct db_link *link) {
    (void)link;
    return 1;
}

static void sever(struct db_link *link) {
    (void)link;
}

static void close_link(struct db_link *link) {
    ((struct null_link *)link)->null->open--;
    free(link);
}

static struct db_link *connect_link(const struct db_driver *driver,
                                    const struct db_options *options, struct db_cause *cause) {
    static const struct db_link_ops ops = {
        .run = run,
        .prepare = prepare,
        .execute = execute,
        .next = next,
        .read = read_row,
        .finish = finish,
        .ping = ping,
        .id = id,
        .sever = sever,
        .close = close_link,
    };
    (void)options;
    (void)cause;
    struct db_null *null = (struct db_null *)(uintptr_t)driver;
    struct null_link *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    *self = (struct null_link){.base = {.ops = &ops}, .null = null};
    null->connects++;
    null->open++;
    return &self->base;
}

void db_null_init(struct db_null *null) {
    *null = (struct db_null){.base = {.connect = connect_link}};
}
