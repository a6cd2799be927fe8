#include "support/alloc_fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The names are the linker's: --wrap sends calls of f to __wrap_f, and __real_f to f. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static atomic_size_t asked_for;
static atomic_size_t fail_at;
static atomic_bool fail_after;

static void begin(size_t n, bool after) {
    atomic_store(&asked_for, 0);
    atomic_store(&fail_after, after);
    atomic_store(&fail_at, n);
}

void alloc_fault_fail_at(size_t n) {
    begin(n, false);
}

void alloc_fault_fail_from(size_t n) {
    begin(n, true);
}

size_t alloc_fault_end(void) {
    atomic_store(&fail_at, 0);
    return atomic_load(&asked_for);
}

static bool must_fail(void) {
    size_t number = atomic_fetch_add(&asked_for, 1) + 1;
    size_t at = atomic_load(&fail_at);
    bool fails = at != 0 && (number == at || (number > at && atomic_load(&fail_after)));
    if (fails)
        errno = ENOMEM;
    return fails;
}

void *__wrap_malloc(size_t size) {
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size) {
    return must_fail() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text) {
    return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size) {
    return must_fail() ? NULL : __real_strndup(text, size);
}
