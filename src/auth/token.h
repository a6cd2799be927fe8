/*
 * Token verification: from the text of a JWT to the claims it may make.
 *
 * The order is: size, three parts, header; the key by its `kid`; the algorithm, which is the key's;
 * the signature; and only then the claims, which are read by a parser for the first time after
 * somebody we trust has signed them. Then the claims are held to what the key's set may say.
 *
 * jansson and OpenSSL do the work. libjwt makes tokens for development and checks this module in
 * its tests; FACTS.md says why it does not verify.
 *
 * Thread-safety: functions without state; keys are reference-counted.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "auth/key.h"
#include "base/status.h"

struct rpc_principal;

enum {
    AUTH_TOKEN_MAX_BYTES = 8192,
    AUTH_SUBJECT_MAX_BYTES = 255,
    AUTH_TENANT_MAX_BYTES = 64,
    AUTH_ROLES_MAX = 16,
    AUTH_SCOPES_MAX = 64,
    AUTH_CANDIDATES_MAX = 4, /* keys of different sets that may share a kid */
};

/* Where a token says what; names of top-level claims. */
struct auth_claim_names {
    const char *subject, *tenant, *roles, *tier, *scope, *name, *picture, *locale;
};
/* "sub", "tenant", "roles", "tier", "scope", "name", "picture", "locale". */
extern const struct auth_claim_names auth_default_claim_names;

/* What the keys of a set may say. Nothing is owned; immutable. */
struct auth_authority {
    const char *issuer;         /* `iss` must be this */
    const char *audience;       /* `aud` must be or hold this */
    const char *const *tenants; /* `tenant` must be one of these; one that is "*" admits all */
    size_t tenant_count;
    unsigned roles; /* bits of enum domain_role that it may give */
    struct auth_claim_names claims;
};

/* A key that may have signed the token, with the authority of its set. */
struct auth_candidate {
    struct auth_key *key; /* one reference */
    const struct auth_authority *authority;
};

/* The parts of a token, pointing into its text. */
struct auth_token {
    const char *text;
    size_t signed_len; /* header and payload with the dot between */
    size_t header_len;
    const char *signature;
    size_t signature_len;
    char alg[16];                     /* as the token says: compared with the key's, nothing else */
    char kid[AUTH_KID_MAX_BYTES + 1]; /* "": none */
};

/*
 * Splits a token and reads its header. UNAUTHENTICATED TOKEN_INVALID for anything but three parts
 * of base64url, a header that is an object without repeated names, `crit` or unsigned algorithm.
 * `text` must outlive *ret_token.
 */
struct status auth_token_parse(const char *text, size_t len_bytes,
                               struct auth_token *ret_token) STATUS_MUST_USE;

struct auth_verified {
    struct rpc_principal *principal; /* one reference */
    struct auth_key *key;            /* one reference: the one that signed */
    int64_t valid_until_us;          /* the token's end plus the leeway, or the key's end */
};
void auth_verified_done(struct auth_verified *verified);

/*
 * Verifies signature and claims against the candidates. The principal's expires_at_us is the
 * token's `exp`, without leeway. Scopes are taken from tokens with the role service alone: users'
 * clients ask for scopes as they like. Roles that the product does not know are left out.
 *
 * `ret_claim` (may be NULL) gets the name of the claim that was wrong, a literal or of the
 * authority; untouched otherwise. All refusals are UNAUTHENTICATED:
 *   TOKEN_KEY_UNKNOWN (no candidate), TOKEN_INVALID, TOKEN_ISSUER_UNKNOWN, TOKEN_AUDIENCE_WRONG,
 *   TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_CLAIM_INVALID, TOKEN_TENANT_REFUSED,
 *   TOKEN_ROLE_REFUSED (also: service and another role)
 */
struct status auth_token_verify(const struct auth_token *token,
                                const struct auth_candidate *candidates, size_t candidate_count,
                                int64_t leeway_us, int64_t now_us, const char **ret_claim,
                                struct auth_verified *ret_verified) STATUS_MUST_USE;

#endif
