/* Health and reflection, called through their generated stubs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.grpc-c.h"
#include "grpc/reflection/v1/reflection.grpc-c.h"
#include "grpc/reflection/v1alpha/reflection.grpc-c.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "support/cmocka.h"

typedef Grpc__Health__V1__HealthCheckRequest health_request;
typedef Grpc__Health__V1__HealthCheckResponse health_response;
typedef Grpc__Reflection__V1__ServerReflectionRequest reflection_request;
typedef Grpc__Reflection__V1__ServerReflectionResponse reflection_response;

struct fixture {
    struct rpc_server *server;
    struct rpc_health *health;
    struct rpc_reflection *reflection;
    struct rpc_channel *channel;
    struct arena arena;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct rpc_server_options options;
    char target[32];
    rpc_server_options_init(&options);
    options.worker_count = 1;
    arena_init(&f->arena, 16u << 20);
    assert_true(status_is_ok(rpc_server_new(&options, &f->server)));
    assert_true(status_is_ok(rpc_reflection_new(f->server, &f->reflection)));
    assert_true(status_is_ok(rpc_health_new(f->server, &f->health)));
    assert_true(status_is_ok(rpc_server_start(f->server)));
    snprintf(target, sizeof target, "127.0.0.1:%d", rpc_server_port(f->server));
    assert_true(status_is_ok(rpc_channel_new(target, NULL, &f->channel)));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rpc_channel_free(&f->channel);
    rpc_server_free(&f->server);
    rpc_health_free(&f->health);
    rpc_reflection_free(&f->reflection);
    arena_done(&f->arena);
    free(f);
    return 0;
}

/* ---- health ---- */

static struct status check(struct fixture *f, const char *service, health_response **ret) {
    health_request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)(uintptr_t)service;
    return grpc_health_v1_health_check(f->channel, NULL, &request, &f->arena, ret, NULL);
}

