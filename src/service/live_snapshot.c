/*
 * Snapshots: the state of a topic at a position.
 *
 * The parts are read one by one, so the position is read before and after: when it has not moved
 * they belong together, since whatever changes a topic's state moves it. A busy topic is read under
 * its lock in the end.
 */
#include <stdlib.h>

#include "db/tx.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "rpc/server.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/live_internal.h"
#include "service/service.h"
#include "service/snapshot.h"

enum {
    TRIES_WITHOUT_LOCK = 3,
    STATE_CONVERSATION = 4, /* fields of Snapshot.state */
    STATE_INBOX = 5,
    STATE_BYTES_MAX = 3 * 1024 * 1024, /* far below what a response may have */
};

struct snapshot_job {
    struct work work;
    struct service_live *live;
    struct live_snapshot *snapshot;
    struct arena arena;
    bool lock;
    bool is_stable;
    struct live_position position;
    uint32_t field;
    const ProtobufCMessage *state;
};

static struct service_snapshot_request request_of(const struct snapshot_job *job) {
    const struct live_snapshot_request *from = live_snapshot_request(job->snapshot);
    return (struct service_snapshot_request){
        .context = job->live->context,
        .tenant = from->key.tenant,
        .id = from->key.id,
        .user = from->user.id,
        .messages = from->messages,
        .lock = job->lock,
    };
}

/* Leaves out the older half of the messages until the rest fits: ListMessages has them. Everything
 * else is bounded far below. */
static void shorten(lc_conversation_snapshot *state) {
    while (state->n_messages > 0 &&
           protobuf_c_message_get_packed_size(&state->base) > STATE_BYTES_MAX) {
        size_t dropped = (state->n_messages + 1) / 2;
        state->messages += dropped;
        state->n_messages -= dropped;
    }
}

static struct status read_conversation(struct db_tx *tx, struct snapshot_job *job,
                                       struct store_topic *ret_topic) {
    struct service_snapshot_request request = request_of(job);
    lc_conversation_snapshot *state = NULL;
    TRY(service_snapshot_conversation(tx, &job->arena, &request, &state, ret_topic));
    shorten(state);
    job->field = STATE_CONVERSATION;
    job->state = &state->base;
    return status_ok();
}

static struct status read_inbox(struct db_tx *tx, struct snapshot_job *job,
                                struct store_topic *ret_topic) {
    struct service_snapshot_request request = request_of(job);
    lc_inbox_snapshot *state = NULL;
    TRY(service_snapshot_inbox(tx, &job->arena, &request, &state, ret_topic));
    job->field = STATE_INBOX;
    job->state = &state->base;
    return status_ok();
}

static struct status read_state(struct db_tx *tx, void *context) {
    struct snapshot_job *job = context;
    const struct live_key *key = &live_snapshot_request(job->snapshot)->key;
    bool is_inbox = key->kind == LIVE_INBOX;
    struct store_topic before;
    struct store_topic after;

    arena_reset(&job->arena);
    TRY(is_inbox ? read_inbox(tx, job, &before) : read_conversation(tx, job, &before));
    TRY(store_topic_get(tx, key->tenant, is_inbox ? STORE_TOPIC_INBOX : STORE_TOPIC_CONVERSATION,
                        &key->id, &after));
    job->is_stable = before.sequence == after.sequence && before.epoch == after.epoch;
    job->position = (struct live_position){.epoch = before.epoch, .sequence = before.sequence};
    return status_ok();
}

static struct status make(struct snapshot_job *job) {
    struct service_context *context = job->live->context;
    int64_t deadline_us = service_live_deadline_us(context);

    for (int i = 0; i < TRIES_WITHOUT_LOCK; i++) {
        TRY(db_read(context->pool, deadline_us, read_state, job, NULL));
        if (job->is_stable)
            return status_ok();
    }
    job->lock = true;
    return db_transaction(context->pool, deadline_us, read_state, job, NULL);
}

static void run(struct work *work, size_t worker_index) {
    struct snapshot_job *job = (struct snapshot_job *)work; /* its first member */
    struct rpc_buffer *bytes = NULL;
    (void)worker_index;

    arena_init(&job->arena, LIVE_JOB_BUDGET_BYTES);
    struct status status = make(job);
    if (status_is_ok(status)) {
        bytes = service_live_field(job->field, job->state);
        if (bytes == NULL)
            status = status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a snapshot");
    }
    live_snapshot_done(job->snapshot, status, status_is_ok(status) ? &job->position : NULL, bytes);
    rpc_buffer_unref(&bytes);
    arena_done(&job->arena);
    free(job);
}

void service_live_make_snapshot(void *context, struct live_snapshot *snapshot) {
    struct service_live *live = context;
    struct snapshot_job *job = calloc(1, sizeof *job);
    if (job != NULL) {
        job->work.run = run;
        job->live = live;
        job->snapshot = snapshot;
        if (workers_submit(rpc_server_workers(live->options.server), &job->work, INT64_MAX) ==
            WORKERS_ACCEPTED)
            return;
    }
    free(job);
    live_snapshot_done(snapshot, status_error(STATUS_UNAVAILABLE, 0, "the workers are busy"), NULL,
                       NULL);
}
