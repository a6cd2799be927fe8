#include "app/jobs.h"

#include "auth/revocation.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/pool.h"
#include "db/tx.h"
#include "domain/lifecycle.h"
#include "live/hub.h"
#include "service/conversation_change.h"
#include "service/live.h"
#include "service/service.h"
#include "service/transaction.h"
#include "store/conversation.h"
#include "store/event.h"
#include "store/message.h"
#include "store/participant.h"
#include "store/request.h"
#include "store/tenant.h"
#include "store/user.h"

#include <string.h>

enum {
    JOB_MEMORY_BYTES = 8 * 1024 * 1024,
    ACCESS_PAGE = 1000,
    SEATS_MAX = 1000,              /* of a session: a CHECK of the table */
    SEAT_MEMORY_BYTES = 16 * 1024, /* a booking and what its user is told, over some retries */
    SESSION_MEMORY_BYTES = JOB_MEMORY_BYTES + SEATS_MAX * SEAT_MEMORY_BYTES,
};
/* Of one transaction, its retries included. */
static const int64_t deadline_us = INT64_C(10) * 1000000;
/* Commit order is not the order of the times: changes this close to the newest are asked for again.
 */
static const int64_t overlap_us = INT64_C(10) * 1000000;
/* Before a session that failed is tried again. */
static const int64_t put_off_us = INT64_C(60) * 1000000;
static const int64_t day_us = INT64_C(86400) * 1000000;

static int64_t deadline(const struct jobs *jobs) {
    return clock_monotonic_us(db_pool_clock(jobs->context->pool)) + deadline_us;
}

/* A database that is away is the business of readiness, which says so once. */
static void tell(const struct jobs *jobs, const char *job, struct status status,
                 const struct db_report *report) {
    if (status.code == STATUS_UNAVAILABLE)
        return;
    log_event(jobs->log, LOG_ERROR, "scheduled work failed", LOG_STR("job", job),
              LOG_STR("code", status_code_name(status.code)),
              LOG_STR("cause", report->cause.number == 0 ? status.detail : report->cause.text),
              LOG_STR("sql", report->cause.number == 0 ? "" : report->cause.sql));
}

/* ---- sessions ---- */

/* Forgets those whose time has come; lists the others. */
static size_t list_put_off(struct jobs *jobs, struct uuid ret_ids[JOBS_PUT_OFF_MAX]) {
    int64_t now_us = clock_monotonic_us(db_pool_clock(jobs->context->pool));
    size_t kept = 0;
    for (size_t i = 0; i < jobs->put_off_count; i++)
        if (jobs->put_off[i].until_us > now_us)
            jobs->put_off[kept++] = jobs->put_off[i];
    jobs->put_off_count = kept;
    for (size_t i = 0; i < kept; i++)
        ret_ids[i] = jobs->put_off[i].id;
    return kept;
}

/* When so many are put off, the first of them is tried again sooner. */
static void put_off(struct jobs *jobs, const struct uuid *id) {
    if (jobs->put_off_count == JOBS_PUT_OFF_MAX)
        memmove(&jobs->put_off[0], &jobs->put_off[1],
                --jobs->put_off_count * sizeof jobs->put_off[0]);
    jobs->put_off[jobs->put_off_count++] = (struct jobs_put_off){
        .id = *id, .until_us = clock_monotonic_us(db_pool_clock(jobs->context->pool)) + put_off_us};
}

struct claim {
    struct store_due_query query;
    struct arena *arena;
    struct store_due_conversation *items;
    size_t count;
};

static struct status claim_due(struct db_tx *tx, void *context) {
    struct claim *claim = context;
    return store_conversation_claim_due(tx, claim->arena, &claim->query, &claim->items,
                                        &claim->count);
}

struct turn {
    struct uuid id;
    enum domain_event event; /* what was done; NONE: it was not due any more */
};

