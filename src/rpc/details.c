#include "rpc/details.h"

#include <string.h>

#include "base/str.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/codec.h"

enum { MAX_MESSAGE_BYTES = 1024, MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

/* What Any puts before the name of its message. */
#define URL_PREFIX "type.googleapis.com/"

const char *rpc_reason_name(int32_t reason) {
    static const char *const names[] = {
        [-RPC_REASON_INVALID_FIELDS] = "INVALID_FIELDS",
        [-RPC_REASON_UNDECODABLE] = "UNDECODABLE_MESSAGE",
        [-RPC_REASON_MESSAGE_TOO_LARGE] = "MESSAGE_TOO_LARGE",
        [-RPC_REASON_OVERLOADED] = "SERVER_OVERLOADED",
        [-RPC_REASON_NO_TOKEN] = "TOKEN_MISSING",
        [-RPC_REASON_ACCESS_DENIED] = "ACCESS_DENIED",
        [-RPC_REASON_AMBIGUOUS_TOKEN] = "TOKEN_AMBIGUOUS",
        [-RPC_REASON_DEADLINE] = "SERVER_DEADLINE",
        [-RPC_REASON_SHUTTING_DOWN] = "SHUTTING_DOWN",
        [-RPC_REASON_SLOW_READER] = "SLOW_READER",
        [-RPC_REASON_STREAM_MAX_AGE] = "STREAM_MAX_AGE",
        [-RPC_REASON_TOKEN_EXPIRED] = "TOKEN_EXPIRED",
    };
    const int32_t count = (int32_t)(sizeof(names) / sizeof(*names));
    return reason < 0 && reason > -count ? names[-reason] : NULL;
}

void rpc_details_init(struct rpc_details *details) {
    *details = (struct rpc_details){.retry_after_ms = -1};
}

/* A list with room for one more. Lists have 4, 8, 16, ... places. NULL when full or no memory. */
static void *grown(struct arena *arena, void *list, size_t count, size_t entry_bytes) {
    enum { FIRST_ROOM = 4 };
    if (count >= RPC_DETAILS_MAX_ENTRIES)
        return NULL;
    bool has_room = count != 0 && (count < FIRST_ROOM || (count & (count - 1)) != 0);
    if (has_room)
        return list;
    void *larger = arena_alloc_array(arena, count == 0 ? FIRST_ROOM : count * 2, entry_bytes);
    if (larger != NULL && count > 0)
        memcpy(larger, list, count * entry_bytes);
    return larger;
}

static void add_violation(struct rpc_violation **list, size_t *count, struct arena *arena,
                          const char *field, const char *description) {
    struct rpc_violation entry = {
        .field = arena_strdup(arena, field),
        .description = arena_strdup(arena, description),
    };
    struct rpc_violation *larger = grown(arena, *list, *count, sizeof(entry));
    if (larger == NULL || entry.field == NULL || entry.description == NULL)
        return;
    larger[*count] = entry;
    *list = larger;
    ++*count;
}

void rpc_details_add_violation(struct rpc_details *details, struct arena *arena, const char *field,
                               const char *description) {
    add_violation(&details->violations, &details->violation_count, arena, field, description);
}

void rpc_details_add_quota_violation(struct rpc_details *details, struct arena *arena,
                                     const char *subject, const char *description) {
    add_violation(&details->quota_violations, &details->quota_violation_count, arena, subject,
                  description);
}

void rpc_details_add_metadata(struct rpc_details *details, struct arena *arena, const char *key,
                              const char *value) {
    struct rpc_error_pair entry = {
        .key = arena_strdup(arena, key),
        .value = arena_strdup(arena, value),
    };
    struct rpc_error_pair *larger =
        grown(arena, details->metadata, details->metadata_count, sizeof(entry));
    if (larger == NULL || entry.key == NULL || entry.value == NULL)
        return;
    larger[details->metadata_count++] = entry;
    details->metadata = larger;
}

/* --- encoding --- */

/* The messages of one google.rpc.Status, pointing at each other; its lists are in the arena. */
struct encoding {
    Google__Rpc__ErrorInfo info;
    Google__Rpc__BadRequest bad_request;
    Google__Rpc__QuotaFailure quota;
    Google__Rpc__RetryInfo retry;
    Google__Protobuf__Duration delay;
    Google__Rpc__Status status;
    Google__Protobuf__Any anys[4];
    Google__Protobuf__Any *any_list[4];
    const ProtobufCMessage *contents[4];
};

/* protobuf-c's structs hold text that they do not change in pointers to char. */
static char *as_text(const char *text) {
    return (char *)(text == NULL ? "" : text);
}

/* An arena array of `count` pointers, each to one of as many initialised messages. */
static void *message_list(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                          size_t count) {
    ProtobufCMessage **list = arena_alloc_array(arena, count, sizeof(ProtobufCMessage *));
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = rpc_message_new(arena, descriptor);
        if (list[i] == NULL)
            return NULL;
    }
    return list;
}

