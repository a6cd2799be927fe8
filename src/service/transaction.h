/*
 * The shape that every mutation has: one transaction with its request record, its effect, its
 * events and its recorded answer; then the events are published; then the client is answered.
 *
 *     static struct status cancel(struct service_work *work, void *context) {
 *         struct cancel *cancel = context;
 *         struct store_conversation_view view;
 *         TRY(store_conversation_lock(work->tx, work->arena, work->tenant, ..., &view));
 *         ... decide, write ...
 *         TRY(service_event_append(work, &view.conversation.log, event, NULL));
 *         TRY(service_event_inbox(work, &user, event));
 *         cancel->response->booking = ...;
 *         return status_ok();
 *     }
 *
 *     struct service_mutation mutation = {
 *         .request_id = request->request_id, .request = &request->base,
 *         .response = &ret_response->base, .run = cancel, .argument = &cancel};
 *     return service_mutate(context, call, caller, &mutation);
 *
 * The function may run several times (db/tx.h): the response is initialised and the events are
 * forgotten before each run. A request_id that was answered before is answered with that: `run` is
 * then not called and nothing is published.
 */
#ifndef SERVICE_TRANSACTION_H
#define SERVICE_TRANSACTION_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"
#include "db/tx.h"
#include "service/caller.h"
#include "service/service.h"

struct service_events;

/* What a running transaction needs. */
struct service_work {
    struct service_context *context;
    struct rpc_call *call;               /* NULL in scheduled work */
    const struct service_caller *caller; /* NULL in scheduled work */
    const char *tenant;
    const struct domain_settings *settings; /* of the tenant */
    struct db_tx *tx;
    struct arena *arena;
    int64_t now_us;                /* one time for all of it */
    struct service_events *events; /* service/event.h */
};

typedef struct status service_run_fn(struct service_work *work, void *argument);

struct service_mutation {
    const char *request_id; /* "" or NULL: no protection */
    const ProtobufCMessage *request;
    ProtobufCMessage *response; /* filled in by `run` */
    service_run_fn *run;
    void *argument;
    bool was_replayed; /* out: answered with what was recorded */
};

/*
 * Statuses: what `run` returned; INVALID_ARGUMENT REQUEST_ID_REUSED, ABORTED REQUEST_IN_PROGRESS;
 * UNAVAILABLE OUTCOME_UNKNOWN when it cannot be found out whether the commit happened; and those of
 * service_fault(), through which they all went.
 */
struct status service_mutate(struct service_context *context, struct rpc_call *call,
                             const struct service_caller *caller,
                             struct service_mutation *mutation) STATUS_MUST_USE;

/*
 * A transaction with events but without a caller or a recorded answer: presence, scheduled work.
 * `work->settings` is NULL: use service_work_settings(). `ret_report` may be NULL.
 */
struct status service_transact(struct service_context *context, struct arena *arena,
                               const char *tenant, int64_t deadline_us, service_run_fn *run,
                               void *argument, struct db_report *ret_report) STATUS_MUST_USE;

/* Reads the tenant's settings in the transaction, into work->settings, unless they are there. */
struct status service_work_settings(struct service_work *work) STATUS_MUST_USE;

/* Reads of a call, without a transaction: db_read() with service_fault(). */
struct status service_read(struct service_context *context, struct rpc_call *call, db_run_fn *run,
                           void *argument) STATUS_MUST_USE;

#endif
