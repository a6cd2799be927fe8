#include "service/conversation_change.h"

#include "domain/reason.h"
#include "live/presence.h"
#include "rpc/call.h"
#include "service/call_off.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"
#include "store/booking.h"
#include "store/participant.h"
#include "store/tenant.h"

struct status conversation_id(struct rpc_call *call, const char *text, struct uuid *ret_id) {
    if (convert_id(text, ret_id))
        return status_ok();
    return service_invalid(call, "conversation_id", DOMAIN_REASON_FIELD_MALFORMED,
                           "This is not a UUID.");
}

/* ---- telling ---- */

static struct status conversation_event(struct service_work *work, lc_conversation *conversation,
                                        Liveconv__V1__Event__KindCase kind, lc_event **ret_event) {
    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL || conversation == NULL)
        return service_no_room();
    event->kind_case = kind;
    /* Every kind of the oneof that holds a conversation has it in the same place. */
    event->conversation_created = conversation;
    *ret_event = event;
    return status_ok();
}

struct status conversation_tell(struct service_work *work,
                                const struct store_conversation *conversation,
                                struct store_topic *log, Liveconv__V1__Event__KindCase kind) {
    struct convert c = convert_into(work->arena);
    lc_conversation *whole = convert_conversation(&c, conversation, work->settings);
    lc_event *event = NULL;
    TRY(convert_status(&c));
    TRY(conversation_event(work, whole, kind, &event));
    return service_event_append(work, log, event, NULL, NULL);
}

/* For inboxes: many are told, most of them of many conversations. */
static struct status inbox_event(struct service_work *work,
                                 const struct store_conversation *conversation,
                                 Liveconv__V1__Event__KindCase kind, lc_event **ret_event) {
    struct convert c = convert_into(work->arena);
    lc_conversation *listed = convert_listed(&c, conversation, work->settings);
    TRY(convert_status(&c));
    return conversation_event(work, listed, kind, ret_event);
}

/* Everybody who holds a seat, page by page. */
static struct status tell_seats(struct service_work *work, const struct uuid *id,
                                const lc_event *event) {
    struct store_booking *bookings;
    const struct uuid *after = NULL;
    size_t count;
    do {
        TRY(store_booking_seats(work->tx, work->arena, work->tenant, id, after, &bookings, &count));
        for (size_t i = 0; i < count; i++)
            TRY(service_event_inbox(work, &bookings[i].user.id, event));
        if (count > 0)
            after = &bookings[count - 1].user.id;
    } while (count > 0);
    return status_ok();
}

static struct status tell_leaders(struct service_work *work,
                                  const struct store_conversation *conversation,
                                  const lc_event *event) {
    TRY(service_event_inbox(work, &conversation->host.id, event));
    bool has_other = conversation->has_instructor &&
                     !convert_same_id(&conversation->instructor.id, &conversation->host.id);
    return has_other ? service_event_inbox(work, &conversation->instructor.id, event) : status_ok();
}

struct status conversation_changed(struct service_work *work, const struct uuid *id,
                                   struct store_topic *log, Liveconv__V1__Event__KindCase kind,
                                   struct store_conversation *ret_conversation) {
    struct store_conversation_view view;
    lc_event *event = NULL;
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, id, NULL, &view));
    TRY(conversation_tell(work, &view.conversation, log, kind));
    TRY(inbox_event(work, &view.conversation, LIVECONV__V1__EVENT__KIND_BOOKED_CONVERSATION_CHANGED,
                    &event));
    TRY(tell_leaders(work, &view.conversation, event));
    TRY(tell_seats(work, id, event));
    if (ret_conversation != NULL)
        *ret_conversation = view.conversation;
    return status_ok();
}

struct status conversation_tell_counts(struct service_work *work, const struct uuid *id,
                                       const struct uuid *viewer, struct store_topic *log,
                                       struct store_conversation_view *ret_view) {
    struct convert c = convert_into(work->arena);
    struct store_conversation_view view;
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, id, viewer, &view));
    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL)
        return service_no_room();
    event->kind_case = LIVECONV__V1__EVENT__KIND_COUNTS_CHANGED;
    event->counts_changed = convert_counts(&c, &view.conversation);
    TRY(convert_status(&c));
    TRY(service_event_append(work, log, event, NULL, NULL));
    *ret_view = view;
    return status_ok();
}

/* ---- invitations ---- */

struct status conversation_invite(struct service_work *work, const struct uuid *id,
                                  struct draft *draft) {
    if (!draft->sets_invitations)
        return status_ok();
    return store_invitation_replace(work->tx, work->arena, work->tenant, id, draft->invited,
                                    draft->invited_count, &draft->added, &draft->added_count);
}

struct status conversation_tell_invited(struct service_work *work,
                                        const struct store_conversation *conversation,
                                        const struct draft *draft) {
    lc_event *event = NULL;
    if (!draft->sets_invitations || draft->added_count == 0)
        return status_ok();
    TRY(inbox_event(work, conversation, LIVECONV__V1__EVENT__KIND_INVITED, &event));
    for (size_t i = 0; i < draft->added_count; i++)
        TRY(service_event_inbox(work, &draft->added[i], event));
    return status_ok();
}

/* ---- the steps of its life ---- */

