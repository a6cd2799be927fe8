/* What the generator makes of tests/codegen/golden/, called as the runtime and applications do. */
#include <string.h>

#include "support/cmocka.h"

#include "fake_runtime.h"
#include "kinds.grpc-c.h"
#include "rules.grpc-c.h"
#include "types.grpc-c.h"

#include "arena_fixture.h"

/* Handlers that remember what they were called with. */
struct echo {
    const char *called;
    const void *message;
};

static struct echo echo;

static struct status ping(void *self, struct rpc_call *call, const kinds_ping_request *request,
                          kinds_ping_response *ret_response) {
    (void)call;
    *(struct echo *)self = (struct echo){"ping", request};
    ret_response->text = request->text;
    return status_ok();
}

static struct status listen(void *self, struct rpc_call *call, const kinds_ping_request *request) {
    *(struct echo *)self = (struct echo){"listen", request};
    kinds_ping_response response = KINDS_PING_RESPONSE_INIT;
    return kinds_echo_service_listen_send(call, &response);
}

static struct status upload(void *self, struct rpc_call *call) {
    (void)call;
    *(struct echo *)self = (struct echo){"upload", NULL};
    return status_error(STATUS_ABORTED, 5, "no");
}

static struct status upload_half_close(void *self, struct rpc_call *call,
                                       kinds_ping_response *ret_response) {
    (void)call;
    *(struct echo *)self = (struct echo){"upload_half_close", ret_response};
    return status_ok();
}

static struct status talk_message(void *self, struct rpc_call *call,
                                  const kinds_ping_request *message) {
    (void)call;
    *(struct echo *)self = (struct echo){"talk_message", message};
    return status_ok();
}

static const struct kinds_echo_service_handlers handlers = {
    .self = &echo,
    .ping = ping,
    .listen = listen,
    .upload = upload,
    .upload_half_close = upload_half_close,
    .talk_message = talk_message,
};

static const struct rpc_method *const methods = kinds_echo_service_methods;

static int set_up(void **state) {
    memset(&fake_runtime, 0, sizeof(fake_runtime));
    echo = (struct echo){0};
    return set_up_arena(state);
}

#define WITH_RUNTIME(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_arena)

static void the_table_describes_each_kind(void **state) {
    (void)state;
    assert_int_equal(kinds_echo_service.method_count, 4);
    assert_ptr_equal(kinds_echo_service.file, &kinds_kinds_file);
    assert_string_equal(methods[KINDS_ECHO_SERVICE_PING].path, "/kinds.v1.EchoService/Ping");
    assert_int_equal(methods[KINDS_ECHO_SERVICE_PING].kind, RPC_UNARY);
    assert_int_equal(methods[KINDS_ECHO_SERVICE_LISTEN].kind, RPC_SERVER_STREAMING);
    assert_int_equal(methods[KINDS_ECHO_SERVICE_UPLOAD].kind, RPC_CLIENT_STREAMING);
    assert_int_equal(methods[KINDS_ECHO_SERVICE_TALK].kind, RPC_BIDI_STREAMING);
    assert_int_equal(methods[KINDS_ECHO_SERVICE_PING].dispatch, RPC_ON_POLLER);
    assert_int_equal(methods[KINDS_ECHO_SERVICE_TALK].dispatch, RPC_ON_WORKER);
    assert_null(methods[KINDS_ECHO_SERVICE_LISTEN].message);
    assert_null(methods[KINDS_ECHO_SERVICE_LISTEN].unary);
    assert_int_equal(kinds_empty_service.method_count, 0);
}

static void options_in_several_pieces_are_one_access(void **state) {
    (void)state;
    const struct rpc_access *access = &methods[KINDS_ECHO_SERVICE_UPLOAD].access;
    assert_false(access->is_public);
    assert_int_equal(access->role_count, 1);
    assert_string_equal(access->roles[0], "admin");
    assert_string_equal(access->scope, "uploads.write");
    assert_string_equal(methods[KINDS_ECHO_SERVICE_TALK].access.scope, "talk \"loud\"");
}

static void handler_offsets_find_the_handlers(void **state) {
    (void)state;
    const char *base = (const char *)&handlers;
    struct status (*found)(void *, struct rpc_call *, const kinds_ping_request *,
                           kinds_ping_response *);
    memcpy(&found, base + methods[KINDS_ECHO_SERVICE_PING].handler_offset, sizeof(found));
    assert_true(found == ping);
    memcpy(&found, base + methods[KINDS_ECHO_SERVICE_TALK].handler_offset, sizeof(found));
    assert_null(found);
}

static void register_gives_the_table_to_the_server(void **state) {
    (void)state;
    assert_true(status_is_ok(kinds_echo_service_register(NULL, &handlers)));
    assert_ptr_equal(fake_runtime.service, &kinds_echo_service);
    assert_ptr_equal(fake_runtime.handlers, &handlers);
}

