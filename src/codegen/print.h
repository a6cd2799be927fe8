/*
 * Laying out C: comments, parameter lists, literals. Writes to a stdio stream, whose errors are
 * looked at once, when it is closed.
 */
#ifndef CODEGEN_PRINT_H
#define CODEGEN_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "codegen/source_info.h"

/* Lines of code do not get longer than this if it can be helped. */
enum { PRINT_COLUMNS = 100 };
/* Most parameters of a function. */
enum { PRINT_PARAMETERS_MAX = 8 };

/* The comment of the .proto as a block comment; nothing when there is none. What would end it
 * early, or look like a comment in a comment, is taken apart. */
void print_comment(FILE *out, int indent, const struct source_comment *comment);

/*
 * `head(parameters)tail`, broken at the commas and aligned behind the parenthesis. Parameters are
 * strings, ended by NULL; empty ones are left out. `indent` is that of the line, already printed
 * as part of `head`.
 */
void print_function(FILE *out, const char *head, const char *tail, ...) __attribute__((sentinel));

/* A string literal. */
void print_literal(FILE *out, const char *text);

/* The elements of an array of bytes, indented by one level. */
void print_bytes(FILE *out, const uint8_t *bytes, size_t len_bytes);

/* The shortest literal of type double that reads back as `number`, which is not NaN. */
void print_real(FILE *out, double number);

#endif
