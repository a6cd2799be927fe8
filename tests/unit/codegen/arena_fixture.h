/* An arena per test. */
#ifndef TEST_CODEGEN_ARENA_FIXTURE_H
#define TEST_CODEGEN_ARENA_FIXTURE_H

#include <stdlib.h>

#include "base/arena.h"

static inline int set_up_arena(void **state) {
    struct arena *arena = malloc(sizeof(*arena));
    if (arena == NULL)
        return -1;
    arena_init(arena, (size_t)64 << 20);
    *state = arena;
    return 0;
}

static inline int tear_down_arena(void **state) {
    struct arena *arena = *state;
    arena_done(arena);
    free(arena);
    return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up_arena, tear_down_arena)

#endif
