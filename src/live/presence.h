/*
 * Who is in a room, as far as this node's streams tell.
 *
 *     join      JOINING   30 s to open a stream, else LEFT
 *     streams   PRESENT   the streams are the lease
 *     none      AWAY      60 s to open one again, else LEFT
 *     LEFT                opening a stream joins again
 *
 * A state machine without I/O: what has to be written and told comes out as actions. The service
 * writes them in a transaction that checks the generation and the status, since the database
 * decides, and publishes the events. An action that fails is tried again by the service or found by
 * scheduled work: the rows keep awayAt and subscribeBy.
 *
 * Speaking and typing are renewed; not renewed, they end by themselves. Speaking counts from its
 * begin to its end, or to the last renewal if that was never told.
 *
 * Thread-safety: any thread. Actions are given out one at a time and in order, on whichever thread
 * caused the first of them, without a lock held; the callback must not block and may call back.
 */
#ifndef LIVE_PRESENCE_H
#define LIVE_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "live/key.h"

#ifdef __cplusplus
extern "C" {
#endif

struct clock;
struct live_loop;
struct live_presence;

enum live_presence_act {
    LIVE_ACT_CONNECTED, /* the first stream after a join: subscribeBy is fulfilled */
    LIVE_ACT_ARRIVED,   /* a first stream of one who is not known here to have joined: if the row
                           says LEFT, joins again (tell live_presence_join); if AWAY, is back */
    LIVE_ACT_AWAY,      /* the last stream has ended */
    LIVE_ACT_BACK,      /* a stream again, in time */
    LIVE_ACT_LEFT,      /* the time is up; or nothing was ever opened (stayed_ms is 0) */
    LIVE_ACT_GONE,      /* the last stream of one who is not in the room has ended */
    LIVE_ACT_TYPING,    /* began or stopped (`active`): a signal */
    LIVE_ACT_SPEAKING,  /* the same; when it stopped `spoke_ms` is to be added to the row */
    LIVE_ACT_HAND,      /* up or down: a signal */
};

struct live_presence_action {
    enum live_presence_act act;
    struct live_key key; /* a conversation */
    struct uuid user;
    uint64_t generation; /* 0: not known here */
    int64_t at_us;       /* wall clock: when it happened */
    int64_t stayed_ms;   /* LEFT: from the join until the last stream ended */
    int64_t spoke_ms;
    bool active;
    bool is_private; /* TYPING: to `typing_to` alone */
    struct uuid typing_to;
};

struct live_presence_options {
    struct live_loop
        *loop; /* whose timers are used; NULL: live_presence_tick() is called by hand */
    const struct clock *clock;
    int64_t join_lease_ms; /* default 30,000 */
    int64_t away_ms;       /* default 60,000 */
    int64_t speaking_ms;   /* default 10,000 */
    int64_t typing_ms;     /* default 5,000 */
    void (*act)(void *context, const struct live_presence_action *action);
    void *context;
};

void live_presence_options_init(struct live_presence_options *options);
/* NULL when out of memory. */
struct live_presence *live_presence_new(const struct live_presence_options *options);
/* Gives out no more actions: rows of this node are reaped when its lease is over. */
void live_presence_free(struct live_presence **presence);

/* After the transaction of a join, or of a new join that ARRIVED led to. The known
 * generation again is another join within the stay: without a stream, the lease begins anew. An
 * older one changes nothing. RESOURCE_EXHAUSTED when out of memory. */
struct status live_presence_join(struct live_presence *presence, const struct live_key *key,
                                 const struct uuid *user, uint64_t generation);
/* After the transaction of a leave or a removal: no action follows but the ends of what was going
 * on. `generation` 0: whichever it is; older than the known one: nothing. */
void live_presence_leave(struct live_presence *presence, const struct live_key *key,
                         const struct uuid *user, uint64_t generation);
/* The conversation is over: everybody is forgotten, what was going on ends. */
void live_presence_end(struct live_presence *presence, const struct live_key *key);

/* A stream on the topic was opened or has ended: live_hub_options.on_follow and on_unfollow. Topics
 * that are not conversations are ignored. */
void live_presence_open(struct live_presence *presence, const struct live_key *key,
                        const struct uuid *user);
void live_presence_close(struct live_presence *presence, const struct live_key *key,
                         const struct uuid *user);

struct live_activity {
    bool typing;
    bool speaking;
    bool hand_raised;
    bool has_typing_to; /* typing to one user alone */
    struct uuid typing_to;
};
/* What somebody who is in the room says it is doing; what it does not say is over. Changes come out
 * as actions. *ret_renew_within_ms: say it again by then, 0 when nothing needs it.
 * FAILED_PRECONDITION when the user is not known to be in the room on this node. */
struct status live_presence_activity(struct live_presence *presence, const struct live_key *key,
                                     const struct uuid *user, const struct live_activity *activity,
                                     int64_t *ret_renew_within_ms) STATUS_MUST_USE;

/* Does what is due; returns when something is due next, on the monotonic clock; INT64_MAX: nothing.
 * Called by the loop, or by a test. */
int64_t live_presence_tick(struct live_presence *presence);

/* How many are known to be in the room here. */
size_t live_presence_count(struct live_presence *presence, const struct live_key *key);

#ifdef __cplusplus
}
#endif

#endif
