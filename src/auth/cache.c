#include "auth/cache.h"

#include "rpc/principal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum { SHARDS = 16, WAYS = 8, MIN_GROUPS_PER_SHARD = 1 };

struct entry {
    struct auth_digest digest;
    struct rpc_principal *principal; /* NULL: free */
    struct auth_key *key;
    int64_t valid_until_us;
    uint64_t used_at; /* by the shard's count of uses */
};

struct shard {
    pthread_mutex_t lock;
    struct entry *entries; /* groups * WAYS */
    uint64_t uses;
    struct auth_cache_figures figures;
};

struct auth_cache {
    size_t groups; /* of a shard; a power of two */
    struct shard shards[SHARDS];
};

bool auth_digest_of(const char *token, size_t len_bytes, struct auth_digest *ret_digest) {
    unsigned len = 0;
    return EVP_Digest(token, len_bytes, ret_digest->bytes, &len, EVP_sha256(), NULL) == 1 &&
           len == AUTH_DIGEST_BYTES;
}

struct auth_cache *auth_cache_new(size_t capacity) {
    struct auth_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->groups = MIN_GROUPS_PER_SHARD;
    while (cache->groups * WAYS * SHARDS < capacity && cache->groups < SIZE_MAX / 2 / WAYS / SHARDS)
        cache->groups *= 2;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&cache->shards[i].lock, NULL);
    for (size_t i = 0; i < SHARDS; i++) {
        cache->shards[i].entries = calloc(cache->groups * WAYS, sizeof(struct entry));
        if (cache->shards[i].entries == NULL) {
            auth_cache_free(&cache);
            return NULL;
        }
    }
    return cache;
}

/* References are dropped outside the lock: the last one frees. */
struct dropped {
    struct rpc_principal *principal;
    struct auth_key *key;
};

static struct dropped take_out(struct shard *shard, struct entry *entry) {
    struct dropped dropped = {entry->principal, entry->key};
    if (entry->principal != NULL)
        shard->figures.entries--;
    *entry = (struct entry){.principal = NULL};
    return dropped;
}

static void drop(struct dropped *dropped) {
    rpc_principal_unref(&dropped->principal);
    auth_key_unref(&dropped->key);
}

void auth_cache_clear(struct auth_cache *cache) {
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        for (size_t k = 0; shard->entries != NULL && k < cache->groups * WAYS; k++) {
            pthread_mutex_lock(&shard->lock);
            struct dropped dropped = take_out(shard, &shard->entries[k]);
            pthread_mutex_unlock(&shard->lock);
            drop(&dropped);
        }
    }
}

void auth_cache_free(struct auth_cache **cache) {
    struct auth_cache *c = *cache;
    *cache = NULL;
    if (c == NULL)
        return;
    auth_cache_clear(c);
    for (size_t i = 0; i < SHARDS; i++) {
        free(c->shards[i].entries);
        pthread_mutex_destroy(&c->shards[i].lock);
    }
    free(c);
}

/* The digest is uniform: any bytes of it choose evenly. */
static struct shard *shard_of(struct auth_cache *cache, const struct auth_digest *digest) {
    return &cache->shards[digest->bytes[0] % SHARDS];
}

static struct entry *group_of(const struct auth_cache *cache, const struct shard *shard,
                              const struct auth_digest *digest) {
    uint64_t number;
    memcpy(&number, digest->bytes + 8, sizeof number);
    return &shard->entries[(number & (cache->groups - 1)) * WAYS];
}

static struct entry *find_entry(struct entry *group, const struct auth_digest *digest) {
    for (size_t i = 0; i < WAYS; i++)
        if (group[i].principal != NULL &&
            memcmp(group[i].digest.bytes, digest->bytes, AUTH_DIGEST_BYTES) == 0)
            return &group[i];
    return NULL;
}

static bool is_valid(const struct entry *entry, int64_t now_us) {
    return now_us < entry->valid_until_us && !auth_key_is_retired(entry->key);
}

struct rpc_principal *auth_cache_find(struct auth_cache *cache, const struct auth_digest *digest,
                                      int64_t now_us) {
    struct shard *shard = shard_of(cache, digest);
    struct rpc_principal *principal = NULL;
    struct dropped dropped = {NULL, NULL};

    pthread_mutex_lock(&shard->lock);
    struct entry *entry = find_entry(group_of(cache, shard, digest), digest);
    if (entry != NULL && is_valid(entry, now_us)) {
        entry->used_at = ++shard->uses;
        principal = rpc_principal_ref(entry->principal);
        shard->figures.hits++;
    } else {
        if (entry != NULL)
            dropped = take_out(shard, entry);
        shard->figures.misses++;
    }
    pthread_mutex_unlock(&shard->lock);
    drop(&dropped);
    return principal;
}

/* The entry to be overwritten: a free one, one that is over, or the one used longest ago. */
static struct entry *choose(struct entry *group, int64_t now_us) {
    struct entry *oldest = &group[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (group[i].principal == NULL || !is_valid(&group[i], now_us))
            return &group[i];
        if (group[i].used_at < oldest->used_at)
            oldest = &group[i];
    }
    return oldest;
}

void auth_cache_put(struct auth_cache *cache, const struct auth_digest *digest,
                    const struct auth_verified *verified, int64_t now_us) {
    struct shard *shard = shard_of(cache, digest);

    pthread_mutex_lock(&shard->lock);
    struct entry *group = group_of(cache, shard, digest);
    struct entry *entry = find_entry(group, digest);
    if (entry == NULL) {
        entry = choose(group, now_us);
        if (entry->principal != NULL && is_valid(entry, now_us))
            shard->figures.evictions++;
    }
    struct dropped dropped = take_out(shard, entry);
    *entry = (struct entry){
        .digest = *digest,
        .principal = rpc_principal_ref(verified->principal),
        .key = auth_key_ref(verified->key),
        .valid_until_us = verified->valid_until_us,
        .used_at = ++shard->uses,
    };
    shard->figures.entries++;
    pthread_mutex_unlock(&shard->lock);
    drop(&dropped);
}

void auth_cache_figures(struct auth_cache *cache, struct auth_cache_figures *ret_figures) {
    struct auth_cache_figures sum = {0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        sum.hits += shard->figures.hits;
        sum.misses += shard->figures.misses;
        sum.evictions += shard->figures.evictions;
        sum.entries += shard->figures.entries;
        pthread_mutex_unlock(&shard->lock);
    }
    *ret_figures = sum;
}
