/*
 * Holds a decoded request to the rules of its contract (`(grpc_c.v1.rules)` in the .proto).
 *
 * Thread-safety: functions without state.
 */
#ifndef RPC_RULES_H
#define RPC_RULES_H

#include "base/arena.h"
#include "base/status.h"
#include "rpc/details.h"
#include "rpc/method.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * OK, or INVALID_ARGUMENT with RPC_REASON_INVALID_FIELDS and one violation per broken rule, each
 * with the field's path ("conversation.prompts[2]") and a sentence that says what is allowed.
 * All broken rules are reported, up to the limit of rpc_details_add_violation(); the elements of a
 * list that is too long are not looked at. `now_us` is the wall clock, for RPC_RULE_FUTURE. `rules`
 * NULL: always OK. RESOURCE_EXHAUSTED when the arena has no room to look for duplicates.
 *
 * In a list an empty string or bytes is an element, not an absent value: it is held to the length
 * and must be a UUID where that is asked. A required list is not empty, and none of its elements is
 * an empty string or bytes or the zero of an enum. Of a oneof only the member that is set is looked
 * at. A Timestamp that must be in the future must also be one (years 1 to 9999, nanos below 10^9).
 */
struct status rpc_rules_check(const struct rpc_message_rules *rules,
                              const ProtobufCMessage *message, int64_t now_us, struct arena *arena,
                              struct rpc_details *details) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
