#include "support/store_world.h"

#include "store/request.h"

static struct store_request_key key_of(struct world *w, const char *principal) {
    struct store_request_key key = {.principal = principal,
                                    .method = "BookingService/BookConversation",
                                    .request_id = world_uuid(w)};
    memset(key.fingerprint, 7, sizeof key.fingerprint);
    return key;
}

static struct store_request begin(struct world *w, struct db_tx *tx,
                                  const struct store_request_key *key) {
    struct store_request request;
    MUST(store_request_begin(tx, &w->arena, w->tenant, key, WORLD_NOW_US, &request));
    return request;
}

STORE_TEST(a_retry_gets_the_first_answer) {
    struct store_request_key key = key_of(w, "ana");
    assert_int_equal(begin(w, tx, &key).outcome, STORE_REQUEST_FIRST);
    MUST(store_request_complete(tx, w->tenant, &key, "\0answer", 7));
    struct store_request again = begin(w, tx, &key);
    assert_int_equal(again.outcome, STORE_REQUEST_REPLAY);
    assert_int_equal(again.response.len_bytes, 7);
    assert_memory_equal(again.response.bytes, "\0answer", 7);
    return status_ok();
}

STORE_TEST(a_record_tells_whose_it_is) {
    struct store_request_key key = key_of(w, "ana");
    struct store_request found;
    key.attempt = world_uuid(w);
    (void)begin(w, tx, &key);
    MUST(store_request_complete(tx, w->tenant, &key, "a", 1));
    MUST(store_request_find(tx, &w->arena, w->tenant, &key, &found));
    assert_int_equal(found.outcome, STORE_REQUEST_REPLAY);
    assert_true(found.is_own);
    key.attempt = world_uuid(w);
    MUST(store_request_find(tx, &w->arena, w->tenant, &key, &found));
    assert_int_equal(found.outcome, STORE_REQUEST_REPLAY);
    assert_false(found.is_own);
    return status_ok();
}

STORE_TEST(an_empty_answer_is_an_answer) {
    struct store_request_key key = key_of(w, "ana");
    (void)begin(w, tx, &key);
    MUST(store_request_complete(tx, w->tenant, &key, NULL, 0));
    struct store_request again = begin(w, tx, &key);
    assert_int_equal(again.outcome, STORE_REQUEST_REPLAY);
    assert_int_equal(again.response.len_bytes, 0);
    return status_ok();
}

STORE_TEST(another_body_under_the_same_id_is_a_mismatch) {
    struct store_request_key key = key_of(w, "ana");
    (void)begin(w, tx, &key);
    MUST(store_request_complete(tx, w->tenant, &key, "a", 1));
    key.fingerprint[31] ^= 1;
    struct store_request again = begin(w, tx, &key);
    assert_int_equal(again.outcome, STORE_REQUEST_MISMATCH);
    assert_null(again.response.bytes);
    return status_ok();
}

STORE_TEST(the_same_id_of_another_principal_method_or_tenant_is_another_request) {
    struct store_request_key key = key_of(w, "ana");
    struct store_request found;
    (void)begin(w, tx, &key);
    MUST(store_request_complete(tx, w->tenant, &key, "a", 1));
    MUST(store_request_find(tx, &w->arena, w->stranger, &key, &found));
    assert_int_equal(found.outcome, STORE_REQUEST_FIRST);
    key.principal = "bob";
    assert_int_equal(begin(w, tx, &key).outcome, STORE_REQUEST_FIRST);
    key.principal = "ana";
    key.method = "BookingService/CancelBooking";
    assert_int_equal(begin(w, tx, &key).outcome, STORE_REQUEST_FIRST);
    return status_ok();
}

STORE_TEST(a_saga_is_resumed_from_its_state) {
    struct store_request_key key = key_of(w, "ana");
    (void)begin(w, tx, &key);
    MUST(store_request_suspend(tx, w->tenant, &key, "state", 5));
    struct store_request again = begin(w, tx, &key);
    assert_int_equal(again.outcome, STORE_REQUEST_STARTED);
    assert_memory_equal(again.resume_state.bytes, "state", 5);
    MUST(store_request_complete(tx, w->tenant, &key, "done", 4));
    assert_int_equal(begin(w, tx, &key).outcome, STORE_REQUEST_REPLAY);
    return status_ok();
}

STORE_TEST(old_records_are_trimmed_and_sagas_stay) {
    struct store_request_key old = key_of(w, "ana");
    struct store_request_key saga = key_of(w, "ana");
    uint64_t deleted = 9;
    (void)begin(w, tx, &old);
    MUST(store_request_complete(tx, w->tenant, &old, "a", 1));
    (void)begin(w, tx, &saga);
    MUST(store_request_trim(tx, w->tenant, WORLD_NOW_US, 10, &deleted));
    assert_int_equal(deleted, 0);
    MUST(store_request_trim(tx, w->tenant, WORLD_NOW_US + 1, 10, &deleted));
    assert_int_equal(deleted, 1);
    assert_int_equal(begin(w, tx, &saga).outcome, STORE_REQUEST_STARTED);
    return status_ok();
}

/* ---- a refusal leaves nothing behind ---- */

struct refusal {
    struct world *w;
    struct store_request_key key;
};

static struct status refuse(struct db_tx *tx, void *context) {
    struct refusal *refusal = context;
    assert_int_equal(begin(refusal->w, tx, &refusal->key).outcome, STORE_REQUEST_FIRST);
    return status_error(STATUS_FAILED_PRECONDITION, 0, "Full.");
}

STORE_TEST(a_refusal_is_evaluated_again) {
    struct refusal refusal = {w, key_of(w, "ana")};
    (void)tx;
    for (int i = 0; i < 2; i++) {
        struct status s = db_transaction(w->pool, INT64_MAX, refuse, &refusal, NULL);
        assert_int_equal(s.code, STATUS_FAILED_PRECONDITION);
    }
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_gets_the_first_answer),
        cmocka_unit_test(a_record_tells_whose_it_is),
        cmocka_unit_test(an_empty_answer_is_an_answer),
        cmocka_unit_test(another_body_under_the_same_id_is_a_mismatch),
        cmocka_unit_test(the_same_id_of_another_principal_method_or_tenant_is_another_request),
        cmocka_unit_test(a_saga_is_resumed_from_its_state),
        cmocka_unit_test(old_records_are_trimmed_and_sagas_stay),
        cmocka_unit_test(a_refusal_is_evaluated_again),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
