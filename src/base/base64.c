#include "base/str.h"

static const char standard_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool base64_encode(struct str *out, const void *bytes, size_t len_bytes, bool url) {
    const char *digits = url ? url_digits : standard_digits;
    const unsigned char *in = bytes;
    for (size_t i = 0; i < len_bytes && !out->failed; i += 3) {
        size_t have = len_bytes - i < 3 ? len_bytes - i : 3;
        uint32_t group = (uint32_t)in[i] << 16;
        if (have > 1)
            group |= (uint32_t)in[i + 1] << 8;
        if (have > 2)
            group |= in[i + 2];
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], '=', '='};
        if (have > 1)
            four[2] = digits[group >> 6 & 63];
        if (have > 2)
            four[3] = digits[group & 63];
        str_append_bytes(out, four, url ? have + 1 : 4);
    }
    return !out->failed;
}

/* 0..63, or -1 for what is not in the alphabet. */
static int digit_value(char c, bool url) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    if (c == (url ? '_' : '/'))
        return 63;
    return -1;
}

/* The length without padding; false when the padding is there but wrong. */
static bool strip_padding(const char *text, size_t len_bytes, size_t *ret_len) {
    size_t len = len_bytes;
    while (len > 0 && len_bytes - len < 2 && text[len - 1] == '=')
        len--;
    if (len != len_bytes && len_bytes % 4 != 0)
        return false;
    *ret_len = len;
    return true;
}

bool base64_decode(const char *text, size_t len_bytes, bool url, void *ret_bytes,
                   size_t capacity_bytes, size_t *ret_len) {
    size_t digits;
    if (!strip_padding(text, len_bytes, &digits) || digits % 4 == 1)
        return false;
    size_t len = digits / 4 * 3 + (digits % 4 > 0 ? digits % 4 - 1 : 0);
    if (len > capacity_bytes)
        return false;
    unsigned char *out = ret_bytes;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_value(text[i], url);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            *out++ = (unsigned char)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    if (bits != 0) /* stray bits: another text would decode to the same bytes */
        return false;
    *ret_len = len;
    return true;
}
