#include "rpc/reflection.h"

#include <stdlib.h>

#include "google/rpc/error_details.grpc-c.h"
#include "grpc/reflection/v1/reflection.grpc-c.h"
#include "grpc/reflection/v1alpha/reflection.grpc-c.h"
#include "rpc/file_index.h"
#include "rpc/stream.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest reflection_request;
typedef Grpc__Reflection__V1__ServerReflectionResponse reflection_response;

enum { EXTENSIONS_MAX = 256 };

struct rpc_reflection {
    struct rpc_server *server;
    struct grpc_reflection_v1_server_reflection_handlers handlers;
    struct rpc_file_index index;
    bool complete; /* the services' files are in the index; poller's */

    /* The two versions differ in their package alone: one implementation serves both. */
    struct rpc_method v1alpha_method;
    struct rpc_service v1alpha_service;
};

static struct status out_of_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

/* ---- answers; everything they refer to is in the call's arena or static ---- */

static struct status answer_error(struct arena *arena, reflection_response *response,
                                  enum status_code code, const char *message) {
    Grpc__Reflection__V1__ErrorResponse *error = arena_alloc(arena, sizeof *error);
    if (!error)
        return out_of_memory();
    grpc__reflection__v1__error_response__init(error);
    error->error_code = (int32_t)code;
    error->error_message = (char *)(uintptr_t)message;
    response->error_response = error;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    return status_ok();
}

/* The file and all it imports, itself first. */
static struct status answer_file(struct arena *arena, reflection_response *response,
                                 const struct rpc_file *file) {
    struct rpc_file_index closure = {0};
    if (!rpc_file_index_add(&closure, file)) {
        rpc_file_index_done(&closure);
        return out_of_memory();
    }
    Grpc__Reflection__V1__FileDescriptorResponse *files = arena_alloc(arena, sizeof *files);
    ProtobufCBinaryData *bytes = arena_alloc_array(arena, closure.count, sizeof *bytes);
    if (files && bytes) {
        grpc__reflection__v1__file_descriptor_response__init(files);
        for (size_t i = 0; i < closure.count; i++)
            bytes[i] = (ProtobufCBinaryData){closure.files[i]->descriptor_len,
                                             (uint8_t *)(uintptr_t)closure.files[i]->descriptor};
        files->n_file_descriptor_proto = closure.count;
        files->file_descriptor_proto = bytes;
        response->file_descriptor_response = files;
        response->message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    }
    rpc_file_index_done(&closure);
    return files && bytes ? status_ok() : out_of_memory();
}

static struct status answer_lookup(struct arena *arena, reflection_response *response,
                                   const struct rpc_file *file, const char *what,
                                   const char *name) {
    if (file)
        return answer_file(arena, response, file);
    const char *message = arena_printf(arena, "%s not found: %s", what, name);
    return answer_error(arena, response, STATUS_NOT_FOUND, message ? message : "not found");
}

static struct status answer_extensions(struct arena *arena, reflection_response *response,
                                       const struct rpc_file_index *index, const char *type) {
    if (!rpc_file_index_by_symbol(index, type))
        return answer_lookup(arena, response, NULL, "type", type);
    Grpc__Reflection__V1__ExtensionNumberResponse *numbers = arena_alloc(arena, sizeof *numbers);
    int32_t *list = arena_alloc_array(arena, EXTENSIONS_MAX, sizeof *list);
    if (!numbers || !list)
        return out_of_memory();
    grpc__reflection__v1__extension_number_response__init(numbers);
    size_t found = rpc_file_index_extensions(index, type, list, EXTENSIONS_MAX);
    numbers->base_type_name = (char *)(uintptr_t)type;
    numbers->n_extension_number = found < EXTENSIONS_MAX ? found : EXTENSIONS_MAX;
    numbers->extension_number = list;
    response->all_extension_numbers_response = numbers;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE;
    return status_ok();
}

