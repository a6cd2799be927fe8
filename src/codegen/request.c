#include "codegen/request.h"

#include <string.h>

#include "codegen/source_info.h"

static const char *find_gap(const file_proto *file);
static bool is_message_whole(const message_proto *message, size_t depth);
static bool are_fields_whole(size_t count, field_proto *const *fields, bool are_extensions);
static bool is_enum_whole(const enum_proto *one);
static bool is_service_whole(const service_proto *service);
static bool is_identifier(const char *name);
static bool is_full_name(const char *name);
static bool is_file_name(const char *name);

bool request_check(const plugin_request *request, struct problems *problems) {
    for (size_t i = 0; i < request->n_proto_file; i++) {
        const file_proto *file = request->proto_file[i];
        const char *gap = find_gap(file);
        if (gap == NULL)
            continue;
        problems_add(problems, "request", 0, "%s: %s", file->name == NULL ? "a file" : file->name,
                     gap);
        return false;
    }
    return true;
}

/* What is missing or malformed; NULL when nothing is. */
static const char *find_gap(const file_proto *file) {
    if (!is_file_name(file->name))
        return "its name cannot be written in C";
    if (file->package != NULL && !is_full_name(file->package))
        return "its package is no name";
    for (size_t i = 0; i < file->n_dependency; i++) {
        if (!is_file_name(file->dependency[i]))
            return "the name of an import cannot be written in C";
    }
    for (size_t i = 0; i < file->n_message_type; i++) {
        if (!is_message_whole(file->message_type[i], 0))
            return "a message is incomplete or nested too deep";
    }
    for (size_t i = 0; i < file->n_enum_type; i++) {
        if (!is_enum_whole(file->enum_type[i]))
            return "an enum is incomplete";
    }
    for (size_t i = 0; i < file->n_service; i++) {
        if (!is_service_whole(file->service[i]))
            return "a service is incomplete";
    }
    return are_fields_whole(file->n_extension, file->extension, true)
               ? NULL
               : "an extension is incomplete";
}

/* Recursion, bounded by SOURCE_NESTING_MAX. */
static bool is_message_whole(const message_proto *message, size_t depth) {
    if (depth >= SOURCE_NESTING_MAX || !is_identifier(message->name))
        return false;
    if (!are_fields_whole(message->n_field, message->field, false) ||
        !are_fields_whole(message->n_extension, message->extension, true))
        return false;
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        if (!is_identifier(message->oneof_decl[i]->name))
            return false;
    }
    for (size_t i = 0; i < message->n_enum_type; i++) {
        if (!is_enum_whole(message->enum_type[i]))
            return false;
    }
    for (size_t i = 0; i < message->n_nested_type; i++) {
        if (!is_message_whole(message->nested_type[i], depth + 1))
            return false;
    }
    return true;
}

static bool are_fields_whole(size_t count, field_proto *const *fields, bool are_extensions) {
    for (size_t i = 0; i < count; i++) {
        if (!is_identifier(fields[i]->name))
            return false;
        if (are_extensions && !is_full_name(fields[i]->extendee))
            return false;
    }
    return true;
}

static bool is_enum_whole(const enum_proto *one) {
    for (size_t i = 0; i < one->n_value; i++) {
        if (!is_identifier(one->value[i]->name))
            return false;
    }
    return is_identifier(one->name);
}

static bool is_service_whole(const service_proto *service) {
    for (size_t i = 0; i < service->n_method; i++) {
        if (!is_identifier(service->method[i]->name))
            return false;
    }
    return is_identifier(service->name);
}

static bool is_identifier(const char *name) {
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name != NULL && name[0] != '\0' && strchr("0123456789", name[0]) == NULL &&
           name[strspn(name, characters)] == '\0';
}

/* With or without a leading dot; package names among them. */
static bool is_full_name(const char *name) {
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    return name != NULL && name[0] != '\0' && name[strspn(name, characters)] == '\0';
}

/* It stands in a comment and between quotes. */
static bool is_file_name(const char *name) {
    if (name == NULL || name[0] == '\0' || strstr(name, "*/") != NULL)
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == '\\')
            return false;
    }
    return true;
}
