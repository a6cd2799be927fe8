#include "store/user.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/internal.h"

#include <string.h>

#define USER_COLUMNS                                                                               \
    " u.id, u.subject, u.displayName, u.pictureUrl, u.locale, u.tier, u.roles + 0,"                \
    " u.suspendedAt, u.suspendedUntil, u.createdAt, u.updatedAt"

static const struct db_sql get_user = {"SELECT" USER_COLUMNS
                                       " FROM users u WHERE u.tenant_id = ? AND u.id = ?"};
static const struct db_sql get_user_by_subject = {
    "SELECT" USER_COLUMNS " FROM users u WHERE u.tenant_id = ? AND u.subject = ?"};
static const struct db_sql get_many_users = {
    "SELECT" USER_COLUMNS " FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) PATH '$')) AS wanted"
    " STRAIGHT_JOIN users u ON u.tenant_id = ? AND u.id = CAST(wanted.id AS UUID) ORDER BY u.id "
    "LIMIT 1000"};
static const struct db_sql insert_user = {
    "INSERT IGNORE INTO users (tenant_id, id, subject, displayName, pictureUrl, locale, roles,"
    " tier, accessChangedAt, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql update_profile = {
    "UPDATE users SET displayName = ?, pictureUrl = ?, locale = ?, updatedAt = ?"
    " WHERE tenant_id = ? AND id = ?"};
static const struct db_sql update_account = {
    "UPDATE users SET displayName = ?, pictureUrl = ?, locale = ?, roles = ?, tier = ?,"
    " updatedAt = ?, accessChangedAt = ? WHERE tenant_id = ? AND id = ?"};
static const struct db_sql suspend_user = {
    "UPDATE users SET suspendedAt = ?, suspendedUntil = ?, suspensionNote = ?,"
    " accessChangedAt = ?, updatedAt = ? WHERE tenant_id = ? AND id = ?"};
static const struct db_sql list_access_changes = {
    "SELECT tenant_id, id, subject, suspendedAt, suspendedUntil, accessChangedAt FROM users"
    " WHERE accessChangedAt >= ? ORDER BY accessChangedAt LIMIT 1000"};

enum { MOST_USERS = 1000 };

static struct status no_such_user(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_USER_NOT_FOUND, "No such user.");
}

static bool is_suspended(int64_t at_us, int64_t until_us, int64_t now_us) {
    return at_us != 0 && (until_us == 0 || until_us > now_us);
}

struct user_row {
    struct store_user user;
    int64_t roles;
};

static size_t user_into(struct user_row *row, struct db_into *into) {
    struct store_user *u = &row->user;
    struct db_into list[] = {
        db_into_uuid(&u->id),
        db_into_text(&u->subject),
        db_into_text(&u->display_name),
        db_into_text(&u->picture_url),
        db_into_text(&u->locale),
        db_into_text(&u->tier),
        db_into_int64(&row->roles),
        store_into_time(&u->suspended_at_us),
        store_into_time(&u->suspended_until_us),
        db_into_time_us(&u->created_at_us),
        db_into_time_us(&u->updated_at_us),
    };
    memcpy(into, list, sizeof list);
    return sizeof list / sizeof list[0];
}

static void finish_user(struct user_row *row, int64_t now_us) {
    row->user.roles = (unsigned)row->roles;
    row->user.is_suspended =
        is_suspended(row->user.suspended_at_us, row->user.suspended_until_us, now_us);
}

static struct status read_one(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                              const char *tenant, struct db_value key, int64_t now_us,
                              struct store_user *ret_user, bool *ret_found) {
    struct user_row row = {.roles = 0};
    struct db_into into[16];
    size_t count = user_into(&row, into);
    bool found = false;
    TRY(db_query_row(tx, sql, DB_ARGS(db_text(tenant), key), arena, into, count, &found));
    if (found) {
        finish_user(&row, now_us);
        *ret_user = row.user;
    }
    *ret_found = found;
    return status_ok();
}

/* The roles as the SET column reads them. Terminated. */
static void roles_text(unsigned roles, char ret_text[64]) {
    char *end = ret_text;
    for (unsigned role = DOMAIN_ROLE_STUDENT; role <= DOMAIN_ROLE_SERVICE; role <<= 1) {
        if ((roles & role) == 0)
            continue;
        if (end != ret_text)
            *end++ = ',';
        end = stpcpy(end, domain_role_name(role));
    }
    *end = '\0';
}

static const char *either(const char *said, const char *stored) {
    return said != NULL ? said : stored;
}

static bool differs(const char *said, const char *stored) {
    return said != NULL && strcmp(said, stored) != 0;
}

static struct status insert(struct db_tx *tx, const char *tenant,
                            const struct store_user_facts *facts, bool *ret_inserted) {
    struct uuid id = facts->new_id;
    uint64_t affected = 0;
    char roles[64];
    (void)uuid_parse(facts->subject, strlen(facts->subject), &id);
    roles_text(facts->roles != 0 ? facts->roles : DOMAIN_ROLE_STUDENT, roles);
    TRY(db_exec(tx, &insert_user,
                DB_ARGS(db_text(tenant), db_uuid(&id), db_text(facts->subject),
                        db_text(either(facts->display_name, "")),
                        db_text(either(facts->picture_url, "")), db_text(either(facts->locale, "")),
                        db_text(roles), db_text(either(facts->tier, "")), db_time_us(facts->now_us),
                        db_time_us(facts->now_us), db_time_us(facts->now_us)),
                &affected));
    if (affected > 0)
        TRY(store_inbox_create(tx, tenant, &id));
    *ret_inserted = affected > 0;
    return status_ok();
}

