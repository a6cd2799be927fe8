/* Search terms, language tags and zone names, from any text. */
#include "base/str.h"
#include "domain/language.h"
#include "domain/search.h"
#include "fuzz/fuzz_check.h"

#include <string.h>

static void check_terms(const struct domain_terms *terms, size_t max) {
    FUZZ_CHECK(terms->count <= max);
    for (size_t i = 0; i < terms->count; i++) {
        const char *text = terms->items[i].text;
        size_t len = strlen(text);
        char end[DOMAIN_TERM_MAX_BYTES + 1];
        FUZZ_CHECK(len > 0 && len <= DOMAIN_TERM_MAX_BYTES && utf8_is_valid(text, len));
        FUZZ_CHECK(!domain_prefix_end(text, end) || strcmp(text, end) < 0);
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(text, terms->items[k].text) != 0);
    }
}

/* A text is found by itself, unless there was more of it than is indexed. */
static void check_search(const char *bytes, size_t len) {
    struct domain_terms text, query;
    domain_terms_init(&text);
    domain_terms_init(&query);
    struct status of_text = domain_terms_of_text(bytes, len, &text);
    struct status of_query = domain_terms_of_query(bytes, len, &query);
    FUZZ_CHECK(status_is_ok(of_text) == utf8_is_valid(bytes, len));
    FUZZ_CHECK(status_is_ok(of_text) == status_is_ok(of_query));
    check_terms(&text, DOMAIN_TEXT_MAX_TERMS);
    check_terms(&query, DOMAIN_QUERY_MAX_TERMS);
    if (status_is_ok(of_text) && text.count < DOMAIN_TEXT_MAX_TERMS)
        FUZZ_CHECK(domain_terms_match(&text, &query));
    domain_terms_done(&text);
    domain_terms_done(&query);
}

static void check_names(const char *text) {
    char tag[DOMAIN_LANGUAGE_BYTES], again[DOMAIN_LANGUAGE_BYTES];
    if (domain_language_canonical(text, tag)) {
        FUZZ_CHECK(domain_language_canonical(tag, again));
        FUZZ_CHECK(strcmp(tag, again) == 0);
    }
    if (domain_time_zone_valid(text))
        FUZZ_CHECK(strstr(text, "..") == NULL && text[0] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_search(text, size);
    check_names(text);
    free(text);
    return 0;
}
