/*
 * Messages: who may send what to whom, until when it may be changed, and what a correction covers.
 *
 * Whether the conversation is open and the sender in the room is domain/permission.h's; this is
 * asked after it. Thread-safety: functions without state.
 */
#ifndef DOMAIN_MESSAGE_H
#define DOMAIN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "domain/settings.h"
#include "domain/types.h"

/* What a deletion or another edit has to rewrite is bounded. */
enum {
    DOMAIN_MESSAGE_EDITS_MAX = 50,
    DOMAIN_MESSAGE_ANSWERS_MAX = 100, /* translations and corrections that are not deleted */
};

/* An earlier message that a new one refers to. */
struct domain_original {
    const char *sender_id;
    const char *recipient_id; /* "" when it went to everybody */
    enum domain_message_kind kind;
    bool is_deleted;
    int32_t answers;     /* translations and corrections that it has */
    const char *content; /* well-formed UTF-8; needed for corrections only */
    size_t content_len;
};

struct domain_outgoing {
    const char *sender_id;
    bool sender_is_muted;
    bool is_blocked;          /* sender and recipient, or sender and the original's author */
    const char *recipient_id; /* "": everybody */
    bool recipient_is_there;  /* takes part and was not removed; asked when there is a recipient */
    const char *content;      /* well-formed UTF-8 */
    size_t content_len;
    const struct domain_original *original; /* NULL: none */
};

/* True when a user sees a message at all: public ones, its own, and those to it. */
bool domain_message_is_visible(const char *sender_id, const char *recipient_id,
                               const char *viewer_id);

/*
 * May this be sent? A translation or correction of a private message goes to the same two; one of a
 * public message goes to everybody or to somebody alone.
 *   PERMISSION_DENIED   PARTICIPANT_MUTED
 *   INVALID_ARGUMENT    SELF_REFERENCE (to oneself), FIELDS_INCONSISTENT (length),
 *                       ORIGINAL_UNSUITABLE
 *   NOT_FOUND           MESSAGE_NOT_FOUND (the original is private to others)
 *   FAILED_PRECONDITION RECIPIENT_NOT_PRESENT, USER_BLOCKED, MESSAGE_DELETED (the original),
 *                       ANSWER_LIMIT
 */
struct status domain_message_send(const struct domain_outgoing *outgoing,
                                  const struct domain_settings *settings) STATUS_MUST_USE;

/* A stored message, and who wants to change it. */
struct domain_message_change {
    const char *sender_id;
    const char *recipient_id; /* "": everybody */
    const char *actor_id;
    int64_t sent_at_us;
    bool is_deleted;
    int32_t edits; /* so far */
    bool actor_is_muted;
    bool actor_moderates; /* DOMAIN_ACTION_DELETE_ANY_MESSAGE is allowed */
    bool actor_oversees;  /* an admin or a service with the scope: private messages too */
};

/* NOT_FOUND MESSAGE_NOT_FOUND; PERMISSION_DENIED NOT_SENDER, PARTICIPANT_MUTED;
 * FAILED_PRECONDITION MESSAGE_DELETED, EDIT_WINDOW_CLOSED, EDIT_LIMIT. */
struct status domain_message_edit(const struct domain_message_change *change,
                                  const struct domain_settings *settings,
                                  int64_t now_us) STATUS_MUST_USE;

/* The sender at any time; the host all that is not private to others; admins everything.
 * *ret_changes is false when it is deleted already. NOT_FOUND MESSAGE_NOT_FOUND; PERMISSION_DENIED
 * NOT_SENDER. */
struct status domain_message_delete(const struct domain_message_change *change,
                                    bool *ret_changes) STATUS_MUST_USE;

/*
 * Is [start, start + length) within the original, counted in code points? A length of 0 is an
 * insertion, and only that may stand at the end. *ret_bytes are the span's bytes in the content.
 * INVALID_ARGUMENT CORRECTION_SPAN_INVALID.
 */
struct domain_span {
    size_t offset_bytes;
    size_t len_bytes;
};
struct status domain_correction_span(const char *content, size_t content_len, int64_t start,
                                     int64_t length, struct domain_span *ret_bytes) STATUS_MUST_USE;

/* FIELDS_INCONSISTENT unless 1 to message_max_characters characters and at most message_max_bytes.
 */
struct status domain_message_length(const char *content, size_t content_len,
                                    const struct domain_settings *settings) STATUS_MUST_USE;

#endif
