#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "codec_test.pb-c.h"
#include "rpc/codec.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"
#include "wire_writer.h"

/* Field numbers of codec_test.All and codec_test.Node. */
enum {
    ALL_I32 = 1,
    ALL_U64 = 4,
    ALL_REAL = 11,
    ALL_BIG_REAL = 12,
    ALL_TEXT = 14,
    ALL_DATA = 15,
    ALL_NODE = 17,
    ALL_I32S = 31,
    ALL_REALS = 37,
    ALL_TEXTS = 40,
    ALL_NODES = 43,
    ALL_EMPTIES = 44,
    ALL_COUNTS = 50,
    ALL_CHOSEN_TEXT = 60,
    ALL_CHOSEN_NUMBER = 61,
    ALL_CHOSEN_NODE = 62,
    ALL_MASK = 1000,
    NODE_CHILD = 1,
    NODE_NAME = 2,
    NODE_NUMBER = 3,
    NODE_NUMBERS = 4,
    UNKNOWN = 900,
};

enum { BOMB_BYTES = 512 * 1024, BUDGET_BYTES = 16 << 20 };

struct fixture {
    struct arena arena;
    struct wire_writer w;
    const char *field;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena, BUDGET_BYTES);
    *state = f;
    return f == NULL;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_done(&f->arena);
    wire_writer_done(&f->w);
    free(f);
    return 0;
}

/* Checks an exact copy on the heap, so that a sanitizer sees every byte read too far. */
static int checked(struct fixture *f) {
    uint8_t *copy = malloc(f->w.len + 1);
    memcpy(copy + 1, f->w.bytes == NULL ? (const uint8_t *)"" : f->w.bytes, f->w.len);
    struct status status = rpc_codec_check(&codec_test__all__descriptor, copy + 1, f->w.len,
                                           &rpc_codec_default_limits, &f->field);
    free(copy);
    return status.code;
}

static CodecTest__All *decoded(struct fixture *f) {
    ProtobufCMessage *message = NULL;
    struct status status =
        rpc_codec_decode(&codec_test__all__descriptor, f->w.bytes, f->w.len,
                         &rpc_codec_default_limits, &f->arena, &message, &f->field);
    assert_int_equal(status.code, STATUS_OK);
    return (CodecTest__All *)message;
}

static void put_raw(struct fixture *f, const char *bytes, size_t len) {
    wire_put(&f->w, bytes, len);
}

#define PUT_RAW(f, literal) put_raw(f, literal, sizeof(literal) - 1)

/* --- what passes --- */

static void an_empty_message_has_its_defaults(void **state) {
    struct fixture *f = *state;
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->i32, 0);
    assert_string_equal(all->text, "");
    assert_null(all->node);
}

