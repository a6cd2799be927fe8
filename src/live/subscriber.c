#include "live/subscriber.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "domain/reason.h"
#include "live/hub_internal.h"

enum {
    HEARTBEAT_DEFAULT_S = 30,
    HEARTBEAT_LEAST_S = 5,
    RETRY_FIRST_US = 100 * 1000,
    RESPONSE_GOODBYE = 7, /* field of SubscribeResponse */
};

static int64_t now_of(const struct live_subscriber *subscriber) {
    return live_loop_now_us(subscriber->hub->options.loop);
}

static void end_subscriber(struct live_task *task);
static void watch_write(struct live_subscriber *subscriber);

/* ---- making one ---- */

static void register_subscriber(struct live_task *task) {
    struct live_subscriber *subscriber =
        (struct live_subscriber *)((char *)task - offsetof(struct live_subscriber, task));
    subscriber->owner = live_hub_get_user(subscriber->hub, &subscriber->user);
    if (subscriber->owner == NULL)
        return; /* refused when it attaches */
    subscriber->next = subscriber->owner->first;
    if (subscriber->next != NULL)
        subscriber->next->previous = subscriber;
    subscriber->owner->first = subscriber;
}

static bool has_twice(const struct live_subscriber_options *options) {
    for (size_t i = 0; i < options->topic_count; i++)
        for (size_t j = 0; j < i; j++)
            if (live_key_equal(&options->topics[i].key, &options->topics[j].key))
                return true;
    return false;
}

static void init_follow(struct live_follow *follow, struct live_subscriber *subscriber,
                        const struct live_subscription *wanted) {
    follow->subscriber = subscriber;
    follow->wanted = *wanted;
    follow->retry_wait_us = RETRY_FIRST_US;
    live_key_name(&wanted->key, follow->name);
    if (wanted->has_position) {
        follow->told = wanted->after;
        follow->has_told = true;
    }
}

static void copy_text(char *ret_text, size_t capacity, const char *text) {
    size_t len = strnlen(text, capacity - 1);
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

static int32_t heartbeat_of(const struct live_subscriber_options *options) {
    if (options->heartbeat_seconds <= 0)
        return HEARTBEAT_DEFAULT_S;
    if (options->heartbeat_seconds < HEARTBEAT_LEAST_S)
        return HEARTBEAT_LEAST_S;
    return options->heartbeat_seconds;
}

static void on_timer(struct rpc_timer *timer) {
    struct live_subscriber *subscriber =
        (struct live_subscriber *)((char *)timer - offsetof(struct live_subscriber, timer));
    watch_write(subscriber);
    live_subscriber_wake(subscriber);
}

struct status live_subscriber_new(struct live_hub *hub,
                                  const struct live_subscriber_options *options,
                                  struct live_subscriber **ret_subscriber) {
    size_t count = options->topic_count;
    if (count == 0 || count > LIVE_MAX_TOPICS)
        return status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_TOPIC_INVALID,
                            "a stream follows 1 to 32 topics");
    if (has_twice(options))
        return status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_TOPIC_INVALID,
                            "the same topic twice");
    struct live_subscriber *subscriber =
        calloc(1, sizeof *subscriber + count * sizeof subscriber->topics[0]);
    if (subscriber == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    subscriber->hub = hub;
    subscriber->user = options->user;
    copy_text(subscriber->device_id, sizeof subscriber->device_id, options->device_id);
    copy_text(subscriber->stream_id, sizeof subscriber->stream_id, options->stream_id);
    subscriber->arrived_at_us = options->arrived_at_us;
    subscriber->token_expires_at_us = options->token_expires_at_us;
    subscriber->max_age_seconds = options->max_age_seconds;
    subscriber->goodbye_retry_ms = options->goodbye_retry_ms;
    subscriber->max_devices = options->max_devices;
    subscriber->heartbeat_us = (int64_t)heartbeat_of(options) * 1000000;
    subscriber->timer.fire = on_timer;
    subscriber->topic_count = count;
    for (size_t i = 0; i < count; i++)
        init_follow(&subscriber->topics[i], subscriber, &options->topics[i]);
    subscriber->task.run = register_subscriber;
    subscriber->end_task.run = end_subscriber;
    live_hub_count(hub, LIVE_FIGURE_SUBSCRIBERS, 1);
    live_loop_post(hub->options.loop, &subscriber->task);
    *ret_subscriber = subscriber;
    return status_ok();
}

