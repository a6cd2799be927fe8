/*
 * Who may do what: every method of the contract, for every kind of caller, in every state that
 * matters, against a table written by hand from the contract's comments (permission_matrix.txt).
 * Nothing in it comes from the `(access)` options or from src/domain: it is what they are held to.
 */
#include "support/cmocka.h"

#include "integration/service/matrix_file.h"
#include "integration/service/matrix_request.h"
#include "integration/service/matrix_world.h"
#include "liveconv/v1/account_service.grpc-c.h"
#include "liveconv/v1/analytics_service.grpc-c.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "liveconv/v1/feedback_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "liveconv/v1/safety_service.grpc-c.h"
#include "liveconv/v1/user_service.grpc-c.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const struct rpc_service *const services[] = {
    &lc_account_service,      &lc_analytics_service, &lc_booking_service,
    &lc_conversation_service, &lc_feedback_service,  &lc_live_service,
    &lc_message_service,      &lc_safety_service,    &lc_user_service};

enum { SERVICE_COUNT = sizeof services / sizeof services[0] };

struct suite {
    struct arena arena; /* of the whole run */
    struct matrix matrix;
    struct liveconv_server *server;
    struct matrix_world world;
};

static struct suite suite;

static const char *short_name(const struct rpc_service *service) {
    return strrchr(service->name, '.') + 1;
}

static const struct rpc_method *find_method(const struct matrix_method *wanted) {
    for (size_t s = 0; s < SERVICE_COUNT; s++)
        for (size_t m = 0; m < services[s]->method_count; m++)
            if (strcmp(short_name(services[s]), wanted->service) == 0 &&
                strcmp(services[s]->methods[m].name, wanted->name) == 0)
                return &services[s]->methods[m];
    return NULL;
}

/* ---- the table is whole ---- */

static bool is_written(const struct rpc_service *service, const struct rpc_method *method) {
    for (size_t i = 0; i < suite.matrix.method_count; i++) {
        const struct matrix_method *written = &suite.matrix.methods[i];
        if (strcmp(written->service, short_name(service)) == 0 &&
            strcmp(written->name, method->name) == 0 && written->row_count > 0)
            return true;
    }
    return false;
}

static void every_method_of_the_contract_has_a_row(void **state) {
    int missing = 0;
    (void)state;
    for (size_t s = 0; s < SERVICE_COUNT; s++)
        for (size_t m = 0; m < services[s]->method_count; m++)
            if (!is_written(services[s], &services[s]->methods[m])) {
                print_error("not in the matrix: %s\n", services[s]->methods[m].path);
                missing++;
            }
    assert_int_equal(missing, 0);
}

static void every_row_is_of_a_method_of_the_contract(void **state) {
    (void)state;
    for (size_t i = 0; i < suite.matrix.method_count; i++)
        if (find_method(&suite.matrix.methods[i]) == NULL)
            fail_msg("no such method: %s/%s", suite.matrix.methods[i].service,
                     suite.matrix.methods[i].name);
}

/* A service that nobody added to `services` would otherwise go unseen. */
static void every_service_of_the_contract_is_looked_at(void **state) {
    size_t files = 0;
    (void)state;
    DIR *directory = opendir(MATRIX_CONTRACT);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (strstr(entry->d_name, "_service.proto") != NULL)
            files++;
    closedir(directory);
    assert_int_equal(files, SERVICE_COUNT);
}

/* ---- one call ---- */

struct outcome {
    int32_t code;
    const char *reason; /* "" for none */
    const char *detail;
};

static const char *closed_reason(const lc_topic_closed *closed) {
    switch (closed->reason) {
    case LIVECONV__V1__TOPIC_CLOSED_REASON__TOPIC_CLOSED_REASON_MISSING:
        return "TOPIC_MISSING";
    case LIVECONV__V1__TOPIC_CLOSED_REASON__TOPIC_CLOSED_REASON_FORBIDDEN:
        return "TOPIC_FORBIDDEN";
    case LIVECONV__V1__TOPIC_CLOSED_REASON__TOPIC_CLOSED_REASON_REMOVED:
        return "TOPIC_REMOVED";
    default:
        return "TOPIC_CLOSED";
    }
}

/* What the first answer that is about the topic says; NULL when this is not yet it. */
static const char *said_of_topic(const ProtobufCMessage *message) {
    if (message->descriptor != &liveconv__v1__subscribe_response__descriptor)
        return "";
    const lc_subscribe_response *response = (const lc_subscribe_response *)message;
    if (response->kind_case == LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT)
        return "";
    if (response->kind_case == LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_TOPIC_CLOSED)
        return closed_reason(response->topic_closed);
    return NULL;
}

static void note_result(struct outcome *outcome, const struct rpc_result *result) {
    outcome->code = result->status.code;
    outcome->reason = result->details.reason != NULL ? result->details.reason : "";
    outcome->detail = result->status.detail;
}