static void fill(CodecTest__All *all, CodecTest__Node *node, CodecTest__All__CountsEntry *entry) {
    static int32_t i32s[] = {0, -1, 300};
    static int64_t i64s[] = {INT64_MIN, INT64_MAX};
    static int32_t s32s[] = {INT32_MIN, INT32_MAX, -1};
    static int64_t s64s[] = {INT64_MIN, INT64_MAX, -1};
    static uint32_t f32s[] = {1, UINT32_MAX};
    static uint64_t f64s[] = {1, UINT64_MAX};
    static float reals[] = {0.5f, -1e30f};
    static double big_reals[] = {0.25, 1e300};
    static protobuf_c_boolean flags[] = {1, 0, 1};
    static char *texts[] = {(char *)"", (char *)"a", (char *)"\u4f1a\u8a71"};
    static ProtobufCBinaryData datas[] = {{0, NULL}, {3, (uint8_t *)"\0\xff\1"}};
    static CodecTest__Level levels[] = {CODEC_TEST__LEVEL__LEVEL_C2};
    static CodecTest__Node *nodes[2];
    static CodecTest__All__CountsEntry *counts[1];
    all->i32 = -5, all->i64 = INT64_MIN, all->u32 = UINT32_MAX, all->u64 = UINT64_MAX;
    all->s32 = INT32_MIN, all->s64 = INT64_MIN, all->f32 = 7, all->f64 = 8, all->sf32 = -9;
    all->sf64 = -10, all->real = 1.5f, all->big_real = -2.5, all->flag = 1;
    all->text = (char *)"text", all->data = datas[1];
    all->level = CODEC_TEST__LEVEL__LEVEL_A1, all->node = node;
    all->n_i32s = 3, all->i32s = i32s, all->n_i64s = 2, all->i64s = i64s;
    all->n_s32s = 3, all->s32s = s32s, all->n_s64s = 3, all->s64s = s64s;
    all->n_f32s = 2, all->f32s = f32s, all->n_f64s = 2, all->f64s = f64s;
    all->n_reals = 2, all->reals = reals, all->n_big_reals = 2, all->big_reals = big_reals;
    all->n_flags = 3, all->flags = flags, all->n_texts = 3, all->texts = texts;
    all->n_datas = 2, all->datas = datas, all->n_levels = 1, all->levels = levels;
    nodes[0] = nodes[1] = node;
    all->n_nodes = 2, all->nodes = nodes, all->n_unpacked = 3, all->unpacked = i32s;
    counts[0] = entry;
    all->n_counts = 1, all->counts = counts;
    all->choice_case = CODEC_TEST__ALL__CHOICE_CHOSEN_NODE, all->chosen_node = node;
}

/* Packs one message that sets everything. */
static void put_everything(struct fixture *f) {
    CodecTest__Node child = CODEC_TEST__NODE__INIT;
    child.choice_case = CODEC_TEST__NODE__CHOICE_TEXT, child.text = (char *)"deep";
    CodecTest__Node node = CODEC_TEST__NODE__INIT;
    node.child = &child, node.name = (char *)"node";
    CodecTest__All__CountsEntry entry = CODEC_TEST__ALL__COUNTS_ENTRY__INIT;
    entry.key = (char *)"key", entry.value = 4;
    CodecTest__All all = CODEC_TEST__ALL__INIT;
    fill(&all, &node, &entry);
    size_t len = protobuf_c_message_get_packed_size(&all.base);
    uint8_t *bytes = malloc(len);
    protobuf_c_message_pack(&all.base, bytes);
    wire_put(&f->w, bytes, len);
    free(bytes);
}

static void every_kind_of_field_survives_a_round_trip(void **state) {
    struct fixture *f = *state;
    put_everything(f);
    CodecTest__All *copy = decoded(f);
    assert_int_equal(protobuf_c_message_get_packed_size(&copy->base), f->w.len);
    uint8_t *again = malloc(f->w.len);
    protobuf_c_message_pack(&copy->base, again);
    assert_memory_equal(again, f->w.bytes, f->w.len);
    free(again);
    assert_int_equal(copy->i32, -5);
    assert_int_equal(copy->s32s[0], INT32_MIN);
    assert_string_equal(copy->chosen_node->child->text, "deep");
    assert_string_equal(copy->counts[0]->key, "key");
}

static void packed_and_unpacked_numbers_mix(void **state) {
    struct fixture *f = *state;
    wire_put_number(&f->w, ALL_I32S, 1);
    wire_put_block(&f->w, ALL_I32S, "\2\3", 2);
    wire_put_block(&f->w, ALL_I32S, "", 0);
    wire_put_number(&f->w, ALL_I32, 9);
    wire_put_number(&f->w, ALL_I32S, 4);
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->n_i32s, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(all->i32s[i], i + 1);
}

static void unknown_fields_are_kept(void **state) {
    struct fixture *f = *state;
    wire_put_number(&f->w, UNKNOWN, 300);
    wire_put_text(&f->w, UNKNOWN, "more");
    PUT_RAW(f, "\xa1\x38"
               "12345678");
    PUT_RAW(f, "\xa5\x38"
               "1234");
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->base.n_unknown_fields, 4);
    assert_int_equal(protobuf_c_message_get_packed_size(&all->base), f->w.len);
    uint8_t *again = malloc(f->w.len);
    protobuf_c_message_pack(&all->base, again);
    assert_memory_equal(again, f->w.bytes, f->w.len);
    free(again);
}

