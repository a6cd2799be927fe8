/* Streaming calls through a real server and a real channel. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/cmocka.h"
#include "support/probe_server.h"

/* ---- handlers ---- */

static struct status accept_stream(void *self, struct rpc_call *call) {
    (void)self, (void)call;
    return status_ok();
}

static struct status send_back(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)self;
    return probe_answer_stream(call, ask->text);
}

static void free_count(void *state) {
    free(state);
}

static struct status begin_count(void *self, struct rpc_call *call) {
    (void)self;
    rpc_call_set_state(call, calloc(1, sizeof(int)), free_count);
    return status_ok();
}

static struct status count_one(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)self;
    if (strcmp(ask->text, "fail") == 0) {
        rpc_call_add_error_metadata(call, "at", "3");
        return status_error(STATUS_ABORTED, STATUS_NO_REASON, "asked to fail");
    }
    ++*(int *)rpc_call_state(call);
    return status_ok();
}

static struct status tell_count(void *self, struct rpc_call *call, probe_answer *ret_answer) {
    (void)self;
    ret_answer->number = *(int *)rpc_call_state(call);
    ret_answer->text = arena_strdup(rpc_call_arena(call), "counted");
    return status_ok();
}

static struct status send_three(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)self;
    for (int i = 0; i < 3; i++)
        TRY(probe_answer_stream(call, ask->text));
    return status_ok();
}

/* A source that counts to `limit`, then ends or waits. */
struct counter {
    int next;
    int limit;
    bool ends;
    bool leaving;
    enum rpc_goodbye reason;
    _Atomic int *done;
};

static enum rpc_pull pull_number(void *source, struct rpc_writer *writer,
                                 struct status *ret_status) {
    struct counter *counter = source;
    if (counter->leaving) {
        *ret_status = status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "said goodbye");
        return RPC_PULL_END;
    }
    if (counter->next < counter->limit) {
        probe_answer answer = PROBE__V1__ANSWER__INIT;
        answer.number = ++counter->next;
        rpc_writer_put_message(writer, &answer.base);
        return RPC_PULL_READY;
    }
    return counter->ends ? RPC_PULL_END : RPC_PULL_PENDING;
}

static void leave(void *source, enum rpc_goodbye reason) {
    struct counter *counter = source;
    counter->leaving = true;
    counter->reason = reason;
}

static void counter_done(void *source) {
    struct counter *counter = source;
    atomic_fetch_add(counter->done, 1);
    free(counter);
}

static const struct rpc_source_ops counter_ops = {pull_number, leave, counter_done};

static struct status open_counter(void *self, struct rpc_call *call, const probe_ask *ask) {
    struct counter *counter = calloc(1, sizeof *counter);
    counter->limit = ask->number ? ask->number : 5;
    counter->ends = strcmp(ask->text, "ends") == 0;
    counter->done = self;
    rpc_stream_set_source(call, &counter_ops, counter);
    if (strcmp(ask->text, "refuse") == 0)
        return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON, "refused");
    return status_ok();
}

static const struct probe_handlers stream_handlers = {
    .collect = begin_count,
    .collect_message = count_one,
    .collect_half_close = tell_count,
    .watch = open_counter,
    .slow = send_three,
    .chat = accept_stream,
    .chat_message = send_back,
    .quick = accept_stream,
    .quick_message = send_back,
};

static void start(struct probe_server *probe, _Atomic int *done) {
    probe_server_init(probe);
    probe->handlers = stream_handlers;
    probe->handlers.self = done;
    probe_server_start(probe);
}

static void finish_is(struct probe_server *probe, struct rpc_client_call *call, int32_t code) {
    struct status status = rpc_client_call_finish(call, &probe->arena, NULL);
    assert_int_equal(status.code, code);
    rpc_client_call_free(&call);
}

static const char *receive(struct probe_server *probe, struct rpc_client_call *call) {
    const char *text = NULL;
    assert_true(status_is_ok(probe_receive(call, &probe->arena, &text)));
    return text;
}

