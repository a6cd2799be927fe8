/*
 * ListConversations in one statement, whatever is asked; conversation_query.h says how.
 *
 * Where the rows come from differs too much for one text, so there is a statement for each:
 *   open     SCHEDULED and LIVE: the index of open ones, in the order of the list
 *   all      other states: by start
 *   mine     the user's own, gathered from what binds a user to a conversation; sorted
 *   search   the conversations of the rarest term, then the other conditions; sorted
 *   word     when all terms are common: the open ones of the rarest word, which the terms' index
 *            holds in the order of the list, looked at one by one until the page is full
 *   walk     the same for beginnings of words, other states and newest first: the list is walked
 */
#include "store/conversation_query.h"
#include "store/conversation_row.h"
#include "store/statements.h"

#include "base/arena.h"

#include <stdint.h>

/* Newest first is the primary key backwards; otherwise the optimizer likes to sort. */
#define FROM_NEWEST " FROM live_conversations c FORCE INDEX (PRIMARY)"
#define FROM_WORD                                                                                  \
    " FROM conversation_terms s FORCE INDEX (term_open)"                                           \
    " STRAIGHT_JOIN live_conversations c FORCE INDEX (PRIMARY)"                                    \
    " ON c.tenant_id = s.tenant_id AND c.id = s.conversationId"
#define WHERE_WORD(terms)                                                                          \
    " AND s.tenant_id = ? AND s.term = ? AND s.openStart IS NOT NULL" terms("s.tenant_id",         \
                                                                            "s.conversationId")
#define WHERE_WALK(terms) terms("c.tenant_id", "c.id")

/* After the last row of the page before. */
#define PAGE_START(time, id, by)                                                                   \
    " AND (? OR (" time " >= ? AND (" time " > ? OR " id " > ?))) ORDER BY " by " LIMIT ?"
#define PAGE_START_DESC(time, id, by)                                                              \
    " AND (? OR (" time " <= ? AND (" time " < ? OR " id " < ?))) ORDER BY " by " LIMIT ?"
#define PAGE_NEWEST(of) " AND (? OR c.id < ?) ORDER BY " of ".id DESC LIMIT ?"

#define LIST(from, terms, page)                                                                    \
    {                                                                                              \
        "SELECT" STORE_LISTED_COLUMNS                                                              \
        "," STORE_VIEWER_COLUMNS from STORE_CONVERSATION_JOINS STORE_VIEWER_JOINS WHERE_FILTER     \
        WHERE_VIEWER(BY_JOIN) WHERE_LANGUAGES WHERE_LEVELS terms page                              \
    }
/* In the order of an index, or sorted by what was gathered. */
#define LISTS(from, terms, of, from_newest)                                                        \
    {                                                                                              \
        LIST(from, terms, PAGE_START("c.startTime", "c.id", of ".startTime, " of ".id")),          \
            LIST(from, terms,                                                                      \
                 PAGE_START_DESC("c.startTime", "c.id", of ".startTime DESC, " of ".id DESC")),    \
            LIST(from_newest, terms, PAGE_NEWEST(of))                                              \
    }

enum source {
    SOURCE_OPEN,
    SOURCE_ALL,
    SOURCE_MINE,
    SOURCE_SEARCH,
    SOURCE_SEARCH_OPEN,
    SOURCE_WALK,
    SOURCE_WALK_OPEN,
    SOURCE_WORD_OPEN, /* not newest first */
    SOURCES
};

#define BY_WORD(terms)                                                                             \
    {                                                                                              \
        LIST(FROM_WORD, WHERE_WORD(terms),                                                         \
             PAGE_START("s.openStart", "s.conversationId", "s.openStart, s.conversationId")),      \
            LIST(FROM_WORD, WHERE_WORD(terms),                                                     \
                 PAGE_START_DESC("s.openStart", "s.conversationId",                                \
                                 "s.openStart DESC, s.conversationId DESC"))                       \
    }
#define SEARCHES(terms)                                                                            \
    [SOURCE_SEARCH] = LISTS(FROM_SEARCH(terms), , "s", FROM_SEARCH(terms)),                        \
    [SOURCE_SEARCH_OPEN] = LISTS(FROM_SEARCH_OPEN(terms), , "s", FROM_SEARCH_OPEN(terms)),         \
    [SOURCE_WALK] = LISTS(FROM_ALL, WHERE_WALK(terms), "c", FROM_ALL),                             \
    [SOURCE_WALK_OPEN] = LISTS(FROM_OPEN, WHERE_WALK(terms), "c", FROM_NEWEST),                    \
    [SOURCE_WORD_OPEN] = BY_WORD(terms)

static const struct db_sql lists[SOURCES][STORE_ORDER_NEWEST + 1] = {
    [SOURCE_OPEN] = LISTS(FROM_OPEN, , "c", FROM_NEWEST),
    [SOURCE_ALL] = LISTS(FROM_ALL, , "c", FROM_ALL),
    [SOURCE_MINE] = LISTS(FROM_MINE, , "s", FROM_MINE),
    SEARCHES(FEW_TERMS),
};
static const struct db_sql lists_of_many_terms[SOURCES][STORE_ORDER_NEWEST + 1] = {
    SEARCHES(MANY_TERMS)};

