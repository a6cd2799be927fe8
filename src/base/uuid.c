#include "base/uuid.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/*
 * RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 bits (here the counter of method 1 in
 * section 6.2), variant, 62 random bits.
 */
enum { COUNTER_BITS = 12, RANDOM_BYTES = 8 };

void uuid_generator_init(struct uuid_generator *generator, const struct clock *clock) {
    generator->clock = clock;
    atomic_init(&generator->last, 0);
}

/*
 * The next of a strictly increasing row of (milliseconds, counter): the clock's time when it has
 * moved on, otherwise one more than the last. A full counter carries into the milliseconds, which
 * then run ahead of the clock until it catches up.
 */
static uint64_t next_tick(struct uuid_generator *generator) {
    int64_t wall_us = clock_wall_us(generator->clock);
    uint64_t now = wall_us > 0 ? (uint64_t)(wall_us / 1000) << COUNTER_BITS : 0;
    uint64_t last = atomic_load_explicit(&generator->last, memory_order_relaxed);
    uint64_t next;
    do {
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak_explicit(&generator->last, &last, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return next;
}

static bool random_bytes(void *ret_bytes, size_t len_bytes) {
    ssize_t got; /* up to 256 bytes come whole, or not at all */
    do {
        got = getrandom(ret_bytes, len_bytes, 0);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)len_bytes;
}

bool uuid_v7(struct uuid_generator *generator, struct uuid *ret_uuid) {
    struct uuid uuid;
    if (!random_bytes(uuid.bytes + sizeof uuid.bytes - RANDOM_BYTES, RANDOM_BYTES))
        return false;
    uint64_t tick = next_tick(generator);
    uint64_t milliseconds = tick >> COUNTER_BITS;
    for (int i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    uuid.bytes[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0F));
    uuid.bytes[7] = (uint8_t)tick;
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3F));
    *ret_uuid = uuid;
    return true;
}

static bool hyphen_before(size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = digits[uuid->bytes[i] >> 4];
        *out++ = digits[uuid->bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, size_t len_bytes, struct uuid *ret_uuid) {
    struct uuid uuid;
    if (len_bytes != UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        if (hyphen_before(i) && *text++ != '-')
            return false;
        int high = hex_value(text[0]), low = hex_value(text[1]);
        if (high < 0 || low < 0)
            return false;
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    *ret_uuid = uuid;
    return true;
}
