#include "rpc/poller.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "rpc/timers.h"

#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif

#ifdef HAS_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define CORE_ACQUIRE(address) __tsan_acquire(address)
#define CORE_RELEASE(address) __tsan_release(address)
#else
#define CORE_ACQUIRE(address) ((void)(address))
#define CORE_RELEASE(address) ((void)(address))
#endif

enum {
    /* Tasks of a crowd between two looks at the queue: at 10 to 20 us a write, other calls wait
     * half a millisecond at most. */
    CROWD_TASKS_PER_TURN = 16,
    /* Looks at the queue between two turns of a crowd, at most: a flood of calls does not starve
     * it. */
    LOOKS_PER_TURN = 64,
    /* Events of one wake-up that make it worth while; a unary call is two. */
    GATHERED_ENOUGH = 8,
};

struct task_list {
    struct rpc_task *first;
    struct rpc_task **end; /* where the next is linked; NULL while the list is empty */
};

struct rpc_poller {
    grpc_completion_queue *queue;
    grpc_completion_queue **stream_queues;
    size_t stream_queue_count;
    size_t next_stream_queue;
    struct queue_closer *closers; /* one per stream queue */
    _Atomic size_t open_stream_queues;

    pthread_t thread;
    _Atomic bool running;
    bool started;
    bool stopped;

    struct task_list tasks;            /* poller's */
    struct task_list crowd;            /* poller's */
    _Atomic(struct rpc_task *) posted; /* from other threads, newest first */
    struct rpc_timers timers;          /* poller's */
    int64_t shortest_look_ns;          /* at the queue, finding nothing; poller's */
    int64_t wakeup_interval_ns;        /* least time between two wake-ups; 0: wakes at once */
    int64_t woken_at_ns;               /* last; poller's */
    int served;                        /* events since then; poller's */

    /* A call that goes nowhere: an empty batch on it wakes the poller. */
    grpc_channel *wake_channel;
    grpc_call *wake_call;
    struct rpc_op wake;
    _Atomic size_t posting; /* threads between putting a task on the list and having woken us */
    struct rpc_task stop;
    struct rpc_task queues_closed;
    _Atomic uint64_t wakeups;
};

/* The core calls this when a stream queue has shut down, on a thread of its own. */
struct queue_closer {
    grpc_completion_queue_functor functor; /* first */
    struct rpc_poller *poller;
};

/* The poller whose thread this is. Set once by the thread itself: no state that is shared. */
static _Thread_local const struct rpc_poller *current_poller;

/* ---- time ---- */

int64_t rpc_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

gpr_timespec rpc_timespec(int64_t monotonic_us) {
    if (monotonic_us == INT64_MAX)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    gpr_timespec t = {monotonic_us / 1000000, (int32_t)(monotonic_us % 1000000) * 1000,
                      GPR_CLOCK_MONOTONIC};
    return t;
}

int64_t rpc_timespec_us(gpr_timespec t) {
    t = gpr_convert_clock_type(t, GPR_CLOCK_MONOTONIC);
    if (t.tv_sec > INT64_MAX / 1000000 - 1)
        return INT64_MAX;
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- lists ---- */

static void list_append(struct task_list *list, struct rpc_task *task) {
    task->next = NULL;
    if (list->first)
        *list->end = task;
    else
        list->first = task;
    list->end = &task->next;
}

static struct rpc_task *list_take(struct task_list *list) {
    struct rpc_task *task = list->first;
    if (task)
        list->first = task->next;
    return task;
}

/* ---- operations ---- */

static void op_deliver(struct rpc_task *task) {
    struct rpc_op *op = (struct rpc_op *)((char *)task - offsetof(struct rpc_op, task));
    op->run(op, op->ok);
}

static void op_functor(grpc_completion_queue_functor *functor, int ok) {
    struct rpc_op *op = (struct rpc_op *)functor;
    CORE_ACQUIRE(op);
    op->ok = ok != 0;
    rpc_poller_post(op->poller, &op->task);
}

void rpc_op_init(struct rpc_op *op, struct rpc_poller *poller,
                 void (*run)(struct rpc_op *op, bool ok)) {
    *op = (struct rpc_op){
        .functor = {.functor_run = op_functor, .inlineable = 1},
        .task = {.run = op_deliver},
        .poller = poller,
        .run = run,
    };
}

void rpc_op_hand_over(struct rpc_op *op) {
    CORE_RELEASE(op);
}

grpc_call_error rpc_op_start(struct rpc_op *op, grpc_call *call, const grpc_op *ops, size_t count) {
    CORE_RELEASE(op);
    return grpc_call_start_batch(call, ops, count, op, NULL);
}

bool rpc_poller_is_current(const struct rpc_poller *poller) {
    return current_poller == poller;
}

void rpc_poller_post(struct rpc_poller *poller, struct rpc_task *task) {
    if (rpc_poller_is_current(poller)) {
        list_append(&poller->tasks, task);
        return;
    }
    atomic_fetch_add_explicit(&poller->posting, 1, memory_order_relaxed);
    struct rpc_task *head = atomic_load_explicit(&poller->posted, memory_order_relaxed);
    do {
        task->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&poller->posted, &head, task,
                                                    memory_order_release, memory_order_relaxed));
    if (!head)
        rpc_op_start(&poller->wake, poller->wake_call, NULL, 0);
    atomic_fetch_sub_explicit(&poller->posting, 1, memory_order_release);
}

