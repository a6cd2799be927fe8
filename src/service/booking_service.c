#include "domain/reason.h"
#include "rpc/call.h"
#include "service/booking_list.h"
#include "service/booking_rules.h"
#include "service/conversation_change.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/person.h"
#include "service/room.h"
#include "service/transaction.h"
#include "store/booking.h"

/* ---- QuoteBooking ---- */

struct quote {
    struct booking_case seat;
    struct uuid id;
    struct status refusal;
};

static struct status read_quote(struct db_tx *tx, void *argument) {
    struct quote *quote = argument;
    struct booking_case *seat = &quote->seat;
    const char *tenant = seat->caller->tenant;
    TRY(store_conversation_get(tx, rpc_call_arena(seat->call), tenant, &quote->id,
                               &seat->person->id, &seat->view));
    struct status seen = service_see(seat->person, &seat->view, seat->invite_code);
    if (!status_is_ok(seen) && !seat->caller->is_admin)
        return seen;
    booking_find_month(seat);
    TRY(store_usage_get(tx, tenant, &seat->person->id, seat->month.key, &seat->usage));
    return schedule_find(tx, seat->caller, &seat->person->id, &seat->view.conversation,
                         &seat->other);
}

static struct status quote_booking(void *self, struct rpc_call *call,
                                   const lc_quote_booking_request *request,
                                   lc_quote_booking_response *ret_response) {
    struct service_context *context = self;
    struct quote quote = {
        .seat = {.context = context, .call = call, .invite_code = request->invite_code}};
    TRY(service_caller_get(context, call, &quote.seat.caller));
    TRY(service_caller_for(context, call, quote.seat.caller, request->user_id, "user_id",
                           &quote.seat.person));
    TRY(conversation_id(call, request->conversation_id, &quote.id));
    TRY(service_read(context, call, read_quote, &quote));
    quote.refusal = booking_decide(&quote.seat, service_now_us(context));
    return booking_quote(&quote.seat, quote.refusal, &ret_response->quote);
}

/* ---- BookConversation ---- */

struct book {
    struct booking_case seat;
    struct uuid id;
    struct uuid new_id;
    const lc_book_conversation_request *request;
    lc_book_conversation_response *response;
};

/* The booking as the decision makes it: a first one, or a new attempt of an old one. */
static void fill_booking(const struct service_work *work, const struct book *book, bool is_first,
                         struct store_booking *booking) {
    const struct domain_booking_decision *decision = &book->seat.decision;
    bool uses = (decision->step.effects & DOMAIN_EFFECT_USE_QUOTA) != 0;
    int32_t number = !is_first && booking->has_attempt ? booking->attempt.number + 1 : 1;
    if (is_first)
        *booking = (struct store_booking){.id = book->new_id};
    booking->conversation_id = book->id;
    booking->user.id = book->seat.person->id;
    booking->status = decision->step.state;
    booking->payment = decision->step.payment;
    booking->booked_at_us = work->now_us;
    booking->cancelled_at_us = 0;
    booking->amount = (struct store_money){.amount_minor = decision->amount_minor,
                                           .currency = book->seat.view.conversation.price.currency};
    booking->refunded_minor = 0;
    booking->hold_expires_at_us = 0;
    booking->offer_expires_at_us = 0;
    booking->start_us = book->seat.view.conversation.start_us;
    booking->has_attempt = true;
    booking->attempt = (struct store_attempt){.number = number,
                                              .payer = decision->payer,
                                              .payer_reason = decision->payer_reason,
                                              .amount = booking->amount,
                                              .payment = decision->step.payment,
                                              .policy = work->caller->settings->cancel_policy,
                                              .usage_month = uses ? book->seat.month.key : 0,
                                              .usage_kind = decision->kind,
                                              .provider = "",
                                              .provider_payment_id = ""};
}

