/* Entering and leaving a room, seeing who is there, and saying what one does. */
#include "service/live_service.h"

#include "domain/page_token.h"
#include "domain/reason.h"
#include "live/presence.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/fault.h"
#include "service/room.h"
#include "service/service.h"
#include "service/transaction.h"

#include <string.h>

/* ---- join ---- */

struct join {
    struct uuid conversation;
    lc_join_conversation_response *response;
    int64_t generation; /* out */
};

/* A reserved seat that was not paid yet is told as that. */
static struct status may_join(struct service_work *work, const struct room *room) {
    const struct service_caller *caller = work->caller;
    struct status status = service_permit(work->context, work->call, caller, &caller->person,
                                          DOMAIN_ACTION_JOIN, &room->view, NULL);
    if (status.reason == DOMAIN_REASON_NOT_BOOKED &&
        room->view.viewer.booking == DOMAIN_BOOKING_PENDING_PAYMENT)
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_PAYMENT_REQUIRED,
                            "the seat has to be paid first");
    return status;
}

static struct status run_join(struct service_work *work, void *argument) {
    struct join *join = argument;
    const struct service_caller *caller = work->caller;
    struct convert c = convert_into(work->arena);
    struct store_conversation_view view;
    struct room room;

    TRY(room_lock(work, &join->conversation, &caller->person.id, &room));
    TRY(may_join(work, &room));
    TRY(room_enter(work, &room, service_relations(&caller->person, &room.view, NULL)));
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, &join->conversation,
                               &caller->person.id, &view));
    join->generation = room.participant.generation;
    join->response->participant = convert_participant(&c, &room.participant);
    join->response->conversation =
        convert_conversation(&c, &view.conversation, &caller->settings->settings);
    join->response->subscribe_by = convert_time(&c, work->now_us + ROOM_SUBSCRIBE_WITHIN_US);
    return convert_status(&c);
}

static struct status join_conversation(void *self, struct rpc_call *call,
                                       const lc_join_conversation_request *request,
                                       lc_join_conversation_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct join join = {.response = ret_response};
    struct service_mutation mutation = {.request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_join,
                                        .argument = &join};
    struct live_key key;

    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &join.conversation);
    TRY(service_mutate(context, call, caller, &mutation));
    /* Without memory for it the first stream tells (LIVE_ACT_ARRIVED), or the row's own lease. */
    if (context->presence != NULL &&
        live_key_make(caller->tenant, LIVE_CONVERSATION, &join.conversation, &key))
        (void)!status_is_ok(live_presence_join(context->presence, &key, &caller->person.id,
                                               (uint64_t)join.generation));
    return status_ok();
}

/* ---- leave ---- */

struct leave {
    struct uuid conversation;
    int64_t generation;
    lc_leave_conversation_response *response;
    int64_t current; /* out */
};

static struct status run_leave(struct service_work *work, void *argument) {
    struct leave *leave = argument;
    const struct service_caller *caller = work->caller;
    struct convert c = convert_into(work->arena);
    struct room room;

    TRY(room_lock(work, &leave->conversation, &caller->person.id, &room));
    TRY(service_see(&caller->person, &room.view, NULL));
    if (!room.is_known)
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_PARTICIPANT_NOT_FOUND,
                            "the caller never took part");
    TRY(room_leave(work, &room, leave->generation));
    leave->current = room.participant.generation;
    leave->response->participant = convert_participant(&c, &room.participant);
    return convert_status(&c);
}

static struct status leave_conversation(void *self, struct rpc_call *call,
                                        const lc_leave_conversation_request *request,
                                        lc_leave_conversation_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct leave leave = {.generation = request->generation, .response = ret_response};
    struct service_mutation mutation = {.request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_leave,
                                        .argument = &leave};
    struct live_key key;

    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &leave.conversation);
    TRY(service_mutate(context, call, caller, &mutation));
    bool was_current = leave.generation == 0 || leave.generation == leave.current;
    if (context->presence != NULL && was_current &&
        live_key_make(caller->tenant, LIVE_CONVERSATION, &leave.conversation, &key))
        live_presence_leave(context->presence, &key, &caller->person.id, (uint64_t)leave.current);
    return status_ok();
}

/* ---- who is there ---- */

struct listing {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    const lc_list_participants_request *request;
    struct uuid conversation;
    struct store_page page;
    struct store_participant_list list; /* out */
};

static unsigned status_bits(const lc_list_participants_request *request) {
    unsigned bits = 0;
    for (size_t i = 0; i < request->n_statuses; i++)
        bits |= STORE_BIT(request->statuses[i]);
    return bits;
}

static struct status read_participants(struct db_tx *tx, void *argument) {
    struct listing *listing = argument;
    const struct service_caller *caller = listing->caller;
    struct arena *arena = rpc_call_arena(listing->call);
    struct store_conversation_view view;

    TRY(store_conversation_get(tx, arena, caller->tenant, &listing->conversation,
                               service_viewer(caller), &view));
    TRY(service_permit(listing->context, listing->call, caller, &caller->person,
                       DOMAIN_ACTION_LIST_PARTICIPANTS, &view, NULL));
    return store_participant_list(tx, arena, caller->tenant, &listing->conversation,
                                  status_bits(listing->request), &listing->page, &listing->list);
}

/* What a page token is bound to: the conversation and the statuses that are asked for. */
struct listing_filter {
    struct uuid conversation;
    uint32_t statuses;
};

