#include "codegen/parameter.h"

#include <string.h>

#include "codegen/memory.h"
#include "codegen/names.h"

/* One item of the parameter while it is being read. */
struct reader {
    struct arena *arena;
    struct problems *problems;
    struct parameter *into;
};

static bool read_item(struct reader *reader, char *text);
static bool read_access(struct reader *reader, char *value);
static bool read_grant(struct reader *reader, char *text);
static bool is_grant(const char *text);
static void split_roles(struct arena *arena, char *text, struct parameter_access *access);
static bool read_dispatch(struct reader *reader, char *value);
static bool read_prefix(struct reader *reader, char *value);
static bool read_extern(struct reader *reader, char *value);
static char *split(char *text, char separator);
static bool matches(const struct parameter *parameter, const char *name);
static size_t weight(const char *pattern);

static const struct {
    const char *name;
    enum parameter_kind kind;
    bool (*read)(struct reader *reader, char *value);
} kinds[] = {
    {"access", PARAMETER_ACCESS, read_access},
    {"dispatch", PARAMETER_DISPATCH, read_dispatch},
    {"prefix", PARAMETER_PREFIX, read_prefix},
    {"extern", PARAMETER_EXTERN, read_extern},
};

void parameters_parse(struct parameters *parameters, struct arena *arena, const char *text,
                      struct problems *problems) {
    *parameters = (struct parameters){0};
    if (text == NULL)
        return;
    size_t most = 1;
    for (const char *c = text; *c != '\0'; c++)
        most += *c == ',';
    parameters->items = memory_new(arena, most, sizeof(*parameters->items));
    char *rest = memory_text(arena, "%s", text);
    while (rest != NULL) {
        char *item = rest;
        rest = split(item, ',');
        if (item[0] == '\0')
            continue;
        struct parameter *into = &parameters->items[parameters->count];
        *into = (struct parameter){.pattern = "*", .text = memory_text(arena, "%s", item)};
        struct reader reader = {.arena = arena, .problems = problems, .into = into};
        if (read_item(&reader, item))
            parameters->count++;
    }
}

const struct parameter *parameters_find(const struct parameters *parameters,
                                        enum parameter_kind kind, const char *full_name) {
    const struct parameter *best = NULL;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct parameter *candidate = &parameters->items[i];
        if (candidate->kind != kind || !matches(candidate, full_name))
            continue;
        if (best == NULL || weight(candidate->pattern) >= weight(best->pattern))
            best = candidate;
    }
    return best;
}

static bool read_item(struct reader *reader, char *text) {
    char *value = split(text, '=');
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, text) != 0)
            continue;
        if (value == NULL || value[0] == '\0') {
            problems_add_parameter(reader->problems, "`%s` needs a value", text);
            return false;
        }
        reader->into->kind = kinds[i].kind;
        return kinds[i].read(reader, value);
    }
    problems_add_parameter(reader->problems,
                           "`%s` is unknown; there are access, dispatch, prefix and extern",
                           reader->into->text);
    return false;
}

static bool read_access(struct reader *reader, char *value) {
    char *rest = split(value, ':');
    if (is_grant(value)) {
        if (!read_grant(reader, value))
            return false;
    } else {
        reader->into->pattern = value;
        if (rest == NULL) {
            problems_add_parameter(reader->problems,
                                   "`%s` grants nothing; write access=NAME:public, "
                                   "access=NAME:roles=a|b or access=NAME:scope=x",
                                   reader->into->text);
            return false;
        }
    }
    while (rest != NULL) {
        char *grant = rest;
        rest = split(grant, ':');
        if (!read_grant(reader, grant))
            return false;
    }
    const struct parameter_access *access = &reader->into->access;
    if (access->is_public && (access->role_count > 0 || access->scope != NULL)) {
        problems_add_parameter(reader->problems, "`%s` says both public and roles or scope",
                               reader->into->text);
        return false;
    }
    return true;
}

static bool read_grant(struct reader *reader, char *text) {
    struct parameter_access *access = &reader->into->access;
    if (strcmp(text, "public") == 0) {
        access->is_public = true;
        return true;
    }
    char *value = split(text, '=');
    bool has_value = value != NULL && value[0] != '\0';
    if (has_value && strcmp(text, "roles") == 0) {
        split_roles(reader->arena, value, access);
        return true;
    }
    if (has_value && strcmp(text, "scope") == 0) {
        access->scope = value;
        return true;
    }
    problems_add_parameter(reader->problems,
                           "`%s`: a grant is public, roles=a|b or scope=x, not `%s`",
                           reader->into->text, text);
    return false;
}

static bool is_grant(const char *text) {
    return strcmp(text, "public") == 0 || strchr(text, '=') != NULL;
}

static void split_roles(struct arena *arena, char *text, struct parameter_access *access) {
    size_t most = 1;
    for (const char *c = text; *c != '\0'; c++)
        most += *c == '|';
    const char **roles = memory_new(arena, most, sizeof(*roles));
    size_t count = 0;
    for (char *rest = text; rest != NULL;) {
        char *role = rest;
        rest = split(role, '|');
        if (role[0] != '\0')
            roles[count++] = role;
    }
    access->roles = roles;
    access->role_count = count;
}

static bool read_dispatch(struct reader *reader, char *value) {
    char *where = split(value, ':');
    if (where != NULL && (strcmp(where, "poller") == 0 || strcmp(where, "worker") == 0)) {
        reader->into->pattern = value;
        reader->into->on_poller = strcmp(where, "poller") == 0;
        return true;
    }
    problems_add_parameter(reader->problems,
                           "`%s`: write dispatch=NAME:poller or dispatch=NAME:worker",
                           reader->into->text);
    return false;
}

static bool read_prefix(struct reader *reader, char *value) {
    char *prefix = split(value, ':');
    if (prefix != NULL && names_is_prefix(prefix)) {
        reader->into->pattern = value;
        reader->into->prefix = prefix;
        return true;
    }
    problems_add_parameter(reader->problems,
                           "`%s`: write prefix=FILE:NAME, with a name of lower-case letters, "
                           "digits and single underscores",
                           reader->into->text);
    return false;
}

static bool read_extern(struct reader *reader, char *value) {
    reader->into->pattern = value;
    return true;
}

/* Ends `text` at the separator and answers what follows it; NULL when there is none. */
static char *split(char *text, char separator) {
    char *found = strchr(text, separator);
    if (found == NULL)
        return NULL;
    *found = '\0';
    return found + 1;
}

static bool matches(const struct parameter *parameter, const char *name) {
    const char *pattern = parameter->pattern;
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    if (strncmp(pattern, name, len) != 0)
        return false;
    /* A service stands for its methods. */
    bool about_methods =
        parameter->kind == PARAMETER_ACCESS || parameter->kind == PARAMETER_DISPATCH;
    return name[len] == '\0' || (about_methods && name[len] == '.');
}

/* What a pattern says about names: its star says nothing. */
static size_t weight(const char *pattern) {
    size_t len = strlen(pattern);
    return len > 0 && pattern[len - 1] == '*' ? len - 1 : len;
}
