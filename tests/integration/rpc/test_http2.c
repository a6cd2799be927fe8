/*
 * Abuse of HTTP/2 itself, ten times each: the server goes on serving others meanwhile, ends with
 * nothing left open, and what it took for the first time it does not take again and again.
 *
 * Nearly all of it is the core's to refuse; its answers are pinned, so that another version of it
 * does not change them unseen.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/raw_call.h"

enum { TIMES = 10, WAIT_MS = 5000, MOMENT_MS = 50, GROWTH_BYTES_MAX = 1 << 20 };
enum { ENHANCE_YOUR_CALM = 11 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FLOOD = 1000, HAS_SANITIZER = 1 }; /* they keep what was freed: memory tells nothing */
#else
enum { FLOOD = 10000, HAS_SANITIZER = 0 };
#endif

/* What is said on a fresh connection. */
typedef void say_fn(struct raw *raw);

struct abuse {
    say_fn *say;
    bool greets; /* after the preface and the settings */
    bool is_unanswered;
    /* The core takes memory for each time, and the allocator does not give all of it back. */
    bool takes_memory;
};

static long resident_bytes(void) {
    char line[128] = "";
    char *resident = NULL;
    FILE *statm = fopen("/proc/self/statm", "re");
    assert_non_null(statm);
    assert_non_null(fgets(line, sizeof line, statm));
    fclose(statm);
    (void)strtol(line, &resident, 10); /* the size comes first */
    return strtol(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void others_are_served(struct raw *raw) {
    assert_int_equal(probe_server_call(&raw->probe, PROBE_ECHO, "well", NULL).code, STATUS_OK);
}

/* What is said ten times, and what the server says to the last. */
static struct raw_answer repeat(const struct abuse *abuse) {
    struct raw raw;
    struct raw_answer answer = {0};
    long at_first = 0;
    raw_serve(&raw);
    for (int i = 0; i < TIMES; i++) {
        if (i > 0)
            close(raw.fd);
        if (abuse->greets)
            raw_open(&raw);
        else
            raw_connect(&raw);
        abuse->say(&raw);
        others_are_served(&raw);
        answer = raw_read_answer(&raw, abuse->is_unanswered ? MOMENT_MS : WAIT_MS);
        if (i == 0)
            at_first = resident_bytes();
    }
    long growth = resident_bytes() - at_first;
    if (getenv("RAW_SHOW"))
        fprintf(stderr, "status %d reset %d goaway %d closed %d, %ld bytes more\n", answer.status,
                answer.reset, answer.goaway, answer.closed, growth);
    if (!HAS_SANITIZER && !abuse->takes_memory)
        assert_true(growth < GROWTH_BYTES_MAX);
    raw_stop(&raw);
    return answer;
}

static void ends_with(say_fn *say, int status, bool takes_memory) {
    const struct abuse abuse = {.say = say, .greets = true, .takes_memory = takes_memory};
    assert_int_equal(repeat(&abuse).status, status);
}

static void is_hung_up_on(say_fn *say, bool greets) {
    const struct abuse abuse = {.say = say, .greets = greets};
    struct raw_answer answer = repeat(&abuse);
    assert_true(answer.closed || answer.goaway != RAW_NOTHING);
    assert_int_equal(answer.status, RAW_NOTHING);
}

static void is_not_answered(say_fn *say, bool takes_memory) {
    const struct abuse abuse = {
        .say = say, .greets = true, .is_unanswered = true, .takes_memory = takes_memory};
    struct raw_answer answer = repeat(&abuse);
    assert_int_equal(answer.status, RAW_NOTHING);
    assert_false(answer.closed);
}

static void send_good_message(struct raw *raw) {
    raw_send_message(raw, 0, 4, "\x0a\x02hi", 4, true);
}

/* ---- the beginning ---- */

static void say_http_1_1(struct raw *raw) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: probe\r\n\r\n";
    raw_write_all(raw, request, sizeof request - 1);
}

static void http_1_1_is_hung_up_on(void **state) {
    (void)state;
    is_hung_up_on(say_http_1_1, false);
}

static void say_nonsense(struct raw *raw) {
    uint8_t bytes[4096];
    memset(bytes, 0xa5, sizeof bytes);
    raw_write_all(raw, bytes, sizeof bytes);
}

static void a_bad_preface_is_hung_up_on(void **state) {
    (void)state;
    is_hung_up_on(say_nonsense, false);
}

/* ---- streams ---- */

static void use_an_even_stream(struct raw *raw) {
    raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS, 2, raw->block, raw->block_len);
    raw_frame(raw, RAW_DATA, RAW_END_STREAM, 2, "\0\0\0\0\4\x0a\x02hi", 9);
}

