#include "service/zone.h"

#include "domain/entitlement.h"
#include "domain/language.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX_BYTES = 64 * 1024,
    HEADER_BYTES = 44,
    COUNTS_AT = 20,
    TYPE_BYTES = 6,
    DAY_S = 86400,
};

/* ---- the file ---- */

/* Where the parts of one data block are. */
struct block {
    const uint8_t *times; /* big-endian, of `time_bytes` each */
    const uint8_t *indices;
    const uint8_t *types;
    size_t time_count;
    size_t type_count;
    size_t time_bytes;
    size_t len_bytes; /* of the whole block, header included */
};

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t get_time(const struct block *block, size_t index) {
    const uint8_t *at = block->times + index * block->time_bytes;
    if (block->time_bytes == 4)
        return (int32_t)get_u32(at);
    return (int64_t)((uint64_t)get_u32(at) << 32 | get_u32(at + 4));
}

static bool read_block(const uint8_t *bytes, size_t len_bytes, size_t time_bytes,
                       struct block *ret_block) {
    if (len_bytes < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return false;
    size_t counts[6]; /* UT indicators, standard indicators, leap seconds, times, types, letters */
    for (size_t i = 0; i < 6; i++) {
        counts[i] = get_u32(bytes + COUNTS_AT + 4 * i);
        if (counts[i] > FILE_MAX_BYTES)
            return false;
    }
    struct block block = {.time_count = counts[3],
                          .type_count = counts[4],
                          .time_bytes = time_bytes,
                          .times = bytes + HEADER_BYTES};
    block.indices = block.times + counts[3] * time_bytes;
    block.types = block.indices + counts[3];
    block.len_bytes = HEADER_BYTES + counts[3] * (time_bytes + 1) + counts[4] * TYPE_BYTES +
                      counts[5] + counts[2] * (time_bytes + 4) + counts[1] + counts[0];
    if (block.len_bytes > len_bytes || block.type_count == 0)
        return false;
    *ret_block = block;
    return true;
}

int32_t service_zone_offset(const uint8_t *bytes, size_t len_bytes, int64_t time_s) {
    struct block block;
    if (!read_block(bytes, len_bytes, 4, &block))
        return 0;
    struct block wide;
    if (bytes[4] >= '2' &&
        read_block(bytes + block.len_bytes, len_bytes - block.len_bytes, 8, &wide))
        block = wide;
    size_t low = 0; /* the number of transitions at or before the time */
    size_t high = block.time_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (get_time(&block, middle) <= time_s)
            low = middle + 1;
        else
            high = middle;
    }
    size_t type = low == 0 ? 0 : block.indices[low - 1];
    return type < block.type_count ? (int32_t)get_u32(block.types + type * TYPE_BYTES) : 0;
}

/* The caller frees it; NULL when there is none. */
static uint8_t *read_zone(const char *directory, const char *zone, size_t *ret_len) {
    char path[PATH_MAX];
    if (!domain_time_zone_valid(zone) ||
        snprintf(path, sizeof path, "%s/%s", directory, zone) >= (int)sizeof path)
        return NULL;
    FILE *file = fopen(path, "rbe");
    uint8_t *bytes = file != NULL ? malloc(FILE_MAX_BYTES) : NULL;
    if (bytes != NULL)
        *ret_len = fread(bytes, 1, FILE_MAX_BYTES, file);
    if (file != NULL)
        fclose(file);
    struct block block;
    if (bytes != NULL && !read_block(bytes, *ret_len, 4, &block)) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

bool service_zone_exists(const char *zone_directory, const char *zone) {
    size_t len_bytes;
    if (strcmp(zone, "UTC") == 0)
        return true;
    uint8_t *bytes = read_zone(zone_directory, zone, &len_bytes);
    bool exists = bytes != NULL;
    free(bytes);
    return exists;
}

/* ---- the calendar ---- */

/* Days since 1970-01-01 of the first of a month, and back (proleptic Gregorian). */
static int64_t days_of_month(int64_t year, int month) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void month_of_days(int64_t days, int *ret_year, int *ret_month) {
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (month <= 2));
    *ret_month = month;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

struct service_month service_month_of(const char *zone_directory, const char *zone,
                                      int64_t time_us) {
    size_t len_bytes = 0;
    uint8_t *bytes = strcmp(zone, "UTC") == 0 ? NULL : read_zone(zone_directory, zone, &len_bytes);
    int64_t time_s = floor_div(time_us, 1000000);
    int32_t offset_s = bytes != NULL ? service_zone_offset(bytes, len_bytes, time_s) : 0;
    int year;
    int month;
    month_of_days(floor_div(time_s + offset_s, DAY_S), &year, &month);

    int64_t local_s =
        days_of_month(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1) * DAY_S;
    int64_t end_s = local_s - offset_s;
    /* The offset at that moment, which may be another than now. */
    if (bytes != NULL)
        end_s = local_s - service_zone_offset(bytes, len_bytes, end_s);
    free(bytes);
    return (struct service_month){.key = domain_month_key(year, month), .end_us = end_s * 1000000};
}
