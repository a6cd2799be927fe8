#include "fake_runtime.h"

#include "rpc/codec.h"

struct fake_runtime fake_runtime;

struct status rpc_server_add_service(struct rpc_server *server, const struct rpc_service *service,
                                     const void *handlers) {
    (void)server;
    fake_runtime.service = service;
    fake_runtime.handlers = handlers;
    return fake_runtime.status;
}

struct status rpc_stream_send(struct rpc_call *call, const ProtobufCMessage *message) {
    (void)call;
    fake_runtime.message = message;
    return fake_runtime.status;
}

bool rpc_writer_put_message(struct rpc_writer *writer, const ProtobufCMessage *message) {
    (void)writer;
    fake_runtime.message = message;
    return true;
}

ProtobufCMessage *rpc_message_new(struct arena *arena,
                                  const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    if (message != NULL)
        descriptor->message_init(message);
    return message;
}

struct status rpc_channel_call(struct rpc_channel *channel, const struct rpc_method *method,
                               const struct rpc_call_options *options,
                               const ProtobufCMessage *request, struct arena *arena,
                               ProtobufCMessage **ret_response, struct rpc_result *ret_result) {
    (void)channel, (void)options, (void)arena, (void)ret_result;
    fake_runtime.method = method;
    fake_runtime.message = request;
    *ret_response = fake_runtime.answer;
    return fake_runtime.status;
}

struct status rpc_channel_call_async(struct rpc_channel *channel, const struct rpc_method *method,
                                     const struct rpc_call_options *options,
                                     const ProtobufCMessage *request, rpc_deliver_thunk *deliver,
                                     rpc_any_function *callback, void *context) {
    (void)channel, (void)options, (void)context;
    fake_runtime.method = method;
    fake_runtime.message = request;
    fake_runtime.deliver = deliver;
    fake_runtime.callback = callback;
    return fake_runtime.status;
}

struct status rpc_client_call_open(struct rpc_channel *channel, const struct rpc_method *method,
                                   const struct rpc_call_options *options,
                                   const ProtobufCMessage *request,
                                   struct rpc_client_call **ret_call) {
    (void)channel, (void)options, (void)ret_call;
    fake_runtime.method = method;
    fake_runtime.message = request;
    return fake_runtime.status;
}

struct status rpc_client_call_send(struct rpc_client_call *call, const ProtobufCMessage *message) {
    (void)call;
    fake_runtime.message = message;
    return fake_runtime.status;
}

struct status rpc_client_call_receive(struct rpc_client_call *call, struct arena *arena,
                                      ProtobufCMessage **ret_message, bool *ret_was_compressed) {
    (void)call, (void)arena, (void)ret_was_compressed;
    *ret_message = fake_runtime.answer;
    return fake_runtime.status;
}

struct status rpc_client_call_listen(struct rpc_client_call *call,
                                     rpc_message_deliver_thunk *deliver,
                                     rpc_any_function *on_message,
                                     void (*on_end)(void *context, const struct rpc_result *result),
                                     void *context) {
    (void)call, (void)on_end, (void)context;
    fake_runtime.deliver_message = deliver;
    fake_runtime.callback = on_message;
    return fake_runtime.status;
}