/* A stream is admitted when it delivers something. */
static struct outcome open_stream(const struct rpc_method *method,
                                  const struct rpc_call_options *options,
                                  const ProtobufCMessage *request, struct arena *arena) {
    struct outcome outcome = {.code = STATUS_OK, .reason = "", .detail = ""};
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    ProtobufCMessage *message = NULL;
    const char *said = NULL;
    assert_true(
        status_is_ok(rpc_client_call_open(suite.server->channel, method, options, request, &call)));
    while (said == NULL && status_is_ok(rpc_client_call_receive(call, arena, &message, NULL)) &&
           message != NULL)
        said = said_of_topic(message);
    if (said != NULL) {
        outcome.reason = said;
    } else {
        result.status = rpc_client_call_finish(call, arena, &result);
        note_result(&outcome, &result);
    }
    rpc_client_call_free(&call);
    return outcome;
}

static struct outcome call_once(const struct rpc_method *method,
                                const struct rpc_call_options *options,
                                const ProtobufCMessage *request, struct arena *arena) {
    struct outcome outcome;
    struct rpc_result result;
    ProtobufCMessage *response = NULL;
    if (method->kind == RPC_SERVER_STREAMING)
        return open_stream(method, options, request, arena);
    result.status = rpc_channel_call(suite.server->channel, method, options, request, arena,
                                     &response, &result);
    note_result(&outcome, &result);
    return outcome;
}

/* ---- the cells ---- */

static bool agrees(const struct outcome *outcome, const struct matrix_answer *expected) {
    if (strcmp(status_code_name(outcome->code), expected->code) != 0)
        return false;
    return expected->reason == NULL || strcmp(outcome->reason, expected->reason) == 0;
}

static bool check_cell(const struct matrix_method *written, const struct rpc_method *method,
                       const struct matrix_row *row, enum matrix_caller caller) {
    const struct matrix_answer *expected = row->cells[caller];
    struct arena arena;
    arena_init(&arena, 16u << 20);
    /* What was refused has changed nothing: the conversation is as it was. */
    if (suite.world.state == NULL || strcmp(suite.world.state, row->state) != 0)
        matrix_world_renew(&suite.world, row->state);
    struct rpc_call_options options =
        liveconv_as(matrix_world_token(&suite.world, caller, written->scope));
    ProtobufCMessage *request = matrix_request_new(&arena, method->input);
    matrix_request_set(&arena, request, written->fields, matrix_world_lookup, &suite.world);
    if (caller == MATRIX_SERVICE || caller == MATRIX_SCOPELESS)
        matrix_request_set(&arena, request, written->service_fields, matrix_world_lookup,
                           &suite.world);
    struct outcome outcome = call_once(method, &options, request, &arena);
    bool is_as_written = agrees(&outcome, expected);
    if (!is_as_written)
        print_error("permission_matrix.txt:%d: %s/%s, %s, %s: written %s %s, answered %s %s (%s)\n",
                    row->line, written->service, written->name, row->state,
                    matrix_caller_names[caller], expected->code,
                    expected->reason != NULL ? expected->reason : "",
                    status_code_name(outcome.code), outcome.reason, outcome.detail);
    if (outcome.code == STATUS_OK)
        suite.world.state = NULL;
    arena_done(&arena);
    return is_as_written;
}

static void every_cell_of_a_service_is_answered_as_written(void **state) {
    const struct rpc_service *service = *state;
    int disagreements = 0;
    int cells = 0;
    for (size_t i = 0; i < suite.matrix.method_count; i++) {
        const struct matrix_method *written = &suite.matrix.methods[i];
        if (strcmp(written->service, short_name(service)) != 0)
            continue;
        const struct rpc_method *method = find_method(written);
        for (size_t r = 0; r < written->row_count; r++)
            for (enum matrix_caller c = 0; c < MATRIX_CALLERS; c++) {
                disagreements += !check_cell(written, method, &written->rows[r], c);
                cells++;
            }
    }
    print_message("%s: %d cells\n", short_name(service), cells);
    assert_true(cells > 0);
    assert_int_equal(disagreements, 0);
}

/* ---- all of it ---- */

static int start(void **state) {
    (void)state;
    arena_init(&suite.arena, 64u << 20);
    suite.matrix = matrix_read(&suite.arena, MATRIX_FILE);
    suite.server = liveconv_server_start(NULL);
    matrix_world_init(&suite.world, suite.server, &suite.arena);
    return 0;
}

static int stop(void **state) {
    (void)state;
    liveconv_server_stop(&suite.server);
    arena_done(&suite.arena);
    return 0;
}

#define CELLS(service)                                                                             \
    {                                                                                              \
        "every cell of " #service " is answered as written",                                       \
            every_cell_of_a_service_is_answered_as_written, NULL, NULL,                            \
            (void *)(uintptr_t)&lc_##service##_service                                             \
    }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_of_the_contract_is_looked_at),
        cmocka_unit_test(every_method_of_the_contract_has_a_row),
        cmocka_unit_test(every_row_is_of_a_method_of_the_contract),
        CELLS(account),
        CELLS(conversation),
        CELLS(booking),
        CELLS(live),
        CELLS(message),
        CELLS(feedback),
        CELLS(safety),
        CELLS(user),
        CELLS(analytics),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
