/*
 * From bytes to messages, with nothing taken on trust.
 *
 * protobuf-c's unpacking neither limits recursion nor checks text, some inputs cost it quadratic
 * time, and merging two occurrences of a submessage reads outside its tables when a oneof in it is
 * unset. So bytes are walked against the descriptor first, in one pass, linear time, no allocation,
 * bounded depth; and what passes is unpacked by our own code, into the caller's arena and its
 * budget, to the same structs. Occurrences of one singular submessage are merged as the protobuf
 * specification says. `required` fields of proto2 are not insisted upon.
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

/*
 * The memory that unpacking will take is summed up while the bytes are checked: the structs of all
 * submessages, the elements of lists, the bytes of text with their terminators, unknown fields and
 * their entries, each block rounded up to 16 bytes. A message may take 6 times its encoded length,
 * and 2 MiB in any case; beyond that it is refused before anything is allocated. So 512 KiB of
 * empty submessages or strings never take more than 3 MiB, while text, bytes and lists of ordinary
 * messages (2 to 4 times their encoded length) pass whatever their size.
 */
struct rpc_codec_limits {
    size_t max_depth;        /* nesting of submessages; never more than 128 */
    size_t max_elements;     /* fields on the wire, known or unknown, at all depths; packed numbers
                                count each */
    size_t max_memory_bytes; /* further limit on what unpacking may take; 0: none */
};

/* Depth 64, 100,000 elements, no further limit on memory. */
extern const struct rpc_codec_limits rpc_codec_default_limits;

/*
 * Checks encoded bytes. INTERNAL for what is not a well-formed message of this type: truncated or
 * overlong varint, length past the end, wrong wire type (groups, too), too deep, invalid UTF-8 in a
 * string, field number 0. RESOURCE_EXHAUSTED for too many elements, for more memory than a message
 * of its length may take and for more than 8 repeated occurrences of singular submessages within
 * one message, each of which copies lists. INVALID_ARGUMENT for a NUL in a string and for NaN:
 * `*ret_field` (may be NULL) then names the field by its descriptor's static name, otherwise it is
 * untouched. The reasons are RPC_REASON_UNDECODABLE, _MESSAGE_TOO_LARGE and _INVALID_FIELDS.
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
