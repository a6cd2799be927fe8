/*
 * The kinds of values a setting can have, and how each is read from its text.
 *
 *     string    any text; with `choices`, one of them
 *     int       a decimal number
 *     bool      true, false, yes, no, on, off
 *     duration  a whole number and ms, s, m, h or d: 250ms, 30s, 2h; in milliseconds here. 0 is 0
 *     size      a whole number and B, KiB, MiB or GiB: 64KiB; in bytes here. 0 is 0
 *     list      items between commas, white space around them dropped, none empty; "" is no item
 *     path      a file or directory
 *     secret    the path of a file whose contents are the value (a last line end is dropped), so
 *               that secrets stand neither in the configuration nor in the environment
 *
 * Thread-safety: none; values belong to the config that holds them.
 */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum config_kind {
    CONFIG_STRING,
    CONFIG_INT,
    CONFIG_BOOL,
    CONFIG_DURATION,
    CONFIG_SIZE,
    CONFIG_LIST,
    CONFIG_PATH,
    CONFIG_SECRET,
};

/* One declared setting. Everything it points to outlives the config: tables are `static const`. */
struct config_setting {
    const char *section;
    const char *key;
    enum config_kind kind;
    /* As it would stand in the file. NULL: there is none, the setting must be given. */
    const char *default_text;
    /*
     * Bounds, ends included: of the number (duration in ms, size in bytes), of a string's bytes, of
     * a list's items. Both 0: no bounds.
     */
    int64_t least;
    int64_t most;
    const char *unit;    /* of an int, for people: "connections"; may be NULL */
    const char *choices; /* of a string: "debug|info|warning|error"; NULL: any text */
    const char *help;    /* a sentence or two; '\n' begins a new line */
};

/* A value that was read. Zeroed: none. */
struct config_value {
    char *text; /* as it was given; of a list cut into items. Owned. */
    int64_t number;
    bool flag;
    const char **items; /* into `text`. The array is owned. */
    size_t item_count;
    char *secret; /* the file's contents, terminated. Owned; overwritten when freed. */
    size_t secret_len;
};

/*
 * Reads `text` as the setting's kind and checks it. On failure *ret_value is untouched and a
 * sentence is appended to `problem`: what was found and what is allowed. It does not open the file
 * of a secret. Out of memory is a failure with its own sentence.
 */
bool config_value_parse(const struct config_setting *setting, const char *text,
                        struct config_value *ret_value, struct str *problem);

/* Reads the file of a secret into the value; "" is no secret. Failures as above. */
bool config_value_read_secret(struct config_value *value, struct str *problem);

/* Frees what the value owns and zeroes it. */
void config_value_done(struct config_value *value);

/* Appends what is allowed: "a number of connections from 1 to 500". */
void config_value_describe(const struct config_setting *setting, struct str *out);

#ifdef __cplusplus
}
#endif

#endif
