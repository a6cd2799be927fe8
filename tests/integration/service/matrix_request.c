#include "matrix_request.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *text) {
    fprintf(stderr, "matrix: %s: %s\n", what, text);
    exit(70);
}

ProtobufCMessage *matrix_request_new(struct arena *arena, const ProtobufCMessageDescriptor *type) {
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
    if (message == NULL)
        give_up("no room", type->name);
    protobuf_c_message_init(type, message);
    return message;
}

static size_t element_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int32_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        give_up("a type that no request has had so far", field->name);
    }
}

/* Where the value of a field stands: in the message, or as the one element of its array. */
static void *place_of(struct arena *arena, ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field) {
    char *bytes = (char *)message;
    void *member = bytes + field->offset;
    size_t count = 1;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return member;
    void **array = member;
    memcpy(bytes + field->quantifier_offset, &count, sizeof count);
    if (*array == NULL)
        *array = arena_alloc(arena, element_size(field));
    return *array;
}

static void assign(const ProtobufCFieldDescriptor *field, void *place, const char *value) {
    char *end = NULL;
    long long number = strtoll(value, &end, 10);
    bool is_number = *value != '\0' && *end == '\0';
    if (field->type == PROTOBUF_C_TYPE_STRING)
        memcpy(place, &value, sizeof value);
    else if (!is_number)
        give_up("not a number", value);
    else if (element_size(field) == sizeof(int64_t))
        *(int64_t *)place = number;
    else
        *(int32_t *)place = (int32_t)number;
}

static void set_one(struct arena *arena, ProtobufCMessage *message, char *path, const char *value) {
    char *rest = NULL;
    for (char *part = strtok_r(path, ".", &rest); part != NULL; part = strtok_r(NULL, ".", &rest)) {
        size_t len = strlen(part);
        bool is_element = len > 2 && strcmp(part + len - 2, "[]") == 0;
        if (is_element)
            part[len - 2] = '\0';
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, part);
        if (field == NULL || is_element != (field->label == PROTOBUF_C_LABEL_REPEATED))
            give_up("no such field", part);
        void *place = place_of(arena, message, field);
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            assign(field, place, value);
            return;
        }
        ProtobufCMessage **inner = place;
        if (*inner == NULL)
            *inner = matrix_request_new(arena, field->descriptor);
        message = *inner;
    }
}

void matrix_request_set(struct arena *arena, ProtobufCMessage *message, const char *assignments,
                        matrix_lookup *lookup, void *context) {
    char *rest = NULL;
    for (char *item = strtok_r(arena_strdup(arena, assignments), " ", &rest); item != NULL;
         item = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(item, '=');
        if (equals == NULL)
            give_up("not an assignment", item);
        *equals = '\0';
        const char *value = equals + 1;
        if (value[0] == '@')
            value = lookup(context, value + 1);
        if (value == NULL)
            give_up("no such name", equals + 1);
        set_one(arena, message, item, value);
    }
}
