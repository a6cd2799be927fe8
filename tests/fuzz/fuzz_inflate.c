/* Arbitrary compressed bytes, and arbitrary bytes compressed; the first byte picks the encoding. */
#include <string.h>

#include <zlib.h>

#include "fuzz/fuzz_check.h"
#include "rpc/codec.h"

enum { MAX_BYTES = 128 * 1024, BUDGET_BYTES = 256 * 1024 };

static void inflate_any(enum rpc_encoding encoding, const uint8_t *bytes, size_t len) {
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    uint8_t *out = NULL;
    size_t out_len = 0;
    struct status status =
        rpc_codec_inflate(encoding, bytes, len, MAX_BYTES, &arena, &out, &out_len);
    if (status_is_ok(status)) {
        FUZZ_CHECK(out != NULL && out_len <= MAX_BYTES);
        memset(out, 0, out_len); /* all of it is ours */
    } else {
        FUZZ_CHECK(out == NULL && arena.used_bytes == 0);
    }
    arena_done(&arena);
}

static void come_back(const uint8_t *bytes, size_t len) {
    uLongf packed_len = compressBound(len);
    uint8_t *packed = malloc(packed_len);
    FUZZ_CHECK(packed != NULL);
    FUZZ_CHECK(compress(packed, &packed_len, bytes, len) == Z_OK);
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    uint8_t *out = NULL;
    size_t out_len = 0;
    struct status status = rpc_codec_inflate(RPC_ENCODING_DEFLATE, packed, packed_len, MAX_BYTES,
                                             &arena, &out, &out_len);
    FUZZ_CHECK(status_is_ok(status) == (len <= MAX_BYTES));
    if (status_is_ok(status))
        FUZZ_CHECK(out_len == len && memcmp(out, bytes, len) == 0);
    arena_done(&arena);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    inflate_any(data[0] % 2 == 0 ? RPC_ENCODING_GZIP : RPC_ENCODING_DEFLATE, data + 1, size - 1);
    come_back(data + 1, size - 1);
    return 0;
}
