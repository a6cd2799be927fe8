/*
 * Testing a unary handler without a network: a call that goes nowhere.
 *
 *     struct rpc_call *call = rpc_testing_call_new(NULL);
 *     struct status s = handlers.say_hello(handlers.self, call, &request, &response);
 *     rpc_testing_call_free(&call);
 *
 * or, with the contract's access and rules in front of the handler, as a server would have them:
 *
 *     struct status s = rpc_testing_invoke(call, &greeter_methods[GREETER_SAY_HELLO], &handlers,
 *                                          &request.base, &response.base);
 *
 * A handler that defers its answer, or a streaming one, wants a real server: they are cheap, on
 * 127.0.0.1:0.
 *
 * Thread-safety: one thread at a time.
 */
#ifndef RPC_TESTING_H
#define RPC_TESTING_H

#include "rpc/call.h"
#include "rpc/details.h"

#ifdef __cplusplus
extern "C" {
#endif

struct clock;

struct rpc_testing_options {
    struct rpc_principal *principal; /* who calls; the call takes its own reference. NULL: nobody */
    const struct clock *clock;       /* NULL: the system's */
    int64_t timeout_ms;              /* 0: no deadline */
};

/* NULL when out of memory. `options` may be NULL. */
struct rpc_call *rpc_testing_call_new(const struct rpc_testing_options *options);
/* Runs on_done, as the end of a call does, and releases everything. */
void rpc_testing_call_free(struct rpc_call **call);

/* Access, rules, then the handler that the method names. The response must be initialised. */
struct status rpc_testing_invoke(struct rpc_call *call, const struct rpc_method *method,
                                 const void *handlers, const ProtobufCMessage *request,
                                 ProtobufCMessage *response) STATUS_MUST_USE;

/* The violations, metadata and retry time that were added so far. In the call's arena. */
const struct rpc_details *rpc_testing_details(struct rpc_call *call);

#ifdef __cplusplus
}
#endif

#endif
