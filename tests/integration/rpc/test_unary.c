/* Unary calls through a real server and a real channel. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "support/cmocka.h"
#include "support/probe_server.h"

/* ---- answers ---- */

static void answers_on_the_poller_and_on_a_worker(void **state) {
    (void)state;
    struct probe_server probe;
    const char *text = NULL;
    probe_server_init(&probe);
    probe_server_start(&probe);
    assert_true(status_is_ok(
        probe_call(probe.channel, PROBE_ECHO, NULL, "héllo", &probe.arena, &text, NULL)));
    assert_string_equal(text, "héllo");
    assert_true(status_is_ok(
        probe_call(probe.channel, PROBE_WORK, NULL, "work", &probe.arena, &text, NULL)));
    assert_string_equal(text, "work");
    probe_server_stop(&probe);
}

static struct status fail_with_details(void *self, struct rpc_call *call, const probe_ask *ask,
                                       probe_answer *ret_answer) {
    (void)self, (void)ask, (void)ret_answer;
    rpc_call_add_violation(call, "ask.text", "must be kinder");
    rpc_call_add_error_metadata(call, "seats", "8");
    rpc_call_add_quota_violation(call, "sessions", "3 a month");
    rpc_call_set_retry_after(call, 1500);
    return status_error(STATUS_FAILED_PRECONDITION, 7, "no seat is left");
}

static const char *seven(int32_t reason) {
    return reason == 7 ? "CONVERSATION_FULL" : NULL;
}

static void an_error_carries_its_details(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.handlers.work = fail_with_details;
    probe.options.reason_name = seven;
    probe.options.error_domain = "probe.test";
    probe_server_start(&probe);
    struct status status = probe_server_call(&probe, PROBE_WORK, "x", &result);
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_string_equal(status.detail, "no seat is left");
    assert_string_equal(result.details.reason, "CONVERSATION_FULL");
    assert_string_equal(result.details.domain, "probe.test");
    assert_int_equal(result.details.metadata_count, 1);
    assert_string_equal(result.details.metadata[0].value, "8");
    assert_int_equal(result.details.violation_count, 1);
    assert_string_equal(result.details.violations[0].field, "ask.text");
    assert_int_equal(result.details.quota_violation_count, 1);
    assert_int_equal(result.details.retry_after_ms, 1500);
    const struct rpc_header *pushback = rpc_header_find(
        result.trailing_metadata, result.trailing_metadata_count, "grpc-retry-pushback-ms");
    assert_non_null(pushback);
    assert_string_equal(pushback->value, "1500");
    probe_server_stop(&probe);
}

static struct status fail_at_length(void *self, struct rpc_call *call, const probe_ask *ask,
                                    probe_answer *ret_answer) {
    (void)self, (void)ask, (void)ret_answer;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 100; i++)
        rpc_call_add_violation(call, "ask.text", text);
    return status_error(STATUS_FAILED_PRECONDITION, STATUS_NO_REASON, "many things are wrong");
}

/* Details as large as they may be do not go beyond what a client takes for trailers by default. */
static void an_error_with_long_details_arrives(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.handlers.work = fail_at_length;
    probe_server_start(&probe);
    struct status status = probe_server_call(&probe, PROBE_WORK, "x", &result);
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_true(result.details.violation_count > 0);
    probe_server_stop(&probe);
}

static void a_handler_left_null_is_unimplemented(void **state) {
    (void)state;
    struct probe_server probe;
    probe_server_init(&probe);
    probe.handlers.echo = NULL;
    probe_server_start(&probe);
    assert_int_equal(probe_server_call(&probe, PROBE_ECHO, "x", NULL).code, STATUS_UNIMPLEMENTED);
    probe_server_stop(&probe);
}

static void an_unknown_method_is_answered_at_once(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_method unknown = *probe_method(PROBE_ECHO);
    probe_ask ask = PROBE__V1__ASK__INIT;
    ProtobufCMessage *response = NULL;
    probe_server_init(&probe);
    probe_server_start(&probe);
    unknown.path = "/probe.v1.Probe/Nothing";
    struct status status =
        rpc_channel_call(probe.channel, &unknown, NULL, &ask.base, &probe.arena, &response, NULL);
    assert_int_equal(status.code, STATUS_UNIMPLEMENTED);
    assert_string_equal(status.detail, "the service has no such method");
    unknown.path = "/nobody.Nowhere/Nothing";
    status =
        rpc_channel_call(probe.channel, &unknown, NULL, &ask.base, &probe.arena, &response, NULL);
    assert_int_equal(status.code, STATUS_UNIMPLEMENTED);
    assert_string_equal(status.detail, "this server has no such service");
    struct rpc_server_figures figures;
    rpc_server_figures(probe.server, &figures);
    assert_int_equal(figures.unknown_methods, 2);
    probe_server_stop(&probe);
}

