#include <stdlib.h>
#include <string.h>

#include "interop_expect.h"

static struct status empty_unary(struct interop_client *client) {
    interop_empty request;
    interop_empty_init(&request);
    interop_empty *response = NULL;
    TRY(interop_test_service_empty_call(client->channel, &interop_call_options, &request,
                                        &client->arena, &response, NULL));
    return interop_expect(client, response->base.n_unknown_fields == 0, "expected no fields");
}

static struct status large_unary(struct interop_client *client) {
    interop_simple_response *response = NULL;
    TRY(interop_test_service_unary_call(client->channel, &interop_call_options,
                                        interop_new_large_request(client), &client->arena,
                                        &response, NULL));
    return interop_expect_payload(client, response->payload, INTEROP_LARGE_RESPONSE);
}

static struct status client_streaming(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_input_call_open(client->channel, &interop_call_options,
                                                       &call));
    int32_t total = 0;
    for (size_t i = 0; i < INTEROP_STREAM_MESSAGES; i++) {
        interop_streaming_input_call_request message;
        interop_streaming_input_call_request_init(&message);
        message.payload = interop_new_payload(client, interop_upload_sizes[i]);
        TRY(interop_test_service_streaming_input_call_send_request(call, &message));
        total += interop_upload_sizes[i];
    }
    TRY(rpc_client_call_close_send(call));
    interop_streaming_input_call_response *response = NULL;
    TRY(interop_test_service_streaming_input_call_receive(call, &client->arena, &response));
    if (response == NULL)
        return interop_unmet(client, "expected a response");
    TRY(interop_expect(client, response->aggregated_payload_size == total,
                       "expected a sum of %d, not %d", total, response->aggregated_payload_size));
    return interop_expect_end(client, call);
}

static struct status server_streaming(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_output_call_open(
        client->channel, &interop_call_options,
        interop_new_download(client, interop_download_sizes, INTEROP_STREAM_MESSAGES, 0), &call));
    for (size_t i = 0; i < INTEROP_STREAM_MESSAGES; i++) {
        interop_streaming_output_call_response *response = NULL;
        TRY(interop_test_service_streaming_output_call_receive(call, &client->arena, &response));
        if (response == NULL)
            return interop_unmet(client, "expected response %zu", i);
        TRY(interop_expect_payload(client, response->payload, interop_download_sizes[i]));
    }
    return interop_expect_end(client, call);
}

/* One request and its response on a full-duplex call. */
static struct status exchange(struct interop_client *client, struct rpc_client_call *call,
                              size_t index) {
    TRY(interop_test_service_full_duplex_call_send_request(
        call, interop_new_download(client, &interop_download_sizes[index], 1,
                                   interop_upload_sizes[index])));
    interop_streaming_output_call_response *response = NULL;
    TRY(interop_test_service_full_duplex_call_receive(call, &client->arena, &response));
    if (response == NULL)
        return interop_unmet(client, "expected response %zu", index);
    return interop_expect_payload(client, response->payload, interop_download_sizes[index]);
}

static struct status ping_pong(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &interop_call_options, &call));
    for (size_t i = 0; i < INTEROP_STREAM_MESSAGES; i++)
        TRY(exchange(client, call, i));
    TRY(rpc_client_call_close_send(call));
    return interop_expect_end(client, call);
}

static struct status empty_stream(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &interop_call_options, &call));
    TRY(rpc_client_call_close_send(call));
    return interop_expect_end(client, call);
}

/* ---- Metadata ---- */

static const struct rpc_header echo_headers[] = {
    {"x-grpc-test-echo-initial", "test_initial_metadata_value", 27},
    {"x-grpc-test-echo-trailing-bin", "\xab\xab\xab", 3},
};

static struct status expect_header(struct interop_client *client, const struct rpc_header *headers,
                                   size_t count, const struct rpc_header *wanted) {
    const struct rpc_header *found = rpc_header_find(headers, count, wanted->key);
    TRY(interop_expect(client, found != NULL, "expected %s among %zu headers", wanted->key, count));
    return interop_expect(client,
                          found->value_len == wanted->value_len &&
                              memcmp(found->value, wanted->value, wanted->value_len) == 0,
                          "expected %s as it was sent", wanted->key);
}

static struct status expect_echo(struct interop_client *client, const struct rpc_result *result) {
    TRY(expect_header(client, result->initial_metadata, result->initial_metadata_count,
                      &echo_headers[0]));
    return expect_header(client, result->trailing_metadata, result->trailing_metadata_count,
                         &echo_headers[1]);
}

static struct status custom_metadata(struct interop_client *client) {
    struct rpc_call_options options = interop_call_options;
    options.headers = echo_headers;
    options.header_count = sizeof echo_headers / sizeof echo_headers[0];

