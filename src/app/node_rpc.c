#include "app/node_internal.h"

#include "base/clock.h"
#include "domain/reason.h"
#include "rpc/call.h"

#include <string.h>

/* An address without its port: "ipv4:10.0.0.1:5000" and "ipv6:%5B::1%5D:5000". */
static const char *caller_address(struct rpc_call *call) {
    const char *peer = rpc_call_peer(call);
    const char *port = peer == NULL ? NULL : strrchr(peer, ':');
    if (port == NULL)
        return "";
    char *address = arena_alloc(rpc_call_arena(call), (size_t)(port - peer) + 1);
    if (address == NULL)
        return "";
    memcpy(address, peer, (size_t)(port - peer));
    return address;
}

static struct status admit(void *context, struct rpc_call *call) {
    struct app_node *node = context;
    struct rpc_principal *principal = rpc_call_principal(call);
    const char *tenant = "";
    const char *name;
    int64_t wait_us;
    if (principal == NULL) {
        name = caller_address(call);
    } else {
        tenant = rpc_principal_get(principal)->tenant;
        name = rpc_principal_get(principal)->subject;
    }
    if (rate_limit_take(node->rate, tenant, name, clock_monotonic_us(node->clock), &wait_us))
        return status_ok();
    rpc_call_set_retry_after(call, wait_us / 1000 + 1);
    rpc_call_add_quota_violation(call, "caller", "Too many calls in a short time.");
    return status_error(STATUS_RESOURCE_EXHAUSTED, DOMAIN_REASON_RATE_LIMITED,
                        "You are calling too often.");
}

static void read_limits(const struct config *config, struct rpc_server_options *options) {
    options->max_message_bytes = (size_t)config_size_bytes(config, "limits.message");
    options->max_send_message_bytes = (size_t)config_size_bytes(config, "limits.response");
    options->call_budget_bytes = (size_t)config_size_bytes(config, "limits.call-memory");
    options->max_metadata_bytes = (size_t)config_size_bytes(config, "limits.metadata");
    options->max_message_depth = (size_t)config_int(config, "limits.message-depth");
    options->max_message_elements = (size_t)config_int(config, "limits.message-elements");
    options->max_streams_per_connection =
        (size_t)config_int(config, "limits.streams-per-connection");
    options->stream_outbox_bytes = (size_t)config_size_bytes(config, "limits.stream-outbox");
    options->wakeup_interval_us = config_int(config, "server.wakeup-interval");
    options->stream_queues = (size_t)config_int(config, "limits.stream-queues");
    options->max_unary_deadline_ms = config_duration_ms(config, "limits.unary-deadline");
    options->stream_max_age_ms = config_duration_ms(config, "limits.stream-age");
    options->goodbye_grace_ms = config_duration_ms(config, "limits.goodbye-grace");
    options->keepalive_time_ms = config_duration_ms(config, "limits.keepalive-time");
    options->keepalive_timeout_ms = config_duration_ms(config, "limits.keepalive-timeout");
    options->min_client_ping_ms = config_duration_ms(config, "limits.client-ping");
}

static bool read_tls(const struct config *config, struct rpc_server_tls *ret_tls) {
    const char *authority = config_string(config, "tls.client-ca-file");
    ret_tls->certificate_file = config_string(config, "tls.certificate-file");
    ret_tls->key_file = config_string(config, "tls.key-file");
    ret_tls->client_ca_file = authority[0] == '\0' ? NULL : authority;
    return ret_tls->certificate_file[0] != '\0';
}

static struct status build_server(struct app_node *node) {
    const struct config *config = node->config;
    struct rpc_server_options options;
    struct rpc_server_tls tls;
    rpc_server_options_init(&options);
    read_limits(config, &options);
    options.address = config_string(config, "server.address");
    if (read_tls(config, &tls))
        options.tls = &tls;
    options.worker_count = (size_t)config_int(config, "server.workers");
    options.worker_queue_capacity = (size_t)config_int(config, "server.worker-queue");
    if (node->authenticator != NULL) {
        options.authenticate = auth_authenticate;
        options.authenticate_context = node->authenticator;
    }
    if (node->rate != NULL) {
        options.admit = admit;
        options.admit_context = node;
    }
    options.reason_name = domain_reason_name;
    options.error_domain = config_string(config, "server.error-domain");
    options.clock = node->clock;
    options.log = node->log;
    options.log_every_call = config_bool(config, "log.calls");
    return rpc_server_new(&options, &node->server);
}

struct status node_rpc_new(struct app_node *node, struct str *problem) {
    struct status status = build_server(node);
    if (status_is_ok(status))
        status = node_services_new(node);
    if (status_is_ok(status))
        status = rpc_health_new(node->server, &node->health);
    if (status_is_ok(status))
        status = rpc_reflection_new(node->server, &node->reflection);
    if (!status_is_ok(status))
        str_printf(problem, "cannot make the server: %s",
                   status.detail == NULL ? status_code_name(status.code) : status.detail);
    return status;
}
