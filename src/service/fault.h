/*
 * Failures at the edge: the private cause goes to the call's log line, once; the client gets a
 * status that says what to do.
 *
 * Thread-safety: as the call.
 */
#ifndef SERVICE_FAULT_H
#define SERVICE_FAULT_H

#include "base/status.h"
#include "db/tx.h"

struct rpc_call;

/*
 * The status to answer with. What has a reason, and what did not come from the database, stays as
 * it is. Otherwise, by the report's cause: conflicts are ABORTED TRY_AGAIN, a lost or overloaded
 * server UNAVAILABLE STORAGE_UNAVAILABLE, both with RetryInfo; an uncertain commit is UNAVAILABLE
 * OUTCOME_UNKNOWN; DATA_LOSS is DATA_CORRUPTED; a violated key or CHECK that nobody foresaw is
 * INTERNAL.
 */
struct status service_fault(struct rpc_call *call, struct status status,
                            const struct db_report *report) STATUS_MUST_USE;

/* INVALID_ARGUMENT with a violation of one field. `description` also is the status's detail: a
 * literal. */
struct status service_invalid(struct rpc_call *call, const char *field, int32_t reason,
                              const char *description) STATUS_MUST_USE;

/* What to say when the call's memory is used up. */
struct status service_no_room(void) STATUS_MUST_USE;

#endif
