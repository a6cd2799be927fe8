/*
 * grpc.health.v1: whether services are ready to be called.
 *
 * Every registered service, and "" for the server as a whole, starts as not serving; the
 * application says when that changes. Check answers NOT_FOUND for a service nobody knows; Watch
 * tells the state at once, each change, and SERVICE_UNKNOWN as long as there is nothing to know.
 *
 * Thread-safety: rpc_health_set() from any thread while the server lives.
 */
#ifndef RPC_HEALTH_H
#define RPC_HEALTH_H

#include <stdbool.h>

#include "rpc/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_health;

/* Registers the service; call it after the services whose health it tells. Freed after the server.
 */
struct status rpc_health_new(struct rpc_server *server,
                             struct rpc_health **ret_health) STATUS_MUST_USE;
void rpc_health_free(struct rpc_health **health);

/* Sets one service, or everything when `service` is NULL. A name that was not known becomes known:
 * RESOURCE_EXHAUSTED when memory is out. */
struct status rpc_health_set(struct rpc_health *health, const char *service,
                             bool serving) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
