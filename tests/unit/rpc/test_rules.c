#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec_test.pb-c.h"
#include "rpc/rules.h"
#include "support/cmocka.h"

enum { NOW_SECONDS = 1700000000 };
#define NOW_US (INT64_C(1000000) * NOW_SECONDS)

struct fixture {
    struct arena arena;
    struct rpc_details details;
    CodecTest__All all;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena, 1 << 20);
    rpc_details_init(&f->details);
    codec_test__all__init(&f->all);
    *state = f;
    return f == NULL;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    free(f);
    return 0;
}

static uint32_t index_of(const ProtobufCMessageDescriptor *descriptor, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
    assert_non_null(field);
    return (uint32_t)(field - descriptor->fields);
}

/* Checks the message against one rule; answers the code, with the violations in the fixture. */
static int check(struct fixture *f, const char *name, struct rpc_field_rules rule) {
    rule.field_index = index_of(&codec_test__all__descriptor, name);
    struct rpc_message_rules rules = {&codec_test__all__descriptor, &rule, 1};
    rpc_details_init(&f->details);
    return rpc_rules_check(&rules, &f->all.base, NOW_US, &f->arena, &f->details).code;
}

static void assert_passes(struct fixture *f, const char *name, struct rpc_field_rules rule) {
    assert_int_equal(check(f, name, rule), STATUS_OK);
    assert_int_equal(f->details.violation_count, 0);
}

static void assert_breaks(struct fixture *f, const char *name, struct rpc_field_rules rule,
                          const char *path, const char *description) {
    assert_int_equal(check(f, name, rule), STATUS_INVALID_ARGUMENT);
    assert_int_equal(f->details.violation_count, 1);
    assert_string_equal(f->details.violations[0].field, path);
    assert_string_equal(f->details.violations[0].description, description);
}

static struct rpc_field_rules flags(uint32_t bits) {
    struct rpc_field_rules rules = {.flags = bits};
    return rules;
}

static struct rpc_field_rules length(uint64_t min, uint64_t max, uint32_t more) {
    struct rpc_field_rules rules = {
        .flags = RPC_RULE_LENGTH | more, .min_length = min, .max_length = max};
    return rules;
}

static struct rpc_field_rules range(int64_t min, int64_t max) {
    struct rpc_field_rules rules = {.flags = RPC_RULE_INT_RANGE, .int_min = min, .int_max = max};
    return rules;
}

static struct rpc_field_rules items(uint32_t min, uint32_t max, uint32_t more) {
    struct rpc_field_rules rules = {
        .flags = RPC_RULE_ITEMS | more, .items_min = min, .items_max = max};
    return rules;
}

static void no_rules_always_pass(void **state) {
    struct fixture *f = *state;
    assert_int_equal(rpc_rules_check(NULL, &f->all.base, NOW_US, &f->arena, &f->details).code,
                     STATUS_OK);
}

static void the_status_has_its_reason(void **state) {
    struct fixture *f = *state;
    struct rpc_field_rules rule = flags(RPC_RULE_REQUIRED);
    rule.field_index = index_of(&codec_test__all__descriptor, "text");
    struct rpc_message_rules rules = {&codec_test__all__descriptor, &rule, 1};
    struct status status = rpc_rules_check(&rules, &f->all.base, NOW_US, &f->arena, &f->details);
    assert_int_equal(status.reason, RPC_REASON_INVALID_FIELDS);
}

