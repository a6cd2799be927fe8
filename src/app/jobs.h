/*
 * What falls due although nobody calls: sessions that start, end or are called off by the clock,
 * old events, request records and messages, suspensions that another node decided.
 *
 * Every job works in small batches, leaves out what others have locked, and looks again under the
 * lock before it acts: it may run on every node at once.
 *
 * Thread-safety: each job belongs to one thread at a time.
 */
#ifndef APP_JOBS_H
#define APP_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/schedule.h"
#include "base/status.h"
#include "base/uuid.h"

struct arena;
struct auth_revocations;
struct log;
struct service_context;

enum { JOBS_PUT_OFF_MAX = 256 };

/* A session that could not be handled: others go first for a while. */
struct jobs_put_off {
    struct uuid id;
    int64_t until_us; /* monotonic */
};

struct jobs {
    struct service_context *context;
    struct auth_revocations *revocations;
    struct log *log;
    int32_t batch;     /* rows at most in one transaction */
    bool was_replaced; /* out: another server has started under this node's name */
    struct jobs_put_off put_off[JOBS_PUT_OFF_MAX]; /* the jobs' own; starts empty */
    size_t put_off_count;
    int64_t suspensions_from; /* changes before this time are known; starts at 0: all of them */
};

/* The context of each is a struct jobs. */
enum schedule_verdict jobs_sessions(void *context);
enum schedule_verdict jobs_trim(void *context);
enum schedule_verdict jobs_suspensions(void *context);
enum schedule_verdict jobs_presence(void *context);

/* At the end: other nodes need not wait until this one's lease is over. */
void jobs_release_node(struct jobs *jobs);

#endif
