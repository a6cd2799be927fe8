/*
 * A call made by hand, frame by frame: for input that no client library would send.
 *
 * raw_start() serves the probe service and opens a connection; what is sent on it is up to the
 * test; raw_stop() checks that the server is none the worse for it. A connection of its own for
 * each call: then nothing of the answer's headers is indexed, and they can be read without
 * decoding.
 */
#ifndef SUPPORT_RAW_CALL_H
#define SUPPORT_RAW_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/probe_server.h"

/* Types of frames, and their flags. */
enum {
    RAW_DATA = 0,
    RAW_HEADERS = 1,
    RAW_RESET = 3,
    RAW_SETTINGS = 4,
    RAW_PING = 6,
    RAW_GOAWAY = 7,
    RAW_WINDOW_UPDATE = 8,
    RAW_CONTINUATION = 9,
};
enum { RAW_END_STREAM = 1, RAW_ACK = 1, RAW_END_HEADERS = 4 };

enum { RAW_NOTHING = -1 };

struct raw {
    struct probe_server probe;
    int fd;
    uint8_t block[8192]; /* of request headers */
    size_t block_len;
};

/* RAW_NOTHING: none came. */
struct raw_answer {
    int status; /* of gRPC */
    int http_status;
    int reset;  /* the error code of a RST_STREAM */
    int goaway; /* of a GOAWAY */
    bool closed;
};

/* The server alone: messages of 20,000 bytes and deadlines of 2 s at the most. */
void raw_serve(struct raw *raw);
/* A connection on which nothing has been said; the caller closes `fd`. */
void raw_connect(struct raw *raw);
/* One that has begun, with the headers of a good call in the block. */
void raw_open(struct raw *raw);
/* The server and such a connection. */
void raw_start(struct raw *raw);
/* Closes the connection; a call on another is served, then the server ends with nothing left open.
 */
void raw_stop(struct raw *raw);

/* What the server does not take any more, having closed, is dropped. */
void raw_write_all(struct raw *raw, const void *bytes, size_t len);
void raw_frame(struct raw *raw, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes,
               size_t len);

/* Headers of a call: the block begins anew, and one is added to it, of less than 127 bytes. */
void raw_begin_as(struct raw *raw, const char *path, const char *content_type);
void raw_begin(struct raw *raw);
void raw_header(struct raw *raw, const char *key, const char *value);

/* On stream 1: the block; a message with its prefix. */
void raw_send_headers(struct raw *raw, uint8_t flags);
void raw_send_message(struct raw *raw, uint8_t flag, uint32_t declared, const void *bytes,
                      size_t len, bool last);

/* Reads until the call, or the connection, has ended in one way or another, or for `wait_ms`. */
struct raw_answer raw_read_answer(struct raw *raw, int wait_ms);

#endif