int32_t live_subscriber_max_devices(const struct live_subscriber *subscriber) {
    return subscriber->max_devices;
}

void live_subscriber_deny(struct live_subscriber *subscriber, size_t topic,
                          enum live_closed reason) {
    subscriber->topics[topic].denied = reason;
}

void live_subscriber_see_private(struct live_subscriber *subscriber, size_t topic) {
    subscriber->topics[topic].sees_private = true;
}

void live_subscriber_start(struct live_subscriber *subscriber, const struct live_outlet *outlet) {
    subscriber->outlet = *outlet;
    subscriber->started = true;
}

/* ---- following ---- */

void live_subscriber_wake(struct live_subscriber *subscriber) {
    if (!subscriber->idle)
        return;
    subscriber->idle = false;
    subscriber->outlet.ready(subscriber->outlet.context);
}

static bool follow_topic(struct live_follow *follow) {
    struct live_hub *hub = follow->subscriber->hub;
    if (follow->closed == 0)
        follow->closed = follow->denied;
    if (follow->closed != 0)
        return true;
    struct live_topic *topic = live_topic_get(hub, &follow->wanted.key);
    if (topic == NULL)
        return false;
    live_topic_join(topic, follow);
    if (hub->options.on_follow != NULL)
        hub->options.on_follow(hub->options.context, &follow->wanted.key, &follow->subscriber->user,
                               follow->wanted.has_position || follow->wanted.live_only);
    return true;
}

static void unfollow_topic(struct live_follow *follow) {
    struct live_hub *hub = follow->subscriber->hub;
    if (follow->topic == NULL)
        return;
    live_topic_part(follow->topic, follow);
    live_follow_done(follow);
    if (hub->options.on_unfollow != NULL)
        hub->options.on_unfollow(hub->options.context, &follow->wanted.key,
                                 &follow->subscriber->user);
}

void live_follow_close(struct live_follow *follow, enum live_closed reason) {
    if (follow->closed != 0)
        return;
    follow->closed = reason;
    unfollow_topic(follow);
    live_subscriber_wake(follow->subscriber);
}

static bool holds_device(const struct live_subscriber *subscriber) {
    return subscriber->attached && subscriber->leaving == 0;
}

/* The stream whose place a new one takes; counts the devices of others. */
static struct live_subscriber *find_old(const struct live_subscriber *subscriber,
                                        size_t *ret_others) {
    struct live_subscriber *old = NULL;
    *ret_others = 0;
    for (struct live_subscriber *s = subscriber->owner->first; s != NULL; s = s->next) {
        if (s == subscriber || !holds_device(s))
            continue;
        if (strcmp(s->device_id, subscriber->device_id) == 0)
            old = s;
        else
            ++*ret_others;
    }
    return old;
}

static void tell_replaced(const struct live_subscriber *subscriber) {
    const struct live_bus *bus = subscriber->hub->options.bus;
    struct live_notice notice = {
        .kind = LIVE_NOTICE_REPLACED, .user = subscriber->user, .text = subscriber->device_id};
    bus->tell(bus->context, &notice);
}

/* Takes its place among the streams of its user, and in its topics; then the old one goes. Unless
 * that is the newer one, whose handler was quicker: the client listens to that one, and does not
 * come back when it hears of being replaced. */
