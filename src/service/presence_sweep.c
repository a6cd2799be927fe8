/*
 * Scheduled work of presence: leases of nodes, participants whom nobody keeps in the room any more;
 * and streams of those who were suspended.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/pool.h"
#include "service/live_internal.h"
#include "service/room.h"
#include "service/service.h"
#include "service/transaction.h"
#include "service/users.h"
#include "store/participant.h"
#include "store/user.h"

enum {
    SWEEP_PAGE = 50,
    SWEEP_PAGES = 20, /* of one sweep: the next one goes on with the rest */
    PAGE_BUDGET_BYTES = 256 * 1024,
    ABSENT_BUDGET_BYTES = 1024 * 1024, /* one participant */
    CHANGES_BUDGET_BYTES = 4 * 1024 * 1024,
    NODE_LEASE_US = 15 * 1000 * 1000,
    AWAY_US = 60 * 1000 * 1000,
    /* On top of what the node that has the streams waits: it is the one that tells. */
    GRACE_US = 5 * 1000 * 1000,
};

/* ---- one participant ---- */

struct absent {
    const struct store_absence_query *query;
    const struct store_absent *item;
    struct store_absence_claim claim; /* out */
};

static struct status write_absent(struct service_work *work, void *argument) {
    struct absent *absent = argument;
    const struct store_seat *seat = &absent->item->seat;
    struct room room;
    TRY(store_participant_claim_absent(work->tx, absent->query, absent->item, &absent->claim));
    if (!absent->claim.is_claimed)
        return status_ok();
    TRY(room_lock(work, &seat->conversation, &seat->user, &room));
    if (absent->query->absence == STORE_ABSENCE_GONE)
        return room_leave(work, &room, absent->claim.generation);
    return absent->claim.streams_left > 0 ? status_ok() : room_go_away(work, &room);
}

/* Presence of this node must not wait for what is decided already. */
static void tell_presence(const struct service_context *context, const struct absent *absent) {
    const struct store_absent *item = absent->item;
    struct live_key key;
    if (absent->claim.is_claimed && absent->query->absence == STORE_ABSENCE_GONE &&
        context->presence != NULL &&
        live_key_make(item->tenant, LIVE_CONVERSATION, &item->seat.conversation, &key))
        live_presence_leave(context->presence, &key, &item->seat.user,
                            (uint64_t)absent->claim.generation);
}

static void log_failure(const struct service_context *context, const struct store_absent *item,
                        struct status status, const struct db_report *report) {
    char conversation[UUID_TEXT_BYTES];
    char user[UUID_TEXT_BYTES];
    uuid_format(&item->seat.conversation, conversation);
    uuid_format(&item->seat.user, user);
    log_event(context->log, LOG_ERROR, "an absent participant was not put right",
              LOG_STR("tenant", item->tenant), LOG_STR("conversation", conversation),
              LOG_STR("user", user), LOG_STR("code", status_code_name(status.code)),
              LOG_STR("cause", report->cause.number == 0 ? status.detail : report->cause.text));
}

/* A transaction and memory of its own: one that cannot be put right costs the others nothing. Only
 * a database that is away ends the sweep. */
static struct status put_right(struct service_context *context,
                               const struct store_absence_query *query,
                               const struct store_absent *item) {
    struct arena arena;
    struct absent absent = {.query = query, .item = item};
    struct db_report report = {.fate = DB_FATE_NOTHING};
    arena_init(&arena, ABSENT_BUDGET_BYTES);
    struct status status =
        service_transact(context, &arena, item->tenant, service_live_deadline_us(context),
                         write_absent, &absent, &report);
    arena_done(&arena);
    if (status_is_ok(status))
        tell_presence(context, &absent);
    else if (status.code != STATUS_UNAVAILABLE)
        log_failure(context, item, status, &report);
    return status.code == STATUS_UNAVAILABLE ? status : status_ok();
}

/* ---- all of them ---- */

struct page {
    struct arena *arena;
    const struct store_absence_query *query;
    const struct store_absent *after; /* NULL: from the start */
    struct store_absent *items;       /* out, as the next */
    size_t count;
};

static struct status read_page(struct db_tx *tx, void *argument) {
    struct page *page = argument;
    return store_participant_find_absent(tx, page->arena, page->query, page->after, SWEEP_PAGE,
                                         &page->items, &page->count);
}

static struct status sweep_page(struct service_context *context, struct page *page) {
    TRY(db_read(context->pool, service_live_deadline_us(context), read_page, page, NULL));
    for (size_t i = 0; i < page->count; i++)
        TRY(put_right(context, page->query, &page->items[i]));
    return status_ok();
}

static struct status sweep_absence(struct service_context *context, enum store_absence absence) {
    int64_t now_us = service_now_us(context);
    const struct store_absence_query query = {
        .absence = absence,
        .now_us = absence == STORE_ABSENCE_STREAMLESS ? now_us - GRACE_US : now_us,
        .away_before_us = now_us - AWAY_US - GRACE_US,
    };
    struct store_absent last = {.since_us = 0};
    const struct store_absent *after = NULL;
    for (int i = 0; i < SWEEP_PAGES; i++) {
        struct arena arena;
        struct page page = {.arena = &arena, .query = &query, .after = after};
        arena_init(&arena, PAGE_BUDGET_BYTES);
        struct status status = sweep_page(context, &page);
        bool is_full = page.count == SWEEP_PAGE;
        if (is_full)
            last = page.items[page.count - 1]; /* its tenant is not read any more */
        arena_done(&arena);
        TRY(status);
        if (!is_full)
            break;
        after = &last;
    }
    return status_ok();
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
