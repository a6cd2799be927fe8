#include "auth/jwks.h"

#include "base/str.h"

#include <string.h>

#include <jansson.h>

void auth_key_list_done(struct auth_key_list *list) {
    for (size_t i = 0; i < list->count; i++)
        auth_key_unref(&list->items[i]);
    list->count = 0;
}

bool auth_json_depth_is_ok(const char *json, size_t len_bytes) {
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len_bytes; i++) {
        char c = json[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > AUTH_JSON_MAX_DEPTH)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Absent, or this. */
static bool is_or_absent(const json_t *object, const char *name, const char *expected) {
    const json_t *value = json_object_get(object, name);
    return value == NULL ||
           (json_is_string(value) && strcmp(json_string_value(value), expected) == 0);
}

static bool may_verify(const json_t *jwk) {
    const json_t *operations = json_object_get(jwk, "key_ops");

    if (!is_or_absent(jwk, "use", "sig"))
        return false;
    if (operations == NULL)
        return true;
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *name = json_string_value(json_array_get(operations, i));
        if (name != NULL && strcmp(name, "verify") == 0)
            return true;
    }
    return false;
}

/* Base64url of a big-endian number; leading zeros are dropped. */
static bool number_of(const json_t *jwk, const char *name, uint8_t *ret_bytes, size_t capacity,
                      size_t *ret_len) {
    const char *text = text_of(jwk, name);
    size_t len = 0;

    if (text == NULL || strlen(text) > capacity * 4 / 3 + 2 ||
        !base64_decode(text, strlen(text), true, ret_bytes, capacity, &len))
        return false;
    size_t zeros = 0;
    while (zeros < len && ret_bytes[zeros] == 0)
        zeros++;
    memmove(ret_bytes, ret_bytes + zeros, len - zeros);
    *ret_len = len - zeros;
    return true;
}

static struct status rsa_key(const json_t *jwk, const char *kid, struct auth_key **ret_key) {
    uint8_t n[AUTH_RSA_MAX_BITS / 8 + 4];
    uint8_t e[16];
    size_t n_len = 0;
    size_t e_len = 0;

    if (!number_of(jwk, "n", n, sizeof n, &n_len) || !number_of(jwk, "e", e, sizeof e, &e_len))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "an RSA key is not valid");
    return auth_key_from_rsa(kid, n, n_len, e, e_len, ret_key);
}

/* Coordinates have 32 bytes, zeros included (RFC 7518 section 6.2.1.2). */
static bool coordinate_of(const json_t *jwk, const char *name, uint8_t ret_bytes[32]) {
    uint8_t bytes[36];
    size_t len = 0;
    const char *text = text_of(jwk, name);

    if (text == NULL || strlen(text) != 43 ||
        !base64_decode(text, 43, true, bytes, sizeof bytes, &len) || len != 32)
        return false;
    memcpy(ret_bytes, bytes, 32);
    return true;
}

static struct status p256_key(const json_t *jwk, const char *kid, struct auth_key **ret_key) {
    uint8_t x[32];
    uint8_t y[32];

    if (!coordinate_of(jwk, "x", x) || !coordinate_of(jwk, "y", y))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "a point is not on P-256");
    return auth_key_from_p256(kid, x, y, ret_key);
}

/* OK with *ret_key NULL for a key that is not for us. */
static struct status key_of(const json_t *jwk, struct auth_key **ret_key) {
    const char *type = text_of(jwk, "kty");
    const json_t *kid_value = json_object_get(jwk, "kid");
    const char *kid = kid_value == NULL ? "" : json_string_value(kid_value);

    *ret_key = NULL;
    if (type == NULL || kid == NULL || strlen(kid) > AUTH_KID_MAX_BYTES || !may_verify(jwk))
        return status_ok();
    if (strcmp(type, "RSA") == 0 && is_or_absent(jwk, "alg", "RS256"))
        return rsa_key(jwk, kid, ret_key);
    const char *curve = text_of(jwk, "crv");
    if (strcmp(type, "EC") == 0 && curve != NULL && strcmp(curve, "P-256") == 0 &&
        is_or_absent(jwk, "alg", "ES256"))
        return p256_key(jwk, kid, ret_key);
    return status_ok();
}

static bool is_known(const struct auth_key_list *list, const struct auth_key *key) {
    for (size_t i = 0; i < list->count; i++)
        if (auth_key_alg(list->items[i]) == auth_key_alg(key) &&
            strcmp(auth_key_kid(list->items[i]), auth_key_kid(key)) == 0)
            return true;
    return false;
}

static struct status collect(const json_t *keys, struct auth_key_list *list) {
    for (size_t i = 0; i < json_array_size(keys) && list->count < AUTH_JWKS_MAX_KEYS; i++) {
        struct auth_key *key = NULL;
        struct status status = key_of(json_array_get(keys, i), &key);
        if (status.code == STATUS_RESOURCE_EXHAUSTED)
            return status;
        /* A broken key of a provider does not take the others with it. */
        if (!status_is_ok(status) || key == NULL)
            continue;
        if (is_known(list, key))
            auth_key_unref(&key);
        else
            list->items[list->count++] = key;
    }
    if (list->count == 0)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "the key set holds no usable key");
    return status_ok();
}

struct status auth_jwks_parse(const char *json, size_t len_bytes, struct auth_key_list *ret_list) {
    struct auth_key_list list = {.count = 0};
    json_error_t error;

    if (len_bytes > AUTH_JWKS_MAX_BYTES || !auth_json_depth_is_ok(json, len_bytes))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "the key set is too large or nests too deeply");
    json_t *document = json_loadb(json, len_bytes, JSON_REJECT_DUPLICATES, &error);
    const json_t *keys = json_object_get(document, "keys");
    struct status status = json_is_array(keys)
                               ? collect(keys, &list)
                               : status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                                              "the key set is not a JWKS document");
    json_decref(document);
    if (!status_is_ok(status)) {
        auth_key_list_done(&list);
        return status;
    }
    *ret_list = list;
    return status_ok();
}
