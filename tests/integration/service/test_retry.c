/*
 * Every mutation can be repeated: the answer was lost, the same request_id is sent again, and it
 * changes nothing and gets the first answer. The mutations are taken from the contract itself, so
 * one that is added without a case here fails.
 */
#include "service_test.h"

#include "db/statement.h"
#include "db/tx.h"
#include "liveconv/v1/analytics_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "liveconv/v1/safety_service.grpc-c.h"
#include "rpc/codec.h"

#include <string.h>

static const struct rpc_service *const services[] = {
    &lc_account_service,      &lc_analytics_service, &lc_booking_service,
    &lc_conversation_service, &lc_feedback_service,  &lc_live_service,
    &lc_message_service,      &lc_safety_service,    &lc_user_service,
};
enum { SERVICES = sizeof services / sizeof services[0] };

/* ---- what the requests are about ---- */

/* A conversation whose doors are open, its host, and a guest who has booked. */
struct scene {
    const char *host;
    const char *host_id;
    const char *guest;
    const char *guest_id;
    char *id;
    char *booking_id;
};

static struct scene new_scene(void) {
    struct scene scene;
    lc_conversation_draft *draft = new_draft("A scene");
    draft->start_time = in_seconds(300);
    scene.host = new_student(&scene.host_id);
    scene.guest = new_student(&scene.guest_id);
    scene.id = created(scene.host, draft)->id;
    scene.booking_id = booked(scene.guest, scene.id)->id;
    return scene;
}

static void join(const char *token, const char *id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_join_conversation_request request = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_live_service_join_conversation(t.lc->channel, &options, &request, &t.arena,
                                                &response, &t.result));
}

/* Somebody said something in a scene where both are in the room. */
static char *say(const struct scene *scene, const char *token, const char *words) {
    struct rpc_call_options options = liveconv_as(token);
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    lc_send_message_response *response = NULL;
    join(scene->host, scene->id);
    join(scene->guest, scene->id);
    request.conversation_id = scene->id;
    request.client_message_id = new_uuid();
    request.content = text("%s", words);
    assert_ok(lc_message_service_send_message(t.lc->channel, &options, &request, &t.arena,
                                              &response, &t.result));
    return response->message->id;
}

/* ---- one case for each mutation ---- */

/* A request that succeeds, and whose repetition without protection would do something again or be
 * refused; and a token for it. */
struct attempt {
    const char *token;
    ProtobufCMessage *request;
};
typedef struct attempt make_attempt(void);

static struct attempt create_conversation(void) {
    lc_create_conversation_request *request = lc_create_conversation_request_new(&t.arena);
    request->conversation = new_draft(text("Draft %s", new_uuid()));
    return (struct attempt){new_student(NULL), &request->base};
}

static struct attempt update_conversation(void) {
    struct scene scene = new_scene();
    lc_update_conversation_request *request = lc_update_conversation_request_new(&t.arena);
    Google__Protobuf__FieldMask *mask = arena_alloc(&t.arena, sizeof *mask);
    google__protobuf__field_mask__init(mask);
    mask->paths = arena_alloc(&t.arena, sizeof *mask->paths);
    mask->paths[0] = text("title");
    mask->n_paths = 1;
    request->conversation_id = scene.id;
    request->conversation = lc_conversation_patch_new(&t.arena);
    request->conversation->title = text("Another title");
    request->update_mask = mask;
    return (struct attempt){scene.host, &request->base};
}

static struct attempt cancel_conversation(void) {
    struct scene scene = new_scene();
    lc_cancel_conversation_request *request = lc_cancel_conversation_request_new(&t.arena);
    request->conversation_id = scene.id;
    return (struct attempt){scene.host, &request->base};
}

static struct attempt start_conversation(void) {
    struct scene scene = new_scene();
    lc_start_conversation_request *request = lc_start_conversation_request_new(&t.arena);
    request->conversation_id = scene.id;
    return (struct attempt){scene.host, &request->base};
}

static struct attempt end_conversation(void) {
    struct scene scene = new_scene();
    lc_end_conversation_request *request = lc_end_conversation_request_new(&t.arena);
    request->conversation_id = scene.id;
    started(scene.host, scene.id);
    return (struct attempt){scene.host, &request->base};
}

