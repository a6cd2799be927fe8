#include "domain/language.h"

#include <stddef.h>
#include <string.h>

/* Locale-independent, and false for every byte of multi-byte UTF-8. */
static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char to_lower(char c) {
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static char to_upper(char c) {
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return c;
}

enum { MAX_SUBTAGS = 18 }; /* of one letter each, in 35 characters */

struct subtag {
    char *text; /* within the copy; not terminated */
    size_t len;
    bool alpha; /* letters alone */
    bool digit; /* digits alone */
};

/* Lower-cases while it splits. 0: malformed. */
static size_t split(char *tag, struct subtag subtags[MAX_SUBTAGS]) {
    size_t count = 0;
    char *p = tag;

    for (;;) {
        if (count == MAX_SUBTAGS)
            return 0;
        struct subtag *s = &subtags[count++];
        *s = (struct subtag){.text = p, .alpha = true, .digit = true};
        for (; is_alpha(*p) || is_digit(*p); p++) {
            *p = to_lower(*p);
            s->alpha = s->alpha && is_alpha(*p);
            s->digit = s->digit && is_digit(*p);
        }
        s->len = (size_t)(p - s->text);
        if (s->len < 1 || s->len > 8)
            return 0;
        if (*p == '\0')
            return count;
        if (*p++ != '-')
            return 0;
    }
}

static bool is_variant(const struct subtag *s) {
    return (s->len >= 5 && s->len <= 8) || (s->len == 4 && is_digit(s->text[0]));
}

static bool is_repeated(const struct subtag *subtags, size_t first, size_t i) {
    for (size_t k = first; k < i; k++)
        if (subtags[k].len == subtags[i].len &&
            memcmp(subtags[k].text, subtags[i].text, subtags[i].len) == 0)
            return true;
    return false;
}

/* Extensions ("u-co-phonebk") and private use ("x-whatever") from `i` on. */
static bool tail_is_valid(const struct subtag *subtags, size_t count, size_t i) {
    while (i < count) {
        bool private_use = subtags[i].text[0] == 'x';
        size_t least = private_use ? 1 : 2;
        size_t first = i + 1;

        if (subtags[i].len != 1)
            return false;
        for (i++; i < count && subtags[i].len >= least; i++)
            ;
        if (i == first)
            return false;
        if (private_use && i < count)
            return false;
    }
    return true;
}

bool domain_language_canonical(const char *tag, char ret_tag[DOMAIN_LANGUAGE_BYTES]) {
    char copy[DOMAIN_LANGUAGE_BYTES];
    struct subtag s[MAX_SUBTAGS];

    if (tag == NULL || strnlen(tag, sizeof copy) >= sizeof copy)
        return false;
    memcpy(copy, tag, strlen(tag) + 1);
    size_t count = split(copy, s);
    if (count == 0 || !s[0].alpha || s[0].len < 2 || s[0].len > 3)
        return false;

    size_t i = 1;
    for (int extensions = 0; i < count && extensions < 3 && s[i].alpha && s[i].len == 3;
         extensions++)
        i++;
    if (i < count && s[i].alpha && s[i].len == 4) {
        s[i].text[0] = to_upper(s[i].text[0]);
        i++;
    }
    if (i < count && ((s[i].alpha && s[i].len == 2) || (s[i].digit && s[i].len == 3))) {
        for (size_t k = 0; k < s[i].len; k++)
            s[i].text[k] = to_upper(s[i].text[k]);
        i++;
    }
    for (size_t first = i; i < count && is_variant(&s[i]); i++)
        if (is_repeated(s, first, i))
            return false;
    if (!tail_is_valid(s, count, i))
        return false;
    memcpy(ret_tag, copy, strlen(copy) + 1);
    return true;
}

bool domain_time_zone_valid(const char *name) {
    enum { MAX_BYTES = 64, MAX_PARTS = 3 };
    size_t parts = 1;
    size_t part_len = 0;

    if (name == NULL || !is_alpha(name[0]) || strnlen(name, MAX_BYTES + 1) > MAX_BYTES)
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '/') {
            if (part_len == 0 || ++parts > MAX_PARTS)
                return false;
            part_len = 0;
            continue;
        }
        bool starts = part_len == 0;
        if (!is_alpha(*p) && (starts || (!is_digit(*p) && strchr("_-+", *p) == NULL)))
            return false;
        part_len++;
    }
    return part_len > 0;
}
