/* Unary calls: one batch asks, one completion answers. */
#include <stdlib.h>

#include "rpc/client_internal.h"

struct unary {
    struct rpc_op op; /* first */
    struct rpc_channel *channel;
    struct rpc_channel_entry entry;
    const struct rpc_method *method;
    struct rpc_request_headers headers;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    struct rpc_received received;
    /* What to do when it is over; on the poller. Takes over the memory. */
    void (*done)(struct unary *unary);

    /* of a blocking call */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over;

    /* of an asynchronous one */
    rpc_deliver_thunk *deliver;
    rpc_any_function *callback;
    void *context;
};

static void release(struct unary *unary) {
    grpc_byte_buffer_destroy(unary->request);
    grpc_byte_buffer_destroy(unary->response);
    rpc_request_headers_done(&unary->headers);
    rpc_received_done(&unary->received);
}

static void on_done(struct rpc_op *op, bool ok) {
    (void)ok; /* a batch with a status always tells its outcome there */
    struct unary *unary = (struct unary *)op;
    unary->done(unary);
}

static void start_batch(struct unary *unary) {
    grpc_op ops[6];
    rpc_request_headers_op(&unary->headers, &ops[0]);
    ops[1] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
    ops[1].data.send_message.send_message = unary->request;
    ops[2] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
    ops[3] = (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA};
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &unary->received.initial_metadata;
    ops[4] = (grpc_op){.op = GRPC_OP_RECV_MESSAGE};
    ops[4].data.recv_message.recv_message = &unary->response;
    rpc_received_status_op(&unary->received, &ops[5]);
    if (rpc_op_start(&unary->op, unary->entry.core, ops, 6) != GRPC_CALL_OK)
        abort(); /* headers were checked: the runtime itself is wrong */
}

/* Ready to be started; on failure nothing is held. */
static struct status begin(struct unary *unary, struct rpc_channel *channel,
                           const struct rpc_method *method, const struct rpc_call_options *options,
                           const ProtobufCMessage *request) {
    unary->channel = channel;
    unary->method = method;
    rpc_op_init(&unary->op, channel->poller, on_done);
    rpc_received_init(&unary->received);
    TRY(rpc_request_headers_init(options, &unary->headers));
    struct status status = rpc_channel_begin(channel, method, options, &unary->entry);
    if (!status_is_ok(status)) {
        rpc_request_headers_done(&unary->headers);
        return status;
    }
    unary->request = rpc_client_encode(request);
    return status_ok();
}

/* The result, and the response when there is one. */
static void conclude(struct unary *unary, struct arena *arena, ProtobufCMessage **ret_response,
                     struct rpc_result *result) {
    rpc_received_result(&unary->received, arena, result);
    if (!status_is_ok(result->status))
        return;
    if (unary->response)
        result->status = rpc_client_decode(unary->channel, unary->method->output, unary->response,
                                           arena, ret_response, &result->message_was_compressed);
    else
        result->status =
            status_error(STATUS_INTERNAL, STATUS_NO_REASON, "the answer carries no message");
}

/* ---- blocking ---- */

static void wake_caller(struct unary *unary) {
    pthread_mutex_lock(&unary->lock);
    unary->over = true;
    pthread_cond_signal(&unary->changed);
    pthread_mutex_unlock(&unary->lock);
}

static void wait_until_over(struct unary *unary) {
    pthread_mutex_lock(&unary->lock);
    while (!unary->over)
        pthread_cond_wait(&unary->changed, &unary->lock);
    pthread_mutex_unlock(&unary->lock);
}

struct status rpc_channel_call(struct rpc_channel *channel, const struct rpc_method *method,
                               const struct rpc_call_options *options,
                               const ProtobufCMessage *request, struct arena *arena,
                               ProtobufCMessage **ret_response, struct rpc_result *ret_result) {
    struct unary unary = {.done = wake_caller};
    struct rpc_result result = {0};
    rpc_details_init(&result.details);
    result.status = begin(&unary, channel, method, options, request);
    if (status_is_ok(result.status)) {
        pthread_mutex_init(&unary.lock, NULL);
        pthread_cond_init(&unary.changed, NULL);
        start_batch(&unary);
        wait_until_over(&unary);
        conclude(&unary, arena, ret_response, &result);
        rpc_channel_end(channel, &unary.entry);
        release(&unary);
        pthread_cond_destroy(&unary.changed);
        pthread_mutex_destroy(&unary.lock);
    }
    if (ret_result)
        *ret_result = result;
    return result.status;
}

/* ---- asynchronous ---- */

static void deliver_result(struct unary *unary) {
    struct arena arena;
    struct rpc_result result;
    ProtobufCMessage *response = NULL;
    arena_init(&arena, unary->channel->options.call_budget_bytes);
    conclude(unary, &arena, &response, &result);
    unary->deliver(unary->callback, unary->context, &result,
                   status_is_ok(result.status) ? response : NULL);
    arena_done(&arena);
    rpc_channel_end(unary->channel, &unary->entry);
    release(unary);
    free(unary);
}

struct status rpc_channel_call_async(struct rpc_channel *channel, const struct rpc_method *method,
                                     const struct rpc_call_options *options,
                                     const ProtobufCMessage *request, rpc_deliver_thunk *deliver,
                                     rpc_any_function *callback, void *context) {
    struct unary *unary = calloc(1, sizeof *unary);
    if (!unary)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    unary->done = deliver_result;
    unary->deliver = deliver;
    unary->callback = callback;
    unary->context = context;
    struct status status = begin(unary, channel, method, options, request);
    if (!status_is_ok(status)) {
        free(unary);
        return status;
    }
    start_batch(unary);
    return status_ok();
}
