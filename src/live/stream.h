/*
 * Subscribers and watchers as sources of streaming calls.
 */
#ifndef LIVE_STREAM_H
#define LIVE_STREAM_H

#include "base/status.h"
#include "live/subscriber.h"
#include "live/watch.h"
#include "rpc/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From the start handler of a server-streaming call: gives the call its source and takes the
 * subscriber, also on failure. The hub's loop must be the poller of the call's server. */
struct status live_stream_start(struct live_subscriber **subscriber,
                                struct rpc_call *call) STATUS_MUST_USE;
struct status live_stream_watch(struct live_watcher **watcher,
                                struct rpc_call *call) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
