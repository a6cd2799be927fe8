/*
 * WatchConversations: pages of PUBLIC conversations that stay up to date.
 *
 * Whatever changes a conversation appends to its log; that a log has moved is told here, after the
 * commit (service_live_changed). The row is then read as it is and shown to the groups of watchers,
 * by one thread; several changes that come before it was read are one. Nothing is read while nobody
 * watches.
 */
#include "service/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "domain/language.h"
#include "live/stream.h"
#include "rpc/call.h"
#include "rpc/server.h"
#include "service/caller.h"
#include "service/conversation_list.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/live_internal.h"
#include "service/service.h"
#include "service/tenant.h"

enum {
    FILTER_KEY_BYTES = 1024,
    DIRTY_BUCKETS = 1024,
    DIRTY_QUEUE = 65536,
    READ_TRIES = 5,
    FIRST_PAUSE_MS = 50,
};

/* A filter that outlives its call. */
struct watch_filter {
    struct service_live *live;
    char tenant[LIVE_TENANT_BYTES];
    char languages[STORE_FILTER_LANGUAGES_MAX][DOMAIN_LANGUAGE_BYTES];
    struct store_conversation_query query;
};

/* A conversation that has changed and was not read since. */
struct dirty {
    struct work work;
    struct service_live *live;
    struct dirty *next;
    struct live_key key;
};

struct service_dirty {
    pthread_mutex_t lock; /* protects the buckets */
    struct dirty *buckets[DIRTY_BUCKETS];
    atomic_size_t filters; /* alive: 0 is nobody watches */
    struct workers *reader;
};

/* ---- what the live layer asks ---- */

bool service_watch_match(void *context, const void *filter, const void *subject) {
    const struct watch_filter *wanted = filter;
    (void)context;
    return watch_matches(&wanted->query, subject);
}

void service_watch_free_filter(void *context, void *filter) {
    struct service_live *live = context;
    free(filter);
    atomic_fetch_sub(&live->dirty->filters, 1);
}

/* ---- a page ---- */

struct load {
    struct work work;
    struct service_live *live;
    const struct watch_filter *filter;
    struct live_page *page;
    struct arena arena;
    struct store_conversation_list list;
    struct store_tenant tenant;
};

static struct status read_page(struct db_tx *tx, void *argument) {
    struct load *load = argument;
    arena_reset(&load->arena);
    return store_conversation_list(tx, &load->arena, load->filter->tenant, &load->filter->query,
                                   &load->list);
}

/* The bytes are the caller's to release. */
static struct status make_row(struct arena *arena, const struct store_conversation *conversation,
                              const struct domain_settings *settings, struct live_row *ret_row) {
    struct convert c = convert_into(arena);
    lc_conversation *message = convert_listed(&c, conversation, settings);
    TRY(convert_status(&c));
    size_t len_bytes = protobuf_c_message_get_packed_size(&message->base);
    uint8_t *bytes = arena_alloc_raw(arena, len_bytes);
    if (bytes == NULL)
        return service_no_room();
    protobuf_c_message_pack(&message->base, bytes);
    struct live_row row = {.id = conversation->id,
                           .version = conversation->log.sequence,
                           .start_us = conversation->start_us,
                           .entry = live_row_entry_new(bytes, len_bytes)};
    if (row.entry == NULL)
        return service_no_room();
    *ret_row = row;
    return status_ok();
}

static struct status add_rows(struct load *load) {
    for (size_t i = 0; i < load->list.count; i++) {
        struct live_row row;
        TRY(make_row(&load->arena, &load->list.items[i].conversation, &load->tenant.settings,
                     &row));
        bool added = live_page_add(load->page, &row);
        rpc_buffer_unref(&row.entry);
        if (!added)
            return service_no_room();
    }
    return status_ok();
}

static void run_load(struct work *work, size_t worker_index) {
    struct load *load = (struct load *)work; /* its first member */
    struct service_context *context = load->live->context;
    (void)worker_index;

    arena_init(&load->arena, LIVE_JOB_BUDGET_BYTES);
    struct status status =
        db_read(context->pool, service_live_deadline_us(context), read_page, load, NULL);
    if (status_is_ok(status))
        status = service_tenant_look(context, &load->arena, load->filter->tenant,
                                     service_live_deadline_us(context), &load->tenant);
    if (status_is_ok(status))
        status = add_rows(load);
    live_page_done(load->page, status, status_is_ok(status) && load->list.has_more);
    arena_done(&load->arena);
    free(load);
}

