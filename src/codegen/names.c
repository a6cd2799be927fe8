#include "codegen/names.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/memory.h"

enum spelling { SPELL_LOWER, SPELL_UPPER };

static size_t spell_camel(char *out, const char *piece, size_t len);
static size_t spell_words(char *out, const char *piece, size_t len, enum spelling spelling);
static const char *spell_text(struct arena *arena, const char *text, enum spelling spelling);
static const char *join_pieces(struct arena *arena, const char *full_name,
                               size_t (*spell_piece)(char *out, const char *piece, size_t len));
static size_t spell_lower_words(char *out, const char *piece, size_t len);
static size_t spell_upper_words(char *out, const char *piece, size_t len);
static bool is_taken_member(const char *word);
static int compare_words(const void *key, const void *element);

/* <ctype.h> depends on the locale; identifiers do not. */
static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char to_upper(char c) {
    if (is_lower(c))
        return (char)(c - 'a' + 'A');
    return c;
}

static char to_lower(char c) {
    if (is_upper(c))
        return (char)(c - 'A' + 'a');
    return c;
}

static char spell(char c, enum spelling spelling) {
    if (spelling == SPELL_UPPER)
        return to_upper(c);
    return to_lower(c);
}

const char *names_protobuf_c_type(struct arena *arena, const char *full_name) {
    return join_pieces(arena, full_name, spell_camel);
}

const char *names_protobuf_c_lower(struct arena *arena, const char *full_name) {
    return join_pieces(arena, full_name, spell_lower_words);
}

const char *names_protobuf_c_upper(struct arena *arena, const char *full_name) {
    return join_pieces(arena, full_name, spell_upper_words);
}

const char *names_snake(struct arena *arena, const char *piece) {
    size_t len = strlen(piece);
    char *text = memory_new(arena, 2 * len + 1, 1);
    spell_lower_words(text, piece, len);
    return text;
}

const char *names_upper_snake(struct arena *arena, const char *piece) {
    size_t len = strlen(piece);
    char *text = memory_new(arena, 2 * len + 1, 1);
    spell_upper_words(text, piece, len);
    return text;
}

const char *names_join(struct arena *arena, const char *a, const char *b) {
    return a[0] == '\0' ? memory_text(arena, "%s", b) : memory_text(arena, "%s_%s", a, b);
}

const char *names_macro(struct arena *arena, const char *text) {
    return spell_text(arena, text, SPELL_UPPER);
}

const char *names_flat(struct arena *arena, const char *text) {
    return spell_text(arena, text, SPELL_LOWER);
}

const char *names_member(struct arena *arena, const char *piece) {
    const char *name = names_snake(arena, piece);
    return is_taken_member(name) ? memory_text(arena, "%s_", name) : name;
}

const char *names_method(struct arena *arena, const char *piece) {
    static const char *const taken[] = {"handlers", "method_count", "methods", "register"};
    const char *name = names_snake(arena, piece);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (strcmp(name, taken[i]) == 0)
            return memory_text(arena, "%s_", name);
    }
    return name;
}

bool names_is_prefix(const char *text) {
    if (!is_lower(text[0]))
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_lower(*c) && !is_digit(*c) && *c != '_')
            return false;
        if (c[0] == '_' && (c[1] == '_' || c[1] == '\0'))
            return false;
    }
    return true;
}

/* protobuf-c's ToCamel: underscores vanish, the letter after one is a capital. */
static size_t spell_camel(char *out, const char *piece, size_t len) {
    size_t n = 0;
    bool capital = true;
    for (size_t i = 0; i < len; i++) {
        if (piece[i] == '_') {
            capital = true;
            continue;
        }
        out[n] = piece[i];
        if (capital)
            out[n] = to_upper(piece[i]);
        n++;
        capital = false;
    }
    return n;
}

/* protobuf-c's CamelToLower and CamelToUpper. */
static size_t spell_words(char *out, const char *piece, size_t len, enum spelling spelling) {
    size_t n = 0;
    bool after_capital = true; /* no underscore at the start */
    for (size_t i = 0; i < len; i++) {
        bool capital = is_upper(piece[i]);
        if (capital && !after_capital)
            out[n++] = '_';
        out[n++] = spell(piece[i], spelling);
        after_capital = capital;
    }
    return n;
}

static const char *spell_text(struct arena *arena, const char *text, enum spelling spelling) {
    char *copy = memory_text(arena, "%s", text);
    for (char *c = copy; *c != '\0'; c++) {
        if (!is_upper(*c) && !is_lower(*c) && !is_digit(*c))
            *c = '_';
        else
            *c = spell(*c, spelling);
    }
    return copy;
}

static const char *join_pieces(struct arena *arena, const char *full_name,
                               size_t (*spell_piece)(char *out, const char *piece, size_t len)) {
    /* Each character becomes at most two, a dot too. */
    char *text = memory_new(arena, 2 * strlen(full_name) + 1, 1);
    size_t n = 0;
    for (const char *piece = full_name; *piece != '\0';) {
        size_t len = strcspn(piece, ".");
        if (len > 0 && n > 0) {
            text[n++] = '_';
            text[n++] = '_';
        }
        n += spell_piece(text + n, piece, len);
        piece += len;
        if (*piece == '.')
            piece++;
    }
    return text;
}

static size_t spell_lower_words(char *out, const char *piece, size_t len) {
    return spell_words(out, piece, len, SPELL_LOWER);
}

static size_t spell_upper_words(char *out, const char *piece, size_t len) {
    return spell_words(out, piece, len, SPELL_UPPER);
}

/* Up to C23, and GNU C. Sorted. */
static const char *const c_keywords[] = {
    "alignas",       "alignof",      "asm",      "auto",          "bool",
    "break",         "case",         "char",     "const",         "constexpr",
    "continue",      "default",      "do",       "double",        "else",
    "enum",          "extern",       "false",    "float",         "for",
    "goto",          "if",           "inline",   "int",           "long",
    "nullptr",       "register",     "restrict", "return",        "short",
    "signed",        "sizeof",       "static",   "static_assert", "struct",
    "switch",        "thread_local", "true",     "typedef",       "typeof",
    "typeof_unqual", "union",        "unsigned", "void",          "volatile",
    "while",
};

/* Those that C++20 adds. Sorted. */
static const char *const cpp_keywords[] = {
    "and",       "and_eq",       "bitand",     "bitor",     "catch",     "char16_t",
    "char32_t",  "char8_t",      "class",      "co_await",  "co_return", "co_yield",
    "compl",     "concept",      "const_cast", "consteval", "constinit", "decltype",
    "delete",    "dynamic_cast", "explicit",   "export",    "friend",    "mutable",
    "namespace", "new",          "noexcept",   "not",       "not_eq",    "operator",
    "or",        "or_eq",        "private",    "protected", "public",    "reinterpret_cast",
    "requires",  "static_cast",  "template",   "this",      "throw",     "try",
    "typeid",    "typename",     "using",      "virtual",   "wchar_t",   "xor",
    "xor_eq",
};

#define CONTAINS(list, word)                                                                       \
    (bsearch((word), (list), sizeof(list) / sizeof((list)[0]), sizeof((list)[0]),                  \
             compare_words) != NULL)

bool names_is_c_keyword(const char *word) {
    return CONTAINS(c_keywords, word);
}

static bool is_taken_member(const char *word) {
    return strcmp(word, "self") == 0 || CONTAINS(c_keywords, word) || CONTAINS(cpp_keywords, word);
}

static int compare_words(const void *key, const void *element) {
    return strcmp(key, *(const char *const *)element);
}
