/*
 * Values of command-line flags, as the official interop programs take them.
 *
 * Thread-safety: functions without state. They answer false, and leave the out untouched, for what
 * is not such a value.
 */
#ifndef INTEROP_FLAGS_H
#define INTEROP_FLAGS_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number from `min` to `max`. */
static inline bool interop_parse_int(const char *text, int min, int max, int *ret_value) {
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return false;
    *ret_value = (int)value;
    return true;
}

/* "true" or "false"; NULL, as in --flag without a value, is true. */
static inline bool interop_parse_bool(const char *text, bool *ret_value) {
    if (text == NULL || strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *ret_value = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *ret_value = false;
    else
        return false;
    return true;
}

#endif
