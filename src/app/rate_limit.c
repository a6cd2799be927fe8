#include "app/rate_limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { WAYS = 8, SHARDS = 16 };

struct bucket {
    uint64_t key;
    int64_t full_at_us; /* when nothing is missing any more */
};

struct group {
    struct bucket buckets[WAYS];
};

struct rate_limit {
    int64_t interval_us; /* one more every so often */
    int64_t depth_us;    /* of a full bucket */
    uint64_t seed;
    size_t group_count; /* a power of two, at least SHARDS */
    struct group *groups;
    pthread_mutex_t locks[SHARDS]; /* group i belongs to lock i % SHARDS */
    _Atomic uint64_t refused;
};

static uint64_t mix(uint64_t hash) {
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ (hash >> 33);
}

/* Names come from verified tokens and addresses; the seed keeps others from choosing a group. */
static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++)
        hash = mix(hash ^ (uint64_t)(unsigned char)*text);
    return mix(hash + 1);
}

struct rate_limit *rate_limit_new(const struct rate_limit_options *options) {
    struct rate_limit *limit = calloc(1, sizeof *limit);
    if (limit == NULL)
        return NULL;
    limit->group_count = SHARDS;
    while (limit->group_count * WAYS < options->callers && limit->group_count < SIZE_MAX / 4 / WAYS)
        limit->group_count *= 2;
    limit->groups = calloc(limit->group_count, sizeof *limit->groups);
    if (limit->groups == NULL) {
        free(limit);
        return NULL;
    }
    limit->interval_us = 1000000 / options->per_second;
    if (limit->interval_us == 0)
        limit->interval_us = 1;
    limit->depth_us = limit->interval_us * options->burst;
    if (getrandom(&limit->seed, sizeof limit->seed, GRND_NONBLOCK) != sizeof limit->seed)
        limit->seed = (uint64_t)(uintptr_t)limit;
    for (size_t i = 0; i < SHARDS; i++)
        (void)pthread_mutex_init(&limit->locks[i], NULL);
    return limit;
}

void rate_limit_free(struct rate_limit **limit) {
    struct rate_limit *gone = *limit;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        (void)pthread_mutex_destroy(&gone->locks[i]);
    free(gone->groups);
    free(gone);
    *limit = NULL;
}

/* The caller's bucket, or the fullest one of the group, emptied of its owner. */
static struct bucket *find(struct group *group, uint64_t key) {
    struct bucket *fullest = &group->buckets[0];
    for (size_t i = 0; i < WAYS; i++) {
        struct bucket *bucket = &group->buckets[i];
        if (bucket->key == key)
            return bucket;
        if (bucket->full_at_us < fullest->full_at_us)
            fullest = bucket;
    }
    fullest->key = key;
    fullest->full_at_us = 0;
    return fullest;
}

bool rate_limit_take(struct rate_limit *limit, const char *group, const char *name, int64_t now_us,
                     int64_t *ret_wait_us) {
    uint64_t key = hash_text(hash_text(limit->seed, group), name) | 1; /* 0 is an unused bucket */
    size_t index = (size_t)(key >> 1) & (limit->group_count - 1);
    pthread_mutex_t *lock = &limit->locks[index % SHARDS];
    pthread_mutex_lock(lock);
    struct bucket *bucket = find(&limit->groups[index], key);
    int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
    int64_t missing_us = full_at_us - now_us + limit->interval_us;
    bool has_one = missing_us <= limit->depth_us;
    if (has_one)
        bucket->full_at_us = full_at_us + limit->interval_us;
    pthread_mutex_unlock(lock);
    if (!has_one) {
        *ret_wait_us = missing_us - limit->depth_us;
        atomic_fetch_add_explicit(&limit->refused, 1, memory_order_relaxed);
    }
    return has_one;
}

uint64_t rate_limit_refused(const struct rate_limit *limit) {
    return atomic_load_explicit(&limit->refused, memory_order_relaxed);
}
