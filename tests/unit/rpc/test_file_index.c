/* Finding .proto files. */
#include "rpc/file_index.h"
#include "support/cmocka.h"

static const char *const base_symbols[] = {"base.Thing", "base.Thing.name"};
static const struct rpc_file base_file = {
    .name = "base.proto", .symbols = base_symbols, .symbol_count = 2};

static const struct rpc_file *const middle_imports[] = {&base_file};
static const char *const middle_symbols[] = {"middle.Option"};
static const struct rpc_extension middle_extensions[] = {{"base.Thing", "middle.first", 1001},
                                                         {"base.Thing", "middle.second", 1002}};
static const struct rpc_file middle_file = {.name = "middle.proto",
                                            .imports = middle_imports,
                                            .import_count = 1,
                                            .symbols = middle_symbols,
                                            .symbol_count = 1,
                                            .extensions = middle_extensions,
                                            .extension_count = 2};

/* Imports base twice over: directly, and through middle. */
static const struct rpc_file *const top_imports[] = {&middle_file, &base_file};
static const char *const top_symbols[] = {"top.Service", "top.Service.Call"};
static const struct rpc_file top_file = {.name = "top.proto",
                                         .imports = top_imports,
                                         .import_count = 2,
                                         .symbols = top_symbols,
                                         .symbol_count = 2};

static void imports_come_along_once_and_after(void **state) {
    (void)state;
    struct rpc_file_index index = {0};
    assert_true(rpc_file_index_add(&index, &top_file));
    assert_true(rpc_file_index_add(&index, &base_file));
    assert_int_equal(index.count, 3);
    assert_ptr_equal(index.files[0], &top_file);
    rpc_file_index_done(&index);
}

static void files_are_found_by_name_and_symbol(void **state) {
    (void)state;
    struct rpc_file_index index = {0};
    assert_true(rpc_file_index_add(&index, &top_file));
    assert_ptr_equal(rpc_file_index_by_name(&index, "middle.proto"), &middle_file);
    assert_null(rpc_file_index_by_name(&index, "other.proto"));
    assert_ptr_equal(rpc_file_index_by_symbol(&index, "base.Thing.name"), &base_file);
    assert_ptr_equal(rpc_file_index_by_symbol(&index, "top.Service.Call"), &top_file);
    assert_null(rpc_file_index_by_symbol(&index, "top"));
    assert_null(rpc_file_index_by_symbol(&index, ".top.Service"));
    rpc_file_index_done(&index);
}

static void extensions_are_found_and_counted(void **state) {
    (void)state;
    struct rpc_file_index index = {0};
    int32_t numbers[1] = {0};
    assert_true(rpc_file_index_add(&index, &top_file));
    assert_ptr_equal(rpc_file_index_by_extension(&index, "base.Thing", 1002), &middle_file);
    assert_null(rpc_file_index_by_extension(&index, "base.Thing", 1003));
    assert_null(rpc_file_index_by_extension(&index, "top.Service", 1001));
    assert_int_equal(rpc_file_index_extensions(&index, "base.Thing", numbers, 1), 2);
    assert_int_equal(numbers[0], 1001);
    rpc_file_index_done(&index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_come_along_once_and_after),
        cmocka_unit_test(files_are_found_by_name_and_symbol),
        cmocka_unit_test(extensions_are_found_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
