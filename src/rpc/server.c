#include "rpc/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/grpc_security.h>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/server_internal.h"
#include "rpc/tls.h"

enum { POSTED_AT_FIRST = 2, POSTED_MAX = 32, REPOST_AFTER_US = 100000 };

/* ---- making the core's server ---- */

enum { CORE_ARGUMENTS = 16 };

static grpc_arg integer(const char *key, size_t value) {
    return (grpc_arg){.type = GRPC_ARG_INTEGER,
                      .key = (char *)(uintptr_t)key,
                      .value.integer = value > INT_MAX ? INT_MAX : (int)value};
}

static size_t core_arguments(const struct rpc_server_options *o, grpc_arg *arguments) {
    size_t n = 0;
    arguments[n++] = integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, o->max_message_bytes);
    arguments[n++] = integer(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, o->max_send_message_bytes);
    arguments[n++] = integer(GRPC_ARG_MAX_METADATA_SIZE, o->max_metadata_bytes);
    arguments[n++] = integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, o->max_streams_per_connection);
    /* Inflating is ours, within the call's budget. */
    arguments[n++] = integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    /* Two servers on one port would share it silently. */
    arguments[n++] = integer(GRPC_ARG_ALLOW_REUSEPORT, 0);
    /* Nothing serves channelz here: its counters and traces would be kept for nobody. */
    arguments[n++] = integer(GRPC_ARG_ENABLE_CHANNELZ, 0);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_TIME_MS, (size_t)o->keepalive_time_ms);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, (size_t)o->keepalive_timeout_ms);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments[n++] = integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             (size_t)o->min_client_ping_ms);
    return n;
}

static grpc_server *new_core_server(const struct rpc_server_options *options,
                                    struct rpc_poller *poller) {
    grpc_arg arguments[CORE_ARGUMENTS];
    size_t count = core_arguments(options, arguments);
    grpc_resource_quota *quota = grpc_resource_quota_create("server");
    if (options->transport_memory_bytes > 0)
        grpc_resource_quota_resize(quota, options->transport_memory_bytes);
    arguments[count++] = (grpc_arg){
        .type = GRPC_ARG_POINTER,
        .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA,
        .value.pointer = {.p = quota, .vtable = grpc_resource_quota_arg_vtable()},
    };
    grpc_channel_args args = {.num_args = count, .args = arguments};
    grpc_server *core = grpc_server_create(&args, NULL);
    grpc_resource_quota_unref(quota);
    grpc_server_register_completion_queue(core, rpc_poller_queue(poller), NULL);
    return core;
}

/* ---- life ---- */

static void call_owner(void (*function)(void *, size_t), void *context, size_t index) {
    if (function)
        function(context, index);
}

static void worker_started(void *context, size_t index) {
    struct rpc_server *server = context;
    call_owner(server->options.on_worker_start, server->options.worker_context, index);
}

static void worker_stopped(void *context, size_t index) {
    struct rpc_server *server = context;
    call_owner(server->options.on_worker_stop, server->options.worker_context, index);
}

static struct workers *new_workers(struct rpc_server *server) {
    struct workers_options options = {
        .name = "rpc-worker",
        .count = server->options.worker_count,
        .queue_capacity = server->options.worker_queue_capacity,
        .clock = clock_system(),
        .on_start = worker_started,
        .on_stop = worker_stopped,
        .context = server,
    };
    return workers_new(&options);
}

static struct status build(struct rpc_server *server, const struct rpc_server_options *options) {
    if (options->tls)
        TRY(rpc_tls_new(options->tls, &server->tls));
    server->options.address = strdup(options->address);
    server->options.error_domain = strdup(options->error_domain ? options->error_domain : "grpc-c");
    server->poller = rpc_poller_new(server->options.stream_queues);
    if (!server->options.address || !server->options.error_domain || !server->poller)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    rpc_poller_space_wakeups(server->poller, server->options.wakeup_interval_us);
    server->core = new_core_server(&server->options, server->poller);
    return status_ok();
}

struct status rpc_server_new(const struct rpc_server_options *options,
                             struct rpc_server **ret_server) {
    TRY(rpc_server_options_check(options));
    struct rpc_server *server = calloc(1, sizeof *server);
    if (!server)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    server->options = *options;
    server->options.address = server->options.error_domain = NULL; /* until they are copied */
    server->options.tls = NULL;
    if (!server->options.clock)
        server->options.clock = clock_system();
    server->limits = rpc_codec_default_limits;
    server->limits.max_depth = options->max_message_depth;
    server->limits.max_elements = options->max_message_elements;
    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->shutdown_lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->all_ended, &attributes);
    pthread_condattr_destroy(&attributes);
    struct status status = build(server, options);
    if (!status_is_ok(status)) {
        rpc_server_free(&server);
        return status;
    }
    *ret_server = server;
    return status_ok();
}

