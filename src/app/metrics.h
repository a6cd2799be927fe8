/*
 * What the server knows about itself, as Prometheus reads it.
 *
 * Thread-safety: any thread, while all sources live.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct auth_keys;
struct authenticator;
struct db_pool;
struct live_hub;
struct log;
struct rate_limit;
struct rpc_server;
struct schedule;

enum { METRICS_SCHEDULES = 2 };

/* NULL: left out. */
struct metrics_sources {
    struct rpc_server *server;
    struct db_pool *pool;
    const struct live_hub *hub;
    struct authenticator *authenticator;
    struct auth_keys *keys;
    const struct rate_limit *rate;
    const struct schedule *schedules[METRICS_SCHEDULES];
    const struct log *log;
    const char *version;
    bool is_ready;
};

void metrics_write(const struct metrics_sources *sources, struct str *out);

#endif
