/*
 * UUIDs: version 7 (RFC 9562), time-ordered, so that they index well; and their text form.
 *
 * Thread-safety: all functions may be called from any thread. uuid_v7 is strictly increasing within
 * one generator, also when the wall clock stands still or steps back.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <stdatomic.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct clock;

struct uuid {
    uint8_t bytes[16];
};

enum { UUID_TEXT_BYTES = 37 }; /* 36 characters and the terminator */

#ifndef __cplusplus /* atomics of C */

struct uuid_generator {
    const struct clock *clock;
    _Atomic uint64_t last; /* milliseconds << 12 | counter of the newest UUID */
};

void uuid_generator_init(struct uuid_generator *generator, const struct clock *clock);

/* False when the system has no randomness to give; *ret_uuid is then untouched. */
bool uuid_v7(struct uuid_generator *generator, struct uuid *ret_uuid);

#endif

/* Lower case, with hyphens, terminated. */
void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_BYTES]);

/* Accepts 36 characters, either case, hyphens in their places; any version and variant. */
bool uuid_parse(const char *text, size_t len_bytes, struct uuid *ret_uuid);

#ifdef __cplusplus
}
#endif

#endif
