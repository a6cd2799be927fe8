# What `cmake --install BUILD --component grpc-c` gives to other C projects: the plugin, the runtime
# as one archive, their headers, grpc_c/v1/options.proto, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)

set(runtime_parts base rpc rpc_protocol_protos google_protobuf_protos google_rpc_protos)
add_library(grpc_c_runtime STATIC)
add_library(grpc_c::runtime ALIAS grpc_c_runtime)
foreach(part IN LISTS runtime_parts)
    target_sources(grpc_c_runtime PRIVATE "$<TARGET_OBJECTS:${part}>")
endforeach()
set_target_properties(grpc_c_runtime PROPERTIES
    OUTPUT_NAME grpc-c EXPORT_NAME runtime LINKER_LANGUAGE C)
target_include_directories(grpc_c_runtime INTERFACE
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/grpc-c>")
target_link_libraries(grpc_c_runtime INTERFACE "$<INSTALL_INTERFACE:grpc_c::dependencies>")
target_compile_features(grpc_c_runtime INTERFACE c_std_11)

install(TARGETS grpc_c_runtime EXPORT grpc_c
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT grpc-c)
install(TARGETS protoc-gen-grpc-c EXPORT grpc_c
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT grpc-c)

# Headers that applications and generated code include; the others are the runtime's own.
foreach(layer IN ITEMS base rpc)
    set(headers_of_base arena clock log status str uuid workers)
    set(headers_of_rpc buffer call client codec details health method principal reflection rules
        server stream)
    list(TRANSFORM headers_of_${layer} REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/src/${layer}/\\1.h")
    install(FILES ${headers_of_${layer}}
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/grpc-c/${layer}" COMPONENT grpc-c)
endforeach()
foreach(part IN ITEMS rpc_protocol_protos google_protobuf_protos google_rpc_protos)
    install(DIRECTORY "${PROJECT_BINARY_DIR}/${part}-protos/"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/grpc-c" COMPONENT grpc-c
        FILES_MATCHING PATTERN "*.h")
endforeach()

set(proto_dir "${CMAKE_INSTALL_DATADIR}/grpc-c/proto")
install(FILES "${GRPC_C_PROTO_DIR}/grpc_c/v1/options.proto"
    DESTINATION "${proto_dir}/grpc_c/v1" COMPONENT grpc-c)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/grpc_c")
install(EXPORT grpc_c NAMESPACE grpc_c:: FILE grpc_cTargets.cmake
    DESTINATION "${package_dir}" COMPONENT grpc-c)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/grpc_cConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/grpc_cConfig.cmake"
    INSTALL_DESTINATION "${package_dir}" PATH_VARS proto_dir)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/grpc_cConfigVersion.cmake"
    VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/grpc_cConfig.cmake"
    "${PROJECT_BINARY_DIR}/grpc_cConfigVersion.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/GrpcCGenerate.cmake"
    DESTINATION "${package_dir}" COMPONENT grpc-c)

# Relative, so that the installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/grpc-c.pc.in" "${PROJECT_BINARY_DIR}/grpc-c.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/grpc-c.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT grpc-c)
