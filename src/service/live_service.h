/*
 * The handlers of LiveService, whose files share this. Internal to them; service.h registers them.
 */
#ifndef SERVICE_LIVE_SERVICE_H
#define SERVICE_LIVE_SERVICE_H

#include "base/status.h"
#include "liveconv/v1/live_service.grpc-c.h"

/* service/moderation.c */
struct status live_remove_participant(void *self, struct rpc_call *call,
                                      const lc_remove_participant_request *request,
                                      lc_remove_participant_response *ret_response);
struct status live_mute_participant(void *self, struct rpc_call *call,
                                    const lc_mute_participant_request *request,
                                    lc_mute_participant_response *ret_response);
struct status live_lock_conversation(void *self, struct rpc_call *call,
                                     const lc_lock_conversation_request *request,
                                     lc_lock_conversation_response *ret_response);

/* service/subscribe.c */
struct status live_subscribe(void *self, struct rpc_call *call,
                             const lc_subscribe_request *request);

#endif
