/*
 * Streams: many subscriptions, and publishes that reach those of one topic. With a rate the
 * publishes come at their time; without one each begins when the last has been delivered to
 * everybody, and many events per publish make a backlog.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure.h"
#include "wire.h"

/* Longest silence of a server that owes something. */
static const int64_t patience_ns = 20 * (int64_t)1000000000;
/* Streams that are being opened at once. */
enum { OPENING_MAX = 128 };
/* Before memory is read, for the server's last frees and acknowledgements. */
enum { SETTLE_MS = 150 };
/* Streams that are open before idle memory is counted: what a server sets up once is not theirs. */
enum { IDLE_BASE_STREAMS = 100 };

struct streams_load;

struct stream {
    struct wire_tag sent; /* nothing follows from it */
    struct wire_tag received;
    struct streams_load *load;
    grpc_call *call;
    grpc_metadata_array initial;
    grpc_byte_buffer *message;
    bool greeted;
};

struct streams_load {
    const struct load_options *options;
    struct wire wire;
    struct stream *streams;
    size_t entry_len;
    size_t opened;
    size_t greeted;
    uint64_t delivered;
    uint64_t publishes;
    struct measure_samples samples;
};

static void ignore_run(struct wire_tag *tag, bool ok) {
    (void)tag;
    (void)ok;
}

static void stream_receive(struct stream *stream) {
    grpc_op ops[2];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_RECV_MESSAGE;
    ops[0].data.recv_message.recv_message = &stream->message;
    ops[1].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[1].data.recv_initial_metadata.recv_initial_metadata = &stream->initial;
    wire_start(stream->call, ops, stream->greeted ? 1 : 2, &stream->received);
}

static void stream_received(struct wire_tag *tag, bool ok) {
    struct stream *stream = (struct stream *)((char *)tag - offsetof(struct stream, received));
    struct streams_load *load = stream->load;
    if (!ok || stream->message == NULL)
        measure_fail("a stream has ended");
    int64_t published_ns = 0;
    size_t events = wire_events(stream->message, load->entry_len, &published_ns);
    grpc_byte_buffer_destroy(stream->message);
    stream->message = NULL;
    if (!stream->greeted) {
        if (events != 0)
            measure_fail("a stream did not begin with an empty message");
        stream->greeted = true;
        load->greeted++;
    } else {
        if (events == 0)
            measure_fail("an empty message");
        load->delivered += events;
        measure_samples_add(&load->samples, measure_now_ns() - published_ns);
    }
    stream_receive(stream);
}

/* Streams fill the connections row by row, and whole rows go to a topic: every topic is on every
 * connection. */
static void stream_open(struct streams_load *load, size_t index) {
    struct stream *stream = &load->streams[index];
    size_t connections = load->options->connections;
    uint32_t topic = (uint32_t)(index / connections % load->options->topics);
    stream->load = load;
    stream->sent.run = ignore_run;
    stream->received.run = stream_received;
    grpc_metadata_array_init(&stream->initial);
    stream->call = wire_call_new(&load->wire, index % connections, WIRE_SUBSCRIBE);
    grpc_byte_buffer *request = wire_subscribe_request(topic);
    grpc_op ops[3];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    wire_start(stream->call, ops, 3, &stream->sent);
    grpc_byte_buffer_destroy(request);
    stream_receive(stream);
}

static void step_or_fail(struct streams_load *load) {
    if (!wire_step(&load->wire, measure_now_ns() + patience_ns))
        measure_fail("nothing for %lld s: %zu of %zu streams stand, %llu events arrived",
                     (long long)(patience_ns / 1000000000), load->greeted, load->opened,
                     (unsigned long long)load->delivered);
}

static void open_until(struct streams_load *load, size_t count) {
    while (load->greeted < count) {
        while (load->opened < count && load->opened - load->greeted < OPENING_MAX)
            stream_open(load, load->opened++);
        step_or_fail(load);
    }
}

struct publish {
    struct wire_tag tag; /* first member */
    grpc_call *call;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code status;
    grpc_slice details;
    grpc_byte_buffer *response;
};

static void publish_run(struct wire_tag *tag, bool ok) {
    struct publish *publish = (struct publish *)tag;
    if (!ok || publish->status != GRPC_STATUS_OK)
        measure_fail("Publish failed with status %d", (int)publish->status);
    grpc_byte_buffer_destroy(publish->response);
    grpc_metadata_array_destroy(&publish->initial);
    grpc_metadata_array_destroy(&publish->trailing);
    grpc_slice_unref(publish->details);
    grpc_call_unref(publish->call);
    free(publish);
}

