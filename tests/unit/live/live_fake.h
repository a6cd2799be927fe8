/*
 * A database that a test holds in its hands: logs of topics, and requests that wait until the test
 * lets them see the log, and again until it lets them answer.
 */
#ifndef TESTS_LIVE_FAKE_H
#define TESTS_LIVE_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "live/hub.h"
#include "live/subscriber.h"

enum { FAKE_LOG_MAX = 8192, FAKE_REQUESTS = 256 };

struct fake_event {
    uint64_t version;      /* of the text in the log */
    uint64_t told_version; /* of the newest that was published: older must not be delivered */
    bool brings_rewrites;  /* tells of a new text of another */
    bool is_private;
    struct uuid to;
    struct uuid from;
};

/* One topic's log. Nothing is ever forgotten here; `floor` says what the server cannot read. */
struct fake_log {
    struct live_key key;
    uint64_t epoch;
    uint64_t floor;
    uint64_t head;
    struct fake_event events[FAKE_LOG_MAX + 1]; /* by sequence */
};

struct fake_request {
    struct live_read *read; /* one of the two */
    struct live_snapshot *snapshot;
    bool seen; /* what follows is what it saw */
    struct status status;
    struct live_log_state state;
    struct rpc_buffer *bytes;
};

struct fake_db {
    struct fake_clock clock;
    struct live_loop *loop;
    struct live_hub_options options;
    struct live_hub *hub;
    struct fake_log *logs[4];
    size_t log_count;
    struct fake_request requests[FAKE_REQUESTS];
    size_t request_count;
    size_t reads;          /* that were asked for */
    size_t snapshots;      /* the same */
    struct status failure; /* what the next requests to look will see */
};

/* Small rings and pages. Change `options` before fake_db_start(). */
void fake_db_init(struct fake_db *db);
void fake_db_start(struct fake_db *db);
void fake_db_stop(struct fake_db *db);
struct fake_log *fake_db_log(struct fake_db *db, uint8_t id, uint64_t epoch);

struct uuid fake_uuid(uint8_t n);
struct live_user fake_user(uint8_t n);

/* Commits an event; returns its sequence. */
uint64_t fake_commit(struct fake_log *log);
uint64_t fake_commit_private(struct fake_log *log, uint8_t from, uint8_t to);
/* Commits a new text of `sequence`, and the event that tells of it, whose sequence is returned. */
uint64_t fake_rewrite(struct fake_log *log, uint64_t sequence);

/* Publishes the event with its text of `version`. */
void fake_publish(struct fake_db *db, struct fake_log *log, uint64_t sequence, uint64_t version);
/* The same for one that was just committed. */
void fake_tell(struct fake_db *db, struct fake_log *log, uint64_t sequence);
struct rpc_buffer *fake_entry(uint64_t sequence, uint64_t version);

/* Lets a request see the log as it is now; lets it answer. */
void fake_see(struct fake_db *db, size_t request);
void fake_answer(struct fake_db *db, size_t request);
/* Everything that waits, and what comes of it. */
void fake_settle(struct fake_db *db);
void fake_advance(struct fake_db *db, int64_t by_ms);

/* ---- a client that checks what it gets ---- */

enum fake_frame {
    FAKE_NONE,
    FAKE_WELCOME,
    FAKE_SNAPSHOT,
    FAKE_BATCH,
    FAKE_SIGNAL,
    FAKE_PROGRESS,
    FAKE_CLOSED,
    FAKE_GOODBYE,
    FAKE_END,
};

struct fake_place {
    bool known;
    struct live_position position;
    bool caught_up;
    int closed; /* reason; 0: open */
};

struct fake_client {
    struct fake_db *db;
    struct live_subscriber *subscriber;
    int64_t arrived_at_us;
    uint8_t user;
    bool sees_private;
    bool ready;                  /* it was woken */
    struct fake_place places[4]; /* by log */
    /* of the last frame */
    int reason;
    size_t event_count;
    uint64_t sequences[LIVE_BATCH_EVENTS];
    uint64_t versions[LIVE_BATCH_EVENTS];
    uint64_t after;
    uint64_t through;
    char text[64]; /* signal: what; welcome: stream id */
    size_t position_count;
    struct status end;
    size_t delivered; /* events in all */
    size_t cuts;      /* `end` says with what */
};

void fake_client_init(struct fake_client *client, struct fake_db *db, uint8_t user);
/* Subscribes to all logs of the database from where the client stands. */
void fake_client_open(struct fake_client *client, const char *device);
/* The same with options of its own; those of topics too. */
void fake_client_open_with(struct fake_client *client,
                           const struct live_subscriber_options *options);
struct live_subscriber_options fake_client_options(struct fake_client *client, const char *device,
                                                   struct live_subscription topics[4]);
/* Writes are done: asks for the next frame and checks it against the logs. */
enum fake_frame fake_client_next(struct fake_client *client);
/* Reads until there is nothing; the last frame that was of `kind` stays. Returns how many were. */
size_t fake_client_read(struct fake_client *client, enum fake_frame kind);
void fake_client_cut(struct fake_client *client);

#endif
