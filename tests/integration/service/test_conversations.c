/* Creating, reading and changing conversations through the client stubs. */
#include "service_test.h"

#include <stdio.h>
#include <string.h>

/* ---- creating ---- */

static void create_answers_with_what_was_created(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_conversation *made = created(host, new_draft("Talk about films"));
    assert_string_equal(made->title, "Talk about films");
    assert_int_equal(made->status, LC_CONVERSATION_STATUS_SCHEDULED);
    assert_int_equal(made->max_participants, 8);
    assert_int_equal(made->seats_left, 8);
    assert_true(made->is_free);
    assert_int_equal(made->visibility, LC_CONVERSATION_VISIBILITY_PUBLIC);
    assert_string_equal(made->host->user_id, host_id);
    assert_string_equal(made->time_zone, "Europe/Paris");
    assert_int_equal(made->duration_minutes, 60);
    assert_non_null(made->etag);
    lc_get_conversation_response *found = got(host, made->id);
    assert_string_equal(found->conversation->title, "Talk about films");
    assert_true(found->viewer->is_host);
    assert_int_equal(found->viewer->booking_state, LC_BOOKING_STATE_NONE);
}

static void create_keeps_all_fields(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("' OR 1=1-- \xf0\x9f\x98\x80");
    draft->description = text("Two lines\nof text");
    draft->language = text("PT-br");
    draft->time_zone = text("Asia/Tokyo");
    draft->topic = text("film");
    lc_learning_material *material = lc_learning_material_new(&t.arena);
    lc_vocabulary_item *word = lc_vocabulary_item_new(&t.arena);
    word->term = text("filme");
    word->translation = text("film");
    material->vocabulary = &word;
    material->n_vocabulary = 1;
    char *points[] = {text("past tense"), text("%s", "")};
    material->grammar_points = points;
    material->n_grammar_points = 2;
    draft->material = material;
    lc_conversation *made = created(new_student(NULL), draft);
    assert_string_equal(made->title, "' OR 1=1-- \xf0\x9f\x98\x80");
    assert_string_equal(made->description, "Two lines\nof text");
    assert_string_equal(made->language, "pt-BR");
    assert_string_equal(made->time_zone, "Asia/Tokyo");
    assert_int_equal(made->material->n_vocabulary, 1);
    assert_string_equal(made->material->vocabulary[0]->term, "filme");
    assert_int_equal(made->material->n_grammar_points, 1);
}

static void create_refuses_what_a_field_may_not_hold(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Times");
    draft->end_time = in_seconds(3000);
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "END_BEFORE_START");
    assert_true(violates("conversation.end_time"));
    draft = new_draft("Long");
    draft->end_time = in_seconds(3600 * 24);
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "DURATION_OUT_OF_RANGE");
    assert_string_equal(error_metadata("max_minutes"), "240");
    draft = new_draft("Zone");
    draft->time_zone = text("Mars/Olympus");
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "FIELD_MALFORMED");
    draft = new_draft("Language");
    draft->language = text("not a tag");
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "FIELD_MALFORMED");
    draft = new_draft("Private");
    draft->type = LC_CONVERSATION_TYPE_PRIVATE;
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = 2;
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, "CAPACITY_OUT_OF_RANGE");
    draft = new_draft("Past");
    draft->start_time = in_seconds(-60);
    assert_refused(try_create(host, draft, NULL), STATUS_INVALID_ARGUMENT, NULL);
    assert_true(violates("conversation.start_time"));
}

static void a_student_sets_neither_price_nor_instructor(void **state) {
    (void)state;
    const char *instructor_id;
    const char *instructor = new_instructor(&instructor_id);
    created(instructor, new_draft("Known"));
    lc_conversation_draft *draft = later(new_draft("Paid"), 1);
    draft->price = new_money("USD", 1000);
    assert_refused(try_create(new_student(NULL), draft, NULL), STATUS_PERMISSION_DENIED,
                   "INSTRUCTOR_ROLE_REQUIRED");
    lc_conversation *made = created(instructor, draft);
    assert_int_equal(made->price->amount_minor, 1000);
    assert_false(made->is_free);
    draft = later(new_draft("Led"), 2);
    draft->instructor_id = text("%s", instructor_id);
    assert_refused(try_create(new_student(NULL), draft, NULL), STATUS_PERMISSION_DENIED,
                   "INSTRUCTOR_ROLE_REQUIRED");
    made = created(instructor, draft);
    assert_string_equal(made->instructor->user_id, instructor_id);
    draft->instructor_id = new_uuid();
    assert_refused(try_create(instructor, draft, NULL), STATUS_FAILED_PRECONDITION,
                   "INSTRUCTOR_UNKNOWN");
    draft = new_draft("Currency");
    draft->price = new_money("JPY", 1000);
    assert_refused(try_create(instructor, draft, NULL), STATUS_INVALID_ARGUMENT,
                   "CURRENCY_NOT_SUPPORTED");
}

