/*
 * The services: what every handler of the contract needs, and their registration.
 *
 *     struct service_options options;
 *     service_options_init(&options);
 *     options.pool = pool; ...
 *     struct service_context *context = NULL;
 *     status = service_context_new(&options, &context);
 *     status = service_register_all(server, context);
 *     ... serve; shut the server down ...
 *     service_context_free(&context);
 *
 * Handlers run on the server's workers and take a connection of the pool for each transaction: with
 * as many connections as workers nobody waits for one.
 *
 * Thread-safety: the context is used from any thread; _new and _free from the owner.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/uuid.h"
#include "domain/page_token.h"

struct auth_revocations;
struct db_pool;
struct db_tx;
struct live_hub;
struct live_presence;
struct log;
struct rpc_call;
struct rpc_server;
struct service_context;
struct service_live;
struct service_tenants;
struct service_users;
struct store_journal;
struct store_tenant;

/* Of conversation_max_bytes. The least is more than all but the learning material can come to; with
 * the most a page of 64 events still fits what reads it. */
enum {
    SERVICE_CONVERSATION_BYTES_LEAST = 32 * 1024,
    SERVICE_CONVERSATION_BYTES_MOST = 128 * 1024,
};

struct service_options {
    struct db_pool *pool;                 /* required */
    const struct clock *clock;            /* default: the system's */
    struct live_hub *hub;                 /* NULL: nobody is told of what happens */
    struct live_presence *presence;       /* may be NULL */
    struct service_live *live;            /* NULL: no streams (service/live.h) */
    struct store_journal *journal;        /* NULL: SendMessage is UNIMPLEMENTED */
    struct auth_revocations *revocations; /* told by SuspendUser; may be NULL */
    const char *node_id;                  /* default "node" */
    uint64_t node_incarnation;            /* another with every start */
    /* A secret, the same on every node; all zeros: a random one, good for this process. */
    uint8_t page_key[DOMAIN_PAGE_KEY_BYTES];
    const char *zone_directory;    /* of TZif files; default "/usr/share/zoneinfo" */
    size_t user_cache_capacity;    /* users known without asking the database; default 4,096 */
    int64_t user_cache_us;         /* how long; default 1.5 s: a suspension is felt after that */
    size_t tenant_cache_capacity;  /* default 64 */
    int64_t tenant_cache_us;       /* default 5 s: settings are felt after that */
    size_t conversation_max_bytes; /* as encoded, with its learning material; default 64 KiB */
    struct log *log;               /* may be NULL */
};
void service_options_init(struct service_options *options);

/* What handlers have in common. Read-only after service_context_new(); what the pointers name is
 * safe for threads by itself. */
struct service_context {
    struct db_pool *pool;
    const struct clock *clock;
    struct uuid_generator *uuids;
    struct live_hub *hub; /* the next four may be NULL */
    struct live_presence *presence;
    struct service_live *live;
    struct store_journal *journal;
    struct auth_revocations *revocations;
    const char *node_id;
    uint64_t node_incarnation;
    const char *zone_directory;
    uint8_t page_key[DOMAIN_PAGE_KEY_BYTES];
    size_t conversation_max_bytes;
    struct service_users *users;     /* service/caller.h */
    struct service_tenants *tenants; /* service/tenant.h */
    struct log *log;
    struct arena arena; /* of registration: the tables of handlers */
};

/* References what the options name. RESOURCE_EXHAUSTED without memory, INTERNAL without
 * randomness. */
struct status service_context_new(const struct service_options *options,
                                  struct service_context **ret_context) STATUS_MUST_USE;
void service_context_free(struct service_context **context);

/* Registers every service of the contract. What is not there yet answers UNIMPLEMENTED. The context
 * must outlive the server. */
struct status service_register_all(struct rpc_server *server,
                                   struct service_context *context) STATUS_MUST_USE;

/* One file each; called by service_register_all(). */
struct status service_register_account(struct rpc_server *server,
                                       struct service_context *context) STATUS_MUST_USE;
struct status service_register_booking(struct rpc_server *server,
                                       struct service_context *context) STATUS_MUST_USE;
struct status service_register_conversation(struct rpc_server *server,
                                            struct service_context *context) STATUS_MUST_USE;
struct status service_register_feedback(struct rpc_server *server,
                                        struct service_context *context) STATUS_MUST_USE;
struct status service_register_live(struct rpc_server *server,
                                    struct service_context *context) STATUS_MUST_USE;
struct status service_register_message(struct rpc_server *server,
                                       struct service_context *context) STATUS_MUST_USE;
struct status service_register_user(struct rpc_server *server,
                                    struct service_context *context) STATUS_MUST_USE;

/* A new UUID v7. INTERNAL when the system has no randomness. */
struct status service_new_id(struct service_context *context, struct uuid *ret_id) STATUS_MUST_USE;

static inline int64_t service_now_us(const struct service_context *context) {
    return clock_wall_us(context->clock);
}

#endif
