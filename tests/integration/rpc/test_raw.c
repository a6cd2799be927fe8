/*
 * Bad input below what a gRPC client library would send: frames made by hand.
 *
 * What is expected is what the catalog asks for; where the core answers before our code is asked,
 * its answer is pinned, and the comment says what it should have been.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "support/cmocka.h"
#include "support/raw_call.h"

enum { WAIT_MS = 3000 };

static void ends_with(struct raw *raw, int status) {
    struct raw_answer answer = raw_read_answer(raw, WAIT_MS);
    if (getenv("RAW_SHOW"))
        fprintf(stderr, "status %d http %d reset %d goaway %d closed %d\n", answer.status,
                answer.http_status, answer.reset, answer.goaway, answer.closed);
    assert_int_equal(answer.status, status);
    raw_stop(raw);
}

static void send_good(struct raw *raw) {
    raw_send_headers(raw, 0);
    raw_send_message(raw, 0, 4, "\x0a\x02hi", 4, true);
}

/* ---- the cases ---- */

static void a_good_call_by_hand_is_answered(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    send_good(&raw);
    ends_with(&raw, STATUS_OK);
}

static void an_unknown_method_is_unimplemented(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_begin_as(&raw, "/probe.v1.Probe/None", "application/grpc");
    send_good(&raw);
    ends_with(&raw, STATUS_UNIMPLEMENTED);
}

/* Should be UNIMPLEMENTED. The core takes an encoding that it does not know for none, and shows us
 * neither the header nor the flag: what was really encoded does not decode. */
static void an_unknown_encoding_is_taken_for_none(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_header(&raw, "grpc-encoding", "snappy");
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 1, 10, "\xff\x06\x00\x00sNaPpY", 10, true);
    ends_with(&raw, STATUS_INTERNAL);
}

/* Should be refused with HTTP 415. The core says so in its log, and goes on. */
static void a_wrong_content_type_is_overlooked(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_begin_as(&raw, "/probe.v1.Probe/Echo", "text/plain");
    send_good(&raw);
    ends_with(&raw, STATUS_OK);
}

static void a_bad_timeout_leaves_the_servers_cap(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_header(&raw, "grpc-timeout", "12x");
    send_good(&raw);
    ends_with(&raw, STATUS_OK);
}

static void corrupt_gzip_is_internal(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_header(&raw, "grpc-encoding", "gzip");
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 1, 12, "not gzip at all", 12, true);
    ends_with(&raw, STATUS_INTERNAL);
}

static void a_gzip_bomb_is_refused(void **state) {
    (void)state;
    struct raw raw;
    size_t size = 4u << 20;
    uint8_t *zeros = calloc(1, size);
    uint8_t *packed = malloc(90000);
    z_stream z = {.next_in = zeros, .avail_in = (uInt)size, .next_out = packed, .avail_out = 90000};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = z.total_out;
    deflateEnd(&z);
    raw_start(&raw);
    raw_header(&raw, "grpc-encoding", "gzip");
    raw_send_headers(&raw, 0);
    for (size_t at = 0; at < len; at += 8000) {
        size_t part = len - at < 8000 ? len - at : 8000;
        if (at == 0)
            raw_send_message(&raw, 1, (uint32_t)len, packed, part, len <= 8000);
        else
            raw_frame(&raw, RAW_DATA, at + part == len ? RAW_END_STREAM : 0, 1, packed + at, part);
    }
    free(zeros);
    free(packed);
    ends_with(&raw, STATUS_RESOURCE_EXHAUSTED);
}

/* Should be INTERNAL. The core does not show us the flag; what is not compressed is served. */
static void a_compressed_flag_without_encoding_is_overlooked(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 1, 4, "\x0a\x02hi", 4, true);
    ends_with(&raw, STATUS_OK);
}

/* Should be RESOURCE_EXHAUSTED at once. The core looks at the length when the message is whole, and
 * waits for it; what it holds until then counts in rpc_server_options.transport_memory_bytes. */
