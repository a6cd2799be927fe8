/*
 * Streams for programs that also wait for other things: what arrives is put in an inbox, whose
 * descriptor becomes readable.
 *
 * A thread per stream receives; the owner of the inbox takes items out, in order, and frees them.
 */
#ifndef CLIENTS_CLI_LIVE_STREAM_H
#define CLIENTS_CLI_LIVE_STREAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "rpc/client.h"

enum live_item_kind {
    LIVE_MESSAGE, /* `message` arrived on stream `number` */
    LIVE_ENDED,   /* stream `number` is over: see `result` */
    LIVE_SENT,    /* a send is done: see `result`, and `message` when it is OK */
};

struct live_item {
    struct live_item *next;
    enum live_item_kind kind;
    uint64_t number;
    ProtobufCMessage *message;
    struct rpc_result result;
    struct arena arena; /* holds the message and the result */
};

struct live_inbox {
    pthread_mutex_t lock;
    struct live_item *first;
    struct live_item **end;
    int event_fd;
};

bool live_inbox_init(struct live_inbox *inbox);
/* No stream may put anything in any more. */
void live_inbox_done(struct live_inbox *inbox);
/* The oldest item, now the caller's, or NULL. */
struct live_item *live_inbox_take(struct live_inbox *inbox);
/* The item becomes the inbox's. Any thread. */
void live_inbox_put(struct live_inbox *inbox, struct live_item *item);

/* NULL without memory. */
struct live_item *live_item_new(enum live_item_kind kind, uint64_t number);
void live_item_free(struct live_item **item);

struct live_stream;

/* Takes the open call over, also when it fails: then it is freed and NULL answered. */
struct live_stream *live_stream_new(struct rpc_client_call *call, struct live_inbox *inbox,
                                    uint64_t number);
/* Cancels what is still open. Items that it put into the inbox stay there. */
void live_stream_free(struct live_stream **stream);

/* Growing, partly random pauses between attempts. */
struct live_backoff {
    int64_t pause_ms;
};
int64_t live_backoff_next_ms(struct live_backoff *backoff);
void live_backoff_reset(struct live_backoff *backoff);

#endif
