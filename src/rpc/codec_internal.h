/*
 * What codec.c puts together. Private to rpc.
 */
#ifndef RPC_CODEC_INTERNAL_H
#define RPC_CODEC_INTERNAL_H

#include "rpc/codec.h"

/* No limit of a caller allows more: it bounds the stack that unpacking takes. */
enum { CODEC_HARD_DEPTH = 128 };

/* Size of what the arena gives for a request of `size_bytes`. */
static inline size_t codec_rounded(size_t size_bytes) {
    return (size_bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
}

/* Unpacks bytes that rpc_codec_check() has passed; NULL only when the arena has no room. */
ProtobufCMessage *codec_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                               size_t len_bytes, struct arena *arena);

#endif
