/*
 * WatchConversations: many streams with a few filters, while others book and cancel; in the end
 * every watcher's page must be what ListConversations says.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

enum {
    FILTERS = 20,
    ROWS_MAX = 256,
    PAGE = 200,
    DAY_S = 86400,
    TIMEOUT_MS = 20000,
    SNAPSHOT_SECONDS = 60, /* until all have their first page */
    SETTLE_SECONDS = 20,   /* until the last changes have arrived */
    LOOK_EVERY_MS = 100,
};

struct row {
    char id[UUID_TEXT_BYTES];
    uint64_t digest; /* of all that is told of it */
};

struct watcher {
    struct api_bench *bench;
    struct rpc_client_call *call;
    pthread_mutex_t lock; /* everything below */
    struct row rows[ROWS_MAX];
    size_t count;
    size_t snapshots;
    bool has_ended;
};

/* ---- filters ---- */

/* Zero is not asked. */
struct watch_case {
    const char *language;
    lc_cefr_level level;
    lc_conversation_type type;
    lc_pricing pricing;
    bool with_seats_left;
    int days; /* from now */
};

/* Pages that are cut at 200 and pages that are not; seats come and go with the bookings. */
static const struct watch_case cases[FILTERS] = {
    {.language = NULL},
    {.language = "en"},
    {.language = "es"},
    {.language = "fr"},
    {.language = "ja", .level = LC_CEFR_LEVEL_B1},
    {.language = "pt-BR"},
    {.language = "zh"},
    {.language = "ko", .level = LC_CEFR_LEVEL_A2},
    {.language = "en", .level = LC_CEFR_LEVEL_A1},
    {.language = "en", .level = LC_CEFR_LEVEL_B2, .pricing = LC_PRICING_FREE},
    {.language = "es", .pricing = LC_PRICING_FREE, .with_seats_left = true},
    {.pricing = LC_PRICING_FREE},
    {.pricing = LC_PRICING_PAID},
    {.with_seats_left = true},
    {.level = LC_CEFR_LEVEL_A1},
    {.type = LC_CONVERSATION_TYPE_PRACTICE},
    {.type = LC_CONVERSATION_TYPE_PRIVATE, .days = 5},
    {.days = 2, .language = "de"},
    {.days = 1, .with_seats_left = true, .pricing = LC_PRICING_FREE},
    {.language = "de", .level = LC_CEFR_LEVEL_C1, .with_seats_left = true},
};

/* A filter, and what it points at. */
struct filter {
    lc_conversation_filter message;
    char *languages[1];
    lc_cefr_level levels[1];
    lc_conversation_type types[1];
    Google__Protobuf__Timestamp before;
};

static void make_filter(struct filter *filter, const struct watch_case *asked, int64_t now_s) {
    lc_conversation_filter init = LC_CONVERSATION_FILTER_INIT;
    filter->message = init;
    filter->languages[0] = (char *)(uintptr_t)asked->language;
    filter->levels[0] = asked->level;
    filter->types[0] = asked->type;
    filter->message.languages = filter->languages;
    filter->message.n_languages = asked->language != NULL ? 1 : 0;
    filter->message.levels = filter->levels;
    filter->message.n_levels = asked->level != 0 ? 1 : 0;
    filter->message.types = filter->types;
    filter->message.n_types = asked->type != 0 ? 1 : 0;
    filter->message.pricing = asked->pricing;
    filter->message.with_seats_left = asked->with_seats_left;
    if (asked->days != 0) {
        google__protobuf__timestamp__init(&filter->before);
        filter->before.seconds = now_s + (int64_t)asked->days * DAY_S;
        filter->message.start_before = &filter->before;
    }
}

/* ---- rows ---- */

struct digest {
    ProtobufCBuffer buffer; /* first member */
    uint64_t value;
};

