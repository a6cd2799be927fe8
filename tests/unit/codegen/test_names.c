#include "codegen/names.h"

#include "support/cmocka.h"

#include "arena_fixture.h"

/* Expected names were read off what protoc-gen-c 1.4.1 generates. */
static void type_names_are_those_of_protobuf_c(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_protobuf_c_type(arena, "chat.v1x.SayHTTPRequest.Inner_x"),
                        "Chat__V1x__SayHTTPRequest__InnerX");
    assert_string_equal(names_protobuf_c_type(arena, "grpc_c.v1.Access"), "GrpcC__V1__Access");
    assert_string_equal(names_protobuf_c_type(arena, "Plain"), "Plain");
}

static void function_names_are_those_of_protobuf_c(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_protobuf_c_lower(arena, "chat.v1x.SayHTTPRequest.Inner_x"),
                        "chat__v1x__say_httprequest__inner_x");
    assert_string_equal(names_protobuf_c_lower(arena, "chat.v1x.SayHTTPRequest.MEntry"),
                        "chat__v1x__say_httprequest__mentry");
    assert_string_equal(names_protobuf_c_lower(arena, "grpc_c.v1.Access"), "grpc_c__v1__access");
}

static void constant_names_are_those_of_protobuf_c(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_protobuf_c_upper(arena, "chat.v1x.SayHTTPRequest.Inner_x.Kind"),
                        "CHAT__V1X__SAY_HTTPREQUEST__INNER_X__KIND");
    assert_string_equal(names_upper_snake(arena, "camelInner"), "CAMEL_INNER");
}

static void capitals_begin_a_word_only_after_something_else(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_snake(arena, "SayHello"), "say_hello");
    assert_string_equal(names_snake(arena, "HTTPGet"), "httpget");
    assert_string_equal(names_snake(arena, "getURL2"), "get_url2");
    assert_string_equal(names_snake(arena, ""), "");
}

static void empty_prefixes_join_without_underscore(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_join(arena, "", "b"), "b");
    assert_string_equal(names_join(arena, "a", "b"), "a_b");
}

static void what_c_cannot_spell_becomes_underscores(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_flat(arena, "liveconv.v1"), "liveconv_v1");
    assert_string_equal(names_macro(arena, "a/b-c.proto"), "A_B_C_PROTO");
}

static void members_avoid_keywords_of_both_languages_and_self(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_member(arena, "Delete"), "delete_");
    assert_string_equal(names_member(arena, "Switch"), "switch_");
    assert_string_equal(names_member(arena, "Self"), "self_");
    assert_string_equal(names_member(arena, "Say"), "say");
}

static void methods_avoid_the_names_that_every_service_has(void **state) {
    struct arena *arena = *state;
    assert_string_equal(names_method(arena, "Register"), "register_");
    assert_string_equal(names_method(arena, "Methods"), "methods_");
    assert_string_equal(names_method(arena, "Delete"), "delete");
}

static void keywords_of_c_are_told_from_those_of_cpp(void **state) {
    (void)state;
    assert_true(names_is_c_keyword("register"));
    assert_true(names_is_c_keyword("alignas"));
    assert_true(names_is_c_keyword("while"));
    assert_false(names_is_c_keyword("delete"));
    assert_false(names_is_c_keyword("say"));
}

static void prefixes_are_lower_case_identifiers(void **state) {
    (void)state;
    assert_true(names_is_prefix("lc"));
    assert_true(names_is_prefix("grpc_c2"));
    assert_false(names_is_prefix(""));
    assert_false(names_is_prefix("2a"));
    assert_false(names_is_prefix("Lc"));
    assert_false(names_is_prefix("l__c"));
    assert_false(names_is_prefix("lc_"));
    assert_false(names_is_prefix("l-c"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(type_names_are_those_of_protobuf_c),
        WITH_ARENA(function_names_are_those_of_protobuf_c),
        WITH_ARENA(constant_names_are_those_of_protobuf_c),
        WITH_ARENA(capitals_begin_a_word_only_after_something_else),
        WITH_ARENA(empty_prefixes_join_without_underscore),
        WITH_ARENA(what_c_cannot_spell_becomes_underscores),
        WITH_ARENA(members_avoid_keywords_of_both_languages_and_self),
        WITH_ARENA(methods_avoid_the_names_that_every_service_has),
        cmocka_unit_test(keywords_of_c_are_told_from_those_of_cpp),
        cmocka_unit_test(prefixes_are_lower_case_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
