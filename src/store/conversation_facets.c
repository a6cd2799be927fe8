/*
 * The facets of ListConversations: how many conversations each language and each level has.
 *
 * Both are counted in one pass, by language and level, under everything that is asked but languages
 * and levels; each facet then adds up what the other's filter lets through.
 *
 * What is public is most of it, and counted by an index that holds all a filter may ask, but host,
 * instructor and seats; what is not public and the viewer's is few and counted apart. Where that
 * index does not help, rows are looked at: those of the rarest term, the viewer's own, or all.
 */
#include "store/conversation_query.h"
#include "store/statements.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* Languages are the clients' to choose: beyond so many groups the rest is not counted. */
#define GROUPS_MAX "60000"

#define GROUPS(from, where)                                                                        \
    "SELECT c.language, c.level, COUNT(*)" from where                                              \
    " GROUP BY c.language, c.level ORDER BY c.language, c.level LIMIT " GROUPS_MAX
#define WHERE_LOOKING WHERE_FILTER WHERE_VIEWER(BY_LOOKING)

/* Names no column that the index lacks, also where that is switched off: it would not do then. With
 * one value of isOpen the groups are in its order, too. */
static const struct db_sql public_groups = {DB_PREPARED_ANEW GROUPS(
    " FROM live_conversations c FORCE INDEX (conversation_facets)",
    " WHERE c.tenant_id = ? AND c.isPublic = 1 AND c.isOpen = ?" WHERE_IN_STATUSES WHERE_TYPES
        WHERE_PRICING WHERE_TIMES)};
static const struct db_sql viewers_groups = {GROUPS(FROM_MINE, WHERE_FILTER " AND c.isPublic = 0")};
static const struct db_sql mine_groups = {GROUPS(FROM_MINE, WHERE_LOOKING)};
static const struct db_sql open_groups = {GROUPS(FROM_OPEN, WHERE_LOOKING)};
static const struct db_sql all_groups = {GROUPS(FROM_ALL, WHERE_LOOKING)};
/* By whether the terms are few, and whether all is open. */
static const struct db_sql search_groups[2][2] = {
    {{GROUPS(FROM_SEARCH(MANY_TERMS), WHERE_LOOKING)},
     {GROUPS(FROM_SEARCH_OPEN(MANY_TERMS), WHERE_LOOKING)}},
    {{GROUPS(FROM_SEARCH(FEW_TERMS), WHERE_LOOKING)},
     {GROUPS(FROM_SEARCH_OPEN(FEW_TERMS), WHERE_LOOKING)}},
};

/* ---- adding up ---- */

struct counts {
    struct arena *arena;
    const struct store_conversation_query *query;
    struct store_language_count *languages;
    size_t count;
    size_t capacity;
    int64_t levels[STORE_LEVELS + 1]; /* by domain_level */
};

static bool asks_language(const struct store_conversation_query *query, const char *language) {
    for (size_t i = 0; i < query->language_count; i++)
        if (strcmp(query->languages[i], language) == 0)
            return true;
    return query->language_count == 0;
}

static struct status add_language(struct counts *counts, const char *language, int64_t count) {
    for (size_t i = 0; i < counts->count; i++) {
        /* The newest first: groups come in the order of their language. */
        struct store_language_count *known = &counts->languages[counts->count - 1 - i];
        if (strcmp(known->language, language) == 0) {
            known->count += count;
            return status_ok();
        }
    }
    TRY(store_list_grow(counts->arena, &counts->languages, sizeof *counts->languages, counts->count,
                        &counts->capacity));
    counts->languages[counts->count++] =
        (struct store_language_count){.language = language, .count = count};
    return status_ok();
}

static struct status add_group(struct counts *counts, const char *language, const char *level_text,
                               int64_t count) {
    const struct store_conversation_query *query = counts->query;
    enum domain_level level;
    if (!domain_level_parse(level_text, &level))
        return store_row_damaged();
    if (asks_language(query, language))
        counts->levels[level] += count;
    if (query->levels == 0 || (query->levels & STORE_BIT(level)) != 0)
        TRY(add_language(counts, language, count));
    return status_ok();
}