/* FNV-1a. */
static void add_bytes(ProtobufCBuffer *buffer, size_t len_bytes, const uint8_t *bytes) {
    struct digest *digest = (struct digest *)buffer;
    for (size_t i = 0; i < len_bytes; i++)
        digest->value = (digest->value ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static uint64_t digest_of(const lc_conversation *conversation) {
    struct digest digest = {.buffer.append = add_bytes, .value = UINT64_C(0xcbf29ce484222325)};
    protobuf_c_message_pack_to_buffer(&conversation->base, &digest.buffer);
    return digest.value;
}

static void put(struct watcher *watcher, const lc_conversation *conversation) {
    size_t at = 0;
    while (at < watcher->count && strcmp(watcher->rows[at].id, conversation->id) != 0)
        at++;
    if (at == ROWS_MAX)
        measure_fail("a watcher has more than %d rows", ROWS_MAX);
    if (at == watcher->count)
        watcher->count++;
    snprintf(watcher->rows[at].id, sizeof watcher->rows[at].id, "%s", conversation->id);
    watcher->rows[at].digest = digest_of(conversation);
}

static void drop(struct watcher *watcher, const char *id) {
    for (size_t i = 0; i < watcher->count; i++)
        if (strcmp(watcher->rows[i].id, id) == 0) {
            watcher->rows[i] = watcher->rows[--watcher->count];
            return;
        }
}

/* Removals first: on a full page they make room. */
static void on_message(void *context, const lc_watch_conversations_response *response) {
    struct watcher *watcher = context;
    atomic_fetch_add(&watcher->bench->frames, 1);
    pthread_mutex_lock(&watcher->lock);
    if (response->kind_case == LC_WATCH_CONVERSATIONS_RESPONSE_KIND_SNAPSHOT) {
        watcher->count = 0;
        watcher->snapshots++;
        for (size_t i = 0; i < response->snapshot->n_conversations; i++)
            put(watcher, response->snapshot->conversations[i]);
    } else if (response->kind_case == LC_WATCH_CONVERSATIONS_RESPONSE_KIND_CHANGES) {
        for (size_t i = 0; i < response->changes->n_removed_ids; i++)
            drop(watcher, response->changes->removed_ids[i]);
        for (size_t i = 0; i < response->changes->n_changed; i++)
            put(watcher, response->changes->changed[i]);
    }
    pthread_mutex_unlock(&watcher->lock);
}

static void on_end(void *context, const struct rpc_result *result) {
    struct watcher *watcher = context;
    (void)result;
    pthread_mutex_lock(&watcher->lock);
    watcher->has_ended = true;
    pthread_mutex_unlock(&watcher->lock);
}

/* ---- watchers ---- */

static void open_watchers(struct api_bench *bench, struct watcher *watchers,
                          struct filter *filters) {
    for (uint32_t i = 0; i < bench->options.watchers; i++) {
        struct watcher *watcher = &watchers[i];
        size_t channel = bench->lane_channels + i / API_STREAMS_PER_CHANNEL;
        const struct rpc_call_options options = {.wait_for_ready = true,
                                                 .authorization = api_token(bench, i + 1)};
        lc_watch_conversations_request request = LC_WATCH_CONVERSATIONS_REQUEST_INIT;
        watcher->bench = bench;
        pthread_mutex_init(&watcher->lock, NULL);
        request.filter = &filters[i % FILTERS].message;
        api_must(lc_conversation_service_watch_conversations_open(
                     bench->channels[channel], &options, &request, &watcher->call),
                 "a watcher");
        api_must(lc_conversation_service_watch_conversations_listen(watcher->call, on_message,
                                                                    on_end, watcher),
                 "a watcher");
    }
}

static void pause_ms(int64_t length_ms) {
    nanosleep(&(struct timespec){.tv_nsec = length_ms * 1000000}, NULL);
}

static void await_snapshots(struct api_bench *bench, struct watcher *watchers) {
    int64_t until_ns = measure_now_ns() + SNAPSHOT_SECONDS * INT64_C(1000000000);
    for (uint32_t i = 0; i < bench->options.watchers;) {
        pthread_mutex_lock(&watchers[i].lock);
        bool has_page = watchers[i].snapshots > 0;
        pthread_mutex_unlock(&watchers[i].lock);
        if (has_page)
            i++;
        else if (measure_now_ns() > until_ns)
            measure_fail("watcher %u got no page", i);
        else
            pause_ms(1);
    }
}

static void close_watchers(struct api_bench *bench, struct watcher *watchers) {
    for (uint32_t i = 0; i < bench->options.watchers; i++) {
        rpc_client_call_free(&watchers[i].call);
        pthread_mutex_destroy(&watchers[i].lock);
    }
}

/* ---- the list ---- */

struct page {
    struct row rows[PAGE];
    size_t count;
};

/* As somebody who has to do with no conversation: what is public. */
static void list_page(struct api_bench *bench, struct filter *filter, struct page *ret_page) {
    struct arena arena;
    struct rpc_result result;
    const struct rpc_call_options options = {
        .timeout_ms = TIMEOUT_MS, .authorization = api_token(bench, bench->options.users + 1)};
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    arena_init(&arena, 16 << 20);
    request.filter = &filter->message;
    request.page_size = PAGE;
    api_must(lc_conversation_service_list_conversations(bench->channels[0], &options, &request,
                                                        &arena, &response, &result),
             "listing what is watched");
    ret_page->count = response->n_conversations;
    for (size_t i = 0; i < ret_page->count; i++) {
        const lc_conversation *conversation = response->conversations[i]->conversation;
        snprintf(ret_page->rows[i].id, UUID_TEXT_BYTES, "%s", conversation->id);
        ret_page->rows[i].digest = digest_of(conversation);
    }
    arena_done(&arena);
}

static bool is_same(struct watcher *watcher, const struct page *page) {
    pthread_mutex_lock(&watcher->lock);
    bool same = !watcher->has_ended && watcher->snapshots == 1 && watcher->count == page->count;
    for (size_t i = 0; i < page->count && same; i++) {
        size_t at = 0;
        while (at < watcher->count && strcmp(watcher->rows[at].id, page->rows[i].id) != 0)
            at++;
        same = at < watcher->count && watcher->rows[at].digest == page->rows[i].digest;
    }
    pthread_mutex_unlock(&watcher->lock);
    return same;
}

static uint64_t count_unlike(struct api_bench *bench, struct watcher *watchers,
                             struct filter *filters, uint32_t filter) {
    static struct page page;
    uint64_t unlike = 0;
    list_page(bench, &filters[filter], &page);
    for (uint32_t i = filter; i < bench->options.watchers; i += FILTERS)
        unlike += is_same(&watchers[i], &page) ? 0 : 1;
    return unlike;
}

/* The last changes may be under way still: a row changes at most once a second. */
static uint64_t compare_all(struct api_bench *bench, struct watcher *watchers,
                            struct filter *filters) {
    int64_t until_ns = measure_now_ns() + SETTLE_SECONDS * INT64_C(1000000000);
    uint64_t mismatches = 0;
    for (uint32_t filter = 0; filter < FILTERS; filter++) {
        uint64_t unlike;
        while ((unlike = count_unlike(bench, watchers, filters, filter)) > 0 &&
               measure_now_ns() < until_ns)
            pause_ms(LOOK_EVERY_MS);
        if (unlike > 0)
            fprintf(stderr, "bench_api: %llu watchers of filter %u are not like the list\n",
                    (unsigned long long)unlike, filter);
        mismatches += unlike;
    }
    return mismatches;
}

void api_watch(struct api_bench *bench, const char *name, struct api_report *ret_report) {
    static struct filter filters[FILTERS];
    struct watcher *watchers = calloc((size_t)bench->options.watchers + 1, sizeof *watchers);
    int64_t now_s = (int64_t)time(NULL);
    (void)name;
    if (watchers == NULL)
        measure_fail("out of memory");
    for (size_t i = 0; i < FILTERS; i++)
        make_filter(&filters[i], &cases[i], now_s);
    struct api_bookings *bookings = api_bookings_new(bench);
    open_watchers(bench, watchers, filters);
    await_snapshots(bench, watchers);
    api_run(bench, api_book_or_cancel, bookings, ret_report);
    ret_report->mismatches = compare_all(bench, watchers, filters);
    api_bookings_undo(bench, bookings);
    close_watchers(bench, watchers);
    api_bookings_free(&bookings);
    free(watchers);
}
