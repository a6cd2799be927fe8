#include <string.h>

#include "rpc/codec_internal.h"
#include "rpc/wire.h"

/*
 * Everything here reads bytes that have passed rpc_codec_check(): lengths fit, wire types match,
 * nesting is bounded (and with it this file's recursion). Only memory can run out.
 */

static bool unpack_fields(struct arena *arena, ProtobufCMessage *message, const uint8_t *at,
                          const uint8_t *end, bool merges);

static void *member_at(ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

static uint64_t take_varint(const uint8_t **at, const uint8_t *end) {
    uint64_t value = 0;
    (void)wire_read_varint(at, end, &value);
    return value;
}

static size_t count_varints(const uint8_t *bytes, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += bytes[i] < 0x80;
    return count;
}

/* Moves behind a value. Returns how many elements of the field's list it holds. */
static size_t skip_value(const uint8_t **at, const uint8_t *end, enum wire_type type,
                         const ProtobufCFieldDescriptor *field) {
    switch (type) {
    case WIRE_VARINT:
        (void)take_varint(at, end);
        return 1;
    case WIRE_I64:
        *at += sizeof(uint64_t);
        return 1;
    case WIRE_I32:
        *at += sizeof(uint32_t);
        return 1;
    default:
        break;
    }
    size_t len = (size_t)take_varint(at, end);
    const uint8_t *bytes = *at;
    *at += len;
    if (field == NULL || field->label != PROTOBUF_C_LABEL_REPEATED)
        return 1;
    switch (wire_type_of(field->type)) {
    case WIRE_VARINT:
        return count_varints(bytes, len);
    case WIRE_I64:
        return len / sizeof(uint64_t);
    case WIRE_I32:
        return len / sizeof(uint32_t);
    default:
        return 1;
    }
}

/* Adds what the bytes hold to the lengths of the message's lists. False when there is none. */
static bool count_lists(ProtobufCMessage *message, const uint8_t *at, const uint8_t *end) {
    bool has_lists = false;
    unsigned hint = 0;
    while (at < end) {
        uint32_t number = 0;
        enum wire_type type = WIRE_VARINT;
        (void)wire_read_tag(&at, end, &number, &type);
        const ProtobufCFieldDescriptor *field = wire_find_field(message->descriptor, number, &hint);
        size_t count = skip_value(&at, end, type, field);
        if (field == NULL) {
            message->n_unknown_fields++;
            has_lists = true;
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t *n = member_at(message, field->quantifier_offset);
            *n += count;
            has_lists = true;
        }
    }
    return has_lists;
}

/* A list for `count` elements that begins with the `old_count` of `*list`. */
static bool extend_list(struct arena *arena, void **list, size_t old_count, size_t count,
                        size_t element_bytes) {
    if (count == old_count)
        return true;
    void *extended = arena_alloc_array(arena, count, element_bytes);
    if (extended == NULL)
        return false;
    if (old_count > 0)
        memcpy(extended, *list, old_count * element_bytes);
    *list = extended;
    return true;
}

static void note_lengths(ProtobufCMessage *message, size_t *old_counts) {
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (descriptor->fields[i].label == PROTOBUF_C_LABEL_REPEATED)
            old_counts[i] = *(size_t *)member_at(message, descriptor->fields[i].quantifier_offset);
    }
    old_counts[descriptor->n_fields] = message->n_unknown_fields;
}

/*
 * Gives every list the room that the bytes need, leaving its length as it was. `merges` says that
 * the message already holds an earlier occurrence.
 */
static bool make_room(struct arena *arena, ProtobufCMessage *message, const uint8_t *at,
                      const uint8_t *end, bool merges) {
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    size_t *old_counts = NULL;
    if (merges) {
        old_counts = arena_alloc_array(arena, descriptor->n_fields + 1u, sizeof(*old_counts));
        if (old_counts == NULL)
            return false;
        note_lengths(message, old_counts);
    }
    if (!count_lists(message, at, end))
        return true;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED)
            continue;
        size_t *n = member_at(message, field->quantifier_offset);
        size_t old_count = merges ? old_counts[i] : 0;
        if (!extend_list(arena, member_at(message, field->offset), old_count, *n,
                         wire_element_bytes(field->type)))
            return false;
        *n = old_count;
    }
    size_t old_count = merges ? old_counts[descriptor->n_fields] : 0;
    void *unknown = message->unknown_fields;
    if (!extend_list(arena, &unknown, old_count, message->n_unknown_fields,
                     sizeof(ProtobufCMessageUnknownField)))
        return false;
    message->unknown_fields = unknown;
    message->n_unknown_fields = (unsigned)old_count;
    return true;
}

static bool keep_unknown(struct arena *arena, ProtobufCMessage *message, uint32_t number,
                         enum wire_type type, const uint8_t *bytes, size_t len) {
    uint8_t *copy = arena_memdup(arena, bytes, len);
    if (copy == NULL)
        return false;
    ProtobufCMessageUnknownField *unknown = &message->unknown_fields[message->n_unknown_fields++];
    unknown->tag = number;
    unknown->wire_type = (ProtobufCWireType)type;
    unknown->len = len;
    unknown->data = copy;
    return true;
}

static bool unpack_text(struct arena *arena, char **member, const uint8_t *bytes, size_t len) {
    if (len == 0) {
        *member = (char *)protobuf_c_empty_string;
        return true;
    }
    char *text = arena_alloc_raw(arena, len + 1);
    if (text == NULL)
        return false;
    memcpy(text, bytes, len);
    text[len] = '\0';
    *member = text;
    return true;
}

