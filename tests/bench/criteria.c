/*
 * What open streams cost when nothing happens, and what they do to each other when much does.
 *
 *     bench_criteria [--streams N] [--seconds N]
 *
 * One process serves N streams that wait and 100 that never read, another is their client, and a
 * third is the caller that must not suffer. Prints one JSON object: wake-ups a second while idle,
 * how soon a cancel is seen, idle and during a fan-out to all, and how long a unary call takes,
 * idle and during that fan-out. The processes meet in shared memory, where times are on the
 * monotonic clock. The server and the caller ask for real-time priority, the caller the higher one,
 * so that what is measured is the server and not the scheduling of its five thousand readers; where
 * they do not get it, the figures say so.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/poller.h"
#include "support/probe.h"

enum {
    STALLED = 100,
    STREAMS_PER_CHANNEL = 100,
    CANCELS = 200,
    CALLS = 300,
    FANOUT_EVERY_US = 100000,
    STREAMS_MAX = 20000,
    LIFE_SECONDS = 300,
};

/* What both processes see. */
struct shared {
    _Atomic int port;
    _Atomic bool fanning_out;
    _Atomic bool over;
    _Atomic bool real_time;
    _Atomic int phase; /* of the caller, begun and done */
    _Atomic int phase_done;
    _Atomic uint64_t open_streams;
    _Atomic uint64_t wakeups;
    _Atomic int64_t seen_at_us[STREAMS_MAX]; /* when the server saw a stream's end */
};

static void fail(const char *what) {
    fprintf(stderr, "bench_criteria: %s\n", what);
    exit(1);
}

static void must(struct status status, const char *what) {
    if (!status_is_ok(status))
        fail(what);
}

static void ask_for_priority(struct shared *shared, int priority) {
    const struct sched_param parameters = {.sched_priority = priority};
    bool granted = sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
    atomic_store(&shared->real_time, granted);
}

/* ---- the server ---- */

struct waiting {
    struct rpc_call *call;
    struct waiting *next;
    struct waiting **link;
    struct shared *shared;
    struct board *board;
    int index;
    bool stalled;
    _Atomic bool has_event;
};

/* All streams that wait for events. */
struct board {
    pthread_mutex_t lock;
    struct waiting *first;
    struct shared *shared;
};

static enum rpc_pull pull(void *source, struct rpc_writer *writer, struct status *ret_status) {
    static const char bytes[16384];
    struct waiting *waiting = source;
    (void)ret_status;
    if (!waiting->stalled && !atomic_exchange(&waiting->has_event, false))
        return RPC_PULL_PENDING;
    probe_answer answer = PROBE__V1__ANSWER__INIT;
    answer.payload =
        (ProtobufCBinaryData){waiting->stalled ? sizeof bytes : 64, (uint8_t *)(uintptr_t)bytes};
    rpc_writer_put_message(writer, &answer.base);
    return RPC_PULL_READY;
}

static void done(void *source) {
    struct waiting *waiting = source;
    atomic_store(&waiting->shared->seen_at_us[waiting->index], rpc_now_us());
    atomic_fetch_sub(&waiting->shared->open_streams, 1);
    pthread_mutex_lock(&waiting->board->lock);
    *waiting->link = waiting->next;
    if (waiting->next)
        waiting->next->link = waiting->link;
    pthread_mutex_unlock(&waiting->board->lock);
    rpc_call_unref(&waiting->call);
    free(waiting);
}

static const struct rpc_source_ops waiting_ops = {.pull = pull, .on_done = done};

static struct status wait_for_events(void *self, struct rpc_call *call, const probe_ask *ask) {
    struct board *board = self;
    struct waiting *waiting = calloc(1, sizeof *waiting);
    waiting->call = rpc_call_ref(call);
    waiting->shared = board->shared;
    waiting->board = board;
    waiting->index = ask->number;
    waiting->stalled = strcmp(ask->text, "stalled") == 0;
    pthread_mutex_lock(&board->lock);
    waiting->next = board->first;
    waiting->link = &board->first;
    if (waiting->next)
        waiting->next->link = &waiting->next;
    board->first = waiting;
    pthread_mutex_unlock(&board->lock);
    atomic_fetch_add(&board->shared->open_streams, 1);
    rpc_stream_set_source(call, &waiting_ops, waiting);
    return status_ok();
}

