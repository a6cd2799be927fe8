#include "measure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t measure_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t measure_cpu_ns(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        measure_fail("the server, process %d, is gone", (int)pid);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* smaps_rollup counts pages; the figures in statm lag behind by up to a batch per thread. */
int64_t measure_rss_bytes(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        measure_fail("%s: %s", path, strerror(errno));
    int64_t kibibytes = -1;
    char line[256];
    while (kibibytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Rss:", 4) == 0)
            kibibytes = strtoll(line + 4, NULL, 10);
    fclose(file);
    if (kibibytes < 0)
        measure_fail("%s has no Rss", path);
    return kibibytes * 1024;
}

void measure_samples_add(struct measure_samples *samples, int64_t value_ns) {
    if (samples->count == samples->capacity) {
        if (samples->capacity == MEASURE_SAMPLES_MAX)
            return;
        size_t capacity = samples->capacity == 0 ? 4096 : samples->capacity * 2;
        int64_t *values = realloc(samples->values_ns, capacity * sizeof *values);
        if (values == NULL)
            measure_fail("out of memory");
        samples->values_ns = values;
        samples->capacity = capacity;
    }
    samples->values_ns[samples->count++] = value_ns;
}

void measure_samples_clear(struct measure_samples *samples) {
    samples->count = 0;
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

double measure_samples_us(struct measure_samples *samples, unsigned permille) {
    if (samples->count == 0)
        return 0;
    qsort(samples->values_ns, samples->count, sizeof *samples->values_ns, compare);
    size_t index = samples->count * permille / 1000;
    if (index >= samples->count)
        index = samples->count - 1;
    return (double)samples->values_ns[index] / 1000.0;
}

int64_t measure_parse_number(const char *name, const char *text) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > INT32_MAX)
        measure_fail("%s: %s is not a number", name, text);
    return value;
}

_Noreturn void measure_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}
