#include "rpc/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "rpc/codec_internal.h"
#include "rpc/rules_internal.h"
#include "rpc/wire.h"

/* Where in the message: a chain on the stack, written out only for a violation. */
struct path {
    const struct path *parent; /* NULL: a field of the request */
    const char *name;
    size_t index;
    bool is_element; /* name[index] */
};

struct checker {
    int64_t now_us;
    struct arena *arena;
    struct rpc_details *details;
    bool is_broken; /* at least one rule */
    bool is_full;   /* no more violations can be reported */
    bool out_of_memory;
};

/* A value of a field or an element of a list. */
struct value {
    const struct rpc_field_rules *rules;
    const ProtobufCFieldDescriptor *field;
    const void *member;
    const struct path *path;
    unsigned depth;
};

static void check_message(struct checker *c, const struct rpc_message_rules *rules,
                          const ProtobufCMessage *message, const struct path *parent,
                          unsigned depth);

/* --- violations --- */

static size_t step_text(const struct path *step, char *text, size_t capacity) {
    const char *dot = step->parent == NULL ? "" : ".";
    int len = step->is_element ? snprintf(text, capacity, "%s%s[%zu]", dot, step->name, step->index)
                               : snprintf(text, capacity, "%s%s", dot, step->name);
    return len < 0 ? 0 : (size_t)len;
}

static const char *path_text(struct arena *arena, const struct path *path) {
    enum { MAX_STEP_BYTES = 256 };
    char step[MAX_STEP_BYTES];
    size_t len = 0;
    for (const struct path *p = path; p != NULL; p = p->parent)
        len += step_text(p, NULL, 0);
    char *text = arena_alloc_raw(arena, len + 1);
    if (text == NULL)
        return NULL;
    char *at = text + len;
    *at = '\0';
    for (const struct path *p = path; p != NULL; p = p->parent) {
        size_t step_len = step_text(p, step, sizeof(step));
        at -= step_len;
        if (step_len < sizeof(step)) {
            memcpy(at, step, step_len);
        } else { /* nobody names a field so; the name is in the contract, not in the input */
            memset(at, '?', step_len);
        }
    }
    return text;
}

static void violate(struct checker *c, const struct path *path, const char *description) {
    c->is_broken = true;
    size_t before = c->details->violation_count;
    const char *text = path_text(c->arena, path);
    if (text != NULL && description != NULL)
        rpc_details_add_violation(c->details, c->arena, text, description);
    c->is_full = c->details->violation_count == before ||
                 c->details->violation_count >= RPC_DETAILS_MAX_ENTRIES;
}

/* "must be 1 to 200 characters"; `unit` in the singular, with its space; a `max` of 0 is none. */
static void violate_count(struct checker *c, const struct path *path, const char *verb,
                          uint64_t min, uint64_t max, const char *unit) {
    const char *plural = (max == 0 ? min : max) == 1 ? "" : "s";
    const char *text;
    if (max == 0) {
        text = arena_printf(c->arena, "%s at least %" PRIu64 "%s%s", verb, min, unit, plural);
    } else if (min == 0) {
        text = arena_printf(c->arena, "%s at most %" PRIu64 "%s%s", verb, max, unit, plural);
    } else if (min == max) {
        text = arena_printf(c->arena, "%s exactly %" PRIu64 "%s%s", verb, min, unit, plural);
    } else {
        text = arena_printf(c->arena, "%s %" PRIu64 " to %" PRIu64 "%s%s", verb, min, max, unit,
                            plural);
    }
    violate(c, path, text);
}

/* --- single values --- */

static bool has_rule(const struct value *v, unsigned rule) {
    return (v->rules->flags & rule) != 0;
}

/* An empty string or bytes. Outside lists it is an absent value, which passes unless required. */
static void check_empty(struct checker *c, const struct value *v, const char *unit) {
    const struct rpc_field_rules *rules = v->rules;
    bool is_required = has_rule(v, RPC_RULE_REQUIRED);
    bool is_element = v->path->is_element;
    if (!is_required && !is_element)
        return;
    bool has_length = has_rule(v, RPC_RULE_LENGTH);
    bool is_too_short = has_length && rules->min_length > 0;
    if (has_rule(v, RPC_RULE_UUID)) {
        violate(c, v->path, "must be a UUID");
    } else if (has_length && (is_too_short || is_required)) {
        uint64_t min = rules->min_length > 0 ? rules->min_length : 1;
        violate_count(c, v->path, "must be", min, rules->max_length, unit);
    } else if (is_required) {
        violate(c, v->path, "must not be empty");
    }
}

