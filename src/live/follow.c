/* One topic of one subscriber: from its position, over a snapshot if need be, along the log. */
#include <stddef.h>
#include <stdlib.h>

#include "domain/reason.h"
#include "live/hub_internal.h"

enum {
    RETRY_FIRST_US = 100 * 1000,
    RETRY_MOST_US = 5 * 1000 * 1000,
};

struct live_snapshot {
    struct live_task task;
    struct live_hub *hub;
    struct live_follow *follow; /* NULL: nobody wants it any more */
    struct live_snapshot_request request;
    struct status status;
    struct live_position position;
    struct rpc_buffer *state;
};

static int64_t now_of(const struct live_follow *follow) {
    return live_loop_now_us(follow->subscriber->hub->options.loop);
}

/* ---- snapshots ---- */

const struct live_snapshot_request *live_snapshot_request(const struct live_snapshot *snapshot) {
    return &snapshot->request;
}

static void try_later(struct live_follow *follow) {
    follow->retry_at_us = now_of(follow) + follow->retry_wait_us;
    follow->retry_wait_us *= 2;
    if (follow->retry_wait_us > RETRY_MOST_US)
        follow->retry_wait_us = RETRY_MOST_US;
}

static void take_snapshot(struct live_follow *follow, struct live_snapshot *snapshot) {
    follow->snapshot = NULL;
    switch (snapshot->status.code) {
    case STATUS_OK:
        follow->snapshot_state = snapshot->state;
        follow->snapshot_position = snapshot->position;
        snapshot->state = NULL;
        follow->retry_wait_us = RETRY_FIRST_US;
        break;
    case STATUS_NOT_FOUND:
        live_follow_close(follow, LIVE_CLOSED_MISSING);
        break;
    case STATUS_PERMISSION_DENIED:
        live_follow_close(follow, LIVE_CLOSED_FORBIDDEN);
        break;
    case STATUS_DATA_LOSS:
        follow->subscriber->failed = snapshot->status;
        break;
    default:
        try_later(follow);
        break;
    }
    live_subscriber_wake(follow->subscriber);
}

static void on_snapshot(struct live_task *task) {
    struct live_snapshot *snapshot =
        (struct live_snapshot *)((char *)task - offsetof(struct live_snapshot, task));
    if (snapshot->follow != NULL)
        take_snapshot(snapshot->follow, snapshot);
    rpc_buffer_unref(&snapshot->state);
    free(snapshot);
}

void live_snapshot_done(struct live_snapshot *snapshot, struct status status,
                        const struct live_position *position, struct rpc_buffer *state) {
    snapshot->status = status;
    if (status_is_ok(status)) {
        snapshot->position = *position;
        snapshot->state = rpc_buffer_ref(state);
    }
    live_loop_post(snapshot->hub->options.loop, &snapshot->task);
}

static void ask_snapshot(struct live_follow *follow) {
    const struct live_subscriber *subscriber = follow->subscriber;
    const struct live_reader *reader = &subscriber->hub->options.reader;
    if (follow->snapshot != NULL || now_of(follow) < follow->retry_at_us)
        return;
    struct live_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        try_later(follow);
        return;
    }
    snapshot->task.run = on_snapshot;
    snapshot->hub = subscriber->hub;
    snapshot->follow = follow;
    snapshot->request = (struct live_snapshot_request){
        .key = follow->wanted.key,
        .user = subscriber->user,
        .sees_private = follow->sees_private,
        .messages = follow->wanted.snapshot_messages,
        .reason = follow->reason,
    };
    follow->snapshot = snapshot;
    reader->make_snapshot(reader->context, snapshot);
}

static void need_snapshot(struct live_follow *follow, enum live_snapshot_reason reason) {
    follow->state = LIVE_FOLLOW_SNAPSHOT;
    follow->reason = reason;
}

/* It may hold a text that was rewritten since, or be of a log that is not there any more. */
static bool is_stale(const struct live_follow *follow) {
    return follow->snapshot_position.epoch != follow->topic->epoch ||
           follow->snapshot_position.sequence <
               live_topic_rewritten(follow->topic, follow->snapshot_position.epoch);
}

