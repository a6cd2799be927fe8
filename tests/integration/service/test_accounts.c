/* The first screen, users, and feedback. */
#include "service_test.h"

#include <string.h>

/* ---- GetHome ---- */

static void home_tells_who_what_and_when(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *hosted = created(guest, new_draft("Hosted"));
    lc_conversation *other = created(new_student(NULL), later(new_draft("Booked"), 1));
    struct rpc_call_options options = liveconv_as(guest);
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *home = NULL;
    booked(guest, other->id);
    assert_ok(
        lc_account_service_get_home(t.lc->channel, &options, &request, &t.arena, &home, &t.result));
    assert_string_equal(home->user->id, guest_id);
    assert_int_equal(home->user->n_roles, 1);
    assert_int_equal(home->user->roles[0], LC_ROLE_STUDENT);
    assert_string_equal(home->time_zone, "Europe/Paris");
    assert_non_null(home->server_time);
    assert_int_equal(home->n_next_bookings, 1);
    assert_string_equal(home->next_bookings[0]->conversation->id, other->id);
    assert_int_equal(home->n_next_hosted, 1);
    assert_string_equal(home->next_hosted[0]->conversation->id, hosted->id);
    assert_int_equal(home->n_live_now, 0);
    assert_int_equal(home->entitlements->n_allowances, 3);
    assert_string_equal(home->entitlements->allowances[0]->kind, "sessions.free");
    assert_true(home->entitlements->allowances[0]->renew_time->seconds >
                home->server_time->seconds);
    assert_false(home->entitlements->may_create_paid);
}

static void a_backend_has_no_home(void **state) {
    (void)state;
    struct rpc_call_options options = liveconv_as(new_service("users.write"));
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *home = NULL;
    assert_refused(
        lc_account_service_get_home(t.lc->channel, &options, &request, &t.arena, &home, &t.result),
        STATUS_PERMISSION_DENIED, NULL);
}

/* The role of a person would open what the scope does not. */
static void a_backend_is_not_a_person_too(void **state) {
    (void)state;
    const char *const both[] = {"student service", "service admin"};
    lc_conversation_draft *draft = new_draft("For those invited");
    draft->visibility = LC_CONVERSATION_VISIBILITY_INVITED;
    lc_conversation *invited = created(new_student(NULL), draft);
    for (size_t i = 0; i < 2; i++) {
        const struct liveconv_who who = {
            .subject = "backend", .roles = both[i], .scope = "feedback.read"};
        assert_refused(try_get(liveconv_token(t.lc, &who), invited->id, NULL, NULL),
                       STATUS_UNAUTHENTICATED, "TOKEN_ROLE_REFUSED");
    }
}

/* ---- users ---- */

static lc_user_upsert *new_upsert(const char *subject) {
    lc_user_upsert *user = lc_user_upsert_new(&t.arena);
    user->subject = text("%s", subject);
    user->display_name = text("Name of %s", subject);
    return user;
}

static struct status try_upsert(const char *token, lc_user_upsert **users, size_t count,
                                lc_upsert_users_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_upsert_users_request request = LC_UPSERT_USERS_REQUEST_INIT;
    request.users = users;
    request.n_users = count;
    return lc_user_service_upsert_users(t.lc->channel, &options, &request, &t.arena, ret_response,
                                        &t.result);
}

static struct status try_get_user(const char *token, const char *id, const char *subject,
                                  lc_get_user_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_get_user_request request = LC_GET_USER_REQUEST_INIT;
    request.user_id = text("%s", id);
    request.subject = text("%s", subject);
    return lc_user_service_get_user(t.lc->channel, &options, &request, &t.arena, ret_response,
                                    &t.result);
}

