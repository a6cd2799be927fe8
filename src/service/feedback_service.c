#include "domain/reason.h"
#include "liveconv/v1/feedback_service.grpc-c.h"
#include "rpc/call.h"
#include "service/conversation_change.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/page.h"
#include "service/service.h"
#include "service/transaction.h"
#include "store/feedback.h"
#include "store/participant.h"

static lc_feedback *convert_feedback(struct convert *c, const struct store_feedback *from) {
    lc_feedback *to = lc_feedback_new(c->arena);
    char **tags = convert_list(c, from->tag_count);
    if (to == NULL || c->failed) {
        c->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < from->tag_count; i++)
        tags[i] = convert_text(from->tags[i]);
    to->id = convert_uuid(c, &from->id);
    to->conversation_id = convert_uuid(c, &from->conversation_id);
    to->author = convert_summary(c, &from->author);
    if (from->has_subject)
        to->subject = convert_summary(c, &from->subject);
    to->rating = from->rating;
    to->comment = convert_text(from->comment);
    to->tags = tags;
    to->n_tags = from->tag_count;
    to->create_time = convert_time(c, from->created_at_us);
    to->update_time = convert_time(c, from->updated_at_us);
    return to;
}

/* ---- SubmitFeedback ---- */

struct submit {
    struct store_feedback feedback;
    lc_submit_feedback_response *response;
};

static struct status check_subject(struct service_work *work,
                                   const struct store_feedback *feedback) {
    const struct store_seat seat = {.conversation = feedback->conversation_id,
                                    .user = feedback->subject.id};
    struct store_participant participant;
    char id[UUID_TEXT_BYTES];
    bool found;
    if (!feedback->has_subject)
        return status_ok();
    TRY(store_participant_find(work->tx, work->arena, work->tenant, &seat, &participant, &found));
    if (found)
        return status_ok();
    uuid_format(&feedback->subject.id, id);
    rpc_call_add_error_metadata(work->call, "user_id", id);
    return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_SUBJECT_NOT_PARTICIPANT,
                        "The user did not take part.");
}

static struct status tell_subject(struct service_work *work,
                                  const struct store_feedback *feedback) {
    struct convert c = convert_into(work->arena);
    lc_event *event = service_event_new(work->arena, work->now_us);
    lc_feedback_notice *notice = lc_feedback_notice_new(work->arena);
    if (event == NULL || notice == NULL)
        return service_no_room();
    notice->feedback_id = convert_uuid(&c, &feedback->id);
    notice->conversation_id = convert_uuid(&c, &feedback->conversation_id);
    event->kind_case = LIVECONV__V1__EVENT__KIND_FEEDBACK_RECEIVED;
    event->feedback_received = notice;
    TRY(convert_status(&c));
    return service_event_inbox(work, &feedback->subject.id, event);
}

static struct status submit(struct service_work *work, void *argument) {
    struct submit *submit = argument;
    const struct service_caller *caller = work->caller;
    struct store_conversation_view view;
    struct store_feedback stored;
    TRY(store_conversation_get(work->tx, work->arena, work->tenant,
                               &submit->feedback.conversation_id, service_viewer(caller), &view));
    TRY(service_permit(work->context, work->call, caller, &caller->person,
                       DOMAIN_ACTION_GIVE_FEEDBACK, &view, NULL));
    TRY(check_subject(work, &submit->feedback));
    submit->feedback.updated_at_us = work->now_us;
    TRY(store_feedback_put(work->tx, work->arena, work->tenant, &submit->feedback, &stored));
    if (stored.has_subject)
        TRY(tell_subject(work, &stored));
    struct convert c = convert_into(work->arena);
    submit->response->feedback = convert_feedback(&c, &stored);
    return convert_status(&c);
}

static struct status read_request(struct rpc_call *call, const lc_submit_feedback_request *request,
                                  struct store_feedback *feedback) {
    const char **tags = arena_alloc_array(rpc_call_arena(call), request->n_tags + 1, sizeof *tags);
    if (tags == NULL)
        return service_no_room();
    for (size_t i = 0; i < request->n_tags; i++)
        if (request->tags[i][0] != '\0')
            tags[feedback->tag_count++] = request->tags[i];
    feedback->tags = tags;
    feedback->rating = request->rating;
    feedback->comment = request->comment;
    feedback->has_subject = convert_id(request->subject_user_id, &feedback->subject.id);
    return conversation_id(call, request->conversation_id, &feedback->conversation_id);
}

static struct status submit_feedback(void *self, struct rpc_call *call,
                                     const lc_submit_feedback_request *request,
                                     lc_submit_feedback_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct submit work = {.response = ret_response};
    TRY(service_caller_get(context, call, &caller));
    TRY(read_request(call, request, &work.feedback));
    work.feedback.author.id = caller->person.id;
    if (work.feedback.has_subject && convert_same_id(&work.feedback.subject.id, &caller->person.id))
        return service_invalid(call, "subject_user_id", DOMAIN_REASON_SELF_REFERENCE,
                               "One cannot rate oneself.");
    TRY(service_new_id(context, &work.feedback.id));
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = submit,
                                        .argument = &work};
    return service_mutate(context, call, caller, &mutation);
}

/* ---- ListFeedback ---- */

struct list {
    struct rpc_call *call;
    const char *tenant;
    struct store_feedback_query query;
    struct store_feedback_list found;
};

static struct status read_list(struct db_tx *tx, void *argument) {
    struct list *list = argument;
    return store_feedback_list(tx, rpc_call_arena(list->call), list->tenant, &list->query,
                               &list->found);
}

static struct status list_feedback(void *self, struct rpc_call *call,
                                   const lc_list_feedback_request *request,
                                   lc_list_feedback_response *ret_response) {
    const struct service_caller *caller;
    struct service_page page;
    struct list list = {.call = call};
    struct convert c = convert_into(rpc_call_arena(call));
    TRY(service_caller_get(self, call, &caller));
    TRY(service_page_open(self, call, caller, "feedback", &request->base, &page));
    if (request->filter != NULL) {
        list.query.has_conversation =
            convert_id(request->filter->conversation_id, &list.query.conversation_id);
        list.query.has_subject =
            convert_id(request->filter->subject_user_id, &list.query.subject_id);
        list.query.has_author = convert_id(request->filter->author_user_id, &list.query.author_id);
    }
    list.tenant = caller->tenant;
    list.query.sees_all = caller->is_admin;
    list.query.viewer = caller->person.id;
    list.query.page = page.store;
    TRY(service_read(self, call, read_list, &list));
    ret_response->feedback = convert_list(&c, list.found.count);
    for (size_t i = 0; i < list.found.count && !c.failed; i++)
        ret_response->feedback[i] = convert_feedback(&c, &list.found.items[i]);
    TRY(convert_status(&c));
    ret_response->n_feedback = list.found.count;
    if (!list.found.has_more || list.found.count == 0)
        return status_ok();
    return service_page_next(&page, call, 0, &list.found.items[list.found.count - 1].id,
                             &ret_response->next_page_token);
}

struct status service_register_feedback(struct rpc_server *server,
                                        struct service_context *context) {
    struct lc_feedback_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return service_no_room();
    *handlers = (struct lc_feedback_service_handlers){
        .self = context, .submit_feedback = submit_feedback, .list_feedback = list_feedback};
    return lc_feedback_service_register(server, handlers);
}