static enum live_next tell_snapshot(struct live_follow *follow, struct live_frame *frame) {
    struct live_topic *topic = follow->topic;
    if (follow->snapshot_state != NULL && is_stale(follow)) {
        rpc_buffer_unref(&follow->snapshot_state);
        if (follow->snapshot_position.epoch != topic->epoch) {
            live_topic_knows_head(topic, topic->heads_asked);
            try_later(follow);
        }
    }
    if (follow->snapshot_state == NULL) {
        ask_snapshot(follow);
        return LIVE_PENDING;
    }
    if (!live_frame_snapshot(frame, follow->name, &follow->snapshot_position, follow->reason,
                             follow->snapshot_state))
        return LIVE_END;
    rpc_buffer_unref(&follow->snapshot_state);
    follow->told = follow->snapshot_position;
    follow->cursor = follow->told.sequence;
    follow->has_told = true;
    follow->announced = false;
    follow->state = LIVE_FOLLOW_FLOWING;
    live_topic_hear(topic, follow->told.epoch, follow->cursor);
    live_hub_count(topic->hub, LIVE_FIGURE_SNAPSHOTS, 1);
    return LIVE_READY;
}

/* ---- the beginning ---- */

static void begin_at(struct live_follow *follow, uint64_t sequence) {
    follow->told = (struct live_position){follow->topic->epoch, sequence};
    follow->cursor = sequence;
    follow->has_told = true;
    follow->state = LIVE_FOLLOW_FLOWING;
}

/* Judges the position that the client came with, once the log is known well enough. */
static void begin(struct live_follow *follow) {
    struct live_topic *topic = follow->topic;
    const struct live_subscription *wanted = &follow->wanted;
    if (topic->epoch == 0) {
        live_topic_reach(topic, 0);
        follow->waiting = true;
    } else if (wanted->live_only) {
        begin_at(follow, topic->ring.head);
    } else if (!wanted->has_position) {
        need_snapshot(follow, LIVE_SNAPSHOT_INITIAL);
    } else if (wanted->after.epoch != topic->epoch) {
        need_snapshot(follow, LIVE_SNAPSHOT_EPOCH_CHANGED);
    } else if (wanted->after.sequence <= topic->ring.known_head) {
        begin_at(follow, wanted->after.sequence);
    } else if (live_topic_knows_head(topic, follow->head_number)) {
        need_snapshot(follow, LIVE_SNAPSHOT_TOO_FAR_BEHIND);
    } else {
        follow->waiting = true;
    }
}

/* ---- along the log ---- */

struct collected {
    struct rpc_buffer *entries[LIVE_BATCH_EVENTS]; /* a reference each: pages come and go */
    size_t count;
    size_t len_bytes;
    bool is_removed; /* the last one says that the user was removed from the topic */
};

/* Takes what is at hand from the cursor on; answers what stopped it. */
static enum live_reach collect(struct live_follow *follow, struct collected *collected) {
    struct live_topic *topic = follow->topic;
    const struct uuid *user = &follow->subscriber->user.id;
    enum live_reach reach;
    while ((reach = live_topic_reach(topic, follow->cursor)) == LIVE_REACH_HERE) {
        const struct live_event *event = live_topic_at(topic, follow->cursor + 1);
        if (live_event_visible(event, user, follow->sees_private)) {
            size_t len = rpc_buffer_len(event->entry);
            if (collected->count == LIVE_BATCH_EVENTS ||
                (collected->count > 0 && collected->len_bytes + len > LIVE_BATCH_BYTES))
                break;
            collected->entries[collected->count++] = rpc_buffer_ref(event->entry);
            collected->len_bytes += len;
        }
        follow->cursor++;
        if (event->removes && live_uuid_equal(&event->visible_to, user)) {
            collected->is_removed = true;
            break;
        }
    }
    return reach;
}

static enum live_next tell_batch(struct live_follow *follow, struct live_frame *frame,
                                 struct collected *collected) {
    struct live_topic *topic = follow->topic;
    struct live_batch batch = {
        .topic = follow->name,
        .epoch = topic->epoch,
        .after_sequence = follow->told.sequence,
        .through_sequence = follow->cursor,
        .caught_up = follow->cursor >= topic->ring.known_head,
    };
    if (!live_frame_batch(frame, &batch, collected->entries, collected->count))
        return LIVE_END;
    follow->told.sequence = follow->cursor;
    follow->announced = true;
    live_hub_count(topic->hub, LIVE_FIGURE_BATCHES, 1);
    live_hub_count(topic->hub, LIVE_FIGURE_DELIVERED, collected->count);
    return LIVE_READY;
}

