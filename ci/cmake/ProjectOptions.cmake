# What every target of the tree compiles with. Use: target_link_libraries(t PRIVATE project_options)

option(LIVECONV_BUILD_TESTS "Build the tests" ON)
option(LIVECONV_WERROR "Treat warnings as errors" OFF)
option(LIVECONV_FUZZ "Instrument for libFuzzer (clang)" OFF)
set(LIVECONV_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined or thread)")

add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE c_std_11)
target_compile_definitions(project_options INTERFACE _GNU_SOURCE)
target_compile_options(project_options INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes>
    # clang calls every enum that becomes an int32_t a change of sign; gcc does not.
    $<$<C_COMPILER_ID:Clang>:-Wno-sign-conversion>
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra>
    -fno-omit-frame-pointer)
if(LIVECONV_WERROR)
    target_compile_options(project_options INTERFACE -Werror)
endif()
if(LIVECONV_SANITIZE)
    target_compile_options(project_options INTERFACE -fsanitize=${LIVECONV_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(project_options INTERFACE -fsanitize=${LIVECONV_SANITIZE})
endif()
if(LIVECONV_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "LIVECONV_FUZZ needs clang: use the fuzz preset.")
    endif()
    # A fuzz target itself links with -fsanitize=fuzzer, which brings main().
    target_compile_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Hardening belongs to what is shipped; sanitizers and _FORTIFY_SOURCE do not mix.
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    if(NOT LIVECONV_SANITIZE)
        target_compile_options(project_options INTERFACE
            -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
            $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>)
        target_link_options(project_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    endif()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
