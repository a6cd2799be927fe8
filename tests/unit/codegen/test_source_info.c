#include "codegen/source_info.h"

#include "support/cmocka.h"

#include "arena_fixture.h"

static source_location location(int32_t *path, size_t path_len, int32_t *span, char *leading) {
    source_location one = GOOGLE__PROTOBUF__SOURCE_CODE_INFO__LOCATION__INIT;
    one.path = path;
    one.n_path = path_len;
    one.span = span;
    one.n_span = 3;
    one.leading_comments = leading;
    return one;
}

static void places_are_found_by_path(void **state) {
    int32_t second_message[] = {4, 1};
    int32_t field[] = {4, 1, 2, 0};
    int32_t first_message[] = {4, 0};
    int32_t spans[] = {9, 0, 5, 11, 2, 5, 0, 0, 5};
    char comment[] = " Text.\n";
    char empty[] = "";
    source_location locations[] = {
        location(second_message, 2, spans, comment),
        location(field, 4, spans + 3, empty),
        location(first_message, 2, spans + 6, NULL),
    };
    source_location *list[] = {&locations[0], &locations[1], &locations[2]};
    Google__Protobuf__SourceCodeInfo info = GOOGLE__PROTOBUF__SOURCE_CODE_INFO__INIT;
    info.location = list;
    info.n_location = 3;
    file_proto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.source_code_info = &info;

    struct source_info source;
    source_info_init(&source, *state, &file);
    struct source_path path = source_path_child((struct source_path){0}, 4, 1);
    struct source_place place = source_info_find(&source, &path);
    assert_int_equal(place.line, 10);
    assert_string_equal(place.comment.leading, " Text.\n");
    assert_null(place.comment.trailing);
    path = source_path_child(path, 2, 0);
    assert_int_equal(source_info_find(&source, &path).line, 12);
    assert_null(source_info_find(&source, &path).comment.leading);
    path = source_path_child(path, 8, 0);
    assert_int_equal(source_info_find(&source, &path).line, 0);
}

static void files_without_source_info_have_no_lines(void **state) {
    file_proto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    struct source_info source;
    source_info_init(&source, *state, &file);
    struct source_path path = source_path_child((struct source_path){0}, 4, 0);
    assert_int_equal(source_info_find(&source, &path).line, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(places_are_found_by_path),
        WITH_ARENA(files_without_source_info_have_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
