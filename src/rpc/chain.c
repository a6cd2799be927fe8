/*
 * The interceptors, in their fixed order: figures and log, deadline, authentication, access, rate
 * limit, then decoding, rules and the handler.
 *
 * The first half runs on the poller and costs microseconds; what may take longer, an unknown
 * token's signature or a handler that blocks, is handed to a worker.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/payload.h"
#include "rpc/rules.h"
#include "rpc/server_internal.h"

/* ---- deadline ---- */

static void on_deadline(struct rpc_timer *timer) {
    struct rpc_call *call = (struct rpc_call *)((char *)timer - offsetof(struct rpc_call, timer));
    atomic_store_explicit(&call->cancelled, true, memory_order_release);
    grpc_call_cancel_with_status(call->core, GRPC_STATUS_DEADLINE_EXCEEDED,
                                 "the server's own time limit has passed", NULL);
}

/* A stream has a maximum age instead of a capped deadline. */
static void clamp_deadline(struct rpc_call *call) {
    call->deadline_us = rpc_timespec_us(call->core_deadline);
    if (rpc_served_method(call)->kind != RPC_UNARY)
        return;
    int64_t cap_us = call->started_us + call->server->options.max_unary_deadline_ms * 1000;
    if (call->deadline_us <= cap_us)
        return; /* the core ends it in time */
    call->deadline_us = cap_us;
    call->timer.fire = on_deadline;
    /* Also when it is answered at once: the answer of a caller that does not read ends, too. */
    rpc_poller_arm(call->server->poller, &call->timer, cap_us);
}

/* ---- authentication, access, rate limit ---- */

static struct status find_authorization(struct rpc_call *call, const char **ret_value) {
    const char *value = NULL;
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *item = &call->metadata.metadata[i];
        if (grpc_slice_str_cmp(item->key, "authorization") != 0)
            continue;
        if (value)
            return status_error(STATUS_UNAUTHENTICATED, RPC_REASON_AMBIGUOUS_TOKEN,
                                "more than one authorization header");
        value = rpc_slice_copy(item->value, &call->arena);
        if (!value)
            return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED, "out of memory");
    }
    *ret_value = value ? value : "";
    return status_ok();
}

static struct status authenticate(struct rpc_call *call, bool may_block, bool *ret_blocks) {
    const struct rpc_server_options *options = &call->server->options;
    const char *authorization = "";
    *ret_blocks = false;
    if (!options->authenticate)
        return status_ok();
    TRY(find_authorization(call, &authorization));
    if (!*authorization && rpc_served_method(call)->access.is_public)
        return status_ok();
    struct status status = status_ok();
    enum rpc_auth_verdict verdict = options->authenticate(
        options->authenticate_context, call, authorization, may_block, &call->principal, &status);
    *ret_blocks = verdict == RPC_AUTH_BLOCKS;
    return *ret_blocks ? status_ok() : status;
}

struct status rpc_chain_check_access(const struct rpc_call *call) {
    const struct rpc_access *access = &rpc_served_method(call)->access;
    if (access->is_public)
        return status_ok();
    if (!call->principal)
        return status_error(STATUS_UNAUTHENTICATED, RPC_REASON_NO_TOKEN,
                            "this method needs a token: send an authorization header");
    for (size_t i = 0; i < access->role_count; i++)
        if (rpc_principal_has_role(call->principal, access->roles[i]))
            return status_ok();
    if (access->scope && rpc_principal_has_scope(call->principal, access->scope))
        return status_ok();
    return status_error(STATUS_PERMISSION_DENIED, RPC_REASON_ACCESS_DENIED,
                        "neither a role nor a scope of this token opens the method");
}