static struct status echo(void *self, struct rpc_call *call, const probe_ask *ask,
                          probe_answer *ret_answer) {
    (void)self;
    ret_answer->text = arena_strdup(rpc_call_arena(call), ask->text);
    return status_ok();
}

static void publish_to_all(struct board *board) {
    pthread_mutex_lock(&board->lock);
    for (struct waiting *waiting = board->first; waiting; waiting = waiting->next) {
        atomic_store(&waiting->has_event, true);
        rpc_stream_ready(waiting->call);
    }
    pthread_mutex_unlock(&board->lock);
}

static void serve(struct shared *shared) {
    struct board board = {.lock = PTHREAD_MUTEX_INITIALIZER, .shared = shared};
    const struct probe_handlers handlers = {.self = &board, .echo = echo, .watch = wait_for_events};
    struct rpc_server_options options;
    struct rpc_server *server = NULL;
    struct rpc_server_figures figures;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ask_for_priority(shared, 10);
    rpc_server_options_init(&options);
    options.worker_count = 1;
    options.wakeup_interval_us = 500; /* as liveconvd has it */
    must(rpc_server_new(&options, &server), "no server");
    must(rpc_server_add_service(server, &probe_service, &handlers), "no service");
    must(rpc_server_start(server), "no start");
    atomic_store(&shared->port, rpc_server_port(server));
    while (!atomic_load(&shared->over)) {
        usleep(FANOUT_EVERY_US);
        if (atomic_load(&shared->fanning_out))
            publish_to_all(&board);
        rpc_server_figures(server, &figures);
        atomic_store(&shared->wakeups, figures.poller_wakeups);
    }
    _exit(0);
}

/* ---- the client ---- */

struct client {
    struct shared *shared;
    struct rpc_channel **channels;
    struct rpc_client_call **calls;
    int streams;
    int seconds;
};

static void deliver(rpc_any_function *callback, void *context, const ProtobufCMessage *message) {
    (void)callback, (void)context, (void)message;
}

static void ignore_end(void *context, const struct rpc_result *result) {
    (void)context, (void)result;
}

static void nothing(void) {
}

static struct rpc_channel *connect_channel(struct shared *shared) {
    struct rpc_channel_options options;
    struct rpc_channel *channel = NULL;
    char target[32];
    rpc_channel_options_init(&options);
    options.dedicated_connection = true;
    snprintf(target, sizeof target, "127.0.0.1:%d", atomic_load(&shared->port));
    must(rpc_channel_new(target, &options, &channel), "no channel");
    must(rpc_channel_wait_ready(channel, 10000), "no connection");
    return channel;
}

