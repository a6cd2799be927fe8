/* Reads of the log: from the request, through a worker, back to the topic. */
#include <stddef.h>
#include <stdlib.h>

#include "live/hub_internal.h"

enum { FIRST_CAPACITY = 32 };

const struct live_read_request *live_read_request(const struct live_read *read) {
    return &read->request;
}

void live_read_free(struct live_read *read) {
    for (size_t i = 0; i < read->count; i++)
        rpc_buffer_unref(&read->events[i].entry);
    free(read->events);
    free(read);
}

bool live_read_add(struct live_read *read, const struct live_event *event) {
    if (read->count == read->capacity) {
        size_t capacity = read->capacity == 0 ? FIRST_CAPACITY : read->capacity * 2;
        struct live_event *events = reallocarray(read->events, capacity, sizeof *events);
        if (events == NULL)
            return false;
        read->events = events;
        read->capacity = capacity;
    }
    read->events[read->count] = *event;
    rpc_buffer_ref(event->entry);
    read->count++;
    return true;
}

/* Whether the entries are all that the request and the state promise. */
static bool is_complete(const struct live_read *read) {
    const struct live_log_state *state = &read->state;
    if (read->request.limit == 0)
        return read->count == 0;
    uint64_t after = read->request.after > state->floor ? read->request.after : state->floor;
    uint64_t through = state->head;
    if (through > read->request.after && through - read->request.after > read->request.limit)
        through = read->request.after + read->request.limit;
    if (read->count != (through > after ? through - after : 0))
        return false;
    for (size_t i = 0; i < read->count; i++)
        if (read->events[i].sequence != after + 1 + i)
            return false;
    return true;
}

static void on_done(struct live_task *task) {
    struct live_read *read = (struct live_read *)((char *)task - offsetof(struct live_read, task));
    live_topic_on_read(read->topic, read);
}

void live_read_done(struct live_read *read, struct status status,
                    const struct live_log_state *state) {
    read->status = status;
    if (status_is_ok(status)) {
        read->state = *state;
        if (!is_complete(read))
            read->status =
                status_error(STATUS_DATA_LOSS, STATUS_NO_REASON, "the log of the topic is damaged");
        for (size_t i = 0; i < read->count; i++)
            read->events[i].version = state->head;
    }
    live_loop_post(read->topic->hub->options.loop, &read->task);
}

bool live_topic_read(struct live_topic *topic, enum live_read_kind kind, uint64_t after,
                     size_t limit) {
    const struct live_hub_options *options = &topic->hub->options;
    if (live_loop_now_us(options->loop) < topic->retry_at_us)
        return false;
    struct live_read *read = calloc(1, sizeof *read);
    if (read == NULL)
        return false;
    read->task.run = on_done;
    read->topic = topic;
    read->request = (struct live_read_request){.key = topic->key, .after = after, .limit = limit};
    read->kind = kind;
    read->generation = topic->generation;
    read->distrusts = topic->ring.distrusts;
    topic->reads++;
    if (kind == LIVE_READ_PAGE) {
        read->next = topic->reading;
        topic->reading = read;
        topic->page_count++;
    } else if (kind == LIVE_READ_FILL) {
        topic->filling = true;
    } else {
        topic->asking_head = true;
        read->number = ++topic->heads_asked;
    }
    live_hub_count(topic->hub, LIVE_FIGURE_LOG_READS, 1);
    options->reader.read_log(options->reader.context, read);
    return true;
}
