#include "app/node_internal.h"

#include "app/database.h"
#include "app/key_sets.h"
#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

static struct status no_memory(struct str *problem) {
    str_append(problem, "out of memory");
    return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
}

static struct status open_database(struct app_node *node, struct str *problem) {
    struct db_options options;
    app_database_options(node->config, &options);
    options.clock = node->clock;
    node->pool = db_pool_new(&options);
    return node->pool == NULL ? no_memory(problem) : status_ok();
}

static struct status open_auth(struct app_node *node, struct str *problem) {
    struct authenticator_options options;
    TRY(app_key_sets_open(node->config, node->clock, problem, &node->keys));
    node->revocations = auth_revocations_new();
    if (node->revocations == NULL)
        return no_memory(problem);
    if (node->keys == NULL) {
        log_event(node->log, LOG_WARNING, "development: no keys, nobody can authenticate",
                  LOG_BOOL("development", true));
        return status_ok();
    }
    authenticator_options_init(&options);
    options.keys = node->keys;
    options.revocations = node->revocations;
    options.cache_capacity = (size_t)config_int(node->config, "auth.token-cache");
    options.leeway_us = config_duration_ms(node->config, "auth.leeway") * 1000;
    options.clock = node->clock;
    struct status status = authenticator_new(&options, &node->authenticator);
    if (status_is_ok(status))
        status = auth_keys_start(node->keys);
    return status_is_ok(status) ? status : no_memory(problem);
}

static struct status open_rate_limit(struct app_node *node, struct str *problem) {
    const struct rate_limit_options options = {
        .per_second = config_int(node->config, "limits.rate"),
        .burst = config_int(node->config, "limits.rate-burst"),
        .callers = (size_t)config_int(node->config, "limits.rate-callers"),
    };
    if (options.per_second == 0)
        return status_ok();
    node->rate = rate_limit_new(&options);
    return node->rate == NULL ? no_memory(problem) : status_ok();
}

static struct status open_ports(struct app_node *node, struct str *problem) {
    struct status status = rpc_server_start(node->server);
    if (!status_is_ok(status)) {
        str_printf(problem, "server.address: %s: %s", config_string(node->config, "server.address"),
                   status.detail == NULL ? "cannot be bound" : status.detail);
        return status;
    }
    if (config_int(node->config, "side.port") >= 0) {
        status = node_side_start(node);
        if (!status_is_ok(status)) {
            str_printf(problem, "side.address: %s, side.port: %d: %s",
                       config_string(node->config, "side.address"),
                       (int)config_int(node->config, "side.port"), status.detail);
            return status;
        }
    }
    log_event(node->log, LOG_INFO, "listening", LOG_INT("port", rpc_server_port(node->server)),
              LOG_INT("side_port", node->side == NULL ? -1 : side_port_number(node->side)),
              LOG_STR("address", config_string(node->config, "server.address")),
              LOG_STR("version", LIVECONV_VERSION));
    return status_ok();
}

static struct status start(struct app_node *node, struct str *problem) {
    TRY(open_database(node, problem));
    TRY(open_auth(node, problem));
    TRY(open_rate_limit(node, problem));
    TRY(node_rpc_new(node, problem));
    if (!node_schedules_new(node))
        return no_memory(problem);
    TRY(open_ports(node, problem));
    (void)node_look(node);
    if (!node_schedules_start(node))
        return no_memory(problem);
    return status_ok();
}

bool app_node_start(const struct config *config, struct log *log, struct app_signals *signals,
                    struct str *problem, struct app_node **ret_node) {
    struct app_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        str_append(problem, "out of memory");
        return false;
    }
    node->config = config;
    node->clock = clock_system();
    node->log = log;
    node->signals = signals;
    node->incarnation = (uint64_t)clock_wall_us(node->clock);
    atomic_init(&node->phase, NODE_WAITING);
    atomic_init(&node->failed, false);
    if (!status_is_ok(start(node, problem))) {
        app_node_free(&node);
        return false;
    }
    *ret_node = node;
    return true;
}

static void reload(struct app_node *node) {
    const char *detail = NULL;
    if (config_string(node->config, "tls.certificate-file")[0] != '\0') {
        struct status status = rpc_server_reload_tls(node->server);
        if (!status_is_ok(status))
            detail = status.detail == NULL ? "the certificate cannot be used" : status.detail;
    }
    if (node->keys != NULL) {
        struct status status = auth_keys_refresh(node->keys);
        if (!status_is_ok(status))
            detail = status.detail == NULL ? "a key source cannot be used" : status.detail;
    }
    if (detail == NULL)
        log_event(node->log, LOG_INFO, "reloaded", LOG_BOOL("done", true));
    else
        log_event(node->log, LOG_ERROR, "reload failed, what was in use stays",
                  LOG_STR("cause", detail));
}

static void drain(struct app_node *node) {
    int64_t delay_ms = config_duration_ms(node->config, "server.drain-delay");
    int64_t grace_ms = config_duration_ms(node->config, "server.drain-grace");
    struct rpc_server_figures figures;
    atomic_store(&node->phase, NODE_DRAINING);
    if (!status_is_ok(rpc_health_set(node->health, NULL, false)))
        log_event(node->log, LOG_ERROR, "health unchanged", LOG_STR("cause", "out of memory"));
    rpc_server_figures(node->server, &figures);
    log_event(node->log, LOG_INFO, "draining", LOG_INT("open_calls", figures.open_calls),
              LOG_INT("open_streams", figures.open_streams), LOG_INT("delay_ms", delay_ms),
              LOG_INT("grace_ms", grace_ms));
    if (delay_ms > 0)
        (void)nanosleep(
            &(struct timespec){.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000},
            NULL);
    schedule_stop(node->watch);
    if (node->work != NULL)
        schedule_stop(node->work);
    rpc_server_shutdown(node->server, grace_ms);
    if (node->schema_fits && !node->was_told && !node->jobs.was_replaced)
        jobs_release_node(&node->jobs);
}

bool app_node_serve(struct app_node *node) {
    while (app_signals_wait(node->signals) == APP_SIGNAL_RELOAD)
        reload(node);
    drain(node);
    return !atomic_load(&node->failed);
}

void app_node_free(struct app_node **node) {
    struct app_node *gone = *node;
    if (gone == NULL)
        return;
    schedule_free(&gone->watch);
    schedule_free(&gone->work);
    side_port_free(&gone->side);
    if (gone->server != NULL)
        rpc_server_shutdown(gone->server, 0);
    node_services_free(gone);
    rpc_server_free(&gone->server);
    store_journal_free(&gone->journal);
    node_context_free(gone);
    rpc_health_free(&gone->health);
    rpc_reflection_free(&gone->reflection);
    rate_limit_free(&gone->rate);
    authenticator_free(&gone->authenticator);
    auth_revocations_free(&gone->revocations);
    auth_keys_free(&gone->keys);
    db_pool_free(&gone->pool);
    free(gone);
    *node = NULL;
}
