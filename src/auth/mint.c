#include "auth/mint.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>

static struct status refused(const char *detail) {
    return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, detail);
}

static bool set_text(json_t *claims, const char *name, const char *value) {
    return value == NULL || json_object_set_new(claims, name, json_string(value)) == 0;
}

static bool set_roles(json_t *claims, const struct auth_mint *mint) {
    json_t *roles = json_array();
    bool done = roles != NULL;
    for (size_t i = 0; i < mint->role_count && done; i++)
        done = json_array_append_new(roles, json_string(mint->roles[i])) == 0;
    if (!done) {
        json_decref(roles);
        return false;
    }
    return json_object_set_new(claims, "roles", roles) == 0;
}

struct status auth_mint(const struct auth_mint *mint, char **ret_token) {
    json_t *claims = json_object();
    bool done = claims != NULL && set_text(claims, "iss", mint->issuer) &&
                set_text(claims, "aud", mint->audience) && set_text(claims, "sub", mint->subject) &&
                set_text(claims, "tenant", mint->tenant) && set_roles(claims, mint) &&
                set_text(claims, "tier", mint->tier) && set_text(claims, "scope", mint->scope) &&
                set_text(claims, "name", mint->name) &&
                set_text(claims, "picture", mint->picture) &&
                set_text(claims, "locale", mint->locale) &&
                json_object_set_new(claims, "iat", json_integer(mint->issued_at_s)) == 0 &&
                json_object_set_new(claims, "exp", json_integer(mint->expires_at_s)) == 0;
    char *json = done ? json_dumps(claims, JSON_COMPACT) : NULL;
    json_decref(claims);
    if (json == NULL)
        return refused("a claim is not UTF-8");
    struct status status = auth_mint_claims(mint, json, ret_token);
    free(json);
    return status;
}

struct status auth_mint_claims(const struct auth_mint *mint, const char *claims_json,
                               char **ret_token) {
    jwt_t *jwt = NULL;
    char *token = NULL;
    jwt_alg_t alg = jwt_str_alg(mint->alg);

    /* libjwt takes an empty key for "no signature". */
    if (mint->key == NULL || mint->key_len == 0 || mint->key_len > INT32_MAX ||
        alg == JWT_ALG_NONE || alg == JWT_ALG_INVAL)
        return refused("a token needs a key and an algorithm");
    if (jwt_new(&jwt) != 0)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    if (jwt_set_alg(jwt, alg, mint->key, (int)mint->key_len) == 0 &&
        (mint->kid == NULL || mint->kid[0] == '\0' || jwt_add_header(jwt, "kid", mint->kid) == 0) &&
        jwt_add_grants_json(jwt, claims_json) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (token == NULL)
        return refused("the key or a claim is not usable");
    *ret_token = token;
    return status_ok();
}