static struct domain_page_scope listing_scope(const struct listing *listing,
                                              const struct listing_filter *filter) {
    return (struct domain_page_scope){.key = listing->context->page_key,
                                      .list = "participants",
                                      .tenant = listing->caller->tenant,
                                      .filter = filter,
                                      .filter_len = sizeof *filter};
}

static struct status read_token(struct listing *listing, const struct domain_page_scope *scope) {
    struct domain_page_position position;
    if (listing->request->page_token[0] == '\0')
        return status_ok();
    struct status status = domain_page_token_read(scope, listing->request->page_token, &position);
    if (!status_is_ok(status))
        return service_invalid(listing->call, "page_token", status.reason,
                               "This is not the token of a page of this list.");
    listing->page.has_after = true;
    listing->page.after_key = position.key;
    memcpy(listing->page.after_id.bytes, position.id, sizeof position.id);
    return status_ok();
}

static struct status write_page(const struct listing *listing,
                                const struct domain_page_scope *scope,
                                lc_list_participants_response *ret_response) {
    const struct store_participant_list *list = &listing->list;
    struct convert c = convert_into(rpc_call_arena(listing->call));

    ret_response->participants = convert_list(&c, list->count);
    TRY(convert_status(&c));
    for (size_t i = 0; i < list->count; i++)
        ret_response->participants[i] = convert_participant(&c, &list->items[i]);
    ret_response->n_participants = list->count;
    if (list->has_more) {
        struct domain_page_position last = {.key = list->last_key};
        char token[DOMAIN_PAGE_TOKEN_BYTES];
        memcpy(last.id, list->items[list->count - 1].id.bytes, sizeof last.id);
        TRY(domain_page_token_write(scope, &last, token));
        ret_response->next_page_token = arena_strdup(c.arena, token);
        if (ret_response->next_page_token == NULL)
            return service_no_room();
    }
    return convert_status(&c);
}

static struct status list_participants(void *self, struct rpc_call *call,
                                       const lc_list_participants_request *request,
                                       lc_list_participants_response *ret_response) {
    struct listing listing = {.context = self,
                              .call = call,
                              .request = request,
                              .page = {.size = domain_page_size(request->page_size)}};
    struct listing_filter filter;

    TRY(service_caller_get(self, call, &listing.caller));
    convert_id(request->conversation_id, &listing.conversation);
    memset(&filter, 0, sizeof filter);
    filter.conversation = listing.conversation;
    filter.statuses = status_bits(request);
    struct domain_page_scope scope = listing_scope(&listing, &filter);
    TRY(read_token(&listing, &scope));
    TRY(service_read(self, call, read_participants, &listing));
    return write_page(&listing, &scope, ret_response);
}

/* ---- what somebody does ---- */

struct activity {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    struct uuid conversation;
    struct store_participant participant; /* out */
};

static struct status read_activity(struct db_tx *tx, void *argument) {
    struct activity *activity = argument;
    const struct service_caller *caller = activity->caller;
    struct arena *arena = rpc_call_arena(activity->call);
    struct store_seat seat = {.conversation = activity->conversation, .user = caller->person.id};
    struct store_conversation_view view;

    TRY(store_conversation_get(tx, arena, caller->tenant, &activity->conversation,
                               &caller->person.id, &view));
    TRY(service_permit(activity->context, activity->call, caller, &caller->person,
                       DOMAIN_ACTION_BE_ACTIVE, &view, NULL));
    return store_participant_get(tx, arena, caller->tenant, &seat, &activity->participant);
}

static struct status update_activity(void *self, struct rpc_call *call,
                                     const lc_update_activity_request *request,
                                     lc_update_activity_response *ret_response) {
    struct service_context *context = self;
    struct activity activity = {.context = context, .call = call};
    struct live_activity doing = {.typing = request->typing,
                                  .speaking = request->speaking,
                                  .hand_raised = request->hand_raised};
    struct live_key key;
    int64_t renew_ms = 0;

    if (context->presence == NULL)
        return status_error(STATUS_UNIMPLEMENTED, 0, "this server has no live part");
    TRY(service_caller_get(context, call, &activity.caller));
    convert_id(request->conversation_id, &activity.conversation);
    doing.has_typing_to = convert_id(request->typing_to_user_id, &doing.typing_to);
    TRY(service_read(context, call, read_activity, &activity));

    const struct uuid *user = &activity.caller->person.id;
    if (!live_key_make(activity.caller->tenant, LIVE_CONVERSATION, &activity.conversation, &key))
        return status_error(STATUS_INTERNAL, 0, NULL);
    struct status status = live_presence_activity(context->presence, &key, user, &doing, &renew_ms);
    if (status.code == STATUS_FAILED_PRECONDITION) {
        /* In the room, but not by what this node saw: it was restarted. */
        TRY(live_presence_join(context->presence, &key, user,
                               (uint64_t)activity.participant.generation));
        status = live_presence_activity(context->presence, &key, user, &doing, &renew_ms);
    }
    TRY(status);
    ret_response->renew_within_ms = (int32_t)renew_ms;
    return status_ok();
}

struct status service_register_live(struct rpc_server *server, struct service_context *context) {
    struct lc_live_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the handlers");
    *handlers = (struct lc_live_service_handlers){
        .self = context,
        .join_conversation = join_conversation,
        .leave_conversation = leave_conversation,
        .list_participants = list_participants,
        .update_activity = update_activity,
        .remove_participant = live_remove_participant,
        .mute_participant = live_mute_participant,
        .lock_conversation = live_lock_conversation,
        .subscribe = live_subscribe,
    };
    return lc_live_service_register(server, handlers);
}
