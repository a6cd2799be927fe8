/*
 * The state of `liveconv join`, shared by what waits (join.c) and what follows the stream
 * (join_stream.c).
 */
#ifndef CLIENTS_CLI_JOIN_H
#define CLIENTS_CLI_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/cli/command.h"
#include "clients/cli/live_stream.h"
#include "clients/cli/outbox.h"
#include "clients/cli/prompt.h"
#include "clients/cli/room_view.h"
#include "clients/cli/session.h"

struct join {
    struct session *session;
    char *conversation_id;
    char *topic;
    char *device_id;
    int32_t snapshot_messages;
    bool stays; /* after the end of the input */

    struct live_inbox inbox;
    struct live_stream *stream;
    struct live_stream *replaced; /* ends when the new one has begun */
    uint64_t stream_number;
    struct live_backoff backoff;
    int64_t reconnect_at_us; /* monotonic; INT64_MAX: there is a stream */
    int64_t silent_at_us;    /* the stream is dead if nothing came until then */
    int64_t renew_at_us;     /* look for a new token */
    int64_t heartbeat_us;
    int64_t goodbye_pause_ms; /* negative: none was said */
    bool is_interrupted;      /* the user was told */

    bool has_position;
    uint64_t epoch;
    uint64_t sequence;
    int64_t generation;

    struct outbox outbox;
    struct room_view room;
    struct prompt prompt;

    bool input_ended;
    int64_t drain_until_us; /* after the end of the input */
    bool is_done;
    int exit_code;
};

/* Opens a stream that goes on where the last one stood, and lets the old one end after it. */
void join_subscribe(struct join *join, int64_t now_us);
/* Takes in what the stream brought. */
void join_take_item(struct join *join, const struct live_item *item, int64_t now_us);
/* What is due: a new stream, a dead one, a new token. */
void join_tick(struct join *join, int64_t now_us);
/* When join_tick() has something to do. */
int64_t join_due_us(const struct join *join);

/* Ends the command with this exit code. */
void join_end(struct join *join, int exit_code);

#endif