static void required_holds_for_every_type(void **state) {
    struct fixture *f = *state;
    struct rpc_field_rules rule = flags(RPC_RULE_REQUIRED);
    assert_breaks(f, "text", rule, "text", "must not be empty");
    assert_breaks(f, "data", rule, "data", "must not be empty");
    assert_breaks(f, "node", rule, "node", "must be set");
    assert_breaks(f, "i32", rule, "i32", "must not be 0");
    assert_breaks(f, "u64", rule, "u64", "must not be 0");
    assert_breaks(f, "big_real", rule, "big_real", "must not be 0");
    assert_breaks(f, "flag", rule, "flag", "must be true");
    assert_breaks(f, "level", rule, "level",
                  "must be a value of Level other than LEVEL_UNSPECIFIED");
    assert_breaks(f, "i32s", rule, "i32s", "must have at least 1 item");
    f->all.text = (char *)"a", f->all.i32 = -1, f->all.u64 = UINT64_MAX, f->all.big_real = 0.1;
    f->all.flag = 1, f->all.level = CODEC_TEST__LEVEL__LEVEL_A1;
    static const char *const names[] = {"text", "i32", "u64", "big_real", "flag", "level"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_passes(f, names[i], rule);
}

static void length_counts_characters(void **state) {
    struct fixture *f = *state;
    f->all.text = (char *)"\u4f1a\u8a71";
    assert_passes(f, "text", length(2, 2, 0));
    assert_breaks(f, "text", length(3, 200, 0), "text", "must be 3 to 200 characters");
    assert_breaks(f, "text", length(0, 1, 0), "text", "must be at most 1 character");
    assert_breaks(f, "text", length(3, 0, 0), "text", "must be at least 3 characters");
    assert_breaks(f, "text", length(5, 5, 0), "text", "must be exactly 5 characters");
}

static void length_counts_bytes_of_bytes(void **state) {
    struct fixture *f = *state;
    f->all.data.len = 3, f->all.data.data = (uint8_t *)"\xff\xfe\0";
    assert_passes(f, "data", length(3, 3, 0));
    assert_breaks(f, "data", length(0, 2, 0), "data", "must be at most 2 bytes");
}

static void an_empty_string_passes_unless_required(void **state) {
    struct fixture *f = *state;
    assert_passes(f, "text", length(1, 200, 0));
    assert_breaks(f, "text", length(0, 200, RPC_RULE_REQUIRED), "text",
                  "must be 1 to 200 characters");
    f->all.text = NULL;
    assert_passes(f, "text", length(1, 200, 0));
    assert_passes(f, "text", flags(RPC_RULE_UUID));
    assert_breaks(f, "text", flags(RPC_RULE_UUID | RPC_RULE_REQUIRED), "text", "must be a UUID");
}

static void an_empty_element_is_held_to_the_length(void **state) {
    struct fixture *f = *state;
    char *texts[] = {(char *)"a", (char *)""};
    f->all.n_texts = 2, f->all.texts = texts;
    assert_breaks(f, "texts", length(1, 9, 0), "texts[1]", "must be 1 to 9 characters");
    assert_passes(f, "texts", length(0, 9, 0));
}

static void uuids_are_recognised(void **state) {
    struct fixture *f = *state;
    f->all.text = (char *)"018f6b2e-7b1a-7c3d-9e4f-0123456789ab";
    assert_passes(f, "text", flags(RPC_RULE_UUID));
    f->all.text = (char *)"018f6b2e-7b1a-7c3d-9e4f-0123456789a";
    assert_breaks(f, "text", flags(RPC_RULE_UUID), "text", "must be a UUID");
}

static void integer_ranges_are_inclusive(void **state) {
    struct fixture *f = *state;
    f->all.i32 = 5, f->all.s64 = INT64_MIN, f->all.u64 = UINT64_MAX, f->all.f32 = UINT32_MAX;
    assert_passes(f, "i32", range(5, 5));
    assert_breaks(f, "i32", range(6, 9), "i32", "must be 6 to 9");
    assert_breaks(f, "i32", range(6, INT64_MAX), "i32", "must be at least 6");
    assert_breaks(f, "i32", range(INT64_MIN, 4), "i32", "must be at most 4");
    assert_passes(f, "s64", range(INT64_MIN, 0));
    assert_breaks(f, "u64", range(0, INT64_MAX - 1), "u64", "must be 0 to 9223372036854775806");
    assert_breaks(f, "u64", range(-9, -1), "u64", "must be -9 to -1");
    assert_passes(f, "f32", range(UINT32_MAX, UINT32_MAX));
    f->all.sf32 = -3;
    assert_passes(f, "sf32", range(-3, -3));
}

static void nan_is_in_no_real_range(void **state) {
    struct fixture *f = *state;
    struct rpc_field_rules rule = {.flags = RPC_RULE_REAL_RANGE, .real_min = 0, .real_max = 1.5};
    assert_passes(f, "big_real", rule);
    f->all.big_real = nan("");
    assert_breaks(f, "big_real", rule, "big_real", "must be 0 to 1.5");
    f->all.real = 1.5f;
    assert_passes(f, "real", rule);
    f->all.real = INFINITY;
    assert_breaks(f, "real", rule, "real", "must be 0 to 1.5");
}

static void only_defined_enum_values_pass(void **state) {
    struct fixture *f = *state;
    f->all.level = (CodecTest__Level)6;
    assert_passes(f, "level", flags(RPC_RULE_DEFINED_ENUM));
    f->all.level = (CodecTest__Level)3;
    assert_breaks(f, "level", flags(RPC_RULE_DEFINED_ENUM), "level",
                  "must be a defined value of Level");
}

static void items_are_counted(void **state) {
    struct fixture *f = *state;
    int32_t numbers[] = {1, 2, 3};
    f->all.n_i32s = 3, f->all.i32s = numbers;
    assert_passes(f, "i32s", items(1, 3, 0));
    assert_passes(f, "i32s", items(3, 0, 0));
    assert_breaks(f, "i32s", items(1, 2, 0), "i32s", "must have 1 to 2 items");
    assert_breaks(f, "i32s", items(4, 0, 0), "i32s", "must have at least 4 items");
    f->all.n_i32s = 0;
    assert_breaks(f, "i32s", items(1, 1, 0), "i32s", "must have exactly 1 item");
}

static void elements_are_held_to_the_other_rules(void **state) {
    struct fixture *f = *state;
    int32_t numbers[] = {1, 20, 3, 40};
    f->all.n_i32s = 4, f->all.i32s = numbers;
    assert_int_equal(check(f, "i32s", range(0, 9)), STATUS_INVALID_ARGUMENT);
    assert_int_equal(f->details.violation_count, 2);
    assert_string_equal(f->details.violations[0].field, "i32s[1]");
    assert_string_equal(f->details.violations[1].field, "i32s[3]");
}

static void duplicates_are_found(void **state) {
    struct fixture *f = *state;
    int32_t numbers[] = {5, -1, 7, -1};
    f->all.n_i32s = 4, f->all.i32s = numbers;
    assert_breaks(f, "i32s", flags(RPC_RULE_UNIQUE), "i32s", "must not hold an element twice");
    f->all.n_i32s = 3;
    assert_passes(f, "i32s", flags(RPC_RULE_UNIQUE));
    char *texts[] = {(char *)"b", (char *)"a", (char *)"b"};
    f->all.n_texts = 3, f->all.texts = texts;
    assert_breaks(f, "texts", flags(RPC_RULE_UNIQUE), "texts", "must not hold an element twice");
    ProtobufCBinaryData datas[] = {{0, NULL}, {1, (uint8_t *)"x"}, {0, NULL}};
    f->all.n_datas = 3, f->all.datas = datas;
    assert_breaks(f, "datas", flags(RPC_RULE_UNIQUE), "datas", "must not hold an element twice");
    f->all.n_datas = 2;
    assert_passes(f, "datas", flags(RPC_RULE_UNIQUE));
}

static void no_memory_for_duplicates_is_reported(void **state) {
    struct fixture *f = *state;
    int32_t numbers[1000] = {0};
    f->all.n_i32s = 1000, f->all.i32s = numbers;
    arena_done(&f->arena);
    arena_init(&f->arena, 4096);
    assert_int_equal(check(f, "i32s", flags(RPC_RULE_UNIQUE)), STATUS_RESOURCE_EXHAUSTED);
}

static void the_future_begins_after_now(void **state) {
    struct fixture *f = *state;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    struct rpc_field_rules rule = flags(RPC_RULE_FUTURE);
    assert_passes(f, "at", rule);
    f->all.at = &at;
    at.seconds = NOW_SECONDS;
    assert_breaks(f, "at", rule, "at", "must be in the future");
    at.nanos = 999;
    assert_breaks(f, "at", rule, "at", "must be in the future");
    at.nanos = 1000;
    assert_passes(f, "at", rule);
}

static void a_timestamp_must_be_one(void **state) {
    struct fixture *f = *state;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    f->all.at = &at;
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } bad[] = {{NOW_SECONDS * 2ll, -1},
               {NOW_SECONDS * 2ll, 1000000000},
               {INT64_MAX, 0},
               {INT64_MIN, 0},
               {INT64_C(253402300800), 0}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        at.seconds = bad[i].seconds, at.nanos = bad[i].nanos;
        assert_breaks(f, "at", flags(RPC_RULE_FUTURE), "at",
                      "must be a time of the years 1 to 9999, with nanos below 10^9");
    }
    at.seconds = INT64_C(253402300799), at.nanos = 999999999;
    assert_passes(f, "at", flags(RPC_RULE_FUTURE));
}

