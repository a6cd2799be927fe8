#include "clients/cli/settings.h"

#include <stdlib.h>

const struct option settings_options[] = {
    {"server", 's', OPTION_TEXT, offsetof(struct settings, server), "HOST:PORT",
     "where the server is (LIVECONV_SERVER; 127.0.0.1:8443)"},
    {"token", 't', OPTION_TEXT, offsetof(struct settings, token), "TOKEN",
     "who you are, a JWT (LIVECONV_TOKEN)"},
    {"token-file", 0, OPTION_TEXT, offsetof(struct settings, token_file), "FILE",
     "the same from a file, read again when the token ends"},
    {"tls", 0, OPTION_FLAG, offsetof(struct settings, tls), NULL,
     "encrypt, and check the server's certificate"},
    {"ca-file", 0, OPTION_TEXT, offsetof(struct settings, ca_file), "FILE",
     "authorities to trust, PEM; implies --tls"},
    {"timeout", 0, OPTION_TEXT, offsetof(struct settings, timeout), "SECONDS",
     "give up after so long (10); streams have no limit"},
    {"request-id", 0, OPTION_TEXT, offsetof(struct settings, request_id), "UUID",
     "repeat a change whose outcome is unknown, safely"},
    {"json", 'j', OPTION_FLAG, offsetof(struct settings, json), NULL,
     "one JSON object per line, for scripts"},
    {"help", 'h', OPTION_FLAG, offsetof(struct settings, help), NULL,
     "how to use liveconv, or one of its commands"},
    {"version", 'V', OPTION_FLAG, offsetof(struct settings, version), NULL, "which version it is"},
};
const size_t settings_option_count = sizeof settings_options / sizeof settings_options[0];

static char *from_environment(char *given, const char *name) {
    if (given != NULL)
        return given;
    char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void settings_complete(struct settings *settings) {
    static char default_server[] = "127.0.0.1:8443";
    /* What is said on the command line goes before what the environment says, of either kind. */
    if (settings->token == NULL && settings->token_file == NULL) {
        settings->token = from_environment(NULL, "LIVECONV_TOKEN");
        settings->token_file = from_environment(NULL, "LIVECONV_TOKEN_FILE");
    }
    settings->server = from_environment(settings->server, "LIVECONV_SERVER");
    if (settings->server == NULL)
        settings->server = default_server;
    settings->ca_file = from_environment(settings->ca_file, "LIVECONV_CA_FILE");
    if (settings->ca_file != NULL)
        settings->tls = true;
}