static struct status attach(struct live_subscriber *subscriber) {
    struct live_hub *hub = subscriber->hub;
    if (subscriber->owner == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    size_t others;
    struct live_subscriber *old = find_old(subscriber, &others);
    if (old != NULL && old->arrived_at_us > subscriber->arrived_at_us) {
        live_hub_count(hub, LIVE_FIGURE_REPLACED, 1);
        live_subscriber_leave(subscriber, LIVE_GOODBYE_REPLACED);
        return status_ok();
    }
    if (subscriber->max_devices > 0 && others >= (size_t)subscriber->max_devices)
        return status_error(STATUS_RESOURCE_EXHAUSTED, DOMAIN_REASON_DEVICE_LIMIT,
                            "too many devices of this user are connected");
    subscriber->attached = true;
    subscriber->progress_at_us = now_of(subscriber) + subscriber->heartbeat_us;
    for (size_t i = 0; i < subscriber->topic_count; i++)
        if (!follow_topic(&subscriber->topics[i]))
            return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    if (old != NULL) {
        live_hub_count(hub, LIVE_FIGURE_REPLACED, 1);
        live_subscriber_leave(old, LIVE_GOODBYE_REPLACED);
    }
    tell_replaced(subscriber);
    return status_ok();
}

void live_subscriber_leave(struct live_subscriber *subscriber, enum live_goodbye reason) {
    if (subscriber->leaving != 0)
        return;
    subscriber->leaving = reason;
    subscriber->write.left_at_us = now_of(subscriber);
    for (size_t i = 0; i < subscriber->topic_count; i++)
        unfollow_topic(&subscriber->topics[i]);
    watch_write(subscriber);
    live_subscriber_wake(subscriber);
}

/* ---- frames ---- */

static bool tell_welcome(struct live_subscriber *subscriber, struct live_frame *frame) {
    int64_t now_us = clock_wall_us(live_loop_clock(subscriber->hub->options.loop));
    int64_t left_s = 0;
    if (subscriber->token_expires_at_us > now_us)
        left_s = (subscriber->token_expires_at_us - now_us) / 1000000;
    subscriber->welcomed = true;
    return live_frame_welcome(
        frame, &(struct live_welcome){
                   .stream_id = subscriber->stream_id,
                   .server_time_us = now_us,
                   .token_seconds_left = left_s,
                   .heartbeat_seconds = (int32_t)(subscriber->heartbeat_us / 1000000),
                   .max_age_seconds = subscriber->max_age_seconds,
               });
}

static size_t positions_of(const struct live_subscriber *subscriber,
                           struct live_topic_position positions[LIVE_MAX_TOPICS]) {
    size_t count = 0;
    for (size_t i = 0; i < subscriber->topic_count; i++) {
        const struct live_follow *follow = &subscriber->topics[i];
        if (follow->has_told && follow->closed == 0)
            positions[count++] = (struct live_topic_position){follow->name, follow->told};
    }
    return count;
}

static bool tell_goodbye(struct live_subscriber *subscriber, struct live_frame *frame) {
    struct live_topic_position positions[LIVE_MAX_TOPICS];
    enum live_goodbye reason = subscriber->leaving;
    bool waits = reason == LIVE_GOODBYE_DRAIN || reason == LIVE_GOODBYE_MAX_AGE ||
                 reason == LIVE_GOODBYE_SLOW;
    subscriber->goodbye_told = true;
    return live_frame_goodbye(frame, RESPONSE_GOODBYE,
                              &(struct live_goodbye_message){
                                  .reason = reason,
                                  .reconnect = waits || reason == LIVE_GOODBYE_TOKEN_EXPIRED,
                                  .retry_after_ms = waits ? subscriber->goodbye_retry_ms : 0,
                                  .positions = positions,
                                  .position_count = positions_of(subscriber, positions),
                              });
}

static struct status status_of(enum live_goodbye reason) {
    switch (reason) {
    case LIVE_GOODBYE_REPLACED:
        return status_error(STATUS_ABORTED, STATUS_NO_REASON,
                            "a new stream of this device took the place of this one");
    case LIVE_GOODBYE_TOKEN_EXPIRED:
        return status_error(STATUS_UNAUTHENTICATED, DOMAIN_REASON_TOKEN_EXPIRED,
                            "the token has expired");
    case LIVE_GOODBYE_SLOW:
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON,
                            "the reader does not keep up");
    case LIVE_GOODBYE_SUSPENDED:
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                            "the user is suspended");
    default:
        return status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "subscribe again");
    }
}

