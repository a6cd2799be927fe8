/*
 * Time, as something that is passed in: the system's, or one that a test moves by hand.
 *
 * Thread-safety: reading is safe from any thread; so is moving a fake clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#ifndef __cplusplus
#include <stdatomic.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct clock {
    int64_t (*wall_us)(const struct clock *clock);      /* microseconds since 1970, UTC */
    int64_t (*monotonic_us)(const struct clock *clock); /* microseconds since some start */
};

/* The system's clocks. Static; never freed. */
const struct clock *clock_system(void);

static inline int64_t clock_wall_us(const struct clock *clock) {
    return clock->wall_us(clock);
}

static inline int64_t clock_monotonic_us(const struct clock *clock) {
    return clock->monotonic_us(clock);
}

#ifndef __cplusplus /* atomics of C */

/* A clock that stands still until it is told to move. */
struct fake_clock {
    struct clock base;
    _Atomic int64_t wall_now_us;
    _Atomic int64_t monotonic_now_us;
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_us);
/* Moves both clocks forward. */
void fake_clock_advance(struct fake_clock *fake, int64_t by_us);
/* Sets the wall clock alone, as an administrator or NTP would. */
void fake_clock_set_wall(struct fake_clock *fake, int64_t wall_us);

#endif

#ifdef __cplusplus
}
#endif

#endif