static struct attempt book_conversation(void) {
    lc_book_conversation_request *request = lc_book_conversation_request_new(&t.arena);
    request->conversation_id = created(new_student(NULL), new_draft("To be booked"))->id;
    return (struct attempt){new_student(NULL), &request->base};
}

static struct attempt cancel_booking(void) {
    struct scene scene = new_scene();
    lc_cancel_booking_request *request = lc_cancel_booking_request_new(&t.arena);
    request->booking_id = scene.booking_id;
    return (struct attempt){scene.guest, &request->base};
}

static struct attempt submit_feedback(void) {
    struct scene scene = new_scene();
    lc_submit_feedback_request *request = lc_submit_feedback_request_new(&t.arena);
    join(scene.guest, scene.id);
    join(scene.host, scene.id);
    started(scene.host, scene.id);
    ended(scene.host, scene.id);
    request->conversation_id = scene.id;
    request->subject_user_id = text("%s", scene.host_id);
    request->rating = 5;
    return (struct attempt){scene.guest, &request->base};
}

static struct attempt upsert_users(void) {
    lc_upsert_users_request *request = lc_upsert_users_request_new(&t.arena);
    request->users = arena_alloc(&t.arena, sizeof *request->users);
    request->users[0] = lc_user_upsert_new(&t.arena);
    request->users[0]->subject = text("subject %s", new_uuid());
    request->n_users = 1;
    return (struct attempt){new_service("users.write"), &request->base};
}

static struct attempt suspend_user(void) {
    struct scene scene = new_scene();
    lc_suspend_user_request *request = lc_suspend_user_request_new(&t.arena);
    request->user_id = text("%s", scene.guest_id);
    request->suspended = true;
    return (struct attempt){new_service("users.write"), &request->base};
}

static struct attempt remove_participant(void) {
    struct scene scene = new_scene();
    lc_remove_participant_request *request = lc_remove_participant_request_new(&t.arena);
    join(scene.guest, scene.id);
    request->conversation_id = scene.id;
    request->user_id = text("%s", scene.guest_id);
    return (struct attempt){scene.host, &request->base};
}

static struct attempt mute_participant(void) {
    struct scene scene = new_scene();
    lc_mute_participant_request *request = lc_mute_participant_request_new(&t.arena);
    join(scene.guest, scene.id);
    request->conversation_id = scene.id;
    request->user_id = text("%s", scene.guest_id);
    request->muted = true;
    return (struct attempt){scene.host, &request->base};
}

static struct attempt lock_conversation(void) {
    struct scene scene = new_scene();
    lc_lock_conversation_request *request = lc_lock_conversation_request_new(&t.arena);
    request->conversation_id = scene.id;
    request->locked = true;
    return (struct attempt){scene.host, &request->base};
}

static struct attempt edit_message(void) {
    struct scene scene = new_scene();
    lc_edit_message_request *request = lc_edit_message_request_new(&t.arena);
    request->message_id = say(&scene, scene.guest, "I has a question");
    request->content = text("I have a question");
    return (struct attempt){scene.guest, &request->base};
}

static struct attempt delete_message(void) {
    struct scene scene = new_scene();
    lc_delete_message_request *request = lc_delete_message_request_new(&t.arena);
    request->message_id = say(&scene, scene.guest, "Never mind");
    return (struct attempt){scene.guest, &request->base};
}

static struct attempt correct_message(void) {
    struct scene scene = new_scene();
    lc_correct_message_request *request = lc_correct_message_request_new(&t.arena);
    request->message_id = say(&scene, scene.guest, "I has a question");
    request->replacement = text("have");
    request->correction = lc_correction_new(&t.arena);
    request->correction->start = 2;
    request->correction->length = 3;
    request->correction->kind = LC_CORRECTION_KIND_GRAMMAR;
    return (struct attempt){scene.host, &request->base};
}

