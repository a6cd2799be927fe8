#include "clients/cli/view.h"

#include "base/clock.h"
#include "clients/cli/command.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/table.h"
#include "clients/cli/when.h"

static const ProtobufCEnumDescriptor *const status_names =
    &liveconv__v1__conversation_status__descriptor;
static const ProtobufCEnumDescriptor *const level_names = &liveconv__v1__cefr_level__descriptor;

int64_t view_now_s(void) {
    return clock_wall_us(clock_system()) / 1000000;
}

void view_line(struct session *session, const char *label, const char *text) {
    if (text == NULL || text[0] == '\0')
        return;
    printf("%s%-14s%s %s\n", tone_begin(&session->style, TONE_FAINT), label,
           tone_end(&session->style, TONE_FAINT), text);
}

static enum tone tone_of_status(lc_conversation_status status) {
    if (status == LC_CONVERSATION_STATUS_LIVE)
        return TONE_GOOD;
    if (status == LC_CONVERSATION_STATUS_CANCELLED)
        return TONE_BAD;
    return status == LC_CONVERSATION_STATUS_COMPLETED ? TONE_FAINT : TONE_PLAIN;
}

static const char *relation_of(const lc_conversation_viewer *viewer) {
    if (viewer->is_host)
        return "host";
    if (viewer->is_instructor)
        return "instructor";
    if (viewer->booking_state > LC_BOOKING_STATE_NONE)
        return enum_label(&liveconv__v1__booking_state__descriptor, (int)viewer->booking_state);
    return viewer->is_invited ? "invited" : "";
}

static void fill_row(struct session *session, struct table_row *row,
                     const lc_conversation *conversation, const lc_conversation_viewer *viewer) {
    struct arena *arena = &session->arena;
    size_t i = 0;
    row->cells[i++] = text_clean(arena, conversation->id, " ");
    row->cells[i++] = when_format(arena, conversation->start_time);
    row->cells[i++] = text_clean(arena, conversation->language, " ");
    row->cells[i++] = enum_label(level_names, (int)conversation->level);
    row->tones[i] = tone_of_status(conversation->status);
    row->cells[i++] = enum_label(status_names, (int)conversation->status);
    const char *seats =
        arena_printf(arena, "%d/%d", conversation->seats_left, conversation->max_participants);
    row->cells[i++] = seats != NULL ? seats : "";
    row->cells[i++] = money_format(arena, conversation->price);
    row->tones[i] = TONE_NAME;
    row->cells[i++] = user_label(arena, conversation->host);
    row->tones[i] = TONE_WARM;
    row->cells[i++] = viewer != NULL ? relation_of(viewer) : "";
    row->tones[i] = TONE_STRONG;
    row->cells[i++] = text_clean(arena, conversation->title, " ");
}

int view_conversations(struct session *session, lc_conversation *const *conversations,
                       lc_conversation_viewer *const *viewers, size_t count) {
    static const char *const titles[] = {"CONVERSATION", "START", "LANGUAGE", "LEVEL", "STATUS",
                                         "FREE",         "PRICE", "HOST",     "YOU",   "TITLE"};
    enum { COLUMNS = sizeof titles / sizeof titles[0] };
    struct table table;
    table_init(&table, &session->arena, titles, COLUMNS, COLUMNS - 1);
    for (size_t i = 0; i < count; i++) {
        struct table_row *row = table_add(&table);
        if (row == NULL)
            return out_of_memory();
        fill_row(session, row, conversations[i], viewers != NULL ? viewers[i] : NULL);
    }
    table_print(&table, &session->style, stdout);
    return CLI_OK;
}

static void view_material(struct session *session, const lc_learning_material *material) {
    struct arena *arena = &session->arena;
    for (size_t i = 0; i < material->n_vocabulary; i++) {
        const lc_vocabulary_item *item = material->vocabulary[i];
        const char *text =
            arena_printf(arena, "%s = %s%s%s", text_clean(arena, item->term, " "),
                         text_clean(arena, item->translation, " "),
                         item->note[0] != '\0' ? "; " : "", text_clean(arena, item->note, " "));
        view_line(session, i == 0 ? "vocabulary" : "", text);
    }
    for (size_t i = 0; i < material->n_grammar_points; i++)
        view_line(session, i == 0 ? "grammar" : "",
                  text_clean(arena, material->grammar_points[i], " "));
    for (size_t i = 0; i < material->n_conversation_prompts; i++)
        view_line(session, i == 0 ? "prompts" : "",
                  text_clean(arena, material->conversation_prompts[i], " "));
    view_line(session, "culture", text_clean(arena, material->cultural_notes, "\n               "));
}

static void view_times(struct session *session, const lc_conversation *conversation) {
    struct arena *arena = &session->arena;
    view_line(session, "start",
              arena_printf(arena, "%s (%s), %d min, zone of the host: %s",
                           when_format(arena, conversation->start_time),
                           when_format_distance(arena, conversation->start_time, view_now_s()),
                           conversation->duration_minutes,
                           text_clean(arena, conversation->time_zone, " ")));
    view_line(session, "doors open", when_format(arena, conversation->doors_open_time));
    if (conversation->actual_start_time != NULL)
        view_line(session, "started", when_format(arena, conversation->actual_start_time));
    if (conversation->actual_end_time != NULL)
        view_line(session, "ended", when_format(arena, conversation->actual_end_time));
    if (conversation->cancel_time != NULL)
        view_line(session, "called off",
                  arena_printf(arena, "%s %s", when_format(arena, conversation->cancel_time),
                               text_clean(arena, conversation->cancel_note, " ")));
}

