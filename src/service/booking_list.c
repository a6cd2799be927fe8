#include "service/booking_list.h"

#include "domain/reason.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/page.h"
#include "service/service.h"
#include "service/transaction.h"
#include "store/booking.h"

struct list {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    struct store_booking_query query;
    bool needs_host; /* others' bookings, seen by who hosts the conversation */
    struct store_booking_list found;
};

static bool names_other(const struct list *list) {
    return list->query.has_user &&
           !(list->caller->is_user &&
             convert_same_id(&list->query.user_id, &list->caller->person.id));
}

static struct status ask(struct list *list, const lc_booking_filter *filter) {
    struct store_booking_query *query = &list->query;
    const struct service_caller *caller = list->caller;
    if (filter != NULL) {
        query->has_conversation = convert_id(filter->conversation_id, &query->conversation_id);
        query->has_user = convert_id(filter->user_id, &query->user_id);
        for (size_t i = 0; i < filter->n_statuses; i++)
            query->statuses |= STORE_BIT(filter->statuses[i]);
        for (size_t i = 0; i < filter->n_payment_statuses; i++)
            query->payments |= STORE_BIT(filter->payment_statuses[i]);
        query->start_from_us = convert_time_us(filter->start_from);
        query->start_before_us = convert_time_us(filter->start_before);
    }
    if (!query->has_conversation && !query->has_user && caller->is_user) {
        query->has_user = true;
        query->user_id = caller->person.id;
    }
    if (caller->is_admin)
        return status_ok();
    if (!query->has_conversation && names_other(list))
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_HOST,
                            "Only admins and backends see the bookings of others.");
    list->needs_host = query->has_conversation && (!query->has_user || names_other(list));
    return status_ok();
}

static struct status read_list(struct db_tx *tx, void *argument) {
    struct list *list = argument;
    struct arena *arena = rpc_call_arena(list->call);
    /* Who oversees needs to be nobody to it, but it has to exist in this tenant. */
    if (list->needs_host || (list->caller->is_admin && list->query.has_conversation)) {
        struct store_conversation_view view;
        TRY(store_conversation_get_listed(tx, arena, list->caller->tenant,
                                          &list->query.conversation_id,
                                          service_viewer(list->caller), &view));
        TRY(service_permit(list->context, list->call, list->caller, &list->caller->person,
                           DOMAIN_ACTION_LIST_BOOKINGS, &view, NULL));
    }
    return store_booking_list(tx, arena, list->caller->tenant, &list->query, &list->found);
}

static struct status fill(const struct list *list, const struct service_page *page,
                          lc_list_bookings_response *response) {
    struct convert c = convert_into(rpc_call_arena(list->call));
    const struct store_booking_list *found = &list->found;
    lc_booking_view **views = convert_list(&c, found->count);
    for (size_t i = 0; i < found->count && views != NULL; i++)
        views[i] = convert_booking_view(&c, &found->items[i].booking, &found->items[i].conversation,
                                        &list->caller->settings->settings, !list->needs_host);
    TRY(convert_status(&c));
    response->bookings = views;
    response->n_bookings = found->count;
    if (!found->has_more || found->count == 0)
        return status_ok();
    const struct store_booking *last = &found->items[found->count - 1].booking;
    return service_page_next(page, list->call, last->start_us, &last->id,
                             &response->next_page_token);
}

struct status booking_list(void *self, struct rpc_call *call,
                           const lc_list_bookings_request *request,
                           lc_list_bookings_response *ret_response) {
    struct service_page page;
    struct list list = {.context = self, .call = call};
    TRY(service_caller_get(self, call, &list.caller));
    TRY(ask(&list, request->filter));
    TRY(service_page_open(self, call, list.caller, "bookings", &request->base, &page));
    list.query.page = page.store;
    TRY(service_read(self, call, read_list, &list));
    return fill(&list, &page, ret_response);
}
