/*
 * Messages, private ones included; their translations and corrections; what is unread.
 *
 * A message's place is the sequence of its event in the conversation's log. Sending goes through
 * store/journal.h; store_message_insert() is what it is made of, and for corrections.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

enum { STORE_UNREAD_MAX = 100 };

/* As DeletedBy numbers them. */
enum store_deleted_by { STORE_DELETED_NOT, STORE_DELETED_BY_SENDER, STORE_DELETED_BY_MODERATOR };

struct store_message {
    struct uuid id;
    struct uuid conversation_id;
    struct store_user_summary sender;
    bool has_recipient;
    struct store_user_summary recipient;
    const char *content; /* "" of a tombstone */
    enum domain_message_kind kind;
    const char *language;
    bool has_original;
    struct uuid original_id;
    enum domain_correction_kind correction; /* UNSPECIFIED: none */
    int32_t correction_start;
    int32_t correction_length;
    const char *correction_explanation;
    int64_t sent_at_us;
    int64_t edited_at_us;
    int64_t deleted_at_us;
    enum store_deleted_by deleted_by;
    bool has_client_message_id;
    struct uuid client_message_id;
    uint64_t sequence;
    bool is_read; /* private: by its recipient */
};

/*
 * locked: Of `message` count: id, conversation_id, sender.id, recipient.id, content, kind,
 * language, original_id, correction*, sent_at_us, client_message_id, sequence (that of its event:
 * the topic's
 * + 1). ALREADY_EXISTS when the sender used the client_message_id; FAILED_PRECONDITION when sender
 * or recipient never took part.
 */
struct status store_message_insert(struct db_tx *tx, const char *tenant,
                                   const struct store_message *message) STATUS_MUST_USE;

/* NOT_FOUND MESSAGE_NOT_FOUND; whether the caller may see it is domain_message_is_visible(). */
struct status store_message_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct uuid *id,
                                struct store_message *ret_message) STATUS_MUST_USE;

struct status store_message_find_sent(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *sender,
                                      const struct uuid *client_message_id,
                                      struct store_message *ret_message,
                                      bool *ret_found) STATUS_MUST_USE;

struct store_message_query {
    struct uuid conversation_id;
    bool sees_all; /* admins and services: private messages of others too */
    struct uuid viewer;
    bool has_original; /* translations and corrections of it alone */
    struct uuid original_id;
    bool has_private_with; /* private ones between viewer and this user alone */
    struct uuid private_with;
    bool oldest_first;      /* false: newest first */
    struct store_page page; /* key: sequence; the id does not count */
};

struct store_message_list {
    struct store_message *items;
    size_t count;
    bool has_more;
};

struct status store_message_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_message_query *query,
                                 struct store_message_list *ret_list) STATUS_MUST_USE;

/* locked: New content. The event rows are for store_event_rewrite(). NOT_FOUND MESSAGE_NOT_FOUND,
 * also for a tombstone. */
struct status store_message_edit(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                 const char *content, const char *language,
                                 int64_t now_us) STATUS_MUST_USE;

/* locked: Makes a tombstone. */
struct status store_message_delete(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                   enum store_deleted_by by, int64_t now_us) STATUS_MUST_USE;

/*
 * Sequences of the events that may still hold text of a message: message_edited events of it. The
 * log remembers them here, since the store does not read events. locked: remember; list all when it
 * is edited again or deleted: those above `after`, ascending, 500 at a time, none at the end.
 */
struct status store_message_remember_copy(struct db_tx *tx, const char *tenant,
                                          const struct uuid *id, uint64_t sequence) STATUS_MUST_USE;
struct status store_message_copies(struct db_tx *tx, struct arena *arena, const char *tenant,
                                   const struct uuid *id, uint64_t after, uint64_t **ret_sequences,
                                   size_t *ret_count) STATUS_MUST_USE;
/* As many as it has been edited times. */
struct status store_message_count_copies(struct db_tx *tx, const char *tenant,
                                         const struct uuid *id, int32_t *ret_count) STATUS_MUST_USE;

/* locked: Translations and corrections of a message that are not deleted, in any order, 100 at a
 * time: those that are left when these are deleted come next. */
struct status store_message_answers(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct uuid *original, struct uuid **ret_ids,
                                    size_t *ret_count) STATUS_MUST_USE;
struct status store_message_count_answers(struct db_tx *tx, const char *tenant,
                                          const struct uuid *original,
                                          int32_t *ret_count) STATUS_MUST_USE;

/* Visible to the user, of others, not deleted, above the position; up to STORE_UNREAD_MAX. */
struct status store_message_unread(struct db_tx *tx, const char *tenant,
                                   const struct uuid *conversation, const struct uuid *user,
                                   uint64_t read_through, int32_t *ret_count) STATUS_MUST_USE;

/* What went in one batch. */
struct store_message_trimmed {
    uint64_t count; /* messages and events; 0: nothing was there to do, and the rest is not set */
    struct uuid conversation_id;
    uint64_t epoch;   /* of its log */
    uint64_t through; /* events up to here are of what went: to be forgotten in memory, too */
};

/*
 * Deletes up to `limit` messages sent before `before_us` in one conversation that is over, with the
 * part of its log that tells of them; a translation or correction before its original.
 * Conversations locked by others are left out.
 */
struct status store_message_trim(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 int64_t before_us, int32_t limit,
                                 struct store_message_trimmed *ret_trimmed) STATUS_MUST_USE;

struct store_unread {
    struct uuid conversation_id;
    struct uuid user_id;
    uint64_t read_through_sequence;
    int32_t unread_count;
};

/* Conversations of a user with something unread, most recently joined first, at most `limit`. */
struct status store_message_unread_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct uuid *user, int32_t limit,
                                        struct store_unread **ret_items,
                                        size_t *ret_count) STATUS_MUST_USE;

/* The same of those of `users` who take part in one conversation and may read it, also when nothing
 * is unread. Any order. */
struct status store_message_unread_of(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *users,
                                      size_t user_count, struct store_unread **ret_items,
                                      size_t *ret_count) STATUS_MUST_USE;

#endif
