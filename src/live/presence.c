#include "live/presence.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"
#include "domain/reason.h"
#include "live/loop.h"
#include "rpc/timers.h"

enum state {
    OUTSIDE, /* has streams, but is not known to have joined */
    JOINING,
    PRESENT,
    AWAY,
};

struct person {
    struct uuid user;
    UT_hash_handle hh;
    struct room *room;
    enum state state;
    uint64_t generation;
    size_t streams;
    int64_t due_us; /* of the lease or the absence; INT64_MAX: none */
    int64_t joined_us;
    int64_t last_seen_us; /* when the last stream ended; 0: not since the join */
    bool typing;
    bool typing_is_private;
    struct uuid typing_to;
    int64_t typing_until_us;
    bool speaking;
    int64_t speaking_since_us;
    int64_t speaking_renewed_us;
    int64_t speaking_until_us;
    bool hand;
    struct rpc_timer timer; /* the earliest of its dates */
};

struct room {
    struct live_key key;
    UT_hash_handle hh;
    struct person *people;
};

struct waiting_action {
    struct waiting_action *next;
    struct live_presence_action action;
};

struct live_presence {
    struct live_presence_options options;
    struct live_task task;  /* asks the loop to look at the timers again */
    struct rpc_timer timer; /* the loop's: when something is due */
    atomic_bool task_posted;
    pthread_mutex_t lock; /* guards what follows; not held across `act` */
    struct room *rooms;
    struct rpc_timers timers;
    struct waiting_action *first;
    struct waiting_action **last;
    bool acting; /* a thread is giving out the actions */
};

static int64_t now_of(const struct live_presence *presence) {
    return clock_monotonic_us(presence->options.clock);
}

/* ---- actions ---- */

/* Queues it; with the lock held. One that is lost for lack of memory is found by scheduled work. */
static struct live_presence_action *add(struct live_presence *presence, const struct person *person,
                                        enum live_presence_act act) {
    struct waiting_action *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL)
        return NULL;
    waiting->action = (struct live_presence_action){
        .act = act,
        .key = person->room->key,
        .user = person->user,
        .generation = person->generation,
        .at_us = clock_wall_us(presence->options.clock),
    };
    *presence->last = waiting;
    presence->last = &waiting->next;
    return &waiting->action;
}

/* Without the lock. Whoever finds nobody giving out gives out all, so that they stay in order. */
static void give_out(struct live_presence *presence) {
    pthread_mutex_lock(&presence->lock);
    if (!presence->acting) {
        presence->acting = true;
        while (presence->first != NULL) {
            struct waiting_action *waiting = presence->first;
            presence->first = waiting->next;
            if (presence->first == NULL)
                presence->last = &presence->first;
            pthread_mutex_unlock(&presence->lock);
            presence->options.act(presence->options.context, &waiting->action);
            free(waiting);
            pthread_mutex_lock(&presence->lock);
        }
        presence->acting = false;
    }
    pthread_mutex_unlock(&presence->lock);
}

/* ---- time ---- */

static void arm(struct live_presence *presence, struct person *person) {
    int64_t due_us = person->due_us;
    if (person->typing && person->typing_until_us < due_us)
        due_us = person->typing_until_us;
    if (person->speaking && person->speaking_until_us < due_us)
        due_us = person->speaking_until_us;
    if (due_us == INT64_MAX)
        rpc_timers_disarm(&presence->timers, &person->timer);
    else
        rpc_timers_arm(&presence->timers, &person->timer, due_us);
}

static void arm_loop(struct live_presence *presence) {
    pthread_mutex_lock(&presence->lock);
    int64_t due_us = rpc_timers_next_due_us(&presence->timers);
    pthread_mutex_unlock(&presence->lock);
    if (due_us == INT64_MAX)
        live_loop_disarm(presence->options.loop, &presence->timer);
    else
        live_loop_arm(presence->options.loop, &presence->timer, due_us);
}

static void on_task(struct live_task *task) {
    struct live_presence *presence =
        (struct live_presence *)((char *)task - offsetof(struct live_presence, task));
    atomic_exchange_explicit(&presence->task_posted, false, memory_order_acq_rel);
    arm_loop(presence);
}

static void on_loop_timer(struct rpc_timer *timer) {
    struct live_presence *presence =
        (struct live_presence *)((char *)timer - offsetof(struct live_presence, timer));
    live_presence_tick(presence);
    arm_loop(presence);
}

/* Ends an operation: the loop learns of an earlier date, the actions go out. `due_us` is what was
 * due first before the operation. With the lock held, which is released. */
