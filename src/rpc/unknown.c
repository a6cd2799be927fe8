/* Calls of methods that nobody registered. */
#include <stdlib.h>
#include <string.h>

#include "rpc/server_internal.h"

/* Without a request for any method at all, unknown ones would hang until their deadline. */
struct unknown_call {
    struct rpc_server *server;
    struct rpc_op op;
    grpc_call *core;
    grpc_call_details details;
    grpc_metadata_array metadata;
    int cancelled;
    grpc_slice message;
};

static void free_unknown(struct unknown_call *unknown) {
    grpc_call_details_destroy(&unknown->details);
    grpc_metadata_array_destroy(&unknown->metadata);
    grpc_slice_unref(unknown->message);
    if (unknown->core)
        grpc_call_unref(unknown->core);
    free(unknown);
}

static void on_unknown_answered(struct rpc_op *op, bool ok) {
    (void)ok;
    struct unknown_call *unknown =
        (struct unknown_call *)((char *)op - offsetof(struct unknown_call, op));
    struct rpc_server *server = unknown->server;
    free_unknown(unknown);
    rpc_server_call_ended(server);
}

static bool serves_service_of(const struct rpc_server *server, const char *path, size_t len) {
    for (size_t i = 0; i < server->service_count; i++) {
        const char *name = server->services[i].service->name;
        size_t name_len = strlen(name);
        if (len > name_len + 1 && path[0] == '/' && memcmp(path + 1, name, name_len) == 0 &&
            path[name_len + 1] == '/')
            return true;
    }
    return false;
}

static void answer_unknown(struct unknown_call *unknown) {
    const char *path = (const char *)GRPC_SLICE_START_PTR(unknown->details.method);
    size_t len = GRPC_SLICE_LENGTH(unknown->details.method);
    unknown->message = grpc_slice_from_static_string(serves_service_of(unknown->server, path, len)
                                                         ? "the service has no such method"
                                                         : "this server has no such service");
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
                      {.op = GRPC_OP_RECV_CLOSE_ON_SERVER}};
    ops[1].data.send_status_from_server.status = GRPC_STATUS_UNIMPLEMENTED;
    ops[1].data.send_status_from_server.status_details = &unknown->message;
    ops[2].data.recv_close_on_server.cancelled = &unknown->cancelled;
    rpc_op_init(&unknown->op, unknown->server->poller, on_unknown_answered);
    if (rpc_op_start(&unknown->op, unknown->core, ops, 3) != GRPC_CALL_OK)
        on_unknown_answered(&unknown->op, false);
}

static void on_unknown(struct rpc_op *op, bool ok) {
    struct unknown_call *unknown =
        (struct unknown_call *)((char *)op - offsetof(struct unknown_call, op));
    struct rpc_server *server = unknown->server;
    server->unknown_posted = false;
    if (!ok) {
        free_unknown(unknown);
        return;
    }
    atomic_fetch_add_explicit(&server->open_calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&server->unknown_methods, 1, memory_order_relaxed);
    rpc_unknown_post(server);
    answer_unknown(unknown);
}

void rpc_unknown_post(struct rpc_server *server) {
    if (server->unknown_posted || atomic_load_explicit(&server->draining, memory_order_relaxed))
        return;
    struct unknown_call *unknown = calloc(1, sizeof *unknown);
    if (!unknown) {
        rpc_server_repost_later(server);
        return;
    }
    unknown->server = server;
    unknown->message = grpc_empty_slice();
    grpc_call_details_init(&unknown->details);
    grpc_metadata_array_init(&unknown->metadata);
    rpc_op_init(&unknown->op, server->poller, on_unknown);
    rpc_op_hand_over(&unknown->op);
    grpc_completion_queue *queue = rpc_poller_queue(server->poller);
    if (grpc_server_request_call(server->core, &unknown->core, &unknown->details,
                                 &unknown->metadata, queue, queue, &unknown->op) == GRPC_CALL_OK)
        server->unknown_posted = true;
    else
        free_unknown(unknown);
}
