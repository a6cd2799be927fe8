# Third-party .proto files, from Debian's packages, and the library of what they generate. Neither
# is committed.
include(ProtobufC)
include(GrpcCGenerate)

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
need_proto(GRPC_PROTO_DIR grpc/health/v1/health.proto grpc-proto /usr/share/grpc-proto)

# What every generated file may stand on: messages, and descriptors for reflection.
add_library(google_protobuf_protos STATIC)
grpc_c_generate(google_protobuf_protos
    PROTOS
        google/protobuf/any.proto
        google/protobuf/descriptor.proto
        google/protobuf/duration.proto
        google/protobuf/empty.proto
        google/protobuf/field_mask.proto
        google/protobuf/struct.proto
        google/protobuf/timestamp.proto
        google/protobuf/wrappers.proto
        grpc_c/v1/options.proto
    IMPORT_DIRS "${PROTOBUF_PROTO_DIR}" "${GRPC_C_PROTO_DIR}")
target_link_libraries(google_protobuf_protos PUBLIC base dep::protobuf_c)

add_library(google_rpc_protos STATIC)
grpc_c_generate(google_rpc_protos
    PROTOS google/rpc/code.proto google/rpc/error_details.proto google/rpc/status.proto
    IMPORT_DIRS "${GOOGLEAPIS_PROTO_DIR}" "${PROTOBUF_PROTO_DIR}")
target_link_libraries(google_rpc_protos PUBLIC google_protobuf_protos)

# The services that the runtime itself offers. Their code calls the runtime and the runtime calls
# it; so these are objects, which become a part of rpc.
add_library(rpc_protocol_protos OBJECT)
grpc_c_generate(rpc_protocol_protos
    PROTOS
        grpc/health/v1/health.proto
        grpc/reflection/v1/reflection.proto
        grpc/reflection/v1alpha/reflection.proto
    IMPORT_DIRS "${GRPC_PROTO_DIR}"
    OPTIONS access=public dispatch=grpc.*:poller)
target_link_libraries(rpc_protocol_protos PUBLIC base dep::protobuf_c)

# All of them.
add_library(third_party_protos INTERFACE)
target_link_libraries(third_party_protos INTERFACE google_rpc_protos google_protobuf_protos)
