/*
 * Nobody is in two sessions at once, where the tenant forbids it (SCHEDULE_CONFLICT).
 *
 * The locks are the users' months of usage, which stand between the conversation and its bookings.
 * Two sessions that overlap have a moment in common, and so a month: whoever locks every month that
 * a session touches meets everybody who plans the same user for a session that overlaps it, also at
 * the turn of a month. So: lock first, look then.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_SCHEDULE_H
#define SERVICE_SCHEDULE_H

#include <stdbool.h>

#include "base/status.h"
#include "service/transaction.h"
#include "service/zone.h"
#include "store/conversation.h"

/* Another session of somebody, at the time of one. */
struct schedule_other {
    bool found;
    struct uuid id; /* when found */
};

/* Never found where the tenant allows overlaps. Without locks for a quote, after them to decide. */
struct status schedule_find(struct db_tx *tx, const struct service_caller *caller,
                            const struct uuid *user, const struct store_conversation *conversation,
                            struct schedule_other *ret_other) STATUS_MUST_USE;

/* `month`, that of the start, is locked: locks the other that the session reaches into, if any. */
struct status schedule_lock_rest(struct service_work *work, const struct uuid *user,
                                 const struct store_conversation *conversation,
                                 const struct service_month *month) STATUS_MUST_USE;

/*
 * The months of those who host and lead the session, in the order of the locks. `is_new`: that of
 * today too, for its host, so that creations of one host follow one another.
 */
struct status schedule_lock_leaders(struct service_work *work,
                                    const struct store_conversation *conversation,
                                    bool is_new) STATUS_MUST_USE;

/* After that. FAILED_PRECONDITION SCHEDULE_CONFLICT, with its metadata. */
struct status schedule_check_leaders(struct service_work *work,
                                     const struct store_conversation *conversation) STATUS_MUST_USE;

/* The metadata of a SCHEDULE_CONFLICT: who is busy; and where, for themselves and for admins. */
void schedule_explain(struct rpc_call *call, const struct service_caller *caller,
                      const struct uuid *user, const struct schedule_other *other);

#endif
