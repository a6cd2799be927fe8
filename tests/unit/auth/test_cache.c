#include "auth_test.h"

#include "auth/cache.h"
#include "rpc/principal.h"

#include <stdio.h>

struct fixture {
    struct auth_cache *cache;
    struct auth_key *key;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->cache = auth_cache_new(100);
    assert_non_null(fixture->cache);
    assert_status("key", auth_key_from_secret("k", TEST_SECRET, 32, &fixture->key), STATUS_OK, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    auth_cache_free(&fixture->cache);
    auth_key_unref(&fixture->key);
    free(fixture);
    return 0;
}

static struct auth_digest digest_of(int number) {
    char text[32];
    struct auth_digest digest;
    snprintf(text, sizeof text, "token %d", number);
    assert_true(auth_digest_of(text, strlen(text), &digest));
    return digest;
}

static void put(struct fixture *fixture, int number, int64_t valid_until_us, int64_t now_us) {
    char subject[32];
    snprintf(subject, sizeof subject, "user-%d", number);
    const struct rpc_principal_fields fields = {.subject = subject, .tenant = "t1"};
    struct auth_verified verified = {rpc_principal_new(&fields), auth_key_ref(fixture->key),
                                     valid_until_us};
    struct auth_digest digest = digest_of(number);
    auth_cache_put(fixture->cache, &digest, &verified, now_us);
    auth_verified_done(&verified);
}

static bool is_there(struct fixture *fixture, int number, int64_t now_us) {
    struct auth_digest digest = digest_of(number);
    struct rpc_principal *principal = auth_cache_find(fixture->cache, &digest, now_us);
    char subject[32];
    if (principal == NULL)
        return false;
    snprintf(subject, sizeof subject, "user-%d", number);
    assert_string_equal(rpc_principal_get(principal)->subject, subject);
    rpc_principal_unref(&principal);
    return true;
}

static void digests_are_sha_256(void **state) {
    (void)state;
    static const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf};
    struct auth_digest digest;
    assert_true(auth_digest_of("abc", 3, &digest));
    assert_memory_equal(digest.bytes, expected, sizeof expected);
}

static void a_token_is_found_until_it_ends(void **state) {
    struct fixture *fixture = *state;
    assert_false(is_there(fixture, 1, 0));
    put(fixture, 1, 1000, 0);
    assert_true(is_there(fixture, 1, 0));
    assert_true(is_there(fixture, 1, 999));
    assert_false(is_there(fixture, 2, 0));
    assert_false(is_there(fixture, 1, 1000));
    /* It is gone, not hidden. */
    struct auth_cache_figures figures;
    auth_cache_figures(fixture->cache, &figures);
    assert_int_equal(figures.entries, 0);
    assert_int_equal(figures.hits, 2);
    assert_int_equal(figures.misses, 3);
}

static void a_retired_key_takes_its_tokens_with_it(void **state) {
    struct fixture *fixture = *state;
    put(fixture, 1, 1000, 0);
    assert_true(is_there(fixture, 1, 0));
    auth_key_retire(fixture->key);
    assert_false(is_there(fixture, 1, 0));
}

static void a_second_put_replaces_the_first(void **state) {
    struct fixture *fixture = *state;
    put(fixture, 1, 1000, 0);
    put(fixture, 1, 2000, 0);
    assert_true(is_there(fixture, 1, 1500));
    struct auth_cache_figures figures;
    auth_cache_figures(fixture->cache, &figures);
    assert_int_equal(figures.entries, 1);
}

static void the_number_of_entries_is_bounded(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 2000; i++)
        put(fixture, i, 1000, 0);
    struct auth_cache_figures figures;
    auth_cache_figures(fixture->cache, &figures);
    assert_int_equal(figures.entries, 128);
    assert_int_equal(figures.evictions, 2000 - 128);
    assert_true(is_there(fixture, 1999, 0));
}

static void what_is_used_stays(void **state) {
    struct fixture *fixture = *state;
    put(fixture, 0, 1000, 0);
    for (int i = 1; i < 2000; i++) {
        put(fixture, i, 1000, 0);
        assert_true(is_there(fixture, 0, 0));
    }
}

static void what_is_over_makes_room_first(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 2000; i++)
        put(fixture, i, 10, 0);
    struct auth_cache_figures before, after;
    auth_cache_figures(fixture->cache, &before);
    put(fixture, 5000, 1000, 20);
    auth_cache_figures(fixture->cache, &after);
    assert_int_equal(after.evictions, before.evictions);
    assert_true(is_there(fixture, 5000, 20));
}

static void principals_outlive_the_cache(void **state) {
    struct fixture *fixture = *state;
    put(fixture, 1, 1000, 0);
    struct auth_digest digest = digest_of(1);
    struct rpc_principal *principal = auth_cache_find(fixture->cache, &digest, 0);
    auth_cache_free(&fixture->cache);
    assert_null(fixture->cache);
    assert_string_equal(rpc_principal_get(principal)->subject, "user-1");
    rpc_principal_unref(&principal);
}

static void clearing_forgets_everything(void **state) {
    struct fixture *fixture = *state;
    put(fixture, 1, 1000, 0);
    put(fixture, 2, 1000, 0);
    auth_cache_clear(fixture->cache);
    assert_false(is_there(fixture, 1, 0));
    assert_false(is_there(fixture, 2, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_sha_256),
        cmocka_unit_test_setup_teardown(a_token_is_found_until_it_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_retired_key_takes_its_tokens_with_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_put_replaces_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_entries_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_used_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_over_makes_room_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(principals_outlive_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clearing_forgets_everything, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
