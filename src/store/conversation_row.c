#include "store/conversation_row.h"

#include "store/material.h"

#include <assert.h>
#include <string.h>

size_t store_conversation_into(struct store_conversation_row *row, struct db_into *into) {
    struct store_conversation *c = &row->conversation;
    const struct db_into list[] = {
        db_into_uuid(&c->id),
        db_into_text(&c->title),
        store_into_text(&c->description),
        db_into_text(&row->type),
        db_into_text(&c->language),
        db_into_text(&row->level),
        db_into_time_us(&c->start_us),
        db_into_time_us(&c->end_us),
        db_into_text(&c->time_zone),
        db_into_int32(&c->max_participants),
        db_into_int32(&c->current_participants),
        db_into_int32(&c->seats_taken),
        db_into_int32(&c->waiting),
        db_into_int64(&c->price.amount_minor),
        store_into_text(&c->price.currency),
        db_into_text(&row->visibility),
        store_into_text(&c->invite_code),
        db_into_text(&row->status),
        db_into_uuid(&c->host.id),
        store_into_text(&c->host.display_name),
        store_into_text(&c->host.picture_url),
        db_nullable(db_into_uuid(&c->instructor.id), &c->has_instructor),
        store_into_text(&c->instructor.display_name),
        store_into_text(&c->instructor.picture_url),
        store_into_text(&c->topic),
        store_into_text(&c->material.cultural_notes),
        store_into_text(&row->vocabulary),
        store_into_text(&row->grammar_points),
        store_into_text(&row->prompts),
        db_into_bool(&c->is_locked),
        store_into_time(&c->actual_start_us),
        store_into_time(&c->actual_end_us),
        store_into_time(&c->cancelled_at_us),
        store_into_text(&row->cancel_reason),
        store_into_text(&c->cancel_note),
        db_into_uint64(&c->version),
        db_into_time_us(&c->created_at_us),
        db_into_time_us(&c->updated_at_us),
        db_into_uint64(&c->log.epoch),
        db_into_uint64(&c->log.sequence),
        db_into_uint64(&c->log.floor),
    };
    static_assert(sizeof list / sizeof list[0] == STORE_CONVERSATION_COLUMN_COUNT, "columns");
    memcpy(into, list, sizeof list);
    return sizeof list / sizeof list[0];
}

size_t store_viewer_into(struct store_viewer_row *row, struct db_into *into) {
    struct store_viewer *v = &row->viewer;
    const struct db_into list[] = {
        db_nullable(db_into_uuid(&row->invited), &v->is_invited),
        db_nullable(db_into_uuid(&v->booking_id), &v->has_booking),
        store_into_text(&row->booking),
        store_into_text(&row->payment),
        store_into_time(&v->offer_expires_at_us),
        store_into_text(&row->participant),
        db_into_uint64(&v->read_through_sequence),
        db_into_int32(&v->unread_count),
    };
    static_assert(sizeof list / sizeof list[0] == STORE_VIEWER_COLUMN_COUNT, "columns");
    memcpy(into, list, sizeof list);
    return sizeof list / sizeof list[0];
}

static void fill_empty(struct store_conversation *c) {
    const char **texts[] = {
        &c->title,
        &c->description,
        &c->language,
        &c->time_zone,
        &c->price.currency,
        &c->invite_code,
        &c->host.display_name,
        &c->host.picture_url,
        &c->instructor.display_name,
        &c->topic,
        &c->instructor.picture_url,
        &c->cancel_note,
        &c->material.cultural_notes,
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = store_text_or_empty(*texts[i]);
}

struct status store_conversation_finish_room(struct store_conversation_row *row,
                                             struct store_conversation *ret_conversation) {
    struct store_conversation *c = &row->conversation;
    if (!domain_type_parse(row->type, &c->type) ||
        !domain_visibility_parse(row->visibility, &c->visibility) ||
        !domain_status_parse(row->status, &c->status))
        return store_row_damaged();
    fill_empty(c);
    c->log.kind = STORE_TOPIC_CONVERSATION;
    c->log.id = c->id;
    *ret_conversation = *c;
    return status_ok();
}

struct status store_conversation_finish(struct arena *arena, struct store_conversation_row *row,
                                        struct store_conversation *ret_conversation) {
    struct store_conversation *c = &row->conversation;
    TRY(store_conversation_finish_room(row, c));
    if (!domain_level_parse(row->level, &c->level))
        return store_row_damaged();
    if (row->cancel_reason != NULL &&
        !domain_cancel_reason_parse(row->cancel_reason, &c->cancel_reason))
        return store_row_damaged();
    TRY(store_vocabulary_read(arena, row->vocabulary, &c->material));
    TRY(store_texts_read(arena, row->grammar_points, &c->material.grammar_points,
                         &c->material.grammar_point_count));
    TRY(store_texts_read(arena, row->prompts, &c->material.prompts, &c->material.prompt_count));
    *ret_conversation = *c;
    return status_ok();
}

size_t store_conversation_bytes(const struct store_conversation *conversation) {
    enum { OTHER_BYTES = 512 }; /* ids, times and numbers */
    const char *const texts[] = {
        conversation->title,
        conversation->description,
        conversation->topic,
        conversation->cancel_note,
        conversation->host.display_name,
        conversation->host.picture_url,
        conversation->instructor.display_name,
        conversation->instructor.picture_url,
    };
    size_t bytes = OTHER_BYTES;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        bytes += strlen(texts[i]);
    return bytes;
}

struct status store_viewer_finish(struct store_viewer_row *row, struct store_viewer *ret_viewer) {
    struct store_viewer *v = &row->viewer;
    if (v->has_booking && (!domain_booking_state_parse(row->booking, &v->booking) ||
                           !domain_payment_state_parse(row->payment, &v->payment)))
        return store_row_damaged();
    if (row->participant != NULL &&
        !domain_participant_status_parse(row->participant, &v->participant))
        return store_row_damaged();
    *ret_viewer = *v;
    return status_ok();
}

struct status store_view_read(struct db_rows *rows, struct arena *arena,
                              struct store_conversation_view *ret_view) {
    struct store_conversation_row conversation = {.type = NULL};
    struct store_viewer_row viewer = {.booking = NULL};
    struct db_into into[STORE_CONVERSATION_COLUMN_COUNT + STORE_VIEWER_COLUMN_COUNT];
    size_t count = store_conversation_into(&conversation, into);
    count += store_viewer_into(&viewer, into + count);

    TRY(db_rows_read(rows, arena, into, count));
    struct store_conversation_view view = {.key = 0};
    TRY(store_conversation_finish(arena, &conversation, &view.conversation));
    TRY(store_viewer_finish(&viewer, &view.viewer));
    *ret_view = view;
    return status_ok();
}