/* Usage, booking, seats: what the decision's effects say. */
static struct status write_booking(struct service_work *work, struct book *book,
                                   struct uuid *ret_id) {
    const struct uuid *person = &book->seat.person->id;
    unsigned effects = book->seat.decision.step.effects;
    struct store_booking booking;
    bool exists;
    if (effects & DOMAIN_EFFECT_USE_QUOTA)
        TRY(store_usage_add(work->tx, work->tenant, person, book->seat.month.key,
                            book->seat.decision.kind, 1));
    TRY(store_booking_find(work->tx, work->arena, work->tenant, &book->id, person, &booking,
                           &exists));
    fill_booking(work, book, !exists, &booking);
    if (exists)
        TRY(store_booking_update(work->tx, work->tenant, &booking, work->now_us));
    else
        TRY(store_booking_insert(work->tx, work->tenant, &booking));
    if (effects & DOMAIN_EFFECT_TAKE_SEAT)
        TRY(store_conversation_add_seats(work->tx, work->tenant, &book->id, 1, 0));
    *ret_id = booking.id;
    return status_ok();
}

/* Reads the booking again, tells its user and the conversation's topic. `viewer` is the user. */
static struct status tell_booking(struct service_work *work, const struct uuid *id,
                                  struct store_topic *log, struct store_booking *ret_booking,
                                  struct store_conversation_view *ret_view) {
    struct convert c = convert_into(work->arena);
    lc_event *event = service_event_new(work->arena, work->now_us);
    if (event == NULL)
        return service_no_room();
    TRY(store_booking_get(work->tx, work->arena, work->tenant, id, ret_booking));
    TRY(conversation_tell_counts(work, &ret_booking->conversation_id, &ret_booking->user.id, log,
                                 ret_view));
    event->kind_case = LIVECONV__V1__EVENT__KIND_BOOKING_CHANGED;
    event->booking_changed =
        convert_booking_view(&c, ret_booking, &ret_view->conversation, work->settings, true);
    TRY(convert_status(&c));
    return service_event_inbox(work, &ret_booking->user.id, event);
}

static struct status decide(struct service_work *work, struct book *book) {
    struct status decision = booking_decide(&book->seat, work->now_us);
    if (status_is_ok(decision) || decision.reason == DOMAIN_REASON_PAYMENT_REQUIRED) {
        struct status price = booking_check_price(&book->seat, book->request->expected_amount);
        if (!status_is_ok(price))
            decision = price;
    }
    if (!status_is_ok(decision))
        booking_explain(&book->seat, decision);
    return decision;
}

static struct status book(struct service_work *work, void *argument) {
    struct book *book = argument;
    struct booking_case *seat = &book->seat;
    const struct uuid *person = &seat->person->id;
    struct store_booking booking;
    struct store_conversation_view after;
    struct uuid id;
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &book->id, person,
                                &seat->view));
    TRY(service_permit(work->context, work->call, work->caller, seat->person, DOMAIN_ACTION_BOOK,
                       &seat->view, seat->invite_code));
    booking_find_month(seat);
    TRY(store_usage_lock(work->tx, work->tenant, person, seat->month.key, &seat->usage));
    TRY(schedule_lock_rest(work, person, &seat->view.conversation, &seat->month));
    TRY(schedule_find(work->tx, work->caller, person, &seat->view.conversation, &seat->other));
    TRY(decide(work, book));
    TRY(write_booking(work, book, &id));
    struct store_topic log = seat->view.conversation.log;
    TRY(tell_booking(work, &id, &log, &booking, &after));
    if (seat->person != &work->caller->person)
        TRY(service_audit(work->context, work->tx, work->caller,
                          &(struct service_act){.action = "booking.create",
                                                .conversation = &after.conversation,
                                                .target_user = person,
                                                .target = &id}));
    struct convert c = convert_into(work->arena);
    book->response->booking = convert_booking(&c, &booking, true);
    book->response->conversation = convert_conversation(&c, &after.conversation, work->settings);
    return convert_status(&c);
}

static struct status book_conversation(void *self, struct rpc_call *call,
                                       const lc_book_conversation_request *request,
                                       lc_book_conversation_response *ret_response) {
    struct service_context *context = self;
    struct book work = {
        .seat = {.context = context, .call = call, .invite_code = request->invite_code},
        .request = request,
        .response = ret_response};
    TRY(service_caller_get(context, call, &work.seat.caller));
    TRY(service_caller_for(context, call, work.seat.caller, request->user_id, "user_id",
                           &work.seat.person));
    TRY(conversation_id(call, request->conversation_id, &work.id));
    TRY(service_new_id(context, &work.new_id));
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = book,
                                        .argument = &work};
    return service_mutate(context, call, work.seat.caller, &mutation);
}

/* ---- GetBooking ---- */

