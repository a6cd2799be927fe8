/*
 * The journal: the one way a message is sent.
 *
 * An entry is a message and its encoded event. The journal looks its client_message_id up, reads
 * membership and mutes under the topic's lock, asks the domain, numbers what is accepted and
 * commits message and event together; then it completes the entry. An entry that completed OK is
 * durable.
 *
 * This one commits each entry by itself, on the thread that submits it. A group-committing one
 * takes its place behind the same functions: then `done` runs on the writer's thread.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/status.h"
#include "db/tx.h"
#include "domain/settings.h"
#include "store/message.h"

struct arena;
struct clock;
struct db_pool;
struct store_journal;

struct store_journal_entry {
    /* What is to be sent; all of it lives until `done`. */
    const char *tenant;
    const struct domain_settings *settings;
    unsigned sender_roles;        /* enum domain_role */
    struct store_message message; /* as for store_message_insert(), sequence and sent_at_us aside:
                                     language "" is the conversation's; client_message_id is set */
    /*
     * Encodes the event that belongs to `message` once it is accepted: names, language and time are
     * filled in then. Writes into the arena; called inside the transaction, maybe several times:
     * no I/O. The number at the end is written by the journal.
     */
    struct status (*encode)(const struct store_journal_entry *entry, struct arena *arena,
                            uint8_t **ret_bytes, size_t *ret_len_bytes);
    int64_t deadline_us;                             /* monotonic clock of the pool */
    struct arena *arena;                             /* of the call: results point into it */
    void (*done)(struct store_journal_entry *entry); /* exactly once */
    void *context;

    /* The outcome, complete when `done` is called. */
    struct status status;
    bool is_duplicate;          /* the message was sent before: `message` is what is stored */
    uint64_t epoch;             /* of the topic */
    const uint8_t *event_bytes; /* of a message that is new: for the ring */
    size_t event_len_bytes;
    struct db_report report; /* for the log, when status is not OK */
};

/* NULL when out of memory. The pool outlives it. */
struct store_journal *store_journal_new(struct db_pool *pool, const struct clock *clock);

/* Waits for entries under way. */
void store_journal_free(struct store_journal **journal);

/*
 * Statuses of an entry: those of domain_permission_check(SEND_MESSAGE) and domain_message_send();
 * NOT_FOUND CONVERSATION_NOT_FOUND, MESSAGE_NOT_FOUND (the original). Any thread of the pool's
 * workers.
 */
void store_journal_submit(struct store_journal *journal, struct store_journal_entry *entry);

#endif
