#include <stdlib.h>
#include <string.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/details.h"
#include "support/cmocka.h"
#include "wire_writer.h"

struct fixture {
    struct arena arena;
    struct rpc_details details;
    struct rpc_details decoded;
    uint8_t *bytes;
    size_t len;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena, 1 << 20);
    rpc_details_init(&f->details);
    *state = f;
    return f == NULL;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    free(f);
    return 0;
}

static void encode(struct fixture *f, int32_t code, const char *message) {
    struct status status =
        rpc_details_encode(&f->details, code, message, &f->arena, &f->bytes, &f->len);
    assert_int_equal(status.code, STATUS_OK);
}

static void encode_and_decode(struct fixture *f) {
    encode(f, STATUS_NOT_FOUND, "nothing here");
    assert_int_equal(rpc_details_decode(f->bytes, f->len, &f->arena, &f->decoded).code, STATUS_OK);
}

static void every_runtime_reason_has_a_name(void **state) {
    (void)state;
    for (int32_t reason = RPC_REASON_TOKEN_EXPIRED; reason < 0; reason++)
        assert_non_null(rpc_reason_name(reason));
    assert_string_equal(rpc_reason_name(RPC_REASON_OVERLOADED), "SERVER_OVERLOADED");
    assert_null(rpc_reason_name(0));
    assert_null(rpc_reason_name(1));
    assert_null(rpc_reason_name(RPC_REASON_TOKEN_EXPIRED - 1));
    assert_null(rpc_reason_name(INT32_MIN));
}

static void nothing_to_say_encodes_to_nothing(void **state) {
    struct fixture *f = *state;
    f->len = 77;
    encode(f, STATUS_INTERNAL, "message");
    assert_int_equal(f->len, 0);
}

static void error_info_comes_back(void **state) {
    struct fixture *f = *state;
    f->details.reason = "CONVERSATION_FULL";
    f->details.domain = "example.com";
    rpc_details_add_metadata(&f->details, &f->arena, "seats", "12");
    rpc_details_add_metadata(&f->details, &f->arena, "conversation", "abc");
    encode_and_decode(f);
    assert_string_equal(f->decoded.reason, "CONVERSATION_FULL");
    assert_string_equal(f->decoded.domain, "example.com");
    assert_int_equal(f->decoded.metadata_count, 2);
    assert_string_equal(f->decoded.metadata[1].key, "conversation");
    assert_string_equal(f->decoded.metadata[1].value, "abc");
    assert_true(f->decoded.retry_after_ms < 0);
}

static void violations_come_back(void **state) {
    struct fixture *f = *state;
    rpc_details_add_violation(&f->details, &f->arena, "a.b[3]", "must be set");
    rpc_details_add_quota_violation(&f->details, &f->arena, "device", "at most 5");
    encode_and_decode(f);
    assert_null(f->decoded.reason);
    assert_int_equal(f->decoded.violation_count, 1);
    assert_string_equal(f->decoded.violations[0].field, "a.b[3]");
    assert_string_equal(f->decoded.violations[0].description, "must be set");
    assert_int_equal(f->decoded.quota_violation_count, 1);
    assert_string_equal(f->decoded.quota_violations[0].field, "device");
}

static void retry_delay_comes_back(void **state) {
    struct fixture *f = *state;
    f->details.retry_after_ms = 61250;
    encode_and_decode(f);
    assert_int_equal(f->decoded.retry_after_ms, 61250);
}

static void code_and_message_are_encoded(void **state) {
    struct fixture *f = *state;
    f->details.retry_after_ms = 0;
    encode(f, STATUS_NOT_FOUND, "nothing here");
    Google__Rpc__Status *status = google__rpc__status__unpack(NULL, f->len, f->bytes);
    assert_int_equal(status->code, STATUS_NOT_FOUND);
    assert_string_equal(status->message, "nothing here");
    assert_int_equal(status->n_details, 1);
    assert_string_equal(status->details[0]->type_url, "type.googleapis.com/google.rpc.RetryInfo");
    google__rpc__status__free_unpacked(status, NULL);
}

static void lists_are_full_at_64(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 70; i++)
        rpc_details_add_violation(&f->details, &f->arena, i == 63 ? "last" : "field", "text");
    assert_int_equal(f->details.violation_count, 64);
    assert_string_equal(f->details.violations[0].field, "field");
    assert_string_equal(f->details.violations[63].field, "last");
}

static void what_does_not_fit_is_left_out_from_the_end(void **state) {
    struct fixture *f = *state;
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    f->details.reason = "REASON";
    rpc_details_add_metadata(&f->details, &f->arena, "key", "value");
    rpc_details_add_violation(&f->details, &f->arena, "first", "text");
    for (int i = 0; i < 60; i++)
        rpc_details_add_violation(&f->details, &f->arena, "field", text);
    encode_and_decode(f);
    assert_in_range(f->len, RPC_DETAILS_MAX_BYTES - 400, RPC_DETAILS_MAX_BYTES);
    assert_in_range(f->decoded.violation_count, 10, 15);
    assert_string_equal(f->decoded.violations[0].field, "first");
    assert_int_equal(f->decoded.metadata_count, 1);
}

