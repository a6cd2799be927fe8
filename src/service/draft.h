/*
 * Conversations as clients describe them: drafts and patches, held to the domain's rules.
 *
 * Private to the ConversationService. Thread-safety: as the call.
 */
#ifndef SERVICE_DRAFT_H
#define SERVICE_DRAFT_H

#include "base/status.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "service/transaction.h"
#include "store/conversation.h"

/* What a client wants. */
struct draft {
    struct store_conversation conversation;
    bool sets_invitations;
    struct uuid *invited;
    size_t invited_count;
    struct uuid *added; /* of these, who was not invited before: by conversation_invite() */
    size_t added_count;
};

/* A new conversation; texts are those of the request or in the arena. */
struct status draft_create(struct service_context *context, struct rpc_call *call,
                           const struct service_caller *caller, const lc_conversation_draft *from,
                           struct draft *ret_draft) STATUS_MUST_USE;

/*
 * `draft->conversation` is what is there now: writes the patch's fields that the mask names over
 * it. INVALID_ARGUMENT FIELD_MASK_INVALID for a path that is unknown, cannot be set, or is missing.
 */
struct status draft_patch(struct service_context *context, struct rpc_call *call,
                          const struct service_caller *caller,
                          const lc_update_conversation_request *request,
                          struct draft *draft) STATUS_MUST_USE;

/* domain_draft_check() and what it cannot know: the tenant's currencies, and whether the zone
 * exists. Violations and metadata are added to the call. `before` is NULL for a create. */
struct status draft_check(struct service_context *context, struct rpc_call *call,
                          const struct service_caller *caller,
                          const struct store_conversation *conversation,
                          const struct store_conversation *before) STATUS_MUST_USE;

/* Whether its host may have such a conversation; the instructor is looked up. In the transaction.
 */
struct status draft_permit(struct service_work *work, unsigned host_roles,
                           const struct store_conversation *conversation) STATUS_MUST_USE;

/* An UNLISTED conversation has a code that nobody guesses. */
struct status draft_invite_code(struct arena *arena,
                                struct store_conversation *conversation) STATUS_MUST_USE;

#endif
