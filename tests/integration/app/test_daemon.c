/* liveconvd from start to end: migrating, ready, drained, reloaded, and without its database. */
#include "support/cmocka.h"

#include "auth/mint.h"
#include "daemon.h"
#include "grpc/health/v1/health.grpc-c.h"
#include "liveconv/v1/account_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "rpc/client.h"
#include "support/certificates.h"
#include "support/mariadb.h"
#include "support/temp_dir.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef Grpc__Health__V1__HealthCheckRequest health_request;
typedef Grpc__Health__V1__HealthCheckResponse health_response;

enum { SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING };

static const char secret_one[] = "the first secret, which is long enough";
static const char secret_two[] = "the second secret, which is long enough";

struct fixture {
    struct test_mariadb *mariadb;
    struct temp_dir *dir;
    struct daemon daemon;
    struct rpc_channel *channel;
    struct arena arena;
    char socket[256];
    char secret[256];
    int port; /* of the server, once it is ready or listens; the next too */
    int side_port;
    char answer[262144];
};

static struct fixture fixture;

static int start_group(void **state) {
    fixture.mariadb = test_mariadb_start();
    (void)snprintf(fixture.socket, sizeof fixture.socket, "LIVECONVD_DATABASE_SOCKET=%s",
                   test_mariadb_socket(fixture.mariadb));
    *state = &fixture;
    return 0;
}

static int end_group(void **state) {
    (void)state;
    test_mariadb_stop(&fixture.mariadb);
    return 0;
}

static void write_secret(struct fixture *f, const char *text) {
    const char *path = temp_dir_write(f->dir, "secret", text, strlen(text));
    assert_non_null(path);
    (void)snprintf(f->secret, sizeof f->secret, "LIVECONVD_KEYS_1_SECRET_FILE=%s", path);
}

static int set_up(void **state) {
    struct fixture *f = *state;
    f->dir = temp_dir_new();
    arena_init(&f->arena, 1 << 20);
    write_secret(f, secret_one);
    test_mariadb_create_database(f->mariadb, "liveconv");
    return f->dir == NULL ? -1 : 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rpc_channel_free(&f->channel);
    daemon_kill(&f->daemon);
    temp_dir_free(&f->dir);
    arena_done(&f->arena);
    return 0;
}

/* With keys and database; `extra` holds up to six more settings. */
static void start(struct fixture *f, const char *const *extra) {
    const char *all[16] = {f->socket,
                           f->secret,
                           "LIVECONVD_DATABASE_USER=root",
                           "LIVECONVD_DATABASE_MIGRATE=yes",
                           "LIVECONVD_KEYS_1_ISSUER=https://id.example",
                           "LIVECONVD_KEYS_1_TENANTS=demo"};
    size_t count = 6;
    for (size_t i = 0; extra[i] != NULL; i++)
        all[count++] = extra[i];
    daemon_start(&f->daemon, all);
}

static void await(struct fixture *f, const char *event) {
    daemon_wait(&f->daemon, event);
    if (strcmp(event, "ready") == 0 || strcmp(event, "listening") == 0) {
        f->port = (int)daemon_field(&f->daemon, "port");
        f->side_port = (int)daemon_field(&f->daemon, "side_port");
    }
}

#define START(f, ...) start((f), (const char *const[]){__VA_ARGS__, NULL})
static const char *const nothing_more[] = {NULL};

static void connect_to(struct fixture *f, const struct rpc_channel_tls *tls) {
    struct rpc_channel_options options;
    char target[64];
    rpc_channel_options_init(&options);
    options.tls = tls;
    options.dedicated_connection = true;
    (void)snprintf(target, sizeof target, "127.0.0.1:%d", f->port);
    assert_true(status_is_ok(rpc_channel_new(target, &options, &f->channel)));
}

static struct status ask_health(struct fixture *f, const char *authorization, int *ret_state) {
    const struct rpc_call_options options = {.timeout_ms = 10000, .authorization = authorization};
    health_request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    health_response *response = NULL;
    struct status status =
        grpc_health_v1_health_check(f->channel, &options, &request, &f->arena, &response, NULL);
    if (status_is_ok(status))
        *ret_state = (int)response->status;
    return status;
}

static int health(struct fixture *f) {
    int state = -1;
    assert_int_equal(ask_health(f, NULL, &state).code, STATUS_OK);
    return state;
}

