#include "domain/search.h"

#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

void domain_terms_init(struct domain_terms *terms) {
    *terms = (struct domain_terms){0};
}

void domain_terms_done(struct domain_terms *terms) {
    free(terms->items);
    domain_terms_init(terms);
}

enum shape {
    SHAPE_SEPARATOR,
    SHAPE_DROPPED,
    SHAPE_WORD,
    SHAPE_DENSE,  /* of a script without spaces */
    SHAPE_SYMBOL, /* a term of its own */
};

static bool is_dense_script(ucs4_t c) {
    static const char *const names[] = {"Han",    "Hiragana",    "Katakana", "Bopomofo",
                                        "Thai",   "Lao",         "Khmer",    "Myanmar",
                                        "Tai_Le", "New_Tai_Lue", "Tai_Tham", "Yi"};
    const uc_script_t *script = uc_script(c);

    if (c == 0x30FC) /* the mark of long vowels belongs to both kana, so its script is Common */
        return true;
    for (size_t i = 0; script != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(script->name, names[i]) == 0)
            return true;
    return false;
}

/* Written or left out as one likes. */
static bool is_dropped(ucs4_t c) {
    return uc_is_property_default_ignorable_code_point(c) || c == 0x0640 ||
           (c >= 0x064B && c <= 0x065F) || c == 0x0670;
}

static enum shape shape_of(ucs4_t c) {
    if (c < 0x80) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            return SHAPE_WORD;
        return c > ' ' && strchr("#$%&*+/<=>@\\^_`|~", (int)c) != NULL ? SHAPE_SYMBOL
                                                                       : SHAPE_SEPARATOR;
    }
    if (is_dropped(c))
        return SHAPE_DROPPED;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
                                                UC_CATEGORY_MASK_N))
        return is_dense_script(c) ? SHAPE_DENSE : SHAPE_WORD;
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_S))
        return SHAPE_SYMBOL;
    return SHAPE_SEPARATOR;
}

/* A position in folded text, and where its terms go. */
struct cutter {
    const uint8_t *text;
    size_t len_bytes;
    size_t at;
    struct domain_terms *terms;
    size_t max_terms;
    bool is_query;
    bool out_of_memory;
};

/* The shape of the code point at the cutter's position; SEPARATOR with *ret_len 0 at the end. */
static enum shape peek(const struct cutter *cutter, size_t *ret_len) {
    uint32_t c = 0;
    *ret_len = 0;
    if (cutter->at >= cutter->len_bytes)
        return SHAPE_SEPARATOR;
    *ret_len =
        utf8_decode((const char *)cutter->text + cutter->at, cutter->len_bytes - cutter->at, &c);
    return *ret_len == 0 ? SHAPE_SEPARATOR : shape_of(c);
}

static bool has_room(struct cutter *cutter) {
    struct domain_terms *terms = cutter->terms;
    if (terms->count < terms->capacity)
        return true;
    size_t capacity = terms->capacity == 0 ? 16 : terms->capacity * 2;
    struct domain_term *items = realloc(terms->items, capacity * sizeof *items);
    if (items == NULL) {
        cutter->out_of_memory = true;
        return false;
    }
    terms->items = items;
    terms->capacity = capacity;
    return true;
}

static struct domain_term *find(const struct domain_terms *terms, const char *text) {
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->items[i].text, text) == 0)
            return &terms->items[i];
    return NULL;
}

static void emit(struct cutter *cutter, const char *text, size_t len_bytes, bool is_prefix) {
    struct domain_term term = {.is_prefix = is_prefix};

    memcpy(term.text, text, len_bytes);
    struct domain_term *known = find(cutter->terms, term.text);
    if (known != NULL) {
        /* The whole word says more than its beginning. */
        known->is_prefix = known->is_prefix && is_prefix;
        return;
    }
    if (cutter->terms->count < cutter->max_terms && has_room(cutter))
        cutter->terms->items[cutter->terms->count++] = term;
}

/* A run of letters, marks and digits; cut at the greatest length, its rest is skipped. */
static void cut_word(struct cutter *cutter) {
    char word[DOMAIN_TERM_MAX_BYTES];
    size_t word_len = 0;
    size_t characters = 0;
    size_t len;
    enum shape shape;

    while ((shape = peek(cutter, &len)) == SHAPE_WORD || (shape == SHAPE_DROPPED && len > 0)) {
        if (shape == SHAPE_WORD && characters < DOMAIN_TERM_MAX_CHARACTERS) {
            memcpy(word + word_len, cutter->text + cutter->at, len);
            word_len += len;
            characters++;
        }
        cutter->at += len;
    }
    emit(cutter, word, word_len, cutter->is_query && len == 0);
}

