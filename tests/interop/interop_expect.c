#include "interop_expect.h"

#include <stdio.h>
#include <stdlib.h>

const int32_t interop_upload_sizes[INTEROP_STREAM_MESSAGES] = {27182, 8, 1828, 45904};
const int32_t interop_download_sizes[INTEROP_STREAM_MESSAGES] = {31415, 9, 2653, 58979};

const struct rpc_call_options interop_call_options = {.timeout_ms = INTEROP_TIMEOUT_MS,
                                                      .wait_for_ready = true};
const struct rpc_call_options interop_call_options_compressed = {
    .timeout_ms = INTEROP_TIMEOUT_MS, .wait_for_ready = true, .compress = true};

struct status interop_unmet(struct interop_client *client, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *sentence = arena_vprintf(&client->arena, format, arguments);
    va_end(arguments);
    return status_error(STATUS_FAILED_PRECONDITION, 0, sentence);
}

struct status interop_expect(struct interop_client *client, bool condition, const char *format,
                             ...) {
    if (condition)
        return status_ok();
    va_list arguments;
    va_start(arguments, format);
    const char *sentence = arena_vprintf(&client->arena, format, arguments);
    va_end(arguments);
    return status_error(STATUS_FAILED_PRECONDITION, 0, sentence);
}

struct status interop_expect_code(struct interop_client *client, struct status actual,
                                  enum status_code expected) {
    return interop_expect(client, actual.code == (int32_t)expected, "expected %s, not %s: %s",
                          status_code_name((int32_t)expected), status_code_name(actual.code),
                          actual.detail == NULL ? "" : actual.detail);
}

static void *must(void *pointer) {
    if (pointer == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return pointer;
}

interop_payload *interop_new_payload(struct interop_client *client, int32_t size) {
    interop_payload *payload = must(interop_payload_new(&client->arena));
    payload->body.data = must(arena_alloc(&client->arena, (size_t)size));
    payload->body.len = (size_t)size;
    return payload;
}

interop_bool_value *interop_new_bool(struct interop_client *client, bool value) {
    interop_bool_value *message = must(interop_bool_value_new(&client->arena));
    message->value = value;
    return message;
}

interop_simple_request *interop_new_large_request(struct interop_client *client) {
    interop_simple_request *request = must(interop_simple_request_new(&client->arena));
    request->response_size = INTEROP_LARGE_RESPONSE;
    request->payload = interop_new_payload(client, INTEROP_LARGE_REQUEST);
    return request;
}

struct status interop_expect_payload(struct interop_client *client, const interop_payload *payload,
                                     int32_t size) {
    size_t len = payload == NULL ? 0 : payload->body.len;
    TRY(interop_expect(client, len == (size_t)size, "expected a payload of %d bytes, not %zu", size,
                       len));
    for (size_t i = 0; i < len; i++)
        TRY(interop_expect(client, payload->body.data[i] == 0, "byte %zu is not zero", i));
    return status_ok();
}

interop_streaming_output_call_request *interop_new_download(struct interop_client *client,
                                                            const int32_t *sizes, size_t count,
                                                            int32_t payload_size) {
    struct arena *arena = &client->arena;
    interop_streaming_output_call_request *request =
        must(interop_streaming_output_call_request_new(arena));
    request->response_parameters =
        must(arena_alloc_array(arena, count, sizeof(*request->response_parameters)));
    request->n_response_parameters = count;
    for (size_t i = 0; i < count; i++) {
        request->response_parameters[i] = must(interop_response_parameters_new(arena));
        request->response_parameters[i]->size = sizes[i];
    }
    request->payload = interop_new_payload(client, payload_size);
    return request;
}

struct status interop_expect_end(struct interop_client *client, struct rpc_client_call *call) {
    ProtobufCMessage *message = NULL;
    TRY(rpc_client_call_receive(call, &client->arena, &message, NULL));
    TRY(interop_expect(client, message == NULL, "expected the end of the stream"));
    struct rpc_result result;
    return interop_expect_code(client, rpc_client_call_finish(call, &client->arena, &result),
                               STATUS_OK);
}
