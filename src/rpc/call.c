#include "rpc/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/support/alloc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "rpc/payload.h"
#include "rpc/server_internal.h"

enum { FREE_CALLS_MAX = 1024 };

const int64_t rpc_latency_bounds_us[RPC_LATENCY_BUCKETS - 1] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 50000, 250000, 1000000, 5000000,
};

/* ---- life ---- */

static void on_closed(struct rpc_op *op, bool ok) {
    (void)ok; /* always true: the outcome is in close_cancelled */
    struct rpc_call *call = (struct rpc_call *)((char *)op - offsetof(struct rpc_call, close_op));
    call->closed = true;
    if (call->close_cancelled)
        atomic_store_explicit(&call->cancelled, true, memory_order_release);
    if (call->stream)
        rpc_stream_on_closed(call);
    else
        rpc_unary_on_closed(call);
}

static struct rpc_call *take_free_call(struct rpc_server *server) {
    struct rpc_call *call = server->free_calls;
    if (!call)
        return calloc(1, sizeof *call);
    server->free_calls = call->next_free;
    server->free_call_count--;
    /* Two things are worth keeping: the arena's block and the metadata's array. */
    struct arena arena = call->arena;
    grpc_metadata_array metadata = call->metadata;
    memset(call, 0, sizeof *call);
    call->arena = arena;
    call->metadata = metadata;
    call->metadata.count = 0;
    return call;
}

struct rpc_call *rpc_call_new(struct rpc_server *server, struct rpc_server_method *served) {
    bool recycled = server->free_calls != NULL;
    struct rpc_call *call = take_free_call(server);
    if (!call)
        return NULL;
    if (!recycled) {
        arena_init(&call->arena, server->options.call_budget_bytes);
        grpc_metadata_array_init(&call->metadata);
    }
    atomic_init(&call->refs, 1);
    call->server = server;
    call->served = served;
    call->deadline_us = INT64_MAX;
    call->ending.message = grpc_empty_slice();
    rpc_op_init(&call->close_op, server->poller, on_closed);
    return call;
}

static void free_metadata_list(struct rpc_metadata_list **list) {
    if (!*list)
        return;
    for (size_t i = 0; i < (*list)->count; i++) {
        grpc_slice_unref((*list)->items[i].key);
        grpc_slice_unref((*list)->items[i].value);
    }
    free(*list);
    *list = NULL;
}

/* What belongs to the core and to the handler; the struct, its arena and its array stay. */
static void release_contents(struct rpc_call *call) {
    grpc_byte_buffer_destroy(call->payload);
    grpc_byte_buffer_destroy(call->answer);
    call->payload = call->answer = NULL;
    grpc_slice_unref(call->ending.message);
    call->ending.message = grpc_empty_slice();
    free_metadata_list(&call->initial_metadata);
    free_metadata_list(&call->trailing_metadata);
    rpc_principal_unref(&call->principal);
    if (call->core)
        grpc_call_unref(call->core);
    call->core = NULL;
}

static void free_struct(struct rpc_call *call) {
    arena_done(&call->arena);
    grpc_metadata_array_destroy(&call->metadata);
    rpc_stream_free(&call->stream);
    free(call);
}

static void count_end(struct rpc_call *call) {
    struct rpc_server_method *served = call->served;
    if (!served)
        return;
    int64_t took_us = rpc_now_us() - call->started_us;
    size_t bucket = 0;
    while (bucket < RPC_LATENCY_BUCKETS - 1 && took_us > rpc_latency_bounds_us[bucket])
        bucket++;
    int32_t code = call->ending.sealed ? call->ending.code : STATUS_CANCELLED;
    if (code < 0 || code > STATUS_UNAUTHENTICATED)
        code = STATUS_UNKNOWN;
    atomic_fetch_add_explicit(&served->finished_by_code[code], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&served->latency_by_bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&served->latency_sum_us, (uint64_t)took_us, memory_order_relaxed);
    if (call->server->options.log_every_call)
        log_event(call->server->options.log, LOG_INFO, "call",
                  LOG_STR("method", served->method->path), LOG_STR("code", status_code_name(code)),
                  LOG_INT("took_us", took_us));
}

