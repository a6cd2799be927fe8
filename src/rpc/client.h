/*
 * The client side: a channel to a server, and calls on it.
 *
 * Generated stubs give these functions their types; applications seldom call them by hand. A
 * channel owns its completion queue and one poller thread. Blocking calls are asynchronous ones
 * plus a wait; they must not be made from a callback, which runs on that thread.
 *
 * Thread-safety: a channel may be used from any thread; a streaming call by one sender and one
 * receiver at a time, and cancelled from any thread. Options structs are read during the call only.
 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "rpc/details.h"
#include "rpc/method.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_channel;
struct rpc_client_call;

struct rpc_channel_tls {
    const char *ca_file;          /* PEM; NULL: the system's */
    const char *certificate_file; /* for mutual TLS; NULL: none */
    const char *key_file;
    const char *server_name_override; /* checks the certificate against this name; tests only */
};

struct rpc_channel_options {
    const struct rpc_channel_tls *tls; /* NULL: in the clear */
    const char *service_config_json;   /* deadlines and retry policy; NULL: none */
    const char *user_agent;            /* prefix; NULL: none */
    size_t max_message_bytes;          /* received, also after inflating; default 4 MiB */
    size_t call_budget_bytes;         /* arena of callbacks and received messages; default 16 MiB */
    int64_t keepalive_time_ms;        /* default 60,000 */
    int64_t keepalive_timeout_ms;     /* default 20,000 */
    int64_t max_reconnect_backoff_ms; /* default 20,000 */
    bool dedicated_connection;        /* does not share a connection with other channels */
};
void rpc_channel_options_init(struct rpc_channel_options *options);

/* Does not connect yet. `target` as gRPC names it: "127.0.0.1:8443", "dns:///host:port",
 * "unix:/run/x.sock". */
struct status rpc_channel_new(const char *target, const struct rpc_channel_options *options,
                              struct rpc_channel **ret_channel) STATUS_MUST_USE;
/* Cancels what is still running, waits for its callbacks, ends the thread. Not from a callback.
 * Waits until streaming calls were freed: who owns one frees it first, or from another thread. */
void rpc_channel_free(struct rpc_channel **channel);

/* Waits until the channel is connected. DEADLINE_EXCEEDED otherwise. Not from a callback. */
struct status rpc_channel_wait_ready(struct rpc_channel *channel,
                                     int64_t timeout_ms) STATUS_MUST_USE;

struct rpc_header {
    const char *key; /* lower case; values of keys that end in -bin may be any bytes */
    const void *value;
    size_t value_len;
};

struct rpc_call_options {
    int64_t timeout_ms; /* 0: none */
    bool wait_for_ready;
    bool compress; /* gzip for what is sent */
    const struct rpc_header *headers;
    size_t header_count;
    const char *authorization; /* value of the authorization header, "Bearer ..."; NULL: none */
};

/*
 * How a call ended. Strings and headers live in the arena the result came with: that of the
 * blocking caller, or for callbacks one that lasts until the callback returns.
 */
struct rpc_result {
    struct status status; /* detail is the server's message, never NULL; reason is 0 */
    struct rpc_details details;
    const struct rpc_header *initial_metadata;
    size_t initial_metadata_count;
    const struct rpc_header *trailing_metadata;
    size_t trailing_metadata_count;
    bool message_was_compressed; /* of a unary answer */
};

/* A value of a list of headers; NULL when absent. */
const struct rpc_header *rpc_header_find(const struct rpc_header *headers, size_t count,
                                         const char *key);

/* ---- Unary ---- */

/*
 * Calls and waits. The response is in `arena`. `options` and `ret_result` may be NULL; *ret_result
 * is always filled in. The status is that of the result; *ret_response is set only when it is OK.
 */
struct status rpc_channel_call(struct rpc_channel *channel, const struct rpc_method *method,
                               const struct rpc_call_options *options,
                               const ProtobufCMessage *request, struct arena *arena,
                               ProtobufCMessage **ret_response,
                               struct rpc_result *ret_result) STATUS_MUST_USE;

