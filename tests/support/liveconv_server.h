/*
 * The whole product for a test program: a private MariaDB with the schema and a tenant, a server
 * with every service on a port of its own, a channel to it, and tokens for whoever is needed.
 *
 *     struct liveconv_server *lc = liveconv_server_start(NULL);
 *     const char *ana = liveconv_token(lc, &(struct liveconv_who){.subject = "ana"});
 *     struct rpc_call_options options = liveconv_as(ana);
 *     lc_conversation_service_get_conversation(lc->channel, &options, &request, &arena, &response,
 *                                              &result);
 *     liveconv_server_stop(&lc);
 *
 * Tokens are signed with a secret of the test (HS256) and verified by src/auth as in the server.
 * The server may also be a process of its own (liveconv_server_without()).
 * Failures end the test program with a message.
 *
 * Thread-safety: _start, _stop and tokens from one thread; the channel from any.
 */
#ifndef SUPPORT_LIVECONV_SERVER_H
#define SUPPORT_LIVECONV_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "db/pool.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "service/service.h"
#include "support/mariadb.h"

struct auth_keys;
struct auth_revocations;
struct authenticator;
struct service_live;
struct service_live_options;
struct store_journal;

#define LIVECONV_TENANT "school"
#define LIVECONV_OTHER_TENANT "elsewhere"

/* What a server needs to know to accept the tokens and to find the data. */
#define LIVECONV_SECRET "a secret of the tests, long enough"
#define LIVECONV_ISSUER "https://id.example.test"
#define LIVECONV_AUDIENCE "liveconv"
#define LIVECONV_DATABASE "liveconv"

struct liveconv_server_options {
    size_t workers;                 /* and connections to the database; 0: 8 */
    const struct db_driver *driver; /* of the pool: to break things; NULL: MariaDB */
    /* Changes what the server or the services are made of, before they are. May be NULL. */
    void (*configure)(struct rpc_server_options *server, struct service_options *services);
    /* The same for what is live. May be NULL. */
    void (*configure_live)(struct service_live_options *live);
};

struct liveconv_server {
    struct test_mariadb *mariadb;
    struct db_options db_options;
    struct db_pool *pool;
    struct auth_keys *keys;
    struct auth_revocations *revocations;
    struct authenticator *authenticator;
    struct rpc_server *server; /* NULL: it is elsewhere */
    struct store_journal *journal;
    struct service_live *live;
    struct service_context *context;
    struct rpc_channel *channel;
    char target[128];
    struct arena arena; /* of the tokens */
};

/* NULL for the defaults. Both tenants exist, with default settings. */
struct liveconv_server *liveconv_server_start(const struct liveconv_server_options *options);
/* All but the server and the channel, with so many connections for the test itself. */
struct liveconv_server *liveconv_server_without(size_t connections);
/* Makes the channel to a server elsewhere, once. It need not be there yet, and may come and go. */
void liveconv_server_connect(struct liveconv_server *lc, const char *target);
/* Ends everything and checks that no call was left open; accepts NULL. */
void liveconv_server_stop(struct liveconv_server **server);

struct liveconv_who {
    const char *subject;
    const char *tenant; /* NULL: LIVECONV_TENANT */
    const char *roles;  /* separated by spaces; NULL: "student" */
    const char *tier;   /* NULL: none */
    const char *scope;  /* NULL: none */
    const char *name;   /* NULL: the subject */
    int64_t lives_s;    /* 0: an hour; negative: expired */
};
/* The value of the authorization header, as long as the server. */
const char *liveconv_token(struct liveconv_server *lc, const struct liveconv_who *who);
/* A subject that is a UUID is its own user id; this makes one of a small number. */
const char *liveconv_user(struct liveconv_server *lc, unsigned number);

/* Options of a call with a token: 20 s, waits for the connection. */
struct rpc_call_options liveconv_as(const char *token);

/* Runs one statement on the product's database. */
void liveconv_sql(struct liveconv_server *lc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The first column of the first row of a query, as a number. */
int64_t liveconv_sql_number(struct liveconv_server *lc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
