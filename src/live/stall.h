/*
 * How long a frame may take to be written.
 *
 * A reader that keeps its window shut never finishes a write, and whoever writes is asked for the
 * next frame only when the last is written. So the time is watched beside it: a stream that does
 * not keep up is sent away, and one that is to end (replaced, suspended, sent away) and still does
 * not read is cut off. Otherwise a client could pile up streams that count for nothing.
 *
 * Internal to live. Loop's thread.
 */
#ifndef LIVE_STALL_H
#define LIVE_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "live/frame.h"

struct live_write {
    int64_t begun_at_us; /* of the frame that is being written; 0: none is */
    int64_t left_at_us;  /* when the stream was told to end; 0: it was not */
    bool cut;            /* it was cut off */
};

enum live_stall {
    LIVE_STALL_NONE, /* nothing is being written, or there is time */
    LIVE_STALL_SLOW, /* it must leave with SLOW */
    LIVE_STALL_CUT,  /* it has had its time to leave */
};

/* How the write stands. `leaving`: why the stream is to end; 0: it is not. *ret_due_us is when to
 * look again; INT64_MAX: not because of the write. */
enum live_stall live_write_check(const struct live_write *write, enum live_goodbye leaving,
                                 int64_t now_us, int64_t slow_after_ms, int64_t leave_ms,
                                 int64_t *ret_due_us);

#endif
