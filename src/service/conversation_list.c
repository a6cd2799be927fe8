#include "service/conversation_list.h"

#include "domain/language.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/page.h"
#include "service/service.h"
#include "service/transaction.h"

#include <stdio.h>
#include <string.h>

/* ---- what is asked for ---- */

static struct status filter_languages(struct rpc_call *call, const lc_conversation_filter *filter,
                                      struct store_conversation_query *query) {
    for (size_t i = 0; i < filter->n_languages && i < STORE_FILTER_LANGUAGES_MAX; i++) {
        char tag[DOMAIN_LANGUAGE_BYTES];
        char path[40];
        if (!domain_language_canonical(filter->languages[i], tag)) {
            snprintf(path, sizeof path, "filter.languages[%zu]", i);
            return service_invalid(call, path, DOMAIN_REASON_FIELD_MALFORMED,
                                   "This is not a BCP 47 language tag.");
        }
        const char *copy = arena_strdup(rpc_call_arena(call), tag);
        if (copy == NULL)
            return service_no_room();
        query->languages[query->language_count++] = copy;
    }
    return status_ok();
}

struct status conversation_filter(struct rpc_call *call, const lc_conversation_filter *filter,
                                  struct store_conversation_query *query) {
    if (filter == NULL)
        return status_ok();
    TRY(filter_languages(call, filter, query));
    for (size_t i = 0; i < filter->n_levels; i++)
        query->levels |= STORE_BIT(filter->levels[i]);
    for (size_t i = 0; i < filter->n_types; i++)
        query->types |= STORE_BIT(filter->types[i]);
    for (size_t i = 0; i < filter->n_statuses; i++)
        query->statuses |= STORE_BIT(filter->statuses[i]);
    query->pricing = (enum store_pricing)filter->pricing;
    query->start_from_us = convert_time_us(filter->start_from);
    query->start_before_us = convert_time_us(filter->start_before);
    query->has_host = convert_id(filter->host_id, &query->host_id);
    query->has_instructor = convert_id(filter->instructor_id, &query->instructor_id);
    query->with_seats_left = filter->with_seats_left;
    return status_ok();
}

static enum store_order order_of(lc_conversation_order order) {
    switch (order) {
    case LC_CONVERSATION_ORDER_START_TIME_DESC:
        return STORE_ORDER_START_DESC;
    case LC_CONVERSATION_ORDER_CREATE_TIME_DESC:
        return STORE_ORDER_NEWEST;
    default:
        return STORE_ORDER_START;
    }
}

static struct status ask(struct rpc_call *call, const struct service_caller *caller,
                         const lc_list_conversations_request *request,
                         struct store_conversation_query *query) {
    TRY(conversation_filter(call, request->filter, query));
    query->relation = (enum store_relation)request->relation;
    query->order = order_of(request->order);
    query->sight = caller->is_admin ? STORE_SIGHT_ALL : STORE_SIGHT_VIEWER;
    query->has_viewer = caller->is_user;
    query->viewer = caller->person.id;
    if (query->relation != STORE_RELATION_ANY && !caller->is_user)
        return service_invalid(call, "relation", DOMAIN_REASON_FIELDS_INCONSISTENT,
                               "A backend has no conversations of its own.");
    return status_ok();
}

/* ---- the answer ---- */

struct list {
    struct arena *arena;
    const char *tenant;
    struct store_conversation_query query;
    bool with_facets;
    struct store_conversation_list found;
    struct store_facets *facets;
};

static struct status read_list(struct db_tx *tx, void *argument) {
    struct list *list = argument;
    TRY(store_conversation_list(tx, list->arena, list->tenant, &list->query, &list->found));
    if (!list->with_facets)
        return status_ok();
    return store_conversation_facets(tx, list->arena, list->tenant, &list->query, list->facets);
}

static void fill_facets(struct convert *c, const struct store_facets *facets,
                        lc_list_conversations_response *response) {
    lc_language_facet **languages = convert_list(c, facets->language_count);
    lc_level_facet **levels = convert_list(c, facets->level_count);
    for (size_t i = 0; i < facets->language_count && !c->failed; i++) {
        languages[i] = lc_language_facet_new(c->arena);
        c->failed = languages[i] == NULL;
        if (c->failed)
            return;
        languages[i]->language = convert_text(facets->languages[i].language);
        languages[i]->count = facets->languages[i].count;
    }
    for (size_t i = 0; i < facets->level_count && !c->failed; i++) {
        levels[i] = lc_level_facet_new(c->arena);
        c->failed = levels[i] == NULL;
        if (c->failed)
            return;
        levels[i]->level = (lc_cefr_level)facets->levels[i].level;
        levels[i]->count = facets->levels[i].count;
    }
    response->languages = languages;
    response->n_languages = facets->language_count;
    response->levels = levels;
    response->n_levels = facets->level_count;
}

static struct status fill(struct rpc_call *call, const struct service_caller *caller,
                          const struct list *list, const struct service_page *page,
                          lc_list_conversations_response *response) {
    struct convert c = convert_into(list->arena);
    const struct store_conversation_list *found = &list->found;
    lc_conversation_view **views = convert_list(&c, found->count);
    for (size_t i = 0; i < found->count && views != NULL; i++)
        views[i] = convert_view(&c, caller, &found->items[i]);
    if (list->with_facets)
        fill_facets(&c, list->facets, response);
    TRY(convert_status(&c));
    response->conversations = views;
    response->n_conversations = found->count;
    if (!found->has_more || found->count == 0)
        return status_ok();
    const struct store_conversation_view *last = &found->items[found->count - 1];
    return service_page_next(page, call, last->key, &last->conversation.id,
                             &response->next_page_token);
}

static void drop_terms(struct domain_terms *terms) {
    domain_terms_done(terms);
}

struct status conversation_list(void *self, struct rpc_call *call,
                                const lc_list_conversations_request *request,
                                lc_list_conversations_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct service_page page;
    struct domain_terms terms __attribute__((cleanup(drop_terms)));
    struct list list = {.arena = rpc_call_arena(call), .with_facets = request->with_facets};
    domain_terms_init(&terms);
    TRY(service_caller_get(context, call, &caller));
    TRY(ask(call, caller, request, &list.query));
    TRY(service_page_open(context, call, caller, "conversations", &request->base, &page));
    TRY(domain_terms_of_query(request->search, strlen(request->search), &terms));
    list.facets = arena_alloc(list.arena, sizeof *list.facets);
    if (list.facets == NULL)
        return service_no_room();
    list.tenant = caller->tenant;
    list.query.search = &terms;
    list.query.page = page.store;
    TRY(service_read(context, call, read_list, &list));
    return fill(call, caller, &list, &page, ret_response);
}
