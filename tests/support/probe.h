/*
 * A service for tests of the runtime: one method of each kind and dispatch, tables by hand.
 *
 * Echo      unary, on the poller, public        Work      unary, on a worker, public
 * Guarded   unary, on a worker, role or scope   Collect   client streaming, on a worker, public
 * Watch     server streaming, on the poller     Slow      server streaming, on a worker
 * Chat      bidirectional, on a worker          Quick     bidirectional, on the poller
 */
#ifndef SUPPORT_PROBE_H
#define SUPPORT_PROBE_H

#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/stream.h"
#include "support/probe.pb-c.h"

typedef Probe__V1__Ask probe_ask;
typedef Probe__V1__Answer probe_answer;

struct probe_handlers {
    void *self;
    struct status (*echo)(void *self, struct rpc_call *call, const probe_ask *ask,
                          probe_answer *ret_answer);
    struct status (*work)(void *self, struct rpc_call *call, const probe_ask *ask,
                          probe_answer *ret_answer);
    struct status (*guarded)(void *self, struct rpc_call *call, const probe_ask *ask,
                             probe_answer *ret_answer);
    struct status (*collect)(void *self, struct rpc_call *call);
    struct status (*collect_message)(void *self, struct rpc_call *call, const probe_ask *ask);
    struct status (*collect_half_close)(void *self, struct rpc_call *call,
                                        probe_answer *ret_answer);
    struct status (*watch)(void *self, struct rpc_call *call, const probe_ask *ask);
    struct status (*slow)(void *self, struct rpc_call *call, const probe_ask *ask);
    struct status (*chat)(void *self, struct rpc_call *call);
    struct status (*chat_message)(void *self, struct rpc_call *call, const probe_ask *ask);
    struct status (*chat_half_close)(void *self, struct rpc_call *call);
    struct status (*quick)(void *self, struct rpc_call *call);
    struct status (*quick_message)(void *self, struct rpc_call *call, const probe_ask *ask);
    struct status (*quick_half_close)(void *self, struct rpc_call *call);
};

enum probe_method {
    PROBE_ECHO,
    PROBE_WORK,
    PROBE_GUARDED,
    PROBE_COLLECT,
    PROBE_WATCH,
    PROBE_SLOW,
    PROBE_CHAT,
    PROBE_QUICK,
    PROBE_METHODS
};

extern const struct rpc_service probe_service;

static inline const struct rpc_method *probe_method(enum probe_method method) {
    return &probe_service.methods[method];
}

/* Calls a unary method with `text` and waits. The answer's text is in the arena. */
struct status probe_call(struct rpc_channel *channel, enum probe_method method,
                         const struct rpc_call_options *options, const char *text,
                         struct arena *arena, const char **ret_text, struct rpc_result *ret_result);
/* Opens a stream; `text` is sent with server streaming. */
struct status probe_open(struct rpc_channel *channel, enum probe_method method,
                         const struct rpc_call_options *options, const char *text,
                         struct rpc_client_call **ret_call);
struct status probe_send(struct rpc_client_call *call, const char *text);
/* *ret_text is NULL at the end. */
struct status probe_receive(struct rpc_client_call *call, struct arena *arena,
                            const char **ret_text);
/* Sends an answer from a handler. */
struct status probe_answer_stream(struct rpc_call *call, const char *text);

#endif
