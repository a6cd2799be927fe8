#include "codegen/print.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where continued lines go when the parenthesis is too far to the right. */
enum { CONTINUATION_INDENT = 4 };

static bool print_short_comment(FILE *out, int indent, const struct source_comment *comment);
static size_t trimmed_length(const char *text);
static void print_defused(FILE *out, char before, const char *text, size_t len);
static void print_comment_text(FILE *out, int indent, const char *text);
static void print_comment_line(FILE *out, int indent, const char *line, size_t len);

void print_comment(FILE *out, int indent, const struct source_comment *comment) {
    if (comment->leading == NULL && comment->trailing == NULL)
        return;
    if (print_short_comment(out, indent, comment))
        return;
    fprintf(out, "%*s/*\n", indent, "");
    if (comment->leading != NULL)
        print_comment_text(out, indent, comment->leading);
    if (comment->leading != NULL && comment->trailing != NULL)
        fprintf(out, "%*s *\n", indent, "");
    if (comment->trailing != NULL)
        print_comment_text(out, indent, comment->trailing);
    fprintf(out, "%*s */\n", indent, "");
}

void print_function(FILE *out, const char *head, const char *tail, ...) {
    const char *parameters[PRINT_PARAMETERS_MAX];
    size_t count = 0;
    size_t longest = 0;
    va_list arguments;
    va_start(arguments, tail);
    for (const char *p; (p = va_arg(arguments, const char *)) != NULL;) {
        if (p[0] == '\0')
            continue;
        assert(count < PRINT_PARAMETERS_MAX);
        parameters[count++] = p;
        longest = strlen(p) > longest ? strlen(p) : longest;
    }
    va_end(arguments);

    size_t tail_len = strcspn(tail, "\n") + 1;
    size_t column = strlen(head) + 1;
    size_t indent = column;
    if (column + longest + tail_len > PRINT_COLUMNS) {
        indent = strspn(head, " ") + CONTINUATION_INDENT;
        column = PRINT_COLUMNS;
    }
    fprintf(out, "%s(", head);
    for (size_t i = 0; i < count; i++) {
        size_t after = i + 1 == count ? tail_len : 1;
        size_t space = i == 0 ? 0 : 1;
        if (column + space + strlen(parameters[i]) + after > PRINT_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            space = 0;
        }
        fprintf(out, "%*s%s%s", (int)space, "", parameters[i], i + 1 == count ? "" : ",");
        column += space + strlen(parameters[i]) + 1;
    }
    fprintf(out, ")%s", tail);
}

void print_literal(FILE *out, const char *text) {
    putc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte >= 0x7f || byte == '?')
            fprintf(out, "\\%03o", byte);
        else
            putc(byte, out);
    }
    putc('"', out);
}

void print_bytes(FILE *out, const uint8_t *bytes, size_t len_bytes) {
    enum { PER_LINE = 16 };
    for (size_t i = 0; i < len_bytes; i++) {
        fputs(i % PER_LINE == 0 ? "    " : " ", out);
        fprintf(out, "0x%02x,", bytes[i]);
        if (i % PER_LINE == PER_LINE - 1 || i + 1 == len_bytes)
            putc('\n', out);
    }
}

void print_real(FILE *out, double number) {
    if (isinf(number)) {
        fputs(number < 0 ? "-INFINITY" : "INFINITY", out);
        return;
    }
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number))
            break;
    }
    fputs(text, out);
    if (strpbrk(text, ".e") == NULL)
        fputs(".0", out);
}

/* A single short line does not need three. */
static bool print_short_comment(FILE *out, int indent, const struct source_comment *comment) {
    if (comment->leading != NULL && comment->trailing != NULL)
        return false;
    const char *text = comment->leading != NULL ? comment->leading : comment->trailing;
    text += strspn(text, " ");
    size_t len = trimmed_length(text);
    if (len == 0 || memchr(text, '\n', len) != NULL || (size_t)indent + len + 6 > PRINT_COLUMNS)
        return false;
    fprintf(out, "%*s/* ", indent, "");
    print_defused(out, ' ', text, len);
    fputs(" */\n", out);
    return true;
}

static void print_comment_text(FILE *out, int indent, const char *text) {
    size_t len = trimmed_length(text);
    for (size_t start = 0; start < len;) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t line = end == NULL ? len - start : (size_t)(end - (text + start));
        print_comment_line(out, indent, text + start, line);
        start += line + 1;
    }
}

static void print_comment_line(FILE *out, int indent, const char *line, size_t len) {
    while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
        len--;
    bool needs_space = len > 0 && line[0] != ' ';
    fprintf(out, "%*s *%s", indent, "", needs_space ? " " : "");
    print_defused(out, needs_space ? ' ' : '*', line, len);
    putc('\n', out);
}

static void print_defused(FILE *out, char before, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if ((before == '*' && text[i] == '/') || (before == '/' && text[i] == '*'))
            putc(' ', out);
        putc(text[i], out);
        before = text[i];
    }
}

static size_t trimmed_length(const char *text) {
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return len;
}