void service_watch_load(void *context, const void *filter, struct live_page *page) {
    struct service_live *live = context;
    struct load *load = calloc(1, sizeof *load);
    if (load != NULL) {
        load->work.run = run_load;
        load->live = live;
        load->filter = filter;
        load->page = page;
        if (workers_submit(rpc_server_workers(live->options.server), &load->work, INT64_MAX) ==
            WORKERS_ACCEPTED)
            return;
    }
    free(load);
    live_page_done(page, status_error(STATUS_UNAVAILABLE, 0, "the workers are busy"), false);
}

/* ---- what has changed ---- */

static struct dirty **bucket_of(struct service_dirty *set, const struct live_key *key) {
    /* The end of a version 7 UUID is random. */
    size_t hash = (size_t)key->id.bytes[14] << 8 | key->id.bytes[15];
    return &set->buckets[hash % DIRTY_BUCKETS];
}

/* The slot that holds it, or the end of its list. Under the lock. */
static struct dirty **find(struct service_dirty *set, const struct live_key *key) {
    struct dirty **at = bucket_of(set, key);
    while (*at != NULL && !live_key_equal(&(*at)->key, key))
        at = &(*at)->next;
    return at;
}

/* What comes from here on is a change of its own: it is read again. */
static void take_out(struct service_dirty *set, struct dirty *dirty) {
    pthread_mutex_lock(&set->lock);
    struct dirty **at = find(set, &dirty->key);
    if (*at == dirty)
        *at = dirty->next;
    pthread_mutex_unlock(&set->lock);
}

struct look {
    const struct live_key *key;
    struct arena arena;
    struct store_conversation_view view;
    struct store_tenant tenant;
};

static struct status read_row(struct db_tx *tx, void *argument) {
    struct look *look = argument;
    arena_reset(&look->arena);
    return store_conversation_get_listed(tx, &look->arena, look->key->tenant, &look->key->id, NULL,
                                         &look->view);
}

/* What matching reads of a conversation, on its own. */
static struct store_conversation *copy_subject(const struct store_conversation *from) {
    size_t language_bytes = strlen(from->language) + 1;
    struct store_conversation *copy = calloc(1, sizeof *copy + language_bytes);
    if (copy == NULL)
        return NULL;
    char *language = (char *)(copy + 1);
    memcpy(language, from->language, language_bytes);
    copy->language = language;
    copy->type = from->type;
    copy->level = from->level;
    copy->start_us = from->start_us;
    copy->max_participants = from->max_participants;
    copy->seats_taken = from->seats_taken;
    copy->waiting = from->waiting;
    copy->price.amount_minor = from->price.amount_minor;
    copy->price.currency = "";
    copy->visibility = from->visibility;
    copy->status = from->status;
    copy->host.id = from->host.id;
    copy->has_instructor = from->has_instructor;
    copy->instructor.id = from->instructor.id;
    return copy;
}

static struct status look_and_tell(struct service_live *live, struct look *look) {
    struct service_context *context = live->context;
    struct live_row row;

    TRY(db_read(context->pool, service_live_deadline_us(context), read_row, look, NULL));
    TRY(service_tenant_look(context, &look->arena, look->key->tenant,
                            service_live_deadline_us(context), &look->tenant));
    TRY(make_row(&look->arena, &look->view.conversation, &look->tenant.settings, &row));
    struct store_conversation *subject = copy_subject(&look->view.conversation);
    if (subject != NULL)
        live_watch_change(live->watch, look->key->tenant, &row, subject, free);
    rpc_buffer_unref(&row.entry);
    return subject != NULL ? status_ok() : service_no_room();
}

static void pause_ms(int64_t length_ms) {
    struct timespec length = {.tv_sec = length_ms / 1000,
                              .tv_nsec = (long)(length_ms % 1000) * 1000000};
    nanosleep(&length, NULL);
}

static void run_dirty(struct work *work, size_t worker_index) {
    struct dirty *dirty = (struct dirty *)work; /* its first member */
    struct service_live *live = dirty->live;
    struct look look = {.key = &dirty->key};
    int64_t pause = FIRST_PAUSE_MS;
    (void)worker_index;

    take_out(live->dirty, dirty);
    arena_init(&look.arena, LIVE_JOB_BUDGET_BYTES);
    for (int tries = 1;; tries++) {
        struct status status = look_and_tell(live, &look);
        if (status_is_ok(status) || status.code == STATUS_NOT_FOUND || tries == READ_TRIES ||
            atomic_load(&live->stopping))
            break;
        pause_ms(pause);
        pause *= 2;
    }
    arena_done(&look.arena);
    free(dirty);
}