static void the_unary_thunk_calls_its_handler(void **state) {
    (void)state;
    char text[] = "hello";
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    kinds_ping_response response = KINDS_PING_RESPONSE_INIT;
    request.text = text;
    struct status status =
        methods[KINDS_ECHO_SERVICE_PING].unary(&handlers, NULL, &request.base, &response.base);
    assert_true(status_is_ok(status));
    assert_string_equal(echo.called, "ping");
    assert_ptr_equal(response.text, text);
}

static void start_thunks_call_their_handlers(void **state) {
    (void)state;
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    struct status status = methods[KINDS_ECHO_SERVICE_LISTEN].start(&handlers, NULL, &request.base);
    assert_true(status_is_ok(status));
    assert_ptr_equal(echo.message, &request);
    assert_non_null(fake_runtime.message);
    status = methods[KINDS_ECHO_SERVICE_UPLOAD].start(&handlers, NULL, NULL);
    assert_int_equal(status.code, STATUS_ABORTED);
    assert_string_equal(echo.called, "upload");
}

static void message_and_half_close_thunks_call_their_handlers(void **state) {
    (void)state;
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    kinds_ping_response response = KINDS_PING_RESPONSE_INIT;
    assert_true(
        status_is_ok(methods[KINDS_ECHO_SERVICE_TALK].message(&handlers, NULL, &request.base)));
    assert_string_equal(echo.called, "talk_message");
    assert_ptr_equal(echo.message, &request);
    assert_true(status_is_ok(
        methods[KINDS_ECHO_SERVICE_UPLOAD].half_close(&handlers, NULL, &response.base)));
    assert_string_equal(echo.called, "upload_half_close");
    assert_ptr_equal(echo.message, &response);
}

static void message_and_half_close_without_handler_answer_ok(void **state) {
    (void)state;
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    assert_true(
        status_is_ok(methods[KINDS_ECHO_SERVICE_UPLOAD].message(&handlers, NULL, &request.base)));
    assert_true(status_is_ok(methods[KINDS_ECHO_SERVICE_TALK].half_close(&handlers, NULL, NULL)));
    assert_null(echo.called);
}

static void the_blocking_stub_hands_over_the_response_when_ok(void **state) {
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    kinds_ping_response answer = KINDS_PING_RESPONSE_INIT;
    kinds_ping_response *response = NULL;
    fake_runtime.answer = &answer.base;
    fake_runtime.status = status_error(STATUS_NOT_FOUND, 0, "");
    struct status status = kinds_echo_service_ping(NULL, NULL, &request, *state, &response, NULL);
    assert_int_equal(status.code, STATUS_NOT_FOUND);
    assert_null(response);
    fake_runtime.status = status_ok();
    status = kinds_echo_service_ping(NULL, NULL, &request, *state, &response, NULL);
    assert_true(status_is_ok(status));
    assert_ptr_equal(response, &answer);
    assert_ptr_equal(fake_runtime.method, &methods[KINDS_ECHO_SERVICE_PING]);
    assert_ptr_equal(fake_runtime.message, &request);
    memset(&fake_runtime, 0, sizeof(fake_runtime));
}

static void on_response(void *context, const struct rpc_result *result,
                        const kinds_ping_response *response) {
    (void)result;
    *(const kinds_ping_response **)context = response;
}

static void the_asynchronous_stub_delivers_to_its_callback(void **state) {
    (void)state;
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    kinds_ping_response answer = KINDS_PING_RESPONSE_INIT;
    const kinds_ping_response *response = NULL;
    assert_true(
        status_is_ok(kinds_echo_service_ping_async(NULL, NULL, &request, on_response, &response)));
    fake_runtime.deliver(fake_runtime.callback, &response, NULL, &answer.base);
    assert_ptr_equal(response, &answer);
}

static void on_message(void *context, const kinds_ping_response *message) {
    *(const kinds_ping_response **)context = message;
}

static void streaming_stubs_give_types_to_the_call(void **state) {
    kinds_ping_request request = KINDS_PING_REQUEST_INIT;
    kinds_ping_response answer = KINDS_PING_RESPONSE_INIT;
    struct rpc_client_call *call = NULL;
    assert_true(status_is_ok(kinds_echo_service_listen_open(NULL, NULL, &request, &call)));
    assert_ptr_equal(fake_runtime.method, &methods[KINDS_ECHO_SERVICE_LISTEN]);
    assert_ptr_equal(fake_runtime.message, &request);
    assert_true(status_is_ok(kinds_echo_service_talk_open(NULL, NULL, &call)));
    assert_null(fake_runtime.message);
    assert_true(status_is_ok(kinds_echo_service_talk_send_request(call, &request)));
    assert_ptr_equal(fake_runtime.message, &request);

    kinds_ping_response *received = NULL;
    fake_runtime.answer = &answer.base;
    assert_true(status_is_ok(kinds_echo_service_talk_receive(call, *state, &received)));
    assert_ptr_equal(received, &answer);

    const kinds_ping_response *heard = NULL;
    assert_true(status_is_ok(kinds_echo_service_talk_listen(call, on_message, NULL, &heard)));
    fake_runtime.deliver_message(fake_runtime.callback, &heard, &answer.base);
    assert_ptr_equal(heard, &answer);
    memset(&fake_runtime, 0, sizeof(fake_runtime));
}

