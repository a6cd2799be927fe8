#include "clients/cli/failure.h"

#include <string.h>

#include <jansson.h>

#include "clients/cli/command.h"
#include "clients/cli/session.h"

int failure_exit_code(int32_t code) {
    switch (code) {
    case STATUS_OK:
        return CLI_OK;
    case STATUS_INVALID_ARGUMENT:
    case STATUS_OUT_OF_RANGE:
        return CLI_USAGE;
    case STATUS_UNAUTHENTICATED:
    case STATUS_PERMISSION_DENIED:
        return CLI_DENIED;
    case STATUS_NOT_FOUND:
        return CLI_NOT_FOUND;
    case STATUS_ALREADY_EXISTS:
    case STATUS_FAILED_PRECONDITION:
    case STATUS_ABORTED:
        return CLI_REFUSED;
    case STATUS_RESOURCE_EXHAUSTED:
        return CLI_EXHAUSTED;
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE_EXCEEDED:
        return CLI_UNREACHABLE;
    default:
        return CLI_FAILED;
    }
}

struct remedy {
    const char *reason;
    const char *text;
};

static const struct remedy by_reason[] = {
    {"TOKEN_MISSING", "give a token: --token, --token-file or LIVECONV_TOKEN"},
    {"TOKEN_EXPIRED", "get a new token and repeat"},
    {"TOKEN_NOT_YET_VALID", "check this machine's clock, or wait"},
    {"ACCESS_DENIED", "this needs another role or scope than the token has"},
    {"USER_SUSPENDED", "ask the people who run the platform"},
    {"ETAG_MISMATCH", "look at it again (conversations show), then repeat with its etag"},
    {"REQUEST_ID_REUSED", "leave --request-id out: this is another change"},
    {"PAGE_TOKEN_INVALID", "start again with the first page, without --page"},
    {"SCHEDULE_CONFLICT", "another session is at that time: cancel it, or choose another time"},
    {"CONVERSATION_FULL", "look for another one: liveconv conversations list --seats-left"},
    {"ALREADY_BOOKED", "nothing to do: liveconv bookings shows it"},
    {"BOOKING_NOT_FOUND", "look at yours: liveconv bookings"},
    {"OWN_CONVERSATION", "host and instructor need no seat: liveconv join"},
    {"NOT_BOOKED", "book a seat first: liveconv book CONVERSATION"},
    {"DOORS_CLOSED", "come back when the doors open"},
    {"START_TOO_EARLY", "it can be started when its doors open"},
    {"NOT_PARTICIPANT", "join first: liveconv join CONVERSATION, or liveconv say --join"},
    {"NOT_HOST", "only its host or an admin can do this"},
    {"INSTRUCTOR_ROLE_REQUIRED",
     "leave --price and --instructor out, or use an instructor's token"},
    {"PRICE_CHANGED", "look at the price again: liveconv quote CONVERSATION"},
    {"PAYMENT_REQUIRED", "pay first: liveconv bookings shows what is due"},
    {"ALLOWANCE_EXHAUSTED", "liveconv home shows what is left, and when it renews"},
    {"DEVICE_LIMIT", "end a session on another device first"},
    {"HAS_BOOKINGS", "price, type and language are fixed once somebody has booked"},
    {"OUTCOME_UNKNOWN", "repeat with the same --request-id: nothing is done twice"},
};

const char *failure_remedy(const char *reason, int32_t code) {
    for (size_t i = 0; reason != NULL && i < sizeof by_reason / sizeof by_reason[0]; i++) {
        if (strcmp(by_reason[i].reason, reason) == 0)
            return by_reason[i].text;
    }
    switch (code) {
    case STATUS_UNAVAILABLE:
        return "is the server running? See --server and --tls";
    case STATUS_DEADLINE_EXCEEDED:
        return "try again, with more time: --timeout";
    case STATUS_UNAUTHENTICATED:
        return "get a new token";
    case STATUS_UNIMPLEMENTED:
        return "this server does not have it";
    default:
        return NULL;
    }
}

/* A change may have been made although no answer came. */
static bool is_uncertain(int32_t code) {
    return code == STATUS_UNAVAILABLE || code == STATUS_DEADLINE_EXCEEDED ||
           code == STATUS_CANCELLED;
}

