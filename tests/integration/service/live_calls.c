/* Calls of the room, as short as a test wants them. */
#include "live_test.h"

lc_conversation *open_conversation(const char *host) {
    lc_conversation_draft *draft = new_draft("Round table");
    draft->start_time = in_seconds(120);
    draft->end_time = in_seconds(120 + 3600);
    return created(host, draft);
}

struct status try_join(const char *token, const char *conversation,
                       lc_join_conversation_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_join_conversation_request request = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    struct status status = lc_live_service_join_conversation(t.lc->channel, &options, &request,
                                                             &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_response != NULL)
        *ret_response = response;
    return status;
}

lc_join_conversation_response *joined(const char *token, const char *conversation) {
    lc_join_conversation_response *response = NULL;
    assert_ok(try_join(token, conversation, &response));
    return response;
}

struct status try_leave(const char *token, const char *conversation, int64_t generation) {
    struct rpc_call_options options = liveconv_as(token);
    lc_leave_conversation_request request = LC_LEAVE_CONVERSATION_REQUEST_INIT;
    lc_leave_conversation_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.generation = generation;
    return lc_live_service_leave_conversation(t.lc->channel, &options, &request, &t.arena,
                                              &response, &t.result);
}

struct status try_send(const char *token, const char *conversation, const char *content,
                       const char *recipient, const char *client_id, lc_message **ret_message) {
    struct rpc_call_options options = liveconv_as(token);
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    lc_send_message_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.content = text("%s", content);
    request.recipient_id = text("%s", recipient != NULL ? recipient : "");
    request.client_message_id = client_id != NULL ? text("%s", client_id) : new_uuid();
    struct status status = lc_message_service_send_message(t.lc->channel, &options, &request,
                                                           &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_message != NULL)
        *ret_message = response->message;
    return status;
}

lc_message *sent(const char *token, const char *conversation, const char *content) {
    lc_message *message = NULL;
    assert_ok(try_send(token, conversation, content, NULL, NULL, &message));
    return message;
}

struct status try_edit(const char *token, const char *message, const char *content,
                       const char *request_id, lc_message **ret_message) {
    struct rpc_call_options options = liveconv_as(token);
    lc_edit_message_request request = LC_EDIT_MESSAGE_REQUEST_INIT;
    lc_edit_message_response *response = NULL;
    request.message_id = text("%s", message);
    request.content = text("%s", content);
    request.request_id = text("%s", request_id != NULL ? request_id : "");
    struct status status = lc_message_service_edit_message(t.lc->channel, &options, &request,
                                                           &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_message != NULL)
        *ret_message = response->message;
    return status;
}

struct status try_delete(const char *token, const char *message, const char *request_id,
                         lc_message **ret_message) {
    struct rpc_call_options options = liveconv_as(token);
    lc_delete_message_request request = LC_DELETE_MESSAGE_REQUEST_INIT;
    lc_delete_message_response *response = NULL;
    request.message_id = text("%s", message);
    request.request_id = text("%s", request_id != NULL ? request_id : "");
    struct status status = lc_message_service_delete_message(t.lc->channel, &options, &request,
                                                             &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_message != NULL)
        *ret_message = response->message;
    return status;
}

struct status try_correct(const char *token, const char *message, int32_t start, int32_t length,
                          const char *replacement, lc_message **ret_message) {
    struct rpc_call_options options = liveconv_as(token);
    lc_correct_message_request request = LC_CORRECT_MESSAGE_REQUEST_INIT;
    lc_correct_message_response *response = NULL;
    lc_correction *correction = lc_correction_new(&t.arena);
    correction->start = start;
    correction->length = length;
    correction->kind = LC_CORRECTION_KIND_GRAMMAR;
    request.message_id = text("%s", message);
    request.replacement = text("%s", replacement);
    request.correction = correction;
    struct status status = lc_message_service_correct_message(t.lc->channel, &options, &request,
                                                              &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_message != NULL)
        *ret_message = response->message;
    return status;
}

