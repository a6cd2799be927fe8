/*
 * ListConversations in one statement, whatever is asked.
 *
 * A condition that was not asked for is switched off by a parameter: `(? OR c.level IN (...))`. The
 * server optimizes a prepared statement anew at each execution, with its parameters as constants,
 * so what is switched off is gone before an index is chosen (a test reads EXPLAIN).
 *
 * Where the rows come from differs too much for that, so there is a statement for each:
 *   open     SCHEDULED and LIVE: the index of open ones, in the order of the list
 *   all      other states: by start
 *   search   the conversations of the rarest term, then the other conditions; sorted. When all
 *            terms are common, open ones or all are walked in order and looked at one by one
 *   mine     the user's own, gathered from what binds a user to a conversation; sorted
 */
#include "store/conversation_row.h"
#include "store/statements.h"

#include "base/arena.h"

#include <string.h>

enum {
    STATUSES = 4,
    LEVELS = 6,
    TYPES = 4,
    COMMON_TERM = 2000, /* conversations with it: from then on, walking the list is faster */
};

#define Q4 "?, ?, ?, ?"
#define Q20 Q4 ", " Q4 ", " Q4 ", " Q4 ", " Q4

/* Two indexes are left out that have the order but not the state: LIMIT would lure the optimizer
 * into walking through everything that is long over. */
#define FROM_OPEN                                                                                  \
    " FROM live_conversations c IGNORE INDEX (conversation_start, conversation_invite_code)"
/* Newest first is the primary key backwards; otherwise the optimizer likes to sort. */
#define FROM_NEWEST " FROM live_conversations c FORCE INDEX (PRIMARY)"
#define FROM_ALL " FROM live_conversations c IGNORE INDEX (conversation_invite_code)"
/* Ids are gathered with their start and sorted before the rest is joined: a sort of whole rows,
 * which hold long texts, would go through a file, and could not stop at the end of the page. */
#define START_OF(table, alias)                                                                     \
    table " " alias " JOIN live_conversations x ON x.tenant_id = " alias                           \
          ".tenant_id AND x.id = " alias ".conversationId"
#define FROM_SEARCH                                                                                \
    " FROM (SELECT DISTINCT x.id, x.startTime FROM " START_OF(                                     \
        "conversation_terms",                                                                      \
        "t") " WHERE t.tenant_id = ? AND t.term >= ? AND t.term < ?) AS s"                         \
             " STRAIGHT_JOIN live_conversations c ON c.tenant_id = ? AND c.id = s.id"
#define FROM_MINE                                                                                  \
    " FROM (SELECT id, startTime FROM live_conversations"                                          \
    " WHERE ? AND tenant_id = ? AND hostId = ?"                                                    \
    " UNION SELECT id, startTime FROM live_conversations"                                          \
    " WHERE ? AND tenant_id = ? AND instructorId = ?"                                              \
    " UNION SELECT conversationId, startTime FROM live_conversation_bookings"                      \
    " WHERE ? AND tenant_id = ? AND userId = ? AND takesSeat = 1"                                  \
    " UNION SELECT x.id, x.startTime FROM " START_OF(                                              \
        "live_conversation_participants",                                                          \
        "p") " WHERE ? AND p.tenant_id = ? AND p.userId = ?"                                       \
             " UNION SELECT x.id, x.startTime FROM " START_OF(                                     \
                 "conversation_invitations",                                                       \
                 "v") " WHERE ? AND v.tenant_id = ? AND v.userId = ?) AS s"                        \
                      " STRAIGHT_JOIN live_conversations c ON c.tenant_id = ? AND c.id = s.id"

/* What the filter says, but languages and levels, which have facets. */
#define WHERE_FILTER                                                                               \
    " WHERE c.tenant_id = ?"                                                                       \
    " AND (? OR c.isOpen = 1)"                                                                     \
    " AND (? OR c.status IN (" Q4 "))"                                                             \
    " AND (? OR c.conversationType IN (" Q4 "))"                                                   \
    " AND (? OR c.isFree = ?)"                                                                     \
    " AND (? OR c.startTime >= ?)"                                                                 \
    " AND (? OR c.startTime < ?)"                                                                  \
    " AND (? OR c.hostId = ?)"                                                                     \
    " AND (? OR c.instructorId = ?)"                                                               \
    " AND (? OR (c.waiting = 0 AND c.seatsTaken < c.maxParticipants))"
