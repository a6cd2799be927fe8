/* WatchConversations: whatever happens, a watcher ends with what ListConversations says. */
#include "service_test.h"

#include "live_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/live.h"

/* Sanitizers make a watcher many times as dear; what they look for needs no thousand. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WATCHERS = 100 };
#else
enum { WATCHERS = 1000 };
#endif

enum {
    FILTERS = 20,
    STREAMS_PER_CHANNEL = 200, /* the server takes 256 on a connection */
    CHANNELS = (WATCHERS + STREAMS_PER_CHANNEL - 1) / STREAMS_PER_CHANNEL,
    ROUNDS = 320, /* conversations: more are open in the end than a page holds */
    ROWS_MAX = 256,
    AWAIT_SECONDS = 20,
    MAX_GROUPS = 24,
};

struct row {
    char id[ID_BYTES];
    char title[64];
    int32_t seats_taken;
    int32_t current;
    int status;
};

struct watcher {
    pthread_mutex_t lock;
    struct rpc_client_call *call;
    struct row rows[ROWS_MAX];
    size_t count;
    size_t snapshots;
    size_t changes;
    bool is_truncated;
    bool has_ended;
};

/* ---- a watcher ---- */

static void put(struct watcher *watcher, const lc_conversation *from) {
    size_t at = 0;
    while (at < watcher->count && strcmp(watcher->rows[at].id, from->id) != 0)
        at++;
    if (at == watcher->count && watcher->count++ == ROWS_MAX)
        abort();
    struct row *row = &watcher->rows[at];
    snprintf(row->id, sizeof row->id, "%s", from->id);
    snprintf(row->title, sizeof row->title, "%s", from->title);
    row->seats_taken = from->seats_taken;
    row->current = from->current_participants;
    row->status = (int)from->status;
}

static void drop(struct watcher *watcher, const char *id) {
    for (size_t i = 0; i < watcher->count; i++)
        if (strcmp(watcher->rows[i].id, id) == 0) {
            watcher->rows[i] = watcher->rows[--watcher->count];
            return;
        }
}

