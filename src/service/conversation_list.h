/*
 * ListConversations, and the filter that it has in common with WatchConversations.
 *
 * Thread-safety: as the call.
 */
#ifndef SERVICE_CONVERSATION_LIST_H
#define SERVICE_CONVERSATION_LIST_H

#include "base/status.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "store/conversation.h"

struct rpc_call;

/* The handler. */
struct status conversation_list(void *self, struct rpc_call *call,
                                const lc_list_conversations_request *request,
                                lc_list_conversations_response *ret_response) STATUS_MUST_USE;

/* What a filter asks for, written into a zeroed query. `filter` may be NULL. Texts are in the
 * call's arena. INVALID_ARGUMENT FIELD_MALFORMED for what is no language tag. */
struct status conversation_filter(struct rpc_call *call, const lc_conversation_filter *filter,
                                  struct store_conversation_query *query) STATUS_MUST_USE;

#endif
