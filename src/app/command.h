/*
 * The command line of liveconvd.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdbool.h>

#include "base/str.h"

enum app_action {
    APP_SERVE,
    APP_CHECK_CONFIG,
    APP_MIGRATE_ONLY,
    APP_HELP,
    APP_HELP_CONFIG,
    APP_VERSION,
};

struct app_command {
    enum app_action action;
    const char *config_file; /* of argv; NULL: none */
    const char *load_file;   /* of argv; with APP_MIGRATE_ONLY: a script to load afterwards */
};

/* False with a sentence in `problem` (initialised) when the command line makes no sense. */
bool app_command_parse(int argc, char *const *argv, struct app_command *ret_command,
                       struct str *problem);

/* The text of --help. */
extern const char app_command_help[];

#endif
