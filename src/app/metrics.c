#include "app/metrics.h"

#include "app/exposition.h"
#include "app/rate_limit.h"
#include "app/schedule.h"
#include "auth/authenticator.h"
#include "auth/keys.h"
#include "base/log.h"
#include "base/workers.h"
#include "db/pool.h"
#include "live/hub.h"
#include "rpc/server.h"

#include <stdio.h>

static const char *method_label(const struct rpc_method_figures *figures) {
    return figures->method->path + (figures->method->path[0] == '/');
}

static void write_started(void *context, const struct rpc_method_figures *figures) {
    exposition_sample(context, "liveconv_calls_started_total",
                      LABELS({"method", method_label(figures)}), (double)figures->started);
}

static void write_finished(void *context, const struct rpc_method_figures *figures) {
    for (int32_t code = 0; code < 17; code++) {
        if (figures->finished_by_code[code] == 0)
            continue;
        exposition_sample(
            context, "liveconv_calls_finished_total",
            LABELS({"method", method_label(figures)}, {"code", status_code_name(code)}),
            (double)figures->finished_by_code[code]);
    }
}

static void write_messages(void *context, const struct rpc_method_figures *figures) {
    if (figures->started == 0)
        return;
    exposition_sample(context, "liveconv_messages_total",
                      LABELS({"method", method_label(figures)}, {"direction", "in"}),
                      (double)figures->messages_received);
    exposition_sample(context, "liveconv_messages_total",
                      LABELS({"method", method_label(figures)}, {"direction", "out"}),
                      (double)figures->messages_sent);
}

static void write_latency(void *context, const struct rpc_method_figures *figures) {
    static const char name[] = "liveconv_call_duration_seconds_bucket";
    uint64_t sum = 0;
    if (figures->started == 0)
        return;
    for (size_t i = 0; i < RPC_LATENCY_BUCKETS; i++) {
        char bound[32];
        sum += figures->latency_by_bucket[i];
        if (i + 1 < RPC_LATENCY_BUCKETS)
            (void)snprintf(bound, sizeof bound, "%g", (double)rpc_latency_bounds_us[i] / 1e6);
        else
            (void)snprintf(bound, sizeof bound, "+Inf");
        exposition_sample(context, name, LABELS({"method", method_label(figures)}, {"le", bound}),
                          (double)sum);
    }
    exposition_sample(context, "liveconv_call_duration_seconds_sum",
                      LABELS({"method", method_label(figures)}),
                      (double)figures->latency_sum_us / 1e6);
    exposition_sample(context, "liveconv_call_duration_seconds_count",
                      LABELS({"method", method_label(figures)}), (double)sum);
}

static void write_workers(struct rpc_server *server, struct str *out) {
    struct workers *workers = rpc_server_workers(server);
    struct workers_figures figures;
    if (workers == NULL)
        return;
    workers_figures(workers, &figures);
    exposition_single(out, "liveconv_workers_waiting", "gauge", "Calls that wait for a worker.",
                      (double)figures.waiting);
    exposition_single(out, "liveconv_workers_running", "gauge", "Workers that are busy.",
                      (double)figures.running);
    exposition_single(out, "liveconv_workers_accepted_total", "counter", "Work that was queued.",
                      (double)figures.accepted);
    exposition_single(out, "liveconv_workers_refused_total", "counter",
                      "Work that was refused: the queue was full or too slow.",
                      (double)figures.refused);
    exposition_single(out, "liveconv_workers_run_seconds", "gauge",
                      "Moving average of the time a piece of work takes.",
                      (double)figures.average_run_us / 1e6);
}

