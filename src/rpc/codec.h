/*
 * From bytes to messages, with nothing taken on trust.
 *
 * protobuf-c neither limits recursion nor checks text, and some inputs cost it quadratic time. So
 * bytes are walked against the descriptor first, in one pass, linear time, no allocation, bounded
 * depth; only what passes is unpacked, into the caller's arena and its budget.
 *
 * Thread-safety: functions without state.
 */
#ifndef RPC_CODEC_H
#define RPC_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_codec_limits {
    size_t max_depth;    /* nesting of submessages and groups */
    size_t max_elements; /* fields on the wire, known or unknown, at all depths; packed numbers
                            count each */
};

/* Depth 64, 100,000 elements. */
extern const struct rpc_codec_limits rpc_codec_default_limits;

/*
 * Checks encoded bytes. INTERNAL for what is not a well-formed message of this type: truncated or
 * overlong varint, length past the end, wrong wire type, too deep, invalid UTF-8 in a string, field
 * number 0. RESOURCE_EXHAUSTED for too many elements and for repeated occurrences of one singular
 * submessage beyond a small number (which protobuf-c merges in quadratic time). INVALID_ARGUMENT
 * for a NUL in a string and for NaN: `*ret_field` (may be NULL) then names the field by its
 * descriptor's static name, otherwise it is untouched.
 */
struct status rpc_codec_check(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                              size_t len_bytes, const struct rpc_codec_limits *limits,
                              const char **ret_field) STATUS_MUST_USE;

/* Checks, then unpacks into the arena. The message lives as long as the arena; never free it.
 * RESOURCE_EXHAUSTED when the budget does not suffice; otherwise as rpc_codec_check(). */
struct status rpc_codec_decode(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                               size_t len_bytes, const struct rpc_codec_limits *limits,
                               struct arena *arena, ProtobufCMessage **ret_message,
                               const char **ret_field) STATUS_MUST_USE;

/* An initialised message in the arena; NULL when there is no room. */
ProtobufCMessage *rpc_message_new(struct arena *arena,
                                  const ProtobufCMessageDescriptor *descriptor);

/* For protobuf-c functions that take an allocator: allocates from the arena, frees nothing. */
ProtobufCAllocator rpc_arena_allocator(struct arena *arena);

enum rpc_encoding { RPC_ENCODING_DEFLATE, RPC_ENCODING_GZIP };

/*
 * Inflates into the arena, at most `max_bytes`. RESOURCE_EXHAUSTED beyond that or the budget,
 * INTERNAL for corrupt or truncated data and for trailing bytes. Memory used grows with the output,
 * not with what the input claims.
 */
struct status rpc_codec_inflate(enum rpc_encoding encoding, const uint8_t *bytes, size_t len_bytes,
                                size_t max_bytes, struct arena *arena, uint8_t **ret_bytes,
                                size_t *ret_len) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
