#include <math.h>
#include <string.h>

#include "base/str.h"
#include "rpc/codec_internal.h"
#include "rpc/details.h"
#include "rpc/wire.h"

/* Occurrences beyond the first of singular submessages, in one message. */
enum { MAX_REPEATS = 8 };

/* What a message may need in memory, whatever its encoded length, and then per encoded byte. */
enum { MEMORY_FLOOR_BYTES = 2 << 20, MEMORY_PER_BYTE = 6 };

/* A message that has been entered and not yet left. */
struct frame {
    const ProtobufCMessageDescriptor *descriptor;
    const uint8_t *end;
    size_t memory_before; /* needed by everything before this message */
    uint64_t seen;        /* singular submessages met, by field index modulo 64 */
    unsigned hint;        /* for wire_find_field() */
    unsigned repeats;     /* singular submessages met again */
    uint32_t run;         /* number of the field met last */
    bool merges;          /* an earlier occurrence of this message is merged with it */
};

struct checker {
    const uint8_t *at;
    size_t elements_left;
    size_t memory; /* that unpacking will take from the arena */
    size_t max_memory;
    size_t max_depth;
    const char *field; /* at fault */
    size_t depth;
    struct frame frames[CODEC_HARD_DEPTH + 1];
};

static struct status malformed(const char *detail) {
    return status_error(STATUS_INTERNAL, RPC_REASON_UNDECODABLE, detail);
}

static struct status exhausted(const char *detail) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_MESSAGE_TOO_LARGE, detail);
}

static struct status invalid(struct checker *c, const ProtobufCFieldDescriptor *field,
                             const char *detail) {
    c->field = field->name;
    return status_error(STATUS_INVALID_ARGUMENT, RPC_REASON_INVALID_FIELDS, detail);
}

static inline struct status charge(struct checker *c, size_t bytes) {
    c->memory += bytes;
    if (c->memory > c->max_memory)
        return exhausted("the message needs too much memory for its length");
    return status_ok();
}

static inline struct status count_elements(struct checker *c, size_t count) {
    if (count > c->elements_left)
        return exhausted("the message has too many elements");
    c->elements_left -= count;
    return status_ok();
}

static struct status enter(struct checker *c, const ProtobufCMessageDescriptor *descriptor,
                           const uint8_t *end, bool merges) {
    struct frame *frame = &c->frames[c->depth];
    frame->descriptor = descriptor;
    frame->end = end;
    frame->memory_before = c->memory;
    frame->seen = 0;
    frame->hint = 0;
    frame->repeats = 0;
    frame->run = 0;
    frame->merges = merges;
    return charge(c, codec_rounded(descriptor->sizeof_message));
}

static struct status leave(struct checker *c) {
    const struct frame *frame = &c->frames[c->depth--];
    if (!frame->merges)
        return status_ok();
    /* Merging copies the lists of the earlier occurrence, which is part of the parent, and notes
     * their lengths. */
    size_t notes = codec_rounded(sizeof(size_t) * (frame->descriptor->n_fields + 1));
    return charge(c, notes + (c->memory - c->frames[c->depth].memory_before));
}

static struct status enter_submessage(struct checker *c, struct frame *frame,
                                      const ProtobufCFieldDescriptor *field) {
    size_t len;
    if (!wire_read_length(&c->at, frame->end, &len))
        return malformed("a submessage is longer than its message");
    bool merges = false;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        uint64_t bit = UINT64_C(1) << ((size_t)(field - frame->descriptor->fields) % 64);
        merges = (frame->seen & bit) != 0;
        frame->seen |= bit;
        /* Fields of large messages share bits, so that they may seem to repeat once each. */
        unsigned spare = frame->descriptor->n_fields / 64 * 64;
        if (merges && ++frame->repeats > MAX_REPEATS + spare)
            return exhausted("a submessage is repeated too often");
    }
    if (c->depth == c->max_depth)
        return malformed("the message is nested too deeply");
    c->depth++;
    return enter(c, field->descriptor, c->at + len, merges);
}