static const struct {
    const char *method;
    make_attempt *make; /* NULL: not there yet, answers UNIMPLEMENTED */
} cases[] = {
    {"ConversationService/CreateConversation", create_conversation},
    {"ConversationService/UpdateConversation", update_conversation},
    {"ConversationService/CancelConversation", cancel_conversation},
    {"ConversationService/StartConversation", start_conversation},
    {"ConversationService/EndConversation", end_conversation},
    {"BookingService/BookConversation", book_conversation},
    {"BookingService/CancelBooking", cancel_booking},
    {"BookingService/JoinWaitlist", NULL},
    {"BookingService/LeaveWaitlist", NULL},
    {"BookingService/AcceptOffer", NULL},
    {"FeedbackService/SubmitFeedback", submit_feedback},
    {"UserService/UpsertUsers", upsert_users},
    {"UserService/SuspendUser", suspend_user},
    {"LiveService/RemoveParticipant", remove_participant},
    {"LiveService/MuteParticipant", mute_participant},
    {"LiveService/LockConversation", lock_conversation},
    {"MessageService/EditMessage", edit_message},
    {"MessageService/DeleteMessage", delete_message},
    {"MessageService/CorrectMessage", correct_message},
    {"SafetyService/ReportUser", NULL},
    {"SafetyService/ReportMessage", NULL},
    {"SafetyService/BlockUser", NULL},
    {"SafetyService/UnblockUser", NULL},
    {"SafetyService/ResolveReport", NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* ---- the contract's mutations ---- */

static const ProtobufCFieldDescriptor *request_id_of(const struct rpc_method *method) {
    return protobuf_c_message_descriptor_get_field_by_name(method->input, "request_id");
}

static const struct rpc_method *find_method(const char *name) {
    for (size_t i = 0; i < SERVICES; i++)
        for (size_t k = 0; k < services[i]->method_count; k++) {
            const char *path = services[i]->methods[k].path;
            if (strcmp(strrchr(path, '.') + 1, name) == 0)
                return &services[i]->methods[k];
        }
    fail_msg("the contract has no %s", name);
    return NULL;
}

static void every_mutation_of_the_contract_has_a_case(void **state) {
    (void)state;
    size_t mutations = 0;
    for (size_t i = 0; i < SERVICES; i++)
        for (size_t k = 0; k < services[i]->method_count; k++) {
            const struct rpc_method *method = &services[i]->methods[k];
            size_t found = 0;
            if (request_id_of(method) == NULL)
                continue;
            for (size_t n = 0; n < CASES; n++)
                found += strcmp(strrchr(method->path, '.') + 1, cases[n].method) == 0;
            if (found != 1)
                fail_msg("%s has %zu cases", method->path, found);
            mutations++;
        }
    assert_int_equal(mutations, CASES);
}

static void set_request_id(const struct rpc_method *method, ProtobufCMessage *request,
                           const char *id) {
    const char *copy = text("%s", id);
    memcpy((char *)request + request_id_of(method)->offset, &copy, sizeof copy);
}

static struct status call(const struct rpc_method *method, const struct attempt *attempt,
                          ProtobufCMessage **ret_response) {
    struct rpc_call_options options = liveconv_as(attempt->token);
    return rpc_channel_call(t.lc->channel, method, &options, attempt->request, &t.arena,
                            ret_response, &t.result);
}

static void must(const struct rpc_method *method, struct status status) {
    if (!status_is_ok(status))
        fail_msg("%s: %s %s: %s", method->path, status_code_name(status.code),
                 t.result.details.reason != NULL ? t.result.details.reason : "", status.detail);
}

static void assert_same(const struct rpc_method *method, const ProtobufCMessage *a,
                        const ProtobufCMessage *b) {
    size_t len = protobuf_c_message_get_packed_size(a);
    uint8_t *first = arena_alloc(&t.arena, len);
    uint8_t *second = arena_alloc(&t.arena, len);
    if (protobuf_c_message_get_packed_size(b) != len)
        fail_msg("%s: another answer", method->path);
    protobuf_c_message_pack(a, first);
    protobuf_c_message_pack(b, second);
    if (memcmp(first, second, len) != 0)
        fail_msg("%s: another answer", method->path);
}

/* A number that any change of any row changes. */
static struct status read_checksum(struct db_tx *tx, void *context) {
    static const struct db_sql sql = {
        "CHECKSUM TABLE users, inbox_topics, live_conversations, conversation_invitations,"
        " conversation_terms, live_conversation_bookings, booking_attempts, user_month_usage,"
        " live_conversation_participants, live_conversation_feedback, live_conversation_messages,"
        " message_copies, events, request_records, audit_log"};
    uint64_t *sum = context;
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    *sum = 0;
    TRY(db_query(tx, &sql, DB_NO_ARGS, &rows));
    while (db_rows_next(rows)) {
        const char *table;
        int64_t checksum;
        TRY(db_rows_read(rows, &t.arena, DB_INTO(db_into_text(&table), db_into_int64(&checksum))));
        *sum = *sum * 31 + (uint64_t)checksum;
    }
    return db_rows_status(rows);
}

static uint64_t all_rows(void) {
    uint64_t sum = 0;
    struct db_report report;
    struct status status = db_read(t.lc->pool, INT64_MAX, read_checksum, &sum, &report);
    if (!status_is_ok(status))
        fail_msg("checksum: %s", report.cause.text);
    return sum;
}

/* ---- the tests ---- */

static void a_repeated_mutation_changes_nothing_and_answers_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].make == NULL)
            continue;
        const struct rpc_method *method = find_method(cases[i].method);
        struct attempt attempt = cases[i].make();
        ProtobufCMessage *first = NULL;
        ProtobufCMessage *again = NULL;
        uint64_t before = all_rows();
        set_request_id(method, attempt.request, new_uuid());
        must(method, call(method, &attempt, &first));
        uint64_t after = all_rows();
        if (before == after)
            fail_msg("%s changed nothing", method->path);
        must(method, call(method, &attempt, &again));
        assert_same(method, first, again);
        if (all_rows() != after)
            fail_msg("%s did something twice", method->path);
    }
}

