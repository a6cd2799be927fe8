/*
 * What the cases share: requests of the usual sizes, and expectations that say what was not met.
 */
#ifndef INTEROP_EXPECT_H
#define INTEROP_EXPECT_H

#include "grpc/testing/test.grpc-c.h"
#include "interop_cases.h"

enum {
    INTEROP_LARGE_REQUEST = 271828,
    INTEROP_LARGE_RESPONSE = 314159,
    INTEROP_STREAM_MESSAGES = 4,
    INTEROP_TIMEOUT_MS = 60000,
};

/* A call that is freed, and cancelled if it is still running, at the end of the block. */
#define SCOPED_CALL __attribute__((cleanup(rpc_client_call_free))) struct rpc_client_call

/* Sizes of the streaming cases: what is sent, what is asked for. */
extern const int32_t interop_upload_sizes[INTEROP_STREAM_MESSAGES];
extern const int32_t interop_download_sizes[INTEROP_STREAM_MESSAGES];

/* A timeout, so that a peer that never answers fails the case. */
extern const struct rpc_call_options interop_call_options;
extern const struct rpc_call_options interop_call_options_compressed;

/* FAILED_PRECONDITION with printf's sentence in the arena. */
struct status interop_unmet(struct interop_client *client, const char *format, ...) STATUS_MUST_USE
    __attribute__((format(printf, 2, 3)));
/* OK where the condition is true, otherwise as interop_unmet(). */
struct status interop_expect(struct interop_client *client, bool condition, const char *format,
                             ...) STATUS_MUST_USE __attribute__((format(printf, 3, 4)));
/* The call must have ended with this code. */
struct status interop_expect_code(struct interop_client *client, struct status actual,
                                  enum status_code expected) STATUS_MUST_USE;

/* Zero bytes; a payload and a bool that are initialised, in the client's arena. Never NULL: the
 * process ends when it is out of memory. */
interop_payload *interop_new_payload(struct interop_client *client, int32_t size);
interop_bool_value *interop_new_bool(struct interop_client *client, bool value);

/* Asks for a large response with a large payload. */
interop_simple_request *interop_new_large_request(struct interop_client *client);
struct status interop_expect_payload(struct interop_client *client, const interop_payload *payload,
                                     int32_t size) STATUS_MUST_USE;

/* A request for `count` responses; `sizes` and the payload of `payload_size` bytes. */
interop_streaming_output_call_request *interop_new_download(struct interop_client *client,
                                                            const int32_t *sizes, size_t count,
                                                            int32_t payload_size);
/* The stream must be over, with OK. */
struct status interop_expect_end(struct interop_client *client,
                                 struct rpc_client_call *call) STATUS_MUST_USE;

#endif