/* Should end the connection. The core drops the stream's frames. */
static void an_even_stream_is_overlooked(void **state) {
    (void)state;
    is_not_answered(use_an_even_stream, false);
}

static void use_a_lower_stream(struct raw *raw) {
    raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS, 5, raw->block, raw->block_len);
    raw_send_headers(raw, 0);
    send_good_message(raw);
}

/* Should end the connection. The core drops the stream's frames. */
static void a_lower_stream_is_overlooked(void **state) {
    (void)state;
    is_not_answered(use_a_lower_stream, false);
}

/* The core holds a client to its settings once that has acknowledged them, and not before: one that
 * never does is bounded by the memory of all connections alone. */
static void accept_settings(struct raw *raw) {
    struct pollfd settings = {.fd = raw->fd, .events = POLLIN};
    assert_int_equal(poll(&settings, 1, WAIT_MS), 1);
    raw_frame(raw, RAW_SETTINGS, RAW_ACK, 0, "", 0);
}

static void open_too_many_streams(struct raw *raw) {
    accept_settings(raw);
    for (uint32_t i = 0; i < 1000; i++)
        raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS, 2 * i + 1, raw->block, raw->block_len);
}

/* Calls that never send their message: up to the limit they wait, the others are refused. */
static void streams_over_the_limit_are_refused(void **state) {
    (void)state;
    ends_with(open_too_many_streams, STATUS_UNAVAILABLE, true);
}

static void reset_many(struct raw *raw) {
    for (uint32_t i = 0; i < FLOOD; i++) {
        raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS, 2 * i + 1, raw->block, raw->block_len);
        raw_frame(raw, RAW_RESET, 0, 2 * i + 1, "\0\0\0\x08", 4);
    }
}

/* A hundred thousand in all. Each is a call until its end has come around: others are served
 * meanwhile, and nothing is left of them. */
static void rapid_resets_are_survived(void **state) {
    (void)state;
    is_not_answered(reset_many, true);
}

/* ---- frames ---- */

static void declare_a_huge_frame(struct raw *raw) {
    static const uint8_t head[9] = {0xff, 0xff, 0xff, RAW_DATA, 0, 0, 0, 0, 1};
    raw_send_headers(raw, 0);
    raw_write_all(raw, head, sizeof head);
    raw_write_all(raw, (uint8_t[1024]){0}, 1024);
}

static void a_huge_frame_ends_the_connection(void **state) {
    (void)state;
    ends_with(declare_a_huge_frame, STATUS_UNAVAILABLE, false);
}

static void open_the_window_too_far(struct raw *raw) {
    for (int i = 0; i < 3; i++)
        raw_frame(raw, RAW_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4);
    raw_send_headers(raw, 0);
    send_good_message(raw);
}

/* Should end the connection. The core counts in 64 bits. */
static void a_window_beyond_its_limit_is_overlooked(void **state) {
    (void)state;
    ends_with(open_the_window_too_far, STATUS_OK, false);
}

