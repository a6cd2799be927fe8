/*
 * What hostile messages cost: each of 512 KiB, refused within 20 ms and 4 MiB; and, beside them,
 * what an ordinary small message costs. Exit code 1 when a bomb costs more than it may.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zlib.h>

#include "codec_test.pb-c.h"
#include "rpc/codec.h"
#include "unit/rpc/wire_writer.h"

enum {
    BOMB_BYTES = 512 * 1024,
    BUDGET_BYTES = 16 << 20,
    MAX_MESSAGE_BYTES = 4 << 20,
    MAX_MS = 20,
    MAX_KIB = 4096,
    ROUNDS = 5,
};

struct outcome {
    int32_t code;
    double ms;  /* the slowest of the rounds */
    size_t kib; /* by which the process grew */
    size_t arena_kib;
};

/* Processor time: other programs on the machine do not count. */
static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A line of /proc/self/status, in KiB. */
static size_t process_kib(const char *name) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;
    size_t len = strlen(name);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, len) == 0)
            kib = strtoul(line + len, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

static void forget_peak(void) {
    malloc_trim(0);
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

static int32_t explode(const ProtobufCMessageDescriptor *descriptor, const struct wire_writer *bomb,
                       bool is_gzip, struct arena *arena) {
    if (is_gzip) {
        uint8_t *bytes;
        size_t len;
        return rpc_codec_inflate(RPC_ENCODING_GZIP, bomb->bytes, bomb->len, MAX_MESSAGE_BYTES,
                                 arena, &bytes, &len)
            .code;
    }
    ProtobufCMessage *message;
    return rpc_codec_decode(descriptor, bomb->bytes, bomb->len, &rpc_codec_default_limits, arena,
                            &message, NULL)
        .code;
}

static struct outcome measure(const ProtobufCMessageDescriptor *descriptor,
                              const struct wire_writer *bomb, bool is_gzip) {
    struct outcome outcome = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena;
        arena_init(&arena, BUDGET_BYTES);
        forget_peak();
        size_t before = process_kib("VmRSS:");
        double begin = now_ms();
        outcome.code = explode(descriptor, bomb, is_gzip, &arena);
        double ms = now_ms() - begin;
        size_t peak = process_kib("VmHWM:");
        outcome.ms = ms > outcome.ms ? ms : outcome.ms;
        outcome.kib = peak > before + outcome.kib ? peak - before : outcome.kib;
        outcome.arena_kib = arena.used_bytes / 1024;
        arena_done(&arena);
    }
    return outcome;
}

/* Prints a line and ends the bomb; answers whether it cost no more than it may. */
static bool report(const char *name, const ProtobufCMessageDescriptor *descriptor,
                   struct wire_writer *bomb, bool is_gzip) {
    struct outcome o = measure(descriptor, bomb, is_gzip);
    bool is_fine = o.ms < MAX_MS && o.kib < MAX_KIB;
    printf("%-44s %8zu  %-18s %8.3f %8zu %8zu  %s\n", name, bomb->len, status_code_name(o.code),
           o.ms, o.arena_kib, o.kib, is_fine ? "ok" : "TOO MUCH");
    wire_writer_done(bomb);
    return is_fine;
}

/* Repeats a block until the bomb is as long as it is to be. */
static void fill(struct wire_writer *bomb, const void *block, size_t len) {
    while (bomb->len + len <= BOMB_BYTES)
        wire_put(bomb, block, len);
}

static void gzip_zeros(struct wire_writer *bomb, size_t mib) {
    static uint8_t zeros[1 << 20];
    static uint8_t out[1 << 16];
    z_stream stream = {0};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    for (size_t i = 0; i <= mib; i++) {
        stream.next_in = zeros;
        stream.avail_in = i < mib ? sizeof(zeros) : 0;
        do {
            stream.next_out = out;
            stream.avail_out = sizeof(out);
            deflate(&stream, i < mib ? Z_NO_FLUSH : Z_FINISH);
            wire_put(bomb, out, sizeof(out) - stream.avail_out);
        } while (stream.avail_out == 0);
    }
    deflateEnd(&stream);
}

static bool bombs_of_structure(void) {
    const ProtobufCMessageDescriptor *node = &codec_test__node__descriptor;
    const ProtobufCMessageDescriptor *all = &codec_test__all__descriptor;
    struct wire_writer bomb = {0};
    bool is_fine = true;
    wire_put_nested(&bomb, 1, 10000);
    is_fine &= report("nesting, 10,000 levels", node, &bomb, false);
    wire_put_nested(&bomb, 1, 120000);
    is_fine &= report("nesting, 120,000 levels", node, &bomb, false);
    for (int i = 0; i < 1000000; i++)
        wire_put(&bomb, "\x38\x01", 2);
    is_fine &= report("a million unknown fields", node, &bomb, false);
    fill(&bomb, "\x38\x01", 2);
    is_fine &= report("unknown fields", node, &bomb, false);
    fill(&bomb, "\x3b\x3c", 2);
    is_fine &= report("unknown groups", node, &bomb, false);
    fill(&bomb, "\xc2\x3e\x02\x0a\x00", 5);
    is_fine &= report("one FieldMask, again and again", all, &bomb, false);
    for (int i = 0; i < 9; i++) {
        struct wire_writer mask = {0};
        while (mask.len < BOMB_BYTES / 9)
            wire_put(&mask, "\x0a\x00", 2);
        wire_put_block(&bomb, 1000, mask.bytes, mask.len);
        wire_writer_done(&mask);
    }
    is_fine &= report("one FieldMask, nine times, large", all, &bomb, false);
    fill(&bomb, "\xf2\x03\x00\xe2\x03\x01x", 7);
    is_fine &= report("a oneof, set and set again", all, &bomb, false);
    return is_fine;
}

static bool bombs_of_elements(void) {
    const ProtobufCMessageDescriptor *all = &codec_test__all__descriptor;
    struct wire_writer bomb = {0};
    bool is_fine = true;
    fill(&bomb, "\x92\x03\x00", 3);
    is_fine &= report("empty map entries", all, &bomb, false);
    fill(&bomb, "\xc2\x02\x00", 3);
    is_fine &= report("empty strings", all, &bomb, false);
    fill(&bomb, "\xc2\x02\x01x", 4);
    is_fine &= report("strings of one byte", all, &bomb, false);
    fill(&bomb, "\xe2\x02\x00", 3);
    is_fine &= report("empty submessages", all, &bomb, false);
    fill(&bomb, "\xda\x02\x02\x12\x00", 5);
    is_fine &= report("submessages with an empty string", all, &bomb, false);
    fill(&bomb,
         "\xda\x02\x14\x12\x12"
         "eighteen character",
         23);
    is_fine &= report("the same with 18 characters (legitimate)", all, &bomb, false);
    uint8_t *zeros = calloc(1, BOMB_BYTES);
    wire_put_block(&bomb, 32, zeros, BOMB_BYTES);
    is_fine &= report("packed int64 zeros", all, &bomb, false);
    wire_put_block(&bomb, 36, zeros, BOMB_BYTES);
    is_fine &= report("packed fixed64 (legitimate)", all, &bomb, false);
    free(zeros);
    return is_fine;
}

static bool bombs_of_bytes(void) {
    const ProtobufCMessageDescriptor *all = &codec_test__all__descriptor;
    struct wire_writer bomb = {0};
    bool is_fine = true;
    fill(&bomb, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12);
    is_fine &= report("overlong varints", all, &bomb, false);
    fill(&bomb, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11);
    is_fine &= report("varints of ten bytes (legitimate)", all, &bomb, false);
    char *text = malloc(BOMB_BYTES);
    if (text == NULL)
        abort();
    for (size_t i = 0; i < BOMB_BYTES; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    wire_put_block(&bomb, 14, text, BOMB_BYTES);
    is_fine &= report("two-byte characters (legitimate)", all, &bomb, false);
    text[BOMB_BYTES - 1] = '\xff';
    wire_put_block(&bomb, 14, text, BOMB_BYTES);
    is_fine &= report("the same, the last one broken", all, &bomb, false);
    free(text);
    gzip_zeros(&bomb, 512);
    is_fine &= report("gzip of 512 MiB of zeros", all, &bomb, true);
    return is_fine;
}

static void measure_small_message(void) {
    enum { TIMES = 1000000 };
    struct wire_writer w = {0};
    wire_put_text(&w, 2, "018f6b2e-7b1a-7c3d-9e4f-0123456789ab");
    wire_put_number(&w, 3, 300);
    wire_put_text(&w, 5, "Ada Lovelace");
    const ProtobufCMessageDescriptor *node = &codec_test__node__descriptor;
    double begin = now_ms();
    int32_t codes = 0;
    for (int i = 0; i < TIMES; i++)
        codes |= rpc_codec_check(node, w.bytes, w.len, &rpc_codec_default_limits, NULL).code;
    double check_ns = (now_ms() - begin) * 1e6 / TIMES;

    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    ProtobufCMessage *message = NULL;
    begin = now_ms();
    for (int i = 0; i < TIMES; i++) {
        codes |= rpc_codec_decode(node, w.bytes, w.len, &rpc_codec_default_limits, &arena, &message,
                                  NULL)
                     .code;
        arena_reset(&arena);
    }
    double decode_ns = (now_ms() - begin) * 1e6 / TIMES;

    ProtobufCAllocator allocator = rpc_arena_allocator(&arena);
    begin = now_ms();
    for (int i = 0; i < TIMES; i++) {
        message = protobuf_c_message_unpack(node, &allocator, w.len, w.bytes);
        codes |= message == NULL;
        arena_reset(&arena);
    }
    double unpack_ns = (now_ms() - begin) * 1e6 / TIMES;
    arena_done(&arena);
    printf("\na message of three fields, %zu bytes: check %.0f ns, check and unpack %.0f ns; "
           "protobuf-c's unpack alone %.0f ns%s\n",
           w.len, check_ns, decode_ns, unpack_ns, codes == 0 ? "" : " (failed)");
    wire_writer_done(&w);
}

int main(void) {
    printf("%-44s %8s  %-18s %8s %8s %8s\n", "512 KiB of", "bytes", "status", "ms", "arena KiB",
           "KiB");
    bool is_fine = bombs_of_structure();
    is_fine &= bombs_of_elements();
    is_fine &= bombs_of_bytes();
    measure_small_message();
    return is_fine ? 0 : 1;
}
