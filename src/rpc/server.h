/*
 * The server: an address, services, and the threads that drive them.
 *
 *     struct rpc_server_options options;
 *     rpc_server_options_init(&options);
 *     options.address = "127.0.0.1:8443";
 *     struct rpc_server *server = NULL;
 *     struct status s = rpc_server_new(&options, &server);
 *     if (status_is_ok(s)) s = greeter_register(server, &handlers);
 *     if (status_is_ok(s)) s = rpc_server_start(server);
 *     ...
 *     rpc_server_shutdown(server, 5000);
 *     rpc_server_free(&server);
 *
 * Threads: one poller drives every connection and runs handlers with RPC_ON_POLLER; a bounded pool
 * runs the others. Interceptors run in a fixed order: metrics and log, deadline, authentication,
 * access, rate limit, rules, handler.
 *
 * The core's own log lines are dropped unless the environment sets GRPC_VERBOSITY.
 *
 * Thread-safety: configuration before rpc_server_start() from one thread; the figures, ready, TLS
 * reload and shutdown from any thread.
 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "rpc/call.h"
#include "rpc/method.h"

#ifdef __cplusplus
extern "C" {
#endif

struct clock;
struct log;
struct rpc_server;
struct workers;

enum rpc_auth_verdict {
    RPC_AUTH_DONE,   /* *ret_principal is set, or *ret_status is the refusal */
    RPC_AUTH_BLOCKS, /* asked on the poller: ask again on a worker */
};

/*
 * Authentication. `token` is the value of the one `authorization` header, "" when there is none;
 * two of them never get here. With `may_block` false it must not verify a signature that it has not
 * cached. A reference to the principal goes to the runtime; NULL with an OK status means anonymous,
 * which only public methods accept. Any thread.
 */
typedef enum rpc_auth_verdict rpc_authenticate_fn(void *context, struct rpc_call *call,
                                                  const char *authorization, bool may_block,
                                                  struct rpc_principal **ret_principal,
                                                  struct status *ret_status);

/* Rate limit: an error refuses the call. Runs on the poller or a worker; never blocks. */
typedef struct status rpc_admit_fn(void *context, struct rpc_call *call);

/* The stable name of a positive status reason, such as "CONVERSATION_FULL"; NULL when unknown. */
typedef const char *rpc_reason_name_fn(int32_t reason);

struct rpc_server_tls {
    const char *certificate_file; /* PEM chain */
    const char *key_file;         /* PEM */
    const char *client_ca_file;   /* PEM; NULL: client certificates are not asked for. With it they
                                     are required, in addition to the token, never instead. */
};

struct rpc_server_options {
    const char *address;              /* "127.0.0.1:8443", "[::]:0", "unix:/run/x.sock" */
    const struct rpc_server_tls *tls; /* NULL: in the clear */

    size_t worker_count;          /* default 8 */
    size_t worker_queue_capacity; /* calls that may wait for a worker; default 1024 */
    /* Called on each worker as it starts and stops: per-worker resources. May be NULL. */
    void (*on_worker_start)(void *context, size_t worker_index);
    void (*on_worker_stop)(void *context, size_t worker_index);
    void *worker_context;

    size_t max_message_bytes;          /* of a request, also after inflating; default 4 MiB */
    size_t max_send_message_bytes;     /* of a response; default 4 MiB */
    size_t call_budget_bytes;          /* of a call's arena; default 16 MiB */
    size_t max_metadata_bytes;         /* of a request's headers; default 16 KiB */
    size_t max_message_depth;          /* nesting of submessages; default 64 */
    size_t max_message_elements;       /* fields on the wire, known or not; default 100,000 */
    size_t max_streams_per_connection; /* default 256 */
    size_t stream_outbox_bytes;        /* default 1 MiB */
    size_t transport_memory_bytes;     /* what the core may hold in buffers of all connections; a
                                          soft limit; default 1 GiB, 0: none */
    size_t stream_queues;              /* completion queues that streams are spread over; 128 */
    int64_t wakeup_interval_us; /* least time between two wake-ups of the poller, up to 10,000;
                                   default 0: it wakes for each call. Thick wake-ups cost more
                                   than the calls they are for: with 500, calls that come
                                   within 0.5 ms of the last wake-up are served together,
                                   which saves a quarter of the processor time of thousands
                                   of calls a second and makes them up to 0.5 ms slower; where
                                   several come together anyway, nothing waits */

    int64_t max_unary_deadline_ms; /* cap on the deadline of calls that are not streams; 30,000 */
    int64_t stream_max_age_ms;     /* 0: unbounded; default 3,600,000, jittered by 10 % */
    int64_t goodbye_grace_ms;      /* between goodbye and the end; default 5,000 */
    int64_t keepalive_time_ms;     /* pings on connections that say nothing; default 60,000 */
    int64_t keepalive_timeout_ms;  /* default 20,000 */
    int64_t min_client_ping_ms;    /* clients may ping this often, also without calls; 10,000 */