static void plain_text_keeps_what_scripts_need(void **state) {
    struct fixture *f = *state;
    static const char *const good[] = {
        "Caf\u00e9 \U0001f468\u200d\U0001f469", /* ZWJ */
        "\u0645\u06cc\u200c\u062e",             /* ZWNJ */
        "a\u200eb\u200fc",                      /* LRM, RLM */
        "a \u2067\u05d0\u2069 b",               /* a closed isolate */
        "a \u202b\u05d0\u202c b",               /* a closed embedding */
        "\u2067\u202b\u05d0\u202c\u2069",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        f->all.text = (char *)good[i];
        assert_passes(f, "text", flags(RPC_RULE_PLAIN_TEXT));
        assert_passes(f, "text", flags(RPC_RULE_PLAIN_TEXT | RPC_RULE_MULTILINE));
    }
}

static void plain_text_refuses_what_deceives(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "\x01",
        "a\x1b[2J",
        "\x7f",
        "\xc2\x85",
        "\xc2\x9f",
        "a\rb",
        "\u202da\u202c",            /* LRO */
        "\u202ea\u202c",            /* RLO */
        "a\u202b",                  /* never closed */
        "a\u2067",                  /* never closed */
        "a\u202c",                  /* never opened */
        "a\u2069",                  /* never opened */
        "\u2067\u202b\u2069\u202c", /* crossed */
        "\u2067a\nb\u2069",         /* across paragraphs */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        f->all.text = (char *)bad[i];
        assert_int_equal(check(f, "text", flags(RPC_RULE_PLAIN_TEXT)), STATUS_INVALID_ARGUMENT);
        assert_int_equal(check(f, "text", flags(RPC_RULE_PLAIN_TEXT | RPC_RULE_MULTILINE)),
                         STATUS_INVALID_ARGUMENT);
    }
}

