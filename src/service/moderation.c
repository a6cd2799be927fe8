/* What the host and those who oversee do to a room: remove, mute, lock. */
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/live_service.h"
#include "service/room.h"
#include "service/service.h"
#include "service/transaction.h"
#include "store/user.h"

struct moderation {
    struct uuid conversation;
    struct uuid target;
    bool muted;
    const char *note;
    lc_participant **participant; /* out */
};

/* Who did it, as the others see it; a backend is nobody. */
static struct status actor(struct service_work *work, struct store_user_summary *ret_actor,
                           const struct store_user_summary **ret_by) {
    struct store_user user;
    *ret_by = NULL;
    if (!work->caller->is_user)
        return status_ok();
    TRY(store_user_get(work->tx, work->arena, work->tenant, &work->caller->person.id, work->now_us,
                       &user));
    *ret_actor = (struct store_user_summary){
        .id = user.id, .display_name = user.display_name, .picture_url = user.picture_url};
    *ret_by = ret_actor;
    return status_ok();
}

/* The room as its target sees it; the permission is the caller's. */
static struct status lock_for_moderation(struct service_work *work,
                                         const struct moderation *moderation,
                                         struct room *ret_room) {
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;

    TRY(room_lock(work, &moderation->conversation, &moderation->target, ret_room));
    TRY(store_conversation_lock_room(work->tx, work->arena, work->tenant, &moderation->conversation,
                                     service_viewer(caller), &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person, DOMAIN_ACTION_MODERATE,
                       &view, NULL));
    const struct store_conversation *conversation = &ret_room->view.conversation;
    bool is_leader = convert_same_id(&moderation->target, &conversation->host.id) ||
                     (conversation->has_instructor &&
                      convert_same_id(&moderation->target, &conversation->instructor.id));
    bool is_self = caller->is_user && convert_same_id(&moderation->target, &caller->person.id);
    if (is_leader || is_self)
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_CANNOT_MODERATE,
                            "host, instructor and oneself cannot be muted or removed");
    if (!ret_room->is_known)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND,
                            "the user never took part");
    return status_ok();
}

static struct status audit(struct service_work *work, const struct room *room,
                           const struct moderation *moderation, const char *action) {
    struct service_act act = {.action = action,
                              .conversation = &room->view.conversation,
                              .target_user = &moderation->target,
                              .note = moderation->note};
    return service_audit(work->context, work->tx, work->caller, &act);
}

/* ---- remove ---- */

static struct status run_remove(struct service_work *work, void *argument) {
    struct moderation *moderation = argument;
    struct convert c = convert_into(work->arena);
    struct store_user_summary me;
    const struct store_user_summary *by;
    struct room room;

    TRY(lock_for_moderation(work, moderation, &room));
    TRY(actor(work, &me, &by));
    if (room.participant.status != DOMAIN_PARTICIPANT_REMOVED) {
        TRY(room_remove(work, &room, by));
        TRY(audit(work, &room, moderation, "participant.remove"));
    }
    *moderation->participant = convert_participant(&c, &room.participant);
    return convert_status(&c);
}

struct status live_remove_participant(void *self, struct rpc_call *call,
                                      const lc_remove_participant_request *request,
                                      lc_remove_participant_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct moderation moderation = {.note = request->note,
                                    .participant = &ret_response->participant};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_remove,
                                        .argument = &moderation};

    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &moderation.conversation);
    convert_id(request->user_id, &moderation.target);
    TRY(service_mutate(context, call, caller, &mutation));
    room_left(context, caller->tenant, &moderation.conversation, &moderation.target,
              LIVE_CLOSED_REMOVED);
    return status_ok();
}

/* ---- mute ---- */

static struct status run_mute(struct service_work *work, void *argument) {
    struct moderation *moderation = argument;
    struct convert c = convert_into(work->arena);
    struct store_user_summary me;
    const struct store_user_summary *by;
    struct room room;

    TRY(lock_for_moderation(work, moderation, &room));
    TRY(actor(work, &me, &by));
    if (room.participant.is_muted != moderation->muted) {
        TRY(room_mute(work, &room, moderation->muted, by));
        TRY(audit(work, &room, moderation,
                  moderation->muted ? "participant.mute" : "participant.unmute"));
    }
    *moderation->participant = convert_participant(&c, &room.participant);
    return convert_status(&c);
}

struct status live_mute_participant(void *self, struct rpc_call *call,
                                    const lc_mute_participant_request *request,
                                    lc_mute_participant_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct moderation moderation = {.muted = request->muted,
                                    .participant = &ret_response->participant};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_mute,
                                        .argument = &moderation};

    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &moderation.conversation);
    convert_id(request->user_id, &moderation.target);
    return service_mutate(context, call, caller, &mutation);
}

/* ---- lock ---- */

struct locking {
    struct uuid conversation;
    bool locked;
    lc_lock_conversation_response *response;
};

static struct status write_lock(struct service_work *work, const struct locking *locking,
                                struct store_conversation_view *view) {
    const struct service_caller *caller = work->caller;
    struct service_act act = {.action =
                                  locking->locked ? "conversation.lock" : "conversation.unlock",
                              .conversation = &view->conversation};
    struct convert c = convert_into(work->arena);

    TRY(store_conversation_set_locked(work->tx, work->tenant, &locking->conversation,
                                      locking->locked, work->now_us));
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, &locking->conversation,
                               service_viewer(caller), view));
    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL)
        return service_no_room();
    event->kind_case = LIVECONV__V1__EVENT__KIND_CONVERSATION_LOCKED;
    event->conversation_locked =
        convert_conversation(&c, &view->conversation, &caller->settings->settings);
    TRY(convert_status(&c));
    TRY(service_event_append(work, &view->conversation.log, event, NULL, NULL));
    return service_audit(work->context, work->tx, caller, &act);
}

static struct status run_lock(struct service_work *work, void *argument) {
    struct locking *locking = argument;
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;
    struct convert c = convert_into(work->arena);

    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &locking->conversation,
                                service_viewer(caller), &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person, DOMAIN_ACTION_MODERATE,
                       &view, NULL));
    if (view.conversation.is_locked != locking->locked)
        TRY(write_lock(work, locking, &view));
    locking->response->conversation =
        convert_conversation(&c, &view.conversation, &caller->settings->settings);
    return convert_status(&c);
}

struct status live_lock_conversation(void *self, struct rpc_call *call,
                                     const lc_lock_conversation_request *request,
                                     lc_lock_conversation_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct locking locking = {.locked = request->locked, .response = ret_response};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_lock,
                                        .argument = &locking};

    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &locking.conversation);
    return service_mutate(context, call, caller, &mutation);
}
