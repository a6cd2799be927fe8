#include "codegen/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "codegen/options.h"

/* What a field holds, as far as rules care. */
enum holds {
    HOLDS_TEXT = 1u << 0,
    HOLDS_BYTES = 1u << 1,
    HOLDS_INTEGER = 1u << 2,
    HOLDS_REAL = 1u << 3,
    HOLDS_BOOL = 1u << 4,
    HOLDS_ENUM = 1u << 5,
    HOLDS_MESSAGE = 1u << 6,
    HOLDS_TIMESTAMP = 1u << 7, /* a message, too */
    HOLDS_LIST = 1u << 8,      /* repeated, of the above */
    HOLDS_MAP = 1u << 9,       /* of nothing else */
};

/* The field at hand. */
struct subject {
    const struct model *model;
    const struct model_field *field;
    unsigned holds;
};

static void check_extensions(const struct model *model, const struct model_file *file);
static void check_field(const struct model *model, const struct model_field *field);
static unsigned holds_of(const struct model_field *field);
static void check_fit(const struct subject *subject);
static void check_required(const struct subject *subject);
static void check_bounds(const struct subject *subject);
static void check_count(const struct subject *subject, const char *rule,
                        const GrpcC__V1__Bounds *bounds);
static void check_left_behind(const struct model *model, const struct model_field *field);
static void complain(const struct subject *subject, const char *rule, const char *allowed);
static void check_method_input(const struct model *model, const struct model_method *method);

void check_rules(const struct model *model) {
    for (size_t i = 0; i < model->file_count; i++) {
        const struct model_file *file = &model->files[i];
        if (file->origin != MODEL_GENERATED)
            continue;
        for (size_t j = 0; j < file->message_count; j++) {
            for (size_t k = 0; k < file->messages[j].field_count; k++)
                check_field(model, &file->messages[j].fields[k]);
        }
        for (size_t j = 0; j < file->service_count; j++) {
            for (size_t k = 0; k < file->services[j].method_count; k++)
                check_method_input(model, &file->services[j].methods[k]);
        }
        check_extensions(model, file);
    }
}

static void check_extensions(const struct model *model, const struct model_file *file) {
    for (size_t i = 0; model->has_options && i < file->extension_count; i++) {
        const field_proto *extension = file->extensions[i].proto;
        if (options_has((const ProtobufCMessage *)extension->options, OPTION_FIELD_RULES))
            problems_add(model->problems, file->name, 0,
                         "extension %s: (rules) does not fit an extension",
                         file->extensions[i].full_name);
    }
}

static void check_field(const struct model *model, const struct model_field *field) {
    check_left_behind(model, field);
    if (field->rules == NULL)
        return;
    struct subject subject = {.model = model, .field = field, .holds = holds_of(field)};
    check_fit(&subject);
    check_required(&subject);
    check_bounds(&subject);
}

static unsigned holds_of(const struct model_field *field) {
    unsigned list = FIELD_IS_REPEATED(field->proto) ? HOLDS_LIST : 0;
    switch (field->proto->type) {
    case FIELD_TYPE(STRING):
        return list | HOLDS_TEXT;
    case FIELD_TYPE(BYTES):
        return list | HOLDS_BYTES;
    case FIELD_TYPE(BOOL):
        return list | HOLDS_BOOL;
    case FIELD_TYPE(ENUM):
        return list | HOLDS_ENUM;
    case FIELD_TYPE(FLOAT):
    case FIELD_TYPE(DOUBLE):
        return list | HOLDS_REAL;
    case FIELD_TYPE(MESSAGE):
    case FIELD_TYPE(GROUP):
        if (field->type != NULL && field->type->is_map_entry)
            return HOLDS_MAP;
        if (field->type != NULL && strcmp(field->type->full_name, "google.protobuf.Timestamp") == 0)
            return list | HOLDS_MESSAGE | HOLDS_TIMESTAMP;
        return list | HOLDS_MESSAGE;
    default:
        return list | HOLDS_INTEGER;
    }
}

