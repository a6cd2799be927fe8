#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_wall_us(const struct clock *clock) {
    (void)clock;
    return read_us(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(const struct clock *clock) {
    (void)clock;
    return read_us(CLOCK_MONOTONIC);
}

const struct clock *clock_system(void) {
    static const struct clock system_clock = {system_wall_us, system_monotonic_us};
    return &system_clock;
}

/* `base` is the first member, so its address is the fake's. */
static int64_t fake_wall_us(const struct clock *clock) {
    return atomic_load(&((const struct fake_clock *)clock)->wall_now_us);
}

static int64_t fake_monotonic_us(const struct clock *clock) {
    return atomic_load(&((const struct fake_clock *)clock)->monotonic_now_us);
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_us) {
    fake->base = (struct clock){fake_wall_us, fake_monotonic_us};
    atomic_init(&fake->wall_now_us, wall_us);
    atomic_init(&fake->monotonic_now_us, 0);
}

void fake_clock_advance(struct fake_clock *fake, int64_t by_us) {
    atomic_fetch_add(&fake->wall_now_us, by_us);
    atomic_fetch_add(&fake->monotonic_now_us, by_us);
}

void fake_clock_set_wall(struct fake_clock *fake, int64_t wall_us) {
    atomic_store(&fake->wall_now_us, wall_us);
}
