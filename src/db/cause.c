#include "db/cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct rule {
    unsigned int number;
    enum db_cause_class class;
};

/* Numbers of MariaDB's errmsg-utf8.txt and Connector/C's errmsg.h. What is missing is a defect. */
static const struct rule rules[] = {
    {DB_ERROR_DEADLOCK, DB_CAUSE_CONFLICT},
    {DB_ERROR_LOCK_WAIT_TIMEOUT, DB_CAUSE_CONFLICT},
    {DB_ERROR_RECORD_CHANGED, DB_CAUSE_CONFLICT},

    {1062, DB_CAUSE_DUPLICATE}, /* ER_DUP_ENTRY */
    {1586, DB_CAUSE_DUPLICATE}, /* ER_DUP_ENTRY_WITH_KEY_NAME */

    {1216, DB_CAUSE_REFERENCE}, /* ER_NO_REFERENCED_ROW */
    {1217, DB_CAUSE_REFERENCE}, /* ER_ROW_IS_REFERENCED */
    {1451, DB_CAUSE_REFERENCE}, /* ER_ROW_IS_REFERENCED_2 */
    {1452, DB_CAUSE_REFERENCE}, /* ER_NO_REFERENCED_ROW_2 */
    {4025, DB_CAUSE_REFERENCE}, /* ER_CONSTRAINT_FAILED */

    {1969, DB_CAUSE_TIMEOUT}, /* ER_STATEMENT_TIMEOUT */
    {3024, DB_CAUSE_TIMEOUT}, /* the same elsewhere */
    {DB_ERROR_TIMEOUT, DB_CAUSE_TIMEOUT},

    {1021, DB_CAUSE_OVERLOAD}, /* ER_DISK_FULL */
    {1037, DB_CAUSE_OVERLOAD}, /* ER_OUTOFMEMORY */
    {1038, DB_CAUSE_OVERLOAD}, /* ER_OUT_OF_SORTMEMORY */
    {1041, DB_CAUSE_OVERLOAD}, /* ER_OUT_OF_RESOURCES */
    {1114, DB_CAUSE_OVERLOAD}, /* ER_RECORD_FILE_FULL */
    {1206, DB_CAUSE_OVERLOAD}, /* ER_LOCK_TABLE_FULL */
    {1461, DB_CAUSE_OVERLOAD}, /* ER_MAX_PREPARED_STMT_COUNT_REACHED */
    {DB_ERROR_NO_ROOM, DB_CAUSE_OVERLOAD},

    {1040, DB_CAUSE_LOST}, /* ER_CON_COUNT_ERROR */
    {1053, DB_CAUSE_LOST}, /* ER_SERVER_SHUTDOWN */
    {1077, DB_CAUSE_LOST}, /* ER_NORMAL_SHUTDOWN */
    {1152, DB_CAUSE_LOST}, /* ER_ABORTING_CONNECTION */
    {1158, DB_CAUSE_LOST}, /* ER_NET_READ_ERROR */
    {1159, DB_CAUSE_LOST}, /* ER_NET_READ_INTERRUPTED */
    {1160, DB_CAUSE_LOST}, /* ER_NET_ERROR_ON_WRITE */
    {1161, DB_CAUSE_LOST}, /* ER_NET_WRITE_INTERRUPTED */
    {1184, DB_CAUSE_LOST}, /* ER_NEW_ABORTING_CONNECTION */
    {1203, DB_CAUSE_LOST}, /* ER_TOO_MANY_USER_CONNECTIONS */
    {1226, DB_CAUSE_LOST}, /* ER_USER_LIMIT_REACHED */
    {1927, DB_CAUSE_LOST}, /* ER_CONNECTION_KILLED */
    {2002, DB_CAUSE_LOST}, /* CR_CONNECTION_ERROR */
    {2003, DB_CAUSE_LOST}, /* CR_CONN_HOST_ERROR */
    {2005, DB_CAUSE_LOST}, /* CR_UNKNOWN_HOST */
    {DB_ERROR_SERVER_GONE, DB_CAUSE_LOST},
    {2012, DB_CAUSE_LOST}, /* CR_SERVER_HANDSHAKE_ERR */
    {DB_ERROR_SERVER_LOST, DB_CAUSE_LOST},
    /* Packets out of order: what the server believes is no longer known. */
    {2014, DB_CAUSE_LOST}, /* CR_COMMANDS_OUT_OF_SYNC */
    {2026, DB_CAUSE_LOST}, /* CR_SSL_CONNECTION_ERROR */
    {2027, DB_CAUSE_LOST}, /* CR_MALFORMED_PACKET */
    {2055, DB_CAUSE_LOST}, /* CR_SERVER_LOST_EXTENDED */
    {5013, DB_CAUSE_LOST}, /* CR_ERR_NET_READ */
    {5014, DB_CAUSE_LOST}, /* CR_ERR_NET_WRITE */
};

