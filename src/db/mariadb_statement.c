/*
 * Prepared statements: preparing, running, and reading rows column by column straight into the
 * arena. Results are stored by the library first, so that every failure of the network happens
 * inside of execute.
 */
#include "base/arena.h"
#include "base/str.h"
#include "db/datetime.h"
#include "db/mariadb_link.h"
#include "db/statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const struct db_handle *handle, struct db_cause *cause) {
    db_cause_set(cause, mysql_stmt_errno(handle->stmt), mysql_stmt_sqlstate(handle->stmt),
                 handle->sql->text, "%s", mysql_stmt_error(handle->stmt));
    /* An error without a number would look like success. */
    if (cause->number == 0)
        cause->number = DB_ERROR_SERVER_LOST;
    return false;
}

static void free_handle(struct db_handle *handle) {
    if (handle->stmt != NULL)
        (void)mysql_stmt_close(handle->stmt);
    free(handle->cells);
    free(handle);
}

void mariadb_free_handles(struct mariadb_link *self) {
    while (self->handles != NULL) {
        struct db_handle *handle = self->handles;
        self->handles = handle->next;
        free_handle(handle);
    }
}

struct db_handle *mariadb_prepare(struct db_link *link, const struct db_sql *sql,
                                  struct db_cause *cause) {
    struct mariadb_link *self = (struct mariadb_link *)link;
    struct db_handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        goto no_memory;
    handle->sql = sql;
    handle->stmt = mysql_stmt_init(self->mysql);
    if (handle->stmt == NULL)
        goto no_memory;
    if (mysql_stmt_prepare(handle->stmt, sql->text, strlen(sql->text)) != 0) {
        (void)fail(handle, cause);
        free_handle(handle);
        return NULL;
    }
    handle->parameters = mysql_stmt_param_count(handle->stmt);
    handle->is_prepared_anew = strncmp(sql->text, DB_PREPARED_ANEW, strlen(DB_PREPARED_ANEW)) == 0;
    handle->next = self->handles;
    self->handles = handle;
    return handle;

no_memory:
    free(handle);
    db_cause_set(cause, DB_ERROR_NO_ROOM, NULL, sql->text, "no memory for a statement");
    return NULL;
}

/* 0 is a plain execution, more is a bulk of so many rows. */
static bool set_array_size(struct db_handle *handle, unsigned int size) {
    if (handle->array_size == size)
        return true;
    if (mysql_stmt_attr_set(handle->stmt, STMT_ATTR_ARRAY_SIZE, &size) != 0)
        return false;
    handle->array_size = size;
    return true;
}

static bool is_prepared(struct db_handle *handle) {
    const char *text = handle->sql->text;
    if (!handle->is_prepared_anew || !handle->was_executed)
        return true;
    return mysql_stmt_prepare(handle->stmt, text, strlen(text)) == 0;
}

static bool run_bound(struct db_handle *handle, const struct mariadb_binding *binding, size_t rows,
                      struct db_effect *ret_effect, struct db_cause *cause) {
    MYSQL_STMT *stmt = handle->stmt;
    if (!is_prepared(handle) || !set_array_size(handle, rows > 1 ? (unsigned int)rows : 0) ||
        (handle->parameters > 0 && mysql_stmt_bind_param(stmt, binding->binds) != 0) ||
        mysql_stmt_execute(stmt) != 0)
        return fail(handle, cause);
    handle->was_executed = true;

    struct db_effect effect = {.affected = 0};
    if (mysql_stmt_field_count(stmt) > 0) {
        if (mysql_stmt_store_result(stmt) != 0) {
            (void)fail(handle, cause);
            (void)mysql_stmt_free_result(stmt);
            return false;
        }
        effect.has_rows = true;
        effect.rows = mysql_stmt_num_rows(stmt);
    } else {
        effect.affected = mysql_stmt_affected_rows(stmt);
    }
    *ret_effect = effect;
    return true;
}

bool mariadb_execute(struct db_link *link, struct db_handle *handle, const struct db_value *values,
                     size_t columns, size_t rows, struct db_effect *ret_effect,
                     struct db_cause *cause) {
    struct mariadb_binding binding;
    (void)link;

    if (columns != handle->parameters) {
        db_cause_set(cause, DB_ERROR_MISUSE, NULL, handle->sql->text,
                     "%zu values for %zu parameters", columns, handle->parameters);
        return false;
    }
    if (!mariadb_binding_init(&binding, values, columns, rows, handle->sql, cause))
        return false;
    bool done = run_bound(handle, &binding, rows, ret_effect, cause);
    mariadb_binding_done(&binding);
    return done;
}

int mariadb_next(struct db_link *link, struct db_handle *handle, struct db_cause *cause) {
    (void)link;
    /* No columns are bound, so nothing can be cut off here. */
    int result = mysql_stmt_fetch(handle->stmt);
    if (result == 0 || result == MYSQL_DATA_TRUNCATED)
        return 1;
    if (result == MYSQL_NO_DATA)
        return 0;
    (void)fail(handle, cause);
    return -1;
}

