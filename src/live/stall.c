#include "live/stall.h"

/* What the runtime ends has a grace of the runtime's own (rpc/stream.h). */
static bool is_ended_by_runtime(enum live_goodbye leaving) {
    return leaving == LIVE_GOODBYE_DRAIN || leaving == LIVE_GOODBYE_MAX_AGE ||
           leaving == LIVE_GOODBYE_TOKEN_EXPIRED;
}

enum live_stall live_write_check(const struct live_write *write, enum live_goodbye leaving,
                                 int64_t now_us, int64_t slow_after_ms, int64_t leave_ms,
                                 int64_t *ret_due_us) {
    *ret_due_us = INT64_MAX;
    if (write->begun_at_us == 0 || write->cut || is_ended_by_runtime(leaving))
        return LIVE_STALL_NONE;
    int64_t since_us = write->begun_at_us;
    if (leaving != 0 && write->left_at_us > since_us)
        since_us = write->left_at_us;
    int64_t due_us = since_us + (leaving != 0 ? leave_ms : slow_after_ms) * 1000;
    if (now_us >= due_us)
        return leaving != 0 ? LIVE_STALL_CUT : LIVE_STALL_SLOW;
    *ret_due_us = due_us;
    return LIVE_STALL_NONE;
}
