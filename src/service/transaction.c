#include "service/transaction.h"

#include "domain/reason.h"
#include "rpc/call.h"
#include "rpc/codec.h"
#include "service/event.h"
#include "service/fault.h"
#include "store/request.h"

#include <string.h>

#include <openssl/evp.h>

enum { IN_PROGRESS_RETRY_MS = 500 };

/* One mutation under way. */
struct attempt {
    struct service_work work;
    struct service_mutation *mutation;
    bool has_key;
    bool is_of_another; /* what was found is the answer of another call with the same id */
    struct store_request_key key;
};

/* "BookingService/BookConversation" of "/liveconv.v1.BookingService/BookConversation". */
static const char *short_method(const struct rpc_method *method) {
    const char *slash = strrchr(method->path, '/');
    const char *at = slash;
    while (at != NULL && at > method->path && at[-1] != '.' && at[-1] != '/')
        at--;
    return at != NULL ? at : method->path;
}

static void clear_request_id(ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "request_id");
    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING)
        return;
    const char *nothing = protobuf_c_empty_string;
    memcpy((char *)message + field->offset, &nothing, sizeof nothing);
}

/* SHA-256 of the request without its id. */
static struct status fingerprint(struct arena *arena, const ProtobufCMessage *request,
                                 uint8_t ret_hash[STORE_FINGERPRINT_BYTES]) {
    ProtobufCMessage *copy = arena_memdup(arena, request, request->descriptor->sizeof_message);
    if (copy == NULL)
        return service_no_room();
    clear_request_id(copy);
    size_t len_bytes = protobuf_c_message_get_packed_size(copy);
    uint8_t *bytes = arena_alloc_raw(arena, len_bytes);
    if (bytes == NULL)
        return service_no_room();
    protobuf_c_message_pack(copy, bytes);
    unsigned hash_len = 0;
    uint8_t hash[EVP_MAX_MD_SIZE];
    if (EVP_Digest(bytes, len_bytes, hash, &hash_len, EVP_sha256(), NULL) != 1 ||
        hash_len != STORE_FINGERPRINT_BYTES)
        return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
    memcpy(ret_hash, hash, STORE_FINGERPRINT_BYTES);
    return status_ok();
}

static struct status make_key(struct attempt *attempt) {
    const char *id = attempt->mutation->request_id;
    if (id == NULL || id[0] == '\0')
        return status_ok();
    if (!uuid_parse(id, strlen(id), &attempt->key.request_id))
        return service_invalid(attempt->work.call, "request_id", DOMAIN_REASON_FIELD_MALFORMED,
                               "request_id is not a UUID.");
    attempt->key.principal = attempt->work.caller->subject;
    attempt->key.method = short_method(rpc_call_method(attempt->work.call));
    TRY(fingerprint(attempt->work.arena, attempt->mutation->request, attempt->key.fingerprint));
    TRY(service_new_id(attempt->work.context, &attempt->key.attempt));
    attempt->has_key = true;
    return status_ok();
}

static struct status replay(struct attempt *attempt, const struct db_bytes *recorded) {
    ProtobufCMessage *response = attempt->mutation->response;
    ProtobufCMessage *decoded;
    if (!status_is_ok(rpc_codec_decode(response->descriptor, recorded->bytes, recorded->len_bytes,
                                       &rpc_codec_default_limits, attempt->work.arena, &decoded,
                                       NULL)))
        return status_error(STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED,
                            "The recorded answer cannot be read.");
    memcpy(response, decoded, response->descriptor->sizeof_message);
    attempt->mutation->was_replayed = true;
    return status_ok();
}

/* What the record says of this id; *ret_first: nothing yet, go on. */
static struct status judge(struct attempt *attempt, const struct store_request *request,
                           bool *ret_first) {
    *ret_first = false;
    switch (request->outcome) {
    case STORE_REQUEST_FIRST:
        *ret_first = true;
        return status_ok();
    case STORE_REQUEST_REPLAY:
        return replay(attempt, &request->response);
    case STORE_REQUEST_MISMATCH:
        return status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_REQUEST_ID_REUSED,
                            "The request_id was used for a request with another content.");
    case STORE_REQUEST_STARTED:
        rpc_call_set_retry_after(attempt->work.call, IN_PROGRESS_RETRY_MS);
        return status_error(STATUS_ABORTED, DOMAIN_REASON_REQUEST_IN_PROGRESS,
                            "The first attempt with this request_id is still under way.");
    }
    return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
}

static struct status record(struct attempt *attempt) {
    const ProtobufCMessage *response = attempt->mutation->response;
    size_t len_bytes = protobuf_c_message_get_packed_size(response);
    uint8_t *bytes = arena_alloc_raw(attempt->work.arena, len_bytes);
    if (bytes == NULL)
        return service_no_room();
    protobuf_c_message_pack(response, bytes);
    return store_request_complete(attempt->work.tx, attempt->work.tenant, &attempt->key, bytes,
                                  len_bytes);
}

