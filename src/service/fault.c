#include "service/fault.h"

#include "domain/reason.h"
#include "rpc/call.h"

enum {
    CONFLICT_RETRY_MS = 100,
    STORAGE_RETRY_MS = 1000,
};

static struct status retry_later(struct rpc_call *call, enum status_code code,
                                 enum domain_reason reason, int64_t after_ms, const char *detail) {
    rpc_call_set_retry_after(call, after_ms);
    return status_error(code, (int32_t)reason, detail);
}

static void log_cause(struct rpc_call *call, const struct db_report *report) {
    const struct db_cause *cause = &report->cause;
    if (cause->number != 0)
        rpc_call_set_cause(call, "database error %u (%s) after %u attempts: %s [%s]", cause->number,
                           cause->sqlstate, report->attempts, cause->text, cause->sql);
}

static struct status of_cause(struct rpc_call *call, struct status status,
                              const struct db_report *report) {
    switch (db_cause_class(&report->cause)) {
    case DB_CAUSE_CONFLICT:
        return retry_later(call, STATUS_ABORTED, DOMAIN_REASON_TRY_AGAIN, CONFLICT_RETRY_MS,
                           "Others changed the same data at the same time; nothing was done.");
    case DB_CAUSE_LOST:
    case DB_CAUSE_OVERLOAD:
        return retry_later(call, STATUS_UNAVAILABLE, DOMAIN_REASON_STORAGE_UNAVAILABLE,
                           STORAGE_RETRY_MS, "The database cannot be reached; nothing was done.");
    case DB_CAUSE_DUPLICATE:
    case DB_CAUSE_REFERENCE:
        return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
    case DB_CAUSE_NONE:
    case DB_CAUSE_TIMEOUT:
    case DB_CAUSE_DEFECT:
        return status;
    }
    return status;
}

struct status service_fault(struct rpc_call *call, struct status status,
                            const struct db_report *report) {
    if (status_is_ok(status))
        return status;
    if (report->fate == DB_FATE_UNCERTAIN) {
        log_cause(call, report);
        return retry_later(call, STATUS_UNAVAILABLE, DOMAIN_REASON_OUTCOME_UNKNOWN,
                           STORAGE_RETRY_MS,
                           "It is not known whether the change was made; repeat the call with the "
                           "same request_id.");
    }
    if (status.reason != STATUS_NO_REASON && status.code != STATUS_DATA_LOSS)
        return status;
    log_cause(call, report);
    if (status.code == STATUS_DATA_LOSS)
        return status_error(STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED,
                            "Stored data cannot be read.");
    return of_cause(call, status, report);
}

struct status service_invalid(struct rpc_call *call, const char *field, int32_t reason,
                              const char *description) {
    rpc_call_add_violation(call, field, description);
    rpc_call_add_error_metadata(call, "field", field);
    return status_error(STATUS_INVALID_ARGUMENT, reason, description);
}

struct status service_no_room(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The answer needs too much memory.");
}
