#include "auth_test.h"

#include "auth/keys.h"
#include "base/clock.h"
#include "domain/types.h"

/* Documents by location, which a test changes as a provider would. */
struct shelf {
    struct {
        const char *location;
        const char *body; /* NULL: unreachable */
    } items[4];
    int reads;
};

static struct status read_shelf(void *context, const struct auth_source *source,
                                struct str *ret_body) {
    struct shelf *shelf = context;
    shelf->reads++;
    for (size_t i = 0; i < COUNT_OF(shelf->items); i++)
        if (shelf->items[i].location != NULL && shelf->items[i].body != NULL &&
            strcmp(shelf->items[i].location, source->location) == 0) {
            str_append(ret_body, shelf->items[i].body);
            return status_ok();
        }
    return status_error(STATUS_UNAVAILABLE, 0, "unreachable");
}

static const char *const tenants[] = {"t1"};

static struct auth_key_set_options set_of(const struct auth_source *sources, size_t count) {
    return (struct auth_key_set_options){.name = "test",
                                         .issuer = "https://id.example",
                                         .audience = "liveconv",
                                         .tenants = tenants,
                                         .tenant_count = 1,
                                         .roles = DOMAIN_ROLE_STUDENT,
                                         .sources = sources,
                                         .source_count = count};
}

static struct auth_keys *keys_of(struct shelf *shelf, struct fake_clock *clock,
                                 const struct auth_source *sources, size_t count) {
    struct auth_key_set_options set = set_of(sources, count);
    struct auth_keys_options options;
    struct auth_keys *keys = NULL;
    fake_clock_init(clock, TEST_NOW_US);
    auth_keys_options_init(&options);
    options.sets = &set;
    options.set_count = 1;
    options.read = read_shelf;
    options.read_context = shelf;
    options.clock = &clock->base;
    assert_status("keys", auth_keys_new(&options, NULL, &keys), STATUS_OK, 0);
    return keys;
}

/* How many keys answer to a kid; the first one's reference is the caller's. */
static size_t find(struct auth_keys *keys, const char *kid, struct auth_key **ret_first) {
    struct auth_candidate candidates[AUTH_CANDIDATES_MAX];
    size_t count = auth_keys_find(keys, kid, candidates);
    if (ret_first != NULL)
        *ret_first = count > 0 ? auth_key_ref(candidates[0].key) : NULL;
    auth_candidates_done(candidates, count);
    return count;
}

static const struct auth_source jwks_url[] = {
    {AUTH_SOURCE_JWKS_URL, "https://id.example/jwks", NULL}};

static void every_kind_of_source_is_read(void **state) {
    (void)state;
    char *jwk = test_jwk(BY_EC, "from-jwks", "");
    char *jwks = test_jwks(jwk, NULL, NULL);
    struct shelf shelf = {.items = {{"secret", TEST_SECRET "\n"},
                                    {"pem", test_keys()->public_pems[BY_RSA]},
                                    {"file", jwks}}};
    const struct auth_source sources[] = {
        {AUTH_SOURCE_SECRET_FILE, "secret", "from-secret"},
        {AUTH_SOURCE_PEM_FILE, "pem", "from-pem"},
        {AUTH_SOURCE_JWKS_FILE, "file", NULL},
    };
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, sources, COUNT_OF(sources));
    struct auth_key *secret = NULL, *expected = NULL;
    struct auth_keys_figures figures;
    assert_int_equal(find(keys, "from-secret", &secret), 1);
    assert_int_equal(find(keys, "from-pem", NULL), 1);
    assert_int_equal(find(keys, "from-jwks", NULL), 1);
    assert_int_equal(find(keys, "", NULL), 0);
    assert_int_equal(find(keys, "from", NULL), 0);
    /* Without the newline that an editor leaves. */
    assert_status("secret", auth_key_from_secret("from-secret", TEST_SECRET, 32, &expected),
                  STATUS_OK, 0);
    assert_true(auth_key_same(secret, expected));
    auth_keys_figures(keys, &figures);
    assert_int_equal(figures.known, 3);
    assert_int_equal(figures.failures, 0);
    assert_int_equal(figures.last_success_us, TEST_NOW_US);
    auth_key_unref(&secret);
    auth_key_unref(&expected);
    auth_keys_free(&keys);
    assert_null(keys);
    free(jwks);
    free(jwk);
}

