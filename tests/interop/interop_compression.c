/* The cases that look at the compressed flag of messages. */
#include "interop_expect.h"

static struct status large_unary(struct interop_client *client,
                                 const struct rpc_call_options *options,
                                 const interop_simple_request *request, bool *ret_was_compressed) {
    interop_simple_response *response = NULL;
    struct rpc_result result;
    TRY(interop_test_service_unary_call(client->channel, options, request, &client->arena,
                                        &response, &result));
    TRY(interop_expect_payload(client, response->payload, INTEROP_LARGE_RESPONSE));
    *ret_was_compressed = result.message_was_compressed;
    return status_ok();
}

struct status interop_client_compressed_unary(struct interop_client *client) {
    bool unused = false;
    interop_simple_request *request = interop_new_large_request(client);
    request->expect_compressed = interop_new_bool(client, true);
    /* A server that does not look at the flag would accept this. */
    TRY(interop_expect_code(client, large_unary(client, &interop_call_options, request, &unused),
                            STATUS_INVALID_ARGUMENT));
    TRY(large_unary(client, &interop_call_options_compressed, request, &unused));
    request->expect_compressed = interop_new_bool(client, false);
    return large_unary(client, &interop_call_options, request, &unused);
}

struct status interop_server_compressed_unary(struct interop_client *client) {
    for (int wanted = 1; wanted >= 0; wanted--) {
        interop_simple_request *request = interop_new_large_request(client);
        request->response_compressed = interop_new_bool(client, wanted);
        bool was_compressed = false;
        TRY(large_unary(client, &interop_call_options, request, &was_compressed));
        TRY(interop_expect(client, was_compressed == (wanted == 1),
                           "expected a response with compressed flag %d", wanted));
    }
    return status_ok();
}

/* Sends one message of a client-streaming call, compressed or not, and says that to the server. */
static struct status upload(struct interop_client *client, struct rpc_client_call *call,
                            int32_t size, bool compressed) {
    interop_streaming_input_call_request message;
    interop_streaming_input_call_request_init(&message);
    message.payload = interop_new_payload(client, size);
    message.expect_compressed = interop_new_bool(client, compressed);
    return compressed ? interop_test_service_streaming_input_call_send_request(call, &message)
                      : rpc_client_call_send_uncompressed(call, &message.base);
}

/* A server that does not look at the flag would accept this call. */
static struct status probe_upload(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_input_call_open(client->channel, &interop_call_options,
                                                       &call));
    TRY(upload(client, call, 27182, true)); /* the call itself does not compress */
    TRY(rpc_client_call_close_send(call));
    struct rpc_result result;
    return interop_expect_code(client, rpc_client_call_finish(call, &client->arena, &result),
                               STATUS_INVALID_ARGUMENT);
}

struct status interop_client_compressed_streaming(struct interop_client *client) {
    TRY(probe_upload(client));
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_input_call_open(client->channel,
                                                       &interop_call_options_compressed, &call));
    TRY(upload(client, call, 27182, true));
    TRY(upload(client, call, 45904, false));
    TRY(rpc_client_call_close_send(call));
    interop_streaming_input_call_response *response = NULL;
    TRY(interop_test_service_streaming_input_call_receive(call, &client->arena, &response));
    if (response == NULL)
        return interop_unmet(client, "expected a response");
    TRY(interop_expect(client, response->aggregated_payload_size == 73086,
                       "expected a sum of 73086, not %d", response->aggregated_payload_size));
    return interop_expect_end(client, call);
}

struct status interop_server_compressed_streaming(struct interop_client *client) {
    static const int32_t sizes[] = {31415, 92653};
    static const bool compressed[] = {true, false};
    enum { COUNT = 2 };
    interop_streaming_output_call_request *request = interop_new_download(client, sizes, COUNT, 0);
    for (size_t i = 0; i < COUNT; i++)
        request->response_parameters[i]->compressed = interop_new_bool(client, compressed[i]);

    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_output_call_open(client->channel, &interop_call_options,
                                                        request, &call));
    for (size_t i = 0; i < COUNT; i++) {
        ProtobufCMessage *message = NULL;
        bool was_compressed = false;
        TRY(rpc_client_call_receive(call, &client->arena, &message, &was_compressed));
        if (message == NULL)
            return interop_unmet(client, "expected response %zu", i);
        const interop_streaming_output_call_response *response =
            (const interop_streaming_output_call_response *)message;
        TRY(interop_expect_payload(client, response->payload, sizes[i]));
        TRY(interop_expect(client, was_compressed == compressed[i],
                           "expected response %zu with compressed flag %d", i, compressed[i]));
    }
    return interop_expect_end(client, call);
}