typedef enum live_next follow_step(struct live_follow *follow, struct live_frame *frame);

/* Asks the topics in turn, so that a busy one does not silence the others. */
static enum live_next next_of_topics(struct live_subscriber *subscriber, struct live_frame *frame,
                                     follow_step *step) {
    for (size_t i = 0; i < subscriber->topic_count; i++) {
        size_t at = (subscriber->turn + i) % subscriber->topic_count;
        enum live_next next = step(&subscriber->topics[at], frame);
        if (next == LIVE_PENDING)
            continue;
        subscriber->turn = at + 1;
        return next;
    }
    return LIVE_PENDING;
}

static enum live_next tell_progress(struct live_subscriber *subscriber, struct live_frame *frame) {
    enum live_next next = next_of_topics(subscriber, frame, live_follow_catch_up);
    if (next != LIVE_PENDING)
        return next;
    struct live_topic_position positions[LIVE_MAX_TOPICS];
    subscriber->progress_at_us = now_of(subscriber) + subscriber->heartbeat_us;
    return live_frame_progress(frame, positions, positions_of(subscriber, positions),
                               clock_wall_us(live_loop_clock(subscriber->hub->options.loop)))
               ? LIVE_READY
               : LIVE_END;
}

static enum live_next next_frame(struct live_subscriber *subscriber, struct live_frame *frame) {
    if (now_of(subscriber) >= subscriber->progress_at_us)
        return tell_progress(subscriber, frame);
    enum live_next next = next_of_topics(subscriber, frame, live_follow_next);
    if (next == LIVE_PENDING)
        next = next_of_topics(subscriber, frame, live_follow_signal);
    return next;
}

static void send_away(struct live_subscriber *subscriber) {
    live_hub_count(subscriber->hub, LIVE_FIGURE_SLOW, 1);
    live_subscriber_leave(subscriber, LIVE_GOODBYE_SLOW);
}

static enum live_stall check_write(const struct live_subscriber *subscriber, int64_t *ret_due_us) {
    const struct live_hub_options *options = &subscriber->hub->options;
    return live_write_check(&subscriber->write, subscriber->leaving, now_of(subscriber),
                            options->slow_after_ms, options->leave_ms, ret_due_us);
}

/* Beside the write, which may never end. A timer that is due earlier looks again. */
static void watch_write(struct live_subscriber *subscriber) {
    int64_t due_us;
    switch (check_write(subscriber, &due_us)) {
    case LIVE_STALL_SLOW:
        send_away(subscriber);
        break;
    case LIVE_STALL_CUT:
        subscriber->write.cut = true;
        subscriber->outlet.cut(subscriber->outlet.context, status_of(subscriber->leaving));
        break;
    case LIVE_STALL_NONE:
        if (due_us != INT64_MAX && !(subscriber->timer.armed && subscriber->timer.due_us <= due_us))
            live_loop_arm(subscriber->hub->options.loop, &subscriber->timer, due_us);
    }
}

/* The write is done. */
static void note_slowness(struct live_subscriber *subscriber) {
    int64_t due_us;
    enum live_stall stall = check_write(subscriber, &due_us);
    subscriber->write.begun_at_us = 0;
    if (stall == LIVE_STALL_SLOW)
        send_away(subscriber);
}

