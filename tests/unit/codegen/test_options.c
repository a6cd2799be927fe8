#include "codegen/options.h"

#include <string.h>

#include "support/cmocka.h"

#include "arena_fixture.h"

/* Options as protobuf-c leaves them: occurrences of unknown fields. */
struct fixture {
    ProtobufCMessage options;
    ProtobufCMessageUnknownField fields[3];
};

static void add(struct fixture *fixture, uint32_t number, ProtobufCWireType type, const void *data,
                size_t len) {
    ProtobufCMessageUnknownField *field = &fixture->fields[fixture->options.n_unknown_fields++];
    *field = (ProtobufCMessageUnknownField){
        .tag = number, .wire_type = type, .len = len, .data = (uint8_t *)(uintptr_t)data};
    fixture->options.unknown_fields = fixture->fields;
}

#define ADD_LEN(fixture, number, bytes)                                                            \
    add(fixture, number, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, bytes, sizeof(bytes) - 1)

static enum option_outcome read_access(struct fixture *fixture, struct arena *arena,
                                       const access_option **ret_access) {
    return options_message(&fixture->options, OPTION_METHOD_ACCESS, &grpc_c__v1__access__descriptor,
                           arena, (ProtobufCMessage **)ret_access);
}

static void an_option_that_is_not_there_is_absent(void **state) {
    struct fixture fixture = {0};
    const access_option *access = NULL;
    ADD_LEN(&fixture, 7, "\x02\x08\x01");
    assert_int_equal(read_access(&fixture, *state, &access), OPTION_ABSENT);
    assert_null(access);
    assert_int_equal(options_message(NULL, 1, &grpc_c__v1__access__descriptor, *state,
                                     (ProtobufCMessage **)&access),
                     OPTION_ABSENT);
}

static void occurrences_of_a_message_are_merged(void **state) {
    struct fixture fixture = {0};
    const access_option *access = NULL;
    ADD_LEN(&fixture, OPTION_METHOD_ACCESS,
            "\x03\x12\x01"
            "a");
    ADD_LEN(&fixture, OPTION_METHOD_ACCESS,
            "\x03\x12\x01"
            "b");
    ADD_LEN(&fixture, OPTION_METHOD_ACCESS,
            "\x03\x1a\x01"
            "s");
    assert_int_equal(read_access(&fixture, *state, &access), OPTION_FOUND);
    assert_int_equal(access->n_roles, 2);
    assert_string_equal(access->roles[1], "b");
    assert_string_equal(access->scope, "s");
}

static void lengths_that_lie_are_unreadable(void **state) {
    const access_option *access = NULL;
    struct fixture longer = {0};
    ADD_LEN(&longer, OPTION_METHOD_ACCESS, "\x09\x08\x01");
    assert_int_equal(read_access(&longer, *state, &access), OPTION_UNREADABLE);
    struct fixture endless = {0};
    ADD_LEN(&endless, OPTION_METHOD_ACCESS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_int_equal(read_access(&endless, *state, &access), OPTION_UNREADABLE);
    struct fixture broken = {0};
    ADD_LEN(&broken, OPTION_METHOD_ACCESS, "\x02\x12\x05");
    assert_int_equal(read_access(&broken, *state, &access), OPTION_UNREADABLE);
    struct fixture number = {0};
    add(&number, OPTION_METHOD_ACCESS, PROTOBUF_C_WIRE_TYPE_VARINT, "\x01", 1);
    assert_int_equal(read_access(&number, *state, &access), OPTION_UNREADABLE);
    assert_null(access);
}

static void a_field_of_a_newer_option_is_noticed_at_both_depths(void **state) {
    struct fixture outside = {0};
    ProtobufCMessage *rules = NULL;
    ADD_LEN(&outside, OPTION_FIELD_RULES, "\x02\x60\x01");
    assert_int_equal(options_message(&outside.options, OPTION_FIELD_RULES,
                                     &grpc_c__v1__rules__descriptor, *state, &rules),
                     OPTION_UNKNOWN);
    struct fixture inside = {0};
    ADD_LEN(&inside, OPTION_FIELD_RULES, "\x04\x12\x02\x60\x01");
    assert_int_equal(options_message(&inside.options, OPTION_FIELD_RULES,
                                     &grpc_c__v1__rules__descriptor, *state, &rules),
                     OPTION_UNKNOWN);
    assert_null(rules);
}

static void the_last_occurrence_of_a_text_wins(void **state) {
    struct fixture fixture = {0};
    const char *text = NULL;
    ADD_LEN(&fixture, OPTION_FILE_C_PREFIX,
            "\x02"
            "aa");
    ADD_LEN(&fixture, OPTION_FILE_C_PREFIX,
            "\x01"
            "b");
    assert_int_equal(options_text(&fixture.options, OPTION_FILE_C_PREFIX, *state, &text),
                     OPTION_FOUND);
    assert_string_equal(text, "b");
}

static void numbers_are_read_as_varints(void **state) {
    (void)state;
    struct fixture fixture = {0};
    uint64_t number = 7;
    assert_int_equal(options_number(&fixture.options, 9, &number), OPTION_ABSENT);
    assert_int_equal(number, 7);
    add(&fixture, 9, PROTOBUF_C_WIRE_TYPE_VARINT, "\x80\x02", 2);
    assert_int_equal(options_number(&fixture.options, 9, &number), OPTION_FOUND);
    assert_int_equal(number, 256);
    add(&fixture, 9, PROTOBUF_C_WIRE_TYPE_VARINT, "\x80", 1);
    assert_int_equal(options_number(&fixture.options, 9, &number), OPTION_UNREADABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(an_option_that_is_not_there_is_absent),
        WITH_ARENA(occurrences_of_a_message_are_merged),
        WITH_ARENA(lengths_that_lie_are_unreadable),
        WITH_ARENA(a_field_of_a_newer_option_is_noticed_at_both_depths),
        WITH_ARENA(the_last_occurrence_of_a_text_wins),
        WITH_ARENA(numbers_are_read_as_varints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
