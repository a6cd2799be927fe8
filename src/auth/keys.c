#include "auth/keys.h"

#include "auth/jwks.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct source {
    struct auth_source what;
    struct auth_key_list keys;
};

struct key_set {
    struct auth_authority authority;
    struct source sources[AUTH_SOURCES_MAX];
    size_t source_count;
};

struct auth_keys {
    struct key_set *sets;
    size_t set_count;
    int64_t refresh_ms;
    int64_t min_refresh_ms;
    struct auth_fetch_limits fetch;
    auth_read_fn *read;
    void *read_context;
    const struct clock *clock;
    char **texts; /* all copied strings */
    size_t text_count;
    size_t text_capacity;

    pthread_mutex_t refreshing; /* held by whoever refreshes, also across I/O; before `lock` */
    pthread_mutex_t lock;       /* guards what follows and every source's keys */
    pthread_cond_t wake;
    bool is_requested;
    bool is_stopping;
    bool has_thread;
    int64_t last_refresh_us; /* monotonic; when it was last done or asked for */
    struct auth_keys_figures figures;
    pthread_t thread;
};

void auth_keys_options_init(struct auth_keys_options *options) {
    *options = (struct auth_keys_options){
        .refresh_ms = 300000,
        .min_refresh_ms = 10000,
        .fetch = {.max_bytes = AUTH_JWKS_MAX_BYTES, .timeout_ms = 10000},
        .clock = clock_system(),
    };
}

/* ---- building ---- */

static struct status out_of_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

static struct status misconfigured(const char *detail) {
    return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, detail);
}

/* A copy that lives as long as `keys`; NULL without memory. */
static const char *keep(struct auth_keys *keys, const char *text) {
    if (keys->text_count == keys->text_capacity) {
        size_t capacity = keys->text_capacity == 0 ? 32 : keys->text_capacity * 2;
        char **texts = realloc(keys->texts, capacity * sizeof *texts);
        if (texts == NULL)
            return NULL;
        keys->texts = texts;
        keys->text_capacity = capacity;
    }
    char *copy = strdup(text != NULL ? text : "");
    if (copy != NULL)
        keys->texts[keys->text_count++] = copy;
    return copy;
}

static bool keep_claims(struct auth_keys *keys, const struct auth_claim_names *from,
                        struct auth_claim_names *to) {
    return (to->subject = keep(keys, from->subject)) && (to->tenant = keep(keys, from->tenant)) &&
           (to->roles = keep(keys, from->roles)) && (to->tier = keep(keys, from->tier)) &&
           (to->scope = keep(keys, from->scope)) && (to->name = keep(keys, from->name)) &&
           (to->picture = keep(keys, from->picture)) && (to->locale = keep(keys, from->locale));
}

static struct status keep_tenants(struct auth_keys *keys,
                                  const struct auth_key_set_options *options,
                                  struct auth_authority *authority) {
    const char **tenants = calloc(options->tenant_count + 1, sizeof *tenants);

    authority->tenants = tenants; /* freed with the set */
    if (tenants == NULL)
        return out_of_memory();
    for (size_t i = 0; i < options->tenant_count; i++) {
        tenants[i] = keep(keys, options->tenants[i]);
        if (tenants[i] == NULL)
            return out_of_memory();
    }
    authority->tenant_count = options->tenant_count;
    return status_ok();
}

