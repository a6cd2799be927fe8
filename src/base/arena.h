/*
 * A budgeted region: many small allocations, released together.
 *
 * Every call has one. Memory comes zeroed and aligned for any type. An arena never grows past its
 * budget: an allocation that would answers NULL, which is how hostile input is kept from taking the
 * process's memory. Under AddressSanitizer released memory is poisoned, so that a pointer that
 * outlives its call is found by the first test that touches it.
 *
 * Ownership: the arena owns all it hands out; nothing is freed singly.
 * Thread-safety: none; one thread at a time, with a happens-before between owners.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#ifndef ARENA_POISONS
#define ARENA_POISONS 0 /* 1: AddressSanitizer watches what is not handed out */
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct arena_block;

/* Public so that it can be embedded; its fields are arena.c's own. */
struct arena {
    struct arena_block *blocks; /* newest first */
    char *next;                 /* first free byte of the newest block */
    char *end;
    size_t used_bytes;   /* bytes taken from the system for blocks */
    size_t budget_bytes; /* most that `used_bytes` may become */
    size_t block_bytes;  /* size of an ordinary block */
};

enum {
    ARENA_BLOCK_BYTES = 4096, /* size of an ordinary block, its header included */
    ARENA_ALIGNMENT = 16,     /* of everything handed out */
};

/* Prepares an arena in the caller's memory. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t budget_bytes);

/* Releases everything. The arena may be used again. Accepts a zeroed or half-built arena. */
void arena_done(struct arena *arena);

/* Releases all but one ordinary block, which is poisoned and kept for the next user. */
void arena_reset(struct arena *arena);

/* The way out of arena_alloc_raw when the newest block has no room. Not called directly. */
void *arena_alloc_slow(struct arena *arena, size_t size_bytes);

/*
 * Aligned to ARENA_ALIGNMENT and, unlike arena_alloc's, not zeroed: for buffers that are filled at
 * once. NULL when the budget or the system has no more. Size 0 is one byte.
 */
static inline void *arena_alloc_raw(struct arena *arena, size_t size_bytes) {
    if (ARENA_POISONS || size_bytes == 0 || size_bytes > (size_t)(arena->end - arena->next))
        return arena_alloc_slow(arena, size_bytes);
    /* What is left of a block is a multiple of the alignment, so rounding up stays inside. */
    void *bytes = arena->next;
    arena->next += (size_bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    return bytes;
}

/* Zeroed, aligned memory; NULL when the budget or the system has no more. Size 0 is one byte. */
static inline void *arena_alloc(struct arena *arena, size_t size_bytes) {
    void *bytes = arena_alloc_raw(arena, size_bytes);
    return bytes ? memset(bytes, 0, size_bytes ? size_bytes : 1) : NULL;
}

/* As arena_alloc of `count * size_bytes`; NULL when the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes);

/* Copies; NULL when there is no room, or when `text` is NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len_bytes);
void *arena_memdup(struct arena *arena, const void *bytes, size_t len_bytes);

/* printf into the arena; NULL when there is no room. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#ifdef __cplusplus
}
#endif

#endif
