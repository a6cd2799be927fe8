/*
 * Reading conversations out of rows: the columns, the joins, and what becomes of them. Private to
 * src/store.
 *
 * Thread-safety: as the row.
 */
#ifndef STORE_CONVERSATION_ROW_H
#define STORE_CONVERSATION_ROW_H

#include "store/conversation.h"
#include "store/internal.h"

/* Of live_conversations c with its host h and instructor i. */
#define STORE_CONVERSATION_COLUMNS_WITH(material)                                                  \
    " c.id, c.title, c.description, c.conversationType, c.language, c.level, c.startTime,"         \
    " c.endTime, c.timeZone, c.maxParticipants, c.currentParticipants, c.seatsTaken, c.waiting,"   \
    " c.price, c.currency, c.visibility, c.inviteCode, c.status, c.hostId, h.displayName,"         \
    " h.pictureUrl, c.instructorId, i.displayName, i.pictureUrl, c.topic," material                \
    " c.isLocked, c.actualStartTime, c.actualEndTime, c.cancelledAt, c.cancelReason,"              \
    " c.cancelNote, c.version, c.createdAt, c.updatedAt, c.eventEpoch, c.eventSequence,"           \
    " c.eventFloor"
#define STORE_CONVERSATION_COLUMNS                                                                 \
    STORE_CONVERSATION_COLUMNS_WITH(                                                               \
        " c.culturalNotes, c.vocabularyList, c.grammarPoints, c.conversationPrompts,")
/* The same without the learning material, which is most of a conversation: for lists. */
#define STORE_LISTED_COLUMNS STORE_CONVERSATION_COLUMNS_WITH(" NULL, NULL, NULL, NULL,")
#define STORE_CONVERSATION_JOINS                                                                   \
    " LEFT JOIN users h ON h.tenant_id = c.tenant_id AND h.id = c.hostId"                          \
    " LEFT JOIN users i ON i.tenant_id = c.tenant_id AND i.id = c.instructorId"

/* Of the viewer: booking b, participant p, invitation v. Three parameters: the viewer, or NULL.
 * Their unique keys are forced: for a viewer with few rows the optimizer would rather gather those
 * and join them through a buffer, which loses the list's order. */
#define STORE_VIEWER_JOINS                                                                         \
    " LEFT JOIN live_conversation_bookings b FORCE INDEX (booking_once)"                           \
    " ON b.tenant_id = c.tenant_id AND b.conversationId = c.id AND b.userId = ?"                   \
    " LEFT JOIN live_conversation_participants p FORCE INDEX (participant_once)"                   \
    " ON p.tenant_id = c.tenant_id AND p.conversationId = c.id AND p.userId = ?"                   \
    " LEFT JOIN conversation_invitations v FORCE INDEX (PRIMARY)"                                  \
    " ON v.tenant_id = c.tenant_id AND v.conversationId = c.id AND v.userId = ?"

/* Visible to p, of others, not deleted, above p's read position. */
#define STORE_UNREAD_FROM                                                                          \
    " FROM live_conversation_messages m WHERE m.tenant_id = c.tenant_id"                           \
    " AND m.conversationId = c.id AND m.sequence > p.readThroughSequence"                          \
    " AND m.senderId <> p.userId AND (m.recipientId IS NULL OR m.recipientId = p.userId)"          \
    " AND m.deletedAt IS NULL"
/* Up to 100: counting stops being interesting there. */
#define STORE_UNREAD_COLUMN                                                                        \
    " IF(p.id IS NULL OR p.readThroughSequence >= c.eventSequence, 0,"                             \
    " IF((SELECT 1" STORE_UNREAD_FROM " LIMIT 99, 1) IS NOT NULL, 100,"                            \
    " (SELECT COUNT(*)" STORE_UNREAD_FROM ")))"
/* Booking b is over although conversation c goes on: its user, p, reads nothing there any more. */
#define STORE_GAVE_SEAT_UP                                                                         \
    "(COALESCE(b.status IN ('CANCELLED', 'EXPIRED'), FALSE) AND c.status <> 'CANCELLED'"           \
    " AND p.userId <> c.hostId AND NOT p.userId <=> c.instructorId)"
#define STORE_VIEWER_COLUMNS                                                                       \
    " v.userId, b.id, b.status, b.paymentStatus, b.offerExpiresAt, p.status,"                      \
    " COALESCE(p.readThroughSequence, 0), IF(" STORE_GAVE_SEAT_UP ", 0," STORE_UNREAD_COLUMN ")"

/* The viewer's part without what is unread, which has to be counted. */
#define STORE_VIEWER_COLUMNS_UNCOUNTED                                                             \
    " v.userId, b.id, b.status, b.paymentStatus, b.offerExpiresAt, p.status,"                      \
    " COALESCE(p.readThroughSequence, 0), 0"

enum { STORE_CONVERSATION_COLUMN_COUNT = 41, STORE_VIEWER_COLUMN_COUNT = 8 };

/* A row on its way: words and JSON before they are understood. */
struct store_conversation_row {
    struct store_conversation conversation;
    const char *type;
    const char *level;
    const char *visibility;
    const char *status;
    const char *cancel_reason;
    const char *vocabulary;
    const char *grammar_points;
    const char *prompts;
};

struct store_viewer_row {
    struct store_viewer viewer;
    struct uuid invited;
    const char *booking;
    const char *payment;
    const char *participant;
};

/* Fill in the destinations for the columns above and return how many. */
size_t store_conversation_into(struct store_conversation_row *row, struct db_into *into);
size_t store_viewer_into(struct store_viewer_row *row, struct db_into *into);

struct status
store_conversation_finish(struct arena *arena, struct store_conversation_row *row,
                          struct store_conversation *ret_conversation) STATUS_MUST_USE;
/* What a room needs: the words that store_conversation_lock_room() reads; the other texts "". */
struct status
store_conversation_finish_room(struct store_conversation_row *row,
                               struct store_conversation *ret_conversation) STATUS_MUST_USE;
struct status store_viewer_finish(struct store_viewer_row *row,
                                  struct store_viewer *ret_viewer) STATUS_MUST_USE;

/* What its texts take in a list, about. */
size_t store_conversation_bytes(const struct store_conversation *conversation);

/* Reads all of conversation and viewer from the current row. */
struct status store_view_read(struct db_rows *rows, struct arena *arena,
                              struct store_conversation_view *ret_view) STATUS_MUST_USE;

#endif
