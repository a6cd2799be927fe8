/*
 * Parameters. The library takes a single row as pointers to values, and many rows column by column:
 * numbers as an array, everything else as an array of pointers, NULLs as an array of indicators.
 */
#include "db/datetime.h"
#include "db/mariadb_link.h"
#include "db/statement.h"

#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>

/* What a value that is not the caller's own bytes is converted into. */
union converted {
    MYSQL_TIME time;
    char uuid[UUID_TEXT_BYTES];
    int64_t number;
};

struct column {
    enum db_type type; /* DB_NULL: nothing but NULLs */
    int64_t *numbers;
    void **pointers;
    unsigned long *lengths;
    char *indicators;
    union converted *converted;
};

static void *take(struct mariadb_binding *binding, size_t count, size_t size_bytes) {
    size_t align = alignof(max_align_t);
    size_t at = (binding->used_bytes + align - 1) / align * align;
    binding->used_bytes = at + count * size_bytes;
    return binding->memory == NULL ? NULL : binding->memory + at;
}

static bool is_number(enum db_type type) {
    return type == DB_INT64 || type == DB_UINT64 || type == DB_BOOL || type == DB_DOUBLE;
}

/* Lays a column out; with no memory yet it only counts what will be needed. */
static struct column lay_out(struct mariadb_binding *binding, enum db_type type, size_t rows) {
    struct column column = {.type = type};
    column.indicators = take(binding, rows, sizeof *column.indicators);
    if (is_number(type)) {
        column.numbers = take(binding, rows, sizeof *column.numbers);
        return column;
    }
    column.pointers = take(binding, rows, sizeof *column.pointers);
    column.lengths = take(binding, rows, sizeof *column.lengths);
    if (type == DB_UUID || type == DB_TIME)
        column.converted = take(binding, rows, sizeof *column.converted);
    return column;
}

/* The one type of a column, or false when it has several. */
static bool column_type(const struct db_value *values, size_t columns, size_t rows, size_t index,
                        enum db_type *ret_type) {
    enum db_type type = DB_NULL;
    for (size_t row = 0; row < rows; row++) {
        enum db_type here = values[row * columns + index].type;
        if (here == DB_NULL || here == type)
            continue;
        if (type != DB_NULL)
            return false;
        type = here;
    }
    *ret_type = type;
    return true;
}

static bool to_mysql_time(int64_t time_us, MYSQL_TIME *ret_time) {
    struct db_datetime t;
    if (!db_datetime_from_us(time_us, &t))
        return false;
    *ret_time = (MYSQL_TIME){
        .year = (unsigned int)t.year,
        .month = t.month,
        .day = t.day,
        .hour = t.hour,
        .minute = t.minute,
        .second = t.second,
        .second_part = t.microsecond,
        .time_type = MYSQL_TIMESTAMP_DATETIME,
    };
    return true;
}

/* Puts one value into its place; false for one that the database cannot hold. */
static bool put(struct column *column, size_t row, const struct db_value *value) {
    if (value->type == DB_NULL) {
        column->indicators[row] = STMT_INDICATOR_NULL;
        return true;
    }
    /* lay_out() gave the column what its type needs. */
    assert(is_number(value->type) ? column->numbers != NULL : column->pointers != NULL);
    switch (value->type) {
    case DB_INT64:
    case DB_BOOL:
        column->numbers[row] = value->as.number;
        return true;
    case DB_UINT64:
        memcpy(&column->numbers[row], &value->as.count, sizeof column->numbers[row]);
        return true;
    case DB_DOUBLE:
        memcpy(&column->numbers[row], &value->as.real, sizeof column->numbers[row]);
        return true;
    case DB_TEXT:
    case DB_BYTES:
        /* The library does not write to parameters; its struct merely has no const. */
        column->pointers[row] = (void *)(uintptr_t)value->as.bytes.bytes;
        column->lengths[row] = value->as.bytes.len_bytes;
        return true;
    case DB_UUID:
        assert(column->converted != NULL);
        uuid_format(&value->as.uuid, column->converted[row].uuid);
        column->pointers[row] = column->converted[row].uuid;
        column->lengths[row] = UUID_TEXT_BYTES - 1;
        return true;
    case DB_TIME:
        assert(column->converted != NULL);
        column->pointers[row] = &column->converted[row].time;
        column->lengths[row] = sizeof column->converted[row].time;
        return to_mysql_time(value->as.number, &column->converted[row].time);
    case DB_NULL:
    case DB_INT32:
        break;
    }
    return false;
}