static void check_tells_what_was_set(void **state) {
    struct fixture *f = *state;
    health_response *response = NULL;
    assert_true(status_is_ok(check(f, "", &response)));
    assert_int_equal(response->status,
                     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
    assert_true(status_is_ok(rpc_health_set(f->health, NULL, true)));
    assert_true(status_is_ok(check(f, "", &response)));
    assert_int_equal(response->status,
                     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
    assert_true(status_is_ok(check(f, "grpc.reflection.v1.ServerReflection", &response)));
    assert_int_equal(check(f, "nobody.Nowhere", &response).code, STATUS_NOT_FOUND);
}

static health_response *next_state(struct fixture *f, struct rpc_client_call *call) {
    health_response *response = NULL;
    assert_true(status_is_ok(grpc_health_v1_health_watch_receive(call, &f->arena, &response)));
    assert_non_null(response);
    return response;
}

static void watch_tells_each_change(void **state) {
    struct fixture *f = *state;
    health_request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct rpc_client_call *call = NULL;
    request.service = (char *)(uintptr_t) "later.Service";
    assert_true(status_is_ok(grpc_health_v1_health_watch_open(f->channel, NULL, &request, &call)));
    assert_int_equal(next_state(f, call)->status,
                     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN);
    assert_true(status_is_ok(rpc_health_set(f->health, "later.Service", true)));
    assert_int_equal(next_state(f, call)->status,
                     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
    assert_true(status_is_ok(rpc_health_set(f->health, "later.Service", false)));
    assert_int_equal(next_state(f, call)->status,
                     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
    rpc_client_call_free(&call);
}

/* ---- reflection ---- */

static reflection_response *ask(struct fixture *f, const struct rpc_method *method,
                                const reflection_request *request) {
    struct rpc_client_call *call = NULL;
    ProtobufCMessage *response = NULL;
    assert_true(status_is_ok(rpc_client_call_open(f->channel, method, NULL, NULL, &call)));
    assert_true(status_is_ok(rpc_client_call_send(call, &request->base)));
    assert_true(status_is_ok(rpc_client_call_receive(call, &f->arena, &response, NULL)));
    rpc_client_call_free(&call);
    return (reflection_response *)response;
}

static reflection_response *ask_v1(struct fixture *f, int kind, const char *name) {
    reflection_request request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = kind;
    request.file_by_filename = (char *)(uintptr_t)name; /* the oneof's strings share a place */
    return ask(f, &grpc_reflection_v1_server_reflection_methods[0], &request);
}

#define KIND(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define ANSWER(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

static void services_are_listed(void **state) {
    reflection_response *response = ask_v1(*state, KIND(LIST_SERVICES), "");
    assert_int_equal(response->message_response_case, ANSWER(LIST_SERVICES_RESPONSE));
    assert_int_equal(response->list_services_response->n_service, 3);
}

static void a_file_comes_with_its_imports(void **state) {
    reflection_response *response =
        ask_v1(*state, KIND(FILE_BY_FILENAME), "google/rpc/error_details.proto");
    assert_int_equal(response->message_response_case, ANSWER(FILE_DESCRIPTOR_RESPONSE));
    assert_int_equal(response->file_descriptor_response->n_file_descriptor_proto, 2);
}

static void symbols_of_every_kind_are_found(void **state) {
    static const char *const symbols[] = {
        "grpc.health.v1.Health",
        "grpc.health.v1.Health.Check",
        "grpc.health.v1.HealthCheckRequest",
        "grpc.health.v1.HealthCheckRequest.service",
        "grpc.health.v1.HealthCheckResponse.ServingStatus",
        "google.rpc.BadRequest.FieldViolation",
    };
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        reflection_response *response = ask_v1(*state, KIND(FILE_CONTAINING_SYMBOL), symbols[i]);
        assert_int_equal(response->message_response_case, ANSWER(FILE_DESCRIPTOR_RESPONSE));
    }
}

static void unknown_names_are_answered_in_the_stream(void **state) {
    reflection_response *response = ask_v1(*state, KIND(FILE_CONTAINING_SYMBOL), "nobody.Nowhere");
    assert_int_equal(response->message_response_case, ANSWER(ERROR_RESPONSE));
    assert_int_equal(response->error_response->error_code, STATUS_NOT_FOUND);
    assert_string_equal(response->error_response->error_message,
                        "symbol not found: nobody.Nowhere");
    response = ask_v1(*state, KIND(FILE_BY_FILENAME), "no/such.proto");
    assert_int_equal(response->error_response->error_code, STATUS_NOT_FOUND);
    response = ask_v1(*state, KIND(ALL_EXTENSION_NUMBERS_OF_TYPE), "nobody.Nowhere");
    assert_int_equal(response->error_response->error_code, STATUS_NOT_FOUND);
}

static void a_type_without_extensions_has_none(void **state) {
    reflection_response *response =
        ask_v1(*state, KIND(ALL_EXTENSION_NUMBERS_OF_TYPE), "grpc.health.v1.HealthCheckRequest");
    assert_int_equal(response->message_response_case, ANSWER(ALL_EXTENSION_NUMBERS_RESPONSE));
    assert_int_equal(response->all_extension_numbers_response->n_extension_number, 0);
}

static void a_request_for_nothing_is_an_error(void **state) {
    reflection_response *response = ask_v1(
        *state, GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__NOT_SET, "");
    assert_int_equal(response->error_response->error_code, STATUS_INVALID_ARGUMENT);
}

static void v1alpha_answers_the_same(void **state) {
    reflection_request request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = KIND(FILE_CONTAINING_SYMBOL);
    request.file_containing_symbol = (char *)(uintptr_t) "grpc.health.v1.Health";
    reflection_response *response =
        ask(*state, &grpc_reflection_v1alpha_server_reflection_methods[0], &request);
    assert_int_equal(((ProtobufCMessage *)response)->descriptor ==
                         &grpc__reflection__v1alpha__server_reflection_response__descriptor,
                     true);
    assert_int_equal(
        ((Grpc__Reflection__V1alpha__ServerReflectionResponse *)response)->message_response_case,
        ANSWER(FILE_DESCRIPTOR_RESPONSE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check_tells_what_was_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(watch_tells_each_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(services_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_comes_with_its_imports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(symbols_of_every_kind_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_names_are_answered_in_the_stream, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_type_without_extensions_has_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_for_nothing_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(v1alpha_answers_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
