#include "rpc/codec.h"

#include "rpc/codec_internal.h"
#include "rpc/details.h"

const struct rpc_codec_limits rpc_codec_default_limits = {
    .max_depth = 64,
    .max_elements = 100000,
};

struct status rpc_codec_decode(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                               size_t len_bytes, const struct rpc_codec_limits *limits,
                               struct arena *arena, ProtobufCMessage **ret_message,
                               const char **ret_field) {
    TRY(rpc_codec_check(descriptor, bytes, len_bytes, limits, ret_field));
    ProtobufCMessage *message = codec_unpack(descriptor, bytes, len_bytes, arena);
    if (message == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_MESSAGE_TOO_LARGE,
                            "the message needs more memory than a call may take");
    *ret_message = message;
    return status_ok();
}

ProtobufCMessage *rpc_message_new(struct arena *arena,
                                  const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = arena_alloc_raw(arena, descriptor->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(descriptor, message);
    return message;
}

static void *allocate_from_arena(void *arena, size_t size_bytes) {
    return arena_alloc_raw(arena, size_bytes);
}

static void leave_to_arena(void *arena, void *pointer) {
    (void)arena;
    (void)pointer;
}

ProtobufCAllocator rpc_arena_allocator(struct arena *arena) {
    ProtobufCAllocator allocator = {allocate_from_arena, leave_to_arena, arena};
    return allocator;
}
