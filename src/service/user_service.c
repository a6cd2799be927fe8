#include "auth/revocation.h"
#include "base/str.h"
#include "domain/language.h"
#include "domain/reason.h"
#include "liveconv/v1/user_service.grpc-c.h"
#include "rpc/call.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/live.h"
#include "service/service.h"
#include "service/transaction.h"
#include "service/users.h"
#include "store/user.h"

#include <stdio.h>
#include <string.h>

/* ---- UpsertUsers ---- */

struct upsert {
    const lc_upsert_users_request *request;
    lc_upsert_users_response *response;
    const size_t *order; /* by subject: rows are locked in this order by everybody */
    const struct uuid *new_ids;
};

static struct status check_user(struct rpc_call *call, const lc_user_upsert *user, size_t index) {
    char path[48];
    char tag[DOMAIN_LANGUAGE_BYTES];
    if (user->locale[0] != '\0' && !domain_language_canonical(user->locale, tag)) {
        snprintf(path, sizeof path, "users[%zu].locale", index);
        return service_invalid(call, path, DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not a BCP 47 language tag.");
    }
    if (user->picture_url[0] != '\0' && !str_starts_with(user->picture_url, "https://")) {
        snprintf(path, sizeof path, "users[%zu].picture_url", index);
        return service_invalid(call, path, DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not an https URL.");
    }
    if (convert_role_bits(user->roles, user->n_roles) & DOMAIN_ROLE_SERVICE) {
        snprintf(path, sizeof path, "users[%zu].roles", index);
        return service_invalid(call, path, DOMAIN_REASON_FIELD_MALFORMED, "A backend is no user.");
    }
    return status_ok();
}

/* At most 200 of them: insertion sort. A subject that is there twice is refused. */
static struct status sort_users(struct rpc_call *call, const lc_upsert_users_request *request,
                                size_t *order) {
    for (size_t i = 0; i < request->n_users; i++) {
        size_t at = i;
        while (at > 0 &&
               strcmp(request->users[order[at - 1]]->subject, request->users[i]->subject) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        if (at > 0 &&
            strcmp(request->users[order[at - 1]]->subject, request->users[i]->subject) == 0)
            return service_invalid(call, "users", DOMAIN_REASON_FIELDS_INCONSISTENT,
                                   "A subject is named twice.");
        order[at] = i;
    }
    return status_ok();
}

static struct status upsert_user(struct service_work *work, const struct upsert *upsert,
                                 size_t index, struct convert *c) {
    const lc_user_upsert *from = upsert->request->users[index];
    const struct store_user_facts facts = {.new_id = upsert->new_ids[index],
                                           .subject = from->subject,
                                           .display_name = from->display_name,
                                           .picture_url = from->picture_url,
                                           .locale = from->locale,
                                           .tier = from->tier,
                                           .roles = convert_role_bits(from->roles, from->n_roles),
                                           .now_us = work->now_us};
    struct store_user user;
    enum store_user_change change;
    TRY(store_user_upsert(work->tx, work->arena, work->tenant, &facts, &user, &change));
    if (change == STORE_USER_ACCOUNT)
        TRY(service_tell_account(work, &user));
    upsert->response->users[index] = convert_user(c, &user);
    return status_ok();
}

static struct status upsert(struct service_work *work, void *argument) {
    struct upsert *upsert = argument;
    struct convert c = convert_into(work->arena);
    size_t count = upsert->request->n_users;
    upsert->response->users = convert_list(&c, count);
    TRY(convert_status(&c));
    for (size_t i = 0; i < count; i++)
        TRY(upsert_user(work, upsert, upsert->order[i], &c));
    upsert->response->n_users = count;
    return convert_status(&c);
}

static struct status upsert_users(void *self, struct rpc_call *call,
                                  const lc_upsert_users_request *request,
                                  lc_upsert_users_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct arena *arena = rpc_call_arena(call);
    size_t *order = arena_alloc_array(arena, request->n_users + 1, sizeof *order);
    struct uuid *ids = arena_alloc_array(arena, request->n_users + 1, sizeof *ids);
    if (order == NULL || ids == NULL)
        return service_no_room();
    TRY(service_caller_get(context, call, &caller));
    for (size_t i = 0; i < request->n_users; i++) {
        TRY(check_user(call, request->users[i], i));
        TRY(service_new_id(context, &ids[i]));
    }
    TRY(sort_users(call, request, order));
    struct upsert work = {
        .request = request, .response = ret_response, .order = order, .new_ids = ids};
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = upsert,
                                        .argument = &work};
    TRY(service_mutate(context, call, caller, &mutation));
    for (size_t i = 0; i < request->n_users; i++)
        service_users_forget(context->users, caller->tenant, request->users[i]->subject);
    return status_ok();
}

/* ---- GetUser ---- */

struct get {
    struct rpc_call *call;
    const char *tenant;
    struct uuid id;
    const char *subject;
    int64_t now_us;
    struct store_user user;
};

static struct status read_user(struct db_tx *tx, void *argument) {
    struct get *get = argument;
    struct arena *arena = rpc_call_arena(get->call);
    if (get->subject != NULL)
        return store_user_get_by_subject(tx, arena, get->tenant, get->subject, get->now_us,
                                         &get->user);
    return store_user_get(tx, arena, get->tenant, &get->id, get->now_us, &get->user);
}

static struct status get_user(void *self, struct rpc_call *call, const lc_get_user_request *request,
                              lc_get_user_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct get get = {.call = call, .now_us = service_now_us(context)};
    bool has_id = request->user_id[0] != '\0';
    TRY(service_caller_get(context, call, &caller));
    if (has_id == (request->subject[0] != '\0'))
        return service_invalid(call, "user_id", DOMAIN_REASON_FIELDS_INCONSISTENT,
                               "Exactly one of user_id and subject is set.");
    get.tenant = caller->tenant;
    if (!has_id)
        get.subject = request->subject;
    else if (!convert_id(request->user_id, &get.id))
        return service_invalid(call, "user_id", DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not a UUID.");
    TRY(service_read(context, call, read_user, &get));
    struct convert c = convert_into(rpc_call_arena(call));
    ret_response->user = convert_user(&c, &get.user);
    return convert_status(&c);
}

/* ---- SuspendUser ---- */

struct suspend {
    struct uuid id;
    const lc_suspend_user_request *request;
    lc_suspend_user_response *response;
};

static struct status suspend(struct service_work *work, void *argument) {
    struct suspend *suspend = argument;
    const lc_suspend_user_request *request = suspend->request;
    struct store_user user;
    TRY(store_user_suspend(work->tx, work->tenant, &suspend->id, request->suspended,
                           request->suspended ? convert_time_us(request->until) : 0, request->note,
                           work->now_us));
    TRY(service_audit(
        work->context, work->tx, work->caller,
        &(struct service_act){.action = request->suspended ? "user.suspend" : "user.restore",
                              .target_user = &suspend->id,
                              .note = request->note}));
    TRY(store_user_get(work->tx, work->arena, work->tenant, &suspend->id, work->now_us, &user));
    struct convert c = convert_into(work->arena);
    suspend->response->user = convert_user(&c, &user);
    return convert_status(&c);
}

/* Here at once; other nodes look every second. */
static void feel_suspension(struct service_context *context, const char *tenant,
                            const struct uuid *id, const lc_user *user) {
    int64_t until_us = convert_time_us(user->suspended_until);
    service_users_forget(context->users, tenant, user->subject);
    if (context->revocations != NULL && !user->suspended)
        auth_restore_user(context->revocations, tenant, user->subject);
    /* Without memory for it the table of users still refuses, a moment later. */
    if (context->revocations != NULL && user->suspended)
        (void)auth_revoke_user(context->revocations, tenant, user->subject,
                               until_us == 0 ? INT64_MAX : until_us);
    if (user->suspended)
        service_live_suspend(context->live, tenant, id);
}

/* The answer is of an earlier attempt, which may not have got so far as to act on it; since then
 * somebody may have decided otherwise. What cannot be read now is found by scheduled work. */
static void feel_what_holds_now(struct service_context *context, struct rpc_call *call,
                                const struct service_caller *caller, const struct uuid *id) {
    struct get get = {
        .call = call, .tenant = caller->tenant, .id = *id, .now_us = service_now_us(context)};
    struct convert c = convert_into(rpc_call_arena(call));
    if (!status_is_ok(db_read(context->pool, rpc_call_deadline_us(call), read_user, &get, NULL)))
        return;
    lc_user *user = convert_user(&c, &get.user);
    if (!c.failed)
        feel_suspension(context, caller->tenant, id, user);
}

static struct status suspend_user(void *self, struct rpc_call *call,
                                  const lc_suspend_user_request *request,
                                  lc_suspend_user_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct suspend work = {.request = request, .response = ret_response};
    TRY(service_caller_get(context, call, &caller));
    if (!convert_id(request->user_id, &work.id))
        return service_invalid(call, "user_id", DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not a UUID.");
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = suspend,
                                        .argument = &work};
    TRY(service_mutate(context, call, caller, &mutation));
    if (mutation.was_replayed)
        feel_what_holds_now(context, call, caller, &work.id);
    else
        feel_suspension(context, caller->tenant, &work.id, ret_response->user);
    return status_ok();
}

struct status service_register_user(struct rpc_server *server, struct service_context *context) {
    struct lc_user_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return service_no_room();
    *handlers = (struct lc_user_service_handlers){.self = context,
                                                  .upsert_users = upsert_users,
                                                  .get_user = get_user,
                                                  .suspend_user = suspend_user};
    return lc_user_service_register(server, handlers);
}
