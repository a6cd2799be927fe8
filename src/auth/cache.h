/*
 * Verified tokens, by the SHA-256 of their text: bounded, until they or their key end.
 *
 * Only what was verified comes in, so nobody fills it with rubbish. The memory is fixed: the cache
 * is an array of small groups; within a group the entry that was used longest ago makes room.
 *
 * Thread-safety: all but _new and _free from any thread. One lock per shard, held for a few
 * comparisons.
 */
#ifndef AUTH_CACHE_H
#define AUTH_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/token.h"

struct auth_cache;

enum { AUTH_DIGEST_BYTES = 32 };

struct auth_digest {
    uint8_t bytes[AUTH_DIGEST_BYTES];
};

/* False only when the library fails. */
bool auth_digest_of(const char *token, size_t len_bytes, struct auth_digest *ret_digest);

/* Room for at least `capacity` tokens, rounded up to a power of two; NULL without memory. */
struct auth_cache *auth_cache_new(size_t capacity);
void auth_cache_free(struct auth_cache **cache);

/* A reference to the principal of a token that is still valid, or NULL. */
struct rpc_principal *auth_cache_find(struct auth_cache *cache, const struct auth_digest *digest,
                                      int64_t now_us);

/* Remembers a verified token; takes references of its own. One that is there already is replaced.
 */
void auth_cache_put(struct auth_cache *cache, const struct auth_digest *digest,
                    const struct auth_verified *verified, int64_t now_us);

/* Forgets everything, for instance when what a tenant may do has changed. */
void auth_cache_clear(struct auth_cache *cache);

struct auth_cache_figures {
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions; /* of tokens that were still valid */
    size_t entries;
};
void auth_cache_figures(struct auth_cache *cache, struct auth_cache_figures *ret_figures);

#endif