/* Until something wakes it, there is only the heartbeat, and what is to be tried again. */
static enum live_next rest(struct live_subscriber *subscriber) {
    int64_t due_us = subscriber->progress_at_us;
    for (size_t i = 0; i < subscriber->topic_count; i++) {
        const struct live_follow *follow = &subscriber->topics[i];
        if (follow->topic != NULL && follow->state == LIVE_FOLLOW_SNAPSHOT &&
            follow->snapshot == NULL && follow->retry_at_us < due_us)
            due_us = follow->retry_at_us;
    }
    subscriber->idle = true;
    if (!subscriber->timer.armed || subscriber->timer.due_us != due_us)
        live_loop_arm(subscriber->hub->options.loop, &subscriber->timer, due_us);
    return LIVE_PENDING;
}

static enum live_next end_with(struct status status, struct status *ret_status) {
    *ret_status = status;
    return LIVE_END;
}

static enum live_next next_or_end(struct live_subscriber *subscriber, struct live_frame *frame,
                                  struct status *ret_status) {
    if (!subscriber->attached && subscriber->leaving == 0)
        subscriber->failed = attach(subscriber);
    if (!status_is_ok(subscriber->failed))
        return end_with(subscriber->failed, ret_status);
    enum live_next next;
    if (!subscriber->welcomed)
        next = tell_welcome(subscriber, frame) ? LIVE_READY : LIVE_END;
    else if (subscriber->goodbye_told)
        return end_with(status_of(subscriber->leaving), ret_status);
    else if (subscriber->leaving != 0)
        next = tell_goodbye(subscriber, frame) ? LIVE_READY : LIVE_END;
    else
        next = next_frame(subscriber, frame);
    if (!status_is_ok(subscriber->failed))
        return end_with(subscriber->failed, ret_status);
    if (next == LIVE_END)
        return end_with(status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory"),
                        ret_status);
    return next;
}

enum live_next live_subscriber_next(struct live_subscriber *subscriber, struct live_frame *frame,
                                    struct status *ret_status) {
    subscriber->idle = false;
    live_hub_settle(subscriber->hub);
    note_slowness(subscriber);
    enum live_next next = next_or_end(subscriber, frame, ret_status);
    if (next == LIVE_READY) {
        subscriber->write.begun_at_us = now_of(subscriber);
        watch_write(subscriber);
        return LIVE_READY;
    }
    live_frame_done(frame);
    return next == LIVE_PENDING ? rest(subscriber) : next;
}

/* ---- the end ---- */

static void end_subscriber(struct live_task *task) {
    struct live_subscriber *subscriber =
        (struct live_subscriber *)((char *)task - offsetof(struct live_subscriber, end_task));
    struct live_hub *hub = subscriber->hub;
    for (size_t i = 0; i < subscriber->topic_count; i++) {
        unfollow_topic(&subscriber->topics[i]);
        live_follow_done(&subscriber->topics[i]);
    }
    live_loop_disarm(hub->options.loop, &subscriber->timer);
    if (subscriber->owner != NULL) {
        if (subscriber->previous != NULL)
            subscriber->previous->next = subscriber->next;
        else
            subscriber->owner->first = subscriber->next;
        if (subscriber->next != NULL)
            subscriber->next->previous = subscriber->previous;
        live_hub_put_user(hub, subscriber->owner);
    }
    live_hub_count(hub, LIVE_FIGURE_SUBSCRIBERS, (uint64_t)-1);
    free(subscriber);
}

/* By way of the queue, behind its registration. */
void live_subscriber_free(struct live_subscriber **subscriber_address) {
    struct live_subscriber *subscriber = *subscriber_address;
    if (subscriber == NULL)
        return;
    *subscriber_address = NULL;
    subscriber->idle = false; /* nobody is to be woken any more, or cut off */
    if (subscriber->started)
        subscriber->write.begun_at_us = 0;
    live_loop_post(subscriber->hub->options.loop, &subscriber->end_task);
}
