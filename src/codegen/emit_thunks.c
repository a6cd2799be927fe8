#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/print.h"

static void define_unary(const struct emit *emit, const struct model_method *method);
static void define_start(const struct emit *emit, const struct model_method *method);
static void define_message(const struct emit *emit, const struct model_method *method);
static void define_half_close(const struct emit *emit, const struct model_method *method);
static void begin(const struct emit *emit, const struct model_method *method, const char *name,
                  const char *third, const char *fourth);
static void call(const struct emit *emit, const char *member, const char *third,
                 const char *fourth);

void emit_thunks(const struct emit *emit, const struct model_service *service) {
    for (size_t i = 0; i < service->method_count; i++) {
        const struct model_method *method = &service->methods[i];
        if (method->kind == MODEL_UNARY) {
            define_unary(emit, method);
            continue;
        }
        define_start(emit, method);
        if (model_client_streams(method)) {
            define_message(emit, method);
            define_half_close(emit, method);
        }
    }
}

static void define_unary(const struct emit *emit, const struct model_method *method) {
    begin(emit, method, "thunk", "const ProtobufCMessage *request", "ProtobufCMessage *response");
    call(emit, method->member, memory_text(emit->arena, "(const %s *)request", method->input->type),
         memory_text(emit->arena, "(%s *)response", method->output->type));
}

static void define_start(const struct emit *emit, const struct model_method *method) {
    begin(emit, method, "start_thunk", "const ProtobufCMessage *request", "");
    if (model_client_streams(method))
        fputs("    (void)request;\n", emit->out);
    call(emit, method->member,
         model_client_streams(method)
             ? ""
             : memory_text(emit->arena, "(const %s *)request", method->input->type),
         "");
}

static void define_message(const struct emit *emit, const struct model_method *method) {
    begin(emit, method, "message_thunk", "const ProtobufCMessage *message", "");
    fprintf(emit->out, "    if (typed->%s_message == NULL)\n        return status_ok();\n",
            method->stem);
    call(emit, memory_text(emit->arena, "%s_message", method->stem),
         memory_text(emit->arena, "(const %s *)message", method->input->type), "");
}

static void define_half_close(const struct emit *emit, const struct model_method *method) {
    bool has_response = method->kind == MODEL_CLIENT_STREAMING;
    begin(emit, method, "half_close_thunk", "ProtobufCMessage *response", "");
    if (!has_response)
        fputs("    (void)response;\n", emit->out);
    fprintf(emit->out, "    if (typed->%s_half_close == NULL)\n        return status_ok();\n",
            method->stem);
    call(emit, memory_text(emit->arena, "%s_half_close", method->stem),
         has_response ? memory_text(emit->arena, "(%s *)response", method->output->type) : "", "");
}

static void begin(const struct emit *emit, const struct model_method *method, const char *name,
                  const char *third, const char *fourth) {
    print_function(emit->out,
                   memory_text(emit->arena, "static struct status %s_%s", method->symbol, name),
                   " {\n", "const void *handlers", "struct rpc_call *call", third, fourth, NULL);
    fprintf(emit->out, "    const struct %s_handlers *typed = handlers;\n",
            method->service->symbol);
}

static void call(const struct emit *emit, const char *member, const char *third,
                 const char *fourth) {
    print_function(emit->out, memory_text(emit->arena, "    return typed->%s", member), ";\n}\n\n",
                   "typed->self", "call", third, fourth, NULL);
}
