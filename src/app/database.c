#include "app/database.h"

#include "auth/fetch.h"

#include <stdio.h>
#include <string.h>

enum {
    /* For the two threads of scheduled work, readiness, and those of what is live: presence,
     * watching, what is unread. */
    SCHEDULED_CONNECTIONS = 6,
    SCRIPT_MAX_BYTES = 16 * 1024 * 1024,
};

static const char *text_or_null(const struct config *config, const char *name) {
    const char *text = config_string(config, name);
    return text[0] == '\0' ? NULL : text;
}

static uint32_t seconds(const struct config *config, const char *name) {
    return (uint32_t)((config_duration_ms(config, name) + 999) / 1000);
}

void app_database_options(const struct config *config, struct db_options *ret_options) {
    db_options_init(ret_options);
    ret_options->unix_socket = text_or_null(config, "database.socket");
    ret_options->host = text_or_null(config, "database.host");
    ret_options->port = (uint16_t)config_int(config, "database.port");
    ret_options->user = config_string(config, "database.user");
    ret_options->password = config_secret(config, "database.password-file", NULL);
    ret_options->database = config_string(config, "database.name");
    ret_options->tls_ca_file = text_or_null(config, "database.tls-ca-file");
    ret_options->tls_certificate_file = text_or_null(config, "database.tls-certificate-file");
    ret_options->tls_key_file = text_or_null(config, "database.tls-key-file");
    ret_options->connection_count = (size_t)config_int(config, "database.connections");
    if (ret_options->connection_count == 0)
        ret_options->connection_count =
            (size_t)config_int(config, "server.workers") + SCHEDULED_CONNECTIONS;
    ret_options->connect_timeout_s = seconds(config, "database.connect-timeout");
    ret_options->io_timeout_s = seconds(config, "database.io-timeout");
    ret_options->lock_wait_timeout_s = seconds(config, "database.lock-wait");
    ret_options->statement_timeout_s = seconds(config, "database.statement-timeout");
    ret_options->attempts = (uint32_t)config_int(config, "database.attempts");
}

struct status app_database_migrate(const struct config *config,
                                   struct db_schema_report *ret_report) {
    struct db_options options;
    size_t count;
    const struct db_migration *migrations = db_schema_migrations(&count);
    app_database_options(config, &options);
    return db_migrate(&options, migrations, count, ret_report);
}

struct status app_database_load(const struct config *config, const char *file,
                                struct db_schema_report *ret_report) {
    struct db_options options;
    struct str text;
    str_init(&text);
    struct status status = auth_fetch_file(file, SCRIPT_MAX_BYTES, &text);
    if (!status_is_ok(status)) {
        memset(ret_report, 0, sizeof *ret_report);
        (void)snprintf(ret_report->message, sizeof ret_report->message, "cannot read %s", file);
        str_done(&text);
        return status_error(STATUS_NOT_FOUND, 0, "The script cannot be read.");
    }
    app_database_options(config, &options);
    status = db_load(&options, text.bytes, text.len_bytes, ret_report);
    str_done(&text);
    return status;
}

struct status app_database_check(const struct config *config, struct db_schema_report *ret_report) {
    struct db_options options;
    size_t count;
    const struct db_migration *migrations = db_schema_migrations(&count);
    int32_t newest = migrations[count - 1].version;
    app_database_options(config, &options);
    return db_schema_check(&options, newest, newest, ret_report);
}
