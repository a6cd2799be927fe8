#include "support/probe_server.h"

#include <stdio.h>

#include "support/cmocka.h"

static struct status answer_text(void *self, struct rpc_call *call, const probe_ask *ask,
                                 probe_answer *ret_answer) {
    (void)self;
    ret_answer->text = arena_strdup(rpc_call_arena(call), ask->text);
    return status_ok();
}

void probe_server_init(struct probe_server *probe) {
    *probe = (struct probe_server){
        .handlers = {.echo = answer_text, .work = answer_text, .guarded = answer_text},
    };
    rpc_server_options_init(&probe->options);
    probe->options.worker_count = 2;
    probe->options.stream_queues = 4;
    rpc_channel_options_init(&probe->channel_options);
    probe->channel_options.dedicated_connection = true;
    arena_init(&probe->arena, 16u << 20);
}

void probe_server_start(struct probe_server *probe) {
    assert_int_equal(rpc_server_new(&probe->options, &probe->server).code, STATUS_OK);
    assert_int_equal(rpc_server_add_service(probe->server, &probe_service, &probe->handlers).code,
                     STATUS_OK);
    assert_int_equal(rpc_server_start(probe->server).code, STATUS_OK);
    snprintf(probe->target, sizeof probe->target, "127.0.0.1:%d", rpc_server_port(probe->server));
    assert_int_equal(rpc_channel_new(probe->target, &probe->channel_options, &probe->channel).code,
                     STATUS_OK);
}

void probe_server_stop(struct probe_server *probe) {
    struct rpc_server_figures figures;
    rpc_channel_free(&probe->channel);
    rpc_server_shutdown(probe->server, 1000);
    rpc_server_figures(probe->server, &figures);
    assert_int_equal(figures.open_calls, 0);
    assert_int_equal(figures.open_streams, 0);
    rpc_server_free(&probe->server);
    arena_done(&probe->arena);
}

struct status probe_server_call(struct probe_server *probe, enum probe_method method,
                                const char *text, struct rpc_result *ret_result) {
    const char *answer = NULL;
    return probe_call(probe->channel, method, NULL, text, &probe->arena, &answer, ret_result);
}