static int32_t receive_number(struct probe_server *probe, struct rpc_client_call *call) {
    ProtobufCMessage *message = NULL;
    assert_true(status_is_ok(rpc_client_call_receive(call, &probe->arena, &message, NULL)));
    return message ? ((probe_answer *)message)->number : -1;
}

/* ---- the kinds ---- */

static void client_streaming_collects(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, NULL);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_COLLECT, NULL, NULL, &call)));
    for (int i = 0; i < 20; i++)
        assert_true(status_is_ok(probe_send(call, "one")));
    assert_true(status_is_ok(rpc_client_call_close_send(call)));
    assert_int_equal(receive_number(&probe, call), 20);
    finish_is(&probe, call, STATUS_OK);
    probe_server_stop(&probe);
}

static void a_message_handlers_error_ends_the_stream(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    start(&probe, NULL);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_COLLECT, NULL, NULL, &call)));
    assert_true(status_is_ok(probe_send(call, "fail")));
    struct status status = rpc_client_call_finish(call, &probe.arena, &result);
    assert_int_equal(status.code, STATUS_ABORTED);
    assert_string_equal(status.detail, "asked to fail");
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

static void server_streaming_sends_and_ends(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, NULL);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_SLOW, NULL, "thrice", &call)));
    for (int i = 0; i < 3; i++)
        assert_string_equal(receive(&probe, call), "thrice");
    assert_null(receive(&probe, call));
    finish_is(&probe, call, STATUS_OK);
    probe_server_stop(&probe);
}

static void talk(struct probe_server *probe, enum probe_method method) {
    struct rpc_client_call *call = NULL;
    char text[32];
    assert_true(status_is_ok(probe_open(probe->channel, method, NULL, NULL, &call)));
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "message %d", i);
        assert_true(status_is_ok(probe_send(call, text)));
        assert_string_equal(receive(probe, call), text);
    }
    assert_true(status_is_ok(rpc_client_call_close_send(call)));
    assert_null(receive(probe, call));
    finish_is(probe, call, STATUS_OK);
}

static void both_directions_on_worker_and_poller(void **state) {
    (void)state;
    struct probe_server probe;
    start(&probe, NULL);
    talk(&probe, PROBE_CHAT);
    talk(&probe, PROBE_QUICK);
    probe_server_stop(&probe);
}

static void an_empty_stream_ends_well(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, NULL);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_CHAT, NULL, NULL, &call)));
    assert_true(status_is_ok(rpc_client_call_close_send(call)));
    assert_null(receive(&probe, call));
    finish_is(&probe, call, STATUS_OK);
    probe_server_stop(&probe);
}

/* ---- sources ---- */

static void a_source_is_pulled_in_order_and_done_once(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "ends", &call)));
    for (int i = 1; i <= 5; i++)
        assert_int_equal(receive_number(&probe, call), i);
    assert_int_equal(receive_number(&probe, call), -1);
    finish_is(&probe, call, STATUS_OK);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

static void a_refused_stream_still_releases_its_source(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "refuse", &call)));
    finish_is(&probe, call, STATUS_FAILED_PRECONDITION);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

static void a_cancel_reaches_the_source(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "waits", &call)));
    assert_int_equal(receive_number(&probe, call), 1);
    rpc_client_call_cancel(call);
    finish_is(&probe, call, STATUS_CANCELLED);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

static void a_deadline_ends_a_stream(void **state) {
    (void)state;
    _Atomic int done = 0;
    const struct rpc_call_options options = {.timeout_ms = 50};
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, &options, "waits", &call)));
    finish_is(&probe, call, STATUS_DEADLINE_EXCEEDED);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

static void a_stream_that_waits_sends_its_headers(void **state) {
    (void)state;
    _Atomic int done = 0;
    const struct rpc_header *headers = NULL;
    size_t count = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_CHAT, NULL, NULL, &call)));
    assert_true(status_is_ok(rpc_client_call_wait_headers(call, &headers, &count)));
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

