/*
 * What the files of the server share. Internal to rpc.
 *
 * Route of a call: server.c posts requests; chain.c takes an arrived one through the interceptors
 * and to its handler; unary.c or stream.c answers and ends it; call.c is the face that handlers
 * see.
 */
#ifndef RPC_SERVER_INTERNAL_H
#define RPC_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

#include "base/arena.h"
#include "base/workers.h"
#include "rpc/codec.h"
#include "rpc/details.h"
#include "rpc/poller.h"
#include "rpc/server.h"
#include "rpc/stream.h"

struct rpc_tls;

/* A method that is served. */
struct rpc_server_method {
    struct rpc_server *server;
    const struct rpc_method *method;
    const void *handlers; /* the generated struct */
    bool has_handler;     /* its function pointer is not NULL */
    void *registered;     /* the core's handle */
    size_t posted;        /* requests posted and not yet taken by a call; poller's */
    size_t posted_wanted; /* grows when calls come faster than they are posted; poller's */

    _Atomic uint64_t started;
    _Atomic uint64_t finished_by_code[17];
    _Atomic uint64_t latency_by_bucket[RPC_LATENCY_BUCKETS];
    _Atomic uint64_t latency_sum_us;
    _Atomic uint64_t messages_received;
    _Atomic uint64_t messages_sent;
};

struct rpc_server_service {
    const struct rpc_service *service;
    struct rpc_server_method *methods;
};

enum rpc_server_state { RPC_SERVER_NEW, RPC_SERVER_SERVING, RPC_SERVER_OVER };

/* A list of the streams that are open, for draining. */
struct rpc_stream_list {
    struct rpc_stream *first;
};

struct rpc_server {
    struct rpc_server_options options; /* with the strings copied */
    struct rpc_codec_limits limits;
    enum rpc_server_state state;   /* under shutdown_lock once it serves */
    pthread_mutex_t shutdown_lock; /* held while shutting down: a second caller waits */
    _Atomic bool draining;
    bool core_started; /* also when the start has failed after that */
    int port;

    struct rpc_poller *poller;
    struct workers *workers;
    struct rpc_tls *tls;
    grpc_server *core;

    struct rpc_server_service *services;
    size_t service_count;

    struct rpc_call *free_calls; /* finished unary calls, ready for the next; poller's */
    size_t free_call_count;
    struct rpc_stream_list streams; /* poller's */
    bool unknown_posted;            /* a request for methods nobody registered; poller's */
    struct rpc_timer repost_timer;  /* posts again what memory was lacking for */

    /* Ends of calls, for who waits in rpc_server_shutdown(). */
    pthread_mutex_t lock;
    pthread_cond_t all_ended;
    _Atomic uint64_t open_calls;
    _Atomic uint64_t open_streams;
    bool core_is_down; /* under lock */
    struct rpc_op shutdown_op;
    struct rpc_task drain_task;

    _Atomic uint64_t unknown_methods;
    _Atomic uint64_t overloaded;
};

/* Metadata of an answer; on the heap, with slices of its own. */
struct rpc_metadata_list {
    grpc_metadata items[RPC_CALL_METADATA_MAX + 2]; /* and details, and the pushback */
    size_t count;
};

/* How a call ends, in a form that needs neither arena nor handler any more. */
struct rpc_ending {
    bool sealed;
    int32_t code;
    grpc_slice message;
};

struct rpc_stream;

struct rpc_call {
    _Atomic uint32_t refs;
    _Atomic bool cancelled;
    _Atomic bool finishing; /* somebody has decided how it ends: whoever set this */
    _Atomic bool ended;     /* nothing can be sent any more */
    bool deferred;
    bool compress;
    _Atomic bool skip_compression; /* rpc_stream_send() is for any thread */
    bool message_was_compressed;
    bool close_watched; /* RECV_CLOSE has a batch of its own */
    bool answered;      /* the answer's batch is over; poller's */
    bool closed;        /* so is RECV_CLOSE's; poller's */
    int close_cancelled;

    struct rpc_server *server;
    struct rpc_server_method *served; /* NULL: a method nobody registered */
    grpc_call *core;
    gpr_timespec core_deadline;
    int64_t deadline_us;
    int64_t started_us;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    struct arena arena;
    struct rpc_principal *principal;

    void *state;
    void (*on_done)(void *state);

    ProtobufCMessage *response;  /* unary and client streaming; in the arena */
    struct rpc_details *details; /* in the arena; NULL until something is added */
    const char *cause;           /* in the arena */
    struct rpc_metadata_list *initial_metadata;
    struct rpc_metadata_list *trailing_metadata;
    struct rpc_ending ending;
    grpc_byte_buffer *answer;

