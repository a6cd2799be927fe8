/*
 * Text: growing strings, UTF-8 checks, comparison of secrets, checked numbers.
 *
 * Thread-safety: functions without state; a struct str belongs to one thread at a time.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A growing, always terminated byte string on the heap. After a failed allocation `failed` is set
 * and further appends do nothing, so that a builder checks once, at the end.
 */
struct str {
    char *bytes; /* terminated; "" before the first append. Owned. */
    size_t len_bytes;
    size_t capacity_bytes;
    bool failed;
};

void str_init(struct str *s);
void str_done(struct str *s);
void str_clear(struct str *s);
bool str_append(struct str *s, const char *text);
bool str_append_bytes(struct str *s, const void *bytes, size_t len_bytes);
bool str_append_char(struct str *s, char c);
bool str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool str_vprintf(struct str *s, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* Appends as the inside of a JSON string: quotes, backslashes and controls escaped, bad UTF-8
 * replaced by U+FFFD. */
bool str_append_json(struct str *s, const char *text, size_t len_bytes);
/* Hands the bytes to the caller, who frees them; the string is empty afterwards. NULL if failed. */
char *str_take(struct str *s);

/* True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(const char *text, size_t len_bytes);
/* Number of code points of well-formed UTF-8. */
size_t utf8_length(const char *text, size_t len_bytes);
/* Reads one code point and returns the bytes it took; 0 at malformed input or the end. */
size_t utf8_decode(const char *text, size_t len_bytes, uint32_t *ret_code_point);
/* Writes one code point; returns the bytes written (1 to 4), 0 for one that has no UTF-8. */
size_t utf8_encode(uint32_t code_point, char ret_bytes[4]);

/* Compares in time that depends on the lengths alone. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* The whole text as a decimal number; false when empty, trailing bytes or out of range. */
bool parse_int64(const char *text, int64_t *ret_number);
bool parse_uint64(const char *text, uint64_t *ret_number);

bool str_starts_with(const char *text, const char *prefix);
bool str_ends_with(const char *text, const char *suffix);

/* Base64 of RFC 4648, standard alphabet; `url` picks the URL-safe one without padding. */
bool base64_encode(struct str *out, const void *bytes, size_t len_bytes, bool url);
/* Strict: no white space, no stray bits; padding optional. *ret_len <= len_bytes / 4 * 3 + 3.
 * After a failure *ret_len is untouched and the contents of the buffer are unspecified. */
bool base64_decode(const char *text, size_t len_bytes, bool url, void *ret_bytes,
                   size_t capacity_bytes, size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