/* False when it waits already. Takes `dirty` if true. */
static bool put_in(struct service_dirty *set, struct dirty *dirty) {
    pthread_mutex_lock(&set->lock);
    struct dirty **at = find(set, &dirty->key);
    bool is_new = *at == NULL;
    if (is_new)
        *at = dirty;
    pthread_mutex_unlock(&set->lock);
    return is_new;
}

void service_live_changed(struct service_live *live, const char *tenant,
                          const struct uuid *conversation) {
    if (live == NULL || atomic_load(&live->dirty->filters) == 0)
        return;
    struct dirty *dirty = calloc(1, sizeof *dirty);
    if (dirty == NULL)
        return;
    dirty->work.run = run_dirty;
    dirty->live = live;
    if (!live_key_make(tenant, LIVE_CONVERSATION, conversation, &dirty->key) ||
        !put_in(live->dirty, dirty)) {
        free(dirty);
        return;
    }
    if (workers_submit(live->dirty->reader, &dirty->work, INT64_MAX) != WORKERS_ACCEPTED) {
        take_out(live->dirty, dirty);
        free(dirty);
    }
}

struct service_dirty *service_dirty_new(struct service_live *live) {
    struct workers_options options = {
        .name = "watch",
        .count = 1,
        .queue_capacity = DIRTY_QUEUE,
        .clock = clock_system(),
    };
    struct service_dirty *set = calloc(1, sizeof *set);
    (void)live;
    if (set == NULL)
        return NULL;
    if (pthread_mutex_init(&set->lock, NULL) != 0) {
        free(set);
        return NULL;
    }
    atomic_init(&set->filters, 0);
    set->reader = workers_new(&options);
    if (set->reader == NULL)
        service_dirty_free(&set);
    return set;
}

void service_dirty_stop(struct service_dirty *set) {
    if (set != NULL)
        workers_stop(set->reader);
}

void service_dirty_free(struct service_dirty **set) {
    struct service_dirty *it = *set;
    *set = NULL;
    if (it == NULL)
        return;
    if (it->reader != NULL)
        workers_free(&it->reader);
    pthread_mutex_destroy(&it->lock);
    free(it);
}

/* ---- the handler ---- */

static struct status keep_filter(struct service_live *live, const struct service_caller *caller,
                                 const struct store_conversation_query *query,
                                 struct watch_filter **ret_filter) {
    struct watch_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL)
        return service_no_room();
    filter->live = live;
    filter->query = *query;
    filter->query.sight = STORE_SIGHT_PUBLIC;
    filter->query.page = (struct store_page){.size = LIVE_PAGE_ROWS};
    snprintf(filter->tenant, sizeof filter->tenant, "%s", caller->tenant);
    for (size_t i = 0; i < query->language_count; i++) {
        snprintf(filter->languages[i], sizeof filter->languages[i], "%s", query->languages[i]);
        filter->query.languages[i] = filter->languages[i];
    }
    atomic_fetch_add(&live->dirty->filters, 1);
    *ret_filter = filter;
    return status_ok();
}

struct status watch_conversations(void *self, struct rpc_call *call,
                                  const lc_watch_conversations_request *request) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct store_conversation_query query = {.has_viewer = false};
    struct watch_filter *filter = NULL;
    struct live_watcher *watcher = NULL;
    char key[FILTER_KEY_BYTES];

    if (context->live == NULL)
        return status_error(STATUS_UNIMPLEMENTED, 0, "this server has no live part");
    TRY(service_caller_get(context, call, &caller));
    TRY(conversation_filter(call, request->filter, &query));
    watch_round_times(&query);
    watch_filter_key(&query, key, sizeof key);
    TRY(keep_filter(context->live, caller, &query, &filter));
    struct live_watcher_options options = {
        .tenant = filter->tenant,
        .filter_key = key,
        .filter = filter,
        .goodbye_retry_ms = context->live->options.retry_after_ms,
        .max_streams = caller->is_user ? caller->settings->max_devices_per_user : 0,
    };
    if (!live_user_make(caller->tenant, &caller->person.id, &options.user)) {
        service_watch_free_filter(context->live, filter);
        return status_error(STATUS_INTERNAL, 0, NULL);
    }
    TRY(live_watcher_new(service_live_watch(context->live), &options, &watcher));
    return live_stream_watch(&watcher, call);
}
