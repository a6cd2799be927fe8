/*
 * Pages of lists: tokens bound to the tenant, the caller and everything that was asked for.
 *
 *     struct service_page page;
 *     TRY(service_page_open(context, call, caller, "feedback", &request->base, &page));
 *     query.page = page.store;
 *     ... list ...
 *     if (list.has_more)
 *         TRY(service_page_next(&page, call, 0, &last->id, &ret_response->next_page_token));
 *
 * Thread-safety: as the call.
 */
#ifndef SERVICE_PAGE_H
#define SERVICE_PAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"
#include "domain/page_token.h"
#include "store/types.h"

struct rpc_call;
struct service_caller;
struct service_context;

struct service_page {
    struct store_page store; /* for the query */
    struct domain_page_scope scope;
};

/* Reads page_size and page_token of the request, and binds tokens to its other fields but
 * with_facets. INVALID_ARGUMENT PAGE_TOKEN_INVALID. */
struct status service_page_open(struct service_context *context, struct rpc_call *call,
                                const struct service_caller *caller, const char *list,
                                const ProtobufCMessage *request,
                                struct service_page *ret_page) STATUS_MUST_USE;

/* The token of what follows the row with this key and id; in the call's arena. */
struct status service_page_next(const struct service_page *page, struct rpc_call *call, int64_t key,
                                const struct uuid *id, char **ret_token) STATUS_MUST_USE;

#endif