static int side(struct fixture *f, const char *path) {
    return http_ask(f->side_port, "GET", path, f->answer, sizeof f->answer);
}

static void end_well(struct fixture *f) {
    daemon_signal(&f->daemon, SIGTERM);
    assert_int_equal(daemon_end(&f->daemon), 0);
}

static char *bearer(struct fixture *f, const char *key) {
    static const char *const roles[] = {"student"};
    char *token = NULL;
    int64_t now_s = (int64_t)time(NULL);
    const struct auth_mint mint = {.alg = "HS256",
                                   .key = key,
                                   .key_len = strlen(key),
                                   .issuer = "https://id.example",
                                   .audience = "liveconv",
                                   .subject = "alice",
                                   .tenant = "demo",
                                   .roles = roles,
                                   .role_count = 1,
                                   .issued_at_s = now_s,
                                   .expires_at_s = now_s + 3600};
    assert_true(status_is_ok(auth_mint(&mint, &token)));
    char *header = arena_printf(&f->arena, "Bearer %s", token);
    free(token);
    return header;
}

/* The database with the demo's tenants and users, at rest. */
static void load_demo(struct fixture *f) {
    const char *const environment[] = {f->socket, "LIVECONVD_DATABASE_USER=root",
                                       "LIVECONVD_SERVER_DEVELOPMENT=yes", NULL};
    const char *const arguments[] = {"--migrate-only", "--load", TEST_DEMO_FILE, NULL};
    assert_int_equal(daemon_run(arguments, environment, f->answer, sizeof f->answer), 0);
}

/* ---- start and end ---- */

static void it_migrates_gets_ready_and_ends_on_sigterm(void **state) {
    struct fixture *f = *state;
    start(f, nothing_more);
    await(f, "listening");
    await(f, "schema migrated");
    await(f, "ready");
    connect_to(f, NULL);
    assert_int_equal(health(f), SERVING);
    assert_int_equal(side(f, "/readyz"), 200);
    end_well(f);
    assert_non_null(strstr(f->daemon.text, "\"event\":\"stopped\",\"exit\":0"));
}

static void it_ends_on_sigint_too(void **state) {
    struct fixture *f = *state;
    start(f, nothing_more);
    await(f, "ready");
    daemon_signal(&f->daemon, SIGINT);
    assert_int_equal(daemon_end(&f->daemon), 0);
}

static void sigterm_ends_an_open_stream_and_then_the_server(void **state) {
    struct fixture *f = *state;
    health_request request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    health_response *response = NULL;
    struct rpc_client_call *call = NULL;
    struct rpc_result result;
    START(f, "LIVECONVD_SERVER_DRAIN_GRACE=20s", "LIVECONVD_SERVER_DRAIN_DELAY=300ms");
    await(f, "ready");
    connect_to(f, NULL);
    assert_true(status_is_ok(grpc_health_v1_health_watch_open(f->channel, NULL, &request, &call)));
    assert_true(status_is_ok(grpc_health_v1_health_watch_receive(call, &f->arena, &response)));
    assert_int_equal(response->status, SERVING);
    daemon_signal(&f->daemon, SIGTERM);
    await(f, "draining");
    assert_int_equal(daemon_field(&f->daemon, "open_streams"), 1);
    /* Whoever watches learns that it is not to be called any more, then the stream ends. */
    assert_true(status_is_ok(grpc_health_v1_health_watch_receive(call, &f->arena, &response)));
    assert_int_not_equal(response->status, SERVING);
    assert_int_not_equal(rpc_client_call_finish(call, &f->arena, &result).code, STATUS_OK);
    rpc_client_call_free(&call);
    assert_int_equal(daemon_end(&f->daemon), 0);
}

