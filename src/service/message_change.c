/*
 * Editing and deleting: the message changes, an event tells of it, and every event that still holds
 * the old text is rewritten in the same transaction, so that nobody who resumes receives it.
 */
#include "domain/language.h"
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

struct change {
    struct uuid id;
    const char *content;  /* NULL: it is deleted */
    const char *language; /* "": as before */
    const char *note;
    lc_message **message; /* out */
};

/* A message and its conversation, locked, as the caller sees them. */
struct target {
    struct store_message message;
    struct store_conversation_view view;
    struct store_participant me;
    bool took_part;
};

static struct status no_such_message(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND,
                        "there is no such message");
}

static struct status lock_target(struct service_work *work, const struct uuid *id,
                                 struct target *ret_target) {
    const struct service_caller *caller = work->caller;
    struct target target = {.took_part = false};

    /* Which conversation it is in never changes; the rest is read under the lock. */
    TRY(store_message_get(work->tx, work->arena, work->tenant, id, &target.message));
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant,
                                &target.message.conversation_id, service_viewer(caller),
                                &target.view));
    TRY(store_message_get(work->tx, work->arena, work->tenant, id, &target.message));
    if (!status_is_ok(service_see(&caller->person, &target.view, NULL)))
        return no_such_message();
    if (caller->is_user) {
        struct store_seat seat = {.conversation = target.message.conversation_id,
                                  .user = caller->person.id};
        TRY(store_participant_find(work->tx, work->arena, work->tenant, &seat, &target.me,
                                   &target.took_part));
    }
    *ret_target = target;
    return status_ok();
}

/* Ids as text, for the domain. */
struct change_ids {
    char sender[UUID_TEXT_BYTES];
    char recipient[UUID_TEXT_BYTES];
};

static struct domain_message_change facts_of(const struct service_work *work,
                                             const struct target *target, struct change_ids *ids) {
    const struct store_message *message = &target->message;
    uuid_format(&message->sender.id, ids->sender);
    ids->recipient[0] = '\0';
    if (message->has_recipient)
        uuid_format(&message->recipient.id, ids->recipient);
    return (struct domain_message_change){
        .sender_id = ids->sender,
        .recipient_id = ids->recipient,
        .actor_id = work->caller->person.id_text,
        .sent_at_us = message->sent_at_us,
        .is_deleted = message->deleted_at_us != 0,
        .actor_is_muted = target->took_part && target->me.is_muted,
        .actor_oversees = work->caller->is_admin,
    };
}

/* Rewrites the edits that were told before this one. */
static struct status rewrite_copies(struct service_work *work, const struct store_topic *log,
                                    const struct store_message *message, uint64_t told_by) {
    uint64_t after = 0;
    lc_event *event = NULL;
    for (;;) {
        uint64_t *copies = NULL;
        size_t count = 0;
        TRY(store_message_copies(work->tx, work->arena, work->tenant, &message->id, after, &copies,
                                 &count));
        if (count == 0)
            return status_ok();
        if (event == NULL)
            TRY(message_event(work->arena, message, LIVECONV__V1__EVENT__KIND_MESSAGE_EDITED,
                              work->now_us, &event));
        TRY(service_event_rewrite_copies(work, log, copies, count, told_by, event));
        after = copies[count - 1];
    }
}

/* Appends the event that tells, and rewrites those that hold an older text. */
static struct status tell(struct service_work *work, struct store_topic *log,
                          const struct store_message *message, Liveconv__V1__Event__KindCase kind) {
    struct service_audience storage;
    const struct service_audience *audience = message_audience(message, &storage);
    uint64_t told_by;
    lc_event *event;

    TRY(message_event(work->arena, message, kind, work->now_us, &event));
    TRY(service_event_append(work, log, event, audience, &told_by));
    TRY(rewrite_copies(work, log, message, told_by));
    if (kind == LIVECONV__V1__EVENT__KIND_MESSAGE_EDITED)
        TRY(store_message_remember_copy(work->tx, work->tenant, &message->id, told_by));

    TRY(message_event(work->arena, message,
                      message->kind == DOMAIN_MESSAGE_CORRECTION
                          ? LIVECONV__V1__EVENT__KIND_MESSAGE_CORRECTED
                          : LIVECONV__V1__EVENT__KIND_MESSAGE_SENT,
                      message->sent_at_us, &event));
    return service_event_rewrite(work, log, message->sequence, told_by, event, audience);
}

static struct status respond(struct service_work *work, const struct target *target,
                             lc_message **ret_message) {
    struct convert c = convert_into(work->arena);
    *ret_message = convert_message(&c, &target->message);
    return convert_status(&c);
}

/* ---- edit ---- */

static struct status may_edit(struct service_work *work, const struct target *target) {
    const struct service_caller *caller = work->caller;
    struct change_ids ids;
    struct domain_message_change facts = facts_of(work, target, &ids);

    TRY(store_message_count_copies(work->tx, work->tenant, &target->message.id, &facts.edits));
    if (!domain_message_is_visible(ids.sender, ids.recipient, caller->person.id_text))
        return no_such_message();
    if (convert_same_id(&target->message.sender.id, &caller->person.id))
        TRY(service_permit(work->context, work->call, caller, &caller->person,
                           DOMAIN_ACTION_SEND_MESSAGE, &target->view, NULL));
    return domain_message_edit(&facts, &caller->settings->settings, work->now_us);
}