static struct status build_set(struct auth_keys *keys, const struct auth_key_set_options *options,
                               struct key_set *set) {
    const struct auth_claim_names *claims =
        options->claims != NULL ? options->claims : &auth_default_claim_names;
    struct auth_authority *authority = &set->authority;

    if (options->issuer == NULL || options->issuer[0] == '\0' || options->audience == NULL ||
        options->audience[0] == '\0')
        return misconfigured("a key set names its issuer and its audience");
    if (options->tenant_count == 0 || options->tenant_count > AUTH_TENANTS_MAX ||
        options->roles == 0)
        return misconfigured("a key set names the tenants and roles it may speak for");
    if (options->source_count == 0 || options->source_count > AUTH_SOURCES_MAX)
        return misconfigured("a key set has 1 to 8 sources");
    TRY(keep_tenants(keys, options, authority));
    authority->roles = options->roles;
    authority->issuer = keep(keys, options->issuer);
    authority->audience = keep(keys, options->audience);
    if (authority->issuer == NULL || authority->audience == NULL ||
        !keep_claims(keys, claims, &authority->claims))
        return out_of_memory();
    for (size_t i = 0; i < options->source_count; i++) {
        struct auth_source *what = &set->sources[i].what;
        what->kind = options->sources[i].kind;
        what->location = keep(keys, options->sources[i].location);
        what->kid = keep(keys, options->sources[i].kid);
        if (what->location == NULL || what->kid == NULL)
            return out_of_memory();
        if (what->kind == AUTH_SOURCE_JWKS_URL &&
            !auth_fetch_url_is_allowed(what->location, keys->fetch.http_loopback))
            return misconfigured("the URL of a key set is not https");
        set->source_count++;
    }
    return status_ok();
}

/* ---- reading ---- */

static struct status read_source(void *context, const struct auth_source *source,
                                 struct str *ret_body) {
    const struct auth_keys *keys = context;
    if (source->kind == AUTH_SOURCE_JWKS_URL)
        return auth_fetch_url(source->location, &keys->fetch, ret_body);
    return auth_fetch_file(source->location, keys->fetch.max_bytes, ret_body);
}

static struct status parse_source(const struct auth_source *source, const struct str *body,
                                  struct auth_key_list *ret_list) {
    struct auth_key_list list = {.count = 0};
    size_t len = body->len_bytes;

    switch (source->kind) {
    case AUTH_SOURCE_SECRET_FILE:
        if (len > 0 && body->bytes[len - 1] == '\n')
            len--;
        TRY(auth_key_from_secret(source->kid, body->bytes, len, &list.items[0]));
        list.count = 1;
        break;
    case AUTH_SOURCE_PEM_FILE:
        TRY(auth_key_from_pem(source->kid, body->bytes, len, &list.items[0]));
        list.count = 1;
        break;
    case AUTH_SOURCE_JWKS_FILE:
    case AUTH_SOURCE_JWKS_URL:
        TRY(auth_jwks_parse(body->bytes, len, &list));
        break;
    }
    *ret_list = list;
    return status_ok();
}

static struct status load(struct auth_keys *keys, const struct auth_source *source,
                          struct auth_key_list *ret_list) {
    struct str body;
    str_init(&body);
    struct status status = keys->read != NULL ? keys->read(keys->read_context, source, &body)
                                              : read_source(keys, source, &body);
    if (status_is_ok(status) && body.failed)
        status = out_of_memory();
    if (status_is_ok(status))
        status = parse_source(source, &body, ret_list);
    /* A secret does not stay in freed memory. */
    if (source->kind == AUTH_SOURCE_SECRET_FILE && body.capacity_bytes > 0)
        explicit_bzero(body.bytes, body.len_bytes);
    str_done(&body);
    return status;
}

/* Under the lock: known keys stay the objects they are, so that cached tokens stay valid. */
static void replace(struct auth_key_list *current, struct auth_key_list *fresh) {
    for (size_t i = 0; i < current->count; i++) {
        bool stays = false;
        for (size_t k = 0; k < fresh->count && !stays; k++) {
            if (!auth_key_same(current->items[i], fresh->items[k]))
                continue;
            struct auth_key *same = fresh->items[k];
            fresh->items[k] = current->items[i];
            current->items[i] = same;
            stays = true;
        }
        if (!stays)
            auth_key_retire(current->items[i]);
    }
    struct auth_key_list old = *current;
    *current = *fresh;
    auth_key_list_done(&old);
}

static struct status refresh_source(struct auth_keys *keys, struct source *source) {
    struct auth_key_list fresh = {.count = 0};
    struct status status = load(keys, &source->what, &fresh);

