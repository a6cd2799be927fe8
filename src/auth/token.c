#include "auth/token.h"

#include "auth/claims.h"
#include "auth/jwks.h"
#include "base/str.h"
#include "domain/reason.h"
#include "rpc/principal.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static struct status refuse(enum domain_reason reason, const char *detail) {
    return status_error(STATUS_UNAUTHENTICATED, (int32_t)reason, detail);
}

static struct status malformed(void) {
    return refuse(DOMAIN_REASON_TOKEN_INVALID, "the token is not valid");
}

static bool is_base64url(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* The length of the part at `text`; 0 when it is empty or does not end with `terminator`. */
static size_t part_len(const char *text, size_t len_bytes, bool last) {
    size_t len = 0;
    while (len < len_bytes && is_base64url(text[len]))
        len++;
    if (last)
        return len == len_bytes ? len : 0;
    return len < len_bytes && text[len] == '.' ? len : 0;
}

/* Decodes a part and parses it as a JSON object; NULL when it is none. The caller drops it. */
static json_t *decode_object(const char *part, size_t len_bytes) {
    char json[AUTH_TOKEN_MAX_BYTES];
    size_t len = 0;
    json_error_t error;

    if (!base64_decode(part, len_bytes, true, json, sizeof json, &len) ||
        !auth_json_depth_is_ok(json, len))
        return NULL;
    json_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* An optional string that fits; absent is "". */
static bool copy_text(const json_t *object, const char *name, char *ret_text, size_t capacity) {
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);

    ret_text[0] = '\0';
    if (value == NULL)
        return true;
    if (!json_is_string(value) || len == 0 || len >= capacity)
        return false;
    memcpy(ret_text, json_string_value(value), len + 1);
    return true;
}

static struct status read_header(struct auth_token *token) {
    json_t *header = decode_object(token->text, token->header_len);
    if (header == NULL)
        return malformed();
    /* `crit` names extensions that must be understood: we understand none. */
    bool valid = json_object_get(header, "crit") == NULL &&
                 copy_text(header, "alg", token->alg, sizeof token->alg) && token->alg[0] != '\0' &&
                 copy_text(header, "kid", token->kid, sizeof token->kid);
    json_decref(header);
    return valid ? status_ok() : malformed();
}

struct status auth_token_parse(const char *text, size_t len_bytes, struct auth_token *ret_token) {
    struct auth_token token = {.text = text};

    if (len_bytes > AUTH_TOKEN_MAX_BYTES)
        return refuse(DOMAIN_REASON_TOKEN_INVALID, "the token is too long");
    token.header_len = part_len(text, len_bytes, false);
    if (token.header_len == 0)
        return malformed();
    size_t payload_at = token.header_len + 1;
    size_t payload_len = part_len(text + payload_at, len_bytes - payload_at, false);
    if (payload_len == 0)
        return malformed();
    token.signed_len = payload_at + payload_len;
    token.signature = text + token.signed_len + 1;
    token.signature_len = part_len(token.signature, len_bytes - token.signed_len - 1, true);
    if (token.signature_len == 0)
        return malformed();
    TRY(read_header(&token));
    *ret_token = token;
    return status_ok();
}

void auth_verified_done(struct auth_verified *verified) {
    rpc_principal_unref(&verified->principal);
    auth_key_unref(&verified->key);
}

static bool is_signed_by(const struct auth_token *token, const struct auth_key *key,
                         const uint8_t *signature, size_t signature_len) {
    return strcmp(token->alg, auth_alg_name(auth_key_alg(key))) == 0 &&
           (token->kid[0] == '\0' || strcmp(token->kid, auth_key_kid(key)) == 0) &&
           !auth_key_is_retired(key) &&
           auth_key_verify(key, token->text, token->signed_len, signature, signature_len);
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

struct status auth_token_verify(const struct auth_token *token,
                                const struct auth_candidate *candidates, size_t candidate_count,
                                int64_t leeway_us, int64_t now_us, const char **ret_claim,
                                struct auth_verified *ret_verified) {
    uint8_t signature[AUTH_RSA_MAX_BITS / 8 + 4];
    size_t signature_len = 0;
    const struct auth_candidate *signer = NULL;

    if (candidate_count == 0)
        return refuse(DOMAIN_REASON_TOKEN_KEY_UNKNOWN, "the token's key is not known");
    if (token->signature_len > AUTH_RSA_MAX_BITS / 8 * 4 / 3 + 2 ||
        !base64_decode(token->signature, token->signature_len, true, signature, sizeof signature,
                       &signature_len))
        return malformed();
    for (size_t i = 0; i < candidate_count && signer == NULL; i++)
        if (is_signed_by(token, candidates[i].key, signature, signature_len))
            signer = &candidates[i];
    if (signer == NULL)
        return malformed();
    if (now_us >= auth_key_expires_at_us(signer->key))
        return refuse(DOMAIN_REASON_TOKEN_KEY_UNKNOWN, "the token's key has expired");

    const char *payload = token->text + token->header_len + 1;
    json_t *claims = decode_object(payload, token->signed_len - token->header_len - 1);
    if (claims == NULL)
        return malformed();
    struct auth_times times = {.leeway_us = leeway_us, .now_us = now_us};
    struct rpc_principal *principal = NULL;
    struct status status =
        auth_claims_read(claims, signer->authority, &times, ret_claim, &principal);
    json_decref(claims);
    TRY(status);
    ret_verified->principal = principal;
    ret_verified->key = auth_key_ref(signer->key);
    ret_verified->valid_until_us =
        earlier(times.expires_at_us + leeway_us, auth_key_expires_at_us(signer->key));
    return status_ok();
}
