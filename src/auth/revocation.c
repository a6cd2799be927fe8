#define HASH_NONFATAL_OOM 1

#include "auth/revocation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

/* The statements that uthash's macros become are not ours to count. */
/* NOLINTBEGIN(readability-function-size) */

struct user {
    UT_hash_handle hh;
    int64_t until_us;
    size_t key_len;
    char key[]; /* tenant, NUL, user */
};

struct auth_revocations {
    pthread_rwlock_t lock;
    struct user *users;
    _Atomic size_t count;
    _Atomic uint64_t epoch;
};

struct auth_revocations *auth_revocations_new(void) {
    struct auth_revocations *revocations = calloc(1, sizeof *revocations);
    if (revocations == NULL)
        return NULL;
    pthread_rwlock_init(&revocations->lock, NULL);
    atomic_init(&revocations->count, 0);
    atomic_init(&revocations->epoch, 1);
    return revocations;
}

static void free_users(struct user **users) {
    struct user *user = *users;
    HASH_CLEAR(hh, *users); /* frees the table alone */
    while (user != NULL) {
        struct user *next = user->hh.next;
        free(user);
        user = next;
    }
}

void auth_revocations_free(struct auth_revocations **revocations) {
    struct auth_revocations *r = *revocations;
    *revocations = NULL;
    if (r == NULL)
        return;
    free_users(&r->users);
    pthread_rwlock_destroy(&r->lock);
    free(r);
}

/* A key on the stack, so that asking needs no memory. */
struct key {
    size_t len;
    char bytes[AUTH_REVOCATION_KEY_MAX_BYTES];
};

/* False when the names are too long: no token has such names. */
static bool make_key(const char *tenant, const char *id, struct key *ret_key) {
    size_t tenant_len = strlen(tenant) + 1;
    size_t id_len = strlen(id);
    if (tenant_len > sizeof ret_key->bytes || id_len > sizeof ret_key->bytes - tenant_len)
        return false;
    memcpy(ret_key->bytes, tenant, tenant_len);
    memcpy(ret_key->bytes + tenant_len, id, id_len);
    ret_key->len = tenant_len + id_len;
    return true;
}

static struct user *user_new(const struct key *key, int64_t until_us) {
    struct user *user = calloc(1, sizeof *user + key->len);
    if (user == NULL)
        return NULL;
    user->until_us = until_us;
    user->key_len = key->len;
    memcpy(user->key, key->bytes, key->len);
    return user;
}

static struct user *find(struct user *users, const void *key, size_t key_len) {
    struct user *found = NULL;
    HASH_FIND(hh, users, key, key_len, found);
    return found;
}

/* Takes `user` in or frees it. False without memory. */
static bool add(struct user **users, struct user *user) {
    HASH_ADD_KEYPTR(hh, *users, user->key, user->key_len, user);
    if (user->hh.tbl != NULL)
        return true;
    free(user);
    return false;
}

static void changed(struct auth_revocations *revocations) {
    atomic_store(&revocations->count, HASH_COUNT(revocations->users));
    atomic_fetch_add(&revocations->epoch, 1);
}

bool auth_revoke_user(struct auth_revocations *revocations, const char *tenant, const char *user,
                      int64_t until_us) {
    struct key key;
    if (!make_key(tenant, user, &key))
        return false;

    pthread_rwlock_wrlock(&revocations->lock);
    struct user *known = find(revocations->users, key.bytes, key.len);
    bool done = true;
    if (known != NULL) {
        known->until_us = until_us;
    } else {
        struct user *fresh = user_new(&key, until_us);
        done = fresh != NULL && add(&revocations->users, fresh);
    }
    if (done)
        changed(revocations);
    pthread_rwlock_unlock(&revocations->lock);
    return done;
}

void auth_restore_user(struct auth_revocations *revocations, const char *tenant, const char *user) {
    struct key key;
    if (!make_key(tenant, user, &key))
        return;

    pthread_rwlock_wrlock(&revocations->lock);
    struct user *known = find(revocations->users, key.bytes, key.len);
    if (known != NULL) {
        HASH_DELETE(hh, revocations->users, known);
        free(known);
        changed(revocations);
    }
    pthread_rwlock_unlock(&revocations->lock);
}

bool auth_is_revoked(struct auth_revocations *revocations, const char *tenant, const char *user,
                     int64_t now_us, int64_t *ret_until_us) {
    struct key key;
    if (atomic_load(&revocations->count) == 0 || !make_key(tenant, user, &key))
        return false;

    pthread_rwlock_rdlock(&revocations->lock);
    const struct user *known = find(revocations->users, key.bytes, key.len);
    bool is_revoked = known != NULL && now_us < known->until_us;
    if (is_revoked && ret_until_us != NULL)
        *ret_until_us = known->until_us;
    pthread_rwlock_unlock(&revocations->lock);
    return is_revoked;
}

static bool same_sets(struct user *a, struct user *b) {
    if (HASH_COUNT(a) != HASH_COUNT(b))
        return false;
    for (const struct user *user = a; user != NULL; user = user->hh.next) {
        const struct user *other = find(b, user->key, user->key_len);
        if (other == NULL || other->until_us != user->until_us)
            return false;
    }
    return true;
}

bool auth_revocations_replace(struct auth_revocations *revocations,
                              const struct auth_revoked_user *users, size_t count) {
    struct user *fresh = NULL;

    for (size_t i = 0; i < count; i++) {
        struct key key;
        if (!make_key(users[i].tenant, users[i].user, &key) ||
            find(fresh, key.bytes, key.len) != NULL)
            continue;
        struct user *user = user_new(&key, users[i].until_us);
        if (user == NULL || !add(&fresh, user)) {
            free_users(&fresh);
            return false;
        }
    }
    pthread_rwlock_wrlock(&revocations->lock);
    struct user *old = fresh;
    if (!same_sets(revocations->users, fresh)) {
        old = revocations->users;
        revocations->users = fresh;
        changed(revocations);
    }
    pthread_rwlock_unlock(&revocations->lock);
    free_users(&old);
    return true;
}

uint64_t auth_revocations_epoch(const struct auth_revocations *revocations) {
    return atomic_load(&revocations->epoch);
}

size_t auth_revocations_count(const struct auth_revocations *revocations) {
    return atomic_load(&revocations->count);
}

/* NOLINTEND(readability-function-size) */
