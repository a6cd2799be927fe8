/*
 * What is wrong with the input: collected, so that all of it is reported in one run.
 */
#ifndef CODEGEN_PROBLEMS_H
#define CODEGEN_PROBLEMS_H

#include <stddef.h>

#include "base/arena.h"

struct problem {
    const char *file; /* NULL: the plugin's parameter */
    int line;         /* from 1; 0: unknown */
    size_t sequence;
    const char *text;
};

struct problems {
    struct arena *arena;
    struct problem *items;
    size_t count;
    size_t capacity;
};

void problems_init(struct problems *problems, struct arena *arena);

/* `file` must outlive the list. */
void problems_add(struct problems *problems, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* About the plugin's parameter rather than a place in a file. */
void problems_add_parameter(struct problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* All of them, ordered by file and line, one `file:line: message` a line; NULL when there is none.
 * In the arena. */
const char *problems_text(struct problems *problems);

#endif
