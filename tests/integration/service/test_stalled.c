/*
 * Clients that ask for streams and never read them: their window is shut from the beginning, so no
 * frame of a stream is ever written. Made by hand, since no client library behaves like that.
 */
#include "live_test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "service/live.h"

enum {
    STREAMS = 20,
    DATA = 0,
    HEADERS = 1,
    SETTINGS = 4,
    END_STREAM = 1,
    END_HEADERS = 4,
    INITIAL_WINDOW = 4,
    FRAME_BYTES = 9
};

struct raw {
    int fd;
    uint32_t next_stream;
};

static void write_all(const struct raw *raw, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = send(raw->fd, at, len, MSG_NOSIGNAL);
        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

static void frame(const struct raw *raw, uint8_t type, uint8_t flags, uint32_t stream,
                  const void *bytes, size_t len) {
    const uint8_t head[FRAME_BYTES] = {(uint8_t)(len >> 16),
                                       (uint8_t)(len >> 8),
                                       (uint8_t)len,
                                       type,
                                       flags,
                                       (uint8_t)(stream >> 24),
                                       (uint8_t)(stream >> 16),
                                       (uint8_t)(stream >> 8),
                                       (uint8_t)stream};
    write_all(raw, head, sizeof head);
    if (len > 0)
        write_all(raw, bytes, len);
}

/* HPACK's integer with a prefix of 7 bits, and the text. */
static size_t put_text(uint8_t *at, const char *value) {
    size_t len = strlen(value);
    size_t n = 0;
    if (len < 127) {
        at[n++] = (uint8_t)len;
    } else {
        at[n++] = 127;
        size_t rest = len - 127;
        for (; rest >= 128; rest /= 128)
            at[n++] = (uint8_t)(rest % 128 + 128);
        at[n++] = (uint8_t)rest;
    }
    memcpy(at + n, value, len);
    return n + len;
}

static size_t put_header(uint8_t *at, const char *key, const char *value) {
    at[0] = 0; /* literal, not indexed, new name */
    size_t n = 1 + put_text(at + 1, key);
    return n + put_text(at + n, value);
}

static struct raw connect_shut(void) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static const uint8_t shut[6] = {0, INITIAL_WINDOW, 0, 0, 0, 0};
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct raw raw = {.fd = socket(AF_INET, SOCK_STREAM, 0), .next_stream = 1};
    address.sin_port = htons((uint16_t)rpc_server_port(t.lc->server));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(raw.fd, (const struct sockaddr *)&address, sizeof address), 0);
    write_all(&raw, preface, sizeof preface - 1);
    frame(&raw, SETTINGS, 0, 0, shut, sizeof shut);
    return raw;
}

static void ask(struct raw *raw, const char *path, const char *token,
                const ProtobufCMessage *message) {
    uint8_t bytes[4096];
    size_t n = put_header(bytes, ":method", "POST");
    n += put_header(bytes + n, ":scheme", "http");
    n += put_header(bytes + n, ":path", path);
    n += put_header(bytes + n, ":authority", "localhost");
    n += put_header(bytes + n, "te", "trailers");
    n += put_header(bytes + n, "content-type", "application/grpc");
    n += put_header(bytes + n, "authorization", token);
    assert_true(n < sizeof bytes);
    frame(raw, HEADERS, END_HEADERS, raw->next_stream, bytes, n);
    size_t len = protobuf_c_message_get_packed_size(message);
    assert_true(len < 256);
    memset(bytes, 0, 5);
    bytes[4] = (uint8_t)len;
    protobuf_c_message_pack(message, bytes + 5);
    frame(raw, DATA, END_STREAM, raw->next_stream, bytes, 5 + len);
    raw->next_stream += 2;
}

static void subscribe(struct raw *raw, const char *token) {
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    lc_topic_subscription inbox = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *topics[] = {&inbox};
    inbox.topic = text("inbox");
    request.device_id = text("phone");
    request.topics = topics;
    request.n_topics = 1;
    ask(raw, "/liveconv.v1.LiveService/Subscribe", token, &request.base);
}

static void watch(struct raw *raw, const char *token) {
    lc_watch_conversations_request request = LC_WATCH_CONVERSATIONS_REQUEST_INIT;
    ask(raw, "/liveconv.v1.ConversationService/WatchConversations", token, &request.base);
}

static size_t open_streams(void) {
    struct rpc_server_figures figures;
    rpc_server_figures(t.lc->server, &figures);
    return figures.open_streams;
}

/* True when it became so within the time. */
static bool await_streams(size_t least, size_t most, int64_t within_ms) {
    for (int64_t i = 0; i <= within_ms / 10; i++) {
        size_t open = open_streams();
        if (open >= least && open <= most)
            return true;
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return false;
}

static void one_device_that_does_not_read_keeps_one_stream(void **state) {
    const char *user = new_student(NULL);
    (void)state;
    struct raw raw = connect_shut();
    for (int i = 0; i < STREAMS; i++)
        subscribe(&raw, user);
    assert_true(await_streams(2, STREAMS, 10000));
    /* The others were replaced: they go although their last words are not read. */
    assert_true(await_streams(1, 1, 10000));
    assert_true(await_streams(0, 0, 10000)); /* and so does the last, for it is too slow */
    close(raw.fd);
}

static void a_suspended_user_who_does_not_read_is_gone_within_2_s(void **state) {
    const char *id;
    const char *user = new_student(&id);
    struct uuid uuid;
    (void)state;
    got(user, created(new_student(NULL), new_draft("To be known"))->id);
    assert_true(uuid_parse(id, strlen(id), &uuid));
    struct raw raw = connect_shut();
    subscribe(&raw, user);
    watch(&raw, user);
    assert_true(await_streams(2, 2, 10000));
    service_live_suspend(t.lc->live, LIVECONV_TENANT, &uuid);
    assert_true(await_streams(0, 0, 2000));
    close(raw.fd);
}

static void configure(struct service_live_options *live) {
    live->hub.slow_after_ms = 6000;
}

static int start_impatient(void **state) {
    (void)state;
    t.lc = liveconv_server_start(&(struct liveconv_server_options){.configure_live = configure});
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_device_that_does_not_read_keeps_one_stream, begin_test,
                                        end_test),
        cmocka_unit_test_setup_teardown(a_suspended_user_who_does_not_read_is_gone_within_2_s,
                                        begin_test, end_test),
    };
    return cmocka_run_group_tests(tests, start_impatient, stop_server);
}
