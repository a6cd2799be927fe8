/* The signals of a topic: the latest of each kind and user, while it holds. */
#include <stdlib.h>
#include <string.h>

#include "live/hub_internal.h"

enum { SIGNAL_END_US = 10 * 1000 * 1000 }; /* an end is told to those who come to it by then */

void live_topic_drop_signals(struct live_topic *topic) {
    for (size_t i = 0; i < topic->signal_count; i++)
        rpc_buffer_unref(&topic->signals[i].signal.bytes);
    free(topic->signals);
    topic->signals = NULL;
    topic->signal_count = 0;
    topic->signal_capacity = 0;
}

static struct live_signal_slot *oldest_signal(struct live_topic *topic) {
    struct live_signal_slot *oldest = &topic->signals[0];
    for (size_t i = 1; i < topic->signal_count; i++)
        if (topic->signals[i].number < oldest->number)
            oldest = &topic->signals[i];
    return oldest;
}

/* The slot of the same kind and user, or a new one, or the oldest; NULL when out of memory. */
static struct live_signal_slot *signal_slot(struct live_topic *topic,
                                            const struct live_signal *signal) {
    for (size_t i = 0; i < topic->signal_count; i++) {
        const struct live_signal *held = &topic->signals[i].signal;
        if (held->kind == signal->kind &&
            (signal->kind == LIVE_SIGNAL_COUNTS || live_uuid_equal(&held->user, &signal->user)))
            return &topic->signals[i];
    }
    if (topic->signal_count == LIVE_TOPIC_SIGNALS)
        return oldest_signal(topic);
    if (topic->signal_count == topic->signal_capacity) {
        size_t capacity = topic->signal_capacity == 0 ? 4 : topic->signal_capacity * 2;
        struct live_signal_slot *signals = reallocarray(topic->signals, capacity, sizeof *signals);
        if (signals == NULL)
            return NULL;
        topic->signals = signals;
        topic->signal_capacity = capacity;
    }
    struct live_signal_slot *slot = &topic->signals[topic->signal_count++];
    memset(slot, 0, sizeof *slot);
    return slot;
}

static void drop_ended_signals(struct live_topic *topic, int64_t now_us) {
    for (size_t i = 0; i < topic->signal_count;) {
        if (topic->signals[i].expires_at_us > now_us) {
            i++;
            continue;
        }
        rpc_buffer_unref(&topic->signals[i].signal.bytes);
        topic->signals[i] = topic->signals[--topic->signal_count];
    }
}

void live_topic_signal(struct live_topic *topic, const struct live_signal *signal) {
    int64_t now_us = live_loop_now_us(topic->hub->options.loop);
    drop_ended_signals(topic, now_us);
    struct live_signal_slot *slot = signal_slot(topic, signal);
    if (slot == NULL)
        return;
    rpc_buffer_unref(&slot->signal.bytes);
    slot->signal = *signal;
    rpc_buffer_ref(signal->bytes);
    slot->number = ++topic->signals_told;
    if (signal->time_to_live_ms > 0)
        slot->expires_at_us = now_us + signal->time_to_live_ms * 1000;
    else
        slot->expires_at_us = signal->active || signal->kind == LIVE_SIGNAL_COUNTS
                                  ? INT64_MAX
                                  : now_us + SIGNAL_END_US;
    live_topic_wake(topic);
}

static bool may_see(const struct live_signal *signal, const struct uuid *user) {
    if (signal->is_private && !live_uuid_equal(&signal->visible_to, user))
        return false;
    return signal->kind != LIVE_SIGNAL_TYPING || !live_uuid_equal(&signal->user, user);
}

const struct live_signal_slot *live_topic_signal_after(struct live_topic *topic, uint64_t seen,
                                                       const struct uuid *user) {
    int64_t now_us = live_loop_now_us(topic->hub->options.loop);
    const struct live_signal_slot *found = NULL;
    if (seen == topic->signals_told)
        return NULL;
    for (size_t i = 0; i < topic->signal_count; i++) {
        const struct live_signal_slot *slot = &topic->signals[i];
        if (slot->number > seen && slot->expires_at_us > now_us && may_see(&slot->signal, user) &&
            (found == NULL || slot->number < found->number))
            found = slot;
    }
    return found;
}
