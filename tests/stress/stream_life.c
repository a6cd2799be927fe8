/*
 * The life of streaming calls, all at once and at random: streams that are written by the poller,
 * finished by other threads, cancelled, past their deadline, stalled, drained and cut by a
 * shutdown.
 *
 *     stress_stream_life [--seconds N] [--seed N]
 *
 * Rounds of a few seconds, each with a server of its own that is shut down under load. It holds
 * when every stream that began has ended exactly once, nothing hangs, and the sanitizers say
 * nothing.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/workers.h"
#include "rpc/poller.h"
#include "support/probe.h"

enum {
    CLIENT_THREADS = 4,
    LIVE_MAX = 512, /* streams the finisher can pick from */
    ROUND_MS = 2500,
};

/* ---- the server's side ---- */

struct feed {
    struct round *round;
    struct rpc_call *call;
    _Atomic uint64_t published; /* events so far */
    uint64_t sent;              /* poller's */
    bool leaving;               /* poller's */
    size_t slot;
};

struct round {
    struct rpc_server *server;
    struct rpc_channel *channels[3];
    _Atomic bool over;
    _Atomic uint64_t begun;
    _Atomic uint64_t done;
    _Atomic uint64_t states_begun;
    _Atomic uint64_t states_done;
    _Atomic uint64_t delivered;
    _Atomic uint64_t calls;
    pthread_mutex_t lock; /* guards live */
    struct feed *live[LIVE_MAX];
};

static enum rpc_pull feed_pull(void *source, struct rpc_writer *writer, struct status *ret_status) {
    struct feed *feed = source;
    uint64_t published = atomic_load(&feed->published);
    if (feed->leaving) {
        *ret_status = status_error(STATUS_UNAVAILABLE, 0, "goodbye");
        return RPC_PULL_END;
    }
    if (feed->sent == published)
        return RPC_PULL_PENDING;
    feed->sent = published;
    probe_answer answer = PROBE__V1__ANSWER__INIT;
    answer.number = (int32_t)published;
    rpc_writer_put_message(writer, &answer.base);
    return RPC_PULL_READY;
}

static void feed_goodbye(void *source, enum rpc_goodbye reason) {
    (void)reason;
    ((struct feed *)source)->leaving = true;
}

static void feed_done(void *source) {
    struct feed *feed = source;
    struct round *round = feed->round;
    pthread_mutex_lock(&round->lock);
    if (feed->slot < LIVE_MAX)
        round->live[feed->slot] = NULL;
    pthread_mutex_unlock(&round->lock);
    atomic_fetch_add(&round->done, 1);
    rpc_call_unref(&feed->call);
    free(feed);
}

static const struct rpc_source_ops feed_ops = {feed_pull, feed_goodbye, feed_done};

static struct status open_feed(void *self, struct rpc_call *call, const probe_ask *ask) {
    struct round *round = self;
    struct feed *feed = calloc(1, sizeof *feed);
    feed->round = round;
    feed->call = rpc_call_ref(call);
    feed->slot = LIVE_MAX;
    pthread_mutex_lock(&round->lock);
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (!round->live[i]) {
            round->live[i] = feed;
            feed->slot = i;
            break;
        }
    }
    pthread_mutex_unlock(&round->lock);
    atomic_fetch_add(&round->begun, 1);
    rpc_stream_set_source(call, &feed_ops, feed);
    if (strcmp(ask->text, "refuse") == 0)
        return status_error(STATUS_FAILED_PRECONDITION, 0, "refused");
    return status_ok();
}

static void state_done(void *state) {
    struct round *round = *(struct round **)state;
    atomic_fetch_add(&round->states_done, 1);
    free(state);
}

static struct status begin_state(void *self, struct rpc_call *call) {
    struct round **state = malloc(sizeof *state);
    *state = self;
    atomic_fetch_add(&(*state)->states_begun, 1);
    rpc_call_set_state(call, state, state_done);
    return status_ok();
}

static struct status echo_message(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)self;
    if (strcmp(ask->text, "fail") == 0)
        return status_error(STATUS_ABORTED, 0, "asked to");
    struct status status = probe_answer_stream(call, ask->text);
    return status.code == STATUS_CANCELLED ? status_ok() : status;
}

static struct status collect_end(void *self, struct rpc_call *call, probe_answer *ret_answer) {
    (void)self;
    ret_answer->text = arena_strdup(rpc_call_arena(call), "collected");
    return status_ok();
}

static struct status echo(void *self, struct rpc_call *call, const probe_ask *ask,
                          probe_answer *ret_answer) {
    (void)self;
    ret_answer->text = arena_strdup(rpc_call_arena(call), ask->text);
    return status_ok();
}

struct later {
    struct work work;
    struct rpc_call *call;
};

