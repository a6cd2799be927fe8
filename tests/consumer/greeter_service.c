#include "greeter_service.h"

#include <stdlib.h>

static struct status no_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

static struct status hello(void *self, struct rpc_call *call, const greeter_hello_request *request,
                           greeter_hello_response *ret_response) {
    (void)self;
    /* The rules saw to it that there is a name. */
    char *greeting = arena_printf(rpc_call_arena(call), "Hello, %s!", request->name);
    if (greeting == NULL)
        return no_memory();
    ret_response->greeting = greeting;
    return status_ok();
}

static struct status countdown(void *self, struct rpc_call *call,
                               const greeter_countdown_request *request) {
    (void)self;
    for (int32_t number = request->from; number > 0; number--) {
        greeter_countdown_response response = GREETER_COUNTDOWN_RESPONSE_INIT;
        response.number = number;
        TRY(greeter_greeter_service_countdown_send(call, &response));
    }
    return status_ok();
}

static struct status sum(void *self, struct rpc_call *call) {
    (void)self;
    int64_t *total = calloc(1, sizeof(*total));
    if (total == NULL)
        return no_memory();
    rpc_call_set_state(call, total, free);
    return status_ok();
}

static struct status sum_message(void *self, struct rpc_call *call,
                                 const greeter_sum_request *message) {
    (void)self;
    int64_t *total = rpc_call_state(call);
    if (__builtin_add_overflow(*total, message->number, total))
        return status_error(STATUS_OUT_OF_RANGE, STATUS_NO_REASON, "the sum is too large");
    return status_ok();
}

static struct status sum_half_close(void *self, struct rpc_call *call,
                                    greeter_sum_response *ret_response) {
    (void)self;
    ret_response->total = *(const int64_t *)rpc_call_state(call);
    return status_ok();
}

static struct status echo(void *self, struct rpc_call *call) {
    (void)self;
    (void)call;
    return status_ok();
}

static struct status echo_message(void *self, struct rpc_call *call,
                                  const greeter_echo_request *message) {
    (void)self;
    greeter_echo_response response = GREETER_ECHO_RESPONSE_INIT;
    response.text = message->text;
    return greeter_greeter_service_echo_send(call, &response);
}

const struct greeter_greeter_service_handlers greeter_service = {
    .hello = hello,
    .countdown = countdown,
    .sum = sum,
    .sum_message = sum_message,
    .sum_half_close = sum_half_close,
    .echo = echo,
    .echo_message = echo_message,
};
