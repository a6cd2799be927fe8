/*
 * Users, known from their verified tokens and from UpsertUsers; and their suspension.
 *
 * A subject that is a UUID is its own user id; others get one when they are first seen. With the
 * user its inbox topic is created.
 */
#ifndef STORE_USER_H
#define STORE_USER_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

struct store_user {
    struct uuid id;
    const char *subject;
    const char *display_name;
    const char *picture_url;
    const char *locale;
    const char *tier;
    unsigned roles;    /* enum domain_role */
    bool is_suspended; /* as of the `now_us` that was asked with */
    int64_t suspended_at_us;
    int64_t suspended_until_us; /* 0 with suspended_at_us: for good */
    int64_t created_at_us;
    int64_t updated_at_us;
};

/* What a token or a service says of a user. NULL texts leave what is stored; "" empties. */
struct store_user_facts {
    struct uuid new_id; /* for a user that is new and whose subject is no UUID */
    const char *subject;
    const char *display_name;
    const char *picture_url;
    const char *locale;
    const char *tier;
    unsigned roles; /* 0: as stored; STUDENT for a new user. SERVICE is not stored with others. */
    int64_t now_us;
};

enum store_user_change {
    STORE_USER_SAME, /* nothing was written */
    STORE_USER_CREATED,
    STORE_USER_PROFILE, /* name, picture or locale */
    STORE_USER_ACCOUNT, /* roles or tier: the inbox is told */
};

/* Creates or changes a user. Costs one read when nothing changed. Safe against itself. */
struct status store_user_upsert(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct store_user_facts *facts, struct store_user *ret_user,
                                enum store_user_change *ret_change) STATUS_MUST_USE;

/* NOT_FOUND USER_NOT_FOUND. */
struct status store_user_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct uuid *id, int64_t now_us,
                             struct store_user *ret_user) STATUS_MUST_USE;
struct status store_user_get_by_subject(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const char *subject, int64_t now_us,
                                        struct store_user *ret_user) STATUS_MUST_USE;

/* Those of the ids that exist, in order of id; at most 1,000 ids. */
struct status store_user_get_many(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct uuid *ids, size_t count, int64_t now_us,
                                  struct store_user **ret_users, size_t *ret_count) STATUS_MUST_USE;

/* `until_us` 0: for good. NOT_FOUND USER_NOT_FOUND. */
struct status store_user_suspend(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                 bool suspended, int64_t until_us, const char *note,
                                 int64_t now_us) STATUS_MUST_USE;

/* A user whose suspension, roles or tier changed. */
struct store_access_change {
    const char *tenant;
    struct uuid id;
    const char *subject;
    bool is_suspended;
    int64_t suspended_until_us; /* 0: for good */
    int64_t changed_at_us;
};

/*
 * Over all tenants: those whose access changed at or after `since_us`, oldest first, at most 1,000.
 * Nodes ask every second, a few seconds back: commit order is not the order of the times.
 */
struct status store_user_access_changes(struct db_tx *tx, struct arena *arena, int64_t since_us,
                                        int64_t now_us, struct store_access_change **ret_changes,
                                        size_t *ret_count) STATUS_MUST_USE;

#endif
