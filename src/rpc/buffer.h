/*
 * Shared, immutable bytes: an event that is encoded once and sent to every subscriber.
 *
 * Thread-safety: reference counting from any thread; the bytes are written before they are shared.
 */
#ifndef RPC_BUFFER_H
#define RPC_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_buffer;

/* One reference, the caller's; the bytes are not initialised. NULL when out of memory. */
struct rpc_buffer *rpc_buffer_new(size_t len_bytes);
struct rpc_buffer *rpc_buffer_new_copy(const void *bytes, size_t len_bytes);
/* The encoded message. */
struct rpc_buffer *rpc_buffer_new_message(const ProtobufCMessage *message);

struct rpc_buffer *rpc_buffer_ref(struct rpc_buffer *buffer);
/* Drops a reference and nulls the caller's pointer; accepts NULL. */
void rpc_buffer_unref(struct rpc_buffer **buffer);

uint8_t *rpc_buffer_bytes(struct rpc_buffer *buffer);
size_t rpc_buffer_len(const struct rpc_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
