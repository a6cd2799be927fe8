/*
 * The handlers of MessageService, whose files share this. Internal to them; service.h registers
 * them.
 */
#ifndef SERVICE_MESSAGE_SERVICE_H
#define SERVICE_MESSAGE_SERVICE_H

#include "base/status.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "service/event.h"
#include "store/message.h"

/* Who may see the event of a private message; *ret_audience NULL: everybody. */
static inline const struct service_audience *message_audience(const struct store_message *message,
                                                              struct service_audience *storage) {
    if (!message->has_recipient)
        return NULL;
    *storage = (struct service_audience){.to = message->recipient.id, .from = message->sender.id};
    return storage;
}

/* The event of a message: its place in the log is the event's own, so the message holds none.
 * `kind` is one of the kinds that hold a message. */
struct status message_event(struct arena *arena, const struct store_message *message,
                            Liveconv__V1__Event__KindCase kind, int64_t now_us,
                            lc_event **ret_event) STATUS_MUST_USE;

/* service/message_send.c */
struct status message_send(void *self, struct rpc_call *call,
                           const lc_send_message_request *request,
                           lc_send_message_response *ret_response);
/* service/message_change.c */
struct status message_edit(void *self, struct rpc_call *call,
                           const lc_edit_message_request *request,
                           lc_edit_message_response *ret_response);
struct status message_delete(void *self, struct rpc_call *call,
                             const lc_delete_message_request *request,
                             lc_delete_message_response *ret_response);
/* service/message_correct.c */
struct status message_correct(void *self, struct rpc_call *call,
                              const lc_correct_message_request *request,
                              lc_correct_message_response *ret_response);

#endif
