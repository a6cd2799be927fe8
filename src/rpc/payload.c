#include "rpc/payload.h"

#include <string.h>

#include "rpc/codec.h"
#include "rpc/details.h"

static struct status gather(const grpc_slice_buffer *slices, struct arena *arena,
                            const uint8_t **ret_bytes, size_t *ret_len) {
    if (slices->count == 1) {
        *ret_bytes = GRPC_SLICE_START_PTR(slices->slices[0]);
        *ret_len = GRPC_SLICE_LENGTH(slices->slices[0]);
        return status_ok();
    }
    uint8_t *bytes = arena_alloc_raw(arena, slices->length);
    if (!bytes)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_MESSAGE_TOO_LARGE,
                            "the message needs more memory than a call may use");
    size_t at = 0;
    for (size_t i = 0; i < slices->count; i++) {
        size_t len = GRPC_SLICE_LENGTH(slices->slices[i]);
        memcpy(bytes + at, GRPC_SLICE_START_PTR(slices->slices[i]), len);
        at += len;
    }
    *ret_bytes = bytes;
    *ret_len = at;
    return status_ok();
}

struct status rpc_payload_bytes(const grpc_byte_buffer *payload, size_t max_bytes,
                                struct arena *arena, const uint8_t **ret_bytes, size_t *ret_len,
                                bool *ret_was_compressed) {
    grpc_compression_algorithm algorithm = payload->data.raw.compression;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    *ret_was_compressed = algorithm != GRPC_COMPRESS_NONE;
    TRY(gather(&payload->data.raw.slice_buffer, arena, &bytes, &len));
    if (algorithm != GRPC_COMPRESS_NONE) {
        enum rpc_encoding encoding =
            algorithm == GRPC_COMPRESS_GZIP ? RPC_ENCODING_GZIP : RPC_ENCODING_DEFLATE;
        uint8_t *inflated = NULL;
        TRY(rpc_codec_inflate(encoding, bytes, len, max_bytes, arena, &inflated, &len));
        bytes = inflated;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return status_ok();
}

char *rpc_slice_copy(grpc_slice slice, struct arena *arena) {
    size_t len = GRPC_SLICE_LENGTH(slice);
    char *copy = arena_alloc_raw(arena, len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, GRPC_SLICE_START_PTR(slice), len);
    copy[len] = '\0';
    return copy;
}
