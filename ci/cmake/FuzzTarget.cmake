# fuzz_target(NAME SOURCES files... LIBS targets... CORPUS directory): a program with the entry point
# LLVMFuzzerTestOneInput. With the fuzz preset libFuzzer drives it: NAME [corpus...]. Everywhere else a
# small main feeds it the files it is given, and ctest -L fuzz replays the corpus and cuts of it.
function(fuzz_target name)
    cmake_parse_arguments(T "" "CORPUS" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE project_options ${T_LIBS})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    if(LIVECONV_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${name} COMMAND ${name} -runs=0 "${T_CORPUS}")
    else()
        target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c")
        add_test(NAME ${name} COMMAND ${name} "${T_CORPUS}")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
    test_environment(${name})
endfunction()
