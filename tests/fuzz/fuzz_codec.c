/*
 * Arbitrary bytes: whatever the check passes unpacks within the memory that the check counted, and
 * means to protobuf-c, once packed again, what it means to us.
 *
 * The first two bytes choose the memory limit, so that its boundary is met from both sides.
 */
#include <string.h>

#include "codec_test.pb-c.h"
#include "fuzz/fuzz_check.h"
#include "rpc/codec.h"

enum { BLOCK_OVERHEAD = 64, ROOM_BYTES = 16 << 20 };

static uint8_t *pack(const ProtobufCMessage *message, size_t *ret_len) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(len + 1);
    FUZZ_CHECK(bytes != NULL);
    FUZZ_CHECK(protobuf_c_message_pack(message, bytes) == len);
    *ret_len = len;
    return bytes;
}

static int is_same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* What has been packed is read alike by us and by protobuf-c. */
static void compare_readers(const ProtobufCMessageDescriptor *descriptor, const uint8_t *packed,
                            size_t len) {
    ProtobufCMessage *theirs = protobuf_c_message_unpack(descriptor, NULL, len, packed);
    FUZZ_CHECK(theirs != NULL);
    size_t theirs_len;
    uint8_t *theirs_packed = pack(theirs, &theirs_len);
    FUZZ_CHECK(is_same(packed, len, theirs_packed, theirs_len));
    free(theirs_packed);
    protobuf_c_message_free_unpacked(theirs, NULL);

    struct arena arena;
    arena_init(&arena, ROOM_BYTES);
    ProtobufCMessage *ours = NULL;
    struct rpc_codec_limits limits = rpc_codec_default_limits;
    struct status status = rpc_codec_decode(descriptor, packed, len, &limits, &arena, &ours, NULL);
    FUZZ_CHECK(status_is_ok(status));
    size_t ours_len;
    uint8_t *ours_packed = pack(ours, &ours_len);
    FUZZ_CHECK(is_same(packed, len, ours_packed, ours_len));
    free(ours_packed);
    arena_done(&arena);
}

static void decode(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t len,
                   size_t max_memory) {
    struct rpc_codec_limits limits = rpc_codec_default_limits;
    limits.max_memory_bytes = max_memory;
    const char *field = NULL;
    struct status checked = rpc_codec_check(descriptor, bytes, len, &limits, &field);
    FUZZ_CHECK((checked.code == STATUS_INVALID_ARGUMENT) == (field != NULL));
    if (!status_is_ok(checked))
        return;
    /* One block of the size that the check allowed; AddressSanitizer's arena pads allocations. */
    size_t room = max_memory * (ARENA_POISONS ? 2 : 1) + BLOCK_OVERHEAD;
    struct arena arena;
    arena_init(&arena, room);
    arena.block_bytes = room;
    ProtobufCMessage *message = NULL;
    struct status status =
        rpc_codec_decode(descriptor, bytes, len, &limits, &arena, &message, NULL);
    FUZZ_CHECK(status_is_ok(status));
    FUZZ_CHECK(protobuf_c_message_check(message));
    size_t packed_len;
    uint8_t *packed = pack(message, &packed_len);
    compare_readers(descriptor, packed, packed_len);
    free(packed);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    size_t max_memory = (size_t)data[0] << 4 | (size_t)data[1] << 12;
    if (max_memory == 0)
        return 0;
    decode(&codec_test__all__descriptor, data + 2, size - 2, max_memory);
    decode(&codec_test__node__descriptor, data + 2, size - 2, max_memory);
    return 0;
}
