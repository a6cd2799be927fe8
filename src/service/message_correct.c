/* Correcting a span of a message: the correction is a message of its own, to the same people. */
#include "domain/message.h"
#include "domain/permission.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/fault.h"
#include "service/message_service.h"
#include "service/room.h"
#include "service/service.h"
#include "service/transaction.h"

#include <string.h>

struct correcting {
    struct uuid original;
    const lc_correct_message_request *request;
    lc_correct_message_response *response;
};

/* To whom the correction of a private message goes: the other of the two. */
static void address(const struct store_message *original, const struct uuid *me,
                    struct store_message *correction) {
    correction->has_recipient = original->has_recipient;
    if (original->has_recipient)
        correction->recipient.id = convert_same_id(&original->sender.id, me)
                                       ? original->recipient.id
                                       : original->sender.id;
}

static struct status is_there(struct service_work *work, const struct store_message *message,
                              bool *ret_is_there) {
    struct store_seat seat = {.conversation = message->conversation_id,
                              .user = message->recipient.id};
    struct store_participant recipient;
    bool found = false;
    if (message->has_recipient)
        TRY(store_participant_find(work->tx, work->arena, work->tenant, &seat, &recipient, &found));
    *ret_is_there = found && recipient.status != DOMAIN_PARTICIPANT_REMOVED;
    return status_ok();
}

static struct status may_correct(struct service_work *work, const struct room *room,
                                 const struct store_message *original,
                                 const struct store_message *correction) {
    char sender[UUID_TEXT_BYTES];
    char recipient[UUID_TEXT_BYTES] = "";
    char to[UUID_TEXT_BYTES] = "";
    /* Taking a span away is the one message that may say nothing. */
    const char *replacement = correction->content[0] != '\0' ? correction->content : "-";
    bool recipient_is_there;
    struct domain_span span;

    uuid_format(&original->sender.id, sender);
    if (original->has_recipient)
        uuid_format(&original->recipient.id, recipient);
    if (correction->has_recipient)
        uuid_format(&correction->recipient.id, to);
    TRY(is_there(work, correction, &recipient_is_there));
    struct domain_original facts = {.sender_id = sender,
                                    .recipient_id = recipient,
                                    .kind = original->kind,
                                    .is_deleted = original->deleted_at_us != 0,
                                    .content = original->content,
                                    .content_len = strlen(original->content)};
    TRY(store_message_count_answers(work->tx, work->tenant, &original->id, &facts.answers));
    struct domain_outgoing outgoing = {.sender_id = work->caller->person.id_text,
                                       .sender_is_muted = room->participant.is_muted,
                                       .recipient_id = to,
                                       .recipient_is_there = recipient_is_there,
                                       .content = replacement,
                                       .content_len = strlen(replacement),
                                       .original = &facts};
    TRY(domain_message_send(&outgoing, &work->caller->settings->settings));
    return domain_correction_span(original->content, facts.content_len,
                                  correction->correction_start, correction->correction_length,
                                  &span);
}

static struct status write_correction(struct service_work *work, struct room *room,
                                      struct store_message *correction) {
    struct store_topic *log = &room->view.conversation.log;
    struct service_audience storage;
    lc_event *event;

    correction->sequence = log->sequence + 1;
    TRY(store_message_insert(work->tx, work->tenant, correction));
    TRY(store_message_get(work->tx, work->arena, work->tenant, &correction->id, correction));
    TRY(message_event(work->arena, correction, LIVECONV__V1__EVENT__KIND_MESSAGE_CORRECTED,
                      work->now_us, &event));
    return service_event_append(work, log, event, message_audience(correction, &storage), NULL);
}

static bool is_private_to_others(const struct store_message *message, const char *viewer) {
    char sender[UUID_TEXT_BYTES];
    char recipient[UUID_TEXT_BYTES] = "";

    uuid_format(&message->sender.id, sender);
    if (message->has_recipient)
        uuid_format(&message->recipient.id, recipient);
    return !domain_message_is_visible(sender, recipient, viewer);
}

static struct status no_such_message(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND,
                        "there is no such message");
}

static struct status run_correct(struct service_work *work, void *argument) {
    struct correcting *correcting = argument;
    const lc_correction *what = correcting->request->correction;
    const struct service_caller *caller = work->caller;
    struct convert c = convert_into(work->arena);
    struct store_message original;
    struct room room;

    TRY(store_message_get(work->tx, work->arena, work->tenant, &correcting->original, &original));
    TRY(room_lock(work, &original.conversation_id, &caller->person.id, &room));
    TRY(store_message_get(work->tx, work->arena, work->tenant, &correcting->original, &original));
    if (is_private_to_others(&original, caller->person.id_text))
        return no_such_message();
    struct store_message correction = {
        .conversation_id = original.conversation_id,
        .sender.id = caller->person.id,
        .content = correcting->request->replacement,
        .kind = DOMAIN_MESSAGE_CORRECTION,
        .language = original.language,
        .has_original = true,
        .original_id = original.id,
        .correction = (enum domain_correction_kind)what->kind,
        .correction_start = what->start,
        .correction_length = what->length,
        .correction_explanation = what->explanation,
        .sent_at_us = work->now_us,
    };
    address(&original, &caller->person.id, &correction);
    TRY(service_permit(work->context, work->call, caller, &caller->person,
                       DOMAIN_ACTION_SEND_MESSAGE, &room.view, NULL));
    TRY(may_correct(work, &room, &original, &correction));
    TRY(service_new_id(work->context, &correction.id));
    TRY(write_correction(work, &room, &correction));
    correcting->response->message = convert_message(&c, &correction);
    return convert_status(&c);
}

/* What belongs to a conversation that the caller does not see is not there. */
static struct status hide_conversation(struct status status) {
    return status.code == STATUS_NOT_FOUND ? no_such_message() : status;
}

struct status message_correct(void *self, struct rpc_call *call,
                              const lc_correct_message_request *request,
                              lc_correct_message_response *ret_response) {
    const struct service_caller *caller;
    struct correcting correcting = {.request = request, .response = ret_response};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_correct,
                                        .argument = &correcting};

    TRY(service_caller_get(self, call, &caller));
    convert_id(request->message_id, &correcting.original);
    return hide_conversation(service_mutate(self, call, caller, &mutation));
}
