#include <stdint.h>
#include <stdlib.h>

#include "codec_test.pb-c.h"
#include "rpc/buffer.h"
#include "rpc/buffer_internal.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

static void buffer_copies_its_bytes(void **state) {
    (void)state;
    char text[] = "event";
    struct rpc_buffer *buffer = rpc_buffer_new_copy(text, 5);
    text[0] = 'X';
    assert_int_equal(rpc_buffer_len(buffer), 5);
    assert_memory_equal(rpc_buffer_bytes(buffer), "event", 5);
    rpc_buffer_unref(&buffer);
    assert_null(buffer);
}

static void buffer_may_be_empty(void **state) {
    (void)state;
    struct rpc_buffer *buffer = rpc_buffer_new_copy(NULL, 0);
    assert_int_equal(rpc_buffer_len(buffer), 0);
    assert_int_equal(GRPC_SLICE_LENGTH(rpc_buffer_slice(buffer)), 0);
    rpc_buffer_unref(&buffer);
}

static void buffer_refuses_a_length_that_overflows(void **state) {
    (void)state;
    assert_null(rpc_buffer_new(SIZE_MAX - 8));
}

static void buffer_packs_a_message(void **state) {
    (void)state;
    CodecTest__Node node = CODEC_TEST__NODE__INIT;
    node.name = (char *)"Ada";
    node.number = 300;
    struct rpc_buffer *buffer = rpc_buffer_new_message(&node.base);
    static const uint8_t expected[] = {0x12, 3, 'A', 'd', 'a', 0x18, 0xac, 0x02};
    assert_int_equal(rpc_buffer_len(buffer), sizeof(expected));
    assert_memory_equal(rpc_buffer_bytes(buffer), expected, sizeof(expected));
    rpc_buffer_unref(&buffer);
}

static void buffer_lives_until_its_last_reference(void **state) {
    (void)state;
    struct rpc_buffer *buffer = rpc_buffer_new_copy("abc", 3);
    struct rpc_buffer *second = rpc_buffer_ref(buffer);
    rpc_buffer_unref(&buffer);
    assert_memory_equal(rpc_buffer_bytes(second), "abc", 3);
    rpc_buffer_unref(&second);
}

static void slice_outlives_the_buffer(void **state) {
    (void)state;
    struct rpc_buffer *buffer = rpc_buffer_new_copy("a longer text than a slice inlines", 34);
    grpc_slice slice = grpc_slice_ref(rpc_buffer_slice(buffer));
    assert_ptr_equal(GRPC_SLICE_START_PTR(slice), rpc_buffer_bytes(buffer));
    rpc_buffer_unref(&buffer);
    assert_memory_equal(GRPC_SLICE_START_PTR(slice), "a longer", 8);
    grpc_slice_unref(slice);
}

static void unref_accepts_null(void **state) {
    (void)state;
    struct rpc_buffer *none = NULL;
    rpc_buffer_unref(&none);
    assert_null(none);
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    CodecTest__Node node = CODEC_TEST__NODE__INIT;
    alloc_fault_fail_from(1);
    struct rpc_buffer *buffer = rpc_buffer_new(1);
    struct rpc_buffer *copy = rpc_buffer_new_copy("a", 1);
    struct rpc_buffer *message = rpc_buffer_new_message(&node.base);
    alloc_fault_end();
    assert_null(buffer);
    assert_null(copy);
    assert_null(message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_copies_its_bytes),
        cmocka_unit_test(buffer_may_be_empty),
        cmocka_unit_test(buffer_refuses_a_length_that_overflows),
        cmocka_unit_test(buffer_packs_a_message),
        cmocka_unit_test(buffer_lives_until_its_last_reference),
        cmocka_unit_test(slice_outlives_the_buffer),
        cmocka_unit_test(unref_accepts_null),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
