/* Authentication, access and rate limit, in front of a real server's handlers. */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/testing.h"
#include "support/cmocka.h"
#include "support/probe_server.h"

static struct rpc_principal *principal_of(const char *role, const char *scope,
                                          int64_t expires_at_us) {
    const struct rpc_principal_fields fields = {
        .subject = "someone",
        .tenant = "probe",
        .roles = &role,
        .role_count = role ? 1 : 0,
        .scopes = &scope,
        .scope_count = scope ? 1 : 0,
        .expires_at_us = expires_at_us,
    };
    return rpc_principal_new(&fields);
}

/* Knows a few words; "slow" must be verified where blocking is allowed. */
static enum rpc_auth_verdict authenticate(void *context, struct rpc_call *call,
                                          const char *authorization, bool may_block,
                                          struct rpc_principal **ret_principal,
                                          struct status *ret_status) {
    _Atomic int *blocked = context;
    (void)call;
    if (strcmp(authorization, "Bearer slow") == 0 && !may_block) {
        atomic_fetch_add(blocked, 1);
        return RPC_AUTH_BLOCKS;
    }
    int64_t soon_us = clock_wall_us(clock_system()) + 80000;
    if (strcmp(authorization, "Bearer student") == 0 || strcmp(authorization, "Bearer slow") == 0)
        *ret_principal = principal_of("student", NULL, INT64_MAX);
    else if (strcmp(authorization, "Bearer guest") == 0)
        *ret_principal = principal_of("guest", NULL, INT64_MAX);
    else if (strcmp(authorization, "Bearer scoped") == 0)
        *ret_principal = principal_of(NULL, "probe.use", INT64_MAX);
    else if (strcmp(authorization, "Bearer brief") == 0)
        *ret_principal = principal_of("student", NULL, soon_us);
    else if (*authorization)
        *ret_status = status_error(STATUS_UNAUTHENTICATED, STATUS_NO_REASON, "bad token");
    return RPC_AUTH_DONE;
}

static struct status whoami(void *self, struct rpc_call *call, const probe_ask *ask,
                            probe_answer *ret_answer) {
    (void)self, (void)ask;
    const struct rpc_principal *principal = rpc_call_principal(call);
    ret_answer->text = arena_strdup(rpc_call_arena(call),
                                    principal ? rpc_principal_get(principal)->subject : "nobody");
    return status_ok();
}

static void start(struct probe_server *probe, _Atomic int *blocked) {
    probe_server_init(probe);
    probe->options.authenticate = authenticate;
    probe->options.authenticate_context = blocked;
    probe->handlers.guarded = whoami;
    probe->handlers.work = whoami;
    probe->handlers.echo = whoami;
    probe_server_start(probe);
}

static int32_t code_with(struct probe_server *probe, enum probe_method method,
                         const char *authorization, struct rpc_result *ret_result) {
    const struct rpc_call_options options = {.authorization = authorization};
    const char *text = NULL;
    return probe_call(probe->channel, method, &options, "x", &probe->arena, &text, ret_result).code;
}

static void access_opens_by_role_or_scope(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    struct probe_server probe;
    struct rpc_result result;
    start(&probe, &blocked);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer student", NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer scoped", NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer guest", &result),
                     STATUS_PERMISSION_DENIED);
    assert_string_equal(result.details.reason, "ACCESS_DENIED");
    assert_int_equal(code_with(&probe, PROBE_GUARDED, NULL, &result), STATUS_UNAUTHENTICATED);
    assert_string_equal(result.details.reason, "TOKEN_MISSING");
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer wrong", NULL),
                     STATUS_UNAUTHENTICATED);
    probe_server_stop(&probe);
}

static void a_public_method_takes_anybody_but_no_bad_token(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    struct probe_server probe;
    start(&probe, &blocked);
    assert_int_equal(code_with(&probe, PROBE_WORK, NULL, NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_WORK, "Bearer student", NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_WORK, "Bearer wrong", NULL), STATUS_UNAUTHENTICATED);
    probe_server_stop(&probe);
}

static void what_is_not_implemented_is_told_to_those_who_may_call_it(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    struct probe_server probe;
    probe_server_init(&probe);
    probe.options.authenticate = authenticate;
    probe.options.authenticate_context = &blocked;
    probe.handlers.guarded = NULL;
    probe_server_start(&probe);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, NULL, NULL), STATUS_UNAUTHENTICATED);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer guest", NULL),
                     STATUS_PERMISSION_DENIED);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer student", NULL),
                     STATUS_UNIMPLEMENTED);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer slow", NULL), STATUS_UNIMPLEMENTED);
    probe_server_stop(&probe);
}

