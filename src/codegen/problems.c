#include "codegen/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/memory.h"

static void add(struct problems *problems, const char *file, int line, const char *format,
                va_list arguments);
static int compare(const void *a, const void *b);
static const char *line_text(struct arena *arena, const struct problem *problem);

void problems_init(struct problems *problems, struct arena *arena) {
    *problems = (struct problems){.arena = arena};
}

void problems_add(struct problems *problems, const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(problems, file, line, format, arguments);
    va_end(arguments);
}

void problems_add_parameter(struct problems *problems, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(problems, NULL, 0, format, arguments);
    va_end(arguments);
}

const char *problems_text(struct problems *problems) {
    if (problems->count == 0)
        return NULL;
    qsort(problems->items, problems->count, sizeof(*problems->items), compare);
    const char **lines = memory_new(problems->arena, problems->count, sizeof(*lines));
    size_t len = 1;
    for (size_t i = 0; i < problems->count; i++) {
        lines[i] = line_text(problems->arena, &problems->items[i]);
        len += strlen(lines[i]);
    }
    char *text = memory_new(problems->arena, len, 1);
    char *end = text;
    for (size_t i = 0; i < problems->count; i++)
        end = stpcpy(end, lines[i]);
    end[-1] = '\0'; /* protoc ends the last line itself */
    return text;
}

static void add(struct problems *problems, const char *file, int line, const char *format,
                va_list arguments) {
    if (problems->count == problems->capacity) {
        size_t capacity = problems->capacity == 0 ? 16 : 2 * problems->capacity;
        struct problem *items = memory_new(problems->arena, capacity, sizeof(*items));
        if (problems->count > 0)
            memcpy(items, problems->items, problems->count * sizeof(*items));
        problems->items = items;
        problems->capacity = capacity;
    }
    problems->items[problems->count] = (struct problem){
        .file = file,
        .line = line,
        .sequence = problems->count,
        .text = memory_vtext(problems->arena, format, arguments),
    };
    problems->count++;
}

static int compare(const void *a, const void *b) {
    const struct problem *x = a;
    const struct problem *y = b;
    int by_file = strcmp(x->file == NULL ? "" : x->file, y->file == NULL ? "" : y->file);
    if (by_file != 0)
        return by_file;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->sequence < y->sequence ? -1 : 1;
}

static const char *line_text(struct arena *arena, const struct problem *problem) {
    if (problem->file == NULL)
        return memory_text(arena, "parameter: %s\n", problem->text);
    if (problem->line == 0)
        return memory_text(arena, "%s: %s\n", problem->file, problem->text);
    return memory_text(arena, "%s:%d: %s\n", problem->file, problem->line, problem->text);
}