static void a_backend_creates_for_somebody(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    const char *backend = new_service("conversations.write");
    struct rpc_call_options options = liveconv_as(backend);
    lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
    lc_create_conversation_response *response = NULL;
    created(host, new_draft("Known"));
    request.conversation = later(new_draft("For somebody"), 1);
    assert_refused(lc_conversation_service_create_conversation(t.lc->channel, &options, &request,
                                                               &t.arena, &response, &t.result),
                   STATUS_INVALID_ARGUMENT, "FIELDS_INCONSISTENT");
    request.host_id = text("%s", host_id);
    assert_ok(lc_conversation_service_create_conversation(t.lc->channel, &options, &request,
                                                          &t.arena, &response, &t.result));
    assert_string_equal(response->conversation->host->user_id, host_id);
    request.host_id = new_uuid();
    assert_refused(lc_conversation_service_create_conversation(t.lc->channel, &options, &request,
                                                               &t.arena, &response, &t.result),
                   STATUS_NOT_FOUND, "USER_NOT_FOUND");
    options = liveconv_as(new_student(NULL));
    request.host_id = text("%s", host_id);
    assert_refused(lc_conversation_service_create_conversation(t.lc->channel, &options, &request,
                                                               &t.arena, &response, &t.result),
                   STATUS_PERMISSION_DENIED, NULL);
}

/* ---- who finds it ---- */

static void another_tenant_finds_nothing(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Ours"));
    const char *stranger = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "stranger", .tenant = LIVECONV_OTHER_TENANT});
    assert_refused(try_get(stranger, made->id, NULL, NULL), STATUS_NOT_FOUND,
                   "CONVERSATION_NOT_FOUND");
    const char *nobody = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "nobody", .tenant = "no-such-tenant"});
    assert_refused(try_get(nobody, made->id, NULL, NULL), STATUS_UNAUTHENTICATED,
                   "TOKEN_TENANT_REFUSED");
}

static void an_unlisted_one_is_found_by_its_code(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *other = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Unlisted");
    draft->visibility = LC_CONVERSATION_VISIBILITY_UNLISTED;
    lc_conversation *made = created(host, draft);
    const char *code = got(host, made->id)->viewer->invite_code;
    assert_int_equal(strlen(code), 16);
    assert_refused(try_get(other, made->id, NULL, NULL), STATUS_NOT_FOUND,
                   "CONVERSATION_NOT_FOUND");
    assert_refused(try_get(other, made->id, "wrong", NULL), STATUS_NOT_FOUND,
                   "CONVERSATION_NOT_FOUND");
    lc_get_conversation_response *found = NULL;
    assert_ok(try_get(other, made->id, code, &found));
    assert_string_equal(found->viewer->invite_code, "");
}

static void an_invited_one_is_found_by_those_invited(void **state) {
    (void)state;
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    const char *host = new_student(NULL);
    created(guest, new_draft("Known"));
    lc_conversation_draft *draft = new_draft("Invited");
    char *invited[] = {text("%s", guest_id)};
    draft->visibility = LC_CONVERSATION_VISIBILITY_INVITED;
    draft->invited_user_ids = invited;
    draft->n_invited_user_ids = 1;
    lc_conversation *made = created(host, draft);
    lc_get_conversation_response *found = got(guest, made->id);
    assert_true(found->viewer->is_invited);
    assert_int_equal(found->viewer->n_invited_user_ids, 0);
    assert_int_equal(got(host, made->id)->viewer->n_invited_user_ids, 1);
    assert_refused(try_get(new_student(NULL), made->id, NULL, NULL), STATUS_NOT_FOUND,
                   "CONVERSATION_NOT_FOUND");
    assert_ok(try_get(new_admin(NULL), made->id, NULL, NULL));
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", guest_id), 1);
}

/* ---- changing ---- */

struct change {
    lc_update_conversation_request request;
    Google__Protobuf__FieldMask mask;
    char *paths[4];
};

static struct change *new_change(const char *id, const char *path) {
    struct change *change = arena_alloc(&t.arena, sizeof *change);
    lc_update_conversation_request_init(&change->request);
    google__protobuf__field_mask__init(&change->mask);
    change->request.conversation_id = text("%s", id);
    change->request.conversation = lc_conversation_patch_new(&t.arena);
    change->request.update_mask = &change->mask;
    change->mask.paths = change->paths;
    change->paths[0] = text("%s", path);
    change->mask.n_paths = 1;
    return change;
}

