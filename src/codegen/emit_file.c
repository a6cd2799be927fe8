#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/names.h"
#include "codegen/print.h"

static const bool *find_embedded(const struct emit *emit);
static void define_file(const struct emit *emit, const struct model_file *file, const char *symbol,
                        const char *linkage);
static void define_descriptor(const struct emit *emit, const struct model_file *file,
                              const char *symbol);
static void define_imports(const struct emit *emit, const struct model_file *file,
                           const char *symbol);
static void define_symbols(const struct emit *emit, const struct model_file *file,
                           const char *symbol);
static void define_extensions(const struct emit *emit, const struct model_file *file,
                              const char *symbol);
static const char *symbol_of(const struct emit *emit, const struct model_file *file);

void emit_file_declaration(const struct emit *emit) {
    fprintf(emit->out,
            "/* %s, as reflection serves it. */\n"
            "extern const struct rpc_file %s;\n\n",
            emit->file->name, emit->file->symbol);
}

void emit_file_definition(const struct emit *emit) {
    const bool *is_embedded = find_embedded(emit);
    for (size_t i = 0; i < emit->model->file_count; i++) {
        const struct model_file *import = &emit->model->files[i];
        if (!is_embedded[i])
            continue;
        fprintf(emit->out, "/* %s, embedded: no generated code provides it. */\n", import->name);
        define_file(emit, import, symbol_of(emit, import), "static const");
    }
    define_file(emit, emit->file, emit->file->symbol, "const");
}

/*
 * By index of the model: what this file needs and nobody provides. Imports come before their
 * importers, so one pass backwards follows them all. What a provided import needs is its own
 * affair.
 */
static const bool *find_embedded(const struct emit *emit) {
    const struct model *model = emit->model;
    bool *is_embedded = memory_new(emit->arena, model->file_count, sizeof(bool));
    for (size_t i = model->file_count; i-- > 0;) {
        const struct model_file *file = &model->files[i];
        if (file != emit->file && !is_embedded[i])
            continue;
        for (size_t j = 0; j < file->import_count; j++) {
            if (file->imports[j]->origin == MODEL_EMBEDDED)
                is_embedded[file->imports[j] - model->files] = true;
        }
    }
    return is_embedded;
}

static void define_file(const struct emit *emit, const struct model_file *file, const char *symbol,
                        const char *linkage) {
    define_descriptor(emit, file, symbol);
    define_imports(emit, file, symbol);
    define_symbols(emit, file, symbol);
    define_extensions(emit, file, symbol);
    fprintf(emit->out, "%s struct rpc_file %s = {\n    .name = ", linkage, symbol);
    print_literal(emit->out, file->name);
    fprintf(emit->out,
            ",\n"
            "    .descriptor = %s_descriptor,\n"
            "    .descriptor_len = sizeof(%s_descriptor),\n",
            symbol, symbol);
    if (file->import_count > 0)
        fprintf(emit->out, "    .imports = %s_imports,\n    .import_count = %zu,\n", symbol,
                file->import_count);
    if (file->symbol_count > 0)
        fprintf(emit->out, "    .symbols = %s_symbols,\n    .symbol_count = %zu,\n", symbol,
                file->symbol_count);
    if (file->extension_count > 0)
        fprintf(emit->out, "    .extensions = %s_extensions,\n    .extension_count = %zu,\n",
                symbol, file->extension_count);
    fputs("};\n\n", emit->out);
}

/* Comments and positions are of no use to callers and would triple the size. */
static void define_descriptor(const struct emit *emit, const struct model_file *file,
                              const char *symbol) {
    file_proto bare = *file->proto;
    bare.source_code_info = NULL;
    size_t len = google__protobuf__file_descriptor_proto__get_packed_size(&bare);
    uint8_t *bytes = memory_new(emit->arena, len, 1);
    google__protobuf__file_descriptor_proto__pack(&bare, bytes);
    fprintf(emit->out, "static const uint8_t %s_descriptor[] = {\n", symbol);
    print_bytes(emit->out, bytes, len);
    fputs("};\n\n", emit->out);
}

static void define_imports(const struct emit *emit, const struct model_file *file,
                           const char *symbol) {
    if (file->import_count == 0)
        return;
    fprintf(emit->out, "static const struct rpc_file *const %s_imports[] = {\n", symbol);
    for (size_t i = 0; i < file->import_count; i++)
        fprintf(emit->out, "    &%s,\n", symbol_of(emit, file->imports[i]));
    fputs("};\n\n", emit->out);
}

static void define_symbols(const struct emit *emit, const struct model_file *file,
                           const char *symbol) {
    if (file->symbol_count == 0)
        return;
    fprintf(emit->out, "static const char *const %s_symbols[] = {\n", symbol);
    for (size_t i = 0; i < file->symbol_count; i++)
        fprintf(emit->out, "    \"%s\",\n", file->symbols[i]);
    fputs("};\n\n", emit->out);
}

static void define_extensions(const struct emit *emit, const struct model_file *file,
                              const char *symbol) {
    if (file->extension_count == 0)
        return;
    fprintf(emit->out, "static const struct rpc_extension %s_extensions[] = {\n", symbol);
    for (size_t i = 0; i < file->extension_count; i++) {
        const struct model_extension *extension = &file->extensions[i];
        const char *extendee = extension->proto->extendee;
        fprintf(emit->out, "    {\"%s\", \"%s\", %d},\n",
                extendee[0] == '.' ? extendee + 1 : extendee, extension->full_name,
                extension->proto->number);
    }
    fputs("};\n\n", emit->out);
}

/* Embedded imports are named after the file that embeds them: several files may embed one. */
static const char *symbol_of(const struct emit *emit, const struct model_file *file) {
    if (file->origin != MODEL_EMBEDDED)
        return file->symbol;
    return memory_text(emit->arena, "%s_import_%s", emit->file->symbol,
                       names_flat(emit->arena, file->name));
}
