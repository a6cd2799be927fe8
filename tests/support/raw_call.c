#include "support/raw_call.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/cmocka.h"

enum { ANSWER_BYTES = 1 << 16 };

void raw_write_all(struct raw *raw, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = send(raw->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server has closed: what it has said is still read */
        at += n;
        len -= (size_t)n;
    }
}

void raw_frame(struct raw *raw, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes,
               size_t len) {
    const uint8_t head[9] = {(uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             type,
                             flags,
                             (uint8_t)(stream >> 24),
                             (uint8_t)(stream >> 16),
                             (uint8_t)(stream >> 8),
                             (uint8_t)stream};
    raw_write_all(raw, head, sizeof head);
    raw_write_all(raw, bytes, len);
}

void raw_header(struct raw *raw, const char *key, const char *value) {
    uint8_t *at = raw->block + raw->block_len;
    size_t key_len = strlen(key);
    size_t value_len = strlen(value);
    assert_true(key_len < 127 && value_len < 127);
    *at++ = 0; /* literal, not indexed, new name */
    *at++ = (uint8_t)key_len;
    memcpy(at, key, key_len);
    at += key_len;
    *at++ = (uint8_t)value_len;
    memcpy(at, value, value_len);
    raw->block_len += 3 + key_len + value_len;
}

void raw_begin_as(struct raw *raw, const char *path, const char *content_type) {
    raw->block_len = 0;
    raw_header(raw, ":method", "POST");
    raw_header(raw, ":scheme", "http");
    raw_header(raw, ":path", path);
    raw_header(raw, ":authority", "probe");
    raw_header(raw, "te", "trailers");
    raw_header(raw, "content-type", content_type);
}

void raw_begin(struct raw *raw) {
    raw_begin_as(raw, "/probe.v1.Probe/Echo", "application/grpc");
}

void raw_send_headers(struct raw *raw, uint8_t flags) {
    raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS | flags, 1, raw->block, raw->block_len);
}

void raw_send_message(struct raw *raw, uint8_t flag, uint32_t declared, const void *bytes,
                      size_t len, bool last) {
    uint8_t *data = malloc(len + 5);
    data[0] = flag;
    data[1] = (uint8_t)(declared >> 24);
    data[2] = (uint8_t)(declared >> 16);
    data[3] = (uint8_t)(declared >> 8);
    data[4] = (uint8_t)declared;
    memcpy(data + 5, bytes, len);
    raw_frame(raw, RAW_DATA, last ? RAW_END_STREAM : 0, 1, data, len + 5);
    free(data);
}

void raw_serve(struct raw *raw) {
    probe_server_init(&raw->probe);
    raw->probe.options.max_message_bytes = 20000;
    raw->probe.options.max_unary_deadline_ms = 2000;
    probe_server_start(&raw->probe);
}

void raw_connect(struct raw *raw) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)rpc_server_port(raw->probe.server));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct timeval patience = {.tv_sec = 10}; /* with a server that has stopped reading */
    raw->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(raw->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(raw->fd, (const struct sockaddr *)&address, sizeof address), 0);
}

void raw_open(struct raw *raw) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    raw_connect(raw);
    raw_write_all(raw, preface, sizeof preface - 1);
    raw_frame(raw, RAW_SETTINGS, 0, 0, "", 0);
    raw_begin(raw);
}

void raw_start(struct raw *raw) {
    raw_serve(raw);
    raw_open(raw);
}

/* ---- what comes back ---- */

/* The value of a header whose name is spelled out; -1 when it is not there. */
static int find_number(const uint8_t *block, size_t len, const char *key) {
    size_t key_len = strlen(key);
    const uint8_t *at = memmem(block, len, key, key_len);
    if (!at || at + key_len + 1 >= block + len)
        return RAW_NOTHING;
    char text[8] = {0};
    size_t value_len = at[key_len] & 0x7fu;
    if (value_len >= sizeof text || at + key_len + 1 + value_len > block + len)
        return RAW_NOTHING;
    memcpy(text, at + key_len + 1, value_len);
    return (int)strtol(text, NULL, 10);
}

static void take_frame(struct raw_answer *answer, uint8_t type, const uint8_t *bytes, size_t len) {
    if (type == RAW_HEADERS) {
        int status = find_number(bytes, len, "grpc-status");
        if (status != RAW_NOTHING)
            answer->status = status;
        if (len > 0 && bytes[0] == 0x88) /* the static table's ":status 200" */
            answer->http_status = 200;
    } else if (type == RAW_RESET && len == 4) {
        answer->reset = bytes[3];
    } else if (type == RAW_GOAWAY && len >= 8) {
        answer->goaway = bytes[7];
    }
}

static bool is_over(const struct raw_answer *answer) {
    return answer->status != RAW_NOTHING || answer->reset != RAW_NOTHING ||
           answer->goaway != RAW_NOTHING || answer->closed;
}

/* Reads until the call has ended in one way or another, or for `wait_ms`. */
struct raw_answer raw_read_answer(struct raw *raw, int wait_ms) {
    static uint8_t bytes[ANSWER_BYTES];
    struct raw_answer answer = {RAW_NOTHING, RAW_NOTHING, RAW_NOTHING, RAW_NOTHING, false};
    struct pollfd waiting = {.fd = raw->fd, .events = POLLIN};
    size_t have = 0;
    while (!is_over(&answer) && poll(&waiting, 1, wait_ms) > 0) {
        ssize_t n = recv(raw->fd, bytes + have, sizeof bytes - have, 0);
        answer.closed = n <= 0;
        have += n > 0 ? (size_t)n : 0;
        size_t at = 0;
        while (have - at >= 9) {
            size_t len = (size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2];
            if (have - at < 9 + len)
                break;
            take_frame(&answer, bytes[at + 3], bytes + at + 9, len);
            at += 9 + len;
        }
        memmove(bytes, bytes + at, have - at);
        have -= at;
    }
    return answer;
}

void raw_stop(struct raw *raw) {
    close(raw->fd);
    assert_int_equal(probe_server_call(&raw->probe, PROBE_ECHO, "well", NULL).code, STATUS_OK);
    probe_server_stop(&raw->probe);
}
