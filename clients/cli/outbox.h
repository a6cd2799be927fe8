/*
 * What was typed and is not sent yet: one at a time, in order, each with the id it was given once,
 * so that it arrives once whatever happens to the connection.
 */
#ifndef CLIENTS_CLI_OUTBOX_H
#define CLIENTS_CLI_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/cli/live_stream.h"
#include "clients/cli/session.h"

struct outbox_entry;

struct outbox {
    struct session *session;
    struct live_inbox *inbox; /* LIVE_SENT comes here */
    const char *conversation_id;
    struct outbox_entry *first;
    struct outbox_entry **end;
    bool is_sending; /* the first one */
    pthread_t sender;
    int64_t not_before_us; /* monotonic */
    struct live_backoff backoff;
    uint64_t last_sequence; /* of what was sent */
};

void outbox_init(struct outbox *outbox, struct session *session, struct live_inbox *inbox,
                 const char *conversation_id);
/* Waits for the call under way; what was not sent is lost. */
void outbox_done(struct outbox *outbox);

/* Copies. `recipient_id` "": everybody. False without memory. */
bool outbox_add(struct outbox *outbox, const char *text, const char *recipient_id);
bool outbox_is_empty(const struct outbox *outbox);
/* Sends the next one, unless one is under way or it is too early. */
void outbox_pump(struct outbox *outbox, int64_t now_us);
/* When outbox_pump() has something to do; INT64_MAX: not before something else happens. */
int64_t outbox_due_us(const struct outbox *outbox);

enum outbox_outcome { OUTBOX_SENT, OUTBOX_LATER, OUTBOX_REFUSED };

/* What a LIVE_SENT item means. Refused ones are dropped: tell the user. */
enum outbox_outcome outbox_finish(struct outbox *outbox, const struct live_item *item,
                                  int64_t now_us);

#endif
