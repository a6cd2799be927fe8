/*
 * SQL scripts, taken apart into statements.
 *
 * A statement ends at a semicolon that stands neither in quotes nor in a comment. For bodies with
 * semicolons of their own (triggers) a line `-- step` starts explicit mode: from there on only such
 * lines, and the end, separate statements. Comments before a statement do not belong to it, so that
 * they may be changed freely.
 *
 * Thread-safety: functions without shared state.
 */
#ifndef DB_SCRIPT_H
#define DB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_script {
    const char *at; /* not yet read. The script is borrowed. */
    const char *end;
    bool explicit_steps;
};

struct db_script_step {
    const char *text; /* inside of the script; not terminated, without its semicolon */
    size_t len_bytes;
};

enum db_script_result {
    DB_SCRIPT_STEP,
    DB_SCRIPT_END,
    DB_SCRIPT_UNTERMINATED, /* a quote or a comment is not closed */
};

void db_script_init(struct db_script *script, const char *text, size_t len_bytes);

/* The next statement; *ret_step is written with DB_SCRIPT_STEP alone. */
enum db_script_result db_script_next(struct db_script *script, struct db_script_step *ret_step);

/* Number of statements; false when a quote or comment is not closed. */
bool db_script_count(const char *text, size_t len_bytes, size_t *ret_count);

/* True for statements that commit by themselves (CREATE, ALTER, DROP, RENAME, TRUNCATE). */
bool db_script_is_definition(const struct db_script_step *step);

/* FNV-1a, 64 bits: finds edits, not enemies. */
uint64_t db_script_checksum(const struct db_script_step *step);

#endif
