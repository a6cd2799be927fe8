/* What liveconvd says and answers when it does not serve: checked text for text. */
#include "support/cmocka.h"

#include "daemon.h"

#include <string.h>

#include "support/temp_dir.h"

static char output[65536];

#define ENVIRONMENT(...)                                                                           \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }
#define ARGUMENTS(...)                                                                             \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }

static void check_config_accepts_what_is_good(void **state) {
    (void)state;
    int code = daemon_run(
        ARGUMENTS("--check-config"),
        ENVIRONMENT("LIVECONVD_SERVER_DEVELOPMENT=yes", "LIVECONVD_DATABASE_SOCKET=/run/x"), output,
        sizeof output);
    assert_string_equal(output, "configuration is good\n");
    assert_int_equal(code, 0);
}

static void check_config_names_every_problem_at_once(void **state) {
    struct temp_dir *dir = *state;
    static const char text[] = "[server]\n"
                               "workers = none\n"
                               "prot = 1\n"
                               "[databse]\n"
                               "socket = /run/x\n"
                               "[limits]\n"
                               "message = 1GiB\n";
    const char *path = temp_dir_write(dir, "bad.ini", text, strlen(text));
    assert_non_null(path);
    int code = daemon_run(ARGUMENTS("--config", path, "--check-config"),
                          ENVIRONMENT("LIVECONVD_LOG_LEVEL=loud"), output, sizeof output);
    /* The wording of base/config is tested there: here, that each place is named. */
    const char *const places[] = {":2: server.workers", ":3: unknown key \"prot\"",
                                  ": unknown section [databse]", ":7: limits.message",
                                  "LIVECONVD_LOG_LEVEL"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strstr(output, places[i]) == NULL)
            fail_msg("\"%s\" is not in: %s", places[i], output);
    }
    assert_int_equal(code, 2);
}

static void check_config_refuses_what_is_unsafe(void **state) {
    (void)state;
    int code =
        daemon_run(ARGUMENTS("--check-config"),
                   ENVIRONMENT("LIVECONVD_SERVER_ADDRESS=0.0.0.0:8443"), output, sizeof output);
    assert_string_equal(
        output, "[keys-1]: no keys, so nobody could ever authenticate: set issuer, tenants and "
                "jwks-url, jwks-file, pem-file or secret-file (or server.development = yes)\n"
                "server.address: \"0.0.0.0:8443\" can be reached by others, and tokens would pass "
                "in the clear: set [tls], or server.plaintext = yes\n"
                "[database]: neither socket nor host is set\n");
    assert_int_equal(code, 2);
}

static void an_unknown_variable_is_refused(void **state) {
    (void)state;
    int code = daemon_run(ARGUMENTS("--check-config"), ENVIRONMENT("LIVECONVD_SERVER_PROT=1"),
                          output, sizeof output);
    assert_non_null(strstr(output, "LIVECONVD_SERVER_PROT: unknown variable"));
    assert_int_equal(code, 2);
}

static void an_unknown_argument_is_refused(void **state) {
    (void)state;
    const char *const none[] = {NULL};
    int code = daemon_run(ARGUMENTS("--confg"), none, output, sizeof output);
    assert_string_equal(output, "liveconvd: --confg is not an argument; see liveconvd --help\n");
    assert_int_equal(code, 2);
}

static void help_config_is_a_configuration(void **state) {
    struct temp_dir *dir = *state;
    const char *const none[] = {NULL};
    assert_int_equal(daemon_run(ARGUMENTS("--help-config"), none, output, sizeof output), 0);
    const char *path = temp_dir_write(dir, "all.ini", output, strlen(output));
    int code = daemon_run(
        ARGUMENTS("--check-config", "--config", path),
        ENVIRONMENT("LIVECONVD_SERVER_DEVELOPMENT=yes", "LIVECONVD_DATABASE_SOCKET=/run/x"), output,
        sizeof output);
    assert_string_equal(output, "configuration is good\n");
    assert_int_equal(code, 0);
}

static void help_and_version_answer(void **state) {
    (void)state;
    const char *const none[] = {NULL};
    assert_int_equal(daemon_run(ARGUMENTS("--version"), none, output, sizeof output), 0);
    assert_string_equal(output, "liveconvd " LIVECONV_VERSION "\n");
    assert_int_equal(daemon_run(ARGUMENTS("--help"), none, output, sizeof output), 0);
    assert_non_null(strstr(output, "--migrate-only"));
}

static void a_missing_key_file_ends_the_start(void **state) {
    (void)state;
    int code = daemon_run(
        ARGUMENTS("--config=/dev/null"),
        ENVIRONMENT("LIVECONVD_KEYS_1_ISSUER=https://id.example", "LIVECONVD_KEYS_1_TENANTS=*",
                    "LIVECONVD_KEYS_1_PEM_FILE=/absent.pem", "LIVECONVD_DATABASE_SOCKET=/run/x"),
        output, sizeof output);
    assert_non_null(strstr(output, "\"event\":\"cannot start\",\"cause\":\"[keys-1]: "));
    assert_int_equal(code, 1);
}

static int set_up(void **state) {
    *state = temp_dir_new();
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state) {
    temp_dir_free((struct temp_dir **)state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_config_accepts_what_is_good),
        cmocka_unit_test(check_config_names_every_problem_at_once),
        cmocka_unit_test(check_config_refuses_what_is_unsafe),
        cmocka_unit_test(an_unknown_variable_is_refused),
        cmocka_unit_test(an_unknown_argument_is_refused),
        cmocka_unit_test(help_config_is_a_configuration),
        cmocka_unit_test(help_and_version_answer),
        cmocka_unit_test(a_missing_key_file_ends_the_start),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
