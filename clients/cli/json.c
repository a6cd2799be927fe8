#include "clients/cli/json.h"

#include <inttypes.h>
#include <string.h>

#include "clients/cli/when.h"
#include "google/protobuf/timestamp.pb-c.h"

/* Messages of the contract are not recursive; this bounds what a stranger's descriptor could do. */
enum { MAX_DEPTH = 32 };

static json_t *json_message(const ProtobufCMessage *message, int depth);

static json_t *json_number_text(const char *format, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, format, number);
    return json_string(text);
}

static json_t *json_enum(const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return known != NULL ? json_string(known->name) : json_integer(value);
}

static json_t *json_of_value(const ProtobufCFieldDescriptor *field, const void *place, int depth) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)place);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)place);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_number_text("%" PRId64, *(const uint64_t *)place);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return json_number_text("%" PRIu64, *(const uint64_t *)place);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_real((double)*(const float *)place);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)place);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)place);
    case PROTOBUF_C_TYPE_ENUM:
        return json_enum(field->descriptor, *(const int *)place);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(char *const *)place != NULL ? *(char *const *)place : "");
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_message(*(ProtobufCMessage *const *)place, depth + 1);
    default:
        return json_null(); /* bytes: the contract has none */
    }
}

static size_t size_of_element(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static json_t *json_list(const ProtobufCFieldDescriptor *field, const char *base, int depth) {
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *elements = *(char *const *)(const void *)(base + field->offset);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_of_value(field, elements + i * size_of_element(field->type), depth));
    return list;
}

static bool is_set(const ProtobufCFieldDescriptor *field, const char *base) {
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED)
        return *(ProtobufCMessage *const *)(const void *)(base + field->offset) != NULL;
    return true;
}

static json_t *json_message(const ProtobufCMessage *message, int depth) {
    if (message->descriptor == &google__protobuf__timestamp__descriptor) {
        char text[WHEN_RFC3339_BYTES];
        when_format_rfc3339((const Google__Protobuf__Timestamp *)message, text);
        return json_string(text);
    }
    if (depth > MAX_DEPTH)
        return json_null();
    const char *base = (const char *)message;
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_set(field, base))
            continue;
        json_t *value = field->label == PROTOBUF_C_LABEL_REPEATED
                            ? json_list(field, base, depth)
                            : json_of_value(field, base + field->offset, depth);
        json_object_set_new(object, field->name, value);
    }
    return object;
}

json_t *json_of_message(const ProtobufCMessage *message) {
    return json_message(message, 0);
}

static void print_line(FILE *file, json_t *value) {
    json_dumpf(value, file, JSON_COMPACT);
    fputc('\n', file);
    fflush(file);
    json_decref(value);
}

void json_print(FILE *file, const ProtobufCMessage *message) {
    print_line(file, json_of_message(message));
}

void json_print_as(FILE *file, const char *key, const ProtobufCMessage *message) {
    json_t *line = json_object();
    json_object_set_new(line, key, json_of_message(message));
    print_line(file, line);
}
