/*
 * Search terms: what a text is found by, and what a query looks for.
 *
 * Text is normalized (NFKC, case folded), then cut into terms:
 *   - words: runs of letters, marks and digits ("a1", "go", "conversación");
 *   - in scripts that are written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar, ...) pairs
 * of neighbours: "日本語" is "日本", "本語" and, so that a single character is found too, "語";
 *   - symbols, one by one ("+", "%", "_", "\", an emoji): no character is special.
 * Other punctuation and white space separate. Marks that readers leave out (Arabic vowel signs and
 * tatweel, variation selectors, joiners) are dropped.
 *
 * A text matches a query when it has all of the query's terms. The last word of a query, and a
 * single character of a script without spaces, may be the beginning of a term.
 *
 * Thread-safety: functions without state; results belong to the caller.
 */
#ifndef DOMAIN_SEARCH_H
#define DOMAIN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum {
    DOMAIN_TERM_MAX_CHARACTERS = 32, /* longer words are cut, in texts and queries alike */
    DOMAIN_TERM_MAX_BYTES = DOMAIN_TERM_MAX_CHARACTERS * 4,
    DOMAIN_TEXT_MAX_TERMS = 1024, /* of one text; what comes later is not found */
    DOMAIN_QUERY_MAX_TERMS = 16,  /* of one query; the rest is ignored */
};

struct domain_term {
    char text[DOMAIN_TERM_MAX_BYTES + 1]; /* UTF-8; compare bytes */
    bool is_prefix;                       /* of queries only */
};

struct domain_terms {
    struct domain_term *items; /* without duplicates, in the order of the text. Owned. */
    size_t count;
    size_t capacity;
};

void domain_terms_init(struct domain_terms *terms);
void domain_terms_done(struct domain_terms *terms);

/*
 * Adds the terms of a text that is to be found; call it for title, topic and description in turn.
 * Well-formed UTF-8; anything else adds nothing and is INVALID_ARGUMENT. RESOURCE_EXHAUSTED without
 * memory: then what was added before stays.
 */
struct status domain_terms_of_text(const char *text, size_t len_bytes,
                                   struct domain_terms *terms) STATUS_MUST_USE;

/* Sets `terms` to those of a query; none for a query of separators alone, which finds everything.
 */
struct status domain_terms_of_query(const char *text, size_t len_bytes,
                                    struct domain_terms *ret_terms) STATUS_MUST_USE;

/*
 * The end of a prefix's range: `term >= prefix AND term < end`, by bytes. False when the prefix has
 * no end (only for one that is not UTF-8).
 */
bool domain_prefix_end(const char *prefix, char ret_end[DOMAIN_TERM_MAX_BYTES + 1]);

/* True when every term of the query is in the text's: what the database decides, for watchers. */
bool domain_terms_match(const struct domain_terms *text, const struct domain_terms *query);

#endif
