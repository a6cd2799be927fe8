/* Reading what was written, and how far somebody has read. */
#include "service/message_service.h"

#include "domain/page_token.h"
#include "domain/permission.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/fault.h"
#include "service/service.h"
#include "service/transaction.h"
#include "store/participant.h"

#include <string.h>

struct status message_event(struct arena *arena, const struct store_message *message,
                            Liveconv__V1__Event__KindCase kind, int64_t now_us,
                            lc_event **ret_event) {
    struct convert c = convert_into(arena);
    lc_event *event = service_event_new(arena, now_us);
    lc_message *body = convert_message(&c, message);
    if (event == NULL || body == NULL)
        return service_no_room();
    if (kind == LIVECONV__V1__EVENT__KIND_MESSAGE_SENT ||
        kind == LIVECONV__V1__EVENT__KIND_MESSAGE_CORRECTED)
        body->sequence = 0;
    event->kind_case = kind;
    event->message_sent = body; /* all kinds about a message hold the same */
    TRY(convert_status(&c));
    *ret_event = event;
    return status_ok();
}

/* ---- list ---- */

struct listing {
    struct service_context *context;
    struct rpc_call *call;
    const struct service_caller *caller;
    struct store_message_query query;
    struct store_message_list list; /* out */
    struct store_viewer viewer;     /* out */
};

static struct status read_messages(struct db_tx *tx, void *argument) {
    struct listing *listing = argument;
    const struct service_caller *caller = listing->caller;
    struct arena *arena = rpc_call_arena(listing->call);
    struct store_conversation_view view;

    TRY(store_conversation_get(tx, arena, caller->tenant, &listing->query.conversation_id,
                               service_viewer(caller), &view));
    TRY(service_permit(listing->context, listing->call, caller, &caller->person,
                       DOMAIN_ACTION_READ_HISTORY, &view, NULL));
    listing->viewer = view.viewer;
    return store_message_list(tx, arena, caller->tenant, &listing->query, &listing->list);
}

/* What a page token is bound to. */
struct listing_filter {
    struct uuid conversation;
    struct uuid viewer;
    struct uuid original;
    struct uuid private_with;
};

static struct domain_page_scope scope_of(const struct listing *listing,
                                         struct listing_filter *filter) {
    memset(filter, 0, sizeof *filter);
    filter->conversation = listing->query.conversation_id;
    filter->viewer = listing->query.viewer;
    filter->original = listing->query.original_id;
    filter->private_with = listing->query.private_with;
    return (struct domain_page_scope){.key = listing->context->page_key,
                                      .list = "messages",
                                      .tenant = listing->caller->tenant,
                                      .filter = filter,
                                      .filter_len = sizeof *filter};
}

static struct status read_query(struct listing *listing, const lc_list_messages_request *request) {
    struct store_message_query *query = &listing->query;
    query->page.size = domain_page_size(request->page_size);
    convert_id(request->conversation_id, &query->conversation_id);
    query->has_original = convert_id(request->original_message_id, &query->original_id);
    query->has_private_with = convert_id(request->private_with_user_id, &query->private_with);
    /* A backend is nobody: what is private stays between the two. */
    if (listing->caller->is_user)
        query->viewer = listing->caller->person.id;

    struct listing_filter filter;
    struct domain_page_scope scope = scope_of(listing, &filter);
    struct domain_page_position position;
    if (request->page_token[0] == '\0')
        return status_ok();
    struct status status = domain_page_token_read(&scope, request->page_token, &position);
    if (!status_is_ok(status))
        return service_invalid(listing->call, "page_token", status.reason,
                               "This is not the token of a page of this list.");
    query->page.has_after = true;
    query->page.after_key = position.key;
    return status_ok();
}

static struct status write_page(struct listing *listing, lc_list_messages_response *ret_response) {
    const struct store_message_list *list = &listing->list;
    struct convert c = convert_into(rpc_call_arena(listing->call));