static struct status pass_interceptors(struct rpc_call *call, bool may_block, bool *ret_blocks) {
    TRY(authenticate(call, may_block, ret_blocks));
    if (*ret_blocks)
        return status_ok();
    TRY(rpc_chain_check_access(call));
    if (call->server->options.admit)
        TRY(call->server->options.admit(call->server->options.admit_context, call));
    /* After access and rate limit, which hold for what is not there, too. */
    if (!call->served->has_handler)
        return status_error(STATUS_UNIMPLEMENTED, 0, "this server does not implement the method");
    return status_ok();
}

/* ---- decoding ---- */

struct status rpc_chain_check_rules(struct rpc_call *call, const ProtobufCMessage *message) {
    const struct rpc_message_rules *rules = rpc_served_method(call)->rules;
    if (!rules)
        return status_ok();
    struct rpc_details broken;
    rpc_details_init(&broken);
    struct status status = rpc_rules_check(
        rules, message, clock_wall_us(call->server->options.clock), &call->arena, &broken);
    for (size_t i = 0; i < broken.violation_count; i++)
        rpc_call_add_violation(call, broken.violations[i].field, broken.violations[i].description);
    return status;
}

struct status rpc_chain_decode(struct rpc_call *call, grpc_byte_buffer *payload,
                               ProtobufCMessage **ret_message) {
    const struct rpc_method *method = rpc_served_method(call);
    const uint8_t *bytes = NULL;
    const char *field = NULL;
    size_t len = 0;
    if (!payload)
        return status_error(STATUS_INTERNAL, RPC_REASON_UNDECODABLE,
                            "the request carries no message");
    TRY(rpc_payload_bytes(payload, call->server->options.max_message_bytes, &call->arena, &bytes,
                          &len, &call->message_was_compressed));
    struct status status = rpc_codec_decode(method->input, bytes, len, &call->server->limits,
                                            &call->arena, ret_message, &field);
    if (field)
        rpc_call_add_violation(call, field, status.detail);
    TRY(status);
    atomic_fetch_add_explicit(&call->served->messages_received, 1, memory_order_relaxed);
    return rpc_chain_check_rules(call, *ret_message);
}

static struct status decode_request(struct rpc_call *call, ProtobufCMessage **ret_request) {
    struct status status = rpc_chain_decode(call, call->payload, ret_request);
    grpc_byte_buffer_destroy(call->payload);
    call->payload = NULL;
    return status;
}

/* ---- the handler ---- */

bool rpc_chain_handler_is_set(const void *handlers, size_t offset) {
    void (*function)(void) = NULL;
    memcpy(&function, (const char *)handlers + offset, sizeof function);
    return function != NULL;
}

static struct status make_response(struct rpc_call *call) {
    call->response = rpc_message_new(&call->arena, rpc_served_method(call)->output);
    if (!call->response)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED, "out of memory");
    return status_ok();
}

static struct status call_unary(struct rpc_call *call) {
    const struct rpc_method *method = rpc_served_method(call);
    ProtobufCMessage *request = NULL;
    TRY(decode_request(call, &request));
    TRY(make_response(call));
    return method->unary(call->served->handlers, call, request, call->response);
}

static struct status call_start(struct rpc_call *call) {
    const struct rpc_method *method = rpc_served_method(call);
    ProtobufCMessage *request = NULL;
    if (method->kind == RPC_SERVER_STREAMING)
        TRY(decode_request(call, &request));
    return method->start(call->served->handlers, call, request);
}

/* Drops the reference that rpc_call_defer() took, when the handler used it. */
static bool was_deferred(struct rpc_call *call) {
    if (!call->deferred)
        return false;
    rpc_call_unref(&call);
    return true;
}

static void run_unary(struct rpc_call *call) {
    struct status status = call_unary(call);
    if (!was_deferred(call))
        rpc_unary_answer(call, status);
}

static void started_on_poller(struct rpc_task *task) {
    rpc_stream_started((struct rpc_call *)((char *)task - offsetof(struct rpc_call, task)));
}