#define WHERE_LANGUAGES " AND (? OR c.languageBase = ?) AND (? OR c.language IN (" Q20 "))"
#define WHERE_LEVELS " AND (? OR c.level IN (?, ?, " Q4 "))"
/* Who is looking: everything; the public; what the viewer has to do with. */
#define SEEN(booked, joined, invited)                                                              \
    " AND (? OR c.isPublic = 1 OR (? AND (c.hostId = ? OR c.instructorId = ? OR " booked           \
    " OR " joined " OR " invited ")))"
#define RELATED(booked, joined, invited)                                                           \
    " AND (? OR (? AND (c.hostId = ? OR c.instructorId = ?)) OR (? AND (" booked " OR " joined     \
    ")) OR (? AND " invited "))"
/* Lists have the viewer's rows at hand. Facets count far more conversations than a page has, nearly
 * all of them public, and look only where they have to. */
#define BY_JOIN "b.takesSeat = 1", "p.id IS NOT NULL", "v.userId IS NOT NULL"
#define IS_VIEWERS(table, alias, and)                                                              \
    "(SELECT 1 FROM " table " " alias " WHERE " alias ".tenant_id = c.tenant_id AND " alias        \
    ".conversationId = c.id AND " alias ".userId = ?" and                                          \
        " LIMIT 1) IS NOT NULL"
#define BY_LOOKING                                                                                 \
    IS_VIEWERS("live_conversation_bookings", "b", " AND b.takesSeat = 1"),                         \
        IS_VIEWERS("live_conversation_participants", "p", ""),                                     \
        IS_VIEWERS("conversation_invitations", "v", "")
#define WHERE_VIEWER(...) SEEN(__VA_ARGS__) RELATED(__VA_ARGS__)

/* Not EXISTS: that would be turned into an IN and all rows of the term gathered first. */
#define HAS_TERM                                                                                   \
    " AND (? OR (SELECT 1 FROM conversation_terms t FORCE INDEX (term_conversation)"               \
    " WHERE t.tenant_id = c.tenant_id AND t.conversationId = c.id AND t.term >= ? AND t.term < ?"  \
    " LIMIT 1) IS NOT NULL)"
#define HAS_TERMS_5 HAS_TERM HAS_TERM HAS_TERM HAS_TERM HAS_TERM
#define WHERE_TERMS HAS_TERMS_5 HAS_TERMS_5 HAS_TERMS_5 HAS_TERM

/* After the last row of the page before. */
#define PAGE_START(of)                                                                             \
    " AND (? OR (c.startTime >= ? AND (c.startTime > ? OR c.id > ?)))"                             \
    " ORDER BY " of ".startTime, " of ".id LIMIT ?"
#define PAGE_START_DESC(of)                                                                        \
    " AND (? OR (c.startTime <= ? AND (c.startTime < ? OR c.id < ?)))"                             \
    " ORDER BY " of ".startTime DESC, " of ".id DESC LIMIT ?"
#define PAGE_NEWEST(of) " AND (? OR c.id < ?) ORDER BY " of ".id DESC LIMIT ?"

#define LIST(from, terms, page)                                                                    \
    {                                                                                              \
        "SELECT" STORE_LISTED_COLUMNS                                                              \
        "," STORE_VIEWER_COLUMNS from STORE_CONVERSATION_JOINS STORE_VIEWER_JOINS WHERE_FILTER     \
        WHERE_VIEWER(BY_JOIN) WHERE_LANGUAGES WHERE_LEVELS terms page                              \
    }
#define COUNT_LANGUAGES(from, terms)                                                               \
    {                                                                                              \
        "SELECT c.language, COUNT(*)" from WHERE_FILTER WHERE_VIEWER(BY_LOOKING)                   \
            WHERE_LEVELS terms " GROUP BY c.language ORDER BY COUNT(*) DESC, c.language LIMIT 100" \
    }
