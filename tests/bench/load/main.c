/*
 * The one client of `ci/bench rpc`, for every server alike.
 *
 *     bench_load unary|streams|idle --target 127.0.0.1:PORT --pid PID [options]
 *
 * Prints one JSON object. The server's processor time is read from its process clock.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <grpc/grpc.h>

#include "load.h"
#include "measure.h"

/* The client ends by itself when a run hangs. */
enum { LIFE_SECONDS = 300 };

static void parse_option(struct load_options *options, const char *name, const char *value) {
    if (strcmp(name, "--target") == 0) {
        options->target = value;
        return;
    }
    int64_t number = measure_parse_number(name, value);
    if (strcmp(name, "--pid") == 0)
        options->pid = (pid_t)number;
    else if (strcmp(name, "--connections") == 0)
        options->connections = (size_t)number;
    else if (strcmp(name, "--payload-bytes") == 0)
        options->payload_bytes = (size_t)number;
    else if (strcmp(name, "--warmup-ms") == 0)
        options->warmup_ms = number;
    else if (strcmp(name, "--duration-ms") == 0)
        options->duration_ms = number;
    else if (strcmp(name, "--rate") == 0)
        options->rate = (uint32_t)number;
    else if (strcmp(name, "--in-flight") == 0)
        options->in_flight = (size_t)number;
    else if (strcmp(name, "--streams") == 0)
        options->streams = (size_t)number;
    else if (strcmp(name, "--topics") == 0)
        options->topics = (size_t)number;
    else if (strcmp(name, "--events") == 0)
        options->events = (uint32_t)number;
    else if (strcmp(name, "--publishes") == 0)
        options->publishes = (size_t)number;
    else
        measure_fail("unknown option %s", name);
}

static void print_report(const struct load_report *report) {
    printf("{\"operations\": %" PRIu64 ", \"cpu_ns\": %" PRId64 ", \"wall_ns\": %" PRId64
           ", \"p50_us\": %.1f, \"p99_us\": %.1f, \"rss_bytes\": %" PRId64 ", \"late\": %" PRIu64
           "}\n",
           report->operations, report->cpu_ns, report->wall_ns, report->p50_us, report->p99_us,
           report->rss_bytes, report->late);
}

int main(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LIFE_SECONDS);
    if (argc < 2 || argc % 2 != 0)
        measure_fail("usage: bench_load unary|streams|idle --target HOST:PORT --pid PID ...");
    struct load_options options = {.connections = 1,
                                   .payload_bytes = 100,
                                   .warmup_ms = 500,
                                   .duration_ms = 2000,
                                   .in_flight = 1,
                                   .streams = 1,
                                   .topics = 1,
                                   .events = 1};
    for (int i = 2; i < argc; i += 2)
        parse_option(&options, argv[i], argv[i + 1]);
    if (options.target == NULL || options.pid == 0)
        measure_fail("--target and --pid are needed");
    if (options.connections == 0 || options.topics == 0 || options.events == 0)
        measure_fail("connections, topics and events are at least 1");
    grpc_init();
    struct load_report report = {0};
    if (strcmp(argv[1], "unary") == 0)
        load_unary(&options, &report);
    else if (strcmp(argv[1], "streams") == 0)
        load_streams(&options, &report);
    else if (strcmp(argv[1], "idle") == 0)
        load_idle(&options, &report);
    else
        measure_fail("unknown load %s", argv[1]);
    print_report(&report);
    fflush(stdout);
    _exit(0); /* thousands of calls are open: the kernel closes their connections */
}