void rpc_call_end(struct rpc_call *call) {
    struct rpc_server *server = call->server;
    atomic_store_explicit(&call->ended, true, memory_order_release);
    rpc_poller_disarm(server->poller, &call->timer);
    if (call->on_done)
        call->on_done(call->state);
    call->on_done = NULL;
    count_end(call);
    release_contents(call);
    rpc_call_release_arena(call);
    /* Nobody else holds it and nobody can get hold of it any more: it serves the next. */
    if (!call->stream && atomic_load_explicit(&call->refs, memory_order_acquire) == 1 &&
        server->free_call_count < FREE_CALLS_MAX) {
        call->next_free = server->free_calls;
        server->free_calls = call;
        server->free_call_count++;
    } else {
        rpc_call_unref(&call);
    }
    rpc_server_call_ended(server);
}

void rpc_call_discard(struct rpc_call *call) {
    release_contents(call);
    free_struct(call);
}

struct rpc_call *rpc_call_ref(struct rpc_call *call) {
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

void rpc_call_unref(struct rpc_call **call_address) {
    struct rpc_call *call = *call_address;
    *call_address = NULL;
    if (call && atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) == 1)
        free_struct(call);
}

void rpc_call_release_arena(struct rpc_call *call) {
    call->details = NULL;
    call->cause = NULL;
    call->response = NULL;
    if (call->stream)
        arena_done(&call->arena); /* an idle stream holds no block */
    else
        arena_reset(&call->arena);
}

void rpc_call_watch_close(struct rpc_call *call) {
    if (call->close_watched)
        return;
    call->close_watched = true;
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->close_cancelled;
    grpc_call_error error = rpc_op_start(&call->close_op, call->core, &op, 1);
    if (error != GRPC_CALL_OK)
        abort(); /* a second RECV_CLOSE: the runtime itself is wrong */
}

/* ---- what handlers see ---- */

struct arena *rpc_call_arena(struct rpc_call *call) {
    return &call->arena;
}

const struct rpc_method *rpc_call_method(const struct rpc_call *call) {
    return rpc_served_method(call);
}

struct rpc_server *rpc_call_server(const struct rpc_call *call) {
    return call->server;
}

int64_t rpc_call_arrived_at_us(const struct rpc_call *call) {
    return call->started_us;
}

int64_t rpc_call_deadline_us(const struct rpc_call *call) {
    return call->deadline_us;
}

int64_t rpc_call_time_left_us(const struct rpc_call *call) {
    if (call->deadline_us == INT64_MAX)
        return INT64_MAX;
    int64_t left_us = call->deadline_us - rpc_now_us();
    return left_us > 0 ? left_us : 0;
}

bool rpc_call_is_cancelled(const struct rpc_call *call) {
    return atomic_load_explicit(&call->cancelled, memory_order_acquire) ||
           rpc_call_time_left_us(call) == 0;
}

const char *rpc_call_peer(struct rpc_call *call) {
    if (!call->core)
        return "test";
    char *peer = grpc_call_get_peer(call->core);
    const char *copy = arena_strdup(&call->arena, peer ? peer : "unknown");
    gpr_free(peer);
    return copy ? copy : "unknown";
}

struct rpc_principal *rpc_call_principal(const struct rpc_call *call) {
    return call->principal;
}

const char *rpc_call_metadata(struct rpc_call *call, const char *key, size_t *ret_len) {
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *item = &call->metadata.metadata[i];
        if (grpc_slice_str_cmp(item->key, key) != 0)
            continue;
        if (ret_len)
            *ret_len = GRPC_SLICE_LENGTH(item->value);
        return rpc_slice_copy(item->value, &call->arena);
    }
    return NULL;
}

bool rpc_call_message_was_compressed(const struct rpc_call *call) {
    return call->message_was_compressed;
}

void rpc_call_set_state(struct rpc_call *call, void *state, void (*on_done)(void *state)) {
    call->state = state;
    call->on_done = on_done;
}