static void a_rotation_overlaps(void **state) {
    (void)state;
    char *old_jwk = test_jwk(BY_EC, "old", "");
    char *new_jwk = test_jwk(BY_EC_2, "new", "");
    char *old_alone = test_jwks(old_jwk, NULL, NULL);
    char *both = test_jwks(new_jwk, old_jwk, NULL);
    char *new_alone = test_jwks(new_jwk, NULL, NULL);
    struct shelf shelf = {.items = {{"https://id.example/jwks", old_alone}}};
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, jwks_url, 1);
    struct auth_key *first = NULL, *again = NULL, *fresh = NULL;

    assert_int_equal(find(keys, "old", &first), 1);
    assert_int_equal(find(keys, "new", NULL), 0);
    shelf.items[0].body = both;
    assert_status("refresh", auth_keys_refresh(keys), STATUS_OK, 0);
    /* The same object, so that the tokens it verified stay cached. */
    assert_int_equal(find(keys, "old", &again), 1);
    assert_ptr_equal(first, again);
    assert_false(auth_key_is_retired(first));
    assert_int_equal(find(keys, "new", &fresh), 1);
    shelf.items[0].body = new_alone;
    assert_status("refresh", auth_keys_refresh(keys), STATUS_OK, 0);
    assert_int_equal(find(keys, "old", NULL), 0);
    assert_true(auth_key_is_retired(first));
    assert_false(auth_key_is_retired(fresh));

    auth_key_unref(&first);
    auth_key_unref(&again);
    auth_key_unref(&fresh);
    auth_keys_free(&keys);
    free(old_alone);
    free(both);
    free(new_alone);
    free(old_jwk);
    free(new_jwk);
}

static void another_key_under_the_same_kid_takes_its_place(void **state) {
    (void)state;
    char *a = test_jwk(BY_EC, "k", "");
    char *b = test_jwk(BY_EC_2, "k", "");
    char *before = test_jwks(a, NULL, NULL);
    char *after = test_jwks(b, NULL, NULL);
    struct shelf shelf = {.items = {{"https://id.example/jwks", before}}};
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, jwks_url, 1);
    struct auth_key *old = NULL, *now = NULL;
    assert_int_equal(find(keys, "k", &old), 1);
    shelf.items[0].body = after;
    assert_status("refresh", auth_keys_refresh(keys), STATUS_OK, 0);
    assert_int_equal(find(keys, "k", &now), 1);
    assert_ptr_not_equal(old, now);
    assert_true(auth_key_is_retired(old));
    auth_key_unref(&old);
    auth_key_unref(&now);
    auth_keys_free(&keys);
    free(a);
    free(b);
    free(before);
    free(after);
}

static void known_keys_stay_when_a_source_fails(void **state) {
    (void)state;
    static const char *const failures[] = {NULL, "", "<html>", "{\"keys\":[]}"};
    char *jwk = test_jwk(BY_EC, "k", "");
    char *jwks = test_jwks(jwk, NULL, NULL);
    struct shelf shelf = {.items = {{"https://id.example/jwks", jwks}}};
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, jwks_url, 1);
    struct auth_keys_figures figures;
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        shelf.items[0].body = failures[i];
        fake_clock_advance(&clock, 1000000);
        struct status status = auth_keys_refresh(keys);
        assert_false(status_is_ok(status));
        assert_int_equal(find(keys, "k", NULL), 1);
        assert_int_equal(find(keys, "other", NULL), 0);
    }
    auth_keys_figures(keys, &figures);
    assert_int_equal(figures.failures, COUNT_OF(failures));
    assert_int_equal(figures.last_success_us, TEST_NOW_US);
    auth_keys_free(&keys);
    free(jwks);
    free(jwk);
}

static void one_failing_source_does_not_hold_up_the_others(void **state) {
    (void)state;
    char *jwk = test_jwk(BY_EC_2, "new", "");
    char *jwks = test_jwks(jwk, NULL, NULL);
    struct shelf shelf = {
        .items = {{"pem", test_keys()->public_pems[BY_RSA]}, {"https://id.example/jwks", NULL}}};
    const struct auth_source sources[] = {
        {AUTH_SOURCE_PEM_FILE, "pem", "p"},
        {AUTH_SOURCE_JWKS_URL, "https://id.example/jwks", NULL},
    };
    struct fake_clock clock;
    /* A URL that is silent at the start is no reason not to start. */
    struct auth_keys *keys = keys_of(&shelf, &clock, sources, 2);
    assert_int_equal(find(keys, "p", NULL), 1);
    shelf.items[0].body = NULL;
    shelf.items[1].body = jwks;
    struct status status = auth_keys_refresh(keys);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(find(keys, "p", NULL), 1);
    assert_int_equal(find(keys, "new", NULL), 1);
    auth_keys_free(&keys);
    free(jwks);
    free(jwk);
}

static void a_token_without_kid_gets_the_only_key(void **state) {
    (void)state;
    char *one_jwk = test_jwk(BY_EC, "k", "");
    char *other_jwk = test_jwk(BY_RSA, "l", "");
    char *one = test_jwks(one_jwk, NULL, NULL);
    char *two = test_jwks(one_jwk, other_jwk, NULL);
    struct shelf shelf = {.items = {{"https://id.example/jwks", one}}};
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, jwks_url, 1);
    assert_int_equal(find(keys, "", NULL), 1);
    shelf.items[0].body = two;
    assert_status("refresh", auth_keys_refresh(keys), STATUS_OK, 0);
    assert_int_equal(find(keys, "", NULL), 0);
    auth_keys_free(&keys);
    free(one);
    free(two);
    free(one_jwk);
    free(other_jwk);
}

