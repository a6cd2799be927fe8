#include "codegen/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void *need(void *memory);
static void *allocate(void *arena, size_t size_bytes);
static void release_nothing(void *arena, void *memory);

void memory_exhausted(void) {
    fputs("protoc-gen-grpc-c: out of memory\n", stderr);
    exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

void *memory_new(struct arena *arena, size_t count, size_t size_bytes) {
    return need(arena_alloc_array(arena, count, size_bytes));
}

char *memory_text(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_vtext(arena, format, arguments);
    va_end(arguments);
    return text;
}

char *memory_vtext(struct arena *arena, const char *format, va_list arguments) {
    return need(arena_vprintf(arena, format, arguments));
}

ProtobufCAllocator memory_allocator(struct arena *arena) {
    return (ProtobufCAllocator){
        .alloc = allocate, .free = release_nothing, .allocator_data = arena};
}

static void *need(void *memory) {
    if (memory == NULL)
        memory_exhausted();
    return memory;
}

static void *allocate(void *arena, size_t size_bytes) {
    return arena_alloc(arena, size_bytes);
}

static void release_nothing(void *arena, void *memory) {
    (void)arena;
    (void)memory;
}