    struct rpc_op request_op; /* arrival, then the answer of a unary call */
    struct rpc_op close_op;
    struct work work;
    struct rpc_task task;
    struct rpc_timer timer;    /* the server's own deadline; a stream's age */
    struct rpc_stream *stream; /* streaming kinds */
    struct rpc_call *next_free;
};

static inline const struct rpc_method *rpc_served_method(const struct rpc_call *call) {
    return call->served->method;
}

/* ---- server_options.c ---- */

/* INVALID_ARGUMENT names the option and what it may be. */
struct status rpc_server_options_check(const struct rpc_server_options *options);

/* ---- server.c ---- */

/* Posts requests for a method until as many are waiting as are wanted. On the poller. */
void rpc_server_post_requests(struct rpc_server_method *served);
/* Posts again in a while what memory was lacking for. On the poller, or before it runs. */
void rpc_server_repost_later(struct rpc_server *server);
/* A call is over: for those who wait for the last. */
void rpc_server_call_ended(struct rpc_server *server);

/* ---- unknown.c ---- */

/* Posts the request that takes calls of unknown methods, unless it is posted. On the poller, or
 * before it runs. */
void rpc_unknown_post(struct rpc_server *server);

/* ---- chain.c ---- */

/* A call has arrived: takes it through the interceptors to its handler. On the poller. */
void rpc_chain_begin(struct rpc_call *call);
/* Decodes a message into the call's arena, within its budget and limits. */
struct status rpc_chain_decode(struct rpc_call *call, grpc_byte_buffer *payload,
                               ProtobufCMessage **ret_message);
/* Whether the caller's roles or scopes open the method. */
struct status rpc_chain_check_access(const struct rpc_call *call);
/* Holds a message to the method's rules; violations become the call's. */
struct status rpc_chain_check_rules(struct rpc_call *call, const ProtobufCMessage *message);
/* Whether the function pointer at this place of a struct of handlers is set. */
bool rpc_chain_handler_is_set(const void *handlers, size_t offset);
/* Queues `call->work` to the workers, or says why not, with the time to retry after. */
struct status rpc_chain_submit(struct rpc_call *call);

/* ---- call.c ---- */

/* A fresh or recycled call with one reference. NULL when out of memory. On the poller, or before
 * it runs. */
struct rpc_call *rpc_call_new(struct rpc_server *server, struct rpc_server_method *served);
/* At the end, on the poller: on_done, figures, and everything given back but the struct itself.
 * Drops the runtime's reference. */
void rpc_call_end(struct rpc_call *call);
/* As rpc_call_end for a call that never arrived. */
void rpc_call_discard(struct rpc_call *call);
/* Starts the operation that tells of cancellation, on whose end rpc_*_on_closed runs. Once. */
void rpc_call_watch_close(struct rpc_call *call);
/* The details of an error, made when first asked for; NULL when out of memory. */
struct rpc_details *rpc_call_details(struct rpc_call *call);
/* Releases the arena's memory, and forgets what pointed into it. */
void rpc_call_release_arena(struct rpc_call *call);
/* Claims the right to end the call. False when somebody else has it. Any thread. */
bool rpc_call_claim_end(struct rpc_call *call);
/* Turns the status, and the details that were added, into what is sent. Once, with no handler of
 * the call running: it uses the arena. */
void rpc_call_seal(struct rpc_call *call, struct status status);
/* The operations of an answer, from what was sealed and added. */
void rpc_call_fill_status_op(struct rpc_call *call, grpc_op *op);
void rpc_call_fill_initial_metadata_op(struct rpc_call *call, grpc_op *op);
/* The encoded message: INTERNAL when it is larger than the server may send. */
struct status rpc_call_encode(struct rpc_call *call, const ProtobufCMessage *message,
                              grpc_byte_buffer **ret_bytes);

/* ---- unary.c ---- */

/* Answers, on any thread: the response when the status is OK. */
void rpc_unary_answer(struct rpc_call *call, struct status status);
void rpc_unary_on_closed(struct rpc_call *call);

/* ---- stream.c ---- */

/* Makes the streaming half of a call and watches for its end; on the poller. False: no memory. */
bool rpc_stream_open(struct rpc_call *call);
/* The start handler has returned, or the chain has refused and finished the call; on the poller. */
void rpc_stream_started(struct rpc_call *call);
void rpc_stream_finish(struct rpc_call *call, struct status status);
void rpc_stream_on_closed(struct rpc_call *call);
/* Every open stream of the server is asked to end; on the poller. */
void rpc_stream_goodbye_all(struct rpc_server *server);
void rpc_stream_free(struct rpc_stream **stream);

#endif
