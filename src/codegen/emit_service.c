#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/names.h"
#include "codegen/print.h"

static void declare_table(const struct emit *emit, const struct model_service *service);
static void declare_handlers(const struct emit *emit, const struct model_service *service);
static void declare_handler(const struct emit *emit, const struct model_method *method);
static void declare_sends(const struct emit *emit, const struct model_method *method);
static void define_roles(const struct emit *emit, const struct model_method *method);
static void define_method(const struct emit *emit, const struct model_method *method);
static void define_access(const struct emit *emit, const struct model_method *method);
static void define_thunks(const struct emit *emit, const struct model_method *method);

void emit_service_declarations(const struct emit *emit, const struct model_service *service) {
    fprintf(emit->out, "/* ---- %s ---- */\n\n", service->full_name);
    declare_table(emit, service);
    declare_handlers(emit, service);
    fprintf(
        emit->out,
        "/* Serves these handlers, which must outlive the server. Before rpc_server_start(). */\n");
    print_function(
        emit->out, memory_text(emit->arena, "struct status %s_register", service->symbol),
        " STATUS_MUST_USE;\n\n", "struct rpc_server *server",
        memory_text(emit->arena, "const struct %s_handlers *handlers", service->symbol), NULL);
    for (size_t i = 0; i < service->method_count; i++) {
        if (model_server_streams(&service->methods[i]))
            declare_sends(emit, &service->methods[i]);
    }
}

void emit_service_definitions(const struct emit *emit, const struct model_service *service) {
    const char *macro = names_macro(emit->arena, service->symbol);
    for (size_t i = 0; i < service->method_count; i++)
        define_roles(emit, &service->methods[i]);
    if (service->method_count > 0) {
        fprintf(emit->out, "const struct rpc_method %s_methods[%s_METHOD_COUNT] = {\n",
                service->symbol, macro);
        for (size_t i = 0; i < service->method_count; i++)
            define_method(emit, &service->methods[i]);
        fputs("};\n\n", emit->out);
    }
    fprintf(emit->out,
            "const struct rpc_service %s = {\n"
            "    .name = \"%s\",\n",
            service->symbol, service->full_name);
    if (service->method_count > 0)
        fprintf(emit->out,
                "    .methods = %s_methods,\n"
                "    .method_count = %s_METHOD_COUNT,\n",
                service->symbol, macro);
    fprintf(emit->out, "    .file = &%s,\n};\n\n", emit->file->symbol);
    print_function(
        emit->out, memory_text(emit->arena, "struct status %s_register", service->symbol), " {\n",
        "struct rpc_server *server",
        memory_text(emit->arena, "const struct %s_handlers *handlers", service->symbol), NULL);
    fprintf(emit->out, "    return rpc_server_add_service(server, &%s, handlers);\n}\n\n",
            service->symbol);
}

static void declare_table(const struct emit *emit, const struct model_service *service) {
    const char *macro = names_macro(emit->arena, service->symbol);
    fprintf(emit->out, "extern const struct rpc_service %s;\n", service->symbol);
    if (service->method_count > 0) {
        fputs("/* Positions in the table of methods. */\nenum {\n", emit->out);
        for (size_t i = 0; i < service->method_count; i++)
            fprintf(emit->out, "    %s,\n", names_macro(emit->arena, service->methods[i].symbol));
        fprintf(emit->out,
                "    %s_METHOD_COUNT\n"
                "};\n"
                "extern const struct rpc_method %s_methods[%s_METHOD_COUNT];\n",
                macro, service->symbol, macro);
    }
    fputs("\n", emit->out);
}

static void declare_handlers(const struct emit *emit, const struct model_service *service) {
    print_comment(emit->out, 0, &service->place.comment);
    fprintf(emit->out,
            "struct %s_handlers {\n"
            "    /* Given to every handler. A handler that is NULL answers UNIMPLEMENTED. */\n"
            "    void *self;\n",
            service->symbol);
    for (size_t i = 0; i < service->method_count; i++)
        declare_handler(emit, &service->methods[i]);
    fputs("};\n\n", emit->out);
}

