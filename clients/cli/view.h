/*
 * Conversations, bookings and what belongs to them, for people and, with --json, for scripts.
 *
 * The session's settings decide which. Texts that others wrote are cleaned before they are printed.
 */
#ifndef CLIENTS_CLI_VIEW_H
#define CLIENTS_CLI_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "clients/cli/session.h"
#include "liveconv/v1/booking.grpc-c.h"
#include "liveconv/v1/conversation.grpc-c.h"

/* Seconds since 1970. */
int64_t view_now_s(void);

/* One row each. `viewers` may be NULL. */
int view_conversations(struct session *session, lc_conversation *const *conversations,
                       lc_conversation_viewer *const *viewers, size_t count);
/* Everything about one; `viewer` may be NULL. */
void view_conversation(struct session *session, const lc_conversation *conversation,
                       const lc_conversation_viewer *viewer);
/* After a change: one line, or the whole with --json. */
void view_changed(struct session *session, const char *what, const lc_conversation *conversation);

/* One row each. */
int view_bookings(struct session *session, lc_booking_view *const *views, size_t count);
void view_booking(struct session *session, const lc_booking *booking,
                  const lc_conversation *conversation, const lc_payment_instruction *payment);

/* "label: text", aligned; nothing when text is NULL or "". */
void view_line(struct session *session, const char *label, const char *text);

#endif
