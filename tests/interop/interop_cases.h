/*
 * The cases of gRPC's interop test, seen from the client.
 *
 * Each case is a function that makes its calls on the client's channel and answers OK, or a status
 * whose detail says what was expected and not seen.
 */
#ifndef INTEROP_CASES_H
#define INTEROP_CASES_H

#include "base/arena.h"
#include "rpc/client.h"

struct interop_soak {
    int iterations;
    int max_failures;
    int max_latency_ms; /* of one iteration */
    int overall_timeout_s;
    int min_time_between_ms;
    int request_size;
    int response_size;
};

struct interop_client {
    struct rpc_channel *channel; /* borrowed */
    struct arena arena;          /* of responses and messages of failures */
    int concurrent_calls;        /* of concurrent_large_unary */
    struct interop_soak soak;
};

typedef struct status interop_case_fn(struct interop_client *client);

/* The case of that name; NULL when there is none. */
interop_case_fn *interop_case_find(const char *name);

/* The cases that look at the compressed flag, and those that end early or make many calls: in files
 * of their own. */
interop_case_fn interop_client_compressed_unary;
interop_case_fn interop_server_compressed_unary;
interop_case_fn interop_client_compressed_streaming;
interop_case_fn interop_server_compressed_streaming;
interop_case_fn interop_cancel_after_begin;
interop_case_fn interop_cancel_after_first_response;
interop_case_fn interop_timeout_on_sleeping_server;
interop_case_fn interop_concurrent_large_unary;
interop_case_fn interop_rpc_soak;

#endif