static void a_declared_length_of_4_gib_is_waited_for(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 0, 0xffffffffu, "abcd", 4, false);
    assert_int_equal(raw_read_answer(&raw, 100).status, RAW_NOTHING);
    raw_frame(&raw, RAW_DATA, RAW_END_STREAM, 1, "", 0);
    ends_with(&raw, STATUS_INTERNAL);
}

static void a_message_over_the_limit_is_refused(void **state) {
    (void)state;
    struct raw raw;
    uint8_t *large = calloc(1, 16000);
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 0, 30000, large, 16000, false);
    raw_frame(&raw, RAW_DATA, 0, 1, large, 14000);
    free(large);
    ends_with(&raw, STATUS_RESOURCE_EXHAUSTED);
}

static void a_truncated_message(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 0, 10, "\x0a\x02hi", 4, true);
    ends_with(&raw, STATUS_INTERNAL);
}

static void no_message_is_internal(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, RAW_END_STREAM);
    ends_with(&raw, STATUS_INTERNAL);
}

/* Should be refused. The core reads one, and drops the other with the stream. */
static void the_second_of_two_messages_is_not_read(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 0, 4, "\x0a\x02hi", 4, false);
    raw_send_message(&raw, 0, 4, "\x0a\x02ho", 4, true);
    ends_with(&raw, STATUS_OK);
}

/* Should be INTERNAL. The core looks at no bit but the lowest, and shows us not even that. */
static void a_flag_byte_of_255_is_overlooked(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_send_headers(&raw, 0);
    raw_send_message(&raw, 0xff, 4, "\x0a\x02hi", 4, true);
    ends_with(&raw, STATUS_OK);
}

/* The core ends the stream itself, with UNAVAILABLE. */
static void bad_base64_in_a_binary_key_ends_the_call(void **state) {
    (void)state;
    struct raw raw;
    raw_start(&raw);
    raw_header(&raw, "x-thing-bin", "!!!*");
    send_good(&raw);
    ends_with(&raw, STATUS_UNAVAILABLE);
}

static void undecodable_bytes_are_internal(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x0a\x7fhi", 4},                                        /* length past the end */
        {"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, /* overlong varint */
        {"\x10\xff", 2},                                          /* truncated varint */
        {"\x0a\x02\xff\xfe", 4},                                  /* invalid UTF-8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw raw;
        raw_start(&raw);
        raw_send_headers(&raw, 0);
        raw_send_message(&raw, 0, (uint32_t)cases[i].len, cases[i].bytes, cases[i].len, true);
        ends_with(&raw, STATUS_INTERNAL);
    }
}

/* A call that never sends its message does not keep a server from shutting down, even at once. */
static void a_call_without_its_message_does_not_hold_up_the_end(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct raw raw;
        raw_start(&raw);
        raw_send_headers(&raw, 0);
        assert_int_equal(raw_read_answer(&raw, 20).status, RAW_NOTHING);
        rpc_channel_free(&raw.probe.channel);
        rpc_server_free(&raw.probe.server);
        arena_done(&raw.probe.arena);
        close(raw.fd);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_call_by_hand_is_answered),
        cmocka_unit_test(an_unknown_method_is_unimplemented),
        cmocka_unit_test(an_unknown_encoding_is_taken_for_none),
        cmocka_unit_test(a_wrong_content_type_is_overlooked),
        cmocka_unit_test(a_bad_timeout_leaves_the_servers_cap),
        cmocka_unit_test(corrupt_gzip_is_internal),
        cmocka_unit_test(a_gzip_bomb_is_refused),
        cmocka_unit_test(a_compressed_flag_without_encoding_is_overlooked),
        cmocka_unit_test(a_declared_length_of_4_gib_is_waited_for),
        cmocka_unit_test(a_message_over_the_limit_is_refused),
        cmocka_unit_test(a_truncated_message),
        cmocka_unit_test(no_message_is_internal),
        cmocka_unit_test(the_second_of_two_messages_is_not_read),
        cmocka_unit_test(a_flag_byte_of_255_is_overlooked),
        cmocka_unit_test(bad_base64_in_a_binary_key_ends_the_call),
        cmocka_unit_test(undecodable_bytes_are_internal),
        cmocka_unit_test(a_call_without_its_message_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
