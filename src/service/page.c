#include "service/page.h"

#include "rpc/call.h"
#include "service/caller.h"
#include "service/fault.h"
#include "service/service.h"

#include <string.h>

/* Where a field of a request is; NULL when it has none of this name and type. */
static void *field_of(const ProtobufCMessage *message, const char *name, ProtobufCType type) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->type != type)
        return NULL;
    return (char *)(uintptr_t)message + field->offset;
}

static void clear(ProtobufCMessage *message) {
    const char *nothing = protobuf_c_empty_string;
    const int32_t zero = 0;
    const protobuf_c_boolean no = 0;
    void *token = field_of(message, "page_token", PROTOBUF_C_TYPE_STRING);
    void *size = field_of(message, "page_size", PROTOBUF_C_TYPE_INT32);
    void *facets = field_of(message, "with_facets", PROTOBUF_C_TYPE_BOOL);
    if (token != NULL)
        memcpy(token, &nothing, sizeof nothing);
    if (size != NULL)
        memcpy(size, &zero, sizeof zero);
    if (facets != NULL)
        memcpy(facets, &no, sizeof no);
}

/* What was asked for and by whom, as bytes. */
static struct status bind(struct arena *arena, const struct service_caller *caller,
                          const ProtobufCMessage *request, struct domain_page_scope *scope) {
    ProtobufCMessage *copy = arena_memdup(arena, request, request->descriptor->sizeof_message);
    if (copy == NULL)
        return service_no_room();
    clear(copy);
    size_t asked = protobuf_c_message_get_packed_size(copy);
    size_t who = strlen(caller->subject) + 1;
    uint8_t *bytes = arena_alloc_raw(arena, who + 1 + asked);
    if (bytes == NULL)
        return service_no_room();
    memcpy(bytes, caller->subject, who);
    bytes[who] = caller->is_admin;
    protobuf_c_message_pack(copy, bytes + who + 1);
    scope->filter = bytes;
    scope->filter_len = who + 1 + asked;
    return status_ok();
}

struct status service_page_open(struct service_context *context, struct rpc_call *call,
                                const struct service_caller *caller, const char *list,
                                const ProtobufCMessage *request, struct service_page *ret_page) {
    const int32_t *size = field_of(request, "page_size", PROTOBUF_C_TYPE_INT32);
    char *const *token = field_of(request, "page_token", PROTOBUF_C_TYPE_STRING);
    struct service_page page = {
        .store = {.size = domain_page_size(size != NULL ? *size : 0)},
        .scope = {.key = context->page_key, .list = list, .tenant = caller->tenant}};
    TRY(bind(rpc_call_arena(call), caller, request, &page.scope));
    if (token != NULL && (*token)[0] != '\0') {
        struct domain_page_position position;
        TRY(domain_page_token_read(&page.scope, *token, &position));
        page.store.has_after = true;
        page.store.after_key = position.key;
        memcpy(page.store.after_id.bytes, position.id, sizeof position.id);
    }
    *ret_page = page;
    return status_ok();
}

struct status service_page_next(const struct service_page *page, struct rpc_call *call, int64_t key,
                                const struct uuid *id, char **ret_token) {
    struct domain_page_position position = {.key = key};
    char *token = arena_alloc(rpc_call_arena(call), DOMAIN_PAGE_TOKEN_BYTES);
    if (token == NULL)
        return service_no_room();
    memcpy(position.id, id->bytes, sizeof position.id);
    TRY(domain_page_token_write(&page->scope, &position, token));
    *ret_token = token;
    return status_ok();
}
