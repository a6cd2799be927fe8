#include "clients/cli/room_view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clients/cli/names.h"
#include "clients/cli/when.h"

enum { LINE_ARENA_BYTES = 1 << 20 };

void room_view_init(struct room_view *room, const struct style *style) {
    *room = (struct room_view){.style = style};
}

static void forget_person(struct room_person *person) {
    free(person->user_id);
    free(person->name);
}

static void forget_people(struct room_view *room) {
    for (size_t i = 0; i < room->people_count; i++)
        forget_person(&room->people[i]);
    free(room->people);
    room->people = NULL;
    room->people_count = 0;
}

void room_view_done(struct room_view *room) {
    forget_people(room);
    free(room->my_id);
    room->my_id = NULL;
}

bool room_view_set_me(struct room_view *room, const char *user_id) {
    free(room->my_id);
    room->my_id = strdup(user_id);
    return room->my_id != NULL;
}

void room_view_note(const struct room_view *room, const char *format, ...) {
    va_list arguments;
    if (room->is_silent)
        return;
    va_start(arguments, format);
    printf("%s-- ", tone_begin(room->style, TONE_FAINT));
    vprintf(format, arguments);
    printf("%s\n", tone_end(room->style, TONE_FAINT));
    va_end(arguments);
}

static struct room_person *find_person(const struct room_view *room, const char *user_id) {
    for (size_t i = 0; i < room->people_count; i++) {
        if (strcmp(room->people[i].user_id, user_id) == 0)
            return &room->people[i];
    }
    return NULL;
}

static void remove_person(struct room_view *room, const char *user_id) {
    struct room_person *person = find_person(room, user_id);
    if (person == NULL || room->people_count == 0)
        return;
    forget_person(person);
    *person = room->people[--room->people_count];
}

static void put_person(struct room_view *room, const lc_participant *participant,
                       struct arena *arena) {
    if (participant->user == NULL)
        return;
    remove_person(room, participant->user->user_id);
    if (participant->status != LC_PARTICIPANT_STATUS_JOINED &&
        participant->status != LC_PARTICIPANT_STATUS_AWAY)
        return;
    struct room_person person = {
        .user_id = strdup(participant->user->user_id),
        .name = strdup(user_label(arena, participant->user)),
        .is_away = participant->status == LC_PARTICIPANT_STATUS_AWAY,
        .is_host = participant->is_host,
        .is_muted = participant->is_muted,
    };
    struct room_person *people = reallocarray(room->people, room->people_count + 1, sizeof *people);
    if (people != NULL)
        room->people = people;
    if (people == NULL || person.user_id == NULL || person.name == NULL) {
        forget_person(&person);
        return;
    }
    people[room->people_count++] = person;
}

const char *room_view_find(const struct room_view *room, const char *name) {
    for (size_t i = 0; i < room->people_count; i++) {
        if (strcasecmp(room->people[i].name, name) == 0 ||
            strcmp(room->people[i].user_id, name) == 0)
            return room->people[i].user_id;
    }
    return NULL;
}

void room_view_who(const struct room_view *room) {
    if (room->is_silent)
        return;
    room_view_note(room, "%zu here:", room->people_count);
    for (size_t i = 0; i < room->people_count; i++) {
        const struct room_person *person = &room->people[i];
        bool is_me = room->my_id != NULL && strcmp(room->my_id, person->user_id) == 0;
        printf("   %s%s%s%s%s%s%s\n", tone_begin(room->style, TONE_NAME), person->name,
               tone_end(room->style, TONE_NAME), is_me ? " (you)" : "",
               person->is_host ? ", host" : "", person->is_muted ? ", muted" : "",
               person->is_away ? ", away" : "");
    }
}

static void print_message(const struct room_view *room, const lc_message *message, const char *mark,
                          struct arena *arena) {
    const struct style *style = room->style;
    if (room->is_silent)
        return;
    bool is_mine = message->sender != NULL && room->my_id != NULL &&
                   strcmp(message->sender->user_id, room->my_id) == 0;
    const char *text = message->delete_time != NULL
                           ? "(deleted)"
                           : text_clean(arena, message->content, "\n          ");
    printf("%s%s%s  %s%s%s", tone_begin(style, TONE_FAINT),
           when_format_clock(arena, message->send_time), tone_end(style, TONE_FAINT),
           tone_begin(style, is_mine ? TONE_GOOD : TONE_NAME), user_label(arena, message->sender),
           tone_end(style, TONE_NAME));
    if (message->recipient != NULL)
        printf(" %sto %s alone%s", tone_begin(style, TONE_WARM),
               user_label(arena, message->recipient), tone_end(style, TONE_WARM));
    if (message->type == LC_MESSAGE_TYPE_TRANSLATION)
        mark = " (translation)";
    printf("%s: %s\n", mark, text);
    if (message->correction != NULL && message->correction->explanation[0] != '\0')
        printf("          %s\n", text_clean(arena, message->correction->explanation, " "));
}