/* The transaction. Runs again after a conflict: everything that is an outcome is set afresh. */
static struct status run_attempt(struct db_tx *tx, void *context) {
    struct attempt *attempt = context;
    struct service_mutation *mutation = attempt->mutation;
    attempt->work.tx = tx;
    mutation->was_replayed = false;
    service_events_clear(attempt->work.events);
    protobuf_c_message_init(mutation->response->descriptor, mutation->response);
    if (attempt->has_key) {
        struct store_request request;
        bool is_first;
        TRY(store_request_begin(tx, attempt->work.arena, attempt->work.tenant, &attempt->key,
                                attempt->work.now_us, &request));
        TRY(judge(attempt, &request, &is_first));
        if (!is_first)
            return status_ok();
    }
    TRY(mutation->run(&attempt->work, mutation->argument));
    TRY(service_events_flush(&attempt->work));
    return attempt->has_key ? record(attempt) : status_ok();
}

/* After a commit whose outcome is not known: the record decides. */
static struct status look_up(struct db_tx *tx, void *context) {
    struct attempt *attempt = context;
    struct store_request request;
    bool is_first;
    TRY(store_request_find(tx, attempt->work.arena, attempt->work.tenant, &attempt->key, &request));
    TRY(judge(attempt, &request, &is_first));
    attempt->is_of_another = !request.is_own;
    return is_first ? status_error(STATUS_NOT_FOUND, 0, NULL) : status_ok();
}

static struct status resolve(struct attempt *attempt, struct status status,
                             struct db_report *report) {
    if (report->fate != DB_FATE_UNCERTAIN || !attempt->has_key)
        return status;
    struct status found = db_read(attempt->work.context->pool,
                                  rpc_call_deadline_us(attempt->work.call), look_up, attempt, NULL);
    if (!status_is_ok(found))
        return status; /* not there, or not to be seen yet: the client asks again */
    if (attempt->is_of_another)
        return status_ok();
    report->fate = DB_FATE_COMMITTED;
    attempt->mutation->was_replayed = false; /* it was this attempt's own answer */
    return status_ok();
}

static struct status begin_work(struct service_context *context, struct arena *arena,
                                const char *tenant, struct service_work *work) {
    work->context = context;
    work->tenant = tenant;
    work->arena = arena;
    work->now_us = service_now_us(context);
    return service_events_new(arena, &work->events);
}

struct status service_mutate(struct service_context *context, struct rpc_call *call,
                             const struct service_caller *caller,
                             struct service_mutation *mutation) {
    struct attempt attempt = {
        .mutation = mutation,
        .work = {.call = call, .caller = caller, .settings = &caller->settings->settings}};
    struct db_report report = {.fate = DB_FATE_NOTHING};
    TRY(begin_work(context, rpc_call_arena(call), caller->tenant, &attempt.work));
    TRY(make_key(&attempt));
    struct status status =
        db_transaction(context->pool, rpc_call_deadline_us(call), run_attempt, &attempt, &report);
    status = resolve(&attempt, status, &report);
    if (report.fate == DB_FATE_UNCERTAIN)
        service_events_doubt(context, caller->tenant, attempt.work.events);
    if (!status_is_ok(status))
        return service_fault(call, status, &report);
    if (!attempt.is_of_another)
        service_events_publish(context, caller->tenant, attempt.work.events);
    return status_ok();
}

/* ---- without a caller ---- */

struct plain {
    struct service_work work;
    service_run_fn *run;
    void *argument;
};

static struct status run_plain(struct db_tx *tx, void *context) {
    struct plain *plain = context;
    plain->work.tx = tx;
    service_events_clear(plain->work.events);
    TRY(plain->run(&plain->work, plain->argument));
    return service_events_flush(&plain->work);
}

struct status service_transact(struct service_context *context, struct arena *arena,
                               const char *tenant, int64_t deadline_us, service_run_fn *run,
                               void *argument, struct db_report *ret_report) {
    struct plain plain = {.run = run, .argument = argument};
    struct db_report report = {.fate = DB_FATE_NOTHING};
    TRY(begin_work(context, arena, tenant, &plain.work));
    struct status status = db_transaction(context->pool, deadline_us, run_plain, &plain, &report);
    if (ret_report != NULL)
        *ret_report = report;
    if (report.fate == DB_FATE_UNCERTAIN)
        service_events_doubt(context, tenant, plain.work.events);
    TRY(status);
    service_events_publish(context, tenant, plain.work.events);
    return status_ok();
}

struct status service_work_settings(struct service_work *work) {
    struct store_tenant *tenant;
    if (work->settings != NULL)
        return status_ok();
    tenant = arena_alloc(work->arena, sizeof *tenant);
    if (tenant == NULL)
        return service_no_room();
    TRY(store_tenant_get(work->tx, work->arena, work->tenant, tenant));
    work->settings = &tenant->settings;
    return status_ok();
}

struct status service_read(struct service_context *context, struct rpc_call *call, db_run_fn *run,
                           void *argument) {
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status =
        db_read(context->pool, rpc_call_deadline_us(call), run, argument, &report);
    return service_fault(call, status, &report);
}
