/*
 * The search terms of a conversation. Private to src/store.
 *
 * Thread-safety: as the transaction.
 */
#ifndef STORE_TERMS_H
#define STORE_TERMS_H

#include "base/status.h"
#include "store/conversation.h"

/* Makes the stored terms those of title, description and topic; `is_new`: there are none yet. */
struct status store_terms_write(struct db_tx *tx, const char *tenant,
                                const struct store_conversation *conversation,
                                bool is_new) STATUS_MUST_USE;

#endif
