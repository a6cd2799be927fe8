#include "service/users.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct slot {
    uint8_t key[SERVICE_USER_HASH_BYTES];
    int64_t expires_us; /* monotonic; 0: free */
    struct service_known_user user;
};

struct service_users {
    pthread_mutex_t lock; /* protects the slots */
    struct slot *slots;
    size_t capacity;
    int64_t keep_us;
};

struct service_users *service_users_new(size_t capacity, int64_t keep_us) {
    struct service_users *users = calloc(1, sizeof *users);
    if (users == NULL)
        return NULL;
    users->slots = calloc(capacity, sizeof *users->slots);
    if (users->slots == NULL || pthread_mutex_init(&users->lock, NULL) != 0) {
        free(users->slots);
        free(users);
        return NULL;
    }
    users->capacity = capacity;
    users->keep_us = keep_us;
    return users;
}

void service_users_free(struct service_users **users) {
    struct service_users *u = *users;
    *users = NULL;
    if (u == NULL)
        return;
    pthread_mutex_destroy(&u->lock);
    free(u->slots);
    free(u);
}

bool service_users_hash(const char *const *texts, size_t count,
                        uint8_t ret_hash[SERVICE_USER_HASH_BYTES]) {
    unsigned len = 0;
    uint8_t hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    /* With its terminator, so that texts cannot run into each other. */
    for (size_t i = 0; i < count && done; i++)
        done = EVP_DigestUpdate(digest, texts[i], strlen(texts[i]) + 1) == 1;
    done = done && EVP_DigestFinal_ex(digest, hash, &len) == 1 && len == SERVICE_USER_HASH_BYTES;
    EVP_MD_CTX_free(digest);
    if (done)
        memcpy(ret_hash, hash, SERVICE_USER_HASH_BYTES);
    return done;
}

/* Each key has one place: who comes later takes it. */
static struct slot *place(struct service_users *users, const char *tenant, const char *subject,
                          uint8_t ret_key[SERVICE_USER_HASH_BYTES]) {
    uint64_t number;
    if (!service_users_hash((const char *const[]){tenant, subject}, 2, ret_key))
        return NULL;
    memcpy(&number, ret_key, sizeof number);
    return &users->slots[number % users->capacity];
}

bool service_users_find(struct service_users *users, const char *tenant, const char *subject,
                        int64_t now_us, struct service_known_user *ret_user) {
    uint8_t key[SERVICE_USER_HASH_BYTES];
    struct slot *slot = place(users, tenant, subject, key);
    if (slot == NULL)
        return false;
    pthread_mutex_lock(&users->lock);
    bool found = now_us < slot->expires_us && memcmp(slot->key, key, sizeof key) == 0;
    if (found)
        *ret_user = slot->user;
    pthread_mutex_unlock(&users->lock);
    return found;
}

void service_users_keep(struct service_users *users, const char *tenant, const char *subject,
                        int64_t now_us, const struct service_known_user *user) {
    uint8_t key[SERVICE_USER_HASH_BYTES];
    struct slot *slot = place(users, tenant, subject, key);
    if (slot == NULL)
        return;
    pthread_mutex_lock(&users->lock);
    memcpy(slot->key, key, sizeof key);
    slot->user = *user;
    slot->expires_us = now_us + users->keep_us;
    pthread_mutex_unlock(&users->lock);
}

void service_users_forget(struct service_users *users, const char *tenant, const char *subject) {
    uint8_t key[SERVICE_USER_HASH_BYTES];
    struct slot *slot = place(users, tenant, subject, key);
    if (slot == NULL)
        return;
    pthread_mutex_lock(&users->lock);
    if (memcmp(slot->key, key, sizeof key) == 0)
        slot->expires_us = 0;
    pthread_mutex_unlock(&users->lock);
}
