/*
 * Options of a command line: tables of what there is, and a struct of what was given.
 *
 * An option is written "--name value", "--name=value" or, where it has a letter, "-n value". What
 * follows "--" is an argument, whatever it looks like. Texts are those of argv, nothing is copied.
 */
#ifndef CLIENTS_CLI_OPTIONS_H
#define CLIENTS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

enum option_kind {
    OPTION_FLAG, /* bool */
    OPTION_TEXT, /* char *; NULL: not given; the last one counts */
    OPTION_LIST, /* struct option_list: may be given again, and several separated by commas */
    OPTION_EACH, /* struct option_list: may be given again; commas are part of the text */
};

struct option {
    const char *name; /* without "--" */
    char letter;      /* 0: none */
    enum option_kind kind;
    size_t offset;     /* of its value in the struct of values */
    const char *value; /* what the help calls it; NULL for flags */
    const char *help;
};

struct option_list {
    char **items;
    size_t count;
};

/* A table of options and where their values go. */
struct option_set {
    const struct option *options;
    size_t count;
    void *values;
};

/*
 * Reads the option at arguments[*index], which begins with "-", and its value, which may be the
 * next argument; *index is then that of the last one used. Looks through the sets in order. False
 * with a sentence in `problem` when there is no such option, or its value is missing or one too
 * much.
 */
bool options_read(const struct option_set *sets, size_t set_count, char **arguments, size_t count,
                  size_t *index, struct arena *arena, struct str *problem);

/* Appends one line per option, for --help. */
void options_describe(const struct option *options, size_t count, struct str *text);

#endif