static bool fill_info(struct encoding *e, const struct rpc_details *details, struct arena *arena) {
    google__rpc__error_info__init(&e->info);
    e->info.reason = as_text(details->reason);
    e->info.domain = as_text(details->domain);
    e->info.metadata = message_list(arena, &google__rpc__error_info__metadata_entry__descriptor,
                                    details->metadata_count);
    if (e->info.metadata == NULL)
        return false;
    e->info.n_metadata = details->metadata_count;
    for (size_t i = 0; i < details->metadata_count; i++) {
        e->info.metadata[i]->key = as_text(details->metadata[i].key);
        e->info.metadata[i]->value = as_text(details->metadata[i].value);
    }
    return true;
}

static bool fill_violations(struct encoding *e, const struct rpc_details *details,
                            struct arena *arena) {
    google__rpc__bad_request__init(&e->bad_request);
    google__rpc__quota_failure__init(&e->quota);
    e->bad_request.field_violations = message_list(
        arena, &google__rpc__bad_request__field_violation__descriptor, details->violation_count);
    e->quota.violations = message_list(arena, &google__rpc__quota_failure__violation__descriptor,
                                       details->quota_violation_count);
    if (e->bad_request.field_violations == NULL || e->quota.violations == NULL)
        return false;
    e->bad_request.n_field_violations = details->violation_count;
    for (size_t i = 0; i < details->violation_count; i++) {
        e->bad_request.field_violations[i]->field = as_text(details->violations[i].field);
        e->bad_request.field_violations[i]->description =
            as_text(details->violations[i].description);
    }
    e->quota.n_violations = details->quota_violation_count;
    for (size_t i = 0; i < details->quota_violation_count; i++) {
        e->quota.violations[i]->subject = as_text(details->quota_violations[i].field);
        e->quota.violations[i]->description = as_text(details->quota_violations[i].description);
    }
    return true;
}

static void fill_retry(struct encoding *e, const struct rpc_details *details) {
    google__rpc__retry_info__init(&e->retry);
    google__protobuf__duration__init(&e->delay);
    e->delay.seconds = details->retry_after_ms / MS_PER_SECOND;
    e->delay.nanos = (int32_t)(details->retry_after_ms % MS_PER_SECOND) * NS_PER_MS;
    e->retry.retry_delay = &e->delay;
}

static void put_any(struct encoding *e, const char *url, const ProtobufCMessage *content) {
    size_t i = e->status.n_details++;
    google__protobuf__any__init(&e->anys[i]);
    e->anys[i].type_url = as_text(url);
    e->anys[i].value.len = protobuf_c_message_get_packed_size(content);
    e->any_list[i] = &e->anys[i];
    e->contents[i] = content;
}

/* Lists what there is to say and returns how many bytes it takes. */
static size_t list_details(struct encoding *e, const struct rpc_details *details) {
    e->status.n_details = 0;
    if (details->reason != NULL)
        put_any(e, URL_PREFIX "google.rpc.ErrorInfo", &e->info.base);
    if (e->bad_request.n_field_violations > 0)
        put_any(e, URL_PREFIX "google.rpc.BadRequest", &e->bad_request.base);
    if (e->quota.n_violations > 0)
        put_any(e, URL_PREFIX "google.rpc.QuotaFailure", &e->quota.base);
    if (details->retry_after_ms >= 0)
        put_any(e, URL_PREFIX "google.rpc.RetryInfo", &e->retry.base);
    return protobuf_c_message_get_packed_size(&e->status.base);
}

/* Leaves out one entry; false when there is none left. */
static bool shorten(struct encoding *e) {
    size_t *const counts[] = {&e->bad_request.n_field_violations, &e->quota.n_violations,
                              &e->info.n_metadata};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        if (*counts[i] > 0) {
            --*counts[i];
            return true;
        }
    }
    return false;
}

/* The message, without what is beyond MAX_MESSAGE_BYTES; cut between characters. */
static char *clipped(struct arena *arena, const char *message) {
    size_t len = message == NULL ? 0 : strnlen(message, MAX_MESSAGE_BYTES + 1);
    if (len <= MAX_MESSAGE_BYTES)
        return as_text(message);
    len = MAX_MESSAGE_BYTES;
    while (len > 0 && ((unsigned char)message[len] & 0xc0) == 0x80)
        len--;
    return arena_strndup(arena, message, len);
}

static struct status no_room(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON,
                        "no memory for the details of an error");
}

