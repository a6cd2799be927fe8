#include "live_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { DEVICE_BUDGET_BYTES = 32 * 1024 * 1024 };

/* ---- what comes ---- */

static void note_fault(struct device *device, const char *what, uint64_t a, uint64_t b) {
    if (device->fault[0] == '\0')
        snprintf(device->fault, sizeof device->fault, "%s: %s (%llu, %llu)", device->device_id,
                 what, (unsigned long long)a, (unsigned long long)b);
}

static struct device_topic *topic_named(struct device *device, const char *name) {
    for (size_t i = 0; i < device->topic_count; i++)
        if (strcmp(device->topics[i].name, name) == 0)
            return &device->topics[i];
    note_fault(device, "an unknown topic", 0, 0);
    return NULL;
}

static void read_message(const lc_message *message, struct seen *seen) {
    seen->sequence = message->sequence;
    snprintf(seen->id, sizeof seen->id, "%s", message->id);
    snprintf(seen->text, sizeof seen->text, "%s", message->content);
}

void seen_read(const lc_event *event, struct seen *seen) {
    seen->kind = (int)event->kind_case;
    switch (event->kind_case) {
    case LIVECONV__V1__EVENT__KIND_MESSAGE_SENT:
    case LIVECONV__V1__EVENT__KIND_MESSAGE_EDITED:
    case LIVECONV__V1__EVENT__KIND_MESSAGE_DELETED:
    case LIVECONV__V1__EVENT__KIND_MESSAGE_CORRECTED:
        read_message(event->message_sent, seen);
        break;
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_JOINED:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_AWAY:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_BACK:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_LEFT:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_MUTED:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_UNMUTED:
    case LIVECONV__V1__EVENT__KIND_PARTICIPANT_REMOVED:
        snprintf(seen->id, sizeof seen->id, "%s",
                 event->participant_joined->participant->user->user_id);
        break;
    case LIVECONV__V1__EVENT__KIND_INVITED:
        snprintf(seen->id, sizeof seen->id, "%s", event->invited->id);
        break;
    default:
        break;
    }
    seen->sequence = event->sequence;
}

static void remember(struct seen_list *list, const struct seen *seen) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 256;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        if (list->items == NULL)
            abort();
    }
    list->items[list->count++] = *seen;
}

static void take_snapshot(struct device *device, const lc_snapshot *snapshot,
                          int64_t opened_at_us) {
    struct device_topic *topic = topic_named(device, snapshot->topic);
    if (topic == NULL)
        return;
    if (snapshot->position == NULL || snapshot->state_case == 0)
        note_fault(device, "a snapshot without position or state", 0, 0);
    else {
        topic->epoch = snapshot->position->epoch;
        topic->sequence = snapshot->position->sequence;
    }
    topic->has_position = true;
    topic->segment_start = topic->sequence;
    if (++topic->segment >= DEVICE_SEGMENTS)
        abort();
    topic->starts[topic->segment] = topic->sequence;
    topic->ends[topic->segment] = topic->sequence;
    topic->snapshots[snapshot->reason & 7]++;
    if (snapshot->state_case != LIVECONV__V1__SNAPSHOT__STATE_CONVERSATION)
        return;
    for (size_t i = 0; i < snapshot->conversation->n_messages; i++) {
        struct seen seen = {.topic = (size_t)(topic - device->topics),
                            .opened_at_us = opened_at_us,
                            .segment = topic->segment};
        read_message(snapshot->conversation->messages[i], &seen);
        remember(&device->shown, &seen);
    }
}

static void take_batch(struct device *device, const lc_event_batch *batch, int64_t opened_at_us) {
    struct device_topic *topic = topic_named(device, batch->topic);
    if (topic == NULL)
        return;
    if (!topic->has_position || topic->epoch != batch->epoch ||
        topic->sequence != batch->after_sequence)
        note_fault(device, "positions do not chain", topic->sequence, batch->after_sequence);
    uint64_t last = batch->after_sequence;
    for (size_t i = 0; i < batch->n_events; i++) {
        struct seen seen = {.topic = (size_t)(topic - device->topics),
                            .opened_at_us = opened_at_us,
                            .segment = topic->segment};
        seen_read(batch->events[i], &seen);
        if (seen.sequence <= last || seen.sequence > batch->through_sequence)
            note_fault(device, "an event is out of order", last, seen.sequence);
        last = seen.sequence;
        remember(&device->seen, &seen);
    }
    topic->sequence = batch->through_sequence;
    topic->ends[topic->segment] = topic->sequence;
}