/* ---- goodbyes ---- */

static void draining_says_goodbye_first(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    start(&probe, &done);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "waits", &call)));
    assert_int_equal(receive_number(&probe, call), 1);
    rpc_server_shutdown(probe.server, 2000);
    struct status status = rpc_client_call_finish(call, &probe.arena, &result);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_string_equal(status.detail, "said goodbye");
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

static void a_stream_ends_at_its_maximum_age(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.options.stream_max_age_ms = 60;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_CHAT, NULL, NULL, &call)));
    struct status status = rpc_client_call_finish(call, &probe.arena, &result);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_string_equal(result.details.reason, "STREAM_MAX_AGE");
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

/* A source that never ends is ended when its grace is over. */
static void ignore_goodbye(void *source, enum rpc_goodbye reason) {
    (void)source, (void)reason;
}

static struct status open_stubborn(void *self, struct rpc_call *call, const probe_ask *ask) {
    static const struct rpc_source_ops stubborn = {pull_number, ignore_goodbye, counter_done};
    struct counter *counter = calloc(1, sizeof *counter);
    (void)ask;
    counter->done = self;
    rpc_stream_set_source(call, &stubborn, counter);
    return status_ok();
}

static void a_stubborn_source_is_ended_after_its_grace(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.handlers.self = &done;
    probe.handlers.watch = open_stubborn;
    probe.options.stream_max_age_ms = 50;
    probe.options.goodbye_grace_ms = 50;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "", &call)));
    struct status status = rpc_client_call_finish(call, &probe.arena, &result);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_string_equal(result.details.reason, "STREAM_MAX_AGE");
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
    assert_int_equal(done, 1);
}

/* ---- pressure ---- */

static struct status send_until_refused(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)ask;
    char *large = malloc(60001);
    memset(large, 'x', 60000);
    large[60000] = '\0';
    struct status status = status_ok();
    for (int i = 0; i < 1000 && status_is_ok(status); i++)
        status = probe_answer_stream(call, large);
    free(large);
    atomic_store((_Atomic int *)self, status.code);
    return status;
}

static void a_reader_that_does_not_read_fills_its_outbox_alone(void **state) {
    (void)state;
    _Atomic int code = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.handlers.self = &code;
    probe.handlers.slow = send_until_refused;
    probe.options.stream_outbox_bytes = 256 * 1024;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_SLOW, NULL, "", &call)));
    finish_is(&probe, call, STATUS_RESOURCE_EXHAUSTED);
    probe_server_stop(&probe);
    assert_int_equal(code, STATUS_RESOURCE_EXHAUSTED);
}

/* A client that sends and never reads: the server stops reading it, and does not grow. */
static void a_client_that_does_not_read_is_not_read(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    char *large = malloc(20001);
    memset(large, 'x', 20000);
    large[20000] = '\0';
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.options.stream_outbox_bytes = 256 * 1024;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_CHAT, NULL, NULL, &call)));
    for (int i = 0; i < 30; i++)
        assert_true(status_is_ok(probe_send(call, large)));
    for (int i = 0; i < 30; i++)
        assert_non_null(receive(&probe, call));
    assert_true(status_is_ok(rpc_client_call_close_send(call)));
    finish_is(&probe, call, STATUS_OK);
    free(large);
    probe_server_stop(&probe);
}

/* Empty messages take memory, too: the outbox fills up with them. */
static struct status send_empty_until_refused(void *self, struct rpc_call *call,
                                              const probe_ask *ask) {
    (void)ask;
    struct status status = status_ok();
    for (int i = 0; i < 100000 && status_is_ok(status); i++)
        status = probe_answer_stream(call, "");
    atomic_store((_Atomic int *)self, status.code);
    return status;
}

