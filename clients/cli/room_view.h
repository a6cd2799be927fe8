/*
 * A conversation on the screen: who is there, and what happens, line by line.
 */
#ifndef CLIENTS_CLI_ROOM_VIEW_H
#define CLIENTS_CLI_ROOM_VIEW_H

#include <stdbool.h>

#include "base/arena.h"
#include "clients/cli/style.h"
#include "liveconv/v1/events.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"

struct room_person {
    char *user_id;
    char *name;
    bool is_away;
    bool is_host;
    bool is_muted;
};

struct room_view {
    const struct style *style;
    char *my_id;
    struct room_person *people;
    size_t people_count;
    bool is_silent;  /* keeps the state, prints nothing: somebody else prints */
    bool is_over;    /* completed or called off */
    bool is_removed; /* the user was */
};

/* `style` outlives it. */
void room_view_init(struct room_view *room, const struct style *style);
void room_view_done(struct room_view *room);
/* Who is looking. */
bool room_view_set_me(struct room_view *room, const char *user_id);

/* Takes the state over and prints it. `is_first`: it is no interruption. */
void room_view_snapshot(struct room_view *room, const lc_conversation_snapshot *snapshot,
                        bool is_first);
/* Takes the event in and prints it. */
void room_view_event(struct room_view *room, const lc_event *event);
void room_view_signal(struct room_view *room, const lc_signal *signal);
/* Prints who is there. */
void room_view_who(const struct room_view *room);
/* The id of somebody who is there, by name (without regard to case) or id; NULL: nobody. */
const char *room_view_find(const struct room_view *room, const char *name);
/* A line about the session itself. */
void room_view_note(const struct room_view *room, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
