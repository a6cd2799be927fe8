/*
 * Months of a time zone: what usage is counted under, and when the count starts again.
 *
 * Zones are read from TZif files (RFC 8536), such as Debian's tzdata installs. Times after the last
 * transition of a file (Debian's reach to 2037) have the offset of that transition.
 *
 * Thread-safety: functions without state; they read a small file.
 */
#ifndef SERVICE_ZONE_H
#define SERVICE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service_month {
    int32_t key;    /* domain_month_key() */
    int64_t end_us; /* the first moment of the next month */
};

/* The month of a time. A zone that is unknown or cannot be read counts as UTC. */
struct service_month service_month_of(const char *zone_directory, const char *zone,
                                      int64_t time_us);

/* Whether there is such a zone. */
bool service_zone_exists(const char *zone_directory, const char *zone);

/* Seconds east of UTC by the bytes of a TZif file; 0 for bytes that are none. */
int32_t service_zone_offset(const uint8_t *bytes, size_t len_bytes, int64_t time_s);

#endif