static void empty_messages_fill_the_outbox(void **state) {
    (void)state;
    _Atomic int code = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.handlers.self = &code;
    probe.handlers.slow = send_empty_until_refused;
    probe.options.stream_outbox_bytes = 256 * 1024;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_SLOW, NULL, "", &call)));
    finish_is(&probe, call, STATUS_RESOURCE_EXHAUSTED);
    probe_server_stop(&probe);
    assert_int_equal(code, STATUS_RESOURCE_EXHAUSTED);
}

/* ---- readers that stall, callers that vanish ---- */

static void wait_for(_Atomic int *value, int wanted) {
    const struct timespec pause = {0, 2000000};
    for (int i = 0; i < 5000 && atomic_load(value) != wanted; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(atomic_load(value), wanted);
}

static enum rpc_pull pull_large(void *source, struct rpc_writer *writer,
                                struct status *ret_status) {
    static const char block[60000];
    struct counter *counter = source;
    if (counter->leaving) {
        *ret_status = status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "said goodbye");
        return RPC_PULL_END;
    }
    rpc_writer_put_bytes(writer, "\x1a\xe0\xd4\x03", 4); /* payload, of 60,000 bytes */
    rpc_writer_put_bytes(writer, block, sizeof block);
    return RPC_PULL_READY;
}

static struct status open_flood(void *self, struct rpc_call *call, const probe_ask *ask) {
    static const struct rpc_source_ops flood = {pull_large, leave, counter_done};
    struct counter *counter = calloc(1, sizeof *counter);
    (void)ask;
    counter->done = self;
    rpc_stream_set_source(call, &flood, counter);
    return status_ok();
}

static void a_reader_that_stalls_cannot_outlive_its_streams_age(void **state) {
    (void)state;
    _Atomic int done = 0;
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    probe_server_init(&probe);
    probe.handlers = stream_handlers;
    probe.handlers.self = &done;
    probe.handlers.watch = open_flood;
    probe.options.stream_max_age_ms = 100;
    probe.options.goodbye_grace_ms = 100;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "", &call)));
    wait_for(&done, 1); /* the client reads nothing at all */
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

struct upload {
    _Atomic int begun;
    _Atomic int ended;
    _Atomic int completed;
};

static void upload_ended(void *state) {
    atomic_fetch_add(&((struct upload *)state)->ended, 1);
}

static struct status begin_upload(void *self, struct rpc_call *call) {
    atomic_fetch_add(&((struct upload *)self)->begun, 1);
    rpc_call_set_state(call, self, upload_ended);
    return status_ok();
}

static struct status accept_part(void *self, struct rpc_call *call, const probe_ask *ask) {
    (void)self, (void)call, (void)ask;
    return status_ok();
}

static struct status complete_upload(void *self, struct rpc_call *call, probe_answer *ret_answer) {
    (void)call, (void)ret_answer;
    atomic_fetch_add(&((struct upload *)self)->completed, 1);
    return status_ok();
}

static struct status complete_talk(void *self, struct rpc_call *call) {
    return complete_upload(self, call, NULL);
}

static void start_uploads(struct probe_server *probe, struct upload *upload) {
    probe_server_init(probe);
    probe->handlers = (struct probe_handlers){.self = upload,
                                              .collect = begin_upload,
                                              .collect_message = accept_part,
                                              .collect_half_close = complete_upload,
                                              .quick = begin_upload,
                                              .quick_message = accept_part,
                                              .quick_half_close = complete_talk};
    probe->options.max_message_bytes = 1000;
    probe_server_start(probe);
}

/* What half-closes is complete; what is cut off is not, and must not be taken for it. */
static void a_cancelled_upload_is_not_complete(void **state) {
    (void)state;
    static const enum probe_method methods[] = {PROBE_COLLECT, PROBE_QUICK};
    struct upload upload = {0};
    struct probe_server probe;
    start_uploads(&probe, &upload);
    for (int i = 0; i < 40; i++) {
        struct rpc_client_call *call = NULL;
        assert_true(status_is_ok(probe_open(probe.channel, methods[i % 2], NULL, NULL, &call)));
        assert_true(status_is_ok(probe_send(call, "a part")));
        wait_for(&upload.begun, i + 1);
        rpc_client_call_free(&call); /* cancels */
        wait_for(&upload.ended, i + 1);
    }
    probe_server_stop(&probe);
    assert_int_equal(upload.completed, 0);
}

