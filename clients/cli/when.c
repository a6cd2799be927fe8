#include "clients/cli/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, TWO_DAYS = 172800, WEEK = 604800, MAX_DIGITS = 6 };

static int64_t unit_seconds(char unit) {
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return MINUTE;
    case 'h':
        return HOUR;
    case 'd':
        return DAY;
    case 'w':
        return WEEK;
    default:
        return 0;
    }
}

bool when_parse_duration(const char *text, int64_t *ret_seconds) {
    int64_t total = 0;
    if (text[0] == '\0')
        return false;
    while (*text != '\0') {
        int64_t number = 0;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > MAX_DIGITS)
            return false;
        for (size_t i = 0; i < digits; i++)
            number = number * 10 + (text[i] - '0');
        int64_t unit = unit_seconds(text[digits]);
        if (unit == 0)
            return false;
        total += number * unit;
        text += digits + 1;
        text += strspn(text, " ");
    }
    *ret_seconds = total;
    return true;
}

/* Two digits; -1 when they are not. */
static int two_digits(const char *text) {
    return strspn(text, "0123456789") >= 2 ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

/* "Z", "+09:00" or "-0330": seconds east of Greenwich. */
static bool parse_zone(const char *text, int64_t *ret_offset_s) {
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *ret_offset_s = 0;
        return true;
    }
    if (text[0] != '+' && text[0] != '-')
        return false;
    int hours = two_digits(text + 1);
    if (hours < 0 || hours > 23)
        return false;
    const char *rest = text + 3 + (text[3] == ':');
    int minutes = two_digits(rest);
    if (minutes < 0 || minutes > 59 || rest[2] != '\0')
        return false;
    int64_t offset = (int64_t)hours * HOUR + (int64_t)minutes * MINUTE;
    *ret_offset_s = text[0] == '-' ? -offset : offset;
    return true;
}

static const char *skip_fraction(const char *text) {
    if (*text != '.')
        return text;
    return text + 1 + strspn(text + 1, "0123456789");
}

static bool parse_calendar(const char *text, int64_t *ret_time_s) {
    struct tm tm = {.tm_isdst = -1};
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    if (rest == NULL)
        return false;
    if (*rest == 'T' || *rest == 't' || *rest == ' ') {
        const char *clock = rest + 1;
        rest = strptime(clock, "%H:%M:%S", &tm);
        if (rest == NULL)
            rest = strptime(clock, "%H:%M", &tm);
        if (rest == NULL)
            return false;
        rest = skip_fraction(rest);
    }
    time_t time;
    int64_t offset_s = 0;
    if (*rest == '\0')
        time = mktime(&tm);
    else if (parse_zone(rest, &offset_s))
        time = timegm(&tm);
    else
        return false;
    *ret_time_s = (int64_t)time - offset_s;
    return true;
}

bool when_parse(const char *text, int64_t now_s, int64_t *ret_time_s) {
    int64_t distance_s;
    if (strcmp(text, "now") == 0) {
        *ret_time_s = now_s;
        return true;
    }
    if (str_starts_with(text, "in ") || text[0] == '+') {
        if (!when_parse_duration(text + (text[0] == '+' ? 1 : 3), &distance_s))
            return false;
        *ret_time_s = now_s + distance_s;
        return true;
    }
    return parse_calendar(text, ret_time_s);
}

Google__Protobuf__Timestamp *when_message(struct arena *arena, int64_t time_s) {
    Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof *time);
    if (time == NULL)
        return NULL;
    google__protobuf__timestamp__init(time);
    time->seconds = time_s;
    return time;
}

static bool broken_down(const Google__Protobuf__Timestamp *time, bool local, struct tm *ret_tm) {
    time_t seconds = (time_t)time->seconds;
    return (local ? localtime_r(&seconds, ret_tm) : gmtime_r(&seconds, ret_tm)) != NULL;
}

void when_format_rfc3339(const Google__Protobuf__Timestamp *time, char text[WHEN_RFC3339_BYTES]) {
    struct tm tm;
    text[0] = '\0';
    if (!broken_down(time, false, &tm))
        return;
    size_t len = strftime(text, WHEN_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    if (len > 0 && time->nanos > 0 && time->nanos < 1000000000)
        snprintf(text + len, WHEN_RFC3339_BYTES - len, ".%03dZ", time->nanos / 1000000);
    else if (len > 0)
        snprintf(text + len, WHEN_RFC3339_BYTES - len, "Z");
}

static const char *format(struct arena *arena, const Google__Protobuf__Timestamp *time,
                          const char *how) {
    char text[64];
    struct tm tm;
    if (time == NULL || !broken_down(time, true, &tm) || strftime(text, sizeof text, how, &tm) == 0)
        return "-";
    const char *copy = arena_strdup(arena, text);
    return copy != NULL ? copy : "-";
}

const char *when_format(struct arena *arena, const Google__Protobuf__Timestamp *time) {
    return format(arena, time, "%Y-%m-%d %H:%M");
}

const char *when_format_clock(struct arena *arena, const Google__Protobuf__Timestamp *time) {
    return format(arena, time, "%H:%M:%S");
}

const char *when_format_distance(struct arena *arena, const Google__Protobuf__Timestamp *time,
                                 int64_t now_s) {
    if (time == NULL)
        return "-";
    int64_t distance = time->seconds - now_s;
    int64_t size = distance < 0 ? -distance : distance;
    int64_t number = size < HOUR ? size / MINUTE : size < TWO_DAYS ? size / HOUR : size / DAY;
    const char *unit = size < HOUR ? "min" : size < TWO_DAYS ? "h" : "days";
    if (number == 0)
        return "now";
    const char *text =
        arena_printf(arena, distance < 0 ? "%lld %s ago" : "in %lld %s", (long long)number, unit);
    return text != NULL ? text : "-";
}
