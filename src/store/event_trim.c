/* Trimming: the floor of a topic rises in the transaction that deletes what is below it. */
#include "store/event.h"

#include "store/internal.h"

static const struct db_sql oldest_topics = {
    "SELECT DISTINCT topicId FROM (SELECT topicId FROM events"
    " WHERE tenant_id = ? AND createdAt < ? ORDER BY createdAt LIMIT ?) AS oldest LIMIT 64"};
static const struct db_sql last_to_trim = {
    "SELECT MAX(sequence) FROM (SELECT sequence, createdAt FROM events"
    " WHERE tenant_id = ? AND topicId = ? ORDER BY sequence LIMIT ?) AS first"
    " WHERE createdAt < ?"};
static const struct db_sql last_of_batch = {
    "SELECT MAX(sequence) FROM (SELECT sequence FROM events WHERE tenant_id = ? AND topicId = ?"
    " AND sequence <= ? ORDER BY sequence LIMIT ?) AS first"};
static const struct db_sql delete_events = {
    "DELETE FROM events WHERE tenant_id = ? AND topicId = ? AND sequence <= ?"
    " ORDER BY sequence LIMIT ?"};

/* A topic is a conversation or an inbox; the row that is found tells which. */
struct topic_sql {
    struct db_sql lock;
    struct db_sql exists;
    struct db_sql raise;
};
enum { CONVERSATION, INBOX, TOPIC_KINDS };
static const struct topic_sql topics[TOPIC_KINDS] = {
    [CONVERSATION] = {{"SELECT eventFloor FROM live_conversations WHERE tenant_id = ? AND id = ?"
                       " FOR UPDATE SKIP LOCKED"},
                      {"SELECT eventFloor FROM live_conversations WHERE tenant_id = ? AND id = ?"},
                      {"UPDATE live_conversations SET eventFloor = GREATEST(eventFloor, ?)"
                       " WHERE tenant_id = ? AND id = ?"}},
    [INBOX] = {{"SELECT eventFloor FROM inbox_topics WHERE tenant_id = ? AND userId = ?"
                " FOR UPDATE SKIP LOCKED"},
               {"SELECT eventFloor FROM inbox_topics WHERE tenant_id = ? AND userId = ?"},
               {"UPDATE inbox_topics SET eventFloor = GREATEST(eventFloor, ?)"
                " WHERE tenant_id = ? AND userId = ?"}},
};

static struct status look(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                          const struct uuid *topic, bool *ret_found) {
    uint64_t floor = 0;
    return db_query_row(tx, sql, DB_ARGS(db_text(tenant), db_uuid(topic)), NULL,
                        DB_INTO(db_into_uint64(&floor)), ret_found);
}

/* *ret_raise: how to raise the floor; NULL when somebody holds the topic. A topic that has no row
 * any more has nothing to raise. */
static struct status lock_topic(struct db_tx *tx, const char *tenant, const struct uuid *topic,
                                const struct db_sql **ret_raise, bool *ret_free) {
    for (size_t i = 0; i < TOPIC_KINDS; i++) {
        bool found = false;
        TRY(look(tx, &topics[i].lock, tenant, topic, &found));
        if (found) {
            *ret_raise = &topics[i].raise;
            *ret_free = true;
            return status_ok();
        }
        TRY(look(tx, &topics[i].exists, tenant, topic, &found));
        if (found) {
            *ret_free = false;
            return status_ok();
        }
    }
    *ret_raise = NULL;
    *ret_free = true;
    return status_ok();
}

static struct status trim_topic(struct db_tx *tx, const char *tenant, const struct uuid *topic,
                                int64_t before_us, int32_t limit, uint64_t *ret_trimmed) {
    const struct db_sql *raise = NULL;
    bool is_free = false;
    bool found = false;
    uint64_t last = 0;

    TRY(lock_topic(tx, tenant, topic, &raise, &is_free));
    if (!is_free)
        return status_ok();
    TRY(db_query_row(
        tx, &last_to_trim,
        DB_ARGS(db_text(tenant), db_uuid(topic), db_int64(limit), db_time_us(before_us)), NULL,
        DB_INTO(db_nullable(db_into_uint64(&last), NULL)), &found));
    if (last == 0)
        return status_ok();
    if (raise != NULL)
        TRY(db_exec(tx, raise, DB_ARGS(db_uint64(last), db_text(tenant), db_uuid(topic)), NULL));
    return db_exec(tx, &delete_events,
                   DB_ARGS(db_text(tenant), db_uuid(topic), db_uint64(last), db_int64(limit)),
                   ret_trimmed);
}

struct status store_event_trim(struct db_tx *tx, const char *tenant, int64_t before_us,
                               int32_t limit, uint64_t *ret_trimmed) {
    struct uuid candidates[64];
    size_t count = 0;
    uint64_t trimmed = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &oldest_topics,
                 DB_ARGS(db_text(tenant), db_time_us(before_us), db_int64(limit)), &rows));
    while (count < sizeof candidates / sizeof candidates[0] && db_rows_next(rows)) {
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uuid(&candidates[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    for (size_t i = 0; i < count && trimmed == 0; i++)
        TRY(trim_topic(tx, tenant, &candidates[i], before_us, limit, &trimmed));
    *ret_trimmed = trimmed;
    return status_ok();
}

struct status store_event_trim_through(struct db_tx *tx, const char *tenant,
                                       const struct uuid *conversation, uint64_t through,
                                       int32_t limit, uint64_t *ret_trimmed) {
    uint64_t last = 0;
    uint64_t trimmed = 0;
    bool found = false;

    TRY(db_query_row(
        tx, &last_of_batch,
        DB_ARGS(db_text(tenant), db_uuid(conversation), db_uint64(through), db_int64(limit)), NULL,
        DB_INTO(db_nullable(db_into_uint64(&last), NULL)), &found));
    if (last > 0)
        TRY(db_exec(
            tx, &delete_events,
            DB_ARGS(db_text(tenant), db_uuid(conversation), db_uint64(last), db_int64(limit)),
            &trimmed));
    uint64_t floor = trimmed < (uint64_t)limit ? through : last;
    TRY(db_exec(tx, &topics[CONVERSATION].raise,
                DB_ARGS(db_uint64(floor), db_text(tenant), db_uuid(conversation)), NULL));
    *ret_trimmed = trimmed;
    return status_ok();
}
