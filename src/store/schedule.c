#include "store/schedule.h"

#include "store/statements.h"

/* A CHECK of the tenant: only what starts less than this before can overlap. */
static const int64_t longest_session_us = 24 * INT64_C(3600000000);

/* One part for each way of being bound, so that each follows an index of its own. */
#define AT_THAT_TIME                                                                               \
    " AND c.startTime > ? AND c.startTime < ? AND c.id <> ? AND c.isOpen = 1 AND c.endTime > ?"    \
    " LIMIT 1)"
static const struct db_sql find_session = {
    "(SELECT b.conversationId FROM live_conversation_bookings b JOIN live_conversations c"
    " ON c.tenant_id = b.tenant_id AND c.id = b.conversationId"
    " WHERE b.tenant_id = ? AND b.userId = ? AND b.startTime > ? AND b.startTime < ?"
    " AND b.conversationId <> ? AND b.status IN ('PENDING_PAYMENT', 'CONFIRMED')"
    " AND c.isOpen = 1 AND c.endTime > ? LIMIT 1)"
    " UNION ALL (SELECT c.id FROM live_conversations c WHERE c.tenant_id = ? AND c.hostId = ?" //
    AT_THAT_TIME " UNION ALL (SELECT c.id FROM live_conversations c WHERE c.tenant_id = ?"
    " AND c.instructorId = ?" AT_THAT_TIME " LIMIT 1"};

const struct db_sql *store_schedule_statement(const char *tenant, const struct uuid *user,
                                              const struct uuid *except, int64_t start_us,
                                              int64_t end_us, struct store_args *ret_args) {
    enum { PARTS = 3 };
    ret_args->count = 0;
    for (int i = 0; i < PARTS; i++) {
        store_arg(ret_args, db_text(tenant));
        store_arg(ret_args, db_uuid(user));
        store_arg(ret_args, db_time_us(start_us - longest_session_us));
        store_arg(ret_args, db_time_us(end_us));
        store_arg(ret_args, db_uuid(except));
        store_arg(ret_args, db_time_us(start_us));
    }
    return &find_session;
}

struct status store_schedule_find(struct db_tx *tx, const char *tenant, const struct uuid *user,
                                  const struct uuid *except, int64_t start_us, int64_t end_us,
                                  struct uuid *ret_other, bool *ret_found) {
    struct store_args args;
    const struct db_sql *sql =
        store_schedule_statement(tenant, user, except, start_us, end_us, &args);
    return db_query_row(tx, sql, args.values, args.count, NULL, DB_INTO(db_into_uuid(ret_other)),
                        ret_found);
}