/* ---- deferred answers ---- */

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

static struct status answer_later(void *self, struct rpc_call *call, const probe_ask *ask,
                                  probe_answer *ret_answer) {
    (void)self;
    struct later *later = calloc(1, sizeof *later);
    ret_answer->text = arena_strdup(rpc_call_arena(call), ask->text);
    later->work.run = finish_later;
    later->call = call;
    rpc_call_defer(call);
    assert_int_equal(
        workers_submit(rpc_server_workers(rpc_call_server(call)), &later->work, INT64_MAX),
        WORKERS_ACCEPTED);
    return status_ok();
}

static struct status answer_never(void *self, struct rpc_call *call, const probe_ask *ask,
                                  probe_answer *ret_answer) {
    (void)ask, (void)ret_answer;
    rpc_call_defer(call);
    atomic_store((_Atomic(struct rpc_call *) *)self, call);
    return status_ok();
}

static void a_deferred_call_is_held_to_the_servers_deadline(void **state) {
    (void)state;
    static const enum probe_method methods[] = {PROBE_ECHO, PROBE_WORK};
    const struct rpc_call_options options = {.timeout_ms = 10000};
    for (int i = 0; i < 2; i++) {
        struct probe_server probe;
        _Atomic(struct rpc_call *) call = NULL;
        const char *text = NULL;
        probe_server_init(&probe);
        probe.handlers.self = &call;
        probe.handlers.echo = probe.handlers.work = answer_never;
        probe.options.max_unary_deadline_ms = 50;
        probe_server_start(&probe);
        struct status status =
            probe_call(probe.channel, methods[i], &options, "x", &probe.arena, &text, NULL);
        assert_int_equal(status.code, STATUS_DEADLINE_EXCEEDED);
        assert_string_equal(status.detail, "the server's own time limit has passed");
        rpc_call_finish(atomic_load(&call), status_ok());
        probe_server_stop(&probe);
    }
}

static void a_deferred_call_is_finished_by_another_thread(void **state) {
    (void)state;
    struct probe_server probe;
    const char *text = NULL;
    probe_server_init(&probe);
    probe.handlers.echo = answer_later;
    probe.handlers.work = answer_later;
    probe_server_start(&probe);
    for (int i = 0; i < 50; i++) {
        enum probe_method method = i % 2 ? PROBE_ECHO : PROBE_WORK;
        assert_true(status_is_ok(
            probe_call(probe.channel, method, NULL, "later", &probe.arena, &text, NULL)));
        assert_string_equal(text, "later");
    }
    probe_server_stop(&probe);
}

/* ---- limits ---- */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside;
    bool open;
    bool saw_cancel;
};

static struct status wait_at_gate(void *self, struct rpc_call *call, const probe_ask *ask,
                                  probe_answer *ret_answer) {
    struct gate *gate = self;
    (void)ask, (void)ret_answer;
    pthread_mutex_lock(&gate->lock);
    gate->inside++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->saw_cancel = rpc_call_is_cancelled(call);
    pthread_mutex_unlock(&gate->lock);
    return status_ok();
}

