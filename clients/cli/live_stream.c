#include "clients/cli/live_stream.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

enum { ITEM_ARENA_BYTES = 32 << 20, FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 30000 };

struct live_stream {
    struct rpc_client_call *call;
    struct live_inbox *inbox;
    uint64_t number;
    pthread_t thread;
};

bool live_inbox_init(struct live_inbox *inbox) {
    *inbox = (struct live_inbox){.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    inbox->end = &inbox->first;
    return inbox->event_fd >= 0 && pthread_mutex_init(&inbox->lock, NULL) == 0;
}

void live_inbox_done(struct live_inbox *inbox) {
    for (struct live_item *item; (item = live_inbox_take(inbox)) != NULL;)
        live_item_free(&item);
    pthread_mutex_destroy(&inbox->lock);
    close(inbox->event_fd);
}

struct live_item *live_inbox_take(struct live_inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    struct live_item *item = inbox->first;
    if (item != NULL) {
        inbox->first = item->next;
        if (inbox->first == NULL)
            inbox->end = &inbox->first;
        item->next = NULL;
    } else {
        uint64_t count;
        ssize_t ignored = read(inbox->event_fd, &count, sizeof count);
        (void)ignored;
    }
    pthread_mutex_unlock(&inbox->lock);
    return item;
}

void live_inbox_put(struct live_inbox *inbox, struct live_item *item) {
    const uint64_t one = 1;
    pthread_mutex_lock(&inbox->lock);
    *inbox->end = item;
    inbox->end = &item->next;
    ssize_t ignored = write(inbox->event_fd, &one, sizeof one);
    (void)ignored;
    pthread_mutex_unlock(&inbox->lock);
}

struct live_item *live_item_new(enum live_item_kind kind, uint64_t number) {
    struct live_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->kind = kind;
    item->number = number;
    rpc_details_init(&item->result.details);
    arena_init(&item->arena, ITEM_ARENA_BYTES);
    return item;
}

void live_item_free(struct live_item **item) {
    if (*item == NULL)
        return;
    arena_done(&(*item)->arena);
    free(*item);
    *item = NULL;
}

/* Without memory nobody could be told: there is nothing better than to end. */
static struct live_item *item_or_abort(enum live_item_kind kind, uint64_t number) {
    struct live_item *item = live_item_new(kind, number);
    if (item == NULL)
        abort();
    return item;
}

static void *receive_all(void *context) {
    struct live_stream *stream = context;
    for (;;) {
        struct live_item *item = item_or_abort(LIVE_MESSAGE, stream->number);
        struct status status =
            rpc_client_call_receive(stream->call, &item->arena, &item->message, NULL);
        if (!status_is_ok(status) || item->message == NULL) {
            item->kind = LIVE_ENDED;
            item->message = NULL;
            status = rpc_client_call_finish(stream->call, &item->arena, &item->result);
            item->result.status = status;
            live_inbox_put(stream->inbox, item);
            return NULL;
        }
        live_inbox_put(stream->inbox, item);
    }
}

struct live_stream *live_stream_new(struct rpc_client_call *call, struct live_inbox *inbox,
                                    uint64_t number) {
    struct live_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL) {
        *stream = (struct live_stream){.call = call, .inbox = inbox, .number = number};
        if (pthread_create(&stream->thread, NULL, receive_all, stream) == 0)
            return stream;
    }
    free(stream);
    rpc_client_call_free(&call);
    return NULL;
}

void live_stream_free(struct live_stream **stream) {
    if (*stream == NULL)
        return;
    rpc_client_call_cancel((*stream)->call);
    pthread_join((*stream)->thread, NULL);
    rpc_client_call_free(&(*stream)->call);
    free(*stream);
    *stream = NULL;
}

int64_t live_backoff_next_ms(struct live_backoff *backoff) {
    int64_t pause = backoff->pause_ms * 2;
    if (pause < FIRST_PAUSE_MS)
        pause = FIRST_PAUSE_MS;
    if (pause > LONGEST_PAUSE_MS)
        pause = LONGEST_PAUSE_MS;
    backoff->pause_ms = pause;
    return pause / 2 + (clock_monotonic_us(clock_system()) / 7) % (pause / 2 + 1);
}

void live_backoff_reset(struct live_backoff *backoff) {
    backoff->pause_ms = 0;
}
