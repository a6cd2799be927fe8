#include "app/settings.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a server cannot do without. */
#define DATABASE "[database]\nsocket = /run/x.sock\n"
#define KEYS "[keys-1]\nissuer = https://id.example\ntenants = *\njwks-url = https://id.example/k\n"

/* The problems with a file of this text; freed by the next call. */
static const char *problems_of(const char *text) {
    static char kept[4096];
    struct str problems;
    size_t count;
    const struct config_setting *table = app_settings(&count);
    struct config *config = config_new(table, count);
    assert_non_null(config);
    str_init(&problems);
    config_read_text(config, "x.ini", text, strlen(text));
    if (config_finish(config)) {
        bool good = app_settings_check(config, &problems);
        assert_int_equal(good, problems.len_bytes == 0);
    }
    for (size_t i = 0; i < config_problem_count(config); i++)
        str_printf(&problems, "%s\n", config_problem(config, i));
    (void)snprintf(kept, sizeof kept, "%s", problems.bytes);
    str_done(&problems);
    config_free(&config);
    return kept;
}

static void assert_good(const char *text) {
    assert_string_equal(problems_of(text), "");
}

static void assert_names(const char *text, const char *what) {
    if (strstr(problems_of(text), what) == NULL)
        fail_msg("\"%s\" is not in: %s", what, problems_of(text));
}

static void settings_have_defaults_that_are_allowed(void **state) {
    (void)state;
    assert_good(DATABASE KEYS);
}

static void settings_refuse_to_start_without_keys(void **state) {
    (void)state;
    assert_names(DATABASE, "[keys-1]: no keys");
    assert_good("[server]\ndevelopment = yes\n" DATABASE);
}

static void settings_refuse_half_a_key_set(void **state) {
    (void)state;
    assert_names(DATABASE KEYS "[keys-2]\nissuer = x\n", "[keys-2]: an issuer without keys");
    assert_names(DATABASE "[keys-1]\ntenants = *\npem-file = a.pem\n", "keys without an issuer");
    assert_names(DATABASE "[keys-1]\nissuer = x\npem-file = a.pem\n", "speak for nobody");
    assert_names(DATABASE KEYS "roles = studnet\n", "\"studnet\" is none of");
}

static void settings_refuse_tokens_in_the_clear_in_public(void **state) {
    (void)state;
    assert_names("[server]\naddress = 0.0.0.0:1\n" DATABASE KEYS, "in the clear");
    assert_good("[server]\naddress = 0.0.0.0:1\nplaintext = yes\n" DATABASE KEYS);
    assert_good(
        "[server]\naddress = 0.0.0.0:1\n[tls]\ncertificate-file = a\nkey-file = b\n" DATABASE KEYS);
    assert_names("[tls]\ncertificate-file = a\n" DATABASE KEYS, "belong together");
}

static void settings_need_a_database(void **state) {
    (void)state;
    assert_names(KEYS, "neither socket nor host");
    assert_names(DATABASE "connections = 2\n" KEYS, "fewer than server.workers");
}

static void settings_refuse_unknown_keys(void **state) {
    (void)state;
    assert_names("[server]\nworkres = 1\n" DATABASE KEYS, "unknown key \"workres\"");
    assert_names("[serve]\n" DATABASE KEYS "[serve]\nx = 1\n", "unknown section [serve]");
}

static void settings_know_addresses_of_this_machine(void **state) {
    (void)state;
    assert_true(app_address_is_local("127.0.0.1:1"));
    assert_true(app_address_is_local("[::1]:1"));
    assert_true(app_address_is_local("localhost:1"));
    assert_true(app_address_is_local("unix:/run/x"));
    assert_false(app_address_is_local("0.0.0.0:1"));
    assert_false(app_address_is_local("[::]:1"));
    assert_false(app_address_is_local("10.0.0.1:1"));
}

/* The sample is what --help-config prints: it never lags behind the table. */
static void settings_are_all_in_the_sample(void **state) {
    (void)state;
    struct str text;
    size_t count;
    char *sample = NULL;
    size_t len = 0;
    const struct config_setting *table = app_settings(&count);
    FILE *file = fopen(TEST_SAMPLE_FILE, "re");
    assert_non_null(file);
    assert_true(getdelim(&sample, &len, '\0', file) > 0);
    (void)fclose(file);
    str_init(&text);
    assert_true(config_print_help(table, count, APP_SETTINGS_PREFIX, &text));
    assert_string_equal(sample, text.bytes);
    str_done(&text);
    free(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_have_defaults_that_are_allowed),
        cmocka_unit_test(settings_refuse_to_start_without_keys),
        cmocka_unit_test(settings_refuse_half_a_key_set),
        cmocka_unit_test(settings_refuse_tokens_in_the_clear_in_public),
        cmocka_unit_test(settings_need_a_database),
        cmocka_unit_test(settings_refuse_unknown_keys),
        cmocka_unit_test(settings_know_addresses_of_this_machine),
        cmocka_unit_test(settings_are_all_in_the_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
