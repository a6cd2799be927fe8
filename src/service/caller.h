/*
 * Who calls, for whom, and what that person may do with a conversation.
 *
 * Users are known from their verified tokens: the first call with a token that says something new
 * writes it down; after that a bounded cache answers for a few seconds. Backends (role "service")
 * are no users.
 *
 * Results live in the call's arena. Thread-safety: any thread; the cache has one lock, not held
 * across the database.
 */
#ifndef SERVICE_CALLER_H
#define SERVICE_CALLER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/uuid.h"
#include "domain/permission.h"
#include "store/conversation.h"
#include "store/tenant.h"

struct db_tx;
struct rpc_call;
struct service_context;

/* A user whom a call is about: the caller, or whoever the caller acts for. */
struct service_person {
    struct uuid id;
    char id_text[UUID_TEXT_BYTES];
    unsigned roles;   /* enum domain_role */
    const char *tier; /* "" for none */
    bool is_suspended;
};

struct service_caller {
    const char *tenant;
    const char *subject;
    const struct store_tenant *settings;
    bool is_user;  /* false for a backend: `person` is then empty but for its roles */
    bool is_admin; /* or a backend: oversees, and may act for others */
    struct service_person person;
};

/* PERMISSION_DENIED USER_SUSPENDED, UNAUTHENTICATED TOKEN_TENANT_REFUSED, and those of the
 * database, already marked by service_fault(). */
struct status service_caller_get(struct service_context *context, struct rpc_call *call,
                                 const struct service_caller **ret_caller) STATUS_MUST_USE;

/* The inbox of a user whose roles or tier changed is told. In the transaction. */
struct service_work;
struct store_user;
struct status service_tell_account(struct service_work *work,
                                   const struct store_user *user) STATUS_MUST_USE;

/*
 * Whom the call is about: `user_id` is a field such as BookConversationRequest.user_id. Empty or
 * the caller's own: the caller. Another one: admins and backends alone; PERMISSION_DENIED for
 * others, NOT_FOUND USER_NOT_FOUND. A backend must name somebody: INVALID_ARGUMENT
 * FIELDS_INCONSISTENT with a violation of `field`.
 */
struct status service_caller_for(struct service_context *context, struct rpc_call *call,
                                 const struct service_caller *caller, const char *user_id,
                                 const char *field,
                                 const struct service_person **ret_person) STATUS_MUST_USE;

/* NULL for a backend: nobody's rows are joined. */
static inline const struct uuid *service_viewer(const struct service_caller *caller) {
    return caller->is_user ? &caller->person.id : NULL;
}

/* enum domain_relation of a person to what was read with that person as viewer. `invite_code` (""
 * or NULL: none) admits as an invitation does. */
unsigned service_relations(const struct service_person *person,
                           const struct store_conversation_view *view, const char *invite_code);

/* domain_permission_check() for a person, with the metadata of its reasons added to the call. */
struct status service_permit(struct service_context *context, struct rpc_call *call,
                             const struct service_caller *caller,
                             const struct service_person *person, enum domain_action action,
                             const struct store_conversation_view *view,
                             const char *invite_code) STATUS_MUST_USE;

/* The metadata that belongs to a refusal about a conversation; nothing for other reasons. */
void service_explain(struct rpc_call *call, const struct service_caller *caller,
                     const struct store_conversation *conversation, int32_t reason);

/* The conversation exists for the caller, or NOT_FOUND CONVERSATION_NOT_FOUND. */
struct status service_see(const struct service_person *person,
                          const struct store_conversation_view *view,
                          const char *invite_code) STATUS_MUST_USE;

/* Adds to the audit log what an admin, a backend, a host or an instructor did; what a person did
 * with their own is not written. `action` such as "conversation.cancel". In the transaction. */
struct service_act {
    const char *action;
    const struct store_conversation *conversation; /* may be NULL */
    const struct uuid *target_user;                /* may be NULL */
    const struct uuid *target;                     /* message, booking or report; may be NULL */
    const char *note;
};
struct status service_audit(struct service_context *context, struct db_tx *tx,
                            const struct service_caller *caller,
                            const struct service_act *act) STATUS_MUST_USE;

#endif
