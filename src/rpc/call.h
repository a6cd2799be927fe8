/*
 * A call as its handler sees it: memory, deadline, caller, metadata, and how it ends.
 *
 * A unary handler is
 *
 *     struct status handler(void *self, struct rpc_call *call, const Request *request,
 *                           Response *ret_response);
 *
 * The request and the response live in the call's arena until the answer has been sent. A handler
 * answers by returning; one that must wait for something calls rpc_call_defer(), returns OK, and
 * lets rpc_call_finish() be called later, from any thread, exactly once.
 *
 * Lifetime: a handler may use `call` until it returns, or, deferred, until it calls
 * rpc_call_finish(). Whoever keeps it longer, or touches it from a place that may run after the
 * end of the call (rpc_stream_ready from another thread), holds a reference.
 *
 * Thread-safety: one thread at a time, except where a function says otherwise.
 */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "rpc/method.h"
#include "rpc/principal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_call;

/* The call's own memory, budgeted by rpc_server_options.call_budget_bytes. */
struct arena *rpc_call_arena(struct rpc_call *call);

const struct rpc_method *rpc_call_method(const struct rpc_call *call);

/* When it reached the poller, on the system's monotonic clock. */
int64_t rpc_call_arrived_at_us(const struct rpc_call *call);

/* When the caller stops waiting, or the server's own limit if that is earlier, on the system's
 * monotonic clock. INT64_MAX for a stream without deadline. */
int64_t rpc_call_deadline_us(const struct rpc_call *call);
/* What is left of it, never negative. */
int64_t rpc_call_time_left_us(const struct rpc_call *call);

/* True once the caller has gone away or the deadline has passed. Any thread. */
bool rpc_call_is_cancelled(const struct rpc_call *call);

/* "ipv4:127.0.0.1:50000"; in the arena. Not verified: never a base for permission. */
const char *rpc_call_peer(struct rpc_call *call);

/* Who is calling; NULL for a public method that was called without a token. The call holds the
 * reference: take one to keep it. */
struct rpc_principal *rpc_call_principal(const struct rpc_call *call);

/*
 * A value of the request's metadata, in the arena; NULL when absent. Of several values under one
 * key the first. Keys are lower case. Binary keys (`-bin`) arrive decoded, *ret_len tells their
 * length; `ret_len` may be NULL for text.
 */
const char *rpc_call_metadata(struct rpc_call *call, const char *key, size_t *ret_len);

/* True when the request (of a stream: the message at hand) arrived compressed. */
bool rpc_call_message_was_compressed(const struct rpc_call *call);

/* Adds initial or trailing metadata to the answer. Copied. RESOURCE_EXHAUSTED when the call has
 * RPC_CALL_METADATA_MAX already, INVALID_ARGUMENT for a key or value HTTP/2 cannot carry. */
enum { RPC_CALL_METADATA_MAX = 16 };
struct status rpc_call_add_initial_metadata(struct rpc_call *call, const char *key,
                                            const void *value, size_t len_bytes) STATUS_MUST_USE;
struct status rpc_call_add_trailing_metadata(struct rpc_call *call, const char *key,
                                             const void *value, size_t len_bytes) STATUS_MUST_USE;

/* Compresses the answer with gzip, if the caller accepts it. Before the first message. */
void rpc_call_compress(struct rpc_call *call);
/* Sends the next message as it is, although the call compresses. */
void rpc_call_skip_compression(struct rpc_call *call);

/*
 * Details of an error, sent in `grpc-status-details-bin` together with a status that is not OK.
 * Copied into the arena; what does not fit the limit of 4 KiB is left out, last first.
 */
void rpc_call_add_violation(struct rpc_call *call, const char *field, const char *description);
void rpc_call_add_quota_violation(struct rpc_call *call, const char *subject,
                                  const char *description);
/* A key of google.rpc.ErrorInfo.metadata. */
void rpc_call_add_error_metadata(struct rpc_call *call, const char *key, const char *value);
/* google.rpc.RetryInfo and the `grpc-retry-pushback-ms` trailer. */
void rpc_call_set_retry_after(struct rpc_call *call, int64_t after_ms);

/* The private cause of a failure, for the log alone; printf, copied into the arena. */
void rpc_call_set_cause(struct rpc_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that rpc_call_finish() will follow. The handler must then return OK. */
void rpc_call_defer(struct rpc_call *call);
/*
 * Ends a deferred call, or any streaming call: sends what is queued, then the status. Of a unary or
 * client-streaming call the response that the handler was given is sent when `status` is OK. The
 * call must not be used afterwards, except by those who hold a reference. Any thread.
 */
void rpc_call_finish(struct rpc_call *call, struct status status);

/*
 * State of the handler for this call. `on_done` is called exactly once, on the poller, when the
 * call is over whatever ended it; it must not block. NULL when there is nothing to release.
 */
void rpc_call_set_state(struct rpc_call *call, void *state, void (*on_done)(void *state));
void *rpc_call_state(const struct rpc_call *call);

/* Any thread. */
struct rpc_call *rpc_call_ref(struct rpc_call *call);
void rpc_call_unref(struct rpc_call **call);

#ifdef __cplusplus
}
#endif

#endif