static void write_server(struct rpc_server *server, struct str *out) {
    struct rpc_server_figures figures;
    exposition_family(out, "liveconv_calls_started_total", "counter", "Calls that began.");
    rpc_server_visit_figures(server, write_started, out);
    exposition_family(out, "liveconv_calls_finished_total", "counter",
                      "Calls that ended, by canonical code.");
    rpc_server_visit_figures(server, write_finished, out);
    exposition_family(out, "liveconv_messages_total", "counter", "Messages of calls.");
    rpc_server_visit_figures(server, write_messages, out);
    exposition_family(out, "liveconv_call_duration_seconds", "histogram",
                      "From the arrival of a call to its end.");
    rpc_server_visit_figures(server, write_latency, out);

    rpc_server_figures(server, &figures);
    exposition_single(out, "liveconv_open_calls", "gauge", "Calls that are open, streams included.",
                      (double)figures.open_calls);
    exposition_single(out, "liveconv_open_streams", "gauge", "Streams that are open.",
                      (double)figures.open_streams);
    exposition_single(out, "liveconv_poller_wakeups_total", "counter",
                      "Times the poller was woken by another thread or a timer.",
                      (double)figures.poller_wakeups);
    exposition_single(out, "liveconv_unknown_methods_total", "counter",
                      "Calls of methods that do not exist.", (double)figures.unknown_methods);
    exposition_single(out, "liveconv_overloaded_total", "counter",
                      "Calls refused because the workers were busy.", (double)figures.overloaded);
    write_workers(server, out);
}

static void write_pool(struct db_pool *pool, struct str *out) {
    struct db_pool_figures figures;
    db_pool_figures(pool, &figures);
    exposition_single(out, "liveconv_db_connections", "gauge", "Connections that are open.",
                      (double)figures.connections);
    exposition_single(out, "liveconv_db_busy", "gauge", "Connections in use.",
                      (double)figures.busy);
    exposition_single(out, "liveconv_db_connects_total", "counter", "Connections made.",
                      (double)figures.connects);
    exposition_single(out, "liveconv_db_connect_failures_total", "counter",
                      "Attempts to connect that failed.", (double)figures.connect_failures);
    exposition_single(out, "liveconv_db_lost_total", "counter", "Connections that broke in use.",
                      (double)figures.lost);
    exposition_single(out, "liveconv_db_transactions_total", "counter", "Transactions committed.",
                      (double)figures.transactions);
    exposition_single(out, "liveconv_db_retries_total", "counter",
                      "Attempts of transactions after the first.", (double)figures.retries);
    exposition_single(out, "liveconv_db_uncertain_total", "counter",
                      "Commits whose outcome is not known.", (double)figures.uncertain);
}

static void write_hub(const struct live_hub *hub, struct str *out) {
    struct live_hub_figures figures;
    live_hub_figures(hub, &figures);
    exposition_single(out, "liveconv_live_topics", "gauge", "Topics that somebody follows.",
                      (double)figures.topics);
    exposition_single(out, "liveconv_live_subscribers", "gauge", "Streams of Subscribe.",
                      (double)figures.subscribers);
    exposition_single(out, "liveconv_live_published_total", "counter",
                      "Events published, rewrites included.", (double)figures.published);
    exposition_single(out, "liveconv_live_delivered_total", "counter", "Events put into batches.",
                      (double)figures.delivered);
    exposition_single(out, "liveconv_live_batches_total", "counter", "Batches sent.",
                      (double)figures.batches);
    exposition_single(out, "liveconv_live_snapshots_total", "counter", "Snapshots sent.",
                      (double)figures.snapshots);
    exposition_single(out, "liveconv_live_signals_total", "counter", "Signals sent.",
                      (double)figures.signals);
    exposition_single(out, "liveconv_live_log_reads_total", "counter",
                      "Pages and heads of the log that were read.", (double)figures.log_reads);
    exposition_single(out, "liveconv_live_log_failures_total", "counter",
                      "Reads that were tried again.", (double)figures.log_failures);
    exposition_single(out, "liveconv_live_holes_total", "counter",
                      "Holes in rings that had to be read.", (double)figures.holes);
    exposition_single(out, "liveconv_live_replaced_total", "counter",
                      "Streams replaced by a new one of their device.", (double)figures.replaced);
    exposition_single(out, "liveconv_live_slow_total", "counter",
                      "Streams that were ended for being slow.", (double)figures.slow);
}