void room_view_snapshot(struct room_view *room, const lc_conversation_snapshot *snapshot,
                        bool is_first) {
    struct arena arena;
    arena_init(&arena, LINE_ARENA_BYTES);
    forget_people(room);
    for (size_t i = 0; i < snapshot->n_participants; i++)
        put_person(room, snapshot->participants[i], &arena);
    if (!is_first)
        room_view_note(room, "what happened meanwhile is not kept; this is how it stands");
    const lc_conversation *conversation = snapshot->conversation;
    if (conversation != NULL && !room->is_silent)
        printf(
            "%s%s%s (%s, %s, %s)\n", tone_begin(room->style, TONE_STRONG),
            text_clean(&arena, conversation->title, " "), tone_end(room->style, TONE_STRONG),
            text_clean(&arena, conversation->language, " "),
            enum_label(&liveconv__v1__cefr_level__descriptor, (int)conversation->level),
            enum_label(&liveconv__v1__conversation_status__descriptor, (int)conversation->status));
    if (conversation != NULL)
        room->is_over = conversation->status == LC_CONVERSATION_STATUS_COMPLETED ||
                        conversation->status == LC_CONVERSATION_STATUS_CANCELLED;
    room_view_who(room);
    for (size_t i = 0; i < snapshot->n_messages; i++)
        print_message(room, snapshot->messages[i], "", &arena);
    arena_done(&arena);
}

static void take_participant(struct room_view *room, const lc_participant_change *change,
                             const char *what, struct arena *arena) {
    const lc_participant *participant = change->participant;
    if (participant == NULL || participant->user == NULL)
        return;
    put_person(room, participant, arena);
    room->is_removed |= participant->status == LC_PARTICIPANT_STATUS_REMOVED &&
                        room->my_id != NULL && strcmp(participant->user->user_id, room->my_id) == 0;
    room_view_note(room, "%s %s%s%s", user_label(arena, participant->user), what,
                   change->by != NULL ? " by " : "",
                   change->by != NULL ? user_label(arena, change->by) : "");
}

static void take_conversation(struct room_view *room, const lc_conversation *conversation,
                              const char *what, struct arena *arena) {
    room->is_over |= conversation->status == LC_CONVERSATION_STATUS_COMPLETED ||
                     conversation->status == LC_CONVERSATION_STATUS_CANCELLED;
    room_view_note(room, "the conversation %s%s%s", what,
                   conversation->cancel_note[0] != '\0' ? ": " : "",
                   text_clean(arena, conversation->cancel_note, " "));
}

static void take_event(struct room_view *room, const lc_event *event, struct arena *arena) {
    switch (event->kind_case) {
    case LC_EVENT_KIND_MESSAGE_SENT:
        print_message(room, event->message_sent, "", arena);
        break;
    case LC_EVENT_KIND_MESSAGE_EDITED:
        print_message(room, event->message_edited, " (edited)", arena);
        break;
    case LC_EVENT_KIND_MESSAGE_DELETED:
        print_message(room, event->message_deleted, "", arena);
        break;
    case LC_EVENT_KIND_MESSAGE_CORRECTED:
        print_message(room, event->message_corrected, " (correction)", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_JOINED:
        take_participant(room, event->participant_joined, "joined", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_AWAY:
        take_participant(room, event->participant_away, "is away", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_BACK:
        take_participant(room, event->participant_back, "is back", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_LEFT:
        take_participant(room, event->participant_left, "left", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_MUTED:
        take_participant(room, event->participant_muted, "was muted", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_UNMUTED:
        take_participant(room, event->participant_unmuted, "may speak again", arena);
        break;
    case LC_EVENT_KIND_PARTICIPANT_REMOVED:
        take_participant(room, event->participant_removed, "was removed", arena);
        break;
    case LC_EVENT_KIND_CONVERSATION_UPDATED:
        take_conversation(room, event->conversation_updated, "was changed", arena);
        break;
    case LC_EVENT_KIND_CONVERSATION_STARTED:
        take_conversation(room, event->conversation_started, "is live", arena);
        break;
    case LC_EVENT_KIND_CONVERSATION_ENDED:
        take_conversation(room, event->conversation_ended, "is over", arena);
        break;
    case LC_EVENT_KIND_CONVERSATION_CANCELLED:
        take_conversation(room, event->conversation_cancelled, "was called off", arena);
        break;
    case LC_EVENT_KIND_CONVERSATION_LOCKED:
        take_conversation(room, event->conversation_locked,
                          event->conversation_locked->locked ? "was locked" : "was unlocked",
                          arena);
        break;
    default: /* counts, and what this program does not know */
        break;
    }
}

void room_view_event(struct room_view *room, const lc_event *event) {
    struct arena arena;
    arena_init(&arena, LINE_ARENA_BYTES);
    take_event(room, event, &arena);
    arena_done(&arena);
}

void room_view_signal(struct room_view *room, const lc_signal *signal) {
    if (signal->kind_case != LC_SIGNAL_KIND_HAND)
        return; /* typing and speaking would fill the screen */
    const struct room_person *person = find_person(room, signal->hand->user_id);
    room_view_note(room, "%s %s", person != NULL ? person->name : "somebody",
                   signal->hand->active ? "raised a hand" : "lowered the hand");
}
