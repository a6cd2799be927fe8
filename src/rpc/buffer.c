#include "rpc/buffer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/buffer_internal.h"

/*
 * Two counts, because gRPC's is dear to use from outside its threads: `references` are ours, and
 * all of them together hold one reference to the slice. The block is freed with the slice, after
 * the last send.
 */
struct rpc_buffer {
    atomic_size_t references;
    size_t len_bytes;
    grpc_slice slice; /* `bytes` */
    uint8_t bytes[];
};

struct rpc_buffer *rpc_buffer_new(size_t len_bytes) {
    if (len_bytes > SIZE_MAX - sizeof(struct rpc_buffer))
        return NULL;
    struct rpc_buffer *buffer = malloc(sizeof(*buffer) + len_bytes);
    if (buffer == NULL)
        return NULL;
    atomic_init(&buffer->references, 1);
    buffer->len_bytes = len_bytes;
    buffer->slice = grpc_slice_new_with_user_data(buffer->bytes, len_bytes, free, buffer);
    return buffer;
}

struct rpc_buffer *rpc_buffer_new_copy(const void *bytes, size_t len_bytes) {
    struct rpc_buffer *buffer = rpc_buffer_new(len_bytes);
    if (buffer != NULL && len_bytes > 0)
        memcpy(buffer->bytes, bytes, len_bytes);
    return buffer;
}

struct rpc_buffer *rpc_buffer_new_message(const ProtobufCMessage *message) {
    struct rpc_buffer *buffer = rpc_buffer_new(protobuf_c_message_get_packed_size(message));
    if (buffer != NULL)
        (void)protobuf_c_message_pack(message, buffer->bytes);
    return buffer;
}

struct rpc_buffer *rpc_buffer_ref(struct rpc_buffer *buffer) {
    atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
    return buffer;
}

void rpc_buffer_unref(struct rpc_buffer **buffer) {
    struct rpc_buffer *dropped = *buffer;
    *buffer = NULL;
    if (dropped == NULL)
        return;
    if (atomic_fetch_sub_explicit(&dropped->references, 1, memory_order_acq_rel) == 1)
        grpc_slice_unref(dropped->slice);
}

uint8_t *rpc_buffer_bytes(struct rpc_buffer *buffer) {
    return buffer->bytes;
}

size_t rpc_buffer_len(const struct rpc_buffer *buffer) {
    return buffer->len_bytes;
}

grpc_slice rpc_buffer_slice(const struct rpc_buffer *buffer) {
    return buffer->slice;
}
