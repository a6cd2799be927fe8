/*
 * The database of the configuration: how to reach it, and its schema.
 *
 * Thread-safety: functions without state.
 */
#ifndef APP_DATABASE_H
#define APP_DATABASE_H

#include "base/config.h"
#include "base/status.h"
#include "db/migrate.h"
#include "db/pool.h"

/* Options whose strings are the config's. */
void app_database_options(const struct config *config, struct db_options *ret_options);

/* Brings the schema forward to what this program was built with. Statuses of db_migrate(). */
struct status app_database_migrate(const struct config *config,
                                   struct db_schema_report *ret_report) STATUS_MUST_USE;

/* Loads a script of changes, such as demo data. Statuses of db_load(); NOT_FOUND for a file that
 * cannot be read, with a message in the report. */
struct status app_database_load(const struct config *config, const char *file,
                                struct db_schema_report *ret_report) STATUS_MUST_USE;

/*
 * OK when the schema is one that this program declares compatible: its own. (A migration that older
 * servers can live with would lower the oldest; there is none yet.) Statuses of db_schema_check().
 */
struct status app_database_check(const struct config *config,
                                 struct db_schema_report *ret_report) STATUS_MUST_USE;

#endif