    pthread_mutex_lock(&keys->lock);
    if (status_is_ok(status))
        replace(&source->keys, &fresh);
    else
        keys->figures.failures++;
    pthread_mutex_unlock(&keys->lock);
    return status;
}

struct status auth_keys_refresh(struct auth_keys *keys) {
    struct status last = status_ok();

    pthread_mutex_lock(&keys->refreshing);
    for (size_t s = 0; s < keys->set_count; s++) {
        for (size_t i = 0; i < keys->sets[s].source_count; i++) {
            struct status status = refresh_source(keys, &keys->sets[s].sources[i]);
            if (!status_is_ok(status))
                last = status;
        }
    }
    pthread_mutex_lock(&keys->lock);
    keys->figures.refreshes++;
    keys->last_refresh_us = clock_monotonic_us(keys->clock);
    if (status_is_ok(last))
        keys->figures.last_success_us = clock_wall_us(keys->clock);
    pthread_mutex_unlock(&keys->lock);
    pthread_mutex_unlock(&keys->refreshing);
    return last;
}

/* At the start a broken file is a mistake to be told; a silent URL may speak later. */
static struct status load_first(struct auth_keys *keys, size_t *ret_set) {
    for (size_t s = 0; s < keys->set_count; s++) {
        for (size_t i = 0; i < keys->sets[s].source_count; i++) {
            struct source *source = &keys->sets[s].sources[i];
            struct status status = refresh_source(keys, source);
            if (status_is_ok(status) || source->what.kind == AUTH_SOURCE_JWKS_URL)
                continue;
            if (ret_set != NULL)
                *ret_set = s;
            return status;
        }
    }
    keys->figures.refreshes = 1;
    keys->last_refresh_us = clock_monotonic_us(keys->clock);
    if (keys->figures.failures == 0)
        keys->figures.last_success_us = clock_wall_us(keys->clock);
    return status_ok();
}