static void new_messages_are_initialised_in_the_arena(void **state) {
    kinds_ping_request *request = kinds_ping_request_new(*state);
    assert_non_null(request);
    assert_ptr_equal(request->base.descriptor, &kinds__v1__ping_request__descriptor);
    struct arena full;
    arena_init(&full, 1);
    assert_null(kinds_ping_request_new(&full));
    arena_done(&full);
}

static const struct rpc_field_rules *rules_of(const char *field) {
    const struct rpc_message_rules *rules = &rules_check_request_rules;
    for (size_t i = 0; i < rules->field_count; i++) {
        const struct rpc_field_rules *one = &rules->fields[i];
        if (strcmp(rules->descriptor->fields[one->field_index].name, field) == 0)
            return one;
    }
    return NULL;
}

/* The generator and protobuf-c must agree on the order of fields, whatever the order in the file.
 */
static void rules_point_at_the_fields_they_were_written_on(void **state) {
    (void)state;
    assert_int_equal(rules_of("id")->flags, RPC_RULE_REQUIRED | RPC_RULE_UUID);
    assert_int_equal(rules_of("title")->max_length, 200);
    assert_int_equal(rules_of("key")->min_length, 16);
    assert_int_equal(rules_of("offset")->int_min, INT64_MIN);
    assert_int_equal(rules_of("offset")->int_max, INT64_MAX);
    assert_int_equal(rules_of("tags")->items_max, 10);
    assert_int_equal(rules_of("starts_at")->flags, RPC_RULE_REQUIRED | RPC_RULE_FUTURE);
    assert_ptr_equal(rules_of("part")->inner, &rules_part_rules);
    assert_ptr_equal(rules_of("parts")->inner->fields[0].inner, &rules_part_rules);
    assert_null(rules_of("free"));
    assert_null(rules_of("nothing"));
}

static void aliases_are_the_types_of_protobuf_c(void **state) {
    (void)state;
    ty_outer outer = TY_OUTER_INIT;
    outer.kind = TY_OUTER_KIND_A;
    assert_int_equal(outer.what_it_is_case, TY_OUTER_WHAT_IT_IS_NOT_SET);
    outer.what_it_is_case = TY_OUTER_WHAT_IT_IS_CAMEL_INNER;
    assert_int_equal(outer.what_it_is_case, 9);
    ty_level level = TY_LEVEL_MINUS;
    assert_int_equal(level, -1);
    ty_outer_inner inner;
    ty_outer_inner_init(&inner);
    assert_ptr_equal(inner.base.descriptor, &types__v1beta__outer__inner__descriptor);
}

static void descriptors_are_complete_and_symbols_sorted(void **state) {
    (void)state;
    static const char last[] = "proto3"; /* FileDescriptorProto.syntax has the highest number */
    const struct rpc_file *file = &rules_rules_file;
    assert_string_equal(file->name, "rules.proto");
    assert_memory_equal(file->descriptor + file->descriptor_len - 6, last, 6);
    assert_int_equal(file->import_count, 2);
    assert_string_equal(file->imports[0]->name, "google/protobuf/timestamp.proto");
    assert_string_equal(file->imports[1]->name, "grpc_c/v1/options.proto");
    assert_int_equal(file->imports[1]->extension_count, 4);
    for (size_t i = 1; i < file->symbol_count; i++)
        assert_true(strcmp(file->symbols[i - 1], file->symbols[i]) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RUNTIME(the_table_describes_each_kind),
        WITH_RUNTIME(options_in_several_pieces_are_one_access),
        WITH_RUNTIME(handler_offsets_find_the_handlers),
        WITH_RUNTIME(register_gives_the_table_to_the_server),
        WITH_RUNTIME(the_unary_thunk_calls_its_handler),
        WITH_RUNTIME(start_thunks_call_their_handlers),
        WITH_RUNTIME(message_and_half_close_thunks_call_their_handlers),
        WITH_RUNTIME(message_and_half_close_without_handler_answer_ok),
        WITH_RUNTIME(the_blocking_stub_hands_over_the_response_when_ok),
        WITH_RUNTIME(the_asynchronous_stub_delivers_to_its_callback),
        WITH_RUNTIME(streaming_stubs_give_types_to_the_call),
        WITH_RUNTIME(new_messages_are_initialised_in_the_arena),
        WITH_RUNTIME(rules_point_at_the_fields_they_were_written_on),
        WITH_RUNTIME(aliases_are_the_types_of_protobuf_c),
        WITH_RUNTIME(descriptors_are_complete_and_symbols_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
