/*
 * Short names for the protobuf types that the generator reads: descriptor.proto, plugin.proto and
 * our own options, all as protobuf-c sees them.
 */
#ifndef CODEGEN_DESCRIPTOR_H
#define CODEGEN_DESCRIPTOR_H

#include "google/protobuf/compiler/plugin.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "grpc_c/v1/options.pb-c.h"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest plugin_request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse plugin_response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File plugin_output;

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__OneofDescriptorProto oneof_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;
typedef Google__Protobuf__SourceCodeInfo__Location source_location;

typedef GrpcC__V1__Access access_option;
typedef GrpcC__V1__Rules rules_option;

/* `FIELD_TYPE(INT32)` is GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32. */
#define FIELD_TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define FIELD_IS_REPEATED(field)                                                                   \
    ((field)->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)

#endif
