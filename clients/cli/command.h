/*
 * The commands: a table that says how each is called, what it needs, and what runs it.
 */
#ifndef CLIENTS_CLI_COMMAND_H
#define CLIENTS_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/cli/options.h"

struct session;

/* What the program ends with. The man page lists them. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* the server failed, or anything not listed below */
    CLI_USAGE = 2,       /* the command line makes no sense, or a field is refused */
    CLI_DENIED = 3,      /* no valid token, or not allowed */
    CLI_NOT_FOUND = 4,   /* no such thing, or not visible */
    CLI_REFUSED = 5,     /* not in this state: full, too late, changed meanwhile, exists already */
    CLI_EXHAUSTED = 6,   /* too much or too many */
    CLI_UNREACHABLE = 7, /* no server, or no answer in time */
};

/* What was given to a command. */
struct invocation {
    const struct command *command;
    const void *values; /* the command's own struct, filled in by its options */
    char **arguments;
    size_t argument_count;
};

struct command {
    const char *name;      /* one word or two: "home", "conversations list" */
    const char *arguments; /* as the help shows them: "CONVERSATION [TEXT...]"; "": none */
    size_t min_arguments;
    size_t max_arguments; /* SIZE_MAX: any number */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs and examples */
    const struct option *options;
    size_t option_count;
    size_t values_bytes; /* of the struct that the options fill in */
    bool is_offline;     /* needs no server */
    bool is_live;        /* runs until a signal ends it */
    int (*run)(struct session *session, const struct invocation *invocation);
};

/* Commands of one file. */
struct command_group {
    const char *title; /* heading in the help */
    const struct command *commands;
    size_t count;
};

extern const struct command_group account_commands;
extern const struct command_group booking_commands;
extern const struct command_group conversation_commands;
extern const struct command_group conversation_edit_commands;
extern const struct command_group feedback_commands;
extern const struct command_group room_commands;
extern const struct command_group join_commands;
extern const struct command_group tool_commands;
extern const struct command_group watch_commands;

/* The command whose words the arguments begin with; NULL when there is none. *ret_words says how
 * many were used. */
const struct command *command_find(char *const *words, size_t count, size_t *ret_words);
/* True when some command of two words begins with this one. */
bool command_is_group(const char *word);

/* All commands, by heading. With `prefix`, those that begin with that word alone. */
void command_list(const char *prefix, struct str *text);
void command_help(const struct command *command, struct str *text);

#endif
