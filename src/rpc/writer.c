#include "rpc/writer.h"

#include "rpc/buffer_internal.h"

void rpc_writer_init(struct rpc_writer *writer, size_t max_bytes) {
    writer->part_count = 0;
    writer->len_bytes = 0;
    writer->max_bytes = max_bytes;
    writer->failed = false;
}

void rpc_writer_done(struct rpc_writer *writer) {
    for (size_t i = 0; i < writer->part_count; i++)
        grpc_slice_unref(writer->parts[i]);
    writer->part_count = 0;
}

grpc_byte_buffer *rpc_writer_bytes(const struct rpc_writer *writer) {
    /* The core takes references of its own, and does not write to the array. */
    return grpc_raw_byte_buffer_create((grpc_slice *)(uintptr_t)writer->parts, writer->part_count);
}

static bool has_room(struct rpc_writer *writer, size_t len_bytes) {
    if (writer->failed || writer->part_count == RPC_WRITER_MAX_PARTS ||
        len_bytes > writer->max_bytes - writer->len_bytes)
        writer->failed = true;
    return !writer->failed;
}

static void append(struct rpc_writer *writer, grpc_slice slice) {
    writer->parts[writer->part_count++] = slice;
    writer->len_bytes += GRPC_SLICE_LENGTH(slice);
}

bool rpc_writer_put_bytes(struct rpc_writer *writer, const void *bytes, size_t len_bytes) {
    if (!has_room(writer, len_bytes))
        return false;
    append(writer, grpc_slice_from_copied_buffer(bytes, len_bytes));
    return true;
}

bool rpc_writer_put_buffer(struct rpc_writer *writer, struct rpc_buffer *buffer) {
    if (!has_room(writer, rpc_buffer_len(buffer)))
        return false;
    append(writer, grpc_slice_ref(rpc_buffer_slice(buffer)));
    return true;
}

bool rpc_writer_put_message(struct rpc_writer *writer, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    if (!has_room(writer, len))
        return false;
    grpc_slice slice = grpc_slice_malloc(len);
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    append(writer, slice);
    return true;
}