static void large_metadata_is_left_out_after_the_violations(void **state) {
    struct fixture *f = *state;
    char *text = malloc(9001);
    memset(text, 'x', 9000);
    text[9000] = '\0';
    f->details.reason = "REASON";
    rpc_details_add_metadata(&f->details, &f->arena, "key", "value");
    rpc_details_add_metadata(&f->details, &f->arena, "large", text);
    free(text);
    rpc_details_add_violation(&f->details, &f->arena, "field", "text");
    encode_and_decode(f);
    assert_string_equal(f->decoded.reason, "REASON");
    assert_int_equal(f->decoded.violation_count, 0);
    assert_int_equal(f->decoded.metadata_count, 1);
}

static void a_long_message_is_cut_between_characters(void **state) {
    struct fixture *f = *state;
    char message[2002] = "a";
    for (int i = 0; i < 1000; i++)
        memcpy(message + 1 + i * 2, "\u00e9", 3);
    f->details.retry_after_ms = 1;
    encode(f, STATUS_INTERNAL, message);
    Google__Rpc__Status *status = google__rpc__status__unpack(NULL, f->len, f->bytes);
    assert_int_equal(strlen(status->message), 1023);
    google__rpc__status__free_unpacked(status, NULL);
}

static void a_reason_that_cannot_fit_leaves_nothing(void **state) {
    struct fixture *f = *state;
    char *reason = malloc(9001);
    memset(reason, 'R', 9000);
    reason[9000] = '\0';
    f->details.reason = reason;
    encode(f, STATUS_INTERNAL, "");
    assert_int_equal(f->len, 0);
    free(reason);
}

static void unknown_details_are_skipped(void **state) {
    struct fixture *f = *state;
    struct wire_writer any = {0};
    wire_put_text(&any, 1, "type.googleapis.com/google.rpc.Help");
    wire_put_text(&any, 2, "\xff not a message");
    wire_wrap(&any, 3);
    assert_int_equal(rpc_details_decode(any.bytes, any.len, &f->arena, &f->decoded).code,
                     STATUS_OK);
    assert_int_equal(f->decoded.violation_count, 0);
    wire_writer_done(&any);
}

static void a_detail_that_cannot_be_read_is_refused(void **state) {
    struct fixture *f = *state;
    struct wire_writer any = {0};
    wire_put_text(&any, 1, "type.googleapis.com/google.rpc.ErrorInfo");
    wire_put_text(&any, 2, "\x0a\x7f");
    wire_wrap(&any, 3);
    f->decoded.reason = "untouched";
    assert_int_equal(rpc_details_decode(any.bytes, any.len, &f->arena, &f->decoded).code,
                     STATUS_INTERNAL);
    assert_string_equal(f->decoded.reason, "untouched");
    wire_writer_done(&any);
}

static void a_negative_delay_is_none(void **state) {
    struct fixture *f = *state;
    struct wire_writer any = {0};
    wire_put_number(&any, 1, UINT64_MAX);
    wire_wrap(&any, 1);
    wire_wrap(&any, 2);
    wire_put_text(&any, 1, "type.googleapis.com/google.rpc.RetryInfo");
    wire_wrap(&any, 3);
    assert_int_equal(rpc_details_decode(any.bytes, any.len, &f->arena, &f->decoded).code,
                     STATUS_OK);
    assert_true(f->decoded.retry_after_ms < 0);
    wire_writer_done(&any);
}

static void no_memory_is_reported(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 64; i++)
        rpc_details_add_violation(&f->details, &f->arena, "field", "text");
    for (size_t budget = 0; budget <= 4096; budget += 512) {
        struct arena arena;
        arena_init(&arena, budget);
        uint8_t *bytes = NULL;
        size_t len = 0;
        assert_int_equal(
            rpc_details_encode(&f->details, STATUS_INTERNAL, "m", &arena, &bytes, &len).code,
            STATUS_RESOURCE_EXHAUSTED);
        assert_null(bytes);
        arena_done(&arena);
    }
    struct arena none;
    arena_init(&none, 0);
    rpc_details_add_violation(&f->details, &none, "field", "text");
    rpc_details_add_metadata(&f->details, &none, "key", "value");
    assert_int_equal(f->details.violation_count, 64);
    assert_int_equal(f->details.metadata_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_runtime_reason_has_a_name),
        TEST(nothing_to_say_encodes_to_nothing),
        TEST(error_info_comes_back),
        TEST(violations_come_back),
        TEST(retry_delay_comes_back),
        TEST(code_and_message_are_encoded),
        TEST(lists_are_full_at_64),
        TEST(what_does_not_fit_is_left_out_from_the_end),
        TEST(large_metadata_is_left_out_after_the_violations),
        TEST(a_long_message_is_cut_between_characters),
        TEST(a_reason_that_cannot_fit_leaves_nothing),
        TEST(unknown_details_are_skipped),
        TEST(a_detail_that_cannot_be_read_is_refused),
        TEST(a_negative_delay_is_none),
        TEST(no_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
