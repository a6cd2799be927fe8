/*
 * What presence decides, written down: one transaction each, in order, by a thread of its own; then
 * told. Signals need no transaction and go out at once.
 *
 * The database decides: a step asks for the generation and the status first, and does nothing when
 * somebody else was quicker.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "domain/permission.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "service/live_internal.h"
#include "service/person.h"
#include "service/room.h"
#include "service/service.h"

enum {
    WRITE_BUDGET_BYTES = 1024 * 1024,
    WRITE_TRIES = 8, /* while the database is away; then scheduled work finds what is missing */
    FIRST_PAUSE_MS = 100,
    SIGNAL_TYPING = 3, /* fields of Signal.kind */
    SIGNAL_SPEAKING = 4,
    SIGNAL_HAND = 5,
};

struct act_job {
    struct work work;
    struct service_live *live;
    struct live_presence_action action;
    int64_t joined; /* out: a generation that presence has to be told of; 0: none */
};

static struct store_node node_of(const struct service_context *context) {
    return (struct store_node){.id = context->node_id, .incarnation = context->node_incarnation};
}

/* ---- steps; the conversation is locked ---- */

static struct status open_stream(struct service_work *work, struct room *room) {
    struct store_node node = node_of(work->context);
    TRY(store_stream_open(work->tx, work->tenant, &room->seat, &node));
    return room_come_back(work, room);
}

/* Somebody opened a stream without a join that this node knows of. */
static struct status arrive(struct service_work *work, struct act_job *job, struct room *room) {
    if (room->participant.status == DOMAIN_PARTICIPANT_LEFT) {
        struct service_acting acting;
        TRY(service_acting_read(work->tx, work->arena, work->context, work->tenant,
                                &room->seat.user, &acting));
        if (!status_is_ok(service_acting_permit(&acting, DOMAIN_ACTION_JOIN, &room->view)))
            return status_ok(); /* may read, and does not come in */
        TRY(room_enter(work, room, service_relations(&acting.caller.person, &room->view, NULL)));
    }
    if (!room_is_inside(room))
        return status_ok();
    job->joined = room->participant.generation;
    return open_stream(work, room);
}

static struct status close_stream(struct service_work *work, struct room *room, bool goes_away) {
    struct store_node node = node_of(work->context);
    int32_t left;
    TRY(store_stream_close(work->tx, work->tenant, &room->seat, &node, &left));
    if (left > 0 || !goes_away)
        return status_ok();
    return room_go_away(work, room);
}

/* The time is up. Whoever is JOINED although its time is up has streams on another node, unless it
 * never opened one. */
static struct status time_out(struct service_work *work, struct room *room, int64_t generation) {
    if (room->participant.status == DOMAIN_PARTICIPANT_JOINED &&
        room->participant.subscribe_by_us == 0)
        return status_ok();
    return room_leave(work, room, generation);
}

static struct status add_speaking(struct service_work *work, const struct act_job *job) {
    struct store_seat seat = {.conversation = job->action.key.id, .user = job->action.user};
    int64_t seconds = (job->action.spoke_ms + 500) / 1000;
    return store_participant_spoke(work->tx, work->tenant, &seat, (int32_t)seconds);
}

static struct status write_act(struct service_work *work, void *argument) {
    struct act_job *job = argument;
    const struct live_presence_action *action = &job->action;
    int64_t generation = (int64_t)action->generation;
    struct room room;

    job->joined = 0;
    if (action->act == LIVE_ACT_SPEAKING)
        return add_speaking(work, job);
    TRY(room_lock(work, &action->key.id, &action->user, &room));
    if (!room.is_known)
        return status_ok();
    bool is_current = generation == 0 || generation == room.participant.generation;
    switch (action->act) {
    case LIVE_ACT_CONNECTED:
    case LIVE_ACT_BACK:
        return is_current && room_is_inside(&room) ? open_stream(work, &room) : status_ok();
    case LIVE_ACT_ARRIVED:
        return arrive(work, job, &room);
    case LIVE_ACT_AWAY:
        return close_stream(work, &room, is_current && room_is_inside(&room));
    case LIVE_ACT_GONE:
        return close_stream(work, &room, false);
    case LIVE_ACT_LEFT:
        return is_current && room_is_inside(&room) ? time_out(work, &room, generation)
                                                   : status_ok();
    case LIVE_ACT_TYPING:
    case LIVE_ACT_SPEAKING:
    case LIVE_ACT_HAND:
        break;
    }
    return status_ok();
}

