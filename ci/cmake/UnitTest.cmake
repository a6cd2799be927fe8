# unit_test(NAME SOURCES files... LIBS targets... [LABEL label] [THREADS]): one cmocka program, one
# ctest entry. THREADS: it has threads of its own, so ci/test runs it under ThreadSanitizer, too.
function(unit_test name)
    cmake_parse_arguments(T "THREADS" "LABEL" "SOURCES;LIBS" ${ARGN})
    if(NOT T_LABEL)
        set(T_LABEL unit)
    endif()
    if(T_THREADS)
        list(APPEND T_LABEL threads)
    endif()
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE project_options ${T_LIBS} dep::cmocka)
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${T_LABEL}" TIMEOUT 120)
    test_environment(${name})
endfunction()

# test_environment(test...): how the sanitizers behave in these tests. Everything a sanitizer finds
# fails the test; the suppressions are for libraries that are not instrumented.
set(LIVECONV_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=1:abort_on_error=0:exitcode=99"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp:halt_on_error=0:exitcode=66:second_deadlock_stack=1:print_suppressions=0"
)
function(test_environment)
    set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT "${LIVECONV_TEST_ENVIRONMENT}")
endfunction()