static void finish_later(struct work *work, size_t worker_index) {
    (void)worker_index;
    struct later *later = (struct later *)work;
    rpc_call_finish(later->call, status_ok());
    free(later);
}

/* Deferred: another worker answers. */
static struct status work_handler(void *self, struct rpc_call *call, const probe_ask *ask,
                                  probe_answer *ret_answer) {
    TRY(echo(self, call, ask, ret_answer));
    struct later *later = calloc(1, sizeof *later);
    later->work.run = finish_later;
    later->call = call;
    rpc_call_defer(call);
    if (workers_submit(rpc_server_workers(rpc_call_server(call)), &later->work, INT64_MAX) !=
        WORKERS_ACCEPTED)
        finish_later(&later->work, 0);
    return status_ok();
}

static void *publisher(void *argument) {
    struct round *round = argument;
    while (!atomic_load(&round->over)) {
        pthread_mutex_lock(&round->lock);
        for (size_t i = 0; i < LIVE_MAX; i++) {
            if (!round->live[i])
                continue;
            atomic_fetch_add(&round->live[i]->published, 1);
            rpc_stream_ready(round->live[i]->call);
        }
        pthread_mutex_unlock(&round->lock);
        usleep(2000);
    }
    return NULL;
}

/* Ends streams that the poller may be writing to, from a thread that has nothing to do with it. */
static void *finisher(void *argument) {
    struct round *round = argument;
    unsigned seed = 7;
    while (!atomic_load(&round->over)) {
        pthread_mutex_lock(&round->lock);
        struct feed *feed = round->live[(size_t)rand_r(&seed) % LIVE_MAX];
        struct rpc_call *call = feed ? rpc_call_ref(feed->call) : NULL;
        pthread_mutex_unlock(&round->lock);
        if (call)
            rpc_call_finish(call, status_error(STATUS_ABORTED, 0, "finished from outside"));
        rpc_call_unref(&call);
        usleep(500);
    }
    return NULL;
}

/* ---- the clients' side ---- */

struct client {
    struct round *round;
    unsigned seed;
};

static void drop(struct rpc_client_call *call, bool finish, struct arena *arena) {
    struct rpc_result result;
    if (finish) {
        struct status status = rpc_client_call_finish(call, arena, &result);
        (void)status;
    }
    rpc_client_call_free(&call);
}