struct get {
    struct rpc_call *call;
    const struct service_caller *caller;
    struct uuid id;
    struct store_booking booking;
    struct store_conversation_view view;
};

static struct status no_booking(void) {
    return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_BOOKING_NOT_FOUND,
                        "There is no such booking.");
}

static struct status booking_id(struct rpc_call *call, const char *text, struct uuid *ret_id) {
    if (convert_id(text, ret_id))
        return status_ok();
    return service_invalid(call, "booking_id", DOMAIN_REASON_FIELD_MALFORMED,
                           "This is not a UUID.");
}

static bool is_own(const struct service_caller *caller, const struct store_booking *booking) {
    return caller->is_user && convert_same_id(&caller->person.id, &booking->user.id);
}

static struct status read_booking(struct db_tx *tx, void *argument) {
    struct get *get = argument;
    struct arena *arena = rpc_call_arena(get->call);
    TRY(store_booking_get(tx, arena, get->caller->tenant, &get->id, &get->booking));
    return store_conversation_get(tx, arena, get->caller->tenant, &get->booking.conversation_id,
                                  service_viewer(get->caller), &get->view);
}

static struct status get_booking(void *self, struct rpc_call *call,
                                 const lc_get_booking_request *request,
                                 lc_get_booking_response *ret_response) {
    struct get get = {.call = call};
    struct convert c = convert_into(rpc_call_arena(call));
    TRY(service_caller_get(self, call, &get.caller));
    TRY(booking_id(call, request->booking_id, &get.id));
    TRY(service_read(self, call, read_booking, &get));
    bool sees_money = is_own(get.caller, &get.booking) || get.caller->is_admin;
    bool is_host =
        (service_relations(&get.caller->person, &get.view, NULL) & DOMAIN_RELATION_HOST) != 0;
    if (!sees_money && !is_host)
        return no_booking();
    ret_response->booking = convert_booking(&c, &get.booking, sees_money);
    ret_response->conversation =
        convert_conversation(&c, &get.view.conversation, &get.caller->settings->settings);
    return convert_status(&c);
}

/* ---- CancelBooking ---- */

struct cancel {
    struct uuid id;
    lc_cancel_booking_response *response;
    bool leaves; /* out, as the next two: who has gone from where */
    struct uuid conversation;
    struct uuid user;
};

/* Usage first, then the booking, then the seat. */
static struct status write_cancellation(struct service_work *work, struct store_booking *booking,
                                        const struct domain_booking_step *step) {
    const struct store_attempt *attempt = &booking->attempt;
    struct domain_usage usage;
    if (step->effects & (DOMAIN_EFFECT_REFUND_ALL | DOMAIN_EFFECT_REFUND_BY_POLICY))
        return status_error(STATUS_UNIMPLEMENTED, 0, "Payments are not available.");
    if ((step->effects & DOMAIN_EFFECT_RETURN_QUOTA) && booking->has_attempt &&
        attempt->usage_month != 0) {
        TRY(store_usage_lock(work->tx, work->tenant, &booking->user.id, attempt->usage_month,
                             &usage));
        TRY(store_usage_add(work->tx, work->tenant, &booking->user.id, attempt->usage_month,
                            attempt->usage_kind, -1));
    }
    booking->status = step->state;
    booking->payment = step->payment;
    booking->attempt.payment = step->payment;
    booking->cancelled_at_us = work->now_us;
    TRY(store_booking_update(work->tx, work->tenant, booking, work->now_us));
    if (step->effects & DOMAIN_EFFECT_FREE_SEAT)
        return store_conversation_add_seats(work->tx, work->tenant, &booking->conversation_id, -1,
                                            0);
    return status_ok();
}

/* Finds the conversation without a lock, locks it, and reads the booking again. */
static struct status lock_booking(struct service_work *work, const struct uuid *id,
                                  struct store_booking *ret_booking,
                                  struct store_conversation_view *ret_view) {
    TRY(store_booking_get(work->tx, work->arena, work->tenant, id, ret_booking));
    if (!is_own(work->caller, ret_booking) && !work->caller->is_admin)
        return no_booking();
    TRY(store_conversation_lock(work->tx, work->arena, work->tenant, &ret_booking->conversation_id,
                                &ret_booking->user.id, ret_view));
    return store_booking_get(work->tx, work->arena, work->tenant, id, ret_booking);
}

