#include "matrix_file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWERS = 64, MAX_METHODS = 128, MAX_ROWS = 16, LINE_BYTES = 1024 };

const char *const matrix_caller_names[MATRIX_CALLERS] = {
    "none",      "student", "instructor", "host",      "participant", "removed",
    "suspended", "admin",   "service",    "scopeless", "other"};

struct reading {
    struct arena *arena;
    const char *path;
    int line;
    struct matrix matrix;
};

static _Noreturn void give_up(const struct reading *r, const char *what, const char *word) {
    fprintf(stderr, "%s:%d: %s: %s\n", r->path, r->line, what, word != NULL ? word : "nothing");
    exit(70);
}

static const char *keep(struct reading *r, const char *text) {
    return arena_strdup(r->arena, text);
}

static const char *next_word(struct reading *r, char **rest) {
    const char *word = strtok_r(NULL, " \t", rest);
    if (word == NULL)
        give_up(r, "a word is missing", NULL);
    return keep(r, word);
}

static char *trimmed(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static void read_answer(struct reading *r, char **rest) {
    struct matrix *m = &r->matrix;
    if (m->answer_count == MAX_ANSWERS)
        give_up(r, "too many answers", NULL);
    struct matrix_answer *answer = &m->answers[m->answer_count];
    answer->word = next_word(r, rest);
    answer->code = next_word(r, rest);
    const char *reason = strtok_r(NULL, " \t", rest);
    answer->reason = reason != NULL ? keep(r, reason) : NULL;
    m->answer_count++;
}

static const struct matrix_answer *find_answer(struct reading *r, const char *word) {
    for (size_t i = 0; i < r->matrix.answer_count; i++)
        if (strcmp(r->matrix.answers[i].word, word) == 0)
            return &r->matrix.answers[i];
    give_up(r, "an answer that was not explained", word);
}

static void read_method(struct reading *r, char **rest) {
    struct matrix *m = &r->matrix;
    if (m->method_count == MAX_METHODS)
        give_up(r, "too many methods", NULL);
    struct matrix_method *method = &m->methods[m->method_count++];
    const char *path = next_word(r, rest);
    const char *slash = strchr(path, '/');
    if (slash == NULL)
        give_up(r, "not Service/Method", path);
    method->service = arena_printf(r->arena, "%.*s", (int)(slash - path), path);
    method->name = slash + 1;
    const char *scope = next_word(r, rest);
    method->scope = strcmp(scope, "-") != 0 ? scope : NULL;
    method->fields = "";
    method->service_fields = "";
    method->rows = arena_alloc(r->arena, MAX_ROWS * sizeof *method->rows);
}

static void read_row(struct reading *r, const char *state, char **rest) {
    struct matrix *m = &r->matrix;
    if (m->method_count == 0)
        give_up(r, "a row before the first method", state);
    struct matrix_method *method = &m->methods[m->method_count - 1];
    if (method->row_count == MAX_ROWS)
        give_up(r, "too many rows", state);
    struct matrix_row *row = &method->rows[method->row_count++];
    row->state = keep(r, state);
    row->line = r->line;
    for (int i = 0; i < MATRIX_CALLERS; i++)
        row->cells[i] = find_answer(r, next_word(r, rest));
    const char *more = strtok_r(NULL, " \t", rest);
    if (more != NULL)
        give_up(r, "more cells than callers", more);
}

/* The header of a service's part names the columns: it must name them in the order of the code. */
static void check_header(struct reading *r, char **rest) {
    for (int i = 0; i < MATRIX_CALLERS; i++) {
        const char *name = next_word(r, rest);
        if (strcmp(name, matrix_caller_names[i]) != 0)
            give_up(r, "not the caller of this column", name);
    }
}

/* What is long stands on several lines. */
static void add_fields(struct reading *r, const char **fields, const char *more) {
    *fields = arena_printf(r->arena, "%s %s", *fields, more != NULL ? more : "");
}

static const char **current_fields(struct reading *r, bool of_services) {
    if (r->matrix.method_count == 0)
        give_up(r, "fields before the first method", NULL);
    struct matrix_method *method = &r->matrix.methods[r->matrix.method_count - 1];
    return of_services ? &method->service_fields : &method->fields;
}

static void read_line(struct reading *r, char *line) {
    char *text = trimmed(line);
    char *rest = NULL;
    if (text[0] == '\0' || text[0] == '#')
        return;
    const char *word = strtok_r(text, " \t", &rest);
    if (strcmp(word, "answer") == 0)
        read_answer(r, &rest);
    else if (strcmp(word, "method") == 0)
        read_method(r, &rest);
    else if (strcmp(word, "callers") == 0)
        check_header(r, &rest);
    else if (strcmp(word, "send") == 0)
        add_fields(r, current_fields(r, false), rest);
    else if (strcmp(word, "backend") == 0)
        add_fields(r, current_fields(r, true), rest);
    else
        read_row(r, word, &rest);
}

struct matrix matrix_read(struct arena *arena, const char *path) {
    struct reading r = {.arena = arena, .path = path};
    char line[LINE_BYTES];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        give_up(&r, "cannot be read", path);
    r.matrix.answers = arena_alloc(arena, MAX_ANSWERS * sizeof *r.matrix.answers);
    r.matrix.methods = arena_alloc(arena, MAX_METHODS * sizeof *r.matrix.methods);
    while (fgets(line, sizeof line, file) != NULL) {
        r.line++;
        if (strchr(line, '\n') == NULL)
            give_up(&r, "the line is too long, or the last one has no end", line);
        read_line(&r, line);
    }
    fclose(file);
    return r.matrix;
}
