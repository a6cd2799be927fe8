/*
 * A handler tested without a network. `struct rpc_call` is opaque, so a test may say what it is:
 * here, the arena that the handler under test asks for, and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "greeter_service.h"

struct rpc_call {
    struct arena arena;
};

struct arena *rpc_call_arena(struct rpc_call *call) {
    return &call->arena;
}

/* The others of its functions that greeter_service.c needs are not called. */
struct status rpc_stream_send(struct rpc_call *call, const ProtobufCMessage *message) {
    (void)call, (void)message;
    abort();
}

void rpc_call_set_state(struct rpc_call *call, void *state, void (*on_done)(void *state)) {
    (void)call, (void)state, (void)on_done;
    abort();
}

void *rpc_call_state(const struct rpc_call *call) {
    (void)call;
    abort();
}

int main(void) {
    char name[] = "Grace";
    greeter_hello_request request = GREETER_HELLO_REQUEST_INIT;
    greeter_hello_response response = GREETER_HELLO_RESPONSE_INIT;
    request.name = name;

    struct rpc_call call;
    arena_init(&call.arena, 4096);
    struct status status = greeter_service.hello(NULL, &call, &request, &response);
    bool greets = status_is_ok(status) && strcmp(response.greeting, "Hello, Grace!") == 0;
    arena_done(&call.arena);

    arena_init(&call.arena, 1);
    status = greeter_service.hello(NULL, &call, &request, &response);
    bool reports = status.code == STATUS_RESOURCE_EXHAUSTED;
    arena_done(&call.arena);

    printf("handler without a network: %s\n", greets && reports ? "ok" : "FAILED");
    return greets && reports ? EXIT_SUCCESS : EXIT_FAILURE;
}
