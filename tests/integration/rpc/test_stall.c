/* A stream whose reader has stalled is cut off at once when its source asks for it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "support/cmocka.h"
#include "support/probe_server.h"

struct flood {
    struct rpc_task cut; /* on the poller */
    struct rpc_call *call;
    _Atomic int pulls;
    _Atomic int done;
};

static enum rpc_pull pull_large(void *source, struct rpc_writer *writer,
                                struct status *ret_status) {
    static const char block[60000];
    struct flood *flood = source;
    (void)ret_status;
    rpc_writer_put_bytes(writer, "\x1a\xe0\xd4\x03", 4); /* payload, of 60,000 bytes */
    rpc_writer_put_bytes(writer, block, sizeof block);
    atomic_fetch_add(&flood->pulls, 1);
    return RPC_PULL_READY;
}

static void flood_done(void *source) {
    atomic_fetch_add(&((struct flood *)source)->done, 1);
}

static const struct rpc_source_ops flood_ops = {pull_large, NULL, flood_done};

static struct status open_flood(void *self, struct rpc_call *call, const probe_ask *ask) {
    struct flood *flood = self;
    (void)ask;
    flood->call = rpc_call_ref(call);
    rpc_stream_set_source(call, &flood_ops, flood);
    return status_ok();
}

static void cut_off(struct rpc_task *task) {
    struct flood *flood = (struct flood *)task; /* its first member */
    rpc_stream_cut_off(flood->call, status_error(STATUS_ABORTED, 0, "replaced"));
    rpc_stream_cut_off(flood->call, status_error(STATUS_INTERNAL, 0, "the first counts"));
}

static void rest(void) {
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

/* Until a write does not end: its reader's windows are full. */
static void await_stall(struct flood *flood) {
    int pulls = 0;
    for (int quiet = 0; quiet < 50 || pulls == 0; quiet++) {
        int now = atomic_load(&flood->pulls);
        if (now != pulls)
            quiet = 0;
        pulls = now;
        rest();
    }
}

static void a_stalled_stream_is_cut_off(void **state) {
    (void)state;
    struct flood flood = {.cut.run = cut_off};
    struct probe_server probe;
    struct rpc_client_call *call = NULL;
    probe_server_init(&probe);
    probe.handlers = (struct probe_handlers){.self = &flood, .watch = open_flood};
    probe.options.goodbye_grace_ms = 60000; /* is not waited for */
    probe_server_start(&probe);
    assert_true(status_is_ok(probe_open(probe.channel, PROBE_WATCH, NULL, "", &call)));
    await_stall(&flood);
    assert_int_equal(flood.done, 0);
    rpc_server_post(probe.server, &flood.cut);
    for (int i = 0; i < 2500 && flood.done == 0; i++)
        rest();
    assert_int_equal(flood.done, 1);
    rpc_call_unref(&flood.call);
    assert_int_equal(rpc_client_call_finish(call, &probe.arena, NULL).code, STATUS_ABORTED);
    rpc_client_call_free(&call);
    probe_server_stop(&probe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_stream_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