static void take_progress(struct device *device, const lc_progress *progress) {
    for (size_t i = 0; i < progress->n_positions; i++) {
        struct device_topic *topic = topic_named(device, progress->positions[i]->topic);
        const lc_position *position = progress->positions[i]->position;
        if (topic == NULL || !topic->has_position)
            continue;
        if (position->epoch != topic->epoch || position->sequence != topic->sequence)
            note_fault(device, "progress tells another position", topic->sequence,
                       position->sequence);
    }
}

static void take_signal(struct device *device, const lc_signal *signal) {
    device->signals++;
    device->last_signal = (int)signal->kind_case;
    if (signal->kind_case != LIVECONV__V1__SIGNAL__KIND_UNREAD)
        return;
    device->hints++;
    device->unread = signal->unread->unread_count;
    snprintf(device->unread_in, sizeof device->unread_in, "%s", signal->unread->conversation_id);
    if (strcmp(signal->topic, "inbox") != 0)
        note_fault(device, "what is unread is told elsewhere", 0, 0);
}

static void take(struct device *device, const lc_subscribe_response *response,
                 int64_t opened_at_us) {
    switch (response->kind_case) {
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_WELCOME:
        device->welcomes++;
        break;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SNAPSHOT:
        take_snapshot(device, response->snapshot, opened_at_us);
        break;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_BATCH:
        take_batch(device, response->batch, opened_at_us);
        break;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_SIGNAL:
        take_signal(device, response->signal);
        break;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_PROGRESS:
        take_progress(device, response->progress);
        break;
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_TOPIC_CLOSED: {
        struct device_topic *topic = topic_named(device, response->topic_closed->topic);
        if (topic != NULL)
            topic->closed = (int)response->topic_closed->reason;
        break;
    }
    case LIVECONV__V1__SUBSCRIBE_RESPONSE__KIND_GOODBYE:
        device->goodbye = (int)response->goodbye->reason;
        break;
    default:
        note_fault(device, "an empty response", 0, 0);
    }
}

/* ---- the thread ---- */

static struct status open_stream(struct device *device, struct rpc_client_call **ret_call) {
    struct rpc_call_options options = {.wait_for_ready = true, .authorization = device->token};
    lc_subscribe_request request;
    lc_topic_subscription topics[DEVICE_TOPICS];
    lc_topic_subscription *list[DEVICE_TOPICS];
    lc_position positions[DEVICE_TOPICS];

    lc_subscribe_request_init(&request);
    request.device_id = (char *)(uintptr_t)device->device_id;
    request.heartbeat_seconds = 5;
    request.topics = list;
    for (size_t i = 0; i < device->topic_count; i++) {
        struct device_topic *topic = &device->topics[i];
        if (topic->closed)
            continue;
        lc_topic_subscription_init(&topics[i]);
        lc_position_init(&positions[i]);
        topics[i].topic = topic->name;
        positions[i].epoch = topic->epoch;
        positions[i].sequence = topic->sequence;
        if (topic->has_position)
            topics[i].after = &positions[i];
        list[request.n_topics++] = &topics[i];
    }
    return lc_live_service_subscribe_open(device->lc->channel, &options, &request, ret_call);
}

static void read_stream(struct device *device, struct rpc_client_call *call, int64_t opened_at_us) {
    struct arena arena;
    arena_init(&arena, DEVICE_BUDGET_BYTES);
    for (;;) {
        lc_subscribe_response *response = NULL;
        arena_reset(&arena);
        struct status status = lc_live_service_subscribe_receive(call, &arena, &response);
        pthread_mutex_lock(&device->lock);
        /* What a stream says after another took its place is not listened to. */
        if (status_is_ok(status) && response != NULL && device->call == call)
            take(device, response, opened_at_us);
        pthread_cond_broadcast(&device->changed);
        pthread_mutex_unlock(&device->lock);
        if (!status_is_ok(status) || response == NULL)
            break;
    }
    struct rpc_result result;
    struct status ended = rpc_client_call_finish(call, &arena, &result);
    pthread_mutex_lock(&device->lock);
    device->last_code = ended.code;
    pthread_cond_broadcast(&device->changed);
    pthread_mutex_unlock(&device->lock);
    arena_done(&arena);
}

/* Opens a stream, which is the one that counts from here on. Under the lock. */
static struct rpc_client_call *open_current(struct device *device) {
    struct rpc_client_call *call = NULL;
    device->opened_at_us = clock_monotonic_us(clock_system());
    if (!status_is_ok(open_stream(device, &call)))
        abort();
    device->call = call;
    device->streams++;
    return call;
}

