#include "live/wire.h"

#include <string.h>

enum { TYPE_VARINT = 0, TYPE_I64 = 1, TYPE_LEN = 2 };

void live_wire_raw(struct live_wire *wire, const void *bytes, size_t len_bytes) {
    if (wire->failed || len_bytes > LIVE_WIRE_BYTES - wire->len) {
        wire->failed = true;
        return;
    }
    memcpy(wire->bytes + wire->len, bytes, len_bytes);
    wire->len += len_bytes;
}

void live_wire_varint(struct live_wire *wire, uint64_t value) {
    uint8_t bytes[10];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (uint8_t)(value | 0x80);
    bytes[len++] = (uint8_t)value;
    live_wire_raw(wire, bytes, len);
}

static void put_tag(struct live_wire *wire, uint32_t field, uint32_t type) {
    live_wire_varint(wire, (uint64_t)field << 3 | type);
}

void live_wire_head(struct live_wire *wire, uint32_t field, size_t len_bytes) {
    put_tag(wire, field, TYPE_LEN);
    live_wire_varint(wire, len_bytes);
}

void live_wire_uint(struct live_wire *wire, uint32_t field, uint64_t value) {
    if (value == 0)
        return;
    put_tag(wire, field, TYPE_VARINT);
    live_wire_varint(wire, value);
}

void live_wire_fixed64(struct live_wire *wire, uint32_t field, uint64_t value) {
    if (value == 0)
        return;
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    put_tag(wire, field, TYPE_I64);
    live_wire_raw(wire, bytes, sizeof bytes);
}

void live_wire_text(struct live_wire *wire, uint32_t field, const char *text) {
    size_t len = strlen(text);
    if (len == 0)
        return;
    live_wire_head(wire, field, len);
    live_wire_raw(wire, text, len);
}

void live_wire_message(struct live_wire *wire, uint32_t field, const struct live_wire *message) {
    live_wire_head(wire, field, message->len);
    live_wire_raw(wire, message->bytes, message->len);
    wire->failed |= message->failed;
}

void live_wire_time(struct live_wire *wire, uint32_t field, int64_t wall_us) {
    struct live_wire time;
    live_wire_init(&time);
    live_wire_uint(&time, 1, (uint64_t)(wall_us / 1000000));
    live_wire_uint(&time, 2, (uint64_t)(wall_us / 1000 % 1000) * 1000000);
    live_wire_message(wire, field, &time);
}