static void an_id_that_is_used_for_something_else_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].make == NULL)
            continue;
        const struct rpc_method *method = find_method(cases[i].method);
        struct attempt attempt = cases[i].make();
        struct attempt other = cases[i].make();
        ProtobufCMessage *response = NULL;
        const char *id = new_uuid();
        set_request_id(method, attempt.request, id);
        must(method, call(method, &attempt, &response));
        set_request_id(method, other.request, id);
        other.token = attempt.token;
        struct status status = call(method, &other, &response);
        if (status.code != STATUS_INVALID_ARGUMENT || t.result.details.reason == NULL ||
            strcmp(t.result.details.reason, "REQUEST_ID_REUSED") != 0)
            fail_msg("%s: %s %s", method->path, status_code_name(status.code), status.detail);
    }
}

static void what_is_not_there_yet_says_so(void **state) {
    (void)state;
    const char *admin = liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "admin",
                                     .roles = "admin student",
                                     .scope = "bookings.write reports.write moderation.write"});
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].make != NULL)
            continue;
        const struct rpc_method *method = find_method(cases[i].method);
        struct attempt attempt = {admin, rpc_message_new(&t.arena, method->input)};
        ProtobufCMessage *response = NULL;
        struct status status = call(method, &attempt, &response);
        if (status.code != STATUS_UNIMPLEMENTED)
            fail_msg("%s is there: write its case (%s)", method->path,
                     status_code_name(status.code));
    }
}

static void a_refusal_is_not_recorded(void **state) {
    (void)state;
    lc_conversation_draft *draft = new_draft("One seat");
    draft->type = LC_CONVERSATION_TYPE_PRIVATE;
    lc_conversation *made = created(new_student(NULL), draft);
    const char *first = new_student(NULL);
    const char *second = new_student(NULL);
    const char *id = new_uuid();
    lc_booking *booking = booked(first, made->id);
    assert_refused(try_book(second, made->id, id, NULL), STATUS_FAILED_PRECONDITION,
                   "CONVERSATION_FULL");
    assert_ok(try_cancel_booking(first, booking->id, NULL, NULL));
    assert_ok(try_book(second, made->id, id, NULL));
}

static void ids_belong_to_who_made_them(void **state) {
    (void)state;
    lc_conversation *made = created(new_student(NULL), new_draft("Shared id"));
    const char *id = new_uuid();
    lc_book_conversation_response *first = NULL;
    lc_book_conversation_response *second = NULL;
    assert_ok(try_book(new_student(NULL), made->id, id, &first));
    assert_ok(try_book(new_student(NULL), made->id, id, &second));
    assert_string_not_equal(first->booking->id, second->booking->id);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(every_mutation_of_the_contract_has_a_case),
        TEST(a_repeated_mutation_changes_nothing_and_answers_the_same),
        TEST(an_id_that_is_used_for_something_else_is_refused),
        TEST(what_is_not_there_yet_says_so),
        TEST(a_refusal_is_not_recorded),
        TEST(ids_belong_to_who_made_them),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
