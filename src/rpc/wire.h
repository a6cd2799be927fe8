/*
 * The protobuf wire format, as codec_check.c and codec_unpack.c both read it. Private to rpc.
 *
 * Thread-safety: functions without state.
 */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_I64 = 1,
    WIRE_LEN = 2,
    WIRE_GROUP_START = 3,
    WIRE_GROUP_END = 4,
    WIRE_I32 = 5,
};

/* Reads a base-128 number of at most 10 bytes and 64 bits and moves `*at` behind it. False, with
 * nothing changed, when it is truncated or longer. */
static inline bool wire_read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value) {
    const uint8_t *p = *at;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *at = p;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* Reads a field number (1 to 2^29 - 1) and a wire type. */
static inline bool wire_read_tag(const uint8_t **at, const uint8_t *end, uint32_t *ret_number,
                                 enum wire_type *ret_type) {
    uint64_t tag;
    if (!wire_read_varint(at, end, &tag) || tag > UINT32_MAX || tag < 8)
        return false;
    *ret_number = (uint32_t)tag >> 3;
    *ret_type = (enum wire_type)(tag & 7);
    return true;
}

/* Reads a length prefix; false unless that many bytes follow. */
static inline bool wire_read_length(const uint8_t **at, const uint8_t *end, size_t *ret_len) {
    const uint8_t *p = *at;
    uint64_t len;
    if (!wire_read_varint(&p, end, &len) || len > (uint64_t)(end - p))
        return false;
    *at = p;
    *ret_len = (size_t)len;
    return true;
}

/*
 * The field with that number, or NULL. `*hint` is the index of the last field that was found (0 at
 * first): encoders write fields in order, so that it or its successor is mostly the one.
 */
static inline const ProtobufCFieldDescriptor *
wire_find_field(const ProtobufCMessageDescriptor *descriptor, uint32_t number, unsigned *hint) {
    for (unsigned i = *hint; i < descriptor->n_fields && i < *hint + 2; i++) {
        if (descriptor->fields[i].id == number) {
            *hint = i;
            return &descriptor->fields[i];
        }
    }
    /* Ranges of consecutive numbers, sorted; one more at the end closes the last. */
    const ProtobufCIntRange *ranges = descriptor->field_ranges;
    unsigned low = 0;
    unsigned high = descriptor->n_field_ranges;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (number < (uint32_t)ranges[middle].start_value) {
            high = middle;
            continue;
        }
        unsigned offset = number - (uint32_t)ranges[middle].start_value;
        unsigned index = ranges[middle].orig_index;
        if (offset < ranges[middle + 1].orig_index - index) {
            *hint = index + offset;
            return &descriptor->fields[index + offset];
        }
        low = middle + 1;
    }
    return NULL;
}

/* How one value of the type stands on the wire, outside packed runs. */
static inline enum wire_type wire_type_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LEN;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_I32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_I64;
    default:
        return WIRE_VARINT;
    }
}

/* Size of one value of the type in protobuf-c's structs and arrays. */
static inline size_t wire_element_bytes(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return sizeof(uint32_t);
    }
}

static inline bool wire_is_oneof(const ProtobufCFieldDescriptor *field) {
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

#endif
