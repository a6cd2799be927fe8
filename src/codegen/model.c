#include "codegen/model.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/memory.h"
#include "codegen/model_internal.h"
#include "codegen/names.h"
#include "codegen/options.h"
#include "protobuf_c_options.pb-c.h"

static bool declares_options(const plugin_request *request);
static bool read_file(struct model *model, struct model_file *file, const file_proto *proto,
                      const plugin_request *request);
static enum model_origin find_origin(struct model *model, const char *name,
                                     const plugin_request *request);
static void read_prefix(struct model *model, struct model_file *file);
static void read_protobuf_c_options(struct model *model, struct model_file *file);
static bool resolve_imports(struct model *model, struct model_file *file);
static void index_messages(struct model *model);
static void mark_rules(struct model *model);
static bool inherits_rules(const struct model_message *message);
static int compare_messages(const void *a, const void *b);
static int compare_name(const void *key, const void *element);
static const char *stem_of(struct arena *arena, const char *file_name);
static const char *base_of(const char *stem);

void model_build(struct model *model, struct arena *arena, const plugin_request *request,
                 const struct parameters *parameters, struct problems *problems) {
    *model = (struct model){
        .arena = arena,
        .problems = problems,
        .parameters = parameters,
        .has_options = declares_options(request),
        .files = memory_new(arena, request->n_proto_file, sizeof(struct model_file)),
    };
    for (size_t i = 0; i < request->n_proto_file; i++) {
        if (!read_file(model, &model->files[i], request->proto_file[i], request))
            return;
        model->file_count++;
    }
    index_messages(model);
    for (size_t i = 0; i < model->file_count; i++)
        model_link_fields(model, &model->files[i]);
    mark_rules(model);
    for (size_t i = 0; i < model->file_count; i++)
        model_read_services(model, &model->files[i]);
}

const struct model_message *model_find_message(const struct model *model, const char *full_name) {
    if (model->message_count == 0 || full_name == NULL)
        return NULL;
    if (full_name[0] == '.')
        full_name++;
    const struct model_message *const *found =
        bsearch(full_name, model->messages_by_name, model->message_count,
                sizeof(const struct model_message *), compare_name);
    return found == NULL ? NULL : *found;
}

bool model_client_streams(const struct model_method *method) {
    return method->kind == MODEL_CLIENT_STREAMING || method->kind == MODEL_BIDI;
}

bool model_server_streams(const struct model_method *method) {
    return method->kind == MODEL_SERVER_STREAMING || method->kind == MODEL_BIDI;
}

const char *model_protobuf_c_name(struct model *model, const struct model_file *file,
                                  const char *full_name) {
    if (strcmp(file->c_package, file->package) == 0)
        return full_name;
    const char *rest = full_name + strlen(file->package);
    if (file->package[0] == '\0')
        return model_full_name(model, file->c_package, rest);
    return memory_text(model->arena, "%s%s", file->c_package, rest);
}

const char *model_full_name(struct model *model, const char *scope, const char *name) {
    return scope[0] == '\0' ? name : memory_text(model->arena, "%s.%s", scope, name);
}

static bool declares_options(const plugin_request *request) {
    for (size_t i = 0; i < request->n_proto_file; i++) {
        const char *package = request->proto_file[i]->package;
        if (package != NULL && strcmp(package, "grpc_c.v1") == 0)
            return true;
    }
    return false;
}

/* False when the file cannot be understood at all. */
static bool read_file(struct model *model, struct model_file *file, const file_proto *proto,
                      const plugin_request *request) {
    *file = (struct model_file){
        .proto = proto,
        .name = proto->name,
        .stem = stem_of(model->arena, proto->name),
        .package = proto->package == NULL ? "" : proto->package,
        .origin = find_origin(model, proto->name, request),
    };
    source_info_init(&file->source, model->arena, proto);
    read_prefix(model, file);
    read_protobuf_c_options(model, file);
    const char *base = names_snake(model->arena, names_flat(model->arena, base_of(file->stem)));
    file->symbol =
        memory_text(model->arena, "%s_file", names_join(model->arena, file->prefix, base));
    if (!resolve_imports(model, file))
        return false;
    model_read_types(model, file);
    return true;
}

static enum model_origin find_origin(struct model *model, const char *name,
                                     const plugin_request *request) {
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        if (strcmp(request->file_to_generate[i], name) == 0)
            return MODEL_GENERATED;
    }
    return parameters_find(model->parameters, PARAMETER_EXTERN, name) != NULL ? MODEL_EXTERN
                                                                              : MODEL_EMBEDDED;
}

