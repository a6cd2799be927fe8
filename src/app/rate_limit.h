/*
 * How often one caller may call: a token bucket for each, in a table of fixed size.
 *
 * A bucket is one number, the time at which it will be full again, so an idle caller needs none.
 * The table is an array of small groups; within a group the bucket that is fullest makes room:
 * forgetting it gives its owner the least.
 *
 * Callers are kept apart by a keyed hash of their name: two that collide share a bucket.
 *
 * Thread-safety: rate_limit_take() from any thread; one lock per shard of the table.
 */
#ifndef APP_RATE_LIMIT_H
#define APP_RATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limit;

struct rate_limit_options {
    int64_t per_second; /* at least 1 */
    int64_t burst;      /* at once; at least 1 */
    size_t callers;     /* room for at least so many */
};

/* NULL when out of memory. */
struct rate_limit *rate_limit_new(const struct rate_limit_options *options);
void rate_limit_free(struct rate_limit **limit);

/* Takes one from the bucket of `name` (`group` keeps apart names of different tenants). False when
 * it is empty: *ret_wait_us is then how long until there is one. */
bool rate_limit_take(struct rate_limit *limit, const char *group, const char *name, int64_t now_us,
                     int64_t *ret_wait_us);

/* Calls refused so far. */
uint64_t rate_limit_refused(const struct rate_limit *limit);

#endif
