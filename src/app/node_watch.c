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

/* Suspensions are unknown until the database was asked; nothing else is lost by trying. */
static enum schedule_verdict suspensions(void *context) {
    struct app_node *node = context;
    return atomic_load(&node->phase) == NODE_READY ? jobs_suspensions(&node->jobs) : SCHEDULE_DONE;
}

static enum schedule_verdict presence(void *context) {
    struct app_node *node = context;
    if (atomic_load(&node->phase) != NODE_READY)
        return SCHEDULE_DONE;
    enum schedule_verdict verdict = jobs_presence(&node->jobs);
    if (node->jobs.was_replaced && !atomic_exchange(&node->failed, true)) {
        log_event(node->log, LOG_ERROR, "another server has started under this node's name",
                  LOG_STR("node", config_string(node->config, "server.node-id")));
        app_signals_stop(node->signals);
    }
    return verdict;
}

static enum schedule_verdict sessions(void *context) {
    struct app_node *node = context;
    return atomic_load(&node->phase) == NODE_READY ? jobs_sessions(&node->jobs) : SCHEDULE_DONE;
}

static enum schedule_verdict trim(void *context) {
    struct app_node *node = context;
    return atomic_load(&node->phase) == NODE_READY ? jobs_trim(&node->jobs) : SCHEDULE_DONE;
}

static struct schedule_job every(struct app_node *node, const char *setting, const char *name,
                                 enum schedule_verdict (*run)(void *context)) {
    return (struct schedule_job){.name = name,
                                 .period_ms = config_duration_ms(node->config, setting),
                                 .run = run,
                                 .context = node};
}

bool node_schedules_new(struct app_node *node) {
    const struct schedule_job watch[] = {
        every(node, "schedule.ready-every", "ready", node_look),
        every(node, "schedule.suspensions-every", "suspensions", suspensions),
        every(node, "schedule.presence-every", "presence", presence),
    };
    const struct schedule_job work[] = {
        every(node, "schedule.sessions-every", "sessions", sessions),
        every(node, "schedule.trim-every", "trim", trim),
    };
    node->jobs = (struct jobs){.context = node->services,
                               .revocations = node->revocations,
                               .log = node->log,
                               .batch = (int32_t)config_int(node->config, "schedule.batch")};
    node->watch =
        schedule_new(watch, sizeof watch / sizeof watch[0], node->clock, node->incarnation);
    if (node->watch == NULL || !config_bool(node->config, "schedule.enabled"))
        return node->watch != NULL;
    node->work = schedule_new(work, sizeof work / sizeof work[0], node->clock, ~node->incarnation);
    return node->work != NULL;
}

bool node_schedules_start(struct app_node *node) {
    return schedule_start(node->watch, "watch") &&
           (node->work == NULL || schedule_start(node->work, "work"));
}
