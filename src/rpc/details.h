/*
 * What an error says beyond its code: google.rpc.Status with ErrorInfo, BadRequest, QuotaFailure
 * and RetryInfo, as carried by `grpc-status-details-bin`. Both sides use it.
 *
 * Thread-safety: functions without state; a struct belongs to one thread at a time. All strings
 * are in the arena that was given, or referenced as the functions say.
 */
#ifndef RPC_DETAILS_H
#define RPC_DETAILS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The runtime's own reasons, all negative; their names have the runtime's domain, "grpc-c". */
enum rpc_reason {
    RPC_REASON_INVALID_FIELDS = -1,    /* INVALID_FIELDS: see the field violations */
    RPC_REASON_UNDECODABLE = -2,       /* UNDECODABLE_MESSAGE */
    RPC_REASON_MESSAGE_TOO_LARGE = -3, /* MESSAGE_TOO_LARGE; metadata limit_bytes */
    RPC_REASON_OVERLOADED = -4,        /* SERVER_OVERLOADED: retry after the time given */
    RPC_REASON_NO_TOKEN = -5,          /* TOKEN_MISSING */
    RPC_REASON_ACCESS_DENIED = -6,     /* ACCESS_DENIED: neither role nor scope opens the method */
    RPC_REASON_AMBIGUOUS_TOKEN = -7,   /* TOKEN_AMBIGUOUS: two authorization headers */
    RPC_REASON_DEADLINE = -8,          /* SERVER_DEADLINE: the server's own limit ended the call */
    RPC_REASON_SHUTTING_DOWN = -9,     /* SHUTTING_DOWN */
    RPC_REASON_SLOW_READER = -10,      /* SLOW_READER: the outbox is full */
    RPC_REASON_STREAM_MAX_AGE = -11,   /* STREAM_MAX_AGE: open the stream again */
    RPC_REASON_TOKEN_EXPIRED = -12,    /* TOKEN_EXPIRED: on an open stream */
};

/* The name of a negative reason, without "RPC_REASON_"; NULL for others. */
const char *rpc_reason_name(int32_t reason);

enum {
    /* Clients take 8 KiB of trailers by default, and in base64 this is a third longer. */
    RPC_DETAILS_MAX_BYTES = 4096,
    RPC_DETAILS_MAX_ENTRIES = 64, /* of each list */
};

struct rpc_violation {
    const char *field; /* path: "conversation.title", "items[3].term"; quota: the subject */
    const char *description;
};

struct rpc_error_pair {
    const char *key;
    const char *value;
};

struct rpc_details {
    const char *reason; /* NULL: no ErrorInfo */
    const char *domain;
    struct rpc_error_pair *metadata;
    size_t metadata_count;
    struct rpc_violation *violations; /* BadRequest */
    size_t violation_count;
    struct rpc_violation *quota_violations; /* QuotaFailure */
    size_t quota_violation_count;
    int64_t retry_after_ms; /* RetryInfo; negative: none */
};

void rpc_details_init(struct rpc_details *details);

/* Grow the lists, copying into the arena; silently full at 64 entries or without memory. Only these
 * functions grow a list; one that was set by hand is not added to. */
void rpc_details_add_violation(struct rpc_details *details, struct arena *arena, const char *field,
                               const char *description);
void rpc_details_add_quota_violation(struct rpc_details *details, struct arena *arena,
                                     const char *subject, const char *description);
void rpc_details_add_metadata(struct rpc_details *details, struct arena *arena, const char *key,
                              const char *value);

/*
 * Encodes a google.rpc.Status. Leaves out violations, then metadata, last first, until it fits
 * RPC_DETAILS_MAX_BYTES; of the message it takes at most 1,024 bytes. *ret_len is 0, and *ret_bytes
 * untouched, when there is nothing to say beyond code and message, or nothing that fits.
 * RESOURCE_EXHAUSTED when the arena has no room.
 */
struct status rpc_details_encode(const struct rpc_details *details, int32_t code,
                                 const char *message, struct arena *arena, uint8_t **ret_bytes,
                                 size_t *ret_len) STATUS_MUST_USE;

/* Decodes what a server sent. Unknown kinds of detail are skipped, and so are entries beyond 64 of
 * a list. INTERNAL when it cannot be read; *ret_details is then untouched. */
struct status rpc_details_decode(const uint8_t *bytes, size_t len_bytes, struct arena *arena,
                                 struct rpc_details *ret_details) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
