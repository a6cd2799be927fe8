/*
 * A user for whom the server acts without a call: presence, snapshots. What service/caller.h is to
 * handlers.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_PERSON_H
#define SERVICE_PERSON_H

#include "base/status.h"
#include "domain/permission.h"
#include "service/caller.h"
#include "store/conversation.h"
#include "store/tenant.h"
#include "store/user.h"

struct arena;
struct db_tx;
struct service_context;

struct service_acting {
    struct store_tenant tenant;
    struct service_caller caller; /* its settings point to `tenant` of the reader's arena */
    int64_t now_us;
};

/* NOT_FOUND USER_NOT_FOUND. */
struct status service_acting_read(struct db_tx *tx, struct arena *arena,
                                  struct service_context *context, const char *tenant,
                                  const struct uuid *user,
                                  struct service_acting *ret_acting) STATUS_MUST_USE;

/* As domain_permission_check(). */
struct status service_acting_permit(const struct service_acting *acting, enum domain_action action,
                                    const struct store_conversation_view *view) STATUS_MUST_USE;

#endif
