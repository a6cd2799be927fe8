/*
 * What the live layer asks of the database: pages of the event log, and snapshots. Implemented by
 * the service layer over the store.
 *
 * Both are asynchronous: the request is handed over on the loop's thread, which must not block; the
 * implementation queues work for a worker, fills the request in there, and completes it exactly
 * once, from any thread, also when it failed or when the workers refused it. Until then the request
 * is the implementation's, afterwards it must not be touched. Requests outlive those who asked.
 *
 * A failure is tried again with growing pauses, except DATA_LOSS (a damaged log), which ends the
 * streams that need the page, and, of snapshots, NOT_FOUND and PERMISSION_DENIED, which close the
 * topic.
 */
#ifndef LIVE_READER_H
#define LIVE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "live/event.h"
#include "live/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- pages of the log ---- */

struct live_read;

struct live_read_request {
    struct live_key key;
    uint64_t after; /* entries above this sequence ... */
    size_t limit;   /* ... at most so many, in order; 0: the head alone is asked for */
};

/* The state of the log that the entries were read from. */
struct live_log_state {
    uint64_t epoch;
    uint64_t floor; /* everything up to here is trimmed; 0: nothing */
    uint64_t head;  /* the last sequence; 0: none */
};

const struct live_read_request *live_read_request(const struct live_read *read);

/* Adds the next entry. `entry` (live_entry_new) is shared: the caller keeps its reference.
 * `version` of the event is ignored: what is read is as new as the head. False when out of memory:
 * complete with RESOURCE_EXHAUSTED. */
bool live_read_add(struct live_read *read, const struct live_event *event);

/*
 * Completes. With an OK status, `state` and the entries are of one consistent read (one statement
 * or one read view), and the entries are all there are in (max(after, floor), min(after + limit,
 * head)]. That they are is checked: a hole is DATA_LOSS. A topic that does not exist is NOT_FOUND.
 */
void live_read_done(struct live_read *read, struct status status,
                    const struct live_log_state *state);

/* ---- snapshots ---- */

/* Why there is a snapshot; the numbers of the contract. */
enum live_snapshot_reason {
    LIVE_SNAPSHOT_INITIAL = 1,
    LIVE_SNAPSHOT_TRIMMED = 2,
    LIVE_SNAPSHOT_EPOCH_CHANGED = 3,
    LIVE_SNAPSHOT_TOO_FAR_BEHIND = 4,
};

struct live_snapshot;

struct live_snapshot_request {
    struct live_key key;
    struct live_user user;
    bool sees_private;
    int32_t messages; /* as in TopicSubscription.snapshot_messages */
    enum live_snapshot_reason reason;
};

const struct live_snapshot_request *live_snapshot_request(const struct live_snapshot *snapshot);

/*
 * Completes. `state` is the encoded field of Snapshot.state: tag (4 or 5), length and message;
 * shared. `position` is that of the same consistent read. NULL both when the status is not OK.
 */
void live_snapshot_done(struct live_snapshot *snapshot, struct status status,
                        const struct live_position *position, struct rpc_buffer *state);

/* ---- the two together ---- */

struct live_reader {
    void *context;
    void (*read_log)(void *context, struct live_read *read);
    void (*make_snapshot)(void *context, struct live_snapshot *snapshot);
};

#ifdef __cplusplus
}
#endif

#endif
