/*
 * What the files of the live part share. Internal to them.
 */
#ifndef SERVICE_LIVE_INTERNAL_H
#define SERVICE_LIVE_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/workers.h"
#include "live/poller.h"
#include "live/reader.h"
#include "service/live.h"

struct service_dirty;
struct service_unread;

struct service_live {
    struct service_live_options options;
    struct live_poller *poller;
    struct live_loop *loop;
    struct live_hub *hub;
    struct live_presence *presence;
    struct live_watch *watch;
    struct workers *writer; /* one thread: what presence decides, in order */
    struct service_dirty *dirty;
    struct service_unread *unread;
    struct service_context *context; /* after service_live_bind() */
    atomic_bool stopping;
};

enum {
    LIVE_JOB_BUDGET_BYTES = 16 * 1024 * 1024,
    LIVE_JOB_TIMEOUT_US = 10 * 1000 * 1000,
};

/* A deadline for work that no call waits for. */
int64_t service_live_deadline_us(const struct service_context *context);

/* service/live_reader.c; `context` is struct service_live. */
void service_live_read_log(void *context, struct live_read *read);
/* service/live_snapshot.c */
void service_live_make_snapshot(void *context, struct live_snapshot *snapshot);
/* service/presence.c */
void service_live_act(void *context, const struct live_presence_action *action);
/* service/watch.c */
bool service_watch_match(void *context, const void *filter, const void *subject);
void service_watch_load(void *context, const void *filter, struct live_page *page);
void service_watch_free_filter(void *context, void *filter);
struct service_dirty *service_dirty_new(struct service_live *live); /* NULL: no memory */
/* No row is read any more; before the watch is freed. NULL is fine. */
void service_dirty_stop(struct service_dirty *set);
void service_dirty_free(struct service_dirty **set);

/* An encoded field with a message: tag, length, bytes. NULL when out of memory. */
struct rpc_buffer *service_live_field(uint32_t number, const ProtobufCMessage *message);

#endif
