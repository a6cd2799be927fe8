/* The settings that the tests of config share. */
#ifndef TEST_CONFIG_EXAMPLE_H
#define TEST_CONFIG_EXAMPLE_H

#include "base/config.h"

static const struct config_setting example_settings[] = {
    {.section = "server",
     .key = "port",
     .kind = CONFIG_INT,
     .default_text = "8443",
     .least = 1,
     .most = 65535,
     .help = "Where clients connect."},
    {.section = "server",
     .key = "issuer",
     .kind = CONFIG_STRING,
     .help = "Who signs tokens.\nA URL."},
    {.section = "server", .key = "tls", .kind = CONFIG_BOOL, .default_text = "yes", .help = "TLS."},
    {.section = "server",
     .key = "drain-grace",
     .kind = CONFIG_DURATION,
     .default_text = "30s",
     .least = 0,
     .most = 600000,
     .help = "How long open calls may go on after a stop."},
    {.section = "server",
     .key = "message-max",
     .kind = CONFIG_SIZE,
     .default_text = "64KiB",
     .help = "The longest message."},
    {.section = "database",
     .key = "hosts",
     .kind = CONFIG_LIST,
     .default_text = "",
     .help = "Addresses."},
    {.section = "database",
     .key = "socket",
     .kind = CONFIG_PATH,
     .default_text = "/run/db.sock",
     .help = "A local server."},
    {.section = "database",
     .key = "password-file",
     .kind = CONFIG_SECRET,
     .default_text = "",
     .help = "The password."},
    {.section = "log",
     .key = "level",
     .kind = CONFIG_STRING,
     .default_text = "info",
     .choices = "debug|info|warning|error",
     .help = "What is left out."},
};

enum { EXAMPLE_COUNT = sizeof example_settings / sizeof example_settings[0] };

#endif
