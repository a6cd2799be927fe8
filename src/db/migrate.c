#include "db/migrate.h"

#include "base/arena.h"
#include "db/conn.h"
#include "db/script.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct db_sql create_table = {
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INT NOT NULL, step INT NOT NULL, steps INT NOT NULL,"
    " name VARCHAR(255) NOT NULL, checksum CHAR(16) NOT NULL, state VARCHAR(10) NOT NULL,"
    " appliedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),"
    " PRIMARY KEY (version, step)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"};
static const struct db_sql find_table = {
    "SELECT COUNT(*) FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'schema_migrations'"};
static const struct db_sql take_lock = {"SELECT GET_LOCK(CONCAT(DATABASE(), '.migrate'), ?)"};
static const struct db_sql leave_lock = {"SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.migrate'))"};
static const struct db_sql find_step = {
    "SELECT checksum, state, steps FROM schema_migrations WHERE version = ? AND step = ?"};
static const struct db_sql find_newest = {
    "SELECT COALESCE(MAX(version), 0) FROM schema_migrations"};
static const struct db_sql find_unfinished = {
    "SELECT COALESCE(MIN(version), 0) FROM (SELECT version FROM schema_migrations GROUP BY version"
    " HAVING SUM(state = 'DONE') < MAX(steps)) AS unfinished"};
static const struct db_sql start_step = {
    "INSERT INTO schema_migrations (version, step, steps, name, checksum, state)"
    " VALUES (?, ?, ?, ?, ?, ?)"};
static const struct db_sql finish_step = {
    "UPDATE schema_migrations SET state = 'DONE', appliedAt = CURRENT_TIMESTAMP(6)"
    " WHERE version = ? AND step = ?"};

static const struct db_sql forget_step = {
    "DELETE FROM schema_migrations WHERE version = ? AND step = ? AND state = 'STARTED'"};

/* One run, also of the check. */
struct run {
    const struct db_migration *migrations;
    size_t count;
    int32_t oldest; /* of the check */
    int32_t newest;
    const char *text; /* to be loaded */
    size_t len_bytes;
    struct db_schema_report *report;
};

/* One statement of one migration. */
struct step {
    const struct db_migration *migration;
    struct db_script_step text;
    int32_t number; /* from 1 */
    int32_t steps;
    char checksum[17];
};

