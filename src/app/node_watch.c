#include "app/node_internal.h"

#include "app/database.h"
#include "base/clock.h"

/* How long the database may take to answer that it is there. */
static const int64_t ping_us = INT64_C(2) * 1000000;

/* Moves between waiting and ready; draining stays. */
static void set_phase(struct app_node *node, enum node_phase phase) {
    int before = phase == NODE_READY ? NODE_WAITING : NODE_READY;
    if (!atomic_compare_exchange_strong(&node->phase, &before, (int)phase))
        return;
    if (!status_is_ok(rpc_health_set(node->health, NULL, phase == NODE_READY)))
        log_event(node->log, LOG_ERROR, "health unchanged", LOG_STR("cause", "out of memory"));
    if (phase == NODE_READY)
        log_event(node->log, LOG_INFO, "ready", LOG_INT("port", rpc_server_port(node->server)),
                  LOG_INT("side_port", node->side == NULL ? -1 : side_port_number(node->side)));
}

static void tell_trouble(struct app_node *node, const char *cause) {
    set_phase(node, NODE_WAITING);
    if (!node->was_told)
        log_event(node->log, LOG_WARNING, "the database does not answer", LOG_STR("cause", cause));
    node->was_told = true;
}

static bool look_at_schema(struct app_node *node) {
    struct db_schema_report report;
    bool migrates = config_bool(node->config, "database.migrate");
    struct status status = migrates ? app_database_migrate(node->config, &report)
                                    : app_database_check(node->config, &report);
    if (status.code == STATUS_UNAVAILABLE) {
        tell_trouble(node, report.message);
        return false;
    }
    if (!status_is_ok(status)) {
        log_event(node->log, LOG_ERROR, "the schema does not fit", LOG_STR("cause", report.message),
                  LOG_INT("schema", report.now));
        atomic_store(&node->failed, true);
        app_signals_stop(node->signals);
        return false;
    }
    if (report.steps > 0)
        log_event(node->log, LOG_INFO, "schema migrated", LOG_INT("from", report.found),
                  LOG_INT("to", report.now), LOG_INT("steps", report.steps));
    node->schema_fits = true;
    return true;
}

enum schedule_verdict node_look(void *context) {
    struct app_node *node = context;
    struct db_cause cause;
    if (atomic_load(&node->failed))
        return SCHEDULE_FAILED;
    if (!node->schema_fits && !look_at_schema(node))
        return SCHEDULE_DONE;
    struct status status = db_pool_ping(node->pool, clock_monotonic_us(node->clock) + ping_us);
    if (!status_is_ok(status)) {
        tell_trouble(node, db_pool_last_failure(node->pool, &cause) ? cause.text : status.detail);
        return SCHEDULE_DONE;
    }
    if (node->was_told)
        log_event(node->log, LOG_INFO, "the database answers again",
                  LOG_STR("name", config_string(node->config, "database.name")));
    node->was_told = false;
    set_phase(node, NODE_READY);
    return SCHEDULE_DONE;
}

bool node_schedules_new(struct app_node *node) {
    const struct schedule_job watch[] = {
        {.name = "ready",
         .period_ms = config_duration_ms(node->config, "schedule.ready-every"),
         .run = node_look,
         .context = node},
    };
    node->watch =
        schedule_new(watch, sizeof watch / sizeof watch[0], node->clock, node->incarnation);
    return node->watch != NULL;
}

bool node_schedules_start(struct app_node *node) {
    return schedule_start(node->watch, "watch") &&
           (node->work == NULL || schedule_start(node->work, "work"));
}