static void finish(struct live_presence *presence, int64_t due_us) {
    bool sooner = rpc_timers_next_due_us(&presence->timers) < due_us;
    pthread_mutex_unlock(&presence->lock);
    if (sooner && presence->options.loop != NULL &&
        !atomic_exchange_explicit(&presence->task_posted, true, memory_order_acq_rel))
        live_loop_post(presence->options.loop, &presence->task);
    give_out(presence);
}

static int64_t begin(struct live_presence *presence) {
    pthread_mutex_lock(&presence->lock);
    return rpc_timers_next_due_us(&presence->timers);
}

/* ---- people; with the lock held ---- */

static struct room *find_room(struct live_presence *presence, const struct live_key *key) {
    struct room *room = NULL;
    HASH_FIND(hh, presence->rooms, key, sizeof *key, room);
    return room;
}

static struct person *find(struct live_presence *presence, const struct live_key *key,
                           const struct uuid *user) {
    struct room *room = find_room(presence, key);
    struct person *person = NULL;
    if (room != NULL)
        HASH_FIND(hh, room->people, user, sizeof *user, person);
    return person;
}

static void drop_room_if_empty(struct live_presence *presence, struct room *room) {
    if (room->people != NULL)
        return;
    HASH_DEL(presence->rooms, room);
    free(room);
}

static struct room *get_room(struct live_presence *presence, const struct live_key *key) {
    struct room *room = find_room(presence, key);
    if (room != NULL)
        return room;
    room = calloc(1, sizeof *room);
    if (room == NULL)
        return NULL;
    room->key = *key;
    HASH_ADD(hh, presence->rooms, key, sizeof room->key, room);
    if (room->hh.tbl != NULL)
        return room;
    free(room);
    return NULL;
}

static struct person *get(struct live_presence *presence, const struct live_key *key,
                          const struct uuid *user) {
    struct person *person = find(presence, key, user);
    if (person != NULL)
        return person;
    struct room *room = get_room(presence, key);
    if (room == NULL)
        return NULL;
    person = calloc(1, sizeof *person);
    if (person != NULL) {
        person->user = *user;
        person->room = room;
        person->due_us = INT64_MAX;
        HASH_ADD(hh, room->people, user, sizeof person->user, person);
        if (person->hh.tbl != NULL)
            return person;
    }
    free(person);
    drop_room_if_empty(presence, room);
    return NULL;
}

static void drop(struct live_presence *presence, struct person *person) {
    struct room *room = person->room;
    rpc_timers_disarm(&presence->timers, &person->timer);
    HASH_DEL(room->people, person);
    free(person);
    drop_room_if_empty(presence, room);
}

/* ---- what somebody is doing; with the lock held ---- */

static void tell_typing(struct live_presence *presence, const struct person *person) {
    struct live_presence_action *action = add(presence, person, LIVE_ACT_TYPING);
    if (action == NULL)
        return;
    action->active = person->typing;
    action->is_private = person->typing_is_private;
    action->typing_to = person->typing_to;
}

static void end_typing(struct live_presence *presence, struct person *person) {
    if (!person->typing)
        return;
    person->typing = false;
    tell_typing(presence, person);
}

static void end_speaking(struct live_presence *presence, struct person *person, int64_t ended_us) {
    if (!person->speaking)
        return;
    person->speaking = false;
    struct live_presence_action *action = add(presence, person, LIVE_ACT_SPEAKING);
    if (action != NULL)
        action->spoke_ms = (ended_us - person->speaking_since_us) / 1000;
}

static void set_hand(struct live_presence *presence, struct person *person, bool raised) {
    if (person->hand == raised)
        return;
    person->hand = raised;
    struct live_presence_action *action = add(presence, person, LIVE_ACT_HAND);
    if (action != NULL)
        action->active = raised;
}

static void end_activity(struct live_presence *presence, struct person *person) {
    end_typing(presence, person);
    end_speaking(presence, person, now_of(presence));
    set_hand(presence, person, false);
}

static void type(struct live_presence *presence, struct person *person,
                 const struct live_activity *activity) {
    bool elsewhere =
        person->typing &&
        (person->typing_is_private != activity->has_typing_to ||
         (activity->has_typing_to && !live_uuid_equal(&person->typing_to, &activity->typing_to)));
    if (!activity->typing || elsewhere)
        end_typing(presence, person);
    if (!activity->typing)
        return;
    person->typing = true;
    person->typing_is_private = activity->has_typing_to;
    person->typing_to = activity->typing_to;
    person->typing_until_us = now_of(presence) + presence->options.typing_ms * 1000;
    tell_typing(presence, person); /* again, so that those who show it go on */
}

