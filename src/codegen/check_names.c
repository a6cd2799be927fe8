#include <stdlib.h>
#include <string.h>

#include "codegen/check.h"
#include "codegen/memory.h"
#include "codegen/names.h"

/* A name in C, and what it was given to. */
struct claim {
    const char *name;
    const char *owner; /* full name in the .proto */
    const struct model_file *file;
    int line;
};

struct claims {
    struct arena *arena;
    struct claim *items;
    size_t count;
    size_t capacity;
    /* Of what claims at the moment. */
    struct claim current;
};

/* The second of each pair that was reported; the first is the one before it in the sorted list. */
struct clashes {
    const struct claim **items;
    size_t count;
};

static void check_keywords(const struct model *model);
static bool is_known(const struct clashes *clashes, const struct claim *claim);
static void claim_file(struct claims *claims, const struct model_file *file);
static void claim_message(struct claims *claims, const struct model_message *message);
static void claim_oneof(struct claims *claims, const struct model_message *message, size_t index);
static void claim_enum(struct claims *claims, const struct model_enum *one);
static void claim_service(struct claims *claims, const struct model_service *service);
static void claim_method(struct claims *claims, const struct model_method *method);
static void claim_members(struct claims *claims, const struct model_method *method);
static void claim_as(struct claims *claims, const struct model_file *file, const char *owner,
                     int line);
