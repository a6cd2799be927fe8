/*
 * A message under construction: slices on the caller's stack. Internal to rpc.
 */
#ifndef RPC_WRITER_H
#define RPC_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include "rpc/stream.h"

struct rpc_writer {
    grpc_slice parts[RPC_WRITER_MAX_PARTS];
    size_t part_count;
    size_t len_bytes;
    size_t max_bytes;
    bool failed;
};

/* Leaves the parts' memory as it is: 6 KiB need no clearing. */
void rpc_writer_init(struct rpc_writer *writer, size_t max_bytes);
/* The message, which holds its own references. */
grpc_byte_buffer *rpc_writer_bytes(const struct rpc_writer *writer);
void rpc_writer_done(struct rpc_writer *writer);

#endif
