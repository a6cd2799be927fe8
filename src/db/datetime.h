/*
 * DATETIME and microseconds since 1970: the proleptic Gregorian calendar, UTC, no leap seconds.
 *
 * Thread-safety: pure functions.
 */
#ifndef DB_DATETIME_H
#define DB_DATETIME_H

#include <stdbool.h>
#include <stdint.h>

struct db_datetime {
    int32_t year; /* 1000 to 9999, as MariaDB has it */
    uint32_t month;
    uint32_t day;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint32_t microsecond;
};

/* False outside of the years 1000 to 9999. */
bool db_datetime_from_us(int64_t time_us, struct db_datetime *ret_datetime);

/* False for fields out of range, such as MariaDB's zero dates. */
bool db_datetime_to_us(const struct db_datetime *datetime, int64_t *ret_time_us);

#endif
