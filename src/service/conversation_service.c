#include "domain/reason.h"
#include "rpc/call.h"
#include "service/conversation_change.h"
#include "service/conversation_list.h"
#include "service/convert.h"
#include "service/draft.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/schedule.h"
#include "service/service.h"
#include "service/transaction.h"
#include "service/watch.h"
#include "store/booking.h"
#include "store/conversation.h"
#include "store/user.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- CreateConversation ---- */

struct create {
    const struct service_person *host;
    struct draft draft;
    lc_create_conversation_response *response;
};

static struct status check_quota(struct service_work *work, const struct uuid *host) {
    int32_t limit = work->caller->settings->max_open_conversations_per_host;
    int32_t open;
    char text[16];
    TRY(store_conversation_count_open(work->tx, work->tenant, host, limit, &open));
    if (open < limit)
        return status_ok();
    snprintf(text, sizeof text, "%" PRId32, limit);
    rpc_call_add_quota_violation(work->call, "open_conversations",
                                 "The host has as many conversations ahead as are allowed.");
    rpc_call_add_error_metadata(work->call, "quota", "open_conversations");
    rpc_call_add_error_metadata(work->call, "limit", text);
    return status_error(STATUS_RESOURCE_EXHAUSTED, DOMAIN_REASON_QUOTA_EXCEEDED,
                        "The host has too many conversations ahead.");
}

static struct status create(struct service_work *work, void *argument) {
    struct create *create = argument;
    struct store_conversation *conversation = &create->draft.conversation;
    struct store_conversation_view view;
    struct store_topic log;
    TRY(draft_permit(work, create->host->roles, conversation));
    /* Nobody can wait for the conversation that is being created, so the order of the locks is
     * kept. */
    TRY(schedule_lock_leaders(work, conversation, true));
    TRY(check_quota(work, &create->host->id));
    TRY(schedule_check_leaders(work, conversation));
    TRY(store_conversation_insert(work->tx, work->tenant, conversation, &log));
    TRY(conversation_invite(work, &conversation->id, &create->draft));
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, &conversation->id,
                               service_viewer(work->caller), &view));
    TRY(conversation_tell(work, &view.conversation, &log,
                          LIVECONV__V1__EVENT__KIND_CONVERSATION_CREATED));
    TRY(conversation_tell_invited(work, &view.conversation, &create->draft));
    if (create->host != &work->caller->person)
        TRY(service_audit(work->context, work->tx, work->caller,
                          &(struct service_act){.action = "conversation.create",
                                                .conversation = &view.conversation,
                                                .target_user = &create->host->id}));
    struct convert c = convert_into(work->arena);
    create->response->conversation =
        convert_conversation(&c, &view.conversation, &work->caller->settings->settings);
    create->response->viewer = convert_viewer(&c, work->caller, &view);
    return convert_status(&c);
}

static struct status create_conversation(void *self, struct rpc_call *call,
                                         const lc_create_conversation_request *request,
                                         lc_create_conversation_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct create work = {.response = ret_response};
    TRY(service_caller_get(context, call, &caller));
    TRY(service_caller_for(context, call, caller, request->host_id, "host_id", &work.host));
    if (work.host->is_suspended)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                            "The host is suspended.");
    TRY(draft_create(context, call, caller, request->conversation, &work.draft));
    struct store_conversation *conversation = &work.draft.conversation;
    TRY(draft_check(context, call, caller, conversation, NULL));
    TRY(draft_invite_code(rpc_call_arena(call), conversation));
    TRY(service_new_id(context, &conversation->id));
    conversation->host.id = work.host->id;
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = create,
                                        .argument = &work};
    return service_mutate(context, call, caller, &mutation);
}

/* ---- GetConversation ---- */

struct get {
    const struct service_caller *caller;
    struct rpc_call *call;
    struct uuid id;
    const char *invite_code;
    struct store_conversation_view view;
    struct uuid *invited;
    size_t invited_count;
};

static bool sees_invitations(const struct service_caller *caller,
                             const struct store_conversation_view *view) {
    unsigned relations = service_relations(&caller->person, view, NULL);
    return (relations & (DOMAIN_RELATION_HOST | DOMAIN_RELATION_INSTRUCTOR | DOMAIN_RELATION_ADMIN |
                         DOMAIN_RELATION_SERVICE)) != 0;
}

