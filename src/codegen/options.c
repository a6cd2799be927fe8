#include "codegen/options.h"

#include <string.h>

#include "codegen/memory.h"

/* Bytes of an option, put together from its occurrences. */
struct bytes {
    uint8_t *data;
    size_t len;
};

static enum option_outcome gather(const ProtobufCMessage *options, uint32_t number,
                                  struct arena *arena, struct bytes *ret_all,
                                  struct bytes *ret_last);
static size_t read_varint(const uint8_t *data, size_t len, uint64_t *ret_number);
static bool knows_all_fields(const ProtobufCMessage *message);

enum option_outcome options_message(const ProtobufCMessage *options, uint32_t number,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct arena *arena, ProtobufCMessage **ret_message) {
    struct bytes all;
    struct bytes last;
    enum option_outcome outcome = gather(options, number, arena, &all, &last);
    if (outcome != OPTION_FOUND)
        return outcome;
    ProtobufCAllocator allocator = memory_allocator(arena);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, all.len, all.data);
    if (message == NULL)
        return OPTION_UNREADABLE;
    if (!knows_all_fields(message))
        return OPTION_UNKNOWN;
    *ret_message = message;
    return OPTION_FOUND;
}

enum option_outcome options_text(const ProtobufCMessage *options, uint32_t number,
                                 struct arena *arena, const char **ret_text) {
    struct bytes all;
    struct bytes last;
    enum option_outcome outcome = gather(options, number, arena, &all, &last);
    if (outcome == OPTION_FOUND)
        *ret_text = memory_text(arena, "%.*s", (int)last.len, (const char *)last.data);
    return outcome;
}

bool options_has(const ProtobufCMessage *options, uint32_t number) {
    for (unsigned i = 0; options != NULL && i < options->n_unknown_fields; i++) {
        if (options->unknown_fields[i].tag == number)
            return true;
    }
    return false;
}

enum option_outcome options_number(const ProtobufCMessage *options, uint32_t number,
                                   uint64_t *ret_number) {
    enum option_outcome outcome = OPTION_ABSENT;
    if (options == NULL)
        return outcome;
    for (unsigned i = 0; i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        if (field->tag != number)
            continue;
        if (field->wire_type != PROTOBUF_C_WIRE_TYPE_VARINT ||
            read_varint(field->data, field->len, ret_number) == 0)
            return OPTION_UNREADABLE;
        outcome = OPTION_FOUND;
    }
    return outcome;
}

static enum option_outcome gather(const ProtobufCMessage *options, uint32_t number,
                                  struct arena *arena, struct bytes *ret_all,
                                  struct bytes *ret_last) {
    enum option_outcome outcome = OPTION_ABSENT;
    struct bytes all = {0};
    if (options == NULL)
        return outcome;
    for (unsigned i = 0; i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        if (field->tag != number)
            continue;
        uint64_t len = 0;
        size_t skip = read_varint(field->data, field->len, &len);
        if (field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED || skip == 0 ||
            len != field->len - skip)
            return OPTION_UNREADABLE;
        uint8_t *joined = memory_new(arena, all.len + (size_t)len, 1);
        if (all.len > 0)
            memcpy(joined, all.data, all.len);
        if (len > 0)
            memcpy(joined + all.len, field->data + skip, (size_t)len);
        *ret_last = (struct bytes){.data = joined + all.len, .len = (size_t)len};
        all = (struct bytes){.data = joined, .len = all.len + (size_t)len};
        outcome = OPTION_FOUND;
    }
    *ret_all = all;
    return outcome;
}

/* Answers the bytes it took; 0 for what is not a varint. */
static size_t read_varint(const uint8_t *data, size_t len, uint64_t *ret_number) {
    uint64_t number = 0;
    for (size_t i = 0; i < len && i < 10; i++) {
        number |= (uint64_t)(data[i] & 0x7f) << (7 * i);
        if ((data[i] & 0x80) == 0) {
            *ret_number = number;
            return i + 1;
        }
    }
    return 0;
}

/* Our options are at most two messages deep. */
static bool knows_all_fields(const ProtobufCMessage *message) {
    if (message->n_unknown_fields > 0)
        return false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const ProtobufCMessage *inner = NULL;
        memcpy(&inner, (const char *)message + field->offset, sizeof(const ProtobufCMessage *));
        if (inner != NULL && inner->n_unknown_fields > 0)
            return false;
    }
    return true;
}
