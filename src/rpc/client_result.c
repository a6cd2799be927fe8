/* From what the core says to what the caller sees, and the headers of a request. */
#include <stdlib.h>
#include <string.h>

#include <grpc/support/alloc.h>

#include "rpc/client_internal.h"
#include "rpc/payload.h"

/* ---- headers of a request ---- */

static struct status add_header(struct rpc_request_headers *headers, const char *key,
                                const void *value, size_t len_bytes) {
    if (headers->count == RPC_REQUEST_HEADERS_MAX)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "too many headers");
    grpc_slice key_slice = grpc_slice_from_copied_string(key);
    grpc_slice value_slice = grpc_slice_from_copied_buffer(value, len_bytes);
    headers->items[headers->count++] = (grpc_metadata){.key = key_slice, .value = value_slice};
    if (!grpc_header_key_is_legal(key_slice))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "a header's key is not lower-case letters, digits, '-', '_' and '.'");
    if (!grpc_is_binary_header(key_slice) && !grpc_header_nonbin_value_is_legal(value_slice))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "a header's value is not printable ASCII");
    return status_ok();
}

static struct status add_headers(const struct rpc_call_options *options,
                                 struct rpc_request_headers *headers) {
    if (options->authorization)
        TRY(add_header(headers, "authorization", options->authorization,
                       strlen(options->authorization)));
    if (options->compress)
        TRY(add_header(headers, "grpc-internal-encoding-request", "gzip", 4));
    for (size_t i = 0; i < options->header_count; i++)
        TRY(add_header(headers, options->headers[i].key, options->headers[i].value,
                       options->headers[i].value_len));
    return status_ok();
}

struct status rpc_request_headers_init(const struct rpc_call_options *options,
                                       struct rpc_request_headers *ret_headers) {
    ret_headers->count = 0;
    ret_headers->flags = 0;
    if (!options)
        return status_ok();
    if (options->wait_for_ready)
        ret_headers->flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY |
                             GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET;
    struct status status = add_headers(options, ret_headers);
    if (!status_is_ok(status))
        rpc_request_headers_done(ret_headers);
    return status;
}

void rpc_request_headers_done(struct rpc_request_headers *headers) {
    for (size_t i = 0; i < headers->count; i++) {
        grpc_slice_unref(headers->items[i].key);
        grpc_slice_unref(headers->items[i].value);
    }
    headers->count = 0;
}

void rpc_request_headers_op(struct rpc_request_headers *headers, grpc_op *op) {
    *op = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA, .flags = headers->flags};
    op->data.send_initial_metadata.count = headers->count;
    op->data.send_initial_metadata.metadata = headers->items;
}

grpc_byte_buffer *rpc_client_encode(const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    grpc_slice slice = grpc_slice_malloc(len);
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *bytes = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return bytes;
}

/* ---- the end of a call ---- */

void rpc_received_init(struct rpc_received *received) {
    *received = (struct rpc_received){.message = grpc_empty_slice()};
    grpc_metadata_array_init(&received->initial_metadata);
    grpc_metadata_array_init(&received->trailing_metadata);
}

void rpc_received_done(struct rpc_received *received) {
    grpc_metadata_array_destroy(&received->initial_metadata);
    grpc_metadata_array_destroy(&received->trailing_metadata);
    grpc_slice_unref(received->message);
    gpr_free((char *)(uintptr_t)received->error);
    rpc_received_init(received);
}

void rpc_received_status_op(struct rpc_received *received, grpc_op *op) {
    *op = (grpc_op){.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    op->data.recv_status_on_client.trailing_metadata = &received->trailing_metadata;
    op->data.recv_status_on_client.status = &received->code;
    op->data.recv_status_on_client.status_details = &received->message;
    op->data.recv_status_on_client.error_string = &received->error;
}

static const char *copy_slice(struct arena *arena, grpc_slice slice) {
    const char *copy = rpc_slice_copy(slice, arena);
    return copy ? copy : "";
}

void rpc_copy_headers(const grpc_metadata_array *metadata, struct arena *arena,
                      const struct rpc_header **ret_headers, size_t *ret_count) {
    struct rpc_header *headers = arena_alloc_array(arena, metadata->count, sizeof *headers);
    *ret_headers = headers;
    *ret_count = headers ? metadata->count : 0;
    for (size_t i = 0; i < *ret_count; i++) {
        const grpc_metadata *item = &metadata->metadata[i];
        headers[i].key = copy_slice(arena, item->key);
        headers[i].value = copy_slice(arena, item->value);
        headers[i].value_len = GRPC_SLICE_LENGTH(item->value);
    }
}

const struct rpc_header *rpc_header_find(const struct rpc_header *headers, size_t count,
                                         const char *key) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].key, key) == 0)
            return &headers[i];
    return NULL;
}

void rpc_received_result(const struct rpc_received *received, struct arena *arena,
                         struct rpc_result *ret_result) {
    struct rpc_result result = {.status =
                                    status_error((enum status_code)received->code, STATUS_NO_REASON,
                                                 copy_slice(arena, received->message))};
    rpc_details_init(&result.details);
    rpc_copy_headers(&received->initial_metadata, arena, &result.initial_metadata,
                     &result.initial_metadata_count);
    rpc_copy_headers(&received->trailing_metadata, arena, &result.trailing_metadata,
                     &result.trailing_metadata_count);
    const struct rpc_header *details = rpc_header_find(
        result.trailing_metadata, result.trailing_metadata_count, "grpc-status-details-bin");
    if (details) {
        struct status decoded =
            rpc_details_decode(details->value, details->value_len, arena, &result.details);
        (void)decoded; /* details that cannot be read are as good as none */
    }
    *ret_result = result;
}

struct status rpc_client_decode(const struct rpc_channel *channel,
                                const ProtobufCMessageDescriptor *type,
                                const grpc_byte_buffer *payload, struct arena *arena,
                                ProtobufCMessage **ret_message, bool *ret_was_compressed) {
    const uint8_t *bytes = NULL;
    size_t len = 0;
    bool was_compressed = false;
    TRY(rpc_payload_bytes(payload, channel->options.max_message_bytes, arena, &bytes, &len,
                          &was_compressed));
    TRY(rpc_codec_decode(type, bytes, len, &rpc_codec_default_limits, arena, ret_message, NULL));
    if (ret_was_compressed)
        *ret_was_compressed = was_compressed;
    return status_ok();
}