static void check_fit(const struct subject *subject) {
    const rules_option *rules = subject->field->rules;
    unsigned holds = subject->holds;
    if (rules->length != NULL && !(holds & (HOLDS_TEXT | HOLDS_BYTES)))
        complain(subject, "length", "strings and bytes");
    if (rules->uuid && !(holds & HOLDS_TEXT))
        complain(subject, "uuid", "strings");
    if (rules->text != GRPC_C__V1__TEXT__TEXT_UNSPECIFIED && !(holds & HOLDS_TEXT))
        complain(subject, "text", "strings");
    if (rules->range != NULL && !(holds & HOLDS_INTEGER))
        complain(subject, "range", "integers");
    if (rules->real != NULL && !(holds & HOLDS_REAL))
        complain(subject, "real", "float and double");
    if (rules->items != NULL && !(holds & (HOLDS_LIST | HOLDS_MAP)))
        complain(subject, "items", "repeated fields and maps");
    if (rules->defined_only && !(holds & HOLDS_ENUM))
        complain(subject, "defined_only", "enums");
    if (rules->future && !(holds & HOLDS_TIMESTAMP))
        complain(subject, "future", "google.protobuf.Timestamp");
    bool comparable = holds & (HOLDS_TEXT | HOLDS_BYTES | HOLDS_INTEGER | HOLDS_ENUM);
    if (rules->unique && !((holds & HOLDS_LIST) && comparable))
        complain(subject, "unique", "repeated strings, bytes, integers and enums");
}

static void check_required(const struct subject *subject) {
    if (!subject->field->rules->required)
        return;
    bool is_list = subject->holds & (HOLDS_LIST | HOLDS_MAP);
    if ((subject->holds & HOLDS_BOOL) && !is_list)
        complain(subject, "required",
                 "what can be absent, empty or zero; a bool that must be true "
                 "says nothing");
}

static void check_bounds(const struct subject *subject) {
    const rules_option *rules = subject->field->rules;
    const char *file = subject->field->message->file->name;
    int line = subject->field->place.line;
    const char *name = subject->field->full_name;
    struct problems *problems = subject->model->problems;
    check_count(subject, "length", rules->length);
    check_count(subject, "items", rules->items);
    if (rules->items != NULL && (rules->items->min > UINT32_MAX || rules->items->max > UINT32_MAX))
        problems_add(problems, file, line, "field %s: items is beyond what a message can hold",
                     name);
    if (rules->range != NULL && rules->range->min > rules->range->max)
        problems_add(problems, file, line,
                     "field %s: range has min %" PRId64 " above max %" PRId64
                     " (what is not given is 0)",
                     name, rules->range->min, rules->range->max);
    if (rules->real != NULL && (isnan(rules->real->min) || isnan(rules->real->max)))
        problems_add(problems, file, line, "field %s: real is bounded by NaN", name);
    else if (rules->real != NULL && rules->real->min > rules->real->max)
        problems_add(problems, file, line,
                     "field %s: real has min %g above max %g (what is not given is 0)", name,
                     rules->real->min, rules->real->max);
    if (rules->text > GRPC_C__V1__TEXT__TEXT_MULTILINE ||
        rules->text < GRPC_C__V1__TEXT__TEXT_UNSPECIFIED)
        problems_add(problems, file, line, "field %s: text is a number that has no meaning", name);
}

static void check_count(const struct subject *subject, const char *rule,
                        const GrpcC__V1__Bounds *bounds) {
    if (bounds == NULL)
        return;
    const char *file = subject->field->message->file->name;
    int line = subject->field->place.line;
    if (bounds->max != 0 && bounds->min > bounds->max)
        problems_add(subject->model->problems, file, line,
                     "field %s: %s has min %" PRIu64 " above max %" PRIu64,
                     subject->field->full_name, rule, bounds->min, bounds->max);
    if (bounds->max == 0 && bounds->min == 0)
        problems_add(subject->model->problems, file, line, "field %s: %s bounds nothing",
                     subject->field->full_name, rule);
}

/* Rules of a type whose tables nobody generates would silently not be enforced. */
static void check_left_behind(const struct model *model, const struct model_field *field) {
    const struct model_message *type = field->type;
    if (type == NULL || !type->has_rules || type->file->origin != MODEL_EMBEDDED)
        return;
    problems_add(model->problems, field->message->file->name, field->place.line,
                 "field %s: the rules of %s would be lost; generate %s in the same run or name it "
                 "with extern=%s",
                 field->full_name, type->full_name, type->file->name, type->file->name);
}

static void check_method_input(const struct model *model, const struct model_method *method) {
    const struct model_message *input = method->input;
    if (input == NULL || !input->has_rules || input->file->origin != MODEL_EMBEDDED)
        return;
    problems_add(model->problems, method->service->file->name, method->place.line,
                 "method %s: the rules of %s would be lost; generate %s in the same run or name it "
                 "with extern=%s",
                 method->full_name, input->full_name, input->file->name, input->file->name);
}

static void complain(const struct subject *subject, const char *rule, const char *allowed) {
    problems_add(subject->model->problems, subject->field->message->file->name,
                 subject->field->place.line, "field %s: the rule `%s` does not fit; it is for %s",
                 subject->field->full_name, rule, allowed);
}
