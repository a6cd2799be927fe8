/*
 * What the statements of lists and facets of conversations have in common: parts of their text, and
 * the parameters of those parts. Private to src/store.
 *
 * A condition that was not asked for is switched off by a parameter: `(? OR c.level IN (...))`. The
 * server optimizes a prepared statement anew at each execution, with its parameters as constants,
 * so what is switched off is gone before an index is chosen (a test reads EXPLAIN).
 *
 * Thread-safety: functions without state.
 */
#ifndef STORE_CONVERSATION_QUERY_H
#define STORE_CONVERSATION_QUERY_H

#include "domain/search.h"
#include "store/conversation.h"
#include "store/internal.h"

struct arena;

enum {
    STORE_STATUSES = 4,
    STORE_LEVELS = 6,
    STORE_TYPES = 4,
};

#define Q4 "?, ?, ?, ?"
#define Q20 Q4 ", " Q4 ", " Q4 ", " Q4 ", " Q4

/* ---- where the rows come from ---- */

/* Two indexes are left out that have the order but not the state: LIMIT would lure the optimizer
 * into walking through everything that is long over. */
#define FROM_OPEN                                                                                  \
    " FROM live_conversations c IGNORE INDEX (conversation_start, conversation_invite_code,"       \
    " conversation_facets)"
#define FROM_ALL                                                                                   \
    " FROM live_conversations c IGNORE INDEX (conversation_invite_code, conversation_facets)"
/* Ids are gathered with their start and sorted before the rest is joined: a sort of whole rows,
 * which hold long texts, would go through a file, and could not stop at the end of the page. */
#define WITH_START(alias)                                                                          \
    " JOIN live_conversations x ON x.tenant_id = " alias ".tenant_id"                              \
    " AND x.id = " alias ".conversationId"
#define JOIN_GATHERED                                                                              \
    ") AS s STRAIGHT_JOIN live_conversations c FORCE INDEX (PRIMARY)"                              \
    " ON c.tenant_id = ? AND c.id = s.id"
/* Of the rarest term of a search that have the others, too: those that are open, which the terms'
 * own index tells, and all. `terms` is FEW_TERMS or MANY_TERMS. */
#define FROM_SEARCH_OPEN(terms)                                                                    \
    " FROM (SELECT DISTINCT t.conversationId AS id, t.openStart AS startTime"                      \
    " FROM conversation_terms t WHERE t.tenant_id = ? AND t.term >= ? AND t.term < ?"              \
    " AND t.openStart IS NOT NULL" terms("t.tenant_id", "t.conversationId") JOIN_GATHERED
#define TERMS_WITH_START " FROM conversation_terms t" WITH_START("t")
#define TERM_RANGE " WHERE t.tenant_id = ? AND t.term >= ? AND t.term < ?"
#define FROM_SEARCH(terms)                                                                         \
    " FROM (SELECT DISTINCT x.id, x.startTime" TERMS_WITH_START TERM_RANGE terms(                  \
        "t.tenant_id", "t.conversationId") JOIN_GATHERED
#define TAKEN_PART                                                                                 \
    " UNION SELECT x.id, x.startTime FROM live_conversation_participants p" WITH_START("p")
#define INVITED_TO " UNION SELECT x.id, x.startTime FROM conversation_invitations v" WITH_START("v")
#define FROM_MINE                                                                                  \
    " FROM (SELECT id, startTime FROM live_conversations"                                          \
    " WHERE ? AND tenant_id = ? AND hostId = ?"                                                    \
    " UNION SELECT id, startTime FROM live_conversations"                                          \
    " WHERE ? AND tenant_id = ? AND instructorId = ?"                                              \
    " UNION SELECT conversationId, startTime FROM live_conversation_bookings"                      \
    " WHERE ? AND tenant_id = ? AND userId = ? AND takesSeat = 1" TAKEN_PART                       \
    " WHERE ? AND p.tenant_id = ? AND p.userId = ?" INVITED_TO                                     \
    " WHERE ? AND v.tenant_id = ? AND v.userId = ?" JOIN_GATHERED

/* ---- conditions ---- */

/* What the filter says, but languages and levels, which have facets. */
#define WHERE_IN_STATUSES " AND (? OR c.status IN (" Q4 "))"
#define WHERE_TYPES " AND (? OR c.conversationType IN (" Q4 "))"
#define WHERE_PRICING " AND (? OR c.isFree = ?)"
#define WHERE_TIMES " AND (? OR c.startTime >= ?) AND (? OR c.startTime < ?)"
#define WHERE_LEADERS " AND (? OR c.hostId = ?) AND (? OR c.instructorId = ?)"
#define WHERE_SEATS " AND (? OR (c.waiting = 0 AND c.seatsTaken < c.maxParticipants))"
#define WHERE_FILTER                                                                               \
    " WHERE c.tenant_id = ? AND (? OR c.isOpen = 1)" WHERE_IN_STATUSES WHERE_TYPES WHERE_PRICING   \
        WHERE_TIMES WHERE_LEADERS WHERE_SEATS
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