static struct status refuse(struct run *run, enum status_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct status refuse(struct run *run, enum status_code code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started one line above */
    (void)vsnprintf(run->report->message, sizeof run->report->message, format, arguments);
    va_end(arguments);
    return status_error(code, 0, "The database schema does not fit this server.");
}

static struct status read_number(struct db_tx *tx, const struct db_sql *sql,
                                 const struct db_value *values, size_t count, int64_t *ret_number) {
    int64_t number = 0;
    bool found;
    TRY(db_query_row(tx, sql, values, count, NULL,
                     DB_INTO(db_nullable(db_into_int64(&number), NULL)), &found));
    *ret_number = number;
    return status_ok();
}

static bool run_text(struct db_tx *tx, const char *text, struct db_cause *cause) {
    return tx->conn->link->ops->run(tx->conn->link, text, cause);
}

/* Errors that say that a definition had happened before it could be recorded. */
static bool means_done_before(unsigned int number) {
    static const unsigned int numbers[] = {
        1007, /* database exists */ 1008,   /* no database to drop */
        1050, /* table exists */ 1051,      /* no table to drop */
        1060, /* column exists */ 1061,     /* key exists */
        1091, /* nothing to drop */ 1304,   /* procedure exists */
        1359, /* trigger exists */ 1360,    /* no trigger to drop */
        1826, /* constraint exists */ 4161, /* role or object exists */
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

static struct status statement_failed(struct run *run, const struct step *step,
                                      const struct db_cause *cause) {
    run->report->cause = *cause;
    return refuse(run, STATUS_INTERNAL, "Migration %04d_%s, statement %d of %d failed: %u %s",
                  step->migration->version, step->migration->name, step->number, step->steps,
                  cause->number, cause->text);
}

static struct status record_start(struct db_tx *tx, const struct step *step, const char *state) {
    return db_exec(tx, &start_step,
                   DB_ARGS(db_int64(step->migration->version), db_int64(step->number),
                           db_int64(step->steps), db_text(step->migration->name),
                           db_text(step->checksum), db_text(state)),
                   NULL);
}

static struct status run_definition(struct db_tx *tx, struct run *run, const struct step *step,
                                    const char *text, bool started) {
    struct db_cause cause;
    if (!started)
        TRY(record_start(tx, step, "STARTED"));
    if (!run_text(tx, text, &cause) && !(started && means_done_before(cause.number))) {
        /* A definition that was refused has not happened, so its text may be mended. */
        if (db_cause_class(&cause) != DB_CAUSE_LOST)
            TRY(db_exec(tx, &forget_step,
                        DB_ARGS(db_int64(step->migration->version), db_int64(step->number)), NULL));
        return statement_failed(run, step, &cause);
    }
    return db_exec(tx, &finish_step,
                   DB_ARGS(db_int64(step->migration->version), db_int64(step->number)), NULL);
}

static struct status run_change(struct db_tx *tx, struct run *run, const struct step *step,
                                const char *text) {
    struct db_cause cause;
    struct db_cause ignored;
    struct status status = status_ok();
    if (!run_text(tx, "START TRANSACTION", &cause))
        return statement_failed(run, step, &cause);
    if (!run_text(tx, text, &cause))
        status = statement_failed(run, step, &cause);
    if (status_is_ok(status))
        status = record_start(tx, step, "DONE");
    if (status_is_ok(status) && !run_text(tx, "COMMIT", &cause))
        status = statement_failed(run, step, &cause);
    if (!status_is_ok(status))
        (void)run_text(tx, "ROLLBACK", &ignored);
    return status;
}

static struct status apply_step(struct db_tx *tx, struct run *run, const struct step *step) {
    struct arena arena;
    const char *checksum = "";
    const char *state = "";
    int32_t steps = 0;
    bool found = false;

    arena_init(&arena, (size_t)64 * 1024);
    struct status status = db_query_row(
        tx, &find_step, DB_ARGS(db_int64(step->migration->version), db_int64(step->number)), &arena,
        DB_INTO(db_into_text(&checksum), db_into_text(&state), db_into_int32(&steps)), &found);
    bool edited = found && (strcmp(checksum, step->checksum) != 0 || steps != step->steps);
    bool done = found && strcmp(state, "DONE") == 0;
    arena_done(&arena);
    TRY(status);
    if (edited)
        return refuse(run, STATUS_FAILED_PRECONDITION,
                      "Migration %04d_%s was edited after statement %d of it had been applied.",
                      step->migration->version, step->migration->name, step->number);
    if (done)
        return status_ok();

    char *text = strndup(step->text.text, step->text.len_bytes);
    if (text == NULL)
        return refuse(run, STATUS_RESOURCE_EXHAUSTED, "Out of memory.");
    status = db_script_is_definition(&step->text) ? run_definition(tx, run, step, text, found)
                                                  : run_change(tx, run, step, text);
    free(text);
    if (status_is_ok(status))
        run->report->steps++;
    return status;
}

static struct status apply_migration(struct db_tx *tx, struct run *run,
                                     const struct db_migration *migration) {
    struct db_script script;
    size_t steps;
    struct step step = {.migration = migration};

    if (!db_script_count(migration->text, migration->len_bytes, &steps) || steps == 0 ||
        steps > 10000)
        return refuse(run, STATUS_INVALID_ARGUMENT,
                      "Migration %04d_%s has no statements, or an open quote or comment.",
                      migration->version, migration->name);
    step.steps = (int32_t)steps;
    db_script_init(&script, migration->text, migration->len_bytes);
    while (db_script_next(&script, &step.text) == DB_SCRIPT_STEP) {
        step.number++;
        (void)snprintf(step.checksum, sizeof step.checksum, "%016" PRIx64,
                       db_script_checksum(&step.text));
        TRY(apply_step(tx, run, &step));
    }
    return status_ok();
}

static struct status apply_all(struct db_tx *tx, struct run *run) {
    int64_t newest;
    int64_t unfinished;
    TRY(db_exec(tx, &create_table, DB_NO_ARGS, NULL));
    TRY(read_number(tx, &find_newest, DB_NO_ARGS, &newest));
    TRY(read_number(tx, &find_unfinished, DB_NO_ARGS, &unfinished));
    run->report->found = (int32_t)(unfinished > 0 ? unfinished - 1 : newest);
    run->report->now = run->report->found;
    if (newest > (int64_t)run->count)
        return refuse(run, STATUS_FAILED_PRECONDITION,
                      "The schema has version %" PRId64 "; the newest known here is %zu.", newest,
                      run->count);
    for (size_t i = 0; i < run->count; i++) {
        TRY(apply_migration(tx, run, &run->migrations[i]));
        run->report->now = run->migrations[i].version;
    }
    return status_ok();
}

static struct status migrate(struct db_tx *tx, void *context) {
    struct run *run = context;
    int64_t got;

    run->report->steps = 0;
    TRY(read_number(tx, &take_lock, DB_ARGS(db_int64(DB_MIGRATE_WAIT_S)), &got));
    if (got != 1)
        return refuse(run, STATUS_UNAVAILABLE, "Another process has been migrating for %d s.",
                      DB_MIGRATE_WAIT_S);
    struct status status = apply_all(tx, run);
    if (db_tx_cause(tx)->number != 0)
        run->report->cause = *db_tx_cause(tx);
    if (tx->fatal.number == 0) {
        /* Its failure changes nothing: the connection is about to be closed. */
        struct status left = read_number(tx, &leave_lock, DB_NO_ARGS, &got);
        (void)left;
    }
    return status;
}

static struct status check(struct db_tx *tx, void *context) {
    struct run *run = context;
    int64_t tables;
    int64_t version = 0;
    int64_t unfinished = 0;

    TRY(read_number(tx, &find_table, DB_NO_ARGS, &tables));
    if (tables > 0) {
        TRY(read_number(tx, &find_newest, DB_NO_ARGS, &version));
        TRY(read_number(tx, &find_unfinished, DB_NO_ARGS, &unfinished));
    }
    run->report->found = run->report->now = (int32_t)version;
    if (unfinished > 0)
        return refuse(run, STATUS_FAILED_PRECONDITION,
                      "Migration %04" PRId64 " was begun and not finished: migrate again.",
                      unfinished);
    if (version < run->oldest)
        return refuse(run, STATUS_FAILED_PRECONDITION,
                      "The schema has version %" PRId64 "; this server needs %d or newer: migrate.",
                      version, run->oldest);
    if (version > run->newest)
        return refuse(run, STATUS_FAILED_PRECONDITION,
                      "The schema has version %" PRId64 "; this server knows up to %d: use a newer"
                      " server.",
                      version, run->newest);
    return status_ok();
}

static struct status load(struct db_tx *tx, void *context) {
    struct run *run = context;
    struct db_script script;
    struct db_script_step step;
    enum db_script_result result;

    run->report->steps = 0;
    db_script_init(&script, run->text, run->len_bytes);
    while ((result = db_script_next(&script, &step)) == DB_SCRIPT_STEP) {
        struct db_cause cause;
        if (db_script_is_definition(&step))
            return refuse(run, STATUS_INVALID_ARGUMENT, "Statement %zu is a definition.",
                          run->report->steps + 1);
        char *text = strndup(step.text, step.len_bytes);
        if (text == NULL)
            return refuse(run, STATUS_RESOURCE_EXHAUSTED, "Out of memory.");
        bool done = run_text(tx, text, &cause);
        free(text);
        if (!done) {
            run->report->cause = cause;
            return refuse(run, STATUS_INTERNAL, "Statement %zu failed: %u %s",
                          run->report->steps + 1, cause.number, cause.text);
        }
        run->report->steps++;
    }
    if (result == DB_SCRIPT_UNTERMINATED)
        return refuse(run, STATUS_INVALID_ARGUMENT, "A quote or a comment is not closed.");
    return status_ok();
}

/* A pool of one connection without time limits, and what to say when the failure was not ours. */
static struct status run_alone(const struct db_options *options, enum db_tx_mode mode,
                               db_run_fn *fn, struct run *run) {
    struct db_options alone = *options;
    struct db_report report;
    alone.connection_count = 1;
    alone.statement_timeout_s = 0;
    alone.io_timeout_s = 24 * 3600;
    *run->report = (struct db_schema_report){.found = 0};

    struct db_pool *pool = db_pool_new(&alone);
    if (pool == NULL)
        return refuse(run, STATUS_RESOURCE_EXHAUSTED, "Out of memory.");
    struct status status = mode == DB_TX_TRANSACTION
                               ? db_transaction(pool, INT64_MAX, fn, run, &report)
                               : db_read(pool, INT64_MAX, fn, run, &report);
    db_pool_free(&pool);
    if (!status_is_ok(status) && run->report->message[0] == '\0') {
        if (report.cause.number != 0)
            run->report->cause = report.cause;
        (void)refuse(run, STATUS_INTERNAL, "The database refused: %u %s", run->report->cause.number,
                     run->report->cause.text);
    }
    return status;
}

struct status db_migrate(const struct db_options *options, const struct db_migration *migrations,
                         size_t count, struct db_schema_report *ret_report) {
    struct run run = {.migrations = migrations, .count = count, .report = ret_report};
    for (size_t i = 0; i < count; i++) {
        if (migrations[i].version != (int32_t)i + 1)
            return refuse(&run, STATUS_INVALID_ARGUMENT, "Migration %zu is missing.", i + 1);
    }
    return run_alone(options, DB_TX_AUTOCOMMIT, migrate, &run);
}

struct status db_schema_check(const struct db_options *options, int32_t oldest, int32_t newest,
                              struct db_schema_report *ret_report) {
    struct run run = {.oldest = oldest, .newest = newest, .report = ret_report};
    return run_alone(options, DB_TX_AUTOCOMMIT, check, &run);
}

struct status db_load(const struct db_options *options, const char *text, size_t len_bytes,
                      struct db_schema_report *ret_report) {
    struct run run = {.text = text, .len_bytes = len_bytes, .report = ret_report};
    return run_alone(options, DB_TX_TRANSACTION, load, &run);
}
