#include "support/probe.h"

#include <stddef.h>

#define THUNK_UNARY(name)                                                                          \
    static struct status name##_thunk(const void *handlers, struct rpc_call *call,                 \
                                      const ProtobufCMessage *request,                             \
                                      ProtobufCMessage *response) {                                \
        const struct probe_handlers *h = handlers;                                                 \
        return h->name(h->self, call, (const probe_ask *)request, (probe_answer *)response);       \
    }

#define THUNK_START(name)                                                                          \
    static struct status name##_thunk(const void *handlers, struct rpc_call *call,                 \
                                      const ProtobufCMessage *request) {                           \
        const struct probe_handlers *h = handlers;                                                 \
        (void)request;                                                                             \
        return h->name(h->self, call);                                                             \
    }

#define THUNK_START_WITH_REQUEST(name)                                                             \
    static struct status name##_thunk(const void *handlers, struct rpc_call *call,                 \
                                      const ProtobufCMessage *request) {                           \
        const struct probe_handlers *h = handlers;                                                 \
        return h->name(h->self, call, (const probe_ask *)request);                                 \
    }

#define THUNK_MESSAGE(name)                                                                        \
    static struct status name##_message_thunk(const void *handlers, struct rpc_call *call,         \
                                              const ProtobufCMessage *message) {                   \
        const struct probe_handlers *h = handlers;                                                 \
        return h->name##_message ? h->name##_message(h->self, call, (const probe_ask *)message)    \
                                 : status_ok();                                                    \
    }

#define THUNK_HALF_CLOSE(name)                                                                     \
    static struct status name##_half_close_thunk(const void *handlers, struct rpc_call *call,      \
                                                 ProtobufCMessage *response) {                     \
        const struct probe_handlers *h = handlers;                                                 \
        (void)response;                                                                            \
        return h->name##_half_close ? h->name##_half_close(h->self, call) : status_ok();           \
    }

THUNK_UNARY(echo)
THUNK_UNARY(work)
THUNK_UNARY(guarded)
THUNK_START(collect)
THUNK_MESSAGE(collect)
THUNK_START_WITH_REQUEST(watch)
THUNK_START_WITH_REQUEST(slow)
THUNK_START(chat)
THUNK_MESSAGE(chat)
THUNK_HALF_CLOSE(chat)
THUNK_START(quick)
THUNK_MESSAGE(quick)
THUNK_HALF_CLOSE(quick)

static struct status collect_half_close_thunk(const void *handlers, struct rpc_call *call,
                                              ProtobufCMessage *response) {
    const struct probe_handlers *h = handlers;
    return h->collect_half_close(h->self, call, (probe_answer *)response);
}

static const char *const guarded_roles[] = {"student", "admin"};

#define METHOD(n, p, k, d, field)                                                                  \
    .name = n, .path = "/probe.v1.Probe/" n, .kind = k, .dispatch = d,                             \
    .input = &probe__v1__ask__descriptor, .output = &probe__v1__answer__descriptor, .access = p,   \
    .handler_offset = offsetof(struct probe_handlers, field)
#define PUBLIC                                                                                     \
    { .is_public = true }

static const struct rpc_method methods[PROBE_METHODS] = {
    [PROBE_ECHO] = {METHOD("Echo", PUBLIC, RPC_UNARY, RPC_ON_POLLER, echo), .unary = echo_thunk},
    [PROBE_WORK] = {METHOD("Work", PUBLIC, RPC_UNARY, RPC_ON_WORKER, work), .unary = work_thunk},
    [PROBE_GUARDED] = {.name = "Guarded",
                       .path = "/probe.v1.Probe/Guarded",
                       .kind = RPC_UNARY,
                       .dispatch = RPC_ON_WORKER,
                       .input = &probe__v1__ask__descriptor,
                       .output = &probe__v1__answer__descriptor,
                       .access = {.roles = guarded_roles, .role_count = 2, .scope = "probe.use"},
                       .handler_offset = offsetof(struct probe_handlers, guarded),
                       .unary = guarded_thunk},
    [PROBE_COLLECT] = {METHOD("Collect", PUBLIC, RPC_CLIENT_STREAMING, RPC_ON_WORKER, collect),
                       .start = collect_thunk, .message = collect_message_thunk,
                       .half_close = collect_half_close_thunk},
    [PROBE_WATCH] = {METHOD("Watch", PUBLIC, RPC_SERVER_STREAMING, RPC_ON_POLLER, watch),
                     .start = watch_thunk},
    [PROBE_SLOW] = {METHOD("Slow", PUBLIC, RPC_SERVER_STREAMING, RPC_ON_WORKER, slow),
                    .start = slow_thunk},
    [PROBE_CHAT] = {METHOD("Chat", PUBLIC, RPC_BIDI_STREAMING, RPC_ON_WORKER, chat),
                    .start = chat_thunk, .message = chat_message_thunk,
                    .half_close = chat_half_close_thunk},
    [PROBE_QUICK] = {METHOD("Quick", PUBLIC, RPC_BIDI_STREAMING, RPC_ON_POLLER, quick),
                     .start = quick_thunk, .message = quick_message_thunk,
                     .half_close = quick_half_close_thunk},
};

const struct rpc_service probe_service = {
    .name = "probe.v1.Probe",
    .methods = methods,
    .method_count = PROBE_METHODS,
};

/* Text that goes into a message that is only read: protobuf-c's fields are not const. */
static char *unconst(const char *text) {
    return (char *)(uintptr_t)text;
}

struct status probe_call(struct rpc_channel *channel, enum probe_method method,
                         const struct rpc_call_options *options, const char *text,
                         struct arena *arena, const char **ret_text,
                         struct rpc_result *ret_result) {
    probe_ask ask = PROBE__V1__ASK__INIT;
    ask.text = unconst(text);
    ProtobufCMessage *response = NULL;
    TRY(rpc_channel_call(channel, probe_method(method), options, &ask.base, arena, &response,
                         ret_result));
    *ret_text = ((probe_answer *)response)->text;
    return status_ok();
}

struct status probe_open(struct rpc_channel *channel, enum probe_method method,
                         const struct rpc_call_options *options, const char *text,
                         struct rpc_client_call **ret_call) {
    probe_ask ask = PROBE__V1__ASK__INIT;
    ask.text = unconst(text);
    bool sends = probe_method(method)->kind == RPC_SERVER_STREAMING;
    return rpc_client_call_open(channel, probe_method(method), options, sends ? &ask.base : NULL,
                                ret_call);
}

struct status probe_send(struct rpc_client_call *call, const char *text) {
    probe_ask ask = PROBE__V1__ASK__INIT;
    ask.text = unconst(text);
    return rpc_client_call_send(call, &ask.base);
}

struct status probe_receive(struct rpc_client_call *call, struct arena *arena,
                            const char **ret_text) {
    ProtobufCMessage *message = NULL;
    TRY(rpc_client_call_receive(call, arena, &message, NULL));
    *ret_text = message ? ((probe_answer *)message)->text : NULL;
    return status_ok();
}

struct status probe_answer_stream(struct rpc_call *call, const char *text) {
    probe_answer answer = PROBE__V1__ANSWER__INIT;
    answer.text = unconst(text);
    return rpc_stream_send(call, &answer.base);
}