static void sigterm_says_goodbye_to_a_subscriber(void **state) {
    struct fixture *f = *state;
    lc_subscribe_request request = LC_SUBSCRIBE_REQUEST_INIT;
    lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *topics[] = {&topic};
    lc_subscribe_response *response = NULL;
    struct rpc_client_call *call = NULL;
    bool said_goodbye = false;
    load_demo(f);
    start(f, nothing_more);
    await(f, "ready");
    connect_to(f, NULL);
    const struct rpc_call_options options = {.authorization = bearer(f, secret_one)};
    topic.topic = (char *)(uintptr_t) "inbox";
    request.device_id = (char *)(uintptr_t) "phone";
    request.topics = topics;
    request.n_topics = 1;
    assert_true(
        status_is_ok(lc_live_service_subscribe_open(f->channel, &options, &request, &call)));
    do {
        assert_true(status_is_ok(lc_live_service_subscribe_receive(call, &f->arena, &response)));
        assert_non_null(response);
    } while (response->kind_case != LC_SUBSCRIBE_RESPONSE_KIND_SNAPSHOT);
    daemon_signal(&f->daemon, SIGTERM);
    while (status_is_ok(lc_live_service_subscribe_receive(call, &f->arena, &response)) &&
           response != NULL) {
        if (response->kind_case != LC_SUBSCRIBE_RESPONSE_KIND_GOODBYE)
            continue;
        assert_int_equal(response->goodbye->reason, LC_GOODBYE_REASON_DRAIN);
        said_goodbye = true;
    }
    assert_true(said_goodbye);
    rpc_client_call_free(&call);
    assert_int_equal(daemon_end(&f->daemon), 0);
}

static void it_answers_calls_of_the_product(void **state) {
    struct fixture *f = *state;
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *response = NULL;
    struct rpc_result result;
    load_demo(f);
    start(f, nothing_more);
    await(f, "ready");
    connect_to(f, NULL);
    struct rpc_call_options options = {.timeout_ms = 10000, .authorization = bearer(f, secret_one)};
    assert_int_equal(
        lc_account_service_get_home(f->channel, &options, &request, &f->arena, &response, &result)
            .code,
        STATUS_OK);
    assert_non_null(response);
    options.authorization = NULL;
    assert_int_equal(
        lc_account_service_get_home(f->channel, &options, &request, &f->arena, &response, &result)
            .code,
        STATUS_UNAUTHENTICATED);
    end_well(f);
}

static void a_second_sigterm_ends_it_at_once(void **state) {
    struct fixture *f = *state;
    START(f, "LIVECONVD_SERVER_DRAIN_DELAY=10m");
    await(f, "ready");
    daemon_signal(&f->daemon, SIGTERM);
    await(f, "draining");
    /* Signals that come together are one. */
    (void)nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    daemon_signal(&f->daemon, SIGTERM);
    assert_int_equal(daemon_end(&f->daemon), 128 + SIGTERM);
}

static void readyz_says_that_it_drains(void **state) {
    struct fixture *f = *state;
    START(f, "LIVECONVD_SERVER_DRAIN_DELAY=10m");
    await(f, "ready");
    daemon_signal(&f->daemon, SIGTERM);
    await(f, "draining");
    assert_int_equal(side(f, "/readyz"), 503);
    assert_non_null(strstr(f->answer, "draining"));
}

static void a_port_that_is_taken_ends_the_start(void **state) {
    struct fixture *f = *state;
    struct fixture *other = calloc(1, sizeof *other);
    char address[64];
    assert_non_null(other);
    start(f, nothing_more);
    await(f, "ready");
    (void)snprintf(address, sizeof address, "LIVECONVD_SERVER_ADDRESS=127.0.0.1:%d", f->port);
    memcpy(other->socket, f->socket, sizeof other->socket);
    memcpy(other->secret, f->secret, sizeof other->secret);
    START(other, address);
    daemon_wait(&other->daemon, "cannot start");
    assert_non_null(strstr(other->daemon.line, "server.address"));
    assert_int_equal(daemon_end(&other->daemon), 1);
    free(other);
    end_well(f);
}

/* ---- the database ---- */

static void a_schema_that_is_behind_is_refused(void **state) {
    struct fixture *f = *state;
    START(f, "LIVECONVD_DATABASE_MIGRATE=no");
    await(f, "the schema does not fit");
    assert_int_equal(daemon_end(&f->daemon), 1);
}

static void migrate_only_brings_the_schema_forward_and_loads(void **state) {
    struct fixture *f = *state;
    const char *const environment[] = {f->socket, "LIVECONVD_DATABASE_USER=root",
                                       "LIVECONVD_SERVER_DEVELOPMENT=yes", NULL};
    const char *const first[] = {"--migrate-only", "--load", TEST_DEMO_FILE, NULL};
    const char *const missing[] = {"--migrate-only", "--load", "/absent.sql", NULL};
    assert_int_equal(daemon_run(first, environment, f->answer, sizeof f->answer), 0);
    assert_non_null(strstr(f->answer, "loaded "));
    assert_int_equal(daemon_run(first, environment, f->answer, sizeof f->answer), 0);
    assert_non_null(strstr(f->answer, ", 0 steps\n"));
    assert_int_equal(daemon_run(missing, environment, f->answer, sizeof f->answer), 1);
    START(f, "LIVECONVD_DATABASE_MIGRATE=no");
    await(f, "ready");
    end_well(f);
}

