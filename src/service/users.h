/*
 * Users who called lately: a bounded table, so that most calls do not ask the database who they
 * are. Private to service/caller.c and the service of users.
 *
 * Thread-safety: any thread; one lock, held for a copy.
 */
#ifndef SERVICE_USERS_H
#define SERVICE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct service_users;

enum {
    SERVICE_USER_HASH_BYTES = 32,
    SERVICE_TIER_BYTES = 4 * 32 + 1,
};

struct service_known_user {
    uint8_t facts[SERVICE_USER_HASH_BYTES]; /* of what the token said when it was written down */
    struct uuid id;
    char tier[SERVICE_TIER_BYTES];
    bool is_suspended;
    int64_t suspended_until_us;
};

/* NULL when out of memory. `keep_us`: how long an entry is believed. */
struct service_users *service_users_new(size_t capacity, int64_t keep_us);
void service_users_free(struct service_users **users);

/* Times are monotonic. */
bool service_users_find(struct service_users *users, const char *tenant, const char *subject,
                        int64_t now_us, struct service_known_user *ret_user);
void service_users_keep(struct service_users *users, const char *tenant, const char *subject,
                        int64_t now_us, const struct service_known_user *user);
/* What is known of a user has changed: the next call asks. */
void service_users_forget(struct service_users *users, const char *tenant, const char *subject);

/* SHA-256 over texts with their terminators; false when it cannot be computed. */
bool service_users_hash(const char *const *texts, size_t count,
                        uint8_t ret_hash[SERVICE_USER_HASH_BYTES]);

#endif
