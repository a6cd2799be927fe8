/*
 * The plugin's parameter: what `--grpc-c_opt=` (or the text before the colon of `--grpc-c_out=`)
 * says, comma separated.
 *
 *     access=[PATTERN:]GRANT[:GRANT...]   who may call methods whose contract does not say
 *     dispatch=PATTERN:worker|poller      where handlers run whose contract does not say
 *     prefix=PATTERN:C_PREFIX             (c_prefix) of files that have none
 *     extern=PATTERN                      imports whose generated code is linked from elsewhere
 *
 * A GRANT is `public`, `roles=a|b` or `scope=x`. A PATTERN is the full name of a method, of a
 * service (for all its methods) or of a file, or the beginning of a name followed by `*`. Of
 * several that fit, the longest wins.
 */
#ifndef CODEGEN_PARAMETER_H
#define CODEGEN_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codegen/problems.h"

struct parameter_access {
    bool is_public;
    const char *const *roles;
    size_t role_count;
    const char *scope; /* NULL: none */
};

enum parameter_kind {
    PARAMETER_ACCESS,
    PARAMETER_DISPATCH,
    PARAMETER_PREFIX,
    PARAMETER_EXTERN,
};

struct parameter {
    enum parameter_kind kind;
    const char *pattern;
    const char *text;               /* as it was written, for messages */
    struct parameter_access access; /* PARAMETER_ACCESS */
    bool on_poller;                 /* PARAMETER_DISPATCH */
    const char *prefix;             /* PARAMETER_PREFIX */
};

struct parameters {
    struct parameter *items;
    size_t count;
};

/* `text` may be NULL. What cannot be read is a problem and is left out. */
void parameters_parse(struct parameters *parameters, struct arena *arena, const char *text,
                      struct problems *problems);

/* The one of this kind that fits `full_name` best; NULL when none does. */
const struct parameter *parameters_find(const struct parameters *parameters,
                                        enum parameter_kind kind, const char *full_name);

#endif