/* A function pointer of any type, to be cast back before it is called. */
typedef void rpc_any_function(void);
/* Generated: casts `callback` to its type and calls it. `response` is NULL unless status is OK. */
typedef void rpc_deliver_thunk(rpc_any_function *callback, void *context,
                               const struct rpc_result *result, const ProtobufCMessage *response);

/*
 * Starts a call and returns. The callback is called exactly once, on the channel's thread, and must
 * not block. When the call cannot even be started (a header that HTTP/2 cannot carry, no memory)
 * the status says so and there will be no callback.
 */
struct status rpc_channel_call_async(struct rpc_channel *channel, const struct rpc_method *method,
                                     const struct rpc_call_options *options,
                                     const ProtobufCMessage *request, rpc_deliver_thunk *deliver,
                                     rpc_any_function *callback, void *context) STATUS_MUST_USE;

/* ---- Streaming ---- */

/* Starts a streaming call of any kind. For server streaming `request` is sent and the sending side
 * is closed; otherwise it is NULL. The caller owns the call and frees it with
 * rpc_client_call_free(). */
struct status rpc_client_call_open(struct rpc_channel *channel, const struct rpc_method *method,
                                   const struct rpc_call_options *options,
                                   const ProtobufCMessage *request,
                                   struct rpc_client_call **ret_call) STATUS_MUST_USE;

/* Sends a message and waits until it is written. CANCELLED when the call has ended: see
 * rpc_client_call_finish() for why. */
struct status rpc_client_call_send(struct rpc_client_call *call,
                                   const ProtobufCMessage *message) STATUS_MUST_USE;
/* As it is, although the call compresses. */
struct status rpc_client_call_send_uncompressed(struct rpc_client_call *call,
                                                const ProtobufCMessage *message) STATUS_MUST_USE;
/* Tells the server that no more follows. Does not wait. */
struct status rpc_client_call_close_send(struct rpc_client_call *call) STATUS_MUST_USE;

/*
 * Waits for the next message, which is decoded into `arena`. At the end of the stream the status is
 * OK and *ret_message NULL. A broken message is an error and cancels the call.
 * `ret_was_compressed` may be NULL.
 */
struct status rpc_client_call_receive(struct rpc_client_call *call, struct arena *arena,
                                      ProtobufCMessage **ret_message,
                                      bool *ret_was_compressed) STATUS_MUST_USE;

/* Waits for the server's initial metadata; headers live as long as the call. */
struct status rpc_client_call_wait_headers(struct rpc_client_call *call,
                                           const struct rpc_header **ret_headers,
                                           size_t *ret_count) STATUS_MUST_USE;

/*
 * Waits for the end and tells how the call ended. Messages not received yet are dropped. The
 * result's strings are in `arena`. Returns the result's status. May be called again.
 */
struct status rpc_client_call_finish(struct rpc_client_call *call, struct arena *arena,
                                     struct rpc_result *ret_result) STATUS_MUST_USE;

/* Any thread; idempotent. */
void rpc_client_call_cancel(struct rpc_client_call *call);

/*
 * Receives by callback instead of rpc_client_call_receive(): `on_message` for each message, through
 * its thunk, then `on_end` once; both on the channel's thread. The next message is received when
 * `on_message` has returned. The message lives until then. Once per call.
 */
typedef void rpc_message_deliver_thunk(rpc_any_function *on_message, void *context,
                                       const ProtobufCMessage *message);
struct status rpc_client_call_listen(struct rpc_client_call *call,
                                     rpc_message_deliver_thunk *deliver,
                                     rpc_any_function *on_message,
                                     void (*on_end)(void *context, const struct rpc_result *result),
                                     void *context) STATUS_MUST_USE;

/* Cancels if it is still running, waits for callbacks (unless called from one: then it is freed
 * after that), nulls the pointer. */
void rpc_client_call_free(struct rpc_client_call **call);

#ifdef __cplusplus
}
#endif

#endif