static void check_length(struct checker *c, const struct value *v, size_t length,
                         const char *unit) {
    const struct rpc_field_rules *rules = v->rules;
    if (!has_rule(v, RPC_RULE_LENGTH))
        return;
    if (length < rules->min_length || (rules->max_length != 0 && length > rules->max_length))
        violate_count(c, v->path, "must be", rules->min_length, rules->max_length, unit);
}

static void check_string(struct checker *c, const struct value *v) {
    const char *text = *(const char *const *)v->member;
    if (text == NULL || *text == '\0') {
        check_empty(c, v, " character");
        return;
    }
    size_t len = strlen(text);
    check_length(c, v, utf8_length(text, len), " character");
    struct uuid uuid;
    if (has_rule(v, RPC_RULE_UUID) && !uuid_parse(text, len, &uuid))
        violate(c, v->path, "must be a UUID");
    bool multiline = has_rule(v, RPC_RULE_MULTILINE);
    if (has_rule(v, RPC_RULE_PLAIN_TEXT) && !rules_text_is_plain(text, multiline))
        violate(c, v->path,
                multiline ? "must be plain text, without control characters other than newline and "
                            "tab, and without direction overrides or unclosed embeddings"
                          : "must be one line of plain text, without control characters, direction "
                            "overrides or unclosed embeddings");
}

static void check_bytes(struct checker *c, const struct value *v) {
    const ProtobufCBinaryData *bytes = v->member;
    if (bytes->len == 0) {
        check_empty(c, v, " byte");
        return;
    }
    check_length(c, v, bytes->len, " byte");
}

static void violate_int_range(struct checker *c, const struct value *v) {
    const struct rpc_field_rules *rules = v->rules;
    const char *text;
    if (rules->int_min == INT64_MIN) {
        text = arena_printf(c->arena, "must be at most %" PRId64, rules->int_max);
    } else if (rules->int_max == INT64_MAX) {
        text = arena_printf(c->arena, "must be at least %" PRId64, rules->int_min);
    } else {
        text = arena_printf(c->arena, "must be %" PRId64 " to %" PRId64, rules->int_min,
                            rules->int_max);
    }
    violate(c, v->path, text);
}

/* A number that is not there is 0 in proto3, and is held to the range as any other. */
static void check_number(struct checker *c, const struct value *v, bool is_zero, bool is_inside) {
    if (has_rule(v, RPC_RULE_INT_RANGE) && !is_inside) {
        violate_int_range(c, v);
    } else if (is_zero && has_rule(v, RPC_RULE_REQUIRED) && !v->path->is_element) {
        violate(c, v->path,
                v->field->type == PROTOBUF_C_TYPE_BOOL ? "must be true" : "must not be 0");
    }
}

static void check_signed(struct checker *c, const struct value *v, int64_t number) {
    check_number(c, v, number == 0, number >= v->rules->int_min && number <= v->rules->int_max);
}

static void check_unsigned(struct checker *c, const struct value *v, uint64_t number) {
    const struct rpc_field_rules *rules = v->rules;
    bool is_inside = rules->int_max >= 0 && number <= (uint64_t)rules->int_max &&
                     (rules->int_min <= 0 || number >= (uint64_t)rules->int_min);
    check_number(c, v, number == 0, is_inside);
}

static void check_real(struct checker *c, const struct value *v, double number) {
    const struct rpc_field_rules *rules = v->rules;
    bool is_inside = number >= rules->real_min && number <= rules->real_max; /* never of NaN */
    if (has_rule(v, RPC_RULE_REAL_RANGE) && !is_inside) {
        violate(c, v->path,
                arena_printf(c->arena, "must be %.15g to %.15g", rules->real_min, rules->real_max));
    } else if (number == 0 && has_rule(v, RPC_RULE_REQUIRED) && !v->path->is_element) {
        violate(c, v->path, "must not be 0");
    }
}

