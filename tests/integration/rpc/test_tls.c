/* TLS: refused without it, mutual when asked for, certificates replaced while serving. */
#include <stdlib.h>
#include <string.h>

#include "support/certificates.h"
#include "support/cmocka.h"
#include "support/probe_server.h"
#include "support/temp_dir.h"

enum { PATH_BYTES = 512 };

struct fixture {
    struct temp_dir *dir;
    struct certificate_authority *authority;
    char ca[PATH_BYTES];
    char certificate[PATH_BYTES];
    char key[PATH_BYTES];
    char client_certificate[PATH_BYTES];
    char client_key[PATH_BYTES];
    struct rpc_server_tls server_tls;
    struct rpc_channel_tls channel_tls;
    struct probe_server probe;
};

static void path_of(struct fixture *f, const char *name, char path[PATH_BYTES]) {
    strncpy(path, temp_dir_join(f->dir, name), PATH_BYTES - 1);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->dir = temp_dir_new();
    f->authority = certificate_authority_new("probe authority");
    path_of(f, "ca.pem", f->ca);
    path_of(f, "server.pem", f->certificate);
    path_of(f, "server.key", f->key);
    path_of(f, "client.pem", f->client_certificate);
    path_of(f, "client.key", f->client_key);
    certificate_authority_write(f->authority, f->ca);
    certificate_authority_sign(f->authority, "probe.test", f->certificate, f->key);
    certificate_authority_sign(f->authority, "client.test", f->client_certificate, f->client_key);
    f->server_tls = (struct rpc_server_tls){.certificate_file = f->certificate, .key_file = f->key};
    f->channel_tls =
        (struct rpc_channel_tls){.ca_file = f->ca, .server_name_override = "probe.test"};
    probe_server_init(&f->probe);
    f->probe.options.tls = &f->server_tls;
    f->probe.channel_options.tls = &f->channel_tls;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    certificate_authority_free(&f->authority);
    temp_dir_free(&f->dir);
    free(f);
    return 0;
}

/* The code of a call on a channel of its own. */
static int32_t code_of_new_channel(struct fixture *f, const struct rpc_channel_tls *tls) {
    struct rpc_channel_options options;
    struct rpc_channel *channel = NULL;
    const struct rpc_call_options call_options = {.timeout_ms = 3000};
    const char *text = NULL;
    rpc_channel_options_init(&options);
    options.tls = tls;
    options.dedicated_connection = true;
    assert_true(status_is_ok(rpc_channel_new(f->probe.target, &options, &channel)));
    struct status status =
        probe_call(channel, PROBE_ECHO, &call_options, "x", &f->probe.arena, &text, NULL);
    rpc_channel_free(&channel);
    return status.code;
}

static void calls_travel_encrypted_and_not_in_the_clear(void **state) {
    struct fixture *f = *state;
    probe_server_start(&f->probe);
    assert_true(status_is_ok(probe_server_call(&f->probe, PROBE_ECHO, "secret", NULL)));
    assert_int_equal(code_of_new_channel(f, NULL), STATUS_UNAVAILABLE);
    probe_server_stop(&f->probe);
}

static void a_server_of_another_authority_is_not_trusted(void **state) {
    struct fixture *f = *state;
    struct certificate_authority *stranger = certificate_authority_new("stranger");
    char path[PATH_BYTES] = "";
    path_of(f, "stranger.pem", path);
    certificate_authority_write(stranger, path);
    const struct rpc_channel_tls tls = {.ca_file = path, .server_name_override = "probe.test"};
    probe_server_start(&f->probe);
    assert_int_equal(code_of_new_channel(f, &tls), STATUS_UNAVAILABLE);
    probe_server_stop(&f->probe);
    certificate_authority_free(&stranger);
}

static void mutual_tls_wants_the_clients_certificate(void **state) {
    struct fixture *f = *state;
    struct rpc_channel_tls with = f->channel_tls;
    with.certificate_file = f->client_certificate;
    with.key_file = f->client_key;
    f->server_tls.client_ca_file = f->ca;
    probe_server_start(&f->probe);
    assert_int_equal(code_of_new_channel(f, &with), STATUS_OK);
    assert_int_equal(code_of_new_channel(f, &f->channel_tls), STATUS_UNAVAILABLE);
    probe_server_stop(&f->probe);
}

static void a_new_certificate_serves_new_connections(void **state) {
    struct fixture *f = *state;
    struct rpc_channel_tls renamed = f->channel_tls;
    renamed.server_name_override = "renamed.test";
    probe_server_start(&f->probe);
    assert_true(status_is_ok(probe_server_call(&f->probe, PROBE_ECHO, "before", NULL)));
    assert_int_equal(code_of_new_channel(f, &renamed), STATUS_UNAVAILABLE);
    certificate_authority_sign(f->authority, "renamed.test", f->certificate, f->key);
    assert_true(status_is_ok(rpc_server_reload_tls(f->probe.server)));
    assert_int_equal(code_of_new_channel(f, &renamed), STATUS_OK);
    /* Connections that are open stay as they are. */
    assert_true(status_is_ok(probe_server_call(&f->probe, PROBE_ECHO, "after", NULL)));
    probe_server_stop(&f->probe);
}

static void a_bad_certificate_leaves_the_old_one_serving(void **state) {
    struct fixture *f = *state;
    probe_server_start(&f->probe);
    certificate_authority_sign(f->authority, "probe.test", f->certificate, f->client_key);
    struct status status = rpc_server_reload_tls(f->probe.server);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_string_equal(status.detail, "tls.key_file does not belong to tls.certificate_file");
    assert_int_equal(code_of_new_channel(f, &f->channel_tls), STATUS_OK);
    probe_server_stop(&f->probe);
}

static void a_missing_file_is_named(void **state) {
    struct fixture *f = *state;
    struct rpc_server *server = NULL;
    f->server_tls.key_file = "/nowhere/server.key";
    struct status status = rpc_server_new(&f->probe.options, &server);
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_string_equal(status.detail, "tls.key_file cannot be read");
    assert_null(server);
    arena_done(&f->probe.arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(calls_travel_encrypted_and_not_in_the_clear),
        TEST(a_server_of_another_authority_is_not_trusted),
        TEST(mutual_tls_wants_the_clients_certificate),
        TEST(a_new_certificate_serves_new_connections),
        TEST(a_bad_certificate_leaves_the_old_one_serving),
        TEST(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
