#include "store/feedback.h"

#include "base/arena.h"
#include "domain/reason.h"
#include "store/internal.h"
#include "store/material.h"

#include <stdlib.h>

#define FEEDBACK_COLUMNS                                                                           \
    " f.id, f.conversationId, f.authorId, a.displayName, a.pictureUrl, f.subjectId,"               \
    " s.displayName, s.pictureUrl, f.rating, f.comment, f.tags, f.createdAt, f.updatedAt"
#define FEEDBACK_FROM                                                                              \
    " FROM live_conversation_feedback f"                                                           \
    " LEFT JOIN users a ON a.tenant_id = f.tenant_id AND a.id = f.authorId"                        \
    " LEFT JOIN users s ON s.tenant_id = f.tenant_id AND s.id = f.subjectId"

static const struct db_sql put_feedback = {
    "INSERT INTO live_conversation_feedback (tenant_id, id, conversationId, authorId, subjectId,"
    " rating, comment, tags, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE rating = VALUES(rating), comment = VALUES(comment),"
    " tags = VALUES(tags), updatedAt = VALUES(updatedAt)"};
static const struct db_sql get_feedback = {
    "SELECT" FEEDBACK_COLUMNS FEEDBACK_FROM
    " WHERE f.tenant_id = ? AND f.conversationId = ? AND f.authorId = ? AND f.subjectKey = ?"};
static const struct db_sql copy_to_participant = {
    "UPDATE live_conversation_participants SET feedback = JSON_OBJECT('rating', ?, 'comment', ?,"
    " 'tags', JSON_COMPACT(?)) WHERE tenant_id = ? AND conversationId = ? AND userId = ?"};
static const struct db_sql list_feedback = {
    "SELECT" FEEDBACK_COLUMNS FEEDBACK_FROM
    " WHERE f.tenant_id = ? AND (? OR f.conversationId = ?) AND (? OR f.subjectId = ?)"
    " AND (? OR f.authorId = ?) AND (? OR f.authorId = ? OR f.subjectId = ?"
    " OR EXISTS (SELECT 1 FROM live_conversations c WHERE c.tenant_id = f.tenant_id"
    " AND c.id = f.conversationId AND (c.hostId = ? OR c.instructorId = ?)))"
    " AND (? OR f.id < ?) ORDER BY f.id DESC LIMIT ?"};

static struct status read_feedback(struct db_rows *rows, struct arena *arena,
                                   struct store_feedback *ret_feedback) {
    struct store_feedback f = {.rating = 0};
    const char *tags = NULL;
    TRY(db_rows_read(
        rows, arena,
        DB_INTO(db_into_uuid(&f.id), db_into_uuid(&f.conversation_id), db_into_uuid(&f.author.id),
                store_into_text(&f.author.display_name), store_into_text(&f.author.picture_url),
                db_nullable(db_into_uuid(&f.subject.id), &f.has_subject),
                store_into_text(&f.subject.display_name), store_into_text(&f.subject.picture_url),
                db_into_int32(&f.rating), db_into_text(&f.comment), db_into_text(&tags),
                db_into_time_us(&f.created_at_us), db_into_time_us(&f.updated_at_us))));
    f.author.display_name = store_text_or_empty(f.author.display_name);
    f.author.picture_url = store_text_or_empty(f.author.picture_url);
    f.subject.display_name = store_text_or_empty(f.subject.display_name);
    f.subject.picture_url = store_text_or_empty(f.subject.picture_url);
    TRY(store_texts_read(arena, tags, &f.tags, &f.tag_count));
    *ret_feedback = f;
    return status_ok();
}

static struct status name_failure(struct db_tx *tx, struct status s) {
    const struct db_cause *cause = db_tx_cause(tx);
    if (db_cause_names(cause, "feedback_by_participant"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_NOT_PARTICIPANT,
                            "The author never took part.");
    if (db_cause_names(cause, "feedback_subject_known"))
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_SUBJECT_NOT_PARTICIPANT,
                            "The subject is not known.");
    return s;
}

static struct status write(struct db_tx *tx, const char *tenant, const struct store_feedback *f,
                           const char *tags) {
    struct status s =
        db_exec(tx, &put_feedback,
                DB_ARGS(db_text(tenant), db_uuid(&f->id), db_uuid(&f->conversation_id),
                        db_uuid(&f->author.id), db_when(f->has_subject, db_uuid(&f->subject.id)),
                        db_int64(f->rating), db_text(store_text_or_empty(f->comment)),
                        db_text(tags), db_time_us(f->updated_at_us), db_time_us(f->updated_at_us)),
                NULL);
    if (!status_is_ok(s))
        return name_failure(tx, s);
    if (f->has_subject)
        return status_ok();
    return db_exec(tx, &copy_to_participant,
                   DB_ARGS(db_int64(f->rating), db_text(store_text_or_empty(f->comment)),
                           db_text(tags), db_text(tenant), db_uuid(&f->conversation_id),
                           db_uuid(&f->author.id)),
                   NULL);
}

struct status store_feedback_put(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_feedback *feedback,
                                 struct store_feedback *ret_stored) {
    const struct store_feedback *f = feedback;
    char *tags = NULL;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(store_texts_write(f->tags, f->tag_count, &tags));
    struct status s = write(tx, tenant, f, tags != NULL ? tags : "[]");
    free(tags);
    TRY(s);
    TRY(db_query(tx, &get_feedback,
                 DB_ARGS(db_text(tenant), db_uuid(&f->conversation_id), db_uuid(&f->author.id),
                         db_uuid(f->has_subject ? &f->subject.id : &f->author.id)),
                 &rows));
    if (db_rows_next(rows))
        return read_feedback(rows, arena, ret_stored);
    TRY(db_rows_status(rows));
    return store_row_damaged();
}

static void add_query(struct store_args *args, const char *tenant,
                      const struct store_feedback_query *query) {
    store_arg(args, db_text(tenant));
    store_arg(args, db_bool(!query->has_conversation));
    store_arg(args, db_uuid(&query->conversation_id));
    store_arg(args, db_bool(!query->has_subject));
    store_arg(args, db_uuid(&query->subject_id));
    store_arg(args, db_bool(!query->has_author));
    store_arg(args, db_uuid(&query->author_id));
    store_arg(args, db_bool(query->sees_all));
    for (int i = 0; i < 4; i++)
        store_arg(args, db_uuid(&query->viewer));
    store_arg(args, db_bool(!query->page.has_after));
    store_arg(args, db_uuid(&query->page.after_id));
    store_arg(args, db_int64(store_page_rows(&query->page)));
}

struct status store_feedback_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct store_feedback_query *query,
                                  struct store_feedback_list *ret_list) {
    size_t most = (size_t)store_page_rows(&query->page) - 1;
    struct store_feedback_list list = {.count = 0};
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    add_query(&args, tenant, query);
    TRY(db_query(tx, &list_feedback, args.values, args.count, &rows));
    while (db_rows_next(rows)) {
        if (list.count == most) {
            list.has_more = true;
            break;
        }
        TRY(read_feedback(rows, arena, &list.items[list.count]));
        list.count++;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}