static struct status try_update(const char *token, struct change *change,
                                lc_conversation **ret_conversation) {
    struct rpc_call_options options = liveconv_as(token);
    lc_update_conversation_response *response = NULL;
    struct status status = lc_conversation_service_update_conversation(
        t.lc->channel, &options, &change->request, &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_conversation != NULL)
        *ret_conversation = response->conversation;
    return status;
}

static void update_changes_what_the_mask_names(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Before"));
    struct change *change = new_change(made->id, "title");
    change->request.conversation->title = text("After");
    change->request.conversation->topic = text("not named");
    change->request.etag = made->etag;
    lc_conversation *after = NULL;
    assert_ok(try_update(host, change, &after));
    assert_string_equal(after->title, "After");
    assert_string_equal(after->topic, "");
    assert_string_not_equal(after->etag, made->etag);
    assert_string_equal(got(host, made->id)->conversation->title, "After");
}

static void a_stale_etag_is_refused_with_the_current_one(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Before"));
    struct change *change = new_change(made->id, "title");
    change->request.conversation->title = text("First");
    change->request.etag = made->etag;
    lc_conversation *after = NULL;
    assert_ok(try_update(host, change, &after));
    change->request.conversation->title = text("Second");
    assert_refused(try_update(host, change, NULL), STATUS_ABORTED, "ETAG_MISMATCH");
    assert_string_equal(error_metadata("etag"), after->etag);
    change->request.etag = text("rubbish");
    assert_refused(try_update(host, change, NULL), STATUS_ABORTED, "ETAG_MISMATCH");
}

static void a_path_that_cannot_be_set_is_refused(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Masked"));
    const char *paths[] = {"seats_taken", "status", "*", "title.x", "host", "etag"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_refused(try_update(host, new_change(made->id, paths[i]), NULL),
                       STATUS_INVALID_ARGUMENT, "FIELD_MASK_INVALID");
        assert_string_equal(error_metadata("path"), paths[i]);
        assert_true(violates("update_mask"));
    }
}

