/*
 * The search terms of a conversation. Private to src/store.
 *
 * Thread-safety: as the transaction.
 */
#ifndef STORE_TERMS_H
#define STORE_TERMS_H

#include "base/status.h"
#include "store/conversation.h"

/* Makes the stored terms those of title, description and topic; `is_new`: there are none yet.
 * `is_open`: it is SCHEDULED or LIVE, and they keep its start for lists in that order. */
struct status store_terms_write(struct db_tx *tx, const char *tenant,
                                const struct store_conversation *conversation, bool is_new,
                                bool is_open) STATUS_MUST_USE;

/* It is over, or off: its terms leave the lists of open ones. */
struct status store_terms_close(struct db_tx *tx, const char *tenant,
                                const struct uuid *conversation) STATUS_MUST_USE;

#endif