/* Plain ASCII without NUL, eight bytes at a time; returns how many bytes it could vouch for. */
static size_t plain_prefix(const uint8_t *text, size_t len) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text + i, sizeof(word));
        /* With no high bit set, subtracting one borrows only where a byte is zero. */
        if (((word | (word - ones)) & high) != 0)
            return i;
    }
    for (; i < len; i++) {
        if (text[i] == 0 || text[i] >= 0x80)
            return i;
    }
    return i;
}

static struct status check_text(struct checker *c, const ProtobufCFieldDescriptor *field,
                                const uint8_t *text, size_t len) {
    size_t plain = plain_prefix(text, len);
    if (plain == len)
        return status_ok();
    if (!utf8_is_valid((const char *)text + plain, len - plain))
        return malformed("a string is not valid UTF-8");
    if (memchr(text + plain, 0, len - plain) != NULL)
        return invalid(c, field, "a string contains NUL");
    return status_ok();
}

static struct status check_fixed(struct checker *c, const ProtobufCFieldDescriptor *field,
                                 const uint8_t *bytes) {
    bool is_nan = false;
    if (field->type == PROTOBUF_C_TYPE_FLOAT) {
        float number;
        memcpy(&number, bytes, sizeof(number));
        is_nan = isnan(number);
    } else if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        double number;
        memcpy(&number, bytes, sizeof(number));
        is_nan = isnan(number);
    }
    return is_nan ? invalid(c, field, "a number is not a number") : status_ok();
}

static struct status check_packed_varints(struct checker *c, const ProtobufCFieldDescriptor *field,
                                          const uint8_t *end) {
    size_t element_bytes = wire_element_bytes(field->type);
    while (c->at < end) {
        uint64_t value;
        if (!wire_read_varint(&c->at, end, &value))
            return malformed("a packed number is truncated or too long");
        TRY(count_elements(c, 1));
        TRY(charge(c, element_bytes));
    }
    return status_ok();
}

static struct status check_packed(struct checker *c, const ProtobufCFieldDescriptor *field,
                                  size_t len) {
    const uint8_t *end = c->at + len;
    enum wire_type type = wire_type_of(field->type);
    if (type == WIRE_VARINT)
        return check_packed_varints(c, field, end);
    size_t size = type == WIRE_I64 ? sizeof(uint64_t) : sizeof(uint32_t);
    if (len % size != 0)
        return malformed("a packed list ends inside a number");
    TRY(count_elements(c, len / size));
    TRY(charge(c, len));
    for (; c->at < end; c->at += size)
        TRY(check_fixed(c, field, c->at));
    return status_ok();
}

static struct status check_length_delimited(struct checker *c, const struct frame *frame,
                                            const ProtobufCFieldDescriptor *field) {
    size_t len;
    if (!wire_read_length(&c->at, frame->end, &len))
        return malformed("a field is longer than its message");
    if (wire_type_of(field->type) != WIRE_LEN)
        return check_packed(c, field, len);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        TRY(check_text(c, field, c->at, len));
    c->at += len;
    /* An empty string or bytes takes nothing: see codec_unpack.c. */
    return len == 0 ? status_ok() : charge(c, codec_rounded(len + 1));
}

