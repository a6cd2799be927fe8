/*
 * What the files of a streaming call share. Internal to rpc.
 *
 * stream.c is its life: turns, the engine, the end; stream_out.c what it sends, stream_in.c what it
 * receives. Everything is on the poller, except where it says any thread.
 */
#ifndef RPC_STREAM_INTERNAL_H
#define RPC_STREAM_INTERNAL_H

#include "rpc/server_internal.h"

/* A message of rpc_stream_send(), waiting. */
struct outgoing;

struct rpc_stream {
    struct rpc_call *call;
    struct rpc_stream *next; /* of the server's open streams */
    struct rpc_stream *previous;

    struct rpc_op send_op;
    struct rpc_op receive_op;
    struct rpc_task turn; /* asks for a turn of advance(); holds a reference to the call */
    _Atomic bool turn_asked;

    const struct rpc_source_ops *source_ops;
    void *source;

    _Atomic(struct outgoing *) posted; /* newest first */
    struct outgoing *waiting;          /* oldest first */
    struct outgoing **waiting_end;
    _Atomic size_t outbox_bytes;

    grpc_byte_buffer *sending;
    size_t sending_len; /* of the outbox */
    grpc_byte_buffer *received;
    struct status handler_status;
    struct status end; /* how it ends, once call->finishing is set and a turn was asked for */
    char *end_detail;  /* owned copy */

    bool send_outstanding;
    bool receive_outstanding;
    bool headers_sent;
    bool status_sent;
    bool started;      /* the start handler has returned */
    bool handler_busy; /* it is running, or one for a message */
    bool end_of_input; /* no message came; why is not known before the close would have come */
    bool half_closed;  /* the client has sent its last message */
    bool complete;     /* the handlers have said all: end when the outbox is empty */
    bool said_goodbye;
    bool must_end; /* the status has a grace to be sent in; then the call is cut */
    bool over;
    _Atomic bool end_known; /* `end` is valid */
    bool goodbye_wanted;    /* before it had started */
    enum rpc_goodbye goodbye_reason;
};

/* ---- stream.c ---- */

/* Takes the next step that is possible; called after everything that may have made one so. */
void rpc_stream_advance(struct rpc_stream *stream);
/* Has advance() called soon, once however often it is asked for. Any thread. */
void rpc_stream_ask_for_turn(struct rpc_stream *stream);
/* True when it was: the stream may be gone, and must not be touched. */
bool rpc_stream_end_if_over(struct rpc_stream *stream);
/* Between handlers a stream holds no memory of its arena, unless its end needs it: the details of
 * an error, or a call that will be finished later, by somebody who may be using it now. */
void rpc_stream_release_arena(struct rpc_stream *stream);

/* ---- stream_out.c ---- */

/* The send operation's end. */
void rpc_stream_on_sent(struct rpc_op *op, bool ok);
/* A batch that cannot be started leaves the peer hanging: the call is cut, its close ends it. */
void rpc_stream_cut(struct rpc_stream *stream);
/* Moves what rpc_stream_send() left to the poller's list. */
void rpc_stream_take_posted(struct rpc_stream *stream);
/* Each starts one send, of which one may be outstanding: the oldest message of the outbox, what the
 * source has, the headers unless they are sent, the end. */
void rpc_stream_send_waiting(struct rpc_stream *stream);
void rpc_stream_pull(struct rpc_stream *stream);
void rpc_stream_send_headers(struct rpc_stream *stream);
void rpc_stream_send_status(struct rpc_stream *stream);
void rpc_stream_free_outgoing(struct outgoing *list);

/* ---- stream_in.c ---- */

/* The receive operation's end. */
void rpc_stream_on_received(struct rpc_op *op, bool ok);
/* The next message, unless answers are piling up: a client that does not read is not read. */
void rpc_stream_receive_next(struct rpc_stream *stream);

#endif
