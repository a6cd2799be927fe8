# Every library the tree stands on, found once and named as a target.
# A missing one ends the configuration with the package to install.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# need_library(TARGET pkg-config-name debian-package)
function(need_library target module package)
    pkg_check_modules(${target} IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${target}_FOUND)
        message(FATAL_ERROR "${module} was not found. Install the Debian package ${package}, or run ci/setup.")
    endif()
    add_library(dep::${target} ALIAS PkgConfig::${target})
endfunction()

# need_program(VAR program debian-package)
function(need_program var program package)
    find_program(${var} ${program})
    if(NOT ${var})
        message(FATAL_ERROR "${program} was not found. Install the Debian package ${package}, or run ci/setup.")
    endif()
endfunction()

need_library(grpc grpc libgrpc-dev)
need_library(protobuf_c libprotobuf-c libprotobuf-c-dev)
need_library(zlib zlib zlib1g-dev)
need_library(openssl openssl libssl-dev)
need_library(inih inih libinih-dev)
need_library(jansson jansson libjansson-dev)
need_library(mariadb libmariadb libmariadb-dev)
need_library(cmocka cmocka libcmocka-dev)
need_program(PROTOC_EXECUTABLE protoc protobuf-compiler)
need_program(PROTOC_GEN_C_EXECUTABLE protoc-gen-c protobuf-c-compiler)
