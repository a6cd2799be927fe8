/*
 * What every command heeds: the server, the token, and how to print.
 */
#ifndef CLIENTS_CLI_SETTINGS_H
#define CLIENTS_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/cli/options.h"

/* As given on the command line; NULL: not given. */
struct settings {
    char *server;
    char *token;
    char *token_file;
    bool tls;
    char *ca_file;
    char *timeout;
    char *request_id;
    bool json;
    bool help;
    bool version;
};

extern const struct option settings_options[];
extern const size_t settings_option_count;

/* Takes what was not given from the environment: LIVECONV_SERVER, LIVECONV_TOKEN,
 * LIVECONV_TOKEN_FILE, LIVECONV_CA_FILE; and the default server. */
void settings_complete(struct settings *settings);

#endif