static void without_its_database_it_waits_and_recovers(void **state) {
    struct fixture *f = *state;
    test_mariadb_kill(f->mariadb);
    start(f, nothing_more);
    await(f, "listening");
    connect_to(f, NULL);
    assert_int_not_equal(health(f), SERVING);
    assert_int_equal(side(f, "/readyz"), 503);
    assert_int_equal(side(f, "/livez"), 200);
    test_mariadb_resume(f->mariadb);
    await(f, "ready");
    assert_int_equal(health(f), SERVING);
    /* And while it serves. */
    test_mariadb_kill(f->mariadb);
    int port = f->port;
    await(f, "the database does not answer");
    assert_int_not_equal(health(f), SERVING);
    test_mariadb_resume(f->mariadb);
    await(f, "the database answers again");
    await(f, "ready");
    assert_int_equal(f->port, port);
    assert_int_equal(health(f), SERVING);
    end_well(f);
}

/* ---- the side port ---- */

static void the_side_port_answers(void **state) {
    struct fixture *f = *state;
    start(f, nothing_more);
    await(f, "ready");
    connect_to(f, NULL);
    assert_int_equal(health(f), SERVING);
    /* A call is counted when its end was written, a moment after its caller has the answer. */
    for (int tries = 0; tries < 100; tries++) {
        assert_int_equal(side(f, "/metrics"), 200);
        if (strstr(f->answer, "le=\"+Inf\"} 1\n") != NULL)
            break;
    }
    static const char *const samples[] = {
        "\nliveconv_ready 1\n",
        "\nliveconv_calls_finished_total{method=\"grpc.health.v1.Health/Check\",code=\"OK\"} 1\n",
        "le=\"+Inf\"} 1\n",
        "\nliveconv_db_connections ",
        "\nliveconv_workers_waiting 0\n",
        "\nliveconv_live_subscribers 0\n",
        "\nliveconv_keys 1\n",
        "\nliveconv_job_runs_total{job=\"ready\"} ",
        "\nliveconv_rate_limited_total 0\n",
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (strstr(f->answer, samples[i]) == NULL)
            fail_msg("%s is not in\n%s", samples[i], f->answer);
    }
    assert_int_equal(side(f, "/livez"), 200);
    assert_int_equal(side(f, "/"), 404);
    assert_int_equal(side(f, "/metrics/"), 404);
    assert_int_equal(http_ask(f->side_port, "POST", "/metrics", f->answer, sizeof f->answer), 405);
    assert_int_equal(http_ask(f->side_port, "HEAD", "/livez", f->answer, sizeof f->answer), 200);
    assert_null(strstr(f->answer, "live\n"));
    end_well(f);
}

static void there_need_not_be_a_side_port(void **state) {
    struct fixture *f = *state;
    START(f, "LIVECONVD_SIDE_PORT=-1");
    await(f, "ready");
    assert_int_equal(f->side_port, -1);
    end_well(f);
}

/* ---- callers ---- */

static void a_caller_who_calls_too_often_is_told_to_wait(void **state) {
    struct fixture *f = *state;
    int serving;
    START(f, "LIVECONVD_LIMITS_RATE=1", "LIVECONVD_LIMITS_RATE_BURST=2");
    await(f, "ready");
    connect_to(f, NULL);
    assert_int_equal(health(f), SERVING);
    assert_int_equal(health(f), SERVING);
    assert_int_equal(ask_health(f, NULL, &serving).code, STATUS_RESOURCE_EXHAUSTED);
    end_well(f);
}

static void sighup_reads_the_keys_again(void **state) {
    struct fixture *f = *state;
    int serving;
    start(f, nothing_more);
    await(f, "ready");
    connect_to(f, NULL);
    assert_int_equal(ask_health(f, bearer(f, secret_one), &serving).code, STATUS_OK);
    assert_int_equal(ask_health(f, bearer(f, secret_two), &serving).code, STATUS_UNAUTHENTICATED);
    write_secret(f, secret_two);
    daemon_signal(&f->daemon, SIGHUP);
    await(f, "reloaded");
    assert_int_equal(ask_health(f, bearer(f, secret_one), &serving).code, STATUS_UNAUTHENTICATED);
    assert_int_equal(ask_health(f, bearer(f, secret_two), &serving).code, STATUS_OK);
    end_well(f);
}