/* The terms of a search besides the one that the rows come from; `tenant` and `id` are columns of
 * the table that is at hand first. Not EXISTS: that would be turned into an IN and all rows of the
 * term gathered first. A whole word is looked up by the primary key; a beginning of a word among
 * those of the conversation. */
#define HAS_WORD(tenant, id)                                                                       \
    " AND (? OR (SELECT 1 FROM conversation_terms q FORCE INDEX (PRIMARY) WHERE q.tenant_id "      \
    "= " tenant " AND q.term = ? AND q.conversationId = " id ") IS NOT NULL)"
#define HAS_BEGINNING(tenant, id)                                                                  \
    " AND (? OR (SELECT 1 FROM conversation_terms q FORCE INDEX (term_conversation)"               \
    " WHERE q.tenant_id = " tenant " AND q.conversationId = " id                                   \
    " AND q.term >= ? AND q.term < ? LIMIT 1) IS NOT NULL)"
#define THREE_OF(has, tenant, id) has(tenant, id) has(tenant, id) has(tenant, id)
#define SIXTEEN_OF(has, tenant, id)                                                                \
    THREE_OF(has, tenant, id)                                                                      \
    THREE_OF(has, tenant, id)                                                                      \
    THREE_OF(has, tenant, id)                                                                      \
    THREE_OF(has, tenant, id) THREE_OF(has, tenant, id) has(tenant, id)
/* Most searches have few terms, and each place costs something also when it is switched off. */
#define FEW_TERMS(tenant, id) THREE_OF(HAS_WORD, tenant, id) HAS_BEGINNING(tenant, id)
#define MANY_TERMS(tenant, id)                                                                     \
    SIXTEEN_OF(HAS_WORD, tenant, id)                                                               \
    SIXTEEN_OF(HAS_BEGINNING, tenant, id)

/* ---- what a search looks for ---- */

/* The range of a term's rows, end excluded. */
struct store_term_range {
    const char *from;
    char end[DOMAIN_TERM_MAX_BYTES + 2];
    bool is_prefix;
    int64_t found; /* rows, as far as that matters */
};

struct store_search_plan {
    struct store_term_range terms[DOMAIN_QUERY_MAX_TERMS];
    size_t count;       /* 0: no search */
    bool is_few;        /* FEW_TERMS has places for all */
    size_t rarest;      /* of all */
    bool is_common;     /* even the rarest is */
    bool has_word;      /* not only beginnings of words */
    size_t rarest_word; /* of the whole words */
};

/* Counts the terms. Those that cannot occur find nothing; the beginning of one word alone is that
 * word. What the plan points to is the query's or in `arena`. */
struct status store_search_plan_make(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_conversation_query *query,
                                     struct store_search_plan *ret_plan) STATUS_MUST_USE;

/* ---- parameters, in the order of the text ---- */

/* Only SCHEDULED and LIVE ones are asked for. */
bool store_query_is_open(const struct store_conversation_query *query);

/* FROM_SEARCH and FROM_SEARCH_OPEN. */
void store_query_add_search(struct store_args *args, const char *tenant,
                            const struct store_search_plan *plan);
/* FROM_MINE; `any`: whatever binds the viewer to a conversation, not only what is asked for. */
void store_query_add_mine(struct store_args *args, const char *tenant,
                          const struct store_conversation_query *query, bool any);
/* The viewer, or NULL, so many times. */
void store_query_add_viewers(struct store_args *args, const struct store_conversation_query *query,
                             int count);
/* WHERE_FILTER. */
void store_query_add_filter(struct store_args *args, const char *tenant,
                            const struct store_conversation_query *query);
/* WHERE_VIEWER; `looks`: BY_LOOKING, which names the viewer at each table. */
void store_query_add_sight(struct store_args *args, const struct store_conversation_query *query,
                           bool looks);
/* WHERE_LANGUAGES and WHERE_LEVELS. */
void store_query_add_languages(struct store_args *args,
                               const struct store_conversation_query *query);
void store_query_add_levels(struct store_args *args, const struct store_conversation_query *query);
/* The parts of WHERE_FILTER for those statements that have them alone. */
void store_query_add_in_statuses(struct store_args *args,
                                 const struct store_conversation_query *query);
void store_query_add_types(struct store_args *args, const struct store_conversation_query *query);
void store_query_add_pricing(struct store_args *args, const struct store_conversation_query *query);
void store_query_add_times(struct store_args *args, const struct store_conversation_query *query);
/* FEW_TERMS or MANY_TERMS, as the plan says, but for term `but` (SIZE_MAX: all). */
void store_query_add_terms(struct store_args *args, const struct store_search_plan *plan,
                           size_t but);

#endif
