#include "base/arena.h"
#include "domain/reason.h"
#include "store/conversation.h"
#include "store/internal.h"

#include <string.h>

static const struct db_sql list_invitations = {
    "SELECT userId FROM conversation_invitations WHERE tenant_id = ? AND conversationId = ?"
    " ORDER BY userId LIMIT 200"};
static const struct db_sql insert_invitation = {
    "INSERT INTO conversation_invitations (tenant_id, conversationId, userId) VALUES (?, ?, ?)"};
static const struct db_sql delete_invitation = {
    "DELETE FROM conversation_invitations"
    " WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};

enum { MOST_INVITED = 200, VALUES = 3 };

struct status store_invitation_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct uuid *conversation, struct uuid **ret_users,
                                    size_t *ret_count) {
    size_t count = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    struct uuid *users = arena_alloc_array(arena, MOST_INVITED, sizeof *users);
    if (users == NULL)
        return store_no_room();
    TRY(db_query(tx, &list_invitations, DB_ARGS(db_text(tenant), db_uuid(conversation)), &rows));
    while (count < MOST_INVITED && db_rows_next(rows)) {
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uuid(&users[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_users = users;
    *ret_count = count;
    return status_ok();
}

static bool contains(const struct uuid *users, size_t count, const struct uuid *user) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&users[i], user, sizeof *user) == 0)
            return true;
    }
    return false;
}

/* Runs `sql` for those of `users` that are not among `others`; they are collected in `ret_done`. */
static struct status for_difference(struct db_tx *tx, const struct db_sql *sql, const char *tenant,
                                    const struct uuid *conversation, const struct uuid *users,
                                    size_t count, const struct uuid *others, size_t other_count,
                                    struct uuid *ret_done, size_t *ret_done_count) {
    struct db_value values[MOST_INVITED * VALUES];
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (contains(others, other_count, &users[i]) || contains(ret_done, done, &users[i]))
            continue;
        values[done * VALUES] = db_text(tenant);
        values[done * VALUES + 1] = db_uuid(conversation);
        values[done * VALUES + 2] = db_uuid(&users[i]);
        ret_done[done++] = users[i];
    }
    TRY(db_exec_bulk(tx, sql, values, VALUES, done, NULL));
    *ret_done_count = done;
    return status_ok();
}

struct status store_invitation_replace(struct db_tx *tx, struct arena *arena, const char *tenant,
                                       const struct uuid *conversation, const struct uuid *users,
                                       size_t count, struct uuid **ret_added,
                                       size_t *ret_added_count) {
    struct uuid *before = NULL;
    size_t before_count = 0;
    size_t added_count = 0;
    size_t removed_count = 0;

    if (count > MOST_INVITED)
        return status_error(STATUS_INVALID_ARGUMENT, 0, "At most 200 users can be invited.");
    struct uuid *added = arena_alloc_array(arena, MOST_INVITED, sizeof *added);
    struct uuid *removed = arena_alloc_array(arena, MOST_INVITED, sizeof *removed);
    if (added == NULL || removed == NULL)
        return store_no_room();
    TRY(store_invitation_list(tx, arena, tenant, conversation, &before, &before_count));
    TRY(for_difference(tx, &delete_invitation, tenant, conversation, before, before_count, users,
                       count, removed, &removed_count));
    struct status s = for_difference(tx, &insert_invitation, tenant, conversation, users, count,
                                     before, before_count, added, &added_count);
    if (!status_is_ok(s) && db_cause_names(db_tx_cause(tx), "invitation_user_known"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_USER_NOT_FOUND,
                            "An invited user is not known.");
    TRY(s);
    *ret_added = added;
    *ret_added_count = added_count;
    return status_ok();
}
