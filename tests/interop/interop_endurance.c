/* The cases that end early, and those that make many calls. */
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "interop_expect.h"

struct status interop_cancel_after_begin(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_streaming_input_call_open(client->channel, &interop_call_options,
                                                       &call));
    rpc_client_call_cancel(call);
    struct rpc_result result;
    return interop_expect_code(client, rpc_client_call_finish(call, &client->arena, &result),
                               STATUS_CANCELLED);
}

struct status interop_cancel_after_first_response(struct interop_client *client) {
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &interop_call_options, &call));
    TRY(interop_test_service_full_duplex_call_send_request(
        call, interop_new_download(client, interop_download_sizes, 1, interop_upload_sizes[0])));
    interop_streaming_output_call_response *response = NULL;
    TRY(interop_test_service_full_duplex_call_receive(call, &client->arena, &response));
    if (response == NULL)
        return interop_unmet(client, "expected a response");
    TRY(interop_expect_payload(client, response->payload, interop_download_sizes[0]));
    rpc_client_call_cancel(call);
    struct rpc_result result;
    return interop_expect_code(client, rpc_client_call_finish(call, &client->arena, &result),
                               STATUS_CANCELLED);
}

struct status interop_timeout_on_sleeping_server(struct interop_client *client) {
    struct rpc_call_options options = interop_call_options;
    options.timeout_ms = 1;
    SCOPED_CALL *call = NULL;
    TRY(interop_test_service_full_duplex_call_open(client->channel, &options, &call));
    interop_streaming_output_call_request request;
    interop_streaming_output_call_request_init(&request);
    request.payload = interop_new_payload(client, 27182);
    /* The deadline may pass before this is written. */
    struct status sent = interop_test_service_full_duplex_call_send_request(call, &request);
    if (!status_is_ok(sent))
        TRY(interop_expect_code(client, sent, STATUS_CANCELLED));
    struct rpc_result result;
    return interop_expect_code(client, rpc_client_call_finish(call, &client->arena, &result),
                               STATUS_DEADLINE_EXCEEDED);
}

/* ---- Many calls at once ---- */

/* Counts calls that have ended. The lock guards all fields. */
struct crowd {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running;
    int failed;
};

static void crowd_add(struct crowd *crowd, int running, int failed) {
    pthread_mutex_lock(&crowd->lock);
    crowd->running += running;
    crowd->failed += failed;
    pthread_cond_signal(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
}

static void crowd_call_ended(void *context, const struct rpc_result *result,
                             const interop_simple_response *response) {
    bool good = status_is_ok(result->status) && response != NULL && response->payload != NULL &&
                response->payload->body.len == INTEROP_LARGE_RESPONSE;
    crowd_add(context, -1, good ? 0 : 1);
}

struct status interop_concurrent_large_unary(struct interop_client *client) {
    struct crowd crowd = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    const interop_simple_request *request = interop_new_large_request(client);
    struct status s = status_ok();
    for (int i = 0; i < client->concurrent_calls && status_is_ok(s); i++) {
        crowd_add(&crowd, 1, 0);
        s = interop_test_service_unary_call_async(client->channel, &interop_call_options, request,
                                                  crowd_call_ended, &crowd);
        if (!status_is_ok(s))
            crowd_add(&crowd, -1, 1);
    }
    pthread_mutex_lock(&crowd.lock);
    while (crowd.running > 0)
        pthread_cond_wait(&crowd.changed, &crowd.lock);
    pthread_mutex_unlock(&crowd.lock);
    pthread_cond_destroy(&crowd.changed);
    pthread_mutex_destroy(&crowd.lock);
    TRY(s);
    return interop_expect(client, crowd.failed == 0, "expected %d answers; %d calls failed",
                          client->concurrent_calls, crowd.failed);
}

/* ---- Many calls one after the other ---- */

static struct status soak_once(struct interop_client *client) {
    interop_simple_request request;
    interop_simple_request_init(&request);
    request.response_size = client->soak.response_size;
    request.payload = interop_new_payload(client, client->soak.request_size);
    interop_simple_response *response = NULL;
    TRY(interop_test_service_unary_call(client->channel, &interop_call_options, &request,
                                        &client->arena, &response, NULL));
    return interop_expect_payload(client, response->payload, client->soak.response_size);
}

static void wait_until(int64_t due_us) {
    int64_t left_us = due_us - clock_monotonic_us(clock_system());
    if (left_us <= 0)
        return;
    struct timespec left = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    nanosleep(&left, NULL);
}

struct status interop_rpc_soak(struct interop_client *client) {
    const struct interop_soak *soak = &client->soak;
    int64_t end_us =
        clock_monotonic_us(clock_system()) + (int64_t)soak->overall_timeout_s * 1000000;
    int failures = 0;
    for (int i = 0; i < soak->iterations; i++) {
        int64_t start_us = clock_monotonic_us(clock_system());
        TRY(interop_expect(client, start_us < end_us, "expected %d iterations, not %d",
                           soak->iterations, i));
        arena_reset(&client->arena);
        struct status s = soak_once(client);
        int64_t took_us = clock_monotonic_us(clock_system()) - start_us;
        if (!status_is_ok(s) || took_us > (int64_t)soak->max_latency_ms * 1000)
            failures++;
        wait_until(start_us + (int64_t)soak->min_time_between_ms * 1000);
    }
    return interop_expect(client, failures <= soak->max_failures,
                          "expected at most %d failures, not %d", soak->max_failures, failures);
}
