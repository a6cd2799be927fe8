/*
 * The server of gRPC's interop test, with the official flags:
 *
 *     interop_server --port=10000 [--use_tls=true --tls_cert_file=F --tls_key_file=F]
 *
 * Serves health and reflection, too. Ends well on SIGTERM and SIGINT.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop_flags.h"
#include "interop_service.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/server.h"

struct flags {
    int port;
    bool use_tls;
    const char *certificate_file;
    const char *key_file;
};

static bool parse_flags(int argc, char **argv, struct flags *ret_flags) {
    enum { PORT, USE_TLS, TLS_CERT_FILE, TLS_KEY_FILE };
    static const struct option options[] = {
        {"port", required_argument, NULL, PORT},
        {"use_tls", optional_argument, NULL, USE_TLS},
        {"tls_cert_file", required_argument, NULL, TLS_CERT_FILE},
        {"tls_key_file", required_argument, NULL, TLS_KEY_FILE},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = true;
        if (option == PORT)
            good = interop_parse_int(optarg, 0, 65535, &ret_flags->port);
        else if (option == USE_TLS)
            good = interop_parse_bool(optarg, &ret_flags->use_tls);
        else if (option == TLS_CERT_FILE)
            ret_flags->certificate_file = optarg;
        else if (option == TLS_KEY_FILE)
            ret_flags->key_file = optarg;
        else
            return false;
        if (!good) {
            fprintf(stderr, "bad value of a flag: %s\n", optarg);
            return false;
        }
    }
    return optind == argc;
}

static struct status serve(const struct flags *flags, const sigset_t *until) {
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", flags->port);
    struct rpc_server_tls tls = {.certificate_file = flags->certificate_file,
                                 .key_file = flags->key_file};
    struct rpc_server_options options;
    rpc_server_options_init(&options);
    options.address = address;
    options.tls = flags->use_tls ? &tls : NULL;
    /* The test sends a thousand large requests at once, and expects all to be answered. */
    options.worker_queue_capacity = 4096;
    options.stream_outbox_bytes = (size_t)2 * INTEROP_PAYLOAD_MAX_BYTES;

    struct rpc_server *server = NULL;
    struct rpc_health *health = NULL;
    struct rpc_reflection *reflection = NULL;
    struct status s = rpc_server_new(&options, &server);
    if (status_is_ok(s))
        s = interop_test_service_register(server, &interop_service_handlers);
    if (status_is_ok(s))
        s = rpc_health_new(server, &health);
    if (status_is_ok(s))
        s = rpc_reflection_new(server, &reflection);
    if (status_is_ok(s))
        s = rpc_server_start(server);
    if (status_is_ok(s))
        s = rpc_health_set(health, NULL, true);
    if (status_is_ok(s)) {
        int signal_number = 0;
        printf("listening on %d\n", rpc_server_port(server));
        fflush(stdout);
        sigwait(until, &signal_number);
        rpc_server_shutdown(server, 1000);
    }
    rpc_server_free(&server);
    rpc_reflection_free(&reflection);
    rpc_health_free(&health);
    return s;
}

int main(int argc, char **argv) {
    struct flags flags = {.port = 10000};
    if (!parse_flags(argc, argv, &flags)) {
        fprintf(stderr, "usage: %s --port=N [--use_tls --tls_cert_file=F --tls_key_file=F]\n",
                argv[0]);
        return 2;
    }
    /* Blocked before the first thread starts, so that all inherit it and sigwait() gets them. */
    sigset_t until;
    sigemptyset(&until);
    sigaddset(&until, SIGTERM);
    sigaddset(&until, SIGINT);
    pthread_sigmask(SIG_BLOCK, &until, NULL);

    struct status s = serve(&flags, &until);
    if (!status_is_ok(s)) {
        fprintf(stderr, "%s: %s\n", status_code_name(s.code), s.detail == NULL ? "" : s.detail);
        return 1;
    }
    return 0;
}