static void check_enum(struct checker *c, const struct value *v) {
    int number;
    memcpy(&number, v->member, sizeof(number));
    const ProtobufCEnumDescriptor *descriptor = v->field->descriptor;
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    if (number == 0 && has_rule(v, RPC_RULE_REQUIRED)) {
        violate(c, v->path,
                arena_printf(c->arena, "must be a value of %s other than %s",
                             descriptor->short_name, value == NULL ? "0" : value->name));
    } else if (has_rule(v, RPC_RULE_DEFINED_ENUM) && value == NULL) {
        violate(c, v->path,
                arena_printf(c->arena, "must be a defined value of %s", descriptor->short_name));
    }
}

/* Years 1 to 9999 in seconds since 1970, as google.protobuf.Timestamp has it. */
#define MIN_SECONDS INT64_C(-62135596800)
#define MAX_SECONDS INT64_C(253402300799)

/* Read by descriptor, so that any library's generated Timestamp will do. */
static int64_t number_of(const ProtobufCMessage *message, unsigned number) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(message->descriptor, number);
    if (field == NULL)
        return 0;
    const char *member = (const char *)message + field->offset;
    return field->type == PROTOBUF_C_TYPE_INT64   ? *(const int64_t *)(const void *)member
           : field->type == PROTOBUF_C_TYPE_INT32 ? *(const int32_t *)(const void *)member
                                                  : 0;
}

static void check_future(struct checker *c, const struct value *v,
                         const ProtobufCMessage *timestamp) {
    enum { SECONDS = 1, NANOS = 2, NS_PER_US = 1000, US_PER_SECOND = 1000000 };
    int64_t seconds = number_of(timestamp, SECONDS);
    int64_t nanos = number_of(timestamp, NANOS);
    if (seconds < MIN_SECONDS || seconds > MAX_SECONDS || nanos < 0 ||
        nanos >= (int64_t)NS_PER_US * US_PER_SECOND) {
        violate(c, v->path, "must be a time of the years 1 to 9999, with nanos below 10^9");
    } else if (seconds * US_PER_SECOND + nanos / NS_PER_US <= c->now_us) {
        violate(c, v->path, "must be in the future");
    }
}

static void check_submessage(struct checker *c, const struct value *v) {
    const ProtobufCMessage *message = *(const ProtobufCMessage *const *)v->member;
    if (message == NULL) {
        if (has_rule(v, RPC_RULE_REQUIRED))
            violate(c, v->path, "must be set");
        return;
    }
    if (has_rule(v, RPC_RULE_FUTURE))
        check_future(c, v, message);
    check_message(c, v->rules->inner, message, v->path, v->depth + 1);
}

static void check_value(struct checker *c, const struct value *v) {
    switch (v->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        check_string(c, v);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        check_bytes(c, v);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        check_submessage(c, v);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        check_enum(c, v);
        return;
    case PROTOBUF_C_TYPE_FLOAT:
        check_real(c, v, (double)*(const float *)v->member);
        return;
    case PROTOBUF_C_TYPE_DOUBLE:
        check_real(c, v, *(const double *)v->member);
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        check_signed(c, v, *(const int64_t *)v->member);
        return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        check_unsigned(c, v, *(const uint64_t *)v->member);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        check_unsigned(c, v, *(const uint32_t *)v->member);
        return;
    default: /* int32, sint32, sfixed32, bool */
        check_signed(c, v, *(const int32_t *)v->member);
        return;
    }
}

/* --- lists --- */

static int compare_elements(const void *a, const void *b, void *context) {
    const ProtobufCType *type = context;
    const void *x = *(const void *const *)a;
    const void *y = *(const void *const *)b;
    if (*type == PROTOBUF_C_TYPE_STRING)
        return strcmp(*(const char *const *)x, *(const char *const *)y);
    if (*type != PROTOBUF_C_TYPE_BYTES)
        return memcmp(x, y, wire_element_bytes(*type));
    const ProtobufCBinaryData *p = x;
    const ProtobufCBinaryData *q = y;
    if (p->len != q->len)
        return p->len < q->len ? -1 : 1;
    return p->len == 0 ? 0 : memcmp(p->data, q->data, p->len);
}

