#include "support/liveconv_server.h"

#include "auth/authenticator.h"
#include "auth/keys.h"
#include "auth/mint.h"
#include "auth/revocation.h"
#include "base/str.h"
#include "db/migrate.h"
#include "db/statement.h"
#include "db/tx.h"
#include "domain/reason.h"
#include "domain/types.h"
#include "service/live.h"
#include "store/journal.h"
#include "store/tenant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A server that came back is found again at once. */
enum { RECONNECT_MS = 100 };

static _Noreturn void give_up(const char *what, struct status status, const char *more) {
    fprintf(stderr, "liveconv_server: %s: %s reason %d: %s %s\n", what,
            status_code_name(status.code), (int)status.reason, status.detail ? status.detail : "",
            more ? more : "");
    abort();
}

static void must(const char *what, struct status status) {
    if (!status_is_ok(status))
        give_up(what, status, NULL);
}

/* ---- the database ---- */

static struct status make_tenants(struct db_tx *tx, void *context) {
    (void)context;
    TRY(store_tenant_ensure(tx, LIVECONV_TENANT, "School", "Europe/Paris"));
    return store_tenant_ensure(tx, LIVECONV_OTHER_TENANT, "Elsewhere", "UTC");
}

static void start_database(struct liveconv_server *lc, size_t connections,
                           const struct db_driver *driver) {
    struct db_schema_report report;
    struct db_report outcome;
    size_t count;
    lc->mariadb = test_mariadb_start();
    test_mariadb_create_database(lc->mariadb, LIVECONV_DATABASE);
    test_mariadb_options(lc->mariadb, LIVECONV_DATABASE, &lc->db_options);
    lc->db_options.connection_count = connections;
    const struct db_migration *migrations = db_schema_migrations(&count);
    struct status status = db_migrate(&lc->db_options, migrations, count, &report);
    if (!status_is_ok(status))
        give_up("migrating", status, report.message);
    if (driver != NULL)
        lc->db_options.driver = driver;
    lc->pool = db_pool_new(&lc->db_options);
    status = db_transaction(lc->pool, INT64_MAX, make_tenants, NULL, &outcome);
    if (!status_is_ok(status))
        give_up("creating tenants", status, outcome.cause.text);
}

/* ---- tokens ---- */

static struct status read_secret(void *context, const struct auth_source *source,
                                 struct str *ret_body) {
    (void)context;
    (void)source;
    str_append(ret_body, LIVECONV_SECRET);
    return status_ok();
}

static void start_auth(struct liveconv_server *lc) {
    static const char *const tenants[] = {"*"};
    const struct auth_source source = {.kind = AUTH_SOURCE_SECRET_FILE, .location = "test"};
    const struct auth_key_set_options set = {.name = "test",
                                             .issuer = LIVECONV_ISSUER,
                                             .audience = LIVECONV_AUDIENCE,
                                             .tenants = tenants,
                                             .tenant_count = 1,
                                             .roles = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR |
                                                      DOMAIN_ROLE_ADMIN | DOMAIN_ROLE_SERVICE,
                                             .sources = &source,
                                             .source_count = 1};
    struct auth_keys_options keys;
    auth_keys_options_init(&keys);
    keys.sets = &set;
    keys.set_count = 1;
    keys.read = read_secret;
    must("keys", auth_keys_new(&keys, NULL, &lc->keys));
    lc->revocations = auth_revocations_new();
    struct authenticator_options options;
    authenticator_options_init(&options);
    options.keys = lc->keys;
    options.revocations = lc->revocations;
    must("authenticator", authenticator_new(&options, &lc->authenticator));
}

const char *liveconv_token(struct liveconv_server *lc, const struct liveconv_who *who) {
    const char *roles[8];
    size_t role_count = 0;
    char *words = arena_strdup(&lc->arena, who->roles != NULL ? who->roles : "student");
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL && role_count < 8;
         word = strtok_r(NULL, " ", &rest))
        roles[role_count++] = word;
    int64_t now_s = (int64_t)time(NULL);
    const struct auth_mint mint = {.alg = "HS256",
                                   .key = LIVECONV_SECRET,
                                   .key_len = strlen(LIVECONV_SECRET),
                                   .issuer = LIVECONV_ISSUER,
                                   .audience = LIVECONV_AUDIENCE,
                                   .subject = who->subject,
                                   .tenant = who->tenant != NULL ? who->tenant : LIVECONV_TENANT,
                                   .roles = roles,
                                   .role_count = role_count,
                                   .tier = who->tier,
                                   .scope = who->scope,
                                   .name = who->name != NULL ? who->name : who->subject,
                                   .issued_at_s = now_s - 60,
                                   .expires_at_s =
                                       now_s + (who->lives_s != 0 ? who->lives_s : 3600)};
    char *token = NULL;
    must("minting", auth_mint(&mint, &token));
    const char *header = arena_printf(&lc->arena, "Bearer %s", token);
    free(token);
    return header;
}

const char *liveconv_user(struct liveconv_server *lc, unsigned number) {
    return arena_printf(&lc->arena, "00000000-0000-7000-8000-%012u", number);
}

struct rpc_call_options liveconv_as(const char *token) {
    return (struct rpc_call_options){
        .timeout_ms = 20000, .wait_for_ready = true, .authorization = token};
}