    ret_response->messages = convert_list(&c, list->count);
    TRY(convert_status(&c));
    for (size_t i = 0; i < list->count; i++)
        ret_response->messages[i] = convert_message(&c, &list->items[i]);
    ret_response->n_messages = list->count;
    if (list->has_more) {
        struct listing_filter filter;
        struct domain_page_scope scope = scope_of(listing, &filter);
        struct domain_page_position last = {.key = (int64_t)list->items[list->count - 1].sequence};
        char token[DOMAIN_PAGE_TOKEN_BYTES];
        TRY(domain_page_token_write(&scope, &last, token));
        ret_response->next_page_token = arena_strdup(c.arena, token);
        if (ret_response->next_page_token == NULL)
            return service_no_room();
    }
    if (listing->caller->is_user)
        ret_response->read_state =
            convert_read_state(&c, &listing->query.conversation_id,
                               listing->viewer.read_through_sequence, listing->viewer.unread_count);
    return convert_status(&c);
}

static struct status list_messages(void *self, struct rpc_call *call,
                                   const lc_list_messages_request *request,
                                   lc_list_messages_response *ret_response) {
    struct listing listing = {.context = self, .call = call};
    TRY(service_caller_get(self, call, &listing.caller));
    TRY(read_query(&listing, request));
    TRY(service_read(self, call, read_messages, &listing));
    return write_page(&listing, ret_response);
}

/* ---- read ---- */

struct marking {
    struct uuid conversation;
    uint64_t through;
    lc_mark_read_response *response;
};

static struct status may_mark(struct service_work *work, const struct marking *marking) {
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;
    TRY(store_conversation_get(work->tx, work->arena, work->tenant, &marking->conversation,
                               &caller->person.id, &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person,
                       DOMAIN_ACTION_READ_HISTORY, &view, NULL));
    /* Those who lead or oversee and never came in have no position. */
    if (view.viewer.participant == DOMAIN_PARTICIPANT_UNSPECIFIED)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_PARTICIPANT,
                            "only those who take part may do this");
    return status_ok();
}

static struct status run_mark(struct service_work *work, void *argument) {
    struct marking *marking = argument;
    const struct uuid *user = &work->caller->person.id;
    struct store_seat seat = {.conversation = marking->conversation, .user = *user};
    struct convert c = convert_into(work->arena);
    uint64_t through;
    int32_t unread;
    bool changed;

    TRY(may_mark(work, marking));
    TRY(store_participant_mark_read(work->tx, work->tenant, &seat, marking->through, &through,
                                    &changed));
    TRY(store_message_unread(work->tx, work->tenant, &marking->conversation, user, through,
                             &unread));
    lc_read_state *state = convert_read_state(&c, &marking->conversation, through, unread);
    TRY(convert_status(&c));
    marking->response->read_state = state;
    if (!changed)
        return status_ok();

    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL)
        return service_no_room();
    event->kind_case = LIVECONV__V1__EVENT__KIND_READ_STATE_CHANGED;
    event->read_state_changed = state;
    return service_event_inbox(work, user, event);
}

static struct status mark_read(void *self, struct rpc_call *call,
                               const lc_mark_read_request *request,
                               lc_mark_read_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct marking marking = {.through = request->read_through_sequence, .response = ret_response};
    struct service_mutation mutation = {.request = &request->base,
                                        .response = &ret_response->base,
                                        .run = run_mark,
                                        .argument = &marking};
    TRY(service_caller_get(context, call, &caller));
    convert_id(request->conversation_id, &marking.conversation);
    return service_mutate(context, call, caller, &mutation);
}

struct status service_register_message(struct rpc_server *server, struct service_context *context) {
    struct lc_message_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the handlers");
    *handlers = (struct lc_message_service_handlers){
        .self = context,
        .send_message = message_send,
        .list_messages = list_messages,
        .edit_message = message_edit,
        .delete_message = message_delete,
        .correct_message = message_correct,
        .mark_read = mark_read,
    };
    return lc_message_service_register(server, handlers);
}