/* Under the lock everything is asked again: another node may have been here. */
static struct status take_turn(struct service_work *work, void *argument) {
    struct turn *turn = argument;
    struct store_conversation_view view;
    bool locked = false;
    bool leader_was_present = false;
    turn->event = DOMAIN_EVENT_NONE;
    TRY(store_conversation_try_lock(work->tx, work->arena, work->tenant, &turn->id, NULL, &locked,
                                    &view));
    if (!locked)
        return status_ok();
    TRY(store_participant_leader_was_present(work->tx, work->tenant, &turn->id,
                                             &leader_was_present));
    TRY(service_work_settings(work));
    const struct domain_schedule schedule = {
        .status = view.conversation.status,
        .start_us = view.conversation.start_us,
        .end_us = view.conversation.end_us,
        .is_paid = view.conversation.price.amount_minor > 0,
        .leader_was_present = leader_was_present,
        .participants_count = view.conversation.current_participants,
    };
    enum domain_event event = domain_lifecycle_due(&schedule, work->settings, work->now_us);
    if (event == DOMAIN_EVENT_NONE)
        return status_ok();
    TRY(conversation_take_step(work, &view, event, NULL, NULL));
    turn->event = event;
    return status_ok();
}

static struct status do_turn(struct jobs *jobs, const struct store_due_conversation *due) {
    struct arena arena;
    struct turn turn = {.id = due->id};
    struct db_report report = {.fate = DB_FATE_NOTHING};
    arena_init(&arena, SESSION_MEMORY_BYTES);
    struct status status = service_transact(jobs->context, &arena, due->tenant, deadline(jobs),
                                            take_turn, &turn, &report);
    if (!status_is_ok(status)) {
        tell(jobs, "sessions", status, &report);
    } else if (turn.event != DOMAIN_EVENT_NONE) {
        char id[UUID_TEXT_BYTES];
        uuid_format(&turn.id, id);
        conversation_step_done(jobs->context, due->tenant, &turn.id, turn.event);
        log_event(jobs->log, LOG_INFO, "session moved by the clock", LOG_STR("conversation", id),
                  LOG_STR("tenant", due->tenant), LOG_STR("step", domain_event_name(turn.event)));
    }
    arena_done(&arena);
    return status;
}

/* One that fails does not keep the next from being handled, nor, when it is put off, the next batch
 * from holding others. Without the database none can be. */
static enum schedule_verdict do_turns(struct jobs *jobs, const struct claim *claim) {
    enum schedule_verdict verdict = SCHEDULE_DONE;
    for (size_t i = 0; i < claim->count; i++) {
        struct status status = do_turn(jobs, &claim->items[i]);
        if (status_is_ok(status))
            continue;
        verdict = SCHEDULE_FAILED;
        if (status.code == STATUS_UNAVAILABLE)
            return verdict;
        bool was_in_the_way =
            status.code == STATUS_ABORTED || status.code == STATUS_DEADLINE_EXCEEDED;
        if (!was_in_the_way)
            put_off(jobs, &claim->items[i].id);
    }
    /* Nothing is held between claim and turn: a full batch may have left some over. */
    if (verdict == SCHEDULE_DONE && claim->count == (size_t)jobs->batch)
        verdict = SCHEDULE_MORE;
    return verdict;
}

static enum schedule_verdict sessions_of(struct jobs *jobs, enum store_due due) {
    struct arena arena;
    struct uuid skipped[JOBS_PUT_OFF_MAX];
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct claim claim = {.query = {.due = due,
                                    .now_us = clock_wall_us(jobs->context->clock),
                                    .limit = jobs->batch,
                                    .skipped = skipped,
                                    .skipped_count = list_put_off(jobs, skipped)},
                          .arena = &arena};
    enum schedule_verdict verdict = SCHEDULE_FAILED;
    arena_init(&arena, JOB_MEMORY_BYTES);
    struct status status =
        db_transaction(jobs->context->pool, deadline(jobs), claim_due, &claim, &report);
    if (status_is_ok(status))
        verdict = do_turns(jobs, &claim);
    else
        tell(jobs, "sessions", status, &report);
    arena_done(&arena);
    return verdict;
}

