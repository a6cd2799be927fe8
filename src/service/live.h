/*
 * Everything live of one server, put together: the poller's loop, the hub of topics, presence and
 * watching, and their ways to the database.
 *
 *     struct service_live_options options;
 *     service_live_options_init(&options);
 *     options.server = server;
 *     struct service_live *live = NULL;
 *     TRY(service_live_new(&options, &live));
 *     context_options.live = live;
 *     context_options.hub = service_live_hub(live);
 *     context_options.presence = service_live_presence(live);
 *     TRY(service_context_new(&context_options, &context));
 *     TRY(service_live_bind(live, context));
 *     ... rpc_server_start(server); ... rpc_server_shutdown(server, grace_ms);
 *     service_live_free(&live);          before the context and the server
 *
 * What presence decides is written by one thread of its own, in order; it takes a connection of the
 * pool for each transaction. Pages of the log, snapshots and pages of watchers are read by the
 * server's workers.
 *
 * Thread-safety: _new, _bind, _free from the owner; the rest from any thread.
 */
#ifndef SERVICE_LIVE_H
#define SERVICE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/uuid.h"
#include "live/hub.h"
#include "live/presence.h"
#include "live/watch.h"

struct clock;
struct rpc_server;
struct service_context;
struct store_access_change;
struct service_live;

struct service_live_options {
    struct rpc_server *server; /* required; not started yet */
    const struct clock *clock; /* default: the system's */
    /* Limits and times; their loops, readers and callbacks are set here. */
    struct live_hub_options hub;
    struct live_presence_options presence;
    struct live_watch_options watch; /* slow_after_ms and leave_ms: the hub's */
    size_t presence_queue;           /* changes that may wait to be written; default 16,384 */
    int32_t max_age_seconds; /* of streams, as the server has it, for `welcome`; default 3,600 */
    int32_t retry_after_ms;  /* what a goodbye says to wait, spread; default 1,000 */
};

void service_live_options_init(struct service_live_options *options);

/* RESOURCE_EXHAUSTED when out of memory or threads. */
struct status service_live_new(const struct service_live_options *options,
                               struct service_live **ret_live) STATUS_MUST_USE;

/* Whose database is asked; before the server starts. The context outlives it. RESOURCE_EXHAUSTED
 * when there is no thread. */
struct status service_live_bind(struct service_live *live,
                                struct service_context *context) STATUS_MUST_USE;

struct live_hub *service_live_hub(struct service_live *live);
struct live_presence *service_live_presence(struct service_live *live);
struct live_watch *service_live_watch(struct service_live *live);

/* After the server was shut down. */
void service_live_free(struct service_live **live);

/* Ends every stream of a user with goodbye SUSPENDED. `live` may be NULL. */
void service_live_suspend(struct service_live *live, const char *tenant, const struct uuid *user);

/* A conversation looks different to those who browse: it is read, after the commit, and shown to
 * watchers. `live` may be NULL. */
void service_live_changed(struct service_live *live, const char *tenant,
                          const struct uuid *conversation);

/* After the commit: messages of a conversation came or went. Those of its participants who follow
 * their inbox on this node are told what is unread now, a moment later (service/unread.h). Also for
 * whoever hears of another node's messages. Never blocks. `live` may be NULL. */
void service_live_unread(struct service_live *live, const char *tenant,
                         const struct uuid *conversation);

/*
 * Scheduled work of presence, in small batches, safe on every node at once: renews this node's
 * lease and puts right what streams of dead nodes, or joins without a stream, left behind. Every
 * few seconds.
 */
struct status service_presence_sweep(struct service_context *context) STATUS_MUST_USE;

/* Somebody's suspension, roles or tier changed, wherever that was done: what is remembered of the
 * user is forgotten, and the streams of one who is suspended end. Also when it is told again. */
void service_access_changed(struct service_context *context,
                            const struct store_access_change *change);

#endif