void rpc_poller_post_crowd(struct rpc_poller *poller, struct rpc_task *task) {
    list_append(&poller->crowd, task);
}

/* Moves what other threads posted to the poller's list, oldest first. */
static void take_posted(struct rpc_poller *poller) {
    if (!atomic_load_explicit(&poller->posted, memory_order_relaxed))
        return;
    struct rpc_task *newest = atomic_exchange_explicit(&poller->posted, NULL, memory_order_acquire);
    struct rpc_task *oldest = NULL;
    while (newest) {
        struct rpc_task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct rpc_task *next = oldest->next;
        list_append(&poller->tasks, oldest);
        oldest = next;
    }
}

static void run_tasks(struct rpc_poller *poller) {
    struct rpc_task *task;
    take_posted(poller);
    while ((task = list_take(&poller->tasks))) {
        task->run(task);
        if (!poller->tasks.first)
            take_posted(poller);
    }
}

static void run_crowd(struct rpc_poller *poller) {
    for (int i = 0; i < CROWD_TASKS_PER_TURN; i++) {
        struct rpc_task *task = list_take(&poller->crowd);
        if (!task)
            return;
        task->run(task);
        run_tasks(poller);
    }
}

/* ---- timers ---- */

void rpc_poller_arm(struct rpc_poller *poller, struct rpc_timer *timer, int64_t due_us) {
    rpc_timers_arm(&poller->timers, timer, due_us);
}

void rpc_poller_disarm(struct rpc_poller *poller, struct rpc_timer *timer) {
    rpc_timers_disarm(&poller->timers, timer);
}

static void run_timers(struct rpc_poller *poller) {
    if (!poller->timers.root)
        return;
    int64_t now_us = rpc_now_us();
    struct rpc_timer *timer;
    while ((timer = rpc_timers_take_due(&poller->timers, now_us))) {
        atomic_fetch_add_explicit(&poller->wakeups, 1, memory_order_relaxed);
        timer->fire(timer);
        run_tasks(poller);
    }
}

uint64_t rpc_poller_wakeups(const struct rpc_poller *poller) {
    return atomic_load_explicit(&poller->wakeups, memory_order_relaxed);
}

/* ---- the loop ---- */

