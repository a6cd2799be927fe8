/*
 * Names of topics: a conversation or a user's inbox, within a tenant.
 *
 * On the wire a topic is "inbox" or "conversations/<id>"; the tenant and, for the inbox, the user
 * are the caller's own, so a name never reaches into another tenant.
 *
 * Thread-safety: values and functions without state.
 */
#ifndef LIVE_KEY_H
#define LIVE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LIVE_TENANT_BYTES = 65, /* 64 characters and the terminator */
    LIVE_NAME_BYTES = 52,   /* "conversations/", a UUID and the terminator, rounded up */
};

enum live_kind {
    LIVE_CONVERSATION,
    LIVE_INBOX,
};

struct live_key {
    char tenant[LIVE_TENANT_BYTES];
    uint8_t kind;   /* enum live_kind */
    struct uuid id; /* of the conversation or of the user */
};

/* A user of a tenant. */
struct live_user {
    char tenant[LIVE_TENANT_BYTES];
    struct uuid id;
};

/* All bytes of the result are defined, so that keys can be compared and hashed as bytes. False when
 * the tenant is longer than LIVE_TENANT_BYTES - 1. */
bool live_key_make(const char *tenant, enum live_kind kind, const struct uuid *id,
                   struct live_key *ret_key);
bool live_user_make(const char *tenant, const struct uuid *id, struct live_user *ret_user);

/* Reads a topic's name as a subscriber wrote it; false for anything else. */
bool live_key_parse(const char *name, const struct live_user *user, struct live_key *ret_key);

/* Writes the name; terminated. Returns its length. */
size_t live_key_name(const struct live_key *key, char ret_name[LIVE_NAME_BYTES]);

bool live_key_equal(const struct live_key *a, const struct live_key *b);
bool live_user_equal(const struct live_user *a, const struct live_user *b);
static inline bool live_uuid_equal(const struct uuid *a, const struct uuid *b) {
    return __builtin_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#ifdef __cplusplus
}
#endif

#endif
