#include "db/tx.h"

#include "base/clock.h"
#include "db/conn.h"

#include <assert.h>

enum {
    FIRST_PAUSE_US = 2000,
    LONGEST_PAUSE_US = 200000,
};

/* What to do after one attempt. */
enum verdict {
    VERDICT_DONE,  /* `status` is the answer */
    VERDICT_AGAIN, /* a conflict: pause, then run again */
    VERDICT_STALE, /* the connection was gone before anything ran: run again at once */
};

/* One xorshift step; the seed is never 0. */
static uint64_t next_random(struct db_conn *conn) {
    uint64_t x = conn->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    conn->random = x;
    return x;
}

/* Waits before attempt `attempts + 1`: half fixed, half random, so that rivals come apart. False
 * when the deadline would pass meanwhile. */
static bool pause_before_retry(struct db_conn *conn, unsigned int attempts, int64_t deadline_us) {
    unsigned int doublings = attempts < 8 ? attempts : 8;
    int64_t longest = (int64_t)FIRST_PAUSE_US << doublings;
    if (longest > LONGEST_PAUSE_US)
        longest = LONGEST_PAUSE_US;
    int64_t length = longest / 2 + (int64_t)(next_random(conn) % (uint64_t)(longest / 2 + 1));

    if (deadline_us != INT64_MAX) {
        int64_t now = clock_monotonic_us(db_pool_clock(conn->pool));
        if (now >= deadline_us || deadline_us - now <= length)
            return false;
    }
    db_pool_options(conn->pool)->pause(length);
    return true;
}

static void lose(struct db_conn *conn) {
    db_pool_count(conn->pool, DB_EVENT_LOST);
    db_conn_close(conn);
}

static bool rollback(struct db_conn *conn) {
    struct db_cause cause;
    if (conn->link->ops->run(conn->link, "ROLLBACK", &cause))
        return true;
    /* Whatever the server thinks of this session, closing it rolls back. */
    lose(conn);
    return false;
}

static struct status commit(struct db_conn *conn, struct db_report *report,
                            enum verdict *ret_verdict) {
    *ret_verdict = VERDICT_DONE;
    if (conn->link->ops->run(conn->link, "COMMIT", &report->cause)) {
        db_cause_clear(&report->cause);
        report->fate = DB_FATE_COMMITTED;
        db_pool_count(conn->pool, DB_EVENT_COMMIT);
        return status_ok();
    }
    if (db_cause_class(&report->cause) == DB_CAUSE_CONFLICT) {
        (void)rollback(conn);
        *ret_verdict = VERDICT_AGAIN;
        return db_cause_status(&report->cause);
    }
    report->fate = DB_FATE_UNCERTAIN;
    db_pool_count(conn->pool, DB_EVENT_UNCERTAIN);
    lose(conn);
    return status_error(STATUS_UNAVAILABLE, 0, "It is not known whether the change was made.");
}

/* After `run`: what its failure, or a failure it swallowed, means for the session. */
static struct status abandon(struct db_tx *tx, struct status status, struct db_report *report,
                             enum verdict *ret_verdict) {
    struct db_conn *conn = tx->conn;
    bool in_transaction = tx->mode == DB_TX_TRANSACTION;

    *ret_verdict = VERDICT_DONE;
    report->cause = tx->fatal.number != 0 ? tx->fatal : tx->last;
    switch (db_cause_class(&tx->fatal)) {
    case DB_CAUSE_LOST:
        lose(conn);
        if (!in_transaction)
            *ret_verdict = VERDICT_STALE;
        return db_cause_status(&tx->fatal);
    case DB_CAUSE_CONFLICT:
        if (in_transaction)
            (void)rollback(conn);
        *ret_verdict = VERDICT_AGAIN;
        return db_cause_status(&tx->fatal);
    default:
        if (in_transaction)
            (void)rollback(conn);
        return status;
    }
}