static void others_do_not_update(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Mine"));
    struct change *change = new_change(made->id, "title");
    change->request.conversation->title = text("Yours");
    assert_refused(try_update(new_student(NULL), change, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_HOST");
    assert_ok(try_update(new_admin(NULL), change, NULL));
    assert_int_equal(
        liveconv_sql_number(t.lc,
                            "SELECT COUNT(*) FROM audit_log WHERE conversationId = '%s'"
                            " AND action = 'conversation.update' AND actorRole = 'admin'",
                            made->id),
        1);
}

static void bookings_bind_price_type_and_seats(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Booked"));
    booked(new_student(NULL), made->id);
    booked(new_student(NULL), made->id);
    struct change *change = new_change(made->id, "max_participants");
    change->request.conversation->max_participants = lc_seat_limit_new(&t.arena);
    change->request.conversation->max_participants->count = 1;
    assert_refused(try_update(host, change, NULL), STATUS_FAILED_PRECONDITION,
                   "CAPACITY_BELOW_BOOKINGS");
    assert_string_equal(error_metadata("seats_taken"), "2");
    change = new_change(made->id, "language");
    change->request.conversation->language = text("de");
    assert_refused(try_update(host, change, NULL), STATUS_FAILED_PRECONDITION, "HAS_BOOKINGS");
}

static void a_new_time_lets_everybody_cancel_for_free(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(host, new_draft("Moved"));
    booked(guest, made->id);
    struct change *change = new_change(made->id, "start_time");
    change->paths[1] = text("end_time");
    change->mask.n_paths = 2;
    change->request.conversation->start_time = in_seconds(10000);
    change->request.conversation->end_time = in_seconds(13000);
    assert_ok(try_update(host, change, NULL));
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM booking_attempts a JOIN"
                                         " live_conversation_bookings b ON b.id = a.bookingId"
                                         " WHERE b.userId = '%s' AND a.freeCancellation",
                                         guest_id),
                     1);
    /* Booked, and the conversation was moved. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", guest_id), 2);
}

/* ---- its life ---- */

static void a_conversation_starts_and_ends_once(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Soon");
    draft->start_time = in_seconds(300);
    lc_conversation *made = created(host, draft);
    lc_conversation *live = started(host, made->id);
    assert_int_equal(live->status, LC_CONVERSATION_STATUS_LIVE);
    assert_non_null(live->actual_start_time);
    live = started(host, made->id);
    assert_int_equal(live->status, LC_CONVERSATION_STATUS_LIVE);
    lc_conversation *over = ended(host, made->id);
    assert_int_equal(over->status, LC_CONVERSATION_STATUS_COMPLETED);
    assert_non_null(over->actual_end_time);
    ended(host, made->id);
    /* Created, started, ended: steps that lead nowhere tell nothing. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", made->id), 3);
}

static void a_conversation_does_not_start_before_its_doors_open(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    lc_conversation *made = created(host, new_draft("Later"));
    struct rpc_call_options options = liveconv_as(host);
    lc_start_conversation_request request = LC_START_CONVERSATION_REQUEST_INIT;
    lc_start_conversation_response *response = NULL;
    request.conversation_id = made->id;
    assert_refused(lc_conversation_service_start_conversation(t.lc->channel, &options, &request,
                                                              &t.arena, &response, &t.result),
                   STATUS_FAILED_PRECONDITION, "START_TOO_EARLY");
    assert_int_equal(strlen(error_metadata("doors_open_time")), strlen("2026-01-01T00:00:00Z"));
    options = liveconv_as(new_student(NULL));
    assert_refused(lc_conversation_service_start_conversation(t.lc->channel, &options, &request,
                                                              &t.arena, &response, &t.result),
                   STATUS_PERMISSION_DENIED, "NOT_HOST");
}

static void ending_settles_who_came(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest = new_student(NULL);
    lc_conversation_draft *draft = new_draft("Nobody came");
    draft->start_time = in_seconds(300);
    lc_conversation *made = created(host, draft);
    booked(guest, made->id);
    started(host, made->id);
    ended(host, made->id);
    assert_int_equal(got(guest, made->id)->viewer->booking_state, LC_BOOKING_STATE_NO_SHOW);
}

static struct status try_cancel(const char *token, const char *id,
                                lc_conversation **ret_conversation) {
    struct rpc_call_options options = liveconv_as(token);
    lc_cancel_conversation_request request = LC_CANCEL_CONVERSATION_REQUEST_INIT;
    lc_cancel_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    request.note = text("ill");
    struct status status = lc_conversation_service_cancel_conversation(
        t.lc->channel, &options, &request, &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_conversation != NULL)
        *ret_conversation = response->conversation;
    return status;
}

static void cancelling_frees_every_seat_and_tells_everybody(void **state) {
    (void)state;
    const char *host = new_student(NULL);
    const char *guest_id;
    const char *guest = new_student(&guest_id);
    lc_conversation *made = created(host, new_draft("Called off"));
    booked(guest, made->id);
    assert_refused(try_cancel(guest, made->id, NULL), STATUS_PERMISSION_DENIED, "NOT_HOST");
    lc_conversation *off = NULL;
    assert_ok(try_cancel(host, made->id, &off));
    assert_int_equal(off->status, LC_CONVERSATION_STATUS_CANCELLED);
    assert_int_equal(off->cancel_reason, LC_CANCEL_REASON_HOST);
    assert_string_equal(off->cancel_note, "ill");
    assert_int_equal(off->seats_taken, 0);
    assert_int_equal(got(guest, made->id)->viewer->booking_state, LC_BOOKING_STATE_NONE);
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT usedFree FROM user_month_usage"
                                         " WHERE userId = '%s'",
                                         guest_id),
                     0);
    /* Booked; changed and cancelled. */
    assert_int_equal(
        liveconv_sql_number(t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s'", guest_id), 3);
    assert_ok(try_cancel(host, made->id, &off));
    assert_refused(try_book(new_student(NULL), made->id, NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_STATUS");
    assert_string_equal(error_metadata("status"), "CANCELLED");
}

static void an_admins_cancellation_is_told_as_one(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Unwanted"));
    lc_conversation *off = NULL;
    assert_ok(try_cancel(new_admin(NULL), made->id, &off));
    assert_int_equal(off->cancel_reason, LC_CANCEL_REASON_ADMIN);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(create_answers_with_what_was_created),
        TEST(create_keeps_all_fields),
        TEST(create_refuses_what_a_field_may_not_hold),
        TEST(a_student_sets_neither_price_nor_instructor),
        TEST(a_backend_creates_for_somebody),
        TEST(another_tenant_finds_nothing),
        TEST(an_unlisted_one_is_found_by_its_code),
        TEST(an_invited_one_is_found_by_those_invited),
        TEST(update_changes_what_the_mask_names),
        TEST(a_stale_etag_is_refused_with_the_current_one),
        TEST(a_path_that_cannot_be_set_is_refused),
        TEST(others_do_not_update),
        TEST(bookings_bind_price_type_and_seats),
        TEST(a_new_time_lets_everybody_cancel_for_free),
        TEST(a_conversation_starts_and_ends_once),
        TEST(a_conversation_does_not_start_before_its_doors_open),
        TEST(ending_settles_who_came),
        TEST(cancelling_frees_every_seat_and_tells_everybody),
        TEST(an_admins_cancellation_is_told_as_one),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