static struct status read_groups(struct db_tx *tx, const struct db_sql *sql,
                                 const struct store_args *args, struct counts *counts) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    TRY(db_query(tx, sql, args->values, args->count, &rows));
    while (db_rows_next(rows)) {
        const char *language = NULL;
        const char *level = NULL;
        int64_t count = 0;
        TRY(db_rows_read(
            rows, counts->arena,
            DB_INTO(db_into_text(&language), db_into_text(&level), db_into_int64(&count))));
        TRY(add_group(counts, language, level, count));
    }
    return db_rows_status(rows);
}

static int by_count(const void *a, const void *b) {
    const struct store_language_count *first = a;
    const struct store_language_count *second = b;
    if (first->count != second->count)
        return first->count > second->count ? -1 : 1;
    return strcmp(first->language, second->language);
}

static void fill(struct counts *counts, struct store_facets *facets) {
    if (counts->count > 0)
        qsort(counts->languages, counts->count, sizeof *counts->languages, by_count);
    while (facets->language_count < counts->count &&
           facets->language_count < STORE_FACET_LANGUAGES_MAX) {
        facets->languages[facets->language_count] = counts->languages[facets->language_count];
        facets->language_count++;
    }
    for (int level = 1; level <= STORE_LEVELS; level++) {
        if (counts->levels[level] == 0)
            continue;
        facets->levels[facets->level_count].level = (enum domain_level)level;
        facets->levels[facets->level_count++].count = counts->levels[level];
    }
}

/* ---- counting ---- */

const struct db_sql *store_public_facets_statement(const char *tenant,
                                                   const struct store_conversation_query *query,
                                                   bool is_open, struct store_args *ret_args) {
    ret_args->count = 0;
    store_arg(ret_args, db_text(tenant));
    store_arg(ret_args, db_bool(is_open));
    store_query_add_in_statuses(ret_args, query);
    store_query_add_types(ret_args, query);
    store_query_add_pricing(ret_args, query);
    store_query_add_times(ret_args, query);
    return &public_groups;
}

static struct status count_public(struct db_tx *tx, const char *tenant, bool is_open,
                                  struct counts *counts) {
    struct store_args args = {.count = 0};
    const struct db_sql *sql = store_public_facets_statement(tenant, counts->query, is_open, &args);
    return read_groups(tx, sql, &args, counts);
}

static struct status count_by_index(struct db_tx *tx, const char *tenant, struct counts *counts) {
    const struct store_conversation_query *query = counts->query;
    struct store_args args = {.count = 0};
    TRY(count_public(tx, tenant, true, counts));
    if (!store_query_is_open(query))
        TRY(count_public(tx, tenant, false, counts));
    if (query->sight != STORE_SIGHT_VIEWER || !query->has_viewer)
        return status_ok();
    store_query_add_mine(&args, tenant, query, true);
    store_query_add_filter(&args, tenant, query);
    return read_groups(tx, &viewers_groups, &args, counts);
}

static struct status count_looking(struct db_tx *tx, const char *tenant,
                                   const struct store_search_plan *plan, struct counts *counts) {
    const struct store_conversation_query *query = counts->query;
    bool is_open = store_query_is_open(query);
    const struct db_sql *sql = is_open ? &open_groups : &all_groups;
    struct store_args args = {.count = 0};
    if (plan->count > 0) {
        sql = &search_groups[plan->is_few][is_open];
        store_query_add_search(&args, tenant, plan);
    } else if (query->relation != STORE_RELATION_ANY) {
        sql = &mine_groups;
        store_query_add_mine(&args, tenant, query, false);
    }
    store_query_add_filter(&args, tenant, query);
    store_query_add_sight(&args, query, true);
    return read_groups(tx, sql, &args, counts);
}

struct status store_conversation_facets(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct store_conversation_query *query,
                                        struct store_facets *ret_facets) {
    struct counts counts = {.arena = arena, .query = query};
    struct store_facets facets = {.language_count = 0};
    struct store_search_plan plan;

    TRY(store_search_plan_make(tx, arena, tenant, query, &plan));
    bool is_in_index = plan.count == 0 && query->relation == STORE_RELATION_ANY &&
                       query->sight != STORE_SIGHT_ALL && !query->has_host &&
                       !query->has_instructor && !query->with_seats_left;
    if (is_in_index)
        TRY(count_by_index(tx, tenant, &counts));
    else
        TRY(count_looking(tx, tenant, &plan, &counts));
    fill(&counts, &facets);
    *ret_facets = facets;
    return status_ok();
}
