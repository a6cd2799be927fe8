/*
 * Streaming calls on the server.
 *
 * Going out, there are two ways. The simple one is rpc_stream_send(): it encodes a message and
 * queues it, up to a limit. The one that scales is a source: the runtime asks it for the next
 * message when the last write is done, so that a stream that has nothing to say costs nothing and a
 * reader that does not read costs nobody else anything. A call uses one of the two.
 *
 * Coming in, the runtime calls the generated handler for each message, one at a time: the next is
 * received after the last was consumed, and not while more than half of the outbox is waiting.
 *
 * End: a streaming call ends with rpc_call_finish(), with a handler's error, with the source's END,
 * or, unless it has a source or was deferred, when its start handler (server streaming) or its
 * half-close handler (client streams) has returned OK and everything queued has been sent.
 * The half-close handler runs only when the client closed in order, not when it was cut off. An end
 * that is an error, and a goodbye, have rpc_server_options.goodbye_grace_ms to be sent in: a reader
 * that has stalled is then cut off.
 *
 * Threads: sources and on_done run on the poller and must not block. Handlers run where the method
 * says (rpc_dispatch); all callbacks of one call are serial.
 */
#ifndef RPC_STREAM_H
#define RPC_STREAM_H

#include "rpc/buffer.h"
#include "rpc/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a source puts the one message it was asked for; valid during that call alone. */
struct rpc_writer;

/* Most parts one message may be put together from. */
enum { RPC_WRITER_MAX_PARTS = 192 };

/* Appends to the message: the message is the concatenation of what was put. Answers false beyond
 * RPC_WRITER_MAX_PARTS parts or rpc_server_options.max_send_message_bytes; the stream then ends
 * with INTERNAL, whatever pull answers. */
bool rpc_writer_put_bytes(struct rpc_writer *writer, const void *bytes, size_t len_bytes);
/* Shares the buffer: takes its own reference and copies nothing. */
bool rpc_writer_put_buffer(struct rpc_writer *writer, struct rpc_buffer *buffer);
bool rpc_writer_put_message(struct rpc_writer *writer, const ProtobufCMessage *message);

enum rpc_pull {
    RPC_PULL_READY,   /* the writer holds one message (which may be empty) */
    RPC_PULL_PENDING, /* nothing now; rpc_stream_ready() will be called */
    RPC_PULL_END,     /* no more: *ret_status ends the call */
};

/* Why a stream is asked to say goodbye. */
enum rpc_goodbye {
    RPC_GOODBYE_DRAIN,   /* the server is shutting down */
    RPC_GOODBYE_MAX_AGE, /* the stream has reached rpc_server_options.stream_max_age_ms */
    RPC_GOODBYE_EXPIRED, /* the caller's credentials have expired */
};

struct rpc_source_ops {
    /* Asks for the next message. Nothing is put unless the answer is READY. */
    enum rpc_pull (*pull)(void *source, struct rpc_writer *writer, struct status *ret_status);
    /*
     * The stream must end soon: say what is to be said, then answer END. A source that has not
     * ended within rpc_server_options.goodbye_grace_ms is ended by the runtime. NULL: the
     * runtime ends it at once, with UNAVAILABLE (UNAUTHENTICATED for EXPIRED).
     */
    void (*goodbye)(void *source, enum rpc_goodbye reason);
    /* The stream is over and nothing of it refers to the source any more. Exactly once. */
    void (*on_done)(void *source);
};

/* Gives a streaming call its source; from the start handler, before it returns. Pulling begins
 * when that has returned OK. If it returns an error, on_done is still called. */
void rpc_stream_set_source(struct rpc_call *call, const struct rpc_source_ops *ops, void *source);

/* The source has something after PENDING. Any thread that holds a reference; spurious calls are
 * cheap, and calls after the end do nothing. */
void rpc_stream_ready(struct rpc_call *call);

/*
 * Ends a call that has a source without waiting for the message that is being written, which may
 * never be: a reader that has stalled is rid of at once. What was not written is lost; the caller
 * gets the code and the detail, without details of the error, if it reads them at all. Does not
 * call on_done, which follows. On the poller, not from the source's pull; after the end it does
 * nothing.
 */
void rpc_stream_cut_off(struct rpc_call *call, struct status status);

/*
 * Encodes and queues a message. Any thread. RESOURCE_EXHAUSTED when
 * rpc_server_options.stream_outbox_bytes are already waiting: the reader is too slow, or a source
 * would serve better. CANCELLED when the call is over.
 */
struct status rpc_stream_send(struct rpc_call *call,
                              const ProtobufCMessage *message) STATUS_MUST_USE;

/* Bytes queued by rpc_stream_send() and not yet written; each message counts 256 bytes more than
 * its length. Any thread. */
size_t rpc_stream_outbox_bytes(const struct rpc_call *call);

#ifdef __cplusplus
}
#endif

#endif