static void init_locks(struct auth_keys *keys) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&keys->refreshing, NULL);
    pthread_mutex_init(&keys->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keys->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct status auth_keys_new(const struct auth_keys_options *options, size_t *ret_set,
                            struct auth_keys **ret_keys) {
    if (options->set_count == 0 || options->set_count > AUTH_SETS_MAX)
        return misconfigured("there are 1 to 16 key sets");
    struct auth_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return out_of_memory();
    init_locks(keys);
    keys->refresh_ms = options->refresh_ms;
    keys->min_refresh_ms = options->min_refresh_ms;
    keys->fetch = options->fetch;
    keys->read = options->read;
    keys->read_context = options->read_context;
    keys->clock = options->clock;
    keys->sets = calloc(options->set_count, sizeof *keys->sets);
    struct status status = keys->sets == NULL ? out_of_memory() : status_ok();
    if (status_is_ok(status) && keys->fetch.ca_file != NULL) {
        keys->fetch.ca_file = keep(keys, keys->fetch.ca_file);
        if (keys->fetch.ca_file == NULL)
            status = out_of_memory();
    }
    for (size_t i = 0; i < options->set_count && status_is_ok(status); i++) {
        keys->set_count++;
        status = build_set(keys, &options->sets[i], &keys->sets[i]);
        if (!status_is_ok(status) && ret_set != NULL)
            *ret_set = i;
    }
    if (status_is_ok(status))
        status = load_first(keys, ret_set);
    if (!status_is_ok(status)) {
        auth_keys_free(&keys);
        return status;
    }
    *ret_keys = keys;
    return status_ok();
}

void auth_keys_free(struct auth_keys **keys) {
    struct auth_keys *k = *keys;
    *keys = NULL;
    if (k == NULL)
        return;
    auth_keys_stop(k);
    for (size_t s = 0; s < k->set_count; s++) {
        for (size_t i = 0; i < k->sets[s].source_count; i++)
            auth_key_list_done(&k->sets[s].sources[i].keys);
        free((void *)k->sets[s].authority.tenants);
    }
    for (size_t i = 0; i < k->text_count; i++)
        free(k->texts[i]);
    free(k->texts);
    free(k->sets);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    pthread_mutex_destroy(&k->refreshing);
    free(k);
}

/* ---- the refreshing thread ---- */

static struct timespec after_ms(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* False when the thread is to end. */
static bool wait_for_work(struct auth_keys *keys) {
    struct timespec until = after_ms(keys->refresh_ms);

    pthread_mutex_lock(&keys->lock);
    int result = 0;
    while (!keys->is_stopping && !keys->is_requested && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&keys->wake, &keys->lock, &until);
    keys->is_requested = false;
    bool goes_on = !keys->is_stopping;
    pthread_mutex_unlock(&keys->lock);
    return goes_on;
}

static void *run(void *context) {
    struct auth_keys *keys = context;
    while (wait_for_work(keys)) {
        /* Its failures are in the figures; the keys that are known stay. */
        struct status status = auth_keys_refresh(keys);
        (void)status;
    }
    return NULL;
}

struct status auth_keys_start(struct auth_keys *keys) {
    if (pthread_create(&keys->thread, NULL, run, keys) != 0)
        return status_error(STATUS_INTERNAL, STATUS_NO_REASON, "no thread for key sets");
    keys->has_thread = true;
    return status_ok();
}

void auth_keys_stop(struct auth_keys *keys) {
    if (!keys->has_thread)
        return;
    pthread_mutex_lock(&keys->lock);
    keys->is_stopping = true;
    pthread_cond_signal(&keys->wake);
    pthread_mutex_unlock(&keys->lock);
    pthread_join(keys->thread, NULL);
    keys->has_thread = false;
}

void auth_keys_request_refresh(struct auth_keys *keys) {
    int64_t now_us = clock_monotonic_us(keys->clock);

    pthread_mutex_lock(&keys->lock);
    if (!keys->is_requested &&
        now_us - keys->last_refresh_us >= keys->min_refresh_ms * INT64_C(1000)) {
        /* Counted from the asking: who asks while it runs asks for the same. */
        keys->last_refresh_us = now_us;
        keys->is_requested = true;
        pthread_cond_signal(&keys->wake);
    }
    pthread_mutex_unlock(&keys->lock);
}

/* ---- finding ---- */

static size_t count_of(const struct key_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->source_count; i++)
        count += set->sources[i].keys.count;
    return count;
}

static size_t find_in_set(const struct key_set *set, const char *kid,
                          struct auth_candidate *ret_candidates, size_t count) {
    bool only_one = kid[0] == '\0' && count_of(set) == 1;

    for (size_t i = 0; i < set->source_count; i++) {
        const struct auth_key_list *list = &set->sources[i].keys;
        for (size_t k = 0; k < list->count && count < AUTH_CANDIDATES_MAX; k++) {
            if (!only_one && strcmp(auth_key_kid(list->items[k]), kid) != 0)
                continue;
            ret_candidates[count].key = auth_key_ref(list->items[k]);
            ret_candidates[count].authority = &set->authority;
            count++;
        }
    }
    return count;
}

size_t auth_keys_find(struct auth_keys *keys, const char *kid,
                      struct auth_candidate ret_candidates[AUTH_CANDIDATES_MAX]) {
    size_t count = 0;

    pthread_mutex_lock(&keys->lock);
    for (size_t s = 0; s < keys->set_count && count < AUTH_CANDIDATES_MAX; s++)
        count = find_in_set(&keys->sets[s], kid, ret_candidates, count);
    pthread_mutex_unlock(&keys->lock);
    return count;
}

void auth_candidates_done(struct auth_candidate *candidates, size_t count) {
    for (size_t i = 0; i < count; i++)
        auth_key_unref(&candidates[i].key);
}

void auth_keys_figures(struct auth_keys *keys, struct auth_keys_figures *ret_figures) {
    pthread_mutex_lock(&keys->lock);
    *ret_figures = keys->figures;
    ret_figures->known = 0;
    for (size_t s = 0; s < keys->set_count; s++)
        ret_figures->known += count_of(&keys->sets[s]);
    pthread_mutex_unlock(&keys->lock);
}
