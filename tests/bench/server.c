/*
 * Our own server of `ci/bench rpc`: the contract of bench.proto on the runtime, with its
 * interceptors on, as an application would write it. Everything runs on the poller, so nothing is
 * locked.
 *
 *     bench_server [--life SECONDS] [--wakeup-interval MICROSECONDS]
 *
 * Wake-ups are spaced as liveconvd spaces them unless told otherwise. Prints `port=N`. Ends with
 * its parent, and after so many seconds in any case.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bench.grpc-c.h"
#include "rpc/server.h"
#include "rpc/stream.h"

enum {
    TOPICS = 64,
    RING_ENTRIES = 8192,
    BATCH_MAX = 64, /* most events in one message */
    LIFE_SECONDS = 600,
    WAKEUP_INTERVAL_US = 500, /* liveconvd's default */
};

struct arguments {
    unsigned long life_seconds;
    unsigned long wakeup_interval_us;
};

struct subscriber {
    struct topic *topic;
    struct rpc_call *call; /* a reference: Publish touches it from another call */
    size_t index;          /* in the topic's subscribers */
    uint64_t cursor;
    bool greeted;
};

struct topic {
    struct rpc_buffer
        *entries[RING_ENTRIES]; /* each an encoded entry of SubscribeResponse.events */
    uint64_t head;              /* events ever appended */
    struct subscriber **subscribers;
    size_t count;
    size_t capacity;
};

struct service {
    struct topic topics[TOPICS];
};

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct status echo(void *self, struct rpc_call *call, const bench_echo_request *request,
                          bench_echo_response *ret_response) {
    (void)self;
    (void)call;
    ret_response->payload = request->payload;
    return status_ok();
}

/* The first message is empty; then whatever the ring holds beyond the cursor. */
static enum rpc_pull subscriber_pull(void *source, struct rpc_writer *writer,
                                     struct status *ret_status) {
    struct subscriber *subscriber = source;
    struct topic *topic = subscriber->topic;
    if (!subscriber->greeted) {
        subscriber->greeted = true;
        return RPC_PULL_READY;
    }
    uint64_t waiting = topic->head - subscriber->cursor;
    if (waiting == 0)
        return RPC_PULL_PENDING;
    if (waiting > RING_ENTRIES) {
        *ret_status = status_error(STATUS_DATA_LOSS, STATUS_NO_REASON, "fell off the ring");
        return RPC_PULL_END;
    }
    uint64_t count = waiting < BATCH_MAX ? waiting : BATCH_MAX;
    for (uint64_t i = 0; i < count; i++)
        if (!rpc_writer_put_buffer(writer, topic->entries[subscriber->cursor++ % RING_ENTRIES]))
            break;
    return RPC_PULL_READY;
}

static void subscriber_done(void *source) {
    struct subscriber *subscriber = source;
    struct topic *topic = subscriber->topic;
    struct subscriber *last = topic->subscribers[--topic->count];
    topic->subscribers[subscriber->index] = last;
    last->index = subscriber->index;
    rpc_call_unref(&subscriber->call);
    free(subscriber);
}

static const struct rpc_source_ops subscriber_ops = {
    .pull = subscriber_pull,
    .on_done = subscriber_done,
};

static bool topic_reserve(struct topic *topic) {
    if (topic->count < topic->capacity)
        return true;
    size_t capacity = topic->capacity == 0 ? 64 : topic->capacity * 2;
    struct subscriber **subscribers =
        reallocarray(topic->subscribers, capacity, sizeof *subscribers);
    if (subscribers == NULL)
        return false;
    topic->subscribers = subscribers;
    topic->capacity = capacity;
    return true;
}

