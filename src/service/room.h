/*
 * What happens to participants, as steps inside a transaction: each reads the room, writes the row
 * and appends the event that tells of it. Handlers and presence are made of these.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_ROOM_H
#define SERVICE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "live/frame.h"
#include "live/key.h"
#include "liveconv/v1/events.grpc-c.h"
#include "service/transaction.h"
#include "store/conversation.h"
#include "store/participant.h"

enum {
    ROOM_SUBSCRIBE_WITHIN_US = 30 * 1000 * 1000, /* after a join, until a stream is open */
};

/* A locked conversation and one of those who take or took part in it. */
struct room {
    /* As the user sees it, of what store_conversation_lock_room() reads; log and counts move on. */
    struct store_conversation_view view;
    struct store_seat seat;
    struct store_participant participant; /* as it is now */
    bool is_known;                        /* `participant` is set */
};

/* Locks the conversation, with `user` as its viewer, and reads the participant. NOT_FOUND
 * CONVERSATION_NOT_FOUND. */
struct status room_lock(struct service_work *work, const struct uuid *conversation,
                        const struct uuid *user, struct room *ret_room) STATUS_MUST_USE;

/* The user's roles are those that the permission was asked with. */
struct status room_enter(struct service_work *work, struct room *room,
                         unsigned relations) STATUS_MUST_USE;
/* `generation` 0: whichever it is. */
struct status room_leave(struct service_work *work, struct room *room,
                         int64_t generation) STATUS_MUST_USE;
struct status room_go_away(struct service_work *work, struct room *room) STATUS_MUST_USE;
struct status room_come_back(struct service_work *work, struct room *room) STATUS_MUST_USE;
/* `by` NULL: the server. */
struct status room_remove(struct service_work *work, struct room *room,
                          const struct store_user_summary *by) STATUS_MUST_USE;
struct status room_mute(struct service_work *work, struct room *room, bool muted,
                        const struct store_user_summary *by) STATUS_MUST_USE;

/* After the commit: presence forgets who may not be in the room any more, and that one's streams on
 * the conversation end with `reason`; their other topics go on. */
void room_left(struct service_context *context, const char *tenant, const struct uuid *conversation,
               const struct uuid *user, enum live_closed reason);

static inline bool room_is_inside(const struct room *room) {
    return room->is_known && (room->participant.status == DOMAIN_PARTICIPANT_JOINED ||
                              room->participant.status == DOMAIN_PARTICIPANT_AWAY);
}

#endif