static struct status answer_services(struct arena *arena, reflection_response *response,
                                     const struct rpc_server *server) {
    size_t count = rpc_server_service_count(server);
    Grpc__Reflection__V1__ListServiceResponse *list = arena_alloc(arena, sizeof *list);
    Grpc__Reflection__V1__ServiceResponse *services =
        arena_alloc_array(arena, count, sizeof *services);
    Grpc__Reflection__V1__ServiceResponse **pointers =
        arena_alloc_array(arena, count, sizeof *pointers);
    if (!list || !services || !pointers)
        return out_of_memory();
    grpc__reflection__v1__list_service_response__init(list);
    for (size_t i = 0; i < count; i++) {
        grpc__reflection__v1__service_response__init(&services[i]);
        services[i].name = (char *)(uintptr_t)rpc_server_service(server, i)->name;
        pointers[i] = &services[i];
    }
    list->n_service = count;
    list->service = pointers;
    response->list_services_response = list;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    return status_ok();
}

static struct status answer(struct rpc_reflection *reflection, struct arena *arena,
                            const reflection_request *request, reflection_response *response) {
    const struct rpc_file_index *index = &reflection->index;
    switch (request->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        return answer_lookup(arena, response,
                             rpc_file_index_by_name(index, request->file_by_filename), "file",
                             request->file_by_filename);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        return answer_lookup(arena, response,
                             rpc_file_index_by_symbol(index, request->file_containing_symbol),
                             "symbol", request->file_containing_symbol);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        return answer_lookup(
            arena, response,
            rpc_file_index_by_extension(index, request->file_containing_extension->containing_type,
                                        request->file_containing_extension->extension_number),
            "extension of", request->file_containing_extension->containing_type);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        return answer_extensions(arena, response, index, request->all_extension_numbers_of_type);
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        return answer_services(arena, response, reflection->server);
    default:
        return answer_error(arena, response, STATUS_INVALID_ARGUMENT,
                            "the request asks for nothing");
    }
}

/* ---- the service ---- */

static bool complete_index(struct rpc_reflection *reflection) {
    for (size_t i = 0; i < rpc_server_service_count(reflection->server); i++) {
        const struct rpc_file *file = rpc_server_service(reflection->server, i)->file;
        if (file && !rpc_file_index_add(&reflection->index, file))
            return false;
    }
    return true;
}

static struct status begin(void *self, struct rpc_call *call) {
    struct rpc_reflection *reflection = self;
    (void)call;
    if (!reflection->complete)
        reflection->complete = complete_index(reflection);
    return reflection->complete ? status_ok() : out_of_memory();
}

static struct status on_message(void *self, struct rpc_call *call,
                                const reflection_request *request) {
    reflection_response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    response.valid_host = request->host;
    response.original_request = (reflection_request *)(uintptr_t)request;
    TRY(answer(self, rpc_call_arena(call), request, &response));
    return grpc_reflection_v1_server_reflection_server_reflection_info_send(call, &response);
}

static struct status register_versions(struct rpc_reflection *reflection) {
    TRY(grpc_reflection_v1_server_reflection_register(reflection->server, &reflection->handlers));
    reflection->v1alpha_method = grpc_reflection_v1_server_reflection_methods[0];
    reflection->v1alpha_method.path = grpc_reflection_v1alpha_server_reflection_methods[0].path;
    reflection->v1alpha_service = grpc_reflection_v1alpha_server_reflection;
    reflection->v1alpha_service.methods = &reflection->v1alpha_method;
    return rpc_server_add_service(reflection->server, &reflection->v1alpha_service,
                                  &reflection->handlers);
}

struct status rpc_reflection_new(struct rpc_server *server,
                                 struct rpc_reflection **ret_reflection) {
    struct rpc_reflection *reflection = calloc(1, sizeof *reflection);
    if (!reflection)
        return out_of_memory();
    reflection->server = server;
    reflection->handlers = (struct grpc_reflection_v1_server_reflection_handlers){
        .self = reflection,
        .server_reflection_info = begin,
        .server_reflection_info_message = on_message,
    };
    struct status status = rpc_reflection_add_file(reflection, &google_rpc_error_details_file);
    if (status_is_ok(status))
        status = register_versions(reflection);
    if (!status_is_ok(status)) {
        rpc_reflection_free(&reflection);
        return status;
    }
    *ret_reflection = reflection;
    return status_ok();
}

void rpc_reflection_free(struct rpc_reflection **reflection) {
    if (!*reflection)
        return;
    rpc_file_index_done(&(*reflection)->index);
    free(*reflection);
    *reflection = NULL;
}

struct status rpc_reflection_add_file(struct rpc_reflection *reflection,
                                      const struct rpc_file *file) {
    return rpc_file_index_add(&reflection->index, file) ? status_ok() : out_of_memory();
}
