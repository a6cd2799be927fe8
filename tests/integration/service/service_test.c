#include "service_test.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

_Thread_local struct service_test t;

int start_server(void **state) {
    (void)state;
    t.lc = liveconv_server_start(NULL);
    return 0;
}

int stop_server(void **state) {
    (void)state;
    liveconv_server_stop(&t.lc);
    return 0;
}

int begin_test(void **state) {
    (void)state;
    arena_init(&t.arena, 64u << 20);
    return 0;
}

int end_test(void **state) {
    (void)state;
    arena_done(&t.arena);
    return 0;
}

static const char *new_person(const char *roles, const char **ret_id) {
    const char *id = liveconv_user(t.lc, ++t.next_user);
    if (ret_id != NULL)
        *ret_id = id;
    return liveconv_token(t.lc, &(struct liveconv_who){.subject = id, .roles = roles});
}

const char *new_student(const char **ret_id) {
    return new_person("student", ret_id);
}

const char *new_instructor(const char **ret_id) {
    return new_person("instructor", ret_id);
}

const char *new_admin(const char **ret_id) {
    return new_person("admin", ret_id);
}

const char *new_service(const char *scope) {
    return liveconv_token(
        t.lc, &(struct liveconv_who){.subject = "backend", .roles = "service", .scope = scope});
}

char *text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *result = arena_vprintf(&t.arena, format, arguments);
    va_end(arguments);
    assert_non_null(result);
    return result;
}

char *new_uuid(void) {
    return text("00000000-0000-4000-9000-%012u", ++t.next_id);
}

Google__Protobuf__Timestamp *in_seconds(int64_t seconds) {
    Google__Protobuf__Timestamp *when = arena_alloc(&t.arena, sizeof *when);
    google__protobuf__timestamp__init(when);
    when->seconds = (int64_t)time(NULL) + seconds;
    return when;
}

lc_conversation_draft *new_draft(const char *title) {
    lc_conversation_draft *draft = lc_conversation_draft_new(&t.arena);
    draft->title = text("%s", title);
    draft->type = LC_CONVERSATION_TYPE_GROUP;
    draft->language = text("en");
    draft->level = LC_CEFR_LEVEL_B1;
    draft->start_time = in_seconds(3600);
    draft->end_time = in_seconds(7200);
    return draft;
}

lc_conversation_draft *later(lc_conversation_draft *draft, int hours) {
    draft->start_time->seconds += INT64_C(3600) * hours;
    draft->end_time->seconds += INT64_C(3600) * hours;
    return draft;
}

lc_money *new_money(const char *currency, int64_t amount_minor) {
    lc_money *money = lc_money_new(&t.arena);
    money->currency_code = text("%s", currency);
    money->amount_minor = amount_minor;
    return money;
}

struct status try_create(const char *token, lc_conversation_draft *draft,
                         lc_conversation **ret_conversation) {
    struct rpc_call_options options = liveconv_as(token);
    lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
    lc_create_conversation_response *response = NULL;
    request.conversation = draft;
    struct status status = lc_conversation_service_create_conversation(
        t.lc->channel, &options, &request, &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_conversation != NULL)
        *ret_conversation = response->conversation;
    return status;
}

lc_conversation *created(const char *token, lc_conversation_draft *draft) {
    lc_conversation *conversation = NULL;
    assert_ok(try_create(token, draft, &conversation));
    return conversation;
}

struct status try_get(const char *token, const char *id, const char *code,
                      lc_get_conversation_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_get_conversation_request request = LC_GET_CONVERSATION_REQUEST_INIT;
    lc_get_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    request.invite_code = text("%s", code != NULL ? code : "");
    struct status status = lc_conversation_service_get_conversation(
        t.lc->channel, &options, &request, &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_response != NULL)
        *ret_response = response;
    return status;
}

lc_get_conversation_response *got(const char *token, const char *id) {
    lc_get_conversation_response *response = NULL;
    assert_ok(try_get(token, id, NULL, &response));
    return response;
}

struct status try_book(const char *token, const char *id, const char *request_id,
                       lc_book_conversation_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    request.request_id = text("%s", request_id != NULL ? request_id : "");
    struct status status = lc_booking_service_book_conversation(t.lc->channel, &options, &request,
                                                                &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_response != NULL)
        *ret_response = response;
    return status;
}

lc_booking *booked(const char *token, const char *id) {
    lc_book_conversation_response *response = NULL;
    assert_ok(try_book(token, id, NULL, &response));
    return response->booking;
}

struct status try_cancel_booking(const char *token, const char *id, const char *request_id,
                                 lc_cancel_booking_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_cancel_booking_request request = LC_CANCEL_BOOKING_REQUEST_INIT;
    lc_cancel_booking_response *response = NULL;
    request.booking_id = text("%s", id);
    request.request_id = text("%s", request_id != NULL ? request_id : "");
    struct status status = lc_booking_service_cancel_booking(t.lc->channel, &options, &request,
                                                             &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_response != NULL)
        *ret_response = response;
    return status;
}

lc_conversation *started(const char *token, const char *id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_start_conversation_request request = LC_START_CONVERSATION_REQUEST_INIT;
    lc_start_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_conversation_service_start_conversation(t.lc->channel, &options, &request,
                                                         &t.arena, &response, &t.result));
    return response->conversation;
}

lc_conversation *ended(const char *token, const char *id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_end_conversation_request request = LC_END_CONVERSATION_REQUEST_INIT;
    lc_end_conversation_response *response = NULL;
    request.conversation_id = text("%s", id);
    assert_ok(lc_conversation_service_end_conversation(t.lc->channel, &options, &request, &t.arena,
                                                       &response, &t.result));
    return response->conversation;
}

static const char *last_reason(void) {
    return t.result.details.reason != NULL ? t.result.details.reason : "";
}

void assert_ok(struct status status) {
    if (!status_is_ok(status))
        fail_msg("%s %s: %s", status_code_name(status.code), last_reason(), status.detail);
}

void assert_refused(struct status status, enum status_code code, const char *reason) {
    if (status.code != (int32_t)code || (reason != NULL && strcmp(last_reason(), reason) != 0))
        fail_msg("%s %s (%s) instead of %s %s", status_code_name(status.code), last_reason(),
                 status.detail != NULL ? status.detail : "", status_code_name((int32_t)code),
                 reason != NULL ? reason : "");
}

const char *error_metadata(const char *key) {
    for (size_t i = 0; i < t.result.details.metadata_count; i++)
        if (strcmp(t.result.details.metadata[i].key, key) == 0)
            return t.result.details.metadata[i].value;
    return "";
}

bool violates(const char *field) {
    for (size_t i = 0; i < t.result.details.violation_count; i++)
        if (strcmp(t.result.details.violations[i].field, field) == 0)
            return true;
    return false;
}