struct status rpc_details_encode(const struct rpc_details *details, int32_t code,
                                 const char *message, struct arena *arena, uint8_t **ret_bytes,
                                 size_t *ret_len) {
    struct encoding e;
    if (!fill_info(&e, details, arena) || !fill_violations(&e, details, arena))
        return no_room();
    fill_retry(&e, details);
    google__rpc__status__init(&e.status);
    e.status.code = code;
    e.status.message = clipped(arena, message);
    e.status.details = e.any_list;
    if (e.status.message == NULL)
        return no_room();

    size_t len = list_details(&e, details);
    while (len > RPC_DETAILS_MAX_BYTES && shorten(&e))
        len = list_details(&e, details);
    if (e.status.n_details == 0 || len > RPC_DETAILS_MAX_BYTES) {
        *ret_len = 0;
        return status_ok();
    }
    for (size_t i = 0; i < e.status.n_details; i++) {
        e.anys[i].value.data = arena_alloc_raw(arena, e.anys[i].value.len);
        if (e.anys[i].value.data == NULL)
            return no_room();
        (void)protobuf_c_message_pack(e.contents[i], e.anys[i].value.data);
    }
    uint8_t *bytes = arena_alloc_raw(arena, len);
    if (bytes == NULL)
        return no_room();
    (void)protobuf_c_message_pack(&e.status.base, bytes);
    *ret_bytes = bytes;
    *ret_len = len;
    return status_ok();
}

/* --- decoding --- */

static void take_info(struct rpc_details *details, const ProtobufCMessage *message,
                      struct arena *arena) {
    const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)message;
    details->reason = info->reason;
    details->domain = info->domain;
    for (size_t i = 0; i < info->n_metadata; i++)
        rpc_details_add_metadata(details, arena, info->metadata[i]->key, info->metadata[i]->value);
}

static void take_bad_request(struct rpc_details *details, const ProtobufCMessage *message,
                             struct arena *arena) {
    const Google__Rpc__BadRequest *bad_request = (const Google__Rpc__BadRequest *)message;
    for (size_t i = 0; i < bad_request->n_field_violations; i++)
        rpc_details_add_violation(details, arena, bad_request->field_violations[i]->field,
                                  bad_request->field_violations[i]->description);
}

static void take_quota(struct rpc_details *details, const ProtobufCMessage *message,
                       struct arena *arena) {
    const Google__Rpc__QuotaFailure *quota = (const Google__Rpc__QuotaFailure *)message;
    for (size_t i = 0; i < quota->n_violations; i++)
        rpc_details_add_quota_violation(details, arena, quota->violations[i]->subject,
                                        quota->violations[i]->description);
}

/* A delay that is negative or beyond all reason is no delay. */
static void take_retry(struct rpc_details *details, const ProtobufCMessage *message,
                       struct arena *arena) {
    (void)arena;
    const Google__Protobuf__Duration *delay =
        ((const Google__Rpc__RetryInfo *)message)->retry_delay;
    const int64_t max_seconds = INT64_C(315576000000); /* 10,000 years, as Duration allows */
    if (delay == NULL || delay->seconds < 0 || delay->seconds > max_seconds || delay->nanos < 0 ||
        delay->nanos >= MS_PER_SECOND * NS_PER_MS)
        return;
    details->retry_after_ms = delay->seconds * MS_PER_SECOND + delay->nanos / NS_PER_MS;
}

struct detail_kind {
    const ProtobufCMessageDescriptor *descriptor;
    void (*take)(struct rpc_details *details, const ProtobufCMessage *message, struct arena *arena);
};

static const struct detail_kind detail_kinds[] = {
    {&google__rpc__error_info__descriptor, take_info},
    {&google__rpc__bad_request__descriptor, take_bad_request},
    {&google__rpc__quota_failure__descriptor, take_quota},
    {&google__rpc__retry_info__descriptor, take_retry},
};

static struct status decode_message(const ProtobufCMessageDescriptor *descriptor,
                                    const uint8_t *bytes, size_t len_bytes, struct arena *arena,
                                    ProtobufCMessage **ret_message) {
    struct status status = rpc_codec_decode(descriptor, bytes, len_bytes, &rpc_codec_default_limits,
                                            arena, ret_message, NULL);
    if (status_is_ok(status))
        return status;
    return status_error(STATUS_INTERNAL, RPC_REASON_UNDECODABLE,
                        "the details of an error could not be read");
}

static struct status decode_any(const Google__Protobuf__Any *any, struct arena *arena,
                                struct rpc_details *details) {
    const char *slash = strrchr(any->type_url, '/');
    const char *name = slash == NULL ? any->type_url : slash + 1;
    for (size_t i = 0; i < sizeof(detail_kinds) / sizeof(*detail_kinds); i++) {
        if (strcmp(detail_kinds[i].descriptor->name, name) != 0)
            continue;
        ProtobufCMessage *message;
        TRY(decode_message(detail_kinds[i].descriptor, any->value.data, any->value.len, arena,
                           &message));
        detail_kinds[i].take(details, message, arena);
    }
    return status_ok();
}

struct status rpc_details_decode(const uint8_t *bytes, size_t len_bytes, struct arena *arena,
                                 struct rpc_details *ret_details) {
    ProtobufCMessage *message;
    TRY(decode_message(&google__rpc__status__descriptor, bytes, len_bytes, arena, &message));
    const Google__Rpc__Status *decoded = (const Google__Rpc__Status *)message;
    struct rpc_details details;
    rpc_details_init(&details);
    for (size_t i = 0; i < decoded->n_details; i++)
        TRY(decode_any(decoded->details[i], arena, &details));
    *ret_details = details;
    return status_ok();
}
