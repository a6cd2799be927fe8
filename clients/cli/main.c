/*
 * liveconv: the command-line client. Finds the command, reads its options, connects, runs it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/command.h"
#include "clients/cli/session.h"
#include "clients/cli/signals.h"

static const char introduction[] =
    "Usage: liveconv [OPTION...] COMMAND [ARGUMENT...]\n"
    "\n"
    "Find, book and join live conversations from a terminal.\n"
    "\n"
    "  export LIVECONV_SERVER=live.example.org:443 LIVECONV_TOKEN_FILE=~/.liveconv-token\n"
    "  liveconv conversations list --language ja --level a1,a2 --free\n"
    "  liveconv book CONVERSATION\n"
    "  liveconv join CONVERSATION\n";

static const char ending[] =
    "\nCONVERSATION and BOOKING are ids (UUIDs), as the lists show them.\n"
    "liveconv COMMAND --help tells more, with examples; so does man liveconv.\n";

struct command_line {
    struct settings settings;
    const struct command *command;
    void *values;
    char **words; /* what is no option */
    size_t word_count;
    size_t name_words; /* how many of them name the command */
};

static void find_command(struct command_line *line, struct arena *arena) {
    if (line->command != NULL)
        return;
    line->command = command_find(line->words, line->word_count, &line->name_words);
    if (line->command != NULL)
        line->values = arena_alloc(arena, line->command->values_bytes + 1);
}

static bool read_option(struct command_line *line, char **arguments, size_t count, size_t *index,
                        struct arena *arena) {
    struct option_set sets[] = {
        {settings_options, settings_option_count, &line->settings},
        {NULL, 0, line->values},
    };
    size_t set_count = 1;
    if (line->command != NULL) {
        sets[1].options = line->command->options;
        sets[1].count = line->command->option_count;
        set_count = 2;
    }
    struct str problem;
    str_init(&problem);
    bool ok = options_read(sets, set_count, arguments, count, index, arena, &problem);
    if (!ok)
        usage_error("%s; see liveconv %s%s--help", problem.failed ? "" : problem.bytes,
                    line->command != NULL ? line->command->name : "",
                    line->command != NULL ? " " : "");
    str_done(&problem);
    return ok;
}

static int read_arguments(struct command_line *line, size_t count, char **arguments,
                          struct arena *arena) {
    bool options_ended = false;
    line->words = arena_alloc_array(arena, count + 1, sizeof *line->words);
    if (line->words == NULL)
        return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        char *argument = arguments[i];
        if (!options_ended && strcmp(argument, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && argument[0] == '-' && argument[1] != '\0') {
            if (!read_option(line, arguments, count, &i, arena))
                return CLI_USAGE;
        } else {
            line->words[line->word_count++] = argument;
            find_command(line, arena);
        }
    }
    if (line->command != NULL && line->values == NULL)
        return out_of_memory();
    return CLI_OK;
}

static int print_and_free(struct str *text) {
    fputs(text->failed ? "" : text->bytes, stdout);
    str_done(text);
    return CLI_OK;
}

static int print_help(const struct command_line *line) {
    struct str text;
    str_init(&text);
    if (line->command != NULL) {
        command_help(line->command, &text);
    } else if (line->word_count > 0) {
        str_printf(&text, "Usage: liveconv %s COMMAND\n\n", line->words[0]);
        command_list(line->words[0], &text);
    } else {
        str_append(&text, introduction);
        command_list(NULL, &text);
        str_append(&text, "\nGlobal options\n");
        options_describe(settings_options, settings_option_count, &text);
        str_append(&text, ending);
    }
    return print_and_free(&text);
}

static int complain_about_command(const struct command_line *line) {
    if (line->word_count == 0)
        return usage_error("what shall be done? See liveconv --help");
    if (command_is_group(line->words[0]))
        return usage_error("%s needs one more word; see liveconv %s --help", line->words[0],
                           line->words[0]);
    return usage_error("there is no command \"%s\"; see liveconv --help", line->words[0]);
}

static int run(const struct command_line *line) {
    const struct command *command = line->command;
    struct invocation invocation = {
        .command = command,
        .values = line->values,
        .arguments = line->words + line->name_words,
        .argument_count = line->word_count - line->name_words,
    };
    if (invocation.argument_count < command->min_arguments)
        return usage_error("%s needs %s; see liveconv %s --help", command->name, command->arguments,
                           command->name);
    if (invocation.argument_count > command->max_arguments)
        return usage_error("\"%s\" is too much; see liveconv %s --help",
                           invocation.arguments[command->max_arguments], command->name);
    struct session session;
    if (command->is_live)
        signals_block();
    int code = session_init(&session, &line->settings);
    if (code == CLI_OK && !command->is_offline)
        code = session_connect(&session);
    if (code == CLI_OK)
        code = command->run(&session, &invocation);
    session_done(&session);
    return code;
}

int main(int argc, char **argv) {
    struct command_line line = {0};
    struct arena arena;
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena, 16 << 20);
    int code = read_arguments(&line, argc > 0 ? (size_t)argc - 1 : 0, argv + 1, &arena);
    settings_complete(&line.settings);
    if (code != CLI_OK)
        ;
    else if (line.settings.version)
        puts("liveconv " LIVECONV_VERSION);
    else if (line.settings.help &&
             (line.command != NULL || line.word_count == 0 || command_is_group(line.words[0])))
        code = print_help(&line);
    else if (line.command == NULL)
        code = complain_about_command(&line);
    else
        code = run(&line);
    arena_done(&arena);
    return fflush(stdout) == 0 || code != CLI_OK ? code : CLI_FAILED;
}
