#include "rpc/testing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/rules.h"
#include "rpc/server_internal.h"

/* A server that is nothing but options, and the one call on it. */
struct testing_call {
    struct rpc_call call; /* first */
    struct rpc_server server;
    struct rpc_server_method served;
};

struct rpc_call *rpc_testing_call_new(const struct rpc_testing_options *options) {
    struct testing_call *testing = calloc(1, sizeof *testing);
    if (!testing)
        return NULL;
    struct rpc_call *call = &testing->call;
    rpc_server_options_init(&testing->server.options);
    testing->served.server = &testing->server;
    call->server = &testing->server;
    call->served = &testing->served;
    call->deadline_us = INT64_MAX;
    call->ending.message = grpc_empty_slice();
    atomic_init(&call->refs, 1);
    grpc_metadata_array_init(&call->metadata);
    arena_init(&call->arena, testing->server.options.call_budget_bytes);
    if (options && options->clock)
        testing->server.options.clock = options->clock;
    if (options && options->principal)
        call->principal = rpc_principal_ref(options->principal);
    if (options && options->timeout_ms > 0)
        call->deadline_us = rpc_now_us() + options->timeout_ms * 1000;
    return call;
}

void rpc_testing_call_free(struct rpc_call **call_address) {
    struct rpc_call *call = *call_address;
    if (!call)
        return;
    *call_address = NULL;
    if (call->on_done)
        call->on_done(call->state);
    rpc_call_discard(call); /* frees the struct around it, too: the call is its first member */
}

struct status rpc_testing_invoke(struct rpc_call *call, const struct rpc_method *method,
                                 const void *handlers, const ProtobufCMessage *request,
                                 ProtobufCMessage *response) {
    call->served->method = method;
    TRY(rpc_chain_check_access(call));
    TRY(rpc_chain_check_rules(call, request));
    if (!rpc_chain_handler_is_set(handlers, method->handler_offset))
        return status_error(STATUS_UNIMPLEMENTED, STATUS_NO_REASON, "the handler is NULL");
    return method->unary(handlers, call, request, response);
}

const struct rpc_details *rpc_testing_details(struct rpc_call *call) {
    return rpc_call_details(call);
}
