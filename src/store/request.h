/*
 * Idempotency records: what a mutation answered, written in the transaction of its effect.
 *
 *     store_request_begin(tx, arena, tenant, &key, now, &request);
 *     if (request.outcome == STORE_REQUEST_REPLAY)  answer with request.response
 *     ... the effect; a refusal rolls the record back with everything else ...
 *     store_request_complete(tx, tenant, &key, response, n);
 *
 * The record is the first lock of a transaction: a retry waits there for the first attempt.
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

enum { STORE_FINGERPRINT_BYTES = 32 };

struct store_request_key {
    const char *principal; /* subject of the token */
    const char *method;    /* such as "BookingService/BookConversation" */
    struct uuid request_id;
    uint8_t fingerprint[STORE_FINGERPRINT_BYTES]; /* SHA-256 of the request without its id */
    struct uuid
        attempt; /* who writes the record: a new one for each call, and no part of the key */
};

enum store_request_outcome {
    STORE_REQUEST_FIRST,    /* go on, then complete */
    STORE_REQUEST_REPLAY,   /* answered before: `response` */
    STORE_REQUEST_MISMATCH, /* the id was used for something else: REQUEST_ID_REUSED */
    STORE_REQUEST_STARTED,  /* a saga is under way: `resume_state`; the record is locked */
};

struct store_request {
    enum store_request_outcome outcome;
    bool is_own; /* the record was written by the key's `attempt` */
    struct db_bytes response;
    struct db_bytes resume_state;
};

struct status store_request_begin(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct store_request_key *key, int64_t now_us,
                                  struct store_request *ret_request) STATUS_MUST_USE;

/* Looks without writing or locking: after a COMMIT whose outcome is unknown. FIRST: there is none.
 * One that is not `is_own` is of another call, and the COMMIT did not happen. */
struct status store_request_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_request_key *key,
                                 struct store_request *ret_request) STATUS_MUST_USE;

/* Records the answer; also of a saga that is finished. */
struct status store_request_complete(struct db_tx *tx, const char *tenant,
                                     const struct store_request_key *key, const void *response,
                                     size_t len_bytes) STATUS_MUST_USE;

/* Leaves the record STARTED over the commit, with what is needed to go on. */
struct status store_request_suspend(struct db_tx *tx, const char *tenant,
                                    const struct store_request_key *key, const void *resume_state,
                                    size_t len_bytes) STATUS_MUST_USE;

/* Deletes up to `limit` finished records older than `before_us`. */
struct status store_request_trim(struct db_tx *tx, const char *tenant, int64_t before_us,
                                 int32_t limit, uint64_t *ret_deleted) STATUS_MUST_USE;

#endif