/* The start handler of a stream has returned, or was not called at all. */
static void start_returned(struct rpc_call *call, struct status status) {
    if (!status_is_ok(status))
        rpc_stream_finish(call, status);
    if (rpc_poller_is_current(call->server->poller)) {
        rpc_stream_started(call);
    } else {
        call->task.run = started_on_poller;
        rpc_poller_post(call->server->poller, &call->task);
    }
}

static void run_handler(struct rpc_call *call) {
    if (call->stream)
        start_returned(call, call_start(call));
    else
        run_unary(call);
}

static void refuse(struct rpc_call *call, struct status status) {
    if (call->stream)
        start_returned(call, status);
    else
        rpc_unary_answer(call, status);
}

/* ---- hand-over to the workers ---- */

static struct status caller_has_gone(void) {
    return status_error(STATUS_CANCELLED, STATUS_NO_REASON, "the caller has gone");
}

static void handler_on_worker(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct rpc_call *call = (struct rpc_call *)((char *)work - offsetof(struct rpc_call, work));
    if (rpc_call_is_cancelled(call)) /* while it waited: nobody wants the answer any more */
        refuse(call, caller_has_gone());
    else
        run_handler(call);
}

static void handler_on_poller(struct rpc_task *task) {
    run_handler((struct rpc_call *)((char *)task - offsetof(struct rpc_call, task)));
}

/* A token that had to be verified: the rest of the chain, then the handler where it belongs. */
static void interceptors_on_worker(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct rpc_call *call = (struct rpc_call *)((char *)work - offsetof(struct rpc_call, work));
    bool blocks = false;
    /* A flood of calls that are taken back at once costs no signature checks. */
    struct status status =
        rpc_call_is_cancelled(call) ? caller_has_gone() : pass_interceptors(call, true, &blocks);
    if (status_is_ok(status) && blocks)
        status = status_error(STATUS_INTERNAL, 0, "authentication did not come to an end");
    if (!status_is_ok(status)) {
        refuse(call, status);
    } else if (rpc_served_method(call)->dispatch == RPC_ON_POLLER) {
        call->task.run = handler_on_poller;
        rpc_poller_post(call->server->poller, &call->task);
    } else {
        run_handler(call);
    }
}

struct status rpc_chain_submit(struct rpc_call *call) {
    struct rpc_server *server = call->server;
    enum workers_verdict verdict =
        workers_submit(server->workers, &call->work, rpc_call_time_left_us(call));
    if (verdict == WORKERS_ACCEPTED)
        return status_ok();
    struct workers_figures figures;
    workers_figures(server->workers, &figures);
    int64_t after_ms = figures.expected_wait_us / 1000;
    rpc_call_set_retry_after(call, after_ms < 50 ? 50 : after_ms);
    atomic_fetch_add_explicit(&server->overloaded, 1, memory_order_relaxed);
    return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_OVERLOADED,
                        "the server is busy: retry later");
}

static void submit(struct rpc_call *call, void (*run)(struct work *work, size_t worker_index)) {
    if (!call->stream)
        rpc_call_watch_close(call); /* it leaves the poller: its end may come first */
    call->work.run = run;
    struct status status = rpc_chain_submit(call);
    if (!status_is_ok(status))
        refuse(call, status);
}

/* ---- arrival ---- */

void rpc_chain_begin(struct rpc_call *call) {
    const struct rpc_method *method = rpc_served_method(call);
    atomic_fetch_add_explicit(&call->served->started, 1, memory_order_relaxed);
    call->started_us = rpc_now_us();
    clamp_deadline(call);
    if (method->kind != RPC_UNARY && !rpc_stream_open(call)) {
        grpc_call_cancel_with_status(call->core, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory",
                                     NULL);
        rpc_call_end(call);
        return;
    }
    bool blocks = false;
    struct status status = pass_interceptors(call, false, &blocks);
    if (!status_is_ok(status))
        refuse(call, status);
    else if (blocks)
        submit(call, interceptors_on_worker);
    else if (method->dispatch == RPC_ON_POLLER)
        run_handler(call);
    else
        submit(call, handler_on_worker);
}