void mariadb_finish(struct db_link *link, struct db_handle *handle) {
    (void)link;
    (void)mysql_stmt_free_result(handle->stmt);
}

/* One column of the current row and what is wanted of it. */
struct reading {
    struct db_handle *handle;
    const MYSQL_FIELD *field;
    unsigned int index;
    enum db_type wanted;
    struct arena *arena;
    struct db_cause *cause;
};

static bool complain(const struct reading *r, unsigned int number, const char *what) {
    db_cause_set(r->cause, number, NULL, r->handle->sql->text, "column %u '%s': %s", r->index + 1,
                 r->field->name, what);
    return false;
}

static bool fetch(const struct reading *r, MYSQL_BIND *bind) {
    if (mysql_stmt_fetch_column(r->handle->stmt, bind, r->index, 0) == 0)
        return true;
    return fail(r->handle, r->cause);
}

static bool is_null(const struct reading *r, bool *ret_null) {
    my_bool null = 0;
    unsigned long len = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_BLOB, .is_null = &null, .length = &len};
    if (r->field->type == MYSQL_TYPE_NULL) {
        *ret_null = true;
        return true;
    }
    if (!fetch(r, &bind))
        return false;
    *ret_null = null != 0;
    return true;
}

/* Reads text into `buffer`, or only its length when there is none. */
static bool fetch_text(const struct reading *r, char *buffer, size_t room, size_t *ret_len) {
    unsigned long len = 0;
    MYSQL_BIND bind = {
        .buffer_type = MYSQL_TYPE_STRING, .buffer = buffer, .buffer_length = room, .length = &len};
    if (!fetch(r, &bind))
        return false;
    *ret_len = len;
    return true;
}

static bool range_check(const struct reading *r, bool is_unsigned, uint64_t bits,
                        struct mariadb_cell *ret_cell) {
    int64_t number = (int64_t)bits;
    bool negative = !is_unsigned && number < 0;
    bool fits_int64 = !is_unsigned || bits <= INT64_MAX;
    bool fits = false;

    switch (r->wanted) {
    case DB_DOUBLE:
        ret_cell->as.real = is_unsigned ? (double)bits : (double)number;
        return true;
    case DB_UINT64:
        ret_cell->as.count = bits;
        fits = !negative;
        break;
    case DB_INT64:
        ret_cell->as.number = number;
        fits = fits_int64;
        break;
    case DB_INT32:
        ret_cell->as.number = number;
        fits = fits_int64 && number >= INT32_MIN && number <= INT32_MAX;
        break;
    case DB_BOOL:
        ret_cell->as.number = number;
        fits = bits <= 1;
        break;
    default:
        return complain(r, DB_ERROR_MISUSE, "a number, read as something else");
    }
    return fits || complain(r, DB_ERROR_MISUSE, "the number does not fit");
}

static bool read_integer(const struct reading *r, struct mariadb_cell *ret_cell) {
    uint64_t bits = 0;
    bool is_unsigned = (r->field->flags & UNSIGNED_FLAG) != 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONGLONG,
                       .buffer = &bits,
                       .buffer_length = sizeof bits,
                       .is_unsigned = (my_bool)is_unsigned};
    return fetch(r, &bind) && range_check(r, is_unsigned, bits, ret_cell);
}

static bool read_real(const struct reading *r, struct mariadb_cell *ret_cell) {
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_DOUBLE,
                       .buffer = &ret_cell->as.real,
                       .buffer_length = sizeof ret_cell->as.real};
    if (r->wanted != DB_DOUBLE)
        return complain(r, DB_ERROR_MISUSE, "a floating-point column, read as something else");
    return fetch(r, &bind);
}

/* SUM() of integers is a DECIMAL, and so is AVG(). */
static bool read_decimal(const struct reading *r, struct mariadb_cell *ret_cell) {
    char text[80] = "";
    size_t len;
    int64_t number;
    if (!fetch_text(r, text, sizeof text - 1, &len))
        return false;
    if (len >= sizeof text)
        return complain(r, DB_ERROR_MISUSE, "the number is too long");
    if (r->wanted == DB_DOUBLE) {
        ret_cell->as.real = strtod(text, NULL);
        return true;
    }
    if (!parse_int64(text, &number))
        return complain(r, DB_ERROR_MISUSE, "the number is not whole, or too large");
    return range_check(r, false, (uint64_t)number, ret_cell);
}

