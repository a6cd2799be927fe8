#include "live_crowd.h"

#include "base/clock.h"
#include "db/statement.h"
#include "db/tx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PATIENCE_SECONDS = 120,
    AGAIN_AFTER_MS = 20,
    LEAD = 50,           /* messages ahead of what is awaited */
    REPEATS = 10,        /* one in so many answered requests is made again */
    RECENT = 8,          /* messages of one's own that are still changed */
    IDS_EACH = 10000000, /* for new_uuid() of one thread */
    MEMORY_BYTES = 16 * 1024 * 1024,
};

/* One request, which can be made again. */
typedef struct status request_fn(struct person *person, struct said *said);

static uint32_t next_random(struct person *person, uint32_t below) {
    person->random = person->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(person->random >> 33) % below;
}

void crowd_text(int sender, size_t number, int version, char ret_text[SEEN_TEXT_BYTES]) {
    snprintf(ret_text, SEEN_TEXT_BYTES, "%d says %zu.%d", sender, number, version);
}

static void count(struct person *person, size_t *figure) {
    struct crowd *crowd = person->crowd;
    pthread_mutex_lock(&crowd->lock);
    (*figure)++;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
}

static bool goes_on(struct crowd *crowd) {
    pthread_mutex_lock(&crowd->lock);
    while (!crowd->stop && crowd->figures.written >= crowd->allowed)
        pthread_cond_wait(&crowd->changed, &crowd->lock);
    bool yes = !crowd->stop && crowd->figures.written < crowd->wanted;
    pthread_mutex_unlock(&crowd->lock);
    return yes;
}

static bool is_stopped(struct crowd *crowd) {
    pthread_mutex_lock(&crowd->lock);
    bool yes = crowd->stop;
    pthread_mutex_unlock(&crowd->lock);
    return yes;
}

/* ---- one request, until it is answered ---- */

static bool is_no_answer(struct crowd *crowd, int32_t code) {
    if (code == STATUS_CANCELLED) {
        pthread_mutex_lock(&crowd->lock);
        bool was_expected = crowd->server_goes_down;
        pthread_mutex_unlock(&crowd->lock);
        return was_expected;
    }
    return code == STATUS_UNAVAILABLE || code == STATUS_DEADLINE_EXCEEDED ||
           code == STATUS_RESOURCE_EXHAUSTED || code == STATUS_ABORTED;
}

static bool may_be_refused(const struct person *person, const struct said *said, int32_t code) {
    bool concerns_cy = person->index == CY || (said != NULL && said->recipient == CY);
    return concerns_cy && (code == STATUS_PERMISSION_DENIED || code == STATUS_FAILED_PRECONDITION);
}

static void note_fault(struct person *person, struct status status) {
    struct crowd *crowd = person->crowd;
    const char *reason = t.result.details.reason;
    pthread_mutex_lock(&crowd->lock);
    if (crowd->fault[0] == '\0')
        snprintf(crowd->fault, sizeof crowd->fault, "%d was answered %s %s: %s", person->index,
                 status_code_name(status.code), reason != NULL ? reason : "",
                 status.detail != NULL ? status.detail : "");
    crowd->stop = true;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
}

/* True when it was done; `ret_was_cut_short` may be NULL. */
static bool insist(struct person *person, request_fn *request, struct said *said,
                   bool *ret_was_cut_short) {
    struct crowd_figures *figures = &person->crowd->figures;
    bool repeats = next_random(person, REPEATS) == 0;
    while (!is_stopped(person->crowd)) {
        struct status status = request(person, said);
        if (status_is_ok(status)) {
            if (!repeats)
                return true;
            repeats = false;
            count(person, &figures->repeated);
            continue;
        }
        if (may_be_refused(person, said, status.code)) {
            count(person, &figures->refused);
            return false;
        }
        if (!is_no_answer(person->crowd, status.code)) {
            note_fault(person, status);
            return false;
        }
        /* Whatever the server itself says has a reason. */
        bool is_cut_short = status.code == STATUS_UNAVAILABLE && t.result.details.reason == NULL;
        count(person, is_cut_short ? &figures->cut_short : &figures->turned_away);
        if (is_cut_short && ret_was_cut_short != NULL)
            *ret_was_cut_short = true;
        nanosleep(&(struct timespec){.tv_nsec = AGAIN_AFTER_MS * 1000000L}, NULL);
    }
    return false;
}

static void new_request(struct person *person) {
    snprintf(person->request_id, sizeof person->request_id, "%s", new_uuid());
}

/* ---- messages ---- */

static struct status ask_to_send(struct person *person, struct said *said) {
    const struct crowd *crowd = person->crowd;
    char content[SEEN_TEXT_BYTES];
    lc_message *message = NULL;
    crowd_text(said->sender, said->number, 0, content);
    TRY(try_send(person->token, crowd->conversation, content,
                 said->recipient == NOBODY ? NULL : crowd->people[said->recipient].id,
                 said->client_id, &message));
    snprintf(said->id, sizeof said->id, "%s", message->id);
    said->sequence = message->sequence;
    return status_ok();
}

