/*
 * Transactions: functions that can be run again.
 *
 * A store function takes the transaction, an arena for what it returns, its inputs, its outs:
 *
 *     static const struct db_sql lock_conversation = {
 *         "SELECT seatsTaken, maxParticipants FROM live_conversations"
 *         " WHERE tenant_id = ? AND id = ? FOR UPDATE"};
 *     static const struct db_sql insert_booking = {
 *         "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId, status)"
 *         " VALUES (?, ?, ?, ?, 'CONFIRMED')"};
 *
 *     struct status store_conversation_lock(struct db_tx *tx, const char *tenant,
 *                                           const struct uuid *id, struct seats *ret_seats) {
 *         struct seats seats;
 *         bool found;
 *         TRY(db_query_row(tx, &lock_conversation, DB_ARGS(db_text(tenant), db_uuid(id)), NULL,
 *                          DB_INTO(db_into_int64(&seats.taken), db_into_int64(&seats.max)),
 *                          &found));
 *         if (!found)
 *             return status_error(STATUS_NOT_FOUND, 0, "No such conversation.");
 *         *ret_seats = seats;
 *         return status_ok();
 *     }
 *
 * and a service opens the transaction and runs them in the order of the locks:
 *
 *     static struct status book(struct db_tx *tx, void *context) {
 *         struct book_request *book = context;       // inputs, and outs set afresh by every run
 *         TRY(store_conversation_lock(tx, book->tenant, &book->conversation, &book->seats));
 *         TRY(domain_booking_decide(&book->seats, ...));   // a refusal rolls back
 *         return store_booking_insert(tx, book);
 *     }
 *
 *     struct db_report report;
 *     struct status s = db_transaction(pool, rpc_call_deadline_us(call), book, &request, &report);
 *     if (report.fate == DB_FATE_UNCERTAIN)  ... the request record decides ...
 *     if (!status_is_ok(s) && report.cause.number != 0)  log report.cause once
 *
 * The function may run several times: it sends nothing, publishes nothing, does not sleep, and
 * writes its outs anew each time. An error it returns rolls back; so does a conflict or a lost
 * connection that it swallowed.
 *
 * Thread-safety: a transaction belongs to the thread that runs it.
 */
#ifndef DB_TX_H
#define DB_TX_H

#include "base/status.h"
#include "db/cause.h"

#include <stdint.h>

struct db_conn;
struct db_pool;
struct db_tx;

typedef struct status db_run_fn(struct db_tx *tx, void *context);

enum db_fate {
    DB_FATE_NOTHING,   /* nothing was committed, for certain */
    DB_FATE_COMMITTED, /* the server said so */
    DB_FATE_UNCERTAIN, /* the connection was lost during COMMIT: it may or may not have happened */
};

struct db_report {
    enum db_fate fate;
    unsigned int attempts;
    struct db_cause cause; /* of the last failure, also of one that a retry mended */
};

/*
 * Runs `run` inside a transaction (READ COMMITTED) on a connection of the pool and commits when it
 * returns OK. Deadlocks, lock wait timeouts and changed rows (1213, 1205, 1020) roll back and run
 * it again, after a jittered pause, up to the pool's number of attempts and never past
 * `deadline_us` (monotonic clock of the pool; INT64_MAX: none). A connection that turns out stale
 * at BEGIN is replaced once. `ret_report` may be NULL and is always written otherwise.
 *
 * Statuses: what `run` returned; RESOURCE_EXHAUSTED (no connection came free), UNAVAILABLE (no
 * server, connection lost, conflicts to the end), DEADLINE_EXCEEDED; with DB_FATE_UNCERTAIN it is
 * UNAVAILABLE, and the caller must look before it says anything else.
 */
struct status db_transaction(struct db_pool *pool, int64_t deadline_us, db_run_fn *run,
                             void *context, struct db_report *ret_report) STATUS_MUST_USE;

/*
 * Runs `run` without a transaction: each statement commits by itself. For reads; several of them do
 * not see one state of the data. A connection that breaks is replaced and `run` run again, once.
 */
struct status db_read(struct db_pool *pool, int64_t deadline_us, db_run_fn *run, void *context,
                      struct db_report *ret_report) STATUS_MUST_USE;

/* The same two on a connection that the caller has acquired. */
struct status db_conn_transaction(struct db_conn *conn, int64_t deadline_us, db_run_fn *run,
                                  void *context, struct db_report *ret_report) STATUS_MUST_USE;
struct status db_conn_read(struct db_conn *conn, int64_t deadline_us, db_run_fn *run, void *context,
                           struct db_report *ret_report) STATUS_MUST_USE;

/* The failure of the transaction's last statement; number 0 when it went well. Never NULL. */
const struct db_cause *db_tx_cause(const struct db_tx *tx);

/* True inside db_transaction, false inside db_read: for asserts of functions that write twice. */
bool db_tx_is_transaction(const struct db_tx *tx);

/* The server's id of the connection (SHOW PROCESSLIST), 0 before it is connected. */
uint64_t db_tx_connection_id(const struct db_tx *tx);

#endif
