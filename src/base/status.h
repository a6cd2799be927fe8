/*
 * The outcome of an operation, by value.
 *
 * A status is a canonical code, a stable machine-readable reason and a sentence that is safe to
 * show to a client. It never carries SQL text, file names or secrets: the private cause stays with
 * the object that failed and is logged once, at the edge of the service.
 *
 * Thread-safety: values; nothing is shared. Nothing is owned: `detail` points to a string literal
 * or into memory that outlives the status (an arena of the call it belongs to).
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The canonical codes of google.rpc.Code, which are also the codes of gRPC. */
enum status_code {
    STATUS_OK = 0,
    STATUS_CANCELLED = 1,
    STATUS_UNKNOWN = 2,
    STATUS_INVALID_ARGUMENT = 3,
    STATUS_DEADLINE_EXCEEDED = 4,
    STATUS_NOT_FOUND = 5,
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8,
    STATUS_FAILED_PRECONDITION = 9,
    STATUS_ABORTED = 10,
    STATUS_OUT_OF_RANGE = 11,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,
    STATUS_UNAVAILABLE = 14,
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16,
};

/*
 * Reasons: 0 means none. Positive numbers are the application's enum, whose names the server is
 * told (rpc/server.h). Negative numbers belong to the runtime (rpc/details.h).
 */
enum { STATUS_NO_REASON = 0 };

struct status {
    int32_t code;       /* enum status_code */
    int32_t reason;     /* stable reason, or STATUS_NO_REASON */
    const char *detail; /* sentence for the client; NULL when there is none. Not owned. */
};

#if defined(__GNUC__)
#define STATUS_MUST_USE __attribute__((warn_unused_result))
#else
#define STATUS_MUST_USE
#endif

static inline struct status status_ok(void) {
    struct status s = {STATUS_OK, STATUS_NO_REASON, 0};
    return s;
}

/* `detail` must outlive the status: a literal or a string in the call's arena. */
static inline struct status status_error(enum status_code code, int32_t reason,
                                         const char *detail) {
    struct status s = {(int32_t)code, reason, detail};
    return s;
}

static inline bool status_is_ok(struct status s) {
    return s.code == STATUS_OK;
}

/* The canonical name, such as "NOT_FOUND"; "UNKNOWN" for a number outside the table. */
const char *status_code_name(int32_t code);

/* Returns from the calling function with the status of `expression` unless it is OK. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        struct status try_status_ = (expression);                                                  \
        if (!status_is_ok(try_status_))                                                            \
            return try_status_;                                                                    \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