static void read_prefix(struct model *model, struct model_file *file) {
    const ProtobufCMessage *options = (const ProtobufCMessage *)file->proto->options;
    const char *prefix = NULL;
    enum option_outcome outcome = OPTION_ABSENT;
    if (model->has_options)
        outcome = options_text(options, OPTION_FILE_C_PREFIX, model->arena, &prefix);
    if (outcome == OPTION_UNREADABLE)
        problems_add(model->problems, file->name, 0, "(c_prefix) cannot be read");
    if (prefix != NULL && !names_is_prefix(prefix)) {
        problems_add(model->problems, file->name, 0,
                     "(c_prefix) \"%s\" is not made of lower-case letters, digits and single "
                     "underscores",
                     prefix);
        prefix = NULL;
    }
    const struct parameter *parameter =
        parameters_find(model->parameters, PARAMETER_PREFIX, file->name);
    if (prefix == NULL && parameter != NULL)
        prefix = parameter->prefix;
    file->has_aliases = prefix != NULL;
    file->prefix = prefix != NULL ? prefix : names_flat(model->arena, file->package);
}

static void read_protobuf_c_options(struct model *model, struct model_file *file) {
    file->has_c_types = true;
    file->c_package = file->package;
    ProtobufCMessage *message = NULL;
    enum option_outcome outcome =
        options_message((const ProtobufCMessage *)file->proto->options, OPTION_FILE_PROTOBUF_C,
                        &protobuf_c_options__file_options__descriptor, model->arena, &message);
    if (outcome != OPTION_FOUND)
        return;
    const ProtobufCOptions__FileOptions *options = (ProtobufCOptions__FileOptions *)message;
    file->has_c_types = !(options->has_no_generate && options->no_generate);
    if (options->c_package != NULL)
        file->c_package = options->c_package;
}

static bool resolve_imports(struct model *model, struct model_file *file) {
    file->import_count = file->proto->n_dependency;
    file->imports = memory_new(model->arena, file->import_count, sizeof(struct model_file *));
    for (size_t i = 0; i < file->import_count; i++) {
        for (size_t j = 0; j < model->file_count && file->imports[i] == NULL; j++) {
            if (strcmp(model->files[j].name, file->proto->dependency[i]) == 0)
                file->imports[i] = &model->files[j];
        }
        if (file->imports[i] == NULL) {
            problems_add(model->problems, file->name, 0, "the request lacks its import %s",
                         file->proto->dependency[i]);
            return false;
        }
    }
    return true;
}

static void index_messages(struct model *model) {
    for (size_t i = 0; i < model->file_count; i++)
        model->message_count += model->files[i].message_count;
    model->messages_by_name =
        memory_new(model->arena, model->message_count, sizeof(const struct model_message *));
    size_t n = 0;
    for (size_t i = 0; i < model->file_count; i++) {
        for (size_t j = 0; j < model->files[i].message_count; j++) {
            model->files[i].messages[j].index = n;
            model->messages_by_name[n++] = &model->files[i].messages[j];
        }
    }
    if (n > 0)
        qsort(model->messages_by_name, n, sizeof(const struct model_message *), compare_messages);
}

/* Messages may hold each other in circles, so rules spread until nothing changes any more. */
static void mark_rules(struct model *model) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < model->file_count; i++) {
            for (size_t j = 0; j < model->files[i].message_count; j++) {
                struct model_message *message = &model->files[i].messages[j];
                if (message->has_rules || !inherits_rules(message))
                    continue;
                message->has_rules = true;
                changed = true;
            }
        }
    }
}

static bool inherits_rules(const struct model_message *message) {
    for (size_t i = 0; i < message->field_count; i++) {
        const struct model_field *field = &message->fields[i];
        if (field->rules != NULL || (field->type != NULL && field->type->has_rules))
            return true;
    }
    return false;
}

static int compare_messages(const void *a, const void *b) {
    const struct model_message *x = *(const struct model_message *const *)a;
    const struct model_message *y = *(const struct model_message *const *)b;
    return strcmp(x->full_name, y->full_name);
}

static int compare_name(const void *key, const void *element) {
    return strcmp(key, (*(const struct model_message *const *)element)->full_name);
}

/* Without ".proto" or ".protodevel", as protobuf-c names its files. */
static const char *stem_of(struct arena *arena, const char *file_name) {
    static const char *const endings[] = {".protodevel", ".proto"};
    size_t len = strlen(file_name);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);
        if (len >= ending && strcmp(file_name + len - ending, endings[i]) == 0)
            return memory_text(arena, "%.*s", (int)(len - ending), file_name);
    }
    return file_name;
}

static const char *base_of(const char *stem) {
    const char *slash = strrchr(stem, '/');
    return slash == NULL ? stem : slash + 1;
}
