/*
 * What a run is asked to do, and what it found.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct load_options {
    const char *target; /* "127.0.0.1:50000" */
    pid_t pid;          /* the server's */
    size_t connections;
    size_t payload_bytes;
    int64_t warmup_ms;
    int64_t duration_ms;
    uint32_t rate; /* calls or publishes a second; 0: the next when the last is done */
    /* unary */
    size_t in_flight; /* per connection; only without a rate */
    /* streams */
    size_t streams;
    size_t topics;    /* streams are spread over them; publishes take turns */
    uint32_t events;  /* per publish */
    size_t publishes; /* that are measured; 0: as many as fit into the duration */
};

struct load_report {
    uint64_t operations; /* calls, deliveries or streams */
    int64_t cpu_ns;      /* of the server, for all of them */
    int64_t wall_ns;
    double p50_us;
    double p99_us;
    int64_t rss_bytes; /* growth, for idle streams */
    uint64_t late;     /* calls of an open loop that were skipped: the server cannot keep up */
};

/* Each ends the program when anything goes wrong. */
void load_unary(const struct load_options *options, struct load_report *ret_report);
void load_streams(const struct load_options *options, struct load_report *ret_report);
void load_idle(const struct load_options *options, struct load_report *ret_report);

#endif
