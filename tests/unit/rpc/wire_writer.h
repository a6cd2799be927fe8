/*
 * Writes protobuf bytes by hand, well-formed or not, for tests, fuzz seeds and the bench.
 *
 * Ownership: the bytes are on the heap; wire_writer_done() frees them. Aborts without memory.
 * Thread-safety: none.
 */
#ifndef TESTS_WIRE_WRITER_H
#define TESTS_WIRE_WRITER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct wire_writer {
    uint8_t *bytes;
    size_t len;
    size_t capacity;
};

static inline void wire_put(struct wire_writer *w, const void *bytes, size_t len) {
    if (w->capacity - w->len < len) {
        w->capacity = (w->capacity + len) * 2;
        w->bytes = realloc(w->bytes, w->capacity);
        if (w->bytes == NULL)
            abort();
    }
    if (len > 0)
        memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static inline void wire_put_varint(struct wire_writer *w, uint64_t value) {
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        wire_put(w, &byte, 1);
        value >>= 7;
    } while (value != 0);
}

static inline void wire_put_tag(struct wire_writer *w, uint32_t number, unsigned type) {
    wire_put_varint(w, (uint64_t)number << 3 | type);
}

static inline void wire_put_number(struct wire_writer *w, uint32_t number, uint64_t value) {
    wire_put_tag(w, number, 0);
    wire_put_varint(w, value);
}

static inline void wire_put_block(struct wire_writer *w, uint32_t number, const void *bytes,
                                  size_t len) {
    wire_put_tag(w, number, 2);
    wire_put_varint(w, len);
    wire_put(w, bytes, len);
}

static inline void wire_put_text(struct wire_writer *w, uint32_t number, const char *text) {
    wire_put_block(w, number, text, strlen(text));
}

/* Puts what has been written so far into a submessage of that field number. */
static inline void wire_wrap(struct wire_writer *w, uint32_t number) {
    struct wire_writer outer = {0};
    wire_put_block(&outer, number, w->bytes, w->len);
    free(w->bytes);
    *w = outer;
}

/* `depth` messages inside each other, each as field `number` of the one around it. */
static inline void wire_put_nested(struct wire_writer *w, uint32_t number, size_t depth) {
    /* Lengths first, from the innermost outwards; then they are written from outside in. */
    size_t *lengths = calloc(depth + 1, sizeof(*lengths));
    if (lengths == NULL)
        abort();
    for (size_t i = 1; i <= depth; i++) {
        struct wire_writer header = {0};
        wire_put_tag(&header, number, 2);
        wire_put_varint(&header, lengths[i - 1]);
        lengths[i] = lengths[i - 1] + header.len;
        free(header.bytes);
    }
    for (size_t i = depth; i > 0; i--) {
        wire_put_tag(w, number, 2);
        wire_put_varint(w, lengths[i - 1]);
    }
    free(lengths);
}

static inline void wire_writer_done(struct wire_writer *w) {
    free(w->bytes);
    memset(w, 0, sizeof(*w));
}

#endif
