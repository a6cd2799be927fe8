/*
 * One verification key: its algorithm is a property of the key, never of the token.
 *
 * Verification uses OpenSSL on keys that were parsed once. libjwt parses the PEM at every call (515
 * against 26 microseconds for RS256) and, given an RSA public key, accepts an HS256 token signed
 * with it; here a public key only ever verifies signatures of its own kind.
 *
 * Thread-safety: immutable and reference-counted but for the retired mark; any thread.
 */
#ifndef AUTH_KEY_H
#define AUTH_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum auth_alg {
    AUTH_HS256,
    AUTH_RS256,
    AUTH_ES256,
};

/* "HS256", "RS256", "ES256". */
const char *auth_alg_name(enum auth_alg alg);

enum {
    AUTH_KID_MAX_BYTES = 128,
    AUTH_SECRET_MIN_BYTES = 32, /* RFC 7518 section 3.2: as long as the hash */
    AUTH_RSA_MIN_BITS = 2048,
    AUTH_RSA_MAX_BITS = 8192, /* verification gets slow beyond */
};

struct auth_key;

/*
 * All of these copy, give one reference, and answer INVALID_ARGUMENT with a sentence for the
 * operator, or RESOURCE_EXHAUSTED without memory. `kid` may be "": the key then serves tokens that
 * name none.
 */
struct status auth_key_from_secret(const char *kid, const void *secret, size_t len_bytes,
                                   struct auth_key **ret_key) STATUS_MUST_USE;
/* A public key or a certificate, RSA or P-256. A certificate's key expires with it. */
struct status auth_key_from_pem(const char *kid, const char *pem, size_t len_bytes,
                                struct auth_key **ret_key) STATUS_MUST_USE;
/* Modulus and exponent, big-endian. */
struct status auth_key_from_rsa(const char *kid, const uint8_t *n, size_t n_len, const uint8_t *e,
                                size_t e_len, struct auth_key **ret_key) STATUS_MUST_USE;
/* Affine coordinates on P-256, big-endian; checked to be on the curve. */
struct status auth_key_from_p256(const char *kid, const uint8_t x[32], const uint8_t y[32],
                                 struct auth_key **ret_key) STATUS_MUST_USE;

struct auth_key *auth_key_ref(struct auth_key *key);
void auth_key_unref(struct auth_key **key);

const char *auth_key_kid(const struct auth_key *key);
enum auth_alg auth_key_alg(const struct auth_key *key);
/* Wall clock; INT64_MAX: never. */
int64_t auth_key_expires_at_us(const struct auth_key *key);

/* The same kid, algorithm and material. */
bool auth_key_same(const struct auth_key *a, const struct auth_key *b);

/* A key that was taken out of its set: what it signed is no longer accepted, cached or not. */
void auth_key_retire(struct auth_key *key);
bool auth_key_is_retired(const struct auth_key *key);

/* True when `signature` (as in a token: of ES256 r and s, 32 bytes each) is the key's over the
 * bytes. False for everything else, also on a failure of the library. */
bool auth_key_verify(const struct auth_key *key, const void *bytes, size_t len_bytes,
                     const uint8_t *signature, size_t signature_len);

#endif