static void free_methods(struct rpc_server *server) {
    for (size_t i = 0; i < server->service_count; i++)
        free(server->services[i].methods);
    free(server->services);
}

void rpc_server_free(struct rpc_server **server_address) {
    struct rpc_server *server = *server_address;
    if (!server)
        return;
    if (server->core)
        rpc_server_shutdown(server, 0);
    if (server->poller)
        rpc_poller_stop(server->poller);
    workers_free(&server->workers); /* until then the poller may ask them, and is refused */
    while (server->free_calls) {
        struct rpc_call *next = server->free_calls->next_free;
        rpc_call_discard(server->free_calls);
        server->free_calls = next;
    }
    if (server->core)
        grpc_server_destroy(server->core);
    rpc_poller_free(&server->poller);
    rpc_tls_free(&server->tls);
    free_methods(server);
    free((char *)(uintptr_t)server->options.address);
    free((char *)(uintptr_t)server->options.error_domain);
    pthread_cond_destroy(&server->all_ended);
    pthread_mutex_destroy(&server->lock);
    pthread_mutex_destroy(&server->shutdown_lock);
    free(server);
    *server_address = NULL;
}

/* ---- services ---- */

struct status rpc_server_add_service(struct rpc_server *server, const struct rpc_service *service,
                                     const void *handlers) {
    if (server->state != RPC_SERVER_NEW)
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                            "services are registered before the server starts");
    for (size_t i = 0; i < server->service_count; i++)
        if (strcmp(server->services[i].service->name, service->name) == 0)
            return status_error(STATUS_ALREADY_EXISTS, STATUS_NO_REASON,
                                "a service of that name is registered");
    struct rpc_server_service *services =
        realloc(server->services, (server->service_count + 1) * sizeof *services);
    if (services)
        server->services = services;
    struct rpc_server_method *methods = calloc(service->method_count, sizeof *methods);
    if (!services || !methods) {
        free(methods);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    }
    for (size_t i = 0; i < service->method_count; i++) {
        const struct rpc_method *method = &service->methods[i];
        methods[i].server = server;
        methods[i].method = method;
        methods[i].handlers = handlers;
        methods[i].has_handler = rpc_chain_handler_is_set(handlers, method->handler_offset);
        methods[i].posted_wanted = POSTED_AT_FIRST;
        bool request_comes_along =
            method->kind == RPC_UNARY || method->kind == RPC_SERVER_STREAMING;
        methods[i].registered = grpc_server_register_method(
            server->core, method->path, NULL,
            request_comes_along ? GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER : GRPC_SRM_PAYLOAD_NONE,
            0);
    }
    services[server->service_count++] = (struct rpc_server_service){service, methods};
    return status_ok();
}

size_t rpc_server_service_count(const struct rpc_server *server) {
    return server->service_count;
}

const struct rpc_service *rpc_server_service(const struct rpc_server *server, size_t index) {
    return server->services[index].service;
}

struct workers *rpc_server_workers(struct rpc_server *server) {
    return server->workers;
}

/* ---- requests ---- */

static void on_request(struct rpc_op *op, bool ok) {
    struct rpc_call *call = (struct rpc_call *)((char *)op - offsetof(struct rpc_call, request_op));
    struct rpc_server_method *served = call->served;
    served->posted--;
    if (!ok) { /* the server is shutting down */
        rpc_call_discard(call);
        return;
    }
    /* Calls come faster than requests are posted: post more from now on. */
    if (served->posted == 0 && served->posted_wanted < POSTED_MAX)
        served->posted_wanted *= 2;
    rpc_server_post_requests(served);
    atomic_fetch_add_explicit(&call->server->open_calls, 1, memory_order_relaxed);
    rpc_chain_begin(call);
}

