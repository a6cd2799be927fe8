/*
 * Timers, earliest first: a pairing heap of nodes that are embedded in their owners, so that arming
 * one never allocates and never fails.
 *
 * Internal to rpc. Thread-safety: none.
 */
#ifndef RPC_TIMERS_H
#define RPC_TIMERS_H

#include <stdint.h>

#include "rpc/server.h"

struct rpc_timers {
    struct rpc_timer *root; /* the earliest */
};

/* Arms, or moves one that is armed. Constant time. */
void rpc_timers_arm(struct rpc_timers *timers, struct rpc_timer *timer, int64_t due_us);
/* Logarithmic, amortised. Does nothing to a timer that is not armed. */
void rpc_timers_disarm(struct rpc_timers *timers, struct rpc_timer *timer);
/* When the earliest is due; INT64_MAX when there is none. */
int64_t rpc_timers_next_due_us(const struct rpc_timers *timers);
/* Disarms and returns the earliest if it is due at `now_us`, else NULL. */
struct rpc_timer *rpc_timers_take_due(struct rpc_timers *timers, int64_t now_us);

#endif
