#include "base/config_value.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_MAX_BYTES = 64 * 1024, SHOWN_MAX_BYTES = 200 };

struct unit {
    const char *name;
    int64_t factor;
};

/* From small to large; zero ends the table. */
static const struct unit duration_units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                             {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};

static bool has_bounds(const struct config_setting *setting) {
    return setting->least != 0 || setting->most != 0;
}

static bool within_bounds(const struct config_setting *setting, int64_t number) {
    return !has_bounds(setting) || (number >= setting->least && number <= setting->most);
}

/* With the largest unit that leaves a whole number. */
static void append_with_unit(struct str *out, int64_t number, const struct unit *units) {
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name; unit++) {
        if (number != 0 && number % unit->factor == 0)
            best = unit;
    }
    str_printf(out, "%" PRId64 "%s", number / best->factor, best->name);
}

static void append_range(struct str *out, const struct config_setting *setting,
                         const struct unit *units) {
    if (!has_bounds(setting))
        return;
    if (units) {
        str_append(out, " from ");
        append_with_unit(out, setting->least, units);
        str_append(out, " to ");
        append_with_unit(out, setting->most, units);
    } else if (setting->most == INT64_MAX) {
        str_printf(out, ", at least %" PRId64, setting->least);
    } else {
        str_printf(out, " from %" PRId64 " to %" PRId64, setting->least, setting->most);
    }
}

static void describe_string(const struct config_setting *setting, struct str *out) {
    if (!setting->choices) {
        str_append(out, "a text");
        if (has_bounds(setting))
            str_printf(out, " of %" PRId64 " to %" PRId64 " bytes", setting->least, setting->most);
        return;
    }
    str_append(out, "one of ");
    for (const char *c = setting->choices; *c; c++) {
        if (*c == '|')
            str_append(out, ", ");
        else
            str_append_char(out, *c);
    }
}

void config_value_describe(const struct config_setting *setting, struct str *out) {
    switch (setting->kind) {
    case CONFIG_STRING:
        describe_string(setting, out);
        break;
    case CONFIG_INT:
        str_append(out, "a number");
        if (setting->unit)
            str_printf(out, " of %s", setting->unit);
        append_range(out, setting, NULL);
        break;
    case CONFIG_BOOL:
        str_append(out, "true, false, yes, no, on or off");
        break;
    case CONFIG_DURATION:
        str_append(out, "a duration (ms, s, m, h, d)");
        append_range(out, setting, duration_units);
        break;
    case CONFIG_SIZE:
        str_append(out, "a size (B, KiB, MiB, GiB)");
        append_range(out, setting, size_units);
        break;
    case CONFIG_LIST:
        str_append(out, "items between commas");
        if (has_bounds(setting))
            str_printf(out, ", %" PRId64 " to %" PRId64 " of them", setting->least, setting->most);
        break;
    case CONFIG_PATH:
        str_append(out, "a path");
        break;
    case CONFIG_SECRET:
        str_append(out, "the path of a file that holds the secret");
        break;
    }
}

static bool parse_with_unit(const char *text, const struct unit *units, int64_t *ret_number) {
    size_t digits = strspn(text, "0123456789");
    char number_text[24];
    int64_t number;
    if (digits == 0 || digits >= sizeof number_text)
        return false;
    memcpy(number_text, text, digits);
    number_text[digits] = '\0';
    if (!parse_int64(number_text, &number))
        return false;
    if (number == 0 && text[digits] == '\0') { /* nothing needs no unit */
        *ret_number = 0;
        return true;
    }
    for (const struct unit *unit = units; unit->name; unit++) {
        if (strcmp(text + digits, unit->name) == 0)
            return !__builtin_mul_overflow(number, unit->factor, ret_number);
    }
    return false;
}

