/*
 * Unary load. Closed: so many calls in flight, each followed by the next. Open: calls start at
 * their time, whatever happened to those before; latency counts from that time. A thread of its own
 * does the timing, because the core's own timeouts are no finer than a millisecond.
 */
#include "load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "measure.h"
#include "wire.h"

/* Calls an open loop may have in flight. */
enum { OPEN_CALLS_MAX = 4096 };

struct unary_load;

struct unary_call {
    struct wire_tag tag; /* first member */
    struct unary_load *load;
    struct unary_call *next_free;
    grpc_call *call;
    size_t connection;
    int64_t started_ns;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code status;
    grpc_slice details;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
};

struct unary_load {
    const struct load_options *options;
    struct wire wire;
    grpc_byte_buffer *request;
    size_t response_len;
    struct measure_samples samples;
    uint64_t done;
    /* open loop */
    pthread_mutex_t lock; /* free_calls */
    struct unary_call *free_calls;
    atomic_bool stop;
    _Atomic uint64_t late;
};

static void call_start(struct unary_call *call, size_t connection, int64_t started_ns) {
    struct unary_load *load = call->load;
    call->connection = connection;
    call->started_ns = started_ns;
    call->response = NULL;
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    call->call = wire_call_new(&load->wire, connection, WIRE_ECHO);
    call->request = grpc_byte_buffer_copy(load->request); /* the core empties what it sends */
    grpc_op ops[6];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = call->request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &call->response;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
    ops[5].data.recv_status_on_client.status = &call->status;
    ops[5].data.recv_status_on_client.status_details = &call->details;
    wire_start(call->call, ops, 6, &call->tag);
}

static void call_run(struct wire_tag *tag, bool ok) {
    struct unary_call *call = (struct unary_call *)tag;
    struct unary_load *load = call->load;
    if (!ok || call->status != GRPC_STATUS_OK || call->response == NULL ||
        grpc_byte_buffer_length(call->response) != load->response_len)
        measure_fail("a call failed with status %d", (int)call->status);
    measure_samples_add(&load->samples, measure_now_ns() - call->started_ns);
    load->done++;
    grpc_byte_buffer_destroy(call->request);
    grpc_byte_buffer_destroy(call->response);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->details);
    grpc_call_unref(call->call);
    if (load->options->rate == 0) {
        call_start(call, call->connection, measure_now_ns());
        return;
    }
    pthread_mutex_lock(&load->lock);
    call->next_free = load->free_calls;
    load->free_calls = call;
    pthread_mutex_unlock(&load->lock);
}

static void *pacer_run(void *context) {
    struct unary_load *load = context;
    prctl(PR_SET_TIMERSLACK, 1UL);
    int64_t interval_ns = 1000000000 / load->options->rate;
    int64_t due_ns = measure_now_ns();
    for (size_t i = 0; !atomic_load(&load->stop); i++, due_ns += interval_ns) {
        struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        pthread_mutex_lock(&load->lock);
        struct unary_call *call = load->free_calls;
        if (call != NULL)
            load->free_calls = call->next_free;
        pthread_mutex_unlock(&load->lock);
        if (call == NULL)
            load->late++;
        else
            call_start(call, i % load->wire.count, due_ns);
    }
    return NULL;
}

static void run_for(struct unary_load *load, int64_t duration_ms) {
    int64_t until_ns = measure_now_ns() + duration_ms * 1000000;
    while (measure_now_ns() < until_ns)
        (void)wire_step(&load->wire, until_ns);
}

static void measure(struct unary_load *load, struct load_report *ret_report) {
    run_for(load, load->options->warmup_ms);
    measure_samples_clear(&load->samples);
    uint64_t done = load->done;
    int64_t start_ns = measure_now_ns();
    int64_t cpu_ns = measure_cpu_ns(load->options->pid);
    run_for(load, load->options->duration_ms);
    ret_report->cpu_ns = measure_cpu_ns(load->options->pid) - cpu_ns;
    ret_report->wall_ns = measure_now_ns() - start_ns;
    ret_report->operations = load->done - done;
    ret_report->p50_us = measure_samples_us(&load->samples, 500);
    ret_report->p99_us = measure_samples_us(&load->samples, 990);
}

void load_unary(const struct load_options *options, struct load_report *ret_report) {
    struct unary_load load = {.options = options};
    wire_init(&load.wire, options->target, options->connections);
    wire_connect(&load.wire, options->connections);
    load.request = wire_echo_request(options->payload_bytes);
    load.response_len = grpc_byte_buffer_length(load.request);
    pthread_mutex_init(&load.lock, NULL);
    size_t count = options->rate != 0 ? OPEN_CALLS_MAX : options->connections * options->in_flight;
    struct unary_call *calls = calloc(count, sizeof *calls);
    if (calls == NULL)
        measure_fail("out of memory");
    for (size_t i = 0; i < count; i++) {
        calls[i].tag.run = call_run;
        calls[i].load = &load;
        calls[i].next_free = i + 1 < count ? &calls[i + 1] : NULL;
    }
    if (options->rate == 0) {
        for (size_t i = 0; i < count; i++)
            call_start(&calls[i], i % options->connections, measure_now_ns());
        measure(&load, ret_report);
        return;
    }
    load.free_calls = calls;
    pthread_t pacer;
    if (pthread_create(&pacer, NULL, pacer_run, &load) != 0)
        measure_fail("no thread");
    measure(&load, ret_report);
    atomic_store(&load.stop, true);
    pthread_join(pacer, NULL);
    ret_report->late = load.late;
}