enum schedule_verdict jobs_sessions(void *context) {
    static const enum store_due kinds[] = {STORE_DUE_START, STORE_DUE_NO_SHOW, STORE_DUE_COMPLETE};
    struct jobs *jobs = context;
    enum schedule_verdict worst = SCHEDULE_DONE;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        enum schedule_verdict verdict = sessions_of(jobs, kinds[i]);
        if (verdict > worst)
            worst = verdict;
    }
    return worst;
}

/* ---- trim ---- */

struct trim {
    struct jobs *jobs;
    struct arena *arena;
    const char *tenant; /* of the step; of a page the last one known */
    const char *const *tenants;
    size_t tenant_count;
    uint64_t trimmed;
    struct store_message_trimmed messages;
    int64_t before_us;
};

static struct status list_tenants(struct db_tx *tx, void *context) {
    struct trim *trim = context;
    return store_tenant_list(tx, trim->arena, trim->tenant, &trim->tenants, &trim->tenant_count);
}

static struct status trim_events(struct db_tx *tx, void *context) {
    struct trim *trim = context;
    struct store_tenant tenant;
    TRY(store_tenant_get(tx, trim->arena, trim->tenant, &tenant));
    return store_event_trim(tx, trim->tenant,
                            trim->before_us - tenant.event_retention_days * day_us,
                            trim->jobs->batch, &trim->trimmed);
}

static struct status trim_requests(struct db_tx *tx, void *context) {
    struct trim *trim = context;
    struct store_tenant tenant;
    TRY(store_tenant_get(tx, trim->arena, trim->tenant, &tenant));
    return store_request_trim(tx, trim->tenant,
                              trim->before_us - tenant.request_retention_days * day_us,
                              trim->jobs->batch, &trim->trimmed);
}

static struct status trim_messages(struct db_tx *tx, void *context) {
    struct trim *trim = context;
    struct store_tenant tenant;
    TRY(store_tenant_get(tx, trim->arena, trim->tenant, &tenant));
    if (tenant.message_retention_days == 0)
        return status_ok();
    TRY(store_message_trim(tx, trim->arena, trim->tenant,
                           trim->before_us - tenant.message_retention_days * day_us,
                           trim->jobs->batch, &trim->messages));
    trim->trimmed = trim->messages.count;
    return status_ok();
}

/* What was deleted is not told from memory either. */
static void forget_messages(const struct trim *trim) {
    struct live_hub *hub = trim->jobs->context->hub;
    const struct store_message_trimmed *messages = &trim->messages;
    struct live_key key;
    if (hub != NULL && messages->count > 0 &&
        live_key_make(trim->tenant, LIVE_CONVERSATION, &messages->conversation_id, &key))
        live_hub_forget(hub, &key, messages->epoch, messages->through);
}

/* One batch of one tenant; MORE when there was something: events come topic by topic. */
static enum schedule_verdict trim_batch(struct jobs *jobs, const char *tenant, db_run_fn *run) {
    struct arena arena;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct trim trim = {.jobs = jobs,
                        .arena = &arena,
                        .tenant = tenant,
                        .before_us = clock_wall_us(jobs->context->clock)};
    arena_init(&arena, JOB_MEMORY_BYTES);
    struct status status = db_transaction(jobs->context->pool, deadline(jobs), run, &trim, &report);
    arena_done(&arena);
    if (!status_is_ok(status)) {
        tell(jobs, "trim", status, &report);
        return SCHEDULE_FAILED;
    }
    forget_messages(&trim);
    return trim.trimmed > 0 ? SCHEDULE_MORE : SCHEDULE_DONE;
}