static struct status subscribe(void *self, struct rpc_call *call,
                               const bench_subscribe_request *request) {
    struct service *service = self;
    struct topic *topic = &service->topics[request->topic]; /* the contract bounds it */
    struct subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL || !topic_reserve(topic)) {
        free(subscriber);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    }
    subscriber->topic = topic;
    subscriber->call = rpc_call_ref(call);
    subscriber->cursor = topic->head;
    subscriber->index = topic->count;
    topic->subscribers[topic->count++] = subscriber;
    rpc_stream_set_source(call, &subscriber_ops, subscriber);
    return status_ok();
}

static struct rpc_buffer *entry_new(uint64_t sequence, const uint8_t *payload, size_t len_bytes) {
    bench_event event;
    bench_event_init(&event);
    event.sequence = sequence;
    event.published_at_ns = now_ns();
    event.payload.data = (uint8_t *)payload;
    event.payload.len = len_bytes;
    bench_event *events[] = {&event};
    bench_subscribe_response one;
    bench_subscribe_response_init(&one);
    one.n_events = 1;
    one.events = events;
    return rpc_buffer_new_message(&one.base);
}

static struct status publish(void *self, struct rpc_call *call,
                             const bench_publish_request *request,
                             bench_publish_response *ret_response) {
    struct service *service = self;
    struct topic *topic = &service->topics[request->topic];
    uint8_t *payload = arena_alloc(rpc_call_arena(call), request->payload_bytes);
    if (payload == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "payload");
    memset(payload, 'x', request->payload_bytes);
    for (uint32_t i = 0; i < request->count; i++) {
        struct rpc_buffer *entry = entry_new(topic->head + 1, payload, request->payload_bytes);
        if (entry == NULL)
            return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
        struct rpc_buffer **slot = &topic->entries[topic->head++ % RING_ENTRIES];
        rpc_buffer_unref(slot);
        *slot = entry;
    }
    for (size_t i = 0; i < topic->count; i++)
        rpc_stream_ready(topic->subscribers[i]->call);
    ret_response->sequence = topic->head;
    return status_ok();
}

static void read_arguments(int argc, char **argv, struct arguments *arguments) {
    for (int i = 1; i < argc; i += 2) {
        char *end = NULL;
        unsigned long value = i + 1 < argc ? strtoul(argv[i + 1], &end, 10) : 0;
        bool is_number = end != NULL && end != argv[i + 1] && *end == '\0';
        if (is_number && strcmp(argv[i], "--life") == 0 && value > 0 && value <= 86400) {
            arguments->life_seconds = value;
        } else if (is_number && strcmp(argv[i], "--wakeup-interval") == 0 && value <= 10000) {
            arguments->wakeup_interval_us = value;
        } else {
            fprintf(stderr, "usage: %s [--life SECONDS] [--wakeup-interval 0..10000]\n", argv[0]);
            exit(2);
        }
    }
}

static void watch_over_process(unsigned life_seconds) {
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        exit(1);
    alarm(life_seconds); /* SIGALRM is left to its default, which ends the process */
}

int main(int argc, char **argv) {
    struct arguments arguments = {LIFE_SECONDS, WAKEUP_INTERVAL_US};
    read_arguments(argc, argv, &arguments);
    watch_over_process((unsigned)arguments.life_seconds);
    static struct service service; /* larger than a stack should hold */
    const struct bench_bench_service_handlers handlers = {
        .self = &service, .echo = echo, .subscribe = subscribe, .publish = publish};
    struct rpc_server_options options;
    rpc_server_options_init(&options);
    options.address = "127.0.0.1:0";
    options.wakeup_interval_us = (int64_t)arguments.wakeup_interval_us;
    struct rpc_server *server = NULL;
    struct status status = rpc_server_new(&options, &server);
    if (status_is_ok(status))
        status = bench_bench_service_register(server, &handlers);
    if (status_is_ok(status))
        status = rpc_server_start(server);
    if (!status_is_ok(status)) {
        fprintf(stderr, "bench_server: %s\n", status.detail);
        return 1;
    }
    printf("port=%d\n", rpc_server_port(server));
    fflush(stdout);
    for (;;)
        pause();
}