static bool post_request(struct rpc_server_method *served) {
    struct rpc_server *server = served->server;
    struct rpc_call *call = rpc_call_new(server, served);
    if (!call)
        return false;
    bool streams = served->method->kind != RPC_UNARY;
    bool payload_comes_along =
        served->method->kind == RPC_UNARY || served->method->kind == RPC_SERVER_STREAMING;
    grpc_completion_queue *queue =
        streams ? rpc_poller_stream_queue(server->poller) : rpc_poller_queue(server->poller);
    rpc_op_init(&call->request_op, server->poller, on_request);
    rpc_op_hand_over(&call->request_op);
    grpc_call_error error = grpc_server_request_registered_call(
        server->core, served->registered, &call->core, &call->core_deadline, &call->metadata,
        payload_comes_along ? &call->payload : NULL, queue, rpc_poller_queue(server->poller),
        &call->request_op);
    if (error != GRPC_CALL_OK) {
        rpc_call_discard(call);
        return false;
    }
    served->posted++;
    return true;
}

/* No memory for a request: without one the method would be deaf for ever. */
void rpc_server_repost_later(struct rpc_server *server) {
    if (!server->repost_timer.armed)
        rpc_poller_arm(server->poller, &server->repost_timer, rpc_now_us() + REPOST_AFTER_US);
}

void rpc_server_post_requests(struct rpc_server_method *served) {
    while (served->posted < served->posted_wanted &&
           !atomic_load_explicit(&served->server->draining, memory_order_relaxed)) {
        if (!post_request(served)) {
            rpc_server_repost_later(served->server);
            return;
        }
    }
}

/* ---- posting everything ---- */

static void post_all(struct rpc_server *server) {
    for (size_t i = 0; i < server->service_count; i++)
        for (size_t j = 0; j < server->services[i].service->method_count; j++)
            rpc_server_post_requests(&server->services[i].methods[j]);
    rpc_unknown_post(server);
}

static void repost(struct rpc_timer *timer) {
    post_all((struct rpc_server *)((char *)timer - offsetof(struct rpc_server, repost_timer)));
}

/* ---- start ---- */

static int bind_port(struct rpc_server *server) {
    grpc_server_credentials *credentials =
        server->tls ? rpc_tls_credentials(server->tls) : grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(server->core, server->options.address, credentials);
    grpc_server_credentials_release(credentials);
    return port;
}

struct status rpc_server_start(struct rpc_server *server) {
    if (server->state != RPC_SERVER_NEW || server->core_started)
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                            "the server was started before");
    int port = bind_port(server);
    if (port <= 0)
        return status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON,
                            "the address cannot be bound: is it taken, or not this machine's?");
    server->port = strncmp(server->options.address, "unix", 4) == 0 ? 0 : port;
    server->workers = new_workers(server);
    if (!server->workers)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of threads");
    grpc_server_start(server->core);
    server->core_started = true;
    server->repost_timer.fire = repost;
    post_all(server);
    if (!rpc_poller_start(server->poller, "rpc-poller"))
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of threads");
    server->state = RPC_SERVER_SERVING;
    return status_ok();
}

int rpc_server_port(const struct rpc_server *server) {
    return server->port;
}

struct status rpc_server_reload_tls(struct rpc_server *server) {
    if (!server->tls)
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON,
                            "the server does not use TLS");
    return rpc_tls_load(server->tls);
}

/* ---- shutdown ---- */

void rpc_server_call_ended(struct rpc_server *server) {
    if (atomic_fetch_sub_explicit(&server->open_calls, 1, memory_order_acq_rel) > 1 ||
        !atomic_load_explicit(&server->draining, memory_order_acquire))
        return;
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->all_ended);
    pthread_mutex_unlock(&server->lock);
}

static void on_core_down(struct rpc_op *op, bool ok) {
    (void)ok;
    struct rpc_server *server =
        (struct rpc_server *)((char *)op - offsetof(struct rpc_server, shutdown_op));
    pthread_mutex_lock(&server->lock);
    server->core_is_down = true;
    pthread_cond_broadcast(&server->all_ended);
    pthread_mutex_unlock(&server->lock);
}

/* On the poller, so that no request is posted behind the core's back while it goes down. */
static void begin_draining(struct rpc_task *task) {
    struct rpc_server *server =
        (struct rpc_server *)((char *)task - offsetof(struct rpc_server, drain_task));
    atomic_store_explicit(&server->draining, true, memory_order_release);
    rpc_op_hand_over(&server->shutdown_op);
    grpc_server_shutdown_and_notify(server->core, rpc_poller_queue(server->poller),
                                    &server->shutdown_op);
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->all_ended);
    pthread_mutex_unlock(&server->lock);
    rpc_stream_goodbye_all(server);
}

