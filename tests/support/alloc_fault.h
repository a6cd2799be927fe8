/*
 * Makes the n-th allocation fail.
 *
 * A test program that links `alloc_fault` has malloc, calloc, realloc, reallocarray, strdup and
 * strndup wrapped by the linker, for all objects it is linked from (not for shared libraries).
 * Typical use:
 *
 *     for (size_t n = 1;; n++) {
 *         alloc_fault_fail_at(n);
 *         bool made = try_the_thing();
 *         if (alloc_fault_end() < n)
 *             break;               // all n allocations succeeded: every one was tried
 *         assert_false(made);
 *     }
 *
 * Thread-safety: counting is atomic; one test at a time.
 */
#ifndef SUPPORT_ALLOC_FAULT_H
#define SUPPORT_ALLOC_FAULT_H

#include <stddef.h>

/* From now on counts allocations, and lets the n-th alone fail. 0: none fails. */
void alloc_fault_fail_at(size_t n);

/* From now on counts allocations, and lets the n-th and all after it fail. */
void alloc_fault_fail_from(size_t n);

/* Ends the faults. Returns how many allocations were asked for, failed ones included. */
size_t alloc_fault_end(void);

#endif