    rpc_authenticate_fn *authenticate; /* NULL: every caller is anonymous */
    void *authenticate_context;
    rpc_admit_fn *admit; /* NULL: no rate limit */
    void *admit_context;
    rpc_reason_name_fn *reason_name; /* NULL: only the runtime's own reasons have names */
    const char *error_domain;        /* of google.rpc.ErrorInfo; default "grpc-c" */

    const struct clock *clock; /* default: the system's */
    struct log *log;           /* errors, slow calls; NULL: none */
    bool log_every_call;       /* an access log line per call; default off */
};

/* Fills in the defaults. */
void rpc_server_options_init(struct rpc_server_options *options);

/* Copies what it needs of the options; the log, the clock and the contexts are referenced.
 * Statuses: INVALID_ARGUMENT names the option. */
struct status rpc_server_new(const struct rpc_server_options *options,
                             struct rpc_server **ret_server) STATUS_MUST_USE;

/* Registers a service. `handlers` is the generated struct; it is referenced and must outlive the
 * server. Generated register functions call this. ALREADY_EXISTS for a second one of that name. */
struct status rpc_server_add_service(struct rpc_server *server, const struct rpc_service *service,
                                     const void *handlers) STATUS_MUST_USE;

/* Binds and starts serving. UNAVAILABLE when the address cannot be bound. */
struct status rpc_server_start(struct rpc_server *server) STATUS_MUST_USE;

/* The port that was bound; 0 before the start and for unix sockets. */
int rpc_server_port(const struct rpc_server *server);

/* The services that were registered, for reflection and health. */
size_t rpc_server_service_count(const struct rpc_server *server);
const struct rpc_service *rpc_server_service(const struct rpc_server *server, size_t index);

/* The pool that handlers run on: for work that belongs to a call. From the start of the server
 * until it is freed; after the shutdown it refuses all work. */
struct workers *rpc_server_workers(struct rpc_server *server);

/* Reads certificate and key again. On failure the old ones stay and the status says why. Not on the
 * poller: it reads files. */
struct status rpc_server_reload_tls(struct rpc_server *server) STATUS_MUST_USE;

/*
 * Graceful end: refuses new calls, says goodbye to streams, waits up to `grace_ms` for calls to
 * end, cancels the rest, stops the threads. Blocks until done; idempotent. Not from a handler.
 */
void rpc_server_shutdown(struct rpc_server *server, int64_t grace_ms);
/* Shuts down with no grace if that was not done. Who may still call rpc_stream_ready(),
 * rpc_call_finish() or rpc_server_post() must have stopped before: after this there is no poller.
 */
void rpc_server_free(struct rpc_server **server);

/* Latency buckets: upper bounds in microseconds; the last is +Inf. */
enum { RPC_LATENCY_BUCKETS = 12 };
extern const int64_t rpc_latency_bounds_us[RPC_LATENCY_BUCKETS - 1];

struct rpc_method_figures {
    const struct rpc_method *method;
    uint64_t started;
    uint64_t finished_by_code[17]; /* indexed by canonical code */
    uint64_t latency_by_bucket[RPC_LATENCY_BUCKETS];
    uint64_t latency_sum_us;
    uint64_t messages_received;
    uint64_t messages_sent;
};

/* Calls `visit` for every method, in order of registration. */
void rpc_server_visit_figures(const struct rpc_server *server,
                              void (*visit)(void *context,
                                            const struct rpc_method_figures *figures),
                              void *context);

struct rpc_server_figures {
    uint64_t open_calls;
    uint64_t open_streams;
    uint64_t poller_wakeups; /* times the poller was woken by another thread or a timer */
    uint64_t unknown_methods;
    uint64_t overloaded; /* refused because the workers' queue was full or too slow */
};
void rpc_server_figures(const struct rpc_server *server, struct rpc_server_figures *ret_figures);

/*
 * A timer of the poller: `fire` runs on the poller and must not block. Embedded in its owner. Arm,
 * re-arm and cancel only on the poller (from a source, an on_done, a poller handler or `fire`).
 * Everything armed is cancelled, without firing, when the server ends.
 */
struct rpc_timer {
    void (*fire)(struct rpc_timer *timer);
    int64_t due_us; /* monotonic, of the system */
    bool armed;     /* zero-initialise; what follows is the heap's own */
    struct rpc_timer *child;
    struct rpc_timer *before;
    struct rpc_timer *after;
};
void rpc_server_arm_timer(struct rpc_server *server, struct rpc_timer *timer, int64_t due_us);
void rpc_server_cancel_timer(struct rpc_server *server, struct rpc_timer *timer);

/*
 * Runs something on the poller soon; from any thread. The task is the caller's until `run` is
 * called. Tasks posted before the server's end are run.
 */
struct rpc_task {
    void (*run)(struct rpc_task *task);
    struct rpc_task *next;
};
void rpc_server_post(struct rpc_server *server, struct rpc_task *task);

/* The server a call belongs to. */
struct rpc_server *rpc_call_server(const struct rpc_call *call);

#ifdef __cplusplus
}
#endif

#endif
