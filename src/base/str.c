#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY_BYTES = 64 };

void str_init(struct str *s) {
    *s = (struct str){.bytes = ""}; /* never written to: capacity 0 says so */
}

void str_done(struct str *s) {
    if (s->capacity_bytes > 0)
        free(s->bytes);
    str_init(s);
}

void str_clear(struct str *s) {
    if (s->capacity_bytes > 0)
        s->bytes[0] = '\0';
    s->len_bytes = 0;
    s->failed = false;
}

/* Makes room for `more` bytes and the terminator. */
static bool str_reserve(struct str *s, size_t more) {
    if (s->failed)
        return false;
    if (more < s->capacity_bytes - s->len_bytes)
        return true;
    size_t need;
    if (__builtin_add_overflow(s->len_bytes, more, &need) || need >= SIZE_MAX / 2) {
        s->failed = true;
        return false;
    }
    size_t capacity = s->capacity_bytes ? s->capacity_bytes : FIRST_CAPACITY_BYTES;
    while (capacity <= need)
        capacity *= 2;
    char *grown = realloc(s->capacity_bytes > 0 ? s->bytes : NULL, capacity);
    if (!grown) {
        s->failed = true;
        return false;
    }
    grown[s->len_bytes] = '\0';
    s->bytes = grown;
    s->capacity_bytes = capacity;
    return true;
}

bool str_append_bytes(struct str *s, const void *bytes, size_t len_bytes) {
    if (!str_reserve(s, len_bytes))
        return false;
    if (len_bytes > 0)
        memcpy(s->bytes + s->len_bytes, bytes, len_bytes);
    s->len_bytes += len_bytes;
    s->bytes[s->len_bytes] = '\0';
    return true;
}

bool str_append(struct str *s, const char *text) {
    return str_append_bytes(s, text, strlen(text));
}

bool str_append_char(struct str *s, char c) {
    return str_append_bytes(s, &c, 1);
}

bool str_printf(struct str *s, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool done = str_vprintf(s, format, arguments);
    va_end(arguments);
    return done;
}

bool str_vprintf(struct str *s, const char *format, va_list arguments) {
    if (!str_reserve(s, 0))
        return false;
    va_list again;
    va_copy(again, arguments);
    size_t room = s->capacity_bytes - s->len_bytes;
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the caller started it */
    int len = vsnprintf(s->bytes + s->len_bytes, room, format, arguments);
    if (len < 0) {
        s->bytes[s->len_bytes] = '\0';
        s->failed = true;
    } else if ((size_t)len < room) {
        s->len_bytes += (size_t)len;
    } else {
        s->bytes[s->len_bytes] = '\0';
        if (str_reserve(s, (size_t)len)) {
            vsnprintf(s->bytes + s->len_bytes, (size_t)len + 1, format, again);
            s->len_bytes += (size_t)len;
        }
    }
    va_end(again);
    return !s->failed;
}

static bool append_json_escape(struct str *s, unsigned char c) {
    switch (c) {
    case '"':
        return str_append_bytes(s, "\\\"", 2);
    case '\\':
        return str_append_bytes(s, "\\\\", 2);
    case '\n':
        return str_append_bytes(s, "\\n", 2);
    case '\r':
        return str_append_bytes(s, "\\r", 2);
    case '\t':
        return str_append_bytes(s, "\\t", 2);
    default:
        return str_printf(s, "\\u%04x", (unsigned)c);
    }
}

/* Bytes from the start of `text` that stand for themselves inside a JSON string. */
static size_t json_plain_len(const char *text, size_t len_bytes) {
    size_t i = 0;
    while (i < len_bytes) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        uint32_t code_point;
        size_t step = c < 0x80 ? 1 : utf8_decode(text + i, len_bytes - i, &code_point);
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

bool str_append_json(struct str *s, const char *text, size_t len_bytes) {
    size_t i = 0;
    while (i < len_bytes && !s->failed) {
        size_t plain = json_plain_len(text + i, len_bytes - i);
        str_append_bytes(s, text + i, plain);
        i += plain;
        if (i == len_bytes)
            break;
        unsigned char c = (unsigned char)text[i++];
        if (c < 0x80)
            append_json_escape(s, c);
        else
            str_append(s, "\xEF\xBF\xBD"); /* U+FFFD, one for each byte that fits nowhere */
    }
    return !s->failed;
}

char *str_take(struct str *s) {
    if (!str_reserve(s, 0))
        return NULL;
    char *bytes = s->bytes;
    str_init(s);
    return bytes;
}

bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len) {
    if (a_len != b_len)
        return false;
    const unsigned char *left = a, *right = b;
    volatile unsigned char difference = 0; /* volatile: no early way out by the optimiser */
    for (size_t i = 0; i < a_len; i++)
        difference = (unsigned char)(difference | (left[i] ^ right[i]));
    return difference == 0;
}

bool parse_uint64(const char *text, uint64_t *ret_number) {
    if (!text || *text == '\0')
        return false;
    uint64_t number = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (unsigned)(*p - '0'), &number))
            return false;
    }
    *ret_number = number;
    return true;
}

bool parse_int64(const char *text, int64_t *ret_number) {
    if (!text)
        return false;
    bool negative = *text == '-';
    uint64_t magnitude;
    if (!parse_uint64(text + negative, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    if (negative) /* through -(m - 1) - 1, which does not overflow for INT64_MIN */
        *ret_number = magnitude == 0 ? 0 : -(int64_t)(magnitude - 1) - 1;
    else
        *ret_number = (int64_t)magnitude;
    return true;
}

bool str_starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends_with(const char *text, const char *suffix) {
    size_t text_len = strlen(text), suffix_len = strlen(suffix);
    return suffix_len <= text_len && memcmp(text + text_len - suffix_len, suffix, suffix_len) == 0;
}
