/*
 * The client of gRPC's interop test, with the official flags:
 *
 *     interop_client --server_host=127.0.0.1 --server_port=10000 --test_case=large_unary
 *                    [--use_tls=true --use_test_ca=true --ca_file=F --server_host_override=NAME]
 *
 * Exit code 0: the case passed; 1: it failed, and the last line says why.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "interop_cases.h"
#include "interop_flags.h"
#include "rpc/client.h"

struct flags {
    const char *host;
    int port;
    const char *test_case;
    bool use_tls;
    bool use_test_ca;
    const char *ca_file;
    const char *host_override;
    int concurrent_calls;
    struct interop_soak soak;
};

/* A flag and where its value goes: exactly one of the three. */
struct flag {
    const char *name;
    const char **text;
    int *number;
    bool *truth;
};

static bool store_value(const struct flag *flag, const char *value) {
    enum { NUMBER_MAX = 1000 * 1000 * 1000 };
    if (flag->truth != NULL)
        return interop_parse_bool(value, flag->truth);
    if (flag->number != NULL)
        return interop_parse_int(value, 0, NUMBER_MAX, flag->number);
    *flag->text = value;
    return true;
}

static bool parse_flags(int argc, char **argv, struct flags *flags) {
    const struct flag known[] = {
        {"server_host", &flags->host, NULL, NULL},
        {"server_port", NULL, &flags->port, NULL},
        {"test_case", &flags->test_case, NULL, NULL},
        {"use_tls", NULL, NULL, &flags->use_tls},
        {"use_test_ca", NULL, NULL, &flags->use_test_ca},
        {"ca_file", &flags->ca_file, NULL, NULL},
        {"server_host_override", &flags->host_override, NULL, NULL},
        {"concurrent_calls", NULL, &flags->concurrent_calls, NULL},
        {"soak_iterations", NULL, &flags->soak.iterations, NULL},
        {"soak_max_failures", NULL, &flags->soak.max_failures, NULL},
        {"soak_per_iteration_max_acceptable_latency_ms", NULL, &flags->soak.max_latency_ms, NULL},
        {"soak_overall_timeout_seconds", NULL, &flags->soak.overall_timeout_s, NULL},
        {"soak_min_time_ms_between_rpcs", NULL, &flags->soak.min_time_between_ms, NULL},
        {"soak_request_size", NULL, &flags->soak.request_size, NULL},
        {"soak_response_size", NULL, &flags->soak.response_size, NULL},
    };
    enum { KNOWN = sizeof known / sizeof known[0] };
    struct option options[KNOWN + 1] = {0};
    for (int i = 0; i < KNOWN; i++)
        options[i] = (struct option){
            .name = known[i].name,
            .has_arg = known[i].truth != NULL ? optional_argument : required_argument,
            .val = i,
        };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option < 0 || option >= KNOWN)
            return false;
        if (!store_value(&known[option], optarg)) {
            fprintf(stderr, "bad value of --%s: %s\n", known[option].name, optarg);
            return false;
        }
    }
    return optind == argc && flags->test_case != NULL;
}

static struct status run_case(const struct flags *flags, interop_case_fn *run,
                              struct interop_client *client) {
    char target[256];
    snprintf(target, sizeof target, "%s:%d", flags->host, flags->port);
    struct rpc_channel_tls tls = {
        .ca_file = flags->use_test_ca ? flags->ca_file : NULL,
        .server_name_override = flags->host_override,
    };
    struct rpc_channel_options options;
    rpc_channel_options_init(&options);
    options.tls = flags->use_tls ? &tls : NULL;
    TRY(rpc_channel_new(target, &options, &client->channel));
    struct status s = run(client);
    rpc_channel_free(&client->channel);
    return s;
}

int main(int argc, char **argv) {
    struct flags flags = {
        .host = "127.0.0.1",
        .port = 10000,
        .concurrent_calls = 1000,
        .soak = {.iterations = 10,
                 .max_latency_ms = 1000,
                 .overall_timeout_s = 10,
                 .request_size = 271828,
                 .response_size = 314159},
    };
    if (!parse_flags(argc, argv, &flags)) {
        fprintf(stderr, "usage: %s --server_port=N --test_case=NAME [flags]\n", argv[0]);
        return 2;
    }
    interop_case_fn *run = interop_case_find(flags.test_case);
    if (run == NULL) {
        fprintf(stderr, "no such case: %s\n", flags.test_case);
        return 2;
    }
    enum { ARENA_BUDGET_BYTES = 64 * 1024 * 1024 };
    struct interop_client client = {.concurrent_calls = flags.concurrent_calls, .soak = flags.soak};
    arena_init(&client.arena, ARENA_BUDGET_BYTES);
    struct status s = run_case(&flags, run, &client);
    if (status_is_ok(s))
        printf("%s: passed\n", flags.test_case);
    else
        printf("%s: %s: %s\n", flags.test_case, status_code_name(s.code),
               s.detail == NULL ? "" : s.detail);
    arena_done(&client.arena);
    return status_is_ok(s) ? 0 : 1;
}
