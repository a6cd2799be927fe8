#include "clients/cli/command.h"

#include <string.h>

#include "clients/cli/settings.h"

static const struct command_group *const groups[] = {
    &conversation_commands, &conversation_edit_commands,
    &watch_commands,        &booking_commands,
    &join_commands,         &room_commands,
    &feedback_commands,     &account_commands,
    &tool_commands,
};

enum { GROUP_COUNT = sizeof groups / sizeof groups[0] };

static size_t word_count(const char *name) {
    return strchr(name, ' ') != NULL ? 2 : 1;
}

static bool is_named(const struct command *command, char *const *words, size_t count) {
    size_t needed = word_count(command->name);
    size_t first = strcspn(command->name, " ");
    if (count < needed || strlen(words[0]) != first || memcmp(command->name, words[0], first) != 0)
        return false;
    return needed == 1 || strcmp(command->name + first + 1, words[1]) == 0;
}

const struct command *command_find(char *const *words, size_t count, size_t *ret_words) {
    for (size_t g = 0; g < GROUP_COUNT; g++) {
        for (size_t i = 0; i < groups[g]->count; i++) {
            const struct command *command = &groups[g]->commands[i];
            if (is_named(command, words, count)) {
                *ret_words = word_count(command->name);
                return command;
            }
        }
    }
    return NULL;
}

static bool begins_with_word(const char *name, const char *word) {
    size_t len = strlen(word);
    return strncmp(name, word, len) == 0 && name[len] == ' ';
}

bool command_is_group(const char *word) {
    for (size_t g = 0; g < GROUP_COUNT; g++) {
        for (size_t i = 0; i < groups[g]->count; i++) {
            if (begins_with_word(groups[g]->commands[i].name, word))
                return true;
        }
    }
    return false;
}

static void list_group(const struct command_group *group, const char *prefix, struct str *text) {
    bool has_title = prefix != NULL;
    for (size_t i = 0; i < group->count; i++) {
        const struct command *command = &group->commands[i];
        if (prefix != NULL && !begins_with_word(command->name, prefix))
            continue;
        if (!has_title && group->title != NULL)
            str_printf(text, "\n%s\n", group->title);
        has_title = true;
        str_printf(text, "  %-22s %s\n", command->name, command->summary);
    }
}

void command_list(const char *prefix, struct str *text) {
    for (size_t g = 0; g < GROUP_COUNT; g++)
        list_group(groups[g], prefix, text);
}

void command_help(const struct command *command, struct str *text) {
    str_printf(text, "Usage: liveconv %s%s%s%s\n\n%s\n", command->name,
               command->option_count > 0 ? " [OPTION...]" : "",
               command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary);
    if (command->details != NULL)
        str_printf(text, "\n%s", command->details);
    if (command->option_count > 0) {
        str_append(text, "\nOptions\n");
        options_describe(command->options, command->option_count, text);
    }
    str_append(text, "\nGlobal options (see liveconv --help) may be given as well: --json, "
                     "--server, --token, ...\n");
}
