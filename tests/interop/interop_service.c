#include "interop_service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "rpc/server.h"
#include "rpc/stream.h"

/* Parts of an answer that one call may ask for, and the longest wait before one of them. */
enum { PARTS_MAX = 10000, INTERVAL_MAX_US = 10 * 1000 * 1000 };

/* One message of an answer. */
struct part {
    size_t len_bytes;
    int64_t interval_us; /* wait before it */
    bool may_compress;
};

/* A growing list of them: a plan of what a streaming call answers. */
struct parts {
    struct part *items;
    size_t count;
    size_t capacity;
};

static struct status parts_add(struct parts *parts, const interop_response_parameters *wanted) {
    if (wanted->size < 0 || wanted->size > INTEROP_PAYLOAD_MAX_BYTES)
        return status_error(STATUS_INVALID_ARGUMENT, 0, "The size is out of range.");
    if (wanted->interval_us < 0 || wanted->interval_us > INTERVAL_MAX_US)
        return status_error(STATUS_INVALID_ARGUMENT, 0, "The interval is out of range.");
    if (parts->count == PARTS_MAX)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Too many responses asked for.");
    if (parts->count == parts->capacity) {
        size_t capacity = parts->capacity == 0 ? 8 : parts->capacity * 2;
        struct part *items = reallocarray(parts->items, capacity, sizeof *items);
        if (items == NULL)
            return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
        parts->items = items;
        parts->capacity = capacity;
    }
    parts->items[parts->count++] = (struct part){
        .len_bytes = (size_t)wanted->size,
        .interval_us = wanted->interval_us,
        .may_compress = wanted->compressed == NULL || wanted->compressed->value,
    };
    return status_ok();
}

static struct status parts_add_all(struct parts *parts,
                                   const interop_streaming_output_call_request *request) {
    for (size_t i = 0; i < request->n_response_parameters; i++)
        TRY(parts_add(parts, request->response_parameters[i]));
    return status_ok();
}

static bool wants_compression(const interop_streaming_output_call_request *request) {
    for (size_t i = 0; i < request->n_response_parameters; i++) {
        const interop_bool_value *compressed = request->response_parameters[i]->compressed;
        if (compressed != NULL && compressed->value)
            return true;
    }
    return false;
}

/* ---- What several methods do ---- */

static struct status echo_metadata(struct rpc_call *call) {
    static const char initial_key[] = "x-grpc-test-echo-initial";
    static const char trailing_key[] = "x-grpc-test-echo-trailing-bin";
    size_t len = 0;
    const char *value = rpc_call_metadata(call, initial_key, &len);
    if (value != NULL)
        TRY(rpc_call_add_initial_metadata(call, initial_key, value, len));
    value = rpc_call_metadata(call, trailing_key, &len);
    if (value != NULL)
        TRY(rpc_call_add_trailing_metadata(call, trailing_key, value, len));
    return status_ok();
}

static struct status check_compression(const struct rpc_call *call,
                                       const interop_bool_value *expected) {
    if (expected != NULL && (expected->value != 0) != rpc_call_message_was_compressed(call))
        return status_error(STATUS_INVALID_ARGUMENT, 0,
                            expected->value ? "The message should have been compressed."
                                            : "The message should not have been compressed.");
    return status_ok();
}

/* The status that the client asks to be given. */
static struct status wanted_status(struct rpc_call *call, const interop_echo_status *wanted) {
    if (wanted == NULL || wanted->code == STATUS_OK)
        return status_ok();
    int32_t code = wanted->code;
    if (code < STATUS_OK || code > STATUS_UNAUTHENTICATED)
        code = STATUS_UNKNOWN;
    return status_error((enum status_code)code, 0,
                        arena_strdup(rpc_call_arena(call), wanted->message));
}

/* ---- Unary ---- */

static struct status empty_call(void *self, struct rpc_call *call, const interop_empty *request,
                                interop_empty *ret_response) {
    (void)self;
    (void)call;
    (void)request;
    (void)ret_response;
    return status_ok();
}