void *rpc_call_state(const struct rpc_call *call) {
    return call->state;
}

void rpc_call_compress(struct rpc_call *call) {
    call->compress = true;
}

void rpc_call_skip_compression(struct rpc_call *call) {
    atomic_store_explicit(&call->skip_compression, true, memory_order_relaxed);
}

void rpc_call_defer(struct rpc_call *call) {
    if (call->deferred)
        return;
    call->deferred = true;
    if (call->stream)
        return;
    /* Until the handler has returned: the call may be finished before that. */
    rpc_call_ref(call);
    if (call->core)
        rpc_call_watch_close(call);
}

void rpc_call_finish(struct rpc_call *call, struct status status) {
    if (call->stream)
        rpc_stream_finish(call, status);
    else
        rpc_unary_answer(call, status);
}

/* ---- metadata of the answer ---- */

static bool is_reserved_key(const char *key) {
    return key[0] == ':' || str_starts_with(key, "grpc-") || strcmp(key, "te") == 0 ||
           strcmp(key, "content-type") == 0 || strcmp(key, "user-agent") == 0;
}

static void list_add(struct rpc_metadata_list *list, const char *key, const void *value,
                     size_t len_bytes) {
    list->items[list->count++] = (grpc_metadata){
        .key = grpc_slice_from_copied_string(key),
        .value = grpc_slice_from_copied_buffer(value, len_bytes),
    };
}

static bool ensure_list(struct rpc_metadata_list **list) {
    if (!*list)
        *list = calloc(1, sizeof **list);
    return *list != NULL;
}

static struct status add_metadata(struct rpc_metadata_list **list, const char *key,
                                  const void *value, size_t len_bytes) {
    grpc_slice key_slice = grpc_slice_from_static_string(key);
    grpc_slice value_slice = grpc_slice_from_static_buffer(value, len_bytes);
    if (is_reserved_key(key) || !grpc_header_key_is_legal(key_slice))
        return status_error(STATUS_INVALID_ARGUMENT, 0, "metadata key is not allowed");
    if (!grpc_is_binary_header(key_slice) && !grpc_header_nonbin_value_is_legal(value_slice))
        return status_error(STATUS_INVALID_ARGUMENT, 0, "metadata value is not printable ASCII");
    if (!ensure_list(list) || (*list)->count >= RPC_CALL_METADATA_MAX)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "too much metadata");
    list_add(*list, key, value, len_bytes);
    return status_ok();
}

struct status rpc_call_add_initial_metadata(struct rpc_call *call, const char *key,
                                            const void *value, size_t len_bytes) {
    return add_metadata(&call->initial_metadata, key, value, len_bytes);
}

struct status rpc_call_add_trailing_metadata(struct rpc_call *call, const char *key,
                                             const void *value, size_t len_bytes) {
    return add_metadata(&call->trailing_metadata, key, value, len_bytes);
}

void rpc_call_fill_initial_metadata_op(struct rpc_call *call, grpc_op *op) {
    *op = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA};
    if (call->initial_metadata) {
        op->data.send_initial_metadata.count = call->initial_metadata->count;
        op->data.send_initial_metadata.metadata = call->initial_metadata->items;
    }
    if (call->compress) {
        /* The core picks what the caller accepts; the lowest level is gzip first. */
        op->data.send_initial_metadata.maybe_compression_level.is_set = 1;
        op->data.send_initial_metadata.maybe_compression_level.level = GRPC_COMPRESS_LEVEL_LOW;
    }
}

/* ---- how it ends ---- */

struct rpc_details *rpc_call_details(struct rpc_call *call) {
    if (!call->details) {
        call->details = arena_alloc(&call->arena, sizeof *call->details);
        if (call->details)
            rpc_details_init(call->details);
    }
    return call->details;
}

void rpc_call_add_violation(struct rpc_call *call, const char *field, const char *description) {
    if (rpc_call_details(call))
        rpc_details_add_violation(call->details, &call->arena, field, description);
}

