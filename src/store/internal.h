/*
 * Small things that the store's own files share. Private to src/store.
 *
 * Thread-safety: functions without state.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "base/status.h"
#include "db/statement.h"
#include "db/tx.h"
#include "store/types.h"

struct arena;

/* Room for a statement's parameters, filled from left to right. */
struct store_args {
    struct db_value values[192];
    size_t count;
};

static inline void store_arg(struct store_args *args, struct db_value value) {
    args->values[args->count++] = value;
}

/* "" becomes NULL, and NULL "": how optional texts are stored and read. */
static inline const char *store_text_or_null(const char *text) {
    return text == NULL || text[0] == '\0' ? NULL : text;
}
static inline const char *store_text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

/* 0 is "not set". */
static inline struct db_value store_time_or_null(int64_t time_us) {
    return db_when(time_us != 0, db_time_us(time_us));
}
static inline struct db_into store_into_time(int64_t *ret_us) {
    return db_nullable(db_into_time_us(ret_us), NULL);
}
static inline struct db_into store_into_text(const char **ret_text) {
    return db_nullable(db_into_text(ret_text), NULL);
}

/* Rows to ask for so that one tells whether there are more. */
static inline int64_t store_page_rows(const struct store_page *page) {
    int32_t size = page->size < 1 ? 1 : page->size > 1000 ? 1000 : page->size;
    return (int64_t)size + 1;
}

/* What the constants above stand for when a stored word is none of the domain's. */
struct status store_row_damaged(void) STATUS_MUST_USE;
struct status store_no_room(void) STATUS_MUST_USE;

/* A random number that is not 0: the epoch of an event log. UNAVAILABLE without randomness. */
struct status store_epoch_new(uint64_t *ret_epoch) STATUS_MUST_USE;

/* As store_topic_lock() and store_topic_get() say. Creates the inbox topic of a user. */
struct status store_inbox_create(struct db_tx *tx, const char *tenant,
                                 const struct uuid *user) STATUS_MUST_USE;

/* ids as a JSON array of texts, for JSON_TABLE. In the arena. */
struct status store_uuids_json(struct arena *arena, const struct uuid *ids, size_t count,
                               const char **ret_json) STATUS_MUST_USE;

/* Makes room for item `count` of a list in the arena; `list` is the address of its pointer. */
struct status store_list_grow(struct arena *arena, void *list, size_t item_bytes, size_t count,
                              size_t *capacity) STATUS_MUST_USE;

#endif
