#include "store/terms.h"

#include "base/arena.h"
#include "store/internal.h"

#include <string.h>

static const struct db_sql insert_term = {
    "INSERT IGNORE INTO conversation_terms (tenant_id, term, conversationId, openStart)"
    " VALUES (?, ?, ?, ?)"};
static const struct db_sql close_terms = {
    "UPDATE conversation_terms SET openStart = NULL WHERE tenant_id = ? AND conversationId = ?"};
static const struct db_sql delete_terms = {
    "DELETE FROM conversation_terms WHERE tenant_id = ? AND conversationId = ?"};

enum { TERM_VALUES = 4, CHUNK = 128 };

static struct status add_text(const char *text, struct domain_terms *terms) {
    if (text == NULL)
        return status_ok();
    return domain_terms_of_text(text, strlen(text), terms);
}

static struct status insert_all(struct db_tx *tx, const char *tenant,
                                const struct store_conversation *conversation, bool is_open,
                                const struct domain_terms *terms) {
    struct db_value values[CHUNK * TERM_VALUES];
    for (size_t done = 0; done < terms->count;) {
        size_t rows = terms->count - done < CHUNK ? terms->count - done : CHUNK;
        for (size_t i = 0; i < rows; i++) {
            values[i * TERM_VALUES] = db_text(tenant);
            values[i * TERM_VALUES + 1] = db_text(terms->items[done + i].text);
            values[i * TERM_VALUES + 2] = db_uuid(&conversation->id);
            values[i * TERM_VALUES + 3] = db_when(is_open, db_time_us(conversation->start_us));
        }
        TRY(db_exec_bulk(tx, &insert_term, values, TERM_VALUES, rows, NULL));
        done += rows;
    }
    return status_ok();
}

static struct status collect_and_insert(struct db_tx *tx, const char *tenant,
                                        const struct store_conversation *conversation, bool is_open,
                                        struct domain_terms *terms) {
    TRY(add_text(conversation->title, terms));
    TRY(add_text(conversation->topic, terms));
    TRY(add_text(conversation->description, terms));
    return insert_all(tx, tenant, conversation, is_open, terms);
}

struct status store_terms_write(struct db_tx *tx, const char *tenant,
                                const struct store_conversation *conversation, bool is_new,
                                bool is_open) {
    struct domain_terms terms;
    if (!is_new)
        TRY(db_exec(tx, &delete_terms, DB_ARGS(db_text(tenant), db_uuid(&conversation->id)), NULL));
    domain_terms_init(&terms);
    struct status s = collect_and_insert(tx, tenant, conversation, is_open, &terms);
    domain_terms_done(&terms);
    return s;
}

struct status store_terms_close(struct db_tx *tx, const char *tenant,
                                const struct uuid *conversation) {
    return db_exec(tx, &close_terms, DB_ARGS(db_text(tenant), db_uuid(conversation)), NULL);
}
