/*
 * WatchConversations, and the filters of its groups.
 *
 * Thread-safety: as each function says.
 */
#ifndef SERVICE_WATCH_H
#define SERVICE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "store/conversation.h"

struct rpc_call;

/* The handler. */
struct status watch_conversations(void *self, struct rpc_call *call,
                                  const lc_watch_conversations_request *request) STATUS_MUST_USE;

/* Whether a conversation belongs to a page of PUBLIC ones with this filter: what the list's SQL
 * decides, for one row. Pure. */
bool watch_matches(const struct store_conversation_query *query,
                   const struct store_conversation *conversation);

/* Rounds the bounds of the start to whole minutes, outwards: who asks for "from now on" shares a
 * page with all who ask within the minute. */
void watch_round_times(struct store_conversation_query *query);

/* Text that is the same for the same filter: what groups are named by. Its length, cut at
 * `size_bytes` - 1. */
size_t watch_filter_key(const struct store_conversation_query *query, char *ret_key,
                        size_t size_bytes);

#endif
