#include "service/room.h"

#include "domain/permission.h"
#include "live/hub.h"
#include "live/presence.h"
#include "service/convert_live.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/service.h"

struct status room_lock(struct service_work *work, const struct uuid *conversation,
                        const struct uuid *user, struct room *ret_room) {
    struct room room = {.seat = {.conversation = *conversation, .user = *user}};
    TRY(store_conversation_lock_room(work->tx, work->arena, work->tenant, conversation, user,
                                     &room.view));
    TRY(store_participant_find(work->tx, work->arena, work->tenant, &room.seat, &room.participant,
                               &room.is_known));
    *ret_room = room;
    return status_ok();
}

/* Reads the participant as it is after the change and tells everybody. */
static struct status tell(struct service_work *work, struct room *room,
                          Liveconv__V1__Event__KindCase kind, int32_t entered,
                          const struct store_user_summary *by) {
    TRY(store_participant_get(work->tx, work->arena, work->tenant, &room->seat,
                              &room->participant));
    room->is_known = true;
    room->view.viewer.participant = room->participant.status;
    room->view.conversation.current_participants += entered;

    struct convert c = convert_into(work->arena);
    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL)
        return service_no_room();
    event->kind_case = kind;
    /* All kinds that tell of a participant hold the same message. */
    event->participant_joined =
        convert_change(&c, &room->participant, &room->view.conversation, by);
    TRY(convert_status(&c));
    return service_event_append(work, &room->view.conversation.log, event, NULL, NULL);
}

struct status room_enter(struct service_work *work, struct room *room, unsigned relations) {
    struct store_join join = {
        .seat = room->seat,
        .is_host = (relations & DOMAIN_RELATION_HOST) != 0,
        .is_instructor = (relations & DOMAIN_RELATION_INSTRUCTOR) != 0,
        .now_us = work->now_us,
        .subscribe_by_us = work->now_us + ROOM_SUBSCRIBE_WITHIN_US,
    };
    enum store_join_result result;

    TRY(service_new_id(work->context, &join.new_id));
    TRY(store_participant_join(work->tx, work->arena, work->tenant, &join, &room->participant,
                               &result));
    room->is_known = true;
    if (result == STORE_JOIN_PRESENT)
        return status_ok();
    return tell(work, room, LIVECONV__V1__EVENT__KIND_PARTICIPANT_JOINED, 1, NULL);
}

struct status room_leave(struct service_work *work, struct room *room, int64_t generation) {
    bool changed;
    TRY(store_participant_leave(work->tx, work->tenant, &room->seat, generation, work->now_us,
                                &changed));
    if (!changed)
        return status_ok();
    return tell(work, room, LIVECONV__V1__EVENT__KIND_PARTICIPANT_LEFT, -1, NULL);
}

struct status room_go_away(struct service_work *work, struct room *room) {
    bool changed;
    TRY(store_participant_away(work->tx, work->tenant, &room->seat, work->now_us, &changed));
    if (!changed)
        return status_ok();
    return tell(work, room, LIVECONV__V1__EVENT__KIND_PARTICIPANT_AWAY, 0, NULL);
}

struct status room_come_back(struct service_work *work, struct room *room) {
    bool changed;
    TRY(store_participant_back(work->tx, work->tenant, &room->seat, work->now_us, &changed));
    if (!changed)
        return status_ok();
    return tell(work, room, LIVECONV__V1__EVENT__KIND_PARTICIPANT_BACK, 0, NULL);
}

struct status room_remove(struct service_work *work, struct room *room,
                          const struct store_user_summary *by) {
    int32_t left = room_is_inside(room) ? -1 : 0;
    bool changed;
    TRY(store_participant_remove(work->tx, work->tenant, &room->seat, by ? &by->id : NULL,
                                 work->now_us, &changed));
    if (!changed)
        return status_ok();
    return tell(work, room, LIVECONV__V1__EVENT__KIND_PARTICIPANT_REMOVED, left, by);
}

struct status room_mute(struct service_work *work, struct room *room, bool muted,
                        const struct store_user_summary *by) {
    bool changed;
    TRY(store_participant_mute(work->tx, work->tenant, &room->seat, muted, work->now_us, &changed));
    if (!changed)
        return status_ok();
    return tell(work, room,
                muted ? LIVECONV__V1__EVENT__KIND_PARTICIPANT_MUTED
                      : LIVECONV__V1__EVENT__KIND_PARTICIPANT_UNMUTED,
                0, by);
}

void room_left(struct service_context *context, const char *tenant, const struct uuid *conversation,
               const struct uuid *user, enum live_closed reason) {
    struct live_key key;
    if (!live_key_make(tenant, LIVE_CONVERSATION, conversation, &key))
        return;
    if (context->presence != NULL)
        live_presence_leave(context->presence, &key, user, 0);
    if (context->hub != NULL)
        live_hub_remove_user(context->hub, &key, user, reason);
}
