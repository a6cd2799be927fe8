#include <stdlib.h>
#include <string.h>

#include "codegen/memory.h"
#include "codegen/model_internal.h"
#include "codegen/names.h"
#include "codegen/options.h"

/* Field numbers of descriptor.proto, which make up the paths of source_code_info. */
enum {
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
};

/* What a file declares, counted before memory is taken for it. */
struct tally {
    size_t messages;
    size_t enums;
    size_t extensions;
    size_t symbols;
};

/* Where the descent is: the scope of what is being read. */
struct scope {
    struct model *model;
    struct model_file *file;
    const char *full_name; /* "chat.v1.Outer" */
    const char *alias;     /* "chat_outer" */
    struct source_path path;
};

static void count_message(const message_proto *message, struct tally *tally);
static void count_enum(const enum_proto *proto, struct tally *tally);
static void read_message(const struct scope *scope, const message_proto *proto);
static void read_fields(struct scope *inside, struct model_message *message);
static void read_enum(const struct scope *scope, const enum_proto *proto,
                      const struct source_path *path);
static void read_extensions(const struct scope *scope, size_t count, field_proto *const *protos);
static void read_service_symbols(const struct scope *scope, const service_proto *proto);
static void add_symbol(const struct scope *scope, const char *name);
static void read_rules(struct model *model, struct model_field *field);
static int compare_fields(const void *a, const void *b);
static int compare_strings(const void *a, const void *b);

void model_read_types(struct model *model, struct model_file *file) {
    const file_proto *proto = file->proto;
    struct tally tally = {.extensions = proto->n_extension, .symbols = proto->n_extension};
    for (size_t i = 0; i < proto->n_message_type; i++)
        count_message(proto->message_type[i], &tally);
    for (size_t i = 0; i < proto->n_enum_type; i++)
        count_enum(proto->enum_type[i], &tally);
    for (size_t i = 0; i < proto->n_service; i++)
        tally.symbols += 1 + proto->service[i]->n_method;
    file->messages = memory_new(model->arena, tally.messages, sizeof(struct model_message));
    file->enums = memory_new(model->arena, tally.enums, sizeof(struct model_enum));
    file->extensions = memory_new(model->arena, tally.extensions, sizeof(struct model_extension));
    file->symbols = memory_new(model->arena, tally.symbols, sizeof(const char *));

    struct scope scope = {
        .model = model, .file = file, .full_name = file->package, .alias = file->prefix};
    for (size_t i = 0; i < proto->n_message_type; i++) {
        struct scope at = scope;
        at.path = source_path_child(scope.path, FILE_MESSAGE, i);
        read_message(&at, proto->message_type[i]);
    }
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        struct source_path path = source_path_child(scope.path, FILE_ENUM, i);
        read_enum(&scope, proto->enum_type[i], &path);
    }
    read_extensions(&scope, proto->n_extension, proto->extension);
    for (size_t i = 0; i < proto->n_service; i++)
        read_service_symbols(&scope, proto->service[i]);
    if (file->symbol_count > 0)
        qsort(file->symbols, file->symbol_count, sizeof(const char *), compare_strings);
}

void model_link_fields(struct model *model, struct model_file *file) {
    for (size_t i = 0; i < file->message_count; i++) {
        for (size_t j = 0; j < file->messages[i].field_count; j++) {
            struct model_field *field = &file->messages[i].fields[j];
            if (field->proto->type == FIELD_TYPE(MESSAGE) ||
                field->proto->type == FIELD_TYPE(GROUP))
                field->type = model_find_message(model, field->proto->type_name);
            read_rules(model, field);
        }
    }
}

/* Recursion, as deep as request_check() allows. */
static void count_message(const message_proto *message, struct tally *tally) {
    tally->messages++;
    tally->extensions += message->n_extension;
    tally->symbols += 1 + message->n_field + message->n_oneof_decl + message->n_extension;
    for (size_t i = 0; i < message->n_enum_type; i++)
        count_enum(message->enum_type[i], tally);
    for (size_t i = 0; i < message->n_nested_type; i++)
        count_message(message->nested_type[i], tally);
}

static void count_enum(const enum_proto *proto, struct tally *tally) {
    tally->enums++;
    tally->symbols += 1 + proto->n_value;
}

