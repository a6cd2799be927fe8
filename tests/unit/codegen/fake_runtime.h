/* The runtime's functions that generated code calls, as fakes that remember what they were given.
 */
#ifndef TEST_CODEGEN_FAKE_RUNTIME_H
#define TEST_CODEGEN_FAKE_RUNTIME_H

#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/stream.h"

/* One set of what was given last; zero it before a test. */
struct fake_runtime {
    const struct rpc_service *service;
    const void *handlers;
    const struct rpc_method *method;
    const ProtobufCMessage *message; /* request or message that was sent */
    ProtobufCMessage *answer;        /* given to blocking calls and receives */
    struct status status;            /* answered by everything */
    rpc_deliver_thunk *deliver;
    rpc_message_deliver_thunk *deliver_message;
    rpc_any_function *callback;
};

extern struct fake_runtime fake_runtime;

#endif