/* ---- the server ---- */

static void start_live(struct liveconv_server *lc, const struct liveconv_server_options *options,
                       struct service_options *services) {
    struct service_live_options live;
    service_live_options_init(&live);
    live.server = lc->server;
    if (options != NULL && options->configure_live != NULL)
        options->configure_live(&live);
    must("live", service_live_new(&live, &lc->live));
    lc->journal = store_journal_new(lc->pool, clock_system());
    services->live = lc->live;
    services->hub = service_live_hub(lc->live);
    services->presence = service_live_presence(lc->live);
    services->journal = lc->journal;
}

void liveconv_server_connect(struct liveconv_server *lc, const char *target) {
    struct rpc_channel_options channel;
    rpc_channel_options_init(&channel);
    channel.dedicated_connection = true;
    channel.max_reconnect_backoff_ms = RECONNECT_MS;
    snprintf(lc->target, sizeof lc->target, "%s", target);
    must("channel", rpc_channel_new(lc->target, &channel, &lc->channel));
}

static void start_server(struct liveconv_server *lc, const struct liveconv_server_options *options,
                         size_t workers) {
    struct rpc_server_options server;
    struct service_options services;
    char target[sizeof lc->target];
    rpc_server_options_init(&server);
    server.address = "127.0.0.1:0";
    server.worker_count = workers;
    server.authenticate = auth_authenticate;
    server.authenticate_context = lc->authenticator;
    server.reason_name = domain_reason_name;
    server.error_domain = "liveconv";
    service_options_init(&services);
    services.pool = lc->pool;
    services.revocations = lc->revocations;
    if (options != NULL && options->configure != NULL)
        options->configure(&server, &services);
    must("server", rpc_server_new(&server, &lc->server));
    start_live(lc, options, &services);
    must("services", service_context_new(&services, &lc->context));
    must("live", service_live_bind(lc->live, lc->context));
    must("registering", service_register_all(lc->server, lc->context));
    must("starting", rpc_server_start(lc->server));
    snprintf(target, sizeof target, "127.0.0.1:%d", rpc_server_port(lc->server));
    liveconv_server_connect(lc, target);
}

static void stop_server(struct liveconv_server *lc) {
    struct rpc_server_figures figures;
    rpc_channel_free(&lc->channel);
    if (lc->server == NULL)
        return;
    rpc_server_shutdown(lc->server, 2000);
    rpc_server_figures(lc->server, &figures);
    if (figures.open_calls != 0 || figures.open_streams != 0)
        give_up("calls were left open", status_ok(), NULL);
    service_live_free(&lc->live);
    rpc_server_free(&lc->server);
    store_journal_free(&lc->journal);
    service_context_free(&lc->context);
}

static size_t workers_of(const struct liveconv_server_options *options) {
    return options != NULL && options->workers != 0 ? options->workers : 8;
}

static struct liveconv_server *start_world(size_t connections, const struct db_driver *driver) {
    struct liveconv_server *lc = calloc(1, sizeof *lc);
    if (lc == NULL)
        abort();
    arena_init(&lc->arena, 64u << 20);
    start_database(lc, connections, driver);
    start_auth(lc);
    return lc;
}

struct liveconv_server *liveconv_server_without(size_t connections) {
    return start_world(connections, NULL);
}

struct liveconv_server *liveconv_server_start(const struct liveconv_server_options *options) {
    struct liveconv_server *lc =
        start_world(workers_of(options) + 2, options != NULL ? options->driver : NULL);
    start_server(lc, options, workers_of(options));
    return lc;
}

void liveconv_server_stop(struct liveconv_server **server) {
    struct liveconv_server *lc = *server;
    *server = NULL;
    if (lc == NULL)
        return;
    stop_server(lc);
    authenticator_free(&lc->authenticator);
    auth_revocations_free(&lc->revocations);
    auth_keys_free(&lc->keys);
    db_pool_free(&lc->pool);
    test_mariadb_stop(&lc->mariadb);
    arena_done(&lc->arena);
    free(lc);
}

/* ---- the rows ---- */

void liveconv_sql(struct liveconv_server *lc, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(&lc->arena, format, arguments);
    va_end(arguments);
    test_mariadb_run(lc->mariadb, LIVECONV_DATABASE, text);
}

struct number_query {
    struct db_sql sql;
    int64_t number;
};

static struct status read_number(struct db_tx *tx, void *context) {
    struct number_query *query = context;
    bool found;
    TRY(db_query_row(tx, &query->sql, DB_NO_ARGS, NULL, DB_INTO(db_into_int64(&query->number)),
                     &found));
    return found ? status_ok() : status_error(STATUS_NOT_FOUND, 0, "no row");
}

int64_t liveconv_sql_number(struct liveconv_server *lc, const char *format, ...) {
    struct db_report report;
    va_list arguments;
    va_start(arguments, format);
    /* Prepared statements are known by the address of their text, which therefore stays. */
    struct number_query *query = arena_alloc(&lc->arena, sizeof *query);
    query->sql.text = arena_vprintf(&lc->arena, format, arguments);
    va_end(arguments);
    struct status status = db_read(lc->pool, INT64_MAX, read_number, query, &report);
    if (!status_is_ok(status))
        give_up(query->sql.text, status, report.cause.text);
    return query->number;
}