static struct status check_known(struct checker *c, struct frame *frame,
                                 const ProtobufCFieldDescriptor *field, enum wire_type type) {
    bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    enum wire_type expected = wire_type_of(field->type);
    bool is_packed = is_repeated && type == WIRE_LEN && expected != WIRE_LEN;
    if (type != expected && !is_packed)
        return malformed("a field has the wrong wire type");
    if (is_repeated) {
        /* A list is one block, whose size is rounded up; counted once per run of its field. */
        if (field->id != frame->run)
            TRY(charge(c, codec_rounded(1)));
        if (!is_packed)
            TRY(charge(c, wire_element_bytes(field->type)));
    }
    frame->run = field->id;

    uint64_t value;
    switch (type) {
    case WIRE_VARINT:
        if (!wire_read_varint(&c->at, frame->end, &value))
            return malformed("a number is truncated or too long");
        return status_ok();
    case WIRE_I64:
    case WIRE_I32: {
        size_t size = type == WIRE_I64 ? sizeof(uint64_t) : sizeof(uint32_t);
        if ((size_t)(frame->end - c->at) < size)
            return malformed("a number is truncated");
        TRY(check_fixed(c, field, c->at));
        c->at += size;
        return status_ok();
    }
    default:
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            return enter_submessage(c, frame, field);
        return check_length_delimited(c, frame, field);
    }
}

static struct status check_unknown(struct checker *c, struct frame *frame, enum wire_type type) {
    const uint8_t *begin = c->at;
    size_t left = (size_t)(frame->end - c->at);
    size_t len = 0;
    uint64_t value;
    frame->run = 0;
    switch (type) {
    case WIRE_VARINT:
        if (!wire_read_varint(&c->at, frame->end, &value))
            return malformed("a number is truncated or too long");
        break;
    case WIRE_LEN:
        if (!wire_read_length(&c->at, frame->end, &len))
            return malformed("a field is longer than its message");
        break;
    case WIRE_I64:
        len = sizeof(uint64_t);
        break;
    case WIRE_I32:
        len = sizeof(uint32_t);
        break;
    default: /* groups: neither proto3 nor protobuf-c knows them */
        return malformed("a field has an unknown wire type");
    }
    if (type != WIRE_LEN && len > left)
        return malformed("a number is truncated");
    c->at += len;
    /* An entry of a list that is rounded up, and a copy. */
    return charge(c, sizeof(ProtobufCMessageUnknownField) + codec_rounded(1) +
                         codec_rounded((size_t)(c->at - begin)));
}

static struct status check_fields(struct checker *c) {
    for (;;) {
        struct frame *frame = &c->frames[c->depth];
        if (c->at == frame->end) {
            if (c->depth == 0)
                return status_ok();
            TRY(leave(c));
            continue;
        }
        uint32_t number;
        enum wire_type type;
        if (!wire_read_tag(&c->at, frame->end, &number, &type))
            return malformed("a field number is not valid");
        TRY(count_elements(c, 1));
        const ProtobufCFieldDescriptor *field =
            wire_find_field(frame->descriptor, number, &frame->hint);
        if (field == NULL) {
            TRY(check_unknown(c, frame, type));
        } else {
            TRY(check_known(c, frame, field, type));
        }
    }
}

struct status rpc_codec_check(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                              size_t len_bytes, const struct rpc_codec_limits *limits,
                              const char **ret_field) {
    static const uint8_t nothing[1];
    if (bytes == NULL)
        bytes = nothing;
    struct checker c; /* large: frames are filled as they are entered */
    c.at = bytes;
    c.elements_left = limits->max_elements;
    c.memory = 0;
    c.max_memory =
        len_bytes > SIZE_MAX / 4 / MEMORY_PER_BYTE ? SIZE_MAX / 4 : len_bytes * MEMORY_PER_BYTE;
    if (c.max_memory < MEMORY_FLOOR_BYTES)
        c.max_memory = MEMORY_FLOOR_BYTES;
    if (limits->max_memory_bytes != 0 && limits->max_memory_bytes < c.max_memory)
        c.max_memory = limits->max_memory_bytes;
    c.max_depth = limits->max_depth < CODEC_HARD_DEPTH ? limits->max_depth : CODEC_HARD_DEPTH;
    c.field = NULL;
    c.depth = 0;

    struct status status = enter(&c, descriptor, bytes + len_bytes, false);
    if (status_is_ok(status))
        status = check_fields(&c);
    if (c.field != NULL && ret_field != NULL)
        *ret_field = c.field;
    return status;
}