static void claim(struct claims *claims, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void report(const struct model *model, const struct claim *first,
                   const struct claim *second);
static int compare(const void *a, const void *b);

void check_names(const struct model *model) {
    struct claims claims = {.arena = model->arena};
    for (size_t i = 0; i < model->file_count; i++) {
        if (model->files[i].origin != MODEL_EMBEDDED)
            claim_file(&claims, &model->files[i]);
    }
    check_keywords(model);
    if (claims.count == 0)
        return;
    qsort(claims.items, claims.count, sizeof(*claims.items), compare);
    struct clashes clashes = {
        .items = memory_new(model->arena, claims.count, sizeof(const struct claim *))};
    for (size_t i = 1; i < claims.count; i++) {
        const struct claim *one = &claims.items[i];
        if (strcmp(one[-1].name, one->name) != 0 || is_known(&clashes, one))
            continue;
        clashes.items[clashes.count++] = one;
        report(model, &one[-1], one);
    }
}

/* protobuf-c has members for methods, too, and names them after the method without a second look.
 */
static void check_keywords(const struct model *model) {
    for (size_t i = 0; i < model->file_count; i++) {
        const struct model_file *file = &model->files[i];
        for (size_t j = 0; j < file->service_count; j++) {
            for (size_t k = 0; k < file->services[j].method_count; k++) {
                const struct model_method *method = &file->services[j].methods[k];
                if (names_is_c_keyword(method->stem))
                    problems_add(model->problems, file->name, method->place.line,
                                 "method %s would be `%s` in protobuf-c's code, which is a keyword "
                                 "of C; rename it",
                                 method->full_name, method->stem);
            }
        }
    }
}

/* Two messages that clash do so in several names: the shortest, which comes first, says it all. */
static bool is_known(const struct clashes *clashes, const struct claim *claim) {
    for (size_t i = 0; i < clashes->count; i++) {
        const struct claim *known = clashes->items[i];
        if (known[-1].owner == claim[-1].owner && known->owner == claim->owner)
            return true;
    }
    return false;
}

static void claim_file(struct claims *claims, const struct model_file *file) {
    claim_as(claims, file, file->name, 0);
    claim(claims, "%s", file->symbol);
    for (size_t i = 0; i < file->message_count; i++)
        claim_message(claims, &file->messages[i]);
    for (size_t i = 0; file->has_aliases && i < file->enum_count; i++)
        claim_enum(claims, &file->enums[i]);
    for (size_t i = 0; i < file->service_count; i++)
        claim_service(claims, &file->services[i]);
}

static void claim_message(struct claims *claims, const struct model_message *message) {
    claim_as(claims, message->file, message->full_name, message->place.line);
    if (message->has_rules)
        claim(claims, "%s_rules", message->alias);
    if (!message->file->has_aliases || message->is_map_entry)
        return;
    claim(claims, "%s", message->alias);
    claim(claims, "%s_init", message->alias);
    claim(claims, "%s_new", message->alias);
    claim(claims, "%s_INIT", names_macro(claims->arena, message->alias));
    for (size_t i = 0; i < message->proto->n_oneof_decl; i++)
        claim_oneof(claims, message, i);
}

static void claim_oneof(struct claims *claims, const struct model_message *message, size_t index) {
    const char *scope = names_macro(claims->arena, message->alias);
    const char *oneof = names_upper_snake(claims->arena, message->proto->oneof_decl[index]->name);
    claim(claims, "%s_%s_NOT_SET", scope, oneof);
    for (size_t i = 0; i < message->field_count; i++) {
        const field_proto *field = message->fields[i].proto;
        if (field->has_oneof_index && (size_t)field->oneof_index == index)
            claim(claims, "%s_%s_%s", scope, oneof, names_upper_snake(claims->arena, field->name));
    }
}

static void claim_enum(struct claims *claims, const struct model_enum *one) {
    claim_as(claims, one->file, one->full_name, one->place.line);
    claim(claims, "%s", one->alias);
    for (size_t i = 0; i < one->proto->n_value; i++)
        claim(claims, "%s", names_join(claims->arena, one->scope, one->proto->value[i]->name));
}

static void claim_service(struct claims *claims, const struct model_service *service) {
    claim_as(claims, service->file, service->full_name, service->place.line);
    claim(claims, "%s", service->symbol);
    claim(claims, "%s_methods", service->symbol);
    claim(claims, "%s_handlers", service->symbol);
    claim(claims, "%s_register", service->symbol);
    claim(claims, "%s_METHOD_COUNT", names_macro(claims->arena, service->symbol));
    for (size_t i = 0; i < service->method_count; i++)
        claim_method(claims, &service->methods[i]);
}

static void claim_method(struct claims *claims, const struct model_method *method) {
    static const char *const streaming[] = {"open", "receive", "listen", "callback"};
    claim_as(claims, method->service->file, method->full_name, method->place.line);
    claim(claims, "%s", names_macro(claims->arena, method->symbol));
    claim_members(claims, method);
    if (method->kind == MODEL_UNARY) {
        claim(claims, "%s", method->symbol);
        claim(claims, "%s_async", method->symbol);
        claim(claims, "%s_callback", method->symbol);
        return;
    }
    for (size_t i = 0; i < sizeof(streaming) / sizeof(streaming[0]); i++)
        claim(claims, "%s_%s", method->symbol, streaming[i]);
    if (model_client_streams(method))
        claim(claims, "%s_send_request", method->symbol);
    if (model_server_streams(method)) {
        claim(claims, "%s_send", method->symbol);
        claim(claims, "%s_put", method->symbol);
    }
}

/* Members of the struct of handlers are a name space of their own, told apart by the dot. */
static void claim_members(struct claims *claims, const struct model_method *method) {
    claim(claims, "%s_handlers.%s", method->service->symbol, method->member);
    if (!model_client_streams(method))
        return;
    claim(claims, "%s_handlers.%s_message", method->service->symbol, method->stem);
    claim(claims, "%s_handlers.%s_half_close", method->service->symbol, method->stem);
}

static void claim_as(struct claims *claims, const struct model_file *file, const char *owner,
                     int line) {
    claims->current = (struct claim){.owner = owner, .file = file, .line = line};
}

static void claim(struct claims *claims, const char *format, ...) {
    if (claims->count == claims->capacity) {
        size_t capacity = claims->capacity == 0 ? 256 : 2 * claims->capacity;
        struct claim *items = memory_new(claims->arena, capacity, sizeof(*items));
        if (claims->count > 0)
            memcpy(items, claims->items, claims->count * sizeof(*items));
        claims->items = items;
        claims->capacity = capacity;
    }
    va_list arguments;
    va_start(arguments, format);
    struct claim *one = &claims->items[claims->count++];
    *one = claims->current;
    one->name = memory_vtext(claims->arena, format, arguments);
    va_end(arguments);
}

/* At the one that is generated here, if only one of them is. */
static void report(const struct model *model, const struct claim *first,
                   const struct claim *second) {
    if (second->file->origin != MODEL_GENERATED) {
        const struct claim *other = first;
        first = second;
        second = other;
    }
    if (second->file->origin != MODEL_GENERATED)
        return;
    problems_add(model->problems, second->file->name, second->line,
                 "%s and %s would both be `%s` in C; rename one, or give one file another c_prefix",
                 first->owner, second->owner, second->name);
}

static int compare(const void *a, const void *b) {
    const struct claim *x = a;
    const struct claim *y = b;
    size_t x_len = strlen(x->name);
    size_t y_len = strlen(y->name);
    if (x_len != y_len)
        return x_len < y_len ? -1 : 1;
    int by_name = strcmp(x->name, y->name);
    if (by_name != 0)
        return by_name;
    int by_file = strcmp(x->file->name, y->file->name);
    if (by_file != 0)
        return by_file;
    return x->line < y->line ? -1 : x->line > y->line;
}
