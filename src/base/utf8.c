#include "base/str.h"

#include <string.h>

/* Bytes of the sequence that `lead` begins, and the payload bits of the lead; 0: no lead byte. */
static size_t sequence_len(unsigned char lead, uint32_t *ret_bits) {
    if (lead < 0x80) {
        *ret_bits = lead;
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        *ret_bits = lead & 0x1Fu;
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *ret_bits = lead & 0x0Fu;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *ret_bits = lead & 0x07u;
        return 4;
    }
    return 0;
}

size_t utf8_decode(const char *text, size_t len_bytes, uint32_t *ret_code_point) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* below: overlong */
    if (len_bytes == 0)
        return 0;
    uint32_t code_point;
    size_t len = sequence_len((unsigned char)text[0], &code_point);
    if (len == 0 || len > len_bytes)
        return 0;
    for (size_t i = 1; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c & 0xC0) != 0x80)
            return 0;
        code_point = code_point << 6 | (c & 0x3Fu);
    }
    if (code_point < least[len] || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point <= 0xDFFF))
        return 0;
    *ret_code_point = code_point;
    return len;
}

/* Bytes of plain ASCII at the start, in whole words of eight: most text is nothing else. */
static size_t ascii_words(const char *text, size_t len_bytes) {
    size_t i = 0;
    for (uint64_t word; len_bytes - i >= sizeof word; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool utf8_is_valid(const char *text, size_t len_bytes) {
    size_t i = 0;
    while (i < len_bytes) {
        i += ascii_words(text + i, len_bytes - i);
        for (size_t word_end = i + sizeof(uint64_t); i < len_bytes && i < word_end;) {
            uint32_t code_point;
            size_t step = utf8_decode(text + i, len_bytes - i, &code_point);
            if (step == 0)
                return false;
            i += step;
        }
    }
    return true;
}

size_t utf8_length(const char *text, size_t len_bytes) {
    size_t count = 0;
    for (size_t i = 0; i < len_bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80; /* all but continuation bytes */
    return count;
}

size_t utf8_encode(uint32_t code_point, char ret_bytes[4]) {
    if (code_point < 0x80) {
        ret_bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        ret_bytes[0] = (char)(0xC0 | code_point >> 6);
        ret_bytes[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point >= 0xD800 && code_point <= 0xDFFF)
        return 0;
    if (code_point < 0x10000) {
        ret_bytes[0] = (char)(0xE0 | code_point >> 12);
        ret_bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        ret_bytes[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    if (code_point > 0x10FFFF)
        return 0;
    ret_bytes[0] = (char)(0xF0 | code_point >> 18);
    ret_bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    ret_bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    ret_bytes[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}