static void on_message(void *context, const lc_watch_conversations_response *response) {
    struct watcher *watcher = context;
    pthread_mutex_lock(&watcher->lock);
    switch (response->kind_case) {
    case LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_SNAPSHOT:
        watcher->count = 0;
        watcher->snapshots++;
        watcher->is_truncated = response->snapshot->truncated;
        for (size_t i = 0; i < response->snapshot->n_conversations; i++)
            put(watcher, response->snapshot->conversations[i]);
        break;
    case LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_CHANGES:
        watcher->changes++;
        for (size_t i = 0; i < response->changes->n_changed; i++)
            put(watcher, response->changes->changed[i]);
        for (size_t i = 0; i < response->changes->n_removed_ids; i++)
            drop(watcher, response->changes->removed_ids[i]);
        break;
    default:
        break;
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

static void open_watcher(struct watcher *watcher, struct rpc_channel *channel, const char *token,
                         lc_conversation_filter *filter) {
    struct rpc_call_options options = {.wait_for_ready = true, .authorization = token};
    lc_watch_conversations_request request = LC_WATCH_CONVERSATIONS_REQUEST_INIT;
    request.filter = filter;
    memset(watcher, 0, sizeof *watcher);
    pthread_mutex_init(&watcher->lock, NULL);
    assert_ok(lc_conversation_service_watch_conversations_open(channel, &options, &request,
                                                               &watcher->call));
    assert_ok(lc_conversation_service_watch_conversations_listen(watcher->call, on_message, on_end,
                                                                 watcher));
}

static void close_watcher(struct watcher *watcher) {
    rpc_client_call_free(&watcher->call);
    pthread_mutex_destroy(&watcher->lock);
}

/* ---- the list ---- */

static bool is_same(const struct row *row, const lc_conversation *listed) {
    return strcmp(row->id, listed->id) == 0 && strcmp(row->title, listed->title) == 0 &&
           row->seats_taken == listed->seats_taken &&
           row->current == listed->current_participants && row->status == (int)listed->status;
}

static bool holds(struct watcher *watcher, const lc_list_conversations_response *list) {
    bool same = watcher->snapshots == 1 && watcher->count == list->n_conversations;
    for (size_t i = 0; i < list->n_conversations && same; i++) {
        bool found = false;
        for (size_t j = 0; j < watcher->count && !found; j++)
            found = is_same(&watcher->rows[j], list->conversations[i]->conversation);
        same = found;
    }
    return same;
}

static lc_list_conversations_response *listed(const char *token, lc_conversation_filter *filter) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    request.filter = filter;
    request.page_size = 200;
    assert_ok(lc_conversation_service_list_conversations(t.lc->channel, &options, &request,
                                                         &t.arena, &response, &t.result));
    return response;
}

static void await_equal(struct watcher *watcher, size_t number,
                        const lc_list_conversations_response *list) {
    bool same = false;
    for (int i = 0; i < AWAIT_SECONDS * 50 && !same; i++) {
        pthread_mutex_lock(&watcher->lock);
        same = holds(watcher, list);
        pthread_mutex_unlock(&watcher->lock);
        if (!same)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    if (!same)
        fail_msg("watcher %zu has %zu rows, the list %zu; %zu snapshots, %zu changes, ended %d",
                 number, watcher->count, list->n_conversations, watcher->snapshots,
                 watcher->changes, (int)watcher->has_ended);
}

/* ---- the test ---- */

/* Each of the languages or any, with each of five further wishes. */
static lc_conversation_filter *filter_number(int number) {
    static const char *const languages[] = {NULL, "en", "ja", "pt-BR"};
    lc_conversation_filter *filter = lc_conversation_filter_new(&t.arena);
    if (number % 4 != 0) {
        filter->languages = arena_alloc(&t.arena, sizeof *filter->languages);
        filter->languages[0] = text("%s", languages[number % 4]);
        filter->n_languages = 1;
    }
    if (number / 4 == 1) {
        filter->levels = arena_alloc(&t.arena, sizeof *filter->levels);
        filter->levels[0] = LC_CEFR_LEVEL_B1;
        filter->n_levels = 1;
    }
    if (number / 4 == 2) {
        filter->statuses = arena_alloc(&t.arena, sizeof *filter->statuses);
        filter->statuses[0] = LC_CONVERSATION_STATUS_LIVE;
        filter->n_statuses = 1;
    }
    filter->with_seats_left = number / 4 == 3;
    if (number / 4 == 4)
        filter->pricing = LC_PRICING_FREE;
    return filter;
}

static lc_conversation *new_conversation(const char *host, int number) {
    static const char *const languages[] = {"en", "ja", "pt-BR"};
    lc_conversation_draft *draft = new_draft(text("Session %d", number));
    draft->language = text("%s", languages[(number / 6 + number) % 3]);
    draft->level = number % 2 ? LC_CEFR_LEVEL_B1 : LC_CEFR_LEVEL_A2;
    draft->start_time = in_seconds(100 + number);
    draft->end_time = in_seconds(100 + number + 1800);
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = 1 + number % 3; /* two book it */
    if (number % 12 == 6)
        draft->visibility = LC_CONVERSATION_VISIBILITY_UNLISTED;
    return created(host, draft);
}

static void cancelled(const char *host, const char *id) {
    struct rpc_call_options options = liveconv_as(host);
    lc_cancel_conversation_request request = LC_CANCEL_CONVERSATION_REQUEST_INIT;
    lc_cancel_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_conversation_service_cancel_conversation(t.lc->channel, &options, &request,
                                                          &t.arena, &response, &t.result));
}

/* As many as there are seats for, up to two. */
static void booked_by_some(int round, const char *conversation) {
    for (int i = 0; i < 2 && i < 1 + round % 3; i++)
        booked(new_student(NULL), conversation);
}

static void live_a_little(int round, const char *conversation, const char *host) {
    switch (round % 6) {
    case 0:
        joined(host, conversation);
        break;
    case 1:
        cancelled(host, conversation);
        break;
    case 2:
        started(host, conversation);
        break;
    default:
        booked_by_some(round, conversation);
    }
}

static void open_channels(struct rpc_channel **channels) {
    struct rpc_channel_options options;
    rpc_channel_options_init(&options);
    options.dedicated_connection = true;
    for (int i = 0; i < CHANNELS; i++)
        assert_ok(rpc_channel_new(t.lc->target, &options, &channels[i]));
}

static void all_watchers_end_equal_to_the_list(void **state) {
    static struct watcher watchers[WATCHERS];
    struct rpc_channel *channels[CHANNELS];
    lc_conversation_filter *filters[FILTERS];
    const char *viewer = new_service("conversations.read");
    (void)state;
    open_channels(channels);
    for (int i = 0; i < FILTERS; i++)
        filters[i] = filter_number(i);
    for (int i = 0; i < WATCHERS / 2; i++)
        open_watcher(&watchers[i], channels[i % CHANNELS], viewer, filters[i % FILTERS]);
    for (int round = 0; round < ROUNDS; round++) {
        const char *host = new_student(NULL);
        live_a_little(round, new_conversation(host, round)->id, host);
        if (round == ROUNDS / 2) /* some come late */
            for (int i = WATCHERS / 2; i < WATCHERS; i++)
                open_watcher(&watchers[i], channels[i % CHANNELS], viewer, filters[i % FILTERS]);
    }
    const char *anybody = new_student(NULL);
    for (int filter = 0; filter < FILTERS; filter++) {
        const lc_list_conversations_response *list = listed(anybody, filters[filter]);
        assert_true(list->n_conversations > 0);
        assert_true(filter > 0 || list->next_page_token[0] != '\0');
        for (int i = filter; i < WATCHERS; i += FILTERS)
            await_equal(&watchers[i], (size_t)i, list);
    }
    for (int i = 0; i < WATCHERS; i++)
        close_watcher(&watchers[i]);
    for (int i = 0; i < CHANNELS; i++)
        rpc_channel_free(&channels[i]);
}

/* ---- how many ---- */

/* The first answer; a stream that is refused has none. */
static struct status try_watch_with(const char *token, lc_conversation_filter *filter,
                                    struct rpc_client_call **ret_call) {
    struct rpc_call_options options = liveconv_as(token);
    lc_watch_conversations_request request = LC_WATCH_CONVERSATIONS_REQUEST_INIT;
    request.filter = filter;
    lc_watch_conversations_response *response = NULL;
    assert_ok(lc_conversation_service_watch_conversations_open(t.lc->channel, &options, &request,
                                                               ret_call));
    return lc_conversation_service_watch_conversations_receive(*ret_call, &t.arena, &response);
}

static struct status try_watch(const char *token, struct rpc_client_call **ret_call) {
    return try_watch_with(token, NULL, ret_call);
}

static lc_conversation_filter *starting_from(int64_t seconds) {
    lc_conversation_filter *filter = lc_conversation_filter_new(&t.arena);
    filter->start_from = arena_alloc(&t.arena, sizeof *filter->start_from);
    google__protobuf__timestamp__init(filter->start_from);
    filter->start_from->seconds = seconds;
    return filter;
}

static uint64_t groups(void) {
    struct live_watch_figures figures;
    live_watch_figures(service_live_watch(t.lc->live), &figures);
    return figures.groups;
}

static void filters_are_limited_and_share_a_minute(void **state) {
    enum { MINUTE = 60, BEGIN = 3000 * MINUTE };
    struct rpc_client_call *calls[MAX_GROUPS + 1] = {NULL};
    const char *backend = new_service("conversations.read");
    (void)state;
    for (int i = 0; i < MAX_GROUPS; i++)
        assert_ok(try_watch_with(backend, starting_from(BEGIN + i), &calls[i]));
    assert_true(groups() <= 2); /* another test's may still be there */
    for (int i = 0; i < MAX_GROUPS; i++) {
        rpc_client_call_free(&calls[i]);
        assert_ok(try_watch_with(backend, starting_from(BEGIN + i * MINUTE), &calls[i]));
    }
    (void)!status_is_ok(try_watch_with(backend, starting_from(0), &calls[MAX_GROUPS]));
    assert_refused(rpc_client_call_finish(calls[MAX_GROUPS], &t.arena, &t.result),
                   STATUS_RESOURCE_EXHAUSTED, "SERVER_OVERLOADED");
    assert_true(t.result.details.retry_after_ms > 0);
    assert_int_equal(groups(), MAX_GROUPS);
    for (int i = 0; i <= MAX_GROUPS; i++)
        rpc_client_call_free(&calls[i]);
}

static void the_tenant_says_how_many_streams_a_user_has(void **state) {
    enum { ALLOWED = 2, TRIES = 500 };
    struct rpc_client_call *calls[ALLOWED + 1] = {NULL};
    (void)state;
    liveconv_sql(t.lc, "INSERT INTO tenants (id, maxDevicesPerUser) VALUES ('modest', %d)",
                 ALLOWED);
    const char *user =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "two", .tenant = "modest"});
    for (int i = 0; i < ALLOWED; i++)
        assert_ok(try_watch(user, &calls[i]));
    (void)!status_is_ok(try_watch(user, &calls[ALLOWED]));
    assert_refused(rpc_client_call_finish(calls[ALLOWED], &t.arena, &t.result),
                   STATUS_RESOURCE_EXHAUSTED, "DEVICE_LIMIT");
    assert_string_equal(error_metadata("limit"), "2");
    assert_int_equal(t.result.details.quota_violation_count, 1);
    rpc_client_call_free(&calls[ALLOWED]);
    /* Another user has a quota of its own; and a place that was left is free. */
    const char *other =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "other", .tenant = "modest"});
    assert_ok(try_watch(other, &calls[ALLOWED]));
    rpc_client_call_free(&calls[0]);
    struct status again = status_error(STATUS_RESOURCE_EXHAUSTED, 0, NULL);
    for (int i = 0; i < TRIES && !status_is_ok(again); i++) {
        rpc_client_call_free(&calls[0]);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        again = try_watch(user, &calls[0]);
    }
    assert_ok(again);
    for (int i = 0; i <= ALLOWED; i++)
        rpc_client_call_free(&calls[i]);
}