static void speak(struct live_presence *presence, struct person *person, bool speaking) {
    int64_t now_us = now_of(presence);
    if (!speaking) {
        end_speaking(presence, person, now_us);
        return;
    }
    if (!person->speaking)
        person->speaking_since_us = now_us;
    person->speaking = true;
    person->speaking_renewed_us = now_us;
    person->speaking_until_us = now_us + presence->options.speaking_ms * 1000;
    struct live_presence_action *action = add(presence, person, LIVE_ACT_SPEAKING);
    if (action != NULL)
        action->active = true;
}

/* ---- due; with the lock held ---- */

static void leave_in_silence(struct live_presence *presence, struct person *person) {
    end_activity(presence, person);
    struct live_presence_action *action = add(presence, person, LIVE_ACT_LEFT);
    if (action != NULL && person->last_seen_us != 0)
        action->stayed_ms = (person->last_seen_us - person->joined_us) / 1000;
    drop(presence, person);
}

static void on_due(struct live_presence *presence, struct person *person, int64_t now_us) {
    if (person->typing && person->typing_until_us <= now_us)
        end_typing(presence, person);
    if (person->speaking && person->speaking_until_us <= now_us)
        end_speaking(presence, person, person->speaking_renewed_us);
    if (person->due_us <= now_us)
        leave_in_silence(presence, person);
    else
        arm(presence, person);
}

int64_t live_presence_tick(struct live_presence *presence) {
    int64_t now_us = now_of(presence);
    pthread_mutex_lock(&presence->lock);
    struct rpc_timer *timer;
    while ((timer = rpc_timers_take_due(&presence->timers, now_us)) != NULL)
        on_due(presence, (struct person *)((char *)timer - offsetof(struct person, timer)), now_us);
    int64_t due_us = rpc_timers_next_due_us(&presence->timers);
    pthread_mutex_unlock(&presence->lock);
    give_out(presence);
    return due_us;
}

/* ---- life ---- */

void live_presence_options_init(struct live_presence_options *options) {
    *options = (struct live_presence_options){
        .join_lease_ms = 30000,
        .away_ms = 60000,
        .speaking_ms = 10000,
        .typing_ms = 5000,
    };
}

struct live_presence *live_presence_new(const struct live_presence_options *options) {
    struct live_presence *presence = calloc(1, sizeof *presence);
    if (presence == NULL)
        return NULL;
    presence->options = *options;
    if (presence->options.clock == NULL)
        presence->options.clock =
            options->loop != NULL ? live_loop_clock(options->loop) : clock_system();
    presence->task.run = on_task;
    presence->timer.fire = on_loop_timer;
    presence->last = &presence->first;
    pthread_mutex_init(&presence->lock, NULL);
    return presence;
}

/* Tables first: their members are still in their order. */
static void free_rooms(struct live_presence *presence) {
    struct room *room = presence->rooms;
    HASH_CLEAR(hh, presence->rooms);
    while (room != NULL) {
        struct room *next_room = room->hh.next;
        struct person *person = room->people;
        HASH_CLEAR(hh, room->people);
        while (person != NULL) {
            struct person *next = person->hh.next;
            free(person);
            person = next;
        }
        free(room);
        room = next_room;
    }
}

void live_presence_free(struct live_presence **presence_address) {
    struct live_presence *presence = *presence_address;
    if (presence == NULL)
        return;
    if (presence->options.loop != NULL) {
        live_loop_drain_all(presence->options.loop);
        live_loop_disarm(presence->options.loop, &presence->timer);
    }
    free_rooms(presence);
    while (presence->first != NULL) {
        struct waiting_action *next = presence->first->next;
        free(presence->first);
        presence->first = next;
    }
    pthread_mutex_destroy(&presence->lock);
    free(presence);
    *presence_address = NULL;
}

/* ---- joining and leaving ---- */

static void join(struct live_presence *presence, struct person *person, uint64_t generation) {
    int64_t now_us = now_of(presence);
    if (person->state == OUTSIDE || person->state == JOINING) {
        person->joined_us = now_us;
        person->last_seen_us = 0;
    }
    person->generation = generation;
    if (person->streams > 0) {
        person->state = PRESENT;
        person->due_us = INT64_MAX;
        add(presence, person, LIVE_ACT_CONNECTED);
    } else {
        person->state = JOINING;
        person->due_us = now_us + presence->options.join_lease_ms * 1000;
    }
    arm(presence, person);
}

/* Who joins again in the same stay, before a stream is open, was told to have the lease anew. */
static void join_again(struct live_presence *presence, struct person *person) {
    int64_t due_us = now_of(presence) + presence->options.join_lease_ms * 1000;
    if ((person->state != JOINING && person->state != AWAY) || person->due_us >= due_us)
        return;
    person->due_us = due_us;
    arm(presence, person);
}