static void users_are_known_before_their_first_token(void **state) {
    (void)state;
    const char *backend = new_service("users.write");
    lc_user_upsert *users[] = {new_upsert("zoe"), new_upsert("adam")};
    lc_role roles[] = {LC_ROLE_INSTRUCTOR};
    lc_upsert_users_response *response = NULL;
    lc_get_user_response *found = NULL;
    users[1]->roles = roles;
    users[1]->n_roles = 1;
    users[1]->tier = text("PRO");
    assert_ok(try_upsert(backend, users, 2, &response));
    assert_int_equal(response->n_users, 2);
    assert_string_equal(response->users[0]->subject, "zoe");
    assert_int_equal(response->users[0]->roles[0], LC_ROLE_STUDENT);
    assert_string_equal(response->users[1]->subject, "adam");
    assert_int_equal(response->users[1]->roles[0], LC_ROLE_INSTRUCTOR);
    assert_ok(try_get_user(backend, "", "adam", &found));
    assert_string_equal(found->user->tier, "PRO");
    assert_ok(try_get_user(backend, response->users[1]->id, "", &found));
    assert_string_equal(found->user->display_name, "Name of adam");
    assert_refused(try_get_user(backend, "", "", &found), STATUS_INVALID_ARGUMENT,
                   "FIELDS_INCONSISTENT");
    assert_refused(try_get_user(backend, new_uuid(), "", &found), STATUS_NOT_FOUND,
                   "USER_NOT_FOUND");
    assert_refused(try_get_user(new_student(NULL), "", "adam", &found), STATUS_PERMISSION_DENIED,
                   NULL);
}

