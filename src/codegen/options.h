/*
 * Reads the options of grpc_c/v1/options.proto out of what protobuf-c kept as unknown fields.
 *
 * An option that is a message may arrive in several pieces, one for each `option (x).a = ...` line;
 * their bytes are concatenated, which is how protobuf merges messages.
 */
#ifndef CODEGEN_OPTIONS_H
#define CODEGEN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codegen/descriptor.h"

/* The numbers of our extensions. */
enum {
    OPTION_FILE_C_PREFIX = 51001,
    OPTION_METHOD_ACCESS = 51001,
    OPTION_METHOD_DISPATCH = 51002,
    OPTION_FIELD_RULES = 51001,
    OPTION_FILE_PROTOBUF_C = 1019, /* (pb_c_file), of protobuf-c itself */
};

enum option_outcome {
    OPTION_ABSENT,
    OPTION_FOUND,
    OPTION_UNREADABLE, /* not encoded as the option's type */
    OPTION_UNKNOWN,    /* a message with a field that this generator does not know */
};

/* `options` may be NULL. The message is in the arena. */
enum option_outcome options_message(const ProtobufCMessage *options, uint32_t number,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct arena *arena, ProtobufCMessage **ret_message);
enum option_outcome options_text(const ProtobufCMessage *options, uint32_t number,
                                 struct arena *arena, const char **ret_text);
bool options_has(const ProtobufCMessage *options, uint32_t number);
/* An enum or another varint. */
enum option_outcome options_number(const ProtobufCMessage *options, uint32_t number,
                                   uint64_t *ret_number);

#endif