static void only_multiline_text_has_lines(void **state) {
    struct fixture *f = *state;
    f->all.text = (char *)"one\n\ttwo";
    assert_passes(f, "text", flags(RPC_RULE_PLAIN_TEXT | RPC_RULE_MULTILINE));
    assert_breaks(f, "text", flags(RPC_RULE_PLAIN_TEXT), "text",
                  "must be one line of plain text, without control characters, direction "
                  "overrides or unclosed embeddings");
}

static void endless_embeddings_are_refused(void **state) {
    struct fixture *f = *state;
    char text[3 * 200 + 1] = "";
    for (int i = 0; i < 100; i++)
        memcpy(text + i * 3, "\u202b", 3);
    for (int i = 100; i < 200; i++)
        memcpy(text + i * 3, "\u202c", 3);
    f->all.text = text;
    assert_int_equal(check(f, "text", flags(RPC_RULE_PLAIN_TEXT)), STATUS_INVALID_ARGUMENT);
}

static void only_the_set_member_of_a_oneof_is_checked(void **state) {
    struct fixture *f = *state;
    assert_passes(f, "chosen_text", flags(RPC_RULE_REQUIRED));
    f->all.choice_case = CODEC_TEST__ALL__CHOICE_CHOSEN_NUMBER;
    f->all.chosen_number = 7;
    assert_passes(f, "chosen_text", flags(RPC_RULE_REQUIRED));
    assert_breaks(f, "chosen_number", range(8, 9), "chosen_number", "must be 8 to 9");
}