static bool is_empty(struct rpc_server *server) {
    return atomic_load(&server->draining) && atomic_load(&server->open_calls) == 0;
}

static void wait_for_calls(struct rpc_server *server, int64_t grace_ms) {
    int64_t until_us = rpc_now_us() + grace_ms * 1000;
    struct timespec until = {until_us / 1000000, (until_us % 1000000) * 1000};
    pthread_mutex_lock(&server->lock);
    /* Calls are cancelled once, and nobody would cancel one that came in after that. */
    while (!atomic_load(&server->draining))
        pthread_cond_wait(&server->all_ended, &server->lock);
    while (!(is_empty(server) && server->core_is_down))
        if (pthread_cond_timedwait(&server->all_ended, &server->lock, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&server->lock);
}

static void wait_for_end(struct rpc_server *server) {
    pthread_mutex_lock(&server->lock);
    while (!(is_empty(server) && server->core_is_down))
        pthread_cond_wait(&server->all_ended, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* Started for a moment: the core does not destroy a bound server that never was. Its queue is
 * drained by rpc_poller_stop(). */
static void shut_down_unstarted(struct rpc_server *server) {
    atomic_store(&server->draining, true);
    if (!server->core_started)
        grpc_server_start(server->core);
    rpc_op_hand_over(&server->shutdown_op);
    grpc_server_shutdown_and_notify(server->core, rpc_poller_queue(server->poller),
                                    &server->shutdown_op);
}

static void shut_down_serving(struct rpc_server *server, int64_t grace_ms) {
    server->drain_task.run = begin_draining;
    rpc_poller_post(server->poller, &server->drain_task);
    wait_for_calls(server, grace_ms);
    grpc_server_cancel_all_calls(server->core);
    wait_for_end(server);
}

void rpc_server_shutdown(struct rpc_server *server, int64_t grace_ms) {
    pthread_mutex_lock(&server->shutdown_lock);
    if (server->state != RPC_SERVER_OVER) {
        rpc_op_init(&server->shutdown_op, server->poller, on_core_down);
        if (server->state == RPC_SERVER_SERVING)
            shut_down_serving(server, grace_ms);
        else
            shut_down_unstarted(server);
        if (server->workers)
            workers_stop(server->workers);
        server->state = RPC_SERVER_OVER;
    }
    pthread_mutex_unlock(&server->shutdown_lock);
}

/* ---- poller services for the application ---- */

void rpc_server_arm_timer(struct rpc_server *server, struct rpc_timer *timer, int64_t due_us) {
    rpc_poller_arm(server->poller, timer, due_us);
}

void rpc_server_cancel_timer(struct rpc_server *server, struct rpc_timer *timer) {
    rpc_poller_disarm(server->poller, timer);
}

void rpc_server_post(struct rpc_server *server, struct rpc_task *task) {
    rpc_poller_post(server->poller, task);
}

/* ---- figures ---- */

static void read_figures(const struct rpc_server_method *served,
                         struct rpc_method_figures *figures) {
    figures->method = served->method;
    figures->started = atomic_load(&served->started);
    for (size_t i = 0; i < 17; i++)
        figures->finished_by_code[i] = atomic_load(&served->finished_by_code[i]);
    for (size_t i = 0; i < RPC_LATENCY_BUCKETS; i++)
        figures->latency_by_bucket[i] = atomic_load(&served->latency_by_bucket[i]);
    figures->latency_sum_us = atomic_load(&served->latency_sum_us);
    figures->messages_received = atomic_load(&served->messages_received);
    figures->messages_sent = atomic_load(&served->messages_sent);
}

void rpc_server_visit_figures(const struct rpc_server *server,
                              void (*visit)(void *context,
                                            const struct rpc_method_figures *figures),
                              void *context) {
    for (size_t i = 0; i < server->service_count; i++) {
        for (size_t j = 0; j < server->services[i].service->method_count; j++) {
            struct rpc_method_figures figures;
            read_figures(&server->services[i].methods[j], &figures);
            visit(context, &figures);
        }
    }
}

void rpc_server_figures(const struct rpc_server *server, struct rpc_server_figures *ret_figures) {
    *ret_figures = (struct rpc_server_figures){
        .open_calls = atomic_load(&server->open_calls),
        .open_streams = atomic_load(&server->open_streams),
        .poller_wakeups = rpc_poller_wakeups(server->poller),
        .unknown_methods = atomic_load(&server->unknown_methods),
        .overloaded = atomic_load(&server->overloaded),
    };
}
