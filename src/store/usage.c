#include "store/booking.h"
#include "store/internal.h"

#define SELECT_USAGE                                                                               \
    "SELECT usedFree, usedGroup, usedPrivate FROM user_month_usage"                                \
    " WHERE tenant_id = ? AND userId = ? AND month = ?"
static const struct db_sql get_usage = {SELECT_USAGE};
static const struct db_sql lock_usage = {SELECT_USAGE " FOR UPDATE"};
static const struct db_sql create_usage = {
    "INSERT IGNORE INTO user_month_usage (tenant_id, userId, month) VALUES (?, ?, ?)"};
static const struct db_sql add_usage = {
    "UPDATE user_month_usage SET usedFree = GREATEST(0, usedFree + ?),"
    " usedGroup = GREATEST(0, usedGroup + ?), usedPrivate = GREATEST(0, usedPrivate + ?)"
    " WHERE tenant_id = ? AND userId = ? AND month = ?"};

static struct status read_usage(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                                const struct uuid *user, int32_t month,
                                struct domain_usage *ret_usage, bool *ret_found) {
    struct domain_usage usage = {{0}};
    bool found = false;
    TRY(db_query_row(tx, sql, DB_ARGS(db_text(tenant), db_uuid(user), db_int64(month)), NULL,
                     DB_INTO(db_into_int32(&usage.used[DOMAIN_KIND_FREE]),
                             db_into_int32(&usage.used[DOMAIN_KIND_GROUP]),
                             db_into_int32(&usage.used[DOMAIN_KIND_PRIVATE])),
                     &found));
    *ret_usage = usage;
    *ret_found = found;
    return status_ok();
}

struct status store_usage_lock(struct db_tx *tx, const char *tenant, const struct uuid *user,
                               int32_t month, struct domain_usage *ret_usage) {
    bool found = false;
    TRY(read_usage(tx, &lock_usage, tenant, user, month, ret_usage, &found));
    if (found)
        return status_ok();
    TRY(db_exec(tx, &create_usage, DB_ARGS(db_text(tenant), db_uuid(user), db_int64(month)), NULL));
    TRY(read_usage(tx, &lock_usage, tenant, user, month, ret_usage, &found));
    return found ? status_ok()
                 : status_error(STATUS_FAILED_PRECONDITION, 0, "The user is not known.");
}

struct status store_usage_get(struct db_tx *tx, const char *tenant, const struct uuid *user,
                              int32_t month, struct domain_usage *ret_usage) {
    bool found = false;
    return read_usage(tx, &get_usage, tenant, user, month, ret_usage, &found);
}

struct status store_usage_add(struct db_tx *tx, const char *tenant, const struct uuid *user,
                              int32_t month, enum domain_kind kind, int32_t count) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &add_usage,
                DB_ARGS(db_int64(kind == DOMAIN_KIND_FREE ? count : 0),
                        db_int64(kind == DOMAIN_KIND_GROUP ? count : 0),
                        db_int64(kind == DOMAIN_KIND_PRIVATE ? count : 0), db_text(tenant),
                        db_uuid(user), db_int64(month)),
                &affected));
    return affected > 0 ? status_ok()
                        : status_error(STATUS_INTERNAL, 0, "The month's usage was not locked.");
}