/* Without a search. */
static enum source source_of(const struct store_conversation_query *query) {
    if (query->relation != STORE_RELATION_ANY)
        return SOURCE_MINE;
    if (query->order == STORE_ORDER_NEWEST) /* a host's few are sorted: SOURCE_ALL forces nothing */
        return query->has_host || query->has_instructor ? SOURCE_ALL : SOURCE_OPEN;
    return store_query_is_open(query) ? SOURCE_OPEN : SOURCE_ALL;
}

static enum source search_source_of(const struct store_conversation_query *query,
                                    const struct store_search_plan *plan) {
    bool is_open = store_query_is_open(query);
    if (!plan->is_common || query->relation != STORE_RELATION_ANY)
        return is_open ? SOURCE_SEARCH_OPEN : SOURCE_SEARCH;
    if (is_open && plan->has_word && query->order != STORE_ORDER_NEWEST)
        return SOURCE_WORD_OPEN;
    return source_of(query) == SOURCE_OPEN ? SOURCE_WALK_OPEN : SOURCE_WALK;
}

/* ---- parameters, in the order of the text ---- */

static void add_source(struct store_args *args, const char *tenant,
                       const struct store_conversation_query *query, enum source source,
                       const struct store_search_plan *plan) {
    if (source == SOURCE_SEARCH || source == SOURCE_SEARCH_OPEN)
        store_query_add_search(args, tenant, plan);
    if (source == SOURCE_MINE)
        store_query_add_mine(args, tenant, query, false);
}

static void add_terms(struct store_args *args, const char *tenant, enum source source,
                      const struct store_search_plan *plan) {
    switch (source) {
    case SOURCE_WALK:
    case SOURCE_WALK_OPEN:
        store_query_add_terms(args, plan, SIZE_MAX);
        break;
    case SOURCE_WORD_OPEN:
        store_arg(args, db_text(tenant));
        store_arg(args, db_text(plan->terms[plan->rarest_word].from));
        store_query_add_terms(args, plan, plan->rarest_word);
        break;
    default:
        break;
    }
}

static void add_page(struct store_args *args, const struct store_conversation_query *query) {
    const struct store_page *page = &query->page;
    store_arg(args, db_bool(!page->has_after));
    if (query->order != STORE_ORDER_NEWEST) {
        store_arg(args, db_time_us(page->after_key));
        store_arg(args, db_time_us(page->after_key));
    }
    store_arg(args, db_uuid(&page->after_id));
    store_arg(args, db_int64(store_page_rows(page)));
}

/* ---- lists ---- */

/* When a UUID of version 7 was made, in milliseconds: its first 48 bits. */
static int64_t created_ms(const struct uuid *id) {
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

static struct status read_list(struct db_rows *rows, struct arena *arena,
                               const struct store_conversation_query *query,
                               struct store_conversation_list *ret_list) {
    size_t most = (size_t)store_page_rows(&query->page) - 1;
    struct store_conversation_list list = {.count = 0};
    size_t bytes = 0;

    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    while (db_rows_next(rows)) {
        if (list.count == most || bytes >= STORE_PAGE_BYTES_MAX) {
            list.has_more = true;
            break;
        }
        struct store_conversation_view *view = &list.items[list.count++];
        TRY(store_view_read(rows, arena, view));
        bytes += store_conversation_bytes(&view->conversation);
        view->key = query->order == STORE_ORDER_NEWEST ? created_ms(&view->conversation.id)
                                                       : view->conversation.start_us;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}

struct status store_conversation_list_statement(struct db_tx *tx, struct arena *arena,
                                                const char *tenant,
                                                const struct store_conversation_query *query,
                                                struct store_args *ret_args,
                                                const struct db_sql **ret_sql) {
    struct store_search_plan *plan = arena_alloc(arena, sizeof *plan);
    if (plan == NULL)
        return store_no_room();
    TRY(store_search_plan_make(tx, arena, tenant, query, plan));
    enum source source = plan->count > 0 ? search_source_of(query, plan) : source_of(query);
    ret_args->count = 0;
    add_source(ret_args, tenant, query, source, plan);
    store_query_add_viewers(ret_args, query, 3);
    store_query_add_filter(ret_args, tenant, query);
    store_query_add_sight(ret_args, query, false);
    store_query_add_languages(ret_args, query);
    store_query_add_levels(ret_args, query);
    add_terms(ret_args, tenant, source, plan);
    add_page(ret_args, query);
    *ret_sql = plan->count > 0 && !plan->is_few ? &lists_of_many_terms[source][query->order]
                                                : &lists[source][query->order];
    return status_ok();
}

struct status store_conversation_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct store_conversation_query *query,
                                      struct store_conversation_list *ret_list) {
    const struct db_sql *sql = NULL;
    struct store_args args = {0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(store_conversation_list_statement(tx, arena, tenant, query, &args, &sql));
    TRY(db_query(tx, sql, args.values, args.count, &rows));
    return read_list(rows, arena, query, ret_list);
}