static struct status change(struct db_tx *tx, const char *tenant,
                            const struct store_user_facts *facts, struct store_user *user,
                            enum store_user_change *ret_change) {
    unsigned new_roles = facts->roles != 0 ? facts->roles : user->roles;
    bool account = differs(facts->tier, user->tier) || new_roles != user->roles;
    bool profile = differs(facts->display_name, user->display_name) ||
                   differs(facts->picture_url, user->picture_url) ||
                   differs(facts->locale, user->locale);
    char roles[64];

    if (!account && !profile) {
        *ret_change = STORE_USER_SAME;
        return status_ok();
    }
    user->display_name = either(facts->display_name, user->display_name);
    user->picture_url = either(facts->picture_url, user->picture_url);
    user->locale = either(facts->locale, user->locale);
    user->tier = either(facts->tier, user->tier);
    user->roles = new_roles;
    user->updated_at_us = facts->now_us;
    roles_text(new_roles, roles);
    if (account)
        TRY(db_exec(tx, &update_account,
                    DB_ARGS(db_text(user->display_name), db_text(user->picture_url),
                            db_text(user->locale), db_text(roles), db_text(user->tier),
                            db_time_us(facts->now_us), db_time_us(facts->now_us), db_text(tenant),
                            db_uuid(&user->id)),
                    NULL));
    else
        TRY(db_exec(tx, &update_profile,
                    DB_ARGS(db_text(user->display_name), db_text(user->picture_url),
                            db_text(user->locale), db_time_us(facts->now_us), db_text(tenant),
                            db_uuid(&user->id)),
                    NULL));
    *ret_change = account ? STORE_USER_ACCOUNT : STORE_USER_PROFILE;
    return status_ok();
}

struct status store_user_upsert(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct store_user_facts *facts, struct store_user *ret_user,
                                enum store_user_change *ret_change) {
    struct store_user user = {.subject = NULL};
    enum store_user_change changed = STORE_USER_CREATED;
    bool found = false;
    bool inserted = false;

    TRY(read_one(tx, arena, &get_user_by_subject, tenant, db_text(facts->subject), facts->now_us,
                 &user, &found));
    if (!found) {
        TRY(insert(tx, tenant, facts, &inserted));
        TRY(read_one(tx, arena, &get_user_by_subject, tenant, db_text(facts->subject),
                     facts->now_us, &user, &found));
        /* Neither inserted nor there: the tenant is unknown. */
        if (!found)
            return status_error(STATUS_NOT_FOUND, 0, "No such tenant.");
    }
    if (!inserted)
        TRY(change(tx, tenant, facts, &user, &changed));
    *ret_user = user;
    *ret_change = changed;
    return status_ok();
}

struct status store_user_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct uuid *id, int64_t now_us, struct store_user *ret_user) {
    bool found = false;
    TRY(read_one(tx, arena, &get_user, tenant, db_uuid(id), now_us, ret_user, &found));
    return found ? status_ok() : no_such_user();
}

struct status store_user_get_by_subject(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const char *subject, int64_t now_us,
                                        struct store_user *ret_user) {
    bool found = false;
    TRY(read_one(tx, arena, &get_user_by_subject, tenant, db_text(subject), now_us, ret_user,
                 &found));
    return found ? status_ok() : no_such_user();
}

struct status store_user_get_many(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct uuid *ids, size_t count, int64_t now_us,
                                  struct store_user **ret_users, size_t *ret_count) {
    const char *json = NULL;
    size_t found = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(store_uuids_json(arena, ids, count, &json));
    struct store_user *users = arena_alloc_array(arena, count + 1, sizeof *users);
    if (users == NULL)
        return store_no_room();
    TRY(db_query(tx, &get_many_users, DB_ARGS(db_text(json), db_text(tenant)), &rows));
    while (found < count && db_rows_next(rows)) {
        struct user_row row = {.roles = 0};
        struct db_into into[16];
        size_t columns = user_into(&row, into);
        TRY(db_rows_read(rows, arena, into, columns));
        finish_user(&row, now_us);
        users[found++] = row.user;
    }
    TRY(db_rows_status(rows));
    *ret_users = users;
    *ret_count = found;
    return status_ok();
}

struct status store_user_suspend(struct db_tx *tx, const char *tenant, const struct uuid *id,
                                 bool suspended, int64_t until_us, const char *note,
                                 int64_t now_us) {
    uint64_t affected = 0;
    TRY(db_exec(tx, &suspend_user,
                DB_ARGS(db_when(suspended, db_time_us(now_us)),
                        db_when(suspended && until_us != 0, db_time_us(until_us)),
                        db_text(store_text_or_empty(note)), db_time_us(now_us), db_time_us(now_us),
                        db_text(tenant), db_uuid(id)),
                &affected));
    return affected > 0 ? status_ok() : no_such_user();
}

struct status store_user_access_changes(struct db_tx *tx, struct arena *arena, int64_t since_us,
                                        int64_t now_us, struct store_access_change **ret_changes,
                                        size_t *ret_count) {
    struct store_access_change *changes = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &list_access_changes, DB_ARGS(db_time_us(since_us)), &rows));
    while (count < MOST_USERS && db_rows_next(rows)) {
        struct store_access_change item = {.tenant = NULL};
        int64_t at_us = 0;
        int64_t until_us = 0;
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&item.tenant), db_into_uuid(&item.id),
                                 db_into_text(&item.subject), store_into_time(&at_us),
                                 store_into_time(&until_us),
                                 db_into_time_us(&item.changed_at_us))));
        item.is_suspended = is_suspended(at_us, until_us, now_us);
        item.suspended_until_us = until_us;
        TRY(store_list_grow(arena, &changes, sizeof *changes, count, &capacity));
        changes[count++] = item;
    }
    TRY(db_rows_status(rows));
    *ret_changes = changes;
    *ret_count = count;
    return status_ok();
}
