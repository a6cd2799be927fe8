/* Serves the greeter on a free port of loopback and calls each of its methods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "greeter_service.h"

enum { ARENA_BYTES = 1 << 20, TIMEOUT_MS = 10000 };

static const struct rpc_call_options options = {.timeout_ms = TIMEOUT_MS};

static void expect(bool holds, const char *what) {
    printf("%-60s %s\n", what, holds ? "ok" : "FAILED");
    if (!holds)
        exit(EXIT_FAILURE);
}

static void call_hello(struct rpc_channel *channel, struct arena *arena) {
    char name[] = "Ada";
    greeter_hello_request request = GREETER_HELLO_REQUEST_INIT;
    greeter_hello_response *response = NULL;
    struct rpc_result result;
    request.name = name;
    struct status status =
        greeter_greeter_service_hello(channel, &options, &request, arena, &response, &result);
    expect(status_is_ok(status) && strcmp(response->greeting, "Hello, Ada!") == 0,
           "unary: Hello greets");

    request.name[0] = '\0';
    status = greeter_greeter_service_hello(channel, &options, &request, arena, &response, &result);
    expect(status.code == STATUS_INVALID_ARGUMENT && result.details.violation_count == 1 &&
               strcmp(result.details.violations[0].field, "name") == 0,
           "rules: Hello without a name is refused, with the field");

    status = greeter_greeter_service_later(channel, &options, &request, arena, &response, NULL);
    expect(status.code == STATUS_UNIMPLEMENTED, "no handler: Later is unimplemented");
}

static void call_countdown(struct rpc_channel *channel, struct arena *arena) {
    greeter_countdown_request request = GREETER_COUNTDOWN_REQUEST_INIT;
    struct rpc_client_call *call = NULL;
    greeter_countdown_response *message = NULL;
    request.from = 3;
    expect(status_is_ok(greeter_greeter_service_countdown_open(channel, &options, &request, &call)),
           "server streaming: Countdown opens");
    int32_t next = 3;
    while (status_is_ok(greeter_greeter_service_countdown_receive(call, arena, &message)) &&
           message != NULL && message->number == next)
        next--;
    struct rpc_result result;
    expect(next == 0 && status_is_ok(rpc_client_call_finish(call, arena, &result)),
           "server streaming: Countdown sends 3, 2, 1");
    rpc_client_call_free(&call);
}

static void call_sum(struct rpc_channel *channel, struct arena *arena) {
    struct rpc_client_call *call = NULL;
    greeter_sum_response *response = NULL;
    struct status status = greeter_greeter_service_sum_open(channel, &options, &call);
    for (int64_t number = 1; number <= 4 && status_is_ok(status); number++) {
        greeter_sum_request request = GREETER_SUM_REQUEST_INIT;
        request.number = number;
        status = greeter_greeter_service_sum_send_request(call, &request);
    }
    if (status_is_ok(status))
        status = rpc_client_call_close_send(call);
    if (status_is_ok(status))
        status = greeter_greeter_service_sum_receive(call, arena, &response);
    expect(status_is_ok(status) && response != NULL && response->total == 10,
           "client streaming: Sum of 1, 2, 3, 4 is 10");
    rpc_client_call_free(&call);
}

static void call_echo(struct rpc_channel *channel, struct arena *arena) {
    char text[] = "to and fro";
    struct rpc_client_call *call = NULL;
    greeter_echo_request request = GREETER_ECHO_REQUEST_INIT;
    greeter_echo_response *message = NULL;
    request.text = text;
    struct status status = greeter_greeter_service_echo_open(channel, &options, &call);
    for (int round = 0; round < 3; round++) {
        message = NULL;
        if (status_is_ok(status))
            status = greeter_greeter_service_echo_send_request(call, &request);
        if (status_is_ok(status))
            status = greeter_greeter_service_echo_receive(call, arena, &message);
        expect(status_is_ok(status) && message != NULL && strcmp(message->text, text) == 0,
               "bidirectional: Echo answers at once");
    }
    rpc_client_call_free(&call);
}

int main(void) {
    struct rpc_server_options server_options;
    rpc_server_options_init(&server_options);
    server_options.address = "127.0.0.1:0";
    server_options.worker_count = 2;
    struct rpc_server *server = NULL;
    struct status status = rpc_server_new(&server_options, &server);
    if (status_is_ok(status))
        status = greeter_greeter_service_register(server, &greeter_service);
    if (status_is_ok(status))
        status = rpc_server_start(server);
    expect(status_is_ok(status), "the server starts");

    char target[64];
    snprintf(target, sizeof(target), "127.0.0.1:%d", rpc_server_port(server));
    struct rpc_channel_options channel_options;
    rpc_channel_options_init(&channel_options);
    struct rpc_channel *channel = NULL;
    expect(status_is_ok(rpc_channel_new(target, &channel_options, &channel)) &&
               status_is_ok(rpc_channel_wait_ready(channel, TIMEOUT_MS)),
           "the channel connects");

    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    call_hello(channel, &arena);
    call_countdown(channel, &arena);
    call_sum(channel, &arena);
    call_echo(channel, &arena);
    arena_done(&arena);

    rpc_channel_free(&channel);
    rpc_server_free(&server);
    return EXIT_SUCCESS;
}
