/* liveconvd: see --help, docs/man/liveconvd.8. */
#include "app/command.h"
#include "app/database.h"
#include "app/node.h"
#include "app/settings.h"
#include "app/signals.h"
#include "base/clock.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int print_settings(void) {
    struct str text;
    size_t count;
    const struct config_setting *settings = app_settings(&count);
    str_init(&text);
    bool done = config_print_help(settings, count, APP_SETTINGS_PREFIX, &text) &&
                fputs(text.bytes, stdout) >= 0 && fflush(stdout) == 0;
    str_done(&text);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int migrate(const struct config *config, const char *load_file) {
    struct db_schema_report report;
    struct status status = app_database_migrate(config, &report);
    if (!status_is_ok(status)) {
        (void)fprintf(stderr, "liveconvd: %s\n", report.message);
        return EXIT_FAILED;
    }
    (void)printf("schema %d, %zu steps\n", (int)report.now, report.steps);
    if (load_file == NULL)
        return EXIT_DONE;
    status = app_database_load(config, load_file, &report);
    if (!status_is_ok(status)) {
        (void)fprintf(stderr, "liveconvd: %s: %s\n", load_file, report.message);
        return EXIT_FAILED;
    }
    (void)printf("loaded %s\n", load_file);
    return EXIT_DONE;
}

/* As many file descriptors as may be had: gRPC core does not take it well when they run out. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int serve(const struct config *config) {
    struct app_node *node = NULL;
    struct str problem;
    enum log_level level = LOG_INFO;
    int code = EXIT_FAILED;

    raise_file_limit();
    app_signals_block();
    (void)log_level_parse(config_string(config, "log.level"), &level);
    struct log *log = log_new(STDERR_FILENO, level, clock_system());
    struct app_signals *signals = app_signals_new();
    str_init(&problem);
    if (log == NULL || signals == NULL) {
        (void)fputs("liveconvd: out of memory\n", stderr);
    } else if (!app_node_start(config, log, signals, &problem, &node)) {
        log_event(log, LOG_ERROR, "cannot start", LOG_STR("cause", problem.bytes));
    } else {
        code = app_node_serve(node) ? EXIT_DONE : EXIT_FAILED;
    }
    app_node_free(&node);
    log_event(log, LOG_INFO, "stopped", LOG_INT("exit", code));
    str_done(&problem);
    app_signals_free(&signals);
    log_free(&log);
    return code;
}

static int act(const struct app_command *command) {
    struct str problems;
    int code = EXIT_DONE;
    str_init(&problems);
    struct config *config = app_settings_read(command->config_file, environ, &problems);
    if (config == NULL) {
        (void)fputs(problems.len_bytes == 0 ? "liveconvd: out of memory\n" : problems.bytes,
                    stderr);
        code = EXIT_USAGE;
    } else if (command->action == APP_MIGRATE_ONLY) {
        code = migrate(config, command->load_file);
    } else if (command->action == APP_SERVE) {
        code = serve(config);
    } else {
        (void)puts("configuration is good");
    }
    config_free(&config);
    str_done(&problems);
    return code;
}

int main(int argc, char **argv) {
    struct app_command command;
    struct str problem;
    str_init(&problem);
    if (!app_command_parse(argc, argv, &command, &problem)) {
        (void)fprintf(stderr, "liveconvd: %s; see liveconvd --help\n", problem.bytes);
        str_done(&problem);
        return EXIT_USAGE;
    }
    str_done(&problem);
    switch (command.action) {
    case APP_HELP:
        return fputs(app_command_help, stdout) >= 0 ? EXIT_DONE : EXIT_FAILED;
    case APP_VERSION:
        return puts("liveconvd " LIVECONV_VERSION) >= 0 ? EXIT_DONE : EXIT_FAILED;
    case APP_HELP_CONFIG:
        return print_settings();
    default:
        return act(&command);
    }
}
