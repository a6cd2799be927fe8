#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if ARENA_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

struct arena_block {
    _Alignas(ARENA_ALIGNMENT) struct arena_block *older;
    size_t size_bytes; /* header included */
};

/* Bytes that stay poisoned behind each allocation, so that overruns inside a block are seen. */
enum { REDZONE_BYTES = ARENA_POISONS ? ARENA_ALIGNMENT : 0 };
enum { PRINTF_ATTEMPT_BYTES = 256 };

_Static_assert(_Alignof(max_align_t) <= ARENA_ALIGNMENT, "malloc aligns at least this much");
_Static_assert(sizeof(struct arena_block) % ARENA_ALIGNMENT == 0, "payloads begin aligned");
_Static_assert(ARENA_BLOCK_BYTES % ARENA_ALIGNMENT == 0, "payloads end aligned");

void arena_init(struct arena *arena, size_t budget_bytes) {
    *arena = (struct arena){.budget_bytes = budget_bytes, .block_bytes = ARENA_BLOCK_BYTES};
}

static char *block_payload(struct arena_block *block) {
    return (char *)(block + 1);
}

static size_t block_payload_bytes(const struct arena_block *block) {
    return block->size_bytes - sizeof *block;
}

static void block_free(struct arena_block *block) {
    ASAN_UNPOISON_MEMORY_REGION(block_payload(block), block_payload_bytes(block));
    free(block);
}

void arena_done(struct arena *arena) {
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->older;
        block_free(block);
    }
    arena->next = arena->end = NULL;
    arena->used_bytes = 0;
}

static void arena_use_block(struct arena *arena, struct arena_block *block) {
    arena->next = block_payload(block);
    arena->end = arena->next + block_payload_bytes(block);
}

void arena_reset(struct arena *arena) {
    struct arena_block *kept = NULL;
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->older;
        if (!kept && block->size_bytes == arena->block_bytes)
            kept = block;
        else
            block_free(block);
    }
    arena_done(arena);
    if (!kept)
        return;
    ASAN_POISON_MEMORY_REGION(block_payload(kept), block_payload_bytes(kept));
    kept->older = NULL;
    arena->blocks = kept;
    arena->used_bytes = kept->size_bytes;
    arena_use_block(arena, kept);
}

static struct arena_block *block_new(struct arena *arena, size_t size_bytes) {
    if (size_bytes > arena->budget_bytes - arena->used_bytes)
        return NULL;
    struct arena_block *block = malloc(size_bytes);
    if (!block)
        return NULL;
    block->size_bytes = size_bytes;
    arena->used_bytes += size_bytes;
    ASAN_POISON_MEMORY_REGION(block_payload(block), block_payload_bytes(block));
    return block;
}

/* Adds a block with room for `take_bytes` and returns it; NULL when there is no more. */
static struct arena_block *arena_grow(struct arena *arena, size_t take_bytes) {
    size_t left = (size_t)(arena->end - arena->next);
    size_t exact = sizeof(struct arena_block) + take_bytes;
    bool ordinary = exact <= arena->block_bytes;

    /* Go on in whichever block has more room left, the newest or the one that is added. */
    bool becomes_newest = !arena->blocks || (ordinary && arena->block_bytes - exact >= left);
    struct arena_block *block = NULL;
    if (ordinary && becomes_newest)
        block = block_new(arena, arena->block_bytes);
    if (!block) /* near the end of the budget an exact block may still fit */
        block = block_new(arena, exact);
    if (!block)
        return NULL;

    if (becomes_newest) {
        block->older = arena->blocks;
        arena->blocks = block;
        arena_use_block(arena, block);
    } else {
        block->older = arena->blocks->older;
        arena->blocks->older = block;
    }
    return block;
}

void *arena_alloc_slow(struct arena *arena, size_t size_bytes) {
    enum { OVERHEAD_BYTES = sizeof(struct arena_block) + ARENA_ALIGNMENT + REDZONE_BYTES };
    if (size_bytes == 0)
        size_bytes = 1;
    if (size_bytes > SIZE_MAX - OVERHEAD_BYTES)
        return NULL;
    size_t take = (size_bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    take += REDZONE_BYTES;

    char *bytes = arena->next;
    if (take > (size_t)(arena->end - arena->next)) {
        struct arena_block *block = arena_grow(arena, take);
        if (!block)
            return NULL;
        bytes = block_payload(block);
    }
    if (bytes == arena->next)
        arena->next += take;
    ASAN_UNPOISON_MEMORY_REGION(bytes, size_bytes);
    return bytes;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total))
        return NULL;
    return arena_alloc(arena, total);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t len_bytes) {
    if (!bytes)
        return NULL;
    void *copy = arena_alloc_raw(arena, len_bytes);
    return copy ? memcpy(copy, bytes, len_bytes) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len_bytes) {
    if (!text)
        return NULL;
    size_t len = strnlen(text, len_bytes);
    if (len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc_raw(arena, len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
    return text ? arena_memdup(arena, text, strlen(text) + 1) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments) {
    char attempt[PRINTF_ATTEMPT_BYTES];
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(attempt, sizeof attempt, format, arguments);
    char *text = NULL;
    if (len >= 0 && (size_t)len < sizeof attempt) {
        text = arena_memdup(arena, attempt, (size_t)len + 1);
    } else if (len >= 0) {
        text = arena_alloc_raw(arena, (size_t)len + 1);
        if (text)
            vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}