static void a_token_that_blocks_is_verified_on_a_worker(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    struct probe_server probe;
    start(&probe, &blocked);
    assert_int_equal(code_with(&probe, PROBE_GUARDED, "Bearer slow", NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_ECHO, "Bearer slow", NULL), STATUS_OK);
    assert_int_equal(blocked, 2);
    probe_server_stop(&probe);
}

static void two_authorization_headers_are_refused(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    const struct rpc_header second = {"authorization", "Bearer student", 14};
    const struct rpc_call_options options = {
        .authorization = "Bearer student", .headers = &second, .header_count = 1};
    struct probe_server probe;
    struct rpc_result result;
    const char *text = NULL;
    start(&probe, &blocked);
    struct status status =
        probe_call(probe.channel, PROBE_GUARDED, &options, "x", &probe.arena, &text, &result);
    assert_int_equal(status.code, STATUS_UNAUTHENTICATED);
    assert_string_equal(result.details.reason, "TOKEN_AMBIGUOUS");
    probe_server_stop(&probe);
}

static struct status accept_stream(void *self, struct rpc_call *call) {
    (void)self, (void)call;
    return status_ok();
}

static void a_stream_ends_when_its_token_does(void **state) {
    (void)state;
    _Atomic int blocked = 0;
    const struct rpc_call_options options = {.authorization = "Bearer brief"};
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.options.authenticate = authenticate;
    probe.options.authenticate_context = &blocked;
    probe.handlers.chat = accept_stream;
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_CHAT, &options, NULL, &call)));
    struct status status = rpc_client_call_finish(call, &probe.arena, &result);
    assert_int_equal(status.code, STATUS_UNAUTHENTICATED);
    assert_string_equal(result.details.reason, "TOKEN_EXPIRED");
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

static struct status admit_two(void *context, struct rpc_call *call) {
    _Atomic int *admitted = context;
    if (atomic_fetch_add(admitted, 1) < 2)
        return status_ok();
    rpc_call_set_retry_after(call, 250);
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "slower, please");
}

static void the_rate_limit_refuses_before_the_handler(void **state) {
    (void)state;
    _Atomic int admitted = 0;
    struct probe_server probe;
    struct rpc_result result;
    probe_server_init(&probe);
    probe.options.admit = admit_two;
    probe.options.admit_context = &admitted;
    probe_server_start(&probe);
    assert_int_equal(code_with(&probe, PROBE_ECHO, NULL, NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_WORK, NULL, NULL), STATUS_OK);
    assert_int_equal(code_with(&probe, PROBE_WORK, NULL, &result), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(result.details.retry_after_ms, 250);
    probe_server_stop(&probe);
}

/* ---- without a network ---- */

static void a_handler_is_tested_without_a_network(void **state) {
    (void)state;
    const struct probe_handlers handlers = {.guarded = whoami};
    struct rpc_principal *student = principal_of("student", NULL, INT64_MAX);
    struct rpc_principal *guest = principal_of("guest", NULL, INT64_MAX);
    probe_ask ask = PROBE__V1__ASK__INIT;
    probe_answer answer = PROBE__V1__ANSWER__INIT;
    struct rpc_call *call =
        rpc_testing_call_new(&(struct rpc_testing_options){.principal = student});
    struct status status =
        rpc_testing_invoke(call, probe_method(PROBE_GUARDED), &handlers, &ask.base, &answer.base);
    assert_int_equal(status.code, STATUS_OK);
    assert_string_equal(answer.text, "someone");
    rpc_testing_call_free(&call);
    call = rpc_testing_call_new(&(struct rpc_testing_options){.principal = guest});
    status =
        rpc_testing_invoke(call, probe_method(PROBE_GUARDED), &handlers, &ask.base, &answer.base);
    assert_int_equal(status.code, STATUS_PERMISSION_DENIED);
    rpc_testing_call_free(&call);
    rpc_principal_unref(&student);
    rpc_principal_unref(&guest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_opens_by_role_or_scope),
        cmocka_unit_test(a_public_method_takes_anybody_but_no_bad_token),
        cmocka_unit_test(what_is_not_implemented_is_told_to_those_who_may_call_it),
        cmocka_unit_test(a_token_that_blocks_is_verified_on_a_worker),
        cmocka_unit_test(two_authorization_headers_are_refused),
        cmocka_unit_test(a_stream_ends_when_its_token_does),
        cmocka_unit_test(the_rate_limit_refuses_before_the_handler),
        cmocka_unit_test(a_handler_is_tested_without_a_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