static void keep(struct person *person, const struct said *said, bool was_cut_short) {
    struct crowd *crowd = person->crowd;
    if (person->said_count == person->said_capacity) {
        person->said_capacity = person->said_capacity ? person->said_capacity * 2 : 256;
        person->said = realloc(person->said, person->said_capacity * sizeof *person->said);
        if (person->said == NULL)
            abort();
    }
    person->said[person->said_count++] = *said;
    pthread_mutex_lock(&crowd->lock);
    if (was_cut_short && said->sequence <= crowd->head_at_start)
        crowd->figures.already_there++;
    pthread_mutex_unlock(&crowd->lock);
    count(person, &crowd->figures.written);
}

static void say(struct person *person, bool is_private) {
    struct said said = {.sender = person->index, .number = person->said_count, .recipient = NOBODY};
    bool was_cut_short = false;
    snprintf(said.client_id, sizeof said.client_id, "%s", new_uuid());
    if (is_private)
        said.recipient =
            (person->index + 1 + (int)next_random(person, CROWD_PEOPLE - 1)) % CROWD_PEOPLE;
    if (insist(person, ask_to_send, &said, &was_cut_short))
        keep(person, &said, was_cut_short);
}

static struct said *recent(struct person *person) {
    size_t known = person->said_count < RECENT ? person->said_count : RECENT;
    if (known == 0)
        return NULL;
    struct said *said =
        &person->said[person->said_count - 1 - next_random(person, (uint32_t)known)];
    return said->is_deleted ? NULL : said;
}

static void take_back(struct said *said) {
    said->taken_back_at_us[said->version] = clock_monotonic_us(clock_system());
}

static struct status ask_to_edit(struct person *person, struct said *said) {
    char content[SEEN_TEXT_BYTES];
    crowd_text(said->sender, said->number, said->version + 1, content);
    return try_edit(person->token, said->id, content, person->request_id, NULL);
}

static void edit(struct person *person) {
    struct said *said = recent(person);
    if (said == NULL || said->version + 1 == SAID_VERSIONS)
        return;
    new_request(person);
    if (!insist(person, ask_to_edit, said, NULL))
        return;
    take_back(said);
    said->version++;
    count(person, &person->crowd->figures.edits);
}

static struct status ask_to_delete(struct person *person, struct said *said) {
    return try_delete(person->token, said->id, person->request_id, NULL);
}

static void delete (struct person *person) {
    struct said *said = recent(person);
    if (said == NULL)
        return;
    new_request(person);
    if (!insist(person, ask_to_delete, said, NULL))
        return;
    take_back(said);
    said->is_deleted = true;
    count(person, &person->crowd->figures.deletions);
}

/* ---- the room ---- */

static struct status ask_to_mute(struct person *person, struct said *said) {
    const struct crowd *crowd = person->crowd;
    (void)said;
    return try_mute(person->token, crowd->conversation, crowd->people[CY].id, person->does_it,
                    person->request_id);
}

static struct status ask_to_move(struct person *person, struct said *said) {
    const char *conversation = person->crowd->conversation;
    (void)said;
    return person->does_it ? try_leave(person->token, conversation, 0)
                           : try_join(person->token, conversation, NULL);
}

/* What only some do: the host mutes and lets speak, CY goes and comes. */
static void rule_or_move(struct person *person) {
    struct crowd_figures *figures = &person->crowd->figures;
    bool rules = person->index == HOST;
    if (!rules && person->index != CY)
        return;
    person->does_it = !person->does_it;
    new_request(person);
    if (insist(person, rules ? ask_to_mute : ask_to_move, NULL, NULL))
        count(person, rules ? &figures->mutes : &figures->moves);
}

static void act(struct person *person) {
    uint32_t dice = next_random(person, 100);
    if (dice < 66)
        say(person, false);
    else if (dice < 80)
        say(person, true);
    else if (dice < 88)
        edit(person);
    else if (dice < 92)
        delete (person);
    else
        rule_or_move(person);
}

static void *live(void *argument) {
    struct person *person = argument;
    t.lc = person->crowd->lc;
    t.next_id = (unsigned)(person->index + 1) * IDS_EACH;
    arena_init(&t.arena, MEMORY_BYTES);
    while (goes_on(person->crowd)) {
        act(person);
        arena_reset(&t.arena);
    }
    arena_done(&t.arena);
    return NULL;
}

/* ---- all of them ---- */

void crowd_gather(struct crowd *crowd, size_t messages) {
    memset(crowd, 0, sizeof *crowd);
    crowd->lc = t.lc;
    crowd->wanted = messages;
    pthread_mutex_init(&crowd->lock, NULL);
    pthread_cond_init(&crowd->changed, NULL);
    for (int i = 0; i < CROWD_PEOPLE; i++) {
        struct person *person = &crowd->people[i];
        *person = (struct person){.crowd = crowd, .index = i, .random = (uint64_t)i + 42};
        person->token = new_student(&person->id);
    }
    crowd->conversation = open_conversation(crowd->people[HOST].token)->id;
    for (int i = 0; i < CROWD_PEOPLE; i++) {
        if (i != HOST)
            booked(crowd->people[i].token, crowd->conversation);
        joined(crowd->people[i].token, crowd->conversation);
    }
}

