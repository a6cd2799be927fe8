/*
 * Calls in a row, on lanes that never have more than one open. Closed: each call is followed by the
 * next. Open: calls start at their time, on whichever lane is free, and latency counts from that
 * time.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "api.h"

enum { CALL_TIMEOUT_MS = 30000 };

struct api_run {
    struct api_bench *bench;
    api_start_fn *start;
    void *context;
    bool is_open_loop;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t ended;
    struct api_lane *free_lanes; /* open loop */
    size_t busy;
    bool measuring;
    bool stopping;
    int64_t due_ns; /* open loop: when the call that is being started should be */
    struct measure_samples samples;
    struct api_report report;
};

struct api_bench *api_bench_of(const struct api_lane *lane) {
    return lane->run->bench;
}

void *api_context(const struct api_lane *lane) {
    return lane->run->context;
}

struct rpc_call_options api_lane_begin(struct api_lane *lane, uint32_t user) {
    struct api_run *run = lane->run;
    const char *token = api_token(run->bench, user);
    lane->begun_ns = run->is_open_loop ? run->due_ns : measure_now_ns();
    return (struct rpc_call_options){
        .timeout_ms = CALL_TIMEOUT_MS, .wait_for_ready = true, .authorization = token};
}

static void start(struct api_lane *lane) {
    api_must(lane->run->start(lane), "starting a call");
}

static bool is_rule(int32_t code) {
    return code == STATUS_FAILED_PRECONDITION || code == STATUS_ALREADY_EXISTS;
}

/* Under the lock. */
static void count(struct api_lane *lane, const struct rpc_result *result) {
    struct api_run *run = lane->run;
    const struct status *status = &result->status;
    if (!status_is_ok(*status) && !is_rule(status->code))
        measure_fail("a call failed: %s %s", status_code_name(status->code), status->detail);
    if (!run->measuring)
        return;
    if (!status_is_ok(*status)) {
        run->report.refused++;
        return;
    }
    run->report.operations++;
    measure_samples_add(&run->samples, measure_now_ns() - lane->begun_ns);
}

void api_lane_done(struct api_lane *lane, const struct rpc_result *result) {
    struct api_run *run = lane->run;
    pthread_mutex_lock(&run->lock);
    count(lane, result);
    bool goes_on = !run->is_open_loop && !run->stopping;
    if (!goes_on) {
        lane->next_free = run->free_lanes;
        run->free_lanes = lane;
        run->busy--;
        pthread_cond_signal(&run->ended);
    }
    pthread_mutex_unlock(&run->lock);
    if (goes_on)
        start(lane);
}

static void sleep_until(int64_t at_ns) {
    const struct timespec until = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        continue;
}

static void start_at_rate(struct api_run *run, int64_t until_ns) {
    int64_t step_ns = 1000000000 / run->bench->options.rate;
    for (run->due_ns = measure_now_ns(); run->due_ns < until_ns; run->due_ns += step_ns) {
        sleep_until(run->due_ns);
        pthread_mutex_lock(&run->lock);
        struct api_lane *lane = run->free_lanes;
        if (lane != NULL) {
            run->free_lanes = lane->next_free;
            run->busy++;
        } else if (run->measuring) {
            run->report.late++;
        }
        pthread_mutex_unlock(&run->lock);
        if (lane != NULL)
            start(lane);
    }
}

static void pass(struct api_run *run, int64_t length_ms) {
    int64_t until_ns = measure_now_ns() + length_ms * 1000000;
    if (run->is_open_loop)
        start_at_rate(run, until_ns);
    else
        sleep_until(until_ns);
}

static void set_measuring(struct api_run *run, bool on) {
    int64_t sign = on ? -1 : 1;
    pthread_mutex_lock(&run->lock);
    run->measuring = on;
    run->report.server_cpu_ns += sign * measure_cpu_ns(run->bench->options.server);
    run->report.database_cpu_ns += sign * measure_cpu_ns(run->bench->options.database);
    run->report.wall_ns += sign * measure_now_ns();
    run->report.frames += (uint64_t)sign * atomic_load(&run->bench->frames);
    pthread_mutex_unlock(&run->lock);
}

static void await_end(struct api_run *run) {
    pthread_mutex_lock(&run->lock);
    run->stopping = true;
    while (run->busy > 0)
        pthread_cond_wait(&run->ended, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

static struct api_lane *make_lanes(struct api_run *run) {
    struct api_bench *bench = run->bench;
    size_t lane_count = bench->options.in_flight;
    struct api_lane *lanes = calloc(lane_count, sizeof *lanes);
    if (lanes == NULL)
        measure_fail("out of memory");
    for (size_t i = 0; i < lane_count; i++) {
        lanes[i].run = run;
        lanes[i].index = i;
        lanes[i].channel = bench->channels[i % bench->lane_channels];
        api_random_begin(&lanes[i].random, i);
        lanes[i].next_free = run->free_lanes;
        run->free_lanes = &lanes[i];
    }
    return lanes;
}

void api_run(struct api_bench *bench, api_start_fn *start_call, void *context,
             struct api_report *ret_report) {
    struct api_run run = {.bench = bench,
                          .start = start_call,
                          .context = context,
                          .is_open_loop = bench->options.rate != 0,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .ended = PTHREAD_COND_INITIALIZER,
                          .report = *ret_report};
    struct api_lane *lanes = make_lanes(&run);
    if (!run.is_open_loop) {
        run.free_lanes = NULL;
        run.busy = bench->options.in_flight;
        for (size_t i = 0; i < bench->options.in_flight; i++)
            start(&lanes[i]);
    }
    pass(&run, bench->options.warmup_ms);
    set_measuring(&run, true);
    pass(&run, bench->options.duration_ms);
    set_measuring(&run, false);
    await_end(&run);
    run.report.p50_us = measure_samples_us(&run.samples, 500);
    run.report.p99_us = measure_samples_us(&run.samples, 990);
    free(run.samples.values_ns);
    free(lanes);
    *ret_report = run.report;
}