static struct status unary_call(void *self, struct rpc_call *call,
                                const interop_simple_request *request,
                                interop_simple_response *ret_response) {
    (void)self;
    TRY(echo_metadata(call));
    TRY(check_compression(call, request->expect_compressed));
    TRY(wanted_status(call, request->response_status));
    if (request->response_size < 0 || request->response_size > INTEROP_PAYLOAD_MAX_BYTES)
        return status_error(STATUS_INVALID_ARGUMENT, 0, "The size is out of range.");

    struct arena *arena = rpc_call_arena(call);
    interop_payload *payload = interop_payload_new(arena);
    uint8_t *body = arena_alloc(arena, (size_t)request->response_size);
    if (payload == NULL || body == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The response does not fit the budget.");
    payload->body.data = body;
    payload->body.len = (size_t)request->response_size;
    ret_response->payload = payload;
    if (request->response_compressed != NULL && request->response_compressed->value)
        rpc_call_compress(call);
    return status_ok();
}

/* ---- Server streaming: a source, pulled by the runtime ---- */

struct download {
    struct rpc_timer timer; /* first, so that `fire` finds the rest */
    struct rpc_call *call;
    struct parts parts;
    size_t next;
    bool has_waited; /* the interval before the next part is over */
};

static void download_resume(struct rpc_timer *timer) {
    struct download *download = (struct download *)timer;
    rpc_stream_ready(download->call);
}

static enum rpc_pull download_pull(void *source, struct rpc_writer *writer,
                                   struct status *ret_status) {
    struct download *download = source;
    if (download->next == download->parts.count) {
        *ret_status = status_ok();
        return RPC_PULL_END;
    }
    const struct part *part = &download->parts.items[download->next];
    if (part->interval_us > 0 && !download->has_waited) {
        download->has_waited = true;
        rpc_server_arm_timer(rpc_call_server(download->call), &download->timer,
                             clock_monotonic_us(clock_system()) + part->interval_us);
        return RPC_PULL_PENDING;
    }
    uint8_t *body = calloc(1, part->len_bytes + 1);
    interop_payload payload;
    interop_payload_init(&payload);
    payload.body.data = body;
    payload.body.len = part->len_bytes;
    interop_streaming_output_call_response response;
    interop_streaming_output_call_response_init(&response);
    response.payload = &payload;
    bool put = body != NULL && rpc_writer_put_message(writer, &response.base);
    free(body);
    if (!put) {
        *ret_status = status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
        return RPC_PULL_END;
    }
    if (!part->may_compress)
        rpc_call_skip_compression(download->call);
    download->next++;
    download->has_waited = false;
    return RPC_PULL_READY;
}

static void download_done(void *source) {
    struct download *download = source;
    rpc_server_cancel_timer(rpc_call_server(download->call), &download->timer);
    rpc_call_unref(&download->call);
    free(download->parts.items);
    free(download);
}

static struct status streaming_output_call(void *self, struct rpc_call *call,
                                           const interop_streaming_output_call_request *request) {
    static const struct rpc_source_ops ops = {.pull = download_pull, .on_done = download_done};
    (void)self;
    struct download *download = calloc(1, sizeof *download);
    if (download == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    download->timer.fire = download_resume;
    download->call = rpc_call_ref(call);
    rpc_stream_set_source(call, &ops, download);
    if (wants_compression(request))
        rpc_call_compress(call);
    return parts_add_all(&download->parts, request);
}

/* ---- Client streaming ---- */

struct upload {
    int64_t total_bytes;
};

static struct status streaming_input_call(void *self, struct rpc_call *call) {
    (void)self;
    struct upload *upload = calloc(1, sizeof *upload);
    if (upload == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    rpc_call_set_state(call, upload, free);
    return status_ok();
}

static struct status
streaming_input_call_message(void *self, struct rpc_call *call,
                             const interop_streaming_input_call_request *message) {
    (void)self;
    TRY(check_compression(call, message->expect_compressed));
    struct upload *upload = rpc_call_state(call);
    if (message->payload != NULL)
        upload->total_bytes += (int64_t)message->payload->body.len;
    if (upload->total_bytes > INT32_MAX)
        return status_error(STATUS_OUT_OF_RANGE, 0, "The sum does not fit the response.");
    return status_ok();
}

static struct status
streaming_input_call_half_close(void *self, struct rpc_call *call,
                                interop_streaming_input_call_response *ret_response) {
    (void)self;
    const struct upload *upload = rpc_call_state(call);
    ret_response->aggregated_payload_size = (int32_t)upload->total_bytes;
    return status_ok();
}

/* ---- Both ways: sent from the handlers, which run on workers and may wait ---- */

static void wait_us(int64_t interval_us) {
    struct timespec left = {.tv_sec = interval_us / 1000000,
                            .tv_nsec = interval_us % 1000000 * 1000};
    if (interval_us > 0)
        nanosleep(&left, NULL);
}

static struct status send_part(struct rpc_call *call, const struct part *part) {
    wait_us(part->interval_us);
    uint8_t *body = calloc(1, part->len_bytes + 1);
    if (body == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    interop_payload payload;
    interop_payload_init(&payload);
    payload.body.data = body;
    payload.body.len = part->len_bytes;
    interop_streaming_output_call_response response;
    interop_streaming_output_call_response_init(&response);
    response.payload = &payload;
    if (!part->may_compress)
        rpc_call_skip_compression(call);
    struct status s = interop_test_service_full_duplex_call_send(call, &response);
    free(body);
    return s;
}

static struct status send_parts(struct rpc_call *call, const struct parts *parts) {
    for (size_t i = 0; i < parts->count; i++)
        TRY(send_part(call, &parts->items[i]));
    return status_ok();
}

static struct status full_duplex_call(void *self, struct rpc_call *call) {
    (void)self;
    return echo_metadata(call);
}

static struct status
full_duplex_call_message(void *self, struct rpc_call *call,
                         const interop_streaming_output_call_request *message) {
    (void)self;
    TRY(wanted_status(call, message->response_status));
    if (wants_compression(message))
        rpc_call_compress(call);
    struct parts parts = {0};
    struct status s = parts_add_all(&parts, message);
    if (status_is_ok(s))
        s = send_parts(call, &parts);
    free(parts.items);
    return s;
}

static void half_duplex_done(void *state) {
    struct parts *parts = state;
    free(parts->items);
    free(parts);
}

static struct status half_duplex_call(void *self, struct rpc_call *call) {
    (void)self;
    struct parts *parts = calloc(1, sizeof *parts);
    if (parts == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    rpc_call_set_state(call, parts, half_duplex_done);
    return status_ok();
}

static struct status
half_duplex_call_message(void *self, struct rpc_call *call,
                         const interop_streaming_output_call_request *message) {
    (void)self;
    if (wants_compression(message))
        rpc_call_compress(call);
    return parts_add_all(rpc_call_state(call), message);
}

static struct status half_duplex_call_half_close(void *self, struct rpc_call *call) {
    (void)self;
    return send_parts(call, rpc_call_state(call));
}

const struct interop_test_service_handlers interop_service_handlers = {
    .empty_call = empty_call,
    .unary_call = unary_call,
    .cacheable_unary_call = unary_call,
    .streaming_output_call = streaming_output_call,
    .streaming_input_call = streaming_input_call,
    .streaming_input_call_message = streaming_input_call_message,
    .streaming_input_call_half_close = streaming_input_call_half_close,
    .full_duplex_call = full_duplex_call,
    .full_duplex_call_message = full_duplex_call_message,
    .half_duplex_call = half_duplex_call,
    .half_duplex_call_message = half_duplex_call_message,
    .half_duplex_call_half_close = half_duplex_call_half_close,
};
