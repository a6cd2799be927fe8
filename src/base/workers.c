#include "base/workers.h"

#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    THREAD_NAME_BYTES = 16, /* Linux takes no more */
    AVERAGE_SHIFT = 3,      /* a new run weighs 1/8 in the moving average */
    FRACTION_SHIFT = 4,     /* the average is kept in 1/16 microseconds */
};

struct worker {
    struct workers *owner;
    size_t index;
    pthread_t thread;
};

struct workers {
    struct workers_options options;
    char name[THREAD_NAME_BYTES];

    pthread_mutex_t lock; /* guards everything to the end of the struct; no other is taken inside */
    pthread_cond_t work_came;
    struct work *first;
    struct work **last_link;
    size_t waiting;
    size_t running;
    size_t idle;          /* threads inside pthread_cond_wait */
    size_t wakes_pending; /* of those, signalled and not yet back */
    bool stopping;
    bool has_average;
    int64_t average_run; /* in 1 / 2^FRACTION_SHIFT microseconds */
    uint64_t accepted;
    uint64_t refused;

    size_t started; /* threads to join; the owner's alone */
    struct worker threads[];
};

/* The queue's length times the average run time, shared by the threads. Lock held. */
static int64_t expected_wait_us(const struct workers *workers) {
    int64_t total;
    if (__builtin_mul_overflow(workers->average_run, workers->waiting, &total))
        return INT64_MAX;
    return (total >> FRACTION_SHIFT) / (int64_t)workers->options.count;
}

/* Lock held. */
static void average_add(struct workers *workers, int64_t run_us) {
    if (run_us < 0)
        run_us = 0;
    if (run_us > INT64_MAX >> FRACTION_SHIFT)
        run_us = INT64_MAX >> FRACTION_SHIFT;
    int64_t run = run_us << FRACTION_SHIFT;
    if (workers->has_average)
        workers->average_run += (run - workers->average_run) / (1 << AVERAGE_SHIFT);
    else
        workers->average_run = run;
    workers->has_average = true;
}

/* Takes the next piece, sleeping while there is none. NULL: stopping, nothing left. Lock held. */
static struct work *take_work(struct workers *workers, bool *ret_slept) {
    bool slept = false;
    while (!workers->first && !workers->stopping) {
        workers->idle++;
        pthread_cond_wait(&workers->work_came, &workers->lock);
        workers->idle--;
        if (workers->wakes_pending > 0)
            workers->wakes_pending--;
        slept = true;
    }
    *ret_slept = slept;
    struct work *work = workers->first;
    if (!work)
        return NULL;
    workers->first = work->next;
    if (!workers->first)
        workers->last_link = &workers->first;
    workers->waiting--;
    workers->running++;
    return work;
}

static void run_until_stopped(struct workers *workers, size_t index) {
    const struct clock *clock = workers->options.clock;
    int64_t began_us = clock_monotonic_us(clock);
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        bool slept;
        struct work *work = take_work(workers, &slept);
        if (!work)
            break;
        pthread_mutex_unlock(&workers->lock);
        /* Without a sleep between them, the end of one run is the beginning of the next. */
        if (slept)
            began_us = clock_monotonic_us(clock);
        work->run(work, index); /* may free `work` */
        int64_t ended_us = clock_monotonic_us(clock);
        pthread_mutex_lock(&workers->lock);
        workers->running--;
        average_add(workers, ended_us - began_us);
        began_us = ended_us;
    }
    pthread_mutex_unlock(&workers->lock);
}

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    struct workers *workers = worker->owner;
    const struct workers_options *options = &workers->options;
    char name[THREAD_NAME_BYTES + 24];
    snprintf(name, sizeof name, "%.12s-%zu", workers->name, worker->index);
    name[THREAD_NAME_BYTES - 1] = '\0';
    pthread_setname_np(pthread_self(), name);

    if (options->on_start)
        options->on_start(options->context, worker->index);
    run_until_stopped(workers, worker->index);
    if (options->on_stop)
        options->on_stop(options->context, worker->index);
    return NULL;
}

/* Signals belong to the thread that waits for them in main: the workers block all. */
static bool start_threads(struct workers *workers) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->started < workers->options.count) {
        struct worker *worker = &workers->threads[workers->started];
        *worker = (struct worker){.owner = workers, .index = workers->started};
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
            break;
        workers->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return workers->started == workers->options.count;
}

struct workers *workers_new(const struct workers_options *options) {
    assert(options->count > 0 && options->clock);
    size_t threads_bytes, size;
    if (__builtin_mul_overflow(options->count, sizeof(struct worker), &threads_bytes) ||
        __builtin_add_overflow(sizeof(struct workers), threads_bytes, &size))
        return NULL;
    struct workers *workers = calloc(1, size);
    if (!workers)
        return NULL;
    workers->options = *options;
    snprintf(workers->name, sizeof workers->name, "%s", options->name ? options->name : "worker");
    workers->options.name = workers->name;
    workers->last_link = &workers->first;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work_came, NULL);
    if (!start_threads(workers))
        workers_free(&workers);
    return workers;
}

/* Lock held. */
static enum workers_verdict judge(const struct workers *workers, int64_t time_left_us) {
    if (workers->stopping)
        return WORKERS_STOPPED;
    if (workers->waiting >= workers->options.queue_capacity)
        return WORKERS_FULL;
    if (time_left_us != INT64_MAX && expected_wait_us(workers) > time_left_us)
        return WORKERS_WOULD_MISS;
    return WORKERS_ACCEPTED;
}

enum workers_verdict workers_submit(struct workers *workers, struct work *work,
                                    int64_t time_left_us) {
    bool wake = false;
    pthread_mutex_lock(&workers->lock);
    enum workers_verdict verdict = judge(workers, time_left_us);
    if (verdict == WORKERS_ACCEPTED) {
        work->next = NULL;
        *workers->last_link = work;
        workers->last_link = &work->next;
        workers->waiting++;
        workers->accepted++;
        wake = workers->idle > workers->wakes_pending;
        workers->wakes_pending += wake;
    } else {
        workers->refused++;
    }
    pthread_mutex_unlock(&workers->lock);
    if (wake)
        pthread_cond_signal(&workers->work_came);
    return verdict;
}

void workers_stop(struct workers *workers) {
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_broadcast(&workers->work_came);
    while (workers->started > 0)
        pthread_join(workers->threads[--workers->started].thread, NULL);
}

void workers_free(struct workers **workers) {
    if (!*workers)
        return;
    workers_stop(*workers);
    pthread_cond_destroy(&(*workers)->work_came);
    pthread_mutex_destroy(&(*workers)->lock);
    free(*workers);
    *workers = NULL;
}

void workers_figures(const struct workers *workers, struct workers_figures *ret_figures) {
    pthread_mutex_t *lock = (pthread_mutex_t *)&workers->lock; /* taking it changes no figure */
    pthread_mutex_lock(lock);
    *ret_figures = (struct workers_figures){
        .waiting = workers->waiting,
        .running = workers->running,
        .accepted = workers->accepted,
        .refused = workers->refused,
        .average_run_us = workers->average_run >> FRACTION_SHIFT,
        .expected_wait_us = expected_wait_us(workers),
    };
    pthread_mutex_unlock(lock);
}
