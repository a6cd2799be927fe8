#include "app/key_sets.h"

#include "base/clock.h"
#include "domain/types.h"
#include "support/cmocka.h"
#include "support/temp_dir.h"

#include <string.h>

static const char secret[] = "a secret of the tests, long enough";

struct fixture {
    struct temp_dir *dir;
    struct config *config;
    struct auth_keys *keys;
    struct str problem;
};

static struct fixture fixture;

static int set_up(void **state) {
    fixture = (struct fixture){.dir = temp_dir_new()};
    str_init(&fixture.problem);
    *state = &fixture;
    return fixture.dir == NULL ? -1 : 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    auth_keys_free(&f->keys);
    config_free(&f->config);
    str_done(&f->problem);
    temp_dir_free(&f->dir);
    return 0;
}

static struct status open_sets(struct fixture *f, const char *text) {
    size_t count;
    const struct config_setting *table = app_settings(&count);
    f->config = config_new(table, count);
    assert_non_null(f->config);
    config_read_text(f->config, "x.ini", text, strlen(text));
    assert_true(config_finish(f->config));
    return app_key_sets_open(f->config, clock_system(), &f->problem, &f->keys);
}

static void key_sets_are_none_when_nothing_is_set(void **state) {
    struct fixture *f = *state;
    assert_true(status_is_ok(open_sets(f, "")));
    assert_null(f->keys);
}

static void key_sets_carry_their_authority(void **state) {
    struct fixture *f = *state;
    struct auth_candidate found[AUTH_CANDIDATES_MAX];
    struct str text;
    const char *path = temp_dir_write(f->dir, "secret", secret, strlen(secret));
    assert_non_null(path);
    str_init(&text);
    str_printf(&text,
               "[keys-3]\nissuer = https://id.example\naudience = us\ntenants = a, b\n"
               "roles = student, admin\nsecret-file = %s\nsecret-kid = one\n"
               "[auth]\nclaim-tenant = org\n",
               path);
    assert_true(status_is_ok(open_sets(f, text.bytes)));
    str_done(&text);
    assert_int_equal(auth_keys_find(f->keys, "one", found), 1);
    const struct auth_authority *authority = found[0].authority;
    assert_string_equal(authority->issuer, "https://id.example");
    assert_string_equal(authority->audience, "us");
    assert_int_equal(authority->tenant_count, 2);
    assert_string_equal(authority->tenants[1], "b");
    assert_int_equal(authority->roles, DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_ADMIN);
    assert_string_equal(authority->claims.tenant, "org");
    assert_string_equal(authority->claims.subject, "sub");
    auth_candidates_done(found, 1);
    assert_int_equal(auth_keys_find(f->keys, "other", found), 0);
}

static void key_sets_name_the_section_whose_key_cannot_be_used(void **state) {
    struct fixture *f = *state;
    struct str text;
    const char *path = temp_dir_write(f->dir, "secret", secret, strlen(secret));
    assert_non_null(path);
    str_init(&text);
    str_printf(&text,
               "[keys-1]\nissuer = a\ntenants = *\nsecret-file = %s\n"
               "[keys-4]\nissuer = b\ntenants = *\npem-file = /absent.pem\n",
               path);
    assert_false(status_is_ok(open_sets(f, text.bytes)));
    str_done(&text);
    assert_null(f->keys);
    assert_true(str_starts_with(f->problem.bytes, "[keys-4]: "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(key_sets_are_none_when_nothing_is_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_sets_carry_their_authority, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_sets_name_the_section_whose_key_cannot_be_used, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