static void open_streams(struct client *client) {
    int total = client->streams + STALLED;
    client->channels = calloc((size_t)total / STREAMS_PER_CHANNEL + 1, sizeof(void *));
    client->calls = calloc((size_t)total, sizeof(void *));
    for (int i = 0; i < total; i++) {
        struct rpc_channel **channel = &client->channels[i / STREAMS_PER_CHANNEL];
        bool stalled = i >= client->streams;
        if (!*channel)
            *channel = connect_channel(client->shared);
        probe_ask ask = PROBE__V1__ASK__INIT;
        ask.text = (char *)(uintptr_t)(stalled ? "stalled" : "waits");
        ask.number = i;
        must(rpc_client_call_open(*channel, probe_method(PROBE_WATCH), NULL, &ask.base,
                                  &client->calls[i]),
             "no stream");
        if (!stalled)
            must(rpc_client_call_listen(client->calls[i], deliver, nothing, ignore_end, NULL),
                 "no listener");
    }
    while (atomic_load(&client->shared->open_streams) < (uint64_t)total)
        usleep(1000);
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_distribution(const char *name, int64_t *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    printf(", \"%s_p50_us\": %" PRId64 ", \"%s_p99_us\": %" PRId64 ", \"%s_max_us\": %" PRId64,
           name, values[count / 2], name, values[count * 99 / 100], name, values[count - 1]);
}

/* ---- the caller ---- */

static void measure_cancels(struct shared *shared, const char *name, int first) {
    int64_t values[CANCELS];
    struct rpc_channel *channel = connect_channel(shared);
    for (int i = 0; i < CANCELS; i++) {
        int index = first + i;
        uint64_t open = atomic_load(&shared->open_streams);
        struct rpc_client_call *call = NULL;
        probe_ask ask = PROBE__V1__ASK__INIT;
        ask.number = index;
        must(rpc_client_call_open(channel, probe_method(PROBE_WATCH), NULL, &ask.base, &call),
             "no stream");
        while (atomic_load(&shared->open_streams) == open)
            usleep(200);
        int64_t cancelled_at_us = rpc_now_us();
        rpc_client_call_cancel(call);
        int64_t seen_us = 0;
        while ((seen_us = atomic_load(&shared->seen_at_us[index])) == 0)
            usleep(200);
        values[i] = seen_us - cancelled_at_us;
        rpc_client_call_free(&call);
        usleep(3000);
    }
    print_distribution(name, values, CANCELS);
    rpc_channel_free(&channel);
}

static void measure_calls(struct shared *shared, const char *name) {
    int64_t values[CALLS];
    struct rpc_channel *channel = connect_channel(shared);
    for (int i = 0; i < CALLS; i++) {
        struct arena arena;
        const char *text = NULL;
        arena_init(&arena, 1 << 20);
        int64_t begin_us = rpc_now_us();
        must(probe_call(channel, PROBE_ECHO, NULL, "x", &arena, &text, NULL), "no answer");
        values[i] = rpc_now_us() - begin_us;
        arena_done(&arena);
        usleep(3000);
    }
    print_distribution(name, values, CALLS);
    rpc_channel_free(&channel);
}

static void wait_for_phase(struct shared *shared, int phase) {
    while (atomic_load(&shared->phase) < phase)
        usleep(1000);
}

static void finish_phase(struct shared *shared, int phase) {
    fflush(stdout);
    atomic_store(&shared->phase_done, phase);
}

static void call_and_cancel(struct shared *shared) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ask_for_priority(shared, 20);
    wait_for_phase(shared, 1);
    measure_calls(shared, "call_idle");
    measure_cancels(shared, "cancel_idle", STREAMS_MAX - 2 * CANCELS);
    finish_phase(shared, 1);
    wait_for_phase(shared, 2);
    measure_calls(shared, "call_during_fanout");
    measure_cancels(shared, "cancel_during_fanout", STREAMS_MAX - CANCELS);
    finish_phase(shared, 2);
    _exit(0);
}

/* ---- the course ---- */

static void run_phase(struct shared *shared, int phase) {
    atomic_store(&shared->phase, phase);
    while (atomic_load(&shared->phase_done) < phase)
        usleep(1000);
}

static void measure(struct client *client) {
    struct shared *shared = client->shared;
    open_streams(client);
    sleep(10); /* stalled streams fill up, and the core's own timers settle */
    uint64_t before = atomic_load(&shared->wakeups);
    sleep((unsigned)client->seconds);
    double a_second = (double)(atomic_load(&shared->wakeups) - before) / client->seconds;
    printf("{\"bench\": \"criteria\", \"streams\": %d, \"stalled\": %d, "
           "\"idle_wakeups_per_second\": %.1f",
           client->streams, STALLED, a_second);
    fflush(stdout);
    run_phase(shared, 1);
    atomic_store(&shared->fanning_out, true);
    usleep(300000);
    run_phase(shared, 2);
    printf(", \"real_time\": %s}\n", atomic_load(&shared->real_time) ? "true" : "false");
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct client client = {.streams = 5000, .seconds = 5};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--streams") == 0)
            client.streams = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            client.seconds = (int)strtol(argv[i + 1], NULL, 10);
        else
            fail("usage: bench_criteria [--streams N] [--seconds N]");
    }
    if (client.streams < 1 || client.streams > STREAMS_MAX - STALLED - 2 * CANCELS)
        fail("--streams must be 1 to 19500");
    if (client.seconds < 1)
        fail("--seconds must be 1 or more");
    alarm(LIFE_SECONDS);
    client.shared = mmap(NULL, sizeof *client.shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (client.shared == MAP_FAILED)
        fail("no shared memory");
    pid_t pid = fork(); /* before the core is initialised in either */
    if (pid == 0)
        serve(client.shared);
    pid_t caller = fork();
    if (caller == 0)
        call_and_cancel(client.shared);
    while (atomic_load(&client.shared->port) == 0)
        usleep(1000);
    measure(&client);
    atomic_store(&client.shared->over, true);
    waitpid(caller, NULL, 0);
    waitpid(pid, NULL, 0);
    _exit(0); /* thousands of calls are open: the kernel closes their connections */
}
