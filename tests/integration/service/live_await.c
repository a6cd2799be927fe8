/* Waiting for what a device is told, and counting it. */
#include "live_test.h"

#include <string.h>
#include <time.h>

enum { AWAIT_SECONDS = 30 };

typedef bool condition_fn(struct device *device, size_t topic, int number, uint64_t sequence,
                          const char *text);

static void await(struct device *device, const char *what, condition_fn *holds, size_t topic,
                  int number, uint64_t sequence, const char *text) {
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += AWAIT_SECONDS;
    pthread_mutex_lock(&device->lock);
    while (!holds(device, topic, number, sequence, text) && waited == 0)
        waited = pthread_cond_timedwait(&device->changed, &device->lock, &until);
    bool came = holds(device, topic, number, sequence, text);
    uint64_t at = device->topics[topic].sequence;
    int goodbye = device->goodbye;
    int32_t code = device->last_code;
    pthread_mutex_unlock(&device->lock);
    if (!came)
        fail_msg("%s waits for %s %d %llu %s; it is at %llu, goodbye %d, last code %d, %s",
                 device->device_id, what, number, (unsigned long long)sequence, text ? text : "",
                 (unsigned long long)at, goodbye, (int)code, device->fault);
}

static bool all_positions(struct device *device, size_t topic, int number, uint64_t sequence,
                          const char *text) {
    (void)topic, (void)number, (void)sequence, (void)text;
    for (size_t i = 0; i < device->topic_count; i++)
        if (!device->topics[i].has_position && !device->topics[i].closed)
            return false;
    return true;
}

static bool has_reached(struct device *device, size_t topic, int number, uint64_t sequence,
                        const char *text) {
    (void)number, (void)text;
    return device->topics[topic].sequence >= sequence;
}

static size_t count_seen(const struct device *device, size_t topic, int kind, const char *id) {
    size_t count = 0;
    for (size_t i = 0; i < device->seen.count; i++) {
        const struct seen *seen = &device->seen.items[i];
        if (seen->topic == topic && seen->kind == kind && (id == NULL || strcmp(seen->id, id) == 0))
            count++;
    }
    return count;
}

static bool has_event(struct device *device, size_t topic, int number, uint64_t sequence,
                      const char *text) {
    (void)sequence;
    return count_seen(device, topic, number, text) > 0;
}

static bool has_text(struct device *device, size_t topic, int number, uint64_t sequence,
                     const char *text) {
    (void)topic, (void)number, (void)sequence;
    for (size_t i = 0; i < device->seen.count; i++)
        if (strcmp(device->seen.items[i].text, text) == 0)
            return true;
    return false;
}

static bool has_goodbye(struct device *device, size_t topic, int number, uint64_t sequence,
                        const char *text) {
    (void)topic, (void)sequence, (void)text;
    return device->goodbye == number;
}

static bool has_code(struct device *device, size_t topic, int number, uint64_t sequence,
                     const char *text) {
    (void)topic, (void)sequence, (void)text;
    return device->last_code == number;
}

static bool has_closed(struct device *device, size_t topic, int number, uint64_t sequence,
                       const char *text) {
    (void)sequence, (void)text;
    return device->topics[topic].closed == number;
}

static bool has_signal(struct device *device, size_t topic, int number, uint64_t sequence,
                       const char *text) {
    (void)topic, (void)sequence, (void)text;
    return device->signals > 0 && device->last_signal == number;
}

static bool has_unread(struct device *device, size_t topic, int number, uint64_t sequence,
                       const char *text) {
    (void)topic, (void)sequence;
    return device->hints > 0 && device->unread == number && strcmp(device->unread_in, text) == 0;
}

void device_await_ready(struct device *device) {
    await(device, "its positions", all_positions, 0, 0, 0, NULL);
}

void device_await_sequence(struct device *device, size_t topic, uint64_t sequence) {
    await(device, "position", has_reached, topic, 0, sequence, NULL);
}

void device_await_event(struct device *device, size_t topic, int kind, const char *id) {
    await(device, "event", has_event, topic, kind, 0, id);
}

void device_await_text(struct device *device, const char *wanted) {
    await(device, "text", has_text, 0, 0, 0, wanted);
}

void device_await_goodbye(struct device *device, int reason) {
    await(device, "goodbye", has_goodbye, 0, reason, 0, NULL);
}

void device_await_code(struct device *device, int code) {
    await(device, "the status", has_code, 0, code, 0, NULL);
}

void device_await_closed(struct device *device, size_t topic, int reason) {
    await(device, "the end of a topic", has_closed, topic, reason, 0, NULL);
}

void device_await_signal(struct device *device, int kind) {
    await(device, "signal", has_signal, 0, kind, 0, NULL);
}

void device_await_unread(struct device *device, const char *conversation, int32_t count) {
    await(device, "what is unread", has_unread, 0, count, 0, conversation);
}

size_t device_hints(struct device *device) {
    pthread_mutex_lock(&device->lock);
    size_t hints = device->hints;
    pthread_mutex_unlock(&device->lock);
    return hints;
}

uint64_t device_position(struct device *device, size_t topic) {
    pthread_mutex_lock(&device->lock);
    uint64_t sequence = device->topics[topic].sequence;
    pthread_mutex_unlock(&device->lock);
    return sequence;
}

size_t device_count(struct device *device, size_t topic, int kind, const char *id) {
    pthread_mutex_lock(&device->lock);
    size_t count = count_seen(device, topic, kind, id);
    pthread_mutex_unlock(&device->lock);
    return count;
}

size_t count_of_text(struct device *device, const char *wanted) {
    size_t count = 0;
    pthread_mutex_lock(&device->lock);
    for (size_t i = 0; i < device->seen.count; i++)
        count += strcmp(device->seen.items[i].text, wanted) == 0;
    pthread_mutex_unlock(&device->lock);
    return count;
}

void device_assert_sound(struct device *device) {
    pthread_mutex_lock(&device->lock);
    char fault[sizeof device->fault];
    memcpy(fault, device->fault, sizeof fault);
    pthread_mutex_unlock(&device->lock);
    if (fault[0] != '\0')
        fail_msg("%s", fault);
}
