/*
 * Tokens for development and tests, made with libjwt. The server never makes one.
 *
 * Thread-safety: functions without state.
 */
#ifndef AUTH_MINT_H
#define AUTH_MINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct auth_mint {
    const char *alg; /* "HS256", "RS256", "ES256" */
    const void *key; /* the secret, or the private key in PEM */
    size_t key_len;
    const char *kid; /* NULL or "": none */
    const char *issuer;
    const char *audience;
    const char *subject;
    const char *tenant;
    const char *const *roles;
    size_t role_count;
    const char *tier;  /* these may be NULL: left out */
    const char *scope; /* words separated by spaces */
    const char *name;
    const char *picture;
    const char *locale;
    int64_t issued_at_s; /* seconds since 1970 */
    int64_t expires_at_s;
};

/* INVALID_ARGUMENT when libjwt does not take the key or a value. *ret_token is the caller's, who
 * frees it with free(). */
struct status auth_mint(const struct auth_mint *mint, char **ret_token) STATUS_MUST_USE;

/* Signs any claims, a JSON object: what tests need to make tokens that are wrong in one thing. */
struct status auth_mint_claims(const struct auth_mint *mint, const char *claims_json,
                               char **ret_token) STATUS_MUST_USE;

#endif
