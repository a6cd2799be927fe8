#include "service/convert.h"

#include "base/str.h"
#include "domain/lifecycle.h"
#include "service/caller.h"
#include "service/fault.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

struct status convert_status(const struct convert *c) {
    return c->failed ? service_no_room() : status_ok();
}

void *convert_alloc(struct convert *c, size_t size_bytes) {
    void *memory = arena_alloc(c->arena, size_bytes);
    if (memory == NULL)
        c->failed = true;
    return memory;
}

void *convert_list(struct convert *c, size_t count) {
    void *list = count == 0 ? NULL : arena_alloc_array(c->arena, count, sizeof(void *));
    if (list == NULL && count > 0)
        c->failed = true;
    return list;
}

/* Passes a new message on and remembers when there was no room for it. */
static void *made(struct convert *c, void *message) {
    if (message == NULL)
        c->failed = true;
    return message;
}

char *convert_uuid(struct convert *c, const struct uuid *id) {
    char *text = convert_alloc(c, UUID_TEXT_BYTES);
    if (text == NULL)
        return convert_text(NULL);
    uuid_format(id, text);
    return text;
}

char *convert_text(const char *text) {
    /* Messages hold `char *`; nothing writes through it. */
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

Google__Protobuf__Timestamp *convert_time(struct convert *c, int64_t time_us) {
    if (time_us == 0)
        return NULL;
    Google__Protobuf__Timestamp *time = convert_alloc(c, sizeof *time);
    if (time == NULL)
        return NULL;
    google__protobuf__timestamp__init(time);
    int64_t rest_us = time_us % 1000000;
    time->seconds = time_us / 1000000;
    if (rest_us < 0) {
        rest_us += 1000000;
        time->seconds--;
    }
    time->nanos = (int32_t)(rest_us / 1000 * 1000000);
    return time;
}

int64_t convert_time_us(const Google__Protobuf__Timestamp *time) {
    int64_t time_us;
    if (time == NULL)
        return 0;
    if (time->seconds < 0)
        return 1;
    if (__builtin_mul_overflow(time->seconds, INT64_C(1000000), &time_us) ||
        time_us > CONVERT_LAST_TIME_US)
        return CONVERT_LAST_TIME_US;
    if (time->nanos > 0)
        time_us += (int64_t)(time->nanos / 1000000) * 1000;
    return time_us == 0 ? 1 : time_us;
}

char *convert_rfc3339(struct convert *c, int64_t time_us) {
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    char *text = convert_alloc(c, 32);
    if (text == NULL || gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return convert_text(NULL);
    return text;
}

lc_money *convert_money(struct convert *c, const struct store_money *money) {
    if (money->amount_minor == 0)
        return NULL;
    lc_money *to = made(c, lc_money_new(c->arena));
    if (to != NULL) {
        to->currency_code = convert_text(money->currency);
        to->amount_minor = money->amount_minor;
    }
    return to;
}

lc_user_summary *convert_summary(struct convert *c, const struct store_user_summary *user) {
    lc_user_summary *to = made(c, lc_user_summary_new(c->arena));
    if (to != NULL) {
        to->user_id = convert_uuid(c, &user->id);
        to->display_name = convert_text(user->display_name);
        to->picture_url = convert_text(user->picture_url);
    }
    return to;
}

/* ---- users ---- */

static const struct {
    unsigned bit;
    lc_role role;
} role_table[] = {
    {DOMAIN_ROLE_STUDENT, LC_ROLE_STUDENT},
    {DOMAIN_ROLE_INSTRUCTOR, LC_ROLE_INSTRUCTOR},
    {DOMAIN_ROLE_ADMIN, LC_ROLE_ADMIN},
    {DOMAIN_ROLE_SERVICE, LC_ROLE_SERVICE},
};
enum { ROLES = sizeof role_table / sizeof role_table[0] };

size_t convert_roles(struct convert *c, unsigned roles, lc_role **ret_roles) {
    size_t count = 0;
    *ret_roles = convert_alloc(c, ROLES * sizeof **ret_roles);
    for (size_t i = 0; i < ROLES && *ret_roles != NULL; i++)
        if (roles & role_table[i].bit)
            (*ret_roles)[count++] = role_table[i].role;
    return count;
}

unsigned convert_role_bits(const lc_role *roles, size_t count) {
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ROLES; k++)
            if (role_table[k].role == roles[i])
                bits |= role_table[k].bit;
    return bits;
}

lc_user *convert_user(struct convert *c, const struct store_user *user) {
    lc_user *to = made(c, lc_user_new(c->arena));
    if (to == NULL)
        return NULL;
    to->id = convert_uuid(c, &user->id);
    to->subject = convert_text(user->subject);
    to->display_name = convert_text(user->display_name);
    to->picture_url = convert_text(user->picture_url);
    to->n_roles = convert_roles(c, user->roles, &to->roles);
    to->tier = convert_text(user->tier);
    to->locale = convert_text(user->locale);
    to->suspended = user->is_suspended;
    if (user->is_suspended)
        to->suspended_until = convert_time(c, user->suspended_until_us);
    to->create_time = convert_time(c, user->created_at_us);
    to->update_time = convert_time(c, user->updated_at_us);
    return to;
}

/* ---- conversations ---- */

static char **texts(struct convert *c, const char *const *from, size_t count) {
    char **to = convert_list(c, count);
    for (size_t i = 0; i < count && to != NULL; i++)
        to[i] = convert_text(from[i]);
    return to;
}

static lc_vocabulary_item **vocabulary(struct convert *c, const struct store_vocabulary *from,
                                       size_t count) {
    lc_vocabulary_item **to = convert_list(c, count);
    for (size_t i = 0; i < count && to != NULL; i++) {
        to[i] = made(c, lc_vocabulary_item_new(c->arena));
        if (to[i] == NULL)
            return NULL;
        to[i]->term = convert_text(from[i].term);
        to[i]->translation = convert_text(from[i].translation);
        to[i]->note = convert_text(from[i].note);
    }
    return to;
}

static lc_learning_material *material(struct convert *c, const struct store_material *from) {
    bool has_notes = from->cultural_notes != NULL && from->cultural_notes[0] != '\0';
    if (from->vocabulary_count + from->grammar_point_count + from->prompt_count == 0 && !has_notes)
        return NULL;
    lc_learning_material *to = made(c, lc_learning_material_new(c->arena));
    if (to == NULL)
        return NULL;
    to->vocabulary = vocabulary(c, from->vocabulary, from->vocabulary_count);
    to->n_vocabulary = to->vocabulary != NULL ? from->vocabulary_count : 0;
    to->grammar_points = texts(c, from->grammar_points, from->grammar_point_count);
    to->n_grammar_points = to->grammar_points != NULL ? from->grammar_point_count : 0;
    to->conversation_prompts = texts(c, from->prompts, from->prompt_count);
    to->n_conversation_prompts = to->conversation_prompts != NULL ? from->prompt_count : 0;
    to->cultural_notes = convert_text(from->cultural_notes);
    return to;
}

static int32_t seats_left(const struct store_conversation *from) {
    int32_t left = from->max_participants - from->seats_taken;
    return from->waiting > 0 || left < 0 ? 0 : left;
}

static void conversation_times(struct convert *c, const struct store_conversation *from,
                               const struct domain_settings *settings, lc_conversation *to) {
    to->start_time = convert_time(c, from->start_us);
    to->end_time = convert_time(c, from->end_us);
    to->duration_minutes = (int32_t)((from->end_us - from->start_us) / DOMAIN_MINUTE_US);
    to->time_zone = convert_text(from->time_zone);
    to->create_time = convert_time(c, from->created_at_us);
    to->update_time = convert_time(c, from->updated_at_us);
    to->doors_open_time = convert_time(c, domain_doors_open_at(from->start_us, settings));
    to->actual_start_time = convert_time(c, from->actual_start_us);
    to->actual_end_time = convert_time(c, from->actual_end_us);
    to->cancel_time = convert_time(c, from->cancelled_at_us);
}

lc_conversation *convert_listed(struct convert *c, const struct store_conversation *from,
                                const struct domain_settings *settings) {
    lc_conversation *to = made(c, lc_conversation_new(c->arena));
    if (to == NULL)
        return NULL;
    to->id = convert_uuid(c, &from->id);
    to->title = convert_text(from->title);
    to->description = convert_text(from->description);
    to->type = (lc_conversation_type)from->type;
    to->language = convert_text(from->language);
    to->level = (lc_cefr_level)from->level;
    conversation_times(c, from, settings, to);
    to->max_participants = from->max_participants;
    to->current_participants = from->current_participants;
    to->seats_taken = from->seats_taken;
    to->seats_left = seats_left(from);
    to->price = convert_money(c, &from->price);
    to->is_free = from->price.amount_minor == 0;
    to->visibility = (lc_conversation_visibility)from->visibility;
    to->status = (lc_conversation_status)from->status;
    to->host = convert_summary(c, &from->host);
    if (from->has_instructor)
        to->instructor = convert_summary(c, &from->instructor);
    to->topic = convert_text(from->topic);
    to->cancel_reason = (lc_cancel_reason)from->cancel_reason;
    to->cancel_note = convert_text(from->cancel_note);
    to->locked = from->is_locked;
    to->etag = convert_etag(c, from->version);
    return to;
}

lc_conversation *convert_conversation(struct convert *c, const struct store_conversation *from,
                                      const struct domain_settings *settings) {
    lc_conversation *to = convert_listed(c, from, settings);
    if (to != NULL)
        to->material = material(c, &from->material);
    return to;
}

lc_conversation_counts *convert_counts(struct convert *c, const struct store_conversation *from) {
    lc_conversation_counts *to = made(c, lc_conversation_counts_new(c->arena));
    if (to != NULL) {
        to->current_participants = from->current_participants;
        to->seats_taken = from->seats_taken;
        to->seats_left = seats_left(from);
    }
    return to;
}

static lc_booking_state booking_state(const struct store_viewer *viewer) {
    switch (viewer->has_booking ? viewer->booking : DOMAIN_BOOKING_UNSPECIFIED) {
    case DOMAIN_BOOKING_HELD:
        return viewer->offer_expires_at_us != 0 ? LC_BOOKING_STATE_OFFERED
                                                : LC_BOOKING_STATE_PENDING;
    case DOMAIN_BOOKING_PENDING_PAYMENT:
        return LC_BOOKING_STATE_PENDING;
    case DOMAIN_BOOKING_CONFIRMED:
        return LC_BOOKING_STATE_CONFIRMED;
    case DOMAIN_BOOKING_ATTENDED:
        return LC_BOOKING_STATE_ATTENDED;
    case DOMAIN_BOOKING_NO_SHOW:
        return LC_BOOKING_STATE_NO_SHOW;
    case DOMAIN_BOOKING_UNSPECIFIED:
    case DOMAIN_BOOKING_CANCELLED:
    case DOMAIN_BOOKING_EXPIRED:
        return LC_BOOKING_STATE_NONE;
    }
    return LC_BOOKING_STATE_NONE;
}

lc_conversation_viewer *convert_viewer(struct convert *c, const struct service_caller *caller,
                                       const struct store_conversation_view *view) {
    const struct store_conversation *conversation = &view->conversation;
    lc_conversation_viewer *to = made(c, lc_conversation_viewer_new(c->arena));
    if (to == NULL)
        return NULL;
    if (caller->is_user) {
        to->is_host = convert_same_id(&caller->person.id, &conversation->host.id);
        to->is_instructor = conversation->has_instructor &&
                            convert_same_id(&caller->person.id, &conversation->instructor.id);
    }
    to->is_invited = view->viewer.is_invited;
    to->booking_state = booking_state(&view->viewer);
    if (view->viewer.has_booking)
        to->booking_id = convert_uuid(c, &view->viewer.booking_id);
    if (to->booking_state == LC_BOOKING_STATE_OFFERED)
        to->offer_expires_at = convert_time(c, view->viewer.offer_expires_at_us);
    to->unread_count = view->viewer.unread_count;
    if (to->is_host || to->is_instructor || caller->is_admin)
        to->invite_code = convert_text(conversation->invite_code);
    to->is_removed = view->viewer.participant == DOMAIN_PARTICIPANT_REMOVED;
    return to;
}

lc_conversation_view *convert_view(struct convert *c, const struct service_caller *caller,
                                   const struct store_conversation_view *view) {
    lc_conversation_view *to = made(c, lc_conversation_view_new(c->arena));
    if (to != NULL) {
        to->conversation = convert_listed(c, &view->conversation, &caller->settings->settings);
        to->viewer = convert_viewer(c, caller, view);
    }
    return to;
}

/* ---- from messages ---- */

bool convert_id(const char *text, struct uuid *ret_id) {
    return text != NULL && uuid_parse(text, strlen(text), ret_id);
}

bool convert_same_id(const struct uuid *a, const struct uuid *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

char *convert_etag(struct convert *c, uint64_t version) {
    char *etag = made(c, arena_printf(c->arena, "%" PRIu64, version));
    return convert_text(etag);
}

bool convert_version(const char *etag, uint64_t *ret_version) {
    uint64_t version;
    if (!parse_uint64(etag, &version) || version == 0)
        return false;
    *ret_version = version;
    return true;
}

/* Those that are not empty. */
static size_t said(struct convert *c, char *const *from, size_t count,
                   const char *const **ret_texts) {
    const char **to = convert_list(c, count);
    size_t kept = 0;
    for (size_t i = 0; i < count && to != NULL; i++)
        if (from[i][0] != '\0')
            to[kept++] = from[i];
    *ret_texts = to;
    return kept;
}

struct store_material convert_material(struct convert *c, const lc_learning_material *from) {
    struct store_material to = {.cultural_notes = ""};
    if (from == NULL)
        return to;
    struct store_vocabulary *words = arena_alloc_array(c->arena, from->n_vocabulary, sizeof *words);
    if (words == NULL) {
        c->failed = c->failed || from->n_vocabulary > 0;
    } else {
        for (size_t i = 0; i < from->n_vocabulary; i++)
            words[i] = (struct store_vocabulary){.term = from->vocabulary[i]->term,
                                                 .translation = from->vocabulary[i]->translation,
                                                 .note = from->vocabulary[i]->note};
        to.vocabulary = words;
        to.vocabulary_count = from->n_vocabulary;
    }
    to.grammar_point_count =
        said(c, from->grammar_points, from->n_grammar_points, &to.grammar_points);
    to.prompt_count =
        said(c, from->conversation_prompts, from->n_conversation_prompts, &to.prompts);
    to.cultural_notes = from->cultural_notes;
    return to;
}
