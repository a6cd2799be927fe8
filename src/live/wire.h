/*
 * Writing protobuf fields by hand, into a buffer of fixed size: for the few messages that are made
 * per write. Internal to live.
 *
 * Thread-safety: one thread at a time.
 */
#ifndef LIVE_WIRE_H
#define LIVE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the largest: a goodbye or progress with 32 positions is under 3 KiB. */
enum { LIVE_WIRE_BYTES = 4096 };

struct live_wire {
    size_t len;
    bool failed; /* it did not fit */
    uint8_t bytes[LIVE_WIRE_BYTES];
};

/* Leaves the bytes as they are. */
static inline void live_wire_init(struct live_wire *wire) {
    wire->len = 0;
    wire->failed = false;
}

void live_wire_raw(struct live_wire *wire, const void *bytes, size_t len_bytes);
void live_wire_varint(struct live_wire *wire, uint64_t value);
/* Tag of a length-delimited field, and its length. */
void live_wire_head(struct live_wire *wire, uint32_t field, size_t len_bytes);
/* Fields; those that are zero or empty are left out, as proto3 does. */
void live_wire_uint(struct live_wire *wire, uint32_t field, uint64_t value);
void live_wire_fixed64(struct live_wire *wire, uint32_t field, uint64_t value);
void live_wire_text(struct live_wire *wire, uint32_t field, const char *text);
/* A submessage, also when it is empty. */
void live_wire_message(struct live_wire *wire, uint32_t field, const struct live_wire *message);
/* google.protobuf.Timestamp, cut to milliseconds as the contract says. */
void live_wire_time(struct live_wire *wire, uint32_t field, int64_t wall_us);

#endif
