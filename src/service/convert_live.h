/*
 * Between the store's structs and the messages of the room: participants, messages, read positions.
 * As service/convert.h.
 */
#ifndef SERVICE_CONVERT_LIVE_H
#define SERVICE_CONVERT_LIVE_H

#include <stdint.h>

#include "base/uuid.h"
#include "liveconv/v1/events.grpc-c.h"
#include "liveconv/v1/message.grpc-c.h"
#include "liveconv/v1/participant.grpc-c.h"
#include "service/convert.h"
#include "store/message.h"
#include "store/participant.h"

lc_participant *convert_participant(struct convert *c, const struct store_participant *from);
lc_message *convert_message(struct convert *c, const struct store_message *from);
lc_read_state *convert_read_state(struct convert *c, const struct uuid *conversation,
                                  uint64_t through, int32_t unread);
/* A participant after a change. `by` NULL: its own doing, or the server's. */
lc_participant_change *convert_change(struct convert *c,
                                      const struct store_participant *participant,
                                      const struct store_conversation *conversation,
                                      const struct store_user_summary *by);

#endif