static void configurations_that_are_refused(void **state) {
    (void)state;
    struct shelf shelf = {.items = {{"short", "too short"}, {"pem", "no pem"}}};
    const struct auth_source short_secret = {AUTH_SOURCE_SECRET_FILE, "short", "k"};
    const struct auth_source no_pem = {AUTH_SOURCE_PEM_FILE, "pem", "k"};
    const struct auth_source missing = {AUTH_SOURCE_JWKS_FILE, "missing", NULL};
    const struct auth_source in_clear = {AUTH_SOURCE_JWKS_URL, "http://id.example/jwks", NULL};
    struct {
        const char *name;
        struct auth_key_set_options set;
        enum status_code code;
    } rows[] = {
        {"short secret", set_of(&short_secret, 1), STATUS_INVALID_ARGUMENT},
        {"no PEM", set_of(&no_pem, 1), STATUS_INVALID_ARGUMENT},
        {"missing file", set_of(&missing, 1), STATUS_UNAVAILABLE},
        {"plain http", set_of(&in_clear, 1), STATUS_INVALID_ARGUMENT},
        {"no source", set_of(NULL, 0), STATUS_INVALID_ARGUMENT},
        {"no issuer", set_of(jwks_url, 1), STATUS_INVALID_ARGUMENT},
        {"no audience", set_of(jwks_url, 1), STATUS_INVALID_ARGUMENT},
        {"no tenant", set_of(jwks_url, 1), STATUS_INVALID_ARGUMENT},
        {"no role", set_of(jwks_url, 1), STATUS_INVALID_ARGUMENT},
    };
    rows[5].set.issuer = "";
    rows[6].set.audience = NULL;
    rows[7].set.tenant_count = 0;
    rows[8].set.roles = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        /* Behind a good one, so that the index tells which it is. */
        struct auth_key_set_options sets[] = {set_of(jwks_url, 1), rows[i].set};
        struct auth_keys_options options;
        struct auth_keys *keys = NULL;
        size_t set = 77;
        auth_keys_options_init(&options);
        options.sets = sets;
        options.set_count = 2;
        options.read = read_shelf;
        options.read_context = &shelf;
        assert_status(rows[i].name, auth_keys_new(&options, &set, &keys), rows[i].code, 0);
        assert_int_equal(set, 1);
        assert_null(keys);
    }
}

static void the_thread_refreshes_on_request_alone(void **state) {
    (void)state;
    char *old_jwk = test_jwk(BY_EC, "old", "");
    char *new_jwk = test_jwk(BY_EC_2, "new", "");
    char *old_alone = test_jwks(old_jwk, NULL, NULL);
    char *both = test_jwks(new_jwk, old_jwk, NULL);
    struct shelf shelf = {.items = {{"https://id.example/jwks", old_alone}}};
    struct fake_clock clock;
    struct auth_keys *keys = keys_of(&shelf, &clock, jwks_url, 1);
    struct auth_keys_figures figures;

    shelf.items[0].body = both; /* before the thread starts: nobody else reads it yet */
    assert_status("start", auth_keys_start(keys), STATUS_OK, 0);
    /* Too soon after the last look: dropped, whoever asks how often. */
    for (int i = 0; i < 1000; i++)
        auth_keys_request_refresh(keys);
    auth_keys_figures(keys, &figures);
    assert_int_equal(figures.refreshes, 1);
    fake_clock_advance(&clock, 10000000);
    for (int i = 0; i < 1000; i++)
        auth_keys_request_refresh(keys);
    /* It ends what was asked for before it stops, or has done it already. */
    while (figures.refreshes < 2)
        auth_keys_figures(keys, &figures);
    auth_keys_stop(keys);
    auth_keys_figures(keys, &figures);
    assert_int_equal(figures.refreshes, 2);
    assert_int_equal(find(keys, "new", NULL), 1);
    auth_keys_stop(keys);
    auth_keys_free(&keys);
    free(old_alone);
    free(both);
    free(old_jwk);
    free(new_jwk);
}

static int make_keys(void **state) {
    (void)state;
    test_keys();
    return 0;
}

static int drop_keys(void **state) {
    (void)state;
    test_keys_free();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_source_is_read),
        cmocka_unit_test(a_rotation_overlaps),
        cmocka_unit_test(another_key_under_the_same_kid_takes_its_place),
        cmocka_unit_test(known_keys_stay_when_a_source_fails),
        cmocka_unit_test(one_failing_source_does_not_hold_up_the_others),
        cmocka_unit_test(a_token_without_kid_gets_the_only_key),
        cmocka_unit_test(configurations_that_are_refused),
        cmocka_unit_test(the_thread_refreshes_on_request_alone),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