static void a_backend_has_as_many_streams_as_it_likes(void **state) {
    enum { STREAMS = 5 };
    struct rpc_client_call *calls[STREAMS] = {NULL};
    const char *backend =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "backend",
                                                    .tenant = "modest",
                                                    .roles = "service",
                                                    .scope = "conversations.read"});
    (void)state;
    for (int i = 0; i < STREAMS; i++)
        assert_ok(try_watch(backend, &calls[i]));
    for (int i = 0; i < STREAMS; i++)
        rpc_client_call_free(&calls[i]);
}

static void configure(struct service_live_options *live) {
    live->watch.max_groups = MAX_GROUPS;
}

static int start_small(void **state) {
    (void)state;
    t.lc = liveconv_server_start(&(struct liveconv_server_options){.configure_live = configure});
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_tenant_says_how_many_streams_a_user_has, begin_test,
                                        end_test),
        cmocka_unit_test_setup_teardown(a_backend_has_as_many_streams_as_it_likes, begin_test,
                                        end_test),
        cmocka_unit_test_setup_teardown(filters_are_limited_and_share_a_minute, begin_test,
                                        end_test),
        cmocka_unit_test_setup_teardown(all_watchers_end_equal_to_the_list, begin_test, end_test),
    };
    return cmocka_run_group_tests(tests, start_small, stop_server);
}