static void check_unique(struct checker *c, const ProtobufCFieldDescriptor *field, const char *list,
                         size_t count, const struct path *path) {
    ProtobufCType type = field->type;
    const void **sorted = arena_alloc_array(c->arena, count, sizeof(*sorted));
    if (sorted == NULL) {
        c->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = list + i * wire_element_bytes(type);
    qsort_r(sorted, count, sizeof(*sorted), compare_elements, &type);
    for (size_t i = 1; i < count; i++) {
        if (compare_elements(&sorted[i - 1], &sorted[i], &type) == 0) {
            violate(c, path, "must not hold an element twice");
            return;
        }
    }
}

static void check_list(struct checker *c, const struct rpc_field_rules *rules,
                       const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                       const struct path *path, unsigned depth) {
    size_t count =
        *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
    const char *list = *(const char *const *)(const void *)((const char *)message + field->offset);
    uint32_t min = (rules->flags & RPC_RULE_ITEMS) != 0 ? rules->items_min : 0;
    uint32_t max = (rules->flags & RPC_RULE_ITEMS) != 0 ? rules->items_max : 0;
    if ((rules->flags & RPC_RULE_REQUIRED) != 0 && min == 0)
        min = 1;
    if (count < min || (max != 0 && count > max)) {
        violate_count(c, path, "must have", min, max, " item");
        return;
    }
    if ((rules->flags & RPC_RULE_UNIQUE) != 0 && count > 1)
        check_unique(c, field, list, count, path);
    size_t element_bytes = wire_element_bytes(field->type);
    for (size_t i = 0; i < count && !c->is_full; i++) {
        struct path element = {path->parent, path->name, i, true};
        struct value v = {rules, field, list + i * element_bytes, &element, depth};
        check_value(c, &v);
    }
}

/* --- messages --- */

/* Whether the field holds a value, as far as its presence is known. */
static bool is_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message) {
    if (field->quantifier_offset == 0)
        return true;
    uint32_t quantifier;
    memcpy(&quantifier, (const char *)message + field->quantifier_offset, sizeof(quantifier));
    return wire_is_oneof(field) ? quantifier == field->id : quantifier != 0;
}

static void check_field(struct checker *c, const struct rpc_field_rules *rules,
                        const ProtobufCMessage *message, const struct path *parent,
                        unsigned depth) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[rules->field_index];
    struct path path = {parent, field->name, 0, false};
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        check_list(c, rules, field, message, &path, depth);
    } else if (is_present(field, message)) {
        struct value v = {rules, field, (const char *)message + field->offset, &path, depth};
        check_value(c, &v);
    } else if (!wire_is_oneof(field) && (rules->flags & RPC_RULE_REQUIRED) != 0) {
        violate(c, &path, "must be set");
    }
}

static void check_message(struct checker *c, const struct rpc_message_rules *rules,
                          const ProtobufCMessage *message, const struct path *parent,
                          unsigned depth) {
    if (rules == NULL)
        return;
    if (depth > CODEC_HARD_DEPTH) { /* the codec lets nothing so deep pass */
        violate(c, parent, "must not be nested so deeply");
        return;
    }
    for (size_t i = 0; i < rules->field_count && !c->is_full; i++)
        check_field(c, &rules->fields[i], message, parent, depth);
}

struct status rpc_rules_check(const struct rpc_message_rules *rules,
                              const ProtobufCMessage *message, int64_t now_us, struct arena *arena,
                              struct rpc_details *details) {
    struct checker c = {.now_us = now_us, .arena = arena, .details = details};
    check_message(&c, rules, message, NULL, 0);
    if (c.is_broken)
        return status_error(STATUS_INVALID_ARGUMENT, RPC_REASON_INVALID_FIELDS,
                            "one or more fields are not valid");
    if (c.out_of_memory)
        return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_MESSAGE_TOO_LARGE,
                            "the message needs more memory than a call may take");
    return status_ok();
}