/*
 * Without the seat there is nothing to be in the room for, or to read there, unless the user leads
 * or oversees it. `view` is what was read under the lock; its log moves on.
 */
static struct status leave_room(struct service_work *work, struct cancel *cancel,
                                const struct store_booking *booking, unsigned effects,
                                struct store_conversation_view *view) {
    struct room room = {
        .seat = {.conversation = booking->conversation_id, .user = booking->user.id}};
    struct service_acting acting;
    view->viewer.booking = booking->status;
    if (effects & DOMAIN_EFFECT_FREE_SEAT)
        view->conversation.seats_taken--;
    room.view = *view;
    TRY(service_acting_read(work->tx, work->arena, work->context, work->tenant, &booking->user.id,
                            &acting));
    if (status_is_ok(service_acting_permit(&acting, DOMAIN_ACTION_READ_HISTORY, view)))
        return status_ok();
    cancel->leaves = true;
    cancel->conversation = booking->conversation_id;
    cancel->user = booking->user.id;
    TRY(store_participant_find(work->tx, work->arena, work->tenant, &room.seat, &room.participant,
                               &room.is_known));
    if (room_is_inside(&room))
        TRY(room_leave(work, &room, 0));
    view->conversation.log = room.view.conversation.log;
    return status_ok();
}

static struct status cancel(struct service_work *work, void *argument) {
    struct cancel *cancel = argument;
    struct store_booking booking;
    struct store_conversation_view view;
    struct domain_cancel_decision decision;
    cancel->leaves = false;
    TRY(lock_booking(work, &cancel->id, &booking, &view));
    const struct domain_cancellation facts = {.conversation_status = view.conversation.status,
                                              .start_us = view.conversation.start_us,
                                              .booking = booking.status,
                                              .payment = booking.payment,
                                              .paid_amount_minor = booking.amount.amount_minor,
                                              .policy = booking.attempt.policy,
                                              .time_changed = booking.attempt.free_cancellation};
    struct status status = domain_cancel_decide(&facts, work->now_us, &decision);
    if (status.reason == DOMAIN_REASON_BOOKING_STATUS)
        rpc_call_add_error_metadata(work->call, "status",
                                    domain_booking_state_name(booking.status));
    TRY(status);
    if (decision.changes) {
        TRY(write_cancellation(work, &booking, &decision.step));
        TRY(leave_room(work, cancel, &booking, decision.step.effects, &view));
        struct store_topic log = view.conversation.log;
        TRY(tell_booking(work, &cancel->id, &log, &booking, &view));
        if (!is_own(work->caller, &booking))
            TRY(service_audit(work->context, work->tx, work->caller,
                              &(struct service_act){.action = "booking.cancel",
                                                    .conversation = &view.conversation,
                                                    .target_user = &booking.user.id,
                                                    .target = &cancel->id}));
    }
    struct convert c = convert_into(work->arena);
    cancel->response->booking = convert_booking(&c, &booking, true);
    return convert_status(&c);
}

static struct status cancel_booking(void *self, struct rpc_call *call,
                                    const lc_cancel_booking_request *request,
                                    lc_cancel_booking_response *ret_response) {
    const struct service_caller *caller;
    struct cancel work = {.response = ret_response};
    TRY(service_caller_get(self, call, &caller));
    TRY(booking_id(call, request->booking_id, &work.id));
    struct service_mutation mutation = {.request_id = request->request_id,
                                        .request = &request->base,
                                        .response = &ret_response->base,
                                        .run = cancel,
                                        .argument = &work};
    TRY(service_mutate(self, call, caller, &mutation));
    if (work.leaves)
        room_left(self, caller->tenant, &work.conversation, &work.user, LIVE_CLOSED_FORBIDDEN);
    return status_ok();
}

struct status service_register_booking(struct rpc_server *server, struct service_context *context) {
    struct lc_booking_service_handlers *handlers = arena_alloc(&context->arena, sizeof *handlers);
    if (handlers == NULL)
        return service_no_room();
    *handlers = (struct lc_booking_service_handlers){
        .self = context,
        .quote_booking = quote_booking,
        .book_conversation = book_conversation,
        .get_booking = get_booking,
        .list_bookings = booking_list,
        .cancel_booking = cancel_booking,
    };
    return lc_booking_service_register(server, handlers);
}