static enum enum_field_types wire_type(enum db_type type) {
    switch (type) {
    case DB_DOUBLE:
        return MYSQL_TYPE_DOUBLE;
    case DB_TEXT:
    case DB_UUID:
        return MYSQL_TYPE_STRING;
    case DB_BYTES:
        return MYSQL_TYPE_BLOB;
    case DB_TIME:
        return MYSQL_TYPE_DATETIME;
    case DB_NULL:
        return MYSQL_TYPE_NULL;
    default:
        return MYSQL_TYPE_LONGLONG;
    }
}

static void fill(MYSQL_BIND *bind, const struct column *column, bool many) {
    *bind = (MYSQL_BIND){.buffer_type = wire_type(column->type)};
    bind->is_unsigned = (my_bool)(column->type == DB_UINT64);
    bind->length = column->lengths;
    if (many) {
        if (column->type == DB_NULL)
            bind->buffer_type = MYSQL_TYPE_STRING; /* the indicators say the rest */
        bind->u.indicator = column->indicators;
        bind->buffer = column->numbers != NULL ? (void *)column->numbers : column->pointers;
    } else if (column->type != DB_NULL) {
        bind->buffer = column->numbers != NULL ? (void *)column->numbers : column->pointers[0];
        bind->buffer_length = column->lengths != NULL ? column->lengths[0] : 0;
    }
}

static bool bind_all(struct mariadb_binding *binding, const struct db_value *values, size_t columns,
                     size_t rows, const struct db_sql *sql, struct db_cause *cause) {
    binding->used_bytes = 0;
    binding->binds = take(binding, columns, sizeof *binding->binds);
    for (size_t i = 0; i < columns; i++) {
        enum db_type type = DB_NULL;
        if (!column_type(values, columns, rows, i, &type)) {
            db_cause_set(cause, DB_ERROR_MISUSE, NULL, sql->text,
                         "column %zu of the rows has several types", i + 1);
            return false;
        }
        struct column column = lay_out(binding, type, rows);
        if (binding->memory == NULL)
            continue;
        for (size_t row = 0; row < rows; row++) {
            if (!put(&column, row, &values[row * columns + i])) {
                db_cause_set(cause, DB_ERROR_MISUSE, NULL, sql->text,
                             "value %zu of row %zu cannot be stored", i + 1, row + 1);
                return false;
            }
        }
        fill(&binding->binds[i], &column, rows > 1);
    }
    return true;
}

bool mariadb_binding_init(struct mariadb_binding *binding, const struct db_value *values,
                          size_t columns, size_t rows, const struct db_sql *sql,
                          struct db_cause *cause) {
    *binding = (struct mariadb_binding){.memory = NULL};
    size_t most = (size_t)INT_MAX / (columns + 1) / sizeof(union converted) / 2;
    if (rows > most) {
        db_cause_set(cause, DB_ERROR_MISUSE, NULL, sql->text, "%zu rows at once", rows);
        return false;
    }
    /* First round: how much. Second: do it. */
    if (!bind_all(binding, values, columns, rows, sql, cause))
        return false;
    binding->size_bytes = binding->used_bytes;
    binding->memory = calloc(1, binding->size_bytes + 1);
    if (binding->memory == NULL) {
        db_cause_set(cause, DB_ERROR_NO_ROOM, NULL, sql->text, "no memory for parameters");
        return false;
    }
    if (bind_all(binding, values, columns, rows, sql, cause))
        return true;
    mariadb_binding_done(binding);
    return false;
}

void mariadb_binding_done(struct mariadb_binding *binding) {
    free(binding->memory);
    *binding = (struct mariadb_binding){.memory = NULL};
}