static void a_oneof_set_twice_has_the_last_value(void **state) {
    struct fixture *f = *state;
    wire_put_text(&f->w, ALL_CHOSEN_TEXT, "first");
    wire_put_block(&f->w, ALL_CHOSEN_NODE, "\x18\x01", 2);
    wire_put_number(&f->w, ALL_CHOSEN_NUMBER, 7);
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->choice_case, CODEC_TEST__ALL__CHOICE_CHOSEN_NUMBER);
    assert_int_equal(all->chosen_number, 7);
}

static void a_oneof_can_go_from_a_number_to_a_message(void **state) {
    struct fixture *f = *state;
    wire_put_number(&f->w, ALL_CHOSEN_NUMBER, 7);
    wire_put_block(&f->w, ALL_CHOSEN_NODE, "\x18\x01", 2);
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->choice_case, CODEC_TEST__ALL__CHOICE_CHOSEN_NODE);
    assert_int_equal(all->chosen_node->number, 1);
}

static void a_singular_field_set_twice_has_the_last_value(void **state) {
    struct fixture *f = *state;
    wire_put_text(&f->w, ALL_TEXT, "first");
    wire_put_text(&f->w, ALL_TEXT, "second");
    assert_string_equal(decoded(f)->text, "second");
}

static void occurrences_of_a_submessage_are_merged(void **state) {
    struct fixture *f = *state;
    struct wire_writer node = {0};
    wire_put_number(&node, NODE_NUMBER, 5);
    wire_put_number(&node, NODE_NUMBERS, 1);
    wire_put_number(&node, UNKNOWN, 1);
    wire_put_block(&f->w, ALL_NODE, node.bytes, node.len);
    wire_writer_done(&node);
    wire_put_text(&node, NODE_NAME, "name");
    wire_put_number(&node, NODE_NUMBERS, 2);
    wire_put_number(&node, UNKNOWN, 2);
    wire_put_block(&f->w, ALL_NODE, node.bytes, node.len);
    wire_writer_done(&node);
    CodecTest__All *all = decoded(f);
    assert_int_equal(all->node->number, 5);
    assert_string_equal(all->node->name, "name");
    assert_int_equal(all->node->n_numbers, 2);
    assert_int_equal(all->node->numbers[0], 1);
    assert_int_equal(all->node->numbers[1], 2);
    assert_int_equal(all->node->base.n_unknown_fields, 2);
}

static void a_large_text_passes(void **state) {
    struct fixture *f = *state;
    char *text = malloc(4 << 20);
    memset(text, 'a', 4 << 20);
    wire_put_block(&f->w, ALL_TEXT, text, 4 << 20);
    free(text);
    assert_int_equal(strlen(decoded(f)->text), 4 << 20);
}

static void a_long_list_of_ordinary_messages_passes(void **state) {
    struct fixture *f = *state;
    for (unsigned i = 0; i < 20000; i++) {
        struct wire_writer node = {0};
        wire_put_text(&node, NODE_NAME, "018f6b2e-7b1a-7c3d-9e4f-0123456789ab");
        wire_put_number(&node, NODE_NUMBER, i);
        wire_put_block(&f->w, ALL_NODES, node.bytes, node.len);
        wire_writer_done(&node);
    }
    assert_int_equal(decoded(f)->n_nodes, 20000);
}

static void the_deepest_allowed_nesting_passes(void **state) {
    struct fixture *f = *state;
    wire_put_nested(&f->w, NODE_CHILD, 63);
    wire_wrap(&f->w, ALL_NODE);
    assert_int_equal(checked(f), STATUS_OK);
    assert_non_null(decoded(f)->node);
}