enum schedule_verdict jobs_trim(void *context) {
    static db_run_fn *const runs[] = {trim_events, trim_requests, trim_messages};
    struct jobs *jobs = context;
    struct arena arena;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct trim page = {.jobs = jobs, .arena = &arena, .tenant = ""};
    enum schedule_verdict worst = SCHEDULE_DONE;
    arena_init(&arena, JOB_MEMORY_BYTES);
    do {
        page.tenant_count = 0;
        struct status status =
            db_read(jobs->context->pool, deadline(jobs), list_tenants, &page, &report);
        if (!status_is_ok(status)) {
            tell(jobs, "trim", status, &report);
            worst = SCHEDULE_FAILED;
            break;
        }
        for (size_t i = 0; i < page.tenant_count; i++) {
            for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
                enum schedule_verdict verdict = trim_batch(jobs, page.tenants[i], runs[k]);
                if (verdict > worst)
                    worst = verdict;
            }
            page.tenant = page.tenants[i];
        }
    } while (page.tenant_count > 0 && worst != SCHEDULE_FAILED);
    arena_done(&arena);
    return worst;
}

/* ---- suspensions ---- */

struct access {
    struct jobs *jobs;
    struct arena *arena;
    int64_t now_us;
    struct store_access_change *changes;
    size_t count;
};

static struct status read_access(struct db_tx *tx, void *context) {
    struct access *access = context;
    return store_user_access_changes(tx, access->arena, access->jobs->suspensions_from,
                                     access->now_us, &access->changes, &access->count);
}

enum schedule_verdict jobs_suspensions(void *context) {
    struct jobs *jobs = context;
    struct arena arena;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct access access = {
        .jobs = jobs, .arena = &arena, .now_us = clock_wall_us(jobs->context->clock)};
    arena_init(&arena, JOB_MEMORY_BYTES);
    struct status status =
        db_read(jobs->context->pool, deadline(jobs), read_access, &access, &report);
    enum schedule_verdict verdict = SCHEDULE_DONE;
    if (!status_is_ok(status)) {
        tell(jobs, "suspensions", status, &report);
        verdict = SCHEDULE_FAILED;
    }
    for (size_t i = 0; verdict != SCHEDULE_FAILED && i < access.count; i++) {
        const struct store_access_change *change = &access.changes[i];
        int64_t until_us = change->suspended_until_us == 0 ? INT64_MAX : change->suspended_until_us;
        if (!change->is_suspended)
            auth_restore_user(jobs->revocations, change->tenant, change->subject);
        else if (!auth_revoke_user(jobs->revocations, change->tenant, change->subject, until_us))
            verdict = SCHEDULE_FAILED;
        service_access_changed(jobs->context, change);
    }
    if (verdict == SCHEDULE_DONE && access.count >= ACCESS_PAGE) {
        /* A full page is followed by the next; one of a single moment (a bulk load) is passed. */
        int64_t newest_us = access.changes[access.count - 1].changed_at_us;
        jobs->suspensions_from =
            newest_us > jobs->suspensions_from ? newest_us : jobs->suspensions_from + 1;
        verdict = SCHEDULE_MORE;
    } else if (verdict == SCHEDULE_DONE) {
        jobs->suspensions_from = access.now_us - overlap_us;
    }
    arena_done(&arena);
    return verdict;
}

/* ---- presence ---- */

enum schedule_verdict jobs_presence(void *context) {
    struct jobs *jobs = context;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status = service_presence_sweep(jobs->context);
    if (status_is_ok(status))
        return SCHEDULE_DONE;
    if (status.code == STATUS_FAILED_PRECONDITION)
        jobs->was_replaced = true;
    tell(jobs, "presence", status, &report);
    return SCHEDULE_FAILED;
}

static struct status release(struct db_tx *tx, void *context) {
    const struct service_context *services = context;
    const struct store_node node = {.id = services->node_id,
                                    .incarnation = services->node_incarnation};
    return store_node_release(tx, &node);
}

void jobs_release_node(struct jobs *jobs) {
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status =
        db_transaction(jobs->context->pool, deadline(jobs), release, jobs->context, &report);
    if (!status_is_ok(status))
        tell(jobs, "release", status, &report);
}
