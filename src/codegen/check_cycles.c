#include "codegen/check.h"
#include "codegen/memory.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

/* One message on the way down, and the field that is looked at next. */
struct step {
    const struct model_message *message;
    size_t next_field;
};

/* A depth-first walk with a stack of its own: the input bounds it, not the C stack. */
struct walk {
    const struct model *model;
    const struct model_method *method; /* where it set out */
    enum mark *marks;                  /* by model_message.index */
    struct step *steps;
    size_t depth;
};

static void walk_from(struct walk *walk, const struct model_message *start);
static void enter(struct walk *walk, const struct model_message *message);
static void report(const struct walk *walk, const struct model_message *again);
static enum mark *mark_of(const struct walk *walk, const struct model_message *message);

void check_cycles(const struct model *model) {
    struct walk walk = {
        .model = model,
        .marks = memory_new(model->arena, model->message_count, sizeof(enum mark)),
        .steps = memory_new(model->arena, model->message_count, sizeof(struct step)),
    };
    for (size_t i = 0; i < model->file_count; i++) {
        for (size_t j = 0; j < model->files[i].service_count; j++) {
            const struct model_service *service = &model->files[i].services[j];
            for (size_t k = 0; k < service->method_count; k++) {
                walk.method = &service->methods[k];
                walk_from(&walk, walk.method->input);
                walk_from(&walk, walk.method->output);
            }
        }
    }
}

static void walk_from(struct walk *walk, const struct model_message *start) {
    if (start == NULL || *mark_of(walk, start) != MARK_NEW)
        return;
    enter(walk, start);
    while (walk->depth > 0) {
        struct step *step = &walk->steps[walk->depth - 1];
        if (step->next_field == step->message->field_count) {
            *mark_of(walk, step->message) = MARK_DONE;
            walk->depth--;
            continue;
        }
        const struct model_message *type = step->message->fields[step->next_field++].type;
        if (type == NULL)
            continue;
        if (*mark_of(walk, type) == MARK_OPEN)
            report(walk, type);
        else if (*mark_of(walk, type) == MARK_NEW)
            enter(walk, type);
    }
}

static void enter(struct walk *walk, const struct model_message *message) {
    *mark_of(walk, message) = MARK_OPEN;
    walk->steps[walk->depth++] = (struct step){.message = message};
}

static void report(const struct walk *walk, const struct model_message *again) {
    const char *cycle = "";
    bool inside = false;
    for (size_t i = 0; i < walk->depth; i++) {
        const struct model_message *message = walk->steps[i].message;
        inside = inside || message == again;
        if (inside && !message->is_map_entry)
            cycle = memory_text(walk->model->arena, "%s%s -> ", cycle, message->full_name);
    }
    problems_add(walk->model->problems, walk->method->service->file->name, walk->method->place.line,
                 "method %s reaches a message that holds itself: %s%s", walk->method->full_name,
                 cycle, again->full_name);
}

static enum mark *mark_of(const struct walk *walk, const struct model_message *message) {
    return &walk->marks[message->index];
}
