/*
 * Why the database refused: the private side of a failure, and what the rest of the house makes of
 * it.
 *
 * A cause holds SQL text, so it is logged once, at the edge of the service, and never sent to a
 * client. The public side is a status:
 *
 *     duplicate key                           ALREADY_EXISTS
 *     foreign key, CHECK                      FAILED_PRECONDITION
 *     value does not fit, bad SQL, ...        INTERNAL
 *     statement ran over its time             DEADLINE_EXCEEDED
 *     deadlock, lock wait, changed row        UNAVAILABLE (after the retries of db/tx.h)
 *     no connection, connection lost          UNAVAILABLE
 *
 * Thread-safety: plain values.
 */
#ifndef DB_CAUSE_H
#define DB_CAUSE_H

#include "base/status.h"

#include <stdbool.h>

/* Numbers of the server (below 2000 and above 3000) and of the client library that we act upon. */
enum {
    DB_ERROR_NONE = 0,
    DB_ERROR_LOCK_WAIT_TIMEOUT = 1205,
    DB_ERROR_DEADLOCK = 1213,
    DB_ERROR_RECORD_CHANGED = 1020,
    DB_ERROR_SERVER_GONE = 2006,
    DB_ERROR_SERVER_LOST = 2013,
    /* Ours, outside both ranges. */
    DB_ERROR_MISUSE = 9001,  /* wrong number of arguments, columns or types */
    DB_ERROR_NO_ROOM = 9002, /* the arena or the heap is full */
    DB_ERROR_TIMEOUT = 9003, /* the deadline passed before the statement began */
};

enum {
    DB_CAUSE_TEXT_BYTES = 320,
    DB_CAUSE_SQL_BYTES = 160,
};

struct db_cause {
    unsigned int number; /* 0: no failure */
    char sqlstate[6];
    char text[DB_CAUSE_TEXT_BYTES]; /* terminated, cut off */
    char sql[DB_CAUSE_SQL_BYTES];   /* beginning of the statement, without its values */
};

enum db_cause_class {
    DB_CAUSE_NONE,
    DB_CAUSE_CONFLICT,  /* another transaction was in the way: run it again */
    DB_CAUSE_LOST,      /* no connection, or its state is unknown */
    DB_CAUSE_DUPLICATE, /* a unique key */
    DB_CAUSE_REFERENCE, /* a foreign key or a CHECK */
    DB_CAUSE_TIMEOUT,   /* took too long, or began too late */
    DB_CAUSE_OVERLOAD,  /* the server has no room: connections, disk, memory */
    DB_CAUSE_DEFECT,    /* everything else: bad data, bad SQL, misuse */
};

enum db_cause_class db_cause_class(const struct db_cause *cause);

/* The status a client may see; OK for no failure. */
struct status db_cause_status(const struct db_cause *cause);

/*
 * True when the failure is a violation of the key, foreign key or CHECK of this name, so that a
 * store can tell which rule it met.
 */
bool db_cause_names(const struct db_cause *cause, const char *constraint);

/* Fills in a cause; `sqlstate` and `sql` may be NULL. */
void db_cause_set(struct db_cause *cause, unsigned int number, const char *sqlstate,
                  const char *sql, const char *format, ...) __attribute__((format(printf, 5, 6)));
void db_cause_clear(struct db_cause *cause);

#endif
