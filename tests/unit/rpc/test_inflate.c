#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/arena.h"
#include "rpc/codec.h"
#include "support/cmocka.h"

enum { MAX_BYTES = 4 << 20, BUDGET_BYTES = 16 << 20 };

struct fixture {
    struct arena arena;
    uint8_t *packed;
    size_t packed_len;
    uint8_t *out;
    size_t out_len;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena, BUDGET_BYTES);
    *state = f;
    return f == NULL;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    free(f->packed);
    free(f);
    return 0;
}

/* Compresses `count` bytes; `stir` makes them hard to compress. */
static void pack(struct fixture *f, enum rpc_encoding encoding, size_t count, bool stir) {
    uint8_t *plain = calloc(1, count + 1);
    uint32_t seed = 1;
    for (size_t i = 0; stir && i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        plain[i] = (uint8_t)(seed >> 24);
    }
    z_stream stream = {0};
    int window_bits = encoding == RPC_ENCODING_GZIP ? 16 + MAX_WBITS : MAX_WBITS;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), 0);
    size_t capacity = deflateBound(&stream, (uLong)count);
    f->packed = calloc(1, capacity + 1);
    stream.next_in = plain;
    stream.avail_in = (uInt)count;
    stream.next_out = f->packed;
    stream.avail_out = (uInt)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    f->packed_len = capacity - stream.avail_out;
    deflateEnd(&stream);
    free(plain);
}

static int inflated(struct fixture *f, enum rpc_encoding encoding, size_t max_bytes) {
    return rpc_codec_inflate(encoding, f->packed, f->packed_len, max_bytes, &f->arena, &f->out,
                             &f->out_len)
        .code;
}

static void gzip_and_deflate_come_back(void **state) {
    struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, 1000, 16383, 16384, 16385, 32768, 100000, 1000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) * 2; i++) {
        enum rpc_encoding encoding = i % 2 == 0 ? RPC_ENCODING_GZIP : RPC_ENCODING_DEFLATE;
        pack(f, encoding, sizes[i / 2], true);
        assert_int_equal(inflated(f, encoding, MAX_BYTES), STATUS_OK);
        assert_int_equal(f->out_len, sizes[i / 2]);
        uint32_t seed = 1;
        for (size_t at = 0; at < f->out_len; at++) {
            seed = seed * 1664525u + 1013904223u;
            assert_int_equal(f->out[at], (uint8_t)(seed >> 24));
        }
        free(f->packed);
        f->packed = NULL;
    }
}

static void the_limit_is_exact(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 20000, false);
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, 19999), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, 20000), STATUS_OK);
}

static void a_bomb_takes_nothing_from_the_arena(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 64 << 20, false);
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, MAX_BYTES), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(f->arena.used_bytes, 0);
}

static void more_than_the_budget_is_refused(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    arena_init(&f->arena, 8192);
    pack(f, RPC_ENCODING_GZIP, 100000, false);
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, MAX_BYTES), STATUS_RESOURCE_EXHAUSTED);
}

static void every_truncation_is_refused(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 300, true);
    size_t whole = f->packed_len;
    for (f->packed_len = 0; f->packed_len < whole; f->packed_len++)
        assert_int_equal(inflated(f, RPC_ENCODING_GZIP, MAX_BYTES), STATUS_INTERNAL);
}

static void trailing_bytes_are_refused(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 300, false);
    f->packed_len++;
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, MAX_BYTES), STATUS_INTERNAL);
}

static void a_wrong_checksum_is_refused(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 300, false);
    f->packed[f->packed_len - 8] ^= 1;
    assert_int_equal(inflated(f, RPC_ENCODING_GZIP, MAX_BYTES), STATUS_INTERNAL);
}

static void the_other_encoding_is_refused(void **state) {
    struct fixture *f = *state;
    pack(f, RPC_ENCODING_GZIP, 300, false);
    assert_int_equal(inflated(f, RPC_ENCODING_DEFLATE, MAX_BYTES), STATUS_INTERNAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gzip_and_deflate_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_limit_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bomb_takes_nothing_from_the_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_budget_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trailing_bytes_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_checksum_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_other_encoding_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