struct status try_mark_read(const char *token, const char *conversation, uint64_t through,
                            lc_read_state **ret_state) {
    struct rpc_call_options options = liveconv_as(token);
    lc_mark_read_request request = LC_MARK_READ_REQUEST_INIT;
    lc_mark_read_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.read_through_sequence = through;
    struct status status = lc_message_service_mark_read(t.lc->channel, &options, &request, &t.arena,
                                                        &response, &t.result);
    if (status_is_ok(status) && ret_state != NULL)
        *ret_state = response->read_state;
    return status;
}

struct status try_remove(const char *token, const char *conversation, const char *user) {
    struct rpc_call_options options = liveconv_as(token);
    lc_remove_participant_request request = LC_REMOVE_PARTICIPANT_REQUEST_INIT;
    lc_remove_participant_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.user_id = text("%s", user);
    return lc_live_service_remove_participant(t.lc->channel, &options, &request, &t.arena,
                                              &response, &t.result);
}

struct status try_mute(const char *token, const char *conversation, const char *user, bool muted,
                       const char *request_id) {
    struct rpc_call_options options = liveconv_as(token);
    lc_mute_participant_request request = LC_MUTE_PARTICIPANT_REQUEST_INIT;
    lc_mute_participant_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.user_id = text("%s", user);
    request.muted = muted;
    request.request_id = text("%s", request_id != NULL ? request_id : "");
    return lc_live_service_mute_participant(t.lc->channel, &options, &request, &t.arena, &response,
                                            &t.result);
}

struct status try_lock(const char *token, const char *conversation, bool locked) {
    struct rpc_call_options options = liveconv_as(token);
    lc_lock_conversation_request request = LC_LOCK_CONVERSATION_REQUEST_INIT;
    lc_lock_conversation_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.locked = locked;
    return lc_live_service_lock_conversation(t.lc->channel, &options, &request, &t.arena, &response,
                                             &t.result);
}

struct status try_list_messages(const char *token, const char *conversation,
                                lc_list_messages_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_messages_request request = LC_LIST_MESSAGES_REQUEST_INIT;
    request.conversation_id = text("%s", conversation);
    return lc_message_service_list_messages(t.lc->channel, &options, &request, &t.arena,
                                            ret_response, &t.result);
}

struct status try_list_participants(const char *token, const char *conversation,
                                    lc_list_participants_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_list_participants_request request = LC_LIST_PARTICIPANTS_REQUEST_INIT;
    request.conversation_id = text("%s", conversation);
    return lc_live_service_list_participants(t.lc->channel, &options, &request, &t.arena,
                                             ret_response, &t.result);
}

struct status try_activity(const char *token, const char *conversation, bool typing, bool speaking,
                           lc_update_activity_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    lc_update_activity_request request = LC_UPDATE_ACTIVITY_REQUEST_INIT;
    lc_update_activity_response *response = NULL;
    request.conversation_id = text("%s", conversation);
    request.typing = typing;
    request.speaking = speaking;
    struct status status = lc_live_service_update_activity(t.lc->channel, &options, &request,
                                                           &t.arena, &response, &t.result);
    if (status_is_ok(status) && ret_response != NULL)
        *ret_response = response;
    return status;
}

uint64_t head_of(const char *conversation) {
    return (uint64_t)liveconv_sql_number(
        t.lc, "SELECT eventSequence FROM live_conversations WHERE id = '%s'", conversation);
}

uint64_t head_of_inbox(const char *user) {
    return (uint64_t)liveconv_sql_number(
        t.lc, "SELECT eventSequence FROM inbox_topics WHERE userId = '%s'", user);
}

int32_t unread_of(const char *token) {
    struct rpc_call_options options = liveconv_as(token);
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *home = NULL;
    assert_ok(
        lc_account_service_get_home(t.lc->channel, &options, &request, &t.arena, &home, &t.result));
    return home->unread_total;
}
