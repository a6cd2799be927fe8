/*
 * The schema: bringing it forward, and refusing one that does not fit.
 *
 * A migration is a script db/migrations/NNNN_verb_object.sql, numbered from 1 without gaps. They
 * only go forward, and one that was applied is never edited: each statement's checksum is compared.
 * Progress is kept per statement in the table schema_migrations, because DDL commits by itself: a
 * run that was killed is picked up where it stopped. A definition whose end was not recorded may
 * have happened or not; it is run again, and "exists already" then means that it had. Other
 * statements are recorded in their own transaction. Runs of several processes follow one another
 * (GET_LOCK).
 *
 *     struct db_migrations *migrations = NULL;
 *     struct db_schema_report report;
 *     status = db_migrations_load("db/migrations", &migrations, &report);
 *     status = db_migrate(&options, db_migrations_list(migrations), count, &report);
 *     status = db_schema_check(&options, 7, 9, &report);     // what a server does at its start
 *
 * Thread-safety: functions without shared state.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "base/status.h"
#include "db/cause.h"

#include <stddef.h>
#include <stdint.h>

struct db_options;
struct db_migrations;

struct db_migration {
    int32_t version;
    const char *name; /* "create_tenants" */
    const char *text; /* the script; borrowed */
    size_t len_bytes;
};

/* Longest wait for another process that is migrating. */
enum { DB_MIGRATE_WAIT_S = 60 };

struct db_schema_report {
    int32_t found;     /* newest version applied completely before; 0: none */
    int32_t now;       /* and after */
    size_t steps;      /* statements that were run */
    char message[320]; /* for the operator, when the status is not OK */
    struct db_cause cause;
};

/*
 * The migrations that were built in, oldest first. Static. Declared here, defined by the library
 * db_schema (src/db/CMakeLists.txt), so that the rest needs no scripts.
 */
const struct db_migration *db_schema_migrations(size_t *ret_count);

/*
 * Reads every NNNN_*.sql of a directory. INVALID_ARGUMENT with a message: a gap, a number twice, a
 * name that does not fit, a directory that cannot be read.
 */
struct status db_migrations_load(const char *directory, struct db_migrations **ret_migrations,
                                 struct db_schema_report *ret_report) STATUS_MUST_USE;
const struct db_migration *db_migrations_list(const struct db_migrations *migrations,
                                              size_t *ret_count);
void db_migrations_free(struct db_migrations **migrations);

/*
 * Applies what is missing, on a connection of its own without time limits.
 *
 * FAILED_PRECONDITION: an applied statement was edited or removed, or the schema is newer than the
 * last migration. INVALID_ARGUMENT: a script is broken. UNAVAILABLE: no server, or another process
 * is still migrating. INTERNAL: a statement failed; what came before it stays. In every case the
 * message says more.
 */
struct status db_migrate(const struct db_options *options, const struct db_migration *migrations,
                         size_t count, struct db_schema_report *ret_report) STATUS_MUST_USE;

/*
 * Runs a script of changes (demo data) in one transaction: all of it or nothing. INVALID_ARGUMENT
 * for a script with definitions, which commit by themselves, or with an open quote.
 */
struct status db_load(const struct db_options *options, const char *text, size_t len_bytes,
                      struct db_schema_report *ret_report) STATUS_MUST_USE;

/*
 * FAILED_PRECONDITION unless the schema is complete and its version lies between the two, both
 * included. Changes nothing.
 */
struct status db_schema_check(const struct db_options *options, int32_t oldest, int32_t newest,
                              struct db_schema_report *ret_report) STATUS_MUST_USE;

#endif