static void view_viewer(struct session *session, const lc_conversation_viewer *viewer) {
    struct arena *arena = &session->arena;
    view_line(session, "you", relation_of(viewer));
    view_line(session, "booking", text_clean(arena, viewer->booking_id, " "));
    if (viewer->unread_count > 0)
        view_line(session, "unread", arena_printf(arena, "%d", viewer->unread_count));
    view_line(session, "invite code", text_clean(arena, viewer->invite_code, " "));
}

void view_conversation(struct session *session, const lc_conversation *conversation,
                       const lc_conversation_viewer *viewer) {
    struct arena *arena = &session->arena;
    const struct style *style = &session->style;
    printf("%s%s%s\n", tone_begin(style, TONE_STRONG), text_clean(arena, conversation->title, " "),
           tone_end(style, TONE_STRONG));
    view_line(session, "id", text_clean(arena, conversation->id, " "));
    view_line(session, "status",
              arena_printf(arena, "%s%s", enum_label(status_names, (int)conversation->status),
                           conversation->locked ? ", locked" : ""));
    view_line(session, "about",
              arena_printf(
                  arena, "%s %s, %s, %s", text_clean(arena, conversation->language, " "),
                  enum_label(level_names, (int)conversation->level),
                  enum_label(&liveconv__v1__conversation_type__descriptor, (int)conversation->type),
                  enum_label(&liveconv__v1__conversation_visibility__descriptor,
                             (int)conversation->visibility)));
    view_line(session, "topic", text_clean(arena, conversation->topic, " "));
    view_line(session, "host", user_label(arena, conversation->host));
    if (conversation->instructor != NULL)
        view_line(session, "instructor", user_label(arena, conversation->instructor));
    view_times(session, conversation);
    view_line(session, "seats",
              arena_printf(arena, "%d of %d free, %d in the room", conversation->seats_left,
                           conversation->max_participants, conversation->current_participants));
    view_line(session, "price", money_format(arena, conversation->price));
    view_line(session, "description",
              text_clean(arena, conversation->description, "\n               "));
    if (conversation->material != NULL)
        view_material(session, conversation->material);
    if (viewer != NULL)
        view_viewer(session, viewer);
    view_line(session, "etag", text_clean(arena, conversation->etag, " "));
}

void view_changed(struct session *session, const char *what, const lc_conversation *conversation) {
    if (session->settings.json) {
        json_print(stdout, &conversation->base);
        return;
    }
    struct arena *arena = &session->arena;
    printf("%s %s: %s, %s\n", what, conversation->id, text_clean(arena, conversation->title, " "),
           enum_label(status_names, (int)conversation->status));
}

int view_bookings(struct session *session, lc_booking_view *const *views, size_t count) {
    static const char *const titles[] = {"BOOKING", "STATUS", "PAYMENT", "AMOUNT",
                                         "WHO",     "START",  "TITLE"};
    enum { COLUMNS = sizeof titles / sizeof titles[0] };
    struct arena *arena = &session->arena;
    struct table table;
    table_init(&table, arena, titles, COLUMNS, COLUMNS - 1);
    for (size_t n = 0; n < count; n++) {
        const lc_booking *booking = views[n]->booking;
        const lc_conversation *conversation = views[n]->conversation;
        struct table_row *row = table_add(&table);
        if (row == NULL)
            return out_of_memory();
        if (booking == NULL)
            continue;
        size_t i = 0;
        row->cells[i++] = text_clean(arena, booking->id, " ");
        row->tones[i] = booking->status == LC_BOOKING_STATUS_CONFIRMED ? TONE_GOOD : TONE_PLAIN;
        row->cells[i++] =
            enum_label(&liveconv__v1__booking_status__descriptor, (int)booking->status);
        row->cells[i++] =
            enum_label(&liveconv__v1__payment_status__descriptor, (int)booking->payment_status);
        row->cells[i++] = money_format(arena, booking->amount);
        row->tones[i] = TONE_NAME;
        row->cells[i++] = user_label(arena, booking->user);
        if (conversation == NULL)
            continue;
        row->cells[i++] = when_format(arena, conversation->start_time);
        row->cells[i++] = text_clean(arena, conversation->title, " ");
    }
    table_print(&table, &session->style, stdout);
    return CLI_OK;
}

void view_booking(struct session *session, const lc_booking *booking,
                  const lc_conversation *conversation, const lc_payment_instruction *payment) {
    struct arena *arena = &session->arena;
    view_line(session, "booking", text_clean(arena, booking->id, " "));
    view_line(session, "status",
              enum_label(&liveconv__v1__booking_status__descriptor, (int)booking->status));
    view_line(session, "payment",
              enum_label(&liveconv__v1__payment_status__descriptor, (int)booking->payment_status));
    view_line(session, "amount", money_format(arena, booking->amount));
    if (booking->refunded != NULL)
        view_line(session, "given back", money_format(arena, booking->refunded));
    view_line(session, "conversation", text_clean(arena, booking->conversation_id, " "));
    if (conversation != NULL) {
        view_line(session, "title", text_clean(arena, conversation->title, " "));
        view_line(
            session, "start",
            arena_printf(arena, "%s (%s)", when_format(arena, conversation->start_time),
                         when_format_distance(arena, conversation->start_time, view_now_s())));
    }
    if (payment != NULL)
        view_line(session, "to pay",
                  arena_printf(arena, "%s with %s, payment %s, until %s",
                               money_format(arena, payment->amount),
                               text_clean(arena, payment->provider, " "),
                               text_clean(arena, payment->payment_id, " "),
                               when_format(arena, payment->expires_at)));
}