static void what_a_token_says_takes_the_place(void **state) {
    (void)state;
    const char *backend = new_service("users.write");
    lc_get_user_response *found = NULL;
    const char *before =
        liveconv_token(t.lc, &(struct liveconv_who){.subject = "eve", .name = "Eve"});
    const char *after = liveconv_token(
        t.lc, &(struct liveconv_who){
                  .subject = "eve", .name = "Eva", .roles = "student instructor", .tier = "PRO"});
    created(before, new_draft("Before"));
    assert_ok(try_get_user(backend, "", "eve", &found));
    const char *id = found->user->id;
    assert_string_equal(found->user->display_name, "Eve");
    created(after, later(new_draft("After"), 1));
    assert_ok(try_get_user(backend, "", "eve", &found));
    assert_string_equal(found->user->id, id);
    assert_string_equal(found->user->display_name, "Eva");
    assert_int_equal(found->user->n_roles, 2);
    assert_string_equal(found->user->tier, "PRO");
    /* The account changed: the inbox was told. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", id), 1);
}

static void a_bad_user_stops_all(void **state) {
    (void)state;
    const char *backend = new_service("users.write");
    lc_upsert_users_response *response = NULL;
    lc_user_upsert *users[] = {new_upsert("twice"), new_upsert("twice")};
    assert_refused(try_upsert(backend, users, 2, &response), STATUS_INVALID_ARGUMENT,
                   "FIELDS_INCONSISTENT");
    users[1] = new_upsert("other");
    users[1]->picture_url = text("http://insecure.example");
    assert_refused(try_upsert(backend, users, 2, &response), STATUS_INVALID_ARGUMENT,
                   "FIELD_MALFORMED");
    assert_true(violates("users[1].picture_url"));
    users[1]->picture_url = text("%s", "");
    users[1]->locale = text("no language");
    assert_refused(try_upsert(backend, users, 2, &response), STATUS_INVALID_ARGUMENT,
                   "FIELD_MALFORMED");
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM users WHERE subject = 'twice'"), 0);
}

static struct status suspend(const char *id, bool suspended, lc_suspend_user_response **response) {
    struct rpc_call_options options = liveconv_as(new_service("users.write"));
    lc_suspend_user_request request = LC_SUSPEND_USER_REQUEST_INIT;
    request.user_id = text("%s", id);
    request.suspended = suspended;
    request.note = text("rude");
    return lc_user_service_suspend_user(t.lc->channel, &options, &request, &t.arena, response,
                                        &t.result);
}

static void a_suspended_user_is_refused_until_restored(void **state) {
    (void)state;
    const char *user_id;
    const char *user = new_student(&user_id);
    lc_suspend_user_response *response = NULL;
    lc_conversation *made = created(user, new_draft("Mine"));
    assert_ok(suspend(user_id, true, &response));
    assert_true(response->user->suspended);
    assert_null(response->user->suspended_until);
    assert_refused(try_get(user, made->id, NULL, NULL), STATUS_PERMISSION_DENIED, "USER_SUSPENDED");
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM audit_log WHERE targetUserId = '%s'"
                                         " AND action = 'user.suspend'",
                                         user_id),
                     1);
    assert_ok(suspend(user_id, false, &response));
    assert_false(response->user->suspended);
    assert_ok(try_get(user, made->id, NULL, NULL));
    assert_refused(suspend(new_uuid(), true, &response), STATUS_NOT_FOUND, "USER_NOT_FOUND");
}

/* ---- feedback ---- */

static struct status try_feedback(const char *token, const char *id, const char *subject,
                                  int32_t rating, lc_submit_feedback_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_submit_feedback_request request = LC_SUBMIT_FEEDBACK_REQUEST_INIT;
    char *tags[] = {text("patient"), text("%s", "")};
    request.conversation_id = text("%s", id);
    request.subject_user_id = text("%s", subject);
    request.rating = rating;
    request.comment = text("Very good");
    request.tags = tags;
    request.n_tags = 2;
    return lc_feedback_service_submit_feedback(t.lc->channel, &options, &request, &t.arena,
                                               ret_response, &t.result);
}

static size_t count_feedback(const char *token, const char *conversation_id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_feedback_request request = LC_LIST_FEEDBACK_REQUEST_INIT;
    lc_list_feedback_response *response = NULL;
    request.filter = lc_feedback_filter_new(&t.arena);
    request.filter->conversation_id = text("%s", conversation_id);
    assert_ok(lc_feedback_service_list_feedback(t.lc->channel, &options, &request, &t.arena,
                                                &response, &t.result));
    return response->n_feedback;
}

static void feedback_is_for_those_who_took_part(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    const char *stranger_id;
    const char *stranger = new_student(&stranger_id);
    lc_submit_feedback_response *response = NULL;
    lc_conversation_draft *draft = new_draft("Rated");
    draft->start_time = in_seconds(300);
    lc_conversation *made = created(host, draft);
    booked(guest, made->id);
    created(stranger, new_draft("Known"));
    started(host, made->id);
    liveconv_sql(
        t.lc,
        "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId,"
        " status, isHost) VALUES ('" LIVECONV_TENANT "', '%s', '%s', '%s', 'LEFT', 1)",
        new_uuid(), made->id, host_id);
    liveconv_sql(
        t.lc,
        "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId,"
        " status) VALUES ('" LIVECONV_TENANT "', '%s', '%s', '%s', 'LEFT')",
        new_uuid(), made->id, guest_id);
    assert_refused(try_feedback(guest, made->id, "", 5, &response), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_STATUS");
    ended(host, made->id);
    assert_ok(try_feedback(guest, made->id, "", 5, &response));
    const char *first = response->feedback->id;
    assert_int_equal(response->feedback->n_tags, 1);
    assert_ok(try_feedback(guest, made->id, "", 4, &response));
    assert_string_equal(response->feedback->id, first);
    assert_int_equal(response->feedback->rating, 4);
    assert_ok(try_feedback(guest, made->id, host_id, 5, &response));
    assert_string_equal(response->feedback->subject->user_id, host_id);
    assert_refused(try_feedback(guest, made->id, guest_id, 5, &response), STATUS_INVALID_ARGUMENT,
                   "SELF_REFERENCE");
    assert_refused(try_feedback(guest, made->id, stranger_id, 5, &response),
                   STATUS_FAILED_PRECONDITION, "SUBJECT_NOT_PARTICIPANT");
    assert_refused(try_feedback(stranger, made->id, "", 1, &response), STATUS_PERMISSION_DENIED,
                   "NOT_PARTICIPANT");
    assert_refused(try_feedback(guest, made->id, "", 6, &response), STATUS_INVALID_ARGUMENT, NULL);
    assert_int_equal(count_feedback(guest, made->id), 2);
    assert_int_equal(count_feedback(host, made->id), 2);
    assert_int_equal(count_feedback(stranger, made->id), 0);
    assert_int_equal(count_feedback(new_service("feedback.read"), made->id), 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(home_tells_who_what_and_when),
        TEST(a_backend_has_no_home),
        TEST(a_backend_is_not_a_person_too),
        TEST(users_are_known_before_their_first_token),
        TEST(what_a_token_says_takes_the_place),
        TEST(a_bad_user_stops_all),
        TEST(a_suspended_user_is_refused_until_restored),
        TEST(feedback_is_for_those_who_took_part),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
