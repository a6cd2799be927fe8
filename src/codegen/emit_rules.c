#include <inttypes.h>

#include "codegen/emit.h"
#include "codegen/print.h"

static void define_message(const struct emit *emit, const struct model_message *message);
static bool is_listed(const struct model_field *field);
static void define_field(const struct emit *emit, const struct model_field *field, size_t index);
static void define_flags(const struct emit *emit, const rules_option *rules);
static void define_range(const struct emit *emit, const char *name, int64_t number);

void emit_rules_declarations(const struct emit *emit) {
    const struct model_file *file = emit->file;
    bool any = false;
    for (size_t i = 0; i < file->message_count; i++) {
        if (!file->messages[i].has_rules)
            continue;
        if (!any)
            fputs("/* What requests are held to; see rpc_rules_check(). */\n", emit->out);
        any = true;
        fprintf(emit->out, "extern const struct rpc_message_rules %s_rules;\n",
                file->messages[i].alias);
    }
    if (any)
        fputs("\n", emit->out);
}

void emit_rules_definitions(const struct emit *emit) {
    for (size_t i = 0; i < emit->file->message_count; i++) {
        if (emit->file->messages[i].has_rules)
            define_message(emit, &emit->file->messages[i]);
    }
}

static void define_message(const struct emit *emit, const struct model_message *message) {
    fprintf(emit->out, "static const struct rpc_field_rules %s_field_rules[] = {\n",
            message->alias);
    size_t count = 0;
    for (size_t i = 0; i < message->field_count; i++) {
        if (!is_listed(&message->fields[i]))
            continue;
        define_field(emit, &message->fields[i], i);
        count++;
    }
    fprintf(emit->out,
            "};\n\n"
            "const struct rpc_message_rules %s_rules = {\n"
            "    .descriptor = &%s__descriptor,\n"
            "    .fields = %s_field_rules,\n"
            "    .field_count = %zu,\n"
            "};\n\n",
            message->alias, message->c_lower, message->alias, count);
}

static bool is_listed(const struct model_field *field) {
    return field->rules != NULL || (field->type != NULL && field->type->has_rules);
}

/* Fields are named in a comment: an index says little to a reader. */
static void define_field(const struct emit *emit, const struct model_field *field, size_t index) {
    FILE *out = emit->out;
    const rules_option *rules = field->rules;
    fprintf(out, "    {\n        .field_index = %zu, /* %s */\n", index, field->proto->name);
    if (rules != NULL) {
        define_flags(emit, rules);
        if (rules->length != NULL)
            fprintf(out, "        .min_length = %" PRIu64 ",\n        .max_length = %" PRIu64 ",\n",
                    rules->length->min, rules->length->max);
        if (rules->range != NULL) {
            define_range(emit, "int_min", rules->range->min);
            define_range(emit, "int_max", rules->range->max);
        }
        if (rules->real != NULL) {
            fputs("        .real_min = ", out);
            print_real(out, rules->real->min);
            fputs(",\n        .real_max = ", out);
            print_real(out, rules->real->max);
            fputs(",\n", out);
        }
        if (rules->items != NULL)
            fprintf(out, "        .items_min = %" PRIu64 ",\n        .items_max = %" PRIu64 ",\n",
                    rules->items->min, rules->items->max);
    }
    if (field->type != NULL && field->type->has_rules)
        fprintf(out, "        .inner = &%s_rules,\n", field->type->alias);
    fputs("    },\n", out);
}

static void define_flags(const struct emit *emit, const rules_option *rules) {
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {
        {rules->required, "REQUIRED"},
        {rules->length != NULL, "LENGTH"},
        {rules->uuid, "UUID"},
        {rules->range != NULL, "INT_RANGE"},
        {rules->real != NULL, "REAL_RANGE"},
        {rules->items != NULL, "ITEMS"},
        {rules->defined_only, "DEFINED_ENUM"},
        {rules->future, "FUTURE"},
        {rules->text != GRPC_C__V1__TEXT__TEXT_UNSPECIFIED, "PLAIN_TEXT"},
        {rules->text == GRPC_C__V1__TEXT__TEXT_MULTILINE, "MULTILINE"},
        {rules->unique, "UNIQUE"},
    };
    const char *before = "        .flags = ";
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!flags[i].is_set)
            continue;
        fprintf(emit->out, "%sRPC_RULE_%s", before, flags[i].name);
        before = " | ";
    }
    /* An option without any rule in it leaves the zero that designated initialisers give. */
    if (before[0] == ' ' && before[1] == '|')
        fputs(",\n", emit->out);
}

static void define_range(const struct emit *emit, const char *name, int64_t number) {
    if (number == INT64_MIN)
        fprintf(emit->out, "        .%s = INT64_MIN,\n", name);
    else
        fprintf(emit->out, "        .%s = INT64_C(%" PRId64 "),\n", name, number);
}