static bool read_time(const struct reading *r, struct mariadb_cell *ret_cell) {
    MYSQL_TIME t;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_DATETIME, .buffer = &t, .buffer_length = sizeof t};
    if (r->wanted != DB_TIME)
        return complain(r, DB_ERROR_MISUSE, "a time, read as something else");
    memset(&t, 0, sizeof t);
    if (!fetch(r, &bind))
        return false;
    struct db_datetime datetime = {
        .year = (int32_t)t.year,
        .month = t.month,
        .day = t.day,
        .hour = t.hour,
        .minute = t.minute,
        .second = t.second,
        .microsecond = (uint32_t)t.second_part,
    };
    if (!db_datetime_to_us(&datetime, &ret_cell->as.number))
        return complain(r, DB_ERROR_MISUSE, "not a time");
    return true;
}

static bool read_bytes(const struct reading *r, struct mariadb_cell *ret_cell) {
    size_t len = 0;
    if (r->wanted == DB_UUID) {
        char text[UUID_TEXT_BYTES];
        if (!fetch_text(r, text, sizeof text, &len))
            return false;
        if (!uuid_parse(text, len, &ret_cell->as.uuid))
            return complain(r, DB_ERROR_MISUSE, "not a UUID");
        return true;
    }
    if (r->wanted != DB_TEXT && r->wanted != DB_BYTES)
        return complain(r, DB_ERROR_MISUSE, "text, read as something else");
    if (!fetch_text(r, NULL, 0, &len))
        return false;
    char *copy = r->arena == NULL ? NULL : arena_alloc_raw(r->arena, len + 1);
    if (copy == NULL)
        return complain(r, DB_ERROR_NO_ROOM, "no room in the arena");
    if (len > 0 && !fetch_text(r, copy, len, &len))
        return false;
    copy[len] = '\0';
    ret_cell->as.bytes = (struct db_bytes){copy, len};
    return true;
}

static bool read_cell(const struct reading *r, const struct db_into *into,
                      struct mariadb_cell *ret_cell) {
    if (!is_null(r, &ret_cell->is_null))
        return false;
    if (ret_cell->is_null)
        return into->nullable ? true : complain(r, DB_ERROR_MISUSE, "NULL where none may be");

    switch (r->field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return read_integer(r, ret_cell);
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        return read_real(r, ret_cell);
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return read_decimal(r, ret_cell);
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return read_time(r, ret_cell);
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_ENUM:
    case MYSQL_TYPE_SET:
    case MYSQL_TYPE_JSON:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
        return read_bytes(r, ret_cell);
    default:
        return complain(r, DB_ERROR_MISUSE, "a type that is not read");
    }
}

static void hand_over(const struct db_into *into, const struct mariadb_cell *cell) {
    static const struct mariadb_cell zero;
    const struct mariadb_cell *from = cell->is_null ? &zero : cell;

    if (into->ret_present != NULL)
        *into->ret_present = !cell->is_null;
    switch (into->type) {
    case DB_INT64:
    case DB_TIME:
        *(int64_t *)into->ret = from->as.number;
        break;
    case DB_UINT64:
        *(uint64_t *)into->ret = from->as.count;
        break;
    case DB_INT32:
        *(int32_t *)into->ret = (int32_t)from->as.number;
        break;
    case DB_BOOL:
        *(bool *)into->ret = from->as.number != 0;
        break;
    case DB_DOUBLE:
        *(double *)into->ret = from->as.real;
        break;
    case DB_TEXT:
        *(const char **)into->ret = from->as.bytes.bytes;
        break;
    case DB_BYTES:
        *(struct db_bytes *)into->ret = from->as.bytes;
        break;
    case DB_UUID:
        *(struct uuid *)into->ret = from->as.uuid;
        break;
    case DB_NULL:
        break;
    }
}

static bool make_room(struct db_handle *handle, size_t columns, struct db_cause *cause) {
    if (handle->cell_count >= columns)
        return true;
    struct mariadb_cell *cells = calloc(columns, sizeof *cells);
    if (cells == NULL) {
        db_cause_set(cause, DB_ERROR_NO_ROOM, NULL, handle->sql->text, "no memory for a row");
        return false;
    }
    free(handle->cells);
    handle->cells = cells;
    handle->cell_count = columns;
    return true;
}

bool mariadb_read(struct db_link *link, struct db_handle *handle, struct arena *arena,
                  const struct db_into *into, size_t count, struct db_cause *cause) {
    (void)link;
    size_t columns = mysql_stmt_field_count(handle->stmt);
    if (count != columns) {
        db_cause_set(cause, DB_ERROR_MISUSE, NULL, handle->sql->text,
                     "%zu destinations for %zu columns", count, columns);
        return false;
    }
    if (!make_room(handle, columns, cause))
        return false;
    /* The fields can change when the server prepares the statement anew after a migration. */
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(handle->stmt);
    for (size_t i = 0; i < columns; i++) {
        struct reading r = {.handle = handle,
                            .field = &fields[i],
                            .index = (unsigned int)i,
                            .wanted = into[i].type,
                            .arena = arena,
                            .cause = cause};
        if (!read_cell(&r, &into[i], &handle->cells[i]))
            return false;
    }
    for (size_t i = 0; i < columns; i++)
        hand_over(&into[i], &handle->cells[i]);
    return true;
}