static void sighup_keeps_the_keys_when_they_cannot_be_read(void **state) {
    struct fixture *f = *state;
    int serving;
    start(f, nothing_more);
    await(f, "ready");
    connect_to(f, NULL);
    write_secret(f, "short");
    daemon_signal(&f->daemon, SIGHUP);
    await(f, "reload failed, what was in use stays");
    assert_int_equal(ask_health(f, bearer(f, secret_one), &serving).code, STATUS_OK);
    end_well(f);
}

struct certificates {
    struct certificate_authority *authority;
    char ca[256];
    char setting_certificate[300];
    char setting_key[300];
};

static void issue(struct fixture *f, struct certificates *c, const char *ca_name) {
    char certificate[256];
    char key[256];
    c->authority = certificate_authority_new(ca_name);
    (void)snprintf(c->ca, sizeof c->ca, "%s", temp_dir_join(f->dir, ca_name));
    (void)snprintf(certificate, sizeof certificate, "%s", temp_dir_join(f->dir, "server.pem"));
    (void)snprintf(key, sizeof key, "%s", temp_dir_join(f->dir, "server.key"));
    certificate_authority_write(c->authority, c->ca);
    certificate_authority_sign(c->authority, "liveconv.test", certificate, key);
    (void)snprintf(c->setting_certificate, sizeof c->setting_certificate,
                   "LIVECONVD_TLS_CERTIFICATE_FILE=%s", certificate);
    (void)snprintf(c->setting_key, sizeof c->setting_key, "LIVECONVD_TLS_KEY_FILE=%s", key);
}

static void sighup_reads_the_certificate_again(void **state) {
    struct fixture *f = *state;
    struct certificates old;
    struct certificates renewed;
    int serving;
    issue(f, &old, "old-authority");
    START(f, old.setting_certificate, old.setting_key);
    await(f, "ready");
    struct rpc_channel_tls tls = {.ca_file = old.ca, .server_name_override = "liveconv.test"};
    connect_to(f, &tls);
    assert_int_equal(health(f), SERVING);
    rpc_channel_free(&f->channel);

    issue(f, &renewed, "new-authority");
    daemon_signal(&f->daemon, SIGHUP);
    await(f, "reloaded");
    connect_to(f, &tls);
    assert_int_not_equal(ask_health(f, NULL, &serving).code, STATUS_OK);
    rpc_channel_free(&f->channel);
    tls.ca_file = renewed.ca;
    connect_to(f, &tls);
    assert_int_equal(health(f), SERVING);
    end_well(f);
    certificate_authority_free(&old.authority);
    certificate_authority_free(&renewed.authority);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DAEMON(it_migrates_gets_ready_and_ends_on_sigterm),
        WITH_DAEMON(it_ends_on_sigint_too),
        WITH_DAEMON(sigterm_ends_an_open_stream_and_then_the_server),
        WITH_DAEMON(sigterm_says_goodbye_to_a_subscriber),
        WITH_DAEMON(it_answers_calls_of_the_product),
        WITH_DAEMON(a_second_sigterm_ends_it_at_once),
        WITH_DAEMON(readyz_says_that_it_drains),
        WITH_DAEMON(a_port_that_is_taken_ends_the_start),
        WITH_DAEMON(a_schema_that_is_behind_is_refused),
        WITH_DAEMON(migrate_only_brings_the_schema_forward_and_loads),
        WITH_DAEMON(without_its_database_it_waits_and_recovers),
        WITH_DAEMON(the_side_port_answers),
        WITH_DAEMON(there_need_not_be_a_side_port),
        WITH_DAEMON(a_caller_who_calls_too_often_is_told_to_wait),
        WITH_DAEMON(sighup_reads_the_keys_again),
        WITH_DAEMON(sighup_keeps_the_keys_when_they_cannot_be_read),
        WITH_DAEMON(sighup_reads_the_certificate_again),
    };
    return cmocka_run_group_tests(tests, start_group, end_group);
}
