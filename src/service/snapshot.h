/*
 * What a snapshot of a topic holds, read for one user.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_SNAPSHOT_H
#define SERVICE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/uuid.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "store/event.h"

struct db_tx;
struct service_context;

struct service_snapshot_request {
    struct service_context *context;
    const char *tenant;
    struct uuid id; /* of the conversation or the user */
    struct uuid user;
    int32_t messages; /* as TopicSubscription.snapshot_messages: 0 is 50, -1 none */
    bool lock;        /* in a transaction: the topic does not move until it ends */
};

/* *ret_topic: where the topic stood before anything else was read. NOT_FOUND; PERMISSION_DENIED
 * when the user may not read it any more. */
struct status service_snapshot_conversation(struct db_tx *tx, struct arena *arena,
                                            const struct service_snapshot_request *request,
                                            lc_conversation_snapshot **ret_state,
                                            struct store_topic *ret_topic) STATUS_MUST_USE;
struct status service_snapshot_inbox(struct db_tx *tx, struct arena *arena,
                                     const struct service_snapshot_request *request,
                                     lc_inbox_snapshot **ret_state,
                                     struct store_topic *ret_topic) STATUS_MUST_USE;

#endif
