/* Filters of watchers: matching one conversation, and telling equal filters. */
#include "service/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "service/convert.h"

static bool has_language(const struct store_conversation_query *query, const char *language) {
    for (size_t i = 0; i < query->language_count; i++)
        if (strcasecmp(query->languages[i], language) == 0)
            return true;
    return query->language_count == 0;
}

static bool in_set(unsigned set, unsigned value) {
    return set == 0 || (set & STORE_BIT(value)) != 0;
}

static bool same_id(const struct uuid *a, const struct uuid *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_led_as_asked(const struct store_conversation_query *query,
                            const struct store_conversation *conversation) {
    if (query->has_host && !same_id(&query->host_id, &conversation->host.id))
        return false;
    return !query->has_instructor || (conversation->has_instructor &&
                                      same_id(&query->instructor_id, &conversation->instructor.id));
}

static bool is_priced_as_asked(enum store_pricing pricing,
                               const struct store_conversation *conversation) {
    bool is_free = conversation->price.amount_minor == 0;
    return pricing == STORE_PRICING_ANY || is_free == (pricing == STORE_PRICING_FREE);
}

static bool is_timed_as_asked(const struct store_conversation_query *query, int64_t start_us) {
    return start_us >= query->start_from_us &&
           (query->start_before_us == 0 || start_us < query->start_before_us);
}

bool watch_matches(const struct store_conversation_query *query,
                   const struct store_conversation *conversation) {
    unsigned statuses = query->statuses
                            ? query->statuses
                            : STORE_BIT(DOMAIN_STATUS_SCHEDULED) | STORE_BIT(DOMAIN_STATUS_LIVE);
    bool has_seats =
        conversation->waiting == 0 && conversation->seats_taken < conversation->max_participants;
    return conversation->visibility == DOMAIN_VISIBILITY_PUBLIC &&
           in_set(statuses, conversation->status) && in_set(query->levels, conversation->level) &&
           in_set(query->types, conversation->type) &&
           is_priced_as_asked(query->pricing, conversation) &&
           is_timed_as_asked(query, conversation->start_us) &&
           is_led_as_asked(query, conversation) && (has_seats || !query->with_seats_left) &&
           has_language(query, conversation->language);
}

void watch_round_times(struct store_conversation_query *query) {
    int64_t over_us = query->start_before_us % DOMAIN_MINUTE_US;
    query->start_from_us -= query->start_from_us % DOMAIN_MINUTE_US;
    if (over_us != 0)
        query->start_before_us += DOMAIN_MINUTE_US - over_us;
    if (query->start_before_us > CONVERT_LAST_TIME_US)
        query->start_before_us = CONVERT_LAST_TIME_US;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t watch_filter_key(const struct store_conversation_query *query, char *ret_key,
                        size_t size_bytes) {
    const char *languages[STORE_FILTER_LANGUAGES_MAX];
    char host[UUID_TEXT_BYTES] = "";
    char instructor[UUID_TEXT_BYTES] = "";
    if (query->has_host)
        uuid_format(&query->host_id, host);
    if (query->has_instructor)
        uuid_format(&query->instructor_id, instructor);

    int written =
        snprintf(ret_key, size_bytes, "%u/%u/%u/%d/%" PRId64 "/%" PRId64 "/%s/%s/%d", query->levels,
                 query->types, query->statuses, (int)query->pricing, query->start_from_us,
                 query->start_before_us, host, instructor, query->with_seats_left ? 1 : 0);
    size_t len = written > 0 ? (size_t)written : 0;
    if (query->language_count > 0) {
        memcpy(languages, query->languages, query->language_count * sizeof *languages);
        qsort(languages, query->language_count, sizeof *languages, by_text);
    }
    for (size_t i = 0; i < query->language_count && len < size_bytes; i++) {
        written = snprintf(ret_key + len, size_bytes - len, "/%s", languages[i]);
        len += written > 0 ? (size_t)written : 0;
    }
    return len < size_bytes ? len : size_bytes - 1;
}
