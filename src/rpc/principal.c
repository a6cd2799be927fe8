#include "rpc/principal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One block: the struct, the two lists of pointers, then all text. */
struct rpc_principal {
    atomic_size_t references;
    struct rpc_principal_fields fields;
    const char *pointers[];
};

static size_t text_bytes(const char *text) {
    return text == NULL ? 1 : strlen(text) + 1;
}

static size_t list_bytes(const char *const *texts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += text_bytes(texts[i]);
    return bytes;
}

/* Copies to `*at`, moves it behind the copy and returns the copy. */
static const char *put_text(char **at, const char *text) {
    char *copy = *at;
    size_t bytes = text_bytes(text);
    if (text == NULL) {
        *copy = '\0';
    } else {
        memcpy(copy, text, bytes);
    }
    *at += bytes;
    return copy;
}

static const char *const *put_list(const char **pointers, char **at, const char *const *texts,
                                   size_t count) {
    for (size_t i = 0; i < count; i++)
        pointers[i] = put_text(at, texts[i]);
    return pointers;
}

struct rpc_principal *rpc_principal_new(const struct rpc_principal_fields *fields) {
    size_t pointer_count;
    size_t pointer_bytes;
    if (__builtin_add_overflow(fields->role_count, fields->scope_count, &pointer_count) ||
        __builtin_mul_overflow(pointer_count, sizeof(const char *), &pointer_bytes))
        return NULL;
    /* The texts exist, so their sizes add up within the address space. */
    size_t texts = text_bytes(fields->subject) + text_bytes(fields->tenant) +
                   text_bytes(fields->name) + text_bytes(fields->picture_url) +
                   text_bytes(fields->locale) + text_bytes(fields->tier) +
                   text_bytes(fields->issuer) + list_bytes(fields->roles, fields->role_count) +
                   list_bytes(fields->scopes, fields->scope_count);
    struct rpc_principal *principal = malloc(sizeof(*principal) + pointer_bytes + texts);
    if (principal == NULL)
        return NULL;

    atomic_init(&principal->references, 1);
    char *at = (char *)(principal->pointers + pointer_count);
    struct rpc_principal_fields *copy = &principal->fields;
    *copy = *fields;
    copy->subject = put_text(&at, fields->subject);
    copy->tenant = put_text(&at, fields->tenant);
    copy->name = put_text(&at, fields->name);
    copy->picture_url = put_text(&at, fields->picture_url);
    copy->locale = put_text(&at, fields->locale);
    copy->tier = put_text(&at, fields->tier);
    copy->issuer = put_text(&at, fields->issuer);
    copy->roles = put_list(principal->pointers, &at, fields->roles, fields->role_count);
    copy->scopes = put_list(principal->pointers + fields->role_count, &at, fields->scopes,
                            fields->scope_count);
    return principal;
}

struct rpc_principal *rpc_principal_ref(struct rpc_principal *principal) {
    atomic_fetch_add_explicit(&principal->references, 1, memory_order_relaxed);
    return principal;
}

void rpc_principal_unref(struct rpc_principal **principal) {
    struct rpc_principal *dropped = *principal;
    *principal = NULL;
    if (dropped == NULL)
        return;
    if (atomic_fetch_sub_explicit(&dropped->references, 1, memory_order_acq_rel) == 1)
        free(dropped);
}

const struct rpc_principal_fields *rpc_principal_get(const struct rpc_principal *principal) {
    return &principal->fields;
}

static bool list_has(const char *const *texts, size_t count, const char *wanted) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], wanted) == 0)
            return true;
    }
    return false;
}

bool rpc_principal_has_role(const struct rpc_principal *principal, const char *role) {
    return list_has(principal->fields.roles, principal->fields.role_count, role);
}

bool rpc_principal_has_scope(const struct rpc_principal *principal, const char *scope) {
    return list_has(principal->fields.scopes, principal->fields.scope_count, scope);
}