static struct status run_edit(struct service_work *work, void *argument) {
    struct change *change = argument;
    struct target target;

    TRY(lock_target(work, &change->id, &target));
    TRY(may_edit(work, &target));
    TRY(domain_message_length(change->content, strlen(change->content),
                              &work->caller->settings->settings));
    const char *language = change->language[0] != '\0' ? change->language : target.message.language;
    TRY(store_message_edit(work->tx, work->tenant, &change->id, change->content, language,
                           work->now_us));
    TRY(store_message_get(work->tx, work->arena, work->tenant, &change->id, &target.message));
    TRY(tell(work, &target.view.conversation.log, &target.message,
             LIVECONV__V1__EVENT__KIND_MESSAGE_EDITED));
    return respond(work, &target, change->message);
}

struct status message_edit(void *self, struct rpc_call *call,
                           const lc_edit_message_request *request,
                           lc_edit_message_response *ret_response) {
    const struct service_caller *caller;
    char language[DOMAIN_LANGUAGE_BYTES] = "";
    struct change change = {
        .content = request->content, .language = language, .message = &ret_response->message};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_edit,
                                        .argument = &change};

    TRY(service_caller_get(self, call, &caller));
    convert_id(request->message_id, &change.id);
    if (request->language[0] != '\0' && !domain_language_canonical(request->language, language))
        return service_invalid(call, "language", DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not a BCP 47 language tag.");
    return service_mutate(self, call, caller, &mutation);
}

/* ---- delete ---- */

static struct status may_delete(struct service_work *work, const struct target *target,
                                bool *ret_changes) {
    const struct service_caller *caller = work->caller;
    struct change_ids ids;
    struct domain_message_change facts = facts_of(work, target, &ids);
    const struct store_conversation *conversation = &target->view.conversation;
    struct domain_permission_facts permission = {.status = conversation->status,
                                                 .visibility = conversation->visibility,
                                                 .start_us = conversation->start_us,
                                                 .end_us = conversation->end_us,
                                                 .is_locked = conversation->is_locked};
    facts.actor_moderates = status_is_ok(domain_permission_check(
        DOMAIN_ACTION_DELETE_ANY_MESSAGE, service_relations(&caller->person, &target->view, NULL),
        caller->person.is_suspended, &permission, &caller->settings->settings, work->now_us));
    return domain_message_delete(&facts, ret_changes);
}

/* Makes a tombstone, which is left in `ret_message`, and tells of it. */
static struct status bury(struct service_work *work, struct store_topic *log, const struct uuid *id,
                          enum store_deleted_by by, struct store_message *ret_message) {
    TRY(store_message_delete(work->tx, work->tenant, id, by, work->now_us));
    TRY(store_message_get(work->tx, work->arena, work->tenant, id, ret_message));
    return tell(work, log, ret_message, LIVECONV__V1__EVENT__KIND_MESSAGE_DELETED);
}

/* Translations and corrections say again what the message said. They have none of their own. */
static struct status bury_answers(struct service_work *work, struct store_topic *log,
                                  const struct uuid *original, enum store_deleted_by by) {
    for (;;) {
        struct store_message answer;
        struct uuid *ids = NULL;
        size_t count = 0;
        TRY(store_message_answers(work->tx, work->arena, work->tenant, original, &ids, &count));
        if (count == 0)
            return status_ok();
        for (size_t i = 0; i < count; i++)
            TRY(bury(work, log, &ids[i], by, &answer));
    }
}

static struct status write_delete(struct service_work *work, const struct change *change,
                                  struct target *target) {
    bool is_own = work->caller->is_user &&
                  convert_same_id(&target->message.sender.id, &work->caller->person.id);
    enum store_deleted_by by = is_own ? STORE_DELETED_BY_SENDER : STORE_DELETED_BY_MODERATOR;
    struct store_topic *log = &target->view.conversation.log;
    struct service_act act = {.action = "message.delete",
                              .conversation = &target->view.conversation,
                              .target_user = &target->message.sender.id,
                              .target = &change->id,
                              .note = change->note};

    TRY(bury(work, log, &change->id, by, &target->message));
    TRY(bury_answers(work, log, &change->id, by));
    if (is_own)
        return status_ok();
    return service_audit(work->context, work->tx, work->caller, &act);
}

static struct status run_delete(struct service_work *work, void *argument) {
    struct change *change = argument;
    struct target target;
    bool changes;

    TRY(lock_target(work, &change->id, &target));
    TRY(may_delete(work, &target, &changes));
    if (changes)
        TRY(write_delete(work, change, &target));
    else
        TRY(service_event_hear(work, &target.view.conversation.log));
    return respond(work, &target, change->message);
}

struct status message_delete(void *self, struct rpc_call *call,
                             const lc_delete_message_request *request,
                             lc_delete_message_response *ret_response) {
    const struct service_caller *caller;
    struct change change = {.note = request->note, .message = &ret_response->message};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_delete,
                                        .argument = &change};

    TRY(service_caller_get(self, call, &caller));
    convert_id(request->message_id, &change.id);
    return service_mutate(self, call, caller, &mutation);
}
