#include "service/live.h"

#include <stdlib.h>

#include "base/clock.h"
#include "db/pool.h"
#include "rpc/server.h"
#include "service/live_internal.h"
#include "service/service.h"
#include "service/unread.h"

void service_live_options_init(struct service_live_options *options) {
    *options = (struct service_live_options){
        .clock = clock_system(),
        .presence_queue = 16384,
        .max_age_seconds = 3600,
        .retry_after_ms = 1000,
    };
    live_hub_options_init(&options->hub);
    live_presence_options_init(&options->presence);
    live_watch_options_init(&options->watch);
}

/* A stream follows a topic: that is what keeps its user in the room. */
static void on_follow(void *context, const struct live_key *key, const struct live_user *user,
                      bool goes_on) {
    struct service_live *live = context;
    live_presence_open(live->presence, key, &user->id);
    if (key->kind == LIVE_INBOX)
        service_unread_follow(live->unread, key, goes_on);
}

static void on_unfollow(void *context, const struct live_key *key, const struct live_user *user) {
    struct service_live *live = context;
    live_presence_close(live->presence, key, &user->id);
    if (key->kind == LIVE_INBOX)
        service_unread_unfollow(live->unread, key);
}

static bool make_parts(struct service_live *live) {
    struct live_presence_options presence = live->options.presence;
    presence.loop = live->loop;
    presence.clock = live->options.clock;
    presence.act = service_live_act;
    presence.context = live;
    live->presence = live_presence_new(&presence);

    struct live_hub_options hub = live->options.hub;
    hub.loop = live->loop;
    hub.reader = (struct live_reader){
        .context = live,
        .read_log = service_live_read_log,
        .make_snapshot = service_live_make_snapshot,
    };
    hub.on_follow = on_follow;
    hub.on_unfollow = on_unfollow;
    hub.context = live;
    live->hub = live_hub_new(&hub);

    struct live_watch_options watch = live->options.watch;
    watch.loop = live->loop;
    watch.slow_after_ms = live->options.hub.slow_after_ms;
    watch.leave_ms = live->options.hub.leave_ms;
    watch.match = service_watch_match;
    watch.load = service_watch_load;
    watch.free_filter = service_watch_free_filter;
    watch.context = live;
    live->watch = live_watch_new(&watch);

    live->dirty = service_dirty_new(live);
    live->unread = service_unread_new(live);
    return live->presence && live->hub && live->watch && live->dirty && live->unread;
}

struct status service_live_new(const struct service_live_options *options,
                               struct service_live **ret_live) {
    struct service_live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the live part");
    live->options = *options;
    atomic_init(&live->stopping, false);

    struct status status = live_poller_new(options->server, options->clock, &live->poller);
    if (status_is_ok(status)) {
        live->loop = live_poller_loop(live->poller);
        if (!make_parts(live))
            status = status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the live part");
    }
    if (!status_is_ok(status)) {
        service_live_free(&live);
        return status;
    }
    *ret_live = live;
    return status_ok();
}

struct status service_live_bind(struct service_live *live, struct service_context *context) {
    struct workers_options options = {
        .name = "presence",
        .count = 1,
        .queue_capacity = live->options.presence_queue,
        .clock = clock_system(),
    };
    live->context = context;
    live->writer = workers_new(&options);
    if (live->writer == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no thread for presence");
    return status_ok();
}

void service_live_free(struct service_live **live) {
    struct service_live *it = *live;
    *live = NULL;
    if (it == NULL)
        return;
    atomic_store(&it->stopping, true);
    if (it->writer)
        workers_stop(it->writer);
    service_dirty_stop(it->dirty);
    service_unread_stop(it->unread);
    if (it->poller)
        live_poller_stop(it->poller);
    live_watch_free(&it->watch);
    live_hub_free(&it->hub);
    live_presence_free(&it->presence);
    service_dirty_free(&it->dirty);
    service_unread_free(&it->unread);
    if (it->writer)
        workers_free(&it->writer);
    live_poller_free(&it->poller);
    free(it);
}

struct live_hub *service_live_hub(struct service_live *live) {
    return live->hub;
}

struct live_presence *service_live_presence(struct service_live *live) {
    return live->presence;
}

struct live_watch *service_live_watch(struct service_live *live) {
    return live->watch;
}

void service_live_suspend(struct service_live *live, const char *tenant, const struct uuid *user) {
    struct live_user who;
    if (live == NULL || !live_user_make(tenant, user, &who))
        return;
    live_hub_suspend_user(live->hub, &who);
    live_watch_suspend_user(live->watch, &who);
}

int64_t service_live_deadline_us(const struct service_context *context) {
    return clock_monotonic_us(db_pool_clock(context->pool)) + LIVE_JOB_TIMEOUT_US;
}

static size_t put_varint(uint8_t *to, uint64_t value) {
    size_t len = 0;
    while (value >= 0x80) {
        to[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to[len++] = (uint8_t)value;
    return len;
}

struct rpc_buffer *service_live_field(uint32_t number, const ProtobufCMessage *message) {
    enum { LENGTH_DELIMITED = 2 };
    uint8_t head[20];
    size_t body_len = protobuf_c_message_get_packed_size(message);
    size_t head_len = put_varint(head, (uint64_t)number << 3 | LENGTH_DELIMITED);
    head_len += put_varint(head + head_len, body_len);

    struct rpc_buffer *buffer = rpc_buffer_new(head_len + body_len);
    if (buffer == NULL)
        return NULL;
    uint8_t *bytes = rpc_buffer_bytes(buffer);
    memcpy(bytes, head, head_len);
    protobuf_c_message_pack(message, bytes + head_len);
    return buffer;
}