#define COUNT_LEVELS(from, terms)                                                                  \
    {                                                                                              \
        "SELECT c.level, COUNT(*)" from WHERE_FILTER WHERE_VIEWER(BY_LOOKING)                      \
            WHERE_LANGUAGES terms " GROUP BY c.level ORDER BY c.level LIMIT 6"                     \
    }

enum source {
    SOURCE_OPEN,
    SOURCE_ALL,
    SOURCE_SEARCH,
    SOURCE_MINE,
    SOURCE_SEARCH_OPEN,
    SOURCE_SEARCH_ALL,
    SOURCES
};

static const struct db_sql lists[SOURCES][STORE_ORDER_NEWEST + 1] = {
    [SOURCE_OPEN] = {LIST(FROM_OPEN, , PAGE_START("c")), LIST(FROM_OPEN, , PAGE_START_DESC("c")),
                     LIST(FROM_NEWEST, , PAGE_NEWEST("c"))},
    [SOURCE_ALL] = {LIST(FROM_ALL, , PAGE_START("c")), LIST(FROM_ALL, , PAGE_START_DESC("c")),
                    LIST(FROM_ALL, , PAGE_NEWEST("c"))},
    [SOURCE_SEARCH] = {LIST(FROM_SEARCH, WHERE_TERMS, PAGE_START("s")),
                       LIST(FROM_SEARCH, WHERE_TERMS, PAGE_START_DESC("s")),
                       LIST(FROM_SEARCH, WHERE_TERMS, PAGE_NEWEST("s"))},
    [SOURCE_MINE] = {LIST(FROM_MINE, , PAGE_START("s")), LIST(FROM_MINE, , PAGE_START_DESC("s")),
                     LIST(FROM_MINE, , PAGE_NEWEST("s"))},
    [SOURCE_SEARCH_OPEN] = {LIST(FROM_OPEN, WHERE_TERMS, PAGE_START("c")),
                            LIST(FROM_OPEN, WHERE_TERMS, PAGE_START_DESC("c")),
                            LIST(FROM_NEWEST, WHERE_TERMS, PAGE_NEWEST("c"))},
    [SOURCE_SEARCH_ALL] = {LIST(FROM_ALL, WHERE_TERMS, PAGE_START("c")),
                           LIST(FROM_ALL, WHERE_TERMS, PAGE_START_DESC("c")),
                           LIST(FROM_ALL, WHERE_TERMS, PAGE_NEWEST("c"))},
};
/* How common a term is, as far as that matters. */
static const struct db_sql count_postings = {
    "SELECT COUNT(*) FROM (SELECT 1 FROM conversation_terms WHERE tenant_id = ? AND term >= ?"
    " AND term < ? LIMIT 2000) AS postings"};
static const struct db_sql language_facets[SOURCES] = {
    [SOURCE_OPEN] = COUNT_LANGUAGES(FROM_OPEN, ),
    [SOURCE_ALL] = COUNT_LANGUAGES(FROM_ALL, ),
    [SOURCE_SEARCH] = COUNT_LANGUAGES(FROM_SEARCH, WHERE_TERMS),
    [SOURCE_MINE] = COUNT_LANGUAGES(FROM_MINE, ),
    [SOURCE_SEARCH_OPEN] = COUNT_LANGUAGES(FROM_OPEN, WHERE_TERMS),
    [SOURCE_SEARCH_ALL] = COUNT_LANGUAGES(FROM_ALL, WHERE_TERMS),
};
static const struct db_sql level_facets[SOURCES] = {
    [SOURCE_OPEN] = COUNT_LEVELS(FROM_OPEN, ),
    [SOURCE_ALL] = COUNT_LEVELS(FROM_ALL, ),
    [SOURCE_SEARCH] = COUNT_LEVELS(FROM_SEARCH, WHERE_TERMS),
    [SOURCE_MINE] = COUNT_LEVELS(FROM_MINE, ),
    [SOURCE_SEARCH_OPEN] = COUNT_LEVELS(FROM_OPEN, WHERE_TERMS),
    [SOURCE_SEARCH_ALL] = COUNT_LEVELS(FROM_ALL, WHERE_TERMS),
};

