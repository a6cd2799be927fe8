#include "store/conversation_query.h"

#include <string.h>

/* Conversations with a term; from then on it is common. */
enum { COMMON_TERM = 2000 };

/* Places in FEW_TERMS; MANY_TERMS has DOMAIN_QUERY_MAX_TERMS for each. */
enum { FEW_WORDS = 3, FEW_BEGINNINGS = 1 };

static const struct db_sql count_rows = {
    "SELECT COUNT(*) FROM (SELECT 1 FROM conversation_terms WHERE tenant_id = ? AND term >= ?"
    " AND term < ? LIMIT 2000) AS found"};

static const struct db_sql find_words = {"SELECT MIN(term), MAX(term) FROM conversation_terms"
                                         " WHERE tenant_id = ? AND term >= ? AND term < ?"};

/* ---- what a search looks for ---- */

/* No term holds a control character, so nothing lies between the word and this end. */
static void end_after_word(struct store_term_range *range) {
    char *end = stpcpy(range->end, range->from);
    memcpy(end, "\x01", 2);
}

static bool term_range(const struct domain_term *term, struct store_term_range *ret_range) {
    struct store_term_range range = {.from = term->text, .is_prefix = term->is_prefix};
    if (!term->is_prefix)
        end_after_word(&range);
    else if (!domain_prefix_end(term->text, range.end))
        return false;
    *ret_range = range;
    return true;
}

/* Most words are written out before they are looked for; and a word is found sooner than what
 * begins like it. */
static struct status complete(struct db_tx *tx, struct arena *arena, const char *tenant,
                              struct store_term_range *range) {
    const char *first = NULL;
    const char *last = NULL;
    bool is_row = false;
    TRY(db_query_row(tx, &find_words,
                     DB_ARGS(db_text(tenant), db_text(range->from), db_text(range->end)), arena,
                     DB_INTO(store_into_text(&first), store_into_text(&last)), &is_row));
    if (first == NULL || strcmp(first, last) != 0 || strlen(first) > DOMAIN_TERM_MAX_BYTES)
        return status_ok();
    range->from = first;
    range->is_prefix = false;
    end_after_word(range);
    return status_ok();
}

static void choose(struct store_search_plan *plan, size_t i) {
    const struct store_term_range *term = &plan->terms[i];
    if (i == 0 || term->found < plan->terms[plan->rarest].found)
        plan->rarest = i;
    if (term->is_prefix)
        return;
    if (!plan->has_word || term->found < plan->terms[plan->rarest_word].found)
        plan->rarest_word = i;
    plan->has_word = true;
}

static size_t count_beginnings(const struct store_search_plan *plan) {
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        count += plan->terms[i].is_prefix ? 1 : 0;
    return count;
}

struct status store_search_plan_make(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_conversation_query *query,
                                     struct store_search_plan *ret_plan) {
    const struct domain_terms *terms = query->search;
    struct store_search_plan *plan = ret_plan;

    *plan = (struct store_search_plan){.count = 0};
    while (terms != NULL && plan->count < terms->count && plan->count < DOMAIN_QUERY_MAX_TERMS) {
        struct store_term_range *range = &plan->terms[plan->count];
        bool is_row = false;
        *range = (struct store_term_range){.from = ""};
        (void)term_range(&terms->items[plan->count], range);
        TRY(db_query_row(tx, &count_rows,
                         DB_ARGS(db_text(tenant), db_text(range->from), db_text(range->end)), NULL,
                         DB_INTO(db_into_int64(&range->found)), &is_row));
        if (range->is_prefix && range->found >= COMMON_TERM)
            TRY(complete(tx, arena, tenant, range));
        choose(plan, plan->count++);
    }
    size_t beginnings = count_beginnings(plan);
    plan->is_few = beginnings <= FEW_BEGINNINGS && plan->count - beginnings <= FEW_WORDS;
    plan->is_common = plan->count > 0 && plan->terms[plan->rarest].found >= COMMON_TERM;
    return status_ok();
}

/* ---- parameters, in the order of the text ---- */

static const unsigned open_statuses =
    STORE_BIT(DOMAIN_STATUS_SCHEDULED) | STORE_BIT(DOMAIN_STATUS_LIVE);

bool store_query_is_open(const struct store_conversation_query *query) {
    return (query->statuses & ~open_statuses) == 0;
}

static bool relates(const struct store_conversation_query *query, enum store_relation relation) {
    if (query->relation == STORE_RELATION_OWN)
        return relation == STORE_RELATION_HOSTING || relation == STORE_RELATION_BOOKED;
    return query->relation == relation;
}

static struct db_value viewer_of(const struct store_conversation_query *query) {
    return db_when(query->has_viewer, db_uuid(&query->viewer));
}

void store_query_add_mine(struct store_args *args, const char *tenant,
                          const struct store_conversation_query *query, bool any) {
    static const enum store_relation parts[] = {STORE_RELATION_HOSTING, STORE_RELATION_HOSTING,
                                                STORE_RELATION_BOOKED, STORE_RELATION_BOOKED,
                                                STORE_RELATION_INVITED};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        store_arg(args, db_bool(any || relates(query, parts[i])));
        store_arg(args, db_text(tenant));
        store_arg(args, viewer_of(query));
    }
    store_arg(args, db_text(tenant));
}

