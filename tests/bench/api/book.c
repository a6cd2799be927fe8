/* BookConversation and CancelBooking: random students in conversations that have seats left. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

enum {
    PLACES_MAX = 2000, /* conversations to book in: the next ones that are free */
    PAGE = 200,
    BEFORE_CANCELLING = 400, /* bookings, so that none is cancelled that was just made */
    OPEN_MAX = 1 << 16,
    TIMEOUT_MS = 20000,
    UNDO_THREADS = 16,
};

struct made {
    uint32_t user;
    char id[UUID_TEXT_BYTES];
};

struct api_bookings {
    char places[PLACES_MAX][UUID_TEXT_BYTES];
    size_t place_count;
    pthread_mutex_t lock; /* what was made, a queue */
    struct made open[OPEN_MAX];
    size_t first;
    size_t end;
};

/* ---- where ---- */

static bool add_page(struct api_bench *bench, struct api_bookings *bookings, char *token,
                     size_t token_bytes) {
    struct arena arena;
    struct rpc_result result;
    const struct rpc_call_options options = {
        .timeout_ms = TIMEOUT_MS, .authorization = api_token(bench, bench->options.users + 1)};
    lc_conversation_filter filter = LC_CONVERSATION_FILTER_INIT;
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *page = NULL;
    arena_init(&arena, 16 << 20);
    filter.pricing = LC_PRICING_FREE;
    filter.with_seats_left = true;
    request.filter = &filter;
    request.page_size = PAGE;
    request.page_token = token;
    api_must(lc_conversation_service_list_conversations(bench->channels[0], &options, &request,
                                                        &arena, &page, &result),
             "finding conversations to book");
    for (size_t i = 0; i < page->n_conversations && bookings->place_count < PLACES_MAX; i++)
        snprintf(bookings->places[bookings->place_count++], UUID_TEXT_BYTES, "%s",
                 page->conversations[i]->conversation->id);
    snprintf(token, token_bytes, "%s", page->next_page_token);
    arena_done(&arena);
    return token[0] != '\0' && bookings->place_count < PLACES_MAX;
}

struct api_bookings *api_bookings_new(struct api_bench *bench) {
    struct api_bookings *bookings = calloc(1, sizeof *bookings);
    char token[2048] = "";
    if (bookings == NULL || pthread_mutex_init(&bookings->lock, NULL) != 0)
        measure_fail("out of memory");
    while (add_page(bench, bookings, token, sizeof token))
        continue;
    if (bookings->place_count == 0)
        measure_fail("there is nothing to book");
    return bookings;
}

void api_bookings_free(struct api_bookings **bookings) {
    pthread_mutex_destroy(&(*bookings)->lock);
    free(*bookings);
    *bookings = NULL;
}

/* ---- what was made ---- */

static void remember(struct api_bookings *bookings, uint32_t user, const char *id) {
    pthread_mutex_lock(&bookings->lock);
    if (bookings->end - bookings->first < OPEN_MAX) {
        struct made *made = &bookings->open[bookings->end++ % OPEN_MAX];
        made->user = user;
        snprintf(made->id, sizeof made->id, "%s", id);
    }
    pthread_mutex_unlock(&bookings->lock);
}

/* Takes the oldest when there are more than `least`. */
static bool take(struct api_bookings *bookings, size_t least, struct made *ret_made) {
    pthread_mutex_lock(&bookings->lock);
    bool found = bookings->end - bookings->first > least;
    if (found)
        *ret_made = bookings->open[bookings->first++ % OPEN_MAX];
    pthread_mutex_unlock(&bookings->lock);
    return found;
}

/* ---- calls ---- */

static void on_booked(void *context, const struct rpc_result *result,
                      const lc_book_conversation_response *response) {
    struct api_lane *lane = context;
    if (status_is_ok(result->status))
        remember(api_context(lane), lane->user, response->booking->id);
    api_lane_done(lane, result);
}

static struct status start_booking(struct api_lane *lane) {
    struct api_bookings *bookings = api_context(lane);
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lane->user = 1 + api_random_below(&lane->random, api_bench_of(lane)->options.students);
    request.conversation_id =
        bookings->places[api_random_below(&lane->random, (uint32_t)bookings->place_count)];
    struct rpc_call_options options = api_lane_begin(lane, lane->user);
    return lc_booking_service_book_conversation_async(lane->channel, &options, &request, on_booked,
                                                      lane);
}

static void on_cancelled(void *context, const struct rpc_result *result,
                         const lc_cancel_booking_response *response) {
    (void)response;
    api_lane_done(context, result);
}

static struct status start_cancelling(struct api_lane *lane, struct made *made) {
    lc_cancel_booking_request request = LC_CANCEL_BOOKING_REQUEST_INIT;
    request.booking_id = made->id;
    struct rpc_call_options options = api_lane_begin(lane, made->user);
    return lc_booking_service_cancel_booking_async(lane->channel, &options, &request, on_cancelled,
                                                   lane);
}

struct status api_book_or_cancel(struct api_lane *lane) {
    struct api_bookings *bookings = api_context(lane);
    struct made made;
    if (take(bookings, BEFORE_CANCELLING, &made))
        return start_cancelling(lane, &made);
    return start_booking(lane);
}

struct undo {
    struct api_bench *bench;
    struct api_bookings *bookings;
};

static void *undo(void *argument) {
    const struct undo *work = argument;
    struct made made;
    while (take(work->bookings, 0, &made)) {
        struct arena arena;
        struct rpc_result result;
        const struct rpc_call_options options = {
            .timeout_ms = TIMEOUT_MS, .authorization = api_token(work->bench, made.user)};
        lc_cancel_booking_request request = LC_CANCEL_BOOKING_REQUEST_INIT;
        lc_cancel_booking_response *response = NULL;
        arena_init(&arena, 1 << 20);
        request.booking_id = made.id;
        api_must(lc_booking_service_cancel_booking(work->bench->channels[0], &options, &request,
                                                   &arena, &response, &result),
                 "cancelling a booking");
        arena_done(&arena);
    }
    return NULL;
}

void api_bookings_undo(struct api_bench *bench, struct api_bookings *bookings) {
    struct undo work = {.bench = bench, .bookings = bookings};
    pthread_t threads[UNDO_THREADS];
    for (size_t i = 0; i < UNDO_THREADS; i++)
        if (pthread_create(&threads[i], NULL, undo, &work) != 0)
            measure_fail("no thread");
    for (size_t i = 0; i < UNDO_THREADS; i++)
        pthread_join(threads[i], NULL);
}

void api_book(struct api_bench *bench, const char *name, struct api_report *ret_report) {
    struct api_bookings *bookings = api_bookings_new(bench);
    bool cancels = strcmp(name, "book_and_cancel") == 0;
    api_run(bench, cancels ? api_book_or_cancel : start_booking, bookings, ret_report);
    api_bookings_undo(bench, bookings);
    api_bookings_free(&bookings);
}
