/*
 * The tables that generated code consists of.
 *
 * protoc-gen-grpc-c emits one `struct rpc_service` per service and one `struct rpc_file` per .proto
 * file, all const. The runtime reads them and never changes them; they live as long as the program.
 * Nobody writes these tables by hand, except tests of the runtime itself.
 */
#ifndef RPC_METHOD_H
#define RPC_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_call;

enum rpc_kind {
    RPC_UNARY,
    RPC_CLIENT_STREAMING,
    RPC_SERVER_STREAMING,
    RPC_BIDI_STREAMING,
};

/* Where a handler runs. */
enum rpc_dispatch {
    RPC_ON_WORKER, /* on the worker pool: it may block. The default. */
    RPC_ON_POLLER, /* on the poller: it must never block. */
};

/*
 * Who may call a method: everybody when `is_public`, otherwise a caller who has one of `roles` or
 * holds `scope`. A non-public method without roles and scope is open to nobody.
 */
struct rpc_access {
    bool is_public;
    const char *const *roles;
    size_t role_count;
    const char *scope; /* NULL: no scope opens it */
};

/* Which of the bounds of a struct rpc_field_rules are set. */
enum rpc_rule_flags {
    RPC_RULE_REQUIRED = 1u << 0,     /* message present, string or bytes not empty, number not 0,
                                        enum not its zero value, repeated not empty */
    RPC_RULE_LENGTH = 1u << 1,       /* strings: code points; bytes: bytes; min_length..max_length.
                                        An empty optional string passes: combine with REQUIRED. */
    RPC_RULE_UUID = 1u << 2,         /* canonical text of a UUID; empty passes unless REQUIRED */
    RPC_RULE_INT_RANGE = 1u << 3,    /* int_min..int_max, for signed and unsigned fields */
    RPC_RULE_REAL_RANGE = 1u << 4,   /* real_min..real_max; NaN never passes */
    RPC_RULE_ITEMS = 1u << 5,        /* items_min..items_max elements; each element is held to the
                                        other rules of the field */
    RPC_RULE_DEFINED_ENUM = 1u << 6, /* a number that the enum defines */
    RPC_RULE_FUTURE = 1u << 7,       /* google.protobuf.Timestamp after now; absent passes */
    RPC_RULE_PLAIN_TEXT = 1u << 8,   /* no control characters, bidi overrides or unbalanced
                                        embeddings and isolates; ZWJ, ZWNJ, LRM, RLM are kept */
    RPC_RULE_MULTILINE = 1u << 9,    /* with PLAIN_TEXT: newline and tab are kept, too */
    RPC_RULE_UNIQUE = 1u << 10,      /* repeated scalars: no element twice */
};

struct rpc_message_rules;

/* The rules of one field, `descriptor->fields[field_index]`. */
struct rpc_field_rules {
    uint32_t field_index;
    uint32_t flags; /* enum rpc_rule_flags */
    uint64_t min_length;
    uint64_t max_length; /* 0: unbounded */
    int64_t int_min;
    int64_t int_max;
    double real_min;
    double real_max;
    uint32_t items_min;
    uint32_t items_max;                    /* 0: unbounded */
    const struct rpc_message_rules *inner; /* rules of the field's message type, or NULL */
};

/* The rules of a message type: only fields that have some, or whose type has some, are listed. */
struct rpc_message_rules {
    const ProtobufCMessageDescriptor *descriptor;
    const struct rpc_field_rules *fields;
    size_t field_count;
};

/*
 * Typed thunks: generated, one or more per method. They find the handler in the application's
 * struct of function pointers and call it with its own types.
 *
 *   unary       the whole call. The response is initialised and lives in the call's arena.
 *   start       a streaming call begins. `request` is NULL where the client streams.
 *   message     one message of a client that streams; valid until the handler returns.
 *   half_close  the client has sent its last message. For a client-streaming method `response` is
 *               initialised and is sent when the handler answers OK; for a bidirectional one it is
 *               NULL. A handler that is left NULL answers OK.
 */
typedef struct status rpc_unary_thunk(const void *handlers, struct rpc_call *call,
                                      const ProtobufCMessage *request, ProtobufCMessage *response);
typedef struct status rpc_start_thunk(const void *handlers, struct rpc_call *call,
                                      const ProtobufCMessage *request);
typedef struct status rpc_message_thunk(const void *handlers, struct rpc_call *call,
                                        const ProtobufCMessage *message);
typedef struct status rpc_half_close_thunk(const void *handlers, struct rpc_call *call,
                                           ProtobufCMessage *response);

struct rpc_method {
    const char *name; /* "SayHello" */
    const char *path; /* "/package.Service/SayHello" */
    enum rpc_kind kind;
    enum rpc_dispatch dispatch;
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
    struct rpc_access access;
    const struct rpc_message_rules *rules; /* of the input; NULL when it has none */
    size_t handler_offset;            /* of the method's function pointer in the handlers' struct */
    rpc_unary_thunk *unary;           /* RPC_UNARY, else NULL */
    rpc_start_thunk *start;           /* the three streaming kinds, else NULL */
    rpc_message_thunk *message;       /* where the client streams, else NULL */
    rpc_half_close_thunk *half_close; /* where the client streams, else NULL */
};

/* An extension that a file declares. */
struct rpc_extension {
    const char *extendee; /* full name, without leading dot */
    const char *name;     /* full name */
    int32_t number;
};

/* A .proto file as reflection serves it. */
struct rpc_file {
    const char *name;          /* as imported: "liveconv/v1/message.proto" */
    const uint8_t *descriptor; /* FileDescriptorProto, encoded, without source code info */
    size_t descriptor_len;
    const struct rpc_file *const *imports;
    size_t import_count;
    const char *const *symbols; /* full names of services, methods, messages, fields, enums, enum
                                   values, oneofs and extensions; sorted by strcmp */
    size_t symbol_count;
    const struct rpc_extension *extensions;
    size_t extension_count;
};

struct rpc_service {
    const char *name; /* "package.Service" */
    const struct rpc_method *methods;
    size_t method_count;
    const struct rpc_file *file;
};

#ifdef __cplusplus
}
#endif

#endif
