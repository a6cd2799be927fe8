/*
 * Users who are suspended, although their tokens are still good.
 *
 * Small and in memory: the service fills it from the database at the start, on every SuspendUser
 * and, with several nodes, by a look every second. Streams compare the epoch and ask again when it
 * has changed; so a suspension is felt within 2 s everywhere.
 *
 * Thread-safety: any thread. Asking takes a shared lock, and none while nobody is suspended.
 */
#ifndef AUTH_REVOCATION_H
#define AUTH_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of tenant and user id together: more than a token may have (auth/token.h). */
enum { AUTH_REVOCATION_KEY_MAX_BYTES = 512 };

struct auth_revocations;

struct auth_revocations *auth_revocations_new(void); /* NULL without memory */
void auth_revocations_free(struct auth_revocations **revocations);

/* False without memory, or for names that no token can have; the set is then as it was. `until_us`
 * (wall clock) may be INT64_MAX. */
bool auth_revoke_user(struct auth_revocations *revocations, const char *tenant, const char *user,
                      int64_t until_us);
/* Nothing happens for one who is not in. */
void auth_restore_user(struct auth_revocations *revocations, const char *tenant, const char *user);

/* Tells until when, too; `ret_until_us` may be NULL. */
bool auth_is_revoked(struct auth_revocations *revocations, const char *tenant, const char *user,
                     int64_t now_us, int64_t *ret_until_us);

struct auth_revoked_user {
    const char *tenant;
    const char *user;
    int64_t until_us;
};
/* The set becomes this list, at once for all who ask. False without memory: it is as it was. The
 * epoch changes only when the set does. */
bool auth_revocations_replace(struct auth_revocations *revocations,
                              const struct auth_revoked_user *users, size_t count);

/* Changes with every change of the set. */
uint64_t auth_revocations_epoch(const struct auth_revocations *revocations);
size_t auth_revocations_count(const struct auth_revocations *revocations);

#endif
