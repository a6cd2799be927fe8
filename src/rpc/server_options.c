/* The server's options: their defaults, and what they may be. */
#include <limits.h>

#include "base/clock.h"
#include "rpc/server_internal.h"

enum { WAKEUP_INTERVAL_MAX_US = 10000 };

void rpc_server_options_init(struct rpc_server_options *options) {
    *options = (struct rpc_server_options){
        .address = "127.0.0.1:0",
        .worker_count = 8,
        .worker_queue_capacity = 1024,
        .max_message_bytes = 4u << 20,
        .max_send_message_bytes = 4u << 20,
        .call_budget_bytes = 16u << 20,
        .max_metadata_bytes = 16u << 10,
        .max_message_depth = 64,
        .max_message_elements = 100000,
        .max_streams_per_connection = 256,
        .stream_outbox_bytes = 1u << 20,
        .transport_memory_bytes = 1u << 30,
        .stream_queues = 128,
        .max_unary_deadline_ms = 30000,
        .stream_max_age_ms = 3600000,
        .goodbye_grace_ms = 5000,
        .keepalive_time_ms = 60000,
        .keepalive_timeout_ms = 20000,
        .min_client_ping_ms = 10000,
        .error_domain = "grpc-c",
        .clock = clock_system(),
    };
}

static struct status bad_option(const char *detail) {
    return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, detail);
}

static bool is_int(size_t n) {
    return n > 0 && n <= INT_MAX;
}

static bool is_int_ms(int64_t ms) {
    return ms > 0 && ms <= INT_MAX;
}

struct status rpc_server_options_check(const struct rpc_server_options *o) {
    if (!o->address || !*o->address)
        return bad_option("address: must be given, such as 127.0.0.1:8443");
    if (!is_int(o->worker_count) || !is_int(o->worker_queue_capacity))
        return bad_option("worker_count, worker_queue_capacity: must be 1 or more");
    if (!is_int(o->max_message_bytes) || !is_int(o->max_send_message_bytes))
        return bad_option("max_message_bytes, max_send_message_bytes: must be 1 to 2147483647");
    if (!is_int(o->max_metadata_bytes) || !is_int(o->max_streams_per_connection))
        return bad_option("max_metadata_bytes, max_streams_per_connection: must be 1 or more");
    if (!is_int(o->max_message_depth) || !is_int(o->max_message_elements))
        return bad_option("max_message_depth, max_message_elements: must be 1 or more");
    if (o->call_budget_bytes < ARENA_BLOCK_BYTES)
        return bad_option("call_budget_bytes: must be 4096 or more");
    if (o->stream_queues < 1 || o->stream_queues > 4096)
        return bad_option("stream_queues: must be 1 to 4096");
    if (o->wakeup_interval_us < 0 || o->wakeup_interval_us > WAKEUP_INTERVAL_MAX_US)
        return bad_option("wakeup_interval_us: must be 0 to 10000");
    if (!is_int_ms(o->max_unary_deadline_ms) || !is_int_ms(o->goodbye_grace_ms))
        return bad_option("max_unary_deadline_ms, goodbye_grace_ms: must be 1 or more");
    if (o->stream_max_age_ms < 0 || o->stream_max_age_ms > INT_MAX)
        return bad_option("stream_max_age_ms: must be 0 or more");
    if (!is_int_ms(o->keepalive_time_ms) || !is_int_ms(o->keepalive_timeout_ms) ||
        !is_int_ms(o->min_client_ping_ms))
        return bad_option("keepalive_time_ms, keepalive_timeout_ms, min_client_ping_ms: must be 1 "
                          "or more");
    return status_ok();
}
