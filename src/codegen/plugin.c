#include "codegen/plugin.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/check.h"
#include "codegen/emit.h"
#include "codegen/memory.h"
#include "codegen/model.h"
#include "codegen/request.h"

static const char *find_problems(struct model *model, struct arena *arena,
                                 const plugin_request *request);
static void generate(const struct model *model, struct arena *arena, plugin_response *response);
static plugin_output *generate_one(const struct model *model, struct arena *arena,
                                   const struct model_file *file, const char *ending,
                                   void (*emitter)(const struct emit *emit));

const plugin_response *plugin_run(const plugin_request *request, struct arena *arena) {
    plugin_response *response = memory_new(arena, 1, sizeof(*response));
    google__protobuf__compiler__code_generator_response__init(response);
    /* proto3 `optional` is not announced: should check_presence() ever miss one, protoc refuses. */
    response->has_supported_features = true;
    response->supported_features = 0;
    struct model model = {0};
    const char *problems = find_problems(&model, arena, request);
    if (problems != NULL)
        response->error = memory_text(arena, "cannot generate:\n%s", problems);
    else
        generate(&model, arena, response);
    return response;
}

static const char *find_problems(struct model *model, struct arena *arena,
                                 const plugin_request *request) {
    struct problems problems;
    problems_init(&problems, arena);
    if (!request_check(request, &problems))
        return problems_text(&problems);
    struct parameters *parameters = memory_new(arena, 1, sizeof(*parameters));
    parameters_parse(parameters, arena, request->parameter, &problems);
    model_build(model, arena, request, parameters, &problems);
    check_model(model);
    return problems_text(&problems);
}

static void generate(const struct model *model, struct arena *arena, plugin_response *response) {
    response->file = memory_new(arena, 2 * model->file_count, sizeof(plugin_output *));
    for (size_t i = 0; i < model->file_count; i++) {
        const struct model_file *file = &model->files[i];
        if (file->origin != MODEL_GENERATED)
            continue;
        response->file[response->n_file++] =
            generate_one(model, arena, file, ".grpc-c.h", emit_header);
        response->file[response->n_file++] =
            generate_one(model, arena, file, ".grpc-c.c", emit_source);
    }
}

static plugin_output *generate_one(const struct model *model, struct arena *arena,
                                   const struct model_file *file, const char *ending,
                                   void (*emitter)(const struct emit *emit)) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        memory_exhausted();
    emitter(&(struct emit){.model = model, .file = file, .arena = arena, .out = out});
    if (ferror(out) != 0 || fclose(out) != 0)
        memory_exhausted();
    plugin_output *output = memory_new(arena, 1, sizeof(*output));
    google__protobuf__compiler__code_generator_response__file__init(output);
    output->name = memory_text(arena, "%s%s", file->stem, ending);
    output->content = memory_new(arena, len + 1, 1);
    memcpy(output->content, text, len);
    free(text);
    return output;
}