    interop_simple_response *response = NULL;
    struct rpc_result result;
    TRY(interop_test_service_unary_call(client->channel, &options,
                                        interop_new_large_request(client), &client->arena,
                                        &response, &result));
    TRY(interop_expect_payload(client, response->payload, INTEROP_LARGE_RESPONSE));
    TRY(expect_echo(client, &result));

    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &options, &call));
    TRY(exchange(client, call, 0));
    const struct rpc_header *headers = NULL;
    size_t header_count = 0;
    TRY(rpc_client_call_wait_headers(call, &headers, &header_count));
    TRY(expect_header(client, headers, header_count, &echo_headers[0]));
    TRY(rpc_client_call_close_send(call));
    TRY(interop_expect_end(client, call));
    TRY(rpc_client_call_finish(call, &client->arena, &result));
    return expect_echo(client, &result);
}

/* ---- Statuses ---- */

static struct status expect_unknown(struct interop_client *client, struct status status,
                                    const char *message) {
    TRY(interop_expect_code(client, status, STATUS_UNKNOWN));
    return interop_expect(client, strcmp(status.detail, message) == 0,
                          "expected the message \"%s\", not \"%s\"", message, status.detail);
}

/* Asks a unary call for a status with this message. */
static struct status unary_status(struct interop_client *client, interop_echo_status *wanted) {
    interop_simple_request request;
    interop_simple_request_init(&request);
    request.response_status = wanted;
    interop_simple_response *response = NULL;
    struct rpc_result result;
    struct status status = interop_test_service_unary_call(
        client->channel, &interop_call_options, &request, &client->arena, &response, &result);
    TRY(expect_unknown(client, status, wanted->message));
    return expect_unknown(client, result.status, wanted->message);
}

static struct status status_code_and_message(struct interop_client *client) {
    char message[] = "test status message";
    interop_echo_status wanted;
    interop_echo_status_init(&wanted);
    wanted.code = STATUS_UNKNOWN;
    wanted.message = message;
    TRY(unary_status(client, &wanted));

    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &interop_call_options, &call));
    interop_streaming_output_call_request request;
    interop_streaming_output_call_request_init(&request);
    request.response_status = &wanted;
    TRY(interop_test_service_full_duplex_call_send_request(call, &request));
    TRY(rpc_client_call_close_send(call));
    struct rpc_result result;
    return expect_unknown(client, rpc_client_call_finish(call, &client->arena, &result), message);
}

static struct status special_status_message(struct interop_client *client) {
    char message[] = "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP "
                     "\xf0\x9f\x98\x88\t\n";
    interop_echo_status wanted;
    interop_echo_status_init(&wanted);
    wanted.code = STATUS_UNKNOWN;
    wanted.message = message;
    return unary_status(client, &wanted);
}

static struct status unimplemented_method(struct interop_client *client) {
    interop_empty request;
    interop_empty_init(&request);
    interop_empty *response = NULL;
    struct status status = interop_test_service_unimplemented_call(
        client->channel, &interop_call_options, &request, &client->arena, &response, NULL);
    return interop_expect_code(client, status, STATUS_UNIMPLEMENTED);
}

static struct status unimplemented_service(struct interop_client *client) {
    interop_empty request;
    interop_empty_init(&request);
    interop_empty *response = NULL;
    struct status status = interop_unimplemented_service_unimplemented_call(
        client->channel, &interop_call_options, &request, &client->arena, &response, NULL);
    return interop_expect_code(client, status, STATUS_UNIMPLEMENTED);
}

interop_case_fn *interop_case_find(const char *name) {
    static const struct {
        const char *name;
        interop_case_fn *run;
    } cases[] = {
        {"empty_unary", empty_unary},
        {"large_unary", large_unary},
        {"client_compressed_unary", interop_client_compressed_unary},
        {"server_compressed_unary", interop_server_compressed_unary},
        {"client_streaming", client_streaming},
        {"client_compressed_streaming", interop_client_compressed_streaming},
        {"server_streaming", server_streaming},
        {"server_compressed_streaming", interop_server_compressed_streaming},
        {"ping_pong", ping_pong},
        {"empty_stream", empty_stream},
        {"custom_metadata", custom_metadata},
        {"status_code_and_message", status_code_and_message},
        {"special_status_message", special_status_message},
        {"unimplemented_method", unimplemented_method},
        {"unimplemented_service", unimplemented_service},
        {"cancel_after_begin", interop_cancel_after_begin},
        {"cancel_after_first_response", interop_cancel_after_first_response},
        {"timeout_on_sleeping_server", interop_timeout_on_sleeping_server},
        {"concurrent_large_unary", interop_concurrent_large_unary},
        {"rpc_soak", interop_rpc_soak},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(cases[i].name, name) == 0)
            return cases[i].run;
    return NULL;
}
