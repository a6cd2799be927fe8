#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/names.h"
#include "codegen/print.h"

static void declare_message(const struct emit *emit, const struct model_message *message);
static void declare_oneofs(const struct emit *emit, const struct model_message *message);
static void declare_enum(const struct emit *emit, const struct model_enum *one);

/*
 * Enum values are macros, so that they keep the type of protobuf-c's own constants: a constant of
 * another enum would not be assignable in C++ and would be warned about in C.
 */
void emit_alias_declarations(const struct emit *emit) {
    const struct model_file *file = emit->file;
    if (!file->has_aliases)
        return;
    for (size_t i = 0; i < file->enum_count; i++)
        declare_enum(emit, &file->enums[i]);
    if (file->message_count > 0)
        fputs("/* Messages: _init() prepares one in the caller's memory, _new() one in an arena, "
              "NULL\n"
              " * when that has no room. */\n\n",
              emit->out);
    for (size_t i = 0; i < file->message_count; i++) {
        if (!file->messages[i].is_map_entry)
            declare_message(emit, &file->messages[i]);
    }
}

void emit_alias_definitions(const struct emit *emit) {
    const struct model_file *file = emit->file;
    for (size_t i = 0; file->has_aliases && i < file->message_count; i++) {
        const struct model_message *message = &file->messages[i];
        if (message->is_map_entry)
            continue;
        fprintf(emit->out, "%s *%s_new(struct arena *arena) {\n", message->alias, message->alias);
        print_function(emit->out,
                       memory_text(emit->arena, "    return (%s *)rpc_message_new", message->alias),
                       ";\n}\n\n", "arena",
                       memory_text(emit->arena, "&%s__descriptor", message->c_lower), NULL);
    }
}

static void declare_message(const struct emit *emit, const struct model_message *message) {
    const char *macro = names_macro(emit->arena, message->alias);
    print_comment(emit->out, 0, &message->place.comment);
    fprintf(emit->out, "typedef struct %s %s;\n", message->c_type, message->alias);
    fprintf(emit->out, "#define %s_INIT %s__INIT\n", macro, message->c_upper);
    declare_oneofs(emit, message);
    fprintf(emit->out,
            "static inline void %s_init(%s *message) {\n"
            "    %s__init(message);\n"
            "}\n",
            message->alias, message->alias, message->c_lower);
    fprintf(emit->out, "%s *%s_new(struct arena *arena);\n\n", message->alias, message->alias);
}

/* What the `_case` member of the message is compared with. */
static void declare_oneofs(const struct emit *emit, const struct model_message *message) {
    const char *macro = names_macro(emit->arena, message->alias);
    for (size_t i = 0; i < message->proto->n_oneof_decl; i++) {
        const char *oneof = names_upper_snake(emit->arena, message->proto->oneof_decl[i]->name);
        fprintf(emit->out, "#define %s_%s_NOT_SET %s__%s__NOT_SET\n", macro, oneof,
                message->c_upper, oneof);
        for (size_t j = 0; j < message->proto->n_field; j++) {
            const field_proto *field = message->proto->field[j];
            if (!field->has_oneof_index || (size_t)field->oneof_index != i)
                continue;
            const char *name = names_upper_snake(emit->arena, field->name);
            fprintf(emit->out, "#define %s_%s_%s %s__%s_%s\n", macro, oneof, name, message->c_upper,
                    oneof, name);
        }
    }
}

static void declare_enum(const struct emit *emit, const struct model_enum *one) {
    print_comment(emit->out, 0, &one->place.comment);
    fprintf(emit->out, "typedef %s %s;\n", one->c_type, one->alias);
    for (size_t i = 0; i < one->proto->n_value; i++) {
        const char *value = one->proto->value[i]->name;
        fprintf(emit->out, "#define %s %s__%s\n", names_join(emit->arena, one->scope, value),
                one->c_upper, value);
    }
    fputs("\n", emit->out);
}
