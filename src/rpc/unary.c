/* Unary calls: one batch answers, two facts end them. */
#include "rpc/server_internal.h"

#include <stdlib.h>

static void end_if_over(struct rpc_call *call) {
    if (call->answered && (call->closed || !call->close_watched))
        rpc_call_end(call);
}

static void on_answered(struct rpc_op *op, bool ok) {
    (void)ok; /* a caller that has gone is no error of ours */
    struct rpc_call *call = (struct rpc_call *)((char *)op - offsetof(struct rpc_call, request_op));
    call->answered = true;
    end_if_over(call);
}

void rpc_unary_on_closed(struct rpc_call *call) {
    end_if_over(call);
}

/* The answer could not be sent at all: the call is cut, and ends as if it had been. */
static void cut(struct rpc_call *call) {
    grpc_call_cancel_with_status(call->core, GRPC_STATUS_INTERNAL, "the answer cannot be sent",
                                 NULL);
    if (!call->close_watched)
        rpc_call_watch_close(call);
    rpc_poller_post(call->server->poller, &call->request_op.task);
}

void rpc_unary_answer(struct rpc_call *call, struct status status) {
    if (status_is_ok(status))
        status = rpc_call_encode(call, call->response, &call->answer);
    if (!rpc_call_claim_end(call))
        abort(); /* finished twice: the handler is wrong, and the call may be another's by now */
    rpc_call_seal(call, status);
    grpc_op ops[4];
    size_t n = 0;
    rpc_call_fill_initial_metadata_op(call, &ops[n++]);
    if (call->answer) {
        ops[n] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE,
                           .flags = call->skip_compression ? GRPC_WRITE_NO_COMPRESS : 0};
        ops[n++].data.send_message.send_message = call->answer;
    }
    rpc_call_fill_status_op(call, &ops[n++]);
    if (!call->close_watched) {
        ops[n] = (grpc_op){.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
        ops[n++].data.recv_close_on_server.cancelled = &call->close_cancelled;
    }
    rpc_op_init(&call->request_op, call->server->poller, on_answered);
    if (rpc_op_start(&call->request_op, call->core, ops, n) != GRPC_CALL_OK)
        cut(call);
}