/* ---- parameters, in the order of the text ---- */

/* The range of a term's rows, end excluded. */
struct term_range {
    const char *from;
    char end[DOMAIN_TERM_MAX_BYTES + 2];
};

struct search_plan {
    struct term_range terms[DOMAIN_QUERY_MAX_TERMS];
    size_t count;   /* 0: no search */
    size_t driving; /* the rarest */
    bool is_common; /* even that one is */
};

static bool term_range(const struct domain_term *term, struct term_range *ret_range) {
    struct term_range range = {.from = term->text};
    if (term->is_prefix) {
        if (!domain_prefix_end(term->text, range.end))
            return false;
    } else {
        /* No term holds a control character, so nothing lies between. */
        char *end = stpcpy(range.end, term->text);
        memcpy(end, "\x01", 2);
    }
    *ret_range = range;
    return true;
}

/* Terms that cannot occur find nothing. */
static struct status plan_search(struct db_tx *tx, const char *tenant,
                                 const struct store_conversation_query *query,
                                 struct search_plan *plan) {
    const struct domain_terms *terms = query->search;
    int64_t fewest = INT64_MAX;

    *plan = (struct search_plan){.count = 0};
    while (terms != NULL && plan->count < terms->count && plan->count < DOMAIN_QUERY_MAX_TERMS) {
        struct term_range *range = &plan->terms[plan->count];
        int64_t found = 0;
        bool is_row = false;
        *range = (struct term_range){.from = ""};
        (void)term_range(&terms->items[plan->count], range);
        TRY(db_query_row(tx, &count_postings,
                         DB_ARGS(db_text(tenant), db_text(range->from), db_text(range->end)), NULL,
                         DB_INTO(db_into_int64(&found)), &is_row));
        if (found < fewest) {
            fewest = found;
            plan->driving = plan->count;
        }
        plan->count++;
    }
    plan->is_common = plan->count > 0 && fewest >= COMMON_TERM;
    return status_ok();
}

static enum source source_of(const struct store_conversation_query *query, bool searches) {
    const unsigned open = STORE_BIT(DOMAIN_STATUS_SCHEDULED) | STORE_BIT(DOMAIN_STATUS_LIVE);
    if (searches)
        return SOURCE_SEARCH;
    if (query->relation != STORE_RELATION_ANY)
        return SOURCE_MINE;
    if (query->order == STORE_ORDER_NEWEST) /* a host's few are sorted: SOURCE_ALL forces nothing */
        return query->has_host || query->has_instructor ? SOURCE_ALL : SOURCE_OPEN;
    return query->statuses == 0 || (query->statuses & ~open) == 0 ? SOURCE_OPEN : SOURCE_ALL;
}

/* Common words are met by walking: a list ends after a page, and facets gather nothing. */
static enum source plan_source_of(const struct store_conversation_query *query,
                                  const struct search_plan *plan) {
    if (plan->count == 0 || !plan->is_common || query->relation != STORE_RELATION_ANY)
        return source_of(query, plan->count > 0);
    return source_of(query, false) == SOURCE_OPEN ? SOURCE_SEARCH_OPEN : SOURCE_SEARCH_ALL;
}

static bool relates(const struct store_conversation_query *query, enum store_relation relation) {
    if (query->relation == STORE_RELATION_OWN)
        return relation == STORE_RELATION_HOSTING || relation == STORE_RELATION_BOOKED;
    return query->relation == relation;
}

static struct db_value viewer_of(const struct store_conversation_query *query) {
    return db_when(query->has_viewer, db_uuid(&query->viewer));
}

