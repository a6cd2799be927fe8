/*
 * Lets a server's poller be the loop of everything live.
 *
 *     struct live_poller *poller = NULL;
 *     TRY(live_poller_new(server, &poller));
 *     struct live_hub *hub = ... live_poller_loop(poller) ...
 *     rpc_server_start(server); ... rpc_server_shutdown(server, grace_ms);
 *     live_poller_stop(poller);      the server's poller runs on, but not this loop
 *     live_hub_free(&hub);           and live_watch_free(), live_presence_free()
 *     live_poller_free(&poller);
 *     rpc_server_free(&server);
 */
#ifndef LIVE_POLLER_H
#define LIVE_POLLER_H

#include "base/status.h"
#include "live/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

struct live_poller;

/* `server` is referenced. `clock`: NULL for the system's. RESOURCE_EXHAUSTED when out of memory. */
struct status live_poller_new(struct rpc_server *server, const struct clock *clock,
                              struct live_poller **ret_poller) STATUS_MUST_USE;
struct live_loop *live_poller_loop(struct live_poller *poller);
/* After the server's shutdown and before rpc_server_free(), with nobody posting: when it returns
 * the loop does not run and will not run again. Idempotent. */
void live_poller_stop(struct live_poller *poller);
/* When nothing uses the loop any more; stops it if that was not done. */
void live_poller_free(struct live_poller **poller);

#ifdef __cplusplus
}
#endif

#endif
