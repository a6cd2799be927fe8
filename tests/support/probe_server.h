/*
 * A server of the probe service and a channel to it, for one test.
 *
 * Set `options` and `handlers` between _init and _start; _stop ends both and checks that nothing is
 * left open.
 */
#ifndef SUPPORT_PROBE_SERVER_H
#define SUPPORT_PROBE_SERVER_H

#include "support/probe.h"

struct probe_server {
    struct rpc_server_options options;
    struct rpc_channel_options channel_options;
    struct probe_handlers handlers;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct arena arena; /* for what a test receives */
    char target[64];
};

/* Echo, Work and Guarded answer with the text they were asked. */
void probe_server_init(struct probe_server *probe);
void probe_server_start(struct probe_server *probe);
void probe_server_stop(struct probe_server *probe);

/* Calls with `text` and no options; the status. */
struct status probe_server_call(struct probe_server *probe, enum probe_method method,
                                const char *text, struct rpc_result *ret_result);

#endif
