#include "app/node_internal.h"

#include "service/live.h"

static unsigned int answer_metrics(void *context, struct str *body) {
    const struct app_node *node = context;
    const struct metrics_sources sources = {
        .server = node->server,
        .pool = node->pool,
        .hub = service_live_hub(node->live),
        .authenticator = node->authenticator,
        .keys = node->keys,
        .rate = node->rate,
        .schedules = {node->watch, node->work},
        .log = node->log,
        .version = LIVECONV_VERSION,
        .is_ready = atomic_load(&node->phase) == NODE_READY,
    };
    metrics_write(&sources, body);
    return 200;
}

static unsigned int answer_live(void *context, struct str *body) {
    (void)context;
    str_append(body, "live\n");
    return 200;
}

static unsigned int answer_ready(void *context, struct str *body) {
    const struct app_node *node = context;
    switch (atomic_load(&node->phase)) {
    case NODE_READY:
        str_append(body, "ready\n");
        return 200;
    case NODE_DRAINING:
        str_append(body, "draining\n");
        return 503;
    default:
        str_append(body, "waiting for the database\n");
        return 503;
    }
}

struct status node_side_start(struct app_node *node) {
    static const char plain[] = "text/plain; charset=utf-8";
    node->routes[0] =
        (struct side_route){.path = "/metrics",
                            .content_type = "text/plain; version=0.0.4; charset=utf-8",
                            .answer = answer_metrics,
                            .context = node};
    node->routes[1] = (struct side_route){
        .path = "/livez", .content_type = plain, .answer = answer_live, .context = node};
    node->routes[2] = (struct side_route){
        .path = "/readyz", .content_type = plain, .answer = answer_ready, .context = node};
    const struct side_port_options options = {
        .address = config_string(node->config, "side.address"),
        .port = (uint16_t)config_int(node->config, "side.port"),
        .connections = (size_t)config_int(node->config, "side.connections"),
        .timeout_ms = config_duration_ms(node->config, "side.timeout"),
        .routes = node->routes,
        .route_count = NODE_ROUTES,
    };
    return side_port_new(&options, &node->side);
}