void crowd_start(struct crowd *crowd) {
    crowd->runs = true;
    for (int i = 0; i < CROWD_PEOPLE; i++)
        if (pthread_create(&crowd->people[i].thread, NULL, live, &crowd->people[i]) != 0)
            abort();
}

/* Under the lock. */
static void allow(struct crowd *crowd, size_t messages) {
    if (messages > crowd->allowed)
        crowd->allowed = messages;
    if (crowd->allowed >= crowd->wanted)
        crowd->allowed = SIZE_MAX;
    pthread_cond_broadcast(&crowd->changed);
}

void crowd_go_on(struct crowd *crowd) {
    pthread_mutex_lock(&crowd->lock);
    allow(crowd, crowd->figures.written + LEAD);
    pthread_mutex_unlock(&crowd->lock);
}

void crowd_await(struct crowd *crowd, size_t messages) {
    struct timespec until;
    char fault[sizeof crowd->fault];
    int waited = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&crowd->lock);
    allow(crowd, messages + LEAD);
    while (crowd->figures.written < messages && !crowd->stop && waited == 0)
        waited = pthread_cond_timedwait(&crowd->changed, &crowd->lock, &until);
    size_t written = crowd->figures.written;
    memcpy(fault, crowd->fault, sizeof fault);
    pthread_mutex_unlock(&crowd->lock);
    if (fault[0] != '\0')
        fail_msg("%s", fault);
    if (written < messages)
        fail_msg("only %zu of %zu messages were written", written, messages);
}

struct head_query {
    const struct db_sql *sql;
    struct uuid conversation;
    uint64_t head; /* out */
};

static struct status read_head(struct db_tx *tx, void *context) {
    struct head_query *query = context;
    bool found;
    return db_query_row(tx, query->sql, DB_ARGS(db_uuid(&query->conversation)), NULL,
                        DB_INTO(db_into_uint64(&query->head)), &found);
}

static uint64_t head_by(const struct crowd *crowd, const struct db_sql *sql) {
    struct head_query query = {.sql = sql};
    uuid_parse(crowd->conversation, strlen(crowd->conversation), &query.conversation);
    assert_ok(db_read(t.lc->pool, INT64_MAX, read_head, &query, NULL));
    return query.head;
}

uint64_t crowd_head(const struct crowd *crowd) {
    static const struct db_sql sql = {"SELECT eventSequence FROM live_conversations"
                                      " WHERE tenant_id = '" LIVECONV_TENANT "' AND id = ?"};
    return head_by(crowd, &sql);
}

void crowd_await_commit(struct crowd *crowd) {
    int64_t until_us = clock_monotonic_us(clock_system()) + PATIENCE_SECONDS * INT64_C(1000000);
    uint64_t head = crowd_head(crowd);
    crowd_go_on(crowd);
    while (crowd_head(crowd) == head)
        if (clock_monotonic_us(clock_system()) > until_us)
            fail_msg("nobody writes");
}

void crowd_expect_end(struct crowd *crowd, bool expect) {
    pthread_mutex_lock(&crowd->lock);
    crowd->server_goes_down = expect;
    pthread_mutex_unlock(&crowd->lock);
}

void crowd_note_head(struct crowd *crowd) {
    /* With a lock: what the server had asked of the database when it ended may still be done. */
    static const struct db_sql sql = {"SELECT eventSequence FROM live_conversations"
                                      " WHERE tenant_id = '" LIVECONV_TENANT
                                      "' AND id = ? LOCK IN SHARE MODE"};
    uint64_t head = head_by(crowd, &sql);
    pthread_mutex_lock(&crowd->lock);
    crowd->head_at_start = head;
    pthread_mutex_unlock(&crowd->lock);
}

static void join_all(struct crowd *crowd) {
    for (int i = 0; i < CROWD_PEOPLE && crowd->runs; i++)
        pthread_join(crowd->people[i].thread, NULL);
    crowd->runs = false;
}

void crowd_finish(struct crowd *crowd) {
    crowd_await(crowd, crowd->wanted);
    join_all(crowd);
    if (crowd->fault[0] != '\0')
        fail_msg("%s", crowd->fault);
}

void crowd_stop(struct crowd *crowd) {
    if (!crowd->runs)
        return;
    pthread_mutex_lock(&crowd->lock);
    crowd->stop = true;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
    join_all(crowd);
}

void crowd_done(struct crowd *crowd) {
    for (int i = 0; i < CROWD_PEOPLE; i++)
        free(crowd->people[i].said);
    pthread_mutex_destroy(&crowd->lock);
    pthread_cond_destroy(&crowd->changed);
}