static void publish_start(struct streams_load *load) {
    struct publish *publish = calloc(1, sizeof *publish);
    if (publish == NULL)
        measure_fail("out of memory");
    uint32_t topic = (uint32_t)(load->publishes++ % load->options->topics);
    publish->tag.run = publish_run;
    grpc_metadata_array_init(&publish->initial);
    grpc_metadata_array_init(&publish->trailing);
    publish->call = wire_call_new(&load->wire, 0, WIRE_PUBLISH);
    grpc_byte_buffer *request =
        wire_publish_request(topic, load->options->events, (uint32_t)load->options->payload_bytes);
    grpc_op ops[6];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &publish->initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &publish->response;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &publish->trailing;
    ops[5].data.recv_status_on_client.status = &publish->status;
    ops[5].data.recv_status_on_client.status_details = &publish->details;
    wire_start(publish->call, ops, 6, &publish->tag);
    grpc_byte_buffer_destroy(request);
}

/* Publishes so often, at the rate, and waits until everything has arrived. */
static void publish_all(struct streams_load *load, size_t count) {
    const struct load_options *options = load->options;
    uint64_t per_publish = (uint64_t)(options->streams / options->topics) * options->events;
    uint64_t expected = load->delivered;
    int64_t due_ns = measure_now_ns();
    for (size_t i = 0; i < count; i++) {
        if (options->rate != 0) {
            while (measure_now_ns() < due_ns)
                (void)wire_step(&load->wire, due_ns);
            due_ns += 1000000000 / options->rate;
        }
        publish_start(load);
        expected += per_publish;
        while (options->rate == 0 && load->delivered < expected)
            step_or_fail(load);
    }
    while (load->delivered < expected)
        step_or_fail(load);
    if (load->delivered != expected)
        measure_fail("%llu events arrived instead of %llu", (unsigned long long)load->delivered,
                     (unsigned long long)expected);
}

static void settle(struct streams_load *load) {
    int64_t until_ns = measure_now_ns() + SETTLE_MS * (int64_t)1000000;
    while (measure_now_ns() < until_ns)
        (void)wire_step(&load->wire, until_ns);
}

static void streams_init(struct streams_load *load, const struct load_options *options) {
    memset(load, 0, sizeof *load);
    load->options = options;
    load->entry_len = wire_entry_len(options->payload_bytes);
    load->streams = calloc(options->streams, sizeof *load->streams);
    if (load->streams == NULL)
        measure_fail("out of memory");
    wire_init(&load->wire, options->target, options->connections);
}

void load_streams(const struct load_options *options, struct load_report *ret_report) {
    struct streams_load load;
    streams_init(&load, options);
    if (options->streams % (options->connections * options->topics) != 0)
        measure_fail("streams must be a multiple of connections times topics");
    wire_connect(&load.wire, options->connections);
    open_until(&load, options->streams);
    size_t warmup = options->topics;
    size_t publishes = options->publishes;
    if (options->rate != 0) {
        size_t at_rate = (size_t)(options->warmup_ms * options->rate / 1000);
        warmup = at_rate > warmup ? at_rate : warmup;
        if (publishes == 0)
            publishes = (size_t)(options->duration_ms * options->rate / 1000);
    }
    publish_all(&load, warmup);
    settle(&load);
    measure_samples_clear(&load.samples);
    uint64_t delivered = load.delivered;
    int64_t start_ns = measure_now_ns();
    int64_t cpu_ns = measure_cpu_ns(options->pid);
    publish_all(&load, publishes);
    ret_report->wall_ns = measure_now_ns() - start_ns;
    settle(&load); /* the tail of the last publish counts, too */
    ret_report->cpu_ns = measure_cpu_ns(options->pid) - cpu_ns;
    ret_report->operations = load.delivered - delivered;
    ret_report->p50_us = measure_samples_us(&load.samples, 500);
    ret_report->p99_us = measure_samples_us(&load.samples, 990);
}

void load_idle(const struct load_options *options, struct load_report *ret_report) {
    struct streams_load load;
    if (options->streams <= IDLE_BASE_STREAMS || options->connections != options->streams)
        measure_fail("idle takes more than %d streams, one per connection", IDLE_BASE_STREAMS);
    streams_init(&load, options);
    wire_connect(&load.wire, IDLE_BASE_STREAMS);
    open_until(&load, IDLE_BASE_STREAMS);
    settle(&load);
    int64_t start_ns = measure_now_ns();
    int64_t rss_bytes = measure_rss_bytes(options->pid);
    int64_t cpu_ns = measure_cpu_ns(options->pid);
    wire_connect(&load.wire, options->connections);
    open_until(&load, options->streams);
    settle(&load);
    ret_report->rss_bytes = measure_rss_bytes(options->pid) - rss_bytes;
    ret_report->cpu_ns = measure_cpu_ns(options->pid) - cpu_ns;
    ret_report->wall_ns = measure_now_ns() - start_ns;
    ret_report->operations = options->streams - IDLE_BASE_STREAMS;
}
