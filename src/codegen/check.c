#include "codegen/check.h"

static void check_method_access(const struct model *model, const struct model_method *method);
static void check_service_access(const struct model *model, const struct model_service *service);

void check_model(const struct model *model) {
    check_access(model);
    check_presence(model);
    check_rules(model);
    check_cycles(model);
    check_names(model);
}

void check_access(const struct model *model) {
    for (size_t i = 0; i < model->file_count; i++) {
        for (size_t j = 0; j < model->files[i].service_count; j++)
            check_service_access(model, &model->files[i].services[j]);
    }
}

void check_presence(const struct model *model) {
    for (size_t i = 0; i < model->file_count; i++) {
        const struct model_file *file = &model->files[i];
        for (size_t j = 0; file->origin == MODEL_GENERATED && j < file->message_count; j++) {
            const struct model_message *message = &file->messages[j];
            for (size_t k = 0; k < message->field_count; k++) {
                const struct model_field *field = &message->fields[k];
                if (field->proto->proto3_optional)
                    problems_add(model->problems, file->name, field->place.line,
                                 "field %s: proto3 `optional` is not supported; tell unset from "
                                 "zero with a message, an enum whose 0 is UNSPECIFIED, or a field "
                                 "mask",
                                 field->full_name);
            }
        }
    }
}

static void check_service_access(const struct model *model, const struct model_service *service) {
    for (size_t i = 0; i < service->method_count; i++)
        check_method_access(model, &service->methods[i]);
}

static void check_method_access(const struct model *model, const struct model_method *method) {
    const struct model_access *access = &method->access;
    const char *file = method->service->file->name;
    int line = method->place.line;
    if (!access->is_given) {
        problems_add(model->problems, file, line,
                     "method %s does not say who may call it: give it option (grpc_c.v1.access), "
                     "or the plugin access=%s:public",
                     method->full_name, method->full_name);
        return;
    }
    bool names_somebody = access->role_count > 0 || access->scope != NULL;
    if (access->is_public && names_somebody)
        problems_add(model->problems, file, line,
                     "method %s: (access) says both public and roles or scope", method->full_name);
    if (!access->is_public && !names_somebody)
        problems_add(model->problems, file, line,
                     "method %s: (access) names nobody; say public, roles or scope",
                     method->full_name);
    for (size_t i = 0; i < access->role_count; i++) {
        if (access->roles[i][0] == '\0')
            problems_add(model->problems, file, line, "method %s: (access) has an empty role",
                         method->full_name);
    }
}