static enum live_next flow(struct live_follow *follow, struct live_frame *frame) {
    struct live_topic *topic = follow->topic;
    if (follow->told.epoch != topic->epoch) {
        need_snapshot(follow, LIVE_SNAPSHOT_EPOCH_CHANGED);
        return LIVE_PENDING;
    }
    struct collected collected;
    collected.count = 0;
    collected.len_bytes = 0;
    collected.is_removed = false;
    enum live_reach reach = collect(follow, &collected);
    if (collected.count > 0 || (reach == LIVE_REACH_HEAD && !follow->announced)) {
        enum live_next next = tell_batch(follow, frame, &collected);
        if (collected.is_removed) /* whoever removed the user may not have been able to say so */
            live_follow_close(follow, LIVE_CLOSED_REMOVED);
        return next;
    }
    switch (reach) {
    case LIVE_REACH_TRIMMED:
        need_snapshot(follow, LIVE_SNAPSHOT_TRIMMED);
        break;
    case LIVE_REACH_FAR:
        need_snapshot(follow, LIVE_SNAPSHOT_TOO_FAR_BEHIND);
        break;
    case LIVE_REACH_BROKEN:
        follow->subscriber->failed = status_error(STATUS_DATA_LOSS, DOMAIN_REASON_DATA_CORRUPTED,
                                                  "the log of a topic is damaged");
        break;
    default:
        follow->waiting = reach == LIVE_REACH_WAIT;
        break;
    }
    return LIVE_PENDING;
}

enum live_next live_follow_next(struct live_follow *follow, struct live_frame *frame) {
    follow->waiting = false;
    if (follow->closed != 0) {
        if (follow->closed_told)
            return LIVE_PENDING;
        follow->closed_told = true;
        return live_frame_closed(frame, follow->name, follow->closed) ? LIVE_READY : LIVE_END;
    }
    if (follow->topic == NULL)
        return LIVE_PENDING;
    enum live_next next = LIVE_PENDING;
    if (follow->state == LIVE_FOLLOW_BEGIN)
        begin(follow);
    if (follow->state == LIVE_FOLLOW_FLOWING)
        next = flow(follow, frame);
    if (next == LIVE_PENDING && follow->state == LIVE_FOLLOW_SNAPSHOT)
        next = tell_snapshot(follow, frame);
    return next;
}

enum live_next live_follow_catch_up(struct live_follow *follow, struct live_frame *frame) {
    if (follow->topic == NULL || follow->state != LIVE_FOLLOW_FLOWING ||
        follow->cursor == follow->told.sequence || follow->told.epoch != follow->topic->epoch)
        return LIVE_PENDING;
    struct collected nothing;
    nothing.count = 0;
    return tell_batch(follow, frame, &nothing);
}

/* ---- signals ---- */

enum live_next live_follow_signal(struct live_follow *follow, struct live_frame *frame) {
    if (follow->topic == NULL || follow->state != LIVE_FOLLOW_FLOWING)
        return LIVE_PENDING;
    const struct live_signal_slot *slot;
    do {
        slot = live_topic_signal_after(follow->topic, follow->signal_seen,
                                       &follow->subscriber->user.id);
        if (slot == NULL) {
            follow->signal_seen = follow->topic->signals_told;
            return LIVE_PENDING;
        }
        follow->signal_seen = slot->number;
    } while (!slot->signal.active && slot->number <= follow->signal_joined &&
             slot->signal.kind != LIVE_SIGNAL_COUNTS);
    int64_t left_ms = 0;
    if (slot->expires_at_us != INT64_MAX)
        left_ms = (slot->expires_at_us - now_of(follow)) / 1000;
    if (slot->signal.time_to_live_ms == 0)
        left_ms = 0;
    if (!live_frame_signal(frame, follow->name, left_ms > INT32_MAX ? INT32_MAX : (int32_t)left_ms,
                           slot->signal.bytes))
        return LIVE_END;
    live_hub_count(follow->topic->hub, LIVE_FIGURE_SIGNALS, 1);
    return LIVE_READY;
}

/* ---- the end ---- */

void live_follow_done(struct live_follow *follow) {
    if (follow->snapshot != NULL)
        follow->snapshot->follow = NULL;
    follow->snapshot = NULL;
    rpc_buffer_unref(&follow->snapshot_state);
}
