/*
 * What a node consists of. Internal to app/node*.c.
 */
#ifndef APP_NODE_INTERNAL_H
#define APP_NODE_INTERNAL_H

#include "app/node.h"

#include <stdatomic.h>
#include <stdint.h>

#include "app/jobs.h"
#include "app/metrics.h"
#include "app/rate_limit.h"
#include "app/schedule.h"
#include "app/side_port.h"
#include "app/signals.h"
#include "auth/authenticator.h"
#include "auth/keys.h"
#include "auth/revocation.h"
#include "db/pool.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/server.h"
#include "service/service.h"
#include "store/journal.h"

enum node_phase {
    NODE_WAITING, /* for the database */
    NODE_READY,
    NODE_DRAINING,
};

enum { NODE_ROUTES = 3 };

struct app_node {
    const struct config *config;
    const struct clock *clock;
    struct log *log;
    struct app_signals *signals;
    uint64_t incarnation; /* another with every start */

    struct db_pool *pool;
    struct auth_keys *keys; /* NULL without any, as the next two */
    struct auth_revocations *revocations;
    struct authenticator *authenticator;
    struct rate_limit *rate; /* NULL: unlimited */
    struct rpc_server *server;
    struct store_journal *journal;
    struct service_live *live;
    struct service_context *services;
    struct rpc_health *health;
    struct rpc_reflection *reflection;
    struct jobs jobs;
    struct schedule *watch; /* readiness, and what must be felt soon */
    struct schedule *work;  /* what falls due although nobody calls */
    struct side_route routes[NODE_ROUTES];
    struct side_port *side;

    _Atomic int phase;   /* enum node_phase */
    _Atomic bool failed; /* cannot go on */
    bool schema_fits;    /* of the thread that looks at the database */
    bool was_told;       /* that the database does not answer */
};

/* ---- node_watch.c ---- */

/* The context is the node. Looks at the database, its schema once, and says whether the node is
 * ready. Jobs' thread, or before there is one. */
enum schedule_verdict node_look(void *context);

/* Both schedules; the threads start with node_schedules_start(). False when out of memory. */
bool node_schedules_new(struct app_node *node);
bool node_schedules_start(struct app_node *node);

/* ---- node_side.c ---- */

/* INVALID_ARGUMENT, UNAVAILABLE as side_port_new(). */
struct status node_side_start(struct app_node *node) STATUS_MUST_USE;

/* ---- node_services.c ---- */

/* The services of the contract with what is live of them, registered. */
struct status node_services_new(struct app_node *node) STATUS_MUST_USE;
/* What is live, after the server was shut down and before it is freed. */
void node_services_free(struct app_node *node);
/* What the services had in common, after the server is freed. */
void node_context_free(struct app_node *node);

/* ---- node_rpc.c ---- */

/* The server with everything it serves, not started. */
struct status node_rpc_new(struct app_node *node, struct str *problem) STATUS_MUST_USE;

#endif
