#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/names.h"
#include "codegen/print.h"

/* How a signature ends. */
static const char declaration[] = " STATUS_MUST_USE;\n";
static const char definition[] = " {\n";

static void declare_unary(const struct emit *emit, const struct model_method *method);
static void declare_streaming(const struct emit *emit, const struct model_method *method);
static void define_unary(const struct emit *emit, const struct model_method *method);
static void define_streaming(const struct emit *emit, const struct model_method *method);
static void define_receive(const struct emit *emit, const struct model_method *method);
static void define_listen(const struct emit *emit, const struct model_method *method);

static void sign_call(const struct emit *emit, const struct model_method *method, const char *tail);
static void sign_async(const struct emit *emit, const struct model_method *method,
                       const char *tail);
static void sign_open(const struct emit *emit, const struct model_method *method, const char *tail);
static void sign_send_request(const struct emit *emit, const struct model_method *method,
                              const char *tail);
static void sign_receive(const struct emit *emit, const struct model_method *method,
                         const char *tail);
static void sign_listen(const struct emit *emit, const struct model_method *method,
                        const char *tail);
static const char *function(const struct emit *emit, const struct model_method *method,
                            const char *suffix);
static const char *constant(const struct emit *emit, const struct model_message *message,
                            const char *name);
static const char *table_entry(const struct emit *emit, const struct model_method *method);

void emit_client_declarations(const struct emit *emit, const struct model_service *service) {
    if (service->method_count > 0)
        fprintf(emit->out, "/* Client of %s. */\n\n", service->full_name);
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].kind == MODEL_UNARY)
            declare_unary(emit, &service->methods[i]);
        else
            declare_streaming(emit, &service->methods[i]);
    }
}

void emit_client_definitions(const struct emit *emit, const struct model_service *service) {
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].kind == MODEL_UNARY)
            define_unary(emit, &service->methods[i]);
        else
            define_streaming(emit, &service->methods[i]);
    }
}

static void declare_unary(const struct emit *emit, const struct model_method *method) {
    FILE *out = emit->out;
    fprintf(out, "/* Calls %s and waits; see rpc_channel_call(). */\n", method->proto->name);
    sign_call(emit, method, declaration);
    fprintf(out, "/* Calls %s and returns; see rpc_channel_call_async(). */\n",
            method->proto->name);
    print_function(out, memory_text(emit->arena, "typedef void %s_callback", method->symbol), ";\n",
                   "void *context", "const struct rpc_result *result",
                   constant(emit, method->output, "response"), NULL);
    sign_async(emit, method, declaration);
    fputs("\n", out);
}

static void declare_streaming(const struct emit *emit, const struct model_method *method) {
    FILE *out = emit->out;
    fprintf(out, "/* Opens a call of %s; see rpc_client_call_open(). */\n", method->proto->name);
    sign_open(emit, method, declaration);
    if (model_client_streams(method)) {
        fputs("/* See rpc_client_call_send(); rpc_client_call_close_send() ends the requests. */\n",
              out);
        sign_send_request(emit, method, declaration);
    }
    fputs("/* Waits for the next message, NULL at the end; see rpc_client_call_receive(). */\n",
          out);
    sign_receive(emit, method, declaration);
    fputs("/* Receives by callback; see rpc_client_call_listen(). */\n", out);
    print_function(out, memory_text(emit->arena, "typedef void %s_callback", method->symbol), ";\n",
                   "void *context", constant(emit, method->output, "message"), NULL);
    sign_listen(emit, method, declaration);
    fputs("\n", out);
}

static void define_unary(const struct emit *emit, const struct model_method *method) {
    FILE *out = emit->out;
    const char *entry = table_entry(emit, method);
    sign_call(emit, method, definition);
    fputs("    ProtobufCMessage *response = NULL;\n", out);
    print_function(out, "    struct status status = rpc_channel_call", ";\n", "channel", entry,
                   "options", "(const ProtobufCMessage *)request", "arena", "&response",
                   "ret_result", NULL);
    fprintf(out,
            "    if (status_is_ok(status))\n"
            "        *ret_response = (%s *)response;\n"
            "    return status;\n"
            "}\n\n",
            method->output->type);
    print_function(out, memory_text(emit->arena, "static void %s_deliver", method->symbol), " {\n",
                   "rpc_any_function *callback", "void *context", "const struct rpc_result *result",
                   "const ProtobufCMessage *response", NULL);
    print_function(out, memory_text(emit->arena, "    ((%s_callback *)callback)", method->symbol),
                   ";\n}\n\n", "context", "result",
                   memory_text(emit->arena, "(const %s *)response", method->output->type), NULL);
    sign_async(emit, method, definition);
    print_function(out, "    return rpc_channel_call_async", ";\n}\n\n", "channel", entry,
                   "options", "(const ProtobufCMessage *)request",
                   function(emit, method, "_deliver"), "(rpc_any_function *)callback", "context",
                   NULL);
}