/* Serves one event. False when there was none before the deadline, or the queue is shut down. */
static bool serve_event(struct rpc_poller *poller, gpr_timespec deadline) {
    grpc_event event = grpc_completion_queue_next(poller->queue, deadline, NULL);
    if (event.type == GRPC_QUEUE_SHUTDOWN)
        atomic_store_explicit(&poller->running, false, memory_order_relaxed);
    if (event.type != GRPC_OP_COMPLETE)
        return false;
    struct rpc_op *op = event.tag;
    CORE_ACQUIRE(op);
    op->run(op, event.success != 0);
    poller->served++;
    return true;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * Looks at the queue without waiting, and says whether to look again. The core handles one
 * connection's input a look and tells of it only when an operation comes to its end; a look that
 * took clearly longer than the shortest one has found something, and there may be more behind it.
 */
static bool look_at_queue(struct rpc_poller *poller) {
    const gpr_timespec at_once = {0, 0, GPR_CLOCK_MONOTONIC};
    int64_t begin_ns = now_ns();
    if (serve_event(poller, at_once))
        return true;
    int64_t took_ns = now_ns() - begin_ns;
    if (poller->shortest_look_ns == 0 || took_ns < poller->shortest_look_ns)
        poller->shortest_look_ns = took_ns;
    return took_ns > 2 * poller->shortest_look_ns + 1000;
}

/*
 * Serves what is there without waiting. False when it went on for so long that there may be more.
 * Only a second look in vain tells that there is nothing: a completion leaves a kick behind, and
 * the look after it spends that instead of asking the system.
 */
static bool serve_ready(struct rpc_poller *poller) {
    const gpr_timespec at_once = {0, 0, GPR_CLOCK_MONOTONIC};
    int in_vain = 0;
    for (int i = 0; i < LOOKS_PER_TURN && !poller->crowd.first; i++) {
        in_vain = serve_event(poller, at_once) ? 0 : in_vain + 1;
        if (in_vain == 2)
            return true;
        run_tasks(poller);
    }
    return false;
}

/* To wake up costs as much as to serve a call. When wake-ups come thick, and each is for little,
 * calls are let gather. Where enough come together already, their callers may be waiting for the
 * answers before they call again: they are not kept waiting. */
static void space_wakeups(struct rpc_poller *poller) {
    int64_t until_ns = poller->woken_at_ns + poller->wakeup_interval_ns;
    if (now_ns() >= until_ns || !serve_ready(poller) || poller->served >= GATHERED_ENOUGH ||
        now_ns() >= until_ns)
        return;
    struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); /* ending early does no harm */
}

static gpr_timespec next_deadline(const struct rpc_poller *poller) {
    return rpc_timespec(rpc_timers_next_due_us(&poller->timers));
}

static void wait_for_event(struct rpc_poller *poller) {
    if (poller->wakeup_interval_ns > 0)
        space_wakeups(poller);
    if (poller->crowd.first)
        return;
    poller->served = 0;
    serve_event(poller, next_deadline(poller));
    if (poller->wakeup_interval_ns > 0)
        poller->woken_at_ns = now_ns();
}

static void *poller_main(void *argument) {
    struct rpc_poller *poller = argument;
    current_poller = poller;
    while (atomic_load_explicit(&poller->running, memory_order_relaxed)) {
        if (poller->crowd.first) {
            run_crowd(poller);
            for (int i = 0; i < LOOKS_PER_TURN && look_at_queue(poller); i++)
                run_tasks(poller);
        } else {
            wait_for_event(poller);
        }
        run_tasks(poller);
        run_timers(poller);
    }
    run_tasks(poller);
    while (poller->crowd.first) /* they hold references */
        run_crowd(poller);
    return NULL;
}

/* ---- life ---- */

static void on_wake(struct rpc_op *op, bool ok) {
    (void)ok;
    atomic_fetch_add_explicit(&op->poller->wakeups, 1, memory_order_relaxed);
}

static void on_queue_closed(grpc_completion_queue_functor *functor, int ok) {
    (void)ok;
    CORE_ACQUIRE(functor);
    struct rpc_poller *poller = ((struct queue_closer *)functor)->poller;
    if (atomic_fetch_sub(&poller->open_stream_queues, 1) == 1)
        rpc_poller_post(poller, &poller->queues_closed);
}

/* Nothing can post any more but those who are just leaving rpc_poller_post(): their wake-up must
 * not meet a queue that is shut down. */
static void close_queue(struct rpc_task *task) {
    struct rpc_poller *poller =
        (struct rpc_poller *)((char *)task - offsetof(struct rpc_poller, queues_closed));
    while (atomic_load_explicit(&poller->posting, memory_order_acquire) > 0)
        sched_yield();
    grpc_call_unref(poller->wake_call);
    grpc_completion_queue_shutdown(poller->queue);
}

static void stop_on_poller(struct rpc_task *task) {
    struct rpc_poller *poller =
        (struct rpc_poller *)((char *)task - offsetof(struct rpc_poller, stop));
    for (size_t i = 0; i < poller->stream_queue_count; i++)
        grpc_completion_queue_shutdown(poller->stream_queues[i]);
    if (poller->stream_queue_count == 0)
        close_queue(&poller->queues_closed);
}

