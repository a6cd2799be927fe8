#include "base/arena.h"

#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <stdbool.h>
#include <stdlib.h>

#if ARENA_POISONS
#include <sanitizer/asan_interface.h>
#endif

enum { BUDGET_BYTES = 64 * 1024 };

static bool all_zero(const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void arena_takes_nothing_before_the_first_allocation(void **state) {
    (void)state;
    alloc_fault_fail_at(0);
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    assert_int_equal(alloc_fault_end(), 0);
    assert_int_equal(arena.used_bytes, 0);
    arena_done(&arena);
}

static void arena_memory_is_zeroed_and_aligned(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    for (int round = 0; round < 2; round++) {
        for (size_t size = 0; size < 200; size++) {
            char *bytes = arena_alloc(&arena, size);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % ARENA_ALIGNMENT, 0);
            assert_true(all_zero(bytes, size ? size : 1));
            memset(bytes, 0xA5, size ? size : 1); /* the next round must not see it */
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void arena_allocations_do_not_overlap(void **state) {
    (void)state;
    enum { COUNT = 500 };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char *bytes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        bytes[i] = arena_alloc_raw(&arena, i * 3 + 1);
        assert_non_null(bytes[i]);
        memset(bytes[i], (int)(i & 0x7F), i * 3 + 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < i * 3 + 1; k++)
            assert_int_equal(bytes[i][k], i & 0x7F);
    }
    arena_done(&arena);
}

static void arena_serves_small_requests_from_one_block(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    alloc_fault_fail_at(0);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&arena, 16));
    assert_int_equal(alloc_fault_end(), 1);
    assert_int_equal(arena.used_bytes, ARENA_BLOCK_BYTES);
    arena_done(&arena);
}

static void arena_gives_a_big_request_its_own_block_and_goes_on_in_the_old(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    assert_non_null(arena_alloc(&arena, 16));
    const char *next = arena.next;
    char *big = arena_alloc(&arena, 10000);
    assert_non_null(big);
    assert_true(all_zero(big, 10000));
    assert_ptr_equal(arena.next, next);
    assert_ptr_equal(arena_alloc(&arena, 16), next);
    arena_done(&arena);
}

static void arena_refuses_what_exceeds_its_budget(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    assert_null(arena_alloc(&arena, 10000)); /* the block's header does not fit */
    size_t got = 0;
    while (arena_alloc(&arena, 100))
        got += 100;
    assert_in_range(got, ARENA_POISONS ? 7000 : 8000, 10000);
    assert_in_range(arena.used_bytes, 0, 10000);
    arena_done(&arena);
}

static void arena_uses_a_budget_smaller_than_a_block(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 512);
    assert_non_null(arena_alloc(&arena, 200));
    assert_in_range(arena.used_bytes, 200, 512);
    assert_null(arena_alloc(&arena, 400));
    arena_done(&arena);
    assert_non_null(arena_alloc(&arena, 400)); /* the budget is whole again */
    arena_done(&arena);
}

static void arena_refuses_sizes_that_overflow(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES); /* a size that wrapped round would fit in it */
    for (size_t less = 0; less < 128; less++)
        assert_null(arena_alloc_raw(&arena, SIZE_MAX - less));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc_array(&arena, SIZE_MAX, SIZE_MAX));
    assert_int_equal(arena.used_bytes, 0);
    int *numbers = arena_alloc_array(&arena, 10, sizeof *numbers);
    assert_non_null(numbers);
    arena_done(&arena);
}

static void arena_reset_keeps_one_ordinary_block(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    for (int i = 0; i < 20; i++)
        assert_non_null(arena_alloc(&arena, 1000));
    assert_non_null(arena_alloc(&arena, 9000));
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, ARENA_BLOCK_BYTES);
    alloc_fault_fail_at(0);
    assert_non_null(arena_alloc(&arena, 1000));
    assert_int_equal(alloc_fault_end(), 0);
    arena_done(&arena);
}

static void arena_reset_keeps_nothing_but_ordinary_blocks(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    assert_non_null(arena_alloc(&arena, 9000));
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    arena_reset(&arena);
    arena_done(&arena);
}

static void arena_done_accepts_a_zeroed_arena(void **state) {
    (void)state;
    struct arena arena = {0};
    arena_done(&arena);
    arena_reset(&arena);
    assert_null(arena_alloc(&arena, 1)); /* no budget */
}

static void arena_answers_null_when_the_system_has_no_memory(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    alloc_fault_fail_from(1);
    void *small = arena_alloc(&arena, 10), *big = arena_alloc(&arena, 10000);
    alloc_fault_end();
    assert_null(small);
    assert_null(big);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(arena_alloc(&arena, 10));
    arena_done(&arena);
}

static void arena_copies_text_and_bytes(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    assert_string_equal(arena_strdup(&arena, "salut"), "salut");
    assert_string_equal(arena_strdup(&arena, ""), "");
    assert_string_equal(arena_strndup(&arena, "salut", 3), "sal");
    assert_string_equal(arena_strndup(&arena, "salut", 100), "salut");
    assert_memory_equal(arena_memdup(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_memdup(&arena, "", 0));
    assert_null(arena_strdup(&arena, NULL));
    assert_null(arena_strndup(&arena, NULL, 3));
    assert_null(arena_memdup(&arena, NULL, 3));
    arena_done(&arena);
}

static void arena_printf_formats_short_and_long_text(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    assert_string_equal(arena_printf(&arena, "%s-%d", "room", 7), "room-7");
    for (int width = 250; width < 260; width++) {
        const char *text = arena_printf(&arena, "%*d", width, 42);
        assert_int_equal(strlen(text), width);
        assert_string_equal(text + width - 2, "42");
    }
    assert_null(arena_printf(&arena, "%*d", BUDGET_BYTES, 1));
    arena_done(&arena);
}

#if ARENA_POISONS
static void arena_poisons_what_is_not_handed_out(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    char *first = arena_alloc(&arena, 16), *second = arena_alloc(&arena, 5);
    assert_false(__asan_address_is_poisoned(first + 15));
    assert_true(__asan_address_is_poisoned(first + 16));
    assert_false(__asan_address_is_poisoned(second + 4));
    assert_true(__asan_address_is_poisoned(second + 5));
    arena_reset(&arena);
    assert_true(__asan_address_is_poisoned(first));
    assert_true(__asan_address_is_poisoned(second));
    arena_done(&arena);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_takes_nothing_before_the_first_allocation),
        cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
        cmocka_unit_test(arena_allocations_do_not_overlap),
        cmocka_unit_test(arena_serves_small_requests_from_one_block),
        cmocka_unit_test(arena_gives_a_big_request_its_own_block_and_goes_on_in_the_old),
        cmocka_unit_test(arena_refuses_what_exceeds_its_budget),
        cmocka_unit_test(arena_uses_a_budget_smaller_than_a_block),
        cmocka_unit_test(arena_refuses_sizes_that_overflow),
        cmocka_unit_test(arena_reset_keeps_one_ordinary_block),
        cmocka_unit_test(arena_reset_keeps_nothing_but_ordinary_blocks),
        cmocka_unit_test(arena_done_accepts_a_zeroed_arena),
        cmocka_unit_test(arena_answers_null_when_the_system_has_no_memory),
        cmocka_unit_test(arena_copies_text_and_bytes),
        cmocka_unit_test(arena_printf_formats_short_and_long_text),
#if ARENA_POISONS
        cmocka_unit_test(arena_poisons_what_is_not_handed_out),
#endif
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
