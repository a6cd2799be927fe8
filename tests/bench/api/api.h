/*
 * The client of `ci/bench api`: real calls of the generated stubs, as many different users, against
 * a liveconvd whose processor time, and that of its database, is read from outside.
 *
 * Thread-safety: as each part says. Whatever goes wrong ends the program with a message: a bench
 * that went wrong has no result.
 */
#ifndef BENCH_API_H
#define BENCH_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "load/measure.h"
#include "rpc/client.h"

/* What a run is asked to do. */
struct api_options {
    const char *target;
    const char *secret_file;
    pid_t server;
    pid_t database;
    uint32_t users;    /* numbered from 1, as load.sql makes them */
    uint32_t students; /* the first of them */
    uint32_t instructors;
    int64_t warmup_ms;
    int64_t duration_ms;
    size_t in_flight;
    uint32_t rate; /* operations a second; 0: the next when one is done */
    uint32_t topics;
    uint32_t watchers;
};

/* What it found; of the measured time alone. */
struct api_report {
    uint64_t operations;
    uint64_t refused; /* by a rule, such as a full conversation: counted apart, and rare */
    uint64_t late;    /* of an open loop: skipped, because all its lanes were busy */
    int64_t server_cpu_ns;
    int64_t database_cpu_ns;
    int64_t wall_ns;
    double p50_us;
    double p99_us;
    /* watchers */
    uint64_t frames;     /* messages that they got in the measured time */
    uint64_t mismatches; /* watchers whose page is not what the list says in the end */
};

/* ---- the bench: people.c ---- */

enum { API_CHANNELS = 8, API_STREAMS_PER_CHANNEL = 200 };

struct api_bench {
    struct api_options options;
    struct rpc_channel *channels[API_CHANNELS];
    size_t channel_count;
    size_t lane_channels; /* the first of them, for lanes; the others are for streams */
    char **tokens;        /* by user; made when first needed */
    char *secret;
    _Atomic uint64_t frames; /* messages of streams so far */
};

void api_bench_begin(struct api_bench *bench, size_t channels);
/* The header's value, as long as the bench. Any thread. Users beyond options.users are known to
 * nobody before their first call. */
const char *api_token(struct api_bench *bench, uint32_t user);
/* "00000000-0000-7000-8000-000000000007" for 7. */
void api_user_id(uint32_t user, char ret_text[UUID_TEXT_BYTES]);

/* Numbers that need not be good. Each lane has its own. */
struct api_random {
    uint64_t state;
};
void api_random_begin(struct api_random *random, uint64_t salt);
uint32_t api_random_below(struct api_random *random, uint32_t end);

/* ---- calls in a row: lanes.c ---- */

struct api_run;

/* One caller: never more than one call at a time. */
struct api_lane {
    struct api_run *run;
    struct rpc_channel *channel;
    struct api_lane *next_free;
    size_t index;
    struct api_random random;
    int64_t begun_ns;
    uint32_t user; /* for the case's own use */
};

/* Starts the lane's next call: calls api_lane_begin(), then a stub whose callback ends with
 * api_lane_done(). */
typedef struct status api_start_fn(struct api_lane *lane);

/* Runs `start` on options.in_flight lanes, closed or at options.rate, and measures. `context` is
 * for `start`: api_context(). */
void api_run(struct api_bench *bench, api_start_fn *start, void *context,
             struct api_report *ret_report);
struct api_bench *api_bench_of(const struct api_lane *lane);
void *api_context(const struct api_lane *lane);
/* Options of the lane's call, as `user`; its time begins. */
struct rpc_call_options api_lane_begin(struct api_lane *lane, uint32_t user);
/* From the callback. A refusal by a rule is counted; another failure ends the program. */
void api_lane_done(struct api_lane *lane, const struct rpc_result *result);

/* Ends the program unless it is OK. */
void api_must(struct status status, const char *what);

/* ---- cases ---- */

/* Several cases share a function, which tells them apart by their names. */
typedef void api_case_fn(struct api_bench *bench, const char *name, struct api_report *ret_report);
void api_home(struct api_bench *bench, const char *name, struct api_report *ret_report);
void api_list(struct api_bench *bench, const char *name, struct api_report *ret_report);
void api_book(struct api_bench *bench, const char *name, struct api_report *ret_report);
void api_send(struct api_bench *bench, const char *name, struct api_report *ret_report);
void api_watch(struct api_bench *bench, const char *name, struct api_report *ret_report);

/* ---- bookings, for more than one case: book.c ---- */

struct api_bookings;
/* Finds conversations to book in. */
struct api_bookings *api_bookings_new(struct api_bench *bench);
void api_bookings_free(struct api_bookings **bookings);
/* Starts: as many cancellations as bookings, once there are some. Context: api_bookings. */
api_start_fn api_book_or_cancel;
/* Cancels what is left, so that another run finds the seats. */
void api_bookings_undo(struct api_bench *bench, struct api_bookings *bookings);

#endif