static void add_source(struct store_args *args, const char *tenant,
                       const struct store_conversation_query *query, enum source source,
                       const struct search_plan *plan) {
    if (source == SOURCE_SEARCH) {
        store_arg(args, db_text(tenant));
        store_arg(args, db_text(plan->terms[plan->driving].from));
        store_arg(args, db_text(plan->terms[plan->driving].end));
        store_arg(args, db_text(tenant));
    }
    if (source == SOURCE_MINE) {
        static const enum store_relation parts[] = {STORE_RELATION_HOSTING, STORE_RELATION_HOSTING,
                                                    STORE_RELATION_BOOKED, STORE_RELATION_BOOKED,
                                                    STORE_RELATION_INVITED};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            store_arg(args, db_bool(relates(query, parts[i])));
            store_arg(args, db_text(tenant));
            store_arg(args, viewer_of(query));
        }
        store_arg(args, db_text(tenant));
    }
}

typedef const char *name_fn(unsigned value);

static const char *status_name(unsigned value) {
    return domain_status_name((enum domain_status)value);
}
static const char *type_name(unsigned value) {
    return domain_type_name((enum domain_type)value);
}
static const char *level_name(unsigned value) {
    return domain_level_name((enum domain_level)value);
}

/* `(? OR x IN (...))` with as many places as the enumeration has values. */
static void add_set(struct store_args *args, unsigned set, unsigned values, name_fn *name) {
    store_arg(args, db_bool(set == 0));
    for (unsigned value = 1; value <= values; value++)
        store_arg(args, db_text((set & STORE_BIT(value)) != 0 ? name(value) : ""));
}

static void add_filter(struct store_args *args, const char *tenant,
                       const struct store_conversation_query *query) {
    const unsigned open = STORE_BIT(DOMAIN_STATUS_SCHEDULED) | STORE_BIT(DOMAIN_STATUS_LIVE);
    unsigned statuses = query->statuses == 0 ? open : query->statuses;
    bool only_open = (statuses & ~open) == 0;

    store_arg(args, db_text(tenant));
    store_arg(args, db_bool(!only_open));
    add_set(args, statuses == open ? 0 : statuses, STATUSES, status_name);
    add_set(args, query->types, TYPES, type_name);
    store_arg(args, db_bool(query->pricing == STORE_PRICING_ANY));
    store_arg(args, db_bool(query->pricing == STORE_PRICING_FREE));
    store_arg(args, db_bool(query->start_from_us == 0));
    store_arg(args, db_time_us(query->start_from_us));
    store_arg(args, db_bool(query->start_before_us == 0));
    store_arg(args, db_time_us(query->start_before_us));
    store_arg(args, db_bool(!query->has_host));
    store_arg(args, db_uuid(&query->host_id));
    store_arg(args, db_bool(!query->has_instructor));
    store_arg(args, db_uuid(&query->instructor_id));
    store_arg(args, db_bool(!query->with_seats_left));
}

static void add_viewers(struct store_args *args, const struct store_conversation_query *query,
                        int count) {
    for (int i = 0; i < count; i++)
        store_arg(args, viewer_of(query));
}

/* `looks`: BY_LOOKING names the viewer at each table. */
static void add_sight(struct store_args *args, const struct store_conversation_query *query,
                      bool looks) {
    store_arg(args, db_bool(query->sight == STORE_SIGHT_ALL));
    store_arg(args, db_bool(query->sight == STORE_SIGHT_VIEWER && query->has_viewer));
    add_viewers(args, query, looks ? 5 : 2);
    store_arg(args, db_bool(query->relation == STORE_RELATION_ANY));
    store_arg(args, db_bool(relates(query, STORE_RELATION_HOSTING)));
    add_viewers(args, query, 2);
    store_arg(args, db_bool(relates(query, STORE_RELATION_BOOKED)));
    add_viewers(args, query, looks ? 2 : 0);
    store_arg(args, db_bool(relates(query, STORE_RELATION_INVITED)));
    add_viewers(args, query, looks ? 1 : 0);
}

/* Bytes of the base language: "pt" of "pt-BR". */
static size_t base_bytes(const char *language) {
    return strcspn(language, "-");
}

/* Tags of one base language are found by the index on it. */
static bool same_base(const struct store_conversation_query *query) {
    const char *first = query->languages[0];
    for (size_t i = 1; i < query->language_count; i++) {
        if (base_bytes(query->languages[i]) != base_bytes(first) ||
            memcmp(query->languages[i], first, base_bytes(first)) != 0)
            return false;
    }
    return query->language_count > 0;
}

