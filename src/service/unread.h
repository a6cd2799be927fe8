/*
 * Unread counts, for those who look at their inbox.
 *
 * A message changes what is unread for everybody in its conversation. Counting that where it is
 * sent would burden the hot path, so nothing is written there: that messages came or went is noted,
 * and a thread of its own counts, from the rows, for the participants whose inbox is followed on
 * this node, and signals the result to them (Signal.unread). What comes within a window is one.
 *
 * A stream that goes on from a position gets no snapshot; it is signalled all that is unread when
 * it comes, since what it missed stands in no log.
 *
 * Signals are hints: none is promised, and GetHome tells the truth.
 *
 * Thread-safety: _follow and _unfollow on the loop's thread, _changed (service/live.h) from any;
 * the rest from the owner.
 */
#ifndef SERVICE_UNREAD_H
#define SERVICE_UNREAD_H

#include <stdbool.h>

#include "live/key.h"

struct service_live;
struct service_unread;

/* NULL when out of memory or threads. Nothing is read before service_live_bind(). */
struct service_unread *service_unread_new(struct service_live *live);
/* No row is read any more, and nothing signalled. NULL is fine. */
void service_unread_stop(struct service_unread *unread);
void service_unread_free(struct service_unread **unread);

/* `inbox` is followed by one more stream, or by one less. `goes_on`: it gets no snapshot. */
void service_unread_follow(struct service_unread *unread, const struct live_key *inbox,
                           bool goes_on);
void service_unread_unfollow(struct service_unread *unread, const struct live_key *inbox);

#endif
