/*
 * How text looks: colours on terminals, widths, and what a terminal must not get to see.
 */
#ifndef CLIENTS_CLI_STYLE_H
#define CLIENTS_CLI_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"

struct style {
    bool is_terminal;
    bool has_colours;
    size_t columns; /* of the terminal; 0: unbounded */
};

enum tone {
    TONE_PLAIN,
    TONE_STRONG,
    TONE_FAINT,
    TONE_GOOD,
    TONE_WARM,
    TONE_BAD,
    TONE_NAME,
};

/* Colours only on a terminal, and unless NO_COLOR is set or TERM is "dumb". */
struct style style_of(FILE *file);

/* What begins and ends a tone; "" without colours. */
const char *tone_begin(const struct style *style, enum tone tone);
const char *tone_end(const struct style *style, enum tone tone);

/* Columns that it takes on a terminal. */
size_t text_width(const char *text);
/* At most so many columns, with an ellipsis when something was cut. NULL without memory. */
const char *text_cut(struct arena *arena, const char *text, size_t columns);
/*
 * Safe to print: control characters and bidirectional overrides become U+FFFD, bad UTF-8 too. Line
 * breaks become `line_break`. Never NULL: "" without memory.
 */
const char *text_clean(struct arena *arena, const char *text, const char *line_break);

#endif