static void send_bad_hpack(struct raw *raw) {
    /* An indexed field that no table holds. */
    raw_frame(raw, RAW_HEADERS, RAW_END_HEADERS, 1, "\xff\xff\xff\xff\x0f", 5);
}

static void bad_hpack_ends_the_call(void **state) {
    (void)state;
    ends_with(send_bad_hpack, STATUS_UNKNOWN, false);
}

static void send_one_byte_at_a_time(struct raw *raw) {
    static const uint8_t message[] = {0, 0, 0, 0, 4, 0x0a, 2, 'h', 'i'};
    raw_send_headers(raw, 0);
    for (size_t i = 0; i < sizeof message; i++)
        raw_frame(raw, RAW_DATA, i + 1 == sizeof message ? RAW_END_STREAM : 0, 1, message + i, 1);
}

static void a_message_in_frames_of_one_byte_is_read(void **state) {
    (void)state;
    ends_with(send_one_byte_at_a_time, STATUS_OK, false);
}

/* ---- too much ---- */

static void send_headers_over_the_limit(struct raw *raw) {
    accept_settings(raw);
    for (int i = 0; i < 400; i++)
        raw_header(raw, "x-many", "of them"); /* each counts with its 32 bytes of overhead */
    raw_send_headers(raw, 0);
    send_good_message(raw);
}

/* Should be RESOURCE_EXHAUSTED. */
static void headers_over_the_limit_are_refused(void **state) {
    (void)state;
    ends_with(send_headers_over_the_limit, STATUS_UNKNOWN, false);
}

static void continue_headers_without_end(struct raw *raw) {
    raw_frame(raw, RAW_HEADERS, 0, 1, raw->block, raw->block_len);
    raw->block_len = 0;
    raw_header(raw, "x-more", "of the same");
    for (int i = 0; i < FLOOD; i++)
        raw_frame(raw, RAW_CONTINUATION, 0, 1, raw->block, raw->block_len);
}

/* Should end the connection. The core holds each frame to the limit, not all of them together: what
 * it keeps of them is bounded by the memory of all connections alone. */
static void headers_without_end_are_waited_for(void **state) {
    (void)state;
    is_not_answered(continue_headers_without_end, true);
}

static void flood_with_pings(struct raw *raw) {
    for (int i = 0; i < FLOOD; i++)
        raw_frame(raw, RAW_PING, 0, 0, "12345678", 8);
}

static void a_flood_of_pings_is_hung_up_on(void **state) {
    (void)state;
    const struct abuse abuse = {.say = flood_with_pings, .greets = true, .takes_memory = true};
    struct raw_answer answer = repeat(&abuse);
    assert_true(answer.closed || answer.goaway == ENHANCE_YOUR_CALM);
}

static void flood_with_settings(struct raw *raw) {
    for (int i = 0; i < FLOOD; i++)
        raw_frame(raw, RAW_SETTINGS, 0, 0, "", 0);
}

static void a_flood_of_settings_is_acknowledged(void **state) {
    (void)state;
    is_not_answered(flood_with_settings, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_1_1_is_hung_up_on),
        cmocka_unit_test(a_bad_preface_is_hung_up_on),
        cmocka_unit_test(an_even_stream_is_overlooked),
        cmocka_unit_test(a_lower_stream_is_overlooked),
        cmocka_unit_test(streams_over_the_limit_are_refused),
        cmocka_unit_test(rapid_resets_are_survived),
        cmocka_unit_test(a_huge_frame_ends_the_connection),
        cmocka_unit_test(a_window_beyond_its_limit_is_overlooked),
        cmocka_unit_test(bad_hpack_ends_the_call),
        cmocka_unit_test(a_message_in_frames_of_one_byte_is_read),
        cmocka_unit_test(headers_over_the_limit_are_refused),
        cmocka_unit_test(headers_without_end_are_waited_for),
        cmocka_unit_test(a_flood_of_pings_is_hung_up_on),
        cmocka_unit_test(a_flood_of_settings_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
