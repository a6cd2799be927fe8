/*
 * The statements of the lists, with their parameters: so that a test can ask the server how it
 * would run them. Private to src/store.
 *
 * Thread-safety: functions without state.
 */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "store/booking.h"
#include "store/conversation.h"
#include "store/internal.h"

/* Values borrow from the query and its terms; ranges of search terms are in `arena`. */
struct status store_conversation_list_statement(struct db_tx *tx, struct arena *arena,
                                                const char *tenant,
                                                const struct store_conversation_query *query,
                                                struct store_args *ret_args,
                                                const struct db_sql **ret_sql) STATUS_MUST_USE;

/* Facets of public conversations that are open, or are not. */
const struct db_sql *store_public_facets_statement(const char *tenant,
                                                   const struct store_conversation_query *query,
                                                   bool is_open, struct store_args *ret_args);

const struct db_sql *store_booking_list_statement(const char *tenant,
                                                  const struct store_booking_query *query,
                                                  struct store_args *ret_args);

/* What store_message_trim() looks for its conversations with. */
const struct db_sql *store_message_oldest_statement(const char *tenant, int64_t before_us,
                                                    int32_t limit, struct store_args *ret_args);

const struct db_sql *store_schedule_statement(const char *tenant, const struct uuid *user,
                                              const struct uuid *except, int64_t start_us,
                                              int64_t end_us, struct store_args *ret_args);

#endif