static void declare_handler(const struct emit *emit, const struct model_method *method) {
    FILE *out = emit->out;
    struct arena *arena = emit->arena;
    const char *input = method->input->type;
    const char *response = memory_text(arena, "%s *ret_response", method->output->type);
    bool unary = method->kind == MODEL_UNARY;
    bool one_response = method->kind == MODEL_CLIENT_STREAMING;
    fputs("\n", out);
    print_comment(out, 4, &method->place.comment);
    print_function(out, memory_text(arena, "    struct status (*%s)", method->member), ";\n",
                   "void *self", "struct rpc_call *call",
                   model_client_streams(method) ? ""
                                                : memory_text(arena, "const %s *request", input),
                   unary ? response : "", NULL);
    if (!model_client_streams(method))
        return;
    fputs("    /* One message of the caller; valid until it returns. NULL: ignored. */\n", out);
    print_function(out, memory_text(arena, "    struct status (*%s_message)", method->stem), ";\n",
                   "void *self", "struct rpc_call *call",
                   memory_text(arena, "const %s *message", input), NULL);
    fprintf(out, "    /* The caller has sent its last message. NULL: OK%s. */\n",
            one_response ? ", with an empty response" : "");
    print_function(out, memory_text(arena, "    struct status (*%s_half_close)", method->stem),
                   ";\n", "void *self", "struct rpc_call *call", one_response ? response : "",
                   NULL);
}

static void declare_sends(const struct emit *emit, const struct model_method *method) {
    const char *message = memory_text(emit->arena, "const %s *message", method->output->type);
    fputs("/* Queues a message to the caller; see rpc_stream_send(). */\n", emit->out);
    print_function(emit->out,
                   memory_text(emit->arena, "static inline struct status %s_send", method->symbol),
                   " {\n", "struct rpc_call *call", message, NULL);
    fputs("    return rpc_stream_send(call, (const ProtobufCMessage *)message);\n}\n", emit->out);
    fputs("/* For a source; see rpc_writer_put_message(). */\n", emit->out);
    print_function(emit->out, memory_text(emit->arena, "static inline bool %s_put", method->symbol),
                   " {\n", "struct rpc_writer *writer", message, NULL);
    fputs("    return rpc_writer_put_message(writer, (const ProtobufCMessage *)message);\n}\n\n",
          emit->out);
}

static void define_roles(const struct emit *emit, const struct model_method *method) {
    if (method->access.role_count == 0)
        return;
    fprintf(emit->out, "static const char *const %s_roles[] = {", method->symbol);
    for (size_t i = 0; i < method->access.role_count; i++) {
        fputs(i == 0 ? "" : ", ", emit->out);
        print_literal(emit->out, method->access.roles[i]);
    }
    fputs("};\n\n", emit->out);
}

static void define_method(const struct emit *emit, const struct model_method *method) {
    static const char *const kinds[] = {"RPC_UNARY", "RPC_CLIENT_STREAMING", "RPC_SERVER_STREAMING",
                                        "RPC_BIDI_STREAMING"};
    const char *service = method->service->symbol;
    fprintf(emit->out,
            "    [%s] = {\n"
            "        .name = \"%s\",\n"
            "        .path = \"/%s/%s\",\n"
            "        .kind = %s,\n"
            "        .dispatch = %s,\n"
            "        .input = &%s__descriptor,\n"
            "        .output = &%s__descriptor,\n",
            names_macro(emit->arena, method->symbol), method->proto->name,
            method->service->full_name, method->proto->name, kinds[method->kind],
            method->on_poller ? "RPC_ON_POLLER" : "RPC_ON_WORKER", method->input->c_lower,
            method->output->c_lower);
    define_access(emit, method);
    if (method->input->has_rules)
        fprintf(emit->out, "        .rules = &%s_rules,\n", method->input->alias);
    fprintf(emit->out, "        .handler_offset = offsetof(struct %s_handlers, %s),\n", service,
            method->member);
    define_thunks(emit, method);
    fputs("    },\n", emit->out);
}

static void define_access(const struct emit *emit, const struct model_method *method) {
    const struct model_access *access = &method->access;
    if (access->is_public) {
        fputs("        .access = {.is_public = true},\n", emit->out);
        return;
    }
    fputs("        .access = {", emit->out);
    if (access->role_count > 0)
        fprintf(emit->out, ".roles = %s_roles, .role_count = %zu", method->symbol,
                access->role_count);
    if (access->scope != NULL) {
        fputs(access->role_count > 0 ? ", .scope = " : ".scope = ", emit->out);
        print_literal(emit->out, access->scope);
    }
    fputs("},\n", emit->out);
}

static void define_thunks(const struct emit *emit, const struct model_method *method) {
    if (method->kind == MODEL_UNARY) {
        fprintf(emit->out, "        .unary = %s_thunk,\n", method->symbol);
        return;
    }
    fprintf(emit->out, "        .start = %s_start_thunk,\n", method->symbol);
    if (!model_client_streams(method))
        return;
    fprintf(emit->out,
            "        .message = %s_message_thunk,\n"
            "        .half_close = %s_half_close_thunk,\n",
            method->symbol, method->symbol);
}
