#include "store/request.h"

#include "base/arena.h"
#include "store/internal.h"

#include <string.h>

/* The insert is the lock: of two attempts the second waits here until the first has committed. */
static const struct db_sql insert_record = {
    "INSERT IGNORE INTO request_records (tenant_id, principal, method, requestId, fingerprint,"
    " attempt, state, createdAt) VALUES (?, ?, ?, ?, ?, ?, 'STARTED', ?)"};
#define SELECT_RECORD                                                                              \
    "SELECT fingerprint, attempt, state, response, resumeState FROM request_records"               \
    " WHERE tenant_id = ? AND principal = ? AND method = ? AND requestId = ?"
static const struct db_sql find_record = {SELECT_RECORD};
static const struct db_sql lock_record = {SELECT_RECORD " FOR UPDATE"};
static const struct db_sql complete_record = {
    "UPDATE request_records SET state = 'DONE', response = ?, resumeState = NULL"
    " WHERE tenant_id = ? AND principal = ? AND method = ? AND requestId = ?"};
static const struct db_sql suspend_record = {
    "UPDATE request_records SET resumeState = ?"
    " WHERE tenant_id = ? AND principal = ? AND method = ? AND requestId = ?"};
static const struct db_sql trim_records = {
    "DELETE FROM request_records WHERE tenant_id = ? AND createdAt < ? AND state = 'DONE'"
    " ORDER BY createdAt LIMIT ?"};

static struct status read_record(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                                 const char *tenant, const struct store_request_key *key,
                                 struct store_request *ret_request) {
    struct store_request request = {.outcome = STORE_REQUEST_FIRST};
    struct db_bytes fingerprint = {NULL, 0};
    struct uuid attempt = {{0}};
    const char *state = NULL;
    bool has_attempt = false;
    bool found = false;

    TRY(db_query_row(
        tx, sql,
        DB_ARGS(db_text(tenant), db_text(key->principal), db_text(key->method),
                db_uuid(&key->request_id)),
        arena,
        DB_INTO(db_into_bytes(&fingerprint), db_nullable(db_into_uuid(&attempt), &has_attempt),
                db_into_text(&state), db_nullable(db_into_bytes(&request.response), NULL),
                db_nullable(db_into_bytes(&request.resume_state), NULL)),
        &found));
    if (!found)
        request.outcome = STORE_REQUEST_FIRST;
    else if (fingerprint.len_bytes != STORE_FINGERPRINT_BYTES ||
             memcmp(fingerprint.bytes, key->fingerprint, STORE_FINGERPRINT_BYTES) != 0)
        request = (struct store_request){.outcome = STORE_REQUEST_MISMATCH};
    else
        request.outcome = strcmp(state, "DONE") == 0 ? STORE_REQUEST_REPLAY : STORE_REQUEST_STARTED;
    request.is_own =
        has_attempt && memcmp(attempt.bytes, key->attempt.bytes, sizeof attempt.bytes) == 0;
    *ret_request = request;
    return status_ok();
}

struct status store_request_begin(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct store_request_key *key, int64_t now_us,
                                  struct store_request *ret_request) {
    struct store_request request;
    uint64_t inserted = 0;
    TRY(db_exec(tx, &insert_record,
                DB_ARGS(db_text(tenant), db_text(key->principal), db_text(key->method),
                        db_uuid(&key->request_id),
                        db_bytes(key->fingerprint, STORE_FINGERPRINT_BYTES), db_uuid(&key->attempt),
                        db_time_us(now_us)),
                &inserted));
    if (inserted > 0) {
        *ret_request = (struct store_request){.outcome = STORE_REQUEST_FIRST};
        return status_ok();
    }
    TRY(read_record(tx, arena, &lock_record, tenant, key, &request));
    /* It was there and is gone: trimmed in between. */
    if (request.outcome == STORE_REQUEST_FIRST)
        return status_error(STATUS_UNAVAILABLE, 0, "The request has to be sent again.");
    *ret_request = request;
    return status_ok();
}

struct status store_request_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_request_key *key,
                                 struct store_request *ret_request) {
    return read_record(tx, arena, &find_record, tenant, key, ret_request);
}

static struct status write_record(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                                  const struct store_request_key *key, const void *bytes,
                                  size_t len_bytes) {
    uint64_t affected = 0;
    /* An empty message is an answer, too: not NULL. */
    const void *given = bytes != NULL ? bytes : "";
    TRY(db_exec(tx, sql,
                DB_ARGS(db_bytes(given, len_bytes), db_text(tenant), db_text(key->principal),
                        db_text(key->method), db_uuid(&key->request_id)),
                &affected));
    if (affected == 0)
        return status_error(STATUS_INTERNAL, 0, "The request was not begun.");
    return status_ok();
}

struct status store_request_complete(struct db_tx *tx, const char *tenant,
                                     const struct store_request_key *key, const void *response,
                                     size_t len_bytes) {
    return write_record(tx, &complete_record, tenant, key, response, len_bytes);
}

struct status store_request_suspend(struct db_tx *tx, const char *tenant,
                                    const struct store_request_key *key, const void *resume_state,
                                    size_t len_bytes) {
    return write_record(tx, &suspend_record, tenant, key, resume_state, len_bytes);
}

struct status store_request_trim(struct db_tx *tx, const char *tenant, int64_t before_us,
                                 int32_t limit, uint64_t *ret_deleted) {
    return db_exec(tx, &trim_records,
                   DB_ARGS(db_text(tenant), db_time_us(before_us), db_int64(limit)), ret_deleted);
}