static struct status attempt(struct db_conn *conn, enum db_tx_mode mode, int64_t deadline_us,
                             db_run_fn *run, void *context, struct db_report *report,
                             enum verdict *ret_verdict) {
    *ret_verdict = VERDICT_DONE;
    if (!db_conn_open(conn, &report->cause))
        return status_error(STATUS_UNAVAILABLE, 0, "The data store is not reachable; try again.");
    if (mode == DB_TX_TRANSACTION &&
        !conn->link->ops->run(conn->link, "START TRANSACTION", &report->cause)) {
        lose(conn);
        *ret_verdict = VERDICT_STALE;
        return db_cause_status(&report->cause);
    }

    struct db_tx *tx = &conn->tx;
    *tx = (struct db_tx){.conn = conn, .mode = mode, .deadline_us = deadline_us};
    struct status status = run(tx, context);
    db_conn_drop_rows(conn);

    if (!status_is_ok(status) || tx->fatal.number != 0)
        status = abandon(tx, status, report, ret_verdict);
    else if (mode == DB_TX_TRANSACTION)
        status = commit(conn, report, ret_verdict);
    else
        db_cause_clear(&report->cause);
    tx->mode = DB_TX_CLOSED;
    return status;
}

static struct status run_on(struct db_conn *conn, enum db_tx_mode mode, int64_t deadline_us,
                            db_run_fn *run, void *context, struct db_report *report) {
    unsigned int most = db_pool_options(conn->pool)->attempts;
    bool replaced = false;

    assert(conn->tx.mode == DB_TX_CLOSED);
    for (;;) {
        enum verdict verdict;
        report->attempts++;
        struct status status = attempt(conn, mode, deadline_us, run, context, report, &verdict);
        if (verdict == VERDICT_DONE)
            return status;
        if (verdict == VERDICT_STALE) {
            if (replaced)
                return status;
            replaced = true;
        } else if (report->attempts >= most ||
                   !pause_before_retry(conn, report->attempts, deadline_us)) {
            return status;
        }
        db_pool_count(conn->pool, DB_EVENT_RETRY);
    }
}

static struct status run_in_pool(struct db_pool *pool, enum db_tx_mode mode, int64_t deadline_us,
                                 db_run_fn *run, void *context, struct db_report *ret_report) {
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct db_conn *conn = NULL;

    struct status status = db_pool_acquire(pool, deadline_us, &conn);
    if (status_is_ok(status))
        status = run_on(conn, mode, deadline_us, run, context, &report);
    db_pool_release(pool, &conn);
    if (ret_report != NULL)
        *ret_report = report;
    return status;
}

struct status db_transaction(struct db_pool *pool, int64_t deadline_us, db_run_fn *run,
                             void *context, struct db_report *ret_report) {
    return run_in_pool(pool, DB_TX_TRANSACTION, deadline_us, run, context, ret_report);
}

struct status db_read(struct db_pool *pool, int64_t deadline_us, db_run_fn *run, void *context,
                      struct db_report *ret_report) {
    return run_in_pool(pool, DB_TX_AUTOCOMMIT, deadline_us, run, context, ret_report);
}

static struct status run_on_conn(struct db_conn *conn, enum db_tx_mode mode, int64_t deadline_us,
                                 db_run_fn *run, void *context, struct db_report *ret_report) {
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status = run_on(conn, mode, deadline_us, run, context, &report);
    if (ret_report != NULL)
        *ret_report = report;
    return status;
}

struct status db_conn_transaction(struct db_conn *conn, int64_t deadline_us, db_run_fn *run,
                                  void *context, struct db_report *ret_report) {
    return run_on_conn(conn, DB_TX_TRANSACTION, deadline_us, run, context, ret_report);
}

struct status db_conn_read(struct db_conn *conn, int64_t deadline_us, db_run_fn *run, void *context,
                           struct db_report *ret_report) {
    return run_on_conn(conn, DB_TX_AUTOCOMMIT, deadline_us, run, context, ret_report);
}

const struct db_cause *db_tx_cause(const struct db_tx *tx) {
    return &tx->last;
}

bool db_tx_is_transaction(const struct db_tx *tx) {
    return tx->mode == DB_TX_TRANSACTION;
}

uint64_t db_tx_connection_id(const struct db_tx *tx) {
    struct db_link *link = tx->conn->link;
    return link == NULL ? 0 : link->ops->id(link);
}
