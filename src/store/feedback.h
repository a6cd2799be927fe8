/*
 * Feedback of participants on a session, or on each other.
 */
#ifndef STORE_FEEDBACK_H
#define STORE_FEEDBACK_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

struct store_feedback {
    struct uuid id;
    struct uuid conversation_id;
    struct store_user_summary author;
    bool has_subject; /* false: about the session */
    struct store_user_summary subject;
    int32_t rating; /* 1 to 5 */
    const char *comment;
    const char *const *tags;
    size_t tag_count;
    int64_t created_at_us;
    int64_t updated_at_us;
};

/*
 * Gives feedback, or puts it in the place of what the author said before of the same. Of `feedback`
 * count: id (for a first one), conversation_id, author.id, subject.id, rating, comment, tags,
 * updated_at_us. *ret_stored is what is there now. FAILED_PRECONDITION when the author never took
 * part. Feedback on the session is written to the participant's row as well.
 */
struct status store_feedback_put(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_feedback *feedback,
                                 struct store_feedback *ret_stored) STATUS_MUST_USE;

struct store_feedback_query {
    bool has_conversation;
    struct uuid conversation_id;
    bool has_subject;
    struct uuid subject_id;
    bool has_author;
    struct uuid author_id;
    bool sees_all; /* admins and services; else: given by, about, or to a session of the viewer */
    struct uuid viewer;
    struct store_page page; /* by id, newest first; the key does not count */
};

struct store_feedback_list {
    struct store_feedback *items;
    size_t count;
    bool has_more;
};

struct status store_feedback_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct store_feedback_query *query,
                                  struct store_feedback_list *ret_list) STATUS_MUST_USE;

#endif
