#include "codegen/parameter.h"

#include "support/cmocka.h"

#include "arena_fixture.h"

static struct parameters parse(struct arena *arena, const char *text, const char **ret_problems) {
    struct problems problems;
    struct parameters parameters;
    problems_init(&problems, arena);
    parameters_parse(&parameters, arena, text, &problems);
    *ret_problems = problems_text(&problems);
    return parameters;
}

static void no_parameter_is_no_problem(void **state) {
    const char *problems = NULL;
    assert_int_equal(parse(*state, NULL, &problems).count, 0);
    assert_null(problems);
    assert_int_equal(parse(*state, ",,", &problems).count, 0);
    assert_null(problems);
}

static void grants_combine(void **state) {
    const char *problems = NULL;
    struct parameters parameters = parse(*state, "access=a.S:roles=x|y||z:scope=t", &problems);
    assert_null(problems);
    const struct parameter *found = parameters_find(&parameters, PARAMETER_ACCESS, "a.S.M");
    assert_non_null(found);
    assert_false(found->access.is_public);
    assert_int_equal(found->access.role_count, 3);
    assert_string_equal(found->access.roles[2], "z");
    assert_string_equal(found->access.scope, "t");
}

static void a_grant_without_a_pattern_is_for_all(void **state) {
    const char *problems = NULL;
    struct parameters parameters = parse(*state, "access=public", &problems);
    assert_null(problems);
    assert_true(parameters_find(&parameters, PARAMETER_ACCESS, "any.S.M")->access.is_public);
}

static void the_longest_pattern_wins(void **state) {
    const char *problems = NULL;
    struct parameters parameters =
        parse(*state, "access=a.S.M:scope=method,access=a.S:scope=service,access=a.*:scope=package",
              &problems);
    assert_null(problems);
    assert_string_equal(parameters_find(&parameters, PARAMETER_ACCESS, "a.S.M")->access.scope,
                        "method");
    assert_string_equal(parameters_find(&parameters, PARAMETER_ACCESS, "a.S.N")->access.scope,
                        "service");
    assert_string_equal(parameters_find(&parameters, PARAMETER_ACCESS, "a.T.M")->access.scope,
                        "package");
    assert_null(parameters_find(&parameters, PARAMETER_ACCESS, "b.S.M"));
}

static void a_service_is_no_prefix_of_another_service(void **state) {
    const char *problems = NULL;
    struct parameters parameters = parse(*state, "dispatch=a.S:poller", &problems);
    assert_true(parameters_find(&parameters, PARAMETER_DISPATCH, "a.S.M")->on_poller);
    assert_null(parameters_find(&parameters, PARAMETER_DISPATCH, "a.Status.M"));
}

static void kinds_do_not_mix(void **state) {
    const char *problems = NULL;
    struct parameters parameters =
        parse(*state, "extern=google/*,prefix=a.proto:aa,dispatch=*:worker", &problems);
    assert_null(problems);
    assert_non_null(parameters_find(&parameters, PARAMETER_EXTERN, "google/rpc/status.proto"));
    assert_null(parameters_find(&parameters, PARAMETER_EXTERN, "a.proto"));
    assert_string_equal(parameters_find(&parameters, PARAMETER_PREFIX, "a.proto")->prefix, "aa");
    assert_false(parameters_find(&parameters, PARAMETER_DISPATCH, "a.S.M")->on_poller);
}

static void what_cannot_be_read_is_left_out(void **state) {
    const char *problems = NULL;
    struct parameters parameters =
        parse(*state, "acces=public,access=S,prefix=a:B,access=T:public", &problems);
    assert_non_null(problems);
    assert_int_equal(parameters.count, 1);
    assert_string_equal(parameters.items[0].pattern, "T");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(no_parameter_is_no_problem),
        WITH_ARENA(grants_combine),
        WITH_ARENA(a_grant_without_a_pattern_is_for_all),
        WITH_ARENA(the_longest_pattern_wins),
        WITH_ARENA(a_service_is_no_prefix_of_another_service),
        WITH_ARENA(kinds_do_not_mix),
        WITH_ARENA(what_cannot_be_read_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
