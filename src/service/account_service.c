#include "domain/reason.h"
#include "liveconv/v1/account_service.grpc-c.h"
#include "rpc/call.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/service.h"
#include "service/transaction.h"
#include "service/zone.h"
#include "store/home.h"

struct home {
    struct rpc_call *call;
    const struct service_caller *caller;
    struct store_home_query query;
    struct service_month month;
    struct store_home found;
};

static struct status read_home(struct db_tx *tx, void *argument) {
    struct home *home = argument;
    return store_home_get(tx, rpc_call_arena(home->call), home->caller->tenant, &home->query,
                          &home->found);
}

static lc_entitlements *entitlements(struct convert *c, const struct home *home) {
    const struct store_tenant *tenant = home->caller->settings;
    const struct service_person *person = &home->caller->person;
    const struct domain_entitlement *tier =
        domain_entitlement_of(tenant->entitlements, tenant->entitlement_count, person->tier);
    lc_entitlements *to = lc_entitlements_new(c->arena);
    lc_allowance **allowances = convert_list(c, DOMAIN_KIND_COUNT);
    for (size_t i = 0; i < DOMAIN_KIND_COUNT && allowances != NULL; i++) {
        allowances[i] = lc_allowance_new(c->arena);
        if (allowances[i] == NULL)
            break;
        allowances[i]->kind = convert_text(domain_kind_name((enum domain_kind)i));
        allowances[i]->per_month = tier->a_month[i];
        allowances[i]->used = home->found.usage.used[i];
        allowances[i]->renew_time = convert_time(c, home->month.end_us);
    }
    if (to == NULL || allowances == NULL || allowances[DOMAIN_KIND_COUNT - 1] == NULL) {
        c->failed = true;
        return NULL;
    }
    to->tier = convert_text(person->tier);
    to->allowances = allowances;
    to->n_allowances = DOMAIN_KIND_COUNT;
    to->booking_horizon_days = tier->horizon_days;
    to->may_create_paid = (person->roles & (DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN)) != 0;
    return to;
}

static lc_conversation_view **views(struct convert *c, const struct service_caller *caller,
                                    const struct store_conversation_list *from) {
    lc_conversation_view **to = convert_list(c, from->count);
    for (size_t i = 0; i < from->count && to != NULL; i++)
        to[i] = convert_view(c, caller, &from->items[i]);
    return to;
}

static struct status fill(struct service_context *context, const struct home *home,
                          lc_get_home_response *response) {
    struct convert c = convert_into(rpc_call_arena(home->call));
    const struct store_home *found = &home->found;
    const struct service_caller *caller = home->caller;
    lc_booking_view **bookings = convert_list(&c, found->next_bookings.count);
    for (size_t i = 0; i < found->next_bookings.count && bookings != NULL; i++)
        bookings[i] = convert_booking_view(&c, &found->next_bookings.items[i].booking,
                                           &found->next_bookings.items[i].conversation,
                                           &caller->settings->settings, true);
    response->user = convert_user(&c, &found->user);
    response->entitlements = entitlements(&c, home);
    response->next_bookings = bookings;
    response->n_next_bookings = found->next_bookings.count;
    response->next_hosted = views(&c, caller, &found->next_hosted);
    response->n_next_hosted = found->next_hosted.count;
    response->live_now = views(&c, caller, &found->live_now);
    response->n_live_now = found->live_now.count;
    response->unread_total = found->unread_total;
    response->server_time = convert_time(&c, service_now_us(context));
    response->time_zone = convert_text(caller->settings->time_zone);
    return convert_status(&c);
}

static struct status get_home(void *self, struct rpc_call *call, const lc_get_home_request *request,
                              lc_get_home_response *ret_response) {
    struct service_context *context = self;
    struct home home = {.call = call};
    (void)request;
    TRY(service_caller_get(context, call, &home.caller));
    int64_t now_us = service_now_us(context);
    home.month =
        service_month_of(context->zone_directory, home.caller->settings->time_zone, now_us);
    home.query = (struct store_home_query){.user = home.caller->person.id,
                                           .now_us = now_us,
                                           .doors_open_before_us =
                                               home.caller->settings->settings.doors_open_before_us,
                                           .month = home.month.key};
    TRY(service_read(context, call, read_home, &home));
    return fill(context, &home, ret_response);
}

struct status service_register_account(struct rpc_server *server, struct service_context *context) {
    struct lc_account_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return service_no_room();
    *handlers = (struct lc_account_service_handlers){.self = context, .get_home = get_home};
    return lc_account_service_register(server, handlers);
}
