/*
 * The keys that are known: sets with their authority, loaded from files and URLs, refreshed by a
 * thread of their own.
 *
 * Rotation: a refresh replaces the keys of a source when it could be read, and keeps them when it
 * could not: an unreachable provider locks nobody out. A key that is no longer listed is retired at
 * once, also for cached tokens; one that stays the same object keeps its cached tokens. A token
 * with an unknown kid asks for a refresh, which happens soon but at most once in `min_refresh_ms`.
 *
 * Thread-safety: find, request and figures from any thread; start, stop and free from the owner.
 * One lock, never held across I/O.
 */
#ifndef AUTH_KEYS_H
#define AUTH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/fetch.h"
#include "auth/token.h"
#include "base/status.h"

struct auth_keys;
struct clock;

enum auth_source_kind {
    AUTH_SOURCE_SECRET_FILE, /* HS256: the bytes of the file, without one newline at the end */
    AUTH_SOURCE_PEM_FILE,    /* RS256 or ES256 */
    AUTH_SOURCE_JWKS_FILE,
    AUTH_SOURCE_JWKS_URL,
};

struct auth_source {
    enum auth_source_kind kind;
    const char *location; /* path or URL */
    const char *kid;      /* of a secret or PEM file; "" or NULL: none */
};

enum { AUTH_SOURCES_MAX = 8, AUTH_SETS_MAX = 16, AUTH_TENANTS_MAX = 256 };

struct auth_key_set_options {
    const char *name; /* for figures and logs */
    const char *issuer;
    const char *audience;
    const char *const *tenants; /* "*": all; none: nothing is accepted */
    size_t tenant_count;
    unsigned roles;                        /* bits of enum domain_role */
    const struct auth_claim_names *claims; /* NULL: the default ones */
    const struct auth_source *sources;
    size_t source_count;
};

/* Reads a document; replaced in tests. */
typedef struct status auth_read_fn(void *context, const struct auth_source *source,
                                   struct str *ret_body);

struct auth_keys_options {
    const struct auth_key_set_options *sets;
    size_t set_count;
    int64_t refresh_ms;     /* between two looks at every source; default 300,000 */
    int64_t min_refresh_ms; /* between two looks for the sake of an unknown kid; default 10,000 */
    struct auth_fetch_limits fetch; /* default 256 KiB, 10 s, https alone */
    auth_read_fn *read;             /* NULL: files and libcurl */
    void *read_context;
    const struct clock *clock; /* default: the system's */
};

/* Fills in the defaults. */
void auth_keys_options_init(struct auth_keys_options *options);

/*
 * Copies the options and reads every source once. A file that cannot be used is INVALID_ARGUMENT or
 * UNAVAILABLE, and `*ret_set` (may be NULL) tells whose; a URL that does not answer is no error:
 * its keys come with a later refresh.
 */
struct status auth_keys_new(const struct auth_keys_options *options, size_t *ret_set,
                            struct auth_keys **ret_keys) STATUS_MUST_USE;
/* Stops the thread if that was not done. Authorities that were handed out end with it. */
void auth_keys_free(struct auth_keys **keys);

/* Starts the refreshing thread. INTERNAL when there is none to be had. */
struct status auth_keys_start(struct auth_keys *keys) STATUS_MUST_USE;
/* Waits for a transfer under way, at most its time limit. Idempotent. */
void auth_keys_stop(struct auth_keys *keys);

/*
 * The keys that may have signed a token with this kid, each with a reference that the caller drops.
 * For a token without kid: keys without one, and the only key of a set.
 */
size_t auth_keys_find(struct auth_keys *keys, const char *kid,
                      struct auth_candidate ret_candidates[AUTH_CANDIDATES_MAX]);
void auth_candidates_done(struct auth_candidate *candidates, size_t count);

/* Asks for a refresh for the sake of an unknown kid. Never blocks; too frequent ones are dropped.
 */
void auth_keys_request_refresh(struct auth_keys *keys);

/* Reads every source now, on the calling thread. The last failure, if any; keys then stay. */
struct status auth_keys_refresh(struct auth_keys *keys) STATUS_MUST_USE;

struct auth_keys_figures {
    size_t known;
    uint64_t refreshes;
    uint64_t failures;       /* sources that could not be used */
    int64_t last_success_us; /* wall clock: when all sources were last read without failure */
};
void auth_keys_figures(struct auth_keys *keys, struct auth_keys_figures *ret_figures);

#endif
