/*
 * Reading participants out of rows. Private to src/store.
 *
 * Thread-safety: as the row.
 */
#ifndef STORE_PARTICIPANT_ROW_H
#define STORE_PARTICIPANT_ROW_H

#include "store/internal.h"
#include "store/participant.h"

/* Of live_conversation_participants p with its user u; the last one is the number of messages. */
#define STORE_PARTICIPANT_COLUMNS                                                                  \
    " p.id, p.conversationId, p.userId, u.displayName, u.pictureUrl, p.status, p.isHost,"          \
    " p.isInstructor, p.isMuted, p.joinedAt, p.leftAt, p.duration, p.speakingTime, p.generation,"  \
    " p.stayStartedAt, p.awayAt, p.subscribeBy, p.removedAt, p.readThroughSequence, "
#define STORE_PARTICIPANT_FROM                                                                     \
    " FROM live_conversation_participants p"                                                       \
    " LEFT JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.userId"
/* Whether p, who leads conversation c, was there at its start or later. One who looked in before
 * and left has a row, too. */
#define STORE_PARTICIPANT_LED                                                                      \
    "(p.isHost OR p.isInstructor) AND (p.stayStartedAt IS NOT NULL OR p.leftAt > c.startTime)"

struct status store_participant_read(struct db_rows *rows, struct arena *arena,
                                     struct store_participant *ret_participant) STATUS_MUST_USE;

/* How many more are in the room of a conversation; may be negative. */
struct status store_room_add(struct db_tx *tx, const char *tenant, const struct uuid *conversation,
                             int32_t count) STATUS_MUST_USE;

#endif