static void an_upload_with_a_message_that_is_too_large_is_not_complete(void **state) {
    (void)state;
    static const enum probe_method methods[] = {PROBE_COLLECT, PROBE_QUICK};
    struct upload upload = {0};
    struct probe_server probe;
    char large[2001];
    memset(large, 'x', 2000);
    large[2000] = '\0';
    start_uploads(&probe, &upload);
    for (int i = 0; i < 10; i++) {
        struct rpc_client_call *call = NULL;
        assert_true(status_is_ok(probe_open(probe.channel, methods[i % 2], NULL, NULL, &call)));
        struct status sent = probe_send(call, large);
        (void)sent;
        finish_is(&probe, call, STATUS_RESOURCE_EXHAUSTED);
        wait_for(&upload.ended, i + 1);
    }
    probe_server_stop(&probe);
    assert_int_equal(upload.completed, 0);
}

/* ---- the client's other face ---- */

struct listener {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int messages;
    bool ended;
    int32_t code;
};

typedef void on_answer(void *context, const probe_answer *answer);

static void count_message(void *context, const probe_answer *answer) {
    struct listener *listener = context;
    assert_string_equal(answer->text, "heard");
    listener->messages++;
}

static void deliver_answer(rpc_any_function *callback, void *context,
                           const ProtobufCMessage *message) {
    ((on_answer *)callback)(context, (const probe_answer *)message);
}

static void note_end(void *context, const struct rpc_result *result) {
    struct listener *listener = context;
    pthread_mutex_lock(&listener->lock);
    listener->ended = true;
    listener->code = result->status.code;
    pthread_cond_signal(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

static void a_listener_hears_all_and_then_the_end(void **state) {
    (void)state;
    struct listener listener = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                .changed = PTHREAD_COND_INITIALIZER};
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    start(&probe, NULL);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_SLOW, NULL, "heard", &call)));
    assert_true(status_is_ok(rpc_client_call_listen(
        call, deliver_answer, (rpc_any_function *)count_message, note_end, &listener)));
    pthread_mutex_lock(&listener.lock);
    while (!listener.ended)
        pthread_cond_wait(&listener.changed, &listener.lock);
    pthread_mutex_unlock(&listener.lock);
    assert_int_equal(listener.messages, 3);
    assert_int_equal(listener.code, STATUS_OK);
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_streaming_collects),
        cmocka_unit_test(a_message_handlers_error_ends_the_stream),
        cmocka_unit_test(server_streaming_sends_and_ends),
        cmocka_unit_test(both_directions_on_worker_and_poller),
        cmocka_unit_test(an_empty_stream_ends_well),
        cmocka_unit_test(a_source_is_pulled_in_order_and_done_once),
        cmocka_unit_test(a_refused_stream_still_releases_its_source),
        cmocka_unit_test(a_cancel_reaches_the_source),
        cmocka_unit_test(a_deadline_ends_a_stream),
        cmocka_unit_test(a_stream_that_waits_sends_its_headers),
        cmocka_unit_test(draining_says_goodbye_first),
        cmocka_unit_test(a_stream_ends_at_its_maximum_age),
        cmocka_unit_test(a_stubborn_source_is_ended_after_its_grace),
        cmocka_unit_test(a_reader_that_does_not_read_fills_its_outbox_alone),
        cmocka_unit_test(a_client_that_does_not_read_is_not_read),
        cmocka_unit_test(empty_messages_fill_the_outbox),
        cmocka_unit_test(a_reader_that_stalls_cannot_outlive_its_streams_age),
        cmocka_unit_test(a_cancelled_upload_is_not_complete),
        cmocka_unit_test(an_upload_with_a_message_that_is_too_large_is_not_complete),
        cmocka_unit_test(a_listener_hears_all_and_then_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