void store_query_add_search(struct store_args *args, const char *tenant,
                            const struct store_search_plan *plan) {
    store_arg(args, db_text(tenant));
    store_arg(args, db_text(plan->terms[plan->rarest].from));
    store_arg(args, db_text(plan->terms[plan->rarest].end));
    store_query_add_terms(args, plan, plan->rarest);
    store_arg(args, db_text(tenant));
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

void store_query_add_in_statuses(struct store_args *args,
                                 const struct store_conversation_query *query) {
    unsigned statuses = query->statuses == 0 ? open_statuses : query->statuses;
    add_set(args, statuses == open_statuses ? 0 : statuses, STORE_STATUSES, status_name);
}

void store_query_add_types(struct store_args *args, const struct store_conversation_query *query) {
    add_set(args, query->types, STORE_TYPES, type_name);
}

void store_query_add_pricing(struct store_args *args,
                             const struct store_conversation_query *query) {
    store_arg(args, db_bool(query->pricing == STORE_PRICING_ANY));
    store_arg(args, db_bool(query->pricing == STORE_PRICING_FREE));
}

void store_query_add_times(struct store_args *args, const struct store_conversation_query *query) {
    store_arg(args, db_bool(query->start_from_us == 0));
    store_arg(args, db_time_us(query->start_from_us));
    store_arg(args, db_bool(query->start_before_us == 0));
    store_arg(args, db_time_us(query->start_before_us));
}

void store_query_add_filter(struct store_args *args, const char *tenant,
                            const struct store_conversation_query *query) {
    store_arg(args, db_text(tenant));
    store_arg(args, db_bool(!store_query_is_open(query)));
    store_query_add_in_statuses(args, query);
    store_query_add_types(args, query);
    store_query_add_pricing(args, query);
    store_query_add_times(args, query);
    store_arg(args, db_bool(!query->has_host));
    store_arg(args, db_uuid(&query->host_id));
    store_arg(args, db_bool(!query->has_instructor));
    store_arg(args, db_uuid(&query->instructor_id));
    store_arg(args, db_bool(!query->with_seats_left));
}

void store_query_add_viewers(struct store_args *args, const struct store_conversation_query *query,
                             int count) {
    for (int i = 0; i < count; i++)
        store_arg(args, viewer_of(query));
}

void store_query_add_sight(struct store_args *args, const struct store_conversation_query *query,
                           bool looks) {
    store_arg(args, db_bool(query->sight == STORE_SIGHT_ALL));
    store_arg(args, db_bool(query->sight == STORE_SIGHT_VIEWER && query->has_viewer));
    store_query_add_viewers(args, query, looks ? 5 : 2);
    store_arg(args, db_bool(query->relation == STORE_RELATION_ANY));
    store_arg(args, db_bool(relates(query, STORE_RELATION_HOSTING)));
    store_query_add_viewers(args, query, 2);
    store_arg(args, db_bool(relates(query, STORE_RELATION_BOOKED)));
    store_query_add_viewers(args, query, looks ? 2 : 0);
    store_arg(args, db_bool(relates(query, STORE_RELATION_INVITED)));
    store_query_add_viewers(args, query, looks ? 1 : 0);
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

void store_query_add_languages(struct store_args *args,
                               const struct store_conversation_query *query) {
    const char *first = query->language_count > 0 ? query->languages[0] : "";
    store_arg(args, db_bool(!same_base(query)));
    store_arg(args, db_text_n(first, base_bytes(first)));
    store_arg(args, db_bool(query->language_count == 0));
    for (size_t i = 0; i < STORE_FILTER_LANGUAGES_MAX; i++)
        store_arg(args, db_text(i < query->language_count ? query->languages[i] : first));
}

void store_query_add_levels(struct store_args *args, const struct store_conversation_query *query) {
    add_set(args, query->levels, STORE_LEVELS, level_name);
}

/* Words or beginnings, and then places that are switched off. */
static void add_places(struct store_args *args, const struct store_search_plan *plan, size_t but,
                       bool beginnings, size_t places) {
    size_t used = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct store_term_range *term = &plan->terms[i];
        if (i == but || term->is_prefix != beginnings)
            continue;
        store_arg(args, db_bool(false));
        store_arg(args, db_text(term->from));
        if (beginnings)
            store_arg(args, db_text(term->end));
        used++;
    }
    for (; used < places; used++) {
        store_arg(args, db_bool(true));
        store_arg(args, db_text(""));
        if (beginnings)
            store_arg(args, db_text(""));
    }
}

void store_query_add_terms(struct store_args *args, const struct store_search_plan *plan,
                           size_t but) {
    size_t words = plan->is_few ? FEW_WORDS : DOMAIN_QUERY_MAX_TERMS;
    size_t beginnings = plan->is_few ? FEW_BEGINNINGS : DOMAIN_QUERY_MAX_TERMS;
    add_places(args, plan, but, false, words);
    add_places(args, plan, but, true, beginnings);
}
