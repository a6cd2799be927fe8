/* Requests that protoc would not send: what the golden tests cannot reach. */
#include "codegen/plugin.h"

#include <string.h>

#include "codegen/source_info.h"
#include "support/cmocka.h"

#include "arena_fixture.h"

/* A request for one file, a.proto. */
struct fixture {
    plugin_request request;
    file_proto file;
    file_proto *files[1];
    char *names[1];
    char name[8];
};

static void init(struct fixture *fixture) {
    google__protobuf__compiler__code_generator_request__init(&fixture->request);
    google__protobuf__file_descriptor_proto__init(&fixture->file);
    memcpy(fixture->name, "a.proto", 8);
    fixture->file.name = fixture->name;
    fixture->files[0] = &fixture->file;
    fixture->names[0] = fixture->name;
    fixture->request.proto_file = fixture->files;
    fixture->request.n_proto_file = 1;
    fixture->request.file_to_generate = fixture->names;
    fixture->request.n_file_to_generate = 1;
}

static void an_empty_file_gets_both_outputs(void **state) {
    struct fixture fixture;
    init(&fixture);
    const plugin_response *response = plugin_run(&fixture.request, *state);
    assert_null(response->error);
    assert_int_equal(response->n_file, 2);
    assert_string_equal(response->file[0]->name, "a.grpc-c.h");
    assert_string_equal(response->file[1]->name, "a.grpc-c.c");
}

static void nothing_to_generate_is_no_error(void **state) {
    struct fixture fixture;
    init(&fixture);
    fixture.request.n_file_to_generate = 0;
    const plugin_response *response = plugin_run(&fixture.request, *state);
    assert_null(response->error);
    assert_int_equal(response->n_file, 0);
}

static void proto3_optional_is_not_announced(void **state) {
    struct fixture fixture;
    init(&fixture);
    assert_int_equal(plugin_run(&fixture.request, *state)->supported_features, 0);
}

static void an_import_that_is_missing_is_named(void **state) {
    struct fixture fixture;
    init(&fixture);
    char import[] = "missing.proto";
    char *imports[] = {import};
    fixture.file.dependency = imports;
    fixture.file.n_dependency = 1;
    const plugin_response *response = plugin_run(&fixture.request, *state);
    assert_non_null(strstr(response->error, "lacks its import missing.proto"));
    assert_int_equal(response->n_file, 0);
}

static void a_method_of_a_missing_message_is_refused(void **state) {
    struct fixture fixture;
    init(&fixture);
    char service_name[] = "S";
    char method_name[] = "Call";
    char type[] = ".Missing";
    char parameter[] = "access=public";
    method_proto method = GOOGLE__PROTOBUF__METHOD_DESCRIPTOR_PROTO__INIT;
    method.name = method_name;
    method.input_type = type;
    method.output_type = type;
    method_proto *methods[] = {&method};
    service_proto service = GOOGLE__PROTOBUF__SERVICE_DESCRIPTOR_PROTO__INIT;
    service.name = service_name;
    service.method = methods;
    service.n_method = 1;
    service_proto *services[] = {&service};
    fixture.file.service = services;
    fixture.file.n_service = 1;
    fixture.request.parameter = parameter;
    const plugin_response *response = plugin_run(&fixture.request, *state);
    assert_non_null(strstr(response->error, "method S.Call: the request lacks the messages"));
}

static void messages_nested_too_deep_are_refused(void **state) {
    struct fixture fixture;
    init(&fixture);
    enum { DEPTH = SOURCE_NESTING_MAX + 1 };
    static message_proto messages[DEPTH];
    static message_proto *pointers[DEPTH];
    char name[] = "M";
    for (size_t i = 0; i < DEPTH; i++) {
        google__protobuf__descriptor_proto__init(&messages[i]);
        messages[i].name = name;
        pointers[i] = &messages[i];
        if (i > 0) {
            messages[i - 1].nested_type = &pointers[i];
            messages[i - 1].n_nested_type = 1;
        }
    }
    fixture.file.message_type = pointers;
    fixture.file.n_message_type = 1;
    const plugin_response *response = plugin_run(&fixture.request, *state);
    assert_non_null(strstr(response->error, "nested too deep"));
    messages[DEPTH - 2].n_nested_type = 0;
    assert_null(plugin_run(&fixture.request, *state)->error);
}

/* A name that is there, but could not stand in C. */
static void names_that_are_none_are_refused(void **state) {
    struct fixture fixture;
    init(&fixture);
    static char *const names[] = {NULL, "", "1a", "a b", "a\"", "a.b", "\xc3\xa4"};
    message_proto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    message_proto *messages[] = {&message};
    fixture.file.message_type = messages;
    fixture.file.n_message_type = 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        message.name = names[i];
        assert_non_null(
            strstr(plugin_run(&fixture.request, *state)->error, "a message is incomplete"));
    }
}

static void file_names_that_break_out_of_c_are_refused(void **state) {
    struct fixture fixture;
    init(&fixture);
    static char *const names[] = {NULL, "", "a*/b", "a\"b", "a\\b", "a\nb"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fixture.file.name = names[i];
        assert_non_null(strstr(plugin_run(&fixture.request, *state)->error, "its name cannot"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(an_empty_file_gets_both_outputs),
        WITH_ARENA(nothing_to_generate_is_no_error),
        WITH_ARENA(proto3_optional_is_not_announced),
        WITH_ARENA(an_import_that_is_missing_is_named),
        WITH_ARENA(a_method_of_a_missing_message_is_refused),
        WITH_ARENA(messages_nested_too_deep_are_refused),
        WITH_ARENA(names_that_are_none_are_refused),
        WITH_ARENA(file_names_that_break_out_of_c_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
