/*
 * The filter of conversations as options, and what lists have in common.
 */
#ifndef CLIENTS_CLI_CONVERSATION_FILTER_H
#define CLIENTS_CLI_CONVERSATION_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/cli/options.h"
#include "clients/cli/session.h"
#include "liveconv/v1/conversation.grpc-c.h"

struct filter_values {
    struct option_list languages;
    struct option_list levels;
    struct option_list types;
    struct option_list statuses;
    bool free;
    bool paid;
    bool seats_left;
    char *from;
    char *before;
    char *host;
    char *instructor;
};

/* Rows for a table of options of a struct that begins with these values. */
#define FILTER_OPTIONS                                                                               \
    {"language",  'l',                                                                               \
     OPTION_LIST, offsetof(struct filter_values, languages),                                         \
     "TAG,...",   "any of these: ja, pt-BR"},                                                        \
        {"level",     0,                                                                             \
         OPTION_LIST, offsetof(struct filter_values, levels),                                        \
         "LEVEL,...", "any of these: a1 to c2"},                                                     \
        {"type",      0,                                                                             \
         OPTION_LIST, offsetof(struct filter_values, types),                                         \
         "TYPE,...",  "group, private, practice, cultural"},                                         \
        {"status",     0,                                                                            \
         OPTION_LIST,  offsetof(struct filter_values, statuses),                                     \
         "STATUS,...", "scheduled, live, completed, cancelled"},                                     \
        {"free", 0, OPTION_FLAG, offsetof(struct filter_values, free), NULL, "nobody pays"},         \
        {"paid", 0, OPTION_FLAG, offsetof(struct filter_values, paid), NULL, "there is a price"},    \
        {"seats-left", 0,         OPTION_FLAG, offsetof(struct filter_values, seats_left),           \
         NULL,         "not full"},                                                                  \
        {"from",      0,                                                                             \
         OPTION_TEXT, offsetof(struct filter_values, from),                                          \
         "TIME",      "starts then or later: now, 'in 2h', 2026-11-25"},                             \
        {"before", 0, OPTION_TEXT, offsetof(struct filter_values, before), "TIME", "starts before"}, \
        {"host",      0,                                                                             \
         OPTION_TEXT, offsetof(struct filter_values, host),                                          \
         "USER",      "hosted by this user"},                                                        \
    {                                                                                                \
        "instructor", 0, OPTION_TEXT, offsetof(struct filter_values, instructor), "USER",            \
            "led by this user"                                                                       \
    }

/* The filter in the arena. False after saying what is wrong. */
bool filter_read(struct arena *arena, const struct filter_values *values,
                 lc_conversation_filter **ret_filter);

/* Reads an option that holds a time into a message in the arena; NULL stays as it is. False after
 * saying what is wrong. */
bool time_read(struct arena *arena, const char *option, const char *text,
               Google__Protobuf__Timestamp **ret_time);

/* Reads --limit. False after saying what is wrong. */
bool page_size_read(const char *text, int32_t *ret_size);
/* Says how to get the next page; nothing when this was the last. */
void page_end(struct session *session, const char *next_page_token);

#endif