static void paths_name_every_step(void **state) {
    struct fixture *f = *state;
    const ProtobufCMessageDescriptor *node = &codec_test__node__descriptor;
    struct rpc_field_rules leaf = range(0, 9);
    leaf.field_index = index_of(node, "numbers");
    struct rpc_message_rules leaf_rules = {node, &leaf, 1};
    struct rpc_field_rules middle = {.inner = &leaf_rules, .field_index = index_of(node, "child")};
    struct rpc_message_rules middle_rules = {node, &middle, 1};
    struct rpc_field_rules top = {.inner = &middle_rules};

    int32_t numbers[] = {1, 10};
    CodecTest__Node child = CODEC_TEST__NODE__INIT;
    child.n_numbers = 2, child.numbers = numbers;
    CodecTest__Node parent = CODEC_TEST__NODE__INIT;
    parent.child = &child;
    CodecTest__Node empty = CODEC_TEST__NODE__INIT;
    CodecTest__Node *nodes[] = {&empty, &parent};
    f->all.n_nodes = 2, f->all.nodes = nodes;
    assert_breaks(f, "nodes", top, "nodes[1].child.numbers[1]", "must be 0 to 9");
}

static void recursive_rules_end(void **state) {
    struct fixture *f = *state;
    const ProtobufCMessageDescriptor *node = &codec_test__node__descriptor;
    struct rpc_message_rules rules;
    struct rpc_field_rules child = {.inner = &rules, .field_index = index_of(node, "child")};
    rules = (struct rpc_message_rules){node, &child, 1};
    CodecTest__Node nodes[200];
    for (int i = 0; i < 200; i++) {
        codec_test__node__init(&nodes[i]);
        nodes[i].child = i == 199 ? &nodes[0] : &nodes[i + 1]; /* a ring */
    }
    assert_int_equal(rpc_rules_check(&rules, &nodes[0].base, NOW_US, &f->arena, &f->details).code,
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(f->details.violation_count, 1);
}

static void all_violations_are_reported_up_to_the_limit(void **state) {
    struct fixture *f = *state;
    int32_t numbers[1000];
    for (int i = 0; i < 1000; i++)
        numbers[i] = 100;
    f->all.n_i32s = 1000, f->all.i32s = numbers;
    assert_int_equal(check(f, "i32s", range(0, 9)), STATUS_INVALID_ARGUMENT);
    assert_int_equal(f->details.violation_count, RPC_DETAILS_MAX_ENTRIES);
}

static void a_broken_rule_counts_without_memory_for_its_text(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    arena_init(&f->arena, 0);
    assert_int_equal(check(f, "text", flags(RPC_RULE_REQUIRED)), STATUS_INVALID_ARGUMENT);
    assert_int_equal(f->details.violation_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(no_rules_always_pass),
        TEST(the_status_has_its_reason),
        TEST(required_holds_for_every_type),
        TEST(length_counts_characters),
        TEST(length_counts_bytes_of_bytes),
        TEST(an_empty_string_passes_unless_required),
        TEST(an_empty_element_is_held_to_the_length),
        TEST(uuids_are_recognised),
        TEST(integer_ranges_are_inclusive),
        TEST(nan_is_in_no_real_range),
        TEST(only_defined_enum_values_pass),
        TEST(items_are_counted),
        TEST(elements_are_held_to_the_other_rules),
        TEST(duplicates_are_found),
        TEST(no_memory_for_duplicates_is_reported),
        TEST(the_future_begins_after_now),
        TEST(a_timestamp_must_be_one),
        TEST(plain_text_keeps_what_scripts_need),
        TEST(plain_text_refuses_what_deceives),
        TEST(only_multiline_text_has_lines),
        TEST(endless_embeddings_are_refused),
        TEST(only_the_set_member_of_a_oneof_is_checked),
        TEST(paths_name_every_step),
        TEST(recursive_rules_end),
        TEST(all_violations_are_reported_up_to_the_limit),
        TEST(a_broken_rule_counts_without_memory_for_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
