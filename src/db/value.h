/*
 * What goes into a statement and what comes out of a row, typed.
 *
 *     db_exec(tx, &rename_topic, DB_ARGS(db_text(title), db_uuid(&id)), NULL)
 *     db_rows_read(rows, arena, DB_INTO(db_into_uuid(&c->id), db_into_text(&c->title)))
 *
 * Values borrow what they point to until the statement has run. Columns are read into the caller's
 * variables; text and bytes are copied into the arena.
 *
 * Thread-safety: plain values.
 */
#ifndef DB_VALUE_H
#define DB_VALUE_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum db_type {
    DB_NULL,
    DB_INT64,
    DB_UINT64,
    DB_INT32, /* out only: range-checked */
    DB_BOOL,
    DB_DOUBLE, /* averages and rates; never money */
    DB_TEXT,   /* UTF-8; JSON too */
    DB_BYTES,
    DB_UUID,
    DB_TIME, /* DATETIME, UTC, as microseconds since 1970 */
};

struct db_bytes {
    const void *bytes;
    size_t len_bytes;
};

/* One parameter. */
struct db_value {
    enum db_type type;
    union {
        int64_t number; /* DB_INT64, DB_BOOL, DB_TIME */
        uint64_t count; /* DB_UINT64 */
        double real;
        struct db_bytes bytes; /* DB_TEXT, DB_BYTES */
        struct uuid uuid;
    } as;
};

static inline struct db_value db_null(void) {
    return (struct db_value){.type = DB_NULL, .as.number = 0};
}

static inline struct db_value db_int64(int64_t number) {
    return (struct db_value){.type = DB_INT64, .as.number = number};
}

static inline struct db_value db_uint64(uint64_t count) {
    return (struct db_value){.type = DB_UINT64, .as.count = count};
}

static inline struct db_value db_bool(bool flag) {
    return (struct db_value){.type = DB_BOOL, .as.number = flag};
}

static inline struct db_value db_double(double real) {
    return (struct db_value){.type = DB_DOUBLE, .as.real = real};
}

/* A NULL pointer is SQL's NULL, here and below. */
static inline struct db_value db_text_n(const char *text, size_t len_bytes) {
    if (text == NULL)
        return db_null();
    return (struct db_value){.type = DB_TEXT, .as.bytes = {text, len_bytes}};
}

static inline struct db_value db_text(const char *text) {
    return db_text_n(text, text == NULL ? 0 : strlen(text));
}

static inline struct db_value db_bytes(const void *bytes, size_t len_bytes) {
    if (bytes == NULL)
        return db_null();
    return (struct db_value){.type = DB_BYTES, .as.bytes = {bytes, len_bytes}};
}

/* The UUID is copied. */
static inline struct db_value db_uuid(const struct uuid *uuid) {
    if (uuid == NULL)
        return db_null();
    return (struct db_value){.type = DB_UUID, .as.uuid = *uuid};
}

/* Wall clock, microseconds since 1970; years 1000 to 9999. */
static inline struct db_value db_time_us(int64_t time_us) {
    return (struct db_value){.type = DB_TIME, .as.number = time_us};
}

/* `given ? db_time_us(t) : NULL` and the like. */
static inline struct db_value db_when(bool given, struct db_value value) {
    return given ? value : db_null();
}

/* One destination. A NULL column is an error unless the destination is db_nullable(). */
struct db_into {
    enum db_type type;
    bool nullable;
    void *ret;
    bool *ret_present;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses */
#define DB_INTO_FUNCTION(name, kind, c_type)                                                       \
    static inline struct db_into name(c_type *ret) {                                               \
        return (struct db_into){.type = (kind), .nullable = false, .ret = ret};                    \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
DB_INTO_FUNCTION(db_into_int64, DB_INT64, int64_t)
DB_INTO_FUNCTION(db_into_uint64, DB_UINT64, uint64_t)
DB_INTO_FUNCTION(db_into_int32, DB_INT32, int32_t)
DB_INTO_FUNCTION(db_into_bool, DB_BOOL, bool)
DB_INTO_FUNCTION(db_into_double, DB_DOUBLE, double)
DB_INTO_FUNCTION(db_into_text, DB_TEXT, const char *)
DB_INTO_FUNCTION(db_into_bytes, DB_BYTES, struct db_bytes)
DB_INTO_FUNCTION(db_into_uuid, DB_UUID, struct uuid)
DB_INTO_FUNCTION(db_into_time_us, DB_TIME, int64_t)
#undef DB_INTO_FUNCTION

/*
 * Lets a column be NULL: the destination then becomes zero (NULL for text). `ret_present`, which
 * may be NULL, tells the difference.
 */
static inline struct db_into db_nullable(struct db_into into, bool *ret_present) {
    into.nullable = true;
    into.ret_present = ret_present;
    return into;
}

/* Argument lists: an array and its length, in one macro argument each. */
#define DB_ARGS(...)                                                                               \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0
#define DB_INTO(...)                                                                               \
    (const struct db_into[]){__VA_ARGS__},                                                         \
        sizeof((const struct db_into[]){__VA_ARGS__}) / sizeof(struct db_into)

#endif