static struct status get(struct db_tx *tx, void *argument) {
    struct get *get = argument;
    struct arena *arena = rpc_call_arena(get->call);
    const char *tenant = get->caller->tenant;
    get->invited_count = 0;
    TRY(store_conversation_get(tx, arena, tenant, &get->id, service_viewer(get->caller),
                               &get->view));
    TRY(service_see(&get->caller->person, &get->view, get->invite_code));
    if (!sees_invitations(get->caller, &get->view))
        return status_ok();
    return store_invitation_list(tx, arena, tenant, &get->id, &get->invited, &get->invited_count);
}

static struct status get_conversation(void *self, struct rpc_call *call,
                                      const lc_get_conversation_request *request,
                                      lc_get_conversation_response *ret_response) {
    struct service_context *context = self;
    struct get work = {.call = call, .invite_code = request->invite_code};
    TRY(service_caller_get(context, call, &work.caller));
    TRY(conversation_id(call, request->conversation_id, &work.id));
    TRY(service_read(context, call, get, &work));
    struct convert c = convert_into(rpc_call_arena(call));
    ret_response->conversation =
        convert_conversation(&c, &work.view.conversation, &work.caller->settings->settings);
    ret_response->viewer = convert_viewer(&c, work.caller, &work.view);
    char **invited = convert_list(&c, work.invited_count);
    for (size_t i = 0; i < work.invited_count && invited != NULL; i++)
        invited[i] = convert_uuid(&c, &work.invited[i]);
    TRY(convert_status(&c));
    ret_response->viewer->invited_user_ids = invited;
    ret_response->viewer->n_invited_user_ids = work.invited_count;
    return status_ok();
}

/* ---- UpdateConversation ---- */

struct update {
    struct uuid id;
    const lc_update_conversation_request *request;
    lc_update_conversation_response *response;
};

static struct status check_etag(struct service_work *work, const char *etag,
                                const struct store_conversation *conversation) {
    struct convert c = convert_into(work->arena);
    uint64_t version = 0;
    if (etag[0] == '\0' || (convert_version(etag, &version) && version == conversation->version))
        return status_ok();
    rpc_call_add_error_metadata(work->call, "etag", convert_etag(&c, conversation->version));
    return status_error(STATUS_ABORTED, DOMAIN_REASON_ETAG_MISMATCH,
                        "The conversation was changed since it was read.");
}

/* Who leads a session takes no seat in it. */
static struct status check_leader(struct service_work *work,
                                  const struct store_conversation *after) {
    struct store_booking booking;
    bool exists = false;
    if (after->has_instructor)
        TRY(store_booking_find(work->tx, work->arena, work->tenant, &after->id,
                               &after->instructor.id, &booking, &exists));
    if (!exists || !domain_booking_takes_seat(booking.status))
        return status_ok();
    rpc_call_add_error_metadata(work->call, "field", "conversation.instructor_id");
    return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_HAS_BOOKINGS,
                        "The instructor has booked a seat in this conversation.");
}

static bool has_same_leader(const struct store_conversation *before,
                            const struct store_conversation *after) {
    return before->has_instructor == after->has_instructor &&
           (!after->has_instructor ||
            convert_same_id(&before->instructor.id, &after->instructor.id));
}

/* Those who lead it have time for it. Who has booked may cancel instead. */
static struct status check_schedule(struct service_work *work,
                                    const struct store_conversation *before,
                                    const struct store_conversation *after) {
    if (before->start_us == after->start_us && before->end_us == after->end_us &&
        has_same_leader(before, after))
        return status_ok();
    TRY(schedule_lock_leaders(work, after, false));
    return schedule_check_leaders(work, after);
}

/* The host's own roles count, whoever changes it. */
static struct status permit_terms(struct service_work *work,
                                  const struct store_conversation *before,
                                  const struct store_conversation *after) {
    if (has_same_leader(before, after) && before->price.amount_minor == after->price.amount_minor)
        return status_ok();
    struct store_user host;
    TRY(check_leader(work, after));
    TRY(store_user_get(work->tx, work->arena, work->tenant, &before->host.id, work->now_us, &host));
    return draft_permit(work, host.roles, after);
}

