#include <math.h>

#include "codegen/emit.h"

static void emit_includes(const struct emit *emit);
static bool needs_infinity(const struct model_file *file);

void emit_source(const struct emit *emit) {
    const struct model_file *file = emit->file;
    emit_banner(emit);
    emit_includes(emit);
    emit_alias_definitions(emit);
    emit_rules_definitions(emit);
    emit_file_definition(emit);
    for (size_t i = 0; i < file->service_count; i++) {
        emit_thunks(emit, &file->services[i]);
        emit_service_definitions(emit, &file->services[i]);
        emit_client_definitions(emit, &file->services[i]);
    }
}

static void emit_includes(const struct emit *emit) {
    const struct model_file *file = emit->file;
    fprintf(emit->out, "#include \"%s.grpc-c.h\"\n\n", file->stem);
    if (needs_infinity(file))
        fputs("#include <math.h>\n", emit->out);
    fputs("#include <stddef.h>\n#include <stdint.h>\n\n", emit->out);
    if (file->has_aliases && file->message_count > 0)
        fputs("#include \"rpc/codec.h\"\n\n", emit->out);
}

static bool needs_infinity(const struct model_file *file) {
    for (size_t i = 0; i < file->message_count; i++) {
        for (size_t j = 0; j < file->messages[i].field_count; j++) {
            const rules_option *rules = file->messages[i].fields[j].rules;
            if (rules != NULL && rules->real != NULL &&
                (isinf(rules->real->min) || isinf(rules->real->max)))
                return true;
        }
    }
    return false;
}