static bool unpack_bytes(struct arena *arena, ProtobufCBinaryData *member, const uint8_t *bytes,
                         size_t len) {
    uint8_t *copy = NULL;
    if (len > 0) {
        copy = arena_memdup(arena, bytes, len);
        if (copy == NULL)
            return false;
    }
    member->data = copy;
    member->len = len;
    return true;
}

static bool unpack_submessage(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCMessage **member, const uint8_t *bytes, size_t len) {
    bool merges = *member != NULL;
    ProtobufCMessage *message = merges ? *member : rpc_message_new(arena, descriptor);
    if (message == NULL || !unpack_fields(arena, message, bytes, bytes + len, merges))
        return false;
    *member = message;
    return true;
}

static void store_varint(ProtobufCType type, void *member, uint64_t value) {
    uint32_t low = (uint32_t)value;
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(member, &value, sizeof(value));
        return;
    case PROTOBUF_C_TYPE_SINT64:
        value = (value >> 1) ^ (UINT64_C(0) - (value & 1));
        memcpy(member, &value, sizeof(value));
        return;
    case PROTOBUF_C_TYPE_SINT32:
        low = (low >> 1) ^ (UINT32_C(0) - (low & 1));
        memcpy(member, &low, sizeof(low));
        return;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = value != 0;
        return;
    default: /* int32, uint32, enum */
        memcpy(member, &low, sizeof(low));
        return;
    }
}

/* Little-endian, as the wire has it. */
static void store_fixed(size_t size, void *member, const uint8_t *bytes) {
    if (size == sizeof(uint32_t)) {
        uint32_t value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                         (uint32_t)bytes[3] << 24;
        memcpy(member, &value, sizeof(value));
        return;
    }
    uint64_t value = 0;
    for (size_t i = sizeof(value); i > 0; i--)
        value = value << 8 | bytes[i - 1];
    memcpy(member, &value, sizeof(value));
}

/* Stores one value of the field and moves behind it. */
static bool unpack_value(struct arena *arena, const ProtobufCFieldDescriptor *field, void *member,
                         const uint8_t **at, const uint8_t *end) {
    enum wire_type type = wire_type_of(field->type);
    if (type == WIRE_VARINT) {
        store_varint(field->type, member, take_varint(at, end));
        return true;
    }
    if (type != WIRE_LEN) {
        size_t size = wire_element_bytes(field->type);
        store_fixed(size, member, *at);
        *at += size;
        return true;
    }
    size_t len = (size_t)take_varint(at, end);
    const uint8_t *bytes = *at;
    *at += len;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return unpack_text(arena, member, bytes, len);
    case PROTOBUF_C_TYPE_BYTES:
        return unpack_bytes(arena, member, bytes, len);
    default:
        return unpack_submessage(arena, field->descriptor, member, bytes, len);
    }
}

static bool unpack_list(struct arena *arena, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field, enum wire_type type,
                        const uint8_t **at, const uint8_t *end) {
    size_t *n = member_at(message, field->quantifier_offset);
    char *list = *(char **)member_at(message, field->offset);
    size_t element_bytes = wire_element_bytes(field->type);
    const uint8_t *stop = *at; /* one value, unless it is a packed run */
    if (type == WIRE_LEN && wire_type_of(field->type) != WIRE_LEN) {
        size_t len = (size_t)take_varint(at, end);
        stop = *at + len;
        if (len == 0)
            return true;
    }
    do {
        if (!unpack_value(arena, field, list + *n * element_bytes, at, end))
            return false;
        ++*n;
    } while (*at < stop);
    return true;
}

static bool unpack_singular(struct arena *arena, ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field, const uint8_t **at,
                            const uint8_t *end) {
    void *member = member_at(message, field->offset);
    if (wire_is_oneof(field)) {
        uint32_t *which = member_at(message, field->quantifier_offset);
        if (*which != field->id)
            memset(member, 0, wire_element_bytes(field->type));
        *which = field->id;
    } else if (field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)member_at(message, field->quantifier_offset) = 1;
    }
    return unpack_value(arena, field, member, at, end);
}

static bool unpack_fields(struct arena *arena, ProtobufCMessage *message, const uint8_t *at,
                          const uint8_t *end, bool merges) {
    if (!make_room(arena, message, at, end, merges))
        return false;
    unsigned hint = 0;
    while (at < end) {
        uint32_t number = 0;
        enum wire_type type = WIRE_VARINT;
        (void)wire_read_tag(&at, end, &number, &type);
        const ProtobufCFieldDescriptor *field = wire_find_field(message->descriptor, number, &hint);
        bool fits;
        if (field == NULL) {
            const uint8_t *bytes = at;
            (void)skip_value(&at, end, type, NULL);
            fits = keep_unknown(arena, message, number, type, bytes, (size_t)(at - bytes));
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            fits = unpack_list(arena, message, field, type, &at, end);
        } else {
            fits = unpack_singular(arena, message, field, &at, end);
        }
        if (!fits)
            return false;
    }
    return true;
}

ProtobufCMessage *codec_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                               size_t len_bytes, struct arena *arena) {
    ProtobufCMessage *message = rpc_message_new(arena, descriptor);
    if (message == NULL)
        return NULL;
    if (len_bytes > 0 && !unpack_fields(arena, message, bytes, bytes + len_bytes, false))
        return NULL;
    return message;
}
