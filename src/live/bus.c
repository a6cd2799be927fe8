#include "live/bus.h"

static void tell_nobody(void *context, const struct live_notice *notice) {
    (void)context;
    (void)notice;
}

static const struct live_bus local_bus = {.tell = tell_nobody};

const struct live_bus *live_bus_local(void) {
    return &local_bus;
}
