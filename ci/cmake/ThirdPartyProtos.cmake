# Third-party .proto files, from Debian's packages, and the library of what they generate. Neither
# is committed.
include(ProtobufC)

# need_proto(VAR file debian-package hint...): the directory from which `file` is imported.
function(need_proto var file package)
    find_path(${var} "${file}" HINTS ${ARGN} PATH_SUFFIXES include)
    if(NOT ${var})
        message(FATAL_ERROR "${file} was not found. Install the Debian package ${package}, or run ci/setup.")
    endif()
endfunction()

need_proto(PROTOBUF_PROTO_DIR google/protobuf/any.proto libprotobuf-dev)
need_proto(GOOGLEAPIS_PROTO_DIR google/rpc/error_details.proto golang-github-gogo-googleapis-dev
           /usr/share/gocode/src/github.com/gogo/googleapis)

protobuf_c_library(google_protobuf_protos "${PROTOBUF_PROTO_DIR}"
    google/protobuf/any.proto
    google/protobuf/descriptor.proto
    google/protobuf/duration.proto
    google/protobuf/empty.proto
    google/protobuf/field_mask.proto
    google/protobuf/struct.proto
    google/protobuf/timestamp.proto
    google/protobuf/wrappers.proto)

protobuf_c_library(google_rpc_protos "${GOOGLEAPIS_PROTO_DIR}"
    google/rpc/error_details.proto
    google/rpc/status.proto
    IMPORTS "${PROTOBUF_PROTO_DIR}")
target_link_libraries(google_rpc_protos PUBLIC google_protobuf_protos)

# All of them.
add_library(third_party_protos INTERFACE)
target_link_libraries(third_party_protos INTERFACE google_rpc_protos google_protobuf_protos)
