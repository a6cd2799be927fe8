#include "app/command.h"

#include <string.h>

const char app_command_help[] =
    "liveconvd: live language conversations over gRPC.\n"
    "\n"
    "  liveconvd [--config FILE]            serves until SIGTERM\n"
    "  liveconvd [--config FILE] ACTION\n"
    "\n"
    "  --check-config       reads the configuration, says what is wrong with it, and ends\n"
    "  --migrate-only       brings the database's schema forward, and ends\n"
    "  --load FILE          with --migrate-only: then loads a script, such as db/demo/demo.sql\n"
    "  --help-config        every setting with its bounds and default, as a configuration file\n"
    "  --help, --version\n"
    "\n"
    "Each setting can be given by the environment instead, as LIVECONVD_SECTION_KEY.\n"
    "\n"
    "SIGTERM and SIGINT end it gracefully, a second one at once. SIGHUP reads TLS certificates "
    "and\n"
    "keys again. It ends with 0 when all went well, 1 when something failed, 2 when command line "
    "or\n"
    "configuration are wrong.\n";

static bool take_action(const char *word, enum app_action *ret_action) {
    static const struct {
        const char *word;
        enum app_action action;
    } actions[] = {
        {"--check-config", APP_CHECK_CONFIG},
        {"--migrate-only", APP_MIGRATE_ONLY},
        {"--help", APP_HELP},
        {"-h", APP_HELP},
        {"--help-config", APP_HELP_CONFIG},
        {"--version", APP_VERSION},
    };
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(word, actions[i].word) == 0) {
            *ret_action = actions[i].action;
            return true;
        }
    }
    return false;
}

/* "--name VALUE" or "--name=VALUE"; false with a NULL value when it is something else. */
static bool take_value(int argc, char *const *argv, int *index, const char *name,
                       const char **ret_value) {
    const char *word = argv[*index];
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != '\0' && word[len] != '='))
        return false;
    if (word[len] == '=')
        *ret_value = word + len + 1;
    else
        *ret_value = *index + 1 < argc ? argv[++*index] : "";
    return true;
}

bool app_command_parse(int argc, char *const *argv, struct app_command *ret_command,
                       struct str *problem) {
    struct app_command command = {.action = APP_SERVE};
    for (int i = 1; i < argc; i++) {
        enum app_action action;
        const char *word = argv[i];
        if (take_value(argc, argv, &i, "--config", &command.config_file) ||
            take_value(argc, argv, &i, "--load", &command.load_file))
            continue;
        if (!take_action(word, &action)) {
            str_printf(problem, "%s is not an argument", word);
            return false;
        }
        if (command.action != APP_SERVE && command.action != action) {
            str_printf(problem, "%s does not go with what was asked before it", word);
            return false;
        }
        command.action = action;
    }
    if ((command.config_file != NULL && command.config_file[0] == '\0') ||
        (command.load_file != NULL && command.load_file[0] == '\0')) {
        str_append(problem, "--config and --load take the name of a file");
        return false;
    }
    if (command.load_file != NULL && command.action != APP_MIGRATE_ONLY) {
        str_append(problem, "--load goes with --migrate-only");
        return false;
    }
    *ret_command = command;
    return true;
}