static grpc_completion_queue *new_stream_queue(struct queue_closer *closer,
                                               struct rpc_poller *poller) {
    closer->functor =
        (grpc_completion_queue_functor){.functor_run = on_queue_closed, .inlineable = 1};
    closer->poller = poller;
    CORE_RELEASE(closer);
    grpc_completion_queue_attributes attributes = {
        .version = 2,
        .cq_completion_type = GRPC_CQ_CALLBACK,
        .cq_polling_type = GRPC_CQ_NON_POLLING,
        .cq_shutdown_cb = &closer->functor,
    };
    return grpc_completion_queue_create(grpc_completion_queue_factory_lookup(&attributes),
                                        &attributes, NULL);
}

static bool open_stream_queues(struct rpc_poller *poller, size_t count) {
    if (count == 0)
        return true;
    poller->stream_queues = calloc(count, sizeof(grpc_completion_queue *));
    poller->closers = calloc(count, sizeof *poller->closers);
    if (!poller->stream_queues || !poller->closers)
        return false;
    for (size_t i = 0; i < count; i++)
        poller->stream_queues[i] = new_stream_queue(&poller->closers[i], poller);
    poller->stream_queue_count = count;
    atomic_init(&poller->open_stream_queues, count);
    return true;
}

static void drop_line(gpr_log_func_args *arguments) {
    (void)arguments;
}

/* The core writes a line to stderr for every handshake that fails: any stranger could fill the log.
 * Whoever wants its lines asks for them, as its documentation says. */
static void quiet_core(void) {
    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(drop_line);
}

struct rpc_poller *rpc_poller_new(size_t stream_queues) {
    static pthread_once_t quiet = PTHREAD_ONCE_INIT;
    struct rpc_poller *poller = calloc(1, sizeof *poller);
    if (!poller)
        return NULL;
    pthread_once(&quiet, quiet_core);
    grpc_init();
    poller->queue = grpc_completion_queue_create_for_next(NULL);
    poller->wake_channel = grpc_lame_client_channel_create("lame", GRPC_STATUS_UNAVAILABLE, "wake");
    poller->wake_call = grpc_channel_create_call(
        poller->wake_channel, NULL, GRPC_PROPAGATE_DEFAULTS, poller->queue,
        grpc_slice_from_static_string("/"), NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    rpc_op_init(&poller->wake, poller, on_wake);
    poller->stop.run = stop_on_poller;
    poller->queues_closed.run = close_queue;
    if (!open_stream_queues(poller, stream_queues)) {
        rpc_poller_free(&poller);
        return NULL;
    }
    return poller;
}

void rpc_poller_space_wakeups(struct rpc_poller *poller, int64_t interval_us) {
    poller->wakeup_interval_ns = interval_us * 1000;
}

bool rpc_poller_start(struct rpc_poller *poller, const char *thread_name) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    atomic_store(&poller->running, true);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    poller->started = pthread_create(&poller->thread, NULL, poller_main, poller) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (poller->started)
        pthread_setname_np(poller->thread, thread_name);
    return poller->started;
}

void rpc_poller_stop(struct rpc_poller *poller) {
    if (poller->stopped)
        return;
    poller->stopped = true;
    if (poller->started) {
        rpc_poller_post(poller, &poller->stop);
        pthread_join(poller->thread, NULL);
        return;
    }
    /* Never started: the caller's thread drains the queues. */
    const struct rpc_poller *before = current_poller;
    atomic_store(&poller->running, true);
    list_append(&poller->tasks, &poller->stop);
    current_poller = poller;
    run_tasks(poller);
    poller_main(poller);
    current_poller = before;
}

void rpc_poller_free(struct rpc_poller **poller_address) {
    struct rpc_poller *poller = *poller_address;
    if (!poller)
        return;
    rpc_poller_stop(poller);
    for (size_t i = 0; i < poller->stream_queue_count; i++)
        grpc_completion_queue_destroy(poller->stream_queues[i]);
    grpc_completion_queue_destroy(poller->queue);
    grpc_channel_destroy(poller->wake_channel);
    free(poller->stream_queues);
    free(poller->closers);
    free(poller);
    *poller_address = NULL;
    grpc_shutdown();
}

grpc_completion_queue *rpc_poller_queue(struct rpc_poller *poller) {
    return poller->queue;
}

grpc_completion_queue *rpc_poller_stream_queue(struct rpc_poller *poller) {
    size_t i = poller->next_stream_queue++ % poller->stream_queue_count;
    return poller->stream_queues[i];
}