static void open_gate(struct gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void wait_until_inside(struct gate *gate, int count) {
    pthread_mutex_lock(&gate->lock);
    while (gate->inside < count)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void *call_work(void *argument) {
    struct probe_server *probe = argument;
    struct arena arena;
    const char *text = NULL;
    arena_init(&arena, 1 << 20);
    struct status status = probe_call(probe->channel, PROBE_WORK, NULL, "x", &arena, &text, NULL);
    assert_true(status_is_ok(status));
    arena_done(&arena);
    return NULL;
}

static void a_full_queue_refuses_and_says_when_to_retry(void **state) {
    (void)state;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct probe_server probe;
    struct rpc_result result;
    struct workers_figures figures = {0};
    pthread_t threads[2];
    probe_server_init(&probe);
    probe.options.worker_count = 1;
    probe.options.worker_queue_capacity = 1;
    probe.handlers.self = &gate;
    probe.handlers.work = wait_at_gate;
    probe_server_start(&probe);
    pthread_create(&threads[0], NULL, call_work, &probe);
    wait_until_inside(&gate, 1);
    pthread_create(&threads[1], NULL, call_work, &probe);
    while (figures.waiting < 1)
        workers_figures(rpc_server_workers(probe.server), &figures);
    struct status status = probe_server_call(&probe, PROBE_WORK, "x", &result);
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    assert_string_equal(result.details.reason, "SERVER_OVERLOADED");
    assert_true(result.details.retry_after_ms > 0);
    open_gate(&gate);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    probe_server_stop(&probe);
}

static void the_servers_own_deadline_ends_a_call(void **state) {
    (void)state;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct probe_server probe;
    probe_server_init(&probe);
    probe.options.max_unary_deadline_ms = 50;
    probe.handlers.self = &gate;
    probe.handlers.work = wait_at_gate;
    probe_server_start(&probe);
    assert_int_equal(probe_server_call(&probe, PROBE_WORK, "x", NULL).code,
                     STATUS_DEADLINE_EXCEEDED);
    open_gate(&gate);
    probe_server_stop(&probe);
    assert_true(gate.saw_cancel);
}

static void a_message_over_the_limit_is_refused(void **state) {
    (void)state;
    struct probe_server probe;
    char *large = malloc(70000);
    memset(large, 'x', 69999);
    large[69999] = '\0';
    probe_server_init(&probe);
    probe.options.max_message_bytes = 65536;
    probe_server_start(&probe);
    assert_int_equal(probe_server_call(&probe, PROBE_ECHO, large, NULL).code,
                     STATUS_RESOURCE_EXHAUSTED);
    assert_true(status_is_ok(probe_server_call(&probe, PROBE_ECHO, "small", NULL)));
    free(large);
    probe_server_stop(&probe);
}

static void an_answer_over_the_limit_is_an_internal_error(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_result result;
    char *large = malloc(70000);
    memset(large, 'x', 69999);
    large[69999] = '\0';
    probe_server_init(&probe);
    probe.options.max_send_message_bytes = 65536;
    probe_server_start(&probe);
    assert_int_equal(probe_server_call(&probe, PROBE_ECHO, large, &result).code, STATUS_INTERNAL);
    assert_string_equal(result.details.reason, "MESSAGE_TOO_LARGE");
    free(large);
    probe_server_stop(&probe);
}

/* ---- metadata and compression ---- */

static struct status echo_metadata(void *self, struct rpc_call *call, const probe_ask *ask,
                                   probe_answer *ret_answer) {
    (void)self, (void)ask;
    size_t len = 0;
    const char *text = rpc_call_metadata(call, "x-text", NULL);
    const char *bytes = rpc_call_metadata(call, "x-bytes-bin", &len);
    assert_non_null(text);
    assert_non_null(bytes);
    TRY(rpc_call_add_initial_metadata(call, "x-text", text, strlen(text)));
    TRY(rpc_call_add_trailing_metadata(call, "x-bytes-bin", bytes, len));
    assert_int_equal(rpc_call_add_trailing_metadata(call, "grpc-status", "0", 1).code,
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(rpc_call_add_trailing_metadata(call, "Bad Key", "0", 1).code,
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(rpc_call_add_trailing_metadata(call, "x-bad", "\n", 1).code,
                     STATUS_INVALID_ARGUMENT);
    ret_answer->number = rpc_call_message_was_compressed(call);
    return status_ok();
}

static void metadata_travels_both_ways(void **state) {
    (void)state;
    const struct rpc_header headers[] = {{"x-text", "abc", 3}, {"x-bytes-bin", "\0\1\2", 3}};
    const struct rpc_call_options options = {.headers = headers, .header_count = 2};
    struct probe_server probe;
    struct rpc_result result;
    const char *text = NULL;
    probe_server_init(&probe);
    probe.handlers.work = echo_metadata;
    probe_server_start(&probe);
    assert_true(status_is_ok(
        probe_call(probe.channel, PROBE_WORK, &options, "x", &probe.arena, &text, &result)));
    const struct rpc_header *initial =
        rpc_header_find(result.initial_metadata, result.initial_metadata_count, "x-text");
    const struct rpc_header *trailing =
        rpc_header_find(result.trailing_metadata, result.trailing_metadata_count, "x-bytes-bin");
    assert_non_null(initial);
    assert_string_equal(initial->value, "abc");
    assert_non_null(trailing);
    assert_int_equal(trailing->value_len, 3);
    assert_memory_equal(trailing->value, "\0\1\2", 3);
    probe_server_stop(&probe);
}

static struct status compress_answer(void *self, struct rpc_call *call, const probe_ask *ask,
                                     probe_answer *ret_answer) {
    (void)self;
    rpc_call_compress(call);
    ret_answer->text = arena_strdup(rpc_call_arena(call), ask->text);
    ret_answer->number = rpc_call_message_was_compressed(call);
    return status_ok();
}

static void messages_are_compressed_both_ways(void **state) {
    (void)state;
    struct probe_server probe;
    struct rpc_result result;
    struct rpc_call_options options = {.compress = true};
    ProtobufCMessage *response = NULL;
    probe_ask ask = PROBE__V1__ASK__INIT;
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ask.text = text;
    probe_server_init(&probe);
    probe.handlers.work = compress_answer;
    probe_server_start(&probe);
    assert_true(status_is_ok(rpc_channel_call(probe.channel, probe_method(PROBE_WORK), &options,
                                              &ask.base, &probe.arena, &response, &result)));
    assert_string_equal(((probe_answer *)response)->text, text);
    assert_int_equal(((probe_answer *)response)->number, 1);
    assert_true(result.message_was_compressed);
    probe_server_stop(&probe);
}

struct seen_figures {
    uint64_t ok;
    uint64_t failed;
};

static void look(void *context, const struct rpc_method_figures *figures) {
    struct seen_figures *seen = context;
    if (figures->method == probe_method(PROBE_WORK))
        seen->failed = figures->finished_by_code[STATUS_FAILED_PRECONDITION];
    if (figures->method == probe_method(PROBE_ECHO))
        seen->ok = figures->finished_by_code[STATUS_OK];
}

static void figures_count_every_end(void **state) {
    (void)state;
    struct probe_server probe;
    struct seen_figures seen = {0};
    probe_server_init(&probe);
    probe.handlers.work = fail_with_details;
    probe_server_start(&probe);
    for (int i = 0; i < 3; i++) {
        assert_true(status_is_ok(probe_server_call(&probe, PROBE_ECHO, "x", NULL)));
        assert_false(status_is_ok(probe_server_call(&probe, PROBE_WORK, "x", NULL)));
    }
    rpc_server_shutdown(probe.server, 1000);
    rpc_server_visit_figures(probe.server, look, &seen);
    assert_int_equal(seen.ok, 3);
    assert_int_equal(seen.failed, 3);
    probe_server_stop(&probe);
}

static void never(struct work *work, size_t worker_index) {
    (void)work, (void)worker_index;
    abort();
}

/* The poller runs on until the server is freed, and what it runs may ask for a worker. */
static void after_the_shutdown_work_is_refused(void **state) {
    (void)state;
    struct work work = {.run = never};
    struct probe_server probe;
    probe_server_init(&probe);
    probe_server_start(&probe);
    rpc_server_shutdown(probe.server, 1000);
    assert_int_equal(workers_submit(rpc_server_workers(probe.server), &work, INT64_MAX),
                     WORKERS_STOPPED);
    probe_server_stop(&probe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_on_the_poller_and_on_a_worker),
        cmocka_unit_test(an_error_carries_its_details),
        cmocka_unit_test(an_error_with_long_details_arrives),
        cmocka_unit_test(a_deferred_call_is_held_to_the_servers_deadline),
        cmocka_unit_test(a_handler_left_null_is_unimplemented),
        cmocka_unit_test(an_unknown_method_is_answered_at_once),
        cmocka_unit_test(a_deferred_call_is_finished_by_another_thread),
        cmocka_unit_test(a_full_queue_refuses_and_says_when_to_retry),
        cmocka_unit_test(the_servers_own_deadline_ends_a_call),
        cmocka_unit_test(a_message_over_the_limit_is_refused),
        cmocka_unit_test(an_answer_over_the_limit_is_an_internal_error),
        cmocka_unit_test(metadata_travels_both_ways),
        cmocka_unit_test(messages_are_compressed_both_ways),
        cmocka_unit_test(figures_count_every_end),
        cmocka_unit_test(after_the_shutdown_work_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
