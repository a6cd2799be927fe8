/*
 * What changes of a conversation have in common: telling those who care, and the steps of its life.
 *
 * Also for scheduled work, where `work->caller` is NULL.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_CONVERSATION_CHANGE_H
#define SERVICE_CONVERSATION_CHANGE_H

#include "base/status.h"
#include "domain/lifecycle.h"
#include "domain/permission.h"
#include "liveconv/v1/events.grpc-c.h"
#include "service/draft.h"
#include "service/transaction.h"
#include "store/conversation.h"

/* INVALID_ARGUMENT for what is not a UUID; the contract's rules have refused that before. */
struct status conversation_id(struct rpc_call *call, const char *text,
                              struct uuid *ret_id) STATUS_MUST_USE;

/* locked: Appends an event that holds the whole conversation. */
struct status conversation_tell(struct service_work *work,
                                const struct store_conversation *conversation,
                                struct store_topic *log,
                                Liveconv__V1__Event__KindCase kind) STATUS_MUST_USE;

/* locked: Reads the conversation again, tells its topic, and tells the inboxes of host, instructor
 * and all who hold a seat (booked_conversation_changed). `ret_conversation` may be NULL. */
struct status conversation_changed(struct service_work *work, const struct uuid *id,
                                   struct store_topic *log, Liveconv__V1__Event__KindCase kind,
                                   struct store_conversation *ret_conversation) STATUS_MUST_USE;

/* locked: Makes the draft's users the invited ones, if it says so; finds who was not before. */
struct status conversation_invite(struct service_work *work, const struct uuid *id,
                                  struct draft *draft) STATUS_MUST_USE;
/* locked: Tells them. */
struct status conversation_tell_invited(struct service_work *work,
                                        const struct store_conversation *conversation,
                                        const struct draft *draft) STATUS_MUST_USE;

/* locked: Seats were taken or became free: reads the conversation again and tells its topic. */
struct status conversation_tell_counts(struct service_work *work, const struct uuid *id,
                                       const struct uuid *viewer, struct store_topic *log,
                                       struct store_conversation_view *ret_view) STATUS_MUST_USE;

/* One step of a conversation's life. */
struct conversation_step {
    enum domain_action action; /* what the caller must be allowed to do */
    enum domain_event event;
    const char *id_text;
    const char *note;
    lc_conversation **ret_conversation; /* of the response */
};

/* A mutation: permission, the step with all that follows from it, events, the answer. A step that
 * leads nowhere else is answered with what is there. */
struct status conversation_step(struct service_context *context, struct rpc_call *call,
                                const char *request_id, const ProtobufCMessage *request,
                                ProtobufCMessage *response,
                                struct conversation_step *step) STATUS_MUST_USE;

/* locked: What a step does to the rows, and whom it tells: status, stays, bookings, events.
 * `view` is what was read under the lock. For scheduled work too. `ret_conversation` may be NULL.
 */
struct status conversation_take_step(struct service_work *work,
                                     const struct store_conversation_view *view,
                                     enum domain_event event, const char *note,
                                     struct store_conversation *ret_conversation) STATUS_MUST_USE;

/* After the commit: nobody is in the room of a conversation that is over. */
void conversation_step_done(struct service_context *context, const char *tenant,
                            const struct uuid *id, enum domain_event event);

#endif