static struct status update(struct service_work *work, void *argument) {
    struct update *update = argument;
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;
    struct draft draft = {0};
    uint64_t version;
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &update->id,
                                service_viewer(caller), &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person, DOMAIN_ACTION_UPDATE,
                       &view, NULL));
    TRY(check_etag(work, update->request->etag, &view.conversation));
    draft.conversation = view.conversation;
    TRY(draft_patch(work->context, work->call, caller, update->request, &draft));
    TRY(draft_check(work->context, work->call, caller, &draft.conversation, &view.conversation));
    TRY(permit_terms(work, &view.conversation, &draft.conversation));
    TRY(check_schedule(work, &view.conversation, &draft.conversation));
    TRY(draft_invite_code(work->arena, &draft.conversation));
    TRY(store_conversation_update(work->tx, work->tenant, &draft.conversation,
                                  view.conversation.version, work->now_us, &version));
    if (draft.conversation.start_us != view.conversation.start_us)
        TRY(store_booking_free_cancellation(work->tx, work->tenant, &update->id, work->now_us));
    TRY(conversation_invite(work, &update->id, &draft));
    TRY(service_audit(work->context, work->tx, caller,
                      &(struct service_act){.action = "conversation.update",
                                            .conversation = &view.conversation}));
    struct store_topic log = view.conversation.log;
    TRY(conversation_changed(work, &update->id, &log,
                             LIVECONV__V1__EVENT__KIND_CONVERSATION_UPDATED, &view.conversation));
    TRY(conversation_tell_invited(work, &view.conversation, &draft));
    struct convert c = convert_into(work->arena);
    update->response->conversation =
        convert_conversation(&c, &view.conversation, &caller->settings->settings);
    return convert_status(&c);
}

static struct status update_conversation(void *self, struct rpc_call *call,
                                         const lc_update_conversation_request *request,
                                         lc_update_conversation_response *ret_response) {
    const struct service_caller *caller;
    struct update work = {.request = request, .response = ret_response};
    TRY(service_caller_get(self, call, &caller));
    TRY(conversation_id(call, request->conversation_id, &work.id));
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = update,
                                        .argument = &work};
    return service_mutate(self, call, caller, &mutation);
}

/* ---- CancelConversation, StartConversation, EndConversation ---- */

static struct status cancel_conversation(void *self, struct rpc_call *call,
                                         const lc_cancel_conversation_request *request,
                                         lc_cancel_conversation_response *ret_response) {
    struct conversation_step step = {.action = DOMAIN_ACTION_CANCEL,
                                     .event = DOMAIN_EVENT_CANCEL,
                                     .id_text = request->conversation_id,
                                     .note = request->note,
                                     .ret_conversation = &ret_response->conversation};
    return conversation_step(self, call, request->request_id, &request->base, &ret_response->base,
                             &step);
}

static struct status start_conversation(void *self, struct rpc_call *call,
                                        const lc_start_conversation_request *request,
                                        lc_start_conversation_response *ret_response) {
    struct conversation_step step = {.action = DOMAIN_ACTION_START,
                                     .event = DOMAIN_EVENT_START,
                                     .id_text = request->conversation_id,
                                     .ret_conversation = &ret_response->conversation};
    return conversation_step(self, call, request->request_id, &request->base, &ret_response->base,
                             &step);
}

static struct status end_conversation(void *self, struct rpc_call *call,
                                      const lc_end_conversation_request *request,
                                      lc_end_conversation_response *ret_response) {
    struct conversation_step step = {.action = DOMAIN_ACTION_END,
                                     .event = DOMAIN_EVENT_END,
                                     .id_text = request->conversation_id,
                                     .ret_conversation = &ret_response->conversation};
    return conversation_step(self, call, request->request_id, &request->base, &ret_response->base,
                             &step);
}

struct status service_register_conversation(struct rpc_server *server,
                                            struct service_context *context) {
    struct lc_conversation_service_handlers *handlers =
        arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return service_no_room();
    *handlers = (struct lc_conversation_service_handlers){
        .self = context,
        .create_conversation = create_conversation,
        .get_conversation = get_conversation,
        .list_conversations = conversation_list,
        .update_conversation = update_conversation,
        .cancel_conversation = cancel_conversation,
        .start_conversation = start_conversation,
        .end_conversation = end_conversation,
        .watch_conversations = watch_conversations,
    };
    return lc_conversation_service_register(server, handlers);
}
