/*
 * Getting a small document: over https by libcurl, or from a file; within limits.
 *
 * Thread-safety: any thread, but it blocks: never on the poller or a worker.
 */
#ifndef AUTH_FETCH_H
#define AUTH_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/str.h"

struct auth_fetch_limits {
    size_t max_bytes;
    long timeout_ms;     /* of the whole transfer */
    const char *ca_file; /* PEM; NULL: the system's */
    bool http_loopback;  /* plain http to 127.0.0.1, ::1 and localhost, for development */
};

/*
 * The body of a 200 answer. Certificates are verified, redirects are not followed, and no scheme
 * but https is spoken. UNAVAILABLE when it cannot be had, INVALID_ARGUMENT for a URL that is not
 * allowed; details are for the operator. *ret_body must be initialised; on failure it is empty.
 */
struct status auth_fetch_url(const char *url, const struct auth_fetch_limits *limits,
                             struct str *ret_body) STATUS_MUST_USE;

/* The whole of a regular file. UNAVAILABLE, or INVALID_ARGUMENT when it is too long. */
struct status auth_fetch_file(const char *path, size_t max_bytes,
                              struct str *ret_body) STATUS_MUST_USE;

/* True for https, and for http to this machine where that is allowed. */
bool auth_fetch_url_is_allowed(const char *url, bool http_loopback);

#endif
