# protobuf_c_library(TARGET ROOT proto... [IMPORTS directory...]): a static library of what
# protoc-gen-c makes of .proto files below ROOT. Generated into the build tree; not our code, so its
# warnings are off.
function(protobuf_c_library target root)
    cmake_parse_arguments(T "" "" "IMPORTS" ${ARGN})
    set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}")
    set(paths "--proto_path=${root}")
    foreach(directory IN LISTS T_IMPORTS)
        list(APPEND paths "--proto_path=${directory}")
    endforeach()
    set(sources "")
    foreach(proto IN LISTS T_UNPARSED_ARGUMENTS)
        string(REGEX REPLACE "\\.proto$" ".pb-c" stem "${proto}")
        add_custom_command(
            OUTPUT "${out}/${stem}.c" "${out}/${stem}.h"
            COMMAND "${CMAKE_COMMAND}" -E make_directory "${out}"
            COMMAND "${PROTOC_EXECUTABLE}" "--plugin=protoc-gen-c=${PROTOC_GEN_C_EXECUTABLE}"
                    ${paths} "--c_out=${out}" "${proto}"
            DEPENDS "${root}/${proto}"
            COMMENT "protoc-gen-c ${proto}"
            VERBATIM)
        list(APPEND sources "${out}/${stem}.c" "${out}/${stem}.h")
    endforeach()
    add_library(${target} STATIC ${sources})
    target_compile_features(${target} PUBLIC c_std_11)
    target_compile_options(${target} PRIVATE -w)
    target_include_directories(${target} SYSTEM PUBLIC "${out}")
    target_link_libraries(${target} PUBLIC dep::protobuf_c)
endfunction()
