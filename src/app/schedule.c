#include "app/schedule.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { LONGEST_BACKOFF = 16 };
static const int64_t longest_pause_us = INT64_C(60) * 1000000;

struct entry {
    struct schedule_job job;
    int64_t due_us;
    int64_t backoff; /* periods to wait after a failure */
    _Atomic uint64_t runs;
    _Atomic uint64_t failures;
    _Atomic int64_t busy_us;
};

struct schedule {
    const struct clock *clock;
    struct entry *entries;
    size_t count;
    uint64_t random;
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `stopping` */
    pthread_cond_t changed;
    bool stopping;
};

/* Jitter need not be unpredictable: xorshift. */
static uint64_t next_random(struct schedule *schedule) {
    uint64_t x = schedule->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return schedule->random = x;
}

static int64_t jittered_us(struct schedule *schedule, int64_t period_us) {
    int64_t spread_us = period_us / 5;
    if (spread_us <= 0)
        return period_us;
    return period_us - spread_us / 2 + (int64_t)(next_random(schedule) % (uint64_t)spread_us);
}

struct schedule *schedule_new(const struct schedule_job *jobs, size_t count,
                              const struct clock *clock, uint64_t seed) {
    struct schedule *schedule = calloc(1, sizeof *schedule);
    struct entry *entries = calloc(count == 0 ? 1 : count, sizeof *entries);
    pthread_condattr_t monotonic;
    if (schedule == NULL || entries == NULL || pthread_condattr_init(&monotonic) != 0) {
        free(schedule);
        free(entries);
        return NULL;
    }
    schedule->clock = clock;
    schedule->entries = entries;
    schedule->count = count;
    schedule->random = seed | 1;
    (void)pthread_mutex_init(&schedule->lock, NULL);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&schedule->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int64_t now_us = clock_monotonic_us(clock);
    for (size_t i = 0; i < count; i++) {
        uint64_t period_us = (uint64_t)jobs[i].period_ms * 1000;
        entries[i].job = jobs[i];
        entries[i].backoff = 1;
        entries[i].due_us =
            now_us + (period_us == 0 ? 0 : (int64_t)(next_random(schedule) % period_us));
    }
    return schedule;
}

static void settle(struct schedule *schedule, struct entry *entry, enum schedule_verdict verdict,
                   int64_t end_us) {
    int64_t period_us = entry->job.period_ms * 1000;
    atomic_fetch_add_explicit(&entry->runs, 1, memory_order_relaxed);
    if (verdict == SCHEDULE_FAILED) {
        int64_t pause_us = period_us * entry->backoff;
        if (pause_us > longest_pause_us)
            pause_us = period_us > longest_pause_us ? period_us : longest_pause_us;
        atomic_fetch_add_explicit(&entry->failures, 1, memory_order_relaxed);
        entry->due_us = end_us + jittered_us(schedule, pause_us);
        if (entry->backoff < LONGEST_BACKOFF)
            entry->backoff *= 2;
        return;
    }
    entry->backoff = 1;
    entry->due_us = verdict == SCHEDULE_MORE ? end_us : end_us + jittered_us(schedule, period_us);
}

static bool is_stopping(struct schedule *schedule) {
    pthread_mutex_lock(&schedule->lock);
    bool stopping = schedule->stopping;
    pthread_mutex_unlock(&schedule->lock);
    return stopping;
}

int64_t schedule_step(struct schedule *schedule, int64_t now_us) {
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < schedule->count; i++) {
        struct entry *entry = &schedule->entries[i];
        if (entry->due_us <= now_us && !is_stopping(schedule)) {
            int64_t start_us = clock_monotonic_us(schedule->clock);
            enum schedule_verdict verdict = entry->job.run(entry->job.context);
            int64_t end_us = clock_monotonic_us(schedule->clock);
            atomic_fetch_add_explicit(&entry->busy_us, end_us - start_us, memory_order_relaxed);
            settle(schedule, entry, verdict, end_us);
        }
        if (entry->due_us < next_us)
            next_us = entry->due_us;
    }
    return next_us;
}

static void wait_until(struct schedule *schedule, int64_t due_us) {
    struct timespec until = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
    pthread_mutex_lock(&schedule->lock);
    while (!schedule->stopping) {
        if (due_us == INT64_MAX)
            pthread_cond_wait(&schedule->changed, &schedule->lock);
        else if (pthread_cond_timedwait(&schedule->changed, &schedule->lock, &until) != 0)
            break;
    }
    pthread_mutex_unlock(&schedule->lock);
}

static void *run(void *context) {
    struct schedule *schedule = context;
    while (!is_stopping(schedule))
        wait_until(schedule, schedule_step(schedule, clock_monotonic_us(schedule->clock)));
    return NULL;
}

bool schedule_start(struct schedule *schedule, const char *thread_name) {
    if (pthread_create(&schedule->thread, NULL, run, schedule) != 0)
        return false;
    schedule->has_thread = true;
    (void)pthread_setname_np(schedule->thread, thread_name);
    return true;
}

void schedule_stop(struct schedule *schedule) {
    pthread_mutex_lock(&schedule->lock);
    schedule->stopping = true;
    pthread_cond_broadcast(&schedule->changed);
    pthread_mutex_unlock(&schedule->lock);
    if (schedule->has_thread)
        (void)pthread_join(schedule->thread, NULL);
    schedule->has_thread = false;
}

void schedule_free(struct schedule **schedule) {
    struct schedule *gone = *schedule;
    if (gone == NULL)
        return;
    schedule_stop(gone);
    (void)pthread_cond_destroy(&gone->changed);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone->entries);
    free(gone);
    *schedule = NULL;
}

size_t schedule_count(const struct schedule *schedule) {
    return schedule->count;
}

void schedule_figures(const struct schedule *schedule, size_t index,
                      struct schedule_figures *ret_figures) {
    const struct entry *entry = &schedule->entries[index];
    ret_figures->name = entry->job.name;
    ret_figures->runs = atomic_load_explicit(&entry->runs, memory_order_relaxed);
    ret_figures->failures = atomic_load_explicit(&entry->failures, memory_order_relaxed);
    ret_figures->busy_us = atomic_load_explicit(&entry->busy_us, memory_order_relaxed);
}
