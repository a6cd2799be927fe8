/*
 * One case of `ci/bench api`, against a server that api_world.py has started:
 *
 *     bench_api CASE --target 127.0.0.1:PORT --server PID --database PID --secret FILE [options]
 *
 * Prints one JSON object. Ends with 3 when watchers ended unlike the list.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api.h"

/* The client ends by itself when a run hangs. */
enum { LIFE_SECONDS = 240, MISMATCH = 3 };

static void parse_option(struct api_options *options, const char *name, const char *value) {
    if (strcmp(name, "--target") == 0) {
        options->target = value;
        return;
    }
    if (strcmp(name, "--secret") == 0) {
        options->secret_file = value;
        return;
    }
    int64_t number = measure_parse_number(name, value);
    if (strcmp(name, "--server") == 0)
        options->server = (pid_t)number;
    else if (strcmp(name, "--database") == 0)
        options->database = (pid_t)number;
    else if (strcmp(name, "--users") == 0)
        options->users = (uint32_t)number;
    else if (strcmp(name, "--students") == 0)
        options->students = (uint32_t)number;
    else if (strcmp(name, "--instructors") == 0)
        options->instructors = (uint32_t)number;
    else if (strcmp(name, "--warmup-ms") == 0)
        options->warmup_ms = number;
    else if (strcmp(name, "--duration-ms") == 0)
        options->duration_ms = number;
    else if (strcmp(name, "--in-flight") == 0)
        options->in_flight = (size_t)number;
    else if (strcmp(name, "--rate") == 0)
        options->rate = (uint32_t)number;
    else if (strcmp(name, "--topics") == 0)
        options->topics = (uint32_t)number;
    else if (strcmp(name, "--watchers") == 0)
        options->watchers = (uint32_t)number;
    else
        measure_fail("unknown option %s", name);
}

static api_case_fn *find_case(const char *name) {
    static const struct {
        const char *prefix;
        api_case_fn *run;
    } cases[] = {{"home", api_home},     {"list_", api_list}, {"search_", api_list},
                 {"facets_", api_list},  {"book", api_book},  {"send", api_send},
                 {"watchers", api_watch}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strncmp(name, cases[i].prefix, strlen(cases[i].prefix)) == 0)
            return cases[i].run;
    measure_fail("there is no case %s", name);
}

static void print_report(const struct api_report *report) {
    printf("{\"operations\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"late\": %" PRIu64
           ", \"server_cpu_ns\": %" PRId64 ", \"database_cpu_ns\": %" PRId64
           ", \"wall_ns\": %" PRId64 ", \"p50_us\": %.1f, \"p99_us\": %.1f, \"frames\": %" PRIu64
           ", \"mismatches\": %" PRIu64 "}\n",
           report->operations, report->refused, report->late, report->server_cpu_ns,
           report->database_cpu_ns, report->wall_ns, report->p50_us, report->p99_us, report->frames,
           report->mismatches);
}

int main(int argc, char **argv) {
    static struct api_bench bench = {
        .options = {.warmup_ms = 500, .duration_ms = 2000, .in_flight = 1, .topics = 1}};
    struct api_options *options = &bench.options;
    struct api_report report = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LIFE_SECONDS);
    if (argc < 2 || argc % 2 != 0)
        measure_fail("usage: bench_api CASE --target HOST:PORT --server PID --database PID ...");
    for (int i = 2; i < argc; i += 2)
        parse_option(options, argv[i], argv[i + 1]);
    if (options->target == NULL || options->secret_file == NULL || options->server == 0 ||
        options->database == 0 || options->students == 0 || options->in_flight == 0)
        measure_fail("--target, --secret, --server, --database and --students are needed");
    api_case_fn *run = find_case(argv[1]);
    size_t watching =
        (options->watchers + API_STREAMS_PER_CHANNEL - 1) / (size_t)API_STREAMS_PER_CHANNEL;
    bench.lane_channels = 1;
    api_bench_begin(&bench, bench.lane_channels + watching);
    run(&bench, argv[1], &report);
    print_report(&report);
    fflush(stdout);
    _exit(report.mismatches == 0 ? 0 : MISMATCH); /* channels are closed by the kernel */
}
