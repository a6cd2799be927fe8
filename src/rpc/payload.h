/*
 * From a received byte buffer to plain bytes, for both sides. Internal to rpc.
 */
#ifndef RPC_PAYLOAD_H
#define RPC_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grpc/byte_buffer.h>

#include "base/arena.h"
#include "base/status.h"

/* The bytes of a payload in one piece, inflated if need be: in place when the core has them so,
 * otherwise in the arena. RESOURCE_EXHAUSTED beyond `max_bytes` or the arena's budget. */
struct status rpc_payload_bytes(const grpc_byte_buffer *payload, size_t max_bytes,
                                struct arena *arena, const uint8_t **ret_bytes, size_t *ret_len,
                                bool *ret_was_compressed) STATUS_MUST_USE;

/* The slice's bytes, which may hold NULs, and a terminator; NULL when there is no room. */
char *rpc_slice_copy(grpc_slice slice, struct arena *arena);

#endif
