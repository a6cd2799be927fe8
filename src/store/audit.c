#include "store/audit.h"

#include "db/statement.h"

static const struct db_sql insert_audit = {
    "INSERT INTO audit_log (tenant_id, id, actorId, actorSubject, actorRole, action,"
    " conversationId, targetUserId, targetId, note, details, createdAt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};

struct status store_audit_append(struct db_tx *tx, const char *tenant,
                                 const struct store_audit *audit) {
    return db_exec(tx, &insert_audit,
                   DB_ARGS(db_text(tenant), db_uuid(&audit->id), db_uuid(audit->actor),
                           db_text(audit->actor_subject != NULL ? audit->actor_subject : ""),
                           db_text(audit->actor_role), db_text(audit->action),
                           db_uuid(audit->conversation), db_uuid(audit->target_user),
                           db_uuid(audit->target), db_text(audit->note != NULL ? audit->note : ""),
                           db_text(audit->details != NULL ? audit->details : "{}"),
                           db_time_us(audit->now_us)),
                   NULL);
}