/* ---- the writer's thread ---- */

/* RESOURCE_EXHAUSTED before the first attempt: no connection was free. After it, it was memory,
 * which will not suffice the next time either, while everybody behind this one waits. */
static bool is_worth_another_try(struct status status, const struct db_report *report) {
    return status.code == STATUS_UNAVAILABLE || status.code == STATUS_ABORTED ||
           status.code == STATUS_DEADLINE_EXCEEDED ||
           (status.code == STATUS_RESOURCE_EXHAUSTED && report->attempts == 0);
}

static void pause_ms(int64_t length_ms) {
    struct timespec length = {.tv_sec = length_ms / 1000,
                              .tv_nsec = (long)(length_ms % 1000) * 1000000};
    nanosleep(&length, NULL);
}

static void run(struct work *work, size_t worker_index) {
    struct act_job *job = (struct act_job *)work; /* its first member */
    struct service_live *live = job->live;
    const struct live_presence_action *action = &job->action;
    struct arena arena;
    struct status status;
    struct db_report report = {.fate = DB_FATE_NOTHING};
    int64_t pause = FIRST_PAUSE_MS;
    (void)worker_index;

    arena_init(&arena, WRITE_BUDGET_BYTES);
    for (int tries = 1;; tries++) {
        status = service_transact(live->context, &arena, action->key.tenant,
                                  service_live_deadline_us(live->context), write_act, job, &report);
        if (!is_worth_another_try(status, &report) || tries == WRITE_TRIES ||
            atomic_load(&live->stopping))
            break;
        arena_reset(&arena);
        pause_ms(pause);
        pause *= 2;
    }
    arena_done(&arena);
    if (status_is_ok(status) && job->joined > 0)
        (void)!status_is_ok(
            live_presence_join(live->presence, &action->key, &action->user, (uint64_t)job->joined));
    free(job); /* what could not be written is found by service_presence_sweep() */
}

/* ---- what presence tells ---- */

static void signal_others(struct service_live *live, const struct live_presence_action *action,
                          enum live_signal_kind kind, uint32_t field, int64_t time_to_live_ms) {
    char user[UUID_TEXT_BYTES];
    lc_activity_signal message;
    lc_activity_signal_init(&message);
    uuid_format(&action->user, user);
    message.user_id = user;
    message.active = action->active;

    struct live_signal signal = {
        .kind = kind,
        .user = action->user,
        .active = action->active,
        .time_to_live_ms = action->active ? time_to_live_ms : 0,
        .is_private = action->is_private,
        .visible_to = action->typing_to,
        .bytes = service_live_field(field, &message.base),
    };
    if (signal.bytes != NULL)
        live_hub_signal(live->hub, &action->key, &signal);
    rpc_buffer_unref(&signal.bytes);
}

/* Whether there is something to write. */
static bool signal_act(struct service_live *live, const struct live_presence_action *action) {
    switch (action->act) {
    case LIVE_ACT_TYPING:
        signal_others(live, action, LIVE_SIGNAL_TYPING, SIGNAL_TYPING,
                      live->options.presence.typing_ms);
        return false;
    case LIVE_ACT_SPEAKING:
        signal_others(live, action, LIVE_SIGNAL_SPEAKING, SIGNAL_SPEAKING,
                      live->options.presence.speaking_ms);
        return !action->active && action->spoke_ms > 0;
    case LIVE_ACT_HAND:
        signal_others(live, action, LIVE_SIGNAL_HAND, SIGNAL_HAND, 0);
        return false;
    case LIVE_ACT_CONNECTED:
    case LIVE_ACT_ARRIVED:
    case LIVE_ACT_AWAY:
    case LIVE_ACT_BACK:
    case LIVE_ACT_LEFT:
    case LIVE_ACT_GONE:
        return true;
    }
    return true;
}

void service_live_act(void *context, const struct live_presence_action *action) {
    struct service_live *live = context;
    if (!signal_act(live, action))
        return;
    struct act_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return; /* found by service_presence_sweep() */
    job->work.run = run;
    job->live = live;
    job->action = *action;
    if (workers_submit(live->writer, &job->work, INT64_MAX) != WORKERS_ACCEPTED)
        free(job);
}
