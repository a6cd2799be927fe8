#include "service/convert_live.h"

lc_participant *convert_participant(struct convert *c, const struct store_participant *from) {
    lc_participant *to = convert_alloc(c, sizeof *to);
    if (to == NULL)
        return NULL;
    lc_participant_init(to);
    to->id = convert_uuid(c, &from->id);
    to->conversation_id = convert_uuid(c, &from->conversation_id);
    to->user = convert_summary(c, &from->user);
    to->status = (lc_participant_status)from->status;
    to->is_host = from->is_host;
    to->is_instructor = from->is_instructor;
    to->is_muted = from->is_muted;
    to->join_time = convert_time(c, from->joined_at_us);
    to->left_time = convert_time(c, from->left_at_us);
    to->duration_seconds = from->duration_s;
    to->speaking_seconds = from->speaking_s;
    to->message_count = from->message_count;
    to->generation = from->generation;
    return to;
}

static lc_correction *correction(struct convert *c, const struct store_message *from) {
    lc_correction *to = convert_alloc(c, sizeof *to);
    if (to == NULL)
        return NULL;
    lc_correction_init(to);
    to->start = from->correction_start;
    to->length = from->correction_length;
    to->kind = (lc_correction_kind)from->correction;
    to->explanation = convert_text(from->correction_explanation);
    return to;
}

lc_message *convert_message(struct convert *c, const struct store_message *from) {
    lc_message *to = convert_alloc(c, sizeof *to);
    if (to == NULL)
        return NULL;
    lc_message_init(to);
    to->id = convert_uuid(c, &from->id);
    to->conversation_id = convert_uuid(c, &from->conversation_id);
    to->sender = convert_summary(c, &from->sender);
    if (from->has_recipient)
        to->recipient = convert_summary(c, &from->recipient);
    to->content = convert_text(from->content);
    to->type = (lc_message_type)from->kind;
    to->language = convert_text(from->language);
    to->is_translation = from->kind == DOMAIN_MESSAGE_TRANSLATION;
    if (from->has_original)
        to->original_message_id = convert_uuid(c, &from->original_id);
    if (from->correction != DOMAIN_CORRECTION_UNSPECIFIED)
        to->correction = correction(c, from);
    to->send_time = convert_time(c, from->sent_at_us);
    to->edit_time = convert_time(c, from->edited_at_us);
    to->delete_time = convert_time(c, from->deleted_at_us);
    to->deleted_by = (lc_deleted_by)from->deleted_by;
    if (from->has_client_message_id)
        to->client_message_id = convert_uuid(c, &from->client_message_id);
    to->sequence = from->sequence;
    to->is_read = from->is_read;
    return to;
}

lc_read_state *convert_read_state(struct convert *c, const struct uuid *conversation,
                                  uint64_t through, int32_t unread) {
    lc_read_state *to = convert_alloc(c, sizeof *to);
    if (to == NULL)
        return NULL;
    lc_read_state_init(to);
    to->conversation_id = convert_uuid(c, conversation);
    to->read_through_sequence = through;
    to->unread_count = unread;
    return to;
}

lc_participant_change *convert_change(struct convert *c,
                                      const struct store_participant *participant,
                                      const struct store_conversation *conversation,
                                      const struct store_user_summary *by) {
    lc_participant_change *to = convert_alloc(c, sizeof *to);
    if (to == NULL)
        return NULL;
    lc_participant_change_init(to);
    to->participant = convert_participant(c, participant);
    /* Only lists count messages; events leave it 0. */
    if (to->participant != NULL)
        to->participant->message_count = 0;
    to->counts = convert_counts(c, conversation);
    if (by != NULL)
        to->by = convert_summary(c, by);
    return to;
}
