/*
 * A database driver that breaks things on the way to another one.
 *
 *     struct db_fault fault;
 *     db_fault_init(&fault, db_driver_mariadb());
 *     options.driver = &fault.base;
 *     db_fault_add(&fault, (struct db_fault_rule){.kind = DB_FAULT_DROP_AFTER, .match = "COMMIT"});
 *
 * Faults are done to the real connection, never only told: a dropped connection is cut, a COMMIT
 * whose reply is lost has happened, a deadlock has rolled back. A link that was cut answers
 * nothing any more.
 *
 * db_null is a driver without a server: it accepts every statement and writes it down.
 *
 * Thread-safety: any thread.
 */
#ifndef SUPPORT_DB_FAULT_H
#define SUPPORT_DB_FAULT_H

#include "db/driver.h"

#include <pthread.h>

enum db_fault_kind {
    DB_FAULT_ERROR,       /* fails with `number` instead of running */
    DB_FAULT_DROP_BEFORE, /* the connection breaks before the statement reaches the server */
    DB_FAULT_DROP_AFTER,  /* the server runs it, then the connection breaks: no reply */
    DB_FAULT_DELAY,       /* `delay_us` later than asked */
};

struct db_fault_rule {
    enum db_fault_kind kind;
    const char *match;   /* beginning of the statement's text; NULL: any. Borrowed. */
    unsigned int skip;   /* so many matching statements pass first */
    unsigned int times;  /* then so many are hit; 0 means 1 */
    unsigned int number; /* DB_FAULT_ERROR */
    int64_t delay_us;
};

enum { DB_FAULT_RULES = 8 };

struct db_fault {
    struct db_driver base;
    const struct db_driver *real;
    pthread_mutex_t lock; /* guards what follows */
    struct db_fault_rule rules[DB_FAULT_RULES];
    size_t rule_count;
    unsigned int refuse_connects; /* so many attempts to connect fail */
    unsigned int statements;      /* that were seen, BEGIN and COMMIT included */
    unsigned int hits;            /* faults that were done */
};

void db_fault_init(struct db_fault *fault, const struct db_driver *real);
void db_fault_done(struct db_fault *fault);
void db_fault_add(struct db_fault *fault, struct db_fault_rule rule);
/* No rules, and the counters at 0. */
void db_fault_clear(struct db_fault *fault);
void db_fault_refuse_connects(struct db_fault *fault, unsigned int times);
unsigned int db_fault_hits(struct db_fault *fault);
unsigned int db_fault_statements(struct db_fault *fault);

/* Accepts everything; results are empty. One thread. */
struct db_null {
    struct db_driver base;
    char log[4096]; /* the statements, each followed by ';' */
    size_t log_len;
    unsigned int connects;
    unsigned int open;
};

void db_null_init(struct db_null *null);

#endif
