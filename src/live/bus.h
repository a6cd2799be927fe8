/*
 * The seam for several nodes: how one wakes the others. Everything that goes over it is a hint; the
 * log is the truth, and a lost hint is found by its sequence (live_hub_options.look_every_ms).
 *
 * The hub tells the bus what was published here, after its own topics know it. An implementation
 * for several nodes sends it on, and calls live_hub_hear() and live_hub_hear_signal() where it
 * arrives. On a single node there is nobody to tell: live_bus_local().
 */
#ifndef LIVE_BUS_H
#define LIVE_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "live/frame.h"
#include "live/key.h"
#include "rpc/buffer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum live_notice_kind {
    LIVE_NOTICE_EVENTS,    /* the topic's log reaches up to `head` */
    LIVE_NOTICE_REWRITE,   /* the text at `sequence` was replaced or deleted, as of the event at
                              `head` */
    LIVE_NOTICE_REMOVED,   /* `user` may not follow the topic any more */
    LIVE_NOTICE_SUSPENDED, /* `user` may not follow anything any more */
    LIVE_NOTICE_REPLACED,  /* `user` has opened a new stream on device `text` */
};

struct live_notice {
    enum live_notice_kind kind;
    struct live_key key;
    uint64_t epoch;
    uint64_t head;
    uint64_t sequence;
    struct live_user user;
    enum live_closed reason; /* REMOVED: why the topic is closed for them */
    const char *text;
};

struct live_bus {
    void *context;
    /* Any thread; must not block; a hint may be lost. */
    void (*tell)(void *context, const struct live_notice *notice);
};

/* Nobody else is there. Static; never freed. */
const struct live_bus *live_bus_local(void);

#ifdef __cplusplus
}
#endif

#endif