/* A run of a script without spaces: every pair, and what the last character begins. */
static void cut_dense(struct cutter *cutter) {
    char pair[8]; /* the character before and this one */
    size_t before_len = 0;
    size_t pairs = 0;
    size_t len;
    enum shape shape;

    while ((shape = peek(cutter, &len)) == SHAPE_DENSE || (shape == SHAPE_DROPPED && len > 0)) {
        if (shape == SHAPE_DENSE) {
            memcpy(pair + before_len, cutter->text + cutter->at, len);
            if (before_len > 0) {
                emit(cutter, pair, before_len + len, false);
                pairs++;
                memmove(pair, pair + before_len, len);
            }
            before_len = len;
        }
        cutter->at += len;
    }
    if (!cutter->is_query)
        emit(cutter, pair, before_len, false);
    else if (pairs == 0)
        emit(cutter, pair, before_len, true);
}

static void cut(struct cutter *cutter) {
    size_t len;

    for (;;) {
        if (cutter->terms->count >= cutter->max_terms || cutter->out_of_memory)
            return;
        enum shape shape = peek(cutter, &len);
        if (len == 0)
            return;
        if (shape == SHAPE_WORD) {
            cut_word(cutter);
        } else if (shape == SHAPE_DENSE) {
            cut_dense(cutter);
        } else {
            if (shape == SHAPE_SYMBOL)
                emit(cutter, (const char *)cutter->text + cutter->at, len, false);
            cutter->at += len;
        }
    }
}

/* Normalized before as well: what only normalizing makes a capital letter is to be folded too. */
static uint8_t *fold(const char *text, size_t len_bytes, size_t *ret_len) {
    size_t normal_len = 0;
    uint8_t *normal =
        u8_normalize(UNINORM_NFKC, (const uint8_t *)text, len_bytes, NULL, &normal_len);
    if (normal == NULL)
        return NULL;
    uint8_t *folded = u8_casefold(normal, normal_len, NULL, UNINORM_NFKC, NULL, ret_len);
    free(normal);
    return folded;
}

static struct status add_terms(const char *text, size_t len_bytes, bool is_query,
                               struct domain_terms *terms) {
    size_t folded_len = 0;

    if (!utf8_is_valid(text, len_bytes))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "the text is not UTF-8");
    if (len_bytes == 0)
        return status_ok();
    uint8_t *folded = fold(text, len_bytes, &folded_len);
    if (folded == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");

    struct cutter cutter = {
        .text = folded,
        .len_bytes = folded_len,
        .terms = terms,
        .max_terms = is_query ? DOMAIN_QUERY_MAX_TERMS : DOMAIN_TEXT_MAX_TERMS,
        .is_query = is_query,
    };
    cut(&cutter);
    free(folded);
    if (cutter.out_of_memory)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    return status_ok();
}

struct status domain_terms_of_text(const char *text, size_t len_bytes, struct domain_terms *terms) {
    return add_terms(text, len_bytes, false, terms);
}

struct status domain_terms_of_query(const char *text, size_t len_bytes,
                                    struct domain_terms *ret_terms) {
    struct domain_terms terms;

    domain_terms_init(&terms);
    struct status added = add_terms(text, len_bytes, true, &terms);
    if (!status_is_ok(added)) {
        domain_terms_done(&terms);
        return added;
    }
    domain_terms_done(ret_terms);
    *ret_terms = terms;
    return status_ok();
}

bool domain_prefix_end(const char *prefix, char ret_end[DOMAIN_TERM_MAX_BYTES + 1]) {
    uint32_t last = 0;
    size_t len = strnlen(prefix, DOMAIN_TERM_MAX_BYTES + 1);
    char next[4];

    if (len == 0 || len > DOMAIN_TERM_MAX_BYTES || !utf8_is_valid(prefix, len))
        return false;
    /* The last code point's successor, so that the end is UTF-8 as well. */
    size_t start = len - 1;
    while (start > 0 && ((unsigned char)prefix[start] & 0xC0) == 0x80)
        start--;
    if (utf8_decode(prefix + start, len - start, &last) == 0)
        return false;
    last = last == 0xD7FF ? 0xE000 : last + 1;
    size_t next_len = utf8_encode(last, next);
    if (next_len == 0 || start + next_len > DOMAIN_TERM_MAX_BYTES)
        return false;
    memcpy(ret_end, prefix, start);
    memcpy(ret_end + start, next, next_len);
    ret_end[start + next_len] = '\0';
    return true;
}

bool domain_terms_match(const struct domain_terms *text, const struct domain_terms *query) {
    for (size_t q = 0; q < query->count; q++) {
        const struct domain_term *wanted = &query->items[q];
        size_t len = strlen(wanted->text);
        bool found = false;
        for (size_t t = 0; t < text->count && !found; t++)
            found = wanted->is_prefix ? strncmp(text->items[t].text, wanted->text, len) == 0
                                      : strcmp(text->items[t].text, wanted->text) == 0;
        if (!found)
            return false;
    }
    return true;
}