static void add_languages(struct store_args *args, const struct store_conversation_query *query) {
    const char *first = query->language_count > 0 ? query->languages[0] : "";
    store_arg(args, db_bool(!same_base(query)));
    store_arg(args, db_text_n(first, base_bytes(first)));
    store_arg(args, db_bool(query->language_count == 0));
    for (size_t i = 0; i < STORE_FILTER_LANGUAGES_MAX; i++)
        store_arg(args, db_text(i < query->language_count ? query->languages[i] : first));
}

static void add_terms(struct store_args *args, enum source source, const struct search_plan *plan) {
    if (source == SOURCE_OPEN || source == SOURCE_ALL || source == SOURCE_MINE)
        return;
    for (size_t i = 0; i < DOMAIN_QUERY_MAX_TERMS; i++) {
        bool asked = i < plan->count && (source != SOURCE_SEARCH || i != plan->driving);
        store_arg(args, db_bool(!asked));
        store_arg(args, db_text(asked ? plan->terms[i].from : ""));
        store_arg(args, db_text(asked ? plan->terms[i].end : ""));
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
    struct search_plan *plan = arena_alloc(arena, sizeof *plan);
    if (plan == NULL)
        return store_no_room();
    TRY(plan_search(tx, tenant, query, plan));
    enum source source = plan_source_of(query, plan);
    ret_args->count = 0;
    add_source(ret_args, tenant, query, source, plan);
    add_viewers(ret_args, query, 3);
    add_filter(ret_args, tenant, query);
    add_sight(ret_args, query, false);
    add_languages(ret_args, query);
    add_set(ret_args, query->levels, LEVELS, level_name);
    add_terms(ret_args, source, plan);
    add_page(ret_args, query);
    *ret_sql = &lists[source][query->order];
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

/* ---- facets ---- */

static struct status count_languages(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_conversation_query *query,
                                     const struct search_plan *plan, struct store_facets *facets) {
    enum source source = plan_source_of(query, plan);
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    add_source(&args, tenant, query, source, plan);
    add_filter(&args, tenant, query);
    add_sight(&args, query, true);
    add_set(&args, query->levels, LEVELS, level_name);
    add_terms(&args, source, plan);
    TRY(db_query(tx, &language_facets[source], args.values, args.count, &rows));
    while (facets->language_count < STORE_FACET_LANGUAGES_MAX && db_rows_next(rows)) {
        size_t at = facets->language_count++;
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&facets->languages[at].language),
                                 db_into_int64(&facets->languages[at].count))));
    }
    return db_rows_status(rows);
}

static struct status count_levels(struct db_tx *tx, struct arena *arena, const char *tenant,
                                  const struct store_conversation_query *query,
                                  const struct search_plan *plan, struct store_facets *facets) {
    enum source source = plan_source_of(query, plan);
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    add_source(&args, tenant, query, source, plan);
    add_filter(&args, tenant, query);
    add_sight(&args, query, true);
    add_languages(&args, query);
    add_terms(&args, source, plan);
    TRY(db_query(tx, &level_facets[source], args.values, args.count, &rows));
    while (facets->level_count < STORE_FACET_LEVELS_MAX && db_rows_next(rows)) {
        const char *level = NULL;
        size_t at = facets->level_count++;
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&level), db_into_int64(&facets->levels[at].count))));
        if (!domain_level_parse(level, &facets->levels[at].level))
            return store_row_damaged();
    }
    return db_rows_status(rows);
}

struct status store_conversation_facets(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct store_conversation_query *query,
                                        struct store_facets *ret_facets) {
    struct store_facets facets = {.language_count = 0};
    struct search_plan plan;

    TRY(plan_search(tx, tenant, query, &plan));
    TRY(count_languages(tx, arena, tenant, query, &plan, &facets));
    TRY(count_levels(tx, arena, tenant, query, &plan, &facets));
    *ret_facets = facets;
    return status_ok();
}