/* --- what is malformed: INTERNAL --- */

static void one_level_too_deep_is_refused(void **state) {
    struct fixture *f = *state;
    wire_put_nested(&f->w, NODE_CHILD, 64);
    wire_wrap(&f->w, ALL_NODE);
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void nesting_of_ten_thousand_is_refused(void **state) {
    struct fixture *f = *state;
    wire_put_nested(&f->w, NODE_CHILD, 10000);
    wire_wrap(&f->w, ALL_NODE);
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void every_truncation_is_refused(void **state) {
    struct fixture *f = *state;
    /* One field each, so that every proper prefix but the empty one ends inside it. */
    static const struct {
        const char *bytes;
        size_t len;
    } fields[] = {
        {"\x08\xff\xff\xff\xff\x07", 6},
        {"\x3d"
         "1234",
         5},
        {"\x41"
         "12345678",
         9},
        {"\x72\x03"
         "abc",
         5},
        {"\x8a\x01\x02\x18\x01", 5},
        {"\xfa\x01\x02\x96\x01", 5},
        {"\xa0\x38\x96\x01", 4},
        {"\xa5\x38"
         "1234",
         6},
        {"\xa1\x38"
         "12345678",
         10},
        {"\xa2\x38\x02"
         "ab",
         5},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        for (size_t len = 1; len < fields[i].len; len++) {
            f->w.len = 0;
            put_raw(f, fields[i].bytes, len);
            assert_int_equal(checked(f), STATUS_INTERNAL);
        }
        put_raw(f, fields[i].bytes + fields[i].len - 1, 1);
        assert_int_equal(checked(f), STATUS_OK);
    }
}

static void a_varint_of_eleven_bytes_is_refused(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00");
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void a_varint_beyond_64_bits_is_refused(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    assert_int_equal(checked(f), STATUS_OK);
    assert_true(decoded(f)->u64 == UINT64_MAX);
    f->w.len = 0;
    PUT_RAW(f, "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void field_number_zero_is_refused(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\x00\x01");
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void a_field_number_beyond_29_bits_is_refused(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\xf8\xff\xff\xff\x0f\x01");
    assert_int_equal(checked(f), STATUS_OK);
    f->w.len = 0;
    PUT_RAW(f, "\x80\x80\x80\x80\x10\x01");
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void a_wrong_wire_type_is_refused(void **state) {
    struct fixture *f = *state;
    wire_put_text(&f->w, ALL_I32, "a");
    assert_int_equal(checked(f), STATUS_INTERNAL);
    f->w.len = 0;
    wire_put_number(&f->w, ALL_TEXT, 1);
    assert_int_equal(checked(f), STATUS_INTERNAL);
    f->w.len = 0;
    wire_put_number(&f->w, ALL_REAL, 1);
    assert_int_equal(checked(f), STATUS_INTERNAL);
    f->w.len = 0;
    wire_put_number(&f->w, ALL_NODE, 1);
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void groups_and_reserved_wire_types_are_refused(void **state) {
    struct fixture *f = *state;
    for (unsigned type = 3; type < 8; type++) {
        if (type == 5)
            continue;
        f->w.len = 0;
        wire_put_tag(&f->w, UNKNOWN, type);
        wire_put_tag(&f->w, UNKNOWN, 4);
        assert_int_equal(checked(f), STATUS_INTERNAL);
    }
}

static void invalid_utf8_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"\xff", "abcdefgh\xc0\x80", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80", "longer text that ends \xe4\xbc"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        f->w.len = 0;
        wire_put_text(&f->w, ALL_TEXT, bad[i]);
        assert_int_equal(checked(f), STATUS_INTERNAL);
        f->w.len = 0;
        wire_put_text(&f->w, ALL_DATA, bad[i]);
        assert_int_equal(checked(f), STATUS_OK);
    }
}

static void invalid_utf8_in_a_map_key_is_refused(void **state) {
    struct fixture *f = *state;
    wire_put_text(&f->w, 1, "\xff");
    wire_wrap(&f->w, ALL_COUNTS);
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void a_submessage_that_ends_inside_a_field_is_refused(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\x8a\x01\x01\x18\x01");
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

static void a_packed_list_that_ends_inside_a_number_is_refused(void **state) {
    struct fixture *f = *state;
    wire_put_block(&f->w, ALL_REALS, "12345", 5);
    assert_int_equal(checked(f), STATUS_INTERNAL);
    PUT_RAW(f, "678"); /* what a reader that does not look would take for the rest */
    assert_int_equal(checked(f), STATUS_INTERNAL);
}

/* --- what is not acceptable: INVALID_ARGUMENT --- */

static void nul_in_a_string_names_the_field(void **state) {
    struct fixture *f = *state;
    wire_put_block(&f->w, ALL_TEXT, "abcdefghijk\0l", 13);
    assert_int_equal(checked(f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f->field, "text");
}

static void nul_is_found_at_every_position(void **state) {
    struct fixture *f = *state;
    for (size_t at = 0; at < 20; at++) {
        char text[20];
        memset(text, 1, sizeof(text));
        text[at] = '\0';
        f->w.len = 0;
        wire_put_block(&f->w, ALL_TEXT, text, sizeof(text));
        assert_int_equal(checked(f), STATUS_INVALID_ARGUMENT);
    }
}

static void nan_names_the_field(void **state) {
    struct fixture *f = *state;
    float real = nanf("");
    wire_put_tag(&f->w, ALL_REAL, 5);
    wire_put(&f->w, &real, sizeof(real));
    assert_int_equal(checked(f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f->field, "real");
    f->w.len = 0;
    double big_real = -nan("");
    wire_put_tag(&f->w, ALL_BIG_REAL, 1);
    wire_put(&f->w, &big_real, sizeof(big_real));
    assert_int_equal(checked(f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f->field, "big_real");
}

static void nan_in_a_packed_list_is_refused(void **state) {
    struct fixture *f = *state;
    float reals[] = {1, nanf("")};
    wire_put_block(&f->w, ALL_REALS, reals, sizeof(reals));
    assert_int_equal(checked(f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f->field, "reals");
}

static void infinity_passes(void **state) {
    struct fixture *f = *state;
    float real = INFINITY;
    wire_put_tag(&f->w, ALL_REAL, 5);
    wire_put(&f->w, &real, sizeof(real));
    assert_int_equal(checked(f), STATUS_OK);
}

static void the_field_is_untouched_otherwise(void **state) {
    struct fixture *f = *state;
    PUT_RAW(f, "\x00");
    assert_int_equal(checked(f), STATUS_INTERNAL);
    assert_null(f->field);
}

/* --- what is too much: RESOURCE_EXHAUSTED --- */

static void unknown_fields_beyond_the_limit_are_refused(void **state) {
    struct fixture *f = *state;
    for (unsigned i = 0; i < 1000000; i++)
        PUT_RAW(f, "\xa0\x38\x01");
    assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
}

static void packed_numbers_beyond_the_limit_are_refused(void **state) {
    struct fixture *f = *state;
    uint8_t *zeros = calloc(1, BOMB_BYTES);
    wire_put_block(&f->w, ALL_I32S, zeros, BOMB_BYTES);
    free(zeros);
    assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
}

static void bombs_of_tiny_elements_are_refused(void **state) {
    struct fixture *f = *state;
    static const uint32_t lists[] = {ALL_TEXTS, ALL_NODES, ALL_EMPTIES, ALL_COUNTS};
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        f->w.len = 0;
        while (f->w.len < BOMB_BYTES)
            wire_put_block(&f->w, lists[i], "", 0);
        assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
    }
}

static void memory_is_limited_below_the_element_limit(void **state) {
    struct fixture *f = *state;
    for (unsigned i = 0; i < 90000; i++)
        wire_put_block(&f->w, ALL_NODES, "", 0);
    assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
}

static void a_quadratic_merge_is_refused(void **state) {
    struct fixture *f = *state;
    while (f->w.len < BOMB_BYTES)
        wire_put_block(&f->w, ALL_MASK, "\x0a\x00\x0a\x00", 4);
    assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
}

static void a_submessage_may_occur_nine_times(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 9; i++)
        wire_put_block(&f->w, ALL_NODE, "\x20\x01", 2);
    assert_int_equal(checked(f), STATUS_OK);
    assert_int_equal(decoded(f)->node->n_numbers, 9);
    wire_put_block(&f->w, ALL_NODE, "\x20\x01", 2);
    assert_int_equal(checked(f), STATUS_RESOURCE_EXHAUSTED);
}

static void the_callers_memory_limit_holds(void **state) {
    struct fixture *f = *state;
    wire_put_text(&f->w, ALL_TEXT, "some text that takes memory");
    struct rpc_codec_limits limits = rpc_codec_default_limits;
    limits.max_memory_bytes = sizeof(CodecTest__All) + 64;
    assert_int_equal(
        rpc_codec_check(&codec_test__all__descriptor, f->w.bytes, f->w.len, &limits, NULL).code,
        STATUS_OK);
    limits.max_memory_bytes = sizeof(CodecTest__All) + 16;
    assert_int_equal(
        rpc_codec_check(&codec_test__all__descriptor, f->w.bytes, f->w.len, &limits, NULL).code,
        STATUS_RESOURCE_EXHAUSTED);
}

/* The least that the check must be allowed for these bytes to pass. */
static size_t counted_memory(struct fixture *f) {
    size_t low = 0;
    size_t high = BUDGET_BYTES;
    while (high - low > 1) {
        struct rpc_codec_limits limits = rpc_codec_default_limits;
        limits.max_memory_bytes = low + (high - low) / 2;
        struct status status =
            rpc_codec_check(&codec_test__all__descriptor, f->w.bytes, f->w.len, &limits, NULL);
        if (status_is_ok(status))
            high = limits.max_memory_bytes;
        else
            low = limits.max_memory_bytes;
    }
    return high;
}

/* Decodes into one block of the size that was counted. */
static void assert_counted_memory_suffices(struct fixture *f) {
    enum { BLOCK_HEADER_BYTES = 32 };
    /* AddressSanitizer's arena keeps its distance between allocations. */
    size_t room = counted_memory(f) * (ARENA_POISONS ? 2 : 1) + BLOCK_HEADER_BYTES;
    arena_done(&f->arena);
    arena_init(&f->arena, room);
    f->arena.block_bytes = room;
    assert_non_null(decoded(f));
}

static void the_memory_of_lists_is_counted(void **state) {
    struct fixture *f = *state;
    /* One element of four bytes each, so that every list is rounded up. */
    static const uint32_t lists[] = {31, 33, 39, 42, 45};
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        wire_put_number(&f->w, lists[i], 1);
    wire_put_block(&f->w, 35, "1234", 4);
    wire_put_block(&f->w, ALL_REALS, "1234", 4);
    wire_put_text(&f->w, ALL_TEXTS, "a");
    wire_put_number(&f->w, UNKNOWN, 1);
    assert_counted_memory_suffices(f);
}

static void the_memory_of_merging_is_counted(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 9; i++) {
        struct wire_writer node = {0};
        for (int k = 0; k < 100; k++)
            wire_put_number(&node, NODE_NUMBERS, 1);
        wire_put_block(&f->w, ALL_NODE, node.bytes, node.len);
        wire_writer_done(&node);
    }
    assert_counted_memory_suffices(f);
}

static void a_full_arena_is_reported(void **state) {
    struct fixture *f = *state;
    char text[20000];
    memset(text, 'a', sizeof(text));
    wire_put_block(&f->w, ALL_TEXT, text, sizeof(text));
    arena_done(&f->arena);
    arena_init(&f->arena, 16384);
    ProtobufCMessage *message = NULL;
    struct status status = rpc_codec_decode(&codec_test__all__descriptor, f->w.bytes, f->w.len,
                                            &rpc_codec_default_limits, &f->arena, &message, NULL);
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    assert_null(message);
}

static void every_failed_allocation_is_reported(void **state) {
    struct fixture *f = *state;
    put_everything(f);
    size_t tried = 0;
    for (size_t n = 1;; n++) {
        arena_done(&f->arena);
        arena_init(&f->arena, BUDGET_BYTES);
        f->arena.block_bytes = 64; /* nearly every allocation asks the system */
        ProtobufCMessage *message = NULL;
        alloc_fault_fail_from(n); /* the arena tries twice */
        struct status status =
            rpc_codec_decode(&codec_test__all__descriptor, f->w.bytes, f->w.len,
                             &rpc_codec_default_limits, &f->arena, &message, NULL);
        tried = alloc_fault_end();
        if (tried < n)
            break;
        assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
        assert_null(message);
    }
    assert_in_range(tried, 20, 1000);
}

static void protobuf_c_can_allocate_from_an_arena(void **state) {
    struct fixture *f = *state;
    ProtobufCAllocator allocator = rpc_arena_allocator(&f->arena);
    CodecTest__Node *node = codec_test__node__unpack(&allocator, 5,
                                                     (const uint8_t *)"\x12\x03"
                                                                      "abc");
    assert_string_equal(node->name, "abc");
    codec_test__node__free_unpacked(node, &allocator);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_message_has_its_defaults),
        TEST(every_kind_of_field_survives_a_round_trip),
        TEST(packed_and_unpacked_numbers_mix),
        TEST(unknown_fields_are_kept),
        TEST(a_oneof_set_twice_has_the_last_value),
        TEST(a_oneof_can_go_from_a_number_to_a_message),
        TEST(a_singular_field_set_twice_has_the_last_value),
        TEST(occurrences_of_a_submessage_are_merged),
        TEST(a_large_text_passes),
        TEST(a_long_list_of_ordinary_messages_passes),
        TEST(the_deepest_allowed_nesting_passes),
        TEST(one_level_too_deep_is_refused),
        TEST(nesting_of_ten_thousand_is_refused),
        TEST(every_truncation_is_refused),
        TEST(a_varint_of_eleven_bytes_is_refused),
        TEST(a_varint_beyond_64_bits_is_refused),
        TEST(field_number_zero_is_refused),
        TEST(a_field_number_beyond_29_bits_is_refused),
        TEST(a_wrong_wire_type_is_refused),
        TEST(groups_and_reserved_wire_types_are_refused),
        TEST(invalid_utf8_is_refused),
        TEST(invalid_utf8_in_a_map_key_is_refused),
        TEST(a_submessage_that_ends_inside_a_field_is_refused),
        TEST(a_packed_list_that_ends_inside_a_number_is_refused),
        TEST(nul_in_a_string_names_the_field),
        TEST(nul_is_found_at_every_position),
        TEST(nan_names_the_field),
        TEST(nan_in_a_packed_list_is_refused),
        TEST(infinity_passes),
        TEST(the_field_is_untouched_otherwise),
        TEST(unknown_fields_beyond_the_limit_are_refused),
        TEST(packed_numbers_beyond_the_limit_are_refused),
        TEST(bombs_of_tiny_elements_are_refused),
        TEST(memory_is_limited_below_the_element_limit),
        TEST(a_quadratic_merge_is_refused),
        TEST(a_submessage_may_occur_nine_times),
        TEST(the_callers_memory_limit_holds),
        TEST(the_memory_of_lists_is_counted),
        TEST(the_memory_of_merging_is_counted),
        TEST(a_full_arena_is_reported),
        TEST(every_failed_allocation_is_reported),
        TEST(protobuf_c_can_allocate_from_an_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