/* Recursion, as deep as request_check() allows. */
static void read_message(const struct scope *scope, const message_proto *proto) {
    struct arena *arena = scope->model->arena;
    struct model_file *file = scope->file;
    struct model_message *message = &file->messages[file->message_count++];
    struct scope inside = *scope;
    inside.full_name = model_full_name(scope->model, scope->full_name, proto->name);
    inside.alias = names_join(arena, scope->alias, names_snake(arena, proto->name));

    const char *c_name = model_protobuf_c_name(scope->model, file, inside.full_name);
    *message = (struct model_message){
        .proto = proto,
        .file = file,
        .full_name = inside.full_name,
        .c_type = names_protobuf_c_type(arena, c_name),
        .c_lower = names_protobuf_c_lower(arena, c_name),
        .c_upper = names_protobuf_c_upper(arena, c_name),
        .alias = inside.alias,
        .is_map_entry = proto->options != NULL && proto->options->map_entry,
        .place = source_info_find(&file->source, &scope->path),
    };
    bool short_names = file->has_aliases && file->origin != MODEL_EMBEDDED;
    message->type = short_names ? message->alias : message->c_type;
    add_symbol(scope, proto->name);
    read_fields(&inside, message);
    for (size_t i = 0; i < proto->n_oneof_decl; i++)
        add_symbol(&inside, proto->oneof_decl[i]->name);
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        struct scope at = inside;
        at.path = source_path_child(inside.path, MESSAGE_NESTED, i);
        read_message(&at, proto->nested_type[i]);
    }
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        struct source_path path = source_path_child(inside.path, MESSAGE_ENUM, i);
        read_enum(&inside, proto->enum_type[i], &path);
    }
    read_extensions(&inside, proto->n_extension, proto->extension);
}

static void read_fields(struct scope *inside, struct model_message *message) {
    const message_proto *proto = message->proto;
    message->fields = memory_new(inside->model->arena, proto->n_field, sizeof(struct model_field));
    message->field_count = proto->n_field;
    for (size_t i = 0; i < proto->n_field; i++) {
        struct source_path path = source_path_child(inside->path, MESSAGE_FIELD, i);
        message->fields[i] = (struct model_field){
            .proto = proto->field[i],
            .message = message,
            .full_name = model_full_name(inside->model, inside->full_name, proto->field[i]->name),
            .place = source_info_find(&inside->file->source, &path),
        };
        add_symbol(inside, proto->field[i]->name);
    }
    if (proto->n_field > 0)
        qsort(message->fields, proto->n_field, sizeof(struct model_field), compare_fields);
}

static void read_enum(const struct scope *scope, const enum_proto *proto,
                      const struct source_path *path) {
    struct arena *arena = scope->model->arena;
    struct model_file *file = scope->file;
    const char *full_name = model_full_name(scope->model, scope->full_name, proto->name);
    const char *c_name = model_protobuf_c_name(scope->model, file, full_name);
    file->enums[file->enum_count++] = (struct model_enum){
        .file = file,
        .proto = proto,
        .full_name = full_name,
        .c_type = names_protobuf_c_type(arena, c_name),
        .c_upper = names_protobuf_c_upper(arena, c_name),
        .alias = names_join(arena, scope->alias, names_snake(arena, proto->name)),
        .scope = names_macro(arena, scope->alias),
        .place = source_info_find(&file->source, path),
    };
    add_symbol(scope, proto->name);
    /* Values are siblings of their enum, as in C++. */
    for (size_t i = 0; i < proto->n_value; i++)
        add_symbol(scope, proto->value[i]->name);
}

static void read_extensions(const struct scope *scope, size_t count, field_proto *const *protos) {
    struct model_file *file = scope->file;
    for (size_t i = 0; i < count; i++) {
        file->extensions[file->extension_count++] = (struct model_extension){
            .proto = protos[i],
            .full_name = model_full_name(scope->model, scope->full_name, protos[i]->name),
        };
        add_symbol(scope, protos[i]->name);
    }
}

static void read_service_symbols(const struct scope *scope, const service_proto *proto) {
    struct scope inside = *scope;
    inside.full_name = model_full_name(scope->model, scope->full_name, proto->name);
    add_symbol(scope, proto->name);
    for (size_t i = 0; i < proto->n_method; i++)
        add_symbol(&inside, proto->method[i]->name);
}

static void add_symbol(const struct scope *scope, const char *name) {
    struct model_file *file = scope->file;
    file->symbols[file->symbol_count++] = model_full_name(scope->model, scope->full_name, name);
}

static void read_rules(struct model *model, struct model_field *field) {
    if (!model->has_options)
        return;
    ProtobufCMessage *rules = NULL;
    enum option_outcome outcome =
        options_message((const ProtobufCMessage *)field->proto->options, OPTION_FIELD_RULES,
                        &grpc_c__v1__rules__descriptor, model->arena, &rules);
    const char *file = field->message->file->name;
    if (outcome == OPTION_UNREADABLE)
        problems_add(model->problems, file, field->place.line, "field %s: (rules) cannot be read",
                     field->full_name);
    if (outcome == OPTION_UNKNOWN)
        problems_add(model->problems, file, field->place.line,
                     "field %s: (rules) has a rule that this generator is too old to know",
                     field->full_name);
    field->rules = (const rules_option *)rules;
}

static int compare_fields(const void *a, const void *b) {
    int32_t x = ((const struct model_field *)a)->proto->number;
    int32_t y = ((const struct model_field *)b)->proto->number;
    return x < y ? -1 : x > y;
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
