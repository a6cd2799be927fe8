/*
 * A JWKS document (RFC 7517): JSON in, keys out.
 *
 * Only what can verify a token of ours is taken: RSA keys for RS256 and P-256 keys for ES256, not
 * marked for anything else. Other keys are skipped, so that a provider may publish more than we
 * use. Symmetric keys are never taken from a document.
 *
 * Thread-safety: functions without state.
 */
#ifndef AUTH_JWKS_H
#define AUTH_JWKS_H

#include <stddef.h>

#include "auth/key.h"
#include "base/status.h"

enum {
    AUTH_JWKS_MAX_BYTES = 256 * 1024,
    AUTH_JWKS_MAX_KEYS = 64,
    AUTH_JSON_MAX_DEPTH = 16,
};

/* Keys, each with one reference. */
struct auth_key_list {
    struct auth_key *items[AUTH_JWKS_MAX_KEYS];
    size_t count;
};

void auth_key_list_done(struct auth_key_list *list);

/*
 * Of keys with the same kid and algorithm the first is taken. INVALID_ARGUMENT when it is no JWKS
 * document or holds no usable key: such a document does not replace the keys that are known.
 */
struct status auth_jwks_parse(const char *json, size_t len_bytes,
                              struct auth_key_list *ret_list) STATUS_MUST_USE;

/* True when brackets nest at most AUTH_JSON_MAX_DEPTH deep: asked before a parser that recurses. */
bool auth_json_depth_is_ok(const char *json, size_t len_bytes);

#endif