struct status live_presence_join(struct live_presence *presence, const struct live_key *key,
                                 const struct uuid *user, uint64_t generation) {
    int64_t due_us = begin(presence);
    struct person *person = get(presence, key, user);
    if (person != NULL && generation > person->generation)
        join(presence, person, generation);
    else if (person != NULL && generation == person->generation)
        join_again(presence, person);
    finish(presence, due_us);
    if (person == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    return status_ok();
}

static void leave(struct live_presence *presence, struct person *person) {
    end_activity(presence, person);
    person->state = OUTSIDE;
    person->due_us = INT64_MAX;
    if (person->streams == 0)
        drop(presence, person);
    else
        arm(presence, person);
}

void live_presence_leave(struct live_presence *presence, const struct live_key *key,
                         const struct uuid *user, uint64_t generation) {
    int64_t due_us = begin(presence);
    struct person *person = find(presence, key, user);
    if (person != NULL && (generation == 0 || generation >= person->generation))
        leave(presence, person);
    finish(presence, due_us);
}

void live_presence_end(struct live_presence *presence, const struct live_key *key) {
    int64_t due_us = begin(presence);
    struct room *room = find_room(presence, key);
    struct person *person = room != NULL ? room->people : NULL;
    while (person != NULL) { /* the room goes with the last one */
        struct person *next = person->hh.next;
        leave(presence, person);
        person = next;
    }
    finish(presence, due_us);
}

/* ---- streams ---- */

static void arrive(struct live_presence *presence, struct person *person) {
    person->due_us = INT64_MAX;
    switch (person->state) {
    case JOINING:
        person->state = PRESENT;
        add(presence, person, LIVE_ACT_CONNECTED);
        break;
    case AWAY:
        person->state = PRESENT;
        add(presence, person, LIVE_ACT_BACK);
        break;
    case OUTSIDE:
        add(presence, person, LIVE_ACT_ARRIVED);
        break;
    case PRESENT:
        break;
    }
    arm(presence, person);
}

static void depart(struct live_presence *presence, struct person *person) {
    if (person->state == OUTSIDE) {
        add(presence, person, LIVE_ACT_GONE);
        drop(presence, person);
        return;
    }
    int64_t now_us = now_of(presence);
    end_typing(presence, person);
    end_speaking(presence, person, now_us);
    person->state = AWAY;
    person->last_seen_us = now_us;
    person->due_us = now_us + presence->options.away_ms * 1000;
    add(presence, person, LIVE_ACT_AWAY);
    arm(presence, person);
}

void live_presence_open(struct live_presence *presence, const struct live_key *key,
                        const struct uuid *user) {
    if (key->kind != LIVE_CONVERSATION)
        return;
    int64_t due_us = begin(presence);
    struct person *person = get(presence, key, user);
    if (person != NULL && person->streams++ == 0)
        arrive(presence, person);
    finish(presence, due_us);
}

void live_presence_close(struct live_presence *presence, const struct live_key *key,
                         const struct uuid *user) {
    if (key->kind != LIVE_CONVERSATION)
        return;
    int64_t due_us = begin(presence);
    struct person *person = find(presence, key, user);
    if (person != NULL && person->streams > 0 && --person->streams == 0)
        depart(presence, person);
    finish(presence, due_us);
}

/* ---- activity ---- */

struct status live_presence_activity(struct live_presence *presence, const struct live_key *key,
                                     const struct uuid *user, const struct live_activity *activity,
                                     int64_t *ret_renew_within_ms) {
    int64_t due_us = begin(presence);
    struct person *person = find(presence, key, user);
    bool inside = person != NULL && person->state != OUTSIDE;
    if (inside) {
        type(presence, person, activity);
        speak(presence, person, activity->speaking);
        set_hand(presence, person, activity->hand_raised);
        arm(presence, person);
    }
    finish(presence, due_us);
    if (!inside)
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_NOT_PARTICIPANT,
                            "join the conversation first");
    int64_t lasts_ms = 0;
    if (activity->speaking)
        lasts_ms = presence->options.speaking_ms;
    if (activity->typing && (lasts_ms == 0 || presence->options.typing_ms < lasts_ms))
        lasts_ms = presence->options.typing_ms;
    *ret_renew_within_ms = lasts_ms * 4 / 5; /* a fifth for the way */
    return status_ok();
}

size_t live_presence_count(struct live_presence *presence, const struct live_key *key) {
    size_t count = 0;
    pthread_mutex_lock(&presence->lock);
    struct room *room = find_room(presence, key);
    for (struct person *p = room != NULL ? room->people : NULL; p != NULL; p = p->hh.next)
        count += p->state != OUTSIDE;
    pthread_mutex_unlock(&presence->lock);
    return count;
}
