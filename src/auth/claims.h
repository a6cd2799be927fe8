/*
 * The claims of a token whose signature was verified, held to what its authority may say.
 * Internal to auth. Thread-safety: functions without state.
 */
#ifndef AUTH_CLAIMS_H
#define AUTH_CLAIMS_H

#include <stdint.h>

#include <jansson.h>

#include "auth/token.h"
#include "base/status.h"

struct auth_times {
    int64_t leeway_us;
    int64_t now_us;
    int64_t expires_at_us; /* out: the token's `exp` */
};

/* Statuses of auth_token_verify(). */
struct status auth_claims_read(const json_t *claims, const struct auth_authority *authority,
                               struct auth_times *times, const char **ret_claim,
                               struct rpc_principal **ret_principal) STATUS_MUST_USE;

#endif