static enum domain_cancel_reason cancel_reason(const struct service_work *work,
                                               const struct store_conversation *conversation,
                                               enum domain_event event) {
    if (event == DOMAIN_EVENT_HOST_NO_SHOW)
        return DOMAIN_CANCEL_HOST_NO_SHOW;
    bool is_host = work->caller != NULL && work->caller->is_user &&
                   convert_same_id(&work->caller->person.id, &conversation->host.id);
    return is_host ? DOMAIN_CANCEL_HOST : DOMAIN_CANCEL_ADMIN;
}

static Liveconv__V1__Event__KindCase kind_of(enum domain_status to) {
    switch (to) {
    case DOMAIN_STATUS_LIVE:
        return LIVECONV__V1__EVENT__KIND_CONVERSATION_STARTED;
    case DOMAIN_STATUS_CANCELLED:
        return LIVECONV__V1__EVENT__KIND_CONVERSATION_CANCELLED;
    default:
        return LIVECONV__V1__EVENT__KIND_CONVERSATION_ENDED;
    }
}

/* What follows for bookings and stays, in the order of the locks. */
static struct status follow_up(struct service_work *work,
                               const struct store_conversation *conversation, enum domain_status to,
                               struct call_off *called_off) {
    if (to == DOMAIN_STATUS_CANCELLED)
        TRY(call_off_bookings(work, conversation, called_off));
    if (to == DOMAIN_STATUS_COMPLETED)
        TRY(store_booking_settle(work->tx, work->tenant, &conversation->id, work->now_us));
    if (to == DOMAIN_STATUS_CANCELLED || to == DOMAIN_STATUS_COMPLETED)
        TRY(store_participant_leave_all(work->tx, work->tenant, &conversation->id, work->now_us));
    return status_ok();
}

struct status conversation_take_step(struct service_work *work,
                                     const struct store_conversation_view *view,
                                     enum domain_event event, const char *note,
                                     struct store_conversation *ret_conversation) {
    const struct store_conversation *before = &view->conversation;
    struct store_status_change change = {.at_us = work->now_us, .cancel_note = note};
    struct store_conversation after = *before;
    struct store_topic log = before->log;
    struct call_off called_off = {0};
    TRY(domain_lifecycle_apply(before->status, event, &change.to));
    if (change.to != before->status) {
        if (change.to == DOMAIN_STATUS_CANCELLED)
            change.cancel_reason = cancel_reason(work, before, event);
        TRY(store_conversation_set_status(work->tx, work->tenant, &before->id, &change));
        TRY(follow_up(work, before, change.to, &called_off));
        TRY(conversation_changed(work, &before->id, &log, kind_of(change.to), &after));
        TRY(call_off_tell(work, &after, &called_off));
    }
    if (ret_conversation != NULL)
        *ret_conversation = after;
    return status_ok();
}

void conversation_step_done(struct service_context *context, const char *tenant,
                            const struct uuid *id, enum domain_event event) {
    struct live_key key;
    bool is_over = event != DOMAIN_EVENT_START && event != DOMAIN_EVENT_AUTO_START;
    if (is_over && context->presence != NULL && live_key_make(tenant, LIVE_CONVERSATION, id, &key))
        live_presence_end(context->presence, &key);
}

/* ---- steps that somebody asks for ---- */

struct asked {
    struct conversation_step *step;
    struct uuid id;
};

static const char *action_name(enum domain_event event) {
    switch (event) {
    case DOMAIN_EVENT_CANCEL:
        return "conversation.cancel";
    case DOMAIN_EVENT_START:
        return "conversation.start";
    default:
        return "conversation.end";
    }
}

static struct status take(struct service_work *work, void *argument) {
    struct asked *asked = argument;
    struct conversation_step *step = asked->step;
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;
    struct store_conversation after;
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &asked->id,
                                service_viewer(caller), &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person, step->action, &view,
                       NULL));
    struct status taken = conversation_take_step(work, &view, step->event, step->note, &after);
    if (!status_is_ok(taken)) {
        service_explain(work->call, caller, &view.conversation, taken.reason);
        return taken;
    }
    if (after.status != view.conversation.status)
        TRY(service_audit(work->context, work->tx, caller,
                          &(struct service_act){.action = action_name(step->event),
                                                .conversation = &view.conversation,
                                                .note = step->note}));
    struct convert c = convert_into(work->arena);
    *step->ret_conversation = convert_conversation(&c, &after, work->settings);
    return convert_status(&c);
}

struct status conversation_step(struct service_context *context, struct rpc_call *call,
                                const char *request_id, const ProtobufCMessage *request,
                                ProtobufCMessage *response, struct conversation_step *step) {
    const struct service_caller *caller;
    struct asked asked = {.step = step};
    TRY(service_caller_get(context, call, &caller));
    TRY(conversation_id(call, step->id_text, &asked.id));
    struct service_mutation mutation = {.request_id = request_id,
                                        .request = request,
                                        .response = response,
                                        .run = take,
                                        .argument = &asked};
    TRY(service_mutate(context, call, caller, &mutation));
    /* Also of a repeated call: what came before may not have got so far, and over is over. */
    conversation_step_done(context, caller->tenant, &asked.id, step->event);
    return status_ok();
}