enum db_cause_class db_cause_class(const struct db_cause *cause) {
    if (cause->number == DB_ERROR_NONE)
        return DB_CAUSE_NONE;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].number == cause->number)
            return rules[i].class;
    }
    return DB_CAUSE_DEFECT;
}

struct status db_cause_status(const struct db_cause *cause) {
    switch (db_cause_class(cause)) {
    case DB_CAUSE_NONE:
        return status_ok();
    case DB_CAUSE_CONFLICT:
        return status_error(STATUS_UNAVAILABLE, 0, "Too many changes at once; try again.");
    case DB_CAUSE_LOST:
        return status_error(STATUS_UNAVAILABLE, 0, "The data store is not reachable; try again.");
    case DB_CAUSE_DUPLICATE:
        return status_error(STATUS_ALREADY_EXISTS, 0, "It exists already.");
    case DB_CAUSE_REFERENCE:
        return status_error(STATUS_FAILED_PRECONDITION, 0,
                            "It refers to something missing, or breaks a rule of the data.");
    case DB_CAUSE_TIMEOUT:
        return status_error(STATUS_DEADLINE_EXCEEDED, 0, "The data store took too long.");
    case DB_CAUSE_OVERLOAD:
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The data store has no room for this.");
    case DB_CAUSE_DEFECT:
        break;
    }
    return status_error(STATUS_INTERNAL, 0, "The data store refused the operation.");
}

/*
 * The server quotes the name: 'name' (duplicate key, also as 'table.name') or `name` (constraints).
 * The text also quotes values, which may be anything, so only the last quoted word of a duplicate
 * key counts, and for constraints the one after CONSTRAINT.
 */
bool db_cause_names(const struct db_cause *cause, const char *constraint) {
    size_t len = strlen(constraint);
    enum db_cause_class class = db_cause_class(cause);
    const char *name = NULL;
    char end;

    if (class == DB_CAUSE_DUPLICATE) {
        static const char marker[] = "' for key '";
        for (const char *at = cause->text; (at = strstr(at, marker)) != NULL; at += 1)
            name = at + sizeof marker - 1;
        end = '\'';
    } else if (class == DB_CAUSE_REFERENCE) {
        static const char marker[] = "CONSTRAINT `";
        name = strstr(cause->text, marker);
        if (name != NULL)
            name += sizeof marker - 1;
        end = '`';
    } else {
        return false;
    }
    if (name == NULL)
        return false;
    const char *close = strchr(name, end);
    if (close == NULL)
        return false;
    const char *dot = memrchr(name, '.', (size_t)(close - name));
    if (dot != NULL)
        name = dot + 1;
    return (size_t)(close - name) == len && memcmp(name, constraint, len) == 0;
}

void db_cause_set(struct db_cause *cause, unsigned int number, const char *sqlstate,
                  const char *sql, const char *format, ...) {
    struct db_cause fresh = {.number = number};

    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fresh.text, sizeof fresh.text, format, arguments);
    va_end(arguments);
    (void)snprintf(fresh.sqlstate, sizeof fresh.sqlstate, "%s", sqlstate == NULL ? "" : sqlstate);
    (void)snprintf(fresh.sql, sizeof fresh.sql, "%s", sql == NULL ? "" : sql);
    *cause = fresh;
}

void db_cause_clear(struct db_cause *cause) {
    *cause = (struct db_cause){.number = DB_ERROR_NONE};
}
