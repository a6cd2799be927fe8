/*
 * Memory of one run of the generator: an arena that is released as a whole at the end.
 *
 * A code generator that runs out of memory has nothing left to say, so these functions never answer
 * NULL: they print a word to stderr and end the program.
 */
#ifndef CODEGEN_MEMORY_H
#define CODEGEN_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

/* Says that there is none left and ends the program. */
_Noreturn void memory_exhausted(void);

/* Zeroed. `count` of 0 is allowed. */
void *memory_new(struct arena *arena, size_t count, size_t size_bytes);

char *memory_text(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *memory_vtext(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* For unpacking into the arena; what is unpacked is never freed singly. */
ProtobufCAllocator memory_allocator(struct arena *arena);

#endif
