#include "db/script.h"

#include <string.h>
#include <strings.h>

void db_script_init(struct db_script *script, const char *text, size_t len_bytes) {
    *script = (struct db_script){.at = text, .end = text + len_bytes};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *line_end(const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline == NULL ? end : newline;
}

/* A line that says `-- step` and nothing else, beginning at `at`. */
static bool is_marker(const char *at, const char *end) {
    static const char marker[] = "-- step";
    size_t len = sizeof marker - 1;
    if ((size_t)(end - at) < len || memcmp(at, marker, len) != 0)
        return false;
    for (const char *rest = at + len; rest < line_end(at, end); rest++) {
        if (!is_space(*rest))
            return false;
    }
    return true;
}

static bool starts_comment(const char *at, const char *end) {
    size_t left = (size_t)(end - at);
    if (*at == '#')
        return true;
    if (left >= 2 && at[0] == '/' && at[1] == '*')
        return true;
    /* "--" is minus minus unless white space follows. */
    return left >= 2 && at[0] == '-' && at[1] == '-' && (left == 2 || is_space(at[2]));
}

/* Behind a comment; NULL when it is not closed. */
static const char *skip_comment(const char *at, const char *end) {
    if (*at != '/')
        return line_end(at, end);
    for (at += 2; end - at >= 2; at++) {
        if (at[0] == '*' && at[1] == '/')
            return at + 2;
    }
    return NULL;
}

/* Behind a quoted text or name; NULL when it is not closed. A doubled quote is two texts to us. */
static const char *skip_quoted(const char *at, const char *end) {
    char quote = *at;
    for (at++; at < end; at++) {
        if (*at == '\\' && quote != '`' && end - at > 1)
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return NULL;
}

/* To the first token of a statement; false when a comment is not closed. */
static bool skip_to_token(struct db_script *script) {
    const char *at = script->at;
    while (at < script->end) {
        if (is_marker(at, script->end)) {
            script->explicit_steps = true;
            at = line_end(at, script->end);
        } else if (is_space(*at) || *at == ';') {
            at++;
        } else if (starts_comment(at, script->end)) {
            at = skip_comment(at, script->end);
            if (at == NULL)
                return false;
        } else {
            break;
        }
    }
    script->at = at;
    return true;
}

enum db_script_result db_script_next(struct db_script *script, struct db_script_step *ret_step) {
    if (!skip_to_token(script))
        return DB_SCRIPT_UNTERMINATED;
    const char *start = script->at;
    const char *end = script->end;
    const char *at = start;
    if (start == end)
        return DB_SCRIPT_END;

    while (at < end) {
        if (*at == ';' && !script->explicit_steps)
            break;
        if (at > start && at[-1] == '\n' && is_marker(at, end))
            break;
        if (*at == '\'' || *at == '"' || *at == '`')
            at = skip_quoted(at, end);
        else if (starts_comment(at, end))
            at = skip_comment(at, end);
        else
            at++;
        if (at == NULL)
            return DB_SCRIPT_UNTERMINATED;
    }
    script->at = at;
    const char *last = at;
    while (last > start && (is_space(last[-1]) || last[-1] == ';'))
        last--;
    *ret_step = (struct db_script_step){start, (size_t)(last - start)};
    return DB_SCRIPT_STEP;
}

bool db_script_count(const char *text, size_t len_bytes, size_t *ret_count) {
    struct db_script script;
    struct db_script_step step;
    enum db_script_result result;
    size_t count = 0;

    db_script_init(&script, text, len_bytes);
    while ((result = db_script_next(&script, &step)) == DB_SCRIPT_STEP)
        count++;
    if (result == DB_SCRIPT_UNTERMINATED)
        return false;
    *ret_count = count;
    return true;
}

bool db_script_is_definition(const struct db_script_step *step) {
    static const char *const verbs[] = {"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        size_t len = strlen(verbs[i]);
        if (step->len_bytes > len && strncasecmp(step->text, verbs[i], len) == 0 &&
            is_space(step->text[len]))
            return true;
    }
    return false;
}

uint64_t db_script_checksum(const struct db_script_step *step) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < step->len_bytes; i++) {
        hash ^= (unsigned char)step->text[i];
        hash *= UINT64_C(0x100000001b3);
    }
    return hash;
}