static void write_auth(const struct metrics_sources *sources, struct str *out) {
    if (sources->authenticator != NULL) {
        struct authenticator_figures figures;
        authenticator_figures(sources->authenticator, &figures);
        exposition_single(out, "liveconv_tokens_verified_total", "counter",
                          "Signatures that were checked and good.", (double)figures.verified);
        exposition_single(out, "liveconv_tokens_refused_total", "counter", "Tokens refused.",
                          (double)figures.refused);
        exposition_single(out, "liveconv_token_cache_hits_total", "counter",
                          "Tokens that were known.", (double)figures.cache.hits);
        exposition_single(out, "liveconv_token_cache_misses_total", "counter",
                          "Tokens that were not known.", (double)figures.cache.misses);
        exposition_single(out, "liveconv_token_cache_evictions_total", "counter",
                          "Tokens that had to make room.", (double)figures.cache.evictions);
        exposition_single(out, "liveconv_token_cache_entries", "gauge", "Tokens that are kept.",
                          (double)figures.cache.entries);
    }
    if (sources->keys != NULL) {
        struct auth_keys_figures figures;
        auth_keys_figures(sources->keys, &figures);
        exposition_single(out, "liveconv_keys", "gauge", "Verification keys that are known.",
                          (double)figures.known);
        exposition_single(out, "liveconv_key_refreshes_total", "counter", "Looks at key sources.",
                          (double)figures.refreshes);
        exposition_single(out, "liveconv_key_failures_total", "counter",
                          "Key sources that could not be used.", (double)figures.failures);
        exposition_single(out, "liveconv_keys_fresh_time_seconds", "gauge",
                          "When all key sources were last read without failure.",
                          (double)figures.last_success_us / 1e6);
    }
}

/* One family over the jobs of all schedules. */
static void write_jobs(const struct metrics_sources *sources, struct str *out, const char *name,
                       const char *help, double (*value)(const struct schedule_figures *figures)) {
    exposition_family(out, name, "counter", help);
    for (size_t s = 0; s < METRICS_SCHEDULES; s++) {
        const struct schedule *schedule = sources->schedules[s];
        for (size_t i = 0; schedule != NULL && i < schedule_count(schedule); i++) {
            struct schedule_figures figures;
            schedule_figures(schedule, i, &figures);
            exposition_sample(out, name, LABELS({"job", figures.name}), value(&figures));
        }
    }
}

static double runs_of(const struct schedule_figures *figures) {
    return (double)figures->runs;
}

static double failures_of(const struct schedule_figures *figures) {
    return (double)figures->failures;
}

static double busy_of(const struct schedule_figures *figures) {
    return (double)figures->busy_us / 1e6;
}

void metrics_write(const struct metrics_sources *sources, struct str *out) {
    exposition_family(out, "liveconv_build_info", "gauge", "The version that runs.");
    exposition_sample(out, "liveconv_build_info", LABELS({"version", sources->version}), 1);
    exposition_single(out, "liveconv_ready", "gauge", "1 while calls are welcome.",
                      sources->is_ready ? 1 : 0);
    if (sources->server != NULL)
        write_server(sources->server, out);
    if (sources->pool != NULL)
        write_pool(sources->pool, out);
    if (sources->hub != NULL)
        write_hub(sources->hub, out);
    write_auth(sources, out);
    if (sources->rate != NULL)
        exposition_single(out, "liveconv_rate_limited_total", "counter",
                          "Calls refused because their caller called too often.",
                          (double)rate_limit_refused(sources->rate));
    write_jobs(sources, out, "liveconv_job_runs_total", "Runs of scheduled work.", runs_of);
    write_jobs(sources, out, "liveconv_job_failures_total", "Runs that failed.", failures_of);
    write_jobs(sources, out, "liveconv_job_seconds_total", "Time spent in them.", busy_of);
    if (sources->log != NULL)
        exposition_single(out, "liveconv_log_lost_lines_total", "counter",
                          "Log lines that could not be written.",
                          (double)log_lost_lines(sources->log));
}
