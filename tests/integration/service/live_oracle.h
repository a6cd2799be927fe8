/*
 * What devices must have seen, computed from the database: its log, before anything of it is
 * trimmed, and its messages.
 *
 *     struct oracle oracle;
 *     oracle_begin(&oracle, &crowd);
 *     oracle_trim(&oracle);                  the server trims its log up to here
 *     ... crowd_finish(), devices stopped ...
 *     oracle_read(&oracle);
 *     oracle_check_log(&oracle);             the log and the messages are what people did
 *     oracle_check_device(&oracle, device, ANA);
 *
 * The server takes no part in it, except that what it stored must be what it acknowledged.
 * Failures fail the test.
 *
 * Thread-safety: the thread that began it.
 */
#ifndef LIVE_ORACLE_H
#define LIVE_ORACLE_H

#include "live_crowd.h"

/* An event of the log. */
struct oracle_event {
    struct seen seen; /* as it is stored */
    bool is_private;
    bool was_trimmed; /* since: it is as it was then */
    char to[ID_BYTES];
    char from[ID_BYTES];
};

struct oracle {
    const struct crowd *crowd;
    struct oracle_event *events; /* by sequence, from 1, without holes */
    size_t count;
    size_t capacity;
    uint64_t trimmed; /* the log was trimmed up to here */
    const struct said **said;
    size_t said_count;
};

void oracle_begin(struct oracle *oracle, const struct crowd *crowd);
/* Remembers the log and makes all of it old, so that the server's scheduled work trims it. */
void oracle_trim(struct oracle *oracle);
/* Waits until it is trimmed up to there at least. */
void oracle_await_floor(const struct oracle *oracle, uint64_t sequence);
/* The rest, once nothing happens any more. */
void oracle_read(struct oracle *oracle);
void oracle_done(struct oracle *oracle);

/* Every acknowledged write is there once, with what it said last; nothing else is; each change was
 * told once; the log holds no text that was taken back. */
void oracle_check_log(const struct oracle *oracle);

/*
 * What the owner may see came once and in order between the positions of each part, and nothing
 * else came; no text was told on a stream that was opened after it was taken back; snapshots came
 * only where the log was trimmed. The device is stopped. The number of events it saw.
 */
size_t oracle_check_device(const struct oracle *oracle, const struct device *device, int owner);

#endif