static bool parse_bool(const char *text, bool *ret_flag) {
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *ret_flag = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool is_choice(const char *choices, const char *text) {
    size_t len = strlen(text);
    for (const char *at = choices; len > 0;) {
        size_t span = strcspn(at, "|");
        if (span == len && memcmp(at, text, len) == 0)
            return true;
        if (at[span] == '\0')
            return false;
        at += span + 1;
    }
    return false;
}

/* Cuts value->text into items. False: an empty item, or no memory (then `items` is NULL). */
static bool parse_list(struct config_value *value) {
    size_t most = 1;
    for (const char *c = value->text; *c; c++)
        most += *c == ',';
    value->items = calloc(most, sizeof *value->items);
    if (!value->items)
        return false;
    char *at = value->text + strspn(value->text, " \t");
    bool more = *at != '\0';
    while (more) {
        char *end = at + strcspn(at, ",");
        more = *end == ',';
        char *next = more ? end + 1 : end;
        while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (end == at)
            return false;
        *end = '\0';
        value->items[value->item_count++] = at;
        at = next + strspn(next, " \t");
    }
    return true;
}

static bool parse_kind(const struct config_setting *setting, struct config_value *value) {
    const char *text = value->text;
    switch (setting->kind) {
    case CONFIG_STRING:
        return setting->choices ? is_choice(setting->choices, text)
                                : within_bounds(setting, (int64_t)strlen(text));
    case CONFIG_INT:
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the caller frees or hands over the text */
        return parse_int64(text, &value->number) && within_bounds(setting, value->number);
    case CONFIG_BOOL:
        return parse_bool(text, &value->flag);
    case CONFIG_DURATION:
        return parse_with_unit(text, duration_units, &value->number) &&
               within_bounds(setting, value->number);
    case CONFIG_SIZE:
        return parse_with_unit(text, size_units, &value->number) &&
               within_bounds(setting, value->number);
    case CONFIG_LIST:
        return parse_list(value) && within_bounds(setting, (int64_t)value->item_count);
    case CONFIG_PATH:
    case CONFIG_SECRET:
        return true;
    }
    return false;
}

bool config_value_parse(const struct config_setting *setting, const char *text,
                        struct config_value *ret_value, struct str *problem) {
    struct config_value value = {.text = strdup(text)};
    if (!value.text) {
        str_append(problem, "out of memory");
        return false;
    }
    if (parse_kind(setting, &value)) {
        *ret_value = value;
        return true;
    }
    if (setting->kind == CONFIG_LIST && !value.items) {
        str_append(problem, "out of memory");
    } else {
        size_t len = strlen(text);
        str_append(problem, "found \"");
        str_append_json(problem, text, len < SHOWN_MAX_BYTES ? len : SHOWN_MAX_BYTES);
        str_append(problem, len < SHOWN_MAX_BYTES ? "\", allowed: " : "...\", allowed: ");
        config_value_describe(setting, problem);
    }
    config_value_done(&value);
    return false;
}

/* Reads to the end; the number of bytes, or -1 with errno. More than `capacity` is EFBIG. */
static ssize_t read_whole(const char *path, char *ret_bytes, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t got = 0;
    while (len < capacity) {
        got = read(fd, ret_bytes + len, capacity - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    int error = got < 0 ? errno : len == capacity ? EFBIG : 0;
    close(fd);
    errno = error;
    return error ? -1 : (ssize_t)len;
}

bool config_value_read_secret(struct config_value *value, struct str *problem) {
    if (!value->text || value->text[0] == '\0')
        return true;
    char *secret = malloc(SECRET_MAX_BYTES + 1);
    if (!secret) {
        str_append(problem, "out of memory");
        return false;
    }
    ssize_t len = read_whole(value->text, secret, SECRET_MAX_BYTES + 1);
    if (len <= 0) {
        str_printf(problem, "cannot read \"%s\": %s", value->text,
                   len == 0 ? "the file is empty" : strerrordesc_np(errno));
        explicit_bzero(secret, SECRET_MAX_BYTES + 1);
        free(secret);
        return false;
    }
    if (len > 0 && secret[len - 1] == '\n')
        len--;
    if (len > 0 && secret[len - 1] == '\r')
        len--;
    secret[len] = '\0';
    value->secret = secret;
    value->secret_len = (size_t)len;
    return true;
}

void config_value_done(struct config_value *value) {
    if (value->secret)
        explicit_bzero(value->secret, SECRET_MAX_BYTES + 1);
    free(value->secret);
    free(value->items);
    free(value->text);
    *value = (struct config_value){0};
}