static void watch_some(struct client *client, struct rpc_channel *channel) {
    struct rpc_client_call *calls[12];
    struct rpc_call_options options = {0};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    size_t n = 1 + (size_t)rand_r(&client->seed) % 12;
    for (size_t i = 0; i < n; i++) {
        options.timeout_ms = rand_r(&client->seed) % 3 ? 0 : 1 + rand_r(&client->seed) % 30;
        const char *text = rand_r(&client->seed) % 20 ? "all" : "refuse";
        enum probe_method method = rand_r(&client->seed) % 2 ? PROBE_WATCH : PROBE_SLOW;
        struct status status = probe_open(channel, method, &options, text, &calls[i]);
        if (!status_is_ok(status))
            calls[i] = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = "";
        int messages = rand_r(&client->seed) % 8; /* 0: never reads */
        struct status status = status_ok();
        while (calls[i] && messages-- > 0 && text && status_is_ok(status)) {
            status = probe_receive(calls[i], &arena, &text);
            atomic_fetch_add(&client->round->delivered, 1);
        }
        if (calls[i] && rand_r(&client->seed) % 2)
            rpc_client_call_cancel(calls[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (calls[i])
            drop(calls[i], false, &arena);
    arena_done(&arena);
}

static void chat_some(struct client *client, struct rpc_channel *channel) {
    static const enum probe_method methods[] = {PROBE_CHAT, PROBE_QUICK, PROBE_COLLECT};
    enum probe_method method = methods[rand_r(&client->seed) % 3];
    struct rpc_client_call *call = NULL;
    struct rpc_call_options options = {.timeout_ms = 5000};
    struct arena arena;
    if (!status_is_ok(probe_open(channel, method, &options, NULL, &call)))
        return;
    arena_init(&arena, 1 << 20);
    int messages = rand_r(&client->seed) % 10;
    bool ok = true;
    for (int i = 0; i < messages && ok; i++) {
        ok = status_is_ok(probe_send(call, rand_r(&client->seed) % 50 ? "hello" : "fail"));
        const char *text = NULL;
        if (ok && method != PROBE_COLLECT && rand_r(&client->seed) % 3)
            ok = status_is_ok(probe_receive(call, &arena, &text)) && text;
    }
    bool finish = rand_r(&client->seed) % 2;
    if (finish && ok) {
        struct status status = rpc_client_call_close_send(call);
        (void)status;
    }
    drop(call, finish && ok, &arena);
    arena_done(&arena);
}

static void call_some(struct client *client, struct rpc_channel *channel) {
    struct arena arena;
    const char *text = NULL;
    struct rpc_call_options options = {.timeout_ms = rand_r(&client->seed) % 4 ? 5000 : 1};
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 10; i++) {
        enum probe_method method = rand_r(&client->seed) % 2 ? PROBE_ECHO : PROBE_WORK;
        struct status status = probe_call(channel, method, &options, "x", &arena, &text, NULL);
        (void)status;
        atomic_fetch_add(&client->round->calls, 1);
    }
    arena_done(&arena);
}

static void *run_client(void *argument) {
    struct client *client = argument;
    struct round *round = client->round;
    while (!atomic_load(&round->over)) {
        struct rpc_channel *channel = round->channels[rand_r(&client->seed) % 3];
        switch (rand_r(&client->seed) % 3) {
        case 0:
            watch_some(client, channel);
            break;
        case 1:
            chat_some(client, channel);
            break;
        default:
            call_some(client, channel);
        }
    }
    return NULL;
}

/* ---- rounds ---- */

static void check(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "stream_life: %s\n", what);
    exit(1);
}

static struct rpc_server *start_server(const struct probe_handlers *handlers) {
    struct rpc_server_options options;
    struct rpc_server *server = NULL;
    rpc_server_options_init(&options);
    options.worker_count = 3;
    options.stream_queues = 16;
    options.wakeup_interval_us = 500;
    options.stream_max_age_ms = 700; /* goodbyes while everything else goes on */
    options.goodbye_grace_ms = 100;
    options.stream_outbox_bytes = 4096;
    check(status_is_ok(rpc_server_new(&options, &server)), "no server");
    check(status_is_ok(rpc_server_add_service(server, &probe_service, handlers)), "no service");
    check(status_is_ok(rpc_server_start(server)), "no start");
    return server;
}

static void run_round(unsigned seed) {
    struct round round = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct probe_handlers handlers = {
        .self = &round,
        .echo = echo,
        .work = work_handler,
        .collect = begin_state,
        .collect_message = NULL,
        .collect_half_close = collect_end,
        .watch = open_feed,
        .slow = open_feed,
        .chat = begin_state,
        .chat_message = echo_message,
        .quick = begin_state,
        .quick_message = echo_message,
    };
    struct client clients[CLIENT_THREADS];
    pthread_t threads[CLIENT_THREADS + 2];
    char target[32];
    round.server = start_server(&handlers);
    snprintf(target, sizeof target, "127.0.0.1:%d", rpc_server_port(round.server));
    struct rpc_channel_options options;
    rpc_channel_options_init(&options);
    options.dedicated_connection = true;
    for (int i = 0; i < 3; i++)
        check(status_is_ok(rpc_channel_new(target, &options, &round.channels[i])), "no channel");
    for (unsigned i = 0; i < CLIENT_THREADS; i++) {
        clients[i] = (struct client){&round, seed * 31 + i};
        pthread_create(&threads[i], NULL, run_client, &clients[i]);
    }
    pthread_create(&threads[CLIENT_THREADS], NULL, publisher, &round);
    pthread_create(&threads[CLIENT_THREADS + 1], NULL, finisher, &round);
    usleep(ROUND_MS * 1000);
    /* Under load: sometimes with grace, sometimes at once. */
    rpc_server_shutdown(round.server, seed % 3 ? 200 : 0);
    struct rpc_server_figures figures;
    rpc_server_figures(round.server, &figures);
    check(figures.open_calls == 0 && figures.open_streams == 0, "calls are left after shutdown");
    atomic_store(&round.over, true);
    for (int i = 0; i < CLIENT_THREADS + 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++)
        rpc_channel_free(&round.channels[i]);
    rpc_server_free(&round.server);
    check(atomic_load(&round.begun) == atomic_load(&round.done), "a stream's end was lost");
    check(atomic_load(&round.states_begun) == atomic_load(&round.states_done),
          "a state's end was lost");
    printf("seed %u: %" PRIu64 " feeds, %" PRIu64 " chats, %" PRIu64 " deliveries, %" PRIu64
           " calls\n",
           seed, atomic_load(&round.begun), atomic_load(&round.states_begun),
           atomic_load(&round.delivered), atomic_load(&round.calls));
    fflush(stdout);
}

int main(int argc, char **argv) {
    long seconds = 10;
    unsigned seed = (unsigned)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    alarm((unsigned)seconds * 3 + 60); /* a hang ends the program, and fails it */
    int64_t until_us = rpc_now_us() + seconds * 1000000;
    do {
        run_round(seed++);
    } while (rpc_now_us() < until_us);
    return 0;
}
