/* A server that runs out of memory for a while serves again when there is some. */
#include "support/alloc_fault.h"
#include "support/cmocka.h"
#include "support/probe_server.h"

static struct status call_unknown(struct probe_server *probe) {
    const struct rpc_call_options options = {.timeout_ms = 5000};
    struct rpc_method unknown = *probe_method(PROBE_ECHO);
    probe_ask ask = PROBE__V1__ASK__INIT;
    ProtobufCMessage *response = NULL;
    unknown.path = "/probe.v1.Probe/Nothing";
    return rpc_channel_call(probe->channel, &unknown, &options, &ask.base, &probe->arena, &response,
                            NULL);
}

/* Each answer takes the one request that was posted; the next could not be. */
static void unknown_methods_are_answered_again(void **state) {
    (void)state;
    struct probe_server probe;
    probe_server_init(&probe);
    probe_server_start(&probe);
    assert_int_equal(call_unknown(&probe).code, STATUS_UNIMPLEMENTED);
    alloc_fault_fail_from(1);
    struct status status = call_unknown(&probe);
    alloc_fault_end();
    assert_int_equal(status.code, STATUS_UNIMPLEMENTED);
    assert_int_equal(call_unknown(&probe).code, STATUS_UNIMPLEMENTED);
    probe_server_stop(&probe);
}

static void methods_are_answered_again(void **state) {
    (void)state;
    struct probe_server probe;
    const struct rpc_call_options options = {.timeout_ms = 300};
    const char *text = NULL;
    probe_server_init(&probe);
    probe_server_start(&probe);
    alloc_fault_fail_from(1);
    for (int i = 0; i < 4; i++) {
        struct status status =
            probe_call(probe.channel, PROBE_WORK, &options, "x", &probe.arena, &text, NULL);
        assert_int_not_equal(status.code, STATUS_OK);
    }
    alloc_fault_end();
    assert_int_equal(probe_server_call(&probe, PROBE_WORK, "x", NULL).code, STATUS_OK);
    probe_server_stop(&probe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_methods_are_answered_again),
        cmocka_unit_test(methods_are_answered_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
