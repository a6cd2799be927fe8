/*
 * Scheduled work of presence: leases of nodes, participants whom nobody keeps in the room any more;
 * and streams of those who were suspended.
 */
#include "base/clock.h"
#include "db/pool.h"
#include "service/event.h"
#include "service/live_internal.h"
#include "service/room.h"
#include "service/service.h"
#include "service/users.h"
#include "store/participant.h"
#include "store/user.h"

enum {
    SWEEP_LIMIT = 50,
    SWEEP_BUDGET_BYTES = 4 * 1024 * 1024,
    NODE_LEASE_US = 15 * 1000 * 1000,
    AWAY_US = 60 * 1000 * 1000,
    /* On top of what the node that has the streams waits: it is the one that tells. */
    GRACE_US = 5 * 1000 * 1000,
};

struct sweep {
    struct service_context *context;
    struct arena *arena;
    enum store_absence absence;
    int64_t now_us;
    struct store_absent *items; /* out, as the next */
    struct service_work *works; /* one each: they may be of different tenants */
    size_t count;
};

static struct status write_absent(struct service_work *work, const struct store_absent *item,
                                  enum store_absence absence) {
    struct room room;
    TRY(room_lock(work, &item->seat.conversation, &item->seat.user, &room));
    if (absence == STORE_ABSENCE_GONE)
        return room_leave(work, &room, item->generation);
    return item->streams_left > 0 ? status_ok() : room_go_away(work, &room);
}

static struct status run_sweep(struct db_tx *tx, void *argument) {
    struct sweep *sweep = argument;
    sweep->count = 0;
    TRY(store_participant_claim_absent(
        tx, sweep->arena, sweep->absence,
        sweep->absence == STORE_ABSENCE_STREAMLESS ? sweep->now_us - GRACE_US : sweep->now_us,
        sweep->now_us - AWAY_US - GRACE_US, SWEEP_LIMIT, &sweep->items, &sweep->count));
    sweep->works = arena_alloc_array(sweep->arena, sweep->count + 1, sizeof *sweep->works);
    if (sweep->works == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a sweep");
    for (size_t i = 0; i < sweep->count; i++) {
        struct service_work *work = &sweep->works[i];
        *work = (struct service_work){.context = sweep->context,
                                      .tenant = sweep->items[i].tenant,
                                      .tx = tx,
                                      .arena = sweep->arena,
                                      .now_us = sweep->now_us};
        TRY(service_events_new(sweep->arena, &work->events));
        TRY(write_absent(work, &sweep->items[i], sweep->absence));
    }
    return status_ok();
}

/* Presence of this node must not wait for what is decided already. */
static void tell_presence(const struct sweep *sweep, const struct store_absent *item) {
    struct live_key key;
    if (sweep->absence == STORE_ABSENCE_GONE && sweep->context->presence != NULL &&
        live_key_make(item->tenant, LIVE_CONVERSATION, &item->seat.conversation, &key))
        live_presence_leave(sweep->context->presence, &key, &item->seat.user,
                            (uint64_t)item->generation);
}

static struct status sweep_absence(struct service_context *context, enum store_absence absence) {
    struct arena arena;
    struct sweep sweep = {
        .context = context, .arena = &arena, .absence = absence, .now_us = service_now_us(context)};
    arena_init(&arena, SWEEP_BUDGET_BYTES);
    struct status status =
        db_transaction(context->pool, service_live_deadline_us(context), run_sweep, &sweep, NULL);
    for (size_t i = 0; i < sweep.count && status_is_ok(status); i++) {
        service_events_publish(context, sweep.items[i].tenant, sweep.works[i].events);
        tell_presence(&sweep, &sweep.items[i]);
    }
    arena_done(&arena);
    return status;
}

static struct status renew_lease(struct db_tx *tx, void *argument) {
    const struct service_context *context = argument;
    struct store_node node = {.id = context->node_id, .incarnation = context->node_incarnation};
    int64_t now_us = service_now_us(context);
    return store_node_renew(tx, &node, now_us, now_us + NODE_LEASE_US);
}

struct status service_presence_sweep(struct service_context *context) {
    TRY(db_transaction(context->pool, service_live_deadline_us(context), renew_lease, context,
                       NULL));
    TRY(sweep_absence(context, STORE_ABSENCE_ORPHANED));
    TRY(sweep_absence(context, STORE_ABSENCE_STREAMLESS));
    return sweep_absence(context, STORE_ABSENCE_GONE);
}

/* ---- suspension ---- */

void service_access_changed(struct service_context *context,
                            const struct store_access_change *change) {
    service_users_forget(context->users, change->tenant, change->subject);
    if (change->is_suspended)
        service_live_suspend(context->live, change->tenant, &change->id);
}
