#include "base/config_private.h"

#include <ctype.h>
#include <string.h>

enum { COMPARED_MAX_BYTES = 63 }; /* longer names are compared by their beginning */

/* Appends to the name of a variable: capitals, `_` for everything but letters and digits. */
static void append_variable_part(struct str *out, const char *part) {
    for (const char *c = part; *c; c++) {
        bool plain = isalnum((unsigned char)*c) != 0;
        str_append_char(out, (char)(plain ? toupper((unsigned char)*c) : '_'));
    }
}

bool config_variable_name(struct str *out, const char *prefix, const char *section,
                          const char *key) {
    str_clear(out);
    append_variable_part(out, prefix);
    str_append_char(out, '_');
    append_variable_part(out, section);
    str_append_char(out, '_');
    if (key)
        append_variable_part(out, key);
    return !out->failed;
}

static size_t least_of(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static bool same_letter(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Levenshtein's distance: characters to insert, delete or replace. Capitals do not count. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[COMPARED_MAX_BYTES + 1];
    size_t a_len = strnlen(a, COMPARED_MAX_BYTES), b_len = strnlen(b, COMPARED_MAX_BYTES);
    for (size_t k = 0; k <= b_len; k++)
        row[k] = k;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b_len; k++) {
            size_t replaced = diagonal + !same_letter(a[i - 1], b[k - 1]);
            diagonal = row[k];
            row[k] = least_of(row[k] + 1, row[k - 1] + 1, replaced);
        }
    }
    return row[b_len];
}

const char *config_nearest_section(const struct config *config, const char *section) {
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < config->count; i++) {
        size_t distance = edit_distance(section, config->settings[i].section);
        if (distance < least) {
            least = distance;
            nearest = config->settings[i].section;
        }
    }
    return nearest;
}

const char *config_nearest_key(const struct config *config, const char *section, const char *key) {
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < config->count; i++) {
        const struct config_setting *setting = &config->settings[i];
        if (strcmp(setting->section, section) != 0)
            continue;
        size_t distance = edit_distance(key, setting->key);
        if (distance < least) {
            least = distance;
            nearest = setting->key;
        }
    }
    return nearest;
}