/* A thread of a device. */
struct run {
    struct device *device;
    struct rpc_client_call *call; /* opened by a rotation, its alone; NULL: opens one */
    int64_t opened_at_us;
};

static void *run_device(void *argument) {
    struct run run = *(struct run *)argument;
    struct device *device = run.device;
    struct rpc_client_call *call = run.call;
    int64_t opened_at_us = run.opened_at_us;
    free(argument);
    pthread_mutex_lock(&device->lock);
    while (!device->stop && !(device->stays_ended && device->goodbye != 0)) {
        if (call == NULL) {
            call = open_current(device);
            opened_at_us = device->opened_at_us;
        }
        pthread_mutex_unlock(&device->lock);
        read_stream(device, call, opened_at_us);
        pthread_mutex_lock(&device->lock);
        bool was_replaced = device->call != call;
        if (!was_replaced)
            device->call = NULL;
        pthread_cond_broadcast(&device->changed);
        pthread_mutex_unlock(&device->lock);
        rpc_client_call_free(&call);
        if (was_replaced)
            return NULL;
        /* Without it a refusal would be asked for again and again. */
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        pthread_mutex_lock(&device->lock);
        if (device->call != NULL) /* a rotation came in between */
            break;
    }
    /* Told to stop before it read from a stream that a rotation had opened. */
    if (call != NULL && device->call == call)
        device->call = NULL;
    pthread_mutex_unlock(&device->lock);
    rpc_client_call_free(&call);
    return NULL;
}

static void launch(struct device *device, struct rpc_client_call *call, int64_t opened_at_us) {
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        abort();
    *run = (struct run){.device = device, .call = call, .opened_at_us = opened_at_us};
    device->stop = false;
    device->runs = true;
    if (pthread_create(&device->thread, NULL, run_device, run) != 0)
        abort();
}

struct device *device_start(const char *token, const char *device_id, const char *const *topics,
                            size_t count) {
    struct device *device = calloc(1, sizeof *device);
    if (device == NULL || count > DEVICE_TOPICS)
        abort();
    device->lc = t.lc;
    device->device_id = device_id;
    pthread_mutex_init(&device->lock, NULL);
    pthread_cond_init(&device->changed, NULL);
    snprintf(device->token, sizeof device->token, "%s", token);
    for (size_t i = 0; i < count; i++)
        snprintf(device->topics[i].name, sizeof device->topics[i].name, "%s%s",
                 strcmp(topics[i], "inbox") == 0 ? "" : "conversations/", topics[i]);
    device->topic_count = count;
    launch(device, NULL, 0);
    return device;
}

bool device_cut(struct device *device) {
    pthread_mutex_lock(&device->lock);
    bool is_open = device->call != NULL;
    if (is_open)
        rpc_client_call_cancel(device->call);
    pthread_mutex_unlock(&device->lock);
    return is_open;
}

void device_stop(struct device *device) {
    if (!device->runs)
        return;
    pthread_mutex_lock(&device->lock);
    device->stop = true;
    if (device->call != NULL)
        rpc_client_call_cancel(device->call);
    pthread_mutex_unlock(&device->lock);
    pthread_join(device->thread, NULL);
    device->runs = false;
    while (device->replaced_count > 0)
        pthread_join(device->replaced[--device->replaced_count], NULL);
}

void device_resume(struct device *device) {
    launch(device, NULL, 0);
}

void device_stay_ended(struct device *device) {
    pthread_mutex_lock(&device->lock);
    device->stays_ended = true;
    pthread_mutex_unlock(&device->lock);
}

void device_free(struct device **device) {
    if (*device == NULL)
        return;
    device_stop(*device);
    free((*device)->seen.items);
    free((*device)->shown.items);
    pthread_mutex_destroy(&(*device)->lock);
    pthread_cond_destroy(&(*device)->changed);
    free(*device);
    *device = NULL;
}

void device_rotate(struct device *device, const char *token, size_t topic_count) {
    pthread_mutex_lock(&device->lock);
    if (device->replaced_count == DEVICE_ROTATIONS)
        abort();
    device->replaced[device->replaced_count++] = device->thread;
    snprintf(device->token, sizeof device->token, "%s", token);
    device->topic_count = topic_count;
    struct rpc_client_call *call = open_current(device);
    int64_t opened_at_us = device->opened_at_us;
    pthread_mutex_unlock(&device->lock);
    launch(device, call, opened_at_us);
}
