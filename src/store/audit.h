/*
 * The audit log: acts of admins, services and hosts over others. Rows are only added.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/status.h"
#include "store/types.h"

struct db_tx;

struct store_audit {
    struct uuid id;           /* version 7 */
    const struct uuid *actor; /* NULL: the server itself, or a service */
    const char *actor_subject;
    const char *actor_role;          /* "host", "instructor", "admin", "service", "system" */
    const char *action;              /* such as "conversation.cancel" */
    const struct uuid *conversation; /* NULL where there is none, as the next two */
    const struct uuid *target_user;
    const struct uuid *target; /* message, booking or report */
    const char *note;          /* NULL: "" */
    const char *details;       /* a JSON object; NULL: {} */
    int64_t now_us;
};

/* In the transaction of the act. */
struct status store_audit_append(struct db_tx *tx, const char *tenant,
                                 const struct store_audit *audit) STATUS_MUST_USE;

#endif