static void define_streaming(const struct emit *emit, const struct model_method *method) {
    sign_open(emit, method, definition);
    print_function(emit->out, "    return rpc_client_call_open", ";\n}\n\n", "channel",
                   table_entry(emit, method), "options",
                   model_client_streams(method) ? "NULL" : "(const ProtobufCMessage *)request",
                   "ret_call", NULL);
    if (model_client_streams(method)) {
        sign_send_request(emit, method, definition);
        fputs("    return rpc_client_call_send(call, (const ProtobufCMessage *)request);\n}\n\n",
              emit->out);
    }
    define_receive(emit, method);
    define_listen(emit, method);
}

static void define_receive(const struct emit *emit, const struct model_method *method) {
    sign_receive(emit, method, definition);
    fprintf(emit->out,
            "    ProtobufCMessage *message = NULL;\n"
            "    struct status status = rpc_client_call_receive(call, arena, &message, NULL);\n"
            "    if (status_is_ok(status))\n"
            "        *ret_message = (%s *)message;\n"
            "    return status;\n"
            "}\n\n",
            method->output->type);
}

static void define_listen(const struct emit *emit, const struct model_method *method) {
    print_function(emit->out, memory_text(emit->arena, "static void %s_deliver", method->symbol),
                   " {\n", "rpc_any_function *callback", "void *context",
                   "const ProtobufCMessage *message", NULL);
    print_function(emit->out,
                   memory_text(emit->arena, "    ((%s_callback *)callback)", method->symbol),
                   ";\n}\n\n", "context",
                   memory_text(emit->arena, "(const %s *)message", method->output->type), NULL);
    sign_listen(emit, method, definition);
    print_function(emit->out, "    return rpc_client_call_listen", ";\n}\n\n", "call",
                   function(emit, method, "_deliver"), "(rpc_any_function *)on_message", "on_end",
                   "context", NULL);
}

static void sign_call(const struct emit *emit, const struct model_method *method,
                      const char *tail) {
    print_function(emit->out, memory_text(emit->arena, "struct status %s", method->symbol), tail,
                   "struct rpc_channel *channel", "const struct rpc_call_options *options",
                   constant(emit, method->input, "request"), "struct arena *arena",
                   memory_text(emit->arena, "%s **ret_response", method->output->type),
                   "struct rpc_result *ret_result", NULL);
}

static void sign_async(const struct emit *emit, const struct model_method *method,
                       const char *tail) {
    print_function(emit->out, memory_text(emit->arena, "struct status %s_async", method->symbol),
                   tail, "struct rpc_channel *channel", "const struct rpc_call_options *options",
                   constant(emit, method->input, "request"),
                   memory_text(emit->arena, "%s_callback *callback", method->symbol),
                   "void *context", NULL);
}

static void sign_open(const struct emit *emit, const struct model_method *method,
                      const char *tail) {
    print_function(emit->out, memory_text(emit->arena, "struct status %s_open", method->symbol),
                   tail, "struct rpc_channel *channel", "const struct rpc_call_options *options",
                   model_client_streams(method) ? "" : constant(emit, method->input, "request"),
                   "struct rpc_client_call **ret_call", NULL);
}

static void sign_send_request(const struct emit *emit, const struct model_method *method,
                              const char *tail) {
    print_function(emit->out,
                   memory_text(emit->arena, "struct status %s_send_request", method->symbol), tail,
                   "struct rpc_client_call *call", constant(emit, method->input, "request"), NULL);
}

static void sign_receive(const struct emit *emit, const struct model_method *method,
                         const char *tail) {
    print_function(emit->out, memory_text(emit->arena, "struct status %s_receive", method->symbol),
                   tail, "struct rpc_client_call *call", "struct arena *arena",
                   memory_text(emit->arena, "%s **ret_message", method->output->type), NULL);
}

static void sign_listen(const struct emit *emit, const struct model_method *method,
                        const char *tail) {
    print_function(emit->out, memory_text(emit->arena, "struct status %s_listen", method->symbol),
                   tail, "struct rpc_client_call *call",
                   memory_text(emit->arena, "%s_callback *on_message", method->symbol),
                   "void (*on_end)(void *context, const struct rpc_result *result)",
                   "void *context", NULL);
}

static const char *function(const struct emit *emit, const struct model_method *method,
                            const char *suffix) {
    return memory_text(emit->arena, "%s%s", method->symbol, suffix);
}

static const char *constant(const struct emit *emit, const struct model_message *message,
                            const char *name) {
    return memory_text(emit->arena, "const %s *%s", message->type, name);
}

static const char *table_entry(const struct emit *emit, const struct model_method *method) {
    return memory_text(emit->arena, "&%s_methods[%s]", method->service->symbol,
                       names_macro(emit->arena, method->symbol));
}
