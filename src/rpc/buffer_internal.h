/*
 * The gRPC side of a buffer. Private to rpc.
 */
#ifndef RPC_BUFFER_INTERNAL_H
#define RPC_BUFFER_INTERNAL_H

#include <grpc/slice.h>

#include "rpc/buffer.h"

/* The buffer's bytes. Not a new reference: grpc_slice_ref() the slice to keep it; the bytes then
 * outlive the buffer. */
grpc_slice rpc_buffer_slice(const struct rpc_buffer *buffer);

#endif
