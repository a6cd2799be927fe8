/*
 * What is measured: the server's processor time and memory from outside, and latencies.
 *
 * Thread-safety: none, except the functions without state.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* CLOCK_MONOTONIC. */
int64_t measure_now_ns(void);

/* Processor time of all threads of another process. Ends the program when it is gone. */
int64_t measure_cpu_ns(pid_t pid);
/* Resident memory of another process. Ends the program when it cannot be read. */
int64_t measure_rss_bytes(pid_t pid);

/* Latencies of a run. Zero-initialise; what exceeds MEASURE_SAMPLES_MAX is not kept. */
enum { MEASURE_SAMPLES_MAX = 1 << 20 };
struct measure_samples {
    int64_t *values_ns;
    size_t count;
    size_t capacity;
};
void measure_samples_add(struct measure_samples *samples, int64_t value_ns);
void measure_samples_clear(struct measure_samples *samples);
/* The `permille`-th value in microseconds, 0 when there is none. Sorts. */
double measure_samples_us(struct measure_samples *samples, unsigned permille);

/* An option's value: 0 to INT32_MAX, or the program fails and names the option. */
int64_t measure_parse_number(const char *name, const char *text);

/* Prints the reason on stderr and ends the program: a bench that went wrong has no result. */
_Noreturn void measure_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
