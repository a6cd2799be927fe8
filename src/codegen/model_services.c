#include "codegen/memory.h"
#include "codegen/model_internal.h"
#include "codegen/names.h"
#include "codegen/options.h"

/* Field numbers of descriptor.proto. */
enum { FILE_SERVICE = 6, SERVICE_METHOD = 2 };

static void read_service(struct model *model, struct model_service *service);
static void read_method(struct model *model, struct model_method *method);
static enum model_kind kind_of(const method_proto *proto);
static void read_access(struct model *model, struct model_method *method);
static void access_from_parameter(struct model *model, struct model_method *method);
static void read_dispatch(struct model *model, struct model_method *method);

void model_read_services(struct model *model, struct model_file *file) {
    const file_proto *proto = file->proto;
    if (file->origin != MODEL_GENERATED)
        return;
    file->services = memory_new(model->arena, proto->n_service, sizeof(struct model_service));
    file->service_count = proto->n_service;
    for (size_t i = 0; i < proto->n_service; i++) {
        const service_proto *one = proto->service[i];
        struct source_path path = source_path_child((struct source_path){0}, FILE_SERVICE, i);
        struct model_service *service = &file->services[i];
        *service = (struct model_service){
            .proto = one,
            .file = file,
            .full_name = model_full_name(model, file->package, one->name),
            .symbol = names_join(model->arena, file->prefix, names_snake(model->arena, one->name)),
            .methods = memory_new(model->arena, one->n_method, sizeof(struct model_method)),
            .method_count = one->n_method,
            .place = source_info_find(&file->source, &path),
        };
        for (size_t j = 0; j < one->n_method; j++) {
            struct source_path method_path = source_path_child(path, SERVICE_METHOD, j);
            service->methods[j].place = source_info_find(&file->source, &method_path);
        }
        read_service(model, service);
    }
}

static void read_service(struct model *model, struct model_service *service) {
    for (size_t i = 0; i < service->method_count; i++) {
        struct model_method *method = &service->methods[i];
        method->proto = service->proto->method[i];
        method->service = service;
        read_method(model, method);
    }
}

static void read_method(struct model *model, struct model_method *method) {
    const method_proto *proto = method->proto;
    const char *file = method->service->file->name;
    method->full_name = model_full_name(model, method->service->full_name, proto->name);
    method->member = names_member(model->arena, proto->name);
    method->symbol =
        names_join(model->arena, method->service->symbol, names_method(model->arena, proto->name));
    method->stem = names_snake(model->arena, proto->name);
    method->kind = kind_of(proto);
    method->input = model_find_message(model, proto->input_type);
    method->output = model_find_message(model, proto->output_type);
    if (method->input == NULL || method->output == NULL)
        problems_add(model->problems, file, method->place.line,
                     "method %s: the request lacks the messages it uses", method->full_name);
    read_access(model, method);
    read_dispatch(model, method);
}

static enum model_kind kind_of(const method_proto *proto) {
    if (proto->client_streaming)
        return proto->server_streaming ? MODEL_BIDI : MODEL_CLIENT_STREAMING;
    return proto->server_streaming ? MODEL_SERVER_STREAMING : MODEL_UNARY;
}

static void read_access(struct model *model, struct model_method *method) {
    ProtobufCMessage *message = NULL;
    enum option_outcome outcome = OPTION_ABSENT;
    if (model->has_options)
        outcome =
            options_message((const ProtobufCMessage *)method->proto->options, OPTION_METHOD_ACCESS,
                            &grpc_c__v1__access__descriptor, model->arena, &message);
    if (outcome == OPTION_UNREADABLE || outcome == OPTION_UNKNOWN) {
        problems_add(model->problems, method->service->file->name, method->place.line,
                     "method %s: (access) cannot be read", method->full_name);
        method->access = (struct model_access){.is_given = true, .is_public = true};
        return;
    }
    if (outcome == OPTION_ABSENT) {
        access_from_parameter(model, method);
        return;
    }
    const access_option *access = (const access_option *)message;
    method->access = (struct model_access){
        .is_given = true,
        .is_public = access->public_,
        .roles = (const char *const *)access->roles,
        .role_count = access->n_roles,
        .scope = access->scope[0] == '\0' ? NULL : access->scope,
    };
}

/* The contract is the source of the rules: a parameter only fills what it leaves open. */
static void access_from_parameter(struct model *model, struct model_method *method) {
    const struct parameter *parameter =
        parameters_find(model->parameters, PARAMETER_ACCESS, method->full_name);
    if (parameter == NULL)
        return;
    method->access = (struct model_access){
        .is_given = true,
        .is_public = parameter->access.is_public,
        .roles = parameter->access.roles,
        .role_count = parameter->access.role_count,
        .scope = parameter->access.scope,
    };
}

static void read_dispatch(struct model *model, struct model_method *method) {
    uint64_t number = GRPC_C__V1__DISPATCH__DISPATCH_UNSPECIFIED;
    enum option_outcome outcome = OPTION_ABSENT;
    if (model->has_options)
        outcome = options_number((const ProtobufCMessage *)method->proto->options,
                                 OPTION_METHOD_DISPATCH, &number);
    if (outcome == OPTION_UNREADABLE || number > GRPC_C__V1__DISPATCH__DISPATCH_POLLER) {
        problems_add(model->problems, method->service->file->name, method->place.line,
                     "method %s: (dispatch) cannot be read", method->full_name);
        return;
    }
    const struct parameter *parameter =
        parameters_find(model->parameters, PARAMETER_DISPATCH, method->full_name);
    bool is_open = number == GRPC_C__V1__DISPATCH__DISPATCH_UNSPECIFIED;
    if (is_open && parameter != NULL)
        method->on_poller = parameter->on_poller;
    else
        method->on_poller = number == GRPC_C__V1__DISPATCH__DISPATCH_POLLER;
}