static void print_violations(FILE *file, const char *title, const struct rpc_violation *violations,
                             size_t count, struct arena *arena) {
    for (size_t i = 0; i < count; i++)
        fprintf(file, "  %s%s: %s\n", title, text_clean(arena, violations[i].field, " "),
                text_clean(arena, violations[i].description, " "));
}

void failure_print(FILE *file, const struct style *style, const struct rpc_result *result,
                   const char *request_id) {
    const struct rpc_details *details = &result->details;
    int32_t code = result->status.code;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    fprintf(file, "liveconv: %s%s%s", tone_begin(style, TONE_BAD), status_code_name(code),
            tone_end(style, TONE_BAD));
    if (details->reason != NULL)
        fprintf(file, " (%s%s%s)", tone_begin(style, TONE_STRONG),
                text_clean(&arena, details->reason, " "), tone_end(style, TONE_STRONG));
    fprintf(file, ": %s\n", text_clean(&arena, result->status.detail, " "));
    for (size_t i = 0; i < details->metadata_count; i++)
        fprintf(file, "  %s: %s\n", text_clean(&arena, details->metadata[i].key, " "),
                text_clean(&arena, details->metadata[i].value, " "));
    print_violations(file, "field ", details->violations, details->violation_count, &arena);
    print_violations(file, "quota ", details->quota_violations, details->quota_violation_count,
                     &arena);
    if (details->retry_after_ms >= 0)
        fprintf(file, "  come again in %.1f s\n", (double)details->retry_after_ms / 1000);
    const char *remedy = failure_remedy(details->reason, code);
    if (remedy != NULL)
        fprintf(file, "  %s-> %s%s\n", tone_begin(style, TONE_WARM), remedy,
                tone_end(style, TONE_WARM));
    if (request_id != NULL && is_uncertain(code))
        fprintf(file, "  -> to repeat it safely: --request-id %s\n", request_id);
    arena_done(&arena);
}

static json_t *violations_json(const struct rpc_violation *violations, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "field", violations[i].field,
                                              "description", violations[i].description));
    return list;
}

void failure_print_json(FILE *file, const struct rpc_result *result, const char *request_id) {
    const struct rpc_details *details = &result->details;
    json_t *error = json_pack("{s:s, s:s}", "code", status_code_name(result->status.code),
                              "message", result->status.detail ? result->status.detail : "");
    if (error == NULL)
        error = json_object();
    if (details->reason != NULL)
        json_object_set_new(error, "reason", json_string(details->reason));
    if (details->metadata_count > 0) {
        json_t *metadata = json_object();
        for (size_t i = 0; i < details->metadata_count; i++)
            json_object_set_new(metadata, details->metadata[i].key,
                                json_string(details->metadata[i].value));
        json_object_set_new(error, "metadata", metadata);
    }
    if (details->violation_count > 0)
        json_object_set_new(error, "violations",
                            violations_json(details->violations, details->violation_count));
    if (details->quota_violation_count > 0)
        json_object_set_new(
            error, "quota_violations",
            violations_json(details->quota_violations, details->quota_violation_count));
    if (details->retry_after_ms >= 0)
        json_object_set_new(error, "retry_after_ms", json_integer(details->retry_after_ms));
    const char *remedy = failure_remedy(details->reason, result->status.code);
    if (remedy != NULL)
        json_object_set_new(error, "remedy", json_string(remedy));
    if (request_id != NULL && is_uncertain(result->status.code))
        json_object_set_new(error, "request_id", json_string(request_id));
    json_t *line = json_object();
    json_object_set_new(line, "error", error);
    json_dumpf(line, file, JSON_COMPACT);
    fputc('\n', file);
    json_decref(line);
}

int cli_result_failed(const struct session *session, const struct rpc_result *result,
                      const char *request_id) {
    fflush(stdout);
    if (session->settings.json) {
        failure_print_json(stderr, result, request_id);
    } else {
        struct style style = style_of(stderr);
        failure_print(stderr, &style, result, request_id);
    }
    return failure_exit_code(result->status.code);
}