void rpc_call_add_quota_violation(struct rpc_call *call, const char *subject,
                                  const char *description) {
    if (rpc_call_details(call))
        rpc_details_add_quota_violation(call->details, &call->arena, subject, description);
}

void rpc_call_add_error_metadata(struct rpc_call *call, const char *key, const char *value) {
    if (rpc_call_details(call))
        rpc_details_add_metadata(call->details, &call->arena, key, value);
}

void rpc_call_set_retry_after(struct rpc_call *call, int64_t after_ms) {
    if (rpc_call_details(call))
        call->details->retry_after_ms = after_ms;
}

void rpc_call_set_cause(struct rpc_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    call->cause = arena_vprintf(&call->arena, format, arguments);
    va_end(arguments);
}

static void name_reason(struct rpc_call *call, int32_t reason) {
    const struct rpc_server_options *options = &call->server->options;
    if (reason == STATUS_NO_REASON || !rpc_call_details(call))
        return;
    if (reason < 0) {
        call->details->reason = rpc_reason_name(reason);
        call->details->domain = "grpc-c";
    } else if (options->reason_name) {
        call->details->reason = options->reason_name(reason);
        call->details->domain = options->error_domain;
    }
}

/* Encodes the details and puts them, and the pushback, among the trailers. */
static void seal_details(struct rpc_call *call, struct status status) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    name_reason(call, status.reason);
    if (!call->details || !ensure_list(&call->trailing_metadata))
        return;
    struct status encoded = rpc_details_encode(
        call->details, status.code, status.detail ? status.detail : "", &call->arena, &bytes, &len);
    if (status_is_ok(encoded) && len > 0)
        list_add(call->trailing_metadata, "grpc-status-details-bin", bytes, len);
    if (call->details->retry_after_ms >= 0) {
        char text[24];
        int n = snprintf(text, sizeof text, "%" PRId64, call->details->retry_after_ms);
        list_add(call->trailing_metadata, "grpc-retry-pushback-ms", text, (size_t)n);
    }
}

static void log_failure(struct rpc_call *call, struct status status) {
    bool ours = status.code == STATUS_INTERNAL || status.code == STATUS_UNKNOWN ||
                status.code == STATUS_DATA_LOSS;
    if (!ours && !call->cause)
        return;
    log_event(call->server->options.log, ours ? LOG_ERROR : LOG_WARNING, "call failed",
              LOG_STR("method", call->served ? rpc_served_method(call)->path : NULL),
              LOG_STR("code", status_code_name(status.code)), LOG_STR("detail", status.detail),
              LOG_STR("cause", call->cause));
}

bool rpc_call_claim_end(struct rpc_call *call) {
    return !atomic_exchange_explicit(&call->finishing, true, memory_order_acq_rel);
}

void rpc_call_seal(struct rpc_call *call, struct status status) {
    call->ending.sealed = true;
    call->ending.code = status.code;
    if (!status_is_ok(status)) {
        seal_details(call, status);
        log_failure(call, status);
        if (status.detail)
            call->ending.message = grpc_slice_from_copied_string(status.detail);
    }
}

void rpc_call_fill_status_op(struct rpc_call *call, grpc_op *op) {
    *op = (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER};
    op->data.send_status_from_server.status = (grpc_status_code)call->ending.code;
    if (GRPC_SLICE_LENGTH(call->ending.message) > 0)
        op->data.send_status_from_server.status_details = &call->ending.message;
    if (call->trailing_metadata) {
        op->data.send_status_from_server.trailing_metadata_count = call->trailing_metadata->count;
        op->data.send_status_from_server.trailing_metadata = call->trailing_metadata->items;
    }
}

struct status rpc_call_encode(struct rpc_call *call, const ProtobufCMessage *message,
                              grpc_byte_buffer **ret_bytes) {
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > call->server->options.max_send_message_bytes)
        return status_error(STATUS_INTERNAL, RPC_REASON_MESSAGE_TOO_LARGE,
                            "the response is larger than the server may send");
    grpc_slice slice = grpc_slice_malloc(len);
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    *ret_bytes = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return status_ok();
}
